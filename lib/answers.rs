//! What a node of Heartbeat expects of its peers beside heartbeats: from records
//! of hb-listen to messages and repetitions.
//!
//! | record | answer |
//! |---|---|
//! | `gap T NODE open first= last=` | `NS_rexmit`: send these again |
//! | `whole T NODE seq=` | `NS_ackmsg`: all up to here has come |
//! | `msg T NODE t=NS_rexmit` to us | the messages once more, or `NS_nak_rexmit` |
//! | `msg T NODE t=reqnodes` to us | `repnodes`: the nodes of our configuration |
//! | `msg T NODE t=starting` | `resource`: we hold what is ours, and want nothing else |

use crate::budget::Budget;
use crate::ha_cf::Dialect;
use crate::history::{Asked, History};
use crate::outgoing::{Order, OrderError};
use crate::record::Record;
use crate::time::Time;

/// How many answers are given at once, and how many a second after that. A
/// cluster of Heartbeat with a tenth of its messages lost needs a few a second.
const AT_ONCE: u32 = 200;
const A_SECOND: u32 = 100;

/// How many numbers of one request are answered, as in Heartbeat.
pub const NUMBERS: u64 = 50;

/// Something to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A message.
    Say(Order),
    /// The message that had this number, once more.
    Again(u64),
}

/// Who answers.
#[derive(Clone, Debug)]
pub struct Answers {
    own: String,
    nodes: Vec<String>,
    dialect: Dialect,
    budget: Budget,
}

/// Whether a record is one that node `own` may have to answer.
pub fn concerns(record: &Record<'_>, own: &str) -> bool {
    match record.kind {
        "gap" => record.state() == Some("open"),
        "whole" => true,
        "msg" => match record.raw_all(["t", "dest"]) {
            [Some("NS_rexmit" | "reqnodes"), Some(dest)] => dest.eq_ignore_ascii_case(own),
            [Some("starting"), _] => true,
            _ => false,
        },
        _ => false,
    }
}

impl Answers {
    /// Answers of node `own`. `nodes` are all nodes of the configuration; where
    /// it is empty, nobody is told what they are.
    pub fn new(own: &str, nodes: &[String], now: Time) -> Answers {
        Answers {
            own: own.to_owned(),
            nodes: nodes.to_vec(),
            dialect: Dialect::default(),
            budget: Budget::new(AT_ONCE, A_SECOND, now),
        }
    }

    /// The same in this dialect: in Heartbeat's, hb-decide says what is held.
    #[must_use]
    pub fn in_dialect(self, dialect: Dialect) -> Answers {
        Answers { dialect, ..self }
    }

    /// What is to be sent for a line: an order is sent as it stands, a record is
    /// answered if it wants an answer.
    ///
    /// # Errors
    /// It is neither a record nor an order.
    pub fn line(&mut self, line: &[u8], history: &mut History, now: Time) -> Result<Vec<Answer>, OrderError> {
        let first = line.split(|b| *b == b' ').next().unwrap_or_default();
        let record = if first.contains(&b'=') { None } else { Record::parse(line).ok() };
        match record {
            Some(record) => Ok(self.to(&record, history, now)),
            None => Ok(Order::parse(line)?.map(Answer::Say).into_iter().collect()),
        }
    }

    /// What is to be sent in answer to a record. Whoever asks for more than the
    /// budget has is not answered; who still wants it asks again.
    pub fn to(&mut self, record: &Record<'_>, history: &mut History, now: Time) -> Vec<Answer> {
        let Some(node) = record.subject().filter(|_| concerns(record, &self.own)) else { return Vec::new() };
        if record.raw("t") == Some("NS_rexmit") {
            return self.again(record, node, history, now);
        }
        let order = match (record.kind, record.raw("t")) {
            ("gap", _) => rexmit(record, node),
            ("whole", _) => {
                record.raw("seq").and_then(|number| order(&[("t", "NS_ackmsg"), ("dest", node), ("ackseq", number)]))
            }
            (_, Some("reqnodes")) => self.repnodes(node),
            // As a node of Heartbeat that has no groups. `none` would be a cause for
            // alarm: "No one owns foreign resources!".
            (_, Some("starting")) if self.dialect == Dialect::Hbkit => {
                order(&[("t", "resource"), ("rsc_hold", "local"), ("rtype", "full"), ("isstable", "1")])
            }
            _ => None,
        };
        let order = order.filter(|_| self.budget.take(now));
        order.map(Answer::Say).into_iter().collect()
    }

    /// A node of Heartbeat takes the list for its own configuration: it must be
    /// whole. Each name has a blank behind it; the list of deleted nodes must
    /// have a value.
    fn repnodes(&self, node: &str) -> Option<Order> {
        if self.nodes.is_empty() {
            return None;
        }
        let names: String = self.nodes.iter().map(|name| format!("{} ", name.to_ascii_lowercase())).collect();
        order(&[("t", "repnodes"), ("dest", node), ("nodelist", &names), ("delnodelist", " ")])
    }

    fn again(&mut self, record: &Record<'_>, node: &str, history: &mut History, now: Time) -> Vec<Answer> {
        let number = |key| record.raw(key)?.parse::<u64>().ok();
        let Some((first, last)) = number("firstseq").zip(number("lastseq")) else { return Vec::new() };
        let mut answers = Vec::new();
        for number in (first.max(1)..=last).take(NUMBERS as usize) {
            let answer = match history.ask(number, now) {
                Asked::Again => Some(Answer::Again(number)),
                Asked::TooLow => refusal(node, number).map(Answer::Say),
                Asked::Lately | Asked::Unknown => None,
            };
            let Some(answer) = answer else { continue };
            if !self.budget.take(now) {
                break;
            }
            answers.push(answer);
        }
        answers
    }
}

/// A request for missing numbers; in it, and only in it, they are decimal.
fn rexmit(record: &Record<'_>, node: &str) -> Option<Order> {
    let number = |key| u64::from_str_radix(record.raw(key)?, 16).ok();
    let (first, last) = number("first").zip(number("last"))?;
    let last = last.min(first.saturating_add(NUMBERS - 1));
    order(&[("t", "NS_rexmit"), ("dest", node), ("firstseq", &first.to_string()), ("lastseq", &last.to_string())])
}

fn refusal(node: &str, number: u64) -> Option<Order> {
    let number = format!("{number:x}");
    order(&[("t", "NS_nak_rexmit"), ("firstseq", &number), ("dest", node), ("info", "seqno too low")])
}

fn order(fields: &[(&str, &str)]) -> Option<Order> {
    Order::new(fields.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()).ok()
}

#[cfg(test)]
mod tests;

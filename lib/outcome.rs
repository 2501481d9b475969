//! What becomes of a request, from what hb-decide says of it.
//!
//! ```text
//!   ask --> refused | done | failed                      at once
//!       --> accepted --> done | failed                   for each group that is meant
//! ```

use std::collections::BTreeSet;

use crate::record::{Record, plain};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All of it is done.
    Done,
    /// Some of it was refused, or has failed.
    Failed,
}

/// A request, while its answers come.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The record that asks.
    ask: String,
    what: String,
    own: Option<String>,
    is_seen: bool,
    is_forced: bool,
    /// The subjects that have accepted it, and whose end is waited for.
    open: BTreeSet<String>,
    done: u32,
    failed: u32,
    /// There was nothing to do for so many groups.
    idle: u32,
}

impl Outcome {
    /// Of the request that this line asks for, `ask T WHAT ...`.
    pub fn of(ask: &str) -> Outcome {
        Outcome {
            ask: ask.to_owned(),
            what: ask.split(' ').nth(2).unwrap_or("").to_owned(),
            own: None,
            is_seen: false,
            is_forced: ask.split(' ').any(|word| word == "force=1"),
            open: BTreeSet::new(),
            done: 0,
            failed: 0,
            idle: 0,
        }
    }

    /// Whether hb-decide has read it.
    pub fn is_seen(&self) -> bool {
        self.is_seen
    }

    /// Takes a record in the order of the stream, and its line; what it says of the
    /// request, for a person.
    pub fn record(&mut self, record: &Record<'_>, line: &str) -> Option<String> {
        match record.kind {
            "wall" => self.own = record.raw("node").map(str::to_owned),
            "ask" if line == self.ask => self.is_seen = true,
            "why" if self.is_seen => return self.answer(record),
            "group" if self.is_seen && self.is_forced => return self.released(record),
            _ => {}
        }
        None
    }

    fn answer(&mut self, record: &Record<'_>) -> Option<String> {
        let mut words = record.rest().split(' ');
        let (subject, verb) = (words.next()?.to_owned(), words.next()?);
        let text = plain(&words.collect::<Vec<_>>().join(" "));
        // Of a node that is off it is said so and not otherwise.
        let is_fenced = self.what == "fenced" && verb == "fenced";
        if !is_fenced && !text.strip_prefix(&self.what)?.starts_with([':', ' ']) {
            return None;
        }
        match verb {
            // Nothing follows it: it has begun.
            "accepted" if matches!(self.what.as_str(), "maintenance" | "shutdown") => self.done += 1,
            "accepted" => _ = self.open.insert(subject.clone()),
            "refused" if text == "standby: it is not served here" => self.idle += 1,
            "done" | "fenced" => {
                self.open.remove(&subject);
                self.done += 1;
            }
            "refused" | "failed" => {
                self.open.remove(&subject);
                self.failed += 1;
            }
            _ => return None,
        }
        Some(format!("{subject}: {verb}: {text}"))
    }

    /// A standby that was forced is done for the person when this node has let go.
    fn released(&mut self, record: &Record<'_>) -> Option<String> {
        let group = record.subject()?;
        let is_here = self.own.is_some() && record.raw("node") == self.own.as_deref();
        if self.what != "standby" || !is_here || record.state() != Some("stopped") || !self.open.remove(group) {
            return None;
        }
        self.done += 1;
        Some(format!("{group}: done: standby: it is released here, and comes back when somebody asks for it"))
    }

    /// How it ended, when all that was read is all that there is: the answers to
    /// one request come together.
    pub fn ending(&self) -> Option<Ending> {
        let answers = self.done + self.failed + self.idle;
        if answers == 0 || !self.open.is_empty() {
            return None;
        }
        // Of several groups some need nothing: that is no failure of the others.
        Some(if self.failed == 0 && self.done > 0 { Ending::Done } else { Ending::Failed })
    }
}

#[cfg(test)]
mod tests;

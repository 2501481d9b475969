//! How everything stands, for those who look at it: whether that can be known,
//! what is wrong, and the same as a screen, a line, or metrics.

mod findings;
mod metrics;
mod screen;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::ha_cf::HaCf;
use crate::record::{Line, Record, plain};
use crate::time::{Time, parse_span};

pub use findings::{Finding, Level};
pub use metrics::{metrics, metrics_of_nothing};
pub use screen::{frame, line, screen};

/// How old a status may be, beside two ticks: it is written every second.
pub const FRESH: Duration = Duration::from_secs(3);

/// Why nothing can be said of how everything stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dark {
    /// hb-supervise does not run; it had written something at that time of this
    /// boot.
    NotRunning(Option<Time>),
    /// The keeper of records has written nothing for so long.
    NoKeeper(Duration),
    /// Nothing went round the pipeline for so long.
    NoTick(Duration),
    /// The lease of a group that this node served is over, and hb-supervise has
    /// not taken another one.
    LeaseOver(String, Duration),
    /// The file cannot be read.
    Unreadable(String),
}

impl Dark {
    /// One sentence of it.
    pub fn text(&self, now: Time) -> String {
        let tenths = |span: &Duration| format!("{:.1} s", span.as_secs_f64());
        match self {
            Dark::NotRunning(None) => "hb-supervise does not run".to_owned(),
            Dark::NotRunning(Some(last)) => {
                format!("hb-supervise does not run; it did {} ago", crate::tale::span(now.since(*last)))
            }
            Dark::NoKeeper(span) => format!("the keeper of records has said nothing for {}", tenths(span)),
            Dark::NoTick(span) => format!("nothing has gone round the pipeline for {}", tenths(span)),
            Dark::LeaseOver(group, span) => {
                format!("the lease of {group} here ended {} ago, and nobody has told of another one", tenths(span))
            }
            Dark::Unreadable(why) => why.clone(),
        }
    }
}

/// A status record more: what the node of a status file decides by.
pub fn policy(conf: &HaCf, status: &str) -> String {
    let picture = Picture::read(status);
    let Some((own, keeper)) = picture.keeper() else { return String::new() };
    let line = Line::new("status", keeper.time).word("policy").word(own).field("quorum", conf.quorum);
    line.field("voters", conf.node.len()).field("dialect", conf.dialect).finish() + "\n"
}

/// What is there beside the status file.
#[derive(Clone, Copy, Debug)]
pub struct Present<'a> {
    /// The time.
    pub now: Time,
    /// Which boot it is.
    pub boot: &'a str,
    /// hb-supervise's FIFO has a reader.
    pub is_supervised: bool,
}

/// What the status records say, by their subject.
#[derive(Clone, Debug)]
pub struct Picture<'a> {
    records: BTreeMap<&'a str, Vec<Record<'a>>>,
}

impl<'a> Picture<'a> {
    /// Reads the lines of a status file; others than status records are passed over.
    pub fn read(text: &'a str) -> Picture<'a> {
        let mut records: BTreeMap<&str, Vec<Record<'_>>> = BTreeMap::new();
        let parsed = text.lines().filter_map(|line| Record::parse_text(line).ok());
        for record in parsed.filter(|record| record.kind == "status") {
            records.entry(record.subject().unwrap_or("")).or_default().push(record);
        }
        Picture { records }
    }

    /// The records of a subject: name and record.
    fn of(&self, subject: &str) -> impl Iterator<Item = (&'a str, Record<'a>)> {
        let records = self.records.get(subject).map(Vec::as_slice).unwrap_or_default();
        records.iter().filter_map(|record| Some((record.state()?, *record))).collect::<Vec<_>>().into_iter()
    }

    /// All records.
    pub fn records(&self) -> impl Iterator<Item = &Record<'a>> {
        self.records.values().flatten()
    }

    fn keeper(&self) -> Option<(&'a str, Record<'a>)> {
        self.of("keeper").next()
    }

    /// This node.
    pub fn own(&self) -> &'a str {
        self.keeper().map_or("?", |(name, _)| name)
    }

    /// Of which boot it is.
    pub fn boot(&self) -> Option<&'a str> {
        self.keeper()?.1.raw("boot")
    }

    /// The last tick that went round.
    pub fn ticked(&self) -> Option<Time> {
        self.of("self").next().map(|(_, record)| record.time)
    }

    /// Between two ticks.
    fn pace(&self) -> Duration {
        let every = self.of("self").next().and_then(|(_, record)| record.raw("every").map(parse_span));
        every.and_then(Result::ok).unwrap_or(Duration::ZERO)
    }

    /// Whether this can be believed at present, and if not, why.
    ///
    /// # Errors
    /// It cannot.
    pub fn check(&self, present: Present<'_>) -> Result<(), Dark> {
        let Present { now, boot, is_supervised } = present;
        let keeper = self.keeper().filter(|(_, record)| record.raw("boot") == Some(boot));
        let Some((_, keeper)) = keeper.filter(|_| is_supervised) else {
            return Err(Dark::NotRunning(keeper.map(|(_, record)| record.time)));
        };
        let limit = FRESH + self.pace() * 2;
        let since = |time: Time| Some(now.since(time)).filter(|span| *span > limit);
        if let Some(span) = since(keeper.time) {
            return Err(Dark::NoKeeper(span));
        }
        if let Some(span) = since(self.ticked().unwrap_or(Time::ZERO)) {
            return Err(Dark::NoTick(span));
        }
        for group in self.groups() {
            let is_served = self.parts(group).any(|part| part.node == self.own() && part.state == "started");
            let lease =
                self.of("lease").find(|(name, _)| *name == group).and_then(|(_, record)| time(&record, "taken"));
            if let Some(end) = lease.filter(|end| is_served && *end < now) {
                return Err(Dark::LeaseOver(group.to_owned(), now.since(end)));
            }
        }
        Ok(())
    }

    /// The groups that are known.
    fn groups(&self) -> BTreeSet<&'a str> {
        self.of("group").map(|(name, _)| name).collect()
    }

    /// What nodes do with a group.
    fn parts(&self, group: &str) -> impl Iterator<Item = Part<'a>> {
        let parts = self.of("group").filter(|(name, _)| *name == group);
        let parts = parts.filter_map(|(_, record)| {
            let [node, state] = record.raw_all(["node", "state"]);
            Some(Part { node: node?, state: state?, since: time(&record, "since") })
        });
        parts.collect::<Vec<_>>().into_iter()
    }

    /// The nodes that serve a group.
    fn servers(&self, group: &str) -> Vec<Part<'a>> {
        self.parts(group).filter(|part| part.state == "started").collect()
    }

    /// Nodes of the cluster, without ping nodes.
    fn nodes(&self) -> impl Iterator<Item = (&'a str, Record<'a>)> {
        self.of("node").filter(|(_, record)| record.raw("type").is_none())
    }

    /// What does or does not answer, ping nodes and others: name, whether it does,
    /// and its record.
    fn targets(&self) -> Vec<(&'a str, Option<bool>, Record<'a>)> {
        let judged = self.of("node").filter(|(_, record)| record.raw("type").is_some());
        let mut targets: BTreeMap<&str, _> = self
            .of("ping")
            .map(|(name, record)| (name, (answers(record.raw("state"), "up", "down"), record)))
            .collect();
        for (name, record) in judged {
            let answer = answers(record.raw("state"), "ping", "dead");
            // What is judged counts; how long it took is in the other.
            targets.entry(name).and_modify(|(known, _)| *known = answer).or_insert((answer, record));
        }
        targets.into_iter().map(|(name, (answer, record))| (name, answer, record)).collect()
    }
}

/// What a node does with a group.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    node: &'a str,
    state: &'a str,
    since: Option<Time>,
}

fn answers(state: Option<&str>, yes: &str, no: &str) -> Option<bool> {
    match state {
        Some(state) if state == yes => Some(true),
        Some(state) if state == no => Some(false),
        Some(_) | None => None,
    }
}

fn time(record: &Record<'_>, key: &str) -> Option<Time> {
    record.raw(key)?.parse().ok()
}

/// A number of a field.
fn number(record: &Record<'_>, key: &str) -> Option<f64> {
    record.raw(key)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The text of a field.
fn text(record: &Record<'_>, key: &str) -> String {
    record.raw(key).map(plain).unwrap_or_default()
}

#[cfg(test)]
mod tests;

//! The story of one group for a person: what moved, when, why, how long nobody
//! served it, how long two did.
//!
//! Where the stream holds what was decided (`do`, `why`, `group` with a node),
//! as a supervisor logs it, that is told. Where it holds only what came in, it is
//! decided anew, which gives the same. What is decided anew is held back until the
//! next record has come: where that is a decision, those of the stream count from
//! there on.

mod teller;
mod words;

use std::fmt;

use crate::decide::{Effect, Settings, Strange};
use crate::engine::Engine;
use crate::ha_cf::Dialect;
use crate::record::Record;
use crate::time::Time;

use teller::Teller;

pub(crate) use words::span;

/// Why there is no story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoTale {
    /// Neither the configuration nor the records know the group; these are known.
    UnknownGroup(Vec<String>),
    /// The records say nothing of it.
    Nothing,
}

impl fmt::Display for NoTale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoTale::UnknownGroup(known) if known.is_empty() => {
                f.write_str("no such group in the records, and no group is configured")
            }
            NoTale::UnknownGroup(known) => write!(f, "no such group: configured are {}", known.join(" ")),
            NoTale::Nothing => f.write_str("the records say nothing of it"),
        }
    }
}

/// A story in the making. It reads no clock.
#[derive(Debug)]
pub struct Tale {
    settings: Settings,
    dialect: Dialect,
    engine: Engine,
    /// Decisions stand in the stream.
    is_logged: bool,
    /// What was decided anew for the last record, as records.
    held: Vec<String>,
    effects: Vec<Effect>,
    teller: Teller,
}

impl Tale {
    /// The story of `group`, as the node of `settings` saw it.
    pub fn new(settings: Settings, group: &str) -> Tale {
        let dialect = Dialect::default();
        Tale {
            dialect,
            engine: Engine::new(settings.clone(), dialect),
            teller: Teller::new(group, &settings.own),
            settings,
            is_logged: false,
            held: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// The same of nodes that agree in this dialect.
    #[must_use]
    pub fn in_dialect(self, dialect: Dialect) -> Tale {
        Tale { dialect, engine: Engine::new(self.settings.clone(), dialect), ..self }
    }

    /// With the dates of `wall` records before the lines, instead of two counts of
    /// seconds.
    #[must_use]
    pub fn with_dates(mut self) -> Tale {
        self.teller.date();
        self
    }

    /// Takes a record, and appends the lines of the story that follow.
    ///
    /// # Errors
    /// The record contradicts the stream; it is not told.
    pub fn record(&mut self, record: &Record<'_>, lines: &mut Vec<String>) -> Result<(), Strange> {
        self.teller.note_wall(record);
        if is_decided(record) {
            self.is_logged = true;
            self.held.clear();
            self.teller.take(record, lines);
            return Ok(());
        }
        self.tell_held(lines);
        // After a boot time begins anew. hb-judge says that it begins behind the
        // first tick, so that what came before that must not be forgotten.
        if begins_a_life(record) && self.teller.is_past(record.time) {
            self.engine = Engine::new(self.settings.clone(), self.dialect);
        }
        let decided = if self.is_logged { Ok(()) } else { self.engine.record(record, &mut self.effects) };
        self.held.extend(self.effects.drain(..).filter_map(|effect| match effect {
            Effect::Say(line) => Some(line.finish()),
            Effect::Announce(_) | Effect::End => None,
        }));
        // A log can be told without the configuration.
        let is_alone = self.settings.nodes.len() <= 1;
        match decided {
            Err(Strange::UnknownNode) if is_alone => {}
            other => other?,
        }
        if !self.is_foreign(record) && !is_repeated(record) {
            self.teller.take(record, lines);
        }
        Ok(())
    }

    /// Whether it is a conflict over nothing of the group.
    fn is_foreign(&self, record: &Record<'_>) -> bool {
        let address = record.subject().and_then(|text| text.parse().ok());
        let group = address.and_then(|address| self.settings.group_of(address));
        record.kind == "conflict" && group != Some(self.teller.group())
    }

    fn tell_held(&mut self, lines: &mut Vec<String>) {
        for text in std::mem::take(&mut self.held) {
            if let Ok(record) = Record::parse(text.as_bytes()) {
                self.teller.take(&record, lines);
            }
        }
    }

    /// The end of the stream: how it stands, and what it came to.
    ///
    /// # Errors
    /// There was nothing to tell.
    pub fn end(mut self, lines: &mut Vec<String>) -> Result<(), NoTale> {
        self.tell_held(lines);
        if self.teller.has_told() {
            self.teller.end(lines);
            return Ok(());
        }
        let known: Vec<String> = self.settings.groups.into_iter().map(|group| group.name).collect();
        Err(if known.iter().any(|name| name == self.teller.group()) {
            NoTale::Nothing
        } else {
            NoTale::UnknownGroup(known)
        })
    }
}

/// Whether a record is what hb-decide says. A `group` without a node is the
/// result of an action, which is told to it.
fn is_decided(record: &Record<'_>) -> bool {
    match record.kind {
        "do" | "why" => true,
        "group" => record.raw("node").is_some(),
        _ => false,
    }
}

/// Whether hb-judge began with this record. After a pause it says how long it
/// has listened.
fn begins_a_life(record: &Record<'_>) -> bool {
    let begins = record.kind == "self" && record.subject() == Some("ready") && record.raw("listened").is_none();
    begins && !is_repeated(record)
}

/// Whether hb-judge says it again to a hb-decide that knows nothing yet.
fn is_repeated(record: &Record<'_>) -> bool {
    matches!(record.kind, "node" | "link" | "self") && record.raw("again").is_some()
}

/// The point of a story that a line stands for: seconds since its first record,
/// and since boot.
fn stamp(first: Time, now: Time) -> String {
    let story = now.since(first).as_millis();
    let boot = now.since(Time::ZERO).as_millis();
    format!("{:>6}.{:03} {:>9}.{:03}", story / 1000, story % 1000, boot / 1000, boot % 1000)
}

#[cfg(test)]
mod tests;

//! Our latest messages, kept for those who missed some of them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// How many are kept: as many as Heartbeat keeps.
pub const KEPT: usize = 500;

/// A message is not sent again twice within this time, as in Heartbeat: several
/// nodes that miss it ask at once.
pub const PAUSE: Duration = Duration::from_millis(240);

/// What becomes of the request for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is to be sent again.
    Again,
    /// It was sent again a moment ago.
    Lately,
    /// It is not kept any more.
    TooLow,
    /// No message has had it.
    Unknown,
}

/// A message that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The message as it left, in the netstring format.
    pub bytes: Vec<u8>,
    /// What it says is not to be said behind this point.
    pub until: Option<Time>,
    again: Option<Time>,
}

/// Our latest messages by their numbers, which follow one another.
#[derive(Clone, Debug, Default)]
pub struct History {
    kept: VecDeque<Kept>,
    /// The number of the latest.
    top: u64,
}

impl History {
    /// Nothing has left.
    pub fn new() -> History {
        History::default()
    }

    /// Keeps a message that leaves. A number that does not follow the last one
    /// begins anew.
    pub fn keep(&mut self, number: u64, bytes: Vec<u8>, until: Option<Time>) {
        if self.top.checked_add(1) != Some(number) {
            self.kept.clear();
        }
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Kept { bytes, until, again: None });
        self.top = number;
    }

    /// Somebody asks for a number; that it is sent again is noted.
    pub fn ask(&mut self, number: u64, now: Time) -> Asked {
        if number > self.top || number == 0 {
            return Asked::Unknown;
        }
        let Some(kept) = self.slot(number).and_then(|at| self.kept.get_mut(at)) else { return Asked::TooLow };
        if kept.again.is_some_and(|again| now.since(again) < PAUSE) {
            return Asked::Lately;
        }
        kept.again = Some(now);
        Asked::Again
    }

    /// The message with that number.
    pub fn get(&self, number: u64) -> Option<&Kept> {
        self.kept.get(self.slot(number)?)
    }

    fn slot(&self, number: u64) -> Option<usize> {
        let below = usize::try_from(self.top.checked_sub(number)?).ok()?;
        self.kept.len().checked_sub(below + 1)
    }
}

#[cfg(test)]
mod tests;

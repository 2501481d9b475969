//! What we sent, and when: it shows what a peer has heard of us.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// How many of our messages are remembered.
const MANY: usize = 256;

/// The messages of our present life. They are remembered at a distance of a
/// fraction of deadtime, so that what is kept covers several deadtimes however
/// fast we send; a message between two of them counts as the later one.
#[derive(Debug)]
pub(super) struct Sent {
    incarnation: String,
    log: VecDeque<(u64, Time)>,
    spacing: Duration,
}

/// What a peer says that it last heard from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Echo {
    pub(super) sequence: u64,
    /// How long ago that was when it said so.
    pub(super) age: Duration,
}

impl Sent {
    pub(super) fn new(deadtime: Duration) -> Sent {
        Sent { incarnation: String::new(), log: VecDeque::new(), spacing: deadtime / 64 }
    }

    /// Takes a message that left. Whether a new life of ours begins with it: one
    /// of another incarnation, or one that does not follow those before.
    pub(super) fn left(&mut self, incarnation: &str, sequence: u64, time: Time) -> bool {
        let follows = self.log.back().is_none_or(|(last, at)| sequence > *last && time >= *at);
        let is_new = self.incarnation != incarnation || !follows;
        if is_new {
            self.log.clear();
            incarnation.clone_into(&mut self.incarnation);
        }
        if self.log.back().is_none_or(|(_, at)| time >= *at + self.spacing) {
            if self.log.len() == MANY {
                self.log.pop_front();
            }
            self.log.push_back((sequence, time));
        }
        is_new
    }

    /// What an announcement's `echo` (`NAME:INCARNATION:SEQUENCE:AGE,...`) says of
    /// our present life.
    pub(super) fn find(&self, own: &str, echo: &[u8]) -> Option<Echo> {
        let echo = std::str::from_utf8(echo).ok()?;
        let mut words = echo.split(',').find_map(|part| part.strip_prefix(own)?.strip_prefix(':'))?.split(':');
        if words.next()? != self.incarnation {
            return None;
        }
        let sequence = u64::from_str_radix(words.next()?, 16).ok()?;
        let age = Duration::from_millis(words.next()?.parse().ok()?);
        Some(Echo { sequence, age })
    }

    /// When the first message left that a peer has not heard which heard
    /// `sequence` last; `None` when there is none.
    pub(super) fn first_unheard(&self, sequence: Option<u64>) -> Option<Time> {
        let heard = |entry: &(u64, Time)| sequence.is_some_and(|sequence| entry.0 <= sequence);
        self.log.get(self.log.partition_point(heard)).map(|(_, at)| *at)
    }

    /// How long our message and the answer that arrived at `time` were on their
    /// ways together, at least.
    pub(super) fn transit(&self, echo: Echo, time: Time) -> Duration {
        let at = self.log.partition_point(|(sequence, _)| *sequence < echo.sequence);
        self.log.get(at).map_or(Duration::ZERO, |(_, left)| time.since(*left + echo.age))
    }
}

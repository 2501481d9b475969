//! What we sent, and when: it shows what a peer has heard of us.

use std::collections::VecDeque;
use std::time::Duration;

use crate::echo::{self, Echo};
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
    /// When the last one left.
    last: Time,
    spacing: Duration,
}

impl Sent {
    pub(super) fn new(deadtime: Duration) -> Sent {
        Sent { incarnation: String::new(), log: VecDeque::new(), last: Time::ZERO, spacing: deadtime / 64 }
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
        self.last = time;
        if self.log.back().is_none_or(|(_, at)| time >= *at + self.spacing) {
            if self.log.len() == MANY {
                self.log.pop_front();
            }
            self.log.push_back((sequence, time));
        }
        is_new
    }

    /// What an announcement's `echo` says of our present life.
    pub(super) fn find<'a>(&self, own: &str, list: &'a [u8]) -> Option<Echo<'a>> {
        echo::find(std::str::from_utf8(list).ok()?, own).filter(|echo| echo.incarnation == self.incarnation)
    }

    /// Whether anything is known of our present life.
    pub(super) fn is_known(&self) -> bool {
        !self.log.is_empty()
    }

    /// Whether the message that a peer has heard left less than `span` ago. What
    /// we have not been told of yet is younger than all that we have. Of what left
    /// before all that we know it cannot be told: this life may have begun long
    /// before, and be on recordings.
    pub(super) fn is_recent(&self, echo: Echo<'_>, now: Time, span: Duration) -> Option<bool> {
        let at = self.log.partition_point(|(sequence, _)| *sequence < echo.sequence);
        let may_be = self.log.get(at).map_or(self.last, |(_, left)| *left) + span > now;
        if may_be && self.predates(echo) { None } else { Some(may_be) }
    }

    /// Whether it left before all that we know of.
    pub(super) fn predates(&self, echo: Echo<'_>) -> bool {
        self.log.front().is_some_and(|(first, _)| echo.sequence < *first)
    }

    /// When the first message left that a peer has not heard which heard
    /// `sequence` last; `None` when there is none.
    pub(super) fn first_unheard(&self, sequence: Option<u64>) -> Option<Time> {
        let heard = |entry: &(u64, Time)| sequence.is_some_and(|sequence| entry.0 <= sequence);
        self.log.get(self.log.partition_point(heard)).map(|(_, at)| *at)
    }

    /// How long our message and the answer that arrived at `time` were on their
    /// ways together, at least.
    pub(super) fn transit(&self, echo: Echo<'_>, time: Time) -> Duration {
        let at = self.log.partition_point(|(sequence, _)| *sequence < echo.sequence);
        self.log.get(at).map_or(Duration::ZERO, |(_, left)| time.since(*left + echo.age))
    }
}

//! What is remembered of the failures of one group on this node.
//!
//! ```text
//!          failed                expiry, or: ask clear
//!   sound --------> remembered --------------------> doubted --> sound
//!                   (it is not started here)          (served here if nobody else does,    it runs here, or: ask clear
//!                                                      and not wanted back)
//! ```

use std::time::Duration;

use crate::record::{Line, Record};
use crate::time::Time;

use super::heritage::{Unsound, time_in};

/// How often it is said again that something waits for a person.
pub(super) const REMIND: Duration = Duration::from_secs(600);

/// How long a failure is remembered, unless it is configured: an hour. That it
/// expires moves nothing that runs elsewhere; it lets this node try again where
/// the group would be served by nobody. A start that fails each time does so 24
/// times a day at most.
pub const EXPIRY: Duration = Duration::from_secs(3_600);

/// The failures of a group on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    /// The last failure, and when it is forgotten; without a time, when a person
    /// says so.
    last: Option<(Time, Option<Time>)>,
    /// It has not run here since it failed.
    doubted: bool,
    /// When it is said again that nobody serves it.
    remind: Option<Time>,
}

impl Failures {
    /// It failed here, and that is remembered for `expiry`; zero: until a person
    /// clears it. What is to be said of it.
    pub(super) fn failed(&mut self, now: Time, expiry: Duration) -> String {
        let end = (!expiry.is_zero()).then(|| now + expiry);
        self.last = Some((now, end));
        self.doubted = true;
        match end {
            Some(end) => format!("it failed here; that is remembered until {end}, or until ask clear"),
            None => "it failed here; that is remembered until ask clear".to_owned(),
        }
    }

    /// Whether it is remembered, and happened less than `span` ago.
    pub(super) fn is_younger(&self, span: Duration, now: Time) -> bool {
        self.last.is_some_and(|(when, _)| now.since(when) < span)
    }

    /// When the failure happened that is no more remembered, once it is so.
    pub(super) fn expired(&mut self, now: Time) -> Option<Time> {
        let (when, _) = self.last.filter(|(_, end)| end.is_some_and(|end| now >= end))?;
        self.last = None;
        self.remind = None;
        Some(when)
    }

    /// Whether this node must not want it back by itself.
    pub(super) fn is_doubted(&self) -> bool {
        self.doubted
    }

    /// It runs here, or a person says that it can.
    pub(super) fn forget(&mut self) {
        *self = Failures::default();
    }

    /// What a successor needs to know of them.
    pub(super) fn kept(&self, line: Line) -> Line {
        let (when, end) = self.last.unzip();
        let line = line.maybe("failed", when).maybe("forget", end.flatten());
        line.maybe("doubted", self.doubted.then_some(1))
    }

    pub(super) fn inherited(record: &Record<'_>) -> Result<Failures, Unsound> {
        let last = time_in(record, "failed")?.zip(Some(time_in(record, "forget")?));
        Ok(Failures { last, doubted: record.raw("doubted").is_some(), remind: None })
    }

    /// Whether it is to be said that nobody serves it: at once, and again after
    /// each [`REMIND`].
    pub(super) fn reminds(&mut self, nobody_serves: bool, now: Time) -> bool {
        let due = nobody_serves && self.remind.is_none_or(|at| now >= at);
        if due {
            self.remind = Some(now + REMIND);
        } else if !nobody_serves {
            self.remind = None;
        }
        due
    }
}

#[cfg(test)]
mod tests;

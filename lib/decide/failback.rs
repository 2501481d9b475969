//! How long the preferred node has been fit to have a group back.
//!
//! The delay of a failback counts from when the node has been steady without a
//! break, and twice: the node itself begins to want the group only after it
//! (this module), and the owner hands over only after it has seen the node active
//! and hearing for as long. What only one of them sees begins it anew for both.

use std::time::Duration;

use crate::time::Time;

/// Since when this node has been steady.
#[derive(Debug, Default)]
pub(super) struct Steady {
    since: Option<Time>,
}

impl Steady {
    /// Takes what is seen now.
    pub(super) fn look(&mut self, steady: bool, now: Time) {
        self.since = if steady { self.since.or(Some(now)) } else { None };
    }

    /// From when on it may want the group; nothing while it is not steady.
    pub(super) fn from(&self, delay: Duration) -> Option<Time> {
        self.since.map(|since| since + delay)
    }

    /// Whether it has been steady for as long as the delay.
    pub(super) fn is_over(&self, delay: Duration, now: Time) -> bool {
        delay.is_zero() || self.from(delay).is_some_and(|from| now >= from)
    }
}

#[cfg(test)]
mod tests;

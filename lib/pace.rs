//! A schedule at absolute points: being late once moves no later point.

use std::time::Duration;

use crate::time::Time;

/// Points `interval` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    next: Time,
    interval: Duration,
}

impl Pace {
    /// A schedule that begins at `first`. An interval below a millisecond counts
    /// as one.
    pub fn new(first: Time, interval: Duration) -> Pace {
        Pace { next: first, interval: interval.max(Duration::from_millis(1)) }
    }

    /// The next point.
    pub fn next(&self) -> Time {
        self.next
    }

    /// From one point to the next.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Whether a point has come. Points that were missed altogether are not made
    /// up for: a burst would say nothing that one does not say.
    pub fn take(&mut self, now: Time) -> bool {
        if now < self.next {
            return false;
        }
        let missed = now.since(self.next).as_micros() / self.interval.as_micros();
        let steps = u32::try_from(missed + 1).unwrap_or(u32::MAX);
        self.next = self.next + self.interval.saturating_mul(steps);
        true
    }
}

#[cfg(test)]
mod tests;

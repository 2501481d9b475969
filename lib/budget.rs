//! So many in a time, and no more: what others can ask for is bounded.

use std::time::Duration;

use crate::time::Time;

/// A store that is filled at a steady rate and emptied by use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    most: u32,
    left: u32,
    /// The time in which one comes back.
    each: Duration,
    counted: Time,
}

impl Budget {
    /// A full store of `most`, to which `a_second` come back each second; at
    /// least one of both.
    pub fn new(most: u32, a_second: u32, now: Time) -> Budget {
        let (most, a_second) = (most.max(1), a_second.max(1));
        Budget { most, left: most, each: Duration::from_secs(1) / a_second, counted: now }
    }

    /// Takes one out; `false` when there is none.
    pub fn take(&mut self, now: Time) -> bool {
        let back = now.since(self.counted).as_micros() / self.each.as_micros().max(1);
        let back = u32::try_from(back).unwrap_or(u32::MAX);
        if back >= self.most - self.left {
            self.left = self.most;
            self.counted = self.counted.max(now);
        } else {
            self.left += back;
            self.counted = self.counted + self.each * back;
        }
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

#[cfg(test)]
mod tests;

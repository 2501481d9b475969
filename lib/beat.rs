//! When a node's next heartbeat is due, where time comes in ticks that may be a
//! keepalive apart.

use std::time::Duration;

use crate::time::Time;

/// This part of a keepalive a heartbeat may come before its time: a tick that is a
/// little less late than the one before is no reason to wait for the next one. Who
/// follows the asks of another node waits so much longer for the next ask.
const SLACK: u32 = 8;

/// When the next heartbeat is due.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    next: Time,
    /// Ticks bring it: it may come a little before its time.
    is_early: bool,
    /// It is made for the ask of another node.
    follows: bool,
}

impl Beat {
    /// The first one, which is due at once.
    pub fn new() -> Beat {
        Beat { next: Time::ZERO, is_early: false, follows: false }
    }

    /// Whether it is due.
    pub fn is_due(&self, now: Time, keepalive: Duration) -> bool {
        self.has_come(now) || (self.is_early && now + keepalive / SLACK >= self.next)
    }

    /// Whether its time has come.
    pub fn has_come(&self, now: Time) -> bool {
        now >= self.next
    }

    /// It is due at `at`, and not before.
    pub fn set(&mut self, at: Time) {
        *self = Beat { next: at, is_early: false, follows: false };
    }

    /// It is due, at `now`, for the ask of another node.
    pub fn follow(&mut self, now: Time) {
        *self = Beat { next: now, is_early: false, follows: true };
    }

    /// It was made. Being late once moves no later one.
    pub fn made(&mut self, now: Time, keepalive: Duration) {
        let grid = self.next + keepalive;
        let next = match self.follows {
            true => now + keepalive + keepalive / SLACK,
            false if grid > now => grid,
            false => now + keepalive,
        };
        *self = Beat { next, is_early: !self.follows, follows: false };
    }
}

impl Default for Beat {
    fn default() -> Beat {
        Beat::new()
    }
}

#[cfg(test)]
mod tests;

//! When an address is announced again, and how fast frames may follow each
//! other.

use std::time::Duration;

use crate::time::Time;

/// When a takeover is announced, from its beginning: at once, again before a
/// switch that lost a frame can have misled anybody for long, and late enough
/// for equipment that was not listening.
const TAKEOVER: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(50),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
];

/// How much of a rate that was not used up may be made up for.
const SLACK: Duration = Duration::from_millis(10);

/// The rounds in which all addresses are announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// So many rounds, so far apart.
    Every {
        /// How many.
        count: u32,
        /// From the beginning of one to the beginning of the next.
        interval: Duration,
    },
    /// At 0, 50 ms, 1, 5, 15 and 60 s.
    Takeover,
}

impl Schedule {
    /// When a round begins, from the beginning of the first, which is round 0;
    /// none behind the last.
    fn offset(self, round: u32) -> Option<Duration> {
        match self {
            Schedule::Every { count, interval } => (round < count).then(|| interval.saturating_mul(round)),
            Schedule::Takeover => TAKEOVER.get(usize::try_from(round).ok()?).copied(),
        }
    }
}

/// A schedule at work: when the next announcement may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    schedule: Schedule,
    begin: Time,
    /// From one announcement to the next, at least.
    gap: Duration,
    free: Time,
}

impl Plan {
    /// A schedule that begins at `begin`, with at most `rate` announcements a
    /// second when there is one.
    pub fn new(schedule: Schedule, rate: Option<u32>, begin: Time) -> Plan {
        let gap = rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1));
        Plan { schedule, begin, gap, free: begin }
    }

    /// When the next announcement of `round` is due: not before the round is,
    /// nor faster than the rate allows; none when there is no such round.
    pub fn due(&self, round: u32) -> Option<Time> {
        let offset = self.schedule.offset(round)?;
        Some((self.begin + offset).max(self.free))
    }

    /// An announcement that was due at `due` has left at `now`. Being late moves
    /// the next ones by what is beyond a hundredth of a second, so that a pause
    /// is not followed by a burst.
    pub fn sent(&mut self, due: Time, now: Time) {
        self.free = (due + self.gap).max(now.before(SLACK));
    }
}

#[cfg(test)]
mod tests;

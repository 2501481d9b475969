//! Flap damping: a group that changes hands again and again without being asked
//! is not moved by choice until it has been quiet for a while.
//!
//! As with routes that flap (RFC 2439): each change adds a penalty, which halves
//! in every half-life; above the limit the group is damped, until the penalty has
//! fallen to half of the limit. Damping is no reason to stop a group, and none
//! not to start it: what nobody else serves is always taken.
//!
//! Whole numbers only, so that a replay is exact on any machine.

use std::time::Duration;

use crate::record::{Line, Record};
use crate::time::Time;

use super::heritage::{Unsound, number_in, time_in};

/// In which a penalty halves, unless it is configured.
pub const HALFLIFE: Duration = Duration::from_secs(900);

/// How many changes at once are harmless, unless it is configured: with the
/// third within a quarter of an hour a group is damped for 18 to 25 minutes.
pub const LIMIT: u32 = 2;

/// The most changes that can be harmless.
pub const LIMIT_MAX: u32 = 1_000;

/// The penalty of one change.
const CHANGE: u64 = 1_000;

/// What has changed hands how often, in fixed point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flaps {
    penalty: u64,
    /// When the penalty was as high as that.
    at: Time,
    damped_until: Option<Time>,
}

impl Flaps {
    /// It changed hands, or failed, and nobody had asked. Until when it is damped
    /// if it is so newly, or for longer than before.
    pub(super) fn change(&mut self, now: Time, halflife: Duration, limit: u32) -> Option<Time> {
        if halflife.is_zero() {
            return None;
        }
        let limit = u64::from(limit.clamp(1, LIMIT_MAX)) * CHANGE;
        // After the worst flapping it takes four half-lives to be trusted again.
        let most = limit * 8;
        self.penalty = (decayed(self.penalty, now.since(self.at), halflife) + CHANGE).min(most);
        self.at = now;
        if self.penalty > limit || self.is_damped(now) {
            self.damped_until = Some(now + time_to(self.penalty, limit / 2, halflife));
            return self.damped_until;
        }
        None
    }

    /// Until when it is not moved by choice, while that lasts.
    pub(super) fn damped(&self, now: Time) -> Option<Time> {
        self.damped_until.filter(|until| now < *until)
    }

    pub(super) fn is_damped(&self, now: Time) -> bool {
        self.damped(now).is_some()
    }

    /// What a successor needs to know of it.
    pub(super) fn kept(&self, line: Line) -> Line {
        if self.penalty == 0 {
            return line;
        }
        line.field("penalty", self.penalty).field("penalty_at", self.at).maybe("damped", self.damped_until)
    }

    pub(super) fn inherited(record: &Record<'_>) -> Result<Flaps, Unsound> {
        let (penalty, at) = (number_in(record, "penalty")?, time_in(record, "penalty_at")?);
        let damped_until = time_in(record, "damped")?;
        Ok(Flaps { penalty: penalty.unwrap_or(0), at: at.unwrap_or(Time::ZERO), damped_until })
    }

    /// A person says that all is well.
    pub(super) fn forget(&mut self) {
        *self = Flaps::default();
    }
}

/// What is left of a penalty: half after each half-life, and on a straight line
/// between. That is never less than the exponential, and at most 6 % more.
fn decayed(penalty: u64, elapsed: Duration, halflife: Duration) -> u64 {
    let (elapsed, halflife) = (elapsed.as_micros(), halflife.as_micros().max(1));
    let halves = u32::try_from(elapsed / halflife).unwrap_or(u32::MAX);
    let left = u128::from(penalty.checked_shr(halves).unwrap_or(0));
    let lost = left * (elapsed % halflife) / (halflife * 2);
    u64::try_from(left - lost).unwrap_or(u64::MAX)
}

/// After how long a penalty has fallen to `target`.
fn time_to(penalty: u64, target: u64, halflife: Duration) -> Duration {
    let mut whole = Duration::ZERO;
    let mut left = penalty;
    while left / 2 >= target.max(1) {
        left /= 2;
        whole += halflife;
    }
    let above = u128::from(left.saturating_sub(target));
    let rest = (above * halflife.as_micros() * 2).div_ceil(u128::from(left.max(1)));
    whole + Duration::from_micros(u64::try_from(rest).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;

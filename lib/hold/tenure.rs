//! One lease: how far it has come, and what the kernel was given for it.

use std::time::Duration;

use crate::floating::Side;
use crate::time::Time;

/// When a removal that failed is tried again.
const REMOVE_AGAIN: Duration = Duration::from_millis(50);

/// The kernel may end a lifetime so much too early: 20 ms, and what it takes to
/// hear of it.
const EARLY: Duration = Duration::from_millis(100);

/// What a tenure has come to; drawn in [`crate::hold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The addresses are none of our business.
    Idle,
    /// They are being added.
    Starting,
    /// They should be there.
    Serving,
    /// They are being removed.
    Stopping,
    /// The lease has ended; they are gone, or going.
    Over,
}

/// What a renewal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    /// The lease ends later, or a release goes on.
    Taken,
    /// The tenure began with it.
    Began,
    /// The lease was over.
    TooLate,
}

/// What a tenure needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    /// A lifetime in seconds for its addresses that are there.
    Lifetime(u32),
    /// The removal of all of its addresses.
    Removal,
}

#[derive(Debug)]
pub(super) struct Tenure {
    /// The group; none for what a caller named.
    pub(super) group: Option<String>,
    pub(super) phase: Phase,
    pub(super) until: Time,
    /// On which side of the lease the kernel ends the addresses.
    side: Side,
    /// The kernel is to be given a lifetime.
    due: bool,
    /// The end of what it was given last; none when that is not known of all
    /// addresses.
    kernel: Option<Time>,
    /// When it is to be given one again.
    again: Option<Time>,
    /// When addresses whose lease is over are to be removed.
    remove: Option<Time>,
}

impl Tenure {
    pub(super) fn new(group: Option<String>, side: Side) -> Tenure {
        Tenure {
            group,
            phase: Phase::Idle,
            until: Time::ZERO,
            side,
            due: false,
            kernel: None,
            again: None,
            remove: None,
        }
    }

    pub(super) fn begin(&mut self, phase: Phase, until: Time) {
        (self.phase, self.kernel, self.remove) = (phase, None, None);
        self.extend(until);
    }

    fn extend(&mut self, until: Time) {
        self.until = until;
        (self.due, self.again) = (true, None);
    }

    pub(super) fn renew(&mut self, until: Time) -> Renewal {
        match self.phase {
            Phase::Idle => {
                self.begin(Phase::Serving, until);
                Renewal::Began
            }
            Phase::Starting | Phase::Serving => {
                self.extend(until);
                Renewal::Taken
            }
            Phase::Stopping => Renewal::Taken,
            Phase::Over => Renewal::TooLate,
        }
    }

    /// A group comes to another phase. What a caller named is served for as long
    /// as its lease lasts.
    pub(super) fn turn(&mut self, next: impl Fn(Phase) -> Phase) {
        if self.group.is_some() {
            self.phase = next(self.phase);
        }
    }

    /// Somebody else gave one of its addresses a lifetime.
    pub(super) fn touched(&mut self) {
        (self.kernel, self.due) = (None, true);
    }

    /// What is to be done now.
    pub(super) fn need(&mut self, now: Time) -> Need {
        match self.phase {
            Phase::Idle => return Need::Nothing,
            Phase::Starting | Phase::Serving | Phase::Stopping if now >= self.until => self.end(now),
            Phase::Starting | Phase::Serving => return self.lifetime(now),
            Phase::Stopping | Phase::Over => {}
        }
        if self.remove.is_some_and(|at| now >= at) { Need::Removal } else { Need::Nothing }
    }

    fn lifetime(&mut self, now: Time) -> Need {
        if self.again.is_some_and(|at| now >= at) {
            (self.due, self.again) = (true, None);
        }
        if !std::mem::take(&mut self.due) {
            return Need::Nothing;
        }
        self.side.lifetime(self.until, now, self.kernel).map_or(Need::Nothing, Need::Lifetime)
    }

    /// The lifetime of an address that is added now.
    pub(super) fn first_lifetime(&self, now: Time) -> u32 {
        self.side.lifetime(self.until, now, None).unwrap_or(1)
    }

    /// The kernel was given a lifetime, which was done at `now`.
    pub(super) fn given(&mut self, seconds: u32, now: Time) {
        self.kernel = Some(now + Duration::from_secs(seconds.into()));
        self.again = self.side.again(self.until, seconds, now);
    }

    /// Whether an address that has gone was ended by the kernel, as it was told:
    /// before a lease that was not renewed, or while this process did not run.
    pub(super) fn was_ended(&self, now: Time) -> bool {
        !self.due && self.kernel.is_some_and(|end| now + EARLY >= end)
    }

    /// None of its addresses is there: nothing is known of what the kernel ends.
    pub(super) fn empty(&mut self) {
        self.kernel = None;
    }

    /// The lease is over: what it covered is to be removed.
    pub(super) fn end(&mut self, now: Time) {
        match self.phase {
            // What could not be removed so far is tried again as it is.
            Phase::Idle | Phase::Over => {}
            Phase::Starting | Phase::Serving | Phase::Stopping => {
                (self.phase, self.remove, self.again) = (Phase::Over, Some(now), None);
            }
        }
    }

    /// The holder is about to end: the kernel is to be given as much of the lease as
    /// fits, where it ends what is held.
    pub(super) fn part(&mut self) {
        self.due |= self.side == Side::Before;
    }

    /// Leaves what is held to the kernel, which ends it with its lease; whether it
    /// does. What is being released is not left.
    pub(super) fn leave(&mut self) -> bool {
        let is_left = match self.phase {
            Phase::Starting | Phase::Serving => self.kernel.is_some_and(|end| self.side.keeps(self.until, end)),
            Phase::Idle | Phase::Stopping | Phase::Over => false,
        };
        if is_left {
            self.phase = Phase::Idle;
        }
        is_left
    }

    /// The removal has succeeded, or failed at `now`.
    pub(super) fn removed(&mut self, done: bool, now: Time) {
        self.remove = if done { None } else { Some(now + REMOVE_AGAIN) };
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Idle => None,
            Phase::Starting | Phase::Serving => Some(self.again.map_or(self.until, |at| at.min(self.until))),
            Phase::Stopping => Some(self.until),
            Phase::Over => self.remove,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self.phase {
            Phase::Idle => true,
            Phase::Over => self.remove.is_none(),
            Phase::Starting | Phase::Serving | Phase::Stopping => false,
        }
    }
}

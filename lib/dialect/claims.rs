//! What is claimed of the groups, and the lease that it stands under.

use std::time::Duration;

use crate::ha_cf;
use crate::time::Time;

use super::Heartbeat;
use super::group::{Group, View};
use super::share::Share;

impl Heartbeat {
    /// The groups, and what they look at.
    pub(super) fn parts(&mut self) -> (&mut Vec<Group>, View<'_>) {
        let (lease, renewal) = (self.lease(), self.renewal());
        let view = View {
            own: &self.settings.own,
            now: self.clock.now,
            keepalive: self.settings.keepalive,
            lease,
            renewal,
            stalled: self.clock.stalled,
            expiry: self.settings.policy.failure_expiry,
        };
        (&mut self.groups, view)
    }

    /// Until when this node may serve: the other one takes over when it has heard
    /// nothing for deadtime. Clocks may differ in rate by one in a hundred.
    pub(super) fn lease(&self) -> Option<Time> {
        let deadtime = self.settings.deadtime;
        let until = self.clock.sent? + (deadtime - deadtime / 50);
        Some(until).filter(|until| *until > self.clock.now)
    }

    /// See [`crate::decide`]: what is installed must last until the next renewal.
    pub(super) fn renewal(&self) -> Duration {
        let (deadtime, keepalive) = (self.settings.deadtime, self.settings.keepalive);
        let rounded = if deadtime < ha_cf::kernel_deadtime(keepalive) { Duration::ZERO } else { ha_cf::ROUNDED };
        let spare = deadtime.saturating_sub(rounded + keepalive * 13 / 4);
        spare.min(deadtime / 4).max(keepalive / 2)
    }

    /// Claims groups: they are started when a lease covers them.
    pub(super) fn claim(&mut self, share: Share, text: &str) {
        self.claim = self.claim.with(share);
        let own = &self.settings.own;
        for group in self.groups.iter_mut().filter(|group| share.covers(group.share(own))) {
            group.want(text);
        }
    }

    /// Begins to release groups. They stay claimed until that is done.
    pub(super) fn release(&mut self, share: Share, text: &str) {
        let own = &self.settings.own;
        for group in self.groups.iter_mut().filter(|group| share.covers(group.share(own))) {
            group.release(text);
        }
    }

    /// Whether nothing of a share is here for certain.
    pub(super) fn is_released(&self, share: Share) -> bool {
        let own = &self.settings.own;
        self.groups.iter().filter(|group| share.covers(group.share(own))).all(Group::is_released)
    }

    /// Whether all groups of a share are as they are wanted, or cannot be.
    pub(super) fn is_at_rest(&self, share: Share) -> bool {
        let own = &self.settings.own;
        self.groups.iter().filter(|group| share.covers(group.share(own))).all(Group::is_at_rest)
    }

    /// Whether a group of a share has failed here.
    pub(super) fn has_failed(&self, share: Share) -> bool {
        let own = &self.settings.own;
        self.groups.iter().any(|group| share.covers(group.share(own)) && group.has_failed())
    }
}

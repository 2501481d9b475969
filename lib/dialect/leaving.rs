//! How this node leaves: everything is released, that is said, and it stays for a
//! moment, so that the other can ask for what it has missed.

use std::time::Duration;

use crate::decide::{Effect, why};
use crate::record::Line;
use crate::time::Time;

use super::peer::Kin;
use super::share::Share;
use super::standby::Standby;
use super::{Heartbeat, Phase};

/// How long a standby that is under way may delay the leave.
const DELAY: Duration = Duration::from_secs(15);

/// The shortest and the longest stay behind the farewell.
const STAY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(3));

impl Heartbeat {
    pub(super) fn shut_down(&mut self, effects: &mut Vec<Effect>) {
        if self.asked_to_leave.is_none() {
            self.asked_to_leave = Some(self.clock.now);
            effects.push(why(self.clock.now, &self.settings.own, "accepted", "shutdown: everything is released first"));
        }
    }

    /// Begins to leave when no standby is under way, and says farewell when all is
    /// released.
    pub(super) fn leave(&mut self, effects: &mut Vec<Effect>) {
        let Some(asked) = self.asked_to_leave else { return };
        match self.phase {
            Phase::Farewell(_) => {}
            Phase::Leaving => self.say_shutdone(effects),
            Phase::Silent | Phase::Asking | Phase::Heard(_) | Phase::Stable | Phase::Yielding => {
                if self.may_leave(asked) {
                    self.standby = Standby::Not;
                    self.phase = Phase::Leaving;
                    self.release(Share::ALL, "this node is leaving");
                    self.say_resource(false, " info=shutdown", effects);
                }
            }
        }
    }

    fn may_leave(&self, asked: Time) -> bool {
        match self.standby {
            Standby::Not | Standby::Unanswered(..) | Standby::Asked(..) | Standby::Released(..) => true,
            Standby::Releasing(_) | Standby::Accepted(..) | Standby::Acquiring(_) => self.clock.now >= asked + DELAY,
        }
    }

    fn say_shutdone(&mut self, effects: &mut Vec<Effect>) {
        if !self.is_released(Share::ALL) {
            return;
        }
        self.claim = Share::NONE;
        self.say_resource(false, " info=shutdown", effects);
        effects.push(Effect::Announce("t=shutdone st=dead".to_owned()));
        self.phase = Phase::Farewell(self.clock.now);
        // At once where it is in these that a stranger is told.
        let wait = if self.peer.kin == Kin::Stranger { Duration::ZERO } else { STAY.0 / 2 };
        self.clock.status.set(self.clock.now + self.settings.keepalive.min(wait));
        self.clock.said_status = false;
    }

    /// The end, a while behind the farewell: a heartbeat behind it shows the other
    /// node whether it has missed something.
    pub(super) fn end(&mut self, effects: &mut Vec<Effect>) {
        let Phase::Farewell(since) = self.phase else { return };
        let stay = (self.settings.keepalive * 2).clamp(STAY.0, STAY.1);
        let is_heard = !self.peer.is_gone();
        if is_heard && (!self.clock.said_status || self.clock.now < since + stay) {
            return;
        }
        self.ended = true;
        effects.push(Effect::Say(Line::new("do", self.clock.now).word("exit")));
        effects.push(Effect::End);
    }
}

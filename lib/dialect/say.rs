//! What this node says: heartbeats, and the messages of the protocol.

use std::time::Duration;

use crate::decide::Effect;
use crate::time::Time;

use super::group::Group;
use super::peer::Kin;
use super::share::Share;
use super::{Heartbeat, Phase};

/// A request that leaves later than so long after it was decided on is not sent:
/// the other node would answer one that was given up.
const FRESH: Duration = Duration::from_secs(2);

/// What was last said of our holdings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    claim: Share,
    stable: bool,
}

impl Heartbeat {
    /// Says what this node holds, when that has changed or somebody has asked.
    pub(super) fn say_holdings(&mut self, is_asked: bool, effects: &mut Vec<Effect>) {
        let now = Said { claim: self.claim, stable: self.is_stable() };
        let is_due = self.say_again.take_if(|time| *time <= self.clock.now).is_some();
        let is_news = match self.phase {
            Phase::Silent | Phase::Asking | Phase::Heard(_) | Phase::Leaving => false,
            Phase::Stable | Phase::Yielding => self.said != Some(now),
            // It has said all that it had to say.
            Phase::Farewell(_) => return,
        };
        if is_news || is_asked || is_due {
            self.say_resource(now.stable, "", effects);
        }
    }

    /// `resource`: what this node holds. `info` is `info=...` with a blank before
    /// it, or empty.
    pub(super) fn say_resource(&mut self, stable: bool, info: &str, effects: &mut Vec<Effect>) {
        self.said = Some(Said { claim: self.claim, stable });
        let (word, stable) = (self.claim.word(), u8::from(stable));
        effects.push(Effect::Announce(format!("t=resource rsc_hold={word} rtype=full isstable={stable}{info}")));
    }

    /// Whether our holdings do not change at present, as the other is told. While
    /// a standby is asked for it is not told: it would refuse.
    fn is_stable(&self) -> bool {
        self.phase == Phase::Stable && !self.standby.is_agreed() && self.groups.iter().all(Group::is_at_rest)
    }

    pub(super) fn say_standby(&self, share: Share, what: &str, effects: &mut Vec<Effect>) {
        let until = match what {
            "me" => format!(" until={}", self.clock.now + FRESH),
            _ => String::new(),
        };
        effects.push(Effect::Announce(format!("t=ask_resources rsc_hold={} info={what}{until}", share.word())));
    }

    pub(super) fn say_takeover(&self, share: Share, effects: &mut Vec<Effect>) {
        let until = self.clock.now + FRESH;
        effects.push(Effect::Announce(format!("t=hb_takeover rsc_hold={} until={until}", share.word())));
    }

    /// A heartbeat at each keepalive, and at once when this node becomes active.
    pub(super) fn say_status(&mut self, effects: &mut Vec<Effect>) {
        let now = self.clock.now;
        if !self.clock.status.is_due(now, self.settings.keepalive) {
            return;
        }
        self.clock.status.made(now, self.settings.keepalive);
        effects.push(Effect::Announce(self.status(now + self.settings.deadtime / 2)));
        self.clock.said_status = true;
    }

    fn status(&self, until: Time) -> String {
        let state = if self.phase == Phase::Silent { "up" } else { "active" };
        let deadtime = self.settings.deadtime.as_millis();
        let farewell = self.farewell_fields().unwrap_or_default();
        format!("t=status st={state} dt={deadtime:x} protocol=1{farewell} until={until}")
    }

    /// Behind `shutdone`, for a node that speaks hbkit's own dialect and does not
    /// understand that: nothing is served here any more.
    fn farewell_fields(&self) -> Option<String> {
        match (self.phase, self.peer.kin) {
            (Phase::Farewell(_), Kin::Stranger) => {}
            (_, Kin::Heartbeat | Kin::Ours | Kin::Stranger) => return None,
        }
        let echo = self.peer.echo(self.clock.now)?;
        let parts: Vec<String> = self.groups.iter().map(|group| format!("{}:stopped:no:0", group.name)).collect();
        let groups = if parts.is_empty() { "-".to_owned() } else { parts.join(",") };
        Some(format!(" grp={groups} cfg=- ver=1 leave=1 votes=- echo={echo}"))
    }
}

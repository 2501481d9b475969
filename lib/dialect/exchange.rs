//! The conversation of a standby: see [`super::standby`].

use crate::decide::{Effect, Strange, why};
use crate::record::Record;

use super::group::Group;
use super::peer::Kin;
use super::requests::Outcome;
use super::share::Share;
use super::standby::{ANSWER, EXCHANGE, LATE, Standby};
use super::{Heartbeat, PATIENCE, Phase};

impl Heartbeat {
    /// Asks the other node to take a share of what this one has.
    pub(super) fn offer(&mut self, share: Share, effects: &mut Vec<Effect>) {
        self.standby = Standby::Asked(share, self.clock.now);
        self.say_standby(share, "me", effects);
    }

    /// Takes a message of the conversation.
    ///
    /// # Errors
    /// Its words are none that are known: nothing changed.
    pub(super) fn asked(
        &mut self,
        sequence: u64,
        record: &Record<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Strange> {
        let [word, what] = record.raw_all(["rsc_hold", "info"]);
        let share = word.and_then(Share::read).ok_or(Strange::Unreadable)?;
        if !self.peer.is_latest_of_standby(sequence) {
            return Ok(());
        }
        let counts = match what {
            Some("me") => self.asked_to_take(share, effects),
            Some("other") => self.answered(share),
            Some("done") => self.done(share, sequence, effects),
            Some(_) | None => return Err(Strange::Unreadable),
        };
        if counts {
            self.peer.counts_in_standby(sequence);
        }
        Ok(())
    }

    /// The other node wants to give; whether this one agrees.
    fn asked_to_take(&mut self, share: Share, effects: &mut Vec<Effect>) -> bool {
        let name = self.peer.name.clone();
        if let Some(text) = self.refusal(share) {
            let text = format!("{name} wants to give its {} groups, and is not answered: {text}", share.word());
            effects.push(why(self.clock.now, &self.settings.own, "refused", &text));
            // It takes this node for unstable until it is told, when it has
            // stopped waiting.
            self.say_again = Some(self.clock.now + ANSWER + std::time::Duration::from_secs(1));
            return false;
        }
        if let Standby::Asked(..) = self.standby {
            self.wishes.settle(
                Outcome::Failed("the other node asked for the same at once"),
                self.clock.now,
                &name,
                effects,
            );
        }
        let text = format!("{name} wants to give its {} groups", share.word());
        effects.push(why(self.clock.now, &self.settings.own, "accepted", &text));
        self.standby = Standby::Accepted(share, self.clock.now);
        self.say_standby(share, "other", effects);
        true
    }

    /// Why this node cannot take what the other wants to give.
    fn refusal(&self, share: Share) -> Option<&'static str> {
        let mine = share.mirror();
        match self.phase {
            Phase::Stable => {}
            Phase::Leaving | Phase::Farewell(_) => return Some("this node is leaving"),
            Phase::Silent | Phase::Asking | Phase::Heard(_) | Phase::Yielding => {
                return Some("this node has not settled");
            }
        }
        match self.standby {
            Standby::Not | Standby::Unanswered(..) => {}
            // Both have asked at once. A node of Heartbeat would not answer, and so
            // this one does; of two of ours the one whose name sorts first does.
            Standby::Asked(..) if self.peer.kin == Kin::Heartbeat || self.settings.own < self.peer.name => {}
            Standby::Asked(..) => return Some("this node has asked for the same at once"),
            Standby::Releasing(_) | Standby::Released(..) | Standby::Accepted(..) | Standby::Acquiring(_) => {
                return Some("another standby is under way");
            }
        }
        match () {
            () if self.peer.kin == Kin::Stranger => Some("it speaks hbkit's own dialect"),
            () if self.asked_to_leave.is_some() => Some("this node is leaving"),
            () if self.clock.stalled => Some("this node was paused and listens first"),
            () if self.lease().is_none() => Some("no heartbeat of ours has left"),
            () if self.has_failed(mine) => Some("one of them failed here; ask clear forgets that"),
            () if !self.groups.iter().all(Group::is_at_rest) => Some("this node is moving groups"),
            () => None,
        }
    }

    /// The other node takes what this one wants to give; whether it still does.
    fn answered(&mut self, share: Share) -> bool {
        let asked = match self.standby {
            Standby::Asked(asked, _) => asked,
            // It waits for an hour, and what it waits for was wanted.
            Standby::Unanswered(asked, when) if self.clock.now <= when + LATE => asked,
            Standby::Not
            | Standby::Unanswered(..)
            | Standby::Releasing(_)
            | Standby::Released(..)
            | Standby::Accepted(..)
            | Standby::Acquiring(_) => return false,
        };
        let counts = share == asked && self.phase == Phase::Stable;
        if counts {
            self.standby = Standby::Releasing(share);
            self.release(share, &format!("{} takes it", self.peer.name));
        }
        counts
    }

    /// The other node has released what it gives, or started what it was given;
    /// whether that was waited for.
    fn done(&mut self, share: Share, sequence: u64, effects: &mut Vec<Effect>) -> bool {
        match self.standby {
            Standby::Accepted(given, _) if share == given => {
                self.peer.has_released(share, sequence);
                self.standby = Standby::Acquiring(share);
                self.claim(share.mirror(), &format!("{} has given it", self.peer.name));
                true
            }
            Standby::Released(given, _) if share == given => {
                self.standby = Standby::Not;
                self.peer.holds = self.peer.holds.map(|holds| holds.with(share.mirror()));
                self.needs_failback &= !share.foreign;
                self.wishes.settle(Outcome::Given(share), self.clock.now, &self.peer.name, effects);
                true
            }
            Standby::Not
            | Standby::Asked(..)
            | Standby::Unanswered(..)
            | Standby::Releasing(_)
            | Standby::Released(..)
            | Standby::Accepted(..)
            | Standby::Acquiring(_) => false,
        }
    }

    /// Goes on with the conversation when scripts have ended, and ends it when
    /// nothing comes any more.
    pub(super) fn exchange(&mut self, effects: &mut Vec<Effect>) {
        let now = self.clock.now;
        match self.standby {
            Standby::Asked(share, since) if now >= since + ANSWER => {
                self.standby = Standby::Unanswered(share, since);
                self.rest_until = now + ANSWER;
                self.say_again = Some(now);
                let text = format!("{} does not answer: it may be moving groups itself", self.peer.name);
                effects.push(why(now, &self.settings.own, "failed", &format!("standby {}: {text}", share.word())));
                self.wishes.settle(Outcome::Failed("the other node does not answer"), now, &self.peer.name, effects);
            }
            Standby::Releasing(share) if self.is_released(share) => {
                self.claim = self.claim.without(share);
                self.say_resource(false, " info=standby", effects);
                self.say_standby(share, "done", effects);
                self.standby = Standby::Released(share, now);
            }
            Standby::Acquiring(share) if self.is_at_rest(share.mirror()) => {
                self.standby = Standby::Not;
                self.say_holdings(true, effects);
                self.say_standby(share, "done", effects);
            }
            Standby::Released(_, since) | Standby::Accepted(_, since) if now >= since + EXCHANGE => {
                self.standby_ends("an hour has passed", effects);
            }
            Standby::Not
            | Standby::Asked(..)
            | Standby::Unanswered(..)
            | Standby::Releasing(_)
            | Standby::Released(..)
            | Standby::Accepted(..)
            | Standby::Acquiring(_) => {}
        }
    }

    /// The conversation is over before its end. What was being released and is
    /// claimed goes on being served.
    pub(super) fn standby_ends(&mut self, text: &str, effects: &mut Vec<Effect>) {
        let was = std::mem::replace(&mut self.standby, Standby::Not);
        self.wishes.settle(Outcome::Failed(text), self.clock.now, &self.peer.name, effects);
        if was.is_idle() {
            return;
        }
        effects.push(why(self.clock.now, &self.settings.own, "failed", &format!("standby: {text}")));
        match was {
            Standby::Releasing(share) => self.claim(share, text),
            Standby::Not
            | Standby::Asked(..)
            | Standby::Unanswered(..)
            | Standby::Released(..)
            | Standby::Accepted(..)
            | Standby::Acquiring(_) => {}
        }
    }

    /// What the other node says of its holdings shows that it has given up the
    /// offer that this node has agreed to. Should it release them even so, they
    /// are claimed when nobody has held them for a while.
    pub(super) fn withdrawn(&mut self) {
        let Some((holds, stable)) = self.peer.holds.zip(self.peer.stable) else { return };
        match self.standby {
            Standby::Accepted(share, since)
                if self.clock.now >= since + PATIENCE && stable > since && holds.covers(share) =>
            {
                self.standby = Standby::Not;
            }
            Standby::Not
            | Standby::Asked(..)
            | Standby::Unanswered(..)
            | Standby::Releasing(_)
            | Standby::Released(..)
            | Standby::Accepted(..)
            | Standby::Acquiring(_) => {}
        }
    }

    /// What is asked of the other node by itself: to take what prefers it, and
    /// what has failed here.
    pub(super) fn fail_back(&mut self, effects: &mut Vec<Effect>) {
        let now = self.clock.now;
        if !self.may_act() || self.peer.inability().is_some() || now < self.rest_until {
            return;
        }
        if !self.groups.iter().all(Group::is_at_rest) {
            return;
        }
        let policy = &self.settings.policy;
        let steady = self.peer.stable.is_some_and(|since| now >= since + policy.failback_delay);
        let failed = [Share::LOCAL, Share::FOREIGN]
            .into_iter()
            .find(|share| self.claim.covers(*share) && self.has_failed(*share));
        if let Some(share) = failed {
            let text = format!("it failed here: {} is asked to take all {} groups", self.peer.name, share.word());
            self.say_share(share, "wait", &text, effects);
            self.offer(share, effects);
        } else if policy.auto_failback && self.needs_failback && self.claim.foreign && steady {
            self.say_share(Share::FOREIGN, "wait", &format!("{} is asked to take it back", self.peer.name), effects);
            self.offer(Share::FOREIGN, effects);
        }
    }

    /// A node with `auto_failback legacy` asks for one of its groups. It takes it
    /// when this one says so, and is told when it has been released.
    ///
    /// # Errors
    /// It does not say which, or it is none that is known.
    pub(super) fn asked_by_legacy(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let key = record.get("ipaddr").ok_or(Strange::Incomplete)?;
        let name = self.group_called(&key).ok_or(Strange::UnknownGroup)?;
        let at = self.groups.iter().position(|group| group.name == name).ok_or(Strange::UnknownGroup)?;
        let text = "its auto_failback is legacy: write on or off on both nodes";
        effects.push(why(self.clock.now, &self.peer.name, "alarm", text));
        if self.groups[at].share(&self.settings.own) == Share::FOREIGN {
            self.groups[at].release(&format!("{} asks for it in the way of auto_failback legacy", self.peer.name));
            self.legacy = Some((at, key.into_owned()));
        }
        Ok(())
    }

    /// The group that Heartbeat calls by its first resource.
    fn group_called(&self, key: &str) -> Option<String> {
        let bare = ["IPaddr::", "IPaddr2::", "IPv6addr::"].into_iter().find_map(|agent| key.strip_prefix(agent));
        let address = bare.unwrap_or(key).split('/').next().and_then(|text| text.parse().ok());
        let by_address = address.and_then(|address| self.settings.group_of(address));
        let by_name = || self.settings.groups.iter().find(|group| group.name == key).map(|group| group.name.as_str());
        by_address.or_else(by_name).map(str::to_owned)
    }

    pub(super) fn answer_legacy(&mut self, effects: &mut Vec<Effect>) {
        if let Some((_, key)) = self.legacy.take_if(|(at, _)| self.groups[*at].is_released()) {
            let mut escaped = String::new();
            crate::record::encode(key.as_bytes(), &mut escaped);
            let to = &self.peer.name;
            effects.push(Effect::Announce(format!("t=ip-request-resp dest={to} ipaddr={escaped} weown=yes ok=OK")));
        }
    }
}

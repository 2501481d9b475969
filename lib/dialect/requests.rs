//! What people and scripts ask for, and the other node for its people. Every
//! request is answered by `why` lines: refused, with the reason; or accepted, and
//! later done or failed.

use std::time::Duration;

use crate::decide::{Effect, Strange, why};
use crate::record::Record;
use crate::time::Time;

use super::Heartbeat;
use super::share::Share;
use super::standby::Standby;

/// How long a request waits until nothing else is going on, and a takeover until
/// the other node has begun it: its scripts ask, and it may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was accepted and is not done yet.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    standby: Option<Wish>,
    takeover: Option<Wish>,
}

#[derive(Debug)]
struct Wish {
    share: Share,
    groups: Vec<String>,
    since: Time,
    /// The other node was asked.
    is_said: bool,
}

/// What has become of what was going on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome<'a> {
    /// It serves this share of ours.
    Given(Share),
    /// It came to nothing.
    Failed(&'a str),
}

impl Wishes {
    /// Says what has become of what was wished.
    pub(super) fn settle(&mut self, outcome: Outcome<'_>, now: Time, peer: &str, effects: &mut Vec<Effect>) {
        let mut say = |wish: &Wish, verb: &str, text: &str| {
            effects.extend(wish.groups.iter().map(|group| why(now, group, verb, text)));
        };
        match outcome {
            Outcome::Given(share) => {
                if let Some(wish) = self.standby.take_if(|wish| share.covers(wish.share)) {
                    say(&wish, "done", &format!("standby: {peer} serves it"));
                }
            }
            Outcome::Failed(text) => {
                if let Some(wish) = self.standby.take() {
                    say(&wish, "failed", &format!("standby: {text}"));
                }
            }
        }
    }
}

impl Heartbeat {
    /// Takes a request.
    ///
    /// # Errors
    /// The record does not say what is asked for.
    pub(super) fn ask(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let mut words = record.words();
        let what = words.next().ok_or(Strange::Incomplete)?;
        let scope = words.next().unwrap_or("all");
        let refused = match what {
            "shutdown" => {
                self.shut_down(effects);
                None
            }
            "standby" => self.ask_standby(scope, effects),
            "takeover" => self.ask_takeover(scope, effects),
            "clear" => self.clear(scope, effects),
            "maintenance" => Some("the other node would not know of it; a standby moves the groups away".to_owned()),
            "fenced" => Some("nobody is fenced with dialect heartbeat".to_owned()),
            _ => Some("no such request is known".to_owned()),
        };
        if let Some(text) = refused {
            effects.push(why(self.clock.now, "ask", "refused", &format!("{what}: {text}")));
        }
        Ok(())
    }

    /// What a scope means of all groups, seen from here, or why nothing.
    fn meant(&self, scope: &str, failback: Share) -> Result<Share, String> {
        let own = &self.settings.own;
        match scope {
            "all" => return Ok(Share::ALL),
            "local" => return Ok(Share::LOCAL),
            "foreign" => return Ok(Share::FOREIGN),
            "failback" => return Ok(failback),
            _ => {}
        }
        let Some(group) = self.groups.iter().find(|group| group.name == scope) else {
            return Err(format!("no group here is meant by {scope}"));
        };
        let share = group.share(own);
        if self.groups.iter().filter(|other| other.share(own) == share).count() > 1 {
            let word = share.word();
            return Err(format!("Heartbeat's protocol moves all {word} groups together: ask for {word}"));
        }
        Ok(share)
    }

    fn names(&self, share: Share) -> Vec<String> {
        let own = &self.settings.own;
        let groups = self.groups.iter().filter(|group| share.covers(group.share(own)));
        groups.map(|group| group.name.clone()).collect()
    }

    /// Gives a share away; why not, if not.
    fn ask_standby(&mut self, scope: &str, effects: &mut Vec<Effect>) -> Option<String> {
        let share = match self.meant(scope, Share::FOREIGN) {
            Ok(share) => share.and(self.claim),
            Err(text) => return Some(text),
        };
        if let Some(text) = self.impossible(share) {
            return Some(text);
        }
        let text = format!("standby: {} is asked to take it", self.peer.name);
        self.wish_to_give(share, &text, effects);
        None
    }

    /// A share is offered as soon as nothing else is going on.
    fn wish_to_give(&mut self, share: Share, text: &str, effects: &mut Vec<Effect>) {
        let groups = self.names(share);
        effects.extend(groups.iter().map(|group| why(self.clock.now, group, "accepted", text)));
        self.wishes.standby = Some(Wish { share, groups, since: self.clock.now, is_said: false });
    }

    /// Why a share cannot be given away, however long one waits.
    fn impossible(&self, share: Share) -> Option<String> {
        if self.names(share).is_empty() {
            return Some("nothing of that is served here".to_owned());
        }
        if self.asked_to_leave.is_some() {
            return Some("this node is leaving".to_owned());
        }
        if self.wishes.standby.is_some() {
            return Some("another standby is under way".to_owned());
        }
        let inability = self.peer.inability().filter(|_| !self.peer.may_soon_be_able());
        inability.map(|text| format!("no other node can serve it: {} {text}", self.peer.name))
    }

    /// Asks the other node to give; why not, if not.
    fn ask_takeover(&mut self, scope: &str, effects: &mut Vec<Effect>) -> Option<String> {
        let now = self.clock.now;
        let share = match self.meant(scope, Share::LOCAL) {
            Ok(share) => share,
            Err(text) => return Some(text),
        };
        let groups = self.names(share);
        if groups.is_empty() {
            return Some(format!("no group here is meant by {scope}"));
        }
        if self.asked_to_leave.is_some() {
            return Some("this node is leaving".to_owned());
        }
        let is_here = self.claim.covers(share);
        if let Some(text) = self.peer.inability().filter(|_| !is_here && !self.peer.may_soon_be_able()) {
            return Some(format!("{} {text}, and what it has cannot be asked for", self.peer.name));
        }
        effects.extend(groups.iter().map(|group| why(now, group, "accepted", "takeover: it is wanted here")));
        self.forget_failures(share);
        self.wishes.takeover = Some(Wish { share, groups, since: now, is_said: is_here });
        None
    }

    /// The other node asks this one to give: `share` in its view.
    ///
    /// # Errors
    /// Its words are none that are known.
    pub(super) fn asked_for(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let wanted = match record.raw("rsc_hold") {
            Some("failback") => Share::LOCAL,
            Some(word) => Share::read(word).ok_or(Strange::Unreadable)?,
            None => return Err(Strange::Incomplete),
        };
        let share = wanted.mirror().and(self.claim);
        let name = self.peer.name.clone();
        if let Some(text) = self.impossible(share) {
            let text = format!("takeover of {name}: {text}");
            effects.push(why(self.clock.now, &self.settings.own, "refused", &text));
        } else {
            self.wish_to_give(share, &format!("takeover: {name} asks for it"), effects);
        }
        Ok(())
    }

    /// Forgets failures, and ends a standby of which nothing comes.
    fn clear(&mut self, scope: &str, effects: &mut Vec<Effect>) -> Option<String> {
        match self.standby {
            Standby::Released(_, since) | Standby::Accepted(_, since) if self.clock.now >= since + PATIENCE => {
                self.standby_ends("a person has cleared it", effects);
            }
            Standby::Not
            | Standby::Asked(..)
            | Standby::Unanswered(..)
            | Standby::Releasing(_)
            | Standby::Released(..)
            | Standby::Accepted(..)
            | Standby::Acquiring(_) => {}
        }
        match self.meant(scope, Share::FOREIGN) {
            Ok(share) => self.forget_failures(share),
            Err(text) => {
                let Some(group) = self.groups.iter_mut().find(|group| group.name == scope) else { return Some(text) };
                group.forget_failure();
            }
        }
        None
    }

    fn forget_failures(&mut self, share: Share) {
        let own = &self.settings.own;
        for group in self.groups.iter_mut().filter(|group| share.covers(group.share(own))) {
            group.forget_failure();
        }
    }

    /// Says what was wished as soon as that can be, and whether it is done, or came
    /// to nothing.
    pub(super) fn look_at_wishes(&mut self, effects: &mut Vec<Effect>) {
        let now = self.clock.now;
        let can_say = self.may_act() && self.peer.inability().is_none() && self.is_at_rest(Share::ALL);
        if let Some(wish) = self.wishes.standby.as_mut().filter(|wish| !wish.is_said && can_say) {
            wish.is_said = true;
            let share = wish.share;
            self.offer(share, effects);
        }
        if self.wishes.standby.as_ref().is_some_and(|wish| !wish.is_said && now >= wish.since + PATIENCE) {
            let inability = self.peer.inability().unwrap_or("and this node did not settle");
            let text = format!("{} {inability}", self.peer.name);
            self.wishes.settle(Outcome::Failed(&text), now, &self.peer.name, effects);
        }
        let claim = self.claim;
        if let Some(wish) = self.wishes.takeover.as_mut().filter(|wish| !wish.is_said && can_say) {
            wish.is_said = true;
            let missing = wish.share.without(claim);
            if !missing.is_empty() {
                self.say_takeover(missing, effects);
            }
        }
        self.look_at_takeover(effects);
    }

    fn look_at_takeover(&mut self, effects: &mut Vec<Effect>) {
        let now = self.clock.now;
        let Some(wish) = &self.wishes.takeover else { return };
        let own = &self.settings.own;
        let mut groups = self.groups.iter().filter(|group| wish.share.covers(group.share(own)));
        let is_here = groups.clone().all(|group| group.is_started());
        let has_failed = groups.any(|group| group.has_failed());
        let (verb, text) = if is_here {
            ("done", "takeover: it is served here".to_owned())
        } else if has_failed {
            ("failed", "takeover: it did not start".to_owned())
        } else if now >= wish.since + PATIENCE && (self.standby.is_idle() || !wish.is_said) {
            ("failed", format!("takeover: {} does not give it", self.peer.name))
        } else {
            return;
        };
        effects.extend(wish.groups.iter().map(|group| why(now, group, verb, &text)));
        self.wishes.takeover = None;
    }
}

//! One resource group on this node: what is done with it, and why.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::announce::{Held, Part, Stance};
use crate::ha_cf::{StopFailed, StopPolicy};
use crate::record::Line;
use crate::time::Time;

use super::carrier::Carrier;
use super::contest::Contest;
use super::damping::Flaps;
use super::failback::Steady;
use super::failures::Failures;
use super::peer::Knowledge;
use super::rank::Move;
use super::results::Reason;
use super::wish::Wish;
use super::{Effect, GroupSetting, View, why};

/// A stop that failed is tried again after this time: nobody else may start the
/// group before it has succeeded.
const STOP_AGAIN: Duration = Duration::from_secs(5);

/// So it is after this time, for ever, when it has failed as often as the policy
/// allows.
const STOP_HELD: Duration = Duration::from_secs(60);

/// A group on this node.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) preferred: String,
    pub(super) held: Held,
    epoch: u64,
    /// What a person wants of it.
    pub(super) wish: Wish,
    /// A person moved it: auto_failback does not bring it back.
    pub(super) yielded: bool,
    /// A resource failed while it ran: it is failed once it has stopped.
    pub(super) failing: bool,
    /// What was told of it in maintenance, to be done when that is over.
    pub(super) put_off: Option<Reason>,
    /// It had failed here before an earlier life of this process ended: told stopped,
    /// it is failed.
    pub(super) was_failed: bool,
    /// An earlier life of this process may have begun something with it whose result
    /// is still to come: who began this one has it stopped, and tells that.
    pub(super) is_awaited: bool,
    /// When the action was begun that is under way, or was last.
    action: Time,
    pub(super) contest: Contest,
    pub(super) failures: Failures,
    pub(super) flaps: Flaps,
    pub(super) steady: Steady,
    pub(super) carrier: Carrier,
    renewed: Time,
    /// It was renewed while it started: that may have come before the address.
    renewed_early: bool,
    pub(super) not_before: Time,
    stop_at: Time,
    /// How often the stop that is under way has failed.
    pub(super) stop_failures: u32,
    reason: String,
    /// What the peers were last seen to do with it, for the `group` records.
    pub(super) others: BTreeMap<String, Part>,
    /// The changes of the peers that were looked at.
    seen: Option<u64>,
}

impl Group {
    pub(super) fn new(setting: &GroupSetting) -> Group {
        Group {
            name: setting.name.clone(),
            preferred: setting.preferred.clone(),
            held: Held::Unknown,
            epoch: 0,
            wish: Wish::Nothing,
            yielded: false,
            failing: false,
            put_off: None,
            was_failed: false,
            is_awaited: false,
            action: Time::ZERO,
            contest: Contest::default(),
            failures: Failures::default(),
            flaps: Flaps::default(),
            steady: Steady::default(),
            carrier: Carrier::default(),
            renewed: Time::ZERO,
            renewed_early: false,
            not_before: Time::ZERO,
            stop_at: Time::ZERO,
            stop_failures: 0,
            reason: String::new(),
            others: BTreeMap::new(),
            seen: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn preferred(&self) -> &str {
        &self.preferred
    }

    pub(super) fn held(&self) -> Held {
        self.held
    }

    /// An earlier life of this process has started it so many times, and what it leased
    /// ends then; it goes on being held, or it is not known whether it runs.
    pub(super) fn takes_up(&mut self, epoch: u64, until: Time, goes_on: bool) {
        (self.epoch, self.renewed) = (epoch, until);
        if goes_on {
            self.held = Held::Started;
            // Who holds its addresses may have been begun anew, too.
            self.renewed_early = true;
        }
    }

    /// Whether the result of the action that was begun at `begun` says nothing of the
    /// one that is under way.
    pub(super) fn is_another(&self, begun: Time) -> bool {
        matches!(self.held, Held::Starting | Held::Stopping) && begun != self.action
    }

    /// When what was leased last ends.
    pub(super) fn leased_until(&self) -> Time {
        self.renewed
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether this node can leave without taking it along. What it was never
    /// told of is not waited for.
    pub(super) fn is_released(&self) -> bool {
        match self.held {
            Held::Unknown | Held::Stopped | Held::Asking | Held::Failed => true,
            Held::Starting | Held::Started | Held::Stopping => false,
        }
    }

    /// A peer died: what it said counts no more.
    pub(super) fn forget(&mut self, peer: &str, view: &View, effects: &mut Vec<Effect>) {
        if let Some(part) = self.others.remove(peer) {
            if part.held.may_hold() {
                let line = Line::new("group", view.now).word(&self.name).word(Held::Unknown.word());
                effects.push(Effect::Say(line.field("node", peer).field("epoch", part.epoch)));
                self.changed_hands(view, effects);
            }
        }
    }

    /// Looks at everything, and begins at most one action.
    pub(super) fn decide(&mut self, view: &mut View, effects: &mut Vec<Effect>) {
        self.look_at_others(view, effects);
        self.look_at_steadiness(view);
        self.look_at_wish(view, effects);
        if self.held.asks() {
            // Our own vote is ours while we ask; it is as old as our last heartbeat.
            view.vote_for_us(&self.name);
        }
        match self.held {
            Held::Unknown => self.wait("it is not known whether it runs here", view, effects),
            Held::Stopped | Held::Asking => self.take_or_wait(view, effects),
            Held::Started => self.keep_or_leave(view, effects),
            Held::Stopping if view.now >= self.stop_at => self.stop("the last stop failed", view, effects),
            // What was started first must not expire while the rest starts.
            Held::Starting => self.renew(view, effects),
            Held::Failed => self.remember_failure(view, effects),
            Held::Stopping => {}
        }
    }

    fn look_at_others(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if self.seen == Some(view.changes) {
            return;
        }
        self.seen = Some(view.changes);
        for (name, peer) in &view.peers {
            let Knowledge::Says(part) = peer.knowledge(&self.name) else { continue };
            self.epoch = self.epoch.max(part.epoch);
            let before = match self.others.get_mut(name) {
                Some(known) => Some(std::mem::replace(known, part)),
                None => self.others.insert(name.clone(), part),
            };
            if before.is_none_or(|before| before.held != part.held) {
                let line = Line::new("group", view.now).word(&self.name).word(part.held.word());
                effects.push(Effect::Say(line.field("node", name).field("epoch", part.epoch)));
                if part.held == Held::Failed && before.is_some() {
                    self.changed_hands(view, effects);
                }
            }
        }
    }

    /// Asks for votes when nothing stands against it, and starts when they are
    /// enough. An ask against which something comes to stand is withdrawn.
    fn take_or_wait(&mut self, view: &mut View, effects: &mut Vec<Effect>) {
        if let Some(text) = self.obstacle(view) {
            if self.held == Held::Asking {
                self.held = Held::Stopped;
                self.give_votes_back(view);
            }
            self.wait(&text, view, effects);
        } else if !view.vote_for_us(&self.name) {
            self.wait("no heartbeat of ours has left, so that no lease holds", view, effects);
        } else if let Some(until) = view.permit(&self.name, false) {
            self.start(until, view, effects);
            view.connectivity.begun(&self.name);
        } else {
            self.held = Held::Asking;
            self.because("ask", "the votes of the others are needed", view, effects);
        }
    }

    pub(super) fn give_votes_back(&self, view: &mut View) {
        view.voting.give_back(&self.name, &view.settings.own);
    }

    /// Why this node must not start it, as a sentence.
    pub(super) fn obstacle(&self, view: &View) -> Option<String> {
        if view.stalled {
            return Some("this node was paused and listens first".to_owned());
        }
        for (name, peer) in &view.peers {
            match peer.knowledge(&self.name) {
                Knowledge::Unknown => return Some(format!("it is not known what {name} does")),
                Knowledge::Says(part) if part.held.may_hold() => {
                    return Some(format!("{name} has it: {}{}", part.held.word(), self.failback_note(view)));
                }
                Knowledge::Says(_) | Knowledge::Gone => {}
            }
        }
        if let Some(text) = view.maintenance_of().filter(|_| !self.wish.is_takeover() && !view.is_given(&self.name)) {
            return Some(text);
        }
        if let Some(text) = view.fencing.obstacle(&view.peers) {
            return Some(text);
        }
        match self.stance(view) {
            Stance::No if view.leaving => return Some("this node is leaving".to_owned()),
            Stance::No if self.wish.is_standby() => return Some("a person sent it away from here".to_owned()),
            Stance::No => return Some(self.carrier.fault().unwrap_or("it failed here").to_owned()),
            Stance::Poor | Stance::Can | Stance::Want | Stance::Claim => {}
        }
        match view.voting.book.holder(&self.name, view.now) {
            Some(holder) if holder != view.settings.own => {
                return Some(format!("our vote is {holder}'s until it expires"));
            }
            Some(_) | None => {}
        }
        if !view.may_vote(&self.name, &view.settings.own) {
            return Some("this node has restarted and does not know what it promised".to_owned());
        }
        let own = self.stance(view);
        let better = view.peers.iter().find_map(|(name, peer)| match peer.knowledge(&self.name) {
            Knowledge::Says(part) if part.stance > Stance::No && self.is_outranked(name, part.stance, own, view) => {
                Some((name, part.stance))
            }
            Knowledge::Says(_) | Knowledge::Unknown | Knowledge::Gone => None,
        });
        if let Some((name, stance)) = better {
            return Some(format!("{name} comes first: {}", self.reason_for_rank(name, stance, own, view)));
        }
        (view.now < self.not_before).then(|| "the peers are given time to hear of it".to_owned())
    }

    fn start(&mut self, until: Time, view: &View, effects: &mut Vec<Effect>) {
        let dead: Vec<&str> =
            view.peers.iter().filter(|(_, peer)| peer.is_dead()).map(|(name, _)| name.as_str()).collect();
        let text = match (self.wish.is_takeover(), dead.is_empty()) {
            (true, _) => "a person asked for it here".to_owned(),
            (false, false) => format!("{} is dead", dead.join(" and ")),
            (false, true) => "no other node has it and this one comes first".to_owned(),
        };
        self.held = Held::Starting;
        self.action = view.now;
        self.epoch += 1;
        self.contest.starts(self.epoch);
        self.renewed = until;
        self.renewed_early = false;
        self.because("start", &text, view, effects);
        let line = Line::new("do", view.now).word("start").word(&self.name);
        effects.push(Effect::Say(line.field("until", until).field("epoch", self.epoch)));
        self.tell(view, effects);
    }

    fn keep_or_leave(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if view.permit(&self.name, true).is_none() {
            self.changed_hands(view, effects);
            self.stop("our lease has ended: too few votes came in time", view, effects);
        } else if view.now >= self.renewed {
            self.changed_hands(view, effects);
            self.stop("what was leased last has ended before it was renewed", view, effects);
        } else if view.leaving {
            self.stop("this node is leaving", view, effects);
        } else if self.wish.is_standby() {
            self.stop("a person asked for standby", view, effects);
        } else if let Some(text) = self.lost_contest(view, effects) {
            self.changed_hands(view, effects);
            self.stop(&text, view, effects);
        } else if let Some(reason) = self.overdue(view) {
            self.stop_for(reason, view, effects);
        } else {
            match self.hand_over(view) {
                Move::Goes(text) => self.stop(&text, view, effects),
                Move::Driven(text) => {
                    self.changed_hands(view, effects);
                    self.stop(&text, view, effects);
                }
                Move::Stays(text) => {
                    if self.put_off == Some(Reason::Partly) && !view.maintenance.is_on(view.now) {
                        self.stay(view, effects);
                    }
                    self.because("keep", &text, view, effects);
                    self.renew(view, effects);
                    self.reannounce(view, effects);
                }
            }
        }
    }

    /// What was put off and is to be done now: a maintenance is over, or a node is
    /// ready that can do better.
    fn overdue(&mut self, view: &View) -> Option<Reason> {
        let elsewhere = self.put_off.is_some() && self.is_wanted_elsewhere(view);
        self.put_off.take_if(|reason| {
            !view.maintenance.is_on(view.now)
                && match reason {
                    Reason::Partly => elsewhere,
                    Reason::Failed | Reason::Unknown | Reason::CutOff => true,
                }
        })
    }

    fn renew(&mut self, view: &View, effects: &mut Vec<Effect>) {
        let Some(until) = view.permit(&self.name, true) else { return };
        let again = self.held == Held::Started && std::mem::take(&mut self.renewed_early);
        if again || until.since(self.renewed) >= view.voting.renewal() {
            self.renewed = until;
            self.renewed_early = self.held == Held::Starting;
            let line = Line::new("do", view.now).word("renew").word(&self.name);
            effects.push(Effect::Say(line.field("until", until)));
        }
    }

    /// The last stop failed: it is tried again later, and what the policy says
    /// happens when that was often enough. A person who works on a node is not
    /// surprised by its end.
    pub(super) fn stop_again(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if self.held != Held::Stopping {
            self.held = Held::Stopping;
            self.tell(view, effects);
        }
        self.stop_failures += 1;
        let StopFailed { policy, tries } = view.settings.policy.stop_failed;
        if self.stop_failures < tries {
            self.stop_at = view.now + STOP_AGAIN;
            effects.push(why(view.now, &self.name, "alarm", "it could not be stopped and is tried again"));
            return;
        }
        self.stop_at = view.now + STOP_HELD;
        let tried = format!("it could not be stopped in {} tries", self.stop_failures);
        match policy {
            StopPolicy::Fence if !view.maintenance.is_on(view.now) => {
                let text = format!("{}: {tried}: this node fences itself", self.name);
                effects.push(why(view.now, &view.settings.own, "fence", &text));
                let line = Line::new("do", view.now).word("fence").word(&view.settings.own);
                effects.push(Effect::Say(line.field("until", self.stop_at)));
            }
            StopPolicy::Hold | StopPolicy::Fence => {
                let text =
                    format!("{tried}: it is held here, so that nobody else starts it, and tried again each minute");
                effects.push(why(view.now, &self.name, "alarm", &text));
            }
        }
    }

    pub(super) fn stop(&mut self, text: &str, view: &View, effects: &mut Vec<Effect>) {
        let first = self.held != Held::Stopping;
        self.held = Held::Stopping;
        self.action = view.now;
        self.stop_at = Time::from_micros(u64::MAX);
        // What failed in a maintenance is remembered, whatever it is stopped for.
        self.failing |= self.put_off.take().is_some_and(|reason| reason >= Reason::Partly);
        self.contest.leaving();
        self.because("stop", text, view, effects);
        effects.push(Effect::Say(Line::new("do", view.now).word("stop").word(&self.name)));
        if first {
            self.tell(view, effects);
        }
    }

    fn wait(&mut self, text: &str, view: &View, effects: &mut Vec<Effect>) {
        self.because("wait", text, view, effects);
    }

    /// Gives a reason, unless it is the one that was given last.
    fn because(&mut self, verb: &str, text: &str, view: &View, effects: &mut Vec<Effect>) {
        if self.reason.split_once(' ') != Some((verb, text)) {
            self.reason = format!("{verb} {text}");
            effects.push(why(view.now, &self.name, verb, text));
        }
    }

    /// Says in a record what this node does with it.
    pub(super) fn tell(&self, view: &View, effects: &mut Vec<Effect>) {
        let line = Line::new("group", view.now).word(&self.name).word(self.held.word());
        effects.push(Effect::Say(line.field("node", &view.settings.own).field("epoch", self.epoch)));
    }
}

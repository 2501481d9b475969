//! One resource group on this node: what is done with it, and why.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::announce::{Held, Part, Stance};
use crate::record::Line;
use crate::time::Time;

use super::peer::Knowledge;
use super::{Effect, GroupSetting, Settings, View, why};

/// When the holder of an address says so again after it has taken it. The first
/// two of design's schedule, at once and after 50 ms, belong to the action.
const AGAIN: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(60)];

/// A stop that failed is tried again after this time, for ever: nobody else may
/// start the group before it has succeeded.
const STOP_AGAIN: Duration = Duration::from_secs(5);

/// A lease that has grown by less is not worth a renewal: a quarter of the
/// kernel's shortest lifetime.
const RENEW: Duration = Duration::from_millis(250);

/// A group on this node.
#[derive(Debug)]
pub(super) struct Group {
    name: String,
    preferred: String,
    held: Held,
    epoch: u64,
    /// A person sent it away; until somebody else serves it.
    standby: bool,
    /// A person moved it: auto_failback does not bring it back.
    yielded: bool,
    /// A person wants it here.
    claimed: bool,
    /// A resource failed while it ran: it is failed once it has stopped.
    failing: bool,
    /// Another node claims it too.
    contested: bool,
    renewed: Time,
    again: VecDeque<Time>,
    not_before: Time,
    stop_at: Time,
    reason: String,
    /// What the peers were last seen to do with it, for the `group` records.
    others: BTreeMap<String, Part>,
}

/// The place of a node among those that could serve: stance first, then the
/// preferred node, then the order of the configuration.
type Rank = (Stance, bool, std::cmp::Reverse<usize>);

impl Group {
    pub(super) fn new(setting: &GroupSetting) -> Group {
        Group {
            name: setting.name.clone(),
            preferred: setting.preferred.clone(),
            held: Held::Unknown,
            epoch: 0,
            standby: false,
            yielded: false,
            claimed: false,
            failing: false,
            contested: false,
            renewed: Time::ZERO,
            again: VecDeque::new(),
            not_before: Time::ZERO,
            stop_at: Time::ZERO,
            reason: String::new(),
            others: BTreeMap::new(),
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

    pub(super) fn stance(&self, view: &View) -> Stance {
        if view.leaving || self.standby || self.failing || self.held == Held::Failed {
            Stance::No
        } else if self.claimed {
            Stance::Claim
        } else if view.settings.policy.auto_failback && !self.yielded && self.preferred == view.settings.own {
            Stance::Want
        } else {
            Stance::Can
        }
    }

    /// The result of an action, or the state in which the group was found.
    pub(super) fn told(&mut self, told: Held, view: &mut View, effects: &mut Vec<Effect>) {
        let before = self.held;
        let next = match (before, told) {
            // A start whose lease ended on the way was refused for being late:
            // that says nothing of the group, and is not remembered against it.
            (Held::Starting, Held::Failed) if view.now >= self.renewed => Held::Stopped,
            (Held::Starting | Held::Unknown | Held::Started, Held::Started) => Held::Started,
            (Held::Starting | Held::Unknown | Held::Started | Held::Stopped, Held::Stopped) => Held::Stopped,
            (Held::Starting | Held::Unknown | Held::Stopped | Held::Asking | Held::Failed, Held::Failed) => {
                Held::Failed
            }
            (Held::Stopping, Held::Stopped) => {
                if std::mem::take(&mut self.failing) {
                    Held::Failed
                } else {
                    Held::Stopped
                }
            }
            (Held::Started, Held::Failed) => {
                self.failing = true;
                self.stop("a resource failed", view, effects);
                return;
            }
            // Its addresses are not what they should be: it begins anew.
            (Held::Started, Held::Unknown) => {
                self.stop("it is not known whether it still works", view, effects);
                return;
            }
            (Held::Stopping, Held::Started | Held::Failed | Held::Unknown) => {
                self.stop_at = view.now + STOP_AGAIN;
                effects.push(why(view.now, &self.name, "alarm", "it could not be stopped and is tried again"));
                return;
            }
            // A report about what this node has no part in, or that an action
            // is under way, changes nothing.
            (Held::Stopped | Held::Asking | Held::Failed, Held::Started)
            | (Held::Asking | Held::Failed, Held::Stopped)
            | (_, Held::Unknown | Held::Asking | Held::Starting | Held::Stopping) => return,
        };
        self.held = next;
        if !next.may_hold() {
            self.give_votes_back(view);
        }
        match (before, next) {
            (_, Held::Started) if before != Held::Started => {
                self.claimed = false;
                self.yielded = false;
                self.say_again(view.now, &AGAIN);
            }
            // A start that was refused, because it came too late, is not
            // repeated at once.
            (Held::Starting, Held::Stopped) => self.not_before = view.now + view.settings.keepalive * 2,
            (_, Held::Failed) => {
                self.claimed = false;
                let text = "it failed here; ask clear forgets it";
                effects.push(why(view.now, &self.name, "alarm", text));
            }
            (_, Held::Unknown | Held::Stopped | Held::Asking | Held::Starting | Held::Started | Held::Stopping) => {}
        }
        if before != next {
            self.tell(view, effects);
        }
    }

    /// A person asks that another node serves it.
    pub(super) fn stand_by(&mut self, force: bool, view: &View, effects: &mut Vec<Effect>) {
        if !self.held.claims() {
            effects.push(why(view.now, &self.name, "refused", "standby: it is not served here"));
            return;
        }
        let able = view.peers.iter().find(|(_, peer)| {
            peer.is_ready()
                && matches!(peer.knowledge(&self.name), Knowledge::Says(part) if part.stance > Stance::No && part.held == Held::Stopped)
        });
        match able {
            None if !force => {
                effects.push(why(view.now, &self.name, "refused", "standby: no other node can serve it"));
            }
            _ => {
                self.standby = true;
                self.claimed = false;
            }
        }
    }

    /// A person asks that this node serves it.
    pub(super) fn claim(&mut self, view: &View, effects: &mut Vec<Effect>) {
        match self.held {
            Held::Started | Held::Starting => {
                effects.push(why(view.now, &self.name, "refused", "takeover: it is served here already"));
            }
            Held::Failed => {
                effects.push(why(view.now, &self.name, "refused", "takeover: it failed here; ask clear first"));
            }
            Held::Unknown | Held::Stopped | Held::Asking | Held::Stopping => {
                self.claimed = true;
                self.standby = false;
                // The peers hear of the claim before it is acted on.
                self.not_before = view.now + view.settings.keepalive * 2;
            }
        }
    }

    /// A person asks to forget that it failed here.
    pub(super) fn clear(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if self.held == Held::Failed {
            self.held = Held::Stopped;
            self.not_before = view.now + view.settings.keepalive * 2;
            self.tell(view, effects);
        }
    }

    /// A peer died: what it said counts no more.
    pub(super) fn forget(&mut self, peer: &str, now: Time, effects: &mut Vec<Effect>) {
        if let Some(part) = self.others.remove(peer) {
            if part.held.may_hold() {
                let line = Line::new("group", now).word(&self.name).word(Held::Unknown.word());
                effects.push(Effect::Say(line.field("node", peer).field("epoch", part.epoch)));
            }
        }
    }

    /// Looks at everything, and begins at most one action.
    pub(super) fn decide(&mut self, view: &mut View, effects: &mut Vec<Effect>) {
        self.look_at_others(view, effects);
        self.end_standby(view);
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
            Held::Stopping | Held::Failed => {}
        }
    }

    fn look_at_others(&mut self, view: &View, effects: &mut Vec<Effect>) {
        for (name, peer) in &view.peers {
            let Knowledge::Says(part) = peer.knowledge(&self.name) else { continue };
            self.epoch = self.epoch.max(part.epoch);
            let before = self.others.insert(name.clone(), part);
            if before.is_none_or(|before| before.held != part.held) {
                let line = Line::new("group", view.now).word(&self.name).word(part.held.word());
                effects.push(Effect::Say(line.field("node", name).field("epoch", part.epoch)));
            }
        }
    }

    /// A standby is over when another serves, or when no other is left.
    fn end_standby(&mut self, view: &View) {
        if !self.standby || self.held != Held::Stopped {
            return;
        }
        let mut knowledge = view.peers.values().map(|peer| peer.knowledge(&self.name));
        let served = self
            .others
            .iter()
            .any(|(name, part)| part.held == Held::Started && view.peers.get(name).is_some_and(super::Peer::is_heard));
        if served {
            self.standby = false;
            self.yielded = true;
        } else if knowledge.all(|peer| peer == Knowledge::Gone) {
            self.standby = false;
        }
    }

    fn rank(&self, node: &str, stance: Stance, settings: &Settings) -> Rank {
        let place = settings.nodes.iter().position(|name| name == node).unwrap_or(usize::MAX);
        (stance, self.preferred == node, std::cmp::Reverse(place))
    }

    fn own_rank(&self, view: &View) -> Rank {
        self.rank(&view.settings.own, self.stance(view), &view.settings)
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
        } else {
            self.held = Held::Asking;
            self.because("ask", "the votes of the others are needed", view, effects);
        }
    }

    fn give_votes_back(&self, view: &mut View) {
        view.voting.book.release(&self.name, &view.settings.own);
        view.voting.leases.end(&self.name);
    }

    /// Why this node must not start it, as a sentence.
    fn obstacle(&self, view: &View) -> Option<String> {
        if view.stalled {
            return Some("this node was paused and listens first".to_owned());
        }
        for (name, peer) in &view.peers {
            match peer.knowledge(&self.name) {
                Knowledge::Unknown => return Some(format!("it is not known what {name} does")),
                Knowledge::Says(part) if part.held.may_hold() => {
                    return Some(format!("{name} has it: {}", part.held.word()));
                }
                Knowledge::Says(_) | Knowledge::Gone => {}
            }
        }
        match self.stance(view) {
            Stance::No if view.leaving => return Some("this node is leaving".to_owned()),
            Stance::No => return Some("this node stands by".to_owned()),
            Stance::Can | Stance::Want | Stance::Claim => {}
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
        let own = self.own_rank(view);
        let better = view.peers.iter().find(|(name, peer)| match peer.knowledge(&self.name) {
            Knowledge::Says(part) => part.stance > Stance::No && self.rank(name, part.stance, &view.settings) > own,
            Knowledge::Unknown | Knowledge::Gone => false,
        });
        if let Some((name, _)) = better {
            return Some(format!("{name} comes first"));
        }
        (view.now < self.not_before).then(|| "the peers are given time to hear of it".to_owned())
    }

    fn start(&mut self, until: Time, view: &View, effects: &mut Vec<Effect>) {
        let dead: Vec<&str> =
            view.peers.iter().filter(|(_, peer)| peer.is_dead()).map(|(name, _)| name.as_str()).collect();
        let text = match (self.claimed, dead.is_empty()) {
            (true, _) => "a person asked for it here".to_owned(),
            (false, false) => format!("{} is dead", dead.join(" and ")),
            (false, true) => "no other node has it and this one comes first".to_owned(),
        };
        self.held = Held::Starting;
        self.epoch += 1;
        self.renewed = until;
        self.standby = false;
        self.because("start", &text, view, effects);
        let line = Line::new("do", view.now).word("start").word(&self.name);
        effects.push(Effect::Say(line.field("until", until).field("epoch", self.epoch)));
        self.tell(view, effects);
    }

    fn keep_or_leave(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if view.permit(&self.name, true).is_none() {
            self.stop("our lease has ended: too few votes came in time", view, effects);
        } else if view.now >= self.renewed {
            self.stop("what was leased last has ended before it was renewed", view, effects);
        } else if view.leaving {
            self.stop("this node is leaving", view, effects);
        } else if self.standby {
            self.stop("a person asked for standby", view, effects);
        } else if let Some(text) = self.lost_contest(view, effects) {
            self.stop(&text, view, effects);
        } else if let Some(text) = self.hand_over(view) {
            self.stop(&text, view, effects);
        } else {
            self.because("keep", "it is served here", view, effects);
            self.renew(view, effects);
            self.reannounce(view, effects);
        }
    }

    /// Both serve: after a healed cut, say. The loser stops; the winner says
    /// again that it has it, at once and when the loser has released.
    fn lost_contest(&mut self, view: &View, effects: &mut Vec<Effect>) -> Option<String> {
        let own = self.own_rank(view);
        let mut contested = false;
        for (name, peer) in view.peers.iter().filter(|(_, peer)| peer.is_heard()) {
            let Knowledge::Says(part) = peer.knowledge(&self.name) else { continue };
            if part.held.claims() && self.rank(name, part.stance, &view.settings) > own {
                return Some(format!("{name} has it too and comes first"));
            }
            // It begins with a claim, and lasts until nothing is held any more.
            contested |= part.held.claims() || (self.contested && part.held.may_hold());
        }
        let was = std::mem::replace(&mut self.contested, contested);
        if contested && !was {
            effects.push(why(view.now, &self.name, "alarm", "another node has it too and must release it"));
        }
        if contested != was {
            self.say_again(view.now, &[&[Duration::ZERO], &AGAIN[..]].concat());
        }
        None
    }

    /// A node that is ready, does not have it, and wants it more.
    fn hand_over(&mut self, view: &View) -> Option<String> {
        let own = self.stance(view);
        let (name, stance) = view.peers.iter().find_map(|(name, peer)| match peer.knowledge(&self.name) {
            Knowledge::Says(part) if peer.is_ready() && !part.held.may_hold() && part.stance > own => {
                Some((name, part.stance))
            }
            Knowledge::Says(_) | Knowledge::Unknown | Knowledge::Gone => None,
        })?;
        if stance == Stance::Claim {
            self.yielded = true;
            Some(format!("a person asked for it on {name}"))
        } else {
            Some(format!("{name} is back and is preferred"))
        }
    }

    fn renew(&mut self, view: &View, effects: &mut Vec<Effect>) {
        let Some(until) = view.permit(&self.name, true) else { return };
        if until.since(self.renewed) >= (view.voting.terms.lease / 4).max(RENEW) {
            self.renewed = until;
            let line = Line::new("do", view.now).word("renew").word(&self.name);
            effects.push(Effect::Say(line.field("until", until)));
        }
    }

    fn reannounce(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if self.again.front().is_some_and(|at| view.now >= *at) {
            // Those that fell due together are one.
            self.again.retain(|at| view.now < *at);
            effects.push(Effect::Say(Line::new("do", view.now).word("reannounce").word(&self.name)));
        }
    }

    fn stop(&mut self, text: &str, view: &View, effects: &mut Vec<Effect>) {
        let first = self.held != Held::Stopping;
        self.held = Held::Stopping;
        self.stop_at = Time::from_micros(u64::MAX);
        self.again.clear();
        self.contested = false;
        self.because("stop", text, view, effects);
        effects.push(Effect::Say(Line::new("do", view.now).word("stop").word(&self.name)));
        if first {
            self.tell(view, effects);
        }
    }

    fn say_again(&mut self, now: Time, schedule: &[Duration]) {
        self.again = schedule.iter().map(|after| now + *after).collect();
    }

    fn wait(&mut self, text: &str, view: &View, effects: &mut Vec<Effect>) {
        self.because("wait", text, view, effects);
    }

    /// Gives a reason, unless it is the one that was given last.
    fn because(&mut self, verb: &str, text: &str, view: &View, effects: &mut Vec<Effect>) {
        let reason = format!("{verb} {text}");
        if self.reason != reason {
            self.reason = reason;
            effects.push(why(view.now, &self.name, verb, text));
        }
    }

    /// Says in a record what this node does with it.
    fn tell(&self, view: &View, effects: &mut Vec<Effect>) {
        let line = Line::new("group", view.now).word(&self.name).word(self.held.word());
        effects.push(Effect::Say(line.field("node", &view.settings.own).field("epoch", self.epoch)));
    }
}

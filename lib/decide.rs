//! Who serves: from verdicts and announcements to actions.
//!
//! A node announces what it holds and how much it wants each group (see
//! [`crate::announce`]). Every node computes from the last announcement of each
//! peer what is to be done; a lost message costs time, never correctness. What a
//! node may take, and for how long, is asked of [`permit`]: the votes of a
//! quorum have their place there.
//!
//! The state of a group on this node:
//!
//! ```text
//!             told: stopped            do start             told: started
//!   unknown ----------------> stopped ----------> starting ---------------> started
//!      |                       ^   ^                 |                        |
//!      | told: started         |   |  told: stopped  | told: failed           | do stop
//!      +------> started        |   +-----------------+----> failed            v
//!                              +------------------------------------------ stopping
//!                                            told: stopped                 (told: failed:
//!                                                                           stop again)
//! ```
//!
//! "Told" is a `group` record on the bus, the result of an action. While an
//! action runs no other is begun for its group, so that a start and a stop never
//! meet.

mod agreement;
mod announcing;
mod carrier;
mod connectivity;
mod contest;
mod damping;
mod failback;
mod failures;
mod fenced;
mod fencing;
mod group;
mod heritage;
mod inherit;
mod maintenance;
mod peer;
mod permit;
mod policy;
mod rank;
mod reload;
mod requests;
mod results;
mod settings;
mod view;
mod wish;

use std::fmt;

use crate::announce::Held;
use crate::beat::Beat;
use crate::record::{Line, Record};
use crate::time::Time;

pub use crate::ha_cf::Quorum;
use announcing::Standing;
use connectivity::Connectivity;
pub use damping::LIMIT_MAX as FLAP_LIMIT_MAX;
use fencing::Fencing;
use group::Group;
pub use heritage::{Heritage, MAX as HERITAGE_MAX, Refused};
use maintenance::Maintenance;
use peer::{News, Peer};
use permit::Voting;
pub use policy::Policy;
use results::Told;
pub use settings::{GroupSetting, Settings};
use view::View;

/// What comes out of a decision, in the order in which it is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A record for standard output: `do`, `why`, `group`.
    Say(Line),
    /// An announcement for hb-send.
    Announce(String),
    /// The work is done: everything is released and announced.
    End,
}

/// What in the stream could not be right. It was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strange {
    /// A record without the words or fields that its kind has.
    Incomplete,
    /// A tick before an earlier tick.
    TickBackwards,
    /// A node that is not configured.
    UnknownNode,
    /// A group that is not configured.
    UnknownGroup,
    /// An address that belongs to no group.
    UnknownAddress,
    /// An announcement whose groups cannot be read.
    Unreadable,
}

impl fmt::Display for Strange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strange::Incomplete => "a record lacks what its kind must have",
            Strange::TickBackwards => "a tick goes back in time",
            Strange::UnknownNode => "a node that is not configured",
            Strange::UnknownGroup => "a group that is not configured",
            Strange::UnknownAddress => "an address that belongs to no group",
            Strange::Unreadable => "the groups in an announcement cannot be read",
        })
    }
}

/// The decision maker. It reads no clock: [`Decide::record`] is a function of
/// what it was given before and the record.
#[derive(Debug)]
pub struct Decide {
    view: View,
    groups: Vec<Group>,
    ticked: Option<Time>,
    active: bool,
    beat: Beat,
    /// What was announced last, and for whom we voted.
    announced: Option<(Standing, Vec<(String, String)>)>,
    announced_at: Time,
    ended: bool,
    /// The incarnation of our heartbeats in an earlier life of this process.
    inherited: Option<String>,
    /// When what was inherited was true.
    left_at: Option<Time>,
    /// When everything was looked at last.
    decided_at: Time,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// It is not for us.
    Ignored,
    /// It is remembered, and nothing follows from it yet.
    Noted,
    /// Everything is to be looked at.
    Matters,
}

/// With so many peers, votes that only prolong are looked at once in a keepalive.
const OFTEN: u32 = 128;

impl Decide {
    /// A decision maker that knows nothing of any peer or group yet.
    pub fn new(settings: Settings) -> Decide {
        let others = settings.nodes.iter().filter(|node| **node != settings.own);
        let peers = others.map(|name| (name.clone(), Peer::new())).collect();
        let groups = settings.groups.iter().map(Group::new).collect();
        let voting = Voting::new(settings.quorum, settings.deadtime, settings.keepalive);
        // Until time flows it is not known how long that is.
        let (now, abstains_until) = (Time::ZERO, Time::from_micros(u64::MAX));
        let (connectivity, fencing) = (Connectivity::new(&settings), Fencing::new(&settings));
        let (stalled, leaving) = (false, false);
        let (maintenance, changes) = (Maintenance::default(), 0);
        let view = View {
            settings,
            peers,
            voting,
            connectivity,
            fencing,
            maintenance,
            changes,
            now,
            abstains_until,
            stalled,
            leaving,
        };
        Decide {
            view,
            groups,
            ticked: None,
            active: false,
            beat: Beat::new(),
            announced: None,
            announced_at: Time::ZERO,
            ended: false,
            inherited: None,
            left_at: None,
            decided_at: Time::ZERO,
        }
    }

    /// Whether this node may hold a group.
    pub fn may_hold(&self) -> bool {
        self.groups.iter().any(|group| group.held().may_hold())
    }

    /// Takes one record and appends what is to be done.
    ///
    /// # Errors
    /// The record contradicts the stream or its kind; nothing changed. After an
    /// announcement that is authentic and cannot be read it is not known any more
    /// what its node does.
    pub fn record(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        if self.ended {
            return Ok(());
        }
        let before = self.view.now;
        // Before time begins to flow, only to date what is said.
        if self.ticked.is_none() || (before <= record.time && self.view.is_plausible(record.time)) {
            self.view.now = record.time;
        }
        let taken = self.take(record, effects);
        // What is not for us is no clock either.
        if !matches!(taken, Ok(Taken::Noted | Taken::Matters)) {
            self.view.now = before;
        }
        if taken? == Taken::Matters && self.ticked.is_some() {
            self.decide(effects);
        }
        Ok(())
    }

    fn take(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<Taken, Strange> {
        match record.kind {
            "tick" => self.tick(record.time, effects)?,
            "msg" => return self.message(record, effects),
            "node" => return self.node(record, effects),
            "link" => {
                self.link(record);
                return Ok(Taken::Noted);
            }
            "self" => {
                self.view.stalled = match record.subject() {
                    Some("stalled") => true,
                    Some("ready") => false,
                    Some(_) | None => return Err(Strange::Incomplete),
                }
            }
            "sent" => return self.sent(record),
            "group" if record.raw("node").is_none() => self.result(record, effects)?,
            "ask" => self.ask(record, effects)?,
            "conflict" => self.conflict(record, effects)?,
            "carrier" => self.carrier(record, effects)?,
            "fence" => self.fenced(record, effects)?,
            "config" => self.configure(record, effects)?,
            _ => return Ok(Taken::Ignored),
        }
        Ok(Taken::Matters)
    }

    fn tick(&mut self, time: Time, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        if self.ticked.is_some_and(|before| time < before) {
            return Err(Strange::TickBackwards);
        }
        if self.ticked.is_none() {
            self.view.now = time;
            self.view.abstains_until = time + self.view.voting.terms.vote;
            self.look_at_heritage(effects);
        }
        self.view.now = self.view.now.max(time);
        self.view.voting.tick(time);
        self.view.voting.book.not_after(self.view.now);
        for peer in self.view.peers.values_mut() {
            peer.not_after(self.view.now);
        }
        self.ticked = Some(time);
        Ok(())
    }

    /// Takes a message. Most say what the one before said, and are no reason to
    /// look at everything: the next tick is soon enough.
    fn message(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<Taken, Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        let is_status = record.raw("t") == Some("status");
        let Some(peer) = self.view.peers.get_mut(name) else { return self.unknown(name) };
        if !is_status {
            return Ok(Taken::Ignored);
        }
        let was_heard = peer.said().is_some();
        let heard = peer.hear(record, &self.view.settings.own, &self.view.voting.leases, self.view.now);
        if heard != Ok(News::Votes) {
            self.view.changes += 1;
        }
        let news = heard?;
        let said = effects.len();
        peer.compare(name, &self.view.settings, self.view.now, effects);
        if news == News::Overtaken {
            return Ok(Taken::Ignored);
        }
        self.view.fencing.heard(name, peer, self.view.settings.deadtime, effects);
        self.hear_maintenance(name, record, effects);
        // An inherited lease is short: who can prolong it hears at once that it was heard.
        if !was_heard && self.view.voting.is_heir() {
            self.beat.set(self.view.now);
        }
        let given = self.view.voting.book.changes();
        self.vote(name);
        let votes = given != self.view.voting.book.changes() || self.beat.has_come(self.view.now);
        let matters = news == News::More || effects.len() > said || votes || self.waits_for_votes();
        Ok(if matters { Taken::Matters } else { Taken::Noted })
    }

    /// A node that is not configured is nobody's; our own words are no news.
    fn unknown(&self, name: &str) -> Result<Taken, Strange> {
        if name == self.view.settings.own { Ok(Taken::Ignored) } else { Err(Strange::UnknownNode) }
    }

    /// Whether votes that came are to be looked at now. What is asked for is
    /// started with the last vote that it needs; what is served is prolonged by
    /// each, and every look at it takes as long as there are peers: it is rarer
    /// with many of them.
    fn waits_for_votes(&self) -> bool {
        let peers = u32::try_from(self.view.peers.len()).unwrap_or(u32::MAX);
        let rest = self.view.settings.keepalive.saturating_mul(peers) / OFTEN;
        let is_rested = self.view.now.since(self.decided_at) >= rest;
        self.groups.iter().any(|group| match group.held() {
            Held::Asking => self.view.permit(group.name(), false).is_some(),
            Held::Starting | Held::Started | Held::Stopping => is_rested,
            Held::Unknown | Held::Stopped | Held::Failed => false,
        })
    }

    /// Answers the asks of a peer, takes its votes for us, and lets our own
    /// heartbeat follow its asks, so that its leases are as young as they can be.
    fn vote(&mut self, name: &str) {
        let view = &mut self.view;
        let Some((said, heard)) = view.peers.get(name).and_then(|peer| Some((peer.said()?, peer.heard()?))) else {
            return;
        };
        if !said.proven {
            return;
        }
        let mut asks = false;
        for (group, part) in &said.groups.0 {
            if !part.held.may_hold() && !part.held.asks() {
                view.voting.book.release(group, name);
            } else if part.held.asks() && view.may_vote(group, name) {
                asks |= view.voting.book.ask(group, name, &heard.incarnation, heard.sequence, heard.at);
            }
        }
        for (group, vote) in said.votes.0.iter().filter(|(_, vote)| vote.holder == view.settings.own) {
            view.voting.leases.granted(group, name, vote);
        }
        if asks && view.now.since(self.announced_at) * 2 >= view.settings.keepalive {
            self.beat.follow(view.now);
        }
    }

    fn node(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<Taken, Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        let state = record.state().ok_or(Strange::Incomplete)?;
        if record.raw("type") == Some("ping") {
            let seen = self.view.connectivity.see(name, state, record.raw("reason"));
            return seen.map(|()| Taken::Matters).ok_or(Strange::Incomplete);
        }
        let Some(peer) = self.view.peers.get_mut(name) else { return self.unknown(name) };
        let was_gone = peer.is_dead();
        peer.judge(state, record.time).ok_or(Strange::Incomplete)?;
        self.view.changes += 1;
        if peer.is_dead() && !was_gone {
            for group in &mut self.groups {
                group.forget(name, &self.view, effects);
            }
            self.fence(name, effects);
        }
        Ok(Taken::Matters)
    }

    fn link(&mut self, record: &Record<'_>) {
        let link = record.subject().and_then(|subject| subject.split_once('/'));
        let Some((name, medium)) = link else { return };
        if let Some(peer) = self.view.peers.get_mut(name) {
            peer.judge_link(medium, record);
        }
    }

    /// A message of ours has left. A time that is yet to come would be a lease
    /// that nobody gave.
    fn sent(&mut self, record: &Record<'_>) -> Result<Taken, Strange> {
        let [kind, incarnation, sequence] = record.raw_all(["t", "inc", "seq"]);
        if kind.is_some_and(|kind| kind != "status") {
            return Ok(Taken::Ignored);
        }
        let sequence = sequence.and_then(|text| u64::from_str_radix(text, 16).ok()).ok_or(Strange::Incomplete)?;
        if !self.view.is_plausible(record.time) {
            return Ok(Taken::Ignored);
        }
        // From here on votes can be counted.
        if self.view.voting.leases.incarnation().is_none() && self.view.voting.is_heir() {
            self.beat.set(self.view.now);
        }
        self.view.voting.leases.left(incarnation.unwrap_or("-"), sequence, record.time);
        Ok(Taken::Matters)
    }

    fn result(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        let held: Held = record.state().ok_or(Strange::Incomplete)?.parse().map_err(|_| Strange::Incomplete)?;
        let group = self.groups.iter_mut().find(|group| group.name() == name).ok_or(Strange::UnknownGroup)?;
        let told = if record.raw("by") == Some("monitor") { Told::ByMonitor(held) } else { Told::Plain(held) };
        let of = record.raw("for").map(str::parse).transpose().map_err(|_| Strange::Incomplete)?;
        if of.is_some_and(|begun| group.is_another(begun)) {
            return Ok(());
        }
        // The end of a lease says nothing of an action that is under way.
        if record.raw("lease").is_none() || group.held() == Held::Started {
            group.told(told, &mut self.view, effects);
        }
        Ok(())
    }

    fn decide(&mut self, effects: &mut Vec<Effect>) {
        self.decided_at = self.view.now;
        self.active |= self.view.peers.values().all(Peer::was_met);
        let view = &mut self.view;
        view.maintenance.look(view.now, effects);
        view.maintenance.tell(view.now, effects);
        let standing = view.standing();
        view.fencing.look(&view.peers, standing, effects);
        view.connectivity.look(&view.peers, view.stalled, view.now, effects);
        for group in &mut self.groups {
            group.decide(&mut self.view, effects);
        }
        let released = self.view.leaving && self.groups.iter().all(Group::is_released);
        self.announce(released, effects);
        if released {
            self.ended = true;
            effects.push(Effect::Say(Line::new("do", self.view.now).word("exit")));
            effects.push(Effect::End);
        }
    }
}

/// A reason: `why T SUBJECT VERB words`.
pub(crate) fn why(now: Time, subject: &str, verb: &str, text: &str) -> Effect {
    let line = Line::new("why", now).word(subject).word(verb);
    Effect::Say(text.split_ascii_whitespace().fold(line, |line, word| line.word(word)))
}

#[cfg(test)]
mod tests;

//! Heartbeat's own resource protocol (`dialect heartbeat`), so that a node of
//! hbkit and one of Heartbeat 3 serve groups together: from the same records as
//! [`crate::decide`] to the same actions, and to the messages that the other node
//! understands. A pure function of the stream, as that.
//!
//! Groups are claimed, not voted for: who is alone takes everything, and between
//! two that live, groups go from one to the other by a conversation of four
//! messages ([`standby`]). A claim is of all groups that prefer one node, or of
//! all that prefer the other ([`share`]).
//!
//! ```text
//!            both know the nodes             the other said what it holds
//!   silent ----------------------> asking ------------------------------> heard
//!     |                              ^                                      |
//!     | the other is dead:           | released, and said so               | it is stable, or
//!     | claims all                   |                                     | 10 s: claims its own
//!     |                           yielding <---------+                     v  if the other has not
//!     +--------------------------------------------- | ---------------> stable
//!                                     two served, or +---------------------|
//!                                     no lease                             | asked to leave
//!                         farewell <----------------- leaving <-----------+
//!                                   released, and said so
//! ```
//!
//! What of hbkit's promises holds here: a release is told when it has succeeded
//! and not before; what is served is under a lease that ends before the other
//! node takes over; and when two served, this node gives way. What the protocol
//! cannot promise: two nodes that are cut off from each other both serve.

mod claims;
mod exchange;
mod group;
mod holdings;
mod leaving;
mod peer;
mod requests;
mod say;
mod share;
mod standby;

use std::time::Duration;

use crate::announce::Held;
use crate::beat::Beat;
use crate::decide::{Effect, Settings, Strange, why};
use crate::record::Record;
use crate::time::Time;

use group::Group;
use peer::{Age, Kin, Peer};
use requests::Wishes;
use say::Said;
use share::Share;
use standby::Standby;

/// How long a node waits behind the first word of the other's holdings before it
/// claims its own, and how long groups are nobody's before somebody claims them:
/// Heartbeat's.
const PATIENCE: Duration = Duration::from_secs(10);

/// Two that serve the same are believed to when they say so for so long: messages
/// overtake each other.
const CONTEST: Duration = Duration::from_secs(2);

/// Between two of our questions for the nodes.
const AGAIN: Duration = Duration::from_secs(1);

/// How often the same address is announced again for frames that claim it.
const CLAIMS: Duration = Duration::from_secs(10);

/// Records of other tools may be this far ahead of the last tick.
const AHEAD: Duration = Duration::from_secs(1);

/// Where this node is in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The other node was neither heard nor declared dead, or has not said which
    /// nodes it knows.
    Silent,
    /// It is asked for what it holds.
    Asking,
    /// It has said so, first at this time.
    Heard(Time),
    /// All is claimed that is to be.
    Stable,
    /// Everything is released, to begin again.
    Yielding,
    /// Everything is released, to leave.
    Leaving,
    /// It was said at this time that everything is released.
    Farewell(Time),
}

/// The time as the stream has it, and what this node did in it.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    now: Time,
    ticked: Option<Time>,
    stalled: bool,
    /// When a heartbeat of ours left last.
    sent: Option<Time>,
    status: Beat,
    /// Whether a heartbeat was announced since the farewell.
    said_status: bool,
}

/// Since when something was so that is not to last.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    /// The groups of this node are nobody's.
    local: Option<Time>,
    /// Those of the other.
    foreign: Option<Time>,
    /// Both serve the same.
    both: Option<Time>,
    /// The other does not say what it holds.
    mute: Option<Time>,
    /// When an address was announced again.
    claimed: Option<Time>,
    next_question: Time,
}

/// The decision maker. It reads no clock: [`Heartbeat::record`] is a function of
/// what it was given before and the record.
#[derive(Debug)]
pub struct Heartbeat {
    settings: Settings,
    peer: Peer,
    groups: Vec<Group>,
    phase: Phase,
    standby: Standby,
    /// What this node has claimed, and not released.
    claim: Share,
    said: Option<Said>,
    /// The groups of the other node are here because it was gone.
    needs_failback: bool,
    /// Nothing is asked of the other node by itself before this.
    rest_until: Time,
    /// What is to be said again at this time, since the other may not have it.
    say_again: Option<Time>,
    wishes: Wishes,
    clock: Clock,
    watch: Watch,
    asked_to_leave: Option<Time>,
    /// A group that the other node has asked for in the way of `auto_failback
    /// legacy`, and how it called it.
    legacy: Option<(usize, String)>,
    ended: bool,
}

impl Heartbeat {
    /// A decision maker that knows nothing of the other node yet. Of several
    /// others the first one counts: ha.cf with this dialect has but one.
    pub fn new(settings: Settings) -> Heartbeat {
        let other = settings.nodes.iter().find(|node| **node != settings.own);
        Heartbeat {
            peer: Peer::new(other.map(String::as_str).unwrap_or_default()),
            groups: settings.groups.iter().map(Group::new).collect(),
            phase: Phase::Silent,
            standby: Standby::Not,
            claim: Share::NONE,
            said: None,
            needs_failback: false,
            rest_until: Time::ZERO,
            say_again: None,
            wishes: Wishes::default(),
            clock: Clock::default(),
            watch: Watch::default(),
            asked_to_leave: None,
            legacy: None,
            ended: false,
            settings,
        }
    }

    /// Whether this node may hold a group.
    pub fn may_hold(&self) -> bool {
        self.groups.iter().any(Group::may_hold)
    }

    /// Takes one record and appends what is to be done.
    ///
    /// # Errors
    /// The record contradicts the stream or its kind; nothing changed. After words
    /// of the other node that cannot be read it is not known any more what it
    /// holds.
    pub fn record(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        if self.ended {
            return Ok(());
        }
        let before = self.clock.now;
        if self.clock.ticked.is_none() || (before <= record.time && self.is_plausible(record.time)) {
            self.clock.now = record.time;
        }
        let taken = self.take(record, effects);
        // What is not for us is no clock either.
        if !matches!(taken, Ok(true)) {
            self.clock.now = before;
        }
        if taken? && self.clock.ticked.is_some() {
            self.look(effects);
        }
        Ok(())
    }

    /// Whether a record of another tool may be of this time: ticks are rarer.
    fn is_plausible(&self, time: Time) -> bool {
        time <= self.clock.now + AHEAD.max(self.settings.keepalive)
    }

    /// Takes a record; whether it is for us.
    fn take(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<bool, Strange> {
        match record.kind {
            "tick" => self.tick(record.time)?,
            "msg" => return self.message(record, effects),
            "node" => return self.node(record, effects),
            "self" => {
                self.clock.stalled = match record.subject() {
                    Some("stalled") => true,
                    Some("ready") => false,
                    Some(_) | None => return Err(Strange::Incomplete),
                }
            }
            "sent" => return self.sent(record),
            "group" if record.raw("node").is_none() => self.result(record, effects)?,
            "ask" => self.ask(record, effects)?,
            "conflict" => self.conflict(record, effects)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn tick(&mut self, time: Time) -> Result<(), Strange> {
        if self.clock.ticked.is_some_and(|before| time < before) {
            return Err(Strange::TickBackwards);
        }
        if self.clock.ticked.is_none() {
            self.clock.now = time;
        }
        self.clock.now = self.clock.now.max(time);
        self.clock.ticked = Some(time);
        Ok(())
    }

    /// A heartbeat of ours has left; one that no medium took has not.
    fn sent(&mut self, record: &Record<'_>) -> Result<bool, Strange> {
        let [kind, ok] = record.raw_all(["t", "ok"]);
        if kind.is_some_and(|kind| kind != "status") || ok == Some("0") || !self.is_plausible(record.time) {
            return Ok(false);
        }
        self.clock.sent = self.clock.sent.max(Some(record.time));
        Ok(true)
    }

    fn node(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<bool, Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        let state = record.state().ok_or(Strange::Incomplete)?;
        if record.raw("type") == Some("ping") {
            return Ok(false);
        }
        if name != self.peer.name {
            return if name == self.settings.own { Ok(false) } else { Err(Strange::UnknownNode) };
        }
        let was_dead = self.peer.is_dead();
        self.peer.judge(state).ok_or(Strange::Incomplete)?;
        match (was_dead, self.peer.is_dead()) {
            (false, true) => self.died(effects),
            (true, false) if record.raw("partition") == Some("1") => self.came_back(effects),
            (_, _) => {}
        }
        Ok(true)
    }

    fn message(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<bool, Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        if name != self.peer.name {
            return if name == self.settings.own { Ok(false) } else { Err(Strange::UnknownNode) };
        }
        let [kind, dest] = record.raw_all(["t", "dest"]);
        match kind {
            Some("status") => self.hear(record, effects).map(|()| true),
            Some("repnodes") if dest == Some(self.settings.own.as_str()) => self.nodes(record, effects).map(|()| true),
            Some(kind @ ("starting" | "resource" | "ask_resources" | "hb_takeover" | "shutdone" | "ip-request")) => {
                let Some(sequence) = self.peer.number(record)? else { return Ok(false) };
                self.protocol(kind, sequence, record, effects).map(|()| true)
            }
            _ => Ok(false),
        }
    }

    fn hear(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let (kin, is_first) = (self.peer.kin, !self.peer.was_met());
        match self.peer.hear(record)? {
            Age::New => {
                self.standby_ends(&format!("{} has restarted", self.peer.name), effects);
                self.watch = Watch { claimed: self.watch.claimed, ..Watch::default() };
            }
            Age::Next | Age::Old => {}
        }
        if self.peer.kin != kin || is_first {
            self.say_kin(effects);
        }
        Ok(())
    }

    fn say_kin(&self, effects: &mut Vec<Effect>) {
        let text = match self.peer.kin {
            Kin::Heartbeat | Kin::Ours => return,
            Kin::Stranger => {
                "it speaks hbkit's own dialect and this node Heartbeat's: nothing moves between them while both live"
            }
        };
        effects.push(why(self.clock.now, &self.peer.name, "alarm", text));
    }

    fn result(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        let told: Held = record.state().and_then(|word| word.parse().ok()).ok_or(Strange::Incomplete)?;
        let at = self.groups.iter().position(|group| group.name == name).ok_or(Strange::UnknownGroup)?;
        let (groups, view) = self.parts();
        // The end of a lease says nothing of an action that is under way.
        if record.raw("lease").is_none() || groups[at].serves() {
            groups[at].told(told, view, effects);
        }
        Ok(())
    }

    /// A frame claims an address: where it is served here, that is said again.
    fn conflict(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let address = record.subject().and_then(|text| text.parse().ok()).ok_or(Strange::Incomplete)?;
        let name = self.settings.group_of(address).ok_or(Strange::UnknownAddress)?;
        let at = self.groups.iter().position(|group| group.name == name).ok_or(Strange::UnknownAddress)?;
        let is_rested = self.watch.claimed.is_none_or(|at| self.clock.now >= at + CLAIMS);
        if self.groups[at].is_started() && is_rested {
            self.watch.claimed = Some(self.clock.now);
            let mac = record.raw("mac").unwrap_or("another machine").to_owned();
            let text = format!("{mac} claims {address}, which is served here: it is announced again");
            let (groups, view) = self.parts();
            effects.push(why(view.now, &groups[at].name, "alarm", &text));
            groups[at].reannounce(view, effects);
        }
        Ok(())
    }

    /// Looks at everything.
    fn look(&mut self, effects: &mut Vec<Effect>) {
        self.come_up(effects);
        self.settle();
        self.leave(effects);
        self.exchange(effects);
        self.fail_back(effects);
        self.mend(effects);
        self.give_way(effects);
        let waiting = self.waiting();
        let (groups, view) = self.parts();
        let mut lost = false;
        for group in groups.iter_mut() {
            group.wait(&waiting, view, effects);
            lost |= group.decide(view, effects);
        }
        if lost {
            self.lost_lease(effects);
        }
        self.released(effects);
        self.look_at_wishes(effects);
        self.answer_legacy(effects);
        self.say_holdings(false, effects);
        self.say_status(effects);
        self.end(effects);
    }

    /// Why this node does not serve what it has not claimed.
    fn waiting(&self) -> String {
        let name = &self.peer.name;
        match self.phase {
            Phase::Silent if self.peer.was_met() => format!("{name} is asked which nodes it knows"),
            Phase::Silent => format!("it is not known whether {name} lives"),
            Phase::Asking => format!("{name} is asked what it holds"),
            Phase::Heard(_) => format!("{name} has not settled yet"),
            Phase::Yielding => "this node begins again".to_owned(),
            Phase::Leaving | Phase::Farewell(_) => "this node is leaving".to_owned(),
            Phase::Stable => match self.peer.kin {
                Kin::Stranger if !self.peer.is_gone() => format!("{name} speaks hbkit's own dialect"),
                Kin::Heartbeat | Kin::Ours | Kin::Stranger => format!("{name} has it"),
            },
        }
    }
}

#[cfg(test)]
mod tests;

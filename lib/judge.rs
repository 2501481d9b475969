//! From records to verdicts: which nodes live, over which links they are heard,
//! and whether this node could listen at all.
//!
//! ```text
//!            status heard          st=active heard
//!   init ----------------> up --------------------> active <--+
//!    |                      |                        |        | heard again
//!    | initdead of silence  | silent for             v        |
//!    |                      | warntime ------------> late ----+
//!    v                      v                        |
//!   dead <------------------+------------------------+ silent for deadtime
//!    |
//!    +--- heard again ---> up or active
//! ```
//!
//! Time is the time of the ticks. Silence is only judged at a tick, because
//! everything that arrived before it stands before it in the stream; a node is
//! never accused of silence at a time when this node itself did not listen.
//!
//! What a node says that it last heard from us, compared with what we sent,
//! tells whether it hears us at all, and on which media, how long its message was
//! on its way, and that it is no recording.

mod again;
mod node;
mod ping;
mod reload;
mod roster;
mod sent;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::phi::Phi;
use crate::record::{Line, Record};
use crate::time::{Time, seconds};

use node::{Age, LinkState, Message, Node, State, link_line};
use ping::{Answer, PingNode};
use roster::Roster;
use sent::Sent;

/// What the judge is told before the stream begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name of this node; its own messages are not judged. `None` when only
    /// others are watched.
    pub own: Option<String>,
    /// The nodes that are expected. Others are judged from when they are heard.
    pub peers: Vec<String>,
    /// Links on which every peer is expected, by their names in records.
    pub links: Vec<String>,
    /// The ping nodes and groups that are expected.
    pub ping: Vec<String>,
    /// Silence after which a node is late.
    pub warntime: Duration,
    /// Silence after which a node is dead.
    pub deadtime: Duration,
    /// Silence from the start after which a node that was never heard is dead.
    pub initdead: Duration,
    /// Silence after which a ping node is dead.
    pub deadping: Duration,
}

impl Settings {
    /// The gap between two ticks from which on this node counts as stalled:
    /// half of deadtime.
    pub fn stall(&self) -> Duration {
        self.deadtime / 2
    }
}

/// The most nodes, links and ping nodes that are followed; more are ignored, so
/// that no peer can make the judge grow.
const MANY: usize = 1024;

/// What in the stream could not be right. It was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strange {
    /// A tick before an earlier tick.
    TickBackwards,
    /// A record without the words or fields that its kind has.
    Incomplete,
    /// More nodes, links or ping nodes than are followed.
    TooMany,
}

impl fmt::Display for Strange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strange::TickBackwards => "a tick goes back in time",
            Strange::Incomplete => "a record lacks what its kind must have",
            Strange::TooMany => "more nodes or links than can be followed",
        })
    }
}

/// The failure detector. It reads no clock: [`Judge::record`] is a function of
/// what it was given before and the record.
#[derive(Debug)]
pub struct Judge {
    settings: Settings,
    now: Option<Time>,
    /// From when on silence counts against a node that was never heard.
    init_from: Time,
    /// Silence before this does not count: this node did not listen.
    listening_from: Time,
    stalled: bool,
    roster: Roster,
    ping: BTreeMap<String, PingNode>,
    /// Ping nodes that are asked no more: an answer may still be on its way.
    forgotten: BTreeSet<String>,
    sent: Sent,
    phi: Option<Phi>,
}

impl Judge {
    /// A judge that has heard nothing.
    pub fn new(settings: Settings) -> Judge {
        let ping = settings.ping.iter().map(|name| (name.clone(), PingNode::new())).collect();
        Judge {
            now: None,
            init_from: Time::ZERO,
            listening_from: Time::ZERO,
            stalled: false,
            roster: Roster::new(&settings),
            ping,
            forgotten: BTreeSet::new(),
            sent: Sent::new(settings.deadtime),
            phi: None,
            settings,
        }
    }

    /// Judges by the intervals that are seen too, where that is sooner.
    #[must_use]
    pub fn with_phi(self, phi: Option<Phi>) -> Judge {
        Judge { phi, ..self }
    }

    /// Takes one record and appends the verdicts that follow from it.
    ///
    /// # Errors
    /// The record contradicts the stream or its kind; nothing changed.
    pub fn record(&mut self, record: &Record<'_>, verdicts: &mut Vec<Line>) -> Result<(), Strange> {
        match record.kind {
            "tick" => self.tick(record.time, verdicts),
            "msg" => self.message(record, verdicts),
            "dup" => self.copy(record, verdicts),
            "sent" => {
                self.sent(record, verdicts);
                Ok(())
            }
            "ping" => self.answer(record, verdicts),
            "config" => self.configure(record),
            "died" => {
                self.died(record, verdicts);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn tick(&mut self, now: Time, verdicts: &mut Vec<Line>) -> Result<(), Strange> {
        match self.now {
            None => {
                self.init_from = now;
                self.listening_from = now;
                verdicts.push(Line::new("self", now).word("ready"));
                for (name, node) in self.roster.iter_mut() {
                    if node.is_judged && node.state == State::Init {
                        verdicts.push(Line::new("node", now).word(name).word("init"));
                    }
                }
            }
            Some(before) if now < before => return Err(Strange::TickBackwards),
            Some(before) => self.look_at_ourselves(before, now, verdicts),
        }
        self.now = Some(now);
        self.judge_nodes(now, verdicts);
        self.judge_links(now, verdicts);
        for (name, node) in &mut self.ping {
            node.judge(now, name, self.init_from, self.listening_from, self.settings.deadping, verdicts);
        }
        Ok(())
    }

    /// A gap between two ticks: we were paused, so that the silence of others
    /// proves nothing before one full deadtime of listening.
    fn look_at_ourselves(&mut self, before: Time, now: Time, verdicts: &mut Vec<Line>) {
        let gap = now.since(before);
        if gap >= self.settings.stall() {
            self.stalled = true;
            self.listening_from = now;
            self.init_from = self.init_from.max(now);
            verdicts.push(Line::new("self", now).word("stalled").field("gap", seconds(gap)));
        } else if self.stalled && now.since(self.listening_from) >= self.settings.deadtime {
            self.stalled = false;
            let listened = seconds(now.since(self.listening_from));
            verdicts.push(Line::new("self", now).word("ready").field("listened", listened));
        }
    }

    fn judge_nodes(&mut self, now: Time, verdicts: &mut Vec<Line>) {
        let settings = &self.settings;
        for (name, node) in self.roster.iter_mut().filter(|(_, node)| node.is_judged) {
            // A stamp from the future would hide a death: it counts as the present.
            node.heard = node.heard.map(|heard| heard.min(now));
            let (from, limit) = match node.heard {
                Some(heard) => (heard.max(self.listening_from), settings.deadtime),
                None => (self.init_from, settings.initdead),
            };
            let silent = now.since(from);
            let (warntime, limit) = match node.limits() {
                Some((late, dead)) if node.heard.is_some() => (late.min(settings.warntime), dead.min(limit)),
                Some(_) | None => (settings.warntime, limit),
            };
            let state = match node.state {
                State::Dead => State::Dead,
                State::Init | State::Up | State::Active | State::Late if silent >= limit => State::Dead,
                State::Up | State::Active if silent >= warntime => State::Late,
                State::Init | State::Up | State::Active | State::Late => node.state,
            };
            if state == node.state {
                continue;
            }
            node.state = state;
            let verdict = Line::new("node", now).word(name).word(state.word()).field("silent", seconds(silent));
            verdicts.push(match state {
                State::Dead => {
                    node.forget_hearing();
                    verdict.field(limit_key(node, limit, settings), seconds(limit))
                }
                State::Late => {
                    let key = if warntime < settings.warntime { "phi" } else { "warntime" };
                    node.with_hearing(verdict.field(key, seconds(warntime)))
                }
                State::Init | State::Up | State::Active => verdict,
            });
        }
    }

    fn judge_links(&mut self, now: Time, verdicts: &mut Vec<Line>) {
        for (name, node) in self.roster.iter_mut() {
            let hears = node.hears;
            for (via, link) in &mut node.links {
                link.heard = link.heard.map(|heard| heard.min(now));
                let (from, limit) = match link.heard {
                    Some(heard) => (heard.max(self.listening_from), self.settings.deadtime),
                    None => (self.init_from, self.settings.initdead),
                };
                let silent = now.since(from);
                let state = match link.state {
                    LinkState::Init | LinkState::Up | LinkState::OneWayIn if silent < limit => link.state,
                    LinkState::Init | LinkState::Up | LinkState::OneWayIn | LinkState::OneWayOut | LinkState::Dead => {
                        link.unheard_state(hears)
                    }
                };
                if link.state != state {
                    link.state = state;
                    verdicts.push(link_line(now, name, via, state).field("silent", seconds(silent)));
                }
            }
        }
    }

    fn message(&mut self, record: &Record<'_>, verdicts: &mut Vec<Line>) -> Result<(), Strange> {
        let message = Message::read(record);
        let Some((name, node)) = self.roster.hear(record.time, message.node, message.via, verdicts)? else {
            return Ok(());
        };
        if message.kind != Some(b"status") {
            return Ok(());
        }
        let (now, settings) = (record.time, &self.settings);
        let own = settings.own.as_deref();
        let echo = own.zip(message.echo).and_then(|(own, echo)| self.sent.find(own, echo));
        // What was deadtime long on its way says nothing of the present.
        if echo.is_some_and(|echo| self.sent.transit(echo, now) >= settings.deadtime) {
            return Ok(());
        }
        let age = node.age(&message);
        if age == Age::Old {
            return Ok(());
        }
        let (hears_before, proven_before) = (node.hears, node.proven);
        node.note_interval(now, age, self.listening_from, self.phi);
        if own.is_some() && message.can_echo() {
            node.note_hearing(now, echo.filter(|echo| !self.sent.predates(*echo)), &self.sent, settings.deadtime);
        }
        if own.is_some() && self.sent.is_known() {
            let recent = echo.map_or(Some(false), |echo| self.sent.is_recent(echo, now, settings.deadtime));
            node.proven = recent.or(node.proven);
        }
        let before = node.state;
        node.is_judged = true;
        node.active = message.status == Some(b"active");
        node.state = node.living();
        if before != node.state || age == Age::Restart || (hears_before, proven_before) != (node.hears, node.proven) {
            verdicts.push(heard_verdict(name, node, before, age, now));
        }
        node.turn_links(now, name, verdicts);
        node.heard = node.heard.max(Some(now));
        Ok(())
    }

    fn copy(&mut self, record: &Record<'_>, verdicts: &mut Vec<Line>) -> Result<(), Strange> {
        let message = Message::read(record);
        self.roster.hear(record.time, message.node, message.via, verdicts).map(|_| ())
    }

    fn sent(&mut self, record: &Record<'_>, verdicts: &mut Vec<Line>) {
        let [ok, kind, sequence, incarnation] = record.raw_all(["ok", "t", "seq", "inc"]);
        if ok == Some("0") {
            // While no medium takes our messages, a peer that was never heard
            // cannot be expected to be: initdead counts from the first usable one.
            self.init_from = self.init_from.max(record.time);
            return;
        }
        let sequence = sequence.and_then(|text| u64::from_str_radix(text, 16).ok());
        let Some(sequence) = sequence.filter(|_| kind.is_none_or(|kind| kind == "status")) else { return };
        if self.sent.left(incarnation.unwrap_or("-"), sequence, record.time) {
            self.begin_a_life(record.time, verdicts);
        }
    }

    /// Nobody can have heard a new life of ours yet.
    fn begin_a_life(&mut self, now: Time, verdicts: &mut Vec<Line>) {
        for (name, node) in self.roster.iter_mut() {
            let known = node.hears.is_some() || node.proven == Some(true);
            node.forget_hearing();
            if known {
                verdicts.push(node.with_hearing(Line::new("node", now).word(name).word(node.state.word())));
                node.turn_links(now, name, verdicts);
            }
        }
    }

    fn answer(&mut self, record: &Record<'_>, verdicts: &mut Vec<Line>) -> Result<(), Strange> {
        let target = record.raw("group").or(record.subject()).ok_or(Strange::Incomplete)?;
        let answer = record.state().and_then(Answer::read).ok_or(Strange::Incomplete)?;
        if self.forgotten.contains(target) {
            return Ok(());
        }
        if !self.ping.contains_key(target) && self.ping.len() >= MANY {
            return Err(Strange::TooMany);
        }
        let node = self.ping.entry(target.to_owned()).or_insert_with(PingNode::new);
        node.answer(record.time, target, answer, record.raw("reason"), verdicts);
        Ok(())
    }
}

/// Which of the limits a silence has reached.
fn limit_key(node: &Node, limit: Duration, settings: &Settings) -> &'static str {
    match node.heard {
        None => "initdead",
        Some(_) if limit < settings.deadtime => "phi",
        Some(_) => "deadtime",
    }
}

/// The verdict on a node whose status was heard; `before` is what it was.
fn heard_verdict(name: &str, node: &Node, before: State, age: Age, now: Time) -> Line {
    let verdict = Line::new("node", now).word(name).word(node.state.word());
    let verdict = match (before, node.heard) {
        (State::Dead | State::Late, Some(heard)) => verdict.field("silent", seconds(now.since(heard))),
        (State::Init | State::Up | State::Active | State::Dead | State::Late, _) => verdict,
    };
    // The same life of a node that was dead: it was cut off, not down.
    node.with_hearing(match (age, before) {
        (Age::Restart, _) => verdict.field("restart", 1),
        (Age::Next, State::Dead) => verdict.field("partition", 1),
        (Age::First | Age::Next | Age::Old, _) => verdict,
    })
}

#[cfg(test)]
mod loss;
#[cfg(test)]
mod tests;

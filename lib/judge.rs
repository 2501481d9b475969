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

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::record::{Line, Record};
use crate::time::{Time, seconds};

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

/// The state of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Init,
    Up,
    Active,
    Late,
    Dead,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Init => "init",
            State::Up => "up",
            State::Active => "active",
            State::Late => "late",
            State::Dead => "dead",
        }
    }
}

#[derive(Debug)]
struct Node {
    state: State,
    /// What it last said of itself: whether it is active.
    active: bool,
    heard: Option<Time>,
    generation: Option<String>,
    incarnation: Option<String>,
}

impl Node {
    fn new() -> Node {
        Node { state: State::Init, active: false, heard: None, generation: None, incarnation: None }
    }

    fn living(&self) -> State {
        if self.active { State::Active } else { State::Up }
    }
}

#[derive(Debug)]
struct Link {
    up: Option<bool>,
    heard: Option<Time>,
}

/// The state of a ping node: `unknown` is neither of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ping {
    Init,
    Answers,
    Dead,
    Unknown,
}

#[derive(Debug)]
struct PingNode {
    state: Ping,
    answered: Option<Time>,
    /// When it was last asked and known not to answer.
    refused: Option<Time>,
}

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
    nodes: BTreeMap<String, Node>,
    /// By node and medium.
    links: BTreeMap<String, BTreeMap<String, Link>>,
    link_count: usize,
    ping: BTreeMap<String, PingNode>,
}

impl Judge {
    /// A judge that has heard nothing.
    pub fn new(settings: Settings) -> Judge {
        let nodes = settings.peers.iter().map(|name| (name.clone(), Node::new())).collect();
        let expected = |_| settings.links.iter().map(|via| (via.clone(), Link { up: None, heard: None })).collect();
        let links: BTreeMap<String, BTreeMap<String, Link>> =
            settings.peers.iter().map(|peer| (peer.clone(), expected(peer))).collect();
        let link_count = links.values().map(BTreeMap::len).sum();
        let unasked = PingNode { state: Ping::Init, answered: None, refused: None };
        let ping = settings.ping.iter().map(|name| (name.clone(), PingNode { ..unasked })).collect();
        Judge {
            settings,
            now: None,
            init_from: Time::ZERO,
            listening_from: Time::ZERO,
            stalled: false,
            nodes,
            links,
            link_count,
            ping,
        }
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
                self.sent(record);
                Ok(())
            }
            "ping" => self.answer(record, verdicts),
            _ => Ok(()),
        }
    }

    fn tick(&mut self, now: Time, verdicts: &mut Vec<Line>) -> Result<(), Strange> {
        match self.now {
            None => {
                self.init_from = now;
                self.listening_from = now;
                verdicts.push(Line::new("self", now).word("ready"));
                for (name, node) in &self.nodes {
                    if node.state == State::Init {
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
        self.judge_ping(now, verdicts);
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
        for (name, node) in &mut self.nodes {
            // A stamp from the future would hide a death: it counts as the present.
            node.heard = node.heard.map(|heard| heard.min(now));
            let (from, limit) = match node.heard {
                Some(heard) => (heard.max(self.listening_from), settings.deadtime),
                None => (self.init_from, settings.initdead),
            };
            let silent = now.since(from);
            let state = match node.state {
                State::Dead => State::Dead,
                State::Init | State::Up | State::Active | State::Late if silent >= limit => State::Dead,
                State::Up | State::Active if silent >= settings.warntime => State::Late,
                State::Init | State::Up | State::Active | State::Late => node.state,
            };
            if state == node.state {
                continue;
            }
            let verdict = Line::new("node", now).word(name).word(state.word());
            verdicts.push(match state {
                State::Dead => {
                    let key = if node.heard.is_some() { "deadtime" } else { "initdead" };
                    verdict.field("silent", seconds(silent)).field(key, seconds(limit))
                }
                State::Late => verdict.field("silent", seconds(silent)).field("warntime", seconds(settings.warntime)),
                State::Init | State::Up | State::Active => verdict,
            });
            node.state = state;
        }
    }

    fn judge_links(&mut self, now: Time, verdicts: &mut Vec<Line>) {
        let links =
            self.links.iter_mut().flat_map(|(node, links)| links.iter_mut().map(move |(via, link)| (node, via, link)));
        for (node, via, link) in links {
            link.heard = link.heard.map(|heard| heard.min(now));
            let (from, limit) = match link.heard {
                Some(heard) => (heard.max(self.listening_from), self.settings.deadtime),
                None => (self.init_from, self.settings.initdead),
            };
            let silent = now.since(from);
            if link.up != Some(false) && silent >= limit {
                link.up = Some(false);
                verdicts.push(link_line(now, node, via, "dead").field("silent", seconds(silent)));
            }
        }
    }

    /// A ping node is dead when it was asked and did not answer for deadping;
    /// when it could not be asked, or nobody asks, its state is unknown.
    fn judge_ping(&mut self, now: Time, verdicts: &mut Vec<Line>) {
        let settings = &self.settings;
        for (name, node) in &mut self.ping {
            let silent = now.since(node.answered.unwrap_or(self.init_from).max(self.listening_from));
            let asked = node.refused.is_some_and(|at| now.since(at) < settings.deadping);
            let state = match node.state {
                state if silent < settings.deadping => state,
                Ping::Init | Ping::Answers | Ping::Unknown | Ping::Dead if asked => Ping::Dead,
                Ping::Init | Ping::Answers | Ping::Unknown | Ping::Dead => Ping::Unknown,
            };
            if state != node.state {
                node.state = state;
                verdicts.push(ping_line(now, name, state).field("silent", seconds(silent)));
            }
        }
    }

    fn message(&mut self, record: &Record<'_>, verdicts: &mut Vec<Line>) -> Result<(), Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        if self.settings.own.as_deref() == Some(name) {
            return Ok(());
        }
        if !self.nodes.contains_key(name) && self.nodes.len() >= MANY {
            return Err(Strange::TooMany);
        }
        let [via, kind, status, generation, incarnation] = record.raw_all(["via", "t", "st", "hg", "inc"]);
        self.hear_link(name, via, record.time, verdicts)?;
        if kind != Some("status") {
            return Ok(());
        }
        let node = match self.nodes.get_mut(name) {
            Some(node) => node,
            None => self.nodes.entry(name.to_owned()).or_insert_with(Node::new),
        };
        let known = node.heard.is_some();
        let same = node.generation.as_deref() == generation && node.incarnation.as_deref() == incarnation;
        let restarted = known && !same;
        node.active = status == Some("active");
        let state = node.living();
        if node.state != state || restarted {
            let mut verdict = Line::new("node", record.time).word(name).word(state.word());
            if let (State::Dead | State::Late, Some(heard)) = (node.state, node.heard) {
                verdict = verdict.field("silent", seconds(record.time.since(heard)));
            }
            // The same life of a node that was dead: it was cut off, not down.
            verdict = match (restarted, node.state) {
                (true, _) => verdict.field("restart", 1),
                (false, State::Dead) if known => verdict.field("partition", 1),
                (false, State::Init | State::Up | State::Active | State::Late | State::Dead) => verdict,
            };
            verdicts.push(verdict);
        }
        node.state = state;
        node.heard = node.heard.max(Some(record.time));
        if !same {
            node.generation = generation.map(str::to_owned);
            node.incarnation = incarnation.map(str::to_owned);
        }
        Ok(())
    }

    fn copy(&mut self, record: &Record<'_>, verdicts: &mut Vec<Line>) -> Result<(), Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        if self.settings.own.as_deref() == Some(name) {
            return Ok(());
        }
        self.hear_link(name, record.raw("via"), record.time, verdicts)
    }

    fn hear_link(
        &mut self,
        name: &str,
        via: Option<&str>,
        time: Time,
        verdicts: &mut Vec<Line>,
    ) -> Result<(), Strange> {
        let via = via.ok_or(Strange::Incomplete)?;
        if self.links.get(name).is_none_or(|links| !links.contains_key(via)) {
            if self.link_count >= MANY {
                return Err(Strange::TooMany);
            }
            self.link_count += 1;
            let links = self.links.entry(name.to_owned()).or_default();
            links.insert(via.to_owned(), Link { up: None, heard: None });
        }
        let Some(link) = self.links.get_mut(name).and_then(|links| links.get_mut(via)) else { return Ok(()) };
        if link.up != Some(true) {
            link.up = Some(true);
            verdicts.push(link_line(time, name, via, "up"));
        }
        link.heard = link.heard.max(Some(time));
        Ok(())
    }

    /// While no medium takes our messages, a peer that was never heard cannot
    /// be expected to be: initdead counts from the first usable medium.
    fn sent(&mut self, record: &Record<'_>) {
        if record.raw("ok") == Some("0") {
            self.init_from = self.init_from.max(record.time);
        }
    }

    fn answer(&mut self, record: &Record<'_>, verdicts: &mut Vec<Line>) -> Result<(), Strange> {
        let target = record.raw("group").or(record.subject()).ok_or(Strange::Incomplete)?;
        let state = record.state().ok_or(Strange::Incomplete)?;
        if !self.ping.contains_key(target) && self.ping.len() >= MANY {
            return Err(Strange::TooMany);
        }
        let unasked = PingNode { state: Ping::Init, answered: None, refused: None };
        let node = self.ping.entry(target.to_owned()).or_insert(unasked);
        match state {
            "up" => {
                node.answered = node.answered.max(Some(record.time));
                if node.state != Ping::Answers {
                    node.state = Ping::Answers;
                    verdicts.push(ping_line(record.time, target, Ping::Answers));
                }
            }
            "down" => node.refused = node.refused.max(Some(record.time)),
            "unknown" => {}
            _ => return Err(Strange::Incomplete),
        }
        Ok(())
    }
}

fn link_line(now: Time, node: &str, via: &str, state: &str) -> Line {
    Line::new("link", now).word(&format!("{node}/{via}")).word(state)
}

fn ping_line(now: Time, name: &str, state: Ping) -> Line {
    let word = match state {
        Ping::Init => "init",
        Ping::Answers => "ping",
        Ping::Dead => "dead",
        Ping::Unknown => "unknown",
    };
    Line::new("node", now).word(name).word(word).field("type", "ping")
}

#[cfg(test)]
mod tests;

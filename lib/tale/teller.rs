//! From records to sentences, and the sums of what they tell.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::announce::Held;
use crate::chronicle::sentence;
use crate::record::{Record, visible};
use crate::time::{Time, parse_span};
use crate::wall::Wall;

use super::words::{list, span};
use super::{begins_a_life, stamp};

/// The most nodes that a story follows.
const NODES: usize = 1024;

/// What a story is told from; the others are not asked for their time either.
const KINDS: [&str; 15] = [
    "tick", "msg", "sent", "do", "why", "group", "node", "self", "ask", "conflict", "fence", "monitor", "carrier",
    "resource", "hold",
];

/// Since when nobody is known to serve, and since when that may have been so.
#[derive(Clone, Copy, Debug)]
struct Gap {
    known: Time,
    possible: Time,
}

/// One group, as its story goes.
#[derive(Debug)]
pub(super) struct Teller {
    group: String,
    own: String,
    first: Option<Time>,
    last: Time,
    told: bool,
    nodes: BTreeMap<String, Held>,
    /// Those that were judged, and whether they are dead.
    peers: BTreeMap<String, bool>,
    /// The last reasons for a start and a stop.
    start: String,
    stop: String,
    gap: Option<Gap>,
    two: Option<Time>,
    served_since: Option<Time>,
    /// Since hb-judge and hb-decide began, and ever.
    served: bool,
    ever_served: bool,
    gap_sum: Duration,
    two_sum: Duration,
    /// The wall clock, where lines have dates.
    wall: Option<Wall>,
}

impl Teller {
    pub(super) fn new(group: &str, own: &str) -> Teller {
        Teller {
            group: group.to_owned(),
            own: own.to_owned(),
            first: None,
            last: Time::ZERO,
            told: false,
            nodes: BTreeMap::new(),
            peers: BTreeMap::new(),
            start: String::new(),
            stop: String::new(),
            gap: None,
            two: None,
            served_since: None,
            served: false,
            ever_served: false,
            gap_sum: Duration::ZERO,
            two_sum: Duration::ZERO,
            wall: None,
        }
    }

    /// Lines have dates.
    pub(super) fn date(&mut self) {
        self.wall = Some(Wall::default());
    }

    pub(super) fn note_wall(&mut self, record: &Record<'_>) {
        if let Some(wall) = &mut self.wall {
            wall.take(record);
        }
    }

    pub(super) fn group(&self) -> &str {
        &self.group
    }

    /// Whether the story has gone on beyond this.
    pub(super) fn is_past(&self, time: Time) -> bool {
        time < self.last
    }

    /// Whether a record was about the group.
    pub(super) fn has_told(&self) -> bool {
        self.told
    }

    /// Takes a record in the order of the stream.
    pub(super) fn take(&mut self, record: &Record<'_>, lines: &mut Vec<String>) {
        let now = record.time;
        let of_us = record.kind == "node" && record.subject() == Some(self.own.as_str());
        if !KINDS.contains(&record.kind) || of_us {
            return;
        }
        if begins_a_life(record) {
            self.begin_a_life(now, lines);
        }
        if self.first.is_none() {
            self.first = Some(now);
            self.gap = Some(Gap { known: now, possible: now });
        }
        self.last = self.last.max(now);
        match (record.kind, record.subject()) {
            ("do", Some(action)) => self.action(record, action, lines),
            ("why", Some(subject)) => self.reason(record, subject, lines),
            ("group", Some(group)) if group == self.group => self.group_record(record, lines),
            ("node", Some(node)) => self.node(record, node, lines),
            ("self", Some("stalled")) => self.say(now, "this node was paused, and trusts no silence", lines),
            ("self", Some("ready")) if !begins_a_life(record) => self.say(now, "this node listens again", lines),
            ("ask", Some(what)) => self.ask(record, what, lines),
            ("conflict", Some(address)) => {
                let mac = record.raw("mac").unwrap_or("unknown");
                self.say(now, &format!("a frame on the wire claims {address} for {mac}"), lines);
            }
            ("fence", Some(node)) => {
                let result = record.state().unwrap_or("unknown");
                self.say(now, &format!("fencing of {node}: {result}"), lines);
            }
            ("monitor" | "carrier", Some(group)) if group == self.group => self.found(record, lines),
            ("resource", Some(group)) if group == self.group => match record.state() {
                Some("running" | "stopped") => {}
                Some(_) | None => self.found(record, lines),
            },
            ("hold", Some(_)) if record.raw("group") == Some(self.group.as_str()) => match record.state() {
                Some("held") => {}
                Some(_) | None => self.found(record, lines),
            },
            _ => {}
        }
    }

    fn say(&self, now: Time, text: &str, lines: &mut Vec<String>) {
        let stamp = match &self.wall {
            Some(wall) => wall.stamp(now),
            None => stamp(self.first.unwrap_or(now), now),
        };
        lines.push(format!("{stamp}  {}", visible(text)));
    }

    /// What a tool of this node found of the group.
    fn found(&self, record: &Record<'_>, lines: &mut Vec<String>) {
        let text = sentence(record);
        let text = text.strip_prefix(&format!("{}: ", self.group)).unwrap_or(&text);
        self.say(record.time, &format!("{}: {text}", self.own), lines);
    }

    /// hb-judge and hb-decide begin, and know nothing of what was. After a boot
    /// time begins anew too.
    fn begin_a_life(&mut self, now: Time, lines: &mut Vec<String>) {
        let Some(first) = self.first else { return };
        if now < self.last {
            let span = span(self.last.since(first));
            self.say(self.last, &format!("this node was booted; what follows counts anew, after {span}"), lines);
            self.close(self.last);
            self.first = Some(now);
            self.last = now;
        } else {
            self.say(now, &format!("{} begins to decide", self.own), lines);
            self.close(now);
        }
        self.gap = Some(Gap { known: now, possible: now });
        self.served = false;
        self.nodes.clear();
        self.peers.clear();
    }

    /// Ends what is being counted.
    fn close(&mut self, now: Time) {
        if let Some(gap) = self.gap.take().filter(|_| self.served) {
            self.gap_sum += now.since(gap.possible);
        }
        if let Some(since) = self.two.take() {
            self.two_sum += now.since(since);
        }
    }

    fn action(&mut self, record: &Record<'_>, action: &str, lines: &mut Vec<String>) {
        let subject = record.state();
        let (own, now) = (&self.own, record.time);
        let because = |reason: &str| if reason.is_empty() { String::new() } else { format!(": {reason}") };
        if action == "fence" {
            let node = subject.unwrap_or("a node");
            return self.say(now, &format!("{own} has {node} fenced"), lines);
        }
        if subject != Some(self.group.as_str()) {
            return;
        }
        self.told = true;
        let text = match action {
            "start" => format!("{own} starts it{}", because(&self.start)),
            "stop" => format!("{own} stops it{}", because(&self.stop)),
            _ => return,
        };
        self.say(now, &text, lines);
    }

    fn reason(&mut self, record: &Record<'_>, subject: &str, lines: &mut Vec<String>) {
        if subject != self.group && !self.peers.contains_key(subject) {
            return;
        }
        let mut words = record.rest().split(' ').skip(1);
        let verb = words.next().unwrap_or("");
        let text = String::from_utf8_lossy(&crate::record::decode(&words.collect::<Vec<_>>().join(" "))).into_owned();
        let now = record.time;
        if subject != self.group {
            return self.say(now, &format!("{subject}: {text}"), lines);
        }
        self.told = true;
        match verb {
            "start" => self.start = text,
            "stop" => self.stop = text,
            "keep" => {}
            "wait" => self.say(now, &format!("{} waits: {text}", self.own), lines),
            "ask" => self.say(now, &format!("{} asks to take it: {text}", self.own), lines),
            "refused" => self.say(now, &format!("{} refuses: {text}", self.own), lines),
            "adopt" => self.say(now, &format!("{} keeps it: {text}", self.own), lines),
            "alarm" => self.say(now, &format!("ALARM: {text}"), lines),
            "accepted" | "done" | "failed" => self.say(now, &format!("{verb}: {text}"), lines),
            "over" => self.say(now, &format!("it is over: {text}"), lines),
            _ => self.say(now, &format!("{} says: {verb}: {text}", self.own), lines),
        }
    }

    fn ask(&mut self, record: &Record<'_>, what: &str, lines: &mut Vec<String>) {
        let scope = record.state().unwrap_or("all");
        if scope == self.group || matches!(scope, "all" | "local" | "foreign" | "failback" | "on" | "off") {
            let of = if scope == self.group { "of it" } else { scope };
            self.say(record.time, &format!("a person asks: {what} {of}"), lines);
        }
    }

    fn node(&mut self, record: &Record<'_>, node: &str, lines: &mut Vec<String>) {
        let is_known = self.peers.contains_key(node);
        if record.raw("type").is_some() || (!is_known && self.peers.len() >= NODES) {
            return;
        }
        let now = record.time;
        let silent = record.raw("silent").and_then(|text| parse_span(text).ok());
        let is_dead = match record.state() {
            Some("dead") => true,
            Some("init" | "up" | "active" | "late") => false,
            Some(_) | None => return,
        };
        let was_dead = self.peers.insert(node.to_owned(), is_dead) == Some(true);
        if is_dead {
            if !was_dead {
                let heard = silent.map_or(String::new(), |silent| format!(": it was silent for {}", span(silent)));
                self.say(now, &format!("{node} is dead{heard}"), lines);
                // Whoever served it may have ended with its last word.
                let held = self.nodes.get(node).copied();
                let before = silent.map_or(now, |silent| now.before(silent));
                self.turn(node, Held::Unknown, now, before, lines);
                if held == Some(Held::Started) {
                    self.say(now, &format!("whether {node} still serves it is not known"), lines);
                }
            }
        } else if was_dead {
            let text = match (record.raw("partition"), record.raw("restart")) {
                (Some("1"), _) => "is heard again: it was cut off, and not down",
                (_, Some("1")) => "is heard again, newly started",
                _ => "is heard again",
            };
            self.say(now, &format!("{node} {text}"), lines);
        }
    }

    /// A node does something else with the group.
    fn group_record(&mut self, record: &Record<'_>, lines: &mut Vec<String>) {
        let Some(node) = record.raw("node").filter(|node| crate::name::is_name(node)) else { return };
        let Some(Ok(held)) = record.state().map(str::parse) else { return };
        if self.nodes.len() >= NODES && !self.nodes.contains_key(node) {
            return;
        }
        self.told = true;
        let now = record.time;
        let before = self.nodes.get(node).copied();
        let is_peer = node != self.own;
        let text = match (held, before) {
            _ if before == Some(held) => None,
            // Told with what comes of it.
            (Held::Started, _) => None,
            // What this node does itself is told by the action.
            (Held::Starting | Held::Stopping | Held::Asking, _) if !is_peer => None,
            (Held::Starting, _) => Some(format!("{node} starts it")),
            (Held::Stopping, _) => Some(format!("{node} stops it")),
            (Held::Asking, _) => Some(format!("{node} asks to take it")),
            (Held::Stopped, None | Some(Held::Unknown)) => Some(format!("{node} does not have it")),
            (Held::Stopped, Some(before)) => before.may_hold().then(|| format!("{node} has released it")),
            (Held::Failed, _) => Some(format!("{node} cannot serve it: it failed there")),
            (Held::Unknown, _) if self.peers.get(node) == Some(&true) => None,
            (Held::Unknown, _) => Some(format!("{node} does not know yet whether it has it")),
        };
        if let Some(text) = text {
            self.say(now, &text, lines);
        }
        self.turn(node, held, now, now, lines);
    }

    /// Counts who serves it. `before` is when a node that has fallen silent may
    /// have ceased to.
    fn turn(&mut self, node: &str, held: Held, now: Time, before: Time, lines: &mut Vec<String>) {
        let was = self.nodes.insert(node.to_owned(), held);
        if held == Held::Started && was != Some(held) {
            self.begins_to_serve(node, now, lines);
        }
        if self.serving().is_empty() && self.gap.is_none() {
            self.gap = Some(Gap { known: now, possible: before });
            self.served_since = None;
        }
        let having = self.having();
        match (self.two, having.len() > 1) {
            (None, true) => {
                let text = format!("TWO have it: {}", list(&having));
                self.say(now, &text, lines);
                self.two = Some(now);
            }
            (Some(since), false) => {
                self.two = None;
                self.two_sum += now.since(since);
                let text = format!("two had it for {}", span(now.since(since)));
                self.say(now, &text, lines);
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    fn begins_to_serve(&mut self, node: &str, now: Time, lines: &mut Vec<String>) {
        let text = match self.gap.take() {
            None => format!("{node} serves it"),
            Some(gap) if now <= gap.possible => format!("{node} serves it"),
            Some(gap) if !self.served => {
                let before = span(now.since(gap.known));
                format!("{node} serves it; nobody was seen to serve it in the {before} before")
            }
            Some(gap) => {
                self.gap_sum += now.since(gap.possible);
                let (known, possible) = (span(now.since(gap.known)), span(now.since(gap.possible)));
                if gap.known == gap.possible {
                    format!("{node} serves it; nobody did for {known}")
                } else {
                    format!("{node} serves it; nobody was known to for {known}, and at most {possible} nobody did")
                }
            }
        };
        self.served = true;
        self.ever_served = true;
        self.served_since = Some(now);
        self.say(now, &text, lines);
    }

    fn serving(&self) -> Vec<&str> {
        self.nodes.iter().filter(|(_, held)| **held == Held::Started).map(|(node, _)| node.as_str()).collect()
    }

    /// The nodes that have some of it, as far as is known.
    fn having(&self) -> Vec<&str> {
        let has = |held: &Held| match held {
            Held::Starting | Held::Started | Held::Stopping => true,
            Held::Unknown | Held::Stopped | Held::Asking | Held::Failed => false,
        };
        self.nodes.iter().filter(|(_, held)| has(held)).map(|(node, _)| node.as_str()).collect()
    }

    /// How it stands, and the sums.
    pub(super) fn end(&mut self, lines: &mut Vec<String>) {
        let last = self.last;
        let serving = self.serving();
        let text = match (serving.as_slice(), self.served_since, self.gap) {
            ([], _, Some(gap)) => format!("nobody is known to serve it, for {} so far", span(last.since(gap.known))),
            (nodes, Some(since), _) => format!("{} served it to the end, for {}", list(nodes), span(last.since(since))),
            (nodes, None, _) => format!("{} served it to the end", list(nodes)),
        };
        self.say(last, &text, lines);
        self.close(last);
        let sum = |sum: Duration| if sum.is_zero() { "0 s".to_owned() } else { span(sum) };
        let text = match self.ever_served {
            true => format!(
                "in all, since it was first served: not served {} at most, two had it {}",
                sum(self.gap_sum),
                sum(self.two_sum)
            ),
            false => "in all: it was not seen to be served".to_owned(),
        };
        self.say(last, &text, lines);
    }
}

//! How everything stands: nodes, links, groups, votes, leases, ping targets,
//! alarms, as a fold over what hb-decide read and said. It is told as `status`
//! records, from which it is shown.

mod beside;
mod heard;
mod resume;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use crate::announce::Groups;
use crate::record::{Line, Record, decode, plain};
use crate::time::{Time, seconds};

use beside::Beside;
use heard::Heard;

/// The most of each kind that is shown.
const MOST: usize = 1024;

/// Alarms that last are said again every ten minutes: one that was not is over.
const ALARM: Duration = Duration::from_secs(660);

/// A word, and since when it is so.
#[derive(Clone, Debug, Default)]
struct State {
    word: String,
    since: Time,
    /// Further fields of the record, as they stand in it.
    fields: Vec<(String, String)>,
}

impl State {
    /// Takes the word of a record; the time stays while the word does.
    fn take(&mut self, word: &str, record: &Record<'_>) {
        if self.word != word {
            word.clone_into(&mut self.word);
            self.since = record.time;
        }
        self.fields = record.raw_fields().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    }

    fn field(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn line(&self, line: Line, keys: &[&str]) -> Line {
        let line = line.field("state", &self.word).field("since", self.since);
        keys.iter().fold(line, |line, key| match self.field(key) {
            Some(value) => line.bytes(key, &decode(value)),
            None => line,
        })
    }
}

/// What a node says in its heartbeats.
#[derive(Clone, Debug, Default)]
struct Announced {
    at: Time,
    grp: String,
    votes: String,
    reach: Option<String>,
    maintenance: Option<Duration>,
}

/// The lease of a group of this node.
#[derive(Clone, Copy, Debug, Default)]
struct Lease {
    /// The last one that was given: when, and until when it is good.
    given: (Time, Time),
    /// The end of the last one that the addresses have, as far as is known.
    taken: Option<Time>,
}

/// What was said of a group or a node, and is still so.
#[derive(Clone, Debug)]
struct Said {
    verb: String,
    text: String,
    since: Time,
    last: Time,
}

/// How everything stands, as one node sees it. It reads no clock.
#[derive(Debug)]
pub struct Overview {
    own: String,
    now: Time,
    /// Between the last two ticks.
    pace: Duration,
    nodes: BTreeMap<String, State>,
    links: BTreeMap<String, State>,
    /// What nodes do with groups: by group and node.
    parts: BTreeMap<(String, String), State>,
    leases: BTreeMap<String, Lease>,
    announced: BTreeMap<String, Announced>,
    peers: BTreeMap<String, State>,
    pings: BTreeMap<String, State>,
    alarms: BTreeMap<String, Said>,
    reasons: BTreeMap<String, Said>,
    requests: BTreeMap<String, Said>,
    beside: Beside,
    itself: Option<State>,
    refused: BTreeMap<String, u64>,
    unkept: u64,
    /// This node decides about groups: what others say of theirs is not needed.
    decides: bool,
    heard: Heard,
}

/// The entry of a key, unless there are too many.
fn entry<K: Ord, V: Default>(map: &mut BTreeMap<K, V>, key: K) -> Option<&mut V> {
    (map.len() < MOST || map.contains_key(&key)).then(|| map.entry(key).or_default())
}

impl Overview {
    /// Nothing is known yet; `own` is this node.
    pub fn new(own: &str) -> Overview {
        Overview {
            own: own.to_owned(),
            now: Time::ZERO,
            pace: Duration::ZERO,
            nodes: BTreeMap::new(),
            links: BTreeMap::new(),
            parts: BTreeMap::new(),
            leases: BTreeMap::new(),
            announced: BTreeMap::new(),
            peers: BTreeMap::new(),
            pings: BTreeMap::new(),
            alarms: BTreeMap::new(),
            reasons: BTreeMap::new(),
            requests: BTreeMap::new(),
            beside: Beside::default(),
            itself: None,
            refused: BTreeMap::new(),
            unkept: 0,
            decides: false,
            heard: Heard::default(),
        }
    }

    /// Takes a record in the order of the stream.
    pub fn record(&mut self, record: &Record<'_>) {
        let (subject, state) = (record.subject().unwrap_or(""), record.state().unwrap_or(""));
        match record.kind {
            "tick" => self.tick(record.time),
            "msg" => {
                self.heard.message(record, subject, &self.own);
                self.announcement(record, subject);
            }
            "said" => {
                let own = self.own.clone();
                self.announcement(record, &own);
            }
            "dup" => self.heard.copy(record, subject),
            "sent" => self.heard.sent(record),
            "node" => self.node(record, subject, state),
            "link" => take(&mut self.links, subject, state, record),
            "peer" => take(&mut self.peers, subject, record.raw("config").unwrap_or(""), record),
            "ping" => take(&mut self.pings, subject, state, record),
            "group" => self.group(record, subject, state),
            "do" => self.action(record, subject, state),
            "held" => self.held(record.time),
            "why" => self.reason(record, subject, state),
            "carrier" | "monitor" | "respawn" | "watchdog" => self.beside.record(record, subject, state),
            "self" => self.itself.get_or_insert_default().take(subject, record),
            "bad" => self.count_refused(record, subject),
            "unkept" => self.unkept += number(record.raw("n")),
            _ => {}
        }
    }

    fn tick(&mut self, time: Time) {
        // The first one is after boot.
        if self.now > Time::ZERO {
            self.pace = time.since(self.now);
        }
        self.now = self.now.max(time);
    }

    fn node(&mut self, record: &Record<'_>, name: &str, state: &str) {
        take(&mut self.nodes, name, state, record);
        if state == "dead" {
            if let Some(announced) = self.announced.get_mut(name) {
                announced.votes.clear();
            }
            // Who decides says itself what is known of its groups.
            if !self.decides {
                self.parts.retain(|(_, node), _| node != name);
            }
        }
    }

    fn group(&mut self, record: &Record<'_>, group: &str, state: &str) {
        match record.raw("node") {
            Some(node) => {
                if !std::mem::replace(&mut self.decides, true) {
                    self.parts.clear();
                }
                if let Some(part) = entry(&mut self.parts, (group.to_owned(), node.to_owned())) {
                    part.take(state, record);
                }
            }
            // The scripts have given it to the addresses.
            None if state == "started" => {
                if let Some(lease) = self.leases.get_mut(group) {
                    lease.taken = Some(lease.given.1);
                }
            }
            None => {}
        }
    }

    fn action(&mut self, record: &Record<'_>, action: &str, group: &str) {
        let until = record.raw("until").and_then(|text| text.parse().ok());
        match (action, until) {
            ("start", Some(until)) => {
                if let Some(lease) = entry(&mut self.leases, group.to_owned()) {
                    *lease = Lease { given: (record.time, until), taken: None };
                }
            }
            ("renew", Some(until)) => {
                if let Some(lease) = entry(&mut self.leases, group.to_owned()) {
                    lease.given = (record.time, until);
                }
            }
            ("stop", _) => {
                self.leases.remove(group);
                self.beside.forget(group);
            }
            _ => {}
        }
    }

    /// The addresses have every lease that was given until then.
    fn held(&mut self, time: Time) {
        for lease in self.leases.values_mut().filter(|lease| lease.given.0 <= time) {
            lease.taken = Some(lease.given.1);
        }
    }

    fn reason(&mut self, record: &Record<'_>, subject: &str, verb: &str) {
        let place = match verb {
            "alarm" => &mut self.alarms,
            "over" => {
                self.alarms.remove(subject);
                return;
            }
            "accepted" => &mut self.requests,
            "done" | "failed" | "refused" => {
                self.requests.remove(subject);
                return;
            }
            "start" | "stop" | "wait" | "ask" | "keep" | "adopt" => &mut self.reasons,
            _ => return,
        };
        let words: Vec<&str> = record.rest().split(' ').skip(2).collect();
        let text = plain(&words.join(" "));
        let since = match place.get(subject) {
            Some(said) if said.verb == verb && said.text == text => said.since,
            Some(_) | None if place.len() < MOST => record.time,
            Some(_) | None => return,
        };
        let said = Said { verb: verb.to_owned(), text, since, last: record.time };
        place.insert(subject.to_owned(), said);
    }

    fn announcement(&mut self, record: &Record<'_>, node: &str) {
        let [kind, grp, votes, reach, maintenance] = record.raw_all(["t", "grp", "votes", "ping", "maint"]);
        if kind != Some("status") {
            return;
        }
        let Some(announced) = entry(&mut self.announced, node.to_owned()) else { return };
        announced.at = record.time;
        votes.unwrap_or("").clone_into(&mut announced.votes);
        announced.reach = reach.map(str::to_owned);
        announced.maintenance = maintenance.and_then(|text| Some(Duration::from_secs(text.parse().ok()?)));
        let grp = grp.unwrap_or("");
        if announced.grp == grp || self.decides || node == self.own {
            return;
        }
        grp.clone_into(&mut announced.grp);
        for (group, part) in grp.parse::<Groups>().map(|groups| groups.0).unwrap_or_default() {
            if let Some(state) = entry(&mut self.parts, (group, node.to_owned())) {
                state.take(part.held.word(), record);
                state.fields = vec![("epoch".to_owned(), part.epoch.to_string())];
            }
        }
    }

    fn count_refused(&mut self, record: &Record<'_>, reason: &str) {
        if let Some(count) = entry(&mut self.refused, reason.to_owned()) {
            *count += number(record.raw("n"));
        }
    }

    /// Counts records that could not be kept.
    pub fn note_unkept(&mut self, count: u64) {
        self.unkept += count;
    }

    /// How everything stands, as records; the point in time of each is the last
    /// tick.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut say = |line: Line| lines.push(line.finish());
        let line = |what: &str, name: &str| Line::new("status", self.now).word(what).word(name);
        if let Some(state) = &self.itself {
            say(state.line(line("self", &self.own), &["gap", "listened"]).field("every", seconds(self.pace)));
        }
        self.node_lines(&mut say);
        for (name, state) in &self.links {
            let told = state.line(line("link", name), &["direction"]);
            say(self.heard.of_link(name).into_iter().fold(told, |told, (key, value)| told.field(key, value)));
        }
        for ((group, node), state) in &self.parts {
            say(state.line(line("group", group).field("node", node), &["epoch"]));
        }
        for (group, lease) in &self.leases {
            say(line("lease", group).field("until", lease.given.1).maybe("taken", lease.taken));
        }
        for (voter, announced) in &self.announced {
            let votes = announced.votes.split(',').filter_map(|vote| vote.split_once(':'));
            for (group, rest) in votes.take(MOST) {
                let holder = rest.split(':').next().unwrap_or("");
                say(line("vote", group).field("node", voter).field("holder", holder));
            }
        }
        for (name, state) in &self.pings {
            say(state.line(line("ping", name), &["rtt", "loss", "group", "reason"]));
        }
        self.said_lines(&mut say);
        self.beside.lines(line, &mut say);
        for (reason, count) in &self.refused {
            say(line("bad", reason).field("n", count));
        }
        if self.unkept > 0 {
            say(line("unkept", &self.own).field("n", self.unkept));
        }
        lines
    }

    fn node_lines(&self, say: &mut impl FnMut(Line)) {
        let own = State { word: "own".to_owned(), ..State::default() };
        let own = (!self.nodes.contains_key(&self.own)).then_some((&self.own, &own));
        for (name, state) in own.into_iter().chain(&self.nodes) {
            let told = Line::new("status", self.now).word("node").word(name);
            let mut told = match name == &self.own {
                true => told.field("state", &state.word),
                false => state.line(told, &["type", "silent", "hears", "restart", "partition", "reason"]),
            };
            if let Some(peer) = self.peers.get(name) {
                told = ["config", "version"].iter().fold(told, |told, key| told.maybe(key, peer.field(key)));
            }
            if let Some(announced) = self.announced.get(name) {
                let until = announced.maintenance.map(|span| announced.at + span).filter(|until| *until > self.now);
                told = told.maybe("reach", announced.reach.as_ref()).maybe("maintenance", until);
            }
            say(told.maybe("rtt", self.heard.round_trip(name)));
        }
    }

    fn said_lines(&self, say: &mut impl FnMut(Line)) {
        let mut each = |what: &str, said: &BTreeMap<String, Said>, longest: Duration| {
            for (subject, said) in said.iter().filter(|(_, said)| self.now.since(said.last) < longest) {
                let line = Line::new("status", self.now).word(what).word(subject).field("verb", &said.verb);
                say(line.field("since", said.since).field("text", &said.text));
            }
        };
        each("alarm", &self.alarms, ALARM);
        each("reason", &self.reasons, Duration::MAX);
        each("request", &self.requests, Duration::MAX);
    }
}

/// Takes the state of a subject.
fn take(map: &mut BTreeMap<String, State>, subject: &str, state: &str, record: &Record<'_>) {
    if let Some(kept) = entry(map, subject.to_owned()) {
        kept.take(state, record);
    }
}

fn number(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Milliseconds with three decimals of microseconds.
fn millis(micros: f64) -> impl Display {
    format!("{:.3}", micros / 1000.0)
}

#[cfg(test)]
mod tests;

//! Two whole nodes, judge and decision maker, joined by a wire that delays, repeats
//! and reorders messages, and loses heartbeats. Time is counted in milliseconds.

mod model;

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::decide::{GroupSetting, Policy, Quorum};
use crate::judge::{self, Judge};

const KEEPALIVE: u64 = 100;
const DEADTIME: u64 = 1_000;
const TICK: u64 = 25;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn time(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

/// Numbers by chance, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// A node of ours; `is_plain` hides what tells it from one of Heartbeat.
struct Node {
    name: &'static str,
    judge: Judge,
    engine: Heartbeat,
    life: u64,
    sequence: u64,
    /// Records on their way to its bus, by time.
    coming: Vec<(u64, String)>,
    said: Vec<String>,
    is_running: bool,
    has_ended: bool,
    /// What it has for certain or perhaps.
    holds: BTreeMap<String, bool>,
    /// How many starts and stops fail from now on.
    failing: [u32; 2],
}

fn settings(own: &str, failback: bool) -> Settings {
    let group = |name: &str, node: &str| GroupSetting { name: name.to_owned(), preferred: node.to_owned() };
    Settings {
        own: own.to_owned(),
        nodes: vec!["n1".to_owned(), "n2".to_owned()],
        groups: vec![group("web", "n1"), group("mail", "n1"), group("db", "n2")],
        policy: Policy { auto_failback: failback, ..Policy::default() },
        keepalive: ms(KEEPALIVE),
        deadtime: ms(DEADTIME),
        quorum: Quorum::Alive,
        digest: "-".to_owned(),
    }
}

fn judge(own: &str, peer: &str) -> Judge {
    Judge::new(judge::Settings {
        own: Some(own.to_owned()),
        peers: vec![peer.to_owned()],
        links: Vec::new(),
        ping: Vec::new(),
        warntime: ms(DEADTIME / 2),
        deadtime: ms(DEADTIME),
        initdead: ms(DEADTIME * 2),
        deadping: ms(DEADTIME),
    })
}

fn other(name: &str) -> &'static str {
    if name == "n1" { "n2" } else { "n1" }
}

impl Node {
    fn new(name: &'static str, failback: bool) -> Node {
        Node {
            name,
            judge: judge(name, other(name)),
            engine: Heartbeat::new(settings(name, failback)),
            life: 0,
            sequence: 0,
            coming: Vec::new(),
            said: Vec::new(),
            is_running: false,
            has_ended: false,
            holds: BTreeMap::new(),
            failing: [0; 2],
        }
    }

    fn begin(&mut self, now: u64) {
        self.judge = judge(self.name, other(self.name));
        self.engine = Heartbeat::new(self.engine.settings.clone());
        self.life += 1;
        self.sequence = 0;
        self.coming.clear();
        self.is_running = true;
        self.has_ended = false;
        for group in ["web", "mail", "db"] {
            self.holds.insert(group.to_owned(), false);
            self.coming.push((now, format!("group {} {group} stopped", time(now))));
        }
    }

    /// Feeds one record; what it sends.
    fn feed(&mut self, line: &str, now: u64, chance: &mut Chance) -> Vec<String> {
        let record = Record::parse(line.as_bytes()).unwrap();
        let mut verdicts = Vec::new();
        self.judge.record(&record, &mut verdicts).unwrap();
        let mut effects = Vec::new();
        self.engine.record(&record, &mut effects).unwrap();
        for verdict in verdicts {
            let verdict = verdict.finish();
            self.engine.record(&Record::parse(verdict.as_bytes()).unwrap(), &mut effects).unwrap();
            self.said.push(verdict);
        }
        let mut sent = Vec::new();
        for effect in effects {
            match effect {
                Effect::Say(line) => self.act(&line.finish(), now, chance),
                Effect::Announce(text) => sent.extend(self.send(&text, now)),
                Effect::End => self.has_ended = true,
            }
        }
        sent
    }

    /// Does what is to be done: it takes a while, and may fail.
    fn act(&mut self, line: &str, now: u64, chance: &mut Chance) {
        self.said.push(line.to_owned());
        let record = Record::parse(line.as_bytes()).unwrap();
        let words: Vec<&str> = record.words().collect();
        let at = match (record.kind, words.as_slice()) {
            ("do", ["start", _]) => 0,
            ("do", ["stop", _]) => 1,
            _ => return,
        };
        let does = self.failing[at] == 0;
        self.failing[at] = self.failing[at].saturating_sub(1);
        let done = now + 20 + chance.below(200);
        let state = ["started", "stopped"][at];
        let state = if does { state } else { "failed" };
        self.coming.push((done, format!("group {} {} {state}", time(done), words[1])));
        if at == 0 {
            self.holds.insert(words[1].to_owned(), true);
        }
    }

    fn send(&mut self, text: &str, now: u64) -> Vec<String> {
        let text: Vec<&str> = text.split(' ').filter(|word| !word.starts_with("until=")).collect();
        if text[0] == "t=reqnodes" {
            let nodes = "t=repnodes nodelist=n1%20n2%20 delnodelist=%20";
            let (own, peer) = (self.name, other(self.name));
            self.coming.push((now, format!("msg {} {peer} via=b dest={own} {nodes} seq=1 hg=0", time(now))));
            return Vec::new();
        }
        self.sequence += 1;
        let (seq, hg) = (self.sequence, self.life);
        let kind = text[0];
        self.coming.push((now, format!("sent {} {kind} seq={seq:x} hg={hg:x} inc={hg:x} ok=1 failed=0", time(now))));
        if kind != "t=status" {
            self.said.push(format!("says {} {}", time(now), text.join(" ")));
        }
        vec![format!("{} via=b seq={seq:x} hg={hg:x} inc={hg:x} {}", self.name, text.join(" "))]
    }

    fn told(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["group", _, group, "stopped"] = words.as_slice() {
            self.holds.insert((*group).to_owned(), false);
        }
        // A start that failed leaves nothing.
        if let ["group", _, group, "failed"] = words.as_slice() {
            let (start, stop) = (format!(" start {group} "), format!(" stop {group}"));
            let is_action =
                |line: &&String| line.starts_with("do ") && (line.contains(&start) || line.ends_with(&stop));
            if self.said.iter().rev().find(is_action).is_some_and(|line| line.contains(&start)) {
                self.holds.insert((*group).to_owned(), false);
            }
        }
    }

    fn holds(&self, group: &str) -> bool {
        self.holds.get(group).copied().unwrap_or(false)
    }
}

struct Pair {
    now: u64,
    nodes: [Node; 2],
    /// Messages on their way: when, to whom, what.
    wire: Vec<(u64, usize, String)>,
    chance: Chance,
    is_cut: bool,
    /// The worst that the wire does.
    delay: u64,
    /// Two were seen with one group.
    both: Vec<String>,
}

impl Pair {
    fn new(seed: u64, failback: bool) -> Pair {
        let nodes = [Node::new("n1", failback), Node::new("n2", failback)];
        let (wire, both) = (Vec::new(), Vec::new());
        Pair { now: 1_000, nodes, wire, chance: Chance(seed), is_cut: false, delay: 1, both }
    }

    fn begin(&mut self, at: usize) {
        self.nodes[at].begin(self.now);
    }

    /// A step of time.
    fn step(&mut self) {
        self.now += TICK;
        let now = self.now;
        for at in [0, 1] {
            let mut lines: Vec<(u64, String)> = Vec::new();
            let due = |when: &u64| *when <= now;
            self.wire.retain(|(when, to, text)| {
                let is_due = *to == at && due(when);
                if is_due {
                    lines.push((*when, format!("msg {} {text}", time(*when))));
                }
                !is_due
            });
            let node = &mut self.nodes[at];
            if !node.is_running {
                continue;
            }
            node.coming.retain(|(when, text)| {
                if due(when) {
                    lines.push((*when, text.clone()));
                }
                !due(when)
            });
            lines.sort_by_key(|(when, _)| *when);
            lines.push((now, format!("tick {}", time(now))));
            for (_, line) in lines {
                self.nodes[at].told(&line);
                let sent = self.nodes[at].feed(&line, now, &mut self.chance);
                for text in sent {
                    self.carry(at, text);
                }
            }
            if self.nodes[at].has_ended {
                self.nodes[at].is_running = false;
            }
        }
        for group in ["web", "mail", "db"] {
            if self.nodes.iter().all(|node| node.holds(group)) {
                self.both.push(format!("{now} {group}"));
            }
        }
    }

    /// Puts a message on the wire. Only heartbeats are lost for good: the others
    /// are asked for again, and come later, and out of order.
    fn carry(&mut self, from: usize, text: String) {
        let is_status = text.contains(" t=status ");
        if self.is_cut || is_status && self.delay > 1 && self.chance.one_in(8) {
            return;
        }
        let mut copies = 1;
        if self.delay > 1 && self.chance.one_in(6) {
            copies = 2;
        }
        for _ in 0..copies {
            let late = if self.chance.one_in(5) { self.delay } else { 20 };
            let when = self.now + 1 + self.chance.below(late.max(1));
            self.wire.push((when, 1 - from, text.clone()));
        }
    }

    fn run(&mut self, millis: u64) {
        let end = self.now + millis;
        while self.now < end {
            self.step();
        }
    }

    fn ask(&mut self, at: usize, words: &str) {
        let line = format!("ask {} {words}", time(self.now));
        self.nodes[at].coming.push((self.now, line));
    }

    /// The node and all it has is gone.
    fn crash(&mut self, at: usize) {
        self.nodes[at].is_running = false;
        self.nodes[at].holds.clear();
    }

    /// Who has each group.
    fn owners(&self) -> Vec<String> {
        let holders = |group: &&str| {
            let names: Vec<&str> = self.nodes.iter().filter(|node| node.holds(group)).map(|node| node.name).collect();
            format!("{group}:{}", names.join("+"))
        };
        ["web", "mail", "db"].iter().map(holders).collect()
    }

    fn story(&self) -> String {
        let is_news = |line: &&String| !line.starts_with("do ") || !line.contains(" renew ");
        let told = |node: &Node| {
            let lines: Vec<&str> = node.said.iter().filter(is_news).map(String::as_str).collect();
            format!("{}:\n{}\n", node.name, lines.join("\n"))
        };
        self.nodes.iter().map(told).collect()
    }

    #[track_caller]
    fn owned_by(&self, web_and_mail: &str, db: &str) {
        let wanted = [format!("web:{web_and_mail}"), format!("mail:{web_and_mail}"), format!("db:{db}")];
        assert_eq!(self.owners(), wanted, "{}", self.story());
        assert!(self.both.is_empty(), "{:?}\n{}", self.both, self.story());
    }
}

/// Both up, each with its own.
fn pair(failback: bool) -> Pair {
    let mut pair = Pair::new(1, failback);
    pair.begin(0);
    pair.begin(1);
    pair.run(13_000);
    pair.owned_by("n1", "n2");
    pair
}

#[test]
fn two_that_begin_at_once_take_each_their_own() {
    pair(true);
}

#[test]
fn who_is_alone_takes_everything_and_gives_back_only_with_auto_failback() {
    for failback in [true, false] {
        let mut pair = Pair::new(1, failback);
        pair.begin(0);
        pair.run(4_000);
        pair.owned_by("n1", "n1");
        pair.begin(1);
        pair.run(4_000);
        pair.owned_by("n1", if failback { "n2" } else { "n1" });
    }
}

#[test]
fn a_dead_node_is_taken_from_and_comes_back() {
    let mut pair = pair(true);
    pair.crash(1);
    pair.run(2_000);
    pair.owned_by("n1", "n1");
    pair.begin(1);
    pair.run(3_000);
    pair.owned_by("n1", "n2");
}

#[test]
fn standby_and_takeover_move_everything_to_and_fro() {
    let mut pair = pair(false);
    for (at, words, owners) in [
        (0, "standby all", ("n2", "n2")),
        (0, "takeover local", ("n1", "n2")),
        (1, "takeover all", ("n2", "n2")),
        (1, "standby foreign", ("n1", "n2")),
        (1, "standby failback", ("n1", "n2")),
        (1, "standby local", ("n1", "n1")),
        (1, "takeover failback", ("n1", "n2")),
    ] {
        pair.ask(at, words);
        pair.run(2_500);
        pair.owned_by(owners.0, owners.1);
    }
}

#[test]
fn who_leaves_is_followed_at_once() {
    let mut pair = pair(true);
    pair.ask(0, "shutdown");
    pair.run(700);
    pair.owned_by("n2", "n2");
    pair.run(2_000);
    assert!(!pair.nodes[0].is_running);
    pair.begin(0);
    pair.run(3_000);
    pair.owned_by("n1", "n2");
}

#[test]
fn both_ask_at_once_and_one_of_the_requests_is_done() {
    let mut pair = pair(false);
    pair.ask(0, "standby all");
    pair.ask(1, "standby all");
    pair.run(3_000);
    pair.owned_by("n1", "n1");
    let said = |at: usize, words: &str| pair.nodes[at].said.iter().any(|line| line.contains(words));
    assert!(said(1, "done standby") && said(0, "failed standby"), "{}", pair.story());
}

#[test]
fn a_stop_that_fails_keeps_the_other_from_starting() {
    let mut pair = pair(false);
    pair.nodes[0].failing[1] = 2;
    pair.ask(0, "standby all");
    pair.run(4_000);
    let started = |pair: &Pair| pair.nodes[1].said.iter().any(|line| line.contains("start web"));
    assert!(!started(&pair), "{}", pair.story());
    pair.run(9_000);
    pair.owned_by("n2", "n2");
}

#[test]
fn what_does_not_start_goes_to_the_other_and_does_not_come_back() {
    let mut pair = pair(true);
    pair.nodes[1].failing[0] = 1;
    pair.ask(0, "standby all");
    pair.run(30_000);
    pair.owned_by("n1", "n2");
    let asked = pair.nodes[0].said.iter().filter(|line| line.contains(" start web ")).count();
    assert!(asked <= 2, "it goes to and fro: {}", pair.story());
}

#[test]
fn two_that_were_cut_off_keep_what_prefers_them() {
    let mut pair = pair(false);
    pair.is_cut = true;
    pair.run(3_000);
    assert_eq!(pair.owners(), ["web:n1+n2", "mail:n1+n2", "db:n1+n2"]);
    pair.is_cut = false;
    pair.run(2_000);
    pair.both.clear();
    pair.run(5_000);
    pair.owned_by("n1", "n2");
}

#[test]
fn words_that_are_not_known_are_never_taken_for_nothing() {
    let mut pair = pair(false);
    let (mut effects, now) = (Vec::new(), pair.now);
    for (words, strange) in [
        ("t=resource rsc_hold=some rtype=full isstable=1", Strange::Unreadable),
        ("t=resource isstable=1", Strange::Unreadable),
        ("t=ask_resources rsc_hold=all info=perhaps", Strange::Unreadable),
        ("t=ask_resources rsc_hold=half info=me", Strange::Unreadable),
        ("t=ask_resources info=me", Strange::Unreadable),
        ("t=hb_takeover rsc_hold=everything", Strange::Unreadable),
        ("t=hb_takeover", Strange::Incomplete),
        ("t=ip-request ipaddr=nothing", Strange::UnknownGroup),
        ("t=repnodes dest=n1", Strange::Incomplete),
    ] {
        pair.nodes[1].sequence += 1;
        let line = format!("msg {} n2 via=b seq={:x} hg=1 {words}", time(now), pair.nodes[1].sequence);
        let record = Record::parse(line.as_bytes()).unwrap();
        assert_eq!(pair.nodes[0].engine.record(&record, &mut effects), Err(strange), "{words}");
    }
    for numbers in ["seq=x hg=1", "seq=1", "hg=1"] {
        let line = format!("msg {} n2 via=b {numbers} t=shutdone", time(now));
        let record = Record::parse(line.as_bytes()).unwrap();
        assert_eq!(pair.nodes[0].engine.record(&record, &mut effects), Err(Strange::Incomplete), "{numbers}");
    }
    assert!(effects.is_empty(), "{effects:?}");
    // What the other holds is not known now, and it may hold anything.
    pair.ask(0, "standby all");
    pair.run(25_000);
    pair.owned_by("n1", "n2");
    assert!(pair.nodes[0].said.iter().any(|line| line.ends_with("failed standby: n2 does not say what it holds")));
}

/// Whatever people, scripts and the wire do, two never have one group while none
/// is taken for dead that lives; and when all is quiet, each is served once.
#[test]
fn nobody_ever_has_what_another_has_and_in_the_end_all_is_served() {
    for seed in 0..60 {
        let mut pair = Pair::new(seed, seed % 2 == 0);
        pair.delay = 400;
        pair.begin(0);
        if seed % 3 > 0 {
            pair.run(seed % 5_000);
        }
        pair.begin(1);
        for _ in 0..30 {
            let wait = 100 + pair.chance.below(1_500);
            pair.run(wait);
            let at = pair.chance.below(2) as usize;
            disturb(&mut pair, at);
        }
        pair.delay = 1;
        for at in [0, 1] {
            pair.nodes[at].failing = [0; 2];
            pair.ask(at, "clear all");
        }
        for _ in 0..40 {
            for at in [0, 1] {
                if !pair.nodes[at].is_running {
                    pair.begin(at);
                }
            }
            pair.run(1_000);
        }
        assert!(pair.both.is_empty(), "seed {seed}: {:?}\n{}", pair.both, pair.story());
        let served = pair.owners().iter().all(|owner| owner.ends_with(":n1") || owner.ends_with(":n2"));
        assert!(served, "seed {seed}: {:?}\n{}", pair.owners(), pair.story());
    }
}

/// One of the things that happen to a node.
fn disturb(pair: &mut Pair, at: usize) {
    if !pair.nodes[at].is_running {
        return pair.begin(at);
    }
    match pair.chance.below(12) {
        0 => pair.ask(at, "standby all"),
        1 => pair.ask(at, "standby local"),
        2 => pair.ask(at, "standby foreign"),
        3 => pair.ask(at, "takeover all"),
        4 => pair.ask(at, "takeover local"),
        5 => pair.ask(at, "takeover foreign"),
        6 => pair.ask(at, "shutdown"),
        7 => pair.nodes[at].failing[0] = 1,
        8 => pair.nodes[at].failing[1] = 1,
        9 => pair.crash(at),
        10 => pair.ask(at, "clear all"),
        _ => {
            pair.ask(at, "standby all");
            pair.ask(1 - at, "standby all");
        }
    }
}

//! A cluster, its faults, and what must hold whatever happens.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::time::Duration;

use hbkit::decide::{Decide, Effect, GroupSetting, Policy, Quorum, Settings};
use hbkit::judge::{self, Judge};
use hbkit::record::{Line, Record};
use hbkit::time::Time;

use crate::random::Random;

/// True time and clocks are microseconds.
const SECOND: u64 = 1_000_000;
const KEEPALIVE: u64 = 10 * SECOND;
const DEADTIME: u64 = 60 * SECOND;
const TICK: u64 = 2_500_000;
/// Faults begin before this time, and end soon after it.
const CALM: u64 = 2_400 * SECOND;
const END: u64 = 3_600 * SECOND;
/// Behind the calm, everything must have found its place within this time.
const SETTLED: u64 = 600 * SECOND;
/// The kernel's whole seconds: a shorter lease cannot be given to it.
const SHORTEST: u64 = 2_250_000;

pub struct Plan {
    pub nodes: usize,
    pub quorum: Quorum,
    pub seed: u64,
    pub trace: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Off,
    Running,
    /// Nothing runs, ticks neither.
    Paused,
    /// Ticks and messages are printed; judge, decide and send stand still.
    Deaf,
}

struct Node {
    name: String,
    state: State,
    life: u64,
    judge: Judge,
    decide: Decide,
    sequence: u64,
    offset: u64,
    /// Parts in a million that its clock is fast by.
    drift: i64,
    backlog: VecDeque<String>,
    heard: BTreeMap<usize, (u64, BTreeSet<u64>)>,
    /// By group: when the kernel ends the address, in true time.
    holds: BTreeMap<String, u64>,
}

impl Node {
    fn local(&self, now: u64) -> u64 {
        let drift = (now as i128 * i128::from(self.drift)) / 1_000_000;
        (i128::from(self.offset) + now as i128 + drift) as u64
    }

    fn to_true(&self, local: u64) -> u64 {
        let elapsed = i128::from(local) - i128::from(self.offset);
        (elapsed * 1_000_000 / (1_000_000 + i128::from(self.drift))).max(0) as u64
    }

    fn time(&self, now: u64) -> Time {
        Time::from_micros(self.local(now))
    }
}

#[derive(Clone)]
enum Event {
    Tick {
        node: usize,
        life: u64,
    },
    Message {
        from: usize,
        to: usize,
        life: u64,
        sequence: u64,
        text: String,
    },
    /// The address of a group appears, with the end of its lease on the node's clock.
    Up {
        node: usize,
        life: u64,
        group: String,
        until: Time,
    },
    Down {
        node: usize,
        life: u64,
        group: String,
    },
    Told {
        node: usize,
        life: u64,
        line: String,
    },
    Fault,
    Resume {
        node: usize,
        life: u64,
    },
    Boot {
        node: usize,
    },
    Ask {
        node: usize,
        text: &'static str,
    },
}

struct Queued(u64, u64, Event);

impl PartialEq for Queued {
    fn eq(&self, other: &Queued) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Queued) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Queued) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

pub struct Cluster {
    plan: Plan,
    random: Random,
    now: u64,
    count: u64,
    events: BinaryHeap<Reverse<Queued>>,
    nodes: Vec<Node>,
    groups: Vec<String>,
    /// Until when messages from one node to another are lost.
    cut: Vec<Vec<u64>>,
    loss: u64,
    delay: u64,
    moves: u64,
    last_move: u64,
    broken: Option<String>,
}

fn brain(names: &[String], own: usize, quorum: Quorum, failback: bool) -> (Judge, Decide) {
    let micros = Duration::from_micros;
    let judge = Judge::new(judge::Settings {
        own: Some(names[own].clone()),
        peers: names.iter().filter(|name| **name != names[own]).cloned().collect(),
        links: Vec::new(),
        ping: Vec::new(),
        warntime: micros(DEADTIME / 2),
        deadtime: micros(DEADTIME),
        initdead: micros(DEADTIME * 2),
        deadping: micros(DEADTIME),
    });
    let groups = groups(names.len()).into_iter().enumerate();
    let groups = groups.map(|(index, name)| GroupSetting { name, preferred: names[index % names.len()].clone() });
    let decide = Decide::new(Settings {
        own: names[own].clone(),
        nodes: names.to_vec(),
        groups: groups.collect(),
        policy: Policy { auto_failback: failback, ..Policy::default() },
        keepalive: micros(KEEPALIVE),
        deadtime: micros(DEADTIME),
        quorum,
        digest: "d".to_owned(),
    });
    (judge, decide)
}

fn groups(nodes: usize) -> Vec<String> {
    (0..nodes.min(2)).map(|index| format!("g{index}")).collect()
}

impl Cluster {
    pub fn new(plan: &Plan) -> Cluster {
        let plan = Plan { ..*plan };
        let mut random = Random::new(plan.seed);
        let names: Vec<String> = (1..=plan.nodes).map(|number| format!("n{number}")).collect();
        let failback = random.chance(500);
        let nodes = (0..plan.nodes).map(|index| {
            let (judge, decide) = brain(&names, index, plan.quorum, failback);
            Node {
                name: names[index].clone(),
                state: State::Off,
                life: 0,
                judge,
                decide,
                sequence: 0,
                offset: random.below(1_000_000 * SECOND),
                // Two clocks may differ by 1 %, each by half of it.
                drift: random.between(0, 9_900) as i64 - 4_950,
                backlog: VecDeque::new(),
                heard: BTreeMap::new(),
                holds: BTreeMap::new(),
            }
        });
        let nodes: Vec<Node> = nodes.collect();
        let mut cluster = Cluster {
            random,
            now: 0,
            count: 0,
            events: BinaryHeap::new(),
            groups: groups(plan.nodes),
            cut: vec![vec![0; plan.nodes]; plan.nodes],
            nodes,
            loss: 0,
            delay: 20_000,
            moves: 0,
            last_move: 0,
            broken: None,
            plan,
        };
        for node in 0..cluster.nodes.len() {
            let at = cluster.random.below(100 * SECOND);
            cluster.at(at, Event::Boot { node });
            for time in [CALM + 200 * SECOND, CALM + 400 * SECOND] {
                cluster.at(time, Event::Ask { node, text: "clear all" });
            }
        }
        cluster.at(SECOND * 200, Event::Fault);
        cluster
    }

    fn at(&mut self, time: u64, event: Event) {
        self.count += 1;
        self.events.push(Reverse(Queued(time, self.count, event)));
    }

    /// Runs the hour; how many times a group was taken.
    pub fn run(mut self) -> Result<u64, String> {
        while let Some(Reverse(Queued(time, _, event))) = self.events.pop() {
            if time > END {
                break;
            }
            self.now = time;
            self.happen(event);
            if let Some(broken) = self.broken {
                return Err(format!("at {:.3} s: {broken}", time as f64 / 1e6));
            }
        }
        self.now = END;
        for group in &self.groups {
            let owners: Vec<&str> = self.owners(group);
            if owners.len() != 1 {
                return Err(format!("{group} is held by {owners:?} when all faults have ended"));
            }
        }
        if self.last_move > CALM + SETTLED {
            return Err(format!("something moved at {:.0} s, long after the last fault", self.last_move as f64 / 1e6));
        }
        Ok(self.moves)
    }

    fn owners(&self, group: &str) -> Vec<&str> {
        let holds = |node: &&Node| node.holds.get(group).is_some_and(|end| *end > self.now);
        self.nodes.iter().filter(holds).map(|node| node.name.as_str()).collect()
    }

    fn trace(&self, node: usize, line: &str) {
        if self.plan.trace {
            println!("{:12.6} {} {line}", self.now as f64 / 1e6, self.nodes[node].name);
        }
    }

    fn lives(&self, node: usize, life: u64) -> bool {
        self.nodes[node].life == life && self.nodes[node].state != State::Off
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick { node, life } if self.lives(node, life) => self.tick(node),
            Event::Message { from, to, life, sequence, text } => self.message(from, to, life, sequence, &text),
            Event::Up { node, life, group, until } if self.lives(node, life) => self.up(node, &group, until),
            Event::Down { node, life, group } if self.lives(node, life) => {
                self.trace(node, &format!("--- {group} is down"));
                self.nodes[node].holds.remove(&group);
            }
            Event::Told { node, life, line } if self.lives(node, life) => self.line(node, line),
            Event::Fault => self.fault(),
            Event::Resume { node, life } if self.lives(node, life) => self.resume(node),
            Event::Boot { node } if self.nodes[node].state == State::Off => self.boot(node),
            Event::Ask { node, text } if self.nodes[node].state != State::Off => {
                let line = format!("ask {} {text}", self.nodes[node].time(self.now));
                self.line(node, line);
            }
            Event::Tick { .. }
            | Event::Up { .. }
            | Event::Down { .. }
            | Event::Told { .. }
            | Event::Resume { .. }
            | Event::Boot { .. }
            | Event::Ask { .. } => {}
        }
    }

    fn tick(&mut self, node: usize) {
        let life = self.nodes[node].life;
        let jitter = self.random.below(50_000);
        let next = self.nodes[node].to_true(self.nodes[node].local(self.now) + TICK) + jitter;
        self.at(next, Event::Tick { node, life });
        if self.nodes[node].state != State::Paused {
            let line = format!("tick {}", self.nodes[node].time(self.now));
            self.line(node, line);
        }
    }

    /// hb-listen: what is new is printed, a copy or a replay is not.
    fn message(&mut self, from: usize, to: usize, life: u64, sequence: u64, text: &str) {
        if self.nodes[to].state == State::Off || self.now < self.cut[from][to] {
            return;
        }
        let known = self.nodes[to].heard.entry(from).or_insert_with(|| (life, BTreeSet::new()));
        if life < known.0 {
            return;
        }
        if life > known.0 {
            *known = (life, BTreeSet::new());
        }
        if !known.1.insert(sequence) {
            return;
        }
        let time = self.nodes[to].time(self.now);
        let line = format!(
            "msg {time} {} via=bcast:eth1 seq={sequence:x} hg={life:x} inc={} {text}",
            self.nodes[from].name,
            incarnation(from, life)
        );
        self.line(to, line);
    }

    fn line(&mut self, node: usize, line: String) {
        self.nodes[node].backlog.push_back(line);
        if self.nodes[node].state == State::Running {
            self.drain(node);
        }
    }

    fn drain(&mut self, node: usize) {
        while let Some(line) = self.nodes[node].backlog.pop_front() {
            let this = &mut self.nodes[node];
            let record = Record::parse(line.as_bytes()).unwrap();
            let (mut verdicts, mut effects) = (Vec::<Line>::new(), Vec::new());
            this.judge.record(&record, &mut verdicts).unwrap();
            this.decide.record(&record, &mut effects).unwrap();
            let verdicts: Vec<String> = verdicts.into_iter().map(Line::finish).collect();
            for verdict in &verdicts {
                this.decide.record(&Record::parse(verdict.as_bytes()).unwrap(), &mut effects).unwrap();
            }
            verdicts.iter().for_each(|verdict| self.trace(node, verdict));
            for effect in effects {
                match effect {
                    Effect::Say(line) => self.act(node, &line.finish()),
                    Effect::Announce(text) => self.send(node, &text),
                    Effect::End => {}
                }
            }
        }
    }

    fn act(&mut self, node: usize, line: &str) {
        self.trace(node, line);
        let record = Record::parse(line.as_bytes()).unwrap();
        let words: Vec<&str> = record.words().collect();
        let ("do", &[verb, group]) = (record.kind, words.as_slice()) else { return };
        let (life, group) = (self.nodes[node].life, group.to_owned());
        let faulty = self.now < CALM;
        let slow = faulty && self.random.chance(100);
        let soon = self.now + self.random.between(2_000, 200_000);
        let done = soon + if slow { self.random.below(90 * SECOND) } else { self.random.below(SECOND) };
        match verb {
            "start" => {
                self.moves += 1;
                self.last_move = self.now;
                let until = record.raw("until").unwrap().parse().unwrap();
                let fails = faulty && self.random.chance(50);
                self.at(soon, Event::Up { node, life, group: group.clone(), until });
                if fails {
                    self.at(done, Event::Down { node, life, group: group.clone() });
                }
                let line = format!("group {} {group} {}", record.time, if fails { "failed" } else { "started" });
                self.at(done, Event::Told { node, life, line });
            }
            "renew" => {
                let until = record.raw("until").unwrap().parse().unwrap();
                let held = self.nodes[node].holds.get(&group).is_some_and(|end| *end > self.now);
                if held {
                    self.up(node, &group, until);
                } else {
                    let line = format!("group {} {group} unknown", record.time);
                    self.at(self.now + 5_000, Event::Told { node, life, line });
                }
            }
            "stop" => {
                self.last_move = self.now;
                self.at(done, Event::Down { node, life, group: group.clone() });
                self.at(done, Event::Told { node, life, line: format!("group {} {group} stopped", record.time) });
            }
            _ => {}
        }
    }

    /// ipaddr-agent: what comes too late takes no effect; the kernel counts
    /// whole seconds below what is left, and may be late by its slack.
    fn up(&mut self, node: usize, group: &str, until: Time) {
        let this = &self.nodes[node];
        let left = until.micros().saturating_sub(this.local(self.now));
        if left < SHORTEST {
            self.trace(node, &format!("--- too late for {group}"));
            return;
        }
        let whole = (left - 1_250_000) / SECOND * SECOND;
        let end = this.to_true(this.local(self.now) + whole + 940_000);
        self.trace(node, &format!("--- {group} is up until {:.3}", end as f64 / 1e6));
        self.nodes[node].holds.insert(group.to_owned(), end);
        let owners = self.owners(group);
        let must_be_one = self.plan.quorum == Quorum::Majority || self.now > CALM + SETTLED;
        if owners.len() > 1 && must_be_one {
            self.broken = Some(format!("{group} is held by {owners:?} at once"));
        }
    }

    /// hb-send: nothing that has expired leaves.
    fn send(&mut self, node: usize, text: &str) {
        let this = &mut self.nodes[node];
        let (fields, until) = text.rsplit_once(" until=").unwrap();
        let local = this.local(self.now);
        if until.parse::<Time>().unwrap().micros() < local {
            return;
        }
        this.sequence += 1;
        let traced = format!("{fields} seq={:x}", this.sequence);
        let (life, sequence) = (this.life, this.sequence);
        let line = format!(
            "sent {} t=status seq={sequence:x} inc={} ok=1 failed=0",
            Time::from_micros(local),
            incarnation(node, life)
        );
        this.backlog.push_back(line);
        self.trace(node, &traced);
        for to in 0..self.nodes.len() {
            for _ in 0..1 + u64::from(self.random.chance(30)) {
                if to != node && !self.random.chance(self.loss) && self.now >= self.cut[node][to] {
                    let after = self.now + 500 + self.random.below(self.delay);
                    let text = fields.to_owned();
                    self.at(after, Event::Message { from: node, to, life, sequence, text });
                }
            }
        }
    }

    fn boot(&mut self, node: usize) {
        let names: Vec<String> = self.nodes.iter().map(|node| node.name.clone()).collect();
        let failback = Random::new(self.plan.seed).chance(500);
        let (judge, decide) = brain(&names, node, self.plan.quorum, failback);
        let groups = self.groups.clone();
        let this = &mut self.nodes[node];
        (this.judge, this.decide) = (judge, decide);
        this.state = State::Running;
        this.life += 1;
        this.sequence = 0;
        this.backlog.clear();
        this.heard.clear();
        // The supervisor stops what an earlier life left, before it listens.
        this.holds.clear();
        let (life, time) = (this.life, this.time(self.now));
        self.trace(node, "--- boots");
        for group in groups {
            self.line(node, format!("group {time} {group} stopped"));
        }
        self.at(self.now + 1, Event::Tick { node, life });
    }

    fn resume(&mut self, node: usize) {
        if matches!(self.nodes[node].state, State::Paused | State::Deaf) {
            self.trace(node, "--- resumes");
            self.nodes[node].state = State::Running;
            self.drain(node);
        }
    }

    fn fault(&mut self) {
        if self.now >= CALM {
            self.loss = 0;
            self.delay = 20_000;
            return;
        }
        let next = self.now + self.random.between(SECOND, 150 * SECOND);
        self.at(next, Event::Fault);
        let node = self.random.below(self.nodes.len() as u64) as usize;
        let other = self.random.below(self.nodes.len() as u64) as usize;
        let span = self.now + self.random.between(SECOND, 300 * SECOND);
        let end = span.min(CALM);
        match self.random.below(12) {
            0 => self.cut[node][other] = end,
            1 => (self.cut[node][other], self.cut[other][node]) = (end, end),
            2 => {
                self.trace(node, "--- is cut off");
                for peer in 0..self.nodes.len() {
                    (self.cut[node][peer], self.cut[peer][node]) = (end, end);
                }
            }
            3 => {
                self.trace(node, "--- is not heard");
                self.cut[node] = vec![end; self.nodes.len()];
            }
            4 => self.loss = self.random.below(500),
            5 => self.delay = self.random.between(10_000, 40 * SECOND),
            6 => (self.loss, self.delay) = (0, 20_000),
            7 | 8 if self.nodes[node].state == State::Running => {
                let paused = self.random.chance(500);
                self.trace(node, if paused { "--- pauses" } else { "--- is deaf" });
                self.nodes[node].state = if paused { State::Paused } else { State::Deaf };
                let life = self.nodes[node].life;
                self.at(end, Event::Resume { node, life });
            }
            9 => self.power_off(node, true, end),
            10 => self.power_off(node, false, end),
            11 => {
                let texts = ["standby all", "standby local", "takeover all", "takeover foreign", "clear all"];
                let text = texts[self.random.below(texts.len() as u64) as usize];
                self.happen(Event::Ask { node, text });
            }
            _ => {}
        }
    }

    /// The power goes, or all processes are killed: the kernel of a machine that
    /// lives keeps the addresses until their leases end.
    fn power_off(&mut self, node: usize, power: bool, back: u64) {
        self.trace(node, if power { "--- loses power" } else { "--- is killed" });
        self.nodes[node].state = State::Off;
        if power {
            self.nodes[node].holds.clear();
        }
        self.at(back, Event::Boot { node });
    }
}

fn incarnation(node: usize, life: u64) -> String {
    format!("{node:02x}{life:06x}{:024x}", 0)
}

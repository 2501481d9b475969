//! A node of Heartbeat 3.0.6 with haresources, as far as others see it: a model of
//! what it was observed to do, with its habits, and a node of ours beside it.

use super::*;

use std::collections::{BTreeSet, VecDeque};

/// Where it is, in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Init,
    Starting,
    Received(u64),
    Stable,
    Shutdown,
}

/// Its standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Not,
    Me,
    Other,
    Done,
}

/// What its scripts do, one after the other.
#[derive(Clone, Debug)]
enum Job {
    Take(Share),
    Give(Share),
    Say(String),
    End,
}

struct Model {
    name: &'static str,
    failback: bool,
    state: State,
    held: Share,
    other: Share,
    other_is_stable: bool,
    turn: Turn,
    turn_ends: u64,
    needs_failback: bool,
    next_try: u64,
    jobs: VecDeque<Job>,
    busy_until: u64,
    is_stopping: bool,
    is_running: bool,
    life: u64,
    sequence: u64,
    began: u64,
    next_status: u64,
    /// Of the other node: its life, when it was heard last, whether it is dead.
    peer_life: u64,
    peer_heard: Option<u64>,
    is_peer_dead: bool,
    seen: BTreeSet<u64>,
    holds: BTreeMap<String, bool>,
    said: Vec<String>,
    out: Vec<String>,
}

impl Model {
    fn new(name: &'static str, failback: bool) -> Model {
        Model {
            name,
            failback,
            state: State::Init,
            held: Share::NONE,
            other: Share::NONE,
            other_is_stable: false,
            turn: Turn::Not,
            turn_ends: 0,
            needs_failback: false,
            next_try: 0,
            jobs: VecDeque::new(),
            busy_until: 0,
            is_stopping: false,
            is_running: false,
            life: 0,
            sequence: 0,
            began: 0,
            next_status: 0,
            peer_life: 0,
            peer_heard: None,
            is_peer_dead: false,
            seen: BTreeSet::new(),
            holds: BTreeMap::new(),
            said: Vec::new(),
            out: Vec::new(),
        }
    }

    fn begin(&mut self, now: u64) {
        let (life, said) = (self.life + 1, std::mem::take(&mut self.said));
        *self = Model { life, said, began: now, is_running: true, ..Model::new(self.name, self.failback) };
    }

    fn groups(&self, share: Share) -> Vec<String> {
        let own = |node: &str| if node == self.name { Share::LOCAL } else { Share::FOREIGN };
        let all = [("web", "n1"), ("mail", "n1"), ("db", "n2")];
        all.iter().filter(|(_, node)| share.covers(own(node))).map(|(group, _)| (*group).to_owned()).collect()
    }

    fn send(&mut self, now: u64, text: &str) {
        self.sequence += 1;
        if !text.starts_with("t=status") {
            self.said.push(format!("says {} {text}", time(now)));
        }
        self.out.push(format!("{} via=b seq={:x} hg={:x} {text}", self.name, self.sequence, self.life));
    }

    fn send_resource(&mut self, now: u64) {
        let stable = u8::from(self.state == State::Stable);
        self.send(now, &format!("t=resource rsc_hold={} rtype=full isstable={stable}", self.held.word()));
    }

    /// `ask_resources`, which it hears itself too.
    fn send_standby(&mut self, now: u64, share: Share, what: &str) {
        self.send(now, &format!("t=ask_resources rsc_hold={} info={what}", share.word()));
        self.standby(now, share, what, true);
    }

    fn is_calm(&self) -> bool {
        self.other_is_stable && self.jobs.is_empty() && self.turn == Turn::Not
    }

    fn step(&mut self, now: u64, chance: &mut Chance) {
        if !self.is_running {
            return;
        }
        if now >= self.next_status {
            self.next_status = now + KEEPALIVE;
            let state = if self.state == State::Init { "up" } else { "active" };
            self.send(now, &format!("t=status st={state} dt=3e8 protocol=1"));
        }
        let limit = if self.state == State::Init { DEADTIME * 2 } else { DEADTIME };
        if !self.is_peer_dead && now >= self.peer_heard.unwrap_or(self.began) + limit {
            self.is_peer_dead = true;
            self.died(now);
        }
        if self.state == State::Init && (self.peer_heard.is_some() || self.is_peer_dead) {
            self.state = State::Starting;
            self.next_status = now;
            self.send(now, "t=starting");
        }
        match self.state {
            State::Received(since) if now >= since + 10_000 => self.become_stable(now),
            State::Starting if self.is_peer_dead => self.state = State::Received(now),
            State::Init | State::Starting | State::Received(_) | State::Stable | State::Shutdown => {}
        }
        if self.turn != Turn::Not && now >= self.turn_ends {
            self.turn = Turn::Not;
        }
        self.work(now, chance);
        if self.needs_failback && now >= self.next_try {
            self.try_failback(now);
        }
        if self.is_stopping && self.state == State::Stable && self.is_calm() {
            self.state = State::Shutdown;
            self.send(now, "t=resource rsc_hold=none rtype=full isstable=0 info=shutdown");
            self.held = Share::NONE;
            self.jobs.extend([Job::Give(Share::ALL), Job::Say("t=shutdone st=dead".to_owned()), Job::End]);
        }
    }

    /// Its scripts.
    fn work(&mut self, now: u64, chance: &mut Chance) {
        while now >= self.busy_until {
            // What was begun has ended.
            if self.busy_until > 0 {
                self.busy_until = 0;
                if let Some(Job::Give(share)) = self.jobs.pop_front() {
                    self.holds.extend(self.groups(share).into_iter().map(|group| (group, false)));
                }
                continue;
            }
            match self.jobs.front().cloned() {
                None => return,
                Some(Job::Take(share)) => {
                    self.holds.extend(self.groups(share).into_iter().map(|group| (group, true)));
                    self.busy_until = now + 50 + chance.below(300);
                }
                Some(Job::Give(_)) => self.busy_until = now + 50 + chance.below(300),
                Some(Job::Say(text)) => {
                    self.jobs.pop_front();
                    self.finish(now, &text);
                }
                Some(Job::End) => {
                    self.busy_until = 0;
                    self.is_running = false;
                    return;
                }
            }
        }
    }

    /// A script has ended with a message.
    fn finish(&mut self, now: u64, text: &str) {
        let share = text.split("rsc_hold=").nth(1).and_then(|rest| Share::read(rest.split(' ').next().unwrap()));
        if text.starts_with("t=ask_resources") {
            return self.send_standby(now, share.unwrap(), "done");
        }
        self.send(now, text);
        if text.contains("mach_down") {
            self.held = self.held.with(Share::FOREIGN);
            self.other_is_stable = true;
        }
    }

    fn become_stable(&mut self, now: u64) {
        self.claim_own(false);
        self.state = State::Stable;
        self.send_resource(now);
        self.try_failback(now);
    }

    fn claim_own(&mut self, is_forced: bool) {
        if !is_forced && (self.other.foreign || self.held.local) && self.turn == Turn::Not {
            return;
        }
        self.held.local = true;
        self.jobs.push_back(Job::Take(Share::LOCAL));
    }

    fn died(&mut self, now: u64) {
        self.turn = Turn::Not;
        self.take_over(now);
    }

    fn take_over(&mut self, now: u64) {
        if self.state == State::Shutdown {
            return;
        }
        self.needs_failback |= !self.held.foreign;
        self.held.foreign = true;
        self.other = Share::NONE;
        self.other_is_stable = true;
        self.claim_own(true);
        self.send(
            now,
            &format!("t=resource rsc_hold={} rtype=full isstable=1 info=req_our_resources()", self.held.word()),
        );
        self.jobs.push_back(Job::Take(Share::FOREIGN));
        self.jobs.push_back(Job::Say("t=resource rsc_hold=foreign info=mach_down".to_owned()));
    }

    fn try_failback(&mut self, now: u64) {
        if !self.failback || !self.needs_failback || !self.held.foreign || self.is_stopping {
            return;
        }
        self.next_try = now + 1_000;
        let is_there = !self.is_peer_dead && self.peer_heard.is_some();
        if is_there && self.other_is_stable && self.state == State::Stable && self.turn == Turn::Not {
            self.needs_failback = false;
            self.send_standby(now, Share::FOREIGN, "me");
        }
    }

    fn hear(&mut self, now: u64, text: &str) {
        if !self.is_running {
            return;
        }
        let line = format!("msg {} {text}", time(now));
        let record = Record::parse(line.as_bytes()).unwrap();
        let number = |key| u64::from_str_radix(record.raw(key).unwrap(), 16).unwrap();
        let (kind, life) = (record.raw("t").unwrap(), number("hg"));
        if life < self.peer_life || life > self.peer_life && kind != "status" {
            return;
        }
        if life > self.peer_life {
            self.peer_life = life;
            self.seen.clear();
        }
        if !self.seen.insert(number("seq")) {
            return;
        }
        let share = record.raw("rsc_hold").and_then(Share::read);
        match kind {
            "status" => {
                self.peer_heard = Some(now);
                self.is_peer_dead = false;
            }
            "starting" => {
                self.other_is_stable = false;
                if self.state != State::Init {
                    self.send_resource(now);
                }
            }
            "resource" => self.resource(now, share.unwrap(), record.raw("isstable")),
            "ask_resources" => self.standby(now, share.unwrap(), record.raw("info").unwrap(), false),
            "hb_takeover" => self.send_standby(now, share.map_or(Share::ALL, Share::mirror), "me"),
            "shutdone" => self.take_over(now),
            _ => {}
        }
    }

    fn resource(&mut self, now: u64, share: Share, stable: Option<&str>) {
        if self.state == State::Starting {
            self.state = State::Received(now);
        }
        self.other = share;
        let was_stable = self.other_is_stable;
        self.other_is_stable = stable.map_or(was_stable, |word| word == "1");
        if self.other_is_stable && !was_stable {
            self.send_resource(now);
            self.try_failback(now);
        }
        if let (State::Received(_), true) = (self.state, self.other_is_stable) {
            self.become_stable(now);
        }
    }

    fn standby(&mut self, now: u64, share: Share, what: &str, is_own: bool) {
        let (short, long) = (now + 10_000, now + 3_600_000);
        match (self.turn, what, is_own) {
            (Turn::Not, "me", _) => {
                let may = self.state == State::Stable && (is_own || self.jobs.is_empty());
                if !may || !self.other_is_stable {
                    return;
                }
                self.other_is_stable = false;
                self.turn = if is_own { Turn::Me } else { Turn::Other };
                self.turn_ends = if is_own { short } else { long };
                if !is_own {
                    self.send_standby(now, share, "other");
                }
            }
            (Turn::Me, "other", false) => {
                self.turn_ends = long;
                let left = self.held.without(share).word();
                self.send(now, &format!("t=resource rsc_hold={left} rtype=full isstable=0 info=standby"));
                let done = format!("t=ask_resources rsc_hold={} info=done", share.word());
                self.jobs.extend([Job::Give(share), Job::Say(done)]);
            }
            (Turn::Me, "done", true) => {
                self.held = self.held.without(share);
                self.turn = Turn::Done;
            }
            (Turn::Other, "done", false) => {
                self.turn = Turn::Done;
                let done = format!("t=ask_resources rsc_hold={} info=done", share.word());
                self.jobs.extend([Job::Take(share.mirror()), Job::Say(done)]);
            }
            (Turn::Done, "done", _) => {
                self.turn = Turn::Not;
                if is_own {
                    self.held = self.held.with(share.mirror());
                }
                self.send_resource(now);
            }
            (Turn::Not | Turn::Me | Turn::Other | Turn::Done, _, _) => {}
        }
    }
}

/// A node of ours and the model.
struct Mixed {
    now: u64,
    ours: Node,
    model: Model,
    /// When, whether to ours, what.
    wire: Vec<(u64, bool, String)>,
    chance: Chance,
    delay: u64,
    /// Since when the one or the other is down.
    down: [u64; 2],
    both: Vec<String>,
}

impl Mixed {
    fn new(seed: u64) -> Mixed {
        let failback = seed % 2 == 0;
        let (own, other) = if seed % 4 < 2 { ("n1", "n2") } else { ("n2", "n1") };
        Mixed {
            now: 1_000,
            ours: Node::new(own, failback),
            model: Model::new(other, failback),
            wire: Vec::new(),
            chance: Chance(seed),
            delay: 400,
            down: [0; 2],
            both: Vec::new(),
        }
    }

    fn step(&mut self) {
        self.now += TICK;
        let now = self.now;
        let mut due: Vec<(u64, bool, String)> = Vec::new();
        self.wire.retain(|message| {
            if message.0 <= now {
                due.push(message.clone());
            }
            message.0 > now
        });
        due.sort_by_key(|(when, _, _)| *when);
        let mut lines: Vec<(u64, String)> = Vec::new();
        for (when, is_to_ours, text) in due {
            if is_to_ours {
                lines.push((when, format!("msg {} {text}", time(when))));
            } else {
                self.model.hear(now, &text);
            }
        }
        self.model.step(now, &mut self.chance);
        std::mem::take(&mut self.model.out).into_iter().for_each(|text| self.carry(true, text));
        if self.ours.is_running {
            lines.extend(self.ours.coming.extract_if(.., |(when, _)| *when <= now));
            lines.sort_by_key(|(when, _)| *when);
            lines.push((now, format!("tick {}", time(now))));
            for (_, line) in lines {
                self.ours.told(&line);
                let sent = self.ours.feed(&line, now, &mut self.chance);
                sent.into_iter().for_each(|text| self.carry(false, text));
            }
            self.ours.is_running = !self.ours.has_ended;
        }
        for group in ["web", "mail", "db"] {
            if self.ours.holds(group) && self.model.holds.get(group).copied().unwrap_or(false) {
                self.both.push(format!("{now} {group}"));
            }
        }
    }

    /// The messages of a node are heard about as they are sent, but for some that
    /// are late, twice, or lost where that is for good.
    fn carry(&mut self, is_to_ours: bool, text: String) {
        if text.contains(" t=status ") && self.delay > 1 && self.chance.one_in(8) {
            return;
        }
        for _ in 0..1 + u64::from(self.delay > 1 && self.chance.one_in(6)) {
            let late = if self.chance.one_in(5) { self.delay } else { 20 };
            let when = self.now + 1 + self.chance.below(late.max(1));
            // hb-listen takes no message twice.
            self.wire.push((when, is_to_ours, text.clone()));
            if is_to_ours {
                return;
            }
        }
    }

    fn run(&mut self, millis: u64) {
        let end = self.now + millis;
        while self.now < end {
            self.step();
        }
    }

    /// Starts what is down for long enough that the other has seen it.
    fn revive(&mut self) {
        let is_due = |since: u64| self.now >= since + DEADTIME * 2;
        let (ours, model) = (is_due(self.down[0]), is_due(self.down[1]));
        if !self.ours.is_running && ours {
            self.ours.begin(self.now);
        }
        if !self.model.is_running && model {
            self.model.begin(self.now);
        }
    }

    fn note_who_is_down(&mut self) {
        for (at, is_running) in [self.ours.is_running, self.model.is_running].into_iter().enumerate() {
            if is_running {
                self.down[at] = self.now;
            }
        }
    }

    fn ask(&mut self, words: &str) {
        self.ours.coming.push((self.now, format!("ask {} {words}", time(self.now))));
    }

    fn disturb(&mut self) {
        let share = [Share::ALL, Share::LOCAL, Share::FOREIGN][self.chance.below(3) as usize];
        match self.chance.below(12) {
            0 | 1 => self.ask(&format!("standby {}", share.word())),
            2 | 3 => self.ask(&format!("takeover {}", share.word())),
            4 => self.ask("shutdown"),
            5 => self.ours.failing[0] = 1,
            6 => self.ours.failing[1] = 1,
            7 => {
                self.ours.is_running = false;
                self.ours.holds.clear();
            }
            8 if self.model.is_running => self.model.send_standby(self.now, share, "me"),
            9 if self.model.is_running => {
                let text = format!("t=hb_takeover rsc_hold={}", share.word());
                self.model.send(self.now, &text);
            }
            10 => self.model.is_stopping = true,
            _ => {
                self.model.is_running = false;
                self.model.holds.clear();
            }
        }
    }

    fn story(&self) -> String {
        let is_news = |line: &&String| !line.starts_with("do ") || !line.contains(" renew ");
        let lines: Vec<&str> = self.ours.said.iter().filter(is_news).map(String::as_str).collect();
        let (ours, model) = (self.ours.name, self.model.name);
        format!("{ours} (ours):\n{}\n{model} (model):\n{}", lines.join("\n"), self.model.said.join("\n"))
    }
}

#[test]
fn beside_a_model_of_heartbeat_no_group_is_ever_on_two_nodes_and_in_the_end_each_is_on_one() {
    for seed in 0..60 {
        let mut mixed = Mixed::new(seed);
        for _ in 0..30 {
            let wait = 100 + mixed.chance.below(2_000);
            mixed.run(wait);
            mixed.revive();
            mixed.note_who_is_down();
            mixed.disturb();
        }
        mixed.delay = 1;
        mixed.ours.failing = [0; 2];
        mixed.ask("clear all");
        for _ in 0..50 {
            mixed.run(1_000);
            mixed.revive();
            mixed.note_who_is_down();
        }
        assert!(mixed.both.is_empty(), "seed {seed}: {:?}\n{}", mixed.both, mixed.story());
        for group in ["web", "mail", "db"] {
            let is_served = mixed.ours.holds(group) != mixed.model.holds.get(group).copied().unwrap_or(false);
            assert!(is_served, "seed {seed}: {group}\n{}", mixed.story());
        }
    }
}

//! A cluster and what happens to it, one event after another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write;
use std::rc::Rc;

use hbkit::floating;
use hbkit::record::Record;
use hbkit::time::Time;

use crate::check::Broken;
use crate::network::{Network, Parcel, seconds};
use crate::node::{Fate, GROUPS, Heir, Hold, Node, Output, Recording, State, incarnation};
use crate::random::Random;
use crate::story::{Action, Keeper, Plan, SECOND, What, name};

/// A shorter lease is not given to the kernel alone.
const SHORTEST: u64 = 2_250_000;
/// How late the kernel may be in ending an address.
const KERNEL_LATE: u64 = 940_000;

enum Event {
    Boot {
        node: usize,
    },
    Tick {
        node: usize,
        run: u64,
    },
    Message {
        to: usize,
        medium: usize,
        parcel: Rc<Parcel>,
    },
    /// The address of a group appears, with the end of its lease on the node's clock.
    Up {
        node: usize,
        run: u64,
        group: usize,
        until: Time,
    },
    /// An address that is there is given a longer lease.
    Renew {
        node: usize,
        run: u64,
        group: usize,
        until: Time,
    },
    Down {
        node: usize,
        run: u64,
        group: usize,
    },
    Told {
        node: usize,
        run: u64,
        group: usize,
        of: Action,
        state: &'static str,
        /// When it was begun, as whoever wanted it says.
        act: Option<Time>,
    },
    /// A failure is no more remembered.
    Forget {
        node: usize,
        memory: u64,
        group: usize,
    },
    Fault(usize),
    Resume {
        node: usize,
        run: u64,
    },
    /// Another decide takes the place of one that has died.
    Succeed {
        node: usize,
        run: u64,
    },
    /// The supervisor comes back, and everything with it.
    ComeBack {
        node: usize,
        run: u64,
        resumes: bool,
    },
    /// A person ends a maintenance.
    Rest {
        node: usize,
        run: u64,
    },
    Look,
}

/// Ordered by time, then by when it was planned.
struct Planned(u64, u64, Event);

impl PartialEq for Planned {
    fn eq(&self, other: &Planned) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Planned) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Planned) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// What a node's actions do while a fault lasts.
#[derive(Clone, Copy, Default)]
pub struct Hands {
    /// Until when starts, stops and renewals fail.
    fails: [u64; 3],
    slow_until: u64,
    slow_most: u64,
    /// How many actions it has begun.
    begun: u64,
    /// Of each group: until when the last of them goes on.
    busy: [(u64, Option<Action>); GROUPS.len()],
    /// What was not taken over, and is being stopped.
    reaped: [bool; GROUPS.len()],
}

pub struct Cluster {
    pub plan: Plan,
    pub now: u64,
    pub nodes: Vec<Node>,
    pub network: Network,
    /// When the last fault and what it caused has ended.
    pub disturbed: u64,
    /// The same, but that a node without power disturbs when it goes and comes.
    pub unsettled: u64,
    pub broken: Option<Broken>,
    pub tally: Tally,
    hands: Vec<Hands>,
    tracing: bool,
    count: u64,
    events: BinaryHeap<Reverse<Planned>>,
    outputs: Vec<Output>,
    line: String,
    arrivals: Vec<(u64, usize, usize)>,
}

/// What an hour came to.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// How many times a group was taken.
    pub moves: u64,
    /// The longest that a paused or killed holder's address outlived its lease
    /// while another node had it, in microseconds.
    pub remains: u64,
}

impl Cluster {
    pub fn new(plan: Plan, tracing: bool) -> Cluster {
        let mut nodes: Vec<Node> = (0..plan.nodes).map(|node| Node::new(&plan, node)).collect();
        let recorded = Random::keyed(plan.seed, [6, 0, 0]).below(plan.nodes as u64) as usize;
        nodes[recorded].recording = Some(Recording::new());
        let mut cluster = Cluster {
            now: 0,
            network: Network::new(plan.seed, plan.nodes, plan.pace),
            disturbed: 0,
            unsettled: 0,
            broken: None,
            tally: Tally::default(),
            hands: vec![Hands::default(); plan.nodes],
            tracing,
            count: 0,
            events: BinaryHeap::new(),
            outputs: Vec::new(),
            line: String::new(),
            arrivals: Vec::new(),
            nodes,
            plan,
        };
        for node in 0..cluster.plan.nodes {
            let at = cluster.plan.boots[node];
            cluster.plan(at, Event::Boot { node });
            cluster.away(node, at);
        }
        for index in 0..cluster.plan.faults.len() {
            cluster.plan(cluster.plan.faults[index].at, Event::Fault(index));
        }
        cluster.plan(0, Event::Look);
        cluster
    }

    fn plan(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.events.push(Reverse(Planned(at, self.count, event)));
    }

    /// Runs the hour.
    pub fn run(mut self) -> Result<Tally, Broken> {
        let end = self.plan.pace.end();
        while let Some(Reverse(Planned(time, _, event))) = self.events.pop() {
            if time > end {
                break;
            }
            self.now = time;
            self.happen(event);
            if let Some(broken) = self.broken {
                return Err(broken);
            }
        }
        self.check_recordings();
        self.broken.map_or(Ok(self.tally), Err)
    }

    pub fn trace(&self, node: usize, line: &str) {
        if self.tracing {
            println!("{:12.6} {} {line}", seconds(self.now), name(node));
        }
    }

    /// Something is unusual until then.
    fn disturb(&mut self, end: u64) {
        self.nodes.iter_mut().for_each(|node| node.keeps = Default::default());
        self.disturbed = self.disturbed.max(end);
        self.unsettled = self.unsettled.max(end);
    }

    /// A node is gone until then.
    fn gone(&mut self, node: usize, end: u64) {
        self.disturbed = self.disturbed.max(end);
        self.unsettled = self.unsettled.max(self.now);
        self.network.part_from_all(node, end);
    }

    /// A node does not take part until then.
    fn away(&mut self, node: usize, end: u64) {
        self.disturb(end);
        self.network.part_from_all(node, end);
    }

    fn lives(&self, node: usize, run: u64) -> bool {
        self.nodes[node].run == run && self.nodes[node].state != State::Off
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Boot { node } if self.nodes[node].state == State::Off => self.boot(node),
            Event::Tick { node, run } if self.lives(node, run) => self.tick(node),
            Event::Message { to, medium, parcel } => self.message(to, medium, &parcel),
            Event::Up { node, run, group, until } if self.lives(node, run) => self.up(node, group, until),
            Event::Renew { node, run, group, until } if self.lives(node, run) => self.renew(node, group, until),
            Event::Down { node, run, group } if self.lives(node, run) => {
                if !self.is_overtaken(node, group) {
                    self.trace(node, &format!("--- {} is down", GROUPS[group]));
                    self.nodes[node].holds[group] = Hold::default();
                    self.nodes[node].owed[group].serves = false;
                }
            }
            Event::Told { node, run, group, of, state, act } if self.lives(node, run) => {
                self.told(node, group, of, state, act);
            }
            Event::Forget { node, memory, group } if self.nodes[node].memory == memory => {
                self.disturb(self.now);
                self.nodes[node].owed[group].failed = false;
            }
            Event::Succeed { node, run } if self.lives(node, run) => self.succeed(node),
            Event::ComeBack { node, run, resumes } if self.nodes[node].run == run => self.come_back(node, resumes),
            Event::Fault(index) => self.fault(index),
            Event::Resume { node, run } if self.lives(node, run) => self.resume(node),
            Event::Rest { node, run } if self.lives(node, run) => self.rest(node),
            Event::Look => {
                let next = self.now + self.plan.pace.tick();
                self.plan(next, Event::Look);
                self.look();
            }
            Event::Boot { .. }
            | Event::Tick { .. }
            | Event::Up { .. }
            | Event::Renew { .. }
            | Event::Down { .. }
            | Event::Told { .. }
            | Event::Forget { .. }
            | Event::Resume { .. }
            | Event::Succeed { .. }
            | Event::ComeBack { .. }
            | Event::Rest { .. } => {}
        }
    }

    fn boot(&mut self, node: usize) {
        self.trace(node, "--- boots");
        self.disturb(self.now);
        // A new life of it does not say that people work there.
        self.nodes.iter_mut().for_each(|other| other.works[node] = 0);
        self.nodes[node].boot(&self.plan, node, self.now);
        self.hands[node].reaped = Default::default();
        let run = self.nodes[node].run;
        for name in GROUPS {
            self.read(node, "group", format_args!(" {name} stopped"));
        }
        self.plan(self.now + 1, Event::Tick { node, run });
    }

    /// The groups that hb-supervise leaves alone for what decide has left: those that
    /// run. Of the others none does.
    fn adopt(&mut self, node: usize) -> (Heir, [bool; GROUPS.len()]) {
        let this = &self.nodes[node];
        let now = this.clock.time(self.now);
        let held = this.brain.held(now);
        let runs = |group: usize| this.owns(group, self.now) && this.owed[group].serves;
        let adopted: [bool; GROUPS.len()] =
            std::array::from_fn(|group| held.iter().any(|name| name == GROUPS[group]) && runs(group));
        let disowned = (0..GROUPS.len()).filter(|group| !adopted[*group]).map(|group| GROUPS[group].to_owned());
        let text = this.brain.left().unwrap();
        let lost = Random::keyed(self.plan.seed, [11, node as u64, self.now]).below(4) as usize;
        (Heir { text, disowned: disowned.collect(), now, lost }, adopted)
    }

    fn behead(&mut self, node: usize, end: u64, fate: Fate) {
        let is_calm = self.is_quiet() && self.nodes.iter().all(|node| node.state == State::Running);
        if self.nodes[node].state != State::Running || self.nodes[node].brain.is_dead() {
            return;
        }
        self.away(node, end);
        let run = self.nodes[node].run;
        self.plan(end, Event::Succeed { node, run });
        self.nodes[node].kill(fate);
        // Who owns a group, and is replaced at once while all is well, keeps it.
        if is_calm && end < self.now + self.plan.pace.units(1) {
            for group in 0..GROUPS.len() {
                let this = &mut self.nodes[node];
                if this.owns(group, self.now) && this.owed[group].serves {
                    this.keeps[group] = self.now + self.plan.pace.units(300);
                }
            }
        }
    }

    /// hb-supervise has found out that decide has died.
    fn succeed(&mut self, node: usize) {
        let run = self.nodes[node].run;
        if self.nodes[node].state != State::Running {
            let at = self.now + self.plan.pace.tick();
            return self.plan(at, Event::Succeed { node, run });
        }
        self.trace(node, "--- another decide begins");
        if !self.nodes[node].brain.is_dead() {
            self.nodes[node].kill(Fate::Dead);
        }
        let waiting = self.nodes[node].brain.waiting();
        self.read(node, "died", format_args!(" hb-decide 137"));
        let (mut heir, adopted) = self.adopt(node);
        heir.lost = heir.lost.min(waiting);
        if self.tracing {
            heir.text.lines().for_each(|line| self.trace(node, &format!("inherits {line}")));
        }
        let pending = self.nodes[node].succeed(&heir);
        for group in (0..GROUPS.len()).filter(|group| !adopted[*group]) {
            self.reap(node, group);
        }
        for line in pending {
            self.trace(node, &format!("reads {line}"));
            self.think_of(node, &line, Node::follow);
        }
        // What it sent is told behind that.
        self.drain(node);
    }

    /// What is not taken over is stopped, behind what is being done to it already.
    fn reap(&mut self, node: usize, group: usize) {
        self.nodes[node].owed[group].serves = false;
        let (busy, last) = self.hands[node].busy[group];
        if self.now < busy && last == Some(Action::Stop) {
            return;
        }
        self.hands[node].reaped[group] = true;
        let (_, done) = self.durations(node);
        let (at, run, of) = (done.max(busy) + 1, self.nodes[node].run, Action::Stop);
        self.hands[node].busy[group] = (at, Some(of));
        if self.fails(node, Action::Stop) {
            self.away(node, at + 6 * SECOND);
            self.plan(at, Event::Told { node, run, group, of, state: "unknown", act: Some(Time::ZERO) });
        } else {
            self.plan(at, Event::Down { node, run, group });
            self.plan(at, Event::Told { node, run, group, of, state: "stopped", act: Some(Time::ZERO) });
        }
    }

    fn come_back(&mut self, node: usize, resumes: bool) {
        self.trace(node, "--- the supervisor comes back");
        self.disturb(self.now);
        let (heir, adopted) = self.adopt(node);
        self.nodes[node].come_back(&self.plan, node, self.now, resumes, &heir);
        self.hands[node].busy = Default::default();
        self.hands[node].reaped = Default::default();
        let run = self.nodes[node].run;
        for group in (0..GROUPS.len()).filter(|group| !adopted[*group]) {
            self.nodes[node].holds[group] = Hold::default();
            self.nodes[node].owed[group].serves = false;
            self.read(node, "group", format_args!(" {} stopped", GROUPS[group]));
        }
        self.plan(self.now + 1, Event::Tick { node, run });
    }

    fn tick(&mut self, node: usize) {
        let (pace, this) = (self.plan.pace, &mut self.nodes[node]);
        let local = this.clock.local(self.now);
        let jitter = Random::keyed(self.plan.seed, [7, node as u64, self.now]).below(pace.scaled(50_000));
        let next = this.clock.to_true(local + pace.tick()) + jitter;
        let run = this.run;
        if matches!(this.state, State::Running | State::Deaf) {
            this.tick(local, pace);
            self.read(node, "tick", format_args!(""));
        }
        self.plan(next, Event::Tick { node, run });
    }

    fn message(&mut self, to: usize, medium: usize, parcel: &Parcel) {
        let (now, from) = (self.now, parcel.from);
        if matches!(self.nodes[to].state, State::Off | State::Frozen) || !self.network.passes(now, from, to, medium) {
            return;
        }
        let Some(new) = self.nodes[to].hear(name(to), parcel, now, self.plan.pace) else { return };
        if new {
            self.read(to, "msg", format_args!(" {} via=bcast:eth{medium} {}", name(from), parcel.text));
        } else {
            let (sequence, life) = (parcel.sequence, parcel.life);
            self.read(to, "dup", format_args!(" {} via=bcast:eth{medium} seq={sequence:x} hg={life:x}", name(from)));
        }
    }

    /// A record of this time is printed on the bus of a node.
    fn read(&mut self, node: usize, kind: &str, rest: std::fmt::Arguments<'_>) {
        let time = self.nodes[node].clock.time(self.now);
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        write!(line, "{kind} {time}").unwrap();
        line.write_fmt(rest).unwrap();
        if self.nodes[node].state == State::Running {
            self.think(node, &line);
            self.drain(node);
        } else {
            self.nodes[node].backlog.push_back(line.clone());
        }
        self.line = line;
    }

    fn drain(&mut self, node: usize) {
        while let Some(line) = self.nodes[node].backlog.pop_front() {
            self.think(node, &line);
        }
    }

    /// Judge and decide read one record; what they say is done. Of a decide that is
    /// dead judge alone does.
    fn think(&mut self, node: usize, line: &str) {
        self.think_of(node, line, Node::take);
    }

    fn think_of(&mut self, node: usize, line: &str, read: fn(&mut Node, &str, &mut Vec<Output>)) {
        let is_read = !self.nodes[node].brain.is_dead();
        // What follows from it comes at once.
        if is_read && line.starts_with("ask") && line.contains(" maintenance ") {
            self.works(node, line);
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        read(&mut self.nodes[node], line, &mut outputs);
        for output in outputs.drain(..) {
            match output {
                Output::Record(text) => self.act(node, &text),
                Output::Announce(text) => self.send(node, &text),
            }
        }
        self.outputs = outputs;
        if is_read && line.starts_with("ask") {
            self.asked(node, line);
        }
    }

    fn act(&mut self, node: usize, line: &str) {
        self.trace(node, line);
        let record = Record::parse(line.as_bytes()).unwrap();
        let mut words = record.words();
        match (record.kind, words.next(), words.next()) {
            ("node", Some(peer), Some(state)) if record.raw("again").is_none() => {
                self.judged(node, peer, state, record.time)
            }
            ("why", Some(group), Some("failed" | "done")) => self.check_answer(node, group, line),
            ("why", Some(group), Some("stop")) => self.check_reason(node, group, line),
            ("do", Some(verb), Some(group)) => {
                let group = GROUPS.iter().position(|known| *known == group).unwrap();
                let until = record.raw("until").map(|until| until.parse().unwrap());
                match (verb, until) {
                    ("start", Some(until)) => self.begin_start(node, group, until, record.time),
                    ("renew", Some(until)) => self.begin_renewal(node, group, until),
                    ("stop", None) => self.begin_stop(node, group, record.time),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// How long an action takes, in two parts: until it has an effect, until it
    /// has ended.
    fn durations(&mut self, node: usize) -> (u64, u64) {
        let (pace, hands) = (self.plan.pace, &mut self.hands[node]);
        hands.begun += 1;
        let mut random = Random::keyed(self.plan.seed, [8, node as u64, self.nodes[node].run << 32 | hands.begun]);
        let soon = self.now + pace.scaled(random.between(2_000, 200_000));
        if self.now < hands.slow_until {
            let done = soon + random.below(hands.slow_most);
            self.away(node, done);
            return (soon, done);
        }
        (soon, soon + random.below(pace.units(1)))
    }

    fn fails(&self, node: usize, action: Action) -> bool {
        self.now < self.hands[node].fails[action as usize]
    }

    fn begin_start(&mut self, node: usize, group: usize, until: Time, act: Time) {
        self.check_start(node, group);
        self.tally.moves += 1;
        self.nodes[node].owed[group].lease = until.micros();
        let (soon, done) = self.durations(node);
        self.hands[node].busy[group] = (done, Some(Action::Start));
        let (run, of) = (self.nodes[node].run, Action::Start);
        self.plan(soon, Event::Up { node, run, group, until });
        if self.fails(node, Action::Start) {
            self.plan(done, Event::Down { node, run, group });
            self.plan(done, Event::Told { node, run, group, of, state: "failed", act: Some(act) });
        } else {
            self.plan(done, Event::Told { node, run, group, of, state: "started", act: Some(act) });
        }
    }

    fn begin_renewal(&mut self, node: usize, group: usize, until: Time) {
        self.nodes[node].owed[group].lease = until.micros();
        let (run, of) = (self.nodes[node].run, Action::Renew);
        if self.fails(node, Action::Renew) {
            let at = self.now + self.plan.pace.scaled(5_000);
            self.plan(at, Event::Told { node, run, group, of, state: "unknown", act: None });
        } else if self.now < self.hands[node].slow_until {
            let (at, _) = self.durations(node);
            self.plan(at, Event::Renew { node, run, group, until });
        } else {
            self.renew(node, group, until);
        }
    }

    fn begin_stop(&mut self, node: usize, group: usize, act: Time) {
        self.check_quiet(node, group, "stops");
        self.check_kept(node, group);
        self.nodes[node].owed[group].serves = false;
        let (_, done) = self.durations(node);
        self.hands[node].busy[group] = (done, Some(Action::Stop));
        let (run, of) = (self.nodes[node].run, Action::Stop);
        if self.fails(node, Action::Stop) {
            // It is tried again 5 s later.
            self.away(node, done + 6 * SECOND);
            let state = if self.plan.has_heirs() { "unknown" } else { "failed" };
            self.plan(done, Event::Told { node, run, group, of, state, act: Some(act) });
        } else {
            self.plan(done, Event::Down { node, run, group });
            self.plan(done, Event::Told { node, run, group, of, state: "stopped", act: Some(act) });
        }
    }

    /// Whether a start was begun since a group was to be stopped that was not taken over.
    fn is_overtaken(&self, node: usize, group: usize) -> bool {
        let hands = &self.hands[node];
        hands.reaped[group] && hands.busy[group].1 == Some(Action::Start)
    }

    fn told(&mut self, node: usize, group: usize, of: Action, state: &'static str, act: Option<Time>) {
        let is_overtaken = self.is_overtaken(node, group);
        let reaped = &mut self.hands[node].reaped[group];
        // It is about to be stopped, whatever it came to.
        let is_void = *reaped && !is_overtaken && state == "started";
        // A stop behind which a start is wanted is given up, and that start has failed.
        let is_given_up = *reaped && is_overtaken && of == Action::Stop;
        let state = if is_given_up { "unknown" } else { state };
        *reaped &= of != Action::Stop;
        if of == Action::Start && !is_void {
            self.result(node, group, state);
        }
        // As hb-supervise says what the holder of the addresses tells.
        let lease = if of == Action::Renew { " lease=over" } else { "" };
        let act = act.map(|act| format!(" for={act}")).unwrap_or_default();
        self.read(node, "group", format_args!(" {} {state}{lease}{act}", GROUPS[group]));
    }

    /// A failure is remembered for a time, or until it is cleared.
    pub fn forget_later(&mut self, node: usize, group: usize) {
        if self.plan.failure_expiry > 0 {
            let this = &self.nodes[node];
            let at = this.clock.to_true(this.clock.local(self.now) + self.plan.failure_expiry);
            self.plan(at, Event::Forget { node, memory: this.memory, group });
        }
    }

    /// An address that has gone meanwhile is not renewed, and that is said.
    fn renew(&mut self, node: usize, group: usize, until: Time) {
        if self.nodes[node].owns(group, self.now) {
            self.up(node, group, until);
        } else {
            let (at, run) = (self.now + self.plan.pace.scaled(5_000), self.nodes[node].run);
            let of = Action::Renew;
            self.plan(at, Event::Told { node, run, group, of, state: "unknown", act: None });
        }
    }

    /// ipaddr-agent: what comes too late takes no effect; the kernel is given the
    /// whole seconds below what is left.
    fn up(&mut self, node: usize, group: usize, until: Time) {
        let this = &self.nodes[node];
        let local = this.clock.time(self.now);
        let late = match self.plan.keeper {
            Keeper::Kernel => until.micros() < local.micros() + SHORTEST,
            Keeper::Holder => until <= local,
        };
        let Some(lifetime) = floating::lifetime(until, local).filter(|_| !late) else {
            self.trace(node, &format!("--- too late for {}", GROUPS[group]));
            return;
        };
        let kernel = this.clock.to_true(local.micros() + u64::from(lifetime) * SECOND + KERNEL_LATE);
        let end = match self.plan.keeper {
            Keeper::Kernel => kernel,
            Keeper::Holder => this.clock.to_true(until.micros()),
        };
        self.trace(node, &format!("--- {} is up until {:.6}", GROUPS[group], seconds(end)));
        self.nodes[node].holds[group] = Hold { end, kernel };
        self.check_owners(group);
    }

    /// hb-send: nothing that has expired leaves.
    fn send(&mut self, node: usize, text: &str) {
        let (fields, until) = text.rsplit_once(" until=").unwrap();
        let this = &mut self.nodes[node];
        let time = this.clock.time(self.now);
        if until.parse::<Time>().unwrap() < time {
            return;
        }
        this.sequence += 1;
        this.sent.push(time.micros());
        let (life, sequence) = (this.life, this.sequence);
        let incarnation = incarnation(node, life);
        this.backlog.push_back(format!("sent {time} t=status seq={sequence:x} inc={incarnation} ok=1 failed=0"));
        if self.tracing {
            self.trace(node, &format!("announces seq={sequence:x} {fields}"));
        }
        let text = format!("seq={sequence:x} hg={life:x} inc={incarnation} {fields}");
        let parcel = Rc::new(Parcel { from: node, life, sequence, sent: self.now, text });
        let mut arrivals = std::mem::take(&mut self.arrivals);
        self.network.send(&parcel, &mut arrivals);
        for (at, to, medium) in arrivals.drain(..) {
            self.plan(at, Event::Message { to, medium, parcel: Rc::clone(&parcel) });
        }
        self.arrivals = arrivals;
    }

    fn resume(&mut self, node: usize) {
        let state = self.nodes[node].state;
        if matches!(state, State::Off | State::Running) {
            return;
        }
        self.trace(node, "--- resumes");
        self.nodes[node].state = State::Running;
        self.drain(node);
        if state != State::Deaf {
            let local = self.nodes[node].clock.local(self.now);
            self.nodes[node].tick(local, self.plan.pace);
            self.read(node, "tick", format_args!(""));
        }
    }

    fn fault(&mut self, index: usize) {
        let fault = self.plan.faults[index].clone();
        if self.tracing {
            println!("{:12.6} *** {fault}", seconds(self.now));
        }
        let (now, end) = (self.now, fault.end);
        let is_moment = matches!(fault.what, What::Ask { .. } | What::Break { .. });
        let goes =
            matches!(fault.what, What::Power { .. } | What::Kill { .. } | What::Replace { .. } | What::Return { .. });
        self.disturb(if is_moment || goes { now } else { end });
        let everybody = 0..self.plan.nodes;
        match fault.what {
            What::Cut { from, to, medium } => self.network.cut(now, from, to, medium, end),
            What::Split { node, other, medium } => {
                self.network.cut(now, node, other, medium, end);
                self.network.cut(now, other, node, medium, end);
            }
            What::Isolate { node, medium } => {
                for other in everybody.filter(|other| *other != node) {
                    self.network.cut(now, node, other, medium, end);
                    self.network.cut(now, other, node, medium, end);
                }
            }
            What::Mute { node, medium } => {
                everybody.filter(|other| *other != node).for_each(|to| self.network.cut(now, node, to, medium, end));
            }
            What::Loss(loss) => self.network.lose(loss, end),
            What::Delay(most) => {
                self.network.slow_down(most, end);
                self.disturb(end + most);
            }
            What::Double(double) => self.network.double(double, end),
            What::Replay { node } => self.replay(node, end),
            What::Pause { node } => self.stand_still(node, State::Paused, end),
            What::Freeze { node } => self.stand_still(node, State::Frozen, end),
            What::Deaf { node } => self.stand_still(node, State::Deaf, end),
            What::Power { node } => {
                self.nodes[node].holds = Default::default();
                self.off(node, end);
            }
            What::Kill { node } => self.off(node, end),
            What::Replace { node, says: true } => self.behead(node, end, Fate::Dead),
            What::Replace { node, says: false } => self.behead(node, end, Fate::Doomed),
            What::Return { node, resumes } => self.interrupt(node, end, resumes),
            What::Fails { node, action } => self.hands[node].fails[action as usize] = end,
            What::Slow { node, most } => {
                (self.hands[node].slow_until, self.hands[node].slow_most) = (end, most);
            }
            What::Break { node } => self.break_services(node),
            What::Ask { node, text } => {
                if self.nodes[node].state != State::Off {
                    self.read(node, "ask", format_args!(" {text}"));
                }
            }
            What::Work { node, says } => self.work(node, end, says),
        }
    }

    /// A maintenance is asked for, and ended a little before its time or by it.
    fn work(&mut self, node: usize, end: u64, says: bool) {
        if self.nodes[node].state == State::Off {
            return;
        }
        let span = (end - self.now) / 1_000 + 1;
        // It is announced in whole seconds, and reckoned by the clocks of others.
        self.disturb(self.now + span * 1_010 + 3 * SECOND);
        self.read(node, "ask", format_args!(" maintenance on for={span}ms"));
        if says {
            let at = end - (end - self.now) / 4;
            self.plan(at, Event::Rest { node, run: self.nodes[node].run });
        }
    }

    fn rest(&mut self, node: usize) {
        self.disturb(self.now);
        self.read(node, "ask", format_args!(" maintenance off"));
    }

    fn replay(&mut self, node: usize, end: u64) {
        let mut random = Random::keyed(self.plan.seed, [9, node as u64, self.now]);
        self.away(node, end);
        // Others learn from its echo that they were heard, and how late.
        self.network.late_until = self.network.late_until.max(end);
        for parcel in self.network.recording(self.plan.seed, node) {
            let at = random.between(self.now, end);
            self.plan(at, Event::Message { to: node, medium: 0, parcel });
        }
    }

    fn stand_still(&mut self, node: usize, how: State, end: u64) {
        if self.nodes[node].state == State::Running {
            self.away(node, end);
            self.nodes[node].state = how;
            let run = self.nodes[node].run;
            self.plan(end, Event::Resume { node, run });
        }
    }

    fn off(&mut self, node: usize, end: u64) {
        if self.nodes[node].state != State::Off {
            self.gone(node, end);
            self.nodes[node].state = State::Off;
            self.plan(end, Event::Boot { node });
        }
    }

    /// hb-supervise is killed with all that it runs, and comes back.
    fn interrupt(&mut self, node: usize, end: u64, resumes: bool) {
        if self.nodes[node].state == State::Running {
            self.away(node, end);
            self.nodes[node].state = State::Off;
            // What no decide has read, nobody knows any more.
            let this = &mut self.nodes[node];
            for (owed, name) in this.owed.iter_mut().zip(GROUPS) {
                if this.brain.waits_for(&format!("{name} failed")) {
                    (owed.failed, owed.doubted) = (false, false);
                }
            }
            let run = self.nodes[node].run;
            self.plan(end, Event::ComeBack { node, run, resumes });
        }
    }

    fn break_services(&mut self, node: usize) {
        // Who does not run does not look either; what decide was stopping when it died
        // may fail without being remembered.
        for group in 0..GROUPS.len() {
            let this = &self.nodes[node];
            let decides = this.state == State::Running && !this.brain.is_dead();
            if decides && this.owns(group, self.now) && this.owed[group].serves {
                self.told(node, group, Action::Start, "failed", None);
            }
        }
    }
}

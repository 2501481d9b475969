//! A node: its clock, its judge and decide, and what it must not forget.

use std::collections::VecDeque;
use std::hash::Hasher;
use std::time::Duration;

use hbkit::decide::{Decide, Effect, GroupSetting, Policy, Settings};
use hbkit::echo;
use hbkit::judge::{self, Judge};
use hbkit::record::{Line, Record};
use hbkit::time::Time;

use crate::network::Parcel;
use crate::random::Random;
use crate::story::{Pace, Plan, SECOND, name};

/// The groups that are served.
pub const GROUPS: [&str; 2] = ["g0", "g1"];

/// A clock that starts anywhere and is fast by so many parts in a million.
#[derive(Clone, Copy)]
pub struct Clock {
    offset: u64,
    drift: i64,
}

impl Clock {
    /// Two clocks may differ by 1 %, each by half of it.
    fn new(random: &mut Random) -> Clock {
        Clock { offset: random.below(1_000_000 * SECOND), drift: random.between(0, 9_900) as i64 - 4_950 }
    }

    pub fn local(self, now: u64) -> u64 {
        let drift = (now as i64 * self.drift) / 1_000_000;
        self.offset.wrapping_add(now).wrapping_add_signed(drift)
    }

    pub fn to_true(self, local: u64) -> u64 {
        let elapsed = local.saturating_sub(self.offset) as i64;
        elapsed.wrapping_mul(1_000_000).checked_div(1_000_000 + self.drift).unwrap_or(0) as u64
    }

    pub fn time(self, now: u64) -> Time {
        Time::from_micros(self.local(now))
    }
}

/// What comes out of judge and decide.
pub enum Output {
    /// A record of either.
    Record(String),
    /// What is announced.
    Announce(String),
}

/// Judge and decide, one behind the other.
pub struct Brain {
    judge: Judge,
    decide: Decide,
    verdicts: Vec<Line>,
    effects: Vec<Effect>,
}

impl Brain {
    pub fn new(plan: &Plan, own: usize) -> Brain {
        let micros = Duration::from_micros;
        let names: Vec<String> = (0..plan.nodes).map(|node| name(node).to_owned()).collect();
        let deadtime = micros(plan.pace.deadtime());
        let judge = Judge::new(judge::Settings {
            own: Some(names[own].clone()),
            peers: names.iter().filter(|peer| **peer != names[own]).cloned().collect(),
            links: Vec::new(),
            ping: Vec::new(),
            warntime: deadtime / 2,
            deadtime,
            initdead: deadtime * 2,
            deadping: deadtime,
        });
        let preferred = |index: usize| names[preferred(index, plan.nodes)].clone();
        let groups = GROUPS.iter().enumerate();
        let groups = groups.map(|(index, name)| GroupSetting { name: (*name).to_owned(), preferred: preferred(index) });
        let decide = Decide::new(Settings {
            own: names[own].clone(),
            groups: groups.collect(),
            nodes: names,
            policy: Policy {
                auto_failback: plan.failback,
                failback_delay: micros(plan.failback_delay),
                failure_expiry: micros(plan.failure_expiry),
                flap_halflife: micros(plan.flap_halflife),
                ..Policy::default()
            },
            keepalive: micros(plan.pace.keepalive()),
            deadtime,
            quorum: plan.quorum,
            digest: "d".to_owned(),
        });
        Brain { judge, decide, verdicts: Vec::new(), effects: Vec::new() }
    }

    /// Takes one record, and appends what follows.
    pub fn feed(&mut self, line: &str, outputs: &mut Vec<Output>) {
        let record = Record::parse(line.as_bytes()).unwrap();
        self.judge.record(&record, &mut self.verdicts).unwrap();
        self.decide.record(&record, &mut self.effects).unwrap();
        for verdict in self.verdicts.drain(..) {
            let verdict = verdict.finish();
            self.decide.record(&Record::parse(verdict.as_bytes()).unwrap(), &mut self.effects).unwrap();
            outputs.push(Output::Record(verdict));
        }
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Say(line) => outputs.push(Output::Record(line.finish())),
                Effect::Announce(text) => outputs.push(Output::Announce(text)),
                Effect::End => {}
            }
        }
    }
}

/// The preferred node of a group.
pub fn preferred(group: usize, nodes: usize) -> usize {
    group % nodes
}

/// Everything that a node read, and a digest of what it made of it.
pub struct Recording {
    input: String,
    digest: Digest,
}

#[derive(Default)]
struct Digest(std::hash::DefaultHasher);

impl Digest {
    fn take(&mut self, outputs: &[Output]) {
        for output in outputs {
            let (Output::Record(text) | Output::Announce(text)) = output;
            self.0.write(text.as_bytes());
            self.0.write_u8(b'\n');
        }
    }
}

impl Recording {
    pub fn new() -> Recording {
        Recording { input: String::new(), digest: Digest::default() }
    }

    /// A new life begins: an empty line.
    fn begin(&mut self) {
        self.input.push('\n');
    }

    fn take(&mut self, line: &str, outputs: &[Output]) {
        self.input.push_str(line);
        self.input.push('\n');
        self.digest.take(outputs);
    }

    /// Whether the recording gives the same once more.
    pub fn is_repeatable(&self, plan: &Plan, node: usize) -> bool {
        let mut brain = Brain::new(plan, node);
        let mut digest = Digest::default();
        let mut outputs = Vec::new();
        for line in self.input.lines() {
            if line.is_empty() {
                brain = Brain::new(plan, node);
                continue;
            }
            brain.feed(line, &mut outputs);
            digest.take(&outputs);
            outputs.clear();
        }
        digest.0.finish() == self.digest.0.finish()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Off,
    Running,
    /// Nothing runs, ticks neither; what arrives waits.
    Paused,
    /// Nothing runs; what arrives is lost.
    Frozen,
    /// Ticks and messages are printed; judge, decide and send stand still.
    Deaf,
}

/// An address, in true time.
#[derive(Clone, Copy, Default)]
pub struct Hold {
    /// When it has been promised to end.
    pub end: u64,
    /// When the kernel ends it, whatever becomes of the processes.
    pub kernel: u64,
}

/// What a node owes to a group, reckoned beside its own decisions.
#[derive(Clone, Copy, Default)]
pub struct Owed {
    /// Until when its last lease was good, on its clock.
    pub lease: u64,
    /// It was started, and not stopped since.
    pub serves: bool,
    /// A start failed and was not cleared.
    pub failed: bool,
    /// It has not run since it failed, and was not cleared.
    pub doubted: bool,
    /// A person sent it away from here, and nobody else has served it since.
    pub stands_by: bool,
    /// A person had it moved away from here.
    pub yielded: bool,
}

/// The incarnation of a life of a node: 32 digits.
pub fn incarnation(node: usize, life: u64) -> String {
    format!("{node:02x}{life:06x}{:024x}", 0)
}

fn life_of(incarnation: &str) -> Option<u64> {
    u64::from_str_radix(incarnation.get(2..8)?, 16).ok()
}

pub struct Node {
    pub state: State,
    pub life: u64,
    pub brain: Brain,
    pub clock: Clock,
    pub sequence: u64,
    /// When each message of this life left, on its clock.
    pub sent: Vec<u64>,
    pub backlog: VecDeque<String>,
    pub recording: Option<Recording>,
    pub holds: [Hold; GROUPS.len()],
    pub owed: [Owed; GROUPS.len()],
    /// By sender: its life, and which of its messages were heard.
    heard: Vec<(u64, Vec<u64>)>,
    /// By sender: the highest number of this life, and when it came.
    pub newest: Vec<(u64, u64)>,
    /// Whom it declared dead.
    pub dead: Vec<bool>,
    /// By node: until when it knows that people work there, on its clock.
    pub works: Vec<u64>,
    /// When it was told that people work on it, in true time.
    pub work_begun: u64,
    /// When it began to listen, or to listen again, on its clock.
    pub listens_since: u64,
    pub ticked: u64,
}

impl Node {
    pub fn new(plan: &Plan, own: usize) -> Node {
        let mut random = Random::keyed(plan.seed, [4, own as u64, 0]);
        Node {
            state: State::Off,
            life: 0,
            brain: Brain::new(plan, own),
            clock: Clock::new(&mut random),
            sequence: 0,
            sent: Vec::new(),
            backlog: VecDeque::new(),
            recording: None,
            holds: Default::default(),
            owed: Default::default(),
            heard: vec![(0, Vec::new()); plan.nodes],
            newest: vec![(0, 0); plan.nodes],
            dead: vec![false; plan.nodes],
            works: vec![0; plan.nodes],
            work_begun: 0,
            listens_since: 0,
            ticked: 0,
        }
    }

    /// A new life, without memory.
    pub fn boot(&mut self, plan: &Plan, own: usize, now: u64) {
        self.brain = Brain::new(plan, own);
        self.recording.iter_mut().for_each(Recording::begin);
        self.state = State::Running;
        self.life += 1;
        self.sequence = 0;
        self.sent.clear();
        self.backlog.clear();
        self.heard.iter_mut().for_each(|heard| *heard = (0, Vec::new()));
        self.newest = vec![(0, 0); plan.nodes];
        self.dead = vec![false; plan.nodes];
        self.works = vec![0; plan.nodes];
        // The supervisor stops what an earlier life left, before it listens.
        self.holds = Default::default();
        self.owed = Default::default();
        self.listens_since = self.clock.local(now);
        self.ticked = self.listens_since;
    }

    /// hb-listen: what is new is printed as it is, a copy as a copy, and what is
    /// from an earlier life not at all.
    pub fn hear(&mut self, own: &str, parcel: &Parcel, now: u64, pace: Pace) -> Option<bool> {
        let Parcel { from, life, sequence, sent, .. } = *parcel;
        let (known, bits) = &mut self.heard[from];
        if life < *known {
            return None;
        }
        if life > *known {
            (*known, *bits) = (life, Vec::new());
            self.newest[from].0 = 0;
        }
        let (place, bit) = ((sequence / 64) as usize, 1 << (sequence % 64));
        if bits.len() <= place {
            bits.resize(place + 1, 0);
        }
        let new = bits[place] & bit == 0;
        bits[place] |= bit;
        // What is old is no sign of life.
        let fresh = now < sent + pace.keepalive() && !self.answers_late(own, &parcel.text, now, pace);
        if sequence > self.newest[from].0 && fresh {
            self.newest[from] = (sequence, self.clock.local(now));
        }
        Some(new)
    }

    /// Whether what is heard answers a message of this life that was long on its
    /// way, sent again by somebody else perhaps: nobody can tell whether the answer
    /// was.
    fn answers_late(&self, own: &str, text: &str, now: u64, pace: Pace) -> bool {
        let list = text.split_once(" echo=").map_or("", |(_, rest)| rest.split(' ').next().unwrap_or_default());
        let Some(echo) = echo::find(list, own).filter(|echo| life_of(echo.incarnation) == Some(self.life)) else {
            return false;
        };
        let left = echo.sequence.checked_sub(1).and_then(|place| self.sent.get(place as usize));
        let age = echo.age.as_micros() as u64;
        left.is_some_and(|left| self.clock.local(now).saturating_sub(left + age) >= pace.deadtime())
    }

    /// Whether anything was heard of a node in this life, be it old.
    pub fn has_heard(&self, from: usize) -> bool {
        self.heard[from].0 > 0
    }

    /// A tick that comes after so long shows that nothing ran meanwhile.
    pub fn tick(&mut self, local: u64, pace: Pace) {
        if local - self.ticked >= pace.deadtime() / 2 {
            self.listens_since = local;
        }
        self.ticked = local;
    }

    /// Feeds one record.
    pub fn take(&mut self, line: &str, outputs: &mut Vec<Output>) {
        self.brain.feed(line, outputs);
        if let Some(recording) = &mut self.recording {
            recording.take(line, outputs);
        }
    }

    pub fn owns(&self, group: usize, now: u64) -> bool {
        now < self.holds[group].end
    }
}

//! A node: its clock, its judge and decide, and what it must not forget.

use std::collections::VecDeque;
use std::hash::Hasher;
use std::time::Duration;

use hbkit::decide::{Decide, Effect, GroupSetting, Heritage, Policy, Settings};
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

/// The boot of which every heritage is: the simulation has no other that lasts.
const BOOT: &str = "boot";

/// Judge and decide, one behind the other.
pub struct Brain {
    judge: Judge,
    decide: Decide,
    settings: Settings,
    verdicts: Vec<Line>,
    effects: Vec<Effect>,
    /// What decide has left to the next one, and whether it leaves anything.
    heritage: Option<Heritage>,
    leaves: bool,
    changes: u64,
    /// How decide dies, or that it has.
    fate: Fate,
    /// What waits for the next one.
    pending: VecDeque<String>,
}

/// What becomes of decide.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Lives,
    /// It dies with what it is about to say, and has left what follows from it.
    Doomed,
    Dead,
}

/// What begins a decide that takes the place of another.
#[derive(Clone)]
pub struct Heir {
    pub text: String,
    /// The groups that were found not to run.
    pub disowned: Vec<String>,
    /// The time of its beginning, on its clock.
    pub now: Time,
    /// How many records the last one had read and not understood.
    pub lost: usize,
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
        let settings = Settings {
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
        };
        let decide = Decide::new(settings.clone());
        let leaves = plan.has_heirs();
        Brain {
            judge,
            heritage: leaves.then(|| decide.heritage()),
            decide,
            settings,
            verdicts: Vec::new(),
            effects: Vec::new(),
            leaves,
            changes: 0,
            fate: Fate::Lives,
            pending: VecDeque::new(),
        }
    }

    pub fn is_dead(&self) -> bool {
        self.fate == Fate::Dead
    }

    /// Decide is killed, at once or with the next thing that it says.
    pub fn kill(&mut self, fate: Fate) {
        self.fate = fate;
    }

    /// How many records wait for another decide.
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Whether a result waits for another decide.
    pub fn waits_for(&self, result: &str) -> bool {
        self.pending.iter().any(|line| line.starts_with("group") && line.contains(result))
    }

    /// What was left, as text.
    pub fn left(&self) -> Option<String> {
        self.heritage.as_ref().map(|heritage| heritage.text(&self.settings.own, BOOT))
    }

    /// The groups that could be held on.
    pub fn held(&self, now: Time) -> Vec<String> {
        let held = self.heritage.iter().flat_map(|heritage| heritage.held(&self.settings, now));
        held.map(|(name, _)| name).collect()
    }

    /// Another decide takes the place of the one that was. What waits for it.
    pub fn succeed(&mut self, heir: &Heir) -> VecDeque<String> {
        self.decide = Decide::new(self.settings.clone());
        let mut heritage = Heritage::read(heir.text.as_bytes(), &self.settings.own, BOOT, heir.now).unwrap();
        heir.disowned.iter().for_each(|name| heritage.disown(name));
        self.decide.inherit(heritage);
        self.heritage = Some(self.decide.heritage());
        self.fate = Fate::Lives;
        let mut pending = std::mem::take(&mut self.pending);
        // What was asked for and told is written by people and scripts, a line at a time.
        let mut place = 0;
        pending.retain(|line| {
            place += 1;
            place > heir.lost || ["ask", "group"].iter().any(|kind| line.starts_with(kind))
        });
        pending
    }

    /// Takes one record, and appends what follows.
    pub fn feed(&mut self, line: &str, outputs: &mut Vec<Output>) {
        let record = Record::parse(line.as_bytes()).unwrap();
        self.judge.record(&record, &mut self.verdicts).unwrap();
        self.consider(line);
        for verdict in std::mem::take(&mut self.verdicts) {
            let verdict = verdict.finish();
            self.consider(&verdict);
            outputs.push(Output::Record(verdict));
        }
        self.say(outputs);
    }

    /// Takes one record that has waited for decide.
    pub fn follow(&mut self, line: &str, outputs: &mut Vec<Output>) {
        self.consider(line);
        self.say(outputs);
    }

    fn consider(&mut self, line: &str) {
        if self.fate == Fate::Dead {
            self.pending.push_back(line.to_owned());
            return;
        }
        self.decide.record(&Record::parse(line.as_bytes()).unwrap(), &mut self.effects).unwrap();
        let changes = self.decide.changes();
        if self.leaves && (!self.effects.is_empty() || changes != self.changes) {
            self.heritage = Some(self.decide.heritage());
            self.changes = changes;
        }
        if self.fate == Fate::Doomed && !self.effects.is_empty() {
            self.effects.clear();
            self.fate = Fate::Dead;
        }
    }

    fn say(&mut self, outputs: &mut Vec<Output>) {
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
    input: Vec<Step>,
    digest: Digest,
}

/// What happened to judge and decide.
enum Step {
    /// Both begin anew.
    Boot,
    Read(String),
    /// Decide read what had waited for it.
    Follow(String),
    Kill(Fate),
    Succeed(Heir),
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
        Recording { input: Vec::new(), digest: Digest::default() }
    }

    fn take(&mut self, step: Step, outputs: &[Output]) {
        self.input.push(step);
        self.digest.take(outputs);
    }

    /// Whether the recording gives the same once more.
    pub fn is_repeatable(&self, plan: &Plan, node: usize) -> bool {
        let mut brain = Brain::new(plan, node);
        let mut digest = Digest::default();
        let mut outputs = Vec::new();
        for step in &self.input {
            match step {
                Step::Boot => brain = Brain::new(plan, node),
                Step::Read(line) => brain.feed(line, &mut outputs),
                Step::Follow(line) => brain.follow(line, &mut outputs),
                Step::Kill(fate) => brain.kill(*fate),
                // What it finds there is told by the steps that follow.
                Step::Succeed(heir) => drop(brain.succeed(heir)),
            }
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
    /// The life that others know.
    pub life: u64,
    /// Until when it must keep what it serves, whatever becomes of its decide.
    pub keeps: [u64; GROUPS.len()],
    /// How often its processes have begun: what an earlier one has planned is void.
    pub run: u64,
    /// How often it began without memory.
    pub memory: u64,
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
            keeps: Default::default(),
            run: 0,
            memory: 0,
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
        self.begin(plan, own, now);
        self.begin_a_life();
        self.memory += 1;
        self.works = vec![0; plan.nodes];
        // The supervisor stops what an earlier life left, before it listens.
        self.holds = Default::default();
        self.owed = Default::default();
    }

    /// All processes begin.
    fn begin(&mut self, plan: &Plan, own: usize, now: u64) {
        self.brain = Brain::new(plan, own);
        self.recording.iter_mut().for_each(|kept| kept.take(Step::Boot, &[]));
        self.state = State::Running;
        self.run += 1;
        self.backlog.clear();
        self.heard.iter_mut().for_each(|heard| *heard = (0, Vec::new()));
        self.newest = vec![(0, 0); plan.nodes];
        self.dead = vec![false; plan.nodes];
        self.listens_since = self.clock.local(now);
        self.ticked = self.listens_since;
    }

    fn begin_a_life(&mut self) {
        self.life += 1;
        self.sequence = 0;
        self.sent.clear();
    }

    /// The supervisor comes back, with what decide has left, and in the life that it
    /// had where `resumes` and that is young enough.
    pub fn come_back(&mut self, plan: &Plan, own: usize, now: u64, resumes: bool, heir: &Heir) {
        self.begin(plan, own, now);
        let local = self.clock.local(now);
        let is_young = self.sent.last().is_some_and(|left| local < left + plan.pace.deadtime());
        if resumes && is_young {
            // The number that was kept last may not have been sent.
            self.sequence += 1;
            self.sent.push(local);
        } else {
            self.begin_a_life();
        }
        self.succeed(heir);
    }

    /// Decide is killed.
    pub fn kill(&mut self, fate: Fate) {
        self.brain.kill(fate);
        self.recording.iter_mut().for_each(|kept| kept.take(Step::Kill(fate), &[]));
    }

    /// Another decide begins. What waits for it.
    pub fn succeed(&mut self, heir: &Heir) -> VecDeque<String> {
        self.recording.iter_mut().for_each(|kept| kept.take(Step::Succeed(heir.clone()), &[]));
        self.brain.succeed(heir)
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
            recording.take(Step::Read(line.to_owned()), outputs);
        }
    }

    /// Feeds decide one record that has waited for it.
    pub fn follow(&mut self, line: &str, outputs: &mut Vec<Output>) {
        self.brain.follow(line, outputs);
        if let Some(recording) = &mut self.recording {
            recording.take(Step::Follow(line.to_owned()), outputs);
        }
    }

    pub fn owns(&self, group: usize, now: u64) -> bool {
        now < self.holds[group].end
    }
}

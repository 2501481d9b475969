//! What a seed decides before the hour begins: the cluster, its times, and the
//! list of faults. A list can be cut down and told again: what is left of it
//! happens as before.

use std::fmt;

use hbkit::decide::Quorum;

use crate::random::Random;

/// True time and clocks are microseconds.
pub const SECOND: u64 = 1_000_000;

/// How fast everything goes. An hour has 2,400 units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Keepalive 30 s, deadtime 90 s: a unit is one and a half seconds.
    Long,
    /// Keepalive 100 ms, deadtime 300 ms: a unit is 5 ms, an hour 12 s.
    Short,
}

/// Who ends an address whose lease is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// The kernel, in whole seconds, whatever became of the processes.
    Kernel,
    /// A process, to the microsecond; the kernel where that is paused or killed.
    Holder,
}

/// What is asked for on the command line; what is not, a seed decides.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub nodes: usize,
    pub quorum: Option<Quorum>,
    pub pace: Pace,
}

#[derive(Clone)]
pub struct Plan {
    pub seed: u64,
    pub nodes: usize,
    pub quorum: Quorum,
    pub pace: Pace,
    pub failback: bool,
    /// For how long a node has to be steady before it has a group back.
    pub failback_delay: u64,
    /// How long a failure is remembered; 0: until it is cleared.
    pub failure_expiry: u64,
    /// In which the penalty of a group that changes hands halves; 0: no damping.
    pub flap_halflife: u64,
    pub keeper: Keeper,
    /// When each node boots for the first time.
    pub boots: Vec<u64>,
    pub faults: Vec<Fault>,
}

#[derive(Clone)]
pub struct Fault {
    /// Its place in the list that the seed gives.
    pub number: usize,
    pub at: u64,
    pub end: u64,
    pub what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Start,
    Stop,
    Renew,
}

/// A medium, or all of them.
pub type Medium = Option<usize>;

#[derive(Clone, Copy)]
pub enum What {
    /// Nothing passes from one node to another.
    Cut { from: usize, to: usize, medium: Medium },
    /// Nothing passes between two nodes.
    Split { node: usize, other: usize, medium: Medium },
    /// Nothing passes to or from a node.
    Isolate { node: usize, medium: Medium },
    /// Nothing passes from a node.
    Mute { node: usize, medium: Medium },
    /// So many in a thousand are lost.
    Loss(u64),
    /// Messages are on their way for up to this time.
    Delay(u64),
    /// So many in a thousand arrive twice.
    Double(u64),
    /// Old messages arrive at a node again.
    Replay { node: usize },
    /// Nothing runs on a node; what arrives waits.
    Pause { node: usize },
    /// Nothing runs on a node; what arrives is lost.
    Freeze { node: usize },
    /// Ticks and messages are printed; judge, decide and send stand still.
    Deaf { node: usize },
    /// The power goes, addresses with it.
    Power { node: usize },
    /// All processes are killed; the kernel keeps the addresses of their leases.
    Kill { node: usize },
    /// Decide alone is killed, before or after it `says` what follows from what it has
    /// left, and another takes its place.
    Replace { node: usize, says: bool },
    /// The supervisor is killed with everything, and comes back; what it sends is in
    /// the same life, if it `resumes` that.
    Return { node: usize, resumes: bool },
    /// An action fails on a node.
    Fails { node: usize, action: Action },
    /// Actions take up to this time on a node.
    Slow { node: usize, most: u64 },
    /// The services of a node break: a resource fails while it runs.
    Break { node: usize },
    /// A person asks for something on a node.
    Ask { node: usize, text: &'static str },
    /// People work on a node for as long as the fault lasts; whether they say so
    /// when they end before their time.
    Work { node: usize, says: bool },
}

pub const MEDIA: usize = 2;

/// The unit at which all faults have ended.
const CALM: u64 = 1_595;

const ASKS: [&str; 6] =
    ["standby all", "standby local", "standby foreign", "takeover all", "takeover foreign", "clear all"];

impl Pace {
    /// What `units` last.
    pub fn units(self, units: u64) -> u64 {
        match self {
            Pace::Long => units * SECOND * 3 / 2,
            Pace::Short => units * SECOND / 200,
        }
    }

    /// A span of the long pace, at this one.
    pub fn scaled(self, micros: u64) -> u64 {
        match self {
            Pace::Long => micros,
            Pace::Short => micros / 200,
        }
    }

    pub fn keepalive(self) -> u64 {
        self.units(20)
    }

    pub fn deadtime(self) -> u64 {
        self.units(60)
    }

    pub fn tick(self) -> u64 {
        self.units(5)
    }

    pub fn end(self) -> u64 {
        self.units(2_400) + self.stop_again()
    }

    /// A stop that failed is tried again after this time, however short the others.
    fn stop_again(self) -> u64 {
        5 * SECOND
    }

    /// What it takes without any delay that was asked for.
    fn settled(self) -> u64 {
        self.units(400) + self.stop_again()
    }

    /// Two nodes that have heard each other for so long do not both serve.
    pub fn united(self) -> u64 {
        self.keepalive() * 3 + self.units(10)
    }
}

impl Plan {
    pub fn new(wanted: &Wanted, seed: u64) -> Plan {
        let mut random = Random::keyed(seed, [1, wanted.nodes as u64, 0]);
        let drawn = random.one(&[Quorum::Majority, Quorum::Alive]);
        let failback = random.chance(500);
        let keeper = random.one(&[Keeper::Kernel, Keeper::Holder]);
        let mut span = |units: u64| if random.chance(300) { wanted.pace.units(units) } else { 0 };
        let (failback_delay, failure_expiry, flap_halflife) = (span(100), span(500), span(300));
        let mut plan = Plan {
            seed,
            nodes: wanted.nodes,
            quorum: wanted.quorum.unwrap_or(drawn),
            pace: wanted.pace,
            failback,
            failback_delay,
            failure_expiry,
            flap_halflife,
            keeper: if wanted.pace == Pace::Short { Keeper::Holder } else { keeper },
            boots: (0..wanted.nodes).map(|_| wanted.pace.units(random.below(100))).collect(),
            faults: Vec::new(),
        };
        plan.draw(&mut random);
        // Drawn apart, so that the other faults of a seed are as they are without.
        let mut random = Random::keyed(seed, [10, wanted.nodes as u64, 0]);
        if random.chance(500) {
            plan.draw_heirs(&mut random);
        }
        plan
    }

    /// What dies and is replaced: often at once, sometimes when it is too late.
    fn draw_heirs(&mut self, random: &mut Random) {
        let gap = random.one(&[30, 150, 600]);
        let mut at = 150;
        loop {
            at += random.between(1, gap * 2);
            if at >= CALM {
                break;
            }
            let node = random.below(self.nodes as u64) as usize;
            let what = match random.below(3) {
                0 => What::Return { node, resumes: random.chance(800) },
                _ => What::Replace { node, says: random.chance(600) },
            };
            let (number, begin) = (self.faults.len(), self.pace.units(at) + random.below(self.pace.units(1)));
            let most = random.one(&[1, 1, 20, 90]);
            let end = begin + random.below(self.pace.units(most));
            self.faults.push(Fault { number, at: begin, end, what });
        }
    }

    /// Whether what decide leaves is of any use.
    pub fn has_heirs(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.what, What::Replace { .. } | What::Return { .. }))
    }

    /// Few faults with time to settle between them in one hour, many that
    /// overlap in another; some hours without requests.
    fn draw(&mut self, random: &mut Random) {
        let gap = random.one(&[20, 70, 150, 600]);
        let span = random.one(&[30, 300]);
        let asks = random.chance(600);
        let works = random.chance(300);
        let mut at = 150;
        loop {
            at += random.between(1, gap * 2);
            if at >= CALM {
                break;
            }
            let what = self.what(random, asks, works);
            // Some nodes are gone for so long that all others find their places.
            let long = if matches!(what, What::Power { .. }) && random.chance(300) { 600 } else { 0 };
            let end = (at + random.between(1, span) + long).min(CALM);
            self.push(at, end, what, random);
        }
        if random.chance(800) {
            for node in 0..self.nodes {
                self.push(CALM + 3, CALM + 4, What::Ask { node, text: "clear all" }, random);
            }
        }
    }

    fn push(&mut self, at: u64, end: u64, what: What, random: &mut Random) {
        let (at, end) = (self.pace.units(at) + random.below(self.pace.units(1)), self.pace.units(end + 1));
        self.faults.push(Fault { number: self.faults.len(), at, end, what });
    }

    fn what(&self, random: &mut Random, asks: bool, works: bool) -> What {
        let node = random.below(self.nodes as u64) as usize;
        let other = (node + 1 + random.below(self.nodes as u64 - 1) as usize) % self.nodes;
        let medium = if random.chance(300) { Some(random.below(MEDIA as u64) as usize) } else { None };
        let action = random.one(&[Action::Start, Action::Start, Action::Stop, Action::Renew]);
        match random.below(20) {
            0 => What::Cut { from: node, to: other, medium },
            1 => What::Split { node, other, medium },
            2 | 3 => What::Isolate { node, medium },
            4 => What::Mute { node, medium },
            5 => What::Loss(random.below(500)),
            6 => What::Delay(self.pace.units(random.between(1, 40))),
            7 => What::Double(random.below(500)),
            8 => What::Replay { node },
            9 => What::Pause { node },
            10 => What::Freeze { node },
            11 => What::Deaf { node },
            12 | 13 => What::Power { node },
            14 => What::Kill { node },
            15 => What::Fails { node, action },
            16 => What::Slow { node, most: self.pace.units(90) },
            17 => What::Break { node },
            _ if works && random.chance(700) => What::Work { node, says: random.chance(300) },
            _ if asks => What::Ask { node, text: random.one(&ASKS) },
            _ => What::Power { node },
        }
    }

    /// Behind the last fault, everything has found its place within this time.
    pub fn settled(&self) -> u64 {
        self.pace.settled() + self.failback_delay
    }

    /// Whether a person asks that something moves.
    pub fn has_requests(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.what, What::Ask { text, .. } if text != "clear all"))
    }
}

pub fn name(node: usize) -> &'static str {
    ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"][node]
}

struct On(Medium);

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(medium) => write!(f, " on medium {medium}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |micros: u64| micros as f64 / 1e6;
        write!(f, "{:4}: {:9.3} to {:9.3} s: ", self.number, seconds(self.at), seconds(self.end))?;
        match self.what {
            What::Cut { from, to, medium } => write!(f, "{} is not heard by {}{}", name(from), name(to), On(medium)),
            What::Split { node, other, medium } => {
                write!(f, "{} and {} are cut apart{}", name(node), name(other), On(medium))
            }
            What::Isolate { node, medium } => write!(f, "{} is cut off{}", name(node), On(medium)),
            What::Mute { node, medium } => write!(f, "{} is heard by nobody{}", name(node), On(medium)),
            What::Loss(loss) => write!(f, "{loss} of 1000 messages are lost"),
            What::Delay(most) => write!(f, "messages take up to {:.3} s", seconds(most)),
            What::Double(double) => write!(f, "{double} of 1000 messages arrive twice"),
            What::Replay { node } => write!(f, "{} is sent old messages", name(node)),
            What::Pause { node } => write!(f, "{} is paused", name(node)),
            What::Freeze { node } => write!(f, "{} is frozen, and what arrives is lost", name(node)),
            What::Deaf { node } => write!(f, "{} listens, and decides nothing", name(node)),
            What::Power { node } => write!(f, "{} has no power", name(node)),
            What::Kill { node } => write!(f, "{}: all processes are killed", name(node)),
            What::Replace { node, says: true } => write!(f, "{}: decide is killed, and replaced", name(node)),
            What::Replace { node, says: false } => {
                write!(f, "{}: decide is killed before it says what it has left, and replaced", name(node))
            }
            What::Return { node, resumes: true } => write!(f, "{}: all is killed, and comes back", name(node)),
            What::Return { node, resumes: false } => {
                write!(f, "{}: all is killed, and comes back in another life", name(node))
            }
            What::Fails { node, action: Action::Start } => write!(f, "{}: starts fail", name(node)),
            What::Fails { node, action: Action::Stop } => write!(f, "{}: stops fail", name(node)),
            What::Fails { node, action: Action::Renew } => write!(f, "{}: renewals fail", name(node)),
            What::Slow { node, most } => write!(f, "{}: actions take up to {:.3} s", name(node), seconds(most)),
            What::Break { node } => write!(f, "{}: what it serves breaks", name(node)),
            What::Ask { node, text } => write!(f, "{}: ask {text}", name(node)),
            What::Work { node, says: false } => write!(f, "{}: maintenance", name(node)),
            What::Work { node, says: true } => write!(f, "{}: maintenance, ended by a person", name(node)),
        }
    }
}

//! ha.cf: nodes, times, media, ping nodes, policies.
//!
//! Every directive of Heartbeat 3 is known: used, or accepted with a warning
//! that it has no effect here, or refused with a reason. None is dropped in
//! silence, since a node that ignores what its administrator wrote is not what
//! the administrator believes it to be.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use crate::conf_file;
use crate::conf_lines;
use crate::decide::Policy;
use crate::medium::{self, Medium};
use crate::problem::{Problems, quote};

mod foreign;
mod get;
mod span;
mod used;

pub use get::KEYS;

/// Where Heartbeat has it.
pub const PATH: &str = "/etc/ha.d/ha.cf";

/// The most nodes, as in Heartbeat.
pub const NODES_MAX: usize = 100;

/// The most media.
pub const MEDIA_MAX: usize = 64;

/// The most ping nodes, and the most addresses of a ping group.
pub const PING_MAX: usize = 64;

/// Whether a group returns to its preferred node when that node returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoFailback {
    /// It returns.
    On,
    /// It stays where it is.
    Off,
    /// Heartbeat's default: each node claims its own groups at once.
    #[default]
    Legacy,
}

impl fmt::Display for AutoFailback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AutoFailback::On => f.write_str("on"),
            AutoFailback::Off => f.write_str("off"),
            AutoFailback::Legacy => f.write_str("legacy"),
        }
    }
}

/// How many votes a node needs to serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quorum {
    /// Those of every node that is not dead, as in Heartbeat. Two nodes that are
    /// cut off from each other may both serve.
    #[default]
    Alive,
    /// Those of a majority of all nodes, dead or not: never two owners at once.
    Majority,
}

impl fmt::Display for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Quorum::Alive => f.write_str("alive"),
            Quorum::Majority => f.write_str("majority"),
        }
    }
}

/// How long another node has to reach more ping nodes than the one that serves,
/// before groups move there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PingDamping {
    /// Twice deadtime.
    #[default]
    Deadtimes,
    /// So long.
    Span(Duration),
    /// Nothing moves for connectivity.
    Off,
}

impl PingDamping {
    /// The span, if anything moves at all.
    pub fn span(self, deadtime: Duration) -> Option<Duration> {
        match self {
            PingDamping::Deadtimes => Some(deadtime * 2),
            PingDamping::Span(span) => Some(span),
            PingDamping::Off => None,
        }
    }
}

/// How a node is fenced by the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The node that is fenced.
    pub node: String,
    /// The command and its arguments.
    pub words: Vec<String>,
    /// Where it stands.
    pub line: usize,
}

/// `NODE COMMAND [ARG...]`.
impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.node, self.words.join(" "))
    }
}

/// The head start of a node that serves, where nothing else is said.
pub const FENCE_DELAY: Duration = Duration::from_secs(5);

/// A ping node, or a group of them that counts as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingTarget {
    /// The address, or the name of the group in lower case.
    pub name: String,
    /// One address, or those of the group.
    pub addresses: Vec<IpAddr>,
}

/// `NAME ADDR [ADDR...]`.
impl fmt::Display for PingTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.addresses.iter().try_for_each(|address| write!(f, " {address}"))
    }
}

/// Who takes the address away from a node that cannot renew its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseKeeper {
    /// The kernel, in whole seconds, whatever became of the processes.
    Kernel,
    /// A process, to the millisecond; the kernel about a second later, should
    /// that process be dead or frozen too.
    Holder,
}

impl fmt::Display for LeaseKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeaseKeeper::Kernel => f.write_str("kernel"),
            LeaseKeeper::Holder => f.write_str("holder"),
        }
    }
}

/// What the kernel's lifetime of an address may be shorter by than the lease: a
/// second that is rounded away, and the margin for the kernel's lateness.
pub const ROUNDED: Duration = Duration::from_millis(2_250);

/// From this deadtime on the whole seconds of the kernel fit into the lease: an
/// address must not end when a standby dies. An owner's youngest vote may name a
/// message that is a keepalive old, it renews without the standby after one and a
/// half of silence, and a quarter of a second is left for the work.
pub fn kernel_deadtime(keepalive: Duration) -> Duration {
    ROUNDED + Duration::from_millis(250) + keepalive * 5 / 2
}

/// What ha.cf says, defaults applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaCf {
    /// The nodes in the order of the file, in lower case.
    pub node: Vec<String>,
    /// Between two heartbeats.
    pub keepalive: Duration,
    /// Silence after which a node is dead.
    pub deadtime: Duration,
    /// Silence after which a node is late.
    pub warntime: Duration,
    /// deadtime while nothing has been heard since the start.
    pub initdead: Duration,
    /// Silence after which a ping node is dead.
    pub deadping: Duration,
    /// What the last udpport said; media keep the one that stood above them.
    pub udpport: u16,
    /// What baud said.
    pub baud: u32,
    /// The media in the order of the file.
    pub media: Vec<Medium>,
    /// What happens when a preferred node returns.
    pub auto_failback: AutoFailback,
    /// How long the preferred node has to be steady before that.
    pub failback_delay: Duration,
    /// How long a failure is remembered; zero: until a person clears it.
    pub failure_expiry: Duration,
    /// In which the penalty of a group that changes hands halves; zero: none.
    pub flap_halflife: Duration,
    /// How many changes at once are harmless.
    pub flap_limit: u32,
    /// ping, ping6 and ping_group.
    pub ping: Vec<PingTarget>,
    /// When groups move for them.
    pub ping_damping: PingDamping,
    /// How nodes are fenced.
    pub fence: Vec<Fence>,
    /// How long a node that does not serve waits before it fences one that may.
    pub fence_delay: Duration,
    /// Votes that are needed.
    pub quorum: Quorum,
    lines: BTreeMap<String, usize>,
    media_lines: Vec<usize>,
}

impl HaCf {
    /// The line of a directive, the last one if it is repeated; 1 when it is
    /// not there.
    pub fn line_of(&self, directive: &str) -> usize {
        self.lines.get(directive).copied().unwrap_or(1)
    }

    /// Who ends an address whose lease was not renewed.
    pub fn lease_keeper(&self) -> LeaseKeeper {
        if self.deadtime < kernel_deadtime(self.keepalive) { LeaseKeeper::Holder } else { LeaseKeeper::Kernel }
    }

    /// Whether there is a way to fence a node.
    pub fn can_fence(&self, node: &str) -> bool {
        self.fence.iter().any(|fence| fence.node == node)
    }

    /// Whether a directive is there.
    pub fn has(&self, directive: &str) -> bool {
        self.lines.contains_key(directive)
    }

    /// Each medium with its line.
    pub fn media_with_lines(&self) -> impl Iterator<Item = (usize, &Medium)> {
        self.media_lines.iter().copied().zip(&self.media)
    }
}

/// Heartbeat's defaults, before the file is read.
impl Default for HaCf {
    fn default() -> HaCf {
        let deadtime = Duration::from_secs(30);
        let policy = Policy::default();
        HaCf {
            node: Vec::new(),
            keepalive: Duration::from_secs(1),
            deadtime,
            warntime: deadtime / 2,
            initdead: default_initdead(deadtime),
            deadping: deadtime,
            udpport: medium::PORT,
            baud: medium::BAUD,
            media: Vec::new(),
            auto_failback: AutoFailback::default(),
            failback_delay: policy.failback_delay,
            failure_expiry: policy.failure_expiry,
            flap_halflife: policy.flap_halflife,
            flap_limit: policy.flap_limit,
            ping: Vec::new(),
            ping_damping: PingDamping::default(),
            fence: Vec::new(),
            fence_delay: FENCE_DELAY,
            quorum: Quorum::default(),
            lines: BTreeMap::new(),
            media_lines: Vec::new(),
        }
    }
}

fn default_initdead(deadtime: Duration) -> Duration {
    if deadtime > Duration::from_secs(10) {
        deadtime
    } else if deadtime < Duration::from_secs(6) {
        Duration::from_secs(12)
    } else {
        deadtime * 2
    }
}

/// Every directive that is known: those of Heartbeat and hbkit's own.
pub fn directives() -> impl Iterator<Item = &'static str> {
    used::NAMES.iter().copied().chain(foreign::names())
}

/// Reads a file without errors.
///
/// # Errors
/// It cannot be read, or has an error.
pub fn read(path: &Path) -> Result<HaCf, Problems> {
    let bytes = conf_file::read(path, conf_file::TEXT_MAX)?;
    let (conf, problems) = parse(&path.display().to_string(), &bytes);
    if problems.has_errors() { Err(problems) } else { Ok(conf) }
}

/// Reads the bytes of the file. `file` names it in messages.
pub fn parse(file: &str, bytes: &[u8]) -> (HaCf, Problems) {
    let mut reader = Reader {
        conf: HaCf::default(),
        problems: Problems::new(file),
        line: 0,
        times: BTreeMap::new(),
        port_used: None,
        baud_used: None,
    };
    for line in conf_lines::split(bytes, &mut reader.problems) {
        if let Some(text) = conf_lines::text(&line, &mut reader.problems) {
            reader.line = line.number;
            reader.line(text);
        }
    }
    reader.finish()
}

/// Reading in the order of the file: udpport and baud hold for the media below.
struct Reader {
    conf: HaCf,
    problems: Problems,
    line: usize,
    times: BTreeMap<&'static str, Duration>,
    /// Where the first medium stands that took the port, and the speed, as they
    /// were there.
    port_used: Option<usize>,
    baud_used: Option<usize>,
}

/// What words are separated by.
const SEPARATORS: [char; 4] = [' ', '\t', ',', '\u{c}'];

impl Reader {
    fn line(&mut self, text: &str) {
        let words: Vec<&str> = text.split(SEPARATORS).filter(|word| !word.is_empty()).collect();
        let Some((directive, args)) = words.split_first() else { return };
        if self.used(directive, args) || self.foreign(directive, args) {
            self.conf.lines.insert((*directive).to_owned(), self.line);
        } else {
            let hint = hint(directive);
            self.error(format!("unknown directive {}{hint}", quote(directive)));
        }
    }

    fn error(&mut self, what: impl Into<String>) {
        self.problems.error(self.line, what);
    }

    fn warning(&mut self, what: impl Into<String>) {
        self.problems.warning(self.line, what);
    }

    /// Applies the defaults and compares the times with each other.
    fn finish(mut self) -> (HaCf, Problems) {
        let conf = &mut self.conf;
        let time = |name| self.times.get(name).copied();
        conf.keepalive = time("keepalive").unwrap_or(conf.keepalive);
        conf.deadtime = time("deadtime").unwrap_or(conf.deadtime);
        conf.warntime = time("warntime").unwrap_or(conf.deadtime / 2);
        conf.initdead = time("initdead").unwrap_or(default_initdead(conf.deadtime));
        conf.deadping = time("deadping").unwrap_or(conf.deadtime);
        conf.fence_delay = time("fence_delay").unwrap_or(conf.fence_delay);
        for fence in conf.fence.iter().filter(|fence| !conf.node.contains(&fence.node)) {
            self.problems.error(fence.line, format!("fence: no node line names {}", fence.node));
        }
        self.compare_times();
        // Where a line was refused, that is the cause.
        if self.conf.node.is_empty() && !self.conf.has("node") {
            self.problems.error(1, "no node: write 'node NAME NAME' with the names that uname -n prints");
        }
        if self.conf.media.is_empty() && !used::MEDIA.iter().any(|directive| self.conf.has(directive)) {
            self.problems.error(1, "no medium: write at least one of bcast, ucast, mcast, serial");
        }
        (self.conf, self.problems.sorted())
    }

    fn compare_times(&mut self) {
        let HaCf { keepalive, deadtime, warntime, initdead, deadping, .. } = self.conf;
        let line = |name: &str| self.conf.line_of(name);
        // Where both are written, the deadtime is what is wrong more often.
        let dead_line = if self.conf.has("deadtime") { line("deadtime") } else { line("keepalive") };
        let ping_line = if self.conf.has("deadping") { line("deadping") } else { dead_line };
        let init_line = if self.conf.has("initdead") { line("initdead") } else { dead_line };
        let warn_line = line("warntime");
        if deadtime <= keepalive * 2 {
            let what = format!(
                "deadtime ({} s) must be more than twice keepalive ({} s): one lost heartbeat would be death",
                seconds(deadtime),
                seconds(keepalive)
            );
            self.problems.error(dead_line, what);
        } else if deadping <= keepalive * 2 {
            self.problems.error(ping_line, "deadping must be more than twice keepalive");
        }
        if initdead < deadtime {
            let what = format!("initdead ({} s) is shorter than deadtime ({} s)", seconds(initdead), seconds(deadtime));
            self.problems.error(init_line, what);
        } else if initdead < Duration::from_secs(10) {
            let what = "initdead under 10 s: a network that comes up slowly after a boot makes both nodes serve";
            self.problems.warning(init_line, what);
        }
        if warntime > deadtime {
            self.problems.warning(warn_line, "warntime is longer than deadtime: the warning never comes");
        }
    }
}

fn seconds(span: Duration) -> String {
    crate::time::seconds(span)
}

/// What was probably meant by an unknown directive.
fn hint(directive: &str) -> String {
    let known = |word: &str| directives().any(|name| name == word);
    let lower = directive.to_ascii_lowercase();
    let bare = lower.split(['=', ':', '"', '\'']).find(|part| !part.is_empty()).unwrap_or_default();
    if known(&lower) {
        format!(": written {lower}, in lower case")
    } else if bare != lower && known(bare) {
        format!(": written '{bare} VALUE', with a blank between them and without quotes")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests;

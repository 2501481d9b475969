//! ha.cf: nodes, times, media, ping nodes, policies.
//!
//! Every directive of Heartbeat 3 is known: used, or accepted with a warning
//! that it has no effect here, or refused with a reason. None is dropped in
//! silence, since a node that ignores what its administrator wrote is not what
//! the administrator believes it to be.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::care;
use crate::conf_file;
use crate::conf_lines;
use crate::decide::Policy;
use crate::medium::{self, Medium};
use crate::outgoing::Format;
use crate::problem::Problems;

mod dialect;
mod foreign;
mod get;
mod lease;
mod local;
mod media;
mod policies;
mod reader;
mod span;
mod used;
mod values;

pub use dialect::Dialect;
pub use get::KEYS;
pub use lease::{LeaseKeeper, ROUNDED, kernel_deadtime};
pub use local::Respawn;
pub use media::DIRECTIVES as MEDIA;
pub use values::{AutoFailback, FENCE_DELAY, Fence, PingDamping, PingTarget, Quorum, StopFailed, StopPolicy};

pub use reader::meant;

use reader::Reader;

/// Where Heartbeat has it.
pub const PATH: &str = "/etc/ha.d/ha.cf";

/// The most nodes, as in Heartbeat.
pub const NODES_MAX: usize = 100;

/// The most media.
pub const MEDIA_MAX: usize = 64;

/// The most ping nodes, and the most addresses of a ping group.
pub const PING_MAX: usize = 64;

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
    /// What happens when a group cannot be stopped.
    pub stop_failed: StopFailed,
    /// How this node fences itself: a command and its arguments; none where it is
    /// not configured.
    pub self_fence: Vec<String>,
    /// How resources are cared for.
    pub resource: Vec<care::Rule>,
    /// Votes that are needed.
    pub quorum: Quorum,
    /// The format of messages on networks.
    pub msgfmt: Format,
    /// Whether a crc is good enough for a network.
    pub allow_crc: bool,
    /// In which protocol nodes agree on who serves.
    pub dialect: Dialect,
    /// Programs that run beside the pipeline.
    pub respawn: Vec<Respawn>,
    /// The device that resets this node when its pipeline hangs.
    pub watchdog: Option<String>,
    /// Whether the pipeline runs ahead of other processes.
    pub realtime: bool,
    /// With which priority.
    pub rtprio: u8,
    lines: BTreeMap<String, usize>,
    media_lines: Vec<usize>,
    /// The directives of which a line has an error.
    lost: Vec<&'static str>,
    /// There are lines that could be about anything.
    is_torn: bool,
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

    /// Whether all was understood that the file says by these directives, so that
    /// what is missing is missing there.
    pub fn is_whole(&self, directives: &[&str]) -> bool {
        !self.is_torn && !directives.iter().any(|directive| self.lost.contains(directive))
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
            stop_failed: StopFailed::default(),
            self_fence: Vec::new(),
            resource: Vec::new(),
            quorum: Quorum::default(),
            msgfmt: Format::default(),
            allow_crc: false,
            dialect: Dialect::default(),
            respawn: Vec::new(),
            watchdog: None,
            realtime: true,
            rtprio: 1,
            lines: BTreeMap::new(),
            media_lines: Vec::new(),
            lost: Vec::new(),
            is_torn: false,
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

/// What becomes of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// hbkit does what it says.
    Used,
    /// So it does, and Heartbeat does not know it.
    Alone,
    /// Accepted with a warning: it has no effect, and that is no loss.
    Idle,
    /// Refused: who wrote it counts on something that hbkit does not do.
    Refused,
    /// Idle or refused, as its value is.
    Depends,
}

/// What becomes of a directive; `None` when neither Heartbeat nor hbkit has it.
pub fn fate(directive: &str) -> Option<Fate> {
    if used::NAMES.contains(&directive) {
        Some(Fate::Used)
    } else if used::ALONE.contains(&directive) {
        Some(Fate::Alone)
    } else {
        foreign::fate(directive)
    }
}

/// Every directive that is known: those of Heartbeat and hbkit's own.
pub fn directives() -> impl Iterator<Item = &'static str> {
    used::NAMES.iter().chain(used::ALONE).copied().chain(foreign::names())
}

/// Whether a directive takes a time by Heartbeat's rules.
pub fn is_time(directive: &str) -> bool {
    ["keepalive", "deadtime", "warntime", "initdead", "deadping"].contains(&directive)
}

/// A time with a unit, or a blank, that Heartbeat refuses, as it takes it; `None`
/// for all else.
pub fn plain_time(words: &[&str]) -> Option<String> {
    match words {
        [word] => span::plain(word),
        _ => span::joined(words),
    }
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
    let mut reader = Reader::new(file);
    let lines = conf_lines::split(bytes, &mut reader.problems);
    reader.conf.is_torn = reader.problems.has_errors();
    for line in lines {
        match conf_lines::text(&line, &mut reader.problems) {
            Some(text) => {
                reader.line = line.number;
                reader.line(text);
            }
            None => reader.lost(&conf_lines::plain(&String::from_utf8_lossy(line.bytes))),
        }
    }
    reader.finish()
}

#[cfg(test)]
mod tests;

//! What directives can say, where it is more than a number or a word.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

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

/// What happens when a group cannot be stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StopPolicy {
    /// It is kept, and nobody else starts it.
    #[default]
    Hold,
    /// The node fences itself.
    Fence,
}

/// After how many tries what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopFailed {
    /// What.
    pub policy: StopPolicy,
    /// At least 1.
    pub tries: u32,
}

impl Default for StopFailed {
    fn default() -> StopFailed {
        StopFailed { policy: StopPolicy::Hold, tries: 3 }
    }
}

/// `hold 3`.
impl fmt::Display for StopFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = match self.policy {
            StopPolicy::Hold => "hold",
            StopPolicy::Fence => "fence",
        };
        write!(f, "{policy} {}", self.tries)
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

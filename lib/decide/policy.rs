//! What people want of groups, beside that each runs once.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::ha_cf::{FENCE_DELAY, PingDamping, StopFailed};

use super::{damping, failures};

/// The policies of a cluster. The default moves nothing that need not move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether a group goes back to its preferred node when that returns.
    pub auto_failback: bool,
    /// For how long the preferred node has to be steady before that.
    pub failback_delay: Duration,
    /// How long a failure is remembered; zero: until a person clears it.
    pub failure_expiry: Duration,
    /// In which the penalty of a group that changes hands halves; zero: there is
    /// none.
    pub flap_halflife: Duration,
    /// How many changes at once are harmless.
    pub flap_limit: u32,
    /// Which group an address belongs to.
    pub addresses: BTreeMap<IpAddr, String>,
    /// The ping nodes and groups that are asked for connectivity.
    pub ping: Vec<String>,
    /// How long another node has to reach more ping nodes before a group moves
    /// there.
    pub ping_damping: PingDamping,
    /// The nodes that are fenced when they are dead.
    pub fence: Vec<String>,
    /// The head start of a node that serves before one that does not, should each
    /// fence the other.
    pub fence_delay: Duration,
    /// What happens when a group cannot be stopped.
    pub stop_failed: StopFailed,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            auto_failback: false,
            failback_delay: Duration::ZERO,
            failure_expiry: failures::EXPIRY,
            flap_halflife: damping::HALFLIFE,
            flap_limit: damping::LIMIT,
            addresses: BTreeMap::new(),
            ping: Vec::new(),
            ping_damping: PingDamping::default(),
            fence: Vec::new(),
            fence_delay: FENCE_DELAY,
            stop_failed: StopFailed::default(),
        }
    }
}

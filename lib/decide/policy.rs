//! What people want of groups, beside that each runs once.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::ha_cf::PingDamping;

/// The policies of a cluster. The default moves nothing that need not move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether a group goes back to its preferred node when that returns.
    pub auto_failback: bool,
    /// Which group an address belongs to.
    pub addresses: BTreeMap<IpAddr, String>,
    /// The ping nodes and groups that are asked for connectivity.
    pub ping: Vec<String>,
    /// How long another node has to reach more ping nodes before a group moves
    /// there.
    pub ping_damping: PingDamping,
}

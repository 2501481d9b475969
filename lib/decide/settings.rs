//! What is decided before the stream begins.

use std::net::IpAddr;
use std::time::Duration;

use crate::cluster;
use crate::ha_cf::{AutoFailback, HaCf, Quorum};
use crate::haresources;

use super::policy::Policy;

/// A group as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSetting {
    /// Its name.
    pub name: String,
    /// The node that serves it when all are well.
    pub preferred: String,
}

/// What is decided before the stream begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// This node.
    pub own: String,
    /// All nodes in the order of the configuration, this one among them.
    pub nodes: Vec<String>,
    /// The groups in the order of the configuration.
    pub groups: Vec<GroupSetting>,
    /// What people want of groups, beside that each runs once.
    pub policy: Policy,
    /// Interval of the announcements.
    pub keepalive: Duration,
    /// Silence after which peers declare this node dead.
    pub deadtime: Duration,
    /// How many votes are needed.
    pub quorum: Quorum,
    /// Digest of the configuration, compared with the peers'.
    pub digest: String,
}

impl Settings {
    /// Takes over what a configuration says. Groups that are set already come
    /// first.
    pub fn configure(&mut self, config: HaCf, groups: Vec<haresources::Group>) {
        self.digest = cluster::digest(&config, &groups).chars().take(cluster::DIGITS).collect();
        self.policy.auto_failback = config.auto_failback != AutoFailback::Off;
        self.policy.ping = config.ping.into_iter().map(|target| target.name).collect();
        self.policy.ping_damping = config.ping_damping;
        self.policy.failback_delay = config.failback_delay;
        self.policy.failure_expiry = config.failure_expiry;
        self.policy.flap_halflife = config.flap_halflife;
        self.policy.flap_limit = config.flap_limit;
        self.policy.fence = config.fence.into_iter().map(|fence| fence.node).collect();
        self.policy.fence_delay = config.fence_delay;
        self.policy.stop_failed = config.stop_failed;
        self.quorum = config.quorum;
        self.keepalive = config.keepalive;
        self.deadtime = config.deadtime;
        self.nodes = config.node;
        for group in &groups {
            self.policy.addresses.extend(group.addresses().map(|address| (address, group.name.clone())));
        }
        let groups = groups.into_iter().map(|group| GroupSetting { name: group.name, preferred: group.node });
        self.groups.extend(groups);
    }

    /// The group that an address belongs to. Groups that no file describes have
    /// none but the one that they are named by.
    pub fn group_of(&self, address: IpAddr) -> Option<&str> {
        let by_name =
            || self.groups.iter().find(|group| group.name.parse() == Ok(address)).map(|group| group.name.as_str());
        self.policy.addresses.get(&address).map(String::as_str).or_else(by_name)
    }
}

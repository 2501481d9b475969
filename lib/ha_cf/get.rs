//! The values of ha.cf by name, for scripts.

use super::HaCf;
use crate::medium::Medium;
use crate::time::seconds;

/// The names that [`HaCf::get`] knows.
pub const KEYS: &[&str] = &[
    "nodes",
    "keepalive",
    "deadtime",
    "warntime",
    "initdead",
    "deadping",
    "udpport",
    "baud",
    "media",
    "ping",
    "ping_damping",
    "fence",
    "fence_delay",
    "stop_failed",
    "self_fence",
    "auto_failback",
    "failback_delay",
    "failure_expiry",
    "flap_halflife",
    "flap_limit",
    "quorum",
    "msgfmt",
    "allow_crc",
    "dialect",
    "lease",
    "respawn",
    "watchdog",
    "realtime",
];

impl HaCf {
    /// The values of `key`, one or several; none where nothing is configured.
    /// Times are in seconds. `None` when the key is unknown.
    pub fn get(&self, key: &str) -> Option<Vec<String>> {
        let one = |value: String| Some(vec![value]);
        match key {
            "nodes" | "node" => Some(self.node.clone()),
            "keepalive" => one(seconds(self.keepalive)),
            "deadtime" => one(seconds(self.deadtime)),
            "warntime" => one(seconds(self.warntime)),
            "initdead" => one(seconds(self.initdead)),
            "deadping" => one(seconds(self.deadping)),
            "udpport" => one(self.udpport.to_string()),
            "baud" => one(self.baud.to_string()),
            "media" => Some(self.media.iter().map(Medium::words).collect()),
            "ping" => Some(self.ping.iter().map(ToString::to_string).collect()),
            "ping_damping" => one(self.ping_damping.span(self.deadtime).map_or("off".to_owned(), seconds)),
            "fence" => Some(self.fence.iter().map(ToString::to_string).collect()),
            "fence_delay" => one(seconds(self.fence_delay)),
            "stop_failed" => one(self.stop_failed.to_string()),
            "self_fence" => Some(self.self_fence.iter().take(1).map(|_| self.self_fence.join(" ")).collect()),
            "auto_failback" => one(self.auto_failback.to_string()),
            "failback_delay" => one(seconds(self.failback_delay)),
            "failure_expiry" => one(seconds(self.failure_expiry)),
            "flap_halflife" => one(seconds(self.flap_halflife)),
            "flap_limit" => one(self.flap_limit.to_string()),
            "quorum" => one(self.quorum.to_string()),
            "msgfmt" => one(self.msgfmt.to_string()),
            "allow_crc" => one(if self.allow_crc { "yes" } else { "no" }.to_owned()),
            "dialect" => one(self.dialect.to_string()),
            "lease" => one(self.lease_keeper().to_string()),
            "respawn" => Some(self.respawn.iter().map(ToString::to_string).collect()),
            "watchdog" => Some(self.watchdog.iter().cloned().collect()),
            "realtime" => one(if self.realtime { self.rtprio.to_string() } else { "off".to_owned() }),
            _ => None,
        }
    }

    /// The keys that [`HaCf::get`] knows, for messages.
    pub fn keys() -> String {
        KEYS.join(" ")
    }
}

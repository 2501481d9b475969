//! The directives that hbkit uses.

use std::net::IpAddr;
use std::time::Duration;

use super::{AutoFailback, Fence, HaCf, MEDIA_MAX, NODES_MAX, PING_MAX, PingDamping, PingTarget, Reader, span};
use crate::decide::FLAP_LIMIT_MAX;
use crate::medium::{self, Medium, MediumError};
use crate::name;
use crate::problem::quote;
use crate::time::parse_span;

/// The directives that hbkit uses, or is going to: see [`Reader::ours`].
pub const NAMES: &[&str] = &[
    "node",
    "keepalive",
    "deadtime",
    "warntime",
    "initdead",
    "deadping",
    "udpport",
    "baud",
    "bcast",
    "udp",
    "mcast",
    "mcast6",
    "ucast",
    "ucast6",
    "serial",
    "ping",
    "ping6",
    "ping_group",
    "auto_failback",
    "nice_failback",
    "quorum",
    "ping_damping",
    "failback_delay",
    "failure_expiry",
    "flap_halflife",
    "flap_limit",
    "fence_delay",
    "fence",
    "witness",
];

/// Those among them that name a medium.
pub const MEDIA: &[&str] = &["bcast", "udp", "mcast", "mcast6", "ucast", "ucast6", "serial"];

/// TTLs above this are refused by Heartbeat.
const HEARTBEAT_TTL_MAX: u8 = 4;

impl Reader {
    /// Applies a directive; false when it is not one of [`NAMES`].
    pub(super) fn used(&mut self, directive: &str, args: &[&str]) -> bool {
        if !NAMES.contains(&directive) {
            return false;
        }
        if args.is_empty() {
            self.error(format!("{directive} without a value"));
            return true;
        }
        match directive {
            "node" => args.iter().for_each(|word| self.node(word)),
            "keepalive" => self.time("keepalive", args, false),
            "deadtime" => self.time("deadtime", args, false),
            "warntime" => self.time("warntime", args, false),
            "initdead" => self.time("initdead", args, true),
            "deadping" => self.time("deadping", args, false),
            "udpport" => self.udpport(args),
            "baud" => self.baud(args),
            "bcast" | "udp" | "serial" => args.iter().for_each(|word| self.each_medium(directive, word)),
            "mcast" | "mcast6" | "ucast" | "ucast6" => self.medium(directive, args),
            "ping" | "ping6" => args.iter().for_each(|word| self.ping(directive, word)),
            "ping_group" => self.ping_group(args),
            "auto_failback" => self.auto_failback(args),
            "nice_failback" => self.nice_failback(),
            "failback_delay" => self.own_time(directive, args, |conf, span| conf.failback_delay = span),
            "failure_expiry" => self.own_time(directive, args, |conf, span| conf.failure_expiry = span),
            "flap_halflife" => self.own_time(directive, args, |conf, span| conf.flap_halflife = span),
            "flap_limit" => self.flap_limit(args),
            _ => self.ours(directive, args),
        }
        true
    }

    /// The last of several values, as Heartbeat takes it.
    fn last<'a>(&mut self, directive: &str, args: &[&'a str]) -> &'a str {
        if args.len() > 1 {
            self.warning(format!("{directive} with several values: the last one counts"));
        }
        if self.conf.has(directive) {
            let before = self.conf.line_of(directive);
            self.warning(format!("{directive} stands on line {before} too: the last one counts"));
        }
        args.last().copied().unwrap_or_default()
    }

    fn node(&mut self, word: &str) {
        match name::node(word) {
            Err(error) => self.error(error.to_string()),
            Ok(node) if self.conf.node.contains(&node) => self.warning(format!("node {node} is named twice")),
            Ok(_) if self.conf.node.len() == NODES_MAX => self.error(format!("more than {NODES_MAX} nodes")),
            Ok(node) => self.conf.node.push(node),
        }
    }

    fn time(&mut self, directive: &'static str, args: &[&str], zero: bool) {
        // Each word is checked, as in Heartbeat: "250 ms" is refused.
        for word in args {
            if let Err(why) = span::read(word) {
                return self.error(format!("{directive}: {why}"));
            }
        }
        let word = self.last(directive, args);
        let Ok(read) = span::read(word) else { return };
        if read.span.is_zero() && !zero {
            return self.error(format!("{directive} must be more than 0, in whole milliseconds"));
        }
        if read.ours_alone {
            let number = word.trim_end_matches('s');
            self.warning(format!("{directive}: Heartbeat refuses {}: write {number}", quote(word)));
        }
        self.times.insert(directive, read.span);
    }

    fn udpport(&mut self, args: &[&str]) {
        let word = self.last("udpport", args);
        let Some(port) = word.parse().ok().filter(|port| *port > 0) else {
            return self.error(format!("udpport: {} is not a port from 1 to 65535", quote(word)));
        };
        if let Some(line) = self.port_used {
            self.warning(format!("udpport holds for the media below only: the one on line {line} has another port"));
        }
        self.conf.udpport = port;
    }

    fn baud(&mut self, args: &[&str]) {
        if self.conf.has("baud") {
            return self.error(format!("baud stands on line {} too: once is allowed", self.conf.line_of("baud")));
        }
        let word = self.last("baud", args);
        match medium::read_baud(word) {
            Err(error) => self.error(format!("baud: {error}")),
            Ok(baud) => {
                if let Some(line) = self.baud_used {
                    self.warning(format!(
                        "baud holds for the lines below only: the one on line {line} has {}",
                        medium::BAUD
                    ));
                }
                self.conf.baud = baud;
            }
        }
    }

    fn each_medium(&mut self, directive: &str, word: &str) {
        if directive == "udp" {
            self.warning("udp is an old name: write bcast");
            return self.medium("bcast", &[word]);
        }
        self.medium(directive, &[word]);
    }

    fn medium(&mut self, directive: &str, args: &[&str]) {
        let words: Vec<&str> = std::iter::once(directive).chain(args.iter().copied()).collect();
        let medium = match Medium::from_words(&words, self.conf.udpport, self.conf.baud) {
            Ok(medium) => medium,
            Err(error) => return self.error(medium_error(&error)),
        };
        if let Some(what) = self.family_trouble(directive, &medium) {
            return self.error(what);
        }
        if self.conf.media.contains(&medium) {
            return self.warning(format!("{} stands here twice: once is enough", quote(&words.join(" "))));
        }
        if self.conf.media.len() == MEDIA_MAX {
            return self.error(format!("more than {MEDIA_MAX} media"));
        }
        match &medium {
            Medium::Bcast { .. } | Medium::Ucast { .. } => self.port_used = self.port_used.or(Some(self.line)),
            Medium::Serial { .. } => self.baud_used = self.baud_used.or(Some(self.line)),
            Medium::Mcast { ttl, .. } if *ttl > HEARTBEAT_TTL_MAX => {
                self.warning(format!("a TTL above {HEARTBEAT_TTL_MAX} is refused by Heartbeat"));
            }
            Medium::Mcast { .. } => {}
        }
        self.conf.media.push(medium);
        self.conf.media_lines.push(self.line);
    }

    /// The directives with a 6 take IPv6 alone; those without take both, which
    /// Heartbeat does not.
    fn family_trouble(&mut self, directive: &str, medium: &Medium) -> Option<String> {
        let address = match medium {
            Medium::Ucast { address, .. } => *address,
            Medium::Mcast { group, .. } => *group,
            Medium::Bcast { .. } | Medium::Serial { .. } => return None,
        };
        match (directive.ends_with('6'), address) {
            (true, IpAddr::V4(_)) => Some(format!("{directive} takes an IPv6 address, not {address}")),
            (false, IpAddr::V6(_)) => {
                self.warning(format!("Heartbeat takes IPv6 addresses in {directive}6 only"));
                None
            }
            (true, IpAddr::V6(_)) | (false, IpAddr::V4(_)) => None,
        }
    }

    fn ping(&mut self, directive: &str, word: &str) {
        let Some(address) = self.ping_address(word) else { return };
        if directive == "ping6" && address.is_ipv4() {
            return self.error(format!("ping6 takes an IPv6 address, not {address}"));
        }
        if directive == "ping" && address.is_ipv6() {
            self.warning("Heartbeat takes IPv6 addresses in ping6 only");
        }
        self.add_ping(PingTarget { name: address.to_string(), addresses: vec![address] });
    }

    fn ping_group(&mut self, args: &[&str]) {
        let Some((group, hosts)) = args.split_first() else { return };
        let name = match name::node(group) {
            Ok(name) => name,
            Err(error) => return self.error(error.to_string()),
        };
        if hosts.is_empty() || hosts.len() > PING_MAX {
            return self
                .error(format!("ping_group is written 'ping_group NAME ADDR...' with 1 to {PING_MAX} addresses"));
        }
        let addresses: Vec<IpAddr> = hosts.iter().filter_map(|host| self.ping_address(host)).collect();
        if addresses.len() == hosts.len() {
            self.add_ping(PingTarget { name, addresses });
        }
    }

    fn ping_address(&mut self, word: &str) -> Option<IpAddr> {
        let address = word.parse().ok();
        if address.is_none() {
            self.error(not_numeric(word));
        }
        address
    }

    fn add_ping(&mut self, target: PingTarget) {
        if self.conf.ping.iter().any(|other| other.name == target.name) {
            self.error(format!("ping node {} is named twice", target.name));
        } else if self.conf.ping.len() == PING_MAX {
            self.error(format!("more than {PING_MAX} ping nodes"));
        } else {
            self.conf.ping.push(target);
        }
    }

    fn auto_failback(&mut self, args: &[&str]) {
        let word = self.last("auto_failback", args);
        self.conf.auto_failback = match (boolean(word), word.to_ascii_lowercase().as_str()) {
            (Some(true), _) => AutoFailback::On,
            (Some(false), _) => AutoFailback::Off,
            (None, "legacy") => AutoFailback::Legacy,
            (None, _) => return self.error(format!("auto_failback is on, off or legacy, not {}", quote(word))),
        };
    }

    fn nice_failback(&mut self) {
        self.warning("nice_failback is obsolete and means auto_failback legacy: write auto_failback on or off");
        self.conf.auto_failback = AutoFailback::Legacy;
    }

    /// A time of hbkit's own: Heartbeat's rules do not bind it, and minutes and
    /// hours are what people count here.
    fn own_time(&mut self, directive: &str, args: &[&str], set: impl FnOnce(&mut HaCf, Duration)) {
        // "5 m" would be read as m.
        if args.len() > 1 {
            return self.error(format!("{directive} takes one time, such as 90, 5m or 1h"));
        }
        let word = self.last(directive, args);
        match parse_span(word) {
            Ok(span) if span <= span::LONGEST => set(&mut self.conf, span),
            Ok(_) => self.error(format!("{directive}: {} is longer than a day", quote(word))),
            Err(error) => self.error(format!("{directive}: {error}")),
        }
    }

    fn flap_limit(&mut self, args: &[&str]) {
        let word = self.last("flap_limit", args);
        match word.parse() {
            Ok(limit) if (1..=FLAP_LIMIT_MAX).contains(&limit) => self.conf.flap_limit = limit,
            _ => self.error(format!("flap_limit: {} is not a number from 1 to {FLAP_LIMIT_MAX}", quote(word))),
        }
    }

    /// hbkit's own. What this version does not do it refuses: a configuration
    /// that asks for more safety than it gets would be a trap.
    fn ours(&mut self, directive: &str, args: &[&str]) {
        match (directive, args) {
            ("quorum", ["alive"]) => self.conf.quorum = super::Quorum::Alive,
            ("quorum", ["majority"]) => self.conf.quorum = super::Quorum::Majority,
            ("quorum", _) => self.error("quorum is alive or majority"),
            ("ping_damping", _) => self.ping_damping(args),
            ("fence", _) => self.fence(args),
            ("fence_delay", _) => self.time("fence_delay", args, true),
            _ => self.error("witness: name the witness in a node line, and run hb-witness on it"),
        }
    }
}

impl Reader {
    fn fence(&mut self, args: &[&str]) {
        let Some((node, words)) = args.split_first() else { return };
        let node = match name::node(node) {
            Ok(node) => node,
            Err(error) => return self.error(format!("fence is written 'fence NODE COMMAND [ARG...]': {error}")),
        };
        match words.first() {
            None => self.error("fence is written 'fence NODE COMMAND [ARG...]'"),
            Some(command) if !command.starts_with('/') => {
                self.error(format!("fence: {} is not the absolute path of a command", quote(command)));
            }
            Some(_) if self.conf.can_fence(&node) => {
                self.error(format!("fence: there is a command for {node} already; one command can try several ways"));
            }
            Some(_) => {
                let words = words.iter().map(|word| (*word).to_owned()).collect();
                self.conf.fence.push(Fence { node, words, line: self.line });
            }
        }
    }

    fn ping_damping(&mut self, args: &[&str]) {
        let word = self.last("ping_damping", args);
        self.conf.ping_damping = match (boolean(word), span::read(word)) {
            (_, Ok(read)) if !read.span.is_zero() => PingDamping::Span(read.span),
            (Some(false), _) => PingDamping::Off,
            (_, _) => return self.error(format!("ping_damping is a time or off, not {}", quote(word))),
        };
    }
}

fn medium_error(error: &MediumError) -> String {
    match error {
        MediumError::Address(word) => not_numeric(word),
        MediumError::Kind(_)
        | MediumError::Words(_)
        | MediumError::Interface(_)
        | MediumError::Group(_)
        | MediumError::Port(_)
        | MediumError::Ttl(_)
        | MediumError::Loop(_)
        | MediumError::Baud(_)
        | MediumError::Device(_) => error.to_string(),
    }
}

fn not_numeric(word: &str) -> String {
    format!("{} is not a numeric IP address: names of hosts are not looked up in this version", quote(word))
}

/// Heartbeat's words for yes and no, in either case.
pub fn boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "y" | "1" => Some(true),
        "false" | "off" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

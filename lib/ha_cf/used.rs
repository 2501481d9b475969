//! The directives that hbkit uses.

use super::reader::Reader;
use super::{NODES_MAX, span};
use crate::medium;
use crate::name;
use crate::problem::quote;

/// The directives of Heartbeat that hbkit uses.
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
    "msgfmt",
    "realtime",
    "rtprio",
    "watchdog",
    "respawn",
];

/// Those that Heartbeat does not have: see [`Reader::ours`].
pub const ALONE: &[&str] = &[
    "quorum",
    "ping_damping",
    "failback_delay",
    "failure_expiry",
    "flap_halflife",
    "flap_limit",
    "fence_delay",
    "fence",
    "resource",
    "stop_failed",
    "self_fence",
    "allow_crc",
    "witness",
    "dialect",
];

impl Reader {
    /// Applies a directive; false when it is neither of [`NAMES`] nor of [`ALONE`].
    pub(super) fn used(&mut self, directive: &str, args: &[&str]) -> bool {
        if !NAMES.contains(&directive) && !ALONE.contains(&directive) {
            return false;
        }
        if args.is_empty() {
            self.error(format!("{directive} without a value: write one, or leave the line out"));
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
            "msgfmt" => self.msgfmt(args),
            "realtime" | "rtprio" | "watchdog" | "respawn" => self.local(directive, args),
            "failback_delay" => self.own_time(directive, args, |conf, span| conf.failback_delay = span),
            "failure_expiry" => self.own_time(directive, args, |conf, span| conf.failure_expiry = span),
            "flap_halflife" => self.own_time(directive, args, |conf, span| conf.flap_halflife = span),
            "flap_limit" => self.flap_limit(args),
            _ => self.ours(directive, args),
        }
        true
    }

    /// The last of several values, as Heartbeat takes it.
    pub(super) fn last<'a>(&mut self, directive: &str, args: &[&'a str]) -> &'a str {
        if args.len() > 1 {
            let digits = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
            let fraction = match args {
                [whole, part] if digits(whole) && digits(part) => {
                    format!(" (a comma separates values; a fraction is written {whole}.{part})")
                }
                _ => String::new(),
            };
            self.warning(format!("{directive} with several values: the last one counts{fraction}"));
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

    pub(super) fn time(&mut self, directive: &'static str, args: &[&str], zero: bool) {
        if let Some(word) = span::joined(args) {
            return self.error(format!("{directive}: no blank before the unit: write {directive} {word}"));
        }
        // Each word is checked, as in Heartbeat.
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
            self.warning(format!("{directive}: Heartbeat refuses {}: write {}", quote(word), read.plain()));
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
            return self.error("baud stands above already: once is allowed");
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
}

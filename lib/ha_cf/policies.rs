//! The directives that say who serves, and when.

use std::time::Duration;

use super::reader::Reader;
use super::{AutoFailback, Fence, HaCf, PingDamping, Quorum, StopFailed, StopPolicy, span};
use crate::care::Rule;
use crate::decide::FLAP_LIMIT_MAX;
use crate::name;
use crate::outgoing::Format;
use crate::problem::quote;
use crate::time::parse_span;

/// The most tries of a stop.
const STOP_TRIES_MAX: u32 = 1_000;

/// The most rules for resources.
const RULES_MAX: usize = 1_000;

impl Reader {
    pub(super) fn auto_failback(&mut self, args: &[&str]) {
        let word = self.last("auto_failback", args);
        self.conf.auto_failback = match (boolean(word), word.to_ascii_lowercase().as_str()) {
            (Some(true), _) => AutoFailback::On,
            (Some(false), _) => AutoFailback::Off,
            (None, "legacy") => AutoFailback::Legacy,
            (None, _) => return self.error(format!("auto_failback is on, off or legacy, not {}", quote(word))),
        };
    }

    pub(super) fn nice_failback(&mut self) {
        self.warning("nice_failback is obsolete and means auto_failback legacy: write auto_failback on or off");
        self.conf.auto_failback = AutoFailback::Legacy;
    }

    /// Heartbeat means its FIFO and clients by it, and sends netstrings whatever it
    /// says; hbkit takes the word for what networks carry. Its receivers take both.
    pub(super) fn msgfmt(&mut self, args: &[&str]) {
        let word = self.last("msgfmt", args);
        self.conf.msgfmt = match word {
            "netstring" => Format::Netstring,
            "classic" => Format::Classic,
            _ => return self.error(format!("msgfmt is classic or netstring, not {}", quote(word))),
        };
    }

    /// A time of hbkit's own: Heartbeat's rules do not bind it, and minutes and
    /// hours are what people count here.
    pub(super) fn own_time(&mut self, directive: &str, args: &[&str], set: impl FnOnce(&mut HaCf, Duration)) {
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

    pub(super) fn flap_limit(&mut self, args: &[&str]) {
        let word = self.last("flap_limit", args);
        match word.parse() {
            Ok(limit) if (1..=FLAP_LIMIT_MAX).contains(&limit) => self.conf.flap_limit = limit,
            _ => self.error(format!("flap_limit: {} is not a number from 1 to {FLAP_LIMIT_MAX}", quote(word))),
        }
    }

    /// hbkit's own. What this version does not do it refuses: a configuration
    /// that asks for more safety than it gets would be a trap.
    pub(super) fn ours(&mut self, directive: &str, args: &[&str]) {
        match (directive, args) {
            ("quorum", ["alive"]) => self.conf.quorum = Quorum::Alive,
            ("quorum", ["majority"]) => self.conf.quorum = Quorum::Majority,
            ("quorum", _) => self.error("quorum is alive or majority"),
            ("ping_damping", _) => self.ping_damping(args),
            ("dialect", _) => self.dialect(args),
            ("fence", _) => self.fence(args),
            ("stop_failed", _) => self.stop_failed(args),
            ("self_fence", _) => self.self_fence(args),
            ("resource", _) => self.resource(args),
            ("allow_crc", _) => self.allow_crc(args),
            ("fence_delay", _) => self.time("fence_delay", args, true),
            _ => self.error("witness: name the witness in a node line, and run hb-witness on it"),
        }
    }

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

    fn stop_failed(&mut self, args: &[&str]) {
        let policy = match args.first() {
            Some(&"hold") => StopPolicy::Hold,
            Some(&"fence") => StopPolicy::Fence,
            _ => return self.error("stop_failed is written 'stop_failed hold|fence [TRIES]'"),
        };
        let tries = match args {
            [_] => StopFailed::default().tries,
            [_, number] => match number.parse() {
                Ok(tries) if (1..=STOP_TRIES_MAX).contains(&tries) => tries,
                _ => {
                    return self
                        .error(format!("stop_failed: {} is not a number from 1 to {STOP_TRIES_MAX}", quote(number)));
                }
            },
            _ => return self.error("stop_failed is written 'stop_failed hold|fence [TRIES]'"),
        };
        self.conf.stop_failed = StopFailed { policy, tries };
    }

    fn self_fence(&mut self, args: &[&str]) {
        match args.first() {
            Some(command) if command.starts_with('/') => {
                self.conf.self_fence = args.iter().map(|word| (*word).to_owned()).collect();
            }
            Some(command) => {
                self.error(format!("self_fence: {} is not the absolute path of a command", quote(command)))
            }
            None => {}
        }
    }

    fn resource(&mut self, args: &[&str]) {
        match Rule::parse(args, self.line) {
            Ok(_) if self.conf.resource.len() == RULES_MAX => {
                self.error(format!("more than {RULES_MAX} lines of resource"))
            }
            Ok(rule) => self.conf.resource.push(rule),
            Err(error) => self.error(error),
        }
    }

    fn allow_crc(&mut self, args: &[&str]) {
        let word = self.last("allow_crc", args);
        match boolean(word) {
            Some(allowed) => self.conf.allow_crc = allowed,
            None => self.error(format!("allow_crc is yes or no, not {}", quote(word))),
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

/// Heartbeat's words for yes and no, in either case.
pub fn boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "y" | "1" => Some(true),
        "false" | "off" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

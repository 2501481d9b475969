//! The directives that name media and ping nodes.

use std::net::IpAddr;

use super::reader::Reader;
use super::{MEDIA_MAX, PING_MAX, PingTarget};
use crate::medium::{Medium, MediumError};
use crate::name;
use crate::problem::quote;

/// The directives that name a medium.
pub const DIRECTIVES: &[&str] = &["bcast", "udp", "mcast", "mcast6", "ucast", "ucast6", "serial"];

/// TTLs above this are refused by Heartbeat.
const HEARTBEAT_TTL_MAX: u8 = 4;

impl Reader {
    pub(super) fn each_medium(&mut self, directive: &str, word: &str) {
        if directive == "udp" {
            self.warning("udp is an old name: write bcast");
            return self.medium("bcast", &[word]);
        }
        self.medium(directive, &[word]);
    }

    pub(super) fn medium(&mut self, directive: &str, args: &[&str]) {
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

    pub(super) fn ping(&mut self, directive: &str, word: &str) {
        let Some(address) = self.ping_address(word) else { return };
        if directive == "ping6" && address.is_ipv4() {
            return self.error(format!("ping6 takes an IPv6 address, not {address}"));
        }
        if directive == "ping" && address.is_ipv6() {
            self.warning("Heartbeat takes IPv6 addresses in ping6 only");
        }
        self.add_ping(PingTarget { name: address.to_string(), addresses: vec![address] });
    }

    pub(super) fn ping_group(&mut self, args: &[&str]) {
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
        if self.conf.ping.contains(&target) {
            self.warning(format!("ping node {} is named twice: once is enough", target.name));
        } else if self.conf.ping.iter().any(|other| other.name == target.name) {
            self.error(format!("ping node {} is named twice", target.name));
        } else if self.conf.ping.len() == PING_MAX {
            self.error(format!("more than {PING_MAX} ping nodes"));
        } else {
            self.conf.ping.push(target);
        }
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
    let what = format!("{} is not a numeric IP address", quote(word));
    let has_letter = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    if name::is_name(word) && has_letter {
        format!("{what}: names of hosts are not looked up: write the address that 'getent ahosts {word}' prints")
    } else {
        what
    }
}

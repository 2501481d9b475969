//! A floating address as Heartbeat writes it:
//! `ADDR[/BITS[/IFACE[:LABEL]][/BROADCAST]]`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use crate::medium::INTERFACE_MAX;

/// The interface of 127.0.0.0/8, and its bits.
const LOOPBACK: &str = "lo";
const LOOPBACK_BITS: u8 = 8;

/// A floating address, and what was said about how it is to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The address.
    pub address: IpAddr,
    /// Bits of its network; when absent, those of the connected route.
    pub bits: Option<u8>,
    /// The interface; when absent, that of the connected route.
    pub interface: Option<String>,
    /// What stands behind the colon of the interface's alias name (IPv4).
    pub label: Option<String>,
    /// Broadcast address (IPv4).
    pub broadcast: Broadcast,
}

/// The broadcast address of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Broadcast {
    /// Its last address, as everywhere; written `+`, or left out.
    #[default]
    Last,
    /// Its first one, which is its number, as in 4.2BSD; written `-`.
    First,
    /// This one.
    At(Ipv4Addr),
}

/// What is wrong with a written address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecError {
    /// No numeric IPv4 or IPv6 address.
    Address(String),
    /// An address that no host can have; why.
    NotHost(IpAddr, &'static str),
    /// Bits that are no number, or none that the family has.
    Bits(String, u8),
    /// A dotted netmask that is not ones followed by zeros.
    Netmask(String),
    /// No name of an interface.
    Interface(String),
    /// A label that does not fit.
    Label(String),
    /// No IPv4 address where a broadcast address is expected.
    Broadcast(String),
    /// An IPv4 address where only IPv6 ones are taken.
    NotV6(IpAddr),
    /// A link-local address without its interface.
    LinkLocal(IpAddr),
    /// A broadcast address or a label beside an IPv6 address.
    OnlyV4(&'static str),
    /// More parts than there are.
    TooMany(String),
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpecError::Address(text) => write!(f, "'{}' is not an IP address", shown(text)),
            SpecError::NotHost(address, why) => write!(f, "{address} cannot be a host's address: {why}"),
            SpecError::Bits(text, most) => write!(f, "'{}' is not a prefix length from 1 to {most}", shown(text)),
            SpecError::Netmask(text) => write!(f, "'{}' is not a netmask: ones, then zeros", shown(text)),
            SpecError::Interface(text) => write!(f, "'{}' is not the name of an interface", shown(text)),
            SpecError::Label(text) => write!(
                f,
                "'{}' is not a label: with its interface and a colon, at most {INTERFACE_MAX} printable characters",
                shown(text)
            ),
            SpecError::Broadcast(text) => write!(f, "'{}' is not an IPv4 broadcast address", shown(text)),
            SpecError::NotV6(address) => write!(f, "{address} is not an IPv6 address"),
            SpecError::LinkLocal(address) => {
                write!(f, "{address} is a link-local address, which every interface may have: name the interface")
            }
            SpecError::OnlyV4(what) => write!(f, "IPv6 has no {what}"),
            SpecError::TooMany(text) => {
                write!(f, "'{}' has more parts than ADDR/BITS/IFACE:LABEL/BROADCAST", shown(text))
            }
        }
    }
}

impl std::error::Error for SpecError {}

/// What a person wrote, bounded and without control characters.
fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_default).collect()
}

/// The parts of a floating address, each as it was written; an empty part is an
/// absent one. This is also the form in which OCF's environment has them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<'a> {
    /// `OCF_RESKEY_ip`.
    pub address: &'a str,
    /// `OCF_RESKEY_cidr_netmask`.
    pub bits: &'a str,
    /// `OCF_RESKEY_nic`, with or without `:LABEL`.
    pub interface: &'a str,
    /// `OCF_RESKEY_iflabel`.
    pub label: &'a str,
    /// `OCF_RESKEY_broadcast`.
    pub broadcast: &'a str,
    /// Whether an IPv4 address of the loopback is taken too.
    pub loopback: bool,
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Spec, SpecError> {
        let mut words = text.split('/');
        let mut parts = Parts { address: words.next().unwrap_or(""), ..Parts::default() };
        parts.bits = words.next().unwrap_or("");
        // A word that begins with a digit in the third place is the broadcast
        // address, as in Heartbeat: the name of an interface may be left out.
        match words.next().unwrap_or("") {
            word if word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.') => parts.broadcast = word,
            word => {
                parts.interface = word;
                parts.broadcast = words.next().unwrap_or("");
            }
        }
        if words.next().is_some() {
            return Err(SpecError::TooMany(text.to_owned()));
        }
        Spec::from_parts(parts)
    }
}

impl Spec {
    /// Reads a floating address from its parts.
    ///
    /// # Errors
    /// The first part that is wrong.
    pub fn from_parts(parts: Parts<'_>) -> Result<Spec, SpecError> {
        let address = match parts.address.parse() {
            Ok(IpAddr::V4(address)) if parts.loopback && address.is_loopback() => IpAddr::V4(address),
            Ok(_) | Err(_) => host_address(parts.address)?,
        };
        let bits = if parts.bits.is_empty() { None } else { Some(prefix(parts.bits, address)?) };
        let (interface, alias) = parts.interface.split_once(':').unwrap_or((parts.interface, ""));
        let interface = match interface {
            "" if alias.is_empty() => None,
            name if is_interface(name) => Some(name.to_owned()),
            name => return Err(SpecError::Interface(name.to_owned())),
        };
        let label = Some(if parts.label.is_empty() { alias } else { parts.label }).filter(|label| !label.is_empty());
        let broadcast = Some(parts.broadcast).filter(|word| !word.is_empty());
        if address.is_ipv6() && (broadcast.is_some() || label.is_some()) {
            return Err(SpecError::OnlyV4(if broadcast.is_some() { "broadcast address" } else { "label" }));
        }
        let broadcast = match broadcast {
            None | Some("+") => Broadcast::Last,
            Some("-") => Broadcast::First,
            Some(word) => Broadcast::At(word.parse().map_err(|_| SpecError::Broadcast(word.to_owned()))?),
        };
        let spec = Spec { address, bits, interface, label: label.map(str::to_owned), broadcast };
        spec.check()
    }

    /// What can only be judged when all parts are known.
    fn check(mut self) -> Result<Spec, SpecError> {
        match self.address {
            IpAddr::V6(address) if address.is_unicast_link_local() && self.interface.is_none() => {
                return Err(SpecError::LinkLocal(self.address));
            }
            // No route of the main table leads there.
            IpAddr::V4(address) if address.is_loopback() => {
                self.interface.get_or_insert_with(|| LOOPBACK.to_owned());
                self.bits.get_or_insert(LOOPBACK_BITS);
            }
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        if let Some(label) = &self.label {
            let printable = label.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
            let room = INTERFACE_MAX.saturating_sub(self.interface.as_ref().map_or(1, String::len) + 1);
            if !printable || label.len() > room {
                return Err(SpecError::Label(label.clone()));
            }
        }
        if let (IpAddr::V4(address), Some(bits @ 1..=30)) = (self.address, self.bits) {
            let host_part = address.to_bits() & !netmask(bits);
            if host_part == 0 {
                return Err(SpecError::NotHost(self.address, "it is the number of its network"));
            }
            if host_part == !netmask(bits) {
                return Err(SpecError::NotHost(self.address, "it is the broadcast address of its network"));
            }
        }
        Ok(self)
    }

    /// The broadcast address to install with `bits`; none where a network has
    /// none.
    pub fn broadcast(&self, bits: u8) -> Option<Ipv4Addr> {
        let IpAddr::V4(address) = self.address else { return None };
        let has_one = (1..=30).contains(&bits) && !address.is_loopback();
        match self.broadcast {
            Broadcast::At(broadcast) => Some(broadcast),
            Broadcast::Last => has_one.then(|| Ipv4Addr::from_bits(address.to_bits() | !netmask(bits))),
            Broadcast::First => has_one.then(|| Ipv4Addr::from_bits(address.to_bits() & netmask(bits))),
        }
    }
}

/// The netmask of 1 to 32 bits.
fn netmask(bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0)
}

/// Whether both addresses are in one network of `bits` bits.
pub fn same_network(a: IpAddr, b: IpAddr, bits: u8) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()) & netmask(bits) == 0,
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let shift = 128 - u32::from(bits.min(128));
            (a.to_bits() ^ b.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// Whether `text` can be the name of an interface: what the kernel refuses is
/// refused, and control characters and bytes beyond ASCII too.
pub fn is_interface(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b':');
    !text.is_empty() && text.len() <= INTERFACE_MAX && text != "." && text != ".." && text.bytes().all(allowed)
}

/// An address that a host can have.
///
/// # Errors
/// The text is no address, or one of a kind that is never announced.
pub fn host_address(text: &str) -> Result<IpAddr, SpecError> {
    let address: IpAddr = text.parse().map_err(|_| SpecError::Address(text.to_owned()))?;
    let why = match address {
        _ if address.is_unspecified() => "it is the unspecified address",
        _ if address.is_multicast() => "it is a multicast address",
        _ if address.is_loopback() => "it is a loopback address",
        IpAddr::V4(v4) if v4.octets()[0] == 0 || v4.octets()[0] >= 240 => "it is a reserved address",
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => "it is an IPv4-mapped address",
        IpAddr::V4(_) | IpAddr::V6(_) => return Ok(address),
    };
    Err(SpecError::NotHost(address, why))
}

/// Bits, or the dotted netmask that Heartbeat's users also write.
fn prefix(text: &str, address: IpAddr) -> Result<u8, SpecError> {
    let most = if address.is_ipv4() { 32 } else { 128 };
    if address.is_ipv4() && text.contains('.') {
        let wrong = || SpecError::Netmask(text.to_owned());
        let mask = text.parse::<Ipv4Addr>().map_err(|_| wrong())?.to_bits();
        return match u8::try_from(mask.leading_ones()) {
            Ok(bits @ 1..) if netmask(bits) == mask => Ok(bits),
            Ok(_) | Err(_) => Err(wrong()),
        };
    }
    let digits = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(bits @ 1..) if digits && bits <= most => Ok(bits),
        Ok(_) | Err(_) => Err(SpecError::Bits(text.to_owned(), most)),
    }
}

#[cfg(test)]
mod tests;

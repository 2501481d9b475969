//! What a heartbeat travels on, in the words of ha.cf: `bcast eth1`,
//! `ucast eth0 192.0.2.2`, `mcast eth0 239.0.0.1 694 1 0`, `serial /dev/ttyS0`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The UDP port of Heartbeat (IANA: ha-cluster).
pub const PORT: u16 = 694;

/// The speed of a serial line when none is named, in bits a second.
pub const BAUD: u32 = 19_200;

/// The longest name of a network interface (IFNAMSIZ less the final NUL).
pub const INTERFACE_MAX: usize = 15;

/// One medium, as configured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Medium {
    /// The broadcast address of an interface.
    Bcast {
        /// Interface.
        interface: String,
        /// UDP port.
        port: u16,
    },
    /// One peer's address.
    Ucast {
        /// Interface.
        interface: String,
        /// The peer.
        address: IpAddr,
        /// UDP port.
        port: u16,
    },
    /// A multicast group.
    Mcast {
        /// Interface.
        interface: String,
        /// The group, IPv4 or IPv6.
        group: IpAddr,
        /// UDP port.
        port: u16,
        /// Time to live, or hop limit.
        ttl: u8,
        /// Whether the sender's own host hears it too.
        loopback: bool,
    },
    /// A serial line.
    Serial {
        /// Device.
        device: String,
        /// Bits a second.
        baud: u32,
    },
}

/// Why a medium could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediumError {
    /// The first word is no medium.
    Kind(String),
    /// The wrong number of words; how it is written.
    Words(&'static str),
    /// No name of an interface.
    Interface(String),
    /// No numeric IP address.
    Address(String),
    /// No multicast address.
    Group(String),
    /// No port from 1 to 65535.
    Port(String),
    /// No TTL from 0 to 255.
    Ttl(String),
    /// The last word of mcast is neither 0 nor 1.
    Loop(String),
    /// A speed that Heartbeat does not know.
    Baud(String),
    /// A device that is no absolute path.
    Device(String),
}

impl fmt::Display for MediumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MediumError::Kind(word) => write!(f, "'{word}' is no medium: bcast, ucast, mcast or serial"),
            MediumError::Words(usage) => write!(f, "a medium is written '{usage}'"),
            MediumError::Interface(word) => write!(f, "'{word}' is not the name of an interface"),
            MediumError::Address(word) => write!(f, "'{word}' is not a numeric IP address"),
            MediumError::Group(word) => write!(f, "'{word}' is not a multicast address"),
            MediumError::Port(word) => write!(f, "'{word}' is not a port from 1 to 65535"),
            MediumError::Ttl(word) => write!(f, "'{word}' is not a TTL from 0 to 255"),
            MediumError::Loop(word) => write!(f, "loop is 0 or 1, not '{word}'"),
            MediumError::Baud(word) => write!(f, "'{word}' is not one of the speeds {}", bauds()),
            MediumError::Device(word) => write!(f, "'{word}' is not the absolute path of a device"),
        }
    }
}

impl std::error::Error for MediumError {}

/// The speeds of a serial line that Heartbeat accepts.
pub const BAUDS: [u32; 7] = [9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800];

fn bauds() -> String {
    BAUDS.map(|baud| baud.to_string()).join(" ")
}

const USAGE_BCAST: &str = "bcast IFACE";
const USAGE_UCAST: &str = "ucast IFACE ADDR";
const USAGE_MCAST: &str = "mcast IFACE GROUP PORT TTL LOOP";
const USAGE_SERIAL: &str = "serial DEVICE [BAUD]";

impl Medium {
    /// Reads a medium from the words of a line of ha.cf or of an option.
    /// `port` and `baud` are what udpport and baud said before it.
    ///
    /// # Errors
    /// The words are none of the four forms.
    pub fn from_words(words: &[&str], port: u16, baud: u32) -> Result<Medium, MediumError> {
        match words {
            ["bcast", interface] => Ok(Medium::Bcast { interface: read_interface(interface)?, port }),
            ["bcast", ..] => Err(MediumError::Words(USAGE_BCAST)),
            ["ucast" | "ucast6", interface, address] => {
                Ok(Medium::Ucast { interface: read_interface(interface)?, address: read_address(address)?, port })
            }
            ["ucast" | "ucast6", ..] => Err(MediumError::Words(USAGE_UCAST)),
            ["mcast" | "mcast6", interface, group, port, ttl, looped] => Ok(Medium::Mcast {
                interface: read_interface(interface)?,
                group: read_group(group)?,
                port: read_port(port)?,
                ttl: ttl.parse().map_err(|_| MediumError::Ttl((*ttl).to_owned()))?,
                loopback: read_loop(looped)?,
            }),
            ["mcast" | "mcast6", ..] => Err(MediumError::Words(USAGE_MCAST)),
            ["serial", device] => Ok(Medium::Serial { device: read_device(device)?, baud }),
            ["serial", device, baud] => Ok(Medium::Serial { device: read_device(device)?, baud: read_baud(baud)? }),
            ["serial", ..] => Err(MediumError::Words(USAGE_SERIAL)),
            [other, ..] => Err(MediumError::Kind((*other).to_owned())),
            [] => Err(MediumError::Kind(String::new())),
        }
    }

    /// The words of ha.cf from which [`Medium::from_words`] reads it again, given
    /// the same port and speed.
    pub fn words(&self) -> String {
        match self {
            Medium::Bcast { interface, .. } => format!("bcast {interface}"),
            Medium::Ucast { interface, address, .. } => format!("ucast {interface} {address}"),
            Medium::Mcast { interface, group, port, ttl, loopback } => {
                format!("mcast {interface} {group} {port} {ttl} {}", u8::from(*loopback))
            }
            Medium::Serial { device, baud } => format!("serial {device} {baud}"),
        }
    }

    /// Whether it is a network and no private wire: what travels on it can be
    /// heard and forged by others.
    pub fn is_network(&self) -> bool {
        match self {
            Medium::Bcast { .. } | Medium::Ucast { .. } | Medium::Mcast { .. } => true,
            Medium::Serial { .. } => false,
        }
    }

    /// The interface or device.
    pub fn device(&self) -> &str {
        match self {
            Medium::Bcast { interface, .. } | Medium::Ucast { interface, .. } | Medium::Mcast { interface, .. } => {
                interface
            }
            Medium::Serial { device, .. } => device,
        }
    }
}

/// A medium as an option takes it: the words of ha.cf in one argument, with
/// Heartbeat's port and speed.
impl FromStr for Medium {
    type Err = MediumError;

    fn from_str(text: &str) -> Result<Medium, MediumError> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        Medium::from_words(&words, PORT, BAUD)
    }
}

/// The name of the link in records: `bcast:eth1`, `ucast:eth0`,
/// `serial:/dev/ttyS0`.
impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Medium::Bcast { .. } => "bcast",
            Medium::Ucast { .. } => "ucast",
            Medium::Mcast { .. } => "mcast",
            Medium::Serial { .. } => "serial",
        };
        write!(f, "{kind}:{}", self.device())
    }
}

fn read_interface(word: &str) -> Result<String, MediumError> {
    let fits = !word.is_empty() && word.len() <= INTERFACE_MAX && word != "." && word != "..";
    let allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'/' | b'=' | b'%');
    if fits && word.bytes().all(allowed) { Ok(word.to_owned()) } else { Err(MediumError::Interface(word.to_owned())) }
}

fn read_address(word: &str) -> Result<IpAddr, MediumError> {
    word.parse().map_err(|_| MediumError::Address(word.to_owned()))
}

fn read_group(word: &str) -> Result<IpAddr, MediumError> {
    let group = read_address(word)?;
    if group.is_multicast() { Ok(group) } else { Err(MediumError::Group(word.to_owned())) }
}

fn read_port(word: &str) -> Result<u16, MediumError> {
    word.parse().ok().filter(|port| *port > 0).ok_or_else(|| MediumError::Port(word.to_owned()))
}

fn read_loop(word: &str) -> Result<bool, MediumError> {
    match word {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(MediumError::Loop(word.to_owned())),
    }
}

fn read_device(word: &str) -> Result<String, MediumError> {
    let allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'=' | b'%');
    if word.starts_with('/') && word.bytes().all(allowed) {
        Ok(word.to_owned())
    } else {
        Err(MediumError::Device(word.to_owned()))
    }
}

/// Reads the speed of a serial line.
///
/// # Errors
/// It is none of [`BAUDS`].
pub fn read_baud(word: &str) -> Result<u32, MediumError> {
    word.parse().ok().filter(|baud| BAUDS.contains(baud)).ok_or_else(|| MediumError::Baud(word.to_owned()))
}

#[cfg(test)]
mod tests;

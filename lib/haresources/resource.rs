//! One resource: an address, or a script with arguments.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::medium::INTERFACE_MAX;
use crate::problem::quote;

/// The most arguments of a script.
pub const ARGS_MAX: usize = 32;

/// One resource of a group. Displays as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// As it was written.
    pub word: String,
    /// What it is.
    pub kind: Kind,
}

/// What a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address that moves between the nodes.
    Address(AddressSpec),
    /// A script, by its name in a resource directory.
    Script {
        /// The name.
        name: String,
        /// What is passed before the action.
        args: Vec<String>,
    },
}

/// `IP[/BITS[/IFACE[:LABEL]][/BROADCAST]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressSpec {
    /// The address.
    pub address: IpAddr,
    /// The length of the network's prefix.
    pub bits: Option<u8>,
    /// The interface.
    pub interface: Option<String>,
    /// The label behind the interface (IPv4).
    pub label: Option<String>,
    /// The broadcast address (IPv4).
    pub broadcast: Option<Ipv4Addr>,
}

/// Why a word is no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceError {
    /// Neither an address nor a name.
    Name(String),
    /// A character that no script could be given safely.
    Character(String),
    /// Looks like an address and is none.
    Address(String),
    /// The prefix does not fit the address.
    Bits(String),
    /// Not the name of an interface, or with its label too long for one.
    Interface(String),
    /// IPv6 has neither labels nor broadcast addresses.
    Ipv6(String),
    /// Too many parts.
    Parts(String),
    /// More than [`ARGS_MAX`] arguments.
    Args(String),
    /// A backslash that continues nothing.
    Backslash,
}

impl fmt::Display for ResourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResourceError::Name(word) => write!(f, "{} is neither an address nor the name of a script", quote(word)),
            ResourceError::Character(word) => write!(f, "{} has a character that is not allowed here", quote(word)),
            ResourceError::Address(word) => write!(f, "{} looks like an address and is none", quote(word)),
            ResourceError::Bits(word) => write!(f, "{}: the prefix is 1 to 32, of IPv6 1 to 128", quote(word)),
            ResourceError::Interface(word) => {
                write!(f, "{}: an interface and its label have at most {INTERFACE_MAX} characters", quote(word))
            }
            ResourceError::Ipv6(word) => {
                write!(f, "{}: IPv6 knows neither labels nor broadcast addresses", quote(word))
            }
            ResourceError::Parts(word) => write!(f, "{}: written IP/BITS/IFACE:LABEL/BROADCAST", quote(word)),
            ResourceError::Args(word) => write!(f, "{}: more than {ARGS_MAX} arguments", quote(word)),
            ResourceError::Backslash => f.write_str("a backslash continues a line only as its very last character"),
        }
    }
}

impl std::error::Error for ResourceError {}

/// Scripts of Heartbeat that take an address as their only argument.
const ADDRESS_SCRIPTS: [&str; 3] = ["IPaddr", "IPaddr2", "IPv6addr"];

impl Resource {
    /// Reads one word of haresources.
    ///
    /// # Errors
    /// It is neither an address nor a script.
    pub fn parse(word: &str) -> Result<Resource, ResourceError> {
        if word == "\\" {
            return Err(ResourceError::Backslash);
        }
        let allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'\'' | b'`');
        if !word.bytes().all(allowed) {
            return Err(ResourceError::Character(word.to_owned()));
        }
        let kind = match ADDRESS_SCRIPTS.iter().find_map(|name| word.strip_prefix(name)?.strip_prefix("::")) {
            Some(spec) => Kind::Address(spec.parse()?),
            None if looks_like_address(word) => Kind::Address(word.parse()?),
            None => read_script(word)?,
        };
        Ok(Resource { word: word.to_owned(), kind })
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word)
    }
}

/// As Heartbeat: four parts of digits. IPv6, hbkit's own: whatever parses, and
/// what has single colons, which no script's name has.
fn looks_like_address(word: &str) -> bool {
    let host = word.split('/').next().unwrap_or_default();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = host.split('.').collect();
    let hexadecimal = |b: u8| b.is_ascii_hexdigit() || b == b':' || b == b'.';
    parts.len() == 4 && parts.iter().all(|part| digits(part))
        || host.parse::<Ipv6Addr>().is_ok()
        || host.matches(':').count() > 2 && host.bytes().all(hexadecimal)
}

fn read_script(word: &str) -> Result<Kind, ResourceError> {
    let mut parts = word.split("::");
    let name = parts.next().unwrap_or_default();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@' | b'+');
    let begins = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !begins || name.len() > 255 || !name.bytes().all(allowed) {
        return Err(ResourceError::Name(word.to_owned()));
    }
    let args: Vec<String> = parts.map(str::to_owned).collect();
    if args.len() > ARGS_MAX {
        return Err(ResourceError::Args(word.to_owned()));
    }
    Ok(Kind::Script { name: name.to_owned(), args })
}

impl FromStr for AddressSpec {
    type Err = ResourceError;

    fn from_str(word: &str) -> Result<AddressSpec, ResourceError> {
        let parts: Vec<&str> = word.split('/').collect();
        let (host, rest) = parts.split_first().ok_or_else(|| ResourceError::Address(word.to_owned()))?;
        let address: IpAddr = host.parse().map_err(|_| ResourceError::Address(word.to_owned()))?;
        let mut spec = AddressSpec { address, bits: None, interface: None, label: None, broadcast: None };
        let (bits, rest) = match rest {
            [] => return Ok(spec),
            [bits, rest @ ..] => (bits, rest),
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.parse().ok().filter(|bits| (1..=most).contains(bits));
        spec.bits = Some(bits.ok_or_else(|| ResourceError::Bits(word.to_owned()))?);
        match rest {
            [] => {}
            [one] => match one.parse() {
                Ok(broadcast) => spec.broadcast = Some(broadcast),
                Err(_) => spec.place(one, word)?,
            },
            [interface, broadcast] => {
                spec.place(interface, word)?;
                let broadcast = broadcast.parse().map_err(|_| ResourceError::Address(word.to_owned()))?;
                spec.broadcast = Some(broadcast);
            }
            _ => return Err(ResourceError::Parts(word.to_owned())),
        }
        if address.is_ipv6() && (spec.label.is_some() || spec.broadcast.is_some()) {
            return Err(ResourceError::Ipv6(word.to_owned()));
        }
        Ok(spec)
    }
}

impl AddressSpec {
    /// Reads `IFACE[:LABEL]`. The kernel keeps both together in one name.
    fn place(&mut self, part: &str, word: &str) -> Result<(), ResourceError> {
        let (interface, label) = match part.split_once(':') {
            Some((interface, label)) => (interface, Some(label)),
            None => (part, None),
        };
        let fits = !interface.is_empty() && interface != "." && interface != ".." && part.len() <= INTERFACE_MAX;
        if !fits || label.is_some_and(str::is_empty) || part.contains(['=', '%']) {
            return Err(ResourceError::Interface(word.to_owned()));
        }
        self.interface = Some(interface.to_owned());
        self.label = label.map(str::to_owned);
        Ok(())
    }
}

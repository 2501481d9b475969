//! One resource: an address, or a script with arguments.

use std::fmt;
use std::net::Ipv6Addr;

use crate::address::{Spec, SpecError};
use crate::problem::quote;

/// The most arguments of a script.
pub const ARGS_MAX: usize = 32;

/// One resource of a group.
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
    Address(Spec),
    /// A script, by its name in a resource directory.
    Script {
        /// The name.
        name: String,
        /// What is passed before the action.
        args: Vec<String>,
    },
}

/// Why a word is no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceError {
    /// Neither an address nor a name.
    Name(String),
    /// A character that no script could be given safely.
    Character(String),
    /// Looks like an address and is none.
    Address(SpecError),
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
            ResourceError::Address(error) => error.fmt(f),
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
            Some(spec) => Kind::Address(read_address(spec)?),
            None if looks_like_address(word) => Kind::Address(read_address(word)?),
            None => read_script(word)?,
        };
        Ok(Resource { word: word.to_owned(), kind })
    }
}

/// With the IPaddr that a bare address implies, so that a script need not know
/// what an address looks like.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Address(_) if !named(&self.word) => write!(f, "IPaddr::{}", self.word),
            Kind::Address(_) | Kind::Script { .. } => f.write_str(&self.word),
        }
    }
}

fn named(word: &str) -> bool {
    ADDRESS_SCRIPTS.iter().any(|name| word.strip_prefix(name).is_some_and(|rest| rest.starts_with("::")))
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

fn read_address(word: &str) -> Result<Spec, ResourceError> {
    word.parse().map_err(ResourceError::Address)
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

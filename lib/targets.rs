//! Targets as people write them: an address, a name, a prefix (`192.0.2.0/28`)
//! or a range (`192.0.2.1-192.0.2.9`), each a word.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The most targets of one run.
pub const MANY: usize = 65_536;

/// Why a word does not stand for targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetsError {
    /// The length of a prefix is no number, or too large for its family.
    Prefix(String),
    /// A range whose end is before its start, or of the other family.
    Range(String),
    /// There are more than [`MANY`].
    TooMany,
}

impl fmt::Display for TargetsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetsError::Prefix(word) => write!(f, "target '{word}': not a prefix"),
            TargetsError::Range(word) => write!(f, "target '{word}': the end is before the start, or no such address"),
            TargetsError::TooMany => write!(f, "more than {MANY} targets"),
        }
    }
}

impl std::error::Error for TargetsError {}

/// The word of a line that names targets, the first; none where the line is
/// empty or a comment.
pub fn of_line(line: &str) -> Option<&str> {
    line.split_ascii_whitespace().next().filter(|word| !word.starts_with('#'))
}

/// Adds the addresses or the name that `word` stands for to `to`.
///
/// # Errors
/// It is a prefix or a range that is none, or there are too many.
pub fn expand(word: &str, to: &mut Vec<String>) -> Result<(), TargetsError> {
    if let Some((start, length)) = word.split_once('/') {
        let wrong = || TargetsError::Prefix(word.escape_default().to_string());
        let address: IpAddr = start.parse().map_err(|_| wrong())?;
        let (first, last) = hosts(address, length.parse().map_err(|_| wrong())?).ok_or_else(wrong)?;
        return between(address, first, last, to);
    }
    let ends = word.split_once('-').and_then(|(start, end)| Some((start.parse::<IpAddr>().ok()?, end)));
    if let Some((start, end)) = ends {
        let wrong = || TargetsError::Range(word.escape_default().to_string());
        let end: IpAddr = end.parse().map_err(|_| wrong())?;
        if start.is_ipv4() != end.is_ipv4() || start > end {
            return Err(wrong());
        }
        return between(start, bits(start), bits(end), to);
    }
    add(word, to)
}

/// Adds a word as it stands, as an address or a name.
///
/// # Errors
/// There are too many.
pub fn add(word: &str, to: &mut Vec<String>) -> Result<(), TargetsError> {
    if to.len() >= MANY {
        return Err(TargetsError::TooMany);
    }
    to.push(word.to_owned());
    Ok(())
}

/// The first and last host of a prefix. Of IPv4, the network's own address and
/// its broadcast are none, except in a prefix of one or two addresses (RFC 3021).
fn hosts(address: IpAddr, length: u32) -> Option<(u128, u128)> {
    let width: u32 = if address.is_ipv4() { 32 } else { 128 };
    let free = u128::MAX.checked_shr(128 - width.checked_sub(length)?).unwrap_or(0);
    let (first, last) = (bits(address) & !free, bits(address) | free);
    Some(if address.is_ipv4() && free > 1 { (first + 1, last - 1) } else { (first, last) })
}

fn between(family: IpAddr, first: u128, last: u128, to: &mut Vec<String>) -> Result<(), TargetsError> {
    if last - first >= (MANY - to.len().min(MANY)) as u128 {
        return Err(TargetsError::TooMany);
    }
    to.extend((first..=last).map(|bits| match family {
        IpAddr::V4(_) => Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32).to_string(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(bits).to_string(),
    }));
    Ok(())
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests;

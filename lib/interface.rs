//! A network interface as the kernel describes it, and what can be done on it.

use std::fmt;

/// A hardware address of Ethernet.
pub type Mac = [u8; 6];

/// Reads a hardware address: twelve hexadecimal digits, with or without colons or
/// hyphens between bytes. None when it is none.
pub fn hardware_address(text: &str) -> Option<Mac> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    if digits.len() != 12 || text.len() > 17 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(&digits, 16).ok()?.to_be_bytes()[2..].try_into().ok()
}

/// Whether a hardware address is that of one machine: neither a group's nor zero.
pub fn is_machine(mac: Mac) -> bool {
    mac[0] & 1 == 0 && mac != [0; 6]
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number of it.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Set up by the administrator (IFF_UP).
    pub up: bool,
    /// The cable answers (IFF_LOWER_UP).
    pub carrier: bool,
    /// A loopback interface.
    pub loopback: bool,
    /// Speaks no ARP (IFF_NOARP).
    pub noarp: bool,
    /// Its hardware address, on Ethernet and what looks like it.
    pub mac: Option<Mac>,
}

/// Why an interface cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is set down.
    Down(String),
    /// Nothing answers at the other end of the cable.
    NoCarrier(String),
    /// It leads to this host only.
    Loopback(String),
    /// It has no neighbours that could be told.
    NoArp(String),
    /// Its hardware addresses are not those of Ethernet.
    NotEthernet(String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Down(name) => write!(f, "interface {name} is down"),
            Unfit::NoCarrier(name) => write!(f, "interface {name} has no carrier"),
            Unfit::Loopback(name) => write!(f, "interface {name} is a loopback: nobody hears an announcement on it"),
            Unfit::NoArp(name) => write!(f, "interface {name} does not speak ARP (NOARP)"),
            Unfit::NotEthernet(name) => write!(f, "interface {name} is not Ethernet"),
        }
    }
}

impl std::error::Error for Unfit {}

impl Interface {
    /// The hardware address to announce on this interface.
    ///
    /// # Errors
    /// Nobody would hear an announcement, or it cannot be sent.
    pub fn announcer(&self) -> Result<Mac, Unfit> {
        let name = || self.name.clone();
        match self.mac {
            _ if self.loopback => Err(Unfit::Loopback(name())),
            _ if self.noarp => Err(Unfit::NoArp(name())),
            None => Err(Unfit::NotEthernet(name())),
            Some(_) if !self.up => Err(Unfit::Down(name())),
            Some(mac) => Ok(mac),
        }
    }

    /// Whether an address on this interface can be reached from outside.
    ///
    /// # Errors
    /// What is in the way.
    pub fn usable(&self) -> Result<(), Unfit> {
        match self {
            _ if !self.up => Err(Unfit::Down(self.name.clone())),
            _ if !self.carrier => Err(Unfit::NoCarrier(self.name.clone())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

//! The words by which Heartbeat's scripts, and others that were written for its
//! send_arp, call it: `send_arp [-i MS] [-r COUNT] [-p FILE] DEVICE ADDRESS
//! HARDWARE BROADCAST NETMASK`.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::address::is_interface;
use crate::arp::{Arp, FRAME, Form};
use crate::interface::{Mac, hardware_address};
use crate::schedule::Schedule;

/// Repetitions that are taken at most, and milliseconds between two.
const MOST: u32 = 100_000;

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// From one repetition to the next; a request and a reply are half of it
    /// apart.
    pub interval: Duration,
    /// Repetitions, of a request and a reply each.
    pub count: u32,
    /// A file for the process id: an earlier run that is named in it is ended.
    pub pid_file: Option<String>,
    /// The interface.
    pub device: String,
    /// The address.
    pub address: Ipv4Addr,
    /// The hardware address that goes with it; none is that of the interface.
    pub mac: Option<Mac>,
}

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// Fewer or more words than the five.
    Words(usize),
    /// An option that there is not, or one without its value.
    Option(String),
    /// A number that is none, or out of its bounds.
    Number(String),
    /// No name of an interface.
    Device(String),
    /// No IPv4 address.
    Address(String),
    /// No hardware address.
    Hardware(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Words(count) => {
                write!(
                    f,
                    "{count} words instead of five: device, address, hardware address or auto, broadcast, netmask"
                )
            }
            CallError::Option(text) => write!(f, "option '{text}' is not -i MS, -r COUNT or -p FILE"),
            CallError::Number(text) => write!(f, "'{text}' is not a number from 1 to {MOST}"),
            CallError::Device(text) => write!(f, "'{text}' is not the name of an interface"),
            CallError::Address(text) => write!(f, "'{text}' is not an IPv4 address"),
            CallError::Hardware(text) => write!(f, "'{text}' is neither auto nor a hardware address"),
        }
    }
}

impl std::error::Error for CallError {}

impl Call {
    /// Reads the words behind the program's name. The broadcast address and the
    /// netmask must be there, and mean nothing.
    ///
    /// # Errors
    /// The first word that is wrong.
    pub fn read<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Call, CallError> {
        let (mut interval, mut count, mut pid_file) = (1_000, 1, None);
        let mut words = words.into_iter().peekable();
        while let Some(option) = words.next_if(|word| word.starts_with('-')) {
            // As getopt has it: the value may stand in the same word.
            let (name, joined) = option.split_at_checked(2).unwrap_or((option, ""));
            let value = if joined.is_empty() { words.next() } else { Some(joined) };
            let value = value.ok_or_else(|| CallError::Option(shown(option)))?;
            match name {
                "-i" => interval = number(value)?,
                "-r" => count = number(value)?,
                "-p" => pid_file = Some(value.to_owned()),
                _ => return Err(CallError::Option(shown(option))),
            }
        }
        let words: Vec<&str> = words.collect();
        let [device, address, hardware, _broadcast, _netmask] = *words.as_slice() else {
            return Err(CallError::Words(words.len()));
        };
        if !is_interface(device) {
            return Err(CallError::Device(shown(device)));
        }
        let address = address.parse().map_err(|_| CallError::Address(shown(address)))?;
        let mac = match hardware {
            "auto" => None,
            text => Some(hardware_address(text).ok_or_else(|| CallError::Hardware(shown(text)))?),
        };
        let interval = Duration::from_millis(interval.into());
        Ok(Call { interval, count, pid_file, device: device.to_owned(), address, mac })
    }

    /// When its frames leave: two for each repetition.
    pub fn schedule(&self) -> Schedule {
        Schedule::Every { count: self.count * 2, interval: self.interval / 2 }
    }

    /// The frame of a round of that schedule: requests and replies in turn, from
    /// the interface's own address `source` even where another one is announced.
    pub fn frame(&self, round: u32, source: Mac) -> [u8; FRAME] {
        let form = if round % 2 == 0 { Form::Request } else { Form::Reply };
        Arp { source, ..Arp::gratuitous(self.mac.unwrap_or(source), self.address, form) }.frame()
    }
}

/// What a person wrote, bounded and without control characters.
fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_default).collect()
}

fn number(text: &str) -> Result<u32, CallError> {
    text.parse().ok().filter(|number| (1..=MOST).contains(number)).ok_or_else(|| CallError::Number(shown(text)))
}

#[cfg(test)]
mod tests;

//! How a floating address is installed and announced, beside what it is.

use std::str::FromStr;
use std::time::Duration;

use crate::arp::Form;
use crate::floating::FOREVER;
use crate::gratuitous::BOTH;

/// The rounds in which a new address is announced. The first one leaves at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounds {
    /// How many; one at least.
    pub count: u32,
    /// From the beginning of one to the beginning of the next.
    pub interval: Duration,
    /// Whether a child process sends those after the first, so that nobody waits
    /// for them.
    pub background: bool,
}

/// What is done before an address is added that another machine may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Nothing: the caller vouches that nobody has it.
    #[default]
    Off,
    /// The neighbours are asked; an answer is said, and changes nothing.
    Warn,
    /// The neighbours are asked; an address that another machine has is not
    /// added.
    Refuse,
}

impl FromStr for Duplicates {
    type Err = String;

    fn from_str(text: &str) -> Result<Duplicates, String> {
        match text {
            "off" => Ok(Duplicates::Off),
            "warn" => Ok(Duplicates::Warn),
            "refuse" => Ok(Duplicates::Refuse),
            _ => Err("one of off, warn, refuse".to_owned()),
        }
    }
}

/// What is asked for of an address, beside its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// How a start is announced.
    pub rounds: Rounds,
    /// How often monitoring announces an address that works; mostly never.
    pub refresh: u32,
    /// The forms of gratuitous ARP.
    pub forms: &'static [Form],
    /// Whether the address brings a route to its network.
    pub prefix_route: bool,
    /// Whether the kernel is to look for another host that has the address
    /// before it uses it (IPv6).
    pub detect: bool,
    /// Whether the neighbours are asked first; of an IPv6 address only where the
    /// kernel does not `detect` others.
    pub duplicates: Duplicates,
    /// For how many seconds the address may be the source of new connections;
    /// without end mostly.
    pub preferred: u32,
    /// Whether an address on an interface that is down or has no carrier counts
    /// as one that does not work.
    pub link_matters: bool,
    /// Whether the kernel is to forget the ways that it has found when the
    /// address has gone.
    pub flush_routes: bool,
}

impl Default for Manner {
    /// As hbkit's own tools do it: announced twice, in both forms, used at once.
    fn default() -> Manner {
        Manner {
            rounds: Rounds { count: 2, interval: Duration::from_millis(50), background: true },
            refresh: 0,
            forms: BOTH,
            prefix_route: true,
            detect: false,
            duplicates: Duplicates::Off,
            preferred: FOREVER,
            link_matters: true,
            flush_routes: false,
        }
    }
}

//! Frames by which other machines claim addresses of this host: which of them
//! are said, and when an address is defended (RFC 5227, 2.4).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::interface::Mac;
use crate::sighting::{Sighting, What};
use crate::time::Time;

/// One machine's claim to one address is said at most so often.
const SAID: Duration = Duration::from_secs(1);

/// Claims that are said within that time. An attacker can make up as many
/// machines as there are hardware addresses.
const MOST: usize = 64;

/// An address is not defended more often: RFC 5227's DEFEND_INTERVAL, so that
/// two that both defend do not flood the link.
const DEFEND: Duration = Duration::from_secs(10);

/// What was said and defended lately.
#[derive(Clone, Debug)]
pub struct Claims {
    addresses: BTreeSet<IpAddr>,
    said: BTreeMap<(IpAddr, u32, Mac), Time>,
    /// One for each address and interface that was ever defended; both are of
    /// the command line.
    defended: BTreeMap<(IpAddr, u32), Time>,
}

impl Claims {
    /// Claims to some addresses.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Claims {
        let addresses = addresses.into_iter().collect();
        Claims { addresses, said: BTreeMap::new(), defended: BTreeMap::new() }
    }

    /// Whether a frame claims one of the addresses. One that asks for it does
    /// not: the kernel answers that.
    pub fn concern(&self, sighting: &Sighting) -> bool {
        match sighting.what {
            What::Has => self.addresses.contains(&sighting.address),
            What::Wants => false,
        }
    }

    /// Whether a claim on the interface with this number is to be said at `now`;
    /// if so it counts as said.
    pub fn say(&mut self, index: u32, sighting: &Sighting, now: Time) -> bool {
        self.said.retain(|_, at| now < *at + SAID);
        let claim = (sighting.address, index, sighting.mac);
        if self.said.len() >= MOST || self.said.contains_key(&claim) {
            return false;
        }
        self.said.insert(claim, now);
        true
    }

    /// Whether an address may be defended on an interface at `now`; if so it
    /// counts as defended.
    pub fn defend(&mut self, address: IpAddr, index: u32, now: Time) -> bool {
        let last = self.defended.get(&(address, index));
        let may = last.is_none_or(|at| now >= *at + DEFEND);
        if may {
            self.defended.insert((address, index), now);
        }
        may
    }
}

#[cfg(test)]
mod tests;

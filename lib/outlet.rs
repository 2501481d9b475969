//! The interfaces on which an address is announced, as the kernel's tables have
//! them at the moment of the question.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use crate::floating::Held;
use crate::interface::{Interface, Mac};
use crate::netlink::{Netlink, NetlinkError};
use crate::question;
use crate::route::{self, NoPlace};

/// Why there is no interface for an address.
#[derive(Debug)]
pub enum OutletError {
    /// The kernel could not be asked.
    Kernel(NetlinkError),
    /// No interface has this name.
    NoInterface(String),
    /// This host does not have the address.
    NotHeld,
    /// Several interfaces hold it.
    Several(Vec<String>),
    /// It is held by a loopback interface, or by none, and the routes do not
    /// say where it belongs.
    NoPlace(NoPlace),
}

impl fmt::Display for OutletError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutletError::Kernel(error) => error.fmt(f),
            OutletError::NoInterface(name) => write!(f, "there is no interface {name}"),
            OutletError::NotHeld => f.write_str("no interface of this host holds it: --force announces it even so"),
            OutletError::Several(names) => {
                write!(f, "several interfaces hold it: name one with -I ({})", names.join(", "))
            }
            OutletError::NoPlace(why) => write!(f, "{why}: name an interface with -I"),
        }
    }
}

impl std::error::Error for OutletError {}

impl From<NetlinkError> for OutletError {
    fn from(error: NetlinkError) -> OutletError {
        OutletError::Kernel(error)
    }
}

/// The kernel's tables, each read when it is first asked for.
pub struct Outlets {
    netlink: Netlink,
    named: Vec<Interface>,
    interfaces: BTreeMap<u32, Interface>,
    held: BTreeMap<bool, Vec<Held>>,
}

impl Outlets {
    /// The interfaces with these names are used for every address; where there
    /// are none, each address has its own.
    ///
    /// # Errors
    /// The kernel cannot be asked, or has no such interface.
    pub fn new(names: &[String]) -> Result<Outlets, OutletError> {
        let mut netlink = Netlink::open()?;
        let mut named: Vec<Interface> = Vec::new();
        for name in names {
            let found = netlink.interface(name)?.ok_or_else(|| OutletError::NoInterface(name.clone()))?;
            if named.iter().all(|interface| interface.index != found.index) {
                named.push(found);
            }
        }
        Ok(Outlets { netlink, named, interfaces: BTreeMap::new(), held: BTreeMap::new() })
    }

    /// Where an address is announced: on the named interfaces, on the one that
    /// holds it, or on that of its connected route when only a loopback
    /// interface holds it.
    ///
    /// # Errors
    /// This host does not have the address, or there is no clear place for it.
    pub fn of(&mut self, address: IpAddr) -> Result<Vec<Interface>, OutletError> {
        if !self.holds(address)? {
            return Err(OutletError::NotHeld);
        }
        self.of_any(address)
    }

    /// The same for an address that this host may or may not have.
    ///
    /// # Errors
    /// There is no clear place for it.
    pub fn of_any(&mut self, address: IpAddr) -> Result<Vec<Interface>, OutletError> {
        if !self.named.is_empty() {
            return Ok(self.named.clone());
        }
        let mut holders = Vec::new();
        for index in self.holders(address)? {
            holders.extend(self.interface_at(index)?);
        }
        holders.retain(|interface| !interface.loopback);
        if holders.len() > 1 {
            return Err(OutletError::Several(holders.into_iter().map(|interface| interface.name).collect()));
        }
        if holders.is_empty() {
            let routes = self.netlink.routes(address.is_ipv6())?;
            let place = route::place(address, &routes, None).map_err(OutletError::NoPlace)?;
            holders.extend(self.interface_at(place.index)?);
        }
        Ok(holders)
    }

    /// Whether this host has an address, on whatever interface.
    ///
    /// # Errors
    /// The kernel's table could not be read.
    pub fn holds(&mut self, address: IpAddr) -> Result<bool, OutletError> {
        Ok(!self.holders(address)?.is_empty())
    }

    /// The address from which this host asks for another one on an interface;
    /// none when it has none that is near.
    ///
    /// # Errors
    /// The kernel's table could not be read.
    pub fn asker(&mut self, address: IpAddr, index: u32) -> Result<Option<IpAddr>, OutletError> {
        Ok(question::asker(address, index, self.table(address.is_ipv6())?))
    }

    /// The hardware addresses of the named interfaces, and of all that hold an
    /// address, as they are at this moment: what they claim, this host does.
    ///
    /// # Errors
    /// The kernel's tables could not be read.
    pub fn own_hardware(&mut self) -> Result<BTreeSet<Mac>, OutletError> {
        let mut indexes: BTreeSet<u32> = self.named.iter().map(|interface| interface.index).collect();
        for v6 in [false, true] {
            indexes.extend(self.netlink.addresses(v6)?.iter().map(|held| held.index));
        }
        let mut own = BTreeSet::new();
        for index in indexes {
            own.extend(self.netlink.interface_at(index)?.and_then(|interface| interface.mac));
        }
        Ok(own)
    }

    /// The interface with this number as it is at this moment.
    ///
    /// # Errors
    /// The kernel could not be asked.
    pub fn fresh(&mut self, index: u32) -> Result<Option<Interface>, OutletError> {
        Ok(self.netlink.interface_at(index)?)
    }

    /// Forgets what was read of addresses: the next question asks the kernel.
    pub fn look_again(&mut self) {
        self.held.clear();
    }

    fn holders(&mut self, address: IpAddr) -> Result<Vec<u32>, OutletError> {
        let held = self.table(address.is_ipv6())?;
        let mut indexes: Vec<u32> = held.iter().filter(|held| held.address == address).map(|held| held.index).collect();
        indexes.sort_unstable();
        indexes.dedup();
        Ok(indexes)
    }

    fn table(&mut self, v6: bool) -> Result<&[Held], OutletError> {
        match self.held.entry(v6) {
            Entry::Occupied(read) => Ok(read.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(self.netlink.addresses(v6)?)),
        }
    }

    fn interface_at(&mut self, index: u32) -> Result<Option<Interface>, OutletError> {
        if let Some(known) = self.interfaces.get(&index) {
            return Ok(Some(known.clone()));
        }
        let found = self.netlink.interface_at(index)?;
        self.interfaces.extend(found.iter().map(|interface| (index, interface.clone())));
        Ok(found)
    }
}

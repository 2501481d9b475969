//! The kernel's tables of this host, each read once for all addresses of a call.

use std::collections::{BTreeMap, BTreeSet};

use super::{AgentError, kernel};
use crate::address::Spec;
use crate::floating::{self, Found, Held};
use crate::interface::{Interface, Mac};
use crate::netlink::Netlink;
use crate::route::{self, NoPlace, Route};

/// A conversation with the kernel, and what it has said since
/// [`Host::look_again`].
pub(super) struct Host {
    pub(super) netlink: Netlink,
    held: BTreeMap<bool, Vec<Held>>,
    routes: BTreeMap<bool, Vec<Route>>,
    interfaces: BTreeMap<u32, Option<Interface>>,
    names: BTreeMap<String, Option<u32>>,
}

impl Host {
    pub(super) fn open() -> Result<Host, AgentError> {
        let netlink = Netlink::open().map_err(|error| kernel("asking the kernel", error))?;
        Ok(Host {
            netlink,
            held: BTreeMap::new(),
            routes: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            names: BTreeMap::new(),
        })
    }

    /// Forgets everything: the next question asks the kernel.
    pub(super) fn look_again(&mut self) {
        self.held.clear();
        self.routes.clear();
        self.interfaces.clear();
        self.names.clear();
    }

    /// The interface that a spec names, if it names one.
    pub(super) fn named(&mut self, spec: &Spec) -> Result<Option<Interface>, AgentError> {
        let Some(name) = &spec.interface else { return Ok(None) };
        if let Some(index) = self.names.get(name) {
            let known = index.and_then(|index| self.interfaces.get(&index).cloned().flatten());
            return known.map(Some).ok_or_else(|| AgentError::NoInterface(name.clone()));
        }
        let found = self.netlink.interface(name).map_err(|error| kernel(&format!("interface {name}"), error))?;
        self.names.insert(name.clone(), found.as_ref().map(|interface| interface.index));
        self.interfaces.extend(found.iter().map(|interface| (interface.index, Some(interface.clone()))));
        found.map(Some).ok_or_else(|| AgentError::NoInterface(name.clone()))
    }

    /// The interface with this number.
    pub(super) fn at(&mut self, index: u32) -> Result<Option<Interface>, AgentError> {
        if let Some(known) = self.interfaces.get(&index) {
            return Ok(known.clone());
        }
        let found = self.netlink.interface_at(index);
        let found = found.map_err(|error| kernel("reading the interfaces of this host", error))?;
        self.interfaces.insert(index, found.clone());
        Ok(found)
    }

    /// All addresses of a family.
    pub(super) fn held(&mut self, v6: bool) -> Result<&[Held], AgentError> {
        if !self.held.contains_key(&v6) {
            let read = self.netlink.addresses(v6);
            self.held.insert(v6, read.map_err(|error| kernel("reading the addresses of this host", error))?);
        }
        Ok(self.held.get(&v6).map_or(&[], Vec::as_slice))
    }

    /// An address that is about to be added counts as one that is there.
    pub(super) fn expect(&mut self, held: Held) {
        self.held.entry(held.address.is_ipv6()).or_default().push(held);
    }

    pub(super) fn find(&mut self, spec: &Spec, named: Option<&Interface>) -> Result<Found, AgentError> {
        let held = self.held(spec.address.is_ipv6())?;
        Ok(floating::find(spec, named.map(|interface| interface.index), held))
    }

    /// The address as it was asked for.
    pub(super) fn there(&mut self, spec: &Spec, named: Option<&Interface>) -> Result<Held, AgentError> {
        match self.find(spec, named)? {
            Found::There(held) => Ok(held),
            Found::Absent => Err(AgentError::NotThere),
            Found::Other(held) => Err(AgentError::NotAsAsked(self.describe(&held))),
        }
    }

    /// The interface that holds an address.
    pub(super) fn interface_of(&mut self, held: &Held, named: Option<Interface>) -> Result<Interface, AgentError> {
        match named {
            Some(interface) => Ok(interface),
            None => self.at(held.index)?.ok_or(AgentError::NotThere),
        }
    }

    fn routes(&mut self, v6: bool) -> Result<&[Route], AgentError> {
        if !self.routes.contains_key(&v6) {
            let read = self.netlink.routes(v6);
            self.routes.insert(v6, read.map_err(|error| kernel("reading the routes of this host", error))?);
        }
        Ok(self.routes.get(&v6).map_or(&[], Vec::as_slice))
    }

    /// The interface that is to hold an address: the named one, or that of the
    /// connected route.
    pub(super) fn interface_for(&mut self, spec: &Spec, named: Option<Interface>) -> Result<Interface, AgentError> {
        if let Some(interface) = named {
            return Ok(interface);
        }
        let places = match route::place_with(spec.address, spec.bits, self.routes(spec.address.is_ipv6())?) {
            Ok(place) => return self.at(place.index)?.ok_or_else(|| AgentError::NoPlace(NoPlace::None, Vec::new())),
            Err(NoPlace::Several(places)) => places,
            Err(why) => return Err(AgentError::NoPlace(why, Vec::new())),
        };
        let mut names = Vec::new();
        for place in &places {
            names.extend(self.at(place.index)?.map(|interface| interface.name));
        }
        Err(AgentError::NoPlace(NoPlace::Several(places), names))
    }

    /// The bits of the network of an address that is to be added.
    pub(super) fn bits(&mut self, spec: &Spec, interface: &Interface) -> Result<u8, AgentError> {
        if let Some(bits) = spec.bits {
            return Ok(bits);
        }
        let place = route::place(spec.address, self.routes(spec.address.is_ipv6())?, Some(interface.index));
        place.map(|place| place.bits).map_err(|why| AgentError::NoBits(interface.name.clone(), why))
    }

    /// The hardware addresses of this host: what they claim, it does itself.
    pub(super) fn hardware(&mut self) -> Result<BTreeSet<Mac>, AgentError> {
        let all = self.netlink.interfaces().map_err(|error| kernel("reading the interfaces of this host", error))?;
        Ok(all.into_iter().filter_map(|interface| interface.mac).collect())
    }

    pub(super) fn name_at(&mut self, index: u32) -> String {
        match self.at(index) {
            Ok(Some(interface)) => interface.name,
            Ok(None) | Err(_) => format!("interface number {index}"),
        }
    }

    pub(super) fn describe(&mut self, held: &Held) -> String {
        format!("{}/{} on {}", held.address, held.bits, self.name_at(held.index))
    }
}

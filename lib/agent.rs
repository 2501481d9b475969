//! What ipaddr-agent does to one address: asks the kernel what there is, does
//! what is missing, and says so to the neighbours.

use std::net::IpAddr;

use nix::errno::Errno;

use crate::address::{Spec, SpecError};
use crate::edge;
use crate::floating::{self, FOREVER, Found, Held, Installed};
use crate::gratuitous::Announcement;
use crate::interface::Interface;
use crate::manner::Manner;
use crate::medium::INTERFACE_MAX;
use crate::netlink::{Netlink, NetlinkError};
use crate::rawsock::FrameSocket;
use crate::route::{self, NoPlace};
use crate::sysctl;
use crate::time::Time;

mod error;
mod many;
mod tell;

pub use error::AgentError;
pub use many::Sight;

/// IFA_F_NODAD: an IPv6 address can be used at once.
const NODAD: u32 = 0x02;

/// IFA_F_NOPREFIXROUTE: an address brings no route to its network.
const NO_PREFIX_ROUTE: u32 = 0x200;

/// The scope of an address that only this host can use (RT_SCOPE_HOST).
const HOST: u8 = 254;

/// An agent at work. [`Agent::finish`] ends it.
pub struct Agent {
    netlink: Netlink,
    until: Option<Time>,
    manner: Manner,
    socket: Option<FrameSocket>,
    started: Vec<Announcement>,
}

impl Agent {
    /// An agent; what it starts or renews is leased when there is an `until`.
    ///
    /// # Errors
    /// The kernel cannot be asked.
    pub fn new(until: Option<Time>, manner: Manner) -> Result<Agent, AgentError> {
        let netlink = Netlink::open().map_err(|error| kernel("asking the kernel", error))?;
        Ok(Agent { netlink, until, manner, socket: None, started: Vec::new() })
    }

    /// Brings the address up, unless it is, and announces it.
    ///
    /// # Errors
    /// It is not up, or it is but could not be announced.
    pub fn start(&mut self, spec: &Spec) -> Result<(), AgentError> {
        self.check_lease()?;
        let named = self.named(spec)?;
        let (interface, held) = match self.find(spec, named.as_ref())? {
            Found::Other(held) => return Err(AgentError::Other(self.describe(&held))),
            Found::There(held) => {
                let interface = self.interface_of(&held, named)?;
                (interface, Some(held))
            }
            Found::Absent => (self.interface_for(spec, named)?, None),
        };
        self.fit(&interface)?;
        let announcement = self.announcement(spec.address, &interface)?;
        // Opened before anything is changed: what is not permitted is not begun.
        if announcement.is_some() {
            self.open_socket()?;
        }
        match held {
            Some(held) => {
                held.usable().map_err(AgentError::Ailment)?;
                self.hold(held, Netlink::change)?;
            }
            None => {
                let held = self.prepare(spec, &interface)?;
                self.hold(held, add_or_change)?;
            }
        }
        announcement.map_or(Ok(()), |announcement| self.tell(announcement))
    }

    /// Gives an address that is there the lifetime of the lease.
    ///
    /// # Errors
    /// It is not there, or the lease has ended.
    pub fn renew(&mut self, spec: &Spec) -> Result<(), AgentError> {
        self.check_lease()?;
        let named = self.named(spec)?;
        let held = self.there(spec, named.as_ref())?;
        self.hold(held, Netlink::change)
    }

    /// Takes the address away. What is left of it, because it is not as it was
    /// asked for, is returned in words.
    ///
    /// # Errors
    /// It is still there.
    pub fn stop(&mut self, spec: &Spec) -> Result<Option<String>, AgentError> {
        let named = match self.named(spec) {
            Err(AgentError::NoInterface(_)) => return Ok(None),
            other => other?,
        };
        loop {
            let all = self.held(spec.address)?;
            match floating::find(spec, named.as_ref().map(|interface| interface.index), &all) {
                Found::Absent => return Ok(None),
                Found::Other(held) => return Ok(Some(self.describe(&held))),
                Found::There(held) => {
                    let dependants: Vec<Held> = floating::dependants(&held, &all).into_iter().cloned().collect();
                    self.remove(&held, &dependants)?;
                }
            }
        }
    }

    /// Whether the address is there and works.
    ///
    /// # Errors
    /// It is not there ([`Code::NotRunning`]), or what is wrong with it.
    pub fn monitor(&mut self, spec: &Spec) -> Result<(), AgentError> {
        let named = match self.named(spec) {
            Err(AgentError::NoInterface(_)) => return Err(AgentError::NotThere),
            other => other?,
        };
        let held = self.there(spec, named.as_ref())?;
        held.usable().map_err(AgentError::Ailment)?;
        let interface = self.interface_of(&held, named)?;
        self.fit(&interface)
    }

    /// Tells the neighbours again that the address is here.
    ///
    /// # Errors
    /// It is not, or nothing could be sent.
    pub fn announce(&mut self, spec: &Spec) -> Result<(), AgentError> {
        let named = self.named(spec)?;
        let held = self.there(spec, named.as_ref())?;
        held.usable().map_err(AgentError::Ailment)?;
        let interface = self.interface_of(&held, named)?;
        interface.usable().map_err(AgentError::Unfit)?;
        match self.announcement(spec.address, &interface)? {
            Some(announcement) => {
                self.open_socket()?;
                self.send(&announcement)
            }
            None => Ok(()),
        }
    }

    /// Whether the address could be started here, as far as can be seen without
    /// doing it.
    ///
    /// # Errors
    /// What is wrong.
    pub fn validate(&mut self, spec: &Spec) -> Result<(), AgentError> {
        let named = self.named(spec)?;
        if let Found::Absent = self.find(spec, named.as_ref())? {
            let interface = self.interface_for(spec, named)?;
            self.prepare(spec, &interface)?;
        }
        Ok(())
    }

    fn check_lease(&self) -> Result<(), AgentError> {
        let now = edge::now();
        match self.until {
            Some(until) if now >= until => Err(AgentError::Late(now.since(until))),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether an interface can carry an address.
    fn fit(&self, interface: &Interface) -> Result<(), AgentError> {
        match interface.usable() {
            Err(why) if self.manner.link_matters => Err(AgentError::Unfit(why)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn named(&mut self, spec: &Spec) -> Result<Option<Interface>, AgentError> {
        let Some(name) = &spec.interface else { return Ok(None) };
        let found = self.netlink.interface(name).map_err(|error| kernel(&format!("interface {name}"), error))?;
        found.map(Some).ok_or_else(|| AgentError::NoInterface(name.clone()))
    }

    fn held(&mut self, address: IpAddr) -> Result<Vec<Held>, AgentError> {
        self.netlink.addresses(address.is_ipv6()).map_err(|error| kernel("reading the addresses of this host", error))
    }

    fn find(&mut self, spec: &Spec, named: Option<&Interface>) -> Result<Found, AgentError> {
        let held = self.held(spec.address)?;
        Ok(floating::find(spec, named.map(|interface| interface.index), &held))
    }

    fn there(&mut self, spec: &Spec, named: Option<&Interface>) -> Result<Held, AgentError> {
        match self.find(spec, named)? {
            Found::There(held) => Ok(held),
            Found::Absent => Err(AgentError::NotThere),
            Found::Other(held) => Err(AgentError::NotAsAsked(self.describe(&held))),
        }
    }

    /// The interface that holds an address.
    fn interface_of(&mut self, held: &Held, named: Option<Interface>) -> Result<Interface, AgentError> {
        if let Some(interface) = named {
            return Ok(interface);
        }
        let found = self.netlink.interface_at(held.index);
        found.map_err(|error| kernel("its interface", error))?.ok_or(AgentError::NotThere)
    }

    fn routes(&mut self, address: IpAddr) -> Result<Vec<route::Route>, AgentError> {
        self.netlink.routes(address.is_ipv6()).map_err(|error| kernel("reading the routes of this host", error))
    }

    /// The interface that is to hold an address: the named one, or that of the
    /// connected route.
    fn interface_for(&mut self, spec: &Spec, named: Option<Interface>) -> Result<Interface, AgentError> {
        if let Some(interface) = named {
            return Ok(interface);
        }
        let routes = self.routes(spec.address)?;
        let places = match route::place_with(spec.address, spec.bits, &routes) {
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

    fn at(&mut self, index: u32) -> Result<Option<Interface>, AgentError> {
        self.netlink.interface_at(index).map_err(|error| kernel("reading the interfaces of this host", error))
    }

    /// The address as it is to be added.
    fn prepare(&mut self, spec: &Spec, interface: &Interface) -> Result<Held, AgentError> {
        let bits = match spec.bits {
            Some(bits) => bits,
            None => {
                let routes = self.routes(spec.address)?;
                let place = route::place(spec.address, &routes, Some(interface.index));
                place.map_err(|why| AgentError::NoBits(interface.name.clone(), why))?.bits
            }
        };
        let label = spec.label.as_ref().map(|label| format!("{}:{label}", interface.name));
        if let Some(label) = label.as_ref().filter(|label| label.len() > INTERFACE_MAX) {
            return Err(AgentError::Label(SpecError::Label(label.clone())));
        }
        Ok(Held {
            index: interface.index,
            address: spec.address,
            bits,
            secondary: false,
            tentative: false,
            duplicate: false,
            broadcast: spec.broadcast(bits),
            label,
            scope: if spec.address.is_loopback() { HOST } else { 0 },
            valid: FOREVER,
            preferred: FOREVER,
            choices: self.choices(spec.address),
            metric: 0,
            protocol: 0,
        })
    }

    /// The flags of a new address.
    fn choices(&self, address: IpAddr) -> u32 {
        let used_at_once = address.is_ipv6() && !self.manner.detect;
        (if used_at_once { NODAD } else { 0 }) | (if self.manner.prefix_route { 0 } else { NO_PREFIX_ROUTE })
    }

    /// Installs an address with the lifetime of the lease, or without end. Time
    /// may pass while that is done: afterwards it is judged again, and mended.
    fn hold(
        &mut self,
        mut held: Held,
        install: fn(&mut Netlink, &Held) -> Result<(), NetlinkError>,
    ) -> Result<(), AgentError> {
        let Some(until) = self.until else {
            (held.valid, held.preferred) = (FOREVER, self.manner.preferred);
            return install(&mut self.netlink, &held).map_err(|error| self.refused(&held, error));
        };
        let before = edge::now();
        let mut seconds = floating::lifetime(until, before).ok_or(AgentError::Late(before.since(until)))?;
        let mut install = install;
        loop {
            // A source for new connections until the end, mostly.
            (held.valid, held.preferred) = (seconds, seconds.min(self.manner.preferred));
            install(&mut self.netlink, &held).map_err(|error| self.refused(&held, error))?;
            match floating::check(until, seconds, edge::now()) {
                Installed::Good => return Ok(()),
                Installed::TooLong(shorter) => (seconds, install) = (shorter, Netlink::change),
                Installed::Late(by) => {
                    self.remove(&held, &[])?;
                    return Err(AgentError::Late(by));
                }
            }
        }
    }

    fn refused(&mut self, held: &Held, error: NetlinkError) -> AgentError {
        if held.address.is_ipv6() && error.errno() == Some(Errno::EACCES) {
            return AgentError::NoV6(self.name_at(held.index));
        }
        kernel(&format!("adding it to {}", self.name_at(held.index)), error)
    }

    /// Removes an address and keeps those that the kernel would remove with it.
    fn remove(&mut self, held: &Held, dependants: &[Held]) -> Result<(), AgentError> {
        let name = self.name_at(held.index);
        let trap = !dependants.is_empty() && !sysctl::promotes_secondaries(&name);
        // Where the setting is read-only, they are added again below.
        let lifted = trap && sysctl::promote_secondaries(&name, true).is_ok();
        let removed = self.netlink.remove(held).map_err(|error| kernel(&format!("removing it from {name}"), error));
        if lifted {
            let _ = sysctl::promote_secondaries(&name, false);
        }
        removed?;
        if trap {
            for lost in dependants {
                match self.netlink.add(lost) {
                    Err(error) if error.errno() != Some(Errno::EEXIST) => {
                        return Err(kernel(&format!("adding {} to {name} again", lost.address), error));
                    }
                    Ok(()) | Err(_) => {}
                }
            }
        }
        Ok(())
    }

    fn name_at(&mut self, index: u32) -> String {
        match self.netlink.interface_at(index) {
            Ok(Some(interface)) => interface.name,
            Ok(None) | Err(_) => format!("interface number {index}"),
        }
    }

    fn describe(&mut self, held: &Held) -> String {
        format!("{}/{} on {}", held.address, held.bits, self.name_at(held.index))
    }
}

fn kernel(what: &str, error: NetlinkError) -> AgentError {
    AgentError::Kernel(what.to_owned(), error)
}

/// Adds an address; one that somebody else added meanwhile is taken over.
fn add_or_change(netlink: &mut Netlink, held: &Held) -> Result<(), NetlinkError> {
    match netlink.add(held) {
        Err(error) if error.errno() == Some(Errno::EEXIST) => netlink.change(held),
        other => other,
    }
}

//! Bringing addresses up, and giving them lifetimes: one look at the kernel's
//! tables, and one batch of changes.

use std::net::IpAddr;

use nix::errno::Errno;

use super::{Agent, AgentError, Outcome, kernel};
use crate::address::{Spec, SpecError};
use crate::edge;
use crate::floating::{self, FOREVER, Found, Held, Installed};
use crate::gratuitous::Announcement;
use crate::inquiry::Subject;
use crate::interface::Interface;
use crate::medium::INTERFACE_MAX;
use crate::netlink::{Change, NetlinkError};

/// IFA_F_NODAD: an IPv6 address can be used at once.
const NODAD: u32 = 0x02;

/// IFA_F_NOPREFIXROUTE: an address brings no route to its network.
const NO_PREFIX_ROUTE: u32 = 0x200;

/// The scope of an address that only this host can use (RT_SCOPE_HOST).
const HOST: u8 = 254;

/// What the kernel is asked to do with an address, in words.
const ADDING: &str = "adding it to";
const PROLONGING: &str = "giving it a lifetime on";

/// How an address comes to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is added.
    New,
    /// It is there, and gets a lifetime.
    There,
    /// It is there, but the kernel does not use it: it goes, and is added.
    Anew,
}

/// One address that is to be started.
#[derive(Debug)]
pub struct Plan {
    pub(super) held: Held,
    way: Way,
    /// The kernel may be looking for another host that has it.
    pub(super) detected: bool,
    pub(super) announcement: Option<Announcement>,
    /// What a person should know.
    pub note: Option<String>,
}

impl Plan {
    /// What has to be known before the address is added: whether any other
    /// machine has it. Nothing where nobody could answer.
    pub(super) fn question(&self) -> Option<Subject> {
        let asked = self.way != Way::There && !self.detected && self.announcement.is_some();
        asked.then_some(Subject { address: self.held.address, index: self.held.index })
    }

    /// Whether there is something of the address that does not work.
    pub(super) fn ails(&self) -> bool {
        self.way == Way::Anew
    }
}

impl Agent {
    /// Brings each address up, unless it is, and announces it.
    ///
    /// # Errors
    /// It is not known what was done.
    pub fn start(&mut self, specs: &[&Spec]) -> Result<Vec<Outcome>, AgentError> {
        if let Some(by) = self.late() {
            return Ok(specs.iter().map(|_| Err(AgentError::Late(by))).collect());
        }
        let mut plans = self.plan(specs);
        // Opened before anything is changed: what is not permitted is not begun.
        if plans.iter().flatten().any(|plan| plan.announcement.is_some()) {
            self.open_socket()?;
        }
        self.ask_around(&mut plans)?;
        self.install(&mut plans)?;
        self.tell_all(&mut plans);
        self.await_detection(&mut plans)?;
        self.tell_all(&mut plans);
        Ok(plans.into_iter().map(|plan| plan.map(|plan| plan.note)).collect())
    }

    /// Gives each address that is there the lifetime of the lease.
    ///
    /// # Errors
    /// It is not known what was done.
    pub fn renew(&mut self, specs: &[&Spec]) -> Result<Vec<Outcome>, AgentError> {
        if let Some(by) = self.late() {
            return Ok(specs.iter().map(|_| Err(AgentError::Late(by))).collect());
        }
        self.host.look_again();
        let mut plans: Vec<Result<Plan, AgentError>> = specs.iter().map(|spec| self.plan_renewal(spec)).collect();
        self.install(&mut plans)?;
        Ok(plans.into_iter().map(|plan| plan.map(|plan| plan.note)).collect())
    }

    fn plan_renewal(&mut self, spec: &Spec) -> Result<Plan, AgentError> {
        let named = self.host.named(spec)?;
        let held = self.host.there(spec, named.as_ref())?;
        Ok(Plan { held, way: Way::There, detected: false, announcement: None, note: None })
    }

    /// What is to be done to start each address. Nothing is changed.
    pub fn plan(&mut self, specs: &[&Spec]) -> Vec<Result<Plan, AgentError>> {
        self.host.look_again();
        specs.iter().map(|spec| self.plan_one(spec)).collect()
    }

    fn plan_one(&mut self, spec: &Spec) -> Result<Plan, AgentError> {
        let named = self.host.named(spec)?;
        let (interface, mut held, way) = match self.host.find(spec, named.as_ref())? {
            Found::Other(held) => return Err(AgentError::Other(self.host.describe(&held))),
            Found::There(held) => {
                let waits = self.manner.detect && held.tentative && !held.duplicate;
                let way = if held.usable().is_ok() || waits { Way::There } else { Way::Anew };
                (self.host.interface_of(&held, named)?, held, way)
            }
            Found::Absent => {
                let interface = self.host.interface_for(spec, named)?;
                let held = self.prepare(spec, &interface)?;
                (interface, held, Way::New)
            }
        };
        self.fit(&interface)?;
        let announcement = self.announcement(spec.address, &interface)?;
        let settled = way == Way::There && held.usable().is_ok();
        // Without a carrier it never ends.
        let detected = spec.address.is_ipv6() && self.manner.detect && !settled && interface.usable().is_ok();
        match way {
            Way::New => self.host.expect(held.clone()),
            Way::Anew => held.choices = self.choices(spec.address, held.bits),
            Way::There => {}
        }
        Ok(Plan { held, way, detected, announcement, note: None })
    }

    /// The address as it is to be added.
    pub(super) fn prepare(&mut self, spec: &Spec, interface: &Interface) -> Result<Held, AgentError> {
        let bits = self.host.bits(spec, interface)?;
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
            choices: self.choices(spec.address, bits),
            metric: 0,
            protocol: 0,
        })
    }

    /// The flags of a new address.
    fn choices(&self, address: IpAddr, bits: u8) -> u32 {
        let used_at_once = address.is_ipv6() && !self.manner.detect;
        // The kernel would route a single address to its link, and go on doing so
        // when the address has gone with its lease.
        let routed = self.manner.prefix_route && !(address.is_ipv6() && bits == 128);
        (if used_at_once { NODAD } else { 0 }) | (if routed { 0 } else { NO_PREFIX_ROUTE })
    }

    /// Installs addresses with the lifetime of the lease, or without end. Time
    /// may pass while that is done: afterwards it is judged again, and mended.
    fn install(&mut self, plans: &mut [Result<Plan, AgentError>]) -> Result<(), AgentError> {
        let Some(until) = self.until else { return self.put(plans, FOREVER) };
        let before = edge::now();
        let Some(mut seconds) = floating::lifetime(until, before) else {
            fail_all(plans, || AgentError::Late(before.since(until)));
            return Ok(());
        };
        loop {
            self.put(plans, seconds)?;
            match floating::check(until, seconds, edge::now()) {
                Installed::Good => return Ok(()),
                Installed::TooLong(shorter) => seconds = shorter,
                Installed::Late(by) => {
                    let done: Vec<Held> = plans.iter().flatten().map(|plan| plan.held.clone()).collect();
                    self.take_back(&done)?;
                    fail_all(plans, || AgentError::Late(by));
                    return Ok(());
                }
            }
        }
    }

    /// Adds what was planned with a lifetime in seconds, or gives it to what is
    /// there. What became of each; what was added is to be announced.
    ///
    /// # Errors
    /// It is not known what was done.
    pub fn add(
        &mut self,
        mut plans: Vec<Result<Plan, AgentError>>,
        seconds: u32,
    ) -> Result<Vec<Result<Option<Announcement>, AgentError>>, AgentError> {
        // Opened before anything is changed: what is not permitted is not begun.
        self.open_socket()?;
        self.put(&mut plans, seconds)?;
        Ok(plans.into_iter().map(|plan| plan.map(|plan| plan.announcement)).collect())
    }

    fn put(&mut self, plans: &mut [Result<Plan, AgentError>], seconds: u32) -> Result<(), AgentError> {
        // A source for new connections until the end, mostly.
        let preferred = seconds.min(self.manner.preferred);
        for plan in plans.iter_mut().flatten() {
            (plan.held.valid, plan.held.preferred) = (seconds, preferred);
        }
        let (mut changes, mut whose) = (Vec::new(), Vec::new());
        for (place, plan) in plans.iter().enumerate() {
            let Ok(Plan { held, way, .. }) = plan else { continue };
            let wanted = match way {
                Way::New => &[Change::Add(held)][..],
                Way::There => &[Change::Lifetime(held)],
                Way::Anew => &[Change::Remove(held), Change::Add(held)],
            };
            changes.extend(wanted);
            whose.extend(wanted.iter().map(|_| place));
        }
        let results = self.host.netlink.change_many(&changes).map_err(not_told)?;
        for (place, result) in whose.into_iter().zip(results) {
            let Some(Ok(plan)) = plans.get_mut(place) else { continue };
            let what = if plan.way == Way::There { PROLONGING } else { ADDING };
            plan.way = Way::There;
            let result = match result {
                // One that somebody else added meanwhile is taken over.
                Err(Errno::EEXIST) => self.host.netlink.change(&plan.held),
                other => other.map_err(NetlinkError::Refused),
            };
            if let Err(error) = result {
                let held = plan.held.clone();
                plans[place] = Err(self.refused(what, &held, error));
            }
        }
        Ok(())
    }

    /// Gives addresses that are there a lifetime in seconds. One that has gone
    /// meanwhile comes back.
    ///
    /// # Errors
    /// One of them could not be given it.
    pub fn prolong(&mut self, held: &[Held], seconds: u32) -> Result<(), AgentError> {
        let held: Vec<Held> =
            held.iter().map(|held| Held { valid: seconds, preferred: seconds, ..held.clone() }).collect();
        let changes: Vec<Change<'_>> = held.iter().map(Change::Lifetime).collect();
        let results = self.host.netlink.change_many(&changes).map_err(not_told)?;
        match held.iter().zip(results).find_map(|(held, result)| Some((held, result.err()?))) {
            Some((held, errno)) => Err(self.refused(PROLONGING, held, NetlinkError::Refused(errno))),
            None => Ok(()),
        }
    }

    fn refused(&mut self, what: &str, held: &Held, error: NetlinkError) -> AgentError {
        let name = self.host.name_at(held.index);
        match error.errno() {
            Some(Errno::EACCES) if held.address.is_ipv6() => AgentError::NoV6(name),
            _ => kernel(&format!("{what} {name}"), error),
        }
    }

    /// Announces what has been added and can be used.
    fn tell_all(&mut self, plans: &mut [Result<Plan, AgentError>]) {
        for slot in plans {
            let Ok(plan) = slot else { continue };
            let announcement = if plan.detected { None } else { plan.announcement.take() };
            if let Some(Err(error)) = announcement.map(|announcement| self.tell(announcement)) {
                *slot = Err(error);
            }
        }
    }
}

fn fail_all(plans: &mut [Result<Plan, AgentError>], why: impl Fn() -> AgentError) {
    plans.iter_mut().filter(|plan| plan.is_ok()).for_each(|plan| *plan = Err(why()));
}

pub(super) fn not_told(error: NetlinkError) -> AgentError {
    kernel("changing the addresses of this host", error)
}

//! Many addresses at once: one look at the kernel's tables, and one batch of
//! changes.

use std::collections::BTreeMap;

use nix::errno::Errno;

use super::{Agent, AgentError, kernel};
use crate::address::Spec;
use crate::floating::{self, Found, Held};
use crate::gratuitous::Announcement;
use crate::interface::Interface;
use crate::netlink::{Change, NetlinkError};
use crate::sysctl;

/// What there is of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// How the kernel has it.
    pub held: Held,
    /// Why it does not work, if it does not.
    pub ailment: Option<String>,
}

impl Agent {
    /// What there is of each address; none where it is not there as it was
    /// asked for.
    ///
    /// # Errors
    /// The kernel could not be asked.
    pub fn look(&mut self, specs: &[&Spec]) -> Result<Vec<Option<Sight>>, AgentError> {
        let tables = self.tables(specs)?;
        let mut interfaces = BTreeMap::new();
        specs.iter().map(|spec| self.sight(spec, &tables, &mut interfaces)).collect()
    }

    fn sight(
        &mut self,
        spec: &Spec,
        tables: &Tables,
        interfaces: &mut BTreeMap<u32, Option<Interface>>,
    ) -> Result<Option<Sight>, AgentError> {
        let named = match self.named(spec) {
            Err(AgentError::NoInterface(_)) => return Ok(None),
            other => other?,
        };
        let index = named.as_ref().map(|interface| interface.index);
        let Found::There(held) = floating::find(spec, index, tables.of(spec)) else { return Ok(None) };
        let interface = match (named, interfaces.get(&held.index)) {
            (Some(interface), _) => Some(interface),
            (None, Some(known)) => known.clone(),
            (None, None) => self.at(held.index)?,
        };
        interfaces.insert(held.index, interface.clone());
        let Some(interface) = interface else { return Ok(None) };
        let unfit = interface.usable().err().map(|why| why.to_string());
        let ailment = unfit.or_else(|| held.usable().err().map(|why| why.to_string()));
        Ok(Some(Sight { held, ailment }))
    }

    /// Adds addresses with a lifetime in seconds, or gives those that are there
    /// this lifetime. What became of each; what was added is to be announced.
    ///
    /// # Errors
    /// The kernel could not be asked: it is not known what was done.
    pub fn add_all(
        &mut self,
        specs: &[&Spec],
        seconds: u32,
    ) -> Result<Vec<Result<Option<Announcement>, AgentError>>, AgentError> {
        // Opened before anything is changed: what is not permitted is not begun.
        self.open_socket()?;
        let tables = self.tables(specs)?;
        let mut plans: Vec<Result<Plan, AgentError>> =
            specs.iter().map(|spec| self.plan(spec, &tables, seconds)).collect();
        let wanted: Vec<Change<'_>> = plans.iter().flatten().map(Plan::change).collect();
        let done = self.netlink.change_many(&wanted).map_err(not_told)?;
        // One that somebody else added meanwhile is taken over.
        let mut done = done.into_iter();
        let mut results = Vec::new();
        for plan in &mut plans {
            let Ok(plan) = plan else {
                results.push(Ok(None));
                continue;
            };
            let result = match done.next().unwrap_or(Ok(())) {
                Err(Errno::EEXIST) => self.netlink.change(&plan.held),
                other => other.map_err(NetlinkError::Refused),
            };
            results.push(match result {
                Ok(()) => Ok(plan.announcement.take()),
                Err(error) => Err(self.refused(&plan.held, error)),
            });
        }
        Ok(plans.into_iter().zip(results).map(|(plan, result)| plan.and(result)).collect())
    }

    fn plan(&mut self, spec: &Spec, tables: &Tables, seconds: u32) -> Result<Plan, AgentError> {
        let named = self.named(spec)?;
        let index = named.as_ref().map(|interface| interface.index);
        let (interface, mut held, new) = match floating::find(spec, index, tables.of(spec)) {
            Found::Other(held) => return Err(AgentError::Other(self.describe(&held))),
            Found::There(held) => {
                held.usable().map_err(AgentError::Ailment)?;
                (self.interface_of(&held, named)?, held, false)
            }
            Found::Absent => {
                let interface = self.interface_for(spec, named)?;
                let held = self.prepare(spec, &interface)?;
                (interface, held, true)
            }
        };
        interface.usable().map_err(AgentError::Unfit)?;
        (held.valid, held.preferred) = (seconds, seconds);
        Ok(Plan { held, new, announcement: self.announcement(spec.address, &interface)? })
    }

    /// Gives addresses that are there a lifetime in seconds. One that has gone
    /// meanwhile comes back.
    ///
    /// # Errors
    /// One of them could not be given it.
    pub fn prolong_all(&mut self, held: &[Held], seconds: u32) -> Result<(), AgentError> {
        let held: Vec<Held> =
            held.iter().map(|held| Held { valid: seconds, preferred: seconds, ..held.clone() }).collect();
        let changes: Vec<Change<'_>> = held.iter().map(Change::Lifetime).collect();
        let results = self.netlink.change_many(&changes).map_err(not_told)?;
        match held.iter().zip(results).find_map(|(held, result)| Some((held, result.err()?))) {
            Some((held, errno)) => Err(self.refused(held, NetlinkError::Refused(errno))),
            None => Ok(()),
        }
    }

    /// Takes addresses away, and keeps those of others that the kernel would
    /// remove with them.
    ///
    /// # Errors
    /// One of them may still be there.
    pub fn remove_all(&mut self, specs: &[&Spec]) -> Result<(), AgentError> {
        let tables = self.tables(specs)?;
        let mut going = Vec::new();
        for spec in specs {
            let named = match self.named(spec) {
                Err(AgentError::NoInterface(_)) => continue,
                other => other?,
            };
            let index = named.map(|interface| interface.index);
            if let Found::There(held) = floating::find(spec, index, tables.of(spec)) {
                going.push(held);
            }
        }
        // Secondary ones first: the kernel removes them with their primary.
        going.sort_by_key(|held| !held.secondary);
        let stays = |held: &&Held| !going.iter().any(|gone| gone.address == held.address && gone.index == held.index);
        let kept = going.iter().flat_map(|held| floating::dependants(held, tables.of_address(held))).filter(stays);
        let mut kept: Vec<Held> = kept.cloned().collect();
        // Each primary of ours has its own dependants.
        kept.dedup();
        let lifted = self.lift(&kept);
        let changes: Vec<Change<'_>> = going.iter().map(Change::Remove).collect();
        let results = self.netlink.change_many(&changes);
        for name in &lifted {
            let _ = sysctl::promote_secondaries(name, false);
        }
        let results = results.map_err(not_told)?;
        self.add_again(&kept)?;
        match going.iter().zip(results).find_map(|(held, result)| Some((held.index, result.err()?))) {
            Some((index, errno)) => {
                let name = self.name_at(index);
                Err(kernel(&format!("removing it from {name}"), NetlinkError::Refused(errno)))
            }
            None => Ok(()),
        }
    }

    /// Lets the kernel keep secondary addresses without their primary, where it
    /// does not; the interfaces where that was changed.
    fn lift(&mut self, kept: &[Held]) -> Vec<String> {
        let mut names: Vec<String> = kept.iter().map(|held| self.name_at(held.index)).collect();
        names.sort();
        names.dedup();
        names.retain(|name| !sysctl::promotes_secondaries(name) && sysctl::promote_secondaries(name, true).is_ok());
        names
    }

    /// Adds what was lost where that could not be set.
    fn add_again(&mut self, kept: &[Held]) -> Result<(), AgentError> {
        for lost in kept {
            match self.netlink.add(lost) {
                Err(error) if error.errno() != Some(Errno::EEXIST) => {
                    return Err(kernel(&format!("adding {} again", lost.address), error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Tells the neighbours.
    ///
    /// # Errors
    /// No packet socket, or nothing could be sent.
    pub fn announce_all(&mut self, announcements: &[Announcement]) -> Result<(), AgentError> {
        self.open_socket()?;
        announcements.iter().try_for_each(|announcement| self.send(announcement))
    }

    fn tables(&mut self, specs: &[&Spec]) -> Result<Tables, AgentError> {
        let mut table = |v6: bool| match specs.iter().find(|spec| spec.address.is_ipv6() == v6) {
            Some(spec) => self.held(spec.address),
            None => Ok(Vec::new()),
        };
        Ok(Tables { v4: table(false)?, v6: table(true)? })
    }
}

/// The addresses of the host, by family.
struct Tables {
    v4: Vec<Held>,
    v6: Vec<Held>,
}

impl Tables {
    fn of(&self, spec: &Spec) -> &[Held] {
        if spec.address.is_ipv6() { &self.v6 } else { &self.v4 }
    }

    fn of_address(&self, held: &Held) -> &[Held] {
        if held.address.is_ipv6() { &self.v6 } else { &self.v4 }
    }
}

/// One address that is to be added.
struct Plan {
    held: Held,
    /// It is not there yet.
    new: bool,
    announcement: Option<Announcement>,
}

impl Plan {
    fn change(&self) -> Change<'_> {
        if self.new { Change::Add(&self.held) } else { Change::Lifetime(&self.held) }
    }
}

fn not_told(error: NetlinkError) -> AgentError {
    kernel("changing the addresses of this host", error)
}

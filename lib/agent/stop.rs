//! Taking addresses away, and no others.

use super::start::not_told;
use super::{Agent, AgentError, Outcome, kernel};
use crate::address::Spec;
use crate::floating::{self, Held};
use crate::netlink::{Change, NetlinkError};
use crate::sysctl;

/// What is to be removed of one address, and in which other way it is there.
type Copies = (Vec<Held>, Option<Held>);

impl Agent {
    /// Takes each address away. What is left of one, because it is not as it was
    /// asked for, is said.
    ///
    /// # Errors
    /// It is not known what was done.
    pub fn stop(&mut self, specs: &[&Spec]) -> Result<Vec<Outcome>, AgentError> {
        let _alone = sysctl::removing_alone();
        self.host.look_again();
        let copies: Vec<Result<Copies, AgentError>> = specs.iter().map(|spec| self.copies(spec)).collect();
        let going: Vec<Held> = copies.iter().flatten().flat_map(|(going, _)| going.clone()).collect();
        let mut results = self.remove(&going)?.into_iter();
        let outcomes = copies.into_iter().map(|copies| {
            let (going, left) = copies?;
            // Every one has its result.
            let results: Vec<Result<(), AgentError>> = results.by_ref().take(going.len()).collect();
            results.into_iter().collect::<Result<(), AgentError>>()?;
            let left = left.map(|held| self.host.describe(&held));
            Ok(left.map(|left| format!("left as {left}, which is not what is to be stopped")))
        });
        Ok(outcomes.collect())
    }

    /// Takes addresses away.
    ///
    /// # Errors
    /// One of them may still be there.
    pub fn remove_all(&mut self, specs: &[&Spec]) -> Result<(), AgentError> {
        self.stop(specs)?.into_iter().collect::<Result<Vec<Option<String>>, AgentError>>().map(drop)
    }

    fn copies(&mut self, spec: &Spec) -> Result<Copies, AgentError> {
        let index = match self.host.named(spec) {
            Err(AgentError::NoInterface(_)) => return Ok((Vec::new(), None)),
            named => named?.map(|interface| interface.index),
        };
        let as_asked = |held: &Held| {
            index.is_none_or(|index| index == held.index) && spec.bits.is_none_or(|bits| bits == held.bits)
        };
        let all = self.host.held(spec.address.is_ipv6())?.iter().filter(|held| held.address == spec.address);
        let (going, others): (Vec<Held>, Vec<Held>) = all.cloned().partition(as_asked);
        Ok((going, others.into_iter().next()))
    }

    /// Removes what this agent has added, or what is of no use.
    pub(super) fn take_back(&mut self, going: &[Held]) -> Result<(), AgentError> {
        if going.is_empty() {
            return Ok(());
        }
        let _alone = sysctl::removing_alone();
        self.host.look_again();
        self.remove(going)?.into_iter().collect()
    }

    /// Removes addresses, and keeps those of others that the kernel would remove
    /// with them. What became of each, in their order.
    fn remove(&mut self, going: &[Held]) -> Result<Vec<Result<(), AgentError>>, AgentError> {
        let stays = |held: &&Held| !going.iter().any(|gone| gone.address == held.address && gone.index == held.index);
        let mut kept: Vec<Held> = Vec::new();
        for gone in going {
            let table = self.host.held(gone.address.is_ipv6())?;
            kept.extend(floating::dependants(gone, table).into_iter().filter(stays).cloned());
        }
        // Secondary ones first: the kernel removes them with their primary.
        let mut order: Vec<usize> = (0..going.len()).collect();
        order.sort_by_key(|place| !going[*place].secondary);
        let lifted = self.lift(&kept);
        let changes: Vec<Change<'_>> = order.iter().map(|place| Change::Remove(&going[*place])).collect();
        let removed = self.host.netlink.change_many(&changes);
        for name in &lifted.set {
            let _ = sysctl::promote_secondaries(name, false);
        }
        let mut results: Vec<Result<(), AgentError>> = going.iter().map(|_| Ok(())).collect();
        for (place, result) in order.into_iter().zip(removed.map_err(not_told)?) {
            if let Err(errno) = result {
                let name = self.host.name_at(going[place].index);
                results[place] = Err(kernel(&format!("removing it from {name}"), NetlinkError::Refused(errno)));
            }
        }
        self.add_again(&lifted.lost)?;
        Ok(results)
    }

    /// Lets the kernel keep secondary addresses without their primary, where it
    /// does not.
    fn lift(&mut self, kept: &[Held]) -> Lifted {
        let mut lifted = Lifted::default();
        for held in kept {
            let name = self.host.name_at(held.index);
            if lifted.set.contains(&name) || sysctl::promotes_secondaries(&name) {
                continue;
            }
            if sysctl::promote_secondaries(&name, true).is_ok() {
                lifted.set.push(name);
            } else {
                lifted.lost.push(held.clone());
            }
        }
        lifted
    }

    /// Adds what was lost where that could not be set.
    fn add_again(&mut self, lost: &[Held]) -> Result<(), AgentError> {
        let changes: Vec<Change<'_>> = lost.iter().map(Change::Add).collect();
        let results = self.host.netlink.change_many(&changes).map_err(not_told)?;
        for (lost, result) in lost.iter().zip(results) {
            match result {
                Ok(()) | Err(nix::errno::Errno::EEXIST) => {}
                Err(errno) => {
                    return Err(kernel(&format!("adding {} again", lost.address), NetlinkError::Refused(errno)));
                }
            }
        }
        Ok(())
    }
}

/// What was done about addresses that must survive a removal.
#[derive(Default)]
struct Lifted {
    /// Interfaces whose setting was changed.
    set: Vec<String>,
    /// Addresses of interfaces whose setting cannot be changed.
    lost: Vec<Held>,
}

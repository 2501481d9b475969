//! Whether the interfaces of groups carry anything: which news of the kernel is a
//! reason to look, and what is said of a group when that has changed.

use std::collections::BTreeSet;

use crate::record::Line;
use crate::time::Time;

/// What is known of the way to one address: the kernel's number of its interface,
/// and why nothing gets through.
pub type Way = (Option<u32>, Option<String>);

/// The groups, and what was said of each.
#[derive(Debug)]
pub struct Carriers {
    groups: Vec<Kept>,
    /// The interfaces on which the addresses were found or would be.
    interfaces: BTreeSet<u32>,
    /// Some address has no place: any interface that comes may be its own.
    homeless: bool,
}

#[derive(Debug)]
struct Kept {
    name: String,
    /// What was said last: a fault, or that there is none.
    said: Option<Option<String>>,
}

impl Carriers {
    /// Groups of which nothing is known.
    pub fn new(names: impl Iterator<Item = String>) -> Carriers {
        let groups = names.map(|name| Kept { name, said: None }).collect();
        Carriers { groups, interfaces: BTreeSet::new(), homeless: true }
    }

    /// Whether a change of this interface may be one of a carrier.
    pub fn concerns(&self, interface: u32) -> bool {
        self.homeless || self.interfaces.contains(&interface)
    }

    /// Whether a change of the host's other addresses, which brings routes or takes
    /// them, may give an address another place.
    pub fn is_homeless(&self) -> bool {
        self.homeless
    }

    /// What was said was not heard.
    pub fn forget(&mut self) {
        self.groups.iter_mut().for_each(|group| group.said = None);
    }

    /// Takes the ways to the addresses of all groups, in the order of the groups;
    /// those of one are `None` where nothing is known. What is to be said.
    pub fn see(&mut self, ways: Vec<Option<Vec<Way>>>, now: Time) -> Vec<Line> {
        self.interfaces.clear();
        self.homeless = false;
        let mut lines = Vec::new();
        for (group, ways) in self.groups.iter_mut().zip(ways) {
            let Some(ways) = ways else {
                // Until it is known, everything is a reason to look.
                self.homeless = true;
                continue;
            };
            self.interfaces.extend(ways.iter().filter_map(|(index, _)| *index));
            self.homeless |= ways.iter().any(|(index, _)| index.is_none());
            if ways.is_empty() {
                continue;
            }
            let fault = ways.into_iter().find_map(|(_, fault)| fault);
            if group.said.as_ref() != Some(&fault) {
                let word = if fault.is_some() { "down" } else { "up" };
                lines.push(Line::new("carrier", now).word(&group.name).word(word).maybe("reason", fault.as_ref()));
                group.said = Some(fault);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests;

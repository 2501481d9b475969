//! The question who else has some addresses: when to ask, and what the answers
//! come to (RFC 5227, 2.1.1; RFC 4862, 5.4).
//!
//! ```text
//! open --a claim by another machine--> settled, or noted where all are wanted
//!   |
//!   `--the time of the last question is over--> open at the end
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::interface::Mac;
use crate::sighting::{Sighting, What};
use crate::time::Time;

/// How often and how long to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Questions for each address; one at least.
    pub count: u32,
    /// From one question to the next.
    pub interval: Duration,
    /// From the last question to the verdict.
    pub wait: Duration,
}

/// Machines that are noted for one address; an attacker can make up as many as
/// there are hardware addresses.
const MOST: usize = 64;

/// What an inquiry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whether an address is free. The first claim settles it, and so does the
    /// first wish: of two that ask at once, at most one may find it free (RFC
    /// 5227, 2.1.1).
    Free,
    /// Where an address is: the first who has it settles it.
    Find,
    /// Who all has an address: they are noted until the time is over.
    Gather,
}

/// An address, on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The address.
    pub address: IpAddr,
    /// The kernel's number of the interface.
    pub index: u32,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Ask for these, then look again.
    Ask(Vec<Subject>),
    /// Look again then, or when something was heard.
    Wait(Time),
    /// All is known that will be.
    Over,
}

/// An inquiry at work.
#[derive(Clone, Debug)]
pub struct Inquiry {
    purpose: Purpose,
    open: Vec<Subject>,
    /// Who has what, where all are wanted.
    noted: BTreeMap<Subject, BTreeSet<Mac>>,
    own: BTreeSet<Mac>,
    patience: Patience,
    /// Questions that are still to be asked.
    left: u32,
    next: Time,
}

impl Inquiry {
    /// An inquiry whether `subjects` are free, that begins at `now`. What the
    /// hardware addresses `own` claim is this host's own.
    pub fn new(subjects: Vec<Subject>, own: BTreeSet<Mac>, patience: Patience, now: Time) -> Inquiry {
        let (purpose, noted, left) = (Purpose::Free, BTreeMap::new(), patience.count.max(1));
        Inquiry { purpose, open: subjects, noted, own, patience, left, next: now }
    }

    /// The same for another purpose.
    pub fn with_purpose(self, purpose: Purpose) -> Inquiry {
        Inquiry { purpose, ..self }
    }

    /// What is to be done at `now`.
    pub fn look(&mut self, now: Time) -> Step {
        if self.open.is_empty() {
            return Step::Over;
        }
        if now < self.next {
            return Step::Wait(self.next);
        }
        if self.left == 0 {
            return Step::Over;
        }
        self.left -= 1;
        // Counted from now: answers get their time also when the question was
        // late.
        self.next = now + if self.left > 0 { self.patience.interval } else { self.patience.wait };
        Step::Ask(self.open.clone())
    }

    /// A frame came in on the interface with this number; the subject that it
    /// settles, which is asked for no more, or for which it names another
    /// machine.
    pub fn heard(&mut self, index: u32, sighting: &Sighting) -> Option<Subject> {
        if self.own.contains(&sighting.mac) {
            return None;
        }
        let subject = Subject { address: sighting.address, index };
        let at = self.open.iter().position(|open| *open == subject)?;
        match (self.purpose, sighting.what) {
            (Purpose::Find | Purpose::Gather, What::Wants) => None,
            (Purpose::Free, What::Has | What::Wants) | (Purpose::Find, What::Has) => Some(self.open.remove(at)),
            (Purpose::Gather, What::Has) => {
                let noted = self.noted.entry(subject).or_default();
                (noted.len() < MOST && noted.insert(sighting.mac)).then_some(subject)
            }
        }
    }

    /// Who was heard to have an address, where all are wanted.
    pub fn noted(&self, subject: Subject) -> impl Iterator<Item = Mac> {
        self.noted.get(&subject).into_iter().flatten().copied()
    }

    /// Those that are not settled.
    pub fn open(&self) -> &[Subject] {
        &self.open
    }
}

#[cfg(test)]
mod tests;

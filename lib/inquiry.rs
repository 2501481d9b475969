//! The question whether anybody else has some addresses: when to ask, and what
//! the answers come to (RFC 5227, 2.1.1; RFC 4862, 5.4).
//!
//! ```text
//! asked --a claim by another machine--> used
//!   |
//!   `--the time of the last question is over--> free: nobody answered
//! ```

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::interface::Mac;
use crate::sighting::Sighting;
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

/// An address, on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    open: Vec<Subject>,
    own: BTreeSet<Mac>,
    patience: Patience,
    /// Questions that are still to be asked.
    left: u32,
    next: Time,
}

impl Inquiry {
    /// An inquiry for `subjects` that begins at `now`. What the hardware
    /// addresses `own` claim is this host's own.
    pub fn new(subjects: Vec<Subject>, own: BTreeSet<Mac>, patience: Patience, now: Time) -> Inquiry {
        Inquiry { open: subjects, own, patience, left: patience.count.max(1), next: now }
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
    /// settles, which is asked for no more. A machine that wants the address
    /// settles it too: of two that ask at once, at most one may find it free
    /// (RFC 5227, 2.1.1).
    pub fn heard(&mut self, index: u32, sighting: &Sighting) -> Option<Subject> {
        if self.own.contains(&sighting.mac) {
            return None;
        }
        let subject = Subject { address: sighting.address, index };
        let at = self.open.iter().position(|open| *open == subject)?;
        Some(self.open.remove(at))
    }

    /// Those that nobody else was heard to claim.
    pub fn open(&self) -> &[Subject] {
        &self.open
    }
}

#[cfg(test)]
mod tests;

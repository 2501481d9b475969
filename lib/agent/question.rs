//! Whether another machine has an address that is about to be added: asked as
//! `send-arp --probe` asks, all of a call at once.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::{Agent, AgentError, Plan};
use crate::edge;
use crate::floating::Held;
use crate::inquiry::{Inquiry, Patience, Subject};
use crate::interface::Interface;
use crate::lookout::Lookout;
use crate::manner::Duplicates;
use crate::sighting::{Sighting, What, shown};

/// Three questions, as RFC 5227 (PROBE_NUM) has it, but closer together: 0.9 s in
/// all, less than the shortest duplicate address detection of the kernel's.
const PATIENCE: Patience =
    Patience { count: 3, interval: Duration::from_millis(200), wait: Duration::from_millis(500) };

impl Agent {
    /// Asks the neighbours about what is to be added, if that is wanted. An
    /// address that another machine has, or of which that could not be told, is
    /// refused or said.
    ///
    /// # Errors
    /// Nobody can be asked.
    pub fn ask_around(&mut self, plans: &mut [Result<Plan, AgentError>]) -> Result<(), AgentError> {
        let refuse = match self.manner.duplicates {
            Duplicates::Off => return Ok(()),
            Duplicates::Warn => false,
            Duplicates::Refuse => true,
        };
        let subjects: Vec<Subject> = plans.iter().flatten().filter_map(Plan::question).collect();
        if subjects.is_empty() {
            return Ok(());
        }
        let mut interfaces = BTreeMap::new();
        for Subject { index, .. } in &subjects {
            interfaces.extend(self.host.at(*index)?.map(|interface| (*index, interface)));
        }
        let answers = self.inquire(subjects, &interfaces)?;
        let mut useless: Vec<Held> = Vec::new();
        for slot in plans {
            let Ok(plan) = slot else { continue };
            let found = plan.question().and_then(|asked| answers.iter().find(|(subject, _)| *subject == asked));
            let Some((_, why)) = found else { continue };
            if refuse {
                useless.extend(plan.ails().then(|| plan.held.clone()));
                *slot = Err(AgentError::Used(why.clone()));
            } else {
                plan.note = Some(why.clone());
            }
        }
        self.take_back(&useless)
    }

    /// Of which subjects it was not found that nobody else has them, and why.
    fn inquire(
        &mut self,
        subjects: Vec<Subject>,
        interfaces: &BTreeMap<u32, Interface>,
    ) -> Result<Vec<(Subject, String)>, AgentError> {
        let own = self.host.hardware()?;
        let mut lookout = Lookout::open(&subjects).map_err(AgentError::Ask)?;
        self.open_socket()?;
        let Some(socket) = &self.socket else { return Ok(Vec::new()) };
        let name = |index: u32| interfaces.get(&index).map_or("", |interface| interface.name.as_str());
        let mut answers = Vec::new();
        let mut inquiry = Inquiry::new(subjects, own, PATIENCE, edge::now());
        let asked = lookout.inquire(&mut inquiry, interfaces, socket, |subject, sighting| {
            answers.push((subject, claim(&sighting, name(subject.index))));
            Ok::<(), io::Error>(())
        });
        asked.map_err(AgentError::Ask)?;
        for subject in inquiry.open() {
            let there = self.host.netlink.interface_at(subject.index);
            let there = there.map_err(|error| super::kernel("reading the interfaces of this host", error))?;
            let why = match there {
                None => Some(format!("interface {} is gone", name(subject.index))),
                Some(interface) => interface.usable().err().map(|unfit| unfit.to_string()),
            };
            if let Some(why) = why.or_else(|| lookout.failure(subject.index).map(str::to_owned)) {
                answers.push((*subject, format!("whether another machine has it could not be told: {why}")));
            }
        }
        Ok(answers)
    }
}

fn claim(sighting: &Sighting, interface: &str) -> String {
    let does = match sighting.what {
        What::Has => "has it",
        What::Wants => "asks for it too",
    };
    format!("another machine {does}: {} on {interface}", shown(sighting.mac))
}

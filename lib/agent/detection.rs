//! The kernel's own duplicate address detection (RFC 4862, 5.4): what was added
//! is waited for, by the kernel's news.

use std::os::fd::AsFd as _;
use std::time::Duration;

use super::{Agent, AgentError, Plan};
use crate::edge;
use crate::floating::{Ailment, Held};
use crate::netlink::Watch;
use crate::signals;
use crate::time::Time;

/// How long the kernel may take: it asks once a second, as often as
/// net.ipv6.conf.IFACE.dad_transmits says, after up to a second of waiting.
const PATIENCE: Duration = Duration::from_secs(15);

impl Agent {
    /// Waits until the kernel uses the addresses that it looks for duplicates
    /// of. One that another host has, or that does not come to be used, is taken
    /// away.
    pub(super) fn await_detection(&mut self, plans: &mut [Result<Plan, AgentError>]) -> Result<(), AgentError> {
        if !plans.iter().flatten().any(|plan| plan.detected) {
            return Ok(());
        }
        // Opened before the first look, so that nothing is missed.
        let mut watch = Watch::open().map_err(AgentError::Watch)?;
        let deadline = edge::now() + PATIENCE;
        loop {
            let useless = self.review(plans, edge::now() >= deadline)?;
            self.take_back(&useless)?;
            if !plans.iter().flatten().any(|plan| plan.detected) {
                return Ok(());
            }
            self.wait(&mut watch, deadline)?;
        }
    }

    /// Judges the addresses anew; those that are to be taken away.
    fn review(&mut self, plans: &mut [Result<Plan, AgentError>], over: bool) -> Result<Vec<Held>, AgentError> {
        self.host.look_again();
        let mut useless = Vec::new();
        for slot in plans {
            let Ok(plan) = slot else { continue };
            if !plan.detected {
                continue;
            }
            let wanted = &plan.held;
            let same = |held: &&Held| held.address == wanted.address && held.index == wanted.index;
            let held = self.host.held(true)?.iter().find(same).cloned();
            let unfit = self.host.at(wanted.index)?.and_then(|interface| interface.usable().err());
            let why = match held.map(|held| held.usable()) {
                None => self.late().map_or(AgentError::Vanished, AgentError::Late),
                Some(Ok(())) => {
                    plan.detected = false;
                    continue;
                }
                Some(Err(Ailment::Tentative)) if !over && unfit.is_none() => continue,
                Some(Err(why)) => unfit.map_or(AgentError::Ailment(why), AgentError::Unfit),
            };
            useless.push(wanted.clone());
            *slot = Err(why);
        }
        Ok(useless)
    }

    fn wait(&self, watch: &mut Watch, deadline: Time) -> Result<(), AgentError> {
        let longest = deadline.since(edge::now());
        signals::wait([watch.as_fd()].into_iter(), Some(longest)).map_err(AgentError::Wait)?;
        watch.read(|_| ()).map_err(AgentError::Watch)
    }
}

//! What there is of addresses, and whether they work.

use super::{Agent, AgentError, Outcome};
use crate::address::Spec;
use crate::floating::{Found, Held};

/// What there is of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// How the kernel has it.
    pub held: Held,
    /// The name of its interface.
    pub interface: String,
    /// Why it does not work, if it does not.
    pub ailment: Option<String>,
}

impl Agent {
    /// Whether each address is there and works. Not there is
    /// [`crate::ocf::Code::NotRunning`].
    pub fn monitor(&mut self, specs: &[&Spec]) -> Vec<Outcome> {
        self.host.look_again();
        specs.iter().map(|spec| self.works(spec).map(|()| None)).collect()
    }

    fn works(&mut self, spec: &Spec) -> Result<(), AgentError> {
        let named = match self.host.named(spec) {
            Err(AgentError::NoInterface(name)) => return Err(AgentError::Gone(name)),
            other => other?,
        };
        let held = self.host.there(spec, named.as_ref())?;
        held.usable().map_err(AgentError::Ailment)?;
        let interface = self.host.interface_of(&held, named)?;
        self.fit(&interface)
    }

    /// What there is of each address; none where it is not there as it was
    /// asked for.
    ///
    /// # Errors
    /// The kernel could not be asked.
    pub fn look(&mut self, specs: &[&Spec]) -> Result<Vec<Option<Sight>>, AgentError> {
        self.host.look_again();
        specs.iter().map(|spec| self.sight(spec)).collect()
    }

    fn sight(&mut self, spec: &Spec) -> Result<Option<Sight>, AgentError> {
        let named = match self.host.named(spec) {
            Err(AgentError::NoInterface(_)) => return Ok(None),
            other => other?,
        };
        let Found::There(held) = self.host.find(spec, named.as_ref())? else { return Ok(None) };
        let interface = match named {
            Some(interface) => Some(interface),
            None => self.host.at(held.index)?,
        };
        let Some(interface) = interface else { return Ok(None) };
        let unfit = interface.usable().err().map(|why| why.to_string());
        let ailment = unfit.or_else(|| held.usable().err().map(|why| why.to_string()));
        Ok(Some(Sight { held, interface: interface.name, ailment }))
    }

    /// Why an address that was there is not, as far as can be told: by what
    /// [`Agent::look`] saw last.
    pub fn absence(&mut self, spec: &Spec, before: &Sight) -> String {
        let there = match self.host.at(before.held.index) {
            Err(error) => return error.to_string(),
            Ok(None) => return format!("interface {} is gone", before.interface),
            Ok(Some(there)) => there,
        };
        match self.host.find(spec, None) {
            Ok(Found::There(held) | Found::Other(held)) => format!("it is there as {}", self.host.describe(&held)),
            Ok(Found::Absent) if !there.up => format!("interface {} is down", there.name),
            Ok(Found::Absent) => "somebody removed it".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

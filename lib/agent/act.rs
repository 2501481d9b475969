//! The actions by their words.

use super::{Agent, AgentError, Outcome};
use crate::address::Spec;
use crate::ocf::{Action, Code};
use crate::sysctl;

impl Agent {
    /// Does one action to all addresses; what became of each, in their order.
    /// One that fails does not keep the others from theirs.
    ///
    /// # Errors
    /// It is not known what was done.
    pub fn act(&mut self, action: Action, specs: &[&Spec]) -> Result<Vec<Outcome>, AgentError> {
        match action {
            Action::Start => self.start(specs),
            Action::Stop => {
                let outcomes = self.stop(specs)?;
                Ok(outcomes.into_iter().zip(specs).map(|(outcome, spec)| self.forget_ways(outcome, spec)).collect())
            }
            Action::Monitor => {
                let outcomes = self.monitor(specs);
                Ok(outcomes.into_iter().zip(specs).map(|(outcome, spec)| self.tell_again(outcome, spec)).collect())
            }
            Action::Status => Ok(self.monitor(specs)),
            Action::Renew => self.renew(specs),
            Action::Announce => Ok(self.announce(specs)),
            Action::ValidateAll | Action::Hold | Action::MetaData | Action::Usage => Ok(self.validate(specs)),
        }
    }

    /// An address that works does so even if the neighbours could not be told
    /// again.
    fn tell_again(&mut self, outcome: Outcome, spec: &Spec) -> Outcome {
        let note = outcome?;
        Ok(note.or(self.refresh(spec).err().map(|error| error.to_string())))
    }

    /// An address that has gone has done so even if its ways are remembered.
    fn forget_ways(&mut self, outcome: Outcome, spec: &Spec) -> Outcome {
        let note = outcome?;
        let forgotten = if self.manner.flush_routes { sysctl::forget_routes(spec.address.is_ipv6()) } else { Ok(()) };
        Ok(note.or(forgotten.err().map(|error| format!("forgetting the routes that were found: {error}"))))
    }
}

/// OCF's code for what became of an address. Of the `recurring` monitoring of
/// what was started an interface that has gone is a failure.
pub fn code(outcome: &Outcome, recurring: bool) -> Code {
    match outcome {
        Ok(_) => Code::Success,
        Err(AgentError::Gone(_)) if recurring => Code::Generic,
        Err(error) => error.code(),
    }
}

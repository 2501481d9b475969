//! On which interface an address is or would be, and whether that can carry it.

use super::{Agent, AgentError};
use crate::address::Spec;
use crate::floating::Found;

/// The way to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The kernel's number of the interface, where there is one.
    pub index: Option<u32>,
    /// Why nothing gets through, if nothing does.
    pub fault: Option<String>,
}

impl Agent {
    /// The way to an address that is here, or would come here.
    ///
    /// # Errors
    /// The kernel could not be asked: nothing is known of the way.
    pub fn way(&mut self, spec: &Spec) -> Result<Way, AgentError> {
        self.host.look_again();
        let interface = self.host.named(spec).and_then(|named| match self.host.find(spec, named.as_ref())? {
            Found::There(held) => self.host.interface_of(&held, named),
            Found::Absent | Found::Other(_) => self.host.interface_for(spec, named),
        });
        match interface {
            Ok(interface) => {
                let fault = interface.usable().err().map(|why| why.to_string());
                Ok(Way { index: Some(interface.index), fault })
            }
            Err(why @ (AgentError::NoInterface(_) | AgentError::NoPlace(..))) => {
                Ok(Way { index: None, fault: Some(why.to_string()) })
            }
            Err(error) => Err(error),
        }
    }
}

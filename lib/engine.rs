//! Who decides: hbkit's own protocol or Heartbeat's, as ha.cf says.

use crate::decide::{Decide, Effect, Heritage, Settings, Strange};
use crate::dialect::Heartbeat;
use crate::ha_cf::Dialect;
use crate::record::Record;

/// A decision maker.
#[derive(Debug)]
pub enum Engine {
    /// Of hbkit's own dialect.
    Hbkit(Box<Decide>),
    /// Of Heartbeat's.
    Heartbeat(Box<Heartbeat>),
}

impl Engine {
    /// A decision maker that knows nothing yet.
    pub fn new(settings: Settings, dialect: Dialect) -> Engine {
        match dialect {
            Dialect::Hbkit => Engine::Hbkit(Box::new(Decide::new(settings))),
            Dialect::Heartbeat => Engine::Heartbeat(Box::new(Heartbeat::new(settings))),
        }
    }

    /// Whether this node may hold a group.
    pub fn may_hold(&self) -> bool {
        match self {
            Engine::Hbkit(decide) => decide.may_hold(),
            Engine::Heartbeat(heartbeat) => heartbeat.may_hold(),
        }
    }

    /// Takes over what an earlier one has left, before the first record. Heartbeat's
    /// dialect knows no leases that could be taken over.
    pub fn inherit(&mut self, heritage: Heritage) {
        match self {
            Engine::Hbkit(decide) => decide.inherit(heritage),
            Engine::Heartbeat(_) => {}
        }
    }

    /// What this one would leave to the next.
    pub fn heritage(&self) -> Option<Heritage> {
        match self {
            Engine::Hbkit(decide) => Some(decide.heritage()),
            Engine::Heartbeat(_) => None,
        }
    }

    /// How often something became known of the peers.
    pub fn changes(&self) -> u64 {
        match self {
            Engine::Hbkit(decide) => decide.changes(),
            Engine::Heartbeat(_) => 0,
        }
    }

    /// Takes one record and appends what is to be done.
    ///
    /// # Errors
    /// As [`Decide::record`] and [`Heartbeat::record`].
    pub fn record(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        match self {
            Engine::Hbkit(decide) => decide.record(record, effects),
            Engine::Heartbeat(heartbeat) => heartbeat.record(record, effects),
        }
    }
}

//! What ipaddr-agent does to addresses: asks the kernel what there is, does what
//! is missing, and says so to the neighbours.

use std::time::Duration;

use crate::address::Spec;
use crate::edge;
use crate::floating::Found;
use crate::gratuitous::Announcement;
use crate::interface::Interface;
use crate::manner::Manner;
use crate::netlink::NetlinkError;
use crate::rawsock::FrameSocket;
use crate::time::Time;

mod act;
mod detection;
mod error;
mod host;
mod look;
mod question;
mod start;
mod stop;
mod tell;
mod way;

pub use act::code;
pub use error::AgentError;
pub use look::Sight;
pub use start::Plan;
pub use way::Way;

use host::Host;

/// What became of one address: done, perhaps with something that a person
/// should know even so; or not, and why.
pub type Outcome = Result<Option<String>, AgentError>;

/// An agent at work. Each of its actions takes all addresses of a call, and
/// returns what became of each, in their order. [`Agent::finish`] ends it.
pub struct Agent {
    host: Host,
    until: Option<Time>,
    manner: Manner,
    socket: Option<FrameSocket>,
    started: Vec<Announcement>,
}

impl Agent {
    /// An agent; what it starts or renews is leased when there is an `until`.
    ///
    /// # Errors
    /// The kernel cannot be asked.
    pub fn new(until: Option<Time>, manner: Manner) -> Result<Agent, AgentError> {
        Ok(Agent { host: Host::open()?, until, manner, socket: None, started: Vec::new() })
    }

    /// Tells the neighbours again that an address is here.
    pub fn announce(&mut self, specs: &[&Spec]) -> Vec<Outcome> {
        self.host.look_again();
        specs.iter().map(|spec| self.announce_one(spec).map(|()| None)).collect()
    }

    fn announce_one(&mut self, spec: &Spec) -> Result<(), AgentError> {
        let named = self.host.named(spec)?;
        let held = self.host.there(spec, named.as_ref())?;
        held.usable().map_err(AgentError::Ailment)?;
        let interface = self.host.interface_of(&held, named)?;
        interface.usable().map_err(AgentError::Unfit)?;
        match self.announcement(spec.address, &interface)? {
            Some(announcement) => {
                self.open_socket()?;
                self.send(&announcement)
            }
            None => Ok(()),
        }
    }

    /// Whether an address could be started here, as far as can be seen without
    /// doing it.
    pub fn validate(&mut self, specs: &[&Spec]) -> Vec<Outcome> {
        self.host.look_again();
        specs.iter().map(|spec| self.validate_one(spec).map(|()| None)).collect()
    }

    fn validate_one(&mut self, spec: &Spec) -> Result<(), AgentError> {
        let named = self.host.named(spec)?;
        if let Found::Absent = self.host.find(spec, named.as_ref())? {
            let interface = self.host.interface_for(spec, named)?;
            self.prepare(spec, &interface)?;
        }
        Ok(())
    }

    /// For how long the lease has been over, if it is.
    fn late(&self) -> Option<Duration> {
        let now = edge::now();
        self.until.filter(|until| now >= *until).map(|until| now.since(until))
    }

    /// Whether an interface can carry an address.
    fn fit(&self, interface: &Interface) -> Result<(), AgentError> {
        match interface.usable() {
            Err(why) if self.manner.link_matters => Err(AgentError::Unfit(why)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn kernel(what: &str, error: NetlinkError) -> AgentError {
    AgentError::Kernel(what.to_owned(), error)
}

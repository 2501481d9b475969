//! The names by which ipaddr-agent is called: its own, and those of the agents
//! and resource scripts that it stands in for.

use std::net::IpAddr;
use std::path::Path;

use crate::address::{Spec, SpecError};
use crate::manner::Manner;
use crate::ocf::Code;
use crate::parameters;

/// A name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// ipaddr-agent, or any name that nobody else has.
    Own,
    /// IPaddr: the resource script of Heartbeat, and the first OCF agent.
    Ipaddr,
    /// IPaddr2: the OCF agent of resource-agents.
    Ipaddr2,
    /// IPv6addr: the resource script and the OCF agent for IPv6 alone.
    Ipv6addr,
}

impl Called {
    /// All of them.
    pub const ALL: [Called; 4] = [Called::Own, Called::Ipaddr, Called::Ipaddr2, Called::Ipv6addr];

    /// The name in a call's first word, which may be a path.
    pub fn of(first: &str) -> Called {
        let file = Path::new(first).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        Called::ALL.into_iter().find(|called| called.word() == file).unwrap_or(Called::Own)
    }

    /// The name.
    pub fn word(self) -> &'static str {
        match self {
            Called::Own => "ipaddr-agent",
            Called::Ipaddr => "IPaddr",
            Called::Ipaddr2 => "IPaddr2",
            Called::Ipv6addr => "IPv6addr",
        }
    }

    /// The addresses of a call in Heartbeat's form.
    ///
    /// # Errors
    /// What is wrong with the first that cannot be read.
    pub fn specs(self, words: &[String]) -> Result<Vec<Spec>, SpecError> {
        let read = |word: &String| {
            let spec: Spec = word.parse()?;
            match self {
                Called::Ipv6addr if spec.address.is_ipv4() => Err(SpecError::NotV6(spec.address)),
                Called::Own | Called::Ipaddr | Called::Ipaddr2 | Called::Ipv6addr => Ok(spec),
            }
        };
        words.iter().map(read).collect()
    }

    /// How addresses are announced in that form. Who calls one of the other
    /// names has nobody who announces them again later.
    pub fn manner(self) -> Manner {
        match self {
            Called::Own => Manner::default(),
            Called::Ipaddr | Called::Ipaddr2 | Called::Ipv6addr => {
                Manner { rounds: parameters::ROUNDS, ..Manner::default() }
            }
        }
    }

    /// The line of `status`. By a name of others it has their words alone: these
    /// are for one address.
    pub fn status(self, address: IpAddr, code: Code) -> String {
        let word = match code {
            Code::Success => "running",
            Code::NotRunning => "stopped",
            Code::Generic
            | Code::Args
            | Code::Unimplemented
            | Code::Permission
            | Code::Installed
            | Code::Configured => "failed",
        };
        match self {
            Called::Own => format!("{address} {word}"),
            Called::Ipaddr | Called::Ipaddr2 | Called::Ipv6addr => word.to_owned(),
        }
    }

    /// The name of OCF's parameter for the address.
    pub fn address(self) -> &'static str {
        match self {
            Called::Own | Called::Ipaddr | Called::Ipaddr2 => "ip",
            Called::Ipv6addr => "ipv6addr",
        }
    }
}

#[cfg(test)]
mod tests;

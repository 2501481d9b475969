//! Why an action on an address failed, in words and as OCF's exit status.

use std::fmt;
use std::io;
use std::time::Duration;

use nix::errno::Errno;

use crate::address::SpecError;
use crate::floating::Ailment;
use crate::interface::Unfit;
use crate::netlink::NetlinkError;
use crate::ocf::Code;
use crate::route::NoPlace;

/// Why an action failed.
#[derive(Debug)]
pub enum AgentError {
    /// The kernel could not be asked or refused; what was asked of it.
    Kernel(String, NetlinkError),
    /// The kernel does not tell of changes.
    Watch(NetlinkError),
    /// What has to be waited for cannot be.
    Wait(io::Error),
    /// No packet socket, or nothing could be sent.
    Announce(io::Error),
    /// The neighbours cannot be asked who has an address.
    Ask(io::Error),
    /// Another machine has the address, or it could not be told; in words.
    Used(String),
    /// The host has no such interface.
    NoInterface(String),
    /// No clear place for the address; the interfaces that stand to choose
    /// from.
    NoPlace(NoPlace, Vec<String>),
    /// The interface is known, but no connected network on it.
    NoBits(String, NoPlace),
    /// Its label does not fit.
    Label(SpecError),
    /// The address would not work on this interface.
    Unfit(Unfit),
    /// The kernel does not use the address.
    Ailment(Ailment),
    /// The address is there, but not as it was asked for.
    Other(String),
    /// Its lifetime ended, somebody removed it, or its interface went, while it
    /// was waited for.
    Vanished,
    /// IPv6 is switched off on the interface.
    NoV6(String),
    /// The lease has ended.
    Late(Duration),
    /// The address is not there.
    NotThere,
    /// It is not there, and the interface that it was asked for on neither.
    Gone(String),
    /// The address is there, but not as it was asked for.
    NotAsAsked(String),
}

impl fmt::Display for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AgentError::Kernel(what, error) => write!(f, "{what}: {error}"),
            AgentError::Watch(error) => write!(f, "hearing of changes: {error}"),
            AgentError::Wait(error) => write!(f, "waiting: {error}"),
            AgentError::Announce(error) => write!(f, "announcing it: {error}"),
            AgentError::Ask(error) => write!(f, "asking who has it: {error}"),
            AgentError::Used(why) => f.write_str(why),
            AgentError::NoInterface(name) => write!(f, "there is no interface {name}"),
            AgentError::NoPlace(why, names) if names.is_empty() => write!(f, "{why}: name the interface"),
            AgentError::NoPlace(why, names) => write!(f, "{why}: name the interface ({})", names.join(", ")),
            AgentError::NoBits(name, why) => write!(f, "on {name}, {why}: name the prefix length"),
            AgentError::Label(error) => error.fmt(f),
            AgentError::Unfit(why) => why.fmt(f),
            AgentError::Ailment(why) => why.fmt(f),
            AgentError::Other(place) => write!(f, "it is already there, as {place}: no second copy is added"),
            AgentError::Vanished => f.write_str("it has gone before duplicate address detection had ended"),
            AgentError::NoV6(name) => write!(f, "IPv6 is disabled on {name}"),
            AgentError::Late(by) => write!(f, "the lease ended {} s ago", crate::time::seconds(*by)),
            AgentError::Gone(name) => write!(f, "the address is not there, and interface {name} neither"),
            AgentError::NotThere => f.write_str("the address is not there"),
            AgentError::NotAsAsked(place) => write!(f, "it is there, but as {place}"),
        }
    }
}

impl std::error::Error for AgentError {}

impl AgentError {
    /// OCF's code for it.
    pub fn code(&self) -> Code {
        match self {
            AgentError::Kernel(_, error) => match error.errno() {
                Some(Errno::EPERM | Errno::EACCES) => Code::Permission,
                _ => Code::Generic,
            },
            AgentError::Announce(error) | AgentError::Ask(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EPERM | Errno::EACCES) => Code::Permission,
                Some(Errno::EAFNOSUPPORT) => Code::Installed,
                _ => Code::Generic,
            },
            AgentError::NoInterface(_) | AgentError::Label(_) => Code::Configured,
            AgentError::NotThere | AgentError::Gone(_) | AgentError::NotAsAsked(_) => Code::NotRunning,
            AgentError::NoPlace(..)
            | AgentError::NoBits(..)
            | AgentError::Unfit(_)
            | AgentError::Ailment(_)
            | AgentError::Other(_)
            | AgentError::Used(_)
            | AgentError::Vanished
            | AgentError::NoV6(_)
            | AgentError::Watch(_)
            | AgentError::Wait(_)
            | AgentError::Late(_) => Code::Generic,
        }
    }
}

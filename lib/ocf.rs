//! The words of the Open Cluster Framework's resource agents (OCF Resource
//! Agent API 1.1): actions, exit statuses, the reason of a failure.

use std::fmt;
use std::io;
use std::str::FromStr;

/// The exit status of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// 0: done, or running.
    Success,
    /// 1: failed.
    Generic,
    /// 2: called wrongly, or wrong for this host.
    Args,
    /// 3: no such action.
    Unimplemented,
    /// 4: not permitted.
    Permission,
    /// 5: something needed is not installed.
    Installed,
    /// 6: wrongly configured, on any host.
    Configured,
    /// 7: not running, and cleanly so.
    NotRunning,
}

impl Code {
    /// The number.
    pub fn number(self) -> u8 {
        match self {
            Code::Success => 0,
            Code::Generic => 1,
            Code::Args => 2,
            Code::Unimplemented => 3,
            Code::Permission => 4,
            Code::Installed => 5,
            Code::Configured => 6,
            Code::NotRunning => 7,
        }
    }
}

/// What an agent is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Bring it up.
    Start,
    /// Take it away.
    Stop,
    /// Does it work?
    Monitor,
    /// The same, with a word on standard output (Heartbeat).
    Status,
    /// Prolong the lease of what is there.
    Renew,
    /// Tell the neighbours again.
    Announce,
    /// Stay, and keep it up for as long as its lease is renewed.
    Hold,
    /// Could it be brought up here?
    ValidateAll,
    /// Describe the agent.
    MetaData,
    /// Say how the agent is called.
    Usage,
}

impl Action {
    /// All actions and their words.
    pub const ALL: [(&'static str, Action); 10] = [
        ("start", Action::Start),
        ("stop", Action::Stop),
        ("monitor", Action::Monitor),
        ("status", Action::Status),
        ("renew", Action::Renew),
        ("announce", Action::Announce),
        ("hold", Action::Hold),
        ("validate-all", Action::ValidateAll),
        ("meta-data", Action::MetaData),
        ("usage", Action::Usage),
    ];

    /// Whether it asks, and changes nothing.
    pub fn asks(self) -> bool {
        matches!(self, Action::Monitor | Action::Status)
    }

    /// What usage prints of an agent with this name: the actions.
    pub fn usage(name: &str) -> String {
        let words: Vec<&str> = Action::ALL.iter().map(|(word, _)| *word).collect();
        format!("usage: {name} [ADDR[/BITS[/IFACE[:LABEL]][/BROADCAST]]...] {{{}}}", words.join("|"))
    }

    /// The answer where the place of an address that was named is not there, or
    /// may not be entered. `recurring` is the monitoring of what was started.
    pub fn without_place(self, why: io::ErrorKind, recurring: bool) -> Code {
        match why {
            io::ErrorKind::PermissionDenied => Code::Permission,
            io::ErrorKind::NotFound if self == Action::Stop => Code::Success,
            io::ErrorKind::NotFound if !self.asks() => Code::Installed,
            io::ErrorKind::NotFound if !recurring => Code::NotRunning,
            _ => Code::Generic,
        }
    }
}

/// A word that is no action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownAction(String);

impl fmt::Display for UnknownAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(60).flat_map(char::escape_default).collect();
        write!(f, "'{shown}' is no action: one of")?;
        Action::ALL.iter().try_for_each(|(word, _)| write!(f, " {word}"))
    }
}

impl std::error::Error for UnknownAction {}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Action, UnknownAction> {
        let known = Action::ALL.iter().find(|(word, _)| *word == text);
        known.map(|(_, action)| *action).ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

/// The line on standard error by which a cluster manager shows its user why an
/// action failed. A reason of several lines becomes one.
pub fn exit_reason(why: &dyn fmt::Display) -> String {
    format!("ocf-exit-reason:{}", why.to_string().replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests;

//! How groups go from one living node to the other: Heartbeat's standby, a
//! conversation of four messages. `rsc_hold` in each is from the point of view of
//! the node that gives.
//!
//! ```text
//!   who gives                                 who takes
//!   asked      -- ask_resources me    -->     not
//!              <-- ask_resources other --     accepted
//!   releasing  (stops)
//!   released   -- ask_resources done  -->     acquiring (starts)
//!   not        <-- ask_resources done --      not
//! ```
//!
//! Who gives says `done` when all has stopped, however long that takes.

use std::time::Duration;

use crate::time::Time;

use super::share::Share;

/// How long an answer to `me` is waited for, as in Heartbeat.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// How long the rest may take, as in Heartbeat: scripts run in it.
pub(super) const EXCHANGE: Duration = Duration::from_secs(3600);

/// An answer that comes late is from a node that waits for an hour: it is taken
/// for so long.
pub(super) const LATE: Duration = Duration::from_secs(60);

/// Where this node is in the conversation. Shares are those that are given, in
/// the giver's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standby {
    /// In none. What was asked in vain, and when that was.
    Not,
    /// This node wants to give, and has asked at this time.
    Asked(Share, Time),
    /// It was asked in vain.
    Unanswered(Share, Time),
    /// This node stops what it gives.
    Releasing(Share),
    /// It has stopped, and the other starts since then.
    Released(Share, Time),
    /// The other wants to give, and stops since then.
    Accepted(Share, Time),
    /// This node starts what it was given.
    Acquiring(Share),
}

impl Standby {
    /// Whether nothing is going on.
    pub(super) fn is_idle(self) -> bool {
        match self {
            Standby::Not | Standby::Unanswered(..) => true,
            Standby::Asked(..)
            | Standby::Releasing(_)
            | Standby::Released(..)
            | Standby::Accepted(..)
            | Standby::Acquiring(_) => false,
        }
    }

    /// Whether the other node knows that something is going on.
    pub(super) fn is_agreed(self) -> bool {
        match self {
            Standby::Not | Standby::Unanswered(..) | Standby::Asked(..) => false,
            Standby::Releasing(_) | Standby::Released(..) | Standby::Accepted(..) | Standby::Acquiring(_) => true,
        }
    }
}

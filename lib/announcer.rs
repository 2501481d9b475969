//! The rounds of a schedule, carried out: addresses are announced as long as
//! this host has them.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::edge;
use crate::gratuitous::Announcement;
use crate::outlet::{OutletError, Outlets};
use crate::rawsock::FrameSocket;
use crate::schedule::Plan;

/// How old what was read of this host's addresses may be.
const STALE: Duration = Duration::from_millis(20);

/// Why the rounds ended early.
#[derive(Debug)]
pub enum AnnouncerError {
    /// The addresses of this host could not be read.
    Outlet(OutletError),
    /// An announcement could not be sent.
    Send(IpAddr, io::Error),
}

impl std::fmt::Display for AnnouncerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AnnouncerError::Outlet(error) => error.fmt(f),
            AnnouncerError::Send(address, error) => write!(f, "{address}: {error}"),
        }
    }
}

impl std::error::Error for AnnouncerError {}

/// Sends all announcements in each round of `plan`. An address that leaves this
/// host meanwhile is not announced any more, which would take it away from
/// whoever has it, unless `even_if_absent`; `left` is told of it once. Whether
/// all of them stayed.
///
/// # Errors
/// An announcement could not be sent, or the kernel not be asked.
pub fn announce(
    announcements: &[Announcement],
    mut plan: Plan,
    even_if_absent: bool,
    outlets: &mut Outlets,
    socket: &FrameSocket,
    mut left: impl FnMut(IpAddr),
) -> Result<bool, AnnouncerError> {
    let mut looked = edge::now();
    let mut gone = BTreeSet::new();
    let mut round = 0;
    while announcements.iter().any(|announcement| !gone.contains(&announcement.address)) {
        let Some(begin) = plan.due(round) else { break };
        edge::wait_until(begin);
        for announcement in announcements {
            let address = announcement.address;
            let Some(due) = plan.due(round).filter(|_| !gone.contains(&address)) else { continue };
            edge::wait_until(due);
            if edge::now() >= looked + STALE {
                looked = edge::now();
                outlets.look_again();
            }
            if !even_if_absent && !outlets.holds(address).map_err(AnnouncerError::Outlet)? {
                left(address);
                gone.insert(address);
                continue;
            }
            socket.announce(announcement).map_err(|error| AnnouncerError::Send(address, error))?;
            plan.sent(due, edge::now());
        }
        round += 1;
    }
    Ok(gone.is_empty())
}

//! When a datagram came, and on which of several media that share a socket.

use std::net::IpAddr;

use crate::medium::Medium;
use crate::time::Time;

/// The arrival on the boot clock: the kernel's stamp (wall time in microseconds)
/// less the present distance of the clocks. A step of the wall clock between
/// stamp and reading moves that; so the answer is held between `earliest`, when
/// the socket was last known to be empty, and the present.
pub fn time(stamp: Option<i64>, wall_offset: i64, earliest: Time, now: Time) -> Time {
    let Some(stamp) = stamp else { return now };
    let micros = u64::try_from(stamp.saturating_sub(wall_offset)).unwrap_or(0);
    Time::from_micros(micros).max(earliest).min(now)
}

/// How a datagram was addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To an address of ours.
    Unicast,
    /// To everybody on the network.
    Broadcast,
    /// To a group.
    Multicast(IpAddr),
    /// The kernel did not say.
    Unknown,
}

/// Which of the media of one socket a datagram came on: the one that is
/// addressed so, of several the one whose peer is the sender. What fits none is
/// credited to the first, as Heartbeat takes everything that reaches its port.
pub fn medium(media: &[(usize, Medium)], destination: Destination, source: Option<IpAddr>) -> Option<usize> {
    let fits = |medium: &Medium| match (medium, destination) {
        (Medium::Bcast { .. }, Destination::Broadcast) | (Medium::Ucast { .. }, Destination::Unicast) => true,
        (Medium::Mcast { group, .. }, Destination::Multicast(to)) => *group == to,
        (
            Medium::Bcast { .. } | Medium::Ucast { .. } | Medium::Mcast { .. } | Medium::Serial { .. },
            Destination::Unicast | Destination::Broadcast | Destination::Multicast(_) | Destination::Unknown,
        ) => false,
    };
    let is_sender = |medium: &Medium| match medium {
        Medium::Ucast { address, .. } => Some(*address) == source,
        Medium::Bcast { .. } | Medium::Mcast { .. } | Medium::Serial { .. } => false,
    };
    let fitting = || media.iter().filter(|(_, medium)| fits(medium));
    let best = fitting().find(|(_, medium)| is_sender(medium)).or_else(|| fitting().next());
    best.or_else(|| media.first()).map(|(number, _)| *number)
}

#[cfg(test)]
mod tests;

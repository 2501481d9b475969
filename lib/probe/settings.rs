//! Whom to ask, and how.

use std::net::IpAddr;
use std::time::Duration;

use super::steady::Rules;
use super::tally::Kept;
use crate::ha_cf::PingTarget;

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As it was written.
    pub name: String,
    /// Where it is.
    pub address: IpAddr,
    /// The group that it belongs to.
    pub group: Option<String>,
}

impl Target {
    /// What a ping, ping6 or ping_group directive names: one target, or those of
    /// a group.
    pub fn of(node: &PingTarget) -> Vec<Target> {
        let single = node.addresses.iter().any(|address| node.name.parse() == Ok(*address));
        let group = (!single).then(|| node.name.clone());
        let target = |address: &IpAddr| Target {
            name: if single { node.name.clone() } else { address.to_string() },
            address: *address,
            group: group.clone(),
        };
        node.addresses.iter().map(target).collect()
    }

    /// The address, where the name is another word.
    pub fn address_beside_name(&self) -> Option<String> {
        let address = self.address.to_string();
        (address != self.name).then_some(address)
    }
}

/// The longest interval that a ping node is asked at for not being told dead sooner.
const SELDOM: Duration = Duration::from_millis(250);

/// At what interval the ping nodes of ha.cf are asked, and how long an answer may take
/// at most: each keepalive, but not more than four times in deadping unless that is
/// longer than a second; and what was asked first after an answer that was the last is
/// known to be lost when deadping is over.
pub fn rhythm(keepalive: Duration, deadping: Duration) -> (Duration, Duration) {
    let interval = keepalive.max(SELDOM.min(deadping / 4));
    (interval, deadping.saturating_sub(interval).max(interval))
}

/// How to ask.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Between two probes of one target.
    pub interval: Duration,
    /// An answer after this is late.
    pub timeout: Duration,
    /// Probes for each target; none: without end.
    pub count: Option<u64>,
    /// The end of everything, from the start.
    pub deadline: Option<Duration>,
    /// Between any two probes.
    pub gap: Duration,
    /// A record for each probe, instead of one for each target at its end.
    pub stream: bool,
    /// In a stream only changes, and every [`REPEAT`](super::REPEAT) what is
    /// known.
    pub quiet: bool,
    /// When the answers of a stream change a state.
    pub rules: Rules,
    /// What is kept for [`Prober::tallies`](super::Prober::tallies).
    pub tally: Kept,
    /// Keep notes of answers that came twice and of ICMP errors.
    pub notes: bool,
    /// How often a target that has not answered is asked again, at the end of
    /// each time-out. For one probe of each target, without a stream.
    pub retries: u32,
    /// Each further time-out is so many times as long, in hundredths.
    pub backoff: u32,
    /// So many members of a group must answer.
    pub need: usize,
    /// What makes our echoes ours: random.
    pub key: [u8; 16],
}

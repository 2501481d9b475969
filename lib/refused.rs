//! Counts what was refused, and says it at a bounded rate: a flood of bad
//! datagrams must not become a flood of lines.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::time::Time;

/// Why a datagram was refused, in the words of the record `bad`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No message, or one without what every message needs.
    Parse,
    /// A wrong digest, or a crc where only secrets count.
    Auth,
    /// A key that we do not have.
    UnknownKey,
    /// A node that is none of ours.
    UnknownNode,
    /// Heard before on this medium, or from an earlier generation.
    Replay,
    /// Our own name from somebody else.
    Own,
    /// Longer than a message can be.
    Oversize,
    /// Dropped by the kernel, because we read too slowly.
    Overflow,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Parse => "parse",
            Reason::Auth => "auth",
            Reason::UnknownKey => "unknown-key",
            Reason::UnknownNode => "unknown-node",
            Reason::Replay => "replay",
            Reason::Own => "own",
            Reason::Oversize => "oversize",
            Reason::Overflow => "overflow",
        })
    }
}

/// At most one report in this time for each reason and medium.
pub const PAUSE: Duration = Duration::from_secs(1);

/// Something to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Report {
    /// Why.
    pub reason: Reason,
    /// The number of the medium.
    pub medium: usize,
    /// How many since the last report.
    pub count: u64,
    /// Where the latest of them came from.
    pub peer: Option<SocketAddr>,
}

/// The counts that have not been said, by reason and medium. Reasons and media
/// are few: nothing here grows with what others send.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<(Reason, usize), Count>,
}

#[derive(Clone, Debug)]
struct Count {
    waiting: u64,
    said: Time,
    peer: Option<SocketAddr>,
}

impl Tally {
    /// Nothing refused.
    pub fn new() -> Tally {
        Tally::default()
    }

    /// Counts `number` refusals. The first is to be said at once.
    pub fn count(
        &mut self,
        now: Time,
        reason: Reason,
        medium: usize,
        number: u64,
        peer: Option<SocketAddr>,
    ) -> Option<Report> {
        let is_first = !self.counts.contains_key(&(reason, medium));
        let count = self.counts.entry((reason, medium)).or_insert(Count { waiting: 0, said: now, peer });
        count.waiting = count.waiting.saturating_add(number);
        count.peer = peer;
        if is_first || now.since(count.said) >= PAUSE { Some(count.say(now, reason, medium)) } else { None }
    }

    /// What has waited long enough to be said.
    pub fn due(&mut self, now: Time) -> Vec<Report> {
        let ripe = self.counts.iter_mut().filter(|(_, count)| count.waiting > 0 && now.since(count.said) >= PAUSE);
        ripe.map(|((reason, medium), count)| count.say(now, *reason, *medium)).collect()
    }
}

impl Count {
    fn say(&mut self, now: Time, reason: Reason, medium: usize) -> Report {
        self.said = now;
        Report { reason, medium, count: std::mem::take(&mut self.waiting), peer: self.peer }
    }
}

#[cfg(test)]
mod tests;

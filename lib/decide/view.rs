//! What a decision looks at beside the group itself.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ha_cf::Quorum;
use crate::time::Time;

use super::Settings;
use super::connectivity::Connectivity;
use super::fencing::{Fencing, Standing};
use super::maintenance::Maintenance;
use super::peer::{Knowledge, Peer};
use super::permit::Voting;

/// Records of other tools may be this far ahead of the last tick, or a
/// keepalive where that is longer.
pub(super) const AHEAD: Duration = Duration::from_secs(1);

/// What a group's decision looks at beside the group itself.
#[derive(Debug)]
pub(super) struct View {
    pub(super) settings: Settings,
    pub(super) peers: BTreeMap<String, Peer>,
    pub(super) voting: Voting,
    pub(super) connectivity: Connectivity,
    pub(super) fencing: Fencing,
    /// How many times something else became known of a peer.
    pub(super) changes: u64,
    pub(super) now: Time,
    pub(super) abstains_until: Time,
    pub(super) maintenance: Maintenance,
    pub(super) stalled: bool,
    pub(super) leaving: bool,
}

impl View {
    /// Whether a record of another tool may be of this time: ticks are rarer.
    pub(super) fn is_plausible(&self, time: Time) -> bool {
        time <= self.now + AHEAD.max(self.settings.keepalive)
    }

    /// Whether a person asked another node to give the group away.
    pub(super) fn is_given(&self, group: &str) -> bool {
        self.peers.iter().any(|(name, peer)| peer.is_heard() && self.maintenance.gives(name, group))
    }

    /// Why nothing is started by itself, while a node is in maintenance.
    pub(super) fn maintenance_of(&self) -> Option<String> {
        let (node, until) = self.maintenance.longest(self.now)?;
        match self.peers.get(node) {
            Some(peer) if peer.is_dead() || peer.has_left() => {
                Some(format!("{node} has gone in maintenance, which lasts until {until}; ask maintenance off ends it"))
            }
            Some(_) => Some(format!("{node} is in maintenance")),
            None => Some("this node is in maintenance".to_owned()),
        }
    }

    /// How long a request of a person may take before somebody begins to carry
    /// it out: until every vote that stands against it has expired, twice.
    pub(super) fn patience(&self) -> Duration {
        self.voting.terms.vote * 2
    }

    /// What this node is when it decides over another.
    pub(super) fn standing(&self) -> Standing {
        let heard = 1 + self.peers.values().filter(|peer| peer.is_heard()).count();
        let quorum = match self.settings.quorum {
            Quorum::Alive => true,
            Quorum::Majority => heard * 2 > self.peers.len() + 1,
        };
        let able = !self.stalled && !self.leaving && !self.maintenance.is_on(self.now);
        Standing { now: self.now, able, quorum }
    }

    /// Until when this node may hold a group, if it may.
    pub(super) fn permit(&self, group: &str, holding: bool) -> Option<Time> {
        self.voting.until(group, &self.settings.own, &self.peers, self.now, holding)
    }

    /// Gives our vote to ourselves; whether it was free.
    pub(super) fn vote_for_us(&mut self, group: &str) -> bool {
        self.voting.vote_for_us(group, &self.settings.own, self.now)
    }

    /// Whether this node may vote for `asker`. A voter that has restarted does
    /// not know what it has promised to others: it abstains for as long as a
    /// vote lasts, unless every other voter has heard this life of it, and says
    /// that it neither has the group nor asks for it.
    pub(super) fn may_vote(&self, group: &str, asker: &str) -> bool {
        self.now >= self.abstains_until
            || self.peers.iter().filter(|(name, _)| *name != asker).all(|(_, peer)| match peer.knowledge(group) {
                Knowledge::Says(part) => peer.is_proven() && !part.held.may_hold() && !part.held.asks(),
                Knowledge::Unknown | Knowledge::Gone => false,
            })
    }
}

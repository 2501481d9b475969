//! What a node may take, and for how long: the votes that it needs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ha_cf::Quorum;
use crate::time::Time;
use crate::votes::{Book, Leases, Terms};

use super::peer::Peer;

/// The votes of this node, given and got.
#[derive(Debug)]
pub(super) struct Voting {
    pub(super) quorum: Quorum,
    pub(super) terms: Terms,
    /// What a voter that has come back to life is given to vote.
    grace: Duration,
    pub(super) book: Book,
    pub(super) leases: Leases,
}

impl Voting {
    pub(super) fn new(quorum: Quorum, terms: Terms) -> Voting {
        Voting { quorum, terms, grace: terms.lease / 2, book: Book::new(terms), leases: Leases::new(terms) }
    }

    /// Votes for ourselves, and says whether the vote was free.
    pub(super) fn vote_for_us(&mut self, group: &str, own: &str, now: Time) -> bool {
        let Some(incarnation) = self.leases.incarnation().map(str::to_owned) else { return false };
        let sequence = self.leases.last();
        let free = self.book.ask(group, own, &incarnation, sequence, now);
        if free {
            self.leases.begin(group);
        }
        free
    }

    /// Until when this node may hold the group, if it may. While it holds it, a
    /// voter that has come back to life is given time to vote.
    pub(super) fn until(
        &self,
        group: &str,
        own: &str,
        peers: &BTreeMap<String, Peer>,
        now: Time,
        holding: bool,
    ) -> Option<Time> {
        let ours = self.leases.own().filter(|_| self.book.holder(group, now) == Some(own));
        let until = match self.quorum {
            Quorum::Alive => {
                let living = peers.iter().filter(|(_, peer)| !peer.is_dead() && !peer.has_left());
                let votes = living.map(|(name, peer)| {
                    let grace = peer.lives_since().filter(|_| holding).map(|since| since + self.grace);
                    self.leases.until(group, name).max(grace)
                });
                votes.fold(ours, |until, vote| Some(until?.min(vote?)))
            }
            Quorum::Majority => {
                let theirs = peers.keys().filter_map(|name| self.leases.until(group, name));
                let mut votes: Vec<Time> = theirs.chain(ours).collect();
                votes.sort_unstable_by(|a, b| b.cmp(a));
                let voters = peers.len() + 1;
                votes.get(voters / 2).copied()
            }
        };
        until.filter(|until| now < *until)
    }
}

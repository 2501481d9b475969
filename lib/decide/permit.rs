//! What a node may take, and for how long: the votes that it needs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ha_cf::{self, Quorum};
use crate::time::Time;
use crate::votes::{Book, Leases, Terms};

use super::peer::Peer;

/// The votes of this node, given and got.
#[derive(Debug)]
pub(super) struct Voting {
    quorum: Quorum,
    keepalive: Duration,
    pub(super) terms: Terms,
    pub(super) book: Book,
    pub(super) leases: Leases,
    /// By group: the end of a lease that an earlier life of this process got.
    inherited: BTreeMap<String, Time>,
    ticked: Option<Time>,
    /// The end of our last pause: what was heard before it says nothing of the
    /// silence since.
    listening_from: Time,
}

impl Voting {
    pub(super) fn new(quorum: Quorum, deadtime: Duration, keepalive: Duration) -> Voting {
        let terms = Terms::new(deadtime);
        Voting {
            quorum,
            keepalive,
            terms,
            book: Book::new(terms),
            leases: Leases::new(terms),
            inherited: BTreeMap::new(),
            ticked: None,
            listening_from: Time::ZERO,
        }
    }

    /// Time flows. A gap of half of deadtime is a pause, as it is for hb-judge.
    pub(super) fn tick(&mut self, now: Time) {
        if self.ticked.is_some_and(|before| now.since(before) >= self.terms.lease / 2) {
            self.listening_from = now;
        }
        self.ticked = Some(now);
    }

    /// Takes over a lease that an earlier life of this process got, in this life of
    /// the node. Our own vote is ours for as long at least: see [`super::inherit`].
    pub(super) fn inherit(&mut self, group: &str, own: &str, incarnation: &str, until: Time) {
        self.book.keep(group, own, incarnation, until);
        self.inherited.insert(group.to_owned(), until);
    }

    /// The end of a lease that was inherited, while the group is held.
    pub(super) fn inherited(&self, group: &str) -> Option<Time> {
        self.inherited.get(group).copied()
    }

    /// What was inherited is none.
    pub(super) fn disinherit(&mut self, group: &str) {
        self.inherited.remove(group);
    }

    /// The group is neither asked for nor held: no vote for it counts, and ours is
    /// free.
    pub(super) fn give_back(&mut self, group: &str, own: &str) {
        self.book.release(group, own);
        self.leases.end(group);
        self.disinherit(group);
    }

    /// Whether a group is held by an inherited lease alone.
    pub(super) fn is_heir(&self) -> bool {
        self.inherited.keys().any(|group| !self.leases.has_votes(group))
    }

    /// When this node began to listen again after its last pause.
    pub(super) fn listening_from(&self) -> Time {
        self.listening_from
    }

    /// Votes for ourselves, and says whether the vote was free.
    pub(super) fn vote_for_us(&mut self, group: &str, own: &str, now: Time) -> bool {
        let Some(incarnation) = self.leases.incarnation() else { return false };
        let free = self.book.ask(group, own, incarnation, self.leases.last(), now);
        if free {
            self.leases.begin(group, now);
        }
        free
    }

    /// Until when this node may hold the group, if it may. While it holds it, a
    /// voter that has come back to life is given time to vote, one that has fallen
    /// silent is not waited for, and one that was dead and has not proved since
    /// that it hears us is none: it may be a recording.
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
                let voters = living.filter(|(_, peer)| !holding || self.is_counted(peer, group, own, now));
                let votes = voters.map(|(name, peer)| {
                    let back = peer.back_since().filter(|_| holding).map(|since| since + self.grace());
                    self.leases.until(group, name).max(back)
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
        until.max(self.inherited(group).filter(|_| holding)).filter(|until| now < *until)
    }

    /// Whether a holder needs the vote of a living peer.
    fn is_counted(&self, peer: &Peer, group: &str, own: &str, now: Time) -> bool {
        peer.hears_us() && !self.has_fallen_silent(peer, group, own, now)
    }

    /// What a voter that has come back to life is given to vote: time for a
    /// heartbeat each way.
    fn grace(&self) -> Duration {
        (self.terms.lease / 2).max(self.keepalive * 2)
    }

    /// Whether a voter heard us well when it was heard last, and nothing came
    /// since: it is dying, or both directions are cut. Its last vote ends before
    /// it can be declared dead; a holder goes on meanwhile. A voter that goes on
    /// to be heard, and names no newer message of ours, does not hear us: there,
    /// only the vote counts.
    fn has_fallen_silent(&self, peer: &Peer, group: &str, own: &str, now: Time) -> bool {
        let Some((said, heard)) = peer.said().zip(peer.heard()) else { return false };
        let vote = said.votes.0.get(group).filter(|vote| said.proven && vote.holder == own);
        let Some(asked) = vote.and_then(|vote| self.leases.asked_at(vote)) else { return false };
        let beat = self.keepalive * 3 / 2;
        let silent = now.since(heard.at);
        let was_well = heard.at >= self.listening_from && heard.at.since(asked) <= beat;
        // The verdict comes with a tick; where none comes, the vote counts again.
        was_well && silent >= beat.min(self.terms.lease / 2) && silent < self.terms.lease * 3 / 2
    }

    /// A lease that has grown by less is not worth a renewal: what is installed
    /// must last until a voter counts as silent and the address is renewed
    /// without it.
    pub(super) fn renewal(&self) -> Duration {
        let deadtime = self.terms.lease;
        let rounded = if deadtime < ha_cf::kernel_deadtime(self.keepalive) { Duration::ZERO } else { ha_cf::ROUNDED };
        let spare = deadtime.saturating_sub(rounded + self.keepalive * 13 / 4);
        spare.min(deadtime / 4).max(self.keepalive / 2)
    }
}

//! Which of the nodes that could serve a group comes first.

use std::cmp::Reverse;

use crate::announce::{Held, Stance};

use super::group::Group;
use super::peer::{Knowledge, Peer};
use super::{Settings, View};

/// The place of a node among those that could serve: stance first, then the
/// preferred node, then the order of the configuration.
type Rank = (Stance, bool, Reverse<usize>);

impl Group {
    pub(super) fn stance(&self, view: &View) -> Stance {
        if view.leaving || self.wish.is_standby() || self.failing || self.held == Held::Failed {
            Stance::No
        } else if self.wish.is_takeover() {
            Stance::Claim
        } else if view.connectivity.is_behind(&self.name, self.held.may_hold(), &view.peers, view.now) {
            Stance::Poor
        } else if view.settings.policy.auto_failback
            && !self.yielded
            && self.preferred == view.settings.own
            && view.connectivity.may_want(&self.name, &view.peers)
        {
            Stance::Want
        } else {
            Stance::Can
        }
    }

    /// Whether a peer with this stance comes before this node, whose stance is
    /// `own`. Both find the same: where the configurations differ, preferred node
    /// and order may too, and the names decide instead.
    pub(super) fn is_outranked(&self, name: &str, stance: Stance, own: Stance, view: &View) -> bool {
        let settings = &view.settings;
        if view.peers.get(name).is_some_and(Peer::has_other_configuration) {
            return (stance, Reverse(name)) > (own, Reverse(settings.own.as_str()));
        }
        self.rank(name, stance, settings) > self.rank(&settings.own, own, settings)
    }

    fn rank(&self, node: &str, stance: Stance, settings: &Settings) -> Rank {
        let place = settings.nodes.iter().position(|name| name == node).unwrap_or(usize::MAX);
        (stance, self.preferred == node, Reverse(place))
    }

    /// A node that is ready, does not have it, and wants it more.
    pub(super) fn hand_over(&mut self, view: &View) -> Option<String> {
        let own = self.stance(view);
        let (name, stance) = view.peers.iter().find_map(|(name, peer)| match peer.knowledge(&self.name) {
            Knowledge::Says(part) if peer.is_ready() && !part.held.may_hold() && part.stance > own => {
                Some((name, part.stance))
            }
            Knowledge::Says(_) | Knowledge::Unknown | Knowledge::Gone => None,
        })?;
        if stance == Stance::Claim {
            self.yielded = true;
            Some(format!("a person asked for it on {name}"))
        } else if own == Stance::Poor {
            Some(format!("{name} has better connectivity: {}", view.connectivity.compared(name, &view.peers)))
        } else {
            Some(format!("{name} is back and is preferred"))
        }
    }
}

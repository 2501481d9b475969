//! Which of the nodes that could serve a group comes first.

use std::cmp::Reverse;

use crate::announce::{Held, Stance};
use crate::time::seconds;

use super::group::Group;
use super::peer::{Knowledge, Peer};
use super::{Settings, View};

/// The place of a node among those that could serve: stance first, then the
/// preferred node, then the order of the configuration.
type Rank = (Stance, bool, Reverse<usize>);

/// Whether a group that is served here goes to another node by choice, and why.
pub(super) enum Move {
    Stays(String),
    /// As people want it, by request or by configuration.
    Goes(String),
    /// Nobody wants that; it counts as a change of hands.
    Driven(String),
}

impl Group {
    pub(super) fn stance(&self, view: &View) -> Stance {
        let is_sound = !self.failing && !self.was_failed && self.held != Held::Failed && !self.is_cut_off(view);
        if view.leaving || self.wish.is_standby() || !is_sound {
            Stance::No
        } else if self.wish.is_takeover() {
            Stance::Claim
        } else if view.connectivity.is_behind(&self.name, self.held.may_hold(), &view.peers, view.now) {
            Stance::Poor
        } else if self.wants_it_back(view) {
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

    /// Why a peer comes before this node, in words.
    pub(super) fn reason_for_rank(&self, name: &str, stance: Stance, own: Stance, view: &View) -> &'static str {
        let differs = view.peers.get(name).is_some_and(Peer::has_other_configuration);
        match stance {
            Stance::Claim if stance > own => "a person asked for it there",
            _ if own == Stance::No => "this node must not serve it, or cannot",
            _ if own == Stance::Poor && stance > own => "it reaches more ping nodes",
            Stance::Want if stance > own => "it is preferred, and auto_failback is on",
            _ if differs => "the configurations differ, and its name sorts first",
            _ if self.preferred == name => "it is preferred",
            _ => "it is named first in the configuration",
        }
    }

    fn rank(&self, node: &str, stance: Stance, settings: &Settings) -> Rank {
        let place = settings.nodes.iter().position(|name| name == node).unwrap_or(usize::MAX);
        (stance, self.preferred == node, Reverse(place))
    }

    /// Whether it goes home to this node by itself.
    fn is_home(&self, view: &View) -> bool {
        view.settings.policy.auto_failback && !self.yielded && self.preferred == view.settings.own
    }

    fn wants_it_back(&self, view: &View) -> bool {
        self.is_home(view)
            && !view.maintenance.is_on(view.now)
            && !self.failures.is_doubted()
            && self.carrier.fault().is_none()
            && !self.flaps.is_damped(view.now)
            && self.steady.is_over(view.settings.policy.failback_delay, view.now)
            && view.connectivity.may_want(&self.name, &view.peers)
    }

    /// This node is steady when it listens, the group is quiet, and it is known of
    /// every other node that it does not have the group, or that it is ready and
    /// hears us.
    pub(super) fn look_at_steadiness(&mut self, view: &View) {
        let fine = |peer: &Peer| match peer.knowledge(&self.name) {
            Knowledge::Unknown => false,
            Knowledge::Gone => true,
            Knowledge::Says(part) => !part.held.may_hold() || peer.is_ready(),
        };
        let steady = !view.stalled && !self.flaps.is_damped(view.now) && view.peers.values().all(fine);
        self.steady.look(steady, view.now);
    }

    /// Why it does not come home yet, as the end of a sentence.
    pub(super) fn failback_note(&self, view: &View) -> String {
        let delay = view.settings.policy.failback_delay;
        if !self.is_home(view) || self.wants_it_back(view) {
            String::new()
        } else if view.maintenance.is_on(view.now) {
            "; it does not come back in maintenance".to_owned()
        } else if self.failures.is_doubted() {
            "; it failed here and does not come back by itself".to_owned()
        } else if let Some(fault) = self.carrier.fault() {
            format!("; {fault} here")
        } else if let Some(until) = self.flaps.damped(view.now) {
            format!("; it changes hands too often to come back before {until}")
        } else if !view.connectivity.may_want(&self.name, &view.peers) {
            "; more ping nodes are reached there".to_owned()
        } else if let Some(from) = self.steady.from(delay) {
            format!("; it comes back from {from} on, if all stays well")
        } else {
            format!("; it comes back when all has been well for {} s", seconds(delay))
        }
    }

    /// Whether a node that is ready and does not have it wants it more.
    pub(super) fn hand_over(&mut self, view: &View) -> Move {
        let own = self.stance(view);
        let stays = || Move::Stays("it is served here".to_owned());
        let better = view.peers.iter().find_map(|(name, peer)| match peer.knowledge(&self.name) {
            Knowledge::Says(part) if peer.is_ready() && !part.held.may_hold() && part.stance > own => {
                Some((name, part.stance, peer.ready_since()))
            }
            Knowledge::Says(_) | Knowledge::Unknown | Knowledge::Gone => None,
        });
        let Some((name, stance, since)) = better else { return stays() };
        let delay = view.settings.policy.failback_delay;
        match stance {
            Stance::Claim => {
                self.yielded = true;
                Move::Goes(format!("a person asked for it on {name}"))
            }
            Stance::Poor | Stance::Can | Stance::Want if view.maintenance.is_on(view.now) => stays(),
            // All else for which a node must not serve has stopped it before.
            Stance::Poor | Stance::Can | Stance::Want if own == Stance::No => {
                let fault = self.carrier.fault().unwrap_or("this node cannot serve it");
                Move::Driven(format!("{fault}, and {name} can serve it"))
            }
            Stance::Poor | Stance::Can | Stance::Want if own == Stance::Poor => {
                let compared = view.connectivity.compared(name, &view.peers);
                Move::Driven(format!("{name} has better connectivity: {compared}"))
            }
            Stance::Want => {
                let from = since.map(|since| since + delay).filter(|from| !delay.is_zero() && view.now < *from);
                match (self.flaps.damped(view.now), from) {
                    (Some(until), _) => {
                        Move::Stays(format!("it changes hands too often to go back to {name} before {until}"))
                    }
                    (None, Some(from)) => {
                        Move::Stays(format!("{name} is back, and gets it when all is well until {from}"))
                    }
                    (None, None) => Move::Goes(format!("{name} is back and is preferred")),
                }
            }
            Stance::No | Stance::Poor | Stance::Can => stays(),
        }
    }
}

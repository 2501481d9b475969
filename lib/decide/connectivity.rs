//! Connectivity: how many ping nodes this node reaches, beside what its peers
//! announce of theirs.
//!
//! A node whose peer surely reaches more lowers its own stance towards the groups
//! that this peer could serve (`poor`), and what follows is the ordinary way of
//! stances: an owner hands over, a preferred node does not ask for its group back,
//! the better of two candidates comes first, and who is alone serves even so. An
//! owner does so only when the lead has lasted for the damping time: both lose a
//! shared switch a little apart, and that moves nothing. What is unknown is
//! neither a lead nor the lack of one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::announce::{Reach, Stance};
use crate::time::{Time, seconds};

use super::peer::{Knowledge, Peer};
use super::{Effect, Settings, why};

/// The most ping nodes that are counted.
const TARGETS: usize = 64;

/// Why a host could not ask a ping node, where that means that it has no way to
/// it: the words of ping-probe.
const NO_WAY: [&str; 5] =
    ["network-unreachable", "host-unreachable", "network-down", "no-interface", "no-source-address"];

/// What is known of a ping node or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Up,
    Down,
    Unknown,
}

/// How a peer's connectivity compares with ours.
#[derive(Debug, Default)]
struct Lead {
    /// How many more it reaches for certain, and since when it has without a
    /// break.
    now: Option<(u16, Time)>,
    /// When it was last seen to lead.
    last: Option<Time>,
    /// Since when it has asked for another number of ping nodes than we do, and
    /// whether that was said.
    differs: Option<(Time, bool)>,
}

/// This node's ping nodes, and the leads of its peers.
#[derive(Debug)]
pub(super) struct Connectivity {
    damping: Option<Duration>,
    targets: BTreeMap<String, Sight>,
    leads: BTreeMap<String, Lead>,
    /// By group: what was accepted when it was taken here.
    accepted: BTreeMap<String, Accepted>,
}

/// A group was taken here although a living peer led, since a person or that
/// peer wanted it so: a lead that is no greater does not count.
#[derive(Debug)]
struct Accepted {
    peer: String,
    lead: u16,
    /// Since when the lead has been greater.
    grown: Option<Time>,
}

impl Connectivity {
    /// Nothing is known of any ping node yet.
    pub(super) fn new(settings: &Settings) -> Connectivity {
        let targets = settings.policy.ping.iter().map(|name| (name.clone(), Sight::Unknown));
        Connectivity {
            damping: settings.policy.ping_damping.span(settings.deadtime),
            targets: targets.collect(),
            leads: BTreeMap::new(),
            accepted: BTreeMap::new(),
        }
    }

    /// Other ping nodes, or another time; what is known of those that stay is kept.
    pub(super) fn configure(&mut self, settings: &Settings) {
        self.damping = settings.policy.ping_damping.span(settings.deadtime);
        self.targets.retain(|name, _| settings.policy.ping.contains(name));
        for name in &settings.policy.ping {
            self.targets.entry(name.clone()).or_insert(Sight::Unknown);
        }
    }

    /// Takes the verdict on a ping node; `None` when the word is none.
    pub(super) fn see(&mut self, name: &str, state: &str, reason: Option<&str>) -> Option<()> {
        let sight = match state {
            "ping" => Sight::Up,
            "dead" => Sight::Down,
            "unknown" if reason.is_some_and(|reason| NO_WAY.contains(&reason)) => Sight::Down,
            "init" | "unknown" => Sight::Unknown,
            _ => return None,
        };
        if self.targets.contains_key(name) || self.targets.len() < TARGETS {
            self.targets.insert(name.to_owned(), sight);
        }
        Some(())
    }

    /// What this node reaches, if it asks anybody.
    pub(super) fn reach(&self) -> Option<Reach> {
        let count = |sight| u16::try_from(self.targets.values().filter(|seen| **seen == sight).count()).unwrap_or(0);
        let reach = Reach { up: count(Sight::Up), down: count(Sight::Down), unknown: count(Sight::Unknown) };
        (!self.targets.is_empty()).then_some(reach)
    }

    /// Compares with every peer. A lead counts while the peer is heard, active
    /// and no recording, and this node was not paused.
    pub(super) fn look(&mut self, peers: &BTreeMap<String, Peer>, stalled: bool, now: Time, effects: &mut Vec<Effect>) {
        let (Some(own), Some(damping)) = (self.reach(), self.damping) else { return };
        for (name, peer) in peers {
            let theirs = peer.reach().filter(|_| peer.is_ready() && !stalled);
            let lead = self.leads.entry(name.clone()).or_default();
            let before = lead.now;
            match theirs.and_then(|theirs| theirs.lead_over(own)) {
                Some(by) => {
                    lead.now = Some((by, before.map_or(now, |(_, since)| since)));
                    lead.last = Some(now);
                }
                None => lead.now = None,
            }
            match (before, lead.now, theirs) {
                (None, Some(_), Some(theirs)) => {
                    let text =
                        format!("{}; groups are better there if that lasts {} s", words(theirs, own), seconds(damping));
                    effects.push(why(now, name, "connectivity", &text));
                }
                (Some(_), None, Some(_)) => {
                    effects.push(why(now, name, "connectivity", "it does not reach more than this node any more"));
                }
                (Some(_), None, None) if !peer.is_dead() => {
                    effects.push(why(now, name, "connectivity", "what it reaches is not known any more"));
                }
                (_, _, _) => {}
            }
            if theirs.is_some() {
                self.accepted.retain(|_, accepted| accepted.peer != *name || accepted.look(lead.now, now));
            }
            lead.count(name, own, theirs, damping, now, effects);
        }
    }

    /// The group is taken here: the lead of a living peer is accepted.
    pub(super) fn begun(&mut self, group: &str) {
        let leads = self.leads.iter().filter_map(|(name, lead)| Some((name, lead.now?.0)));
        match leads.max_by_key(|(_, by)| *by) {
            Some((name, by)) => {
                let accepted = Accepted { peer: name.clone(), lead: by, grown: None };
                self.accepted.insert(group.to_owned(), accepted)
            }
            None => self.accepted.remove(group),
        };
    }

    /// Whether another node that could serve the group reaches more. For a group
    /// that is held the lead must have lasted for the damping time; for others it
    /// counts at once, and until it has been gone for as long.
    pub(super) fn is_behind(&self, group: &str, holding: bool, peers: &BTreeMap<String, Peer>, now: Time) -> bool {
        let Some(damping) = self.damping else { return false };
        let able = self.leads.iter().filter(|(name, _)| could_serve(peers.get(*name), group));
        let since = |name: &str, since: Time| match self.accepted.get(group).filter(|accepted| accepted.peer == name) {
            Some(accepted) => accepted.grown,
            None => Some(since),
        };
        able.into_iter().any(|(name, lead)| match (holding, lead.now, lead.last) {
            (true, Some((_, began)), _) => since(name, began).is_some_and(|since| now.since(since) >= damping),
            (true, None, _) => false,
            (false, _, last) => last.is_some_and(|last| now.since(last) < damping),
        })
    }

    /// Whether this node may ask for its own group back: nobody who could serve
    /// it reaches more, nor would if what is unknown here were down.
    pub(super) fn may_want(&self, group: &str, peers: &BTreeMap<String, Peer>) -> bool {
        let (Some(own), Some(_)) = (self.reach(), self.damping) else { return true };
        let worst = Reach { up: own.up, down: own.down.saturating_add(own.unknown), unknown: 0 };
        !peers.values().any(|peer| {
            let theirs = peer.reach().filter(|_| peer.is_proven());
            could_serve(Some(peer), group) && theirs.is_some_and(|theirs| theirs.lead_over(worst).is_some())
        })
    }

    /// A peer's connectivity and ours, in words.
    pub(super) fn compared(&self, name: &str, peers: &BTreeMap<String, Peer>) -> String {
        let theirs = peers.get(name).and_then(Peer::reach).unwrap_or_default();
        words(theirs, self.reach().unwrap_or_default())
    }
}

impl Accepted {
    /// Takes the lead as it is; whether it is still accepted. Once it has gone,
    /// the next one is news.
    fn look(&mut self, lead: Option<(u16, Time)>, now: Time) -> bool {
        let grown = lead.is_some_and(|(by, _)| by > self.lead);
        self.grown = if grown { self.grown.or(Some(now)) } else { None };
        lead.is_some()
    }
}

impl Lead {
    /// Figures that count different things are not compared, which is said once
    /// it has lasted.
    fn count(
        &mut self,
        name: &str,
        own: Reach,
        theirs: Option<Reach>,
        damping: Duration,
        now: Time,
        effects: &mut Vec<Effect>,
    ) {
        let Some(theirs) = theirs else { return };
        if theirs.total() == own.total() {
            self.differs = None;
            return;
        }
        let (since, said) = self.differs.get_or_insert((now, false));
        if !*said && now.since(*since) >= damping {
            *said = true;
            let text = format!(
                "it has {} ping nodes and this node {}: connectivity is not compared",
                theirs.total(),
                own.total()
            );
            effects.push(why(now, name, "config", &text));
        }
    }
}

fn words(theirs: Reach, ours: Reach) -> String {
    format!("it reaches {} of {} ping nodes and this node {}", theirs.up, theirs.total(), ours.up)
}

/// Whether a peer serves the group or would.
fn could_serve(peer: Option<&Peer>, group: &str) -> bool {
    match peer.map(|peer| peer.knowledge(group)) {
        Some(Knowledge::Says(part)) => part.stance > Stance::No || part.held.may_hold(),
        Some(Knowledge::Unknown | Knowledge::Gone) | None => false,
    }
}

#[cfg(test)]
mod tests;

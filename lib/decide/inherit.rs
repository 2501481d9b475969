//! How a hb-decide takes the place of one that has died, or whose supervisor has
//! come back: what it leaves, and what is taken over of it.
//!
//! A group that was started, and whose lease is still to end, goes on being held:
//! the lease that it has is what the votes of that time gave, and lasts as long as
//! they said, since every voter keeps its vote for longer. Only votes for messages
//! that this life was told of prolong it. Our own vote is ours meanwhile: it was
//! given before the start, with every look at the group again, and a vote outlasts
//! the lease that counts on it. What was promised to others is not known: for all
//! else a voter that has restarted abstains.
//!
//! Everything else may run or not, which the supervisor finds out.

use std::time::Duration;

use crate::announce::Held;
use crate::time::Time;

use super::group::Group;
use super::heritage::{Bond, Estate, Heritage, Neighbour};
use super::results::Reason;
use super::view::AHEAD;
use super::{Decide, Effect, Settings, why};

impl Heritage {
    /// The groups of a configuration that go on being held at the time `now`, and
    /// until when.
    pub fn held(&self, settings: &Settings, now: Time) -> Vec<(String, Time)> {
        let known = settings.groups.iter().filter_map(|group| self.groups.get_key_value(&group.name));
        let held = known.filter(|(_, estate)| self.is_held(estate) && is_lease(estate.until, settings, now));
        held.map(|(name, estate)| (name.clone(), estate.until)).collect()
    }

    /// Those of which the configuration knows nothing any more, and that were held.
    pub fn strangers(&self, settings: &Settings) -> Vec<&str> {
        let is_known = |name: &str| settings.groups.iter().any(|group| group.name == name);
        let held = self.groups.iter().filter(|(name, estate)| estate.held.has() && !is_known(name));
        held.map(|(name, _)| name.as_str()).collect()
    }

    /// A group that was found not to run any more: it is not held, as if it had not
    /// quite started.
    pub fn disown(&mut self, name: &str) {
        if let Some(estate) = self.groups.get_mut(name).filter(|estate| estate.held.has()) {
            estate.held = Held::Starting;
        }
    }

    /// Without the incarnation nothing is known of the votes that were given.
    fn is_held(&self, estate: &Estate) -> bool {
        estate.held == Held::Started && self.incarnation.is_some()
    }
}

/// Whether a lease that ends then can be good at the time `now`.
fn is_lease(until: Time, settings: &Settings, now: Time) -> bool {
    now < until && until <= now + settings.deadtime + ahead(settings)
}

fn ahead(settings: &Settings) -> Duration {
    AHEAD.max(settings.keepalive)
}

impl Decide {
    /// What the next one needs to know, should this one die at this moment.
    pub fn heritage(&self) -> Heritage {
        let view = &self.view;
        let neighbour = |name: &str| Neighbour {
            bond: view.peers.get(name).map_or(Bond::Dead, |peer| peer.bond()),
            fence: view.fencing.kept(name),
            heard: view.peers.get(name).and_then(|peer| peer.heard().cloned()),
        };
        Heritage {
            time: view.now,
            incarnation: view.voting.leases.incarnation().or(self.inherited.as_deref()).map(str::to_owned),
            active: self.active,
            maintained: view.maintenance.is_told(),
            groups: self.groups.iter().map(|group| (group.name.clone(), group.estate())).collect(),
            peers: view.peers.keys().map(|name| (name.clone(), neighbour(name))).collect(),
            maintenance: view.maintenance.kept(),
        }
    }

    /// How often something became known of the peers: beside what it says, a reason
    /// to leave another heritage.
    pub fn changes(&self) -> u64 {
        self.view.changes
    }

    /// Takes over what the last one left, before the first record.
    pub fn inherit(&mut self, heritage: Heritage) {
        let Heritage { time, incarnation, active, maintained, mut groups, peers, maintenance } = heritage;
        let view = &mut self.view;
        (view.now, self.active) = (time, active);
        view.maintenance.inherit(maintenance, maintained, time);
        let mut holds = false;
        for group in &mut self.groups {
            let Some(estate) = groups.remove(&group.name) else { continue };
            let life = incarnation.as_deref().filter(|_| estate.held == Held::Started && time < estate.until);
            if let Some(life) = life {
                view.voting.inherit(&group.name, &view.settings.own, life, estate.until);
                holds = true;
            }
            group.inherit(estate, life.is_some());
        }
        for (name, neighbour) in peers {
            let Some(peer) = view.peers.get_mut(&name) else { continue };
            peer.inherit(neighbour.bond, neighbour.heard, holds);
            view.fencing.inherit(&name, neighbour.fence);
        }
        (self.inherited, self.left_at) = (incarnation, Some(time));
    }

    /// Time begins to flow. A lease that cannot be of this time is none. After a
    /// deadtime this node may have been fenced itself, and who was off may be on
    /// again: of that nothing is known any more.
    pub(super) fn look_at_heritage(&mut self, effects: &mut Vec<Effect>) {
        let view = &mut self.view;
        let oldest = view.now.before(view.settings.deadtime);
        view.peers.values_mut().for_each(|peer| peer.not_before(oldest));
        if self.left_at.is_some_and(|time| view.now.since(time) >= view.settings.deadtime) {
            view.fencing.disinherit();
        }
        for group in self.groups.iter().filter(|group| group.held() == Held::Started) {
            let Some(until) = view.voting.inherited(&group.name) else { continue };
            if is_lease(until, &view.settings, view.now) {
                let text = format!("it was started here before, and is leased until {until}");
                effects.push(why(view.now, &group.name, "adopt", &text));
                group.tell(view, effects);
            } else {
                view.voting.disinherit(&group.name);
            }
        }
    }
}

impl Group {
    fn estate(&self) -> Estate {
        let held = match self.held {
            _ if self.was_failed => Held::Failed,
            // What is told of it next counts while its lease lasts.
            Held::Unknown if self.is_awaited => Held::Starting,
            held => held,
        };
        Estate {
            held,
            until: if held.claims() { self.leased_until() } else { Time::ZERO },
            epoch: self.epoch(),
            yielded: self.yielded,
            failing: self.failing,
            put_off: self.put_off,
            wish: self.wish,
            failures: self.failures.clone(),
            flaps: self.flaps.clone(),
            carrier: self.carrier.clone(),
            again: self.contest.kept(),
        }
    }

    /// Takes over what is known of it; it goes on being held, or may run or not.
    fn inherit(&mut self, estate: Estate, goes_on: bool) {
        self.takes_up(estate.epoch, estate.until, goes_on);
        if goes_on {
            self.contest.inherit(estate.epoch, estate.again);
        }
        self.is_awaited = !goes_on;
        self.was_failed = estate.held == Held::Failed;
        self.yielded = estate.yielded;
        // What a maintenance put off is a failure of what does not go on.
        let was_put_off = estate.put_off.is_some_and(|reason| reason >= Reason::Partly);
        self.failing = estate.failing || (was_put_off && !goes_on);
        self.put_off = estate.put_off.filter(|_| goes_on);
        self.wish = estate.wish;
        self.failures = estate.failures;
        self.flaps = estate.flaps;
        self.carrier = estate.carrier;
    }
}

#[cfg(test)]
mod tests;

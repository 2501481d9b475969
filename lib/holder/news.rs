//! What the kernel tells a holder of its addresses.

use super::{Holder, TOOL};
use crate::agent::Sight;
use crate::edge;
use crate::floating::Held;
use crate::hold::Presence;
use crate::netlink::Event;

impl Holder {
    /// Takes in what the kernel told, and looks when it concerns us.
    pub(super) fn take_news(&mut self) {
        let (hold, specs, seen, given) = (&mut self.hold, &self.specs, &self.seen, &self.given);
        let (carriers, mut changed, mut strayed) = (&self.carriers, self.changed, self.strayed);
        let same = |held: &Held| {
            let address = held.address;
            specs.iter().enumerate().filter(move |(_, spec)| spec.address == address).map(|(place, _)| place)
        };
        let heard = self.watch.read(|event| match event {
            Event::Added(held) => {
                strayed |= carriers.is_homeless() && same(&held).next().is_none();
                for place in same(&held) {
                    changed |= !hold.is_there(place) || held.tentative || held.duplicate;
                    if given.get(place).is_some_and(|seconds| held.valid > *seconds) {
                        hold.touched(place);
                    }
                }
            }
            Event::Removed(held) => {
                strayed |= carriers.is_homeless() && same(&held).next().is_none();
                changed |= same(&held).any(|place| hold.is_there(place));
            }
            Event::Interface(index) => {
                strayed |= carriers.concerns(index);
                changed |= seen.iter().flatten().any(|sight| sight.held.index == index);
            }
            Event::Lost => (changed, strayed) = (true, true),
        });
        if let Err(error) = heard {
            self.complaints.say(self.number, &format!("the kernel's news: {error}"));
        }
        (self.changed, self.strayed) = (changed, strayed);
        self.look();
        self.look_for_carriers();
    }

    /// Says of each group whether its interfaces carry anything, when that has
    /// changed.
    fn look_for_carriers(&mut self) {
        if !std::mem::take(&mut self.strayed) {
            return;
        }
        let mut all = Vec::new();
        for range in &self.groups {
            let specs = self.specs.get(range.clone()).unwrap_or_default();
            let ways: Result<Vec<_>, _> = specs.iter().map(|spec| self.agent.way(spec)).collect();
            if let Err(error) = &ways {
                edge::complain(TOOL, error);
            }
            all.push(ways.ok().map(|ways| ways.into_iter().map(|way| (way.index, way.fault)).collect()));
        }
        for line in self.carriers.see(all, edge::now()) {
            if !self.out.line(&line.finish()).unwrap_or(true) {
                // Not taken: it is said with the next look.
                self.carriers.forget();
                self.strayed = true;
            }
        }
    }

    pub(super) fn look(&mut self) {
        if !self.changed {
            return;
        }
        match self.agent.look(&self.specs.iter().collect::<Vec<_>>()) {
            Ok(sights) => {
                self.changed = false;
                for (place, sight) in sights.into_iter().enumerate() {
                    self.hold.see(place, presence(sight.as_ref()));
                    match (&sight, &self.seen[place]) {
                        (Some(Sight { interface, .. }), _) => self.hold.locate(place, Some(interface.clone()), None),
                        (None, Some(before)) => {
                            let loss = self.agent.absence(&self.specs[place], before);
                            self.hold.locate(place, Some(before.interface.clone()), Some(loss));
                        }
                        (None, None) => {}
                    }
                    self.seen[place] = sight;
                }
            }
            // It stays to be looked at.
            Err(error) => edge::complain(TOOL, &error),
        }
    }
}

fn presence(sight: Option<&Sight>) -> Presence {
    match sight {
        None => Presence::Absent,
        Some(Sight { ailment: None, .. }) => Presence::There,
        Some(Sight { ailment: Some(why), .. }) => Presence::Ailing(why.clone()),
    }
}

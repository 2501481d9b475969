//! Who looks after the resources of groups that run: when each is asked how it is,
//! when one is started again in place, and when its group is given up here.
//!
//! ```text
//!        group started                 due                    a resource has failed twice
//!   Idle -------------> Watching <--------------> Looking ---------------------------------+
//!    ^                   ^                                                                  |
//!    |                   +------------------- Restarting <-------- restarts are left -------+
//!    | do start, do stop, group not started            (none left: `group failed by=monitor`)
//!    +---- all states; a look is ended, a restart ends by itself
//! ```
//!
//! Each resource is asked at its own interval, and together with others whose turn is
//! about to come. One that is found failed is asked again after a second: a check that is wrong once restarts nothing. One that hangs is `unknown`, and has failed after
//! three times in a row. What could not be asked is never a failure. In maintenance
//! everything is only reported.

use std::time::Duration;

use crate::care::Care;
use crate::record::Line;
use crate::time::Time;

mod ask;
mod health;
mod turns;

pub use ask::{Ask, finding, read};
pub use health::{Finding, Verdict};

use health::{Course, Health};
use turns::Turns;

/// Between two tries to listen for claims to the addresses.
const LISTEN_AGAIN: Duration = Duration::from_secs(60);

/// This process was paused: what did not answer meanwhile says nothing.
const LATE: Duration = Duration::from_secs(5);

/// A group as configured: its resources from left to right.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Its name.
    pub name: String,
    /// Each resource as `hb-config resources` prints it, and how it is cared for.
    pub resources: Vec<(String, Care)>,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// How are these resources?
    Look(Vec<String>),
    /// Start this one and what stands right of it again.
    Restart(String),
}

/// What is to be done. Groups are numbered in the order of [`Monitor::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Begin a command; then [`Monitor::ended`].
    Begin(usize, Task),
    /// End the command that runs; then [`Monitor::ended`].
    End(usize),
    /// Listen for claims to the addresses of the group; when that ends by itself,
    /// [`Monitor::deaf`].
    Listen(usize),
    /// Do so no more.
    Rest(usize),
    /// A record for standard output.
    Say(Line),
    /// The answer to who asked whether this process lives.
    Answer(Line),
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has ended with this status, and has found this.
    Ended(u8, Vec<Finding>),
    /// It could not be begun, or was ended by somebody.
    Untold(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Watching,
    /// Until then; when it was ended for not answering: whether that counts.
    Looking {
        asked: Vec<usize>,
        until: Time,
        hung: Option<bool>,
    },
    Restarting {
        resource: String,
    },
    /// What runs is being ended; whether the group was started again since.
    Leaving {
        again: bool,
    },
}

#[derive(Debug)]
struct Group {
    name: String,
    phase: Phase,
    turns: Turns,
    /// Something was said of it: a renewal is no reason to begin any more.
    known: bool,
    health: Health,
    /// When claims are to be listened for again; none while that is done.
    listen: Option<Time>,
}

/// All groups. It reads no clock.
#[derive(Debug)]
pub struct Monitor {
    groups: Vec<Group>,
    spared: bool,
}

impl Monitor {
    /// Groups of which nothing runs.
    pub fn new(groups: Vec<Watched>) -> Monitor {
        Monitor { groups: groups.into_iter().map(Group::new).collect(), spared: false }
    }

    /// The name of a group.
    pub fn name(&self, group: usize) -> &str {
        self.groups.get(group).map_or("", |group| group.name.as_str())
    }

    /// Takes a line.
    pub fn ask(&mut self, ask: Ask, now: Time, effects: &mut Vec<Effect>) {
        let (name, runs) = match ask {
            Ask::Nothing => return,
            Ask::Maintenance(on) => return self.spared = on,
            Ask::Lives(time) => return effects.push(Effect::Answer(Line::new("attended", time))),
            Ask::Runs(name) => (name, Some(true)),
            Ask::Rests(name) => (name, Some(false)),
            Ask::Renewed(name) => (name, None),
        };
        let Some(number) = self.groups.iter().position(|group| group.name == name) else { return };
        let group = &mut self.groups[number];
        match runs {
            Some(true) => group.begin(now),
            // Who took the place of one that died learns it from a renewal.
            None if !group.known => group.begin(now),
            None => {}
            Some(false) => group.leave(number, effects),
        }
        group.known = true;
    }

    /// What has become of the command of a group.
    pub fn ended(&mut self, number: usize, outcome: Outcome, now: Time, effects: &mut Vec<Effect>) {
        let spared = self.spared;
        let Some(group) = self.groups.get_mut(number) else { return };
        let course = match std::mem::replace(&mut group.phase, Phase::Watching) {
            Phase::Idle | Phase::Leaving { again: false } => return group.phase = Phase::Idle,
            Phase::Leaving { again: true } => {
                group.phase = Phase::Idle;
                return group.begin(now);
            }
            Phase::Watching => return,
            Phase::Looking { asked, hung, .. } => {
                group.turns.asked(&asked, now);
                match hung {
                    Some(true) => group.health.hung(&asked, now, effects),
                    Some(false) => Course::Wait,
                    None => group.health.looked(&asked, outcome, spared, now, effects),
                }
            }
            Phase::Restarting { resource } => group.health.restarted(&resource, &outcome, now, effects),
        };
        match course {
            Course::Wait => {}
            Course::Again(resources) => resources.into_iter().for_each(|resource| group.turns.soon(resource, now)),
            Course::Restart(resource) => {
                group.phase = Phase::Restarting { resource: resource.clone() };
                effects.push(Effect::Begin(number, Task::Restart(resource)));
            }
        }
    }

    /// Nobody listens for claims to the addresses of a group any more; `done` when
    /// there is nothing to listen for.
    pub fn deaf(&mut self, number: usize, done: bool, now: Time) {
        if let Some(group) = self.groups.get_mut(number).filter(|group| !done && group.phase != Phase::Idle) {
            group.listen = Some(now + LISTEN_AGAIN);
        }
    }

    /// What is to be done now.
    pub fn act(&mut self, now: Time, effects: &mut Vec<Effect>) {
        for (number, group) in self.groups.iter_mut().enumerate() {
            if group.listen.is_some_and(|at| now >= at) {
                group.listen = None;
                effects.push(Effect::Listen(number));
            }
            match &mut group.phase {
                Phase::Watching => {
                    let asked = group.turns.take(now);
                    if !asked.is_empty() {
                        effects.push(Effect::Begin(number, Task::Look(group.health.words(&asked))));
                        let until = now + group.turns.patience(&asked);
                        group.phase = Phase::Looking { asked, until, hung: None };
                    }
                }
                Phase::Looking { until, hung, .. } if hung.is_none() && now >= *until => {
                    // Who finds out so late was paused itself.
                    *hung = Some(now <= *until + LATE);
                    effects.push(Effect::End(number));
                }
                Phase::Idle | Phase::Looking { .. } | Phase::Restarting { .. } | Phase::Leaving { .. } => {}
            }
        }
    }

    /// When [`Monitor::act`] is to be called at the latest.
    pub fn deadline(&self) -> Option<Time> {
        self.groups.iter().filter_map(Group::deadline).min()
    }
}

impl Group {
    fn new(watched: Watched) -> Group {
        Group {
            phase: Phase::Idle,
            turns: Turns::new(&watched.resources),
            known: false,
            listen: None,
            health: Health::new(&watched.name, watched.resources),
            name: watched.name,
        }
    }

    fn begin(&mut self, now: Time) {
        match &mut self.phase {
            Phase::Idle => {
                self.phase = Phase::Watching;
                self.turns.begin(now);
                self.listen = Some(now);
                self.health.begin();
            }
            Phase::Leaving { again } => *again = true,
            Phase::Watching | Phase::Looking { .. } | Phase::Restarting { .. } => {}
        }
    }

    fn leave(&mut self, number: usize, effects: &mut Vec<Effect>) {
        match &mut self.phase {
            Phase::Idle => return,
            Phase::Leaving { again } => return *again = false,
            Phase::Watching => self.phase = Phase::Idle,
            Phase::Looking { .. } => {
                self.phase = Phase::Leaving { again: false };
                effects.push(Effect::End(number));
            }
            // It is under the group's lock, ends between two resources when a stop is
            // wanted, and must not meet that half-way.
            Phase::Restarting { .. } => self.phase = Phase::Leaving { again: false },
        }
        self.listen = None;
        effects.push(Effect::Rest(number));
    }

    fn deadline(&self) -> Option<Time> {
        let look = match self.phase {
            Phase::Watching => self.turns.due(),
            Phase::Looking { until, hung: None, .. } => Some(until),
            Phase::Idle | Phase::Looking { .. } | Phase::Restarting { .. } | Phase::Leaving { .. } => None,
        };
        look.into_iter().chain(self.listen).min()
    }
}

#[cfg(test)]
mod tests;

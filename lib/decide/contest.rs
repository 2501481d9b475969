//! Two nodes serve one group: who stops, and how the other says again that it
//! has it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::record::Line;
use crate::time::Time;

use super::group::Group;
use super::peer::Knowledge;
use super::{Effect, View, why};

/// When the holder of an address says so again after it has taken it. The first
/// two of design's schedule, at once and after 50 ms, belong to the action.
const AGAIN: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(60)];

/// Whether another node claims a group that this one serves, and when this one
/// says again that it does.
#[derive(Debug, Default)]
pub(super) struct Contest {
    contested: bool,
    again: VecDeque<Time>,
}

impl Contest {
    /// The group was taken.
    pub(super) fn taken(&mut self, now: Time) {
        self.say_again(now, &AGAIN);
    }

    /// The group is released.
    pub(super) fn end(&mut self) {
        self.again.clear();
        self.contested = false;
    }

    /// Takes what was seen: a contest that begins or ends is a reason to say
    /// again who serves.
    fn is(&mut self, contested: bool, group: &str, now: Time, effects: &mut Vec<Effect>) {
        let was = std::mem::replace(&mut self.contested, contested);
        if contested && !was {
            effects.push(why(now, group, "alarm", "another node has it too and must release it"));
        }
        if contested != was {
            self.say_again(now, &[&[Duration::ZERO], &AGAIN[..]].concat());
        }
    }

    fn say_again(&mut self, now: Time, schedule: &[Duration]) {
        self.again = schedule.iter().map(|after| now + *after).collect();
    }

    /// Whether it is time to say it again. Those that fell due together are one.
    fn is_due(&mut self, now: Time) -> bool {
        let due = self.again.front().is_some_and(|at| now >= *at);
        self.again.retain(|at| now < *at);
        due
    }
}

impl Group {
    /// Both serve: after a healed cut, say. The loser stops; the winner says
    /// again that it has it, at once and when the loser has released.
    pub(super) fn lost_contest(&mut self, view: &View, effects: &mut Vec<Effect>) -> Option<String> {
        let own = self.own_rank(view);
        let mut contested = false;
        for (name, peer) in view.peers.iter().filter(|(_, peer)| peer.is_heard()) {
            let Knowledge::Says(part) = peer.knowledge(&self.name) else { continue };
            if part.held.claims() && self.rank(name, part.stance, &view.settings) > own {
                return Some(format!("{name} has it too and comes first"));
            }
            // It begins with a claim, and lasts until nothing is held any more.
            contested |= part.held.claims() || (self.contest.contested && part.held.may_hold());
        }
        self.contest.is(contested, &self.name, view.now, effects);
        None
    }

    pub(super) fn reannounce(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if self.contest.is_due(view.now) {
            effects.push(Effect::Say(Line::new("do", view.now).word("reannounce").word(&self.name)));
        }
    }
}

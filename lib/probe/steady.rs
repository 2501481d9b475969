//! When answers change a state: so many in a row, and for so long.
//!
//! ```text
//!            rise answers in a row
//! unknown ---------------------------> up
//!    |  ^                              |
//!    |  | fall in a row not answered,  |
//!    |  | not all of them silent       |
//!    |  +------------------------------+
//!    |                                 | fall silences in a row
//!    +-------------> down <------------+
//! ```
//!
//! From `down` the same two ways lead to `up` (answers) and to `unknown` (as
//! many in a row that could not be asked). Each has to last for `dampen` too.

use std::time::Duration;

use super::report::State;
use crate::time::Time;

/// When a state changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Answers in a row that make a target up.
    pub rise: u32,
    /// Probes without one that make it down or unknown.
    pub fall: u32,
    /// The least time from the first of them to the last.
    pub dampen: Duration,
}

impl Rules {
    /// Every probe decides.
    pub const NONE: Rules = Rules { rise: 1, fall: 1, dampen: Duration::ZERO };
}

/// What is believed of one target.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steady {
    believed: Option<State>,
    /// The same result again and again.
    run: Option<(State, Run)>,
    /// Results that are no answer.
    unanswered: Option<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    since: Time,
    count: u32,
}

impl Run {
    fn and(before: Option<Run>, at: Time) -> Run {
        before.map_or(Run { since: at, count: 1 }, |run| Run { count: run.count.saturating_add(1), ..run })
    }

    fn reaches(self, count: u32, rules: &Rules, at: Time) -> bool {
        self.count >= count && at.since(self.since) >= rules.dampen
    }
}

impl Steady {
    /// Takes the result of a probe that ended at `at`; what is believed then.
    pub fn take(&mut self, result: State, rules: &Rules, at: Time) -> State {
        let run = Run::and(self.run.filter(|(state, _)| *state == result).map(|(_, run)| run), at);
        self.run = Some((result, run));
        self.unanswered = (result != State::Up).then(|| Run::and(self.unanswered, at));
        let before = self.believed.unwrap_or(State::Unknown);
        let needed = match result {
            State::Up => rules.rise,
            State::Down | State::Unknown => rules.fall,
        };
        let lost = self.unanswered.is_some_and(|run| run.reaches(rules.fall, rules, at));
        let after = match (before, result) {
            (_, result) if run.reaches(needed, rules, at) => result,
            // Some were silent and some could not be asked: nobody can tell.
            (State::Up, State::Down | State::Unknown) if lost => State::Unknown,
            (State::Up | State::Down | State::Unknown, State::Up | State::Down | State::Unknown) => before,
        };
        self.believed = Some(after);
        after
    }
}

#[cfg(test)]
mod tests;

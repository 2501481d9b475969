//! What all targets together come to.

use std::collections::BTreeMap;

use super::{State, Target};

/// What all targets together come to, each group as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// Every target or group answers.
    AllUp,
    /// At least one is known not to answer.
    SomeDown,
    /// None is known not to answer, and of some nothing is known.
    Unknown,
}

impl Sum {
    /// The sum over targets and their states; of each group so many are needed.
    pub fn of<'a>(states: impl Iterator<Item = (&'a Target, State)>, need: usize) -> Sum {
        let mut groups: BTreeMap<&str, Vec<State>> = BTreeMap::new();
        let mut units = Vec::new();
        for (target, state) in states {
            match &target.group {
                Some(group) => groups.entry(group).or_default().push(state),
                None => units.push(state),
            }
        }
        units.extend(groups.into_values().map(|states| group(&states, need)));
        if units.contains(&State::Down) {
            Sum::SomeDown
        } else if units.contains(&State::Unknown) {
            Sum::Unknown
        } else {
            Sum::AllUp
        }
    }
}

fn group(states: &[State], need: usize) -> State {
    let count = |wanted| states.iter().filter(|state| **state == wanted).count();
    of_group(count(State::Up), count(State::Unknown), need)
}

/// The state of a group: up when enough of it are, and down only when too many
/// are known to be silent.
pub(super) fn of_group(up: usize, unknown: usize, need: usize) -> State {
    if up >= need {
        State::Up
    } else if up + unknown >= need {
        State::Unknown
    } else {
        State::Down
    }
}

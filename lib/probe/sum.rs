//! What all targets together come to.

use std::collections::BTreeMap;

use super::{State, Target};

/// What all targets together come to. A group is up with its first member.
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
    /// The sum over targets and their states.
    pub fn of<'a>(states: impl Iterator<Item = (&'a Target, State)>) -> Sum {
        let mut groups: BTreeMap<&str, Vec<State>> = BTreeMap::new();
        let mut units = Vec::new();
        for (target, state) in states {
            match &target.group {
                Some(group) => groups.entry(group).or_default().push(state),
                None => units.push(state),
            }
        }
        units.extend(groups.into_values().map(|states| best(&states)));
        if units.contains(&State::Down) {
            Sum::SomeDown
        } else if units.contains(&State::Unknown) {
            Sum::Unknown
        } else {
            Sum::AllUp
        }
    }
}

/// The state of a group: one answer is enough, and its silence is known only
/// when that of every member is.
fn best(states: &[State]) -> State {
    [State::Up, State::Unknown].into_iter().find(|state| states.contains(state)).unwrap_or(State::Down)
}

//! Groups: what their members come to, as soon as it is certain.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::report::State;
use super::sum::of_group;
use super::{REPEAT, Target};
use crate::json::string as quote;
use crate::record::Line;
use crate::time::Time;

/// All groups of some targets.
#[derive(Debug, Default)]
pub struct Groups {
    groups: Vec<Group>,
    /// By target; nothing where there is no group.
    of: Vec<Option<usize>>,
    need: usize,
}

#[derive(Debug)]
struct Group {
    name: String,
    members: usize,
    up: usize,
    down: usize,
    /// Members of which nothing was said yet.
    open: usize,
    said: Option<(State, Time)>,
}

/// What is said of a group: one `ping-group` record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupReport {
    /// When it was true.
    pub time: Time,
    /// The name of the group.
    pub name: String,
    /// What is known.
    pub state: State,
    /// So many members answer ...
    pub up: usize,
    /// ... of so many.
    pub members: usize,
    /// So many must.
    pub need: usize,
}

impl GroupReport {
    /// The record.
    pub fn record(&self) -> Line {
        let line = Line::new("ping-group", self.time).word(&self.name).word(self.state.word());
        line.field("up", format_args!("{}/{}", self.up, self.members)).field("need", self.need)
    }

    /// The same as a JSON object, numbers as numbers.
    pub fn json(&self) -> String {
        let mut text = format!("{{\"kind\":\"ping-group\",\"time\":{},\"group\":", self.time);
        quote(&self.name, &mut text);
        let (state, up, of, need) = (self.state.word(), self.up, self.members, self.need);
        let _ = write!(text, ",\"state\":\"{state}\",\"up\":{up},\"of\":{of},\"need\":{need}}}");
        text
    }
}

impl Groups {
    /// The groups of the targets; of each, `need` members must answer.
    pub fn new(targets: &[Target], need: usize) -> Groups {
        let mut groups: Vec<Group> = Vec::new();
        let mut numbers = BTreeMap::new();
        let mut of = Vec::new();
        if targets.iter().all(|target| target.group.is_none()) {
            return Groups { groups, of, need };
        }
        for target in targets {
            let Some(name) = &target.group else {
                of.push(None);
                continue;
            };
            let number = *numbers.entry(name.as_str()).or_insert_with(|| {
                groups.push(Group { name: name.clone(), members: 0, up: 0, down: 0, open: 0, said: None });
                groups.len() - 1
            });
            groups[number].members += 1;
            groups[number].open += 1;
            of.push(Some(number));
        }
        Groups { groups, of, need }
    }

    /// A member is now in another state, or has been told once more. A change
    /// of its group, or after a while in a stream what it is.
    pub fn turn(
        &mut self,
        target: usize,
        before: Option<State>,
        after: State,
        stream: bool,
        at: Time,
    ) -> Option<GroupReport> {
        let group = &mut self.groups[(*self.of.get(target)?)?];
        match before {
            None => group.open -= 1,
            Some(State::Up) => group.up -= 1,
            Some(State::Down) => group.down -= 1,
            Some(State::Unknown) => {}
        }
        match after {
            State::Up => group.up += 1,
            State::Down => group.down += 1,
            State::Unknown => {}
        }
        let state = of_group(group.up, group.members - group.up - group.down, self.need);
        // A member that has not been heard of yet may still decide.
        if state == State::Unknown && group.open > 0 {
            return None;
        }
        let again = |said: &(State, Time)| said.0 != state || (stream && at.since(said.1) >= REPEAT);
        if !group.said.as_ref().is_none_or(again) {
            return None;
        }
        group.said = Some((state, at));
        let (name, up, members) = (group.name.clone(), group.up, group.members);
        Some(GroupReport { time: at, name, state, up, members, need: self.need })
    }
}

#[cfg(test)]
mod tests;

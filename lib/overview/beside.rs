//! What stands beside the pipeline of this node: the carriers of its groups, their
//! resources, its respawned programs, its watchdog.

use std::collections::BTreeMap;

use crate::record::{Line, Record};

use super::{State, entry, take};

/// All of it, by group, group and resource, program, device.
#[derive(Debug, Default)]
pub(super) struct Beside {
    carriers: BTreeMap<String, State>,
    resources: BTreeMap<(String, String), State>,
    programs: BTreeMap<String, State>,
    watchdogs: BTreeMap<String, State>,
}

impl Beside {
    /// Takes a record that is about one of them.
    pub(super) fn record(&mut self, record: &Record<'_>, subject: &str, state: &str) {
        match record.kind {
            "carrier" => take(&mut self.carriers, subject, state, record),
            "respawn" => take(&mut self.programs, subject, state, record),
            "watchdog" => take(&mut self.watchdogs, subject, state, record),
            "monitor" => self.resource(record, subject, state),
            _ => {}
        }
    }

    /// What hb-monitor found is kept until it is well again.
    fn resource(&mut self, record: &Record<'_>, group: &str, state: &str) {
        let name = record.raw("name").unwrap_or("");
        match state {
            "running" => self.forget(group),
            "restarted" => drop(self.resources.remove(&(group.to_owned(), name.to_owned()))),
            _ => {
                if let Some(kept) = entry(&mut self.resources, (group.to_owned(), name.to_owned())) {
                    kept.take(state, record);
                }
            }
        }
    }

    /// What was told before.
    pub(super) fn resume(&mut self, what: &str, name: &str, resource: &str, state: State) {
        let kept = match what {
            "carrier" => entry(&mut self.carriers, name.to_owned()),
            "respawn" => entry(&mut self.programs, name.to_owned()),
            "watchdog" => entry(&mut self.watchdogs, name.to_owned()),
            _ => entry(&mut self.resources, (name.to_owned(), resource.to_owned())),
        };
        if let Some(kept) = kept {
            *kept = state;
        }
    }

    /// A group is not watched any more, or all of it is well.
    pub(super) fn forget(&mut self, group: &str) {
        self.resources.retain(|(of, _), _| of != group);
    }

    /// How they stand; `line` begins a line about a subject.
    pub(super) fn lines(&self, line: impl Fn(&str, &str) -> Line, say: &mut impl FnMut(Line)) {
        for (group, state) in &self.carriers {
            say(state.line(line("carrier", group), &["reason"]));
        }
        for ((group, _), state) in &self.resources {
            say(state.line(line("monitor", group), &["name", "status", "n", "of", "reason"]));
        }
        for (name, state) in &self.programs {
            say(state.line(line("respawn", name), &["user", "status", "signal", "again", "reason"]));
        }
        for (device, state) in &self.watchdogs {
            say(state.line(line("watchdog", device), &["timeout", "kind", "nowayout", "reason"]));
        }
    }
}

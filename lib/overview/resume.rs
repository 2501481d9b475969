//! How everything stood, read back from the status records of the keeper that was
//! before: what does not change is not said again to the next one.

use crate::record::{Record, decode};
use crate::time::{Time, parse_span};

use super::{Lease, Overview, Said, State, entry, number};

/// What heartbeats bring again, and what is measured anew, is not taken.
const FLEETING: [&str; 9] = ["state", "since", "rtt", "loss", "of", "behind", "reach", "maintenance", "node"];

fn time(record: &Record<'_>, key: &str) -> Option<Time> {
    record.raw(key)?.parse().ok()
}

fn state(record: &Record<'_>, word: &str, fleeting: &[&str]) -> State {
    let fields = record.raw_fields().filter(|(key, _)| !fleeting.contains(key));
    State {
        word: record.raw(word).unwrap_or("").to_owned(),
        since: time(record, "since").unwrap_or(record.time),
        fields: fields.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    }
}

impl Overview {
    /// Takes a status record of the same pipeline in the same boot.
    pub fn resume(&mut self, record: &Record<'_>) {
        let (Some(what), Some(name)) = (record.subject(), record.state()) else { return };
        let is_own = name == self.own;
        let put = |map: &mut std::collections::BTreeMap<String, State>, state: State| {
            if let Some(kept) = entry(map, name.to_owned()) {
                *kept = state;
            }
        };
        match what {
            "self" => {
                self.now = record.time;
                self.pace = record.raw("every").and_then(|every| parse_span(every).ok()).unwrap_or_default();
                self.itself = Some(state(record, "state", &FLEETING));
            }
            "node" if !is_own => {
                put(&mut self.nodes, state(record, "state", &FLEETING));
                if record.raw("config").is_some() {
                    put(&mut self.peers, state(record, "config", &FLEETING));
                }
            }
            "link" => put(&mut self.links, state(record, "state", &FLEETING)),
            // Loss is the prober's own word here.
            "ping" => put(&mut self.pings, state(record, "state", &["state", "since"])),
            "group" => self.resume_group(record, name),
            "lease" => {
                let given = (record.time, time(record, "until").unwrap_or(record.time));
                if let Some(lease) = entry(&mut self.leases, name.to_owned()) {
                    *lease = Lease { given, taken: time(record, "taken") };
                }
            }
            "alarm" | "reason" | "request" => self.resume_said(record, what, name),
            "carrier" | "monitor" | "respawn" | "watchdog" => {
                self.beside.resume(
                    what,
                    name,
                    record.raw("name").unwrap_or(""),
                    state(record, "state", &["state", "since"]),
                );
            }
            "bad" => {
                if let Some(count) = entry(&mut self.refused, name.to_owned()) {
                    *count = number(record.raw("n"));
                }
            }
            "unkept" => self.unkept = number(record.raw("n")),
            _ => {}
        }
    }

    /// Who says something of its own groups decides about them.
    fn resume_group(&mut self, record: &Record<'_>, group: &str) {
        let Some(node) = record.raw("node") else { return };
        self.decides |= node == self.own;
        if let Some(part) = entry(&mut self.parts, (group.to_owned(), node.to_owned())) {
            *part = state(record, "state", &FLEETING);
        }
    }

    fn resume_said(&mut self, record: &Record<'_>, what: &str, name: &str) {
        let text = |key: &str| String::from_utf8_lossy(&decode(record.raw(key).unwrap_or(""))).into_owned();
        let place = match what {
            "alarm" => &mut self.alarms,
            "request" => &mut self.requests,
            _ => &mut self.reasons,
        };
        if place.len() < super::MOST {
            let since = time(record, "since").unwrap_or(record.time);
            place.insert(name.to_owned(), Said { verb: text("verb"), text: text("text"), since, last: record.time });
        }
    }
}

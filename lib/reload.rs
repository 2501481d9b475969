//! What of a configuration can change while a node runs, and what cannot.

use std::collections::BTreeSet;

use crate::cluster;
use crate::ha_cf::{self, Dialect, HaCf};
use crate::haresources::Group;
use crate::record::Line;
use crate::time::Time;

/// What it takes for a value to have its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// hb-judge and hb-decide are told of it.
    Word,
    /// These processes begin again, and the others are told of it.
    Stages(&'static [&'static str]),
    /// It is read when it is needed.
    Nothing,
    /// All nodes have to be begun anew.
    Restart,
}

/// The node begins anew in its place: all its processes end and begin, and its groups
/// go on.
pub const ANEW: &str = "hb-supervise";

/// What a key of `hb-config get` takes. One that is not named here needs a restart:
/// what is new must not pass for done.
fn takes(key: &str) -> Takes {
    match key {
        "auto_failback" | "failback_delay" | "failure_expiry" | "flap_halflife" | "flap_limit" | "fence_delay"
        | "ping_damping" => Takes::Word,
        "warntime" | "initdead" | "deadping" => Takes::Word,
        "ping" => Takes::Stages(&["ping-probe"]),
        "self_fence" => Takes::Nothing,
        "respawn" => Takes::Stages(&["hb-respawn"]),
        "media" | "udpport" | "baud" | "msgfmt" | "allow_crc" | "realtime" | "stop_failed" => Takes::Stages(&[ANEW]),
        _ => Takes::Restart,
    }
}

/// The keys whose values are told.
const TOLD: [&str; 10] = [
    "auto_failback",
    "failback_delay",
    "failure_expiry",
    "flap_halflife",
    "flap_limit",
    "fence_delay",
    "ping_damping",
    "warntime",
    "initdead",
    "deadping",
];

/// The keys that depend on others, which are told instead.
const FOLLOWS: [&str; 1] = ["lease"];

/// What differs between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// For people, a line each.
    pub words: Vec<String>,
    /// Whether all of it can have its effect while the node runs.
    pub restart: bool,
    /// The processes that are to begin again.
    pub stages: BTreeSet<&'static str>,
    /// The groups that are not what they were, or not there any more: they must not
    /// run here meanwhile.
    pub groups: BTreeSet<String>,
}

impl Changes {
    /// Compares what runs with what is to.
    pub fn between(old: (&HaCf, &[Group]), new: (&HaCf, &[Group])) -> Changes {
        let mut changes = Changes::default();
        for key in ha_cf::KEYS.iter().filter(|key| !FOLLOWS.contains(key)) {
            let value = |conf: &HaCf| conf.get(key).unwrap_or_default();
            let (before, after) = (value(old.0), value(new.0));
            if before != after {
                changes.note(key, &before.join(", "), &after.join(", "), needs(key, old.0, new.0));
            }
        }
        let anew = match new.0.dialect {
            // There, nothing says what went on meanwhile.
            Dialect::Heartbeat => Takes::Restart,
            Dialect::Hbkit => Takes::Stages(&[ANEW]),
        };
        // They have no key of their own.
        if old.0.resource != new.0.resource {
            changes.note("resource", "what was said of resources", "something else", anew);
        }
        for group in old.1.iter().filter(|group| !new.1.iter().any(|other| other.name == group.name)) {
            changes.groups.insert(group.name.clone());
            changes.note("group", &group.to_string(), "", anew);
        }
        for group in new.1 {
            match old.1.iter().find(|other| other.name == group.name) {
                Some(before) if before.to_string() == group.to_string() => {}
                before => {
                    let other = before.filter(|before| words(before) != words(group));
                    changes.groups.extend(other.map(|group| group.name.clone()));
                    let before = before.map(ToString::to_string).unwrap_or_default();
                    changes.note("group", &before, &group.to_string(), anew);
                }
            }
        }
        let names = |groups: &[Group]| groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
        if changes.words.is_empty() && names(old.1) != names(new.1) {
            changes.note("group", &names(old.1).join(" "), &names(new.1).join(" "), anew);
        }
        changes
    }

    fn note(&mut self, key: &str, before: &str, after: &str, takes: Takes) {
        let or_none = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
        let end = match takes {
            Takes::Word | Takes::Nothing => "",
            Takes::Stages(stages) => {
                self.stages.extend(stages);
                if stages.contains(&ANEW) { ": the node begins anew in place" } else { "" }
            }
            Takes::Restart => {
                self.restart = true;
                ": this needs a restart of all nodes"
            }
        };
        self.words.push(format!("{key}: {} -> {}{end}", or_none(before), or_none(after)));
    }
}

/// What is started and stopped, whoever comes first to do it.
fn words(group: &Group) -> Vec<String> {
    group.resources.iter().map(ToString::to_string).collect()
}

fn needs(key: &str, old: &HaCf, new: &HaCf) -> Takes {
    let nodes = |conf: &HaCf| conf.fence.iter().map(|fence| fence.node.clone()).collect::<BTreeSet<_>>();
    match (key, takes(key)) {
        // Whom to fence is hb-decide's; how is read when it is done.
        ("fence", _) if nodes(old) == nodes(new) => Takes::Nothing,
        // Heartbeat's protocol keeps what it began with.
        (_, Takes::Word) if new.dialect == Dialect::Heartbeat => Takes::Restart,
        ("ping", _) if new.dialect == Dialect::Heartbeat => Takes::Restart,
        (_, Takes::Stages([ANEW])) if new.dialect == Dialect::Heartbeat => Takes::Restart,
        (_, takes) => takes,
    }
}

/// The record that tells hb-judge and hb-decide of it; `None` when it is too long for
/// one.
pub fn record(conf: &HaCf, groups: &[Group], changes: &Changes, now: Time) -> Option<String> {
    let mut line = Line::new("config", now);
    for key in TOLD {
        line = line.field(key, conf.get(key).unwrap_or_default().join(","));
    }
    let ping: Vec<&str> = conf.ping.iter().map(|target| target.name.as_str()).collect();
    line = line.field("ping", if ping.is_empty() { "-".to_owned() } else { ping.join(",") });
    line = line.field("digest", cluster::digest(conf, groups).get(..cluster::DIGITS).unwrap_or("-"));
    let list = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(",");
    for (key, names) in [
        ("begin", list(&mut changes.stages.iter().copied())),
        ("changed", list(&mut changes.groups.iter().map(String::as_str))),
    ] {
        line = if names.is_empty() { line } else { line.field(key, names) };
    }
    let text = line.finish();
    (!text.contains(" cut=")).then_some(text)
}

#[cfg(test)]
mod tests;

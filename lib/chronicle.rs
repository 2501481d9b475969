//! Records for people: which of them tell what happened, and each as a sentence.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::record::{Record, plain, visible};
use crate::time::Time;

mod beside;

/// How many subjects are remembered; of more nothing is left out.
const SUBJECTS: usize = 1024;

/// How often what strangers can cause is told.
const CALM: Duration = Duration::from_secs(600);

/// Whether hb-judge or hb-decide said a record, from what they had read. What is
/// left is what hb-judge read.
pub fn is_conclusion(record: &Record<'_>) -> bool {
    match record.kind {
        "node" | "link" | "self" | "do" | "why" | "peer" | "said" | "unkept" | "wall" => true,
        "group" => record.raw("node").is_some(),
        _ => false,
    }
}

/// Tells what happened from what goes on all the time.
#[derive(Debug, Default)]
pub struct Sieve {
    /// The last word of each, and when it was told.
    last: BTreeMap<(String, String), (String, Time)>,
}

impl Sieve {
    /// Whether a record tells what happened.
    pub fn tells(&mut self, record: &Record<'_>) -> bool {
        match record.kind {
            "tick" | "msg" | "dup" | "gap" | "whole" | "sent" | "again" | "said" | "held" | "pulse" => false,
            "do" => record.subject() != Some("renew"),
            // To a hb-decide that has taken the place of another.
            "node" | "link" | "self" if record.raw("again") == Some("1") => false,
            // Said to a hb-decide that has begun anew, and no news to anybody else.
            "node" | "link" | "self" if record.raw("again").is_some() => false,
            "node" | "link" | "self" | "why" | "group" | "peer" | "ask" | "fence" | "hold" | "died" | "wall"
            | "unkept" | "dropped" | "config" | "monitor" => true,
            // A frame or a datagram of anybody: not one line for each.
            "bad" | "conflict" | "late" => self.is_new(record, "", Some(CALM)),
            // Of what is said again and again, and of what is not known, the changes.
            _ => self.is_new(record, record.state().unwrap_or(""), None),
        }
    }

    fn is_new(&mut self, record: &Record<'_>, state: &str, calm: Option<Duration>) -> bool {
        // Of a group there are several resources.
        let of = if record.kind == "resource" { record.raw("name").unwrap_or("") } else { "" };
        let key = (record.kind.to_owned(), format!("{} {of}", record.subject().unwrap_or("")));
        let now = record.time;
        let has_room = self.last.len() < SUBJECTS;
        match self.last.get_mut(&key) {
            Some((before, told)) => {
                let is_over = calm.is_some_and(|calm| now.since(*told) >= calm || now < *told);
                if before == state && !is_over {
                    return false;
                }
                state.clone_into(before);
                *told = now;
            }
            None if has_room => {
                self.last.insert(key, (state.to_owned(), now));
            }
            None => {}
        }
        true
    }
}

/// Of which records a person wants to hear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this group only.
    pub group: Option<String>,
    /// Of this node only.
    pub node: Option<String>,
}

impl Wanted {
    /// Whether a record is about what is wanted.
    pub fn wants(&self, record: &Record<'_>) -> bool {
        let is_of = |name: &String| is_about(record, name);
        self.group.as_ref().is_none_or(is_of) && self.node.as_ref().is_none_or(is_of)
    }
}

/// Whether a record names a group or a node, as its subject, its state, a part of
/// a link, or the node or group of its fields.
fn is_about(record: &Record<'_>, name: &str) -> bool {
    let of_link = |word: &str| word.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let words = record.words().take(if record.kind == "why" { 1 } else { 2 });
    let all = record.kind == "ask" && record.state().is_none_or(|scope| scope == "all");
    all || words.into_iter().any(of_link) || record.raw_all(["node", "group"]).contains(&Some(name))
}

/// A record as a sentence, which begins with what it is about, on one line.
pub fn sentence(record: &Record<'_>) -> String {
    visible(&words(record))
}

fn words(record: &Record<'_>) -> String {
    let (subject, state) = (record.subject().unwrap_or("?"), record.state().unwrap_or("?"));
    match record.kind {
        "node" => node(record, subject, state),
        "link" => link(record, subject, state),
        "self" => match (subject, record.raw("gap")) {
            ("stalled", gap) => format!("this node did not listen for {} s, and trusts no silence", gap.unwrap_or("?")),
            (_, None) => "this node begins to judge".to_owned(),
            (_, Some(_)) => "this node trusts what it hears again".to_owned(),
        },
        "do" => action(record, subject, state),
        "why" => format!("{subject}: {state}: {}", words_behind(record, 2)),
        "group" => match record.raw("node") {
            Some(node) => format!("{subject}: {state} on {node}"),
            None => format!("{subject}: the scripts say {state}"),
        },
        "peer" => {
            let [config, version] = record.raw_all(["config", "version"]).map(|word| word.unwrap_or("unknown"));
            format!("{subject}: its configuration: {config}, its version: {version}")
        }
        "ping" => ping(record, subject, state),
        "ask" => format!("a person asks: {}", words_behind(record, 0)),
        "fence" => format!("{subject}: fencing: {state}"),
        "hold" => {
            let state = if state == "left" { "left to the kernel until its lease ends" } else { state };
            format!("{subject}: {state}{}", reason(record))
        }
        "bad" => {
            let [count, peer, via] = record.raw_all(["n", "peer", "via"]).map(|word| word.unwrap_or("?"));
            format!("{count} datagrams were refused: {subject}, from {peer} by {via}")
        }
        "conflict" => {
            let [mac, interface] = record.raw_all(["mac", "iface"]).map(|word| word.unwrap_or("?"));
            format!("{subject}: a frame on {interface} claims it for {mac}")
        }
        "died" => format!("{subject}: it has ended with status {state}"),
        "resource" | "monitor" | "carrier" | "maintenance" | "watchdog" | "respawn" | "config" => {
            beside::sentence(record, subject, state)
        }
        "late" => {
            let by = record.raw("by").unwrap_or("some");
            format!("a heartbeat of this node was {by} s too late, and was not sent")
        }
        "ping-group" => {
            let [up, need] = record.raw_all(["up", "need"]).map(|word| word.unwrap_or("?"));
            format!("{subject}: this group of targets is {state}: {up} answer, {need} must")
        }
        "unkept" | "dropped" => {
            let since = record.raw("since").and_then(|text| text.parse().ok());
            let span = since.map_or(Duration::ZERO, |since: Time| record.time.since(since)).as_secs();
            let what = match record.kind {
                "unkept" => "were not kept",
                _ => "are missing here, which were not read in time",
            };
            format!("{} records of {span} s {what}{}", record.raw("n").unwrap_or("?"), reason(record))
        }
        "wall" => format!("the clock of {}", record.raw("node").unwrap_or("this node")),
        kind => format!("{kind} {}", plain(record.rest())),
    }
}

fn node(record: &Record<'_>, name: &str, state: &str) -> String {
    let [kind, silent, restart, partition, hears] = record.raw_all(["type", "silent", "restart", "partition", "hears"]);
    let silent = silent.map(|silent| format!(", silent for {silent} s")).unwrap_or_default();
    if kind == Some("ping") {
        return match state {
            "ping" => format!("{name}: this ping node answers"),
            "dead" => format!("{name}: this ping node does not answer{silent}"),
            _ => format!("{name}: this ping node cannot be asked{}", reason(record)),
        };
    }
    let more = match (state, partition, restart, hears) {
        ("dead" | "late", ..) => silent,
        (_, Some("1"), ..) => ", was cut off and not down".to_owned(),
        (_, _, Some("1"), _) => ", newly started".to_owned(),
        (_, _, _, Some("no")) => ", does not hear this node".to_owned(),
        (_, _, _, Some(_) | None) => String::new(),
    };
    match state {
        "init" => format!("{name}: not heard yet"),
        _ => format!("{name}: {state}{more}"),
    }
}

fn link(record: &Record<'_>, name: &str, state: &str) -> String {
    match (state, record.raw("direction")) {
        ("oneway", Some("in")) => format!("{name}: one way: heard here, and not there"),
        ("oneway", Some("out")) => format!("{name}: one way: heard there, and not here"),
        _ => format!("{name}: {state}"),
    }
}

fn action(record: &Record<'_>, action: &str, subject: &str) -> String {
    match action {
        "exit" => "this node has released everything and ends".to_owned(),
        "reannounce" => format!("{subject}: its addresses are announced again"),
        "start" | "stop" | "renew" => format!("{subject}: it is to {action} here{}", lease(record)),
        _ => format!("{subject}: {action}"),
    }
}

fn lease(record: &Record<'_>) -> String {
    let until = record.raw("until").and_then(|text| text.parse::<Time>().ok());
    let tenths = |until: Time| until.since(record.time).as_millis() / 100;
    until.map_or(String::new(), |until| format!(", leased for {}.{} s", tenths(until) / 10, tenths(until) % 10))
}

fn ping(record: &Record<'_>, target: &str, state: &str) -> String {
    match (state, record.raw("rtt")) {
        ("up", Some(rtt)) => format!("{target}: answers in {rtt} ms"),
        ("up", None) => format!("{target}: answers"),
        ("down", _) => format!("{target}: does not answer"),
        _ => format!("{target}: cannot be asked{}", reason(record)),
    }
}

fn reason(record: &Record<'_>) -> String {
    record.raw("reason").map(|reason| format!(": {}", plain(reason))).unwrap_or_default()
}

/// All that stands behind the first words, decoded.
fn words_behind(record: &Record<'_>, skipped: usize) -> String {
    let words: Vec<&str> = record.rest().split(' ').skip(skipped).collect();
    plain(&words.join(" "))
}

#[cfg(test)]
mod tests;

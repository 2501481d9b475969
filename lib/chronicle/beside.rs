//! Sentences about what stands beside the pipeline: resources, carriers, watchdogs,
//! programs, what a person has set.

use crate::record::{Record, plain};

use super::reason;

/// A record of hb-resource, hb-monitor, ipaddr-agent, hb-watchdog, hb-respawn or
/// hb-config.
pub(super) fn sentence(record: &Record<'_>, subject: &str, state: &str) -> String {
    match record.kind {
        "resource" => format!("{subject}: {}: the script says {state}{}", name(record), status(record)),
        "monitor" => monitor(record, subject, state),
        "carrier" => match state {
            "up" => format!("{subject}: its interfaces here carry"),
            "down" => format!("{subject}: it has no carrier here{}", reason(record)),
            _ => format!("{subject}: its carrier here: {state}"),
        },
        "maintenance" => match subject {
            "off" => "no node is in maintenance any more".to_owned(),
            "on" => "a node is in maintenance".to_owned(),
            _ => format!("maintenance: {subject}"),
        },
        "watchdog" => watchdog(record, subject, state),
        "respawn" => respawn(record, subject, state),
        _ => {
            let values: Vec<String> =
                record.raw_fields().map(|(key, value)| format!("{key} {}", plain(value))).collect();
            format!("another configuration: {}", values.join(", "))
        }
    }
}

fn name(record: &Record<'_>) -> String {
    record.raw("name").map(plain).unwrap_or_default()
}

fn status(record: &Record<'_>) -> String {
    record.raw("status").map(|status| format!(" (status {status})")).unwrap_or_default()
}

fn monitor(record: &Record<'_>, group: &str, state: &str) -> String {
    let count = match record.raw_all(["n", "of"]) {
        [Some(n), Some(of)] => format!(", {n} of {of}"),
        _ => String::new(),
    };
    let what = match state {
        "running" => return format!("{group}: all of it runs again"),
        "failed" => "it was found failed",
        "unknown" => "it could not be told how it is",
        "restart" => "it is started again",
        "restarted" => "it has started again",
        "not-restarted" => "it did not start again",
        "given-up" => "it has failed, and no restarts are left",
        _ => state,
    };
    format!("{group}: {}: {what}{count}{}{}", name(record), status(record), reason(record))
}

fn watchdog(record: &Record<'_>, device: &str, state: &str) -> String {
    let timeout = record.raw("timeout").map(|span| format!(", after {span} s without a pulse")).unwrap_or_default();
    let what = match state {
        "armed" => format!("armed: this machine is reset{timeout}"),
        "idle" => "idle: this machine is not reset".to_owned(),
        "reset" => "it is not fed any more: this machine is to be reset".to_owned(),
        "left" => "left armed: this machine is to be reset".to_owned(),
        "failed" => "it failed".to_owned(),
        _ => state.to_owned(),
    };
    format!("{device}: {what}{}", reason(record))
}

fn respawn(record: &Record<'_>, name: &str, state: &str) -> String {
    let ending = match record.raw_all(["status", "signal"]) {
        [Some(status), _] => format!(" with status {status}"),
        [None, Some(signal)] => format!(" by signal {signal}"),
        [None, None] => String::new(),
    };
    let again = record.raw("again").map(|span| format!(", and is started again in {span} s")).unwrap_or_default();
    let what = match state {
        "started" => "this program was started".to_owned(),
        "ended" => format!("this program has ended{ending}{again}"),
        "over" => format!("this program has ended{ending}, and is not started again"),
        "failed" => format!("this program could not be started{again}"),
        _ => state.to_owned(),
    };
    format!("{name}: {what}{}", reason(record))
}

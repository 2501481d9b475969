//! What the lines say that a monitor reads: those of its standard input, and those
//! of what it runs.

use super::{Finding, Verdict};
use crate::record::{Record, RecordError};
use crate::time::Time;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A group runs here.
    Runs(String),
    /// It does not, or will not in a moment.
    Rests(String),
    /// Its lease was renewed: it runs, if nothing else was said.
    Renewed(String),
    /// Whether people work on the cluster.
    Maintenance(bool),
    /// Whether this process lives: a record with this time is waited for.
    Lives(Time),
    /// A record that asks for nothing.
    Nothing,
}

/// Reads one line. Of `group` records those count that name this node.
///
/// # Errors
/// It is no record; the cause.
pub fn read(line: &[u8], own: &str) -> Result<Ask, RecordError> {
    let record = Record::parse(line)?;
    let mut words = record.words();
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let ours = || record.raw("node") == Some(own);
    Ok(match (record.kind, first, second) {
        ("do", "start" | "stop", group) => Ask::Rests(group.to_owned()),
        ("do", "renew", group) => Ask::Renewed(group.to_owned()),
        ("group", group, "started") if ours() => Ask::Runs(group.to_owned()),
        ("group", group, _) if ours() => Ask::Rests(group.to_owned()),
        ("tick", _, _) => Ask::Lives(record.time),
        ("maintenance", "on", _) => Ask::Maintenance(true),
        ("maintenance", "off", _) => Ask::Maintenance(false),
        _ => Ask::Nothing,
    })
}

/// A `resource` record of hb-resource; none for all else.
pub fn finding(line: &[u8]) -> Option<Finding> {
    let record = Record::parse(line).ok().filter(|record| record.kind == "resource")?;
    let resource = record.get("name")?.into_owned();
    let verdict = Verdict::read(record.state()?)?;
    let status = record.raw("status").and_then(|text| text.parse().ok());
    Some(Finding { resource, verdict, status })
}

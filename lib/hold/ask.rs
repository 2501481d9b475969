//! What a line on the standard input of a holder asks for.

use std::net::IpAddr;

use crate::record::{Record, RecordError};
use crate::time::Time;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A new end of the only lease.
    Renew(Time),
    /// Put back what has gone: one address, or all.
    Restore(Option<IpAddr>),
    /// A `do` record: the group is taken, under this lease.
    Start(String, Time),
    /// A `do` record: a new end of the group's lease.
    RenewGroup(String, Time),
    /// A `do` record: the group is about to be released.
    Stop(String),
    /// A `group` record: all of the group runs here.
    Started(String),
    /// A `group` record: nothing of the group is left here.
    Stopped(String),
    /// Say when everything before this has been done.
    Tick(Time),
    /// A record that asks for nothing.
    Nothing,
}

/// Reads one line. Of `group` records those count that name this node.
///
/// # Errors
/// It is no request and no record; the cause, which does not quote it.
pub fn read(line: &[u8], own: Option<&str>) -> Result<Ask, String> {
    let text = std::str::from_utf8(line).map_err(|_| RecordError::Encoding.to_string())?;
    let words: Vec<&str> = text.split_ascii_whitespace().take(3).collect();
    match words.as_slice() {
        ["renew", until] => return until.parse().map(Ask::Renew).map_err(|_| "renew and no time behind it".to_owned()),
        ["restore"] => return Ok(Ask::Restore(None)),
        ["restore", address] => {
            let address = address.parse().map_err(|_| "restore and no address behind it".to_owned())?;
            return Ok(Ask::Restore(Some(address)));
        }
        _ => {}
    }
    let record = Record::parse(line).map_err(|_| "neither a request nor a record".to_owned())?;
    let until = || record.raw("until").and_then(|text| text.parse().ok()).ok_or("a lease without its end".to_owned());
    let mut words = record.words();
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let ours = || own.is_some() && record.raw("node") == own;
    Ok(match (record.kind, first, second) {
        ("tick", ..) => Ask::Tick(record.time),
        ("do", "start", group) => Ask::Start(group.to_owned(), until()?),
        ("do", "renew", group) => Ask::RenewGroup(group.to_owned(), until()?),
        ("do", "stop", group) => Ask::Stop(group.to_owned()),
        ("group", group, "started") if ours() => Ask::Started(group.to_owned()),
        ("group", group, "stopped" | "failed") if ours() => Ask::Stopped(group.to_owned()),
        _ => Ask::Nothing,
    })
}

//! Files of keys compared without their keys: what `authkey-check --fingerprint`
//! prints on one host, and the file of another.

use std::collections::BTreeMap;

use crate::auth::Method;
use crate::authkeys::{Authkeys, Entry, ID_MAX};

/// The word at the end of the line of the key that is signed with.
pub const SIGNS: &str = "signs";

/// The line of a key: number, method, fingerprint, and whether it signs.
pub fn line(entry: &Entry, signs: bool) -> String {
    let (id, method) = (entry.key.id(), entry.key.method());
    let end = if signs { format!(" {SIGNS}") } else { String::new() };
    format!("{id} {method} {}{end}", entry.fingerprint)
}

/// The lines of all keys, in the order of the file. Of several with one number
/// the last one signs.
pub fn lines(authkeys: &Authkeys) -> Vec<String> {
    let signing = authkeys.signing();
    let entries = authkeys.entries.iter().enumerate();
    entries.map(|(at, entry)| line(entry, Some(at) == signing)).collect()
}

/// The same as JSON objects: `kind` (key), `line` and `id` (numbers), `method`,
/// `fingerprint` (null for crc), and whether it `signs`.
pub fn json_lines(authkeys: &Authkeys) -> Vec<String> {
    let signing = authkeys.signing();
    let object = |(at, entry): (usize, &Entry)| {
        let (id, method) = (entry.key.id(), entry.key.method());
        let print = if method.is_keyed() { format!("\"{}\"", entry.fingerprint) } else { "null".to_owned() };
        let signs = Some(at) == signing;
        format!(
            "{{\"kind\":\"key\",\"line\":{},\"id\":{id},\"method\":\"{method}\",\"fingerprint\":{print},\"signs\":{signs}}}",
            entry.line
        )
    };
    authkeys.entries.iter().enumerate().map(object).collect()
}

/// What identifies the keys of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prints {
    keys: BTreeMap<u8, (Method, String)>,
    sign: Option<u8>,
}

impl Prints {
    /// From the file itself.
    pub fn of(authkeys: &Authkeys) -> Prints {
        let print = |entry: &Entry| (entry.key.id(), (entry.key.method(), entry.fingerprint.clone()));
        Prints { keys: authkeys.entries.iter().map(print).collect(), sign: authkeys.sign }
    }

    /// From what was printed of another one. `None` when it is not that, or has no
    /// key.
    pub fn parse(text: &str) -> Option<Prints> {
        let mut prints = Prints::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let (id, method, print) = match words.as_slice() {
                [id, method, print] => (id, method, print),
                [id, method, print, word] if *word == SIGNS => {
                    prints.sign = id.parse().ok();
                    (id, method, print)
                }
                _ => return None,
            };
            let id = id.parse().ok().filter(|id| *id <= ID_MAX)?;
            let method: Method = method.parse().ok()?;
            let is_print = print.len() == 16 && print.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if is_print != method.is_keyed() || (!is_print && *print != "-") {
                return None;
            }
            prints.keys.insert(id, (method, (*print).to_owned()));
        }
        (!prints.keys.is_empty()).then_some(prints)
    }

    /// In what the other file differs from this one, a sentence each; nothing when
    /// both have the same keys, and sign with the same one.
    pub fn differences(&self, other: &Prints) -> Vec<String> {
        let mut found = Vec::new();
        for id in 0..=ID_MAX {
            found.extend(match (self.keys.get(&id), other.keys.get(&id)) {
                (None, None) => None,
                (Some(_), None) => Some(format!("key {id} is here only")),
                (None, Some(_)) => Some(format!("key {id} is there only")),
                (Some((ours, _)), Some((theirs, _))) if ours != theirs => {
                    Some(format!("key {id} is for {ours} here and for {theirs} there"))
                }
                (Some((_, ours)), Some((_, theirs))) => {
                    (ours != theirs).then(|| format!("key {id} is another one there"))
                }
            });
        }
        if let (Some(ours), Some(theirs)) = (self.sign, other.sign) {
            found.extend((ours != theirs).then(|| format!("key {ours} signs here and key {theirs} there")));
        }
        found
    }
}

#[cfg(test)]
mod tests;

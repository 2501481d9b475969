//! Changes of the file of keys while a cluster runs: a key more, another one to
//! sign with, a key less. Everything else in the file stays as it is: comments,
//! order, line ends.
//!
//! What comes out is read once more before it is given away: it has no error,
//! signs with what it is to sign with, and has the keys that it is to have.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::auth::Method;
use crate::authkeys::{self, Authkeys, ID_MAX, SIZE_MAX};
use crate::problem::Problems;

/// Why a file is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has errors already.
    Wrong(Problems),
    /// The key is not in it.
    Absent(u8),
    /// The key is the one to sign with.
    Active(u8),
    /// No number of 1 to 15 can be used.
    NoNumber,
    /// It would have more bytes than a file of keys may have.
    Size,
    /// What came out is not what was meant.
    Unsure,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Wrong(problems) => problems.fmt(f),
            Refusal::Absent(id) => write!(f, "there is no key {id}"),
            Refusal::Active(id) => write!(f, "key {id} is the one to sign with: --activate another one first"),
            Refusal::NoNumber => f.write_str("no number from 1 to 15 is free: --retire a key first"),
            Refusal::Size => write!(f, "the file would be larger than {SIZE_MAX} bytes"),
            Refusal::Unsure => f.write_str("the lines are too unusual to be changed: do it by hand"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The keys by their numbers: what identifies each.
type Keys = BTreeMap<u8, (Method, String)>;

/// The text with one key more, of which only the comparison shows; and its
/// number. What the file signs with stays.
///
/// # Errors
/// Why it cannot be had.
pub fn add(text: &[u8], method: Method, secret: &str) -> Result<(Zeroizing<Vec<u8>>, u8), Refusal> {
    let (authkeys, mut keys) = read(text)?;
    let sign = authkeys.sign.ok_or(Refusal::Unsure)?;
    let highest = keys.keys().next_back().copied().unwrap_or(0);
    let end = line_end(text);
    let gap = if text.ends_with(b"\n") || text.is_empty() { "" } else { end };
    // Above all others first: a number that was given up yesterday may still stand
    // in the file of a node that is down.
    let numbers = (highest + 1..=ID_MAX).chain(1..highest).filter(|id| !keys.contains_key(id)).collect::<Vec<_>>();
    let mut refusal = Refusal::NoNumber;
    for id in numbers {
        let line = Zeroizing::new(format!("{gap}{id} {method} {secret}{end}"));
        let new = joined(&[text, line.as_bytes()]);
        let print = authkeys::fingerprint(method, &Zeroizing::new(secret.as_bytes().to_vec()));
        keys.insert(id, (method, print));
        // An auth line without effect may name this number.
        match confirm(&new, sign, &keys) {
            Ok(()) => return Ok((new, id)),
            Err(why) => refusal = why,
        }
        keys.remove(&id);
    }
    Err(refusal)
}

/// The text with key `id` as the one to sign with.
///
/// # Errors
/// Why it cannot be had.
pub fn activate(text: &[u8], id: u8) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let (authkeys, keys) = read(text)?;
    let key = authkeys.entries.iter().rfind(|entry| entry.key.id() == id).ok_or(Refusal::Absent(id))?;
    if authkeys.sign == Some(id) {
        return Ok(joined(&[text]));
    }
    // All auth lines: whichever of them stands above the key is the one that counts.
    let is_below = authkeys.auths.iter().all(|auth| auth.line > key.line);
    let above = if is_below { format!("auth {id}{}", line_end(text)) } else { String::new() };
    let mut new = joined(&[]);
    new.reserve_exact(text.len() + 32 * (1 + authkeys.auths.len()));
    for (number, line) in numbered(text) {
        if number == key.line {
            new.extend_from_slice(above.as_bytes());
        }
        if authkeys.auths.iter().any(|auth| auth.line == number) {
            new.extend_from_slice(&naming(line, id));
        } else {
            new.extend_from_slice(line);
        }
    }
    confirm(&new, id, &keys)?;
    Ok(new)
}

/// The text without key `id`.
///
/// # Errors
/// Why it cannot be had.
pub fn retire(text: &[u8], id: u8) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let (authkeys, mut keys) = read(text)?;
    let sign = authkeys.sign.ok_or(Refusal::Unsure)?;
    if sign == id {
        return Err(Refusal::Active(id));
    }
    keys.remove(&id).ok_or(Refusal::Absent(id))?;
    let is_key = |number| authkeys.entries.iter().any(|entry| entry.key.id() == id && entry.line == number);
    let kept: Vec<&[u8]> = numbered(text).filter(|(number, _)| !is_key(*number)).map(|(_, line)| line).collect();
    let new = joined(&kept);
    confirm(&new, sign, &keys)?;
    Ok(new)
}

/// What a file without errors says.
fn read(text: &[u8]) -> Result<(Authkeys, Keys), Refusal> {
    let (authkeys, problems) = authkeys::parse("", text);
    if problems.has_errors() {
        return Err(Refusal::Wrong(problems));
    }
    let keys = authkeys.entries.iter().map(|entry| {
        let key = &entry.key;
        (key.id(), (key.method(), entry.fingerprint.clone()))
    });
    let keys = keys.collect();
    Ok((authkeys, keys))
}

fn confirm(new: &[u8], sign: u8, keys: &Keys) -> Result<(), Refusal> {
    if new.len() as u64 > SIZE_MAX {
        return Err(Refusal::Size);
    }
    match read(new) {
        Ok((authkeys, found)) if authkeys.sign == Some(sign) && found == *keys => Ok(()),
        Ok(_) | Err(_) => Err(Refusal::Unsure),
    }
}

/// The lines with their ends, numbered from 1.
fn numbered(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(text.split_inclusive(|byte| *byte == b'\n'))
}

/// How the first line ends.
fn line_end(text: &[u8]) -> &'static str {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if first.ends_with(b"\r") && text.contains(&b'\n') { "\r\n" } else { "\n" }
}

/// An auth line with another number.
fn naming(line: &[u8], id: u8) -> Vec<u8> {
    let word = line.windows(4).position(|four| four == b"auth").map_or(0, |at| at + 4);
    let is_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'+';
    let start = line[word..].iter().position(is_number).map_or(line.len(), |at| word + at);
    let end = line[start..].iter().position(|byte| !is_number(byte)).map_or(line.len(), |at| start + at);
    let blank: &[u8] = if start == word { b" " } else { &line[word..start] };
    [&line[..word], blank, id.to_string().as_bytes(), &line[end..]].concat()
}

/// Room for all of it at once: growing would leave copies of keys behind.
fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| all.extend_from_slice(part));
    all
}

#[cfg(test)]
mod tests;

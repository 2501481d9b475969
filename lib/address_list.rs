//! Addresses as words of a command line, and from standard input.

use std::io;
use std::net::IpAddr;

use anyhow::{Context as _, bail, ensure};

use crate::address::{self, SpecError};
use crate::lines::{Lines, Next};

/// Addresses that one call takes.
const MOST: usize = 65_536;

/// A word of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// An address.
    Address(IpAddr),
    /// `-`: the addresses are on standard input, one a line.
    Input,
}

/// Reads a word: an address that a host can have, or `-`.
///
/// # Errors
/// It is neither.
pub fn word(text: &str) -> Result<Word, SpecError> {
    if text == "-" { Ok(Word::Input) } else { address::host_address(text).map(Word::Address) }
}

/// The addresses of all words, those of standard input in the place of `-`, each
/// once. Empty lines are skipped.
///
/// # Errors
/// A line that is no address, too many of them, or none.
pub fn read(words: &[Word]) -> anyhow::Result<Vec<IpAddr>> {
    let mut found = Vec::new();
    for word in words {
        match word {
            Word::Address(address) => found.push(*address),
            Word::Input => read_lines(&mut found)?,
        }
    }
    ensure!(!found.is_empty(), "standard input: no address in it");
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|address| seen.insert(*address));
    Ok(found)
}

fn read_lines(found: &mut Vec<IpAddr>) -> anyhow::Result<()> {
    let mut lines = Lines::new(io::stdin().lock());
    let mut number = 0;
    loop {
        number += 1;
        let place = || format!("standard input, line {number}");
        match lines.next_line().context("standard input")? {
            Next::End => return Ok(()),
            Next::TooLong => bail!("{}: too long for an address", place()),
            Next::Line(line) => {
                let text = String::from_utf8_lossy(line);
                if !text.trim().is_empty() {
                    found.push(address::host_address(text.trim()).with_context(place)?);
                }
            }
        }
        ensure!(found.len() <= MOST, "{}: more than {MOST} addresses", place());
    }
}

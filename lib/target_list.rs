//! Targets as they are named: on the command line, in a list, by a name server.

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::lines::{Lines, Next};
use crate::targets;

/// The addresses and names that words stand for, and those of a list, one a
/// line; `-` is standard input.
///
/// # Errors
/// A word is wrong, there are too many, or the list cannot be read.
pub fn read(words: &[String], list: Option<&Path>) -> anyhow::Result<Vec<String>> {
    let mut named = Vec::new();
    for word in words {
        targets::expand(word, &mut named)?;
    }
    let Some(path) = list else { return Ok(named) };
    each_word(path, |word| Ok(targets::expand(word, &mut named)?))?;
    Ok(named)
}

/// The first word of each line of a list, comments left out.
///
/// # Errors
/// The list cannot be read, or `take` fails.
pub fn each_word(path: &Path, mut take: impl FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let named = || path.display().to_string();
    let list: Box<dyn Read> =
        if path.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(File::open(path).with_context(named)?) };
    let mut lines = Lines::new(list);
    loop {
        match lines.next_line().with_context(named)? {
            Next::Line(line) => {
                let line = std::str::from_utf8(line).with_context(named)?;
                targets::of_line(line).map_or(Ok(()), &mut take)?;
            }
            Next::TooLong => bail!("{}: a line is too long", path.display()),
            Next::End => return Ok(()),
        }
    }
}

/// The addresses of a target: as it stands, or all of its name, in the order of
/// the name server.
///
/// # Errors
/// There is no such name, or nobody could say.
pub fn resolve(name: &str) -> io::Result<Vec<IpAddr>> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    Ok((name, 0).to_socket_addrs()?.map(|address: SocketAddr| address.ip()).collect())
}

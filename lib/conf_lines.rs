//! The lines of a configuration file: bounded, numbered, and without what
//! editors of other systems leave in them.

use crate::problem::{Problems, quote};

/// The longest line that Heartbeat reads, in bytes without its newline.
pub const LINE_MAX: usize = 5_119;

/// The most lines that a file may have.
pub const LINES_MAX: usize = 10_000;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// From 1.
    pub number: usize,
    /// Without newline and carriage return.
    pub bytes: &'a [u8],
    /// Whether a carriage return stood before the newline.
    pub carriage_return: bool,
}

/// Splits a file into lines. A byte order mark is warned of and left out; lines
/// that cannot be what was meant become errors and are left out. A missing
/// newline at the end of the file changes nothing.
pub fn split<'a>(text: &'a [u8], problems: &mut Problems) -> Vec<Line<'a>> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        problems.error(1, "the file is in UTF-16: save it as UTF-8");
        return Vec::new();
    }
    let text = match text.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => {
            problems.warning(1, "the file begins with a byte order mark, which Heartbeat refuses: save it without");
            rest
        }
        None => text,
    };
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut lines = Vec::new();
    for (index, bytes) in text.split(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        if number > LINES_MAX {
            problems.error(number, format!("more than {LINES_MAX} lines"));
            break;
        }
        let (bytes, carriage_return) = match bytes.strip_suffix(b"\r") {
            Some(rest) => (rest, true),
            None => (bytes, false),
        };
        match trouble(bytes) {
            Some(what) => problems.error(number, what),
            None => lines.push(Line { number, bytes, carriage_return }),
        }
    }
    lines
}

fn trouble(bytes: &[u8]) -> Option<String> {
    if bytes.len() > LINE_MAX {
        return Some(format!("the line is longer than {LINE_MAX} bytes"));
    }
    if bytes.contains(&0) {
        return Some("the line has a NUL byte: this is no text file".to_owned());
    }
    bytes
        .contains(&b'\r')
        .then(|| "a carriage return inside a line: save the file with newlines (LF) between its lines".to_owned())
}

/// The line up to a `#`, as text; `None`, with an error, when it has bytes that
/// only look right: typographic quotes, blanks and dashes, or control
/// characters.
pub fn text<'a>(line: &Line<'a>, problems: &mut Problems) -> Option<&'a str> {
    let end = line.bytes.iter().position(|byte| *byte == b'#').unwrap_or(line.bytes.len());
    let Ok(text) = std::str::from_utf8(&line.bytes[..end]) else {
        problems.error(line.number, "bytes that are not UTF-8");
        return None;
    };
    match text.chars().find_map(lookalike) {
        Some(what) => {
            problems.error(line.number, format!("{what}: write {}", quote(plain(text).trim())));
            None
        }
        None => Some(text),
    }
}

/// What only looks like a character that a configuration is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alike {
    Quote,
    Blank,
    /// Nothing can be seen of it.
    Nothing,
    Dash,
    Control,
}

fn alike(c: char) -> Option<Alike> {
    match c {
        '\t' | '\u{c}' => None,
        '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}' => Some(Alike::Quote),
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => Some(Alike::Nothing),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(Alike::Blank),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some(Alike::Dash),
        _ if c.is_control() => Some(Alike::Control),
        _ => None,
    }
}

/// Says of a character that it is not what it looks like.
pub fn lookalike(c: char) -> Option<String> {
    let what = match alike(c)? {
        Alike::Quote => "a typographic quote",
        Alike::Blank => "a character that only looks like a blank",
        Alike::Nothing => "a character that cannot be seen",
        Alike::Dash => "a typographic dash",
        Alike::Control => "a control character",
    };
    Some(format!("{what} (U+{:04X})", u32::from(c)))
}

/// The text with what it was probably meant to have: no quotes, ordinary blanks
/// and dashes.
pub fn plain(text: &str) -> String {
    let instead = |c: char| match alike(c) {
        None => Some(c),
        Some(Alike::Blank) => Some(' '),
        Some(Alike::Dash) => Some('-'),
        Some(Alike::Quote | Alike::Nothing | Alike::Control) => None,
    };
    text.chars().filter_map(instead).collect()
}

#[cfg(test)]
mod tests;

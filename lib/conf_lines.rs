//! The lines of a configuration file: bounded, numbered, and without what
//! editors of other systems leave in them.

use crate::problem::Problems;

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
            problems.error(line.number, what);
            None
        }
        None => Some(text),
    }
}

fn lookalike(c: char) -> Option<String> {
    let code = u32::from(c);
    match c {
        '\t' | '\u{c}' => None,
        '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}' => {
            Some(format!("a typographic quote (U+{code:04X}): no quotes are needed here"))
        }
        '\u{a0}' | '\u{2000}'..='\u{200d}' | '\u{202f}' | '\u{205f}' | '\u{2060}' | '\u{3000}' | '\u{feff}' => {
            Some(format!("a character that only looks like a blank (U+{code:04X}): write an ordinary blank"))
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some(format!("a typographic dash (U+{code:04X}): write '-'")),
        _ if c.is_control() => Some(format!("a control character (U+{code:04X})")),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

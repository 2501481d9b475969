//! One line between two tools: `KIND TIME [SUBJECT [STATE]] [key=value ...]`.
//!
//! A record has at most [`MAX`] bytes with its newline, so that a write into a
//! pipe is atomic. Bytes outside `!`..`~`, and `%`, are percent-encoded in
//! values. A reader ignores kinds and keys that it does not know.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::time::{Time, TimeError};

/// The longest record, newline included: PIPE_BUF on Linux.
pub const MAX: usize = 4096;

/// Room for the record of a message as nodes send it, so that it need not grow.
const USUAL: usize = 512;

/// A record, borrowed from its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is about: `tick`, `msg`, `node`, ...
    pub kind: &'a str,
    /// When it was true.
    pub time: Time,
    rest: &'a str,
}

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// Longer than [`MAX`].
    TooLong,
    /// Not UTF-8.
    Encoding,
    /// Nothing on the line.
    Empty,
    /// The first word is not a word of lower-case letters, digits and `-`.
    Kind,
    /// No time behind the kind.
    NoTime,
    /// The second word is no time.
    Time(TimeError),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::TooLong => write!(f, "longer than {MAX} bytes"),
            RecordError::Encoding => f.write_str("not UTF-8"),
            RecordError::Empty => f.write_str("an empty line"),
            RecordError::Kind => f.write_str("the first word is not the kind of a record"),
            RecordError::NoTime => f.write_str("no time behind the kind"),
            RecordError::Time(error) => write!(f, "the second word is no time: {error}"),
        }
    }
}

impl std::error::Error for RecordError {}

impl<'a> Record<'a> {
    /// Reads one line, with or without its newline.
    ///
    /// # Errors
    /// The line is too long, no UTF-8, or lacks a kind or a time.
    pub fn parse(line: &'a [u8]) -> Result<Record<'a>, RecordError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if line.len() >= MAX {
            return Err(RecordError::TooLong);
        }
        Record::parse_text(std::str::from_utf8(line).map_err(|_| RecordError::Encoding)?)
    }

    /// Reads one line, without its newline, that is known to be UTF-8.
    ///
    /// # Errors
    /// The line is too long, or lacks a kind or a time.
    pub fn parse_text(text: &'a str) -> Result<Record<'a>, RecordError> {
        if text.len() >= MAX {
            return Err(RecordError::TooLong);
        }
        if text.is_empty() {
            return Err(RecordError::Empty);
        }
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let end = text.bytes().position(|byte| !letter(byte)).unwrap_or(text.len());
        if end == 0 || text.as_bytes().get(end).is_some_and(|byte| *byte != b' ') {
            return Err(RecordError::Kind);
        }
        let (kind, rest) = (&text[..end], text.get(end + 1..).unwrap_or(""));
        if let Some((time, length)) = Time::at_start_of(rest.as_bytes())
            && matches!(rest.as_bytes().get(length), None | Some(b' '))
        {
            return Ok(Record { kind, time, rest: rest.get(length + 1..).unwrap_or("") });
        }
        let (time, rest) = first_word(rest);
        if time.is_empty() {
            return Err(RecordError::NoTime);
        }
        let time = time.parse().map_err(RecordError::Time)?;
        Ok(Record { kind, time, rest })
    }

    /// The words before the first `key=value`.
    pub fn words(&self) -> impl Iterator<Item = &'a str> {
        let rest = self.rest;
        let words = Words::new(rest).map(move |(start, end)| &rest[start..end]);
        words.filter(|word| !word.is_empty()).take_while(|word| !word.as_bytes().contains(&b'='))
    }

    /// The first word behind the time: a node, a group, a link, a target.
    pub fn subject(&self) -> Option<&'a str> {
        let (word, _) = first_word(self.rest.trim_start_matches(' '));
        (!word.is_empty() && word.bytes().all(|byte| byte != b'=')).then_some(word)
    }

    /// The second word behind the time.
    pub fn state(&self) -> Option<&'a str> {
        self.words().nth(1)
    }

    /// Keys and values as they stand on the line, in their order.
    pub fn raw_fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let rest = self.rest;
        Words::new(rest).filter_map(move |(start, end)| {
            let equals = start + rest.as_bytes()[start..end].iter().position(|byte| *byte == b'=')?;
            Some((&rest[start..equals], &rest[equals + 1..end]))
        })
    }

    /// All words behind the time as bytes: for what is done with every record of
    /// a long recording.
    pub fn raw_words(&self) -> impl Iterator<Item = &'a [u8]> {
        let rest = self.rest.as_bytes();
        Words::new(self.rest).map(move |(start, end)| &rest[start..end])
    }

    /// The value of `key` as it stands on the line; the first one counts.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        self.raw_fields().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The values of several keys in one pass; see [`Record::raw`].
    pub fn raw_all<const N: usize>(&self, keys: [&str; N]) -> [Option<&'a str>; N] {
        let mut values = [None; N];
        for (name, value) in self.raw_fields() {
            for (key, slot) in keys.iter().zip(&mut values) {
                if *key == name && slot.is_none() {
                    *slot = Some(value);
                }
            }
        }
        values
    }

    /// The decoded value of `key` as text; `None` also when it is not UTF-8.
    pub fn get(&self, key: &str) -> Option<Cow<'a, str>> {
        match decode(self.raw(key)?) {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        }
    }

    /// All that stands behind the time.
    pub fn rest(&self) -> &'a str {
        self.rest
    }
}

/// The highest bit of each byte that is a blank, and perhaps of a `!` behind one.
/// Words are so short that a general search takes longer to begin than to find:
/// eight bytes are looked at as one number, in which a byte is zero where it is
/// the wanted one.
#[inline(always)]
fn blanks(eight: [u8; 8]) -> u64 {
    const fn every(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    let number = u64::from_le_bytes(eight) ^ every(b' ');
    number.wrapping_sub(every(1)) & !number & every(0x80)
}

/// Where the words of a text begin and end, which one blank separates. Each byte
/// is looked at once.
struct Words<'a> {
    bytes: &'a [u8],
    /// Where the next word begins.
    start: usize,
    /// What has not been looked at.
    rest: &'a [u8],
    /// Of the eight bytes before it.
    blanks: u64,
    base: usize,
}

impl<'a> Words<'a> {
    #[inline(always)]
    fn new(text: &'a str) -> Words<'a> {
        Words { bytes: text.as_bytes(), start: 0, rest: text.as_bytes(), blanks: 0, base: 0 }
    }

    /// Where the next blank stands, or the end.
    #[inline(always)]
    fn end(&mut self) -> usize {
        loop {
            while self.blanks != 0 {
                let at = self.base + self.blanks.trailing_zeros() as usize / 8;
                self.blanks &= self.blanks - 1;
                if self.bytes[at] == b' ' {
                    return at;
                }
            }
            self.base = self.bytes.len() - self.rest.len();
            let Some((eight, behind)) = self.rest.split_first_chunk() else { break };
            self.blanks = blanks(*eight);
            self.rest = behind;
        }
        match self.rest.iter().position(|byte| *byte == b' ') {
            Some(at) => {
                self.rest = &self.rest[at + 1..];
                self.base + at
            }
            None => self.bytes.len(),
        }
    }
}

impl Iterator for Words<'_> {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.start > self.bytes.len() {
            return None;
        }
        let end = self.end();
        let start = std::mem::replace(&mut self.start, end + 1);
        Some((start, end))
    }
}

/// What stands before the first blank, and what behind it.
fn first_word(text: &str) -> (&str, &str) {
    match text.bytes().position(|byte| byte == b' ') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, ""),
    }
}

/// Undoes [`encode`]. A `%` without two hexadecimal digits stays as it is.
pub fn decode(value: &str) -> Cow<'_, [u8]> {
    if !value.contains('%') {
        return Cow::Borrowed(value.as_bytes());
    }
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|b| char::from(*b).to_digit(16));
        match (byte, hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

/// A value as text for a person, on one line: what is no UTF-8 is replaced, and so
/// are control characters.
pub fn plain(value: &str) -> String {
    visible(&String::from_utf8_lossy(&decode(value)))
}

/// Text for a person, on one line: blanks in the place of control characters, which a
/// record may have where it was not written by a tool of ours.
pub fn visible(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Appends `value` with every byte outside `!`..`~`, and `%`, as `%XX`.
pub fn encode(value: &[u8], out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let is_plain = |byte: &u8| (b'!'..=b'~').contains(byte) && *byte != b'%';
    let mut rest = value;
    while !rest.is_empty() {
        let length = rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
        let (plain, behind) = rest.split_at(length);
        out.push_str(std::str::from_utf8(plain).unwrap_or_default());
        rest = behind;
        if let Some((byte, behind)) = rest.split_first() {
            out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
            rest = behind;
        }
    }
}

/// Encodes what is written to it: for values that need no text of their own.
struct Encoded<'a>(&'a mut String);

impl fmt::Write for Encoded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        encode(text.as_bytes(), self.0);
        Ok(())
    }
}

/// Whether `text` can be the key of a field: 1 to 64 of letters, digits, `_`,
/// `-` and `.`.
pub fn is_key(text: &str) -> bool {
    crate::name::is_name(text)
}

/// A record in the making.
///
/// ```
/// use hbkit::record::Line;
/// use hbkit::time::Time;
/// let line = Line::new("node", Time::from_micros(1_500_000)).word("node2").word("dead").field("silent", "10.0");
/// assert_eq!(line.to_string(), "node 1.500000 node2 dead silent=10.0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    text: String,
}

impl Line {
    /// Begins a record.
    pub fn new(kind: &str, time: Time) -> Line {
        let mut text = String::with_capacity(USUAL);
        // Into a string nothing fails.
        let _ = write!(text, "{kind} {time}");
        Line { text }
    }

    /// Adds a subject or a state; what could not stand there as one word is
    /// percent-encoded.
    #[must_use]
    pub fn word(mut self, word: &str) -> Line {
        self.text.push(' ');
        let start = self.text.len();
        encode(word.as_bytes(), &mut self.text);
        if self.text[start..].contains('=') {
            let safe = self.text[start..].replace('=', "%3D");
            self.text.truncate(start);
            self.text.push_str(&safe);
        }
        self
    }

    /// Adds a field. The key must satisfy [`is_key`]: another one is left out.
    #[must_use]
    pub fn field(mut self, key: &str, value: impl fmt::Display) -> Line {
        if is_key(key) {
            self.key(key);
            let _ = write!(Encoded(&mut self.text), "{value}");
        }
        self
    }

    /// Adds a field whose value is any bytes.
    #[must_use]
    pub fn bytes(mut self, key: &str, value: &[u8]) -> Line {
        if is_key(key) {
            self.key(key);
            encode(value, &mut self.text);
        }
        self
    }

    fn key(&mut self, key: &str) {
        self.text.push(' ');
        self.text.push_str(key);
        self.text.push('=');
    }

    /// Adds a field only where there is a value.
    #[must_use]
    pub fn maybe(self, key: &str, value: Option<impl fmt::Display>) -> Line {
        match value {
            Some(value) => self.field(key, value),
            None => self,
        }
    }

    /// The record without its newline; the fields that do not fit into [`MAX`]
    /// bytes are left out from the end and counted in `cut=`.
    pub fn finish(self) -> String {
        let mut text = self.text;
        if text.len() < MAX {
            return text;
        }
        let mut cut = 0;
        while text.len() + " cut=9999".len() >= MAX {
            let end = text.rfind(' ').unwrap_or(0);
            text.truncate(end);
            cut += 1;
        }
        text.push_str(&format!(" cut={cut}"));
        text
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.clone().finish())
    }
}

#[cfg(test)]
mod tests;

//! Records and problems as JSON lines (RFC 8259), for programs that read those better.

use std::fmt::Write as _;

use crate::problem::Problem;
use crate::record::{Record, decode};

/// Appends `text` as a JSON string with its quotes.
pub fn string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // DEL and the line separators are legal, but not every reader copes.
            '\0'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

/// A record as one JSON object: `kind`, `time` (a number), `words` (subject and
/// state) and `fields`. Values are strings, decoded; one that is not UTF-8 stays
/// percent-encoded. Of several fields with one name the first counts.
pub fn from_record(record: &Record<'_>) -> String {
    let mut out = String::with_capacity(512);
    out.push_str("{\"kind\":");
    string(record.kind, &mut out);
    let _ = write!(out, ",\"time\":{}", record.time);
    out.push_str(",\"words\":[");
    for (at, word) in record.words().enumerate() {
        comma(at, &mut out);
        string(word, &mut out);
    }
    out.push_str("],\"fields\":{");
    let is_first = |at: usize, key: &str| !record.raw_fields().take(at).any(|(earlier, _)| earlier == key);
    let fields = record.raw_fields().enumerate().filter(|(at, (key, _))| is_first(*at, key));
    for (count, (_, (key, value))) in fields.enumerate() {
        comma(count, &mut out);
        string(key, &mut out);
        out.push(':');
        let decoded = decode(value);
        string(std::str::from_utf8(&decoded).unwrap_or(value), &mut out);
    }
    out.push_str("}}");
    out
}

/// A problem as one JSON object: `kind` (problem), `file`, `line` (a number, or
/// null), `severity` and `what`.
pub fn from_problem(problem: &Problem) -> String {
    let mut out = String::with_capacity(256);
    out.push_str("{\"kind\":\"problem\",\"file\":");
    string(&problem.file, &mut out);
    let line = problem.line.map_or_else(|| "null".to_owned(), |line| line.to_string());
    let _ = write!(out, ",\"line\":{line},\"severity\":\"{}\",\"what\":", problem.severity);
    string(&problem.what, &mut out);
    out.push('}');
    out
}

fn comma(before: usize, out: &mut String) {
    if before > 0 {
        out.push(',');
    }
}

#[cfg(test)]
mod tests;

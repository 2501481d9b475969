//! What a command says, as lines for a person: with a name in front, printable,
//! and bounded, whatever the command writes.

use crate::budget::Budget;
use crate::time::Time;

/// The longest line that is shown, in bytes of what was said; the rest is cut.
pub const SHOWN: usize = 1_000;

/// How many lines are shown at once.
const AT_ONCE: u32 = 500;

/// How many more are shown in a second.
const A_SECOND: u32 = 20;

/// Lines that are being gathered from pieces of output.
#[derive(Debug)]
pub struct Utterance {
    prefix: String,
    /// The beginning of a line that has not ended, at most [`SHOWN`] bytes.
    open: Vec<u8>,
    /// Bytes of it that are not shown.
    cut: usize,
    budget: Budget,
    unsaid: u64,
}

impl Utterance {
    /// Nothing said yet. `prefix` stands before each line, with a colon.
    pub fn new(prefix: &str, now: Time) -> Utterance {
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}: ") };
        Utterance { prefix, open: Vec::new(), cut: 0, budget: Budget::new(AT_ONCE, A_SECOND, now), unsaid: 0 }
    }

    /// Takes a piece of output; the lines that it ends go to `shown`, each with
    /// its newline.
    pub fn hear(&mut self, mut piece: &[u8], now: Time, shown: &mut Vec<u8>) {
        while let Some(end) = memchr::memchr(b'\n', piece) {
            self.gather(&piece[..end]);
            self.end_line(now, shown);
            piece = &piece[end + 1..];
        }
        self.gather(piece);
    }

    /// The output has ended: a line without a newline is shown too, and how many
    /// were not.
    pub fn end(&mut self, now: Time, shown: &mut Vec<u8>) {
        if !self.open.is_empty() {
            self.end_line(now, shown);
        }
        self.confess(shown);
    }

    /// What was heard so far is not worth a word.
    pub fn forget(&mut self) {
        (self.open, self.cut, self.unsaid) = (Vec::new(), 0, 0);
    }

    /// Lines that were not shown for want of room elsewhere.
    pub fn lost(&mut self, lines: u64) {
        self.unsaid += lines;
    }

    fn gather(&mut self, bytes: &[u8]) {
        let room = SHOWN - self.open.len();
        let kept = &bytes[..bytes.len().min(room)];
        self.open.extend_from_slice(kept);
        self.cut += bytes.len() - kept.len();
    }

    fn end_line(&mut self, now: Time, shown: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.open);
        let cut = std::mem::take(&mut self.cut);
        if !self.budget.take(now) {
            self.unsaid += 1;
            return;
        }
        self.confess(shown);
        shown.extend_from_slice(self.prefix.as_bytes());
        shown.extend_from_slice(printable(&line).as_bytes());
        if cut > 0 {
            shown.extend_from_slice(format!(" ... ({cut} bytes more)").as_bytes());
        }
        shown.push(b'\n');
    }

    fn confess(&mut self, shown: &mut Vec<u8>) {
        let unsaid = std::mem::take(&mut self.unsaid);
        if unsaid > 0 {
            shown.extend_from_slice(format!("{}({unsaid} lines are not shown)\n", self.prefix).as_bytes());
        }
    }
}

/// What cannot disturb a terminal or a log: control characters and what is no
/// UTF-8 stand as escapes, but for tabs; a carriage return at the end is dropped.
fn printable(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut text = String::new();
    for chunk in line.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() && character != '\t' {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests;

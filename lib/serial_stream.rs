//! Finds classic messages in the bytes of a serial line, wherever reads cut
//! them and whatever noise is between them.

use crate::classic;
use crate::message::MAX_BYTES;

/// Something found in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// From the start marker to the end marker: perhaps a message.
    Message(&'a [u8]),
    /// A line outside of messages, or a message that another one cut off.
    Noise,
    /// More than a message can have; skipped up to the next start marker.
    TooLong,
}

/// The state of a line.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// What has come since the last newline.
    line: Vec<u8>,
    /// The lines since the start marker; empty outside of a message.
    message: Vec<u8>,
    /// The present line is too long, and its rest is not kept.
    skipping: bool,
    /// A start marker has been seen: noise before it is the message into whose
    /// middle we came.
    joined: bool,
}

const START_LINE: &[u8] = b">>>";
const END_LINE: &[u8] = b"<<<";

impl Stream {
    /// A line of which nothing has been read.
    pub fn new() -> Stream {
        Stream::default()
    }

    /// Takes in bytes and hands on what they complete. Carriage returns are
    /// left out, as Heartbeat does.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Found<'_>)) {
        for &byte in bytes {
            match byte {
                b'\r' => {}
                b'\n' => self.end_line(&mut each),
                _ if self.skipping => {}
                _ if self.message.len() + self.line.len() >= MAX_BYTES => {
                    self.skipping = true;
                    self.line.clear();
                    self.message.clear();
                    each(Found::TooLong);
                }
                _ => self.line.push(byte),
            }
        }
    }

    /// A message that begins within a message means that the rest of the first
    /// one was lost: no field begins with `>`. Outside, noise may stand before
    /// the marker on its line.
    fn end_line(&mut self, each: &mut impl FnMut(Found<'_>)) {
        let is_inside = !self.message.is_empty();
        if std::mem::take(&mut self.skipping) {
            self.line.clear();
        } else if is_inside && self.line.starts_with(START_LINE) {
            each(Found::Noise);
            self.start();
        } else if is_inside {
            let is_end = self.line.starts_with(END_LINE);
            self.message.append(&mut self.line);
            self.message.push(b'\n');
            if is_end {
                each(Found::Message(&self.message));
                self.message.clear();
            }
        } else if self.line.ends_with(START_LINE) {
            self.start();
        } else if self.joined && !self.line.is_empty() {
            each(Found::Noise);
        }
        self.line.clear();
    }

    fn start(&mut self) {
        self.joined = true;
        self.message.clear();
        self.message.extend_from_slice(classic::START);
    }
}

#[cfg(test)]
mod tests;

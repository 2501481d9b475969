//! What Heartbeat reads out of the words that a script's `status` prints: for
//! scripts whose exit status means nothing.

/// What the words come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// They say that it runs.
    Running,
    /// They say that it does not, or nothing.
    Stopped,
}

/// The longest of the phrases, less one: so much of what was heard must be kept.
const OVERLAP: usize = "not running".len() - 1;

/// Output that is being read, in pieces of any length.
#[derive(Debug, Default)]
pub struct Words {
    tail: Vec<u8>,
    running: bool,
    denied: bool,
}

impl Words {
    /// Takes a piece of output.
    pub fn hear(&mut self, piece: &[u8]) {
        self.tail.extend_from_slice(piece);
        for phrase in ["not running", "not Running", "Not running", "Not Running"] {
            self.denied |= memchr::memmem::find(&self.tail, phrase.as_bytes()).is_some();
        }
        for phrase in ["running", "Running", "OK"] {
            self.running |= memchr::memmem::find(&self.tail, phrase.as_bytes()).is_some();
        }
        self.tail.drain(..self.tail.len().saturating_sub(OVERLAP));
    }

    /// What was heard comes to: stopped where "not running" is anywhere in it, N
    /// and R in either case; else running where "running", "Running" or "OK" is.
    pub fn reading(&self) -> Reading {
        if self.running && !self.denied { Reading::Running } else { Reading::Stopped }
    }
}

#[cfg(test)]
mod tests;

//! Lines from a descriptor: bounded, and with an answer to "would the next read
//! wait?", so that a filter flushes before it waits and never otherwise.

use std::io::{self, Read};

use crate::record::MAX;

/// One line that was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A whole line without its newline. The last one may have had none.
    Line(&'a [u8]),
    /// A line that is longer than a record may be; it was skipped.
    TooLong,
    /// The end of the input.
    End,
}

/// Lines that were read together.
#[derive(Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// At least one whole line, each with its newline; the last one of the input
    /// may have none. One that is too long may be among them.
    Lines(&'a [u8]),
    /// A line that is longer than a record may be; it was skipped.
    TooLong,
    /// The end of the input.
    End,
}

/// A reader of lines that never holds more than a few records.
#[derive(Debug)]
pub struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    /// The end of the last whole line in the buffer.
    whole: usize,
    skipping: bool,
    ended: bool,
}

/// Room for sixteen of the longest records: what one read takes from a pipe.
const BUFFER: usize = 16 * MAX;

impl<R: Read> Lines<R> {
    /// Reads lines from `from`.
    pub fn new(from: R) -> Lines<R> {
        Lines { from, buffer: vec![0; BUFFER], start: 0, filled: 0, whole: 0, skipping: false, ended: false }
    }

    /// Whether the next call of [`Lines::next_line`] has to read first, and so
    /// may wait.
    pub fn would_wait(&self) -> bool {
        !self.ended && self.start >= self.whole
    }

    fn newline(&self) -> Option<usize> {
        memchr::memchr(b'\n', &self.buffer[self.start..self.filled]).map(|at| self.start + at)
    }

    /// The next line.
    ///
    /// # Errors
    /// The input could not be read.
    pub fn next_line(&mut self) -> io::Result<Next<'_>> {
        loop {
            if let Some(end) = self.newline() {
                let start = std::mem::replace(&mut self.start, end + 1);
                if std::mem::take(&mut self.skipping) || end - start >= MAX {
                    return Ok(Next::TooLong);
                }
                return Ok(Next::Line(&self.buffer[start..end]));
            }
            if self.ended {
                return Ok(self.last_line());
            }
            self.read_more()?;
        }
    }

    /// All whole lines that are at hand, after a read when there is none.
    ///
    /// # Errors
    /// The input could not be read.
    pub fn next_block(&mut self) -> io::Result<Block<'_>> {
        loop {
            if self.start < self.whole {
                if std::mem::take(&mut self.skipping) {
                    self.start = self.newline().map_or(self.whole, |at| at + 1);
                    return Ok(Block::TooLong);
                }
                let start = std::mem::replace(&mut self.start, self.whole);
                return Ok(Block::Lines(&self.buffer[start..self.whole]));
            }
            if self.ended {
                return Ok(match self.last_line() {
                    Next::Line(line) => Block::Lines(line),
                    Next::TooLong => Block::TooLong,
                    Next::End => Block::End,
                });
            }
            self.read_more()?;
        }
    }

    /// Takes in what the descriptor has, once. Waits if it has nothing.
    ///
    /// # Errors
    /// The input could not be read.
    pub fn read_more(&mut self) -> io::Result<()> {
        if self.filled - self.start >= MAX {
            self.skipping = true;
            self.start = self.filled;
        }
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        let read = loop {
            match self.from.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        let last = memchr::memrchr(b'\n', &self.buffer[self.filled..self.filled + read]);
        self.whole = last.map_or(0, |at| self.filled + at + 1);
        self.filled += read;
        self.ended = read == 0;
        Ok(())
    }

    /// What stands behind the last newline.
    fn last_line(&mut self) -> Next<'_> {
        let start = std::mem::replace(&mut self.start, self.filled);
        if std::mem::take(&mut self.skipping) {
            return Next::TooLong;
        }
        if start == self.filled {
            return Next::End;
        }
        Next::Line(&self.buffer[start..self.filled])
    }

    /// What the lines are read from.
    pub fn get_ref(&self) -> &R {
        &self.from
    }
}

#[cfg(test)]
mod tests;

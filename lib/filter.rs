//! The loop of a filter: records in, lines out; flushed before it waits. What
//! cannot be read is said once per cause and skipped.

use std::collections::BTreeSet;
use std::io::Read;

use anyhow::Context as _;

use crate::edge::{OutputError, complain};
use crate::lines::{Block, Lines};
use crate::record::{Record, RecordError};

/// Whether a filter goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next record.
    Go,
    /// Its work is done.
    End,
}

/// Complaints about the input: each cause is said once.
#[derive(Debug)]
pub struct Complaints {
    tool: &'static str,
    said: BTreeSet<String>,
}

impl Complaints {
    /// No complaint so far.
    pub fn new(tool: &'static str) -> Complaints {
        Complaints { tool, said: BTreeSet::new() }
    }

    /// Says `cause` about line `number` of the input, unless it was said. There
    /// are few causes; `cause` must not quote the input.
    pub fn say(&mut self, number: u64, cause: &str) {
        if self.said.insert(cause.to_owned()) {
            complain(self.tool, &format_args!("line {number}: {cause}; such lines are skipped, this is said once"));
        }
    }
}

/// What a filter does with its records.
pub trait Filter {
    /// Takes a record, and its line as it was read. A strange record is an
    /// `Err` with its cause as a sentence.
    ///
    /// # Errors
    /// The output could not be written.
    fn record(&mut self, record: &Record<'_>, line: &[u8]) -> anyhow::Result<Result<Flow, String>>;

    /// Writes all that was gathered: the filter is about to wait.
    ///
    /// # Errors
    /// Standard output could not be written to.
    fn flush(&mut self) -> Result<(), OutputError>;
}

/// Runs a filter over `input` to its end.
///
/// # Errors
/// The input could not be read, or the output not be written.
pub fn run(tool: &'static str, input: impl Read, filter: &mut impl Filter) -> anyhow::Result<()> {
    let mut lines = Lines::new(input);
    let mut feeding = Feeding { filter, complaints: Complaints::new(tool), number: 0 };
    loop {
        if lines.would_wait() {
            feeding.filter.flush()?;
        }
        match lines.next_block().context("standard input")? {
            Block::End => break,
            Block::TooLong => feeding.strange(&RecordError::TooLong.to_string()),
            Block::Lines(block) => {
                if feeding.block(block)? == Flow::End {
                    break;
                }
            }
        }
    }
    filter.flush()?;
    Ok(())
}

struct Feeding<'a, F> {
    filter: &'a mut F,
    complaints: Complaints,
    number: u64,
}

impl<F: Filter> Feeding<'_, F> {
    /// Takes lines that were read together. That they are UTF-8 is seen once for
    /// all of them, or for each where one is not.
    fn block(&mut self, block: &[u8]) -> anyhow::Result<Flow> {
        let text = std::str::from_utf8(block).ok();
        let mut start = 0;
        while start < block.len() {
            let Some(length) = memchr::memchr(b'\n', &block[start..]) else {
                // Half a record may be another one: its writer has died.
                self.strange("the last line has no newline and may be cut");
                break;
            };
            let end = start + length;
            let line = &block[start..end];
            let record = match text {
                Some(text) => Record::parse_text(&text[start..end]),
                None => Record::parse(line),
            };
            match record {
                Err(error) => self.strange(&cause(&error)),
                Ok(record) => match self.filter.record(&record, line)? {
                    Ok(Flow::Go) => self.number += 1,
                    Ok(Flow::End) => return Ok(Flow::End),
                    Err(cause) => self.strange(&cause),
                },
            }
            start = end + 1;
        }
        Ok(Flow::Go)
    }

    /// Skips a line.
    fn strange(&mut self, cause: &str) {
        self.number += 1;
        self.complaints.say(self.number, cause);
    }
}

/// The cause without a quotation, so that there are few different ones.
fn cause(error: &RecordError) -> String {
    match error {
        RecordError::Time(_) => "the second word is no time".to_owned(),
        RecordError::TooLong | RecordError::Encoding | RecordError::Empty | RecordError::Kind | RecordError::NoTime => {
            error.to_string()
        }
    }
}

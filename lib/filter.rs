//! The loop of a filter: records in, lines out; flushed before it waits. What
//! cannot be read is said once per cause and skipped.

use std::collections::BTreeSet;
use std::io::Read;

use anyhow::Context as _;

use crate::edge::{OutputError, complain};
use crate::lines::{Lines, Next};
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
    let mut complaints = Complaints::new(tool);
    let mut number = 0;
    loop {
        if lines.would_wait() {
            filter.flush()?;
        }
        number += 1;
        match lines.next_line().context("standard input")? {
            Next::End => break,
            Next::TooLong => complaints.say(number, &RecordError::TooLong.to_string()),
            Next::Line(line) => match Record::parse(line) {
                Err(error) => complaints.say(number, &cause(&error)),
                Ok(record) => match filter.record(&record, line)? {
                    Ok(Flow::Go) => {}
                    Ok(Flow::End) => break,
                    Err(cause) => complaints.say(number, &cause),
                },
            },
        }
    }
    filter.flush()?;
    Ok(())
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

//! The descriptor that leads to hb-send, for records that want an answer. It is
//! never waited for: who listens must not hang on who speaks.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;

use nix::fcntl::OFlag;

use crate::answers;
use crate::budget::Budget;
use crate::record::Record;
use crate::time::Time;

/// How many records are handed on at once, and how many a second after that.
/// hb-send answers no more; the pipe is not for peers to fill.
const AT_ONCE: u32 = 200;
const A_SECOND: u32 = 100;

/// The way to hb-send.
#[derive(Debug)]
pub struct Forward {
    /// Closed when it failed.
    pipe: Option<File>,
    own: String,
    budget: Budget,
}

impl Forward {
    /// The descriptor `fd`, opened once more, so that nobody else's waiting is
    /// changed; for the answers of node `own`.
    ///
    /// # Errors
    /// It is not open, or not for writing.
    pub fn open(fd: u8, own: &str, now: Time) -> io::Result<Forward> {
        let flags = OFlag::O_NONBLOCK.bits();
        let pipe = OpenOptions::new().write(true).custom_flags(flags).open(format!("/dev/fd/{fd}"))?;
        Ok(Forward { pipe: Some(pipe), own: own.to_owned(), budget: Budget::new(AT_ONCE, A_SECOND, now) })
    }

    /// Hands a record on if it wants an answer and there is room; who asked asks
    /// again. An error is said once, and ends it.
    ///
    /// # Errors
    /// The pipe is broken.
    pub fn offer(&mut self, record: &Record<'_>, line: &str, now: Time) -> io::Result<()> {
        if !answers::concerns(record, &self.own) || !self.budget.take(now) {
            return Ok(());
        }
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        // A pipe takes what is not longer than a record whole or not at all.
        match pipe.write_all(format!("{line}\n").as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                self.pipe = None;
                Err(error)
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

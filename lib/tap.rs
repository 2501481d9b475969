//! The FIFO that leads to the keeper of records. It is never waited for:
//! who decides must not hang on who keeps. What it does not take is counted, and
//! said as soon as there is room again. What tells nothing new is handed on in
//! batches: to wake the keeper for each tick would cost as much as to decide.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use nix::fcntl::OFlag;

use crate::record::{Line, MAX};
use crate::time::Time;

/// For how long what tells nothing new may wait for more of it.
const LAG: Duration = Duration::from_millis(400);

/// What could not be handed on, since it was last said.
#[derive(Clone, Copy, Debug)]
struct Hole {
    count: u64,
    first: Time,
    last: Time,
}

/// The way to the keeper.
#[derive(Debug)]
pub struct Tap {
    /// Closed when it failed.
    pipe: Option<File>,
    /// Whole lines, [`MAX`] bytes at most, so that a pipe takes them whole or not
    /// at all.
    waiting: Vec<u8>,
    /// Of the lines that wait.
    lines: u64,
    first: Time,
    last: Time,
    /// Whether something among them is not to wait.
    is_urgent: bool,
    hole: Option<Hole>,
}

impl Tap {
    /// The FIFO `path`. It is opened for reading too, so that it is there whether
    /// somebody reads it or not.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> io::Result<Tap> {
        let flags = OFlag::O_NONBLOCK.bits();
        let pipe = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
        let (waiting, first, last) = (Vec::with_capacity(MAX), Time::ZERO, Time::ZERO);
        Ok(Tap { pipe: Some(pipe), waiting, lines: 0, first, last, is_urgent: false, hole: None })
    }

    /// Gathers a line of the time `time`; its newline is added. One that is urgent
    /// leaves, with all before it, before the tool waits.
    pub fn line(&mut self, line: &[u8], time: Time, is_urgent: bool) {
        if self.waiting.len() + line.len() + 1 > MAX {
            self.flush();
        }
        if self.lines == 0 {
            self.first = time;
        }
        self.lines += 1;
        self.last = time;
        self.is_urgent |= is_urgent;
        self.waiting.extend_from_slice(line);
        self.waiting.push(b'\n');
    }

    /// Hands on what is urgent, or has waited for [`LAG`] by the times of the
    /// lines. To be called whenever the tool is about to wait, behind all that
    /// others wait for.
    pub fn rest(&mut self) {
        // A time that goes back says nothing of how long they have waited.
        if self.is_urgent || self.last < self.first || self.last.since(self.first) >= LAG {
            self.flush();
        }
    }

    /// Hands on what was gathered, as far as there is room for it.
    pub fn flush(&mut self) {
        if self.lines == 0 {
            return;
        }
        if let Some(hole) = self.hole
            && self.write(said(hole).as_bytes())
        {
            self.hole = None;
        }
        let waiting = std::mem::take(&mut self.waiting);
        if self.hole.is_some() || !self.write(&waiting) {
            let hole = self.hole.get_or_insert(Hole { count: 0, first: self.first, last: self.last });
            hole.count += self.lines;
            hole.last = self.last;
        }
        self.waiting = waiting;
        self.waiting.clear();
        self.lines = 0;
        self.is_urgent = false;
    }

    /// Whether the pipe took it. One that is broken is not tried again.
    fn write(&mut self, bytes: &[u8]) -> bool {
        let Some(pipe) = &mut self.pipe else { return false };
        match pipe.write_all(bytes) {
            Ok(()) => true,
            Err(error) => {
                if error.kind() != io::ErrorKind::WouldBlock {
                    self.pipe = None;
                }
                false
            }
        }
    }
}

/// Nothing is left behind.
impl Drop for Tap {
    fn drop(&mut self) {
        self.flush();
    }
}

/// A record that says what was not kept.
fn said(hole: Hole) -> String {
    let line = Line::new("unkept", hole.last).field("n", hole.count).field("since", hole.first);
    format!("{}\n", line.field("reason", "slow").finish())
}

#[cfg(test)]
mod tests;

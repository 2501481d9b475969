//! The FIFO that leads to the keeper of records. It is never waited for:
//! who decides must not hang on who keeps. What it does not take is counted, and
//! said as soon as there is room again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::OFlag;

use crate::record::{Line, MAX};
use crate::time::Time;

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
        Ok(Tap { pipe: Some(pipe), waiting, lines: 0, first, last, hole: None })
    }

    /// Gathers a line of the time `time`; its newline is added.
    pub fn line(&mut self, line: &[u8], time: Time) {
        if self.waiting.len() + line.len() + 1 > MAX {
            self.flush();
        }
        if self.lines == 0 {
            self.first = time;
        }
        self.lines += 1;
        self.last = time;
        self.waiting.extend_from_slice(line);
        self.waiting.push(b'\n');
    }

    /// Hands on what was gathered, as far as there is room for it. To be called
    /// whenever the tool is about to wait, behind all that others wait for.
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

/// A record that says what was not kept.
fn said(hole: Hole) -> String {
    let line = Line::new("unkept", hole.last).field("n", hole.count).field("since", hole.first);
    format!("{}\n", line.field("reason", "slow").finish())
}

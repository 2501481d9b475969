//! From a descriptor that a command writes to, to standard error: lines with a
//! name in front, bounded, and never waited for at either end.

use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::LazyLock;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags};
use nix::unistd::write;

use crate::edge;
use crate::heartbeat_words::Words;
use crate::time::Time;
use crate::utterance::Utterance;

/// What waits for standard error at most.
const WAITING: usize = 256 * 1024;

/// What standard error takes at once when it has room: a pipe's atomic write.
const PIECE: usize = 4_096;

/// How often the source is read before others have their turn.
const READS: usize = 16;

/// A command's output on its way.
#[derive(Debug)]
pub struct Relay {
    /// `None` when it has ended.
    from: Option<std::fs::File>,
    utterance: Utterance,
    words: Words,
    waiting: Vec<u8>,
    /// Nothing is written yet: whether it is worth it shows in the end.
    held_back: bool,
}

impl Relay {
    /// Reads `from`, without waiting. What is `held_back` is written at the end, if
    /// it is not dropped before.
    ///
    /// # Errors
    /// The descriptor cannot be read without waiting.
    pub fn new(from: OwnedFd, prefix: &str, held_back: bool) -> io::Result<Relay> {
        let flags = OFlag::from_bits_truncate(fcntl(&from, FcntlArg::F_GETFL)?);
        fcntl(&from, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        let utterance = Utterance::new(prefix, edge::now());
        Ok(Relay { from: Some(from.into()), utterance, words: Words::default(), waiting: Vec::new(), held_back })
    }

    /// What is to be waited for.
    pub fn interests(&self) -> Vec<PollFd<'_>> {
        let source = self.from.as_ref().map(|from| PollFd::new(from.as_fd(), PollFlags::POLLIN));
        source.into_iter().chain(self.room()).collect()
    }

    fn room(&self) -> Option<PollFd<'static>> {
        (!self.waiting.is_empty() && !self.held_back).then(|| PollFd::new(standard_error(), PollFlags::POLLOUT))
    }

    /// Passes on what can be read and written at once.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn pass(&mut self) -> io::Result<()> {
        let mut buffer = [0; 65_536];
        for _ in 0..READS {
            let Some(from) = &mut self.from else { break };
            match from.read(&mut buffer) {
                Ok(0) => self.from = None,
                Ok(read) => self.hear(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.write();
        Ok(())
    }

    fn hear(&mut self, piece: &[u8]) {
        self.words.hear(piece);
        let mut shown = Vec::new();
        self.utterance.hear(piece, edge::now(), &mut shown);
        if self.waiting.len() + shown.len() > WAITING {
            let lines = shown.iter().filter(|byte| **byte == b'\n').count();
            self.utterance.lost(u64::try_from(lines).unwrap_or(u64::MAX));
        } else {
            self.waiting.extend_from_slice(&shown);
        }
        self.write();
    }

    /// Writes what standard error takes at once. One that has gone takes all.
    fn write(&mut self) {
        while let Some(room) = self.room() {
            let mut room = [room];
            let ready = nix::poll::poll(&mut room, nix::poll::PollTimeout::ZERO);
            if !ready.is_ok_and(|ready| ready > 0) {
                return;
            }
            match write(standard_error(), &self.waiting[..self.waiting.len().min(PIECE)]) {
                Ok(written) => drop(self.waiting.drain(..written)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(_) => self.waiting.clear(),
            }
        }
    }

    /// The command has ended: what it left in the pipe is passed on, and a last
    /// line without a newline. The descriptor is given back where others still
    /// hold its other end.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn end(&mut self) -> io::Result<Option<OwnedFd>> {
        self.pass()?;
        let mut shown = Vec::new();
        self.utterance.end(edge::now(), &mut shown);
        self.held_back = false;
        self.waiting.extend_from_slice(&shown);
        self.write();
        Ok(self.from.take().map(OwnedFd::from))
    }

    /// Waits until all is written, or `deadline` has come.
    ///
    /// # Errors
    /// The kernel refuses to wait.
    pub fn flush(&mut self, deadline: Time) -> io::Result<()> {
        while let Some(room) = self.room().filter(|_| edge::now() < deadline) {
            crate::signals::wait_until(&mut [room], deadline)?;
            self.write();
        }
        Ok(())
    }

    /// What was held back is not worth it.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn drop_held_back(&mut self) -> io::Result<()> {
        if self.held_back {
            self.pass()?;
            self.waiting.clear();
            self.utterance.forget();
        }
        Ok(())
    }

    /// Whether the source has ended.
    pub fn has_ended(&self) -> bool {
        self.from.is_none()
    }

    /// What was heard, as Heartbeat reads it.
    pub fn words(&self) -> &Words {
        &self.words
    }
}

/// A descriptor that is never closed.
fn standard_error() -> BorrowedFd<'static> {
    static STANDARD_ERROR: LazyLock<io::Stderr> = LazyLock::new(io::stderr);
    STANDARD_ERROR.as_fd()
}

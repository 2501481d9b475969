//! Waiting: on descriptors, with a deadline on the boot clock; and for the
//! signals that end a tool, as a descriptor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, ppoll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeSpec;

use crate::edge;
use crate::time::Time;

/// Waits until one of the descriptors is ready or `deadline` has come; a
/// deadline that has passed only looks. A signal may end the wait early.
///
/// # Errors
/// The kernel refuses the descriptors.
pub fn until(descriptors: &mut [PollFd<'_>], deadline: Option<Time>) -> io::Result<()> {
    let span = deadline.map(|deadline| TimeSpec::from(deadline.since(edge::now())));
    match ppoll(descriptors, span, None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether the descriptor at `at` can be read, or has ended or failed.
pub fn is_ready(descriptors: &[PollFd<'_>], at: usize) -> bool {
    descriptors.get(at).is_some_and(|descriptor| descriptor.any().unwrap_or(true))
}

/// SIGTERM, SIGINT and SIGHUP as a descriptor that becomes readable, so that a
/// tool ends between two messages and not within one.
#[derive(Debug)]
pub struct Ending {
    signals: SignalFd,
}

impl Ending {
    /// Takes the signals from their default, which is to end the process.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn new() -> io::Result<Ending> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            set.add(signal);
        }
        set.thread_block()?;
        let signals = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Ending { signals })
    }

    /// Whether one of them has come.
    pub fn has_come(&self) -> bool {
        matches!(self.signals.read_signal(), Ok(Some(_)))
    }
}

impl AsFd for Ending {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }
}

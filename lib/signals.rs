//! Signals as a descriptor, an alarm as a descriptor, and waiting for
//! descriptors with a deadline.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

use crate::edge;
use crate::time::Time;

/// Signals that a tool takes over: from its making on they end nothing by
/// themselves.
#[derive(Debug)]
pub struct Signals {
    descriptor: SignalFd,
}

impl Signals {
    /// Takes SIGINT and SIGTERM over, which ask a tool to end.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub fn take_over() -> io::Result<Signals> {
        Signals::of(&[Signal::SIGINT, Signal::SIGTERM])
    }

    /// Takes these over.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub fn of(signals: &[Signal]) -> io::Result<Signals> {
        let set: SigSet = signals.iter().copied().collect();
        set.thread_block()?;
        let descriptor = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Signals { descriptor })
    }

    /// Whether one came since the last question.
    ///
    /// # Errors
    /// The descriptor cannot be read.
    pub fn came(&self) -> io::Result<bool> {
        Ok(self.descriptor.read_signal()?.is_some())
    }

    /// The next one that came.
    ///
    /// # Errors
    /// The descriptor cannot be read.
    pub fn next(&self) -> io::Result<Option<Signal>> {
        let came = self.descriptor.read_signal()?;
        Ok(came.and_then(|came| Signal::try_from(i32::try_from(came.ssi_signo).ok()?).ok()))
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// A point in time as a descriptor: it can be read from that point on. For what
/// has to be on time: a wait with a deadline may end late by a thousandth of its
/// length (select(2), NOTES of the timer slack), an alarm does not.
#[derive(Debug)]
pub struct Alarm {
    timer: TimerFd,
    set: Option<Time>,
}

impl Alarm {
    /// An alarm that does not go off.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub fn new() -> io::Result<Alarm> {
        let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        Ok(Alarm { timer, set: None })
    }

    /// Sets it to `at`; one that went off before is silent until then.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn set(&mut self, at: Time) -> io::Result<()> {
        if self.set != Some(at) {
            let point = TimeSpec::from_duration(at.since(Time::ZERO));
            self.timer.set(Expiration::OneShot(point), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
            self.set = Some(at);
        }
        Ok(())
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

/// Waits until one of the descriptors can be read, `longest` at most; without
/// end where there is none. A signal that was not taken over ends the wait.
///
/// # Errors
/// The kernel refuses to wait.
pub fn wait<'a>(descriptors: impl Iterator<Item = BorrowedFd<'a>>, longest: Option<Duration>) -> io::Result<()> {
    let mut polled: Vec<PollFd<'_>> = descriptors.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    match ppoll(&mut polled, longest.map(TimeSpec::from_duration), None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Waits until one of the descriptors is what it is asked to be, or `deadline`
/// has come; a deadline that has passed only looks. A signal that was not taken
/// over ends the wait.
///
/// # Errors
/// The kernel refuses to wait.
pub fn wait_until(descriptors: &mut [PollFd<'_>], deadline: Time) -> io::Result<()> {
    let longest = TimeSpec::from_duration(deadline.since(edge::now()));
    match ppoll(descriptors, Some(longest), None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

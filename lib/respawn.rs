//! When a program that has ended is started again, and when not.

use std::time::Duration;

use crate::time::Time;

/// The exit status by which a program says that it is not to be started again, as
/// in Heartbeat.
pub const OVER: i32 = 100;

/// Who lived for so long is started again at once.
const STEADY: Duration = Duration::from_secs(30);

/// How long one that lived shorter is waited with, the first time and at most; it
/// doubles each time.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// A program that is started again when it ends.
///
/// ```text
///   waiting --- its time has come ---> running --- exit 100 ---> over
///      ^                                  |
///      +-------- any other end -----------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Respawn {
    state: State,
    pause: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting(Time),
    Running(Time),
    Over,
}

impl Respawn {
    /// One that is to be started now.
    pub fn new(now: Time) -> Respawn {
        Respawn { state: State::Waiting(now), pause: FIRST }
    }

    /// When it is to be started; `None` while it runs, and when it is over.
    pub fn due(&self) -> Option<Time> {
        match self.state {
            State::Waiting(at) => Some(at),
            State::Running(_) | State::Over => None,
        }
    }

    /// Whether it is never started again.
    pub fn is_over(&self) -> bool {
        match self.state {
            State::Over => true,
            State::Waiting(_) | State::Running(_) => false,
        }
    }

    /// It was started.
    pub fn begun(&mut self, now: Time) {
        self.state = State::Running(now);
    }

    /// It has ended, or could not be started; `status` is there when it ended by
    /// itself. When it is started again, if it is, as a span from now.
    pub fn ended(&mut self, status: Option<i32>, now: Time) -> Option<Duration> {
        let lived = match self.state {
            State::Running(since) => now.since(since),
            State::Waiting(_) | State::Over => Duration::ZERO,
        };
        if status == Some(OVER) {
            self.state = State::Over;
            return None;
        }
        let pause = if lived >= STEADY {
            self.pause = FIRST;
            Duration::ZERO
        } else {
            let pause = self.pause;
            self.pause = (pause * 2).min(LONGEST);
            pause
        };
        self.state = State::Waiting(now + pause);
        Some(pause)
    }
}

#[cfg(test)]
mod tests;

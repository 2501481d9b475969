//! How long a command may take: when it is asked to end, when it is killed, when
//! nothing more can be done.
//!
//! ```text
//!            timeout, or told to end        grace                 LAST
//!   Working ------------------------> Asked -----> Killed (again ------> GivenUp
//!                                                  each AGAIN)
//! ```

use std::time::Duration;

use crate::time::Time;

/// What is started while others are killed is killed within this time.
const AGAIN: Duration = Duration::from_millis(20);

/// How long what was killed may take to be gone. A process that the kernel does
/// not let go, because a disk does not answer, cannot be waited for.
const LAST: Duration = Duration::from_secs(5);

/// What is to be done to the command and all that it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Nothing yet.
    Wait,
    /// It is asked to end (SIGTERM).
    Ask,
    /// It is killed (SIGKILL).
    Kill,
    /// What lives is left to itself.
    GiveUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Working { until: Option<Time> },
    Asked { until: Time },
    Killed { again: Time, until: Time },
    GivenUp,
}

/// The patience with one command.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    stage: Stage,
    grace: Duration,
}

impl Patience {
    /// With a command that begins `now`, may take `timeout`, and has `grace` from
    /// being asked to end to being killed.
    pub fn new(timeout: Option<Duration>, grace: Duration, now: Time) -> Patience {
        Patience { stage: Stage::Working { until: timeout.map(|timeout| now + timeout) }, grace }
    }

    /// Its time is over at once.
    pub fn end(&mut self, now: Time) {
        match self.stage {
            Stage::Working { .. } => self.stage = Stage::Working { until: Some(now) },
            Stage::Asked { .. } | Stage::Killed { .. } | Stage::GivenUp => {}
        }
    }

    /// What is due. It is done once for each answer.
    pub fn step(&mut self, now: Time) -> Step {
        match self.stage {
            Stage::Working { until: Some(until) } if now >= until => {
                self.stage = Stage::Asked { until: now + self.grace };
                Step::Ask
            }
            Stage::Asked { until } if now >= until => {
                self.stage = Stage::Killed { again: now + AGAIN, until: now + LAST };
                Step::Kill
            }
            Stage::Killed { until, .. } if now >= until => {
                self.stage = Stage::GivenUp;
                Step::GiveUp
            }
            Stage::Killed { again, until } if now >= again => {
                self.stage = Stage::Killed { again: now + AGAIN, until };
                Step::Kill
            }
            Stage::GivenUp => Step::GiveUp,
            Stage::Working { .. } | Stage::Asked { .. } | Stage::Killed { .. } => Step::Wait,
        }
    }

    /// When [`Patience::step`] has something next; `None`: never.
    pub fn due(&self) -> Option<Time> {
        match self.stage {
            Stage::Working { until } => until,
            Stage::Asked { until } => Some(until),
            Stage::Killed { again, until } => Some(again.min(until)),
            Stage::GivenUp => Some(Time::ZERO),
        }
    }

    /// Whether it is over, so that all that lives must end.
    pub fn is_over(&self) -> bool {
        match self.stage {
            Stage::Working { .. } => false,
            Stage::Asked { .. } | Stage::Killed { .. } | Stage::GivenUp => true,
        }
    }
}

#[cfg(test)]
mod tests;

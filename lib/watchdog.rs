//! When a watchdog is armed, fed and disarmed: by the pulse of the pipeline.
//!
//! ```text
//!           a pulse that holds: open          a pulse that holds: feed
//!   idle ---------------------------> armed <---+
//!    ^  ^                              |  |     |
//!    |  | a pulse that holds nothing:  |  +-----+
//!    |  +---- disarm ------------------+
//!    |                                 | cannot be opened, or fed
//!    +------- a pulse that holds ------+--> failed: tried again later
//!             nothing
//! ```
//!
//! A pulse is a heartbeat of ours that left and came round. When none comes, the
//! device is not fed, and resets the machine [`timeout`] after the last pulse: before
//! another node takes over, which it does deadtime after it heard that heartbeat.

use std::time::Duration;

use crate::record::{Line, Record};
use crate::time::{Time, seconds};

/// How late a pulse may come round and still be fed at least.
const SPARE: Duration = Duration::from_millis(250);

/// The shortest deadtime that leaves a watchdog a whole second.
pub const SHORTEST: Duration = Duration::from_millis(1_250);

/// A device that could not be used is tried again after this time.
const AGAIN: Duration = Duration::from_secs(10);

/// The longest time-out that is asked of a device: many take no more.
const LONGEST: u64 = 60;

/// The whole seconds for which a watchdog is set, so that it resets the machine
/// before deadtime is over; `None` when there is not one.
pub fn timeout(deadtime: Duration) -> Option<Duration> {
    let whole = deadtime.checked_sub(SPARE)?.as_secs().min(LONGEST);
    (whole > 0).then(|| Duration::from_secs(whole))
}

/// What kind of device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A circuit of its own.
    Hardware,
    /// A timer of the kernel, which dies with it.
    Software,
    /// Something that is no watchdog, such as a file: nothing is reset.
    StandIn,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Hardware => "hardware",
            Kind::Software => "software",
            Kind::StandIn => "stand-in",
        }
    }
}

/// What is known of a device that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What it is.
    pub kind: Kind,
    /// What it was set to, as it says itself.
    pub timeout: Duration,
    /// It cannot be disarmed any more.
    pub nowayout: bool,
}

/// What is to be done with the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is to be opened and set, which arms it; [`Watchdog::opened`] is told.
    Open,
    /// It is to be fed; [`Watchdog::broken`] is told when it cannot be.
    Feed,
    /// It is to be disarmed and closed.
    Disarm,
    /// A record for standard output.
    Say(Line),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// Whether the last pulse said that something is held: what cannot be disarmed
    /// stays armed when nothing is.
    Armed {
        device: Device,
        held: bool,
    },
    Failed {
        again: Time,
    },
    /// The machine is to be reset: it is fed no more.
    LetGo(Device),
}

/// What a line of the input asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A heartbeat went round; whether the node may hold a group.
    Pulse {
        /// When it left.
        at: Time,
        /// Whether the node may hold a group.
        holds: bool,
    },
    /// The machine is to be reset.
    Reset,
    /// Everything was released: nothing is to be left armed.
    Exit,
}

/// Reads a record; nothing for those that are not for a watchdog.
///
/// # Errors
/// A record of ours lacks what it must have.
pub fn read(record: &Record<'_>) -> Result<Option<Ask>, &'static str> {
    match (record.kind, record.subject()) {
        ("pulse", Some("held")) => Ok(Some(Ask::Pulse { at: record.time, holds: true })),
        ("pulse", Some("idle")) => Ok(Some(Ask::Pulse { at: record.time, holds: false })),
        ("pulse", _) => Err("a pulse is held or idle"),
        // The group is about to be started: the device is armed before.
        ("do", Some("start")) => Ok(Some(Ask::Pulse { at: record.time, holds: true })),
        ("do", Some("exit")) => Ok(Some(Ask::Exit)),
        ("ask", Some("reset")) => Ok(Some(Ask::Reset)),
        _ => Ok(None),
    }
}

/// A watchdog. It reads no clock, and touches no device.
#[derive(Debug)]
pub struct Watchdog {
    path: String,
    timeout: Duration,
    spare: Duration,
    state: State,
}

impl Watchdog {
    /// One that is not armed, for the device at `path`; `None` where deadtime is too
    /// short for whole seconds.
    pub fn new(path: &str, deadtime: Duration) -> Option<Watchdog> {
        let timeout = timeout(deadtime)?;
        let spare = deadtime.saturating_sub(timeout);
        Some(Watchdog { path: path.to_owned(), timeout, spare, state: State::Idle })
    }

    /// What the device is set to.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether the machine is reset unless the device is fed.
    pub fn is_armed(&self) -> bool {
        match self.state {
            State::Armed { .. } | State::LetGo(_) => true,
            State::Idle | State::Failed { .. } => false,
        }
    }

    /// Says in a record that nothing is armed; `missing` is why it could not be.
    pub fn begin(&mut self, missing: Option<&str>, now: Time, steps: &mut Vec<Step>) {
        match missing {
            None => self.say("idle", now, steps),
            Some(reason) => {
                self.state = State::Failed { again: now };
                self.say_why(reason, now, steps);
            }
        }
    }

    /// Takes what was asked for.
    pub fn ask(&mut self, ask: Ask, now: Time, steps: &mut Vec<Step>) {
        match ask {
            Ask::Pulse { at, holds } => {
                // What is later than that would be fed for too long, and what is yet
                // to come is no pulse.
                if now.since(at) <= self.spare && at.since(now) <= self.spare {
                    self.pulse(holds, now, steps);
                }
            }
            Ask::Exit => match &mut self.state {
                State::Armed { held, .. } => {
                    *held = false;
                    self.pulse(false, now, steps);
                }
                State::Idle | State::Failed { .. } | State::LetGo(_) => {}
            },
            Ask::Reset => {
                if let State::Armed { device, .. } = &self.state {
                    self.state = State::LetGo(device.clone());
                    self.say("reset", now, steps);
                }
            }
        }
    }

    fn pulse(&mut self, holds: bool, now: Time, steps: &mut Vec<Step>) {
        match (&mut self.state, holds) {
            (State::LetGo(_), _) | (State::Idle, false) => {}
            (State::Idle, true) => steps.push(Step::Open),
            (State::Failed { again }, true) if now >= *again => steps.push(Step::Open),
            (State::Failed { .. }, _) => {}
            (State::Armed { device, .. }, false) if !device.nowayout => {
                self.state = State::Idle;
                steps.push(Step::Disarm);
                self.say("idle", now, steps);
            }
            (State::Armed { held, .. }, _) => {
                *held = holds;
                steps.push(Step::Feed);
            }
        }
    }

    /// The device was opened, or could not be.
    pub fn opened(&mut self, device: Result<Device, String>, now: Time, steps: &mut Vec<Step>) {
        let failed = matches!(self.state, State::Failed { .. });
        match device {
            Ok(device) if device.timeout > self.timeout => {
                self.state = State::Failed { again: now + AGAIN };
                steps.push(Step::Disarm);
                let set = seconds(device.timeout);
                let wanted = seconds(self.timeout);
                self.say_why(&format!("it takes no less than {set} s, and {wanted} are needed"), now, steps);
            }
            Ok(device) => {
                self.state = State::Armed { device, held: true };
                self.say("armed", now, steps);
            }
            Err(reason) => {
                self.state = State::Failed { again: now + AGAIN };
                if !failed {
                    self.say_why(&reason, now, steps);
                }
            }
        }
    }

    /// The device could not be fed: it is closed, and still armed for all that is
    /// known.
    pub fn broken(&mut self, reason: &str, now: Time, steps: &mut Vec<Step>) {
        self.state = State::Failed { again: now };
        self.say_why(reason, now, steps);
    }

    /// The input has ended, or this process was asked to. Whether the device may be
    /// left: one that is armed is not disarmed, since nobody has said that nothing is
    /// held any more.
    pub fn end(&mut self, now: Time, steps: &mut Vec<Step>) -> bool {
        match self.state {
            State::Armed { held: false, .. } => {
                steps.push(Step::Disarm);
                self.say("left", now, steps);
                false
            }
            State::Armed { held: true, .. } | State::LetGo(_) => {
                self.say("left", now, steps);
                false
            }
            State::Idle | State::Failed { .. } => true,
        }
    }

    fn say(&self, word: &str, now: Time, steps: &mut Vec<Step>) {
        let line = Line::new("watchdog", now).word(&self.path).word(word).field("timeout", seconds(self.timeout));
        let line = match &self.state {
            State::Armed { device, .. } | State::LetGo(device) => {
                let line = line.field("kind", device.kind.word());
                if device.nowayout { line.field("nowayout", 1) } else { line }
            }
            State::Idle | State::Failed { .. } => line,
        };
        steps.push(Step::Say(line));
    }

    fn say_why(&self, reason: &str, now: Time, steps: &mut Vec<Step>) {
        let line = Line::new("watchdog", now).word(&self.path).word("failed");
        steps.push(Step::Say(line.field("reason", reason)));
    }
}

#[cfg(test)]
mod tests;

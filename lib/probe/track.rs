//! One target's past: what waits, what was answered, what was lost.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::WAITING;
use super::report::{Reason, State};
use super::steady::Steady;
use super::tally::{Tallies, Tally};
use crate::time::Time;

/// A stream says the loss of this many probes.
const WINDOW: u32 = 10;

/// How a probe ended.
pub enum Outcome {
    /// It was answered after so long.
    Answered(Duration),
    /// It was sent and not answered.
    Lost(Reason),
    /// It was sent, and nobody knows what came of it.
    Blurred(Reason),
    /// It could not be sent.
    Unsent(Reason),
}

/// Numbers of probes and when they were sent, the oldest first.
#[derive(Debug, Default)]
pub struct Past(VecDeque<(u64, Time)>);

/// One target's past.
#[derive(Debug, Default)]
pub struct Track {
    /// The number of its next probe.
    pub next: u64,
    /// Numbers and times of the probes that wait.
    pub waiting: VecDeque<(u64, Time)>,
    /// Bit n: the probe `next - 1 - n` was answered.
    pub answered: u64,
    /// Bit n: the n-th last probe that ended was lost.
    pub losses: u64,
    /// Probes that were sent and have ended.
    pub ended: u64,
    /// Of these, without an answer in time.
    pub lost: u64,
    /// Probes that could not be sent.
    pub unsent: u64,
    /// Of the lost, those that may have been answered.
    pub blurred: u64,
    /// The sum over all answers.
    pub rtt: Duration,
    /// Answers that came twice, since the last record.
    pub dup: u64,
    /// Answers that came after the time-out, since the last record.
    pub late: u64,
    /// The last ICMP error since the last answer, and who sent it.
    pub refused: Option<Box<(&'static str, IpAddr)>>,
    /// Why the last probe was not answered.
    pub reason: Option<Reason>,
    /// Another try is due.
    pub again: bool,
    /// The last that is known.
    pub state: Option<State>,
    /// The last record of a stream.
    pub said: Option<(State, Time)>,
    /// What a stream believes, where not every probe decides.
    pub steady: Option<Box<Steady>>,
    /// Counts and times, where they are wanted.
    pub tallies: Option<Box<Tallies>>,
    /// Numbers and times of the latest probes that were answered, where notes
    /// are wanted.
    pub past: Option<Box<Past>>,
}

impl Track {
    /// The number of a new probe.
    pub fn begin(&mut self) -> u64 {
        self.answered <<= 1;
        self.again = false;
        self.next += 1;
        self.next - 1
    }

    /// A probe was sent and waits.
    pub fn wait(&mut self, number: u64, sent: Time) {
        // One target in thousands has its one probe: no room for more.
        if self.waiting.capacity() == 0 {
            self.waiting.reserve_exact(1);
        }
        self.waiting.push_back((number, sent));
    }

    /// Takes a probe from those that wait; when it was sent.
    pub fn take(&mut self, number: u64) -> Option<Time> {
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == number)?;
        self.waiting.remove(place).map(|(_, sent)| sent)
    }

    /// When a probe that waits was sent.
    pub fn sent(&self, number: u64) -> Option<Time> {
        self.waiting.iter().find(|(waiting, _)| *waiting == number).map(|(_, sent)| *sent)
    }

    /// Keeps when a probe that was answered was sent.
    pub fn remember(&mut self, number: u64, sent: Time) {
        let Past(past) = self.past.get_or_insert_default().as_mut();
        if past.len() >= WAITING as usize {
            past.pop_front();
        }
        past.push_back((number, sent));
    }

    /// When a probe that was answered was sent, as far as it is kept.
    pub fn remembered(&self, number: u64) -> Option<Time> {
        self.past.as_ref()?.0.iter().find(|(kept, _)| *kept == number).map(|(_, sent)| *sent)
    }

    /// Counts an answer that came once more.
    pub fn count_dup(&mut self) {
        self.dup += 1;
        self.tally(|tally| tally.dup += 1);
    }

    /// Counts an answer that came after the time-out.
    pub fn count_late(&mut self) {
        self.late += 1;
        self.tally(|tally| tally.late += 1);
    }

    fn tally(&mut self, change: impl Fn(&mut Tally)) {
        if let Some(tallies) = &mut self.tallies {
            tallies.both(change);
        }
    }

    /// Who sent the ICMP error that is the reason.
    pub fn by(&self, reason: Option<&Reason>) -> Option<IpAddr> {
        let (word, by) = self.refused.as_deref()?;
        reason.is_some_and(|reason| reason == word).then_some(*by)
    }

    /// Counts a probe that ended, and says what it shows of the target.
    pub fn end(&mut self, outcome: &Outcome) -> State {
        self.tally(|tally| tally.add(outcome));
        match outcome {
            Outcome::Answered(rtt) => {
                self.refused = None;
                self.rtt += *rtt;
                self.count(false);
                State::Up
            }
            Outcome::Lost(_) => {
                self.count(true);
                State::Down
            }
            Outcome::Blurred(_) => {
                self.blurred += 1;
                self.count(true);
                State::Unknown
            }
            Outcome::Unsent(_) => {
                self.unsent += 1;
                State::Unknown
            }
        }
    }

    fn count(&mut self, lost: bool) {
        self.losses = self.losses << 1 | u64::from(lost);
        self.ended += 1;
        self.lost += u64::from(lost);
    }

    /// The state that all probes together come to.
    pub fn overall(&self) -> State {
        if self.ended > self.lost {
            State::Up
        } else if self.unsent + self.blurred > 0 || self.ended == 0 {
            State::Unknown
        } else {
            State::Down
        }
    }

    /// Lost, of how many, in the last [`WINDOW`].
    pub fn recent(&self) -> (u64, u64) {
        let of = self.ended.min(u64::from(WINDOW));
        (u64::from((self.losses & ((1 << of) - 1)).count_ones()), of)
    }
}

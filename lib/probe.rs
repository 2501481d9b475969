//! Many targets, each probed at an interval: whom to ask next, and what is
//! known. The edge asks [`Prober::next_probe`] what to send, says what came of
//! it and what it heard, and after it has read all that waits lets time pass
//! ([`Prober::expire`]).
//!
//! ```text
//!           sent                answer in time
//! due --+--------> waiting --+------------------> up
//!       |                    | an error that quotes our check, or the time-out
//!       |                    +------------------> down
//!       | not sent           | the time-out, but packets were lost here
//!       +------------------> +------------------> unknown
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use crate::icmp::Echo;
use crate::time::Time;

mod check;
mod ending;
mod groups;
mod hearing;
mod report;
mod settings;
mod steady;
mod sum;
mod tally;
mod track;

use check::Checks;
pub use groups::GroupReport;
use groups::Groups;
pub use report::{Note, Reason, Report, State};
pub use settings::{Settings, Target, rhythm};
pub use steady::{Rules, Steady};
pub use sum::Sum;
pub use tally::{Kept, Tallies, Tally};
use track::{Outcome, Track};

/// Most probes of one target that may wait for their answer at the same time:
/// the bits of its memory.
pub const WAITING: u32 = 64;

/// The least time between two probes of a target.
pub const INTERVAL_LEAST: Duration = Duration::from_micros(100);

/// A quiet stream repeats what it knows this often, so that its silence says
/// that it has died.
pub const REPEAT: Duration = Duration::from_secs(5);

/// What may be sent at once after a time without sending: what a coarse timer
/// makes up for, and far less than any receive buffer holds.
const BURST: Duration = Duration::from_millis(1);

/// No back-off makes a time-out longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most tries after the first.
pub const RETRIES: u32 = 20;

/// A probe that is to be sent at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[must_use = "a probe is sent, and what came of it is said"]
pub struct Probe {
    /// The index of the target.
    pub target: usize,
    /// Its number.
    pub number: u64,
}

/// All targets.
#[derive(Debug)]
pub struct Prober {
    settings: Settings,
    targets: Vec<Target>,
    tracks: Vec<Track>,
    /// Who is asked next, and when: all have the same interval, so that the
    /// order never changes.
    due: VecDeque<(Time, usize)>,
    /// When the probes that wait are lost, the first on top.
    expiring: BinaryHeap<Reverse<(Time, Probe)>>,
    checks: Checks,
    /// Before this nothing is sent.
    slot: Time,
    /// The end of everything.
    until: Option<Time>,
    /// A probe for which there was no room, since when.
    again: Option<(Probe, Time)>,
    /// When the kernel last had no room for a packet.
    dropped: Option<Time>,
    groups: Groups,
    /// What was noted and not taken yet.
    notes: Vec<Note>,
    begun: Time,
    /// Since when the recent tallies count.
    told: Time,
}

impl Prober {
    /// Begins to probe at `now`.
    pub fn new(settings: Settings, targets: Vec<Target>, now: Time) -> Prober {
        let dampened = settings.stream && settings.rules != Rules::NONE;
        let track = |_| Track {
            tallies: settings.tally.new_tallies(),
            steady: dampened.then(Box::default),
            ..Track::default()
        };
        Prober {
            due: (0..targets.len()).map(|index| (now, index)).collect(),
            tracks: targets.iter().map(track).collect(),
            groups: Groups::new(&targets, settings.need),
            notes: Vec::new(),
            begun: now,
            told: now,
            until: settings.deadline.map(|span| now + span),
            checks: Checks::new(settings.key),
            settings,
            targets,
            expiring: BinaryHeap::new(),
            slot: Time::ZERO,
            again: None,
            dropped: None,
        }
    }

    /// The targets, by their index.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// What was noted since the last question.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Counts and times of a target; none where they are not kept.
    pub fn tallies(&self, target: usize) -> Option<&Tallies> {
        self.tracks.get(target)?.tallies.as_deref()
    }

    /// Since when the whole tallies count, and since when the recent ones.
    pub fn since(&self) -> (Time, Time) {
        (self.begun, self.told)
    }

    /// Begins the recent tallies anew.
    pub fn forget_recent(&mut self, now: Time) {
        self.told = now;
        for tallies in self.tracks.iter_mut().filter_map(|track| track.tallies.as_mut()) {
            tallies.forget_recent();
        }
    }

    /// A probe that is to be sent at `now`, if one is.
    pub fn next_probe(&mut self, now: Time) -> Option<Probe> {
        if self.slot > now {
            return None;
        }
        if let Some((probe, _)) = self.again {
            return Some(probe);
        }
        let (due, target) = *self.due.front().filter(|(due, _)| *due <= now)?;
        self.due.pop_front();
        self.slot = self.slot.max(now.before(BURST)) + self.settings.gap;
        let probe = Probe { target, number: self.tracks[target].begin() };
        if self.settings.count.is_none_or(|count| probe.number + 1 < count) {
            // What was missed while the machine slept is not made up for.
            let next = due + self.settings.interval;
            self.due.push_back((if next < now { now } else { next }, target));
        }
        Some(probe)
    }

    /// What the echo of a probe says.
    pub fn echo(&self, probe: Probe, ident: u16) -> Echo {
        let target = u32::try_from(probe.target).unwrap_or(u32::MAX);
        Echo { ident, check: self.checks.of(target, probe.number), target, number: probe.number }
    }

    /// The probe has left at `at`.
    pub fn sent(&mut self, probe: Probe, at: Time) {
        self.again = None;
        self.tracks[probe.target].wait(probe.number, at);
        self.expiring.push(Reverse((at + self.patience(probe), probe)));
    }

    /// How long a probe waits for its answer.
    fn patience(&self, probe: Probe) -> Duration {
        let longer = |span: Duration, _| (span * self.settings.backoff / 100).min(PATIENCE.max(self.settings.timeout));
        let tries = if self.settings.retries > 0 { probe.number } else { 0 };
        (0..tries).fold(self.settings.timeout, longer)
    }

    /// Whether a probe that is not answered is followed by another try.
    fn is_tried_again(&self, number: u64) -> bool {
        number < u64::from(self.settings.retries)
    }

    /// There was no room for the probe: it is to be sent a little later, until
    /// its time-out is over.
    pub fn crowded_out(&mut self, probe: Probe, reason: Reason, at: Time) -> Option<Report> {
        let since = self.again.map_or(at, |(_, since)| since);
        if at.since(since) >= self.settings.timeout {
            return self.unsent(probe, reason, at);
        }
        self.again = Some((probe, since));
        self.slot = at + BURST;
        None
    }

    /// The probe could not be sent.
    pub fn unsent(&mut self, probe: Probe, reason: Reason, at: Time) -> Option<Report> {
        self.again = None;
        self.end(probe.target, probe.number, &Outcome::Unsent(reason), at)
    }

    /// Lets time pass: the probes that are lost at `now`, when all that arrived
    /// before `now` has been heard.
    pub fn expire(&mut self, now: Time) -> Vec<Report> {
        let mut reports = Vec::new();
        while let Some(Reverse((until, probe))) = self.expiring.peek().copied().filter(|top| top.0.0 <= now) {
            self.expiring.pop();
            let again = self.is_tried_again(probe.number);
            let track = &mut self.tracks[probe.target];
            let Some(sent) = track.sent(probe.number) else { continue };
            if again {
                track.again = true;
                self.due.push_front((until, probe.target));
                continue;
            }
            track.take(probe.number);
            let first = track.waiting.front().map_or(sent, |(_, first)| *first);
            let since = if self.settings.retries > 0 { first } else { sent };
            let outcome = if self.dropped.is_some_and(|at| at >= since) {
                Outcome::Blurred("receive-overflow".into())
            } else {
                Outcome::Lost(track.refused.as_ref().map_or("timeout", |refused| refused.0).into())
            };
            reports.extend(self.end(probe.target, probe.number, &outcome, until));
        }
        reports
    }

    /// When the edge has to come back though nothing arrived; none: all is
    /// done.
    pub fn wake(&mut self) -> Option<Time> {
        self.forget_answered();
        let due = self.again.map(|(_, since)| since).or(self.due.front().map(|(due, _)| *due));
        let due = due.map(|due| due.max(self.slot));
        let lost = self.expiring.peek().map(|top| top.0.0);
        let next = [due, lost].into_iter().flatten().min()?;
        Some(self.until.map_or(next, |until| until.min(next)))
    }

    /// Takes what is answered from those that wait for their end.
    fn forget_answered(&mut self) {
        let answered =
            |Reverse((_, probe)): &Reverse<(Time, Probe)>| self.tracks[probe.target].sent(probe.number).is_none();
        while self.expiring.peek().is_some_and(answered) {
            self.expiring.pop();
        }
    }

    /// Whether the deadline is over.
    pub fn is_over(&self, now: Time) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether every target has its answer.
    pub fn is_done(&mut self) -> bool {
        if !self.due.is_empty() || self.again.is_some() {
            return false;
        }
        self.forget_answered();
        self.expiring.is_empty()
    }

    /// What all targets together come to.
    pub fn sum(&self) -> Sum {
        let state = |track: &Track| track.state.unwrap_or(State::Unknown);
        Sum::of(self.targets.iter().zip(self.tracks.iter().map(state)), self.settings.need)
    }
}

#[cfg(test)]
mod tests;

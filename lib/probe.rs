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
use std::net::IpAddr;
use std::time::Duration;

use subtle::ConstantTimeEq as _;

use crate::ha_cf::PingTarget;
use crate::icmp::{Echo, Heard, Refusal};
use crate::time::Time;

mod check;
mod report;
mod sum;
mod track;

use check::Checks;
pub use report::{Reason, Report, State};
pub use sum::Sum;
use track::{Outcome, Track};

/// Most probes of one target that may wait for their answer at the same time:
/// the bits of its memory.
pub const WAITING: u32 = 64;

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

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As it was written.
    pub name: String,
    /// Where it is.
    pub address: IpAddr,
    /// The group that it belongs to.
    pub group: Option<String>,
}

impl Target {
    /// What a ping, ping6 or ping_group directive names: one target, or those of
    /// a group.
    pub fn of(node: &PingTarget) -> Vec<Target> {
        let single = node.addresses.iter().any(|address| node.name.parse() == Ok(*address));
        let group = (!single).then(|| node.name.clone());
        let target = |address: &IpAddr| Target {
            name: if single { node.name.clone() } else { address.to_string() },
            address: *address,
            group: group.clone(),
        };
        node.addresses.iter().map(target).collect()
    }

    /// The address, where the name is another word.
    pub fn address_beside_name(&self) -> Option<String> {
        let address = self.address.to_string();
        (address != self.name).then_some(address)
    }
}

/// How to ask.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Between two probes of one target.
    pub interval: Duration,
    /// An answer after this is late.
    pub timeout: Duration,
    /// Probes for each target; none: without end.
    pub count: Option<u64>,
    /// The end of everything, from the start.
    pub deadline: Option<Duration>,
    /// Between any two probes.
    pub gap: Duration,
    /// A record for each probe, instead of one for each target at its end.
    pub stream: bool,
    /// In a stream only changes, and every [`REPEAT`] what is known.
    pub quiet: bool,
    /// How often a target that has not answered is asked again, at the end of
    /// each time-out. For one probe of each target, without a stream.
    pub retries: u32,
    /// Each further time-out is so many times as long, in hundredths.
    pub backoff: u32,
    /// So many members of a group must answer.
    pub need: usize,
    /// What makes our echoes ours: random.
    pub key: [u8; 16],
}

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
}

impl Prober {
    /// Begins to probe at `now`.
    pub fn new(settings: Settings, targets: Vec<Target>, now: Time) -> Prober {
        Prober {
            due: (0..targets.len()).map(|index| (now, index)).collect(),
            tracks: targets.iter().map(|_| Track::default()).collect(),
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
        self.tracks[probe.target].waiting.push_back((probe.number, at));
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
        self.end(probe.target, &Outcome::Unsent(reason), at)
    }

    /// A packet came from `from` at `at`.
    pub fn hear(&mut self, from: IpAddr, heard: &Heard, at: Time) -> Option<Report> {
        match heard {
            Heard::Answer(echo) => self.answer(from, echo, at),
            Heard::Refusal(refusal) => self.refusal(refusal, at),
        }
    }

    /// The kernel had no room for a packet some time before `at`: probes that
    /// wait may have been answered.
    pub fn dropped(&mut self, at: Time) {
        self.dropped = Some(at);
    }

    /// The target of an echo that is ours and that was sent to `address`.
    fn ours(&self, address: IpAddr, echo: &Echo) -> Option<usize> {
        let index = usize::try_from(echo.target).ok()?;
        let asked = self.targets.get(index)?.address == address && echo.number < self.tracks[index].next;
        let same = || self.checks.of(echo.target, echo.number).ct_eq(&echo.check);
        (asked && bool::from(same())).then_some(index)
    }

    fn answer(&mut self, from: IpAddr, echo: &Echo, at: Time) -> Option<Report> {
        let target = self.ours(from, echo)?;
        let track = &mut self.tracks[target];
        let bit = 1_u64.checked_shl(u32::try_from(track.next - 1 - echo.number).unwrap_or(u32::MAX)).unwrap_or(0);
        match track.sent(echo.number) {
            // Of several tries any may be answered until the last one is lost.
            Some(sent) if self.settings.retries > 0 || at.since(sent) <= self.settings.timeout => {
                track.take(echo.number);
                track.answered |= bit;
                self.end(target, &Outcome::Answered(at.since(sent)), at)
            }
            None if track.answered & bit != 0 => {
                track.dup += 1;
                None
            }
            // It stays lost: the time-out was the promise.
            Some(_) | None => {
                track.late += 1;
                None
            }
        }
    }

    fn refusal(&mut self, refusal: &Refusal, at: Time) -> Option<Report> {
        let Some(echo) = refusal.echo else {
            // Anybody could have made this up: it may explain a silence, but
            // not cut it short.
            for (target, track) in self.targets.iter().zip(&mut self.tracks) {
                let asked = |(number, _): &(u64, Time)| (number & 0xffff) as u16 == refusal.sequence;
                if target.address == refusal.to && track.waiting.iter().any(asked) {
                    track.refused = Some(refusal.reason);
                }
            }
            return None;
        };
        let target = self.ours(refusal.to, &echo)?;
        let track = &mut self.tracks[target];
        track.refused = Some(refusal.reason);
        if self.is_tried_again(echo.number) {
            return None;
        }
        self.tracks[target].take(echo.number)?;
        self.end(target, &Outcome::Lost(refusal.reason.into()), at)
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
                Outcome::Lost(track.refused.unwrap_or("timeout").into())
            };
            reports.extend(self.end(probe.target, &outcome, until));
        }
        reports
    }

    fn end(&mut self, target: usize, outcome: &Outcome, at: Time) -> Option<Report> {
        let (stream, quiet, count) = (self.settings.stream, self.settings.quiet, self.settings.count);
        self.end_tries(target);
        let track = &mut self.tracks[target];
        let state = track.end(outcome);
        let (rtt, reason) = match outcome {
            Outcome::Answered(rtt) => (Some(*rtt), None),
            Outcome::Lost(reason) | Outcome::Blurred(reason) | Outcome::Unsent(reason) => (None, Some(reason.clone())),
        };
        track.reason.clone_from(&reason);
        if !stream {
            let whole = count.is_some_and(|count| track.ended + track.unsent >= count);
            return whole.then(|| self.whole(target, reason, at));
        }
        track.state = Some(state);
        let repeated = track.said.is_some_and(|(said, when)| said == state && at.since(when) < REPEAT);
        if quiet && repeated {
            return None;
        }
        track.said = Some((state, at));
        let (lost, of) = track.recent();
        let (dup, late) = (std::mem::take(&mut track.dup), std::mem::take(&mut track.late));
        Some(Report { time: at, target, state, rtt, lost, of, dup, late, reason })
    }

    /// A target is about to have its record: its other tries were in vain, and
    /// there is none to come.
    fn end_tries(&mut self, target: usize) {
        if self.settings.retries == 0 {
            return;
        }
        let track = &mut self.tracks[target];
        for _ in 0..track.waiting.drain(..).count() {
            track.end(&Outcome::Lost("timeout".into()));
        }
        if std::mem::take(&mut track.again) {
            self.due.retain(|(_, due)| *due != target);
        }
        self.again = self.again.filter(|(probe, _)| probe.target != target);
    }

    /// What all probes of a target come to.
    fn whole(&mut self, target: usize, reason: Option<Reason>, at: Time) -> Report {
        let track = &mut self.tracks[target];
        let state = track.overall();
        track.state = Some(state);
        let answers = u32::try_from(track.ended - track.lost).unwrap_or(u32::MAX);
        Report {
            time: at,
            target,
            state,
            rtt: track.rtt.checked_div(answers),
            lost: track.lost,
            of: track.ended,
            dup: track.dup,
            late: track.late,
            reason: reason.filter(|_| state != State::Up),
        }
    }

    /// Ends what has not ended, at the deadline or on a signal: what is known
    /// of each target that has no record yet. A stream has said all it knows.
    pub fn stop(&mut self, reason: &'static str, at: Time) -> Vec<Report> {
        self.due.clear();
        self.again = None;
        if self.settings.stream {
            return Vec::new();
        }
        let open = |track: &Track| track.state.is_none();
        let open: Vec<usize> = (0..self.tracks.len()).filter(|index| open(&self.tracks[*index])).collect();
        let mut reports = Vec::new();
        for target in open {
            let track = &mut self.tracks[target];
            let asked = track.waiting.drain(..).count();
            for _ in 0..asked {
                track.end(&if reason == "deadline" {
                    Outcome::Lost(reason.into())
                } else {
                    Outcome::Blurred(reason.into())
                });
            }
            let reason = track.reason.take().unwrap_or(reason.into());
            reports.push(self.whole(target, Some(reason), at));
        }
        reports
    }

    /// When the edge has to come back though nothing arrived; none: all is
    /// done.
    pub fn wake(&mut self) -> Option<Time> {
        let answered =
            |Reverse((_, probe)): &Reverse<(Time, Probe)>| self.tracks[probe.target].sent(probe.number).is_none();
        while self.expiring.peek().is_some_and(answered) {
            self.expiring.pop();
        }
        let due = self.again.map(|(_, since)| since).or(self.due.front().map(|(due, _)| *due));
        let due = due.map(|due| due.max(self.slot));
        let lost = self.expiring.peek().map(|top| top.0.0);
        let next = [due, lost].into_iter().flatten().min()?;
        Some(self.until.map_or(next, |until| until.min(next)))
    }

    /// Whether the deadline is over.
    pub fn is_over(&self, now: Time) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether every target has its answer.
    pub fn is_done(&self) -> bool {
        self.due.is_empty() && self.again.is_none() && self.tracks.iter().all(|track| track.waiting.is_empty())
    }

    /// What all targets together come to.
    pub fn sum(&self) -> Sum {
        let state = |track: &Track| track.state.unwrap_or(State::Unknown);
        Sum::of(self.targets.iter().zip(self.tracks.iter().map(state)), self.settings.need)
    }
}

#[cfg(test)]
mod tests;

//! How probes end, and what is said then.

use super::report::{Note, Reason, Report, State};
use super::track::{Outcome, Track};
use super::{Prober, REPEAT};
use crate::time::Time;

impl Prober {
    pub(super) fn end(&mut self, target: usize, number: u64, outcome: &Outcome, at: Time) -> Option<Report> {
        let (stream, quiet, count) = (self.settings.stream, self.settings.quiet, self.settings.count);
        self.end_tries(target);
        let track = &mut self.tracks[target];
        let shown = track.end(outcome);
        let (rtt, reason) = match outcome {
            Outcome::Answered(rtt) => (Some(*rtt), None),
            Outcome::Lost(reason) | Outcome::Blurred(reason) | Outcome::Unsent(reason) => (None, Some(reason.clone())),
        };
        track.reason.clone_from(&reason);
        if !stream {
            let whole = count.is_some_and(|count| track.ended + track.unsent >= count);
            return whole.then(|| self.whole(target, number, reason, at));
        }
        let state = track.steady.as_mut().map_or(shown, |steady| steady.take(shown, &self.settings.rules, at));
        self.turn(target, state, at);
        let track = &mut self.tracks[target];
        let repeated = track.said.is_some_and(|(said, when)| said == state && at.since(when) < REPEAT);
        if quiet && repeated {
            return None;
        }
        track.said = Some((state, at));
        let (lost, of) = track.recent();
        let (dup, late) = (std::mem::take(&mut track.dup), std::mem::take(&mut track.late));
        let by = track.by(reason.as_ref());
        Some(Report { time: at, target, number, state, shown, rtt, lost, of, dup, late, reason, by })
    }

    /// The target is now in this state, and its group perhaps in another.
    fn turn(&mut self, target: usize, state: State, at: Time) {
        let before = self.tracks[target].state.replace(state);
        let report = self.groups.turn(target, before, state, self.settings.stream, at);
        self.notes.extend(report.map(Note::Group));
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
    fn whole(&mut self, target: usize, number: u64, reason: Option<Reason>, at: Time) -> Report {
        let state = self.tracks[target].overall();
        self.turn(target, state, at);
        let track = &self.tracks[target];
        let answers = u32::try_from(track.ended - track.lost).unwrap_or(u32::MAX);
        let reason = reason.filter(|_| state != State::Up);
        Report {
            time: at,
            target,
            number,
            state,
            shown: state,
            rtt: track.rtt.checked_div(answers),
            lost: track.lost,
            of: track.ended,
            dup: track.dup,
            late: track.late,
            by: track.by(reason.as_ref()),
            reason,
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
            let number = track.next.saturating_sub(1);
            reports.push(self.whole(target, number, Some(reason), at));
        }
        reports
    }
}

//! What the probes of one target came to, over some time.

use std::fmt::Write as _;
use std::time::Duration;

use super::Target;
use super::report::milliseconds;
use super::track::Outcome;
use crate::json::string as quote;
use crate::record::Line;
use crate::spread::Spread;
use crate::time::{Time, seconds};

/// What is kept of each target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// Counts, and the least, the mean and the longest time.
    Counts,
    /// These, and how the times are distributed.
    Spread,
}

impl Kept {
    pub(super) fn new_tallies(self) -> Option<Box<Tallies>> {
        match self {
            Kept::Nothing => None,
            Kept::Counts => Some(Box::default()),
            Kept::Spread => {
                let tally = || Tally { spread: Some(Spread::default()), ..Tally::default() };
                Some(Box::new(Tallies { whole: tally(), recent: tally() }))
            }
        }
    }
}

/// Counts and times of one target.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Probes that were sent and have ended.
    pub sent: u64,
    /// Of these, without an answer in time.
    pub lost: u64,
    /// Probes that could not be sent.
    pub unsent: u64,
    /// Answers that came more than once.
    pub dup: u64,
    /// Answers that came after the time-out.
    pub late: u64,
    total: Duration,
    least: Option<Duration>,
    most: Duration,
    spread: Option<Spread>,
}

impl Tally {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Answered(rtt) => {
                self.sent += 1;
                self.total += *rtt;
                self.least = Some(self.least.map_or(*rtt, |least| least.min(*rtt)));
                self.most = self.most.max(*rtt);
                if let Some(spread) = &mut self.spread {
                    spread.add(*rtt);
                }
            }
            Outcome::Lost(_) | Outcome::Blurred(_) => {
                self.sent += 1;
                self.lost += 1;
            }
            Outcome::Unsent(_) => self.unsent += 1,
        }
    }

    /// Probes that were answered in time.
    pub fn answered(&self) -> u64 {
        self.sent - self.lost
    }

    /// All times together.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The least, the mean and the longest time; none where nothing was
    /// answered.
    pub fn times(&self) -> Option<(Duration, Duration, Duration)> {
        let mean = self.total.checked_div(u32::try_from(self.answered()).unwrap_or(u32::MAX))?;
        Some((self.least?, mean, self.most))
    }

    fn p99(&self) -> Option<Duration> {
        self.spread.as_ref().map(|spread| spread.quantile(9_900))
    }

    /// The record: `over` is the time that it covers.
    pub fn record(&self, target: &Target, over: Duration, at: Time) -> Line {
        let count = |n: u64| (n > 0).then_some(n);
        let times = self.times();
        let p99 = times.and(self.p99()).map(milliseconds);
        Line::new("ping-summary", at)
            .word(&target.name)
            .field("over", seconds(over))
            .field("loss", format_args!("{}/{}", self.lost, self.sent))
            .maybe("min", times.map(|(least, _, _)| milliseconds(least)))
            .maybe("avg", times.map(|(_, mean, _)| milliseconds(mean)))
            .maybe("max", times.map(|(_, _, most)| milliseconds(most)))
            .maybe("p99", p99)
            .maybe("unsent", count(self.unsent))
            .maybe("dup", count(self.dup))
            .maybe("late", count(self.late))
            .maybe("addr", target.address_beside_name())
            .maybe("group", target.group.as_ref())
    }

    /// The same as a JSON object, numbers as numbers.
    pub fn json(&self, target: &Target, over: Duration, at: Time) -> String {
        let mut text = format!("{{\"kind\":\"ping-summary\",\"time\":{at},\"target\":");
        quote(&target.name, &mut text);
        let (lost, sent) = (self.lost, self.sent);
        let over = seconds(over);
        let _ = write!(text, ",\"addr\":\"{}\",\"over\":{over},\"lost\":{lost},\"of\":{sent}", target.address);
        if let Some((least, mean, most)) = self.times() {
            for (key, span) in [("min", Some(least)), ("avg", Some(mean)), ("max", Some(most)), ("p99", self.p99())] {
                let Some(span) = span else { continue };
                let _ = write!(text, ",\"{key}\":{}", milliseconds(span));
            }
        }
        for (key, count) in [("unsent", self.unsent), ("dup", self.dup), ("late", self.late)] {
            if count > 0 {
                let _ = write!(text, ",\"{key}\":{count}");
            }
        }
        if let Some(group) = &target.group {
            text.push_str(",\"group\":");
            quote(group, &mut text);
        }
        text.push('}');
        text
    }
}

/// What is kept of one target: over the whole run, and since it was last told.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    /// From the start.
    pub whole: Tally,
    /// Since [`Prober::forget_recent`](super::Prober::forget_recent).
    pub recent: Tally,
}

impl Tallies {
    pub(super) fn forget_recent(&mut self) {
        let spread = self.recent.spread.as_ref().map(|_| Spread::default());
        self.recent = Tally { spread, ..Tally::default() };
    }

    pub(super) fn both(&mut self, change: impl Fn(&mut Tally)) {
        change(&mut self.whole);
        change(&mut self.recent);
    }
}

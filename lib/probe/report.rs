//! What is said of a target: one `ping` record; and what is noted beside it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use super::Target;
use super::groups::GroupReport;
use crate::json::string as quote;
use crate::record::Line;
use crate::time::Time;

/// What is known of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It answered.
    Up,
    /// It was asked and did not answer.
    Down,
    /// It could not be asked, or its answer may have been lost here.
    Unknown,
}

impl State {
    /// The word of the record.
    pub fn word(self) -> &'static str {
        match self {
            State::Up => "up",
            State::Down => "down",
            State::Unknown => "unknown",
        }
    }
}

/// Why a target is not up, in one word.
pub type Reason = Cow<'static, str>;

/// One record in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When it was true: the arrival of the answer, or the end of waiting.
    pub time: Time,
    /// The index of the target.
    pub target: usize,
    /// The number of its last probe that ended.
    pub number: u64,
    /// What is known.
    pub state: State,
    /// What this probe alone shows.
    pub shown: State,
    /// From the request to the answer; the mean of several.
    pub rtt: Option<Duration>,
    /// Probes without an answer in time ...
    pub lost: u64,
    /// ... of so many that were sent.
    pub of: u64,
    /// Answers that came twice, since the last record.
    pub dup: u64,
    /// Answers that came after the time-out, since the last record.
    pub late: u64,
    /// Why the target is not up.
    pub reason: Option<Reason>,
    /// Who said so, of an ICMP error.
    pub by: Option<IpAddr>,
}

/// What is said beside the reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// An answer came once more.
    Twice {
        /// The index of the target.
        target: usize,
        /// The number of the probe.
        number: u64,
        /// From the request to this answer.
        rtt: Duration,
    },
    /// An ICMP error about a request.
    Refused {
        /// The index of the target.
        target: usize,
        /// Who said so.
        by: IpAddr,
        /// Its type.
        kind: u8,
        /// Its code.
        code: u8,
    },
    /// Of a group.
    Group(GroupReport),
}

impl Report {
    /// The record.
    pub fn record(&self, target: &Target) -> Line {
        let count = |n: u64| (n > 0).then_some(n);
        Line::new("ping", self.time)
            .word(&target.name)
            .word(self.state.word())
            .maybe("rtt", self.rtt.map(milliseconds))
            .maybe("probe", self.differs())
            .field("loss", format_args!("{}/{}", self.lost, self.of))
            .maybe("reason", self.reason.as_ref())
            .maybe("by", self.by)
            .maybe("dup", count(self.dup))
            .maybe("late", count(self.late))
            .maybe("addr", target.address_beside_name())
            .maybe("group", target.group.as_ref())
    }

    /// The word for what the probe shows, where that is not the state.
    fn differs(&self) -> Option<&'static str> {
        (self.shown != self.state).then(|| self.shown.word())
    }

    /// The same as a JSON object, numbers as numbers.
    pub fn json(&self, target: &Target) -> String {
        let mut text = format!("{{\"kind\":\"ping\",\"time\":{},\"target\":", self.time);
        quote(&target.name, &mut text);
        let _ = write!(text, ",\"addr\":\"{}\",\"state\":\"{}\"", target.address, self.state.word());
        if let Some(rtt) = self.rtt {
            let _ = write!(text, ",\"rtt\":{}", milliseconds(rtt));
        }
        if let Some(word) = self.differs() {
            let _ = write!(text, ",\"probe\":\"{word}\"");
        }
        let _ = write!(text, ",\"lost\":{},\"of\":{}", self.lost, self.of);
        if let Some(reason) = &self.reason {
            text.push_str(",\"reason\":");
            quote(reason, &mut text);
        }
        if let Some(by) = self.by {
            let _ = write!(text, ",\"by\":\"{by}\"");
        }
        for (key, count) in [("dup", self.dup), ("late", self.late)] {
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

/// Milliseconds with three decimals.
pub(super) fn milliseconds(span: Duration) -> String {
    format!("{}.{:03}", span.as_millis(), span.as_micros() % 1_000)
}

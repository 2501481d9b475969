//! What is said of a target: one `ping` record.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use super::Target;
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
    /// What is known.
    pub state: State,
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
}

impl Report {
    /// The record.
    pub fn record(&self, target: &Target) -> Line {
        let count = |n: u64| (n > 0).then_some(n);
        Line::new("ping", self.time)
            .word(&target.name)
            .word(self.state.word())
            .maybe("rtt", self.rtt.map(milliseconds))
            .field("loss", format_args!("{}/{}", self.lost, self.of))
            .maybe("reason", self.reason.as_ref())
            .maybe("dup", count(self.dup))
            .maybe("late", count(self.late))
            .maybe("addr", target.address_beside_name())
            .maybe("group", target.group.as_ref())
    }

    /// The same as a JSON object, numbers as numbers.
    pub fn json(&self, target: &Target) -> String {
        let mut text = format!("{{\"kind\":\"ping\",\"time\":{},\"target\":", self.time);
        quote(&target.name, &mut text);
        let _ = write!(text, ",\"addr\":\"{}\",\"state\":\"{}\"", target.address, self.state.word());
        if let Some(rtt) = self.rtt {
            let _ = write!(text, ",\"rtt\":{}", milliseconds(rtt));
        }
        let _ = write!(text, ",\"lost\":{},\"of\":{}", self.lost, self.of);
        if let Some(reason) = &self.reason {
            text.push_str(",\"reason\":");
            quote(reason, &mut text);
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
fn milliseconds(span: Duration) -> String {
    format!("{}.{:03}", span.as_millis(), span.as_micros() % 1_000)
}

/// A JSON string (RFC 8259, 7).
fn quote(value: &str, text: &mut String) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

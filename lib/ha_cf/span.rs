//! Times as Heartbeat reads them in ha.cf.

use std::time::Duration;

use crate::problem::quote;
use crate::time::{parse_span, seconds};

/// The longest time; it keeps every sum and product of times harmless.
pub const LONGEST: Duration = Duration::from_secs(86_400);

/// A time, and whether Heartbeat would refuse how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// In whole milliseconds.
    pub span: Duration,
    /// Written with the unit `s` or `m`.
    pub ours_alone: bool,
}

impl Span {
    /// How Heartbeat takes it.
    pub fn plain(self) -> String {
        let text = seconds(self.span);
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    }
}

/// Reads digits with an optional fraction, in seconds, or with a unit that
/// begins with `ms` or `us`; rounded to whole milliseconds. The units `s` and
/// `m` are hbkit's own.
pub fn read(word: &str) -> Result<Span, String> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let unit = unit.to_ascii_lowercase();
    if number.is_empty() {
        return Err(match unit.as_str() {
            "s" | "ms" | "us" => format!("{} stands alone: no blank before the unit", quote(word)),
            _ => format!("{} is not a time such as 2, 0.5 or 250ms", quote(word)),
        });
    }
    let known = match unit.as_str() {
        "" | "s" => "s",
        "m" => "m",
        _ if unit.starts_with("us") => "us",
        _ if unit.starts_with("ms") => "ms",
        _ => {
            let instead = plain(word).map(|plain| format!(": write {plain}")).unwrap_or_default();
            return Err(format!("{}: the unit of a time is ms or us; without one, seconds{instead}", quote(word)));
        }
    };
    let exact = parse_span(&format!("{number}{known}")).map_err(|error| error.to_string())?;
    if exact > LONGEST {
        return Err(format!("{} is longer than a day", quote(word)));
    }
    let span = Duration::from_millis(u64::try_from((exact.as_micros() + 500) / 1_000).unwrap_or(u64::MAX));
    Ok(Span { span, ours_alone: matches!(unit.as_str(), "s" | "m") })
}

/// A number and its unit as one word that Heartbeat takes.
pub fn joined(words: &[&str]) -> Option<String> {
    let [number, unit] = words else { return None };
    let is_unit = number.ends_with(|c: char| c.is_ascii_digit()) && unit.bytes().all(|byte| byte.is_ascii_alphabetic());
    let word = format!("{number}{unit}");
    plain(&word).or_else(|| (is_unit && read(&word).is_ok()).then_some(word))
}

/// A time with a unit that people write and Heartbeat refuses, as it takes it.
pub fn plain(word: &str) -> Option<String> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = word.split_at(end);
    let known = match unit.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hour" | "hours" => "h",
        _ => return None,
    };
    let span = parse_span(&format!("{number}{known}")).ok().filter(|span| *span <= LONGEST)?;
    Some(Span { span, ours_alone: true }.plain())
}

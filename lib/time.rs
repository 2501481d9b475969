//! Points on the host's boot clock, and how people write spans of time.

use std::fmt;
use std::ops::Add;
use std::str::FromStr;
use std::time::Duration;

/// A point on CLOCK_BOOTTIME in microseconds since boot: the clock of every
/// record. It runs on while the machine is suspended and no one can set it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The boot itself.
    pub const ZERO: Time = Time(0);

    /// The point `micros` microseconds after boot.
    pub const fn from_micros(micros: u64) -> Time {
        Time(micros)
    }

    /// Microseconds since boot.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Reads the time that a text begins with, and how many bytes it takes;
    /// `None` when it is not written as tools write it, with six decimals.
    #[inline]
    pub fn at_start_of(text: &[u8]) -> Option<(Time, usize)> {
        let digit = |byte: &u8| Some(u64::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit <= 9);
        let mut seconds = 0;
        let mut length = 0;
        while let Some(digit) = text.get(length).and_then(digit) {
            seconds = seconds * 10 + digit;
            length += 1;
            if length > SECONDS_MAX {
                return None;
            }
        }
        let [b'.', places @ ..] = text.get(length..)?.first_chunk::<7>()? else { return None };
        let mut micros = 0;
        for place in places {
            micros = micros * 10 + digit(place)?;
        }
        (length > 0).then_some((Time(seconds * 1_000_000 + micros), length + 7))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// The point `span` before this one; boot when there is none.
    pub fn before(self, span: Duration) -> Time {
        Time(self.0.saturating_sub(micros(span)))
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, span: Duration) -> Time {
        Time(self.0.saturating_add(micros(span)))
    }
}

/// The most digits of whole seconds: with all of them the microseconds fit 64 bits.
const SECONDS_MAX: usize = 13;

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// Seconds with six decimals, as records carry it.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// What is wrong with a written time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// Not digits with an optional fraction.
    Number(String),
    /// A unit that is none of us, ms, s, m, h.
    Unit(String),
    /// Too large for a 64-bit count of microseconds.
    Range(String),
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimeError::Number(text) => write!(f, "'{text}' is not a time such as 2, 0.5, 250ms or 1m"),
            TimeError::Unit(text) => write!(f, "'{text}': the unit is none of us, ms, s, m, h"),
            TimeError::Range(text) => write!(f, "'{text}' is too long"),
        }
    }
}

impl std::error::Error for TimeError {}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Time, TimeError> {
        decimal_micros(text, text).map(Time)
    }
}

/// Digits with an optional fraction, as microseconds when the unit is a second.
/// Digits behind the sixth decimal are dropped.
fn decimal_micros(number: &str, whole_text: &str) -> Result<u64, TimeError> {
    let quoted = || whole_text.chars().take(40).collect();
    let bytes = number.as_bytes();
    let point = bytes.iter().position(|b| *b == b'.').unwrap_or(bytes.len());
    let (whole, fraction) = (&bytes[..point], bytes.get(point + 1..).unwrap_or(&[]));
    // The value is wrong for more digits than are taken below.
    let digits = |part: &[u8]| {
        part.iter()
            .try_fold(0u64, |sum, b| b.is_ascii_digit().then(|| sum.wrapping_mul(10).wrapping_add(u64::from(b - b'0'))))
    };
    let (places, beyond) = fraction.split_at(fraction.len().min(6));
    let (Some(seconds), Some(micros), Some(_)) = (digits(whole), digits(places), digits(beyond)) else {
        return Err(TimeError::Number(quoted()));
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(TimeError::Number(quoted()));
    }
    if whole.len() > SECONDS_MAX || fraction.len() > 30 {
        return Err(TimeError::Range(quoted()));
    }
    Ok(seconds * 1_000_000 + micros * 10u64.pow(6 - places.len() as u32))
}

/// Reads a span as options take it: a number with an optional fraction and a
/// unit (`us`, `ms`, `s`, `m`, `h`); without a unit, seconds.
///
/// # Errors
/// The text is no number, its unit is unknown, or it exceeds 2^64 microseconds.
pub fn parse_span(text: &str) -> Result<Duration, TimeError> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    // Micros of one unit; below a second the number is scaled down instead.
    let (factor, divisor) = match unit {
        "us" => (1, 1_000_000),
        "ms" => (1, 1_000),
        "s" | "" => (1, 1),
        "m" => (60, 1),
        "h" => (3_600, 1),
        _ => return Err(TimeError::Unit(text.chars().take(40).collect())),
    };
    let micros = decimal_micros(number, text)?;
    let micros = micros.checked_mul(factor).ok_or_else(|| TimeError::Range(text.to_owned()))? / divisor;
    Ok(Duration::from_micros(micros))
}

/// Seconds of a span for records and people: as many decimals as it needs, at
/// most six, at least one (`10.0`, `0.25`).
pub fn seconds(span: Duration) -> String {
    let text = format!("{}.{:06}", span.as_secs(), span.subsec_micros());
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}

#[cfg(test)]
mod tests;

//! Points in boot time as people know them: the relation that `wall` records
//! carry, and dates (UTC).

use crate::record::{Line, Record};
use crate::time::Time;

/// The record that says what the wall clock shows at `time`: `unix` microseconds
/// since 1970, in the boot `boot`, on the node `node`.
pub fn record(time: Time, unix: u64, boot: &str, node: &str) -> String {
    let unix = Time::from_micros(unix);
    Line::new("wall", time).field("unix", unix).field("boot", boot).field("node", node).finish()
}

/// What the records so far have said of the wall clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wall {
    /// How far boot time is behind, in microseconds.
    behind: Option<i64>,
    /// Which boot it is.
    pub boot: String,
    /// Whose records these are.
    pub node: String,
}

impl Wall {
    /// A clock that is that far behind the wall, in microseconds.
    pub fn behind(micros: i64) -> Wall {
        Wall { behind: Some(micros), ..Wall::default() }
    }

    /// Takes a `wall` record; others say nothing of it.
    pub fn take(&mut self, record: &Record<'_>) {
        if record.kind != "wall" {
            return;
        }
        let [unix, boot, node] = record.raw_all(["unix", "boot", "node"]);
        let Some(Ok(unix)) = unix.map(str::parse::<Time>) else { return };
        self.behind = signed(unix).checked_sub(signed(record.time));
        boot.unwrap_or_default().clone_into(&mut self.boot);
        node.unwrap_or_default().clone_into(&mut self.node);
    }

    /// Microseconds since 1970 at a point in boot time, where that is known.
    pub fn unix(&self, time: Time) -> Option<i64> {
        signed(time).checked_add(self.behind?)
    }

    /// A point in boot time for people: date and time with milliseconds, or
    /// seconds since boot where the wall clock is not known.
    pub fn stamp(&self, time: Time) -> String {
        match self.unix(time).and_then(|unix| u64::try_from(unix).ok()) {
            Some(unix) => date(unix),
            None => format!("boot+{}.{:03}", time.micros() / 1_000_000, time.micros() / 1000 % 1000),
        }
    }
}

fn signed(time: Time) -> i64 {
    i64::try_from(time.micros()).unwrap_or(i64::MAX)
}

/// `2026-11-21 18:05:09.123` of microseconds since 1970, in UTC.
pub fn date(unix: u64) -> String {
    let seconds = unix / 1_000_000;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hours, minutes) = (of_day / 3_600, of_day / 60 % 60);
    let millis = unix / 1000 % 1000;
    format!("{year}-{month:02}-{day:02} {hours:02}:{minutes:02}:{:02}.{millis:03}", of_day % 60)
}

/// Year, month and day of the days since 1970. Years begin in March here, so that
/// the leap day is the last one, and 400 of them always have equally many days.
fn civil(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    // 1 March of the year 0 was so many days before 1970.
    let days = days + 719_468;
    let of_era = days % ERA;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (days / ERA * 400 + year + u64::from(month <= 2), month, day)
}

/// Reads a date in UTC, `2026-11-21`, with a time of day, `18:05` or `18:05:09`,
/// behind a blank or a `T`: microseconds since 1970.
pub fn parse(text: &str) -> Option<u64> {
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "0:0"));
    let numbers = |text: &str, mark: char| text.split(mark).map(|word| word.parse().ok()).collect::<Option<Vec<u64>>>();
    let &[year @ 1970..=9999, month @ 1..=12, day @ 1..=31] = numbers(date, '-')?.as_slice() else { return None };
    let (hours, minutes, seconds) = match *numbers(time.trim_end_matches('Z'), ':')? {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    // A year has 365 or 366 days: a few steps find the day.
    let wanted = (year, month, day);
    let mut days = (year - 1970) * 365 + (month - 1) * 28;
    while civil(days) < wanted {
        days += 1;
    }
    let is_a_day = civil(days) == wanted;
    is_a_day.then_some((days * 86_400 + hours * 3_600 + minutes * 60 + seconds) * 1_000_000)
}

#[cfg(test)]
mod tests;

//! How spans of time are distributed, in bounded memory.

use std::collections::BTreeMap;
use std::time::Duration;

/// Each power of two is divided into so many parts: a span is known to 0.8 %.
const PARTS: u32 = 7;

/// A distribution of spans.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// By the upper end of each part, in microseconds.
    counts: BTreeMap<u64, u64>,
    count: u64,
    worst: u64,
}

impl Spread {
    /// Takes a span.
    pub fn add(&mut self, span: Duration) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX).min(1 << 62);
        // The bits below the highest eight are not told apart.
        let coarse = micros.checked_ilog2().unwrap_or(0).saturating_sub(PARTS);
        let upper = ((micros >> coarse) << coarse) + ((1 << coarse) - 1);
        *self.counts.entry(upper).or_default() += 1;
        self.count += 1;
        self.worst = self.worst.max(micros);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest; zero when there is none.
    pub fn worst(&self) -> Duration {
        Duration::from_micros(self.worst)
    }

    /// The span that `parts` of ten thousand do not exceed, at most 0.8 % too
    /// long; zero when there is none.
    pub fn quantile(&self, parts: u64) -> Duration {
        let wanted = u128::from(self.count) * u128::from(parts);
        let mut below = 0;
        for (upper, count) in &self.counts {
            below += count;
            if u128::from(below) * 10_000 >= wanted {
                return Duration::from_micros((*upper).min(self.worst));
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests;

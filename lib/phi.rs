//! The accrual failure detector of Hayashibara and others, "The phi accrual
//! failure detector" (SRDS 2004): how much silence is too much follows from the
//! intervals that were seen.
//!
//! Their suspicion after a silence is phi = -log10 of the probability that the
//! next message comes later still, the intervals taken as normally distributed.
//! Here it is turned round once: phi is reached when the silence exceeds the mean
//! by a fixed number of standard deviations. What is left are whole numbers, so
//! that a recording gives the same verdicts on any machine.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// How many intervals are remembered.
const WINDOW: usize = 200;

/// With fewer nothing is concluded.
const ENOUGH: usize = 20;

/// The threshold: a node is dead when phi reaches it, and late at half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phi {
    late: Deviations,
    dead: Deviations,
}

/// Thousandths of a standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deviations(u128);

/// What cannot be a threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPhi(String);

impl fmt::Display for NoPhi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a number from 1 to 100", self.0)
    }
}

impl std::error::Error for NoPhi {}

/// Reads a threshold: a number from 1 to 100.
///
/// # Errors
/// It is none.
pub fn parse(text: &str) -> Result<Phi, NoPhi> {
    let wrong = || NoPhi(text.chars().take(40).collect());
    let phi: f64 = text.parse().map_err(|_| wrong())?;
    if !(1.0..=100.0).contains(&phi) {
        return Err(wrong());
    }
    Ok(Phi { late: deviations(phi / 2.0), dead: deviations(phi) })
}

/// By how many standard deviations a normally distributed number exceeds its
/// mean with a probability of 10^-phi. Rounded, so that the last bits of a
/// machine's logarithm do not matter.
fn deviations(phi: f64) -> Deviations {
    let (mut low, mut high) = (0.2, 25.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if suspicion(middle) < phi {
            low = middle;
        } else {
            high = middle;
        }
    }
    Deviations((high * 1000.0).round() as u128)
}

/// Phi at `z` standard deviations above the mean, from Laplace's continued
/// fraction for the tail of the normal distribution.
fn suspicion(z: f64) -> f64 {
    let fraction = (1..=1000).rev().fold(z, |rest, k| z + f64::from(k) / rest);
    (z * z + (2.0 * std::f64::consts::PI).ln()) / 2.0 / std::f64::consts::LN_10 + fraction.log10()
}

/// The last intervals between the messages of one node.
#[derive(Clone, Debug)]
pub struct Intervals {
    phi: Phi,
    window: VecDeque<u64>,
    sum: u128,
    squares: u128,
}

impl Intervals {
    /// None so far.
    pub fn new(phi: Phi) -> Intervals {
        Intervals { phi, window: VecDeque::new(), sum: 0, squares: 0 }
    }

    /// Takes one; the oldest is forgotten.
    pub fn push(&mut self, interval: Duration) {
        // A century bounds the sums.
        let micros = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX).min(1 << 52);
        if self.window.len() == WINDOW {
            let oldest = u128::from(self.window.pop_front().unwrap_or(0));
            self.sum -= oldest;
            self.squares -= oldest * oldest;
        }
        self.window.push_back(micros);
        self.sum += u128::from(micros);
        self.squares += u128::from(micros) * u128::from(micros);
    }

    /// The silence after which the node is late and after which it is dead;
    /// `None` while there are too few intervals. Never less than twice the mean;
    /// the standard deviation counts as a tenth of the mean at least.
    pub fn limits(&self) -> Option<(Duration, Duration)> {
        if self.window.len() < ENOUGH {
            return None;
        }
        let count = self.window.len() as u128;
        let mean = self.sum / count;
        let variance = (self.squares * count - self.sum * self.sum) / (count * count);
        let deviation = variance.isqrt().max(mean / 10);
        let limit = |by: Deviations| {
            let micros = (mean + deviation * by.0 / 1000).max(2 * mean);
            Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
        };
        Some((limit(self.phi.late), limit(self.phi.dead)))
    }
}

#[cfg(test)]
mod tests;

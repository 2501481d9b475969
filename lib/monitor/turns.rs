//! When each resource of a group is asked: at its own interval, and together with
//! others whose turn is about to come.

use std::time::Duration;

use crate::care::Care;
use crate::time::Time;

/// When what was found failed, or was started again, is asked again.
const CONFIRM: Duration = Duration::from_secs(1);

/// Beyond the time-outs of the resources: the processes around them.
const AROUND: Duration = Duration::from_secs(10);

/// A resource may be asked by this part of its interval before its turn.
const EARLY: u32 = 10;

#[derive(Debug)]
struct Turn {
    /// Zero: it is not watched.
    interval: Duration,
    patience: Duration,
    due: Time,
    /// So much earlier it may be asked with others.
    early: Duration,
}

/// The turns of the resources of one group, numbered from left to right.
#[derive(Debug)]
pub(super) struct Turns {
    all: Vec<Turn>,
}

impl Turns {
    pub(super) fn new(resources: &[(String, Care)]) -> Turns {
        let turn = |(_, care): &(String, Care)| Turn {
            interval: care.interval,
            patience: care.monitor + AROUND,
            due: Time::ZERO,
            early: Duration::ZERO,
        };
        Turns { all: resources.iter().map(turn).collect() }
    }

    fn watched(&self) -> impl Iterator<Item = (usize, &Turn)> {
        self.all.iter().enumerate().filter(|(_, turn)| !turn.interval.is_zero())
    }

    /// The group was started: everyone's turn is an interval away.
    pub(super) fn begin(&mut self, now: Time) {
        let everyone: Vec<usize> = (0..self.all.len()).collect();
        self.asked(&everyone, now);
    }

    /// When the next one is to be asked; none where nothing is watched.
    pub(super) fn due(&self) -> Option<Time> {
        self.watched().map(|(_, turn)| turn.due).min()
    }

    /// Who is to be asked now, if anybody is.
    pub(super) fn take(&self, now: Time) -> Vec<usize> {
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.watched().filter(|(_, turn)| turn.due <= now + turn.early).map(|(number, _)| number).collect()
    }

    /// How long these may take. They are asked one after the other.
    pub(super) fn patience(&self, asked: &[usize]) -> Duration {
        asked.iter().filter_map(|number| self.all.get(*number)).map(|turn| turn.patience).sum::<Duration>() + AROUND
    }

    /// These have been asked.
    pub(super) fn asked(&mut self, asked: &[usize], now: Time) {
        for number in asked {
            let Some(turn) = self.all.get_mut(*number) else { continue };
            (turn.due, turn.early) = (now + turn.interval, turn.interval / EARLY);
        }
    }

    /// It is to be seen soon, and not at once, how this one is.
    pub(super) fn soon(&mut self, number: usize, now: Time) {
        if let Some(turn) = self.all.get_mut(number) {
            (turn.due, turn.early) = (now + CONFIRM.min(turn.interval), Duration::ZERO);
        }
    }
}

//! When ticks come: seldom while every node is heard as often as it should be; and
//! when one is silent, often, and at each moment at which its silence becomes long
//! enough to mean something, not up to an interval later.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ha_cf::HaCf;
use crate::record::Record;
use crate::time::Time;
use crate::votes::Terms;

/// The longest tick that is taken by default.
const TICK_MAX: Duration = Duration::from_millis(250);

/// So many ticks, at least, fit into deadtime. A gap of half of it is taken for a
/// pause of this node (see [`crate::judge`]), and no tick may come near that by
/// being a little late.
const IN_DEADTIME: u32 = 8;

/// From one tick to the next while nothing is amiss: a keepalive or a whole part of
/// it, so that a heartbeat can leave with a tick.
pub fn usual_tick(keepalive: Duration, deadtime: Duration) -> Duration {
    let most = TICK_MAX.min(deadtime / IN_DEADTIME).max(Duration::from_millis(1));
    let parts = keepalive.as_micros().div_ceil(most.as_micros()).max(1);
    keepalive / u32::try_from(parts).unwrap_or(u32::MAX)
}

/// When each node was heard last.
#[derive(Debug)]
pub struct Silences {
    spans: [Duration; 5],
    often: Duration,
    heard: BTreeMap<String, Time>,
}

impl Silences {
    /// Nothing was heard. The silences that mean something are a quarter more than
    /// keepalive, after which something is amiss; one and a half keepalives, after
    /// which an owner renews without a voter; warntime, after which a node is late;
    /// deadtime, after which it is dead; and a vote, after which others may serve in
    /// its place. Between the first and the last of them ticks are a quarter of
    /// keepalive apart.
    pub fn of(config: &HaCf) -> Silences {
        Silences::new(config.keepalive, config.warntime, config.deadtime)
    }

    fn new(keepalive: Duration, warntime: Duration, deadtime: Duration) -> Silences {
        let amiss = (keepalive * 5 / 4).min(deadtime / 2);
        let renewed = (keepalive * 3 / 2).min(deadtime / 2);
        Silences {
            spans: [amiss, renewed, warntime, deadtime, Terms::new(deadtime).vote],
            often: (keepalive / 4).min(TICK_MAX).max(Duration::from_millis(1)),
            heard: BTreeMap::new(),
        }
    }

    /// Takes a record that is printed: a status message ends a silence. Who is
    /// listened to has been checked before, so that no peer can make this grow.
    pub fn see(&mut self, record: &Record<'_>) {
        let node = record.subject().filter(|_| record.kind == "msg" && record.raw("t") == Some("status"));
        let Some(node) = node else { return };
        match self.heard.get_mut(node) {
            Some(last) => *last = record.time.max(*last),
            None => {
                self.heard.insert(node.to_owned(), record.time);
            }
        }
    }

    /// The first point later than `ticked` at which a tick is to come, beside the
    /// usual ones.
    pub fn next(&self, ticked: Time) -> Option<Time> {
        self.heard.values().filter_map(|heard| self.next_of(*heard, ticked)).min()
    }

    fn next_of(&self, heard: Time, ticked: Time) -> Option<Time> {
        let points = self.spans.iter().map(|span| heard + *span);
        let next = points.filter(|point| *point > ticked).min()?;
        let is_silent = ticked.since(heard) >= self.spans[0];
        Some(if is_silent { next.min(ticked + self.often) } else { next })
    }
}

#[cfg(test)]
mod tests;

//! When a silence becomes long enough to mean something, so that a tick can come
//! at that moment and not up to an interval later.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::record::Record;
use crate::time::Time;
use crate::votes::Terms;

/// When each node was heard last.
#[derive(Debug)]
pub struct Silences {
    spans: [Duration; 2],
    heard: BTreeMap<String, Time>,
}

impl Silences {
    /// Nothing was heard. The silences that mean something are deadtime, after
    /// which a node is dead, and a vote, after which others may serve in its
    /// place.
    pub fn new(deadtime: Duration) -> Silences {
        Silences { spans: [deadtime, Terms::new(deadtime).vote], heard: BTreeMap::new() }
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

    /// The first point later than `ticked` at which a silence is long enough.
    pub fn next(&self, ticked: Time) -> Option<Time> {
        let points = self.heard.values().flat_map(|heard| self.spans.map(|span| *heard + span));
        points.filter(|point| *point > ticked).min()
    }
}

#[cfg(test)]
mod tests;

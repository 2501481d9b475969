//! Which key each node was last heard to sign with, from the records of
//! hb-listen: may a key go?

use std::collections::BTreeMap;
use std::fmt;

use crate::record::Record;

/// More nodes than any cluster has: a recording with more is none of a cluster.
pub const NODES_MAX: usize = 1024;

/// What was heard.
#[derive(Clone, Debug, Default)]
pub struct Signers {
    last: BTreeMap<String, u8>,
    is_full: bool,
}

/// Whether a key is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// Every node that was heard signs with another one.
    None,
    /// These nodes sign with it.
    By(Vec<String>),
    /// Could not tell.
    Unknown(Doubt),
}

/// Why it could not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// There is no message of any node.
    Nobody,
    /// There is none of these nodes.
    Silent(Vec<String>),
    /// There are more nodes than are kept.
    TooMany,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Nobody => f.write_str("there is no message of any node"),
            Doubt::Silent(nodes) => write!(f, "there is no message of {}", nodes.join(", ")),
            Doubt::TooMany => write!(f, "there are messages of more than {NODES_MAX} nodes"),
        }
    }
}

impl Signers {
    /// Takes a record. Only `msg` says by which key a message was verified; of
    /// several of one node the last one counts, in the order of the records.
    ///
    /// # Errors
    /// It is a `msg` without a node, or without the number of a key.
    pub fn record(&mut self, record: &Record<'_>) -> Result<(), String> {
        if record.kind != "msg" {
            return Ok(());
        }
        let key = record.raw("key").and_then(|key| key.split(':').next()?.parse().ok());
        let (Some(node), Some(key)) = (record.subject(), key) else {
            return Err("a msg without a node, or without the number of a key".to_owned());
        };
        if let Some(last) = self.last.get_mut(node) {
            *last = key;
        } else if self.last.len() < NODES_MAX {
            self.last.insert(node.to_owned(), key);
        } else {
            self.is_full = true;
        }
        Ok(())
    }

    /// Whether key `id` is in use, where messages of all of `wanted` are asked for.
    pub fn of(&self, id: u8, wanted: &[String]) -> Use {
        let by: Vec<String> = self.last.iter().filter(|(_, key)| **key == id).map(|(node, _)| node.clone()).collect();
        let silent: Vec<String> = wanted.iter().filter(|node| !self.last.contains_key(*node)).cloned().collect();
        if !by.is_empty() {
            Use::By(by)
        } else if self.is_full {
            Use::Unknown(Doubt::TooMany)
        } else if !silent.is_empty() {
            Use::Unknown(Doubt::Silent(silent))
        } else if self.last.is_empty() {
            Use::Unknown(Doubt::Nobody)
        } else {
            Use::None
        }
    }
}

#[cfg(test)]
mod tests;

//! Which messages were heard before: a node's numbers in its present
//! generation, and on which media each one came.

use std::collections::BTreeMap;

use crate::message::Header;

/// How many of a node's latest numbers are remembered. Heartbeat's sender keeps
/// 500 for retransmission: whatever is older does not come by honest means.
pub const WINDOW: usize = 512;

/// How many nodes are remembered: as many as a cluster of Heartbeat has at most.
pub const MAX_NODES: usize = 100;

/// How many media can be told apart: as many as Heartbeat takes.
pub const MAX_MEDIA: usize = 64;

/// What a message is to the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Not heard before.
    New,
    /// Heard before, but not on this medium: an honest copy.
    Copy,
    /// Heard before on this medium, and sent again because somebody missed it.
    Again,
    /// Heard before on this medium, from an earlier generation, or too old to
    /// tell.
    Replay,
    /// Of a node for which there is no room.
    NoRoom,
}

/// What was heard of all nodes.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    nodes: BTreeMap<String, Node>,
}

/// What was heard of a node. A generation only rises:
///
/// ```text
///            higher generation, numbered: forget the numbers
///          +------------------------------------------------+
///          v                                                |
///   [generation g, numbers top-511..=top] -- number > top: new, top rises
///          |-- number in the window: new, copy or replay, by its media
///          +-- older number, or lower generation: replay
/// ```
#[derive(Clone, Debug)]
struct Node {
    generation: u64,
    top: u64,
    /// For each number in the window, at its remainder: a bit for each medium.
    media: Box<[u64; WINDOW]>,
    /// The numbers that somebody has asked for again.
    wanted: Box<[bool; WINDOW]>,
}

impl Memory {
    /// Nothing heard.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// What a message is, which is heard on medium number `medium` (below
    /// [`MAX_MEDIA`]); it is remembered. Any numbered message of a higher
    /// generation begins a new window: a restarted node's first status may be
    /// the one that was lost. Control messages have no numbers and are only
    /// compared by generation.
    pub fn judge(&mut self, header: &Header<'_>, medium: usize) -> Seen {
        let bit = 1 << (medium % MAX_MEDIA);
        let room = self.nodes.len() < MAX_NODES;
        match (self.nodes.get_mut(&header.node), header.sequence) {
            (None, None) => Seen::New,
            (None, Some(_)) if !room => Seen::NoRoom,
            (None, Some(sequence)) => {
                self.nodes.insert(header.node.clone(), Node::starting(header.generation, sequence, bit));
                Seen::New
            }
            (Some(node), _) if header.generation < node.generation => Seen::Replay,
            (Some(_), None) => Seen::New,
            (Some(node), Some(sequence)) if header.generation > node.generation => {
                *node = Node::starting(header.generation, sequence, bit);
                Seen::New
            }
            (Some(node), Some(sequence)) => node.hear(sequence, bit),
        }
    }

    /// Somebody who is believed has asked `node` to send `first` to `last` again:
    /// those in the window may be heard once more, and are no replays.
    pub fn want_again(&mut self, node: &str, first: u64, last: u64) {
        let Some(node) = self.nodes.get_mut(node) else { return };
        let first = first.max(node.top.saturating_sub(WINDOW as u64 - 1));
        for number in first..=last.min(node.top) {
            node.wanted[slot(number)] = true;
        }
    }
}

impl Node {
    fn starting(generation: u64, sequence: u64, bit: u64) -> Node {
        let (media, wanted) = (Box::new([0; WINDOW]), Box::new([false; WINDOW]));
        let mut node = Node { generation, top: sequence, media, wanted };
        node.media[slot(sequence)] = bit;
        node
    }

    fn hear(&mut self, sequence: u64, bit: u64) -> Seen {
        if sequence > self.top {
            self.raise(sequence);
        } else if self.top - sequence >= WINDOW as u64 {
            return Seen::Replay;
        }
        let media = &mut self.media[slot(sequence)];
        let before = *media;
        *media |= bit;
        if before == 0 {
            Seen::New
        } else if before & bit == 0 {
            Seen::Copy
        } else if self.wanted[slot(sequence)] {
            Seen::Again
        } else {
            Seen::Replay
        }
    }

    /// Moves the window up; the numbers that it did not hold were not heard.
    fn raise(&mut self, top: u64) {
        if top - self.top >= WINDOW as u64 {
            self.media.fill(0);
            self.wanted.fill(false);
        } else {
            for skipped in self.top + 1..=top {
                self.media[slot(skipped)] = 0;
                self.wanted[slot(skipped)] = false;
            }
        }
        self.top = top;
    }
}

fn slot(sequence: u64) -> usize {
    (sequence % WINDOW as u64) as usize
}

#[cfg(test)]
mod tests;

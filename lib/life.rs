//! A life on the wire that outlasts its process. Peers give their votes to a life of
//! a node: an hb-send that goes on where an earlier one was killed keeps them.
//!
//! What is kept is one record of a fixed length, written before each message leaves:
//!
//! ```text
//! life T NODE boot=ID uuid=HEX hg=GENERATION inc=INCARNATION seq=NUMBER
//! ```
//!
//! A number is never used twice: a vote names the number of the message that asked
//! for it, and its lease counts from when that message left. The number that is
//! kept may be one that did not leave any more; then there is a gap of one.

use std::fmt;
use std::time::Duration;

use crate::auth::hex;
use crate::name::is_name;
use crate::record::{Line, Record};
use crate::time::{Time, seconds};

/// How long the record is, with blanks behind it and its newline: in bytes.
pub const SIZE: usize = 256;

/// No life has so many messages, and no node so many lives.
const MANY: u64 = 1 << 62;

/// How far a life has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// When the last message was about to leave.
    pub time: Time,
    /// The node.
    pub node: String,
    /// The boot of the machine, on whose clock the time is.
    pub boot: String,
    /// The node's 16 bytes.
    pub uuid: [u8; 16],
    /// The generation.
    pub generation: u64,
    /// The incarnation: 32 hexadecimal digits.
    pub incarnation: String,
    /// The number of the last message.
    pub sequence: u64,
}

/// Who wants to go on with a life.
#[derive(Clone, Debug)]
pub struct Heir {
    /// The node.
    pub node: String,
    /// The boot of the machine.
    pub boot: String,
    /// The node's 16 bytes.
    pub uuid: [u8; 16],
    /// The generation that began last on this node, where that is known: peers do
    /// not listen to an earlier one.
    pub latest: Option<u64>,
}

/// Why nobody can go on with a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// It cannot be read.
    Unreadable,
    /// The machine was booted since.
    Boot,
    /// It is another node's.
    Node,
    /// A later life of the node has begun.
    Generation,
    /// Its last message is yet to come.
    Future,
    /// Its last message is so old: peers have declared it dead.
    Silent(Duration),
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Over::Unreadable => f.write_str("no life that can be read"),
            Over::Boot => f.write_str("a life from before this boot"),
            Over::Node => f.write_str("the life of another node"),
            Over::Generation => f.write_str("a life before the latest one of this node"),
            Over::Future => f.write_str("a life with a message from the future"),
            Over::Silent(span) => write!(f, "a life that has been silent for {} s", seconds(*span)),
        }
    }
}

impl Life {
    /// The record as it is kept; `None` when a part of it cannot stand there.
    pub fn kept(&self) -> Option<[u8; SIZE]> {
        let line = Line::new("life", self.time)
            .word(&self.node)
            .field("boot", &self.boot)
            .field("uuid", hex(&self.uuid))
            .field("hg", format_args!("{:x}", self.generation))
            .field("inc", &self.incarnation)
            .field("seq", format_args!("{:x}", self.sequence))
            .finish();
        let mut kept = [b' '; SIZE];
        kept[SIZE - 1] = b'\n';
        kept[..SIZE - 1].get_mut(..line.len())?.copy_from_slice(line.as_bytes());
        Some(kept)
    }

    /// Reads what was kept. Only what [`Life::kept`] writes is a life.
    pub fn read(bytes: &[u8]) -> Option<Life> {
        let bytes: &[u8; SIZE] = bytes.try_into().ok()?;
        let record = Record::parse(bytes.strip_suffix(b"\n")?.trim_ascii_end()).ok()?;
        let [boot, uuid, generation, incarnation, sequence] = record.raw_all(["boot", "uuid", "hg", "inc", "seq"]);
        let number = |text: Option<&str>| u64::from_str_radix(text?, 16).ok().filter(|number| *number < MANY);
        let uuid = uuid.filter(|text| text.len() == 32).and_then(|text| u128::from_str_radix(text, 16).ok())?;
        let life = Life {
            time: record.time,
            node: record.subject()?.to_owned(),
            boot: boot?.to_owned(),
            uuid: uuid.to_be_bytes(),
            generation: number(generation)?,
            incarnation: incarnation?.to_owned(),
            sequence: number(sequence)?,
        };
        let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_sane = is_name(&life.node)
            && is_name(&life.boot)
            && life.incarnation.len() == 32
            && is_hex(&life.incarnation)
            && life.sequence > 0
            && life.kept()? == *bytes;
        is_sane.then_some(life)
    }

    /// Whether `heir` goes on with it at `now`. Behind deadtime of silence peers have
    /// declared the node dead.
    ///
    /// # Errors
    /// Why it does not.
    pub fn goes_on(&self, heir: &Heir, now: Time, deadtime: Duration) -> Result<(), Over> {
        if self.boot != heir.boot {
            return Err(Over::Boot);
        }
        if self.node != heir.node || self.uuid != heir.uuid {
            return Err(Over::Node);
        }
        if heir.latest.is_some_and(|latest| latest > self.generation) {
            return Err(Over::Generation);
        }
        if self.time > now {
            return Err(Over::Future);
        }
        let silent = now.since(self.time);
        if silent < deadtime { Ok(()) } else { Err(Over::Silent(silent)) }
    }
}

#[cfg(test)]
mod tests;

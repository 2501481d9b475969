//! From bytes to records: what hb-listen makes of each thing that it hears.
//! Nothing in the bytes is believed before their digest is right.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use crate::auth::{Key, KeyRing};
use crate::message::{FormError, Header, MAX_BYTES, Message, Value};
use crate::record::Line;
use crate::refused::Reason;
use crate::replay::{Memory, Seen};
use crate::time::Time;
use crate::wire::{self, Refusal, Trust};

/// Something that came in on a medium.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// When.
    pub time: Time,
    /// The number of the medium, below [`crate::replay::MAX_MEDIA`].
    pub medium: usize,
    /// The name of the medium's link.
    pub link: &'a str,
    /// Whether others can write to the medium.
    pub is_network: bool,
    /// Who sent it; unknown on serial lines.
    pub peer: Option<SocketAddr>,
    /// It was longer than what could be read.
    pub is_cut: bool,
    /// What came.
    pub bytes: &'a [u8],
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Heard {
    /// A record.
    Record(Line),
    /// To be counted.
    Refused(Reason),
    /// Our own voice, heard back.
    Echo,
}

/// Who listens, and to whom.
#[derive(Debug)]
pub struct Hearing {
    /// The keys that are believed.
    pub ring: KeyRing,
    /// Whether a crc is believed on a network.
    pub is_crc_allowed: bool,
    /// The name of our own node.
    pub node: String,
    /// The nodes that are listened to; `None`: all.
    pub peers: Option<BTreeSet<String>>,
    /// What was heard before.
    pub memory: Memory,
}

/// Fields that are in the record in another way, or would be taken for what the
/// listener says.
const LEFT_OUT: [&str; 6] = ["src", "auth", "via", "peer", "key", "cut"];

impl Hearing {
    /// What becomes of `arrived`. `is_own_address` is asked where a message bears
    /// our own name.
    pub fn hear(&mut self, arrived: &Arrived<'_>, is_own_address: impl FnOnce(IpAddr) -> bool) -> Heard {
        if arrived.is_cut || arrived.bytes.len() > MAX_BYTES {
            return Heard::Refused(Reason::Oversize);
        }
        let trust = if arrived.is_network && !self.is_crc_allowed { Trust::KeyedOnly } else { Trust::AllKeys };
        let (message, key) = match wire::open(arrived.bytes, &self.ring, trust) {
            Ok(opened) => opened,
            Err(refusal) => return Heard::Refused(reason(refusal)),
        };
        let Ok(header) = Header::of(&message) else { return Heard::Refused(Reason::Parse) };
        if header.node == self.node {
            let is_echo = arrived.peer.is_some_and(|peer| is_own_address(peer.ip()));
            return if is_echo { Heard::Echo } else { Heard::Refused(Reason::Own) };
        }
        if self.peers.as_ref().is_some_and(|peers| !peers.contains(&header.node)) {
            return Heard::Refused(Reason::UnknownNode);
        }
        match self.memory.judge(&header, arrived.medium) {
            Seen::New => Heard::Record(message_record(arrived, &header, key, &message)),
            Seen::Copy => Heard::Record(copy_record(arrived, &header)),
            Seen::Replay => Heard::Refused(Reason::Replay),
            Seen::NoRoom => Heard::Refused(Reason::UnknownNode),
        }
    }
}

fn reason(refusal: Refusal) -> Reason {
    match refusal {
        Refusal::Form(FormError::TooLong) => Reason::Oversize,
        Refusal::Form(_) => Reason::Parse,
        Refusal::UnknownKey => Reason::UnknownKey,
        Refusal::Auth => Reason::Auth,
    }
}

fn message_record(arrived: &Arrived<'_>, header: &Header<'_>, key: &Key, message: &Message<'_>) -> Line {
    let mut line = Line::new("msg", arrived.time)
        .word(&header.node)
        .field("via", arrived.link)
        .maybe("peer", arrived.peer)
        .field("key", format_args!("{}:{}", key.id(), key.method()));
    for field in message.fields.iter().filter(|field| !LEFT_OUT.contains(&field.name.as_ref())) {
        line = match &field.value {
            // What is in it is for those who read the wire, not the records.
            Value::Nested(_) => line.field(&field.name, "(message)"),
            Value::Text(bytes) | Value::Binary(bytes) | Value::List(bytes) | Value::Compressed(bytes) => {
                line.bytes(&field.name, bytes)
            }
        };
    }
    line
}

fn copy_record(arrived: &Arrived<'_>, header: &Header<'_>) -> Line {
    let sequence = header.sequence.unwrap_or_default();
    Line::new("dup", arrived.time)
        .word(&header.node)
        .field("via", arrived.link)
        .field("seq", format_args!("{sequence:x}"))
        .field("hg", format_args!("{:x}", header.generation))
}

#[cfg(test)]
mod tests;

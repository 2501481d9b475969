//! From bytes to records: what hb-listen makes of each thing that it hears.
//! Nothing in the bytes is believed before their digest is right.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use crate::auth::{Key, KeyRing};
use crate::gaps::{Gaps, News, Notice, Span};
use crate::message::{FormError, Header, Message, Value};
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
    /// Sent again because somebody missed it: it was heard.
    Again,
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
    /// What was missed.
    pub gaps: Gaps,
}

/// Fields that are in the record in another way, or would be taken for what the
/// listener says.
const LEFT_OUT: [&str; 6] = ["src", "auth", "via", "peer", "key", "cut"];

impl Hearing {
    /// What becomes of `arrived`. `is_own_address` is asked where a message bears
    /// our own name.
    pub fn hear(&mut self, arrived: &Arrived<'_>, is_own_address: impl FnOnce(IpAddr) -> bool) -> Heard {
        if arrived.is_cut {
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
            Seen::New => {
                let record = message_record(arrived, &header, key, &message);
                self.follow(arrived.time, &header, &message);
                Heard::Record(record)
            }
            Seen::Again => Heard::Again,
            Seen::Copy => Heard::Record(copy_record(arrived, &header)),
            Seen::Replay => Heard::Refused(Reason::Replay),
            Seen::NoRoom => Heard::Refused(Reason::UnknownNode),
        }
    }
}

impl Hearing {
    /// What a message says about numbers: its own, and those of which nodes speak
    /// to each other.
    fn follow(&mut self, now: Time, header: &Header<'_>, message: &Message<'_>) {
        self.gaps.heard(header, now);
        let number = |key, radix| u64::from_str_radix(message.text(key)?, radix).ok();
        match (header.kind, message.text("dest")) {
            ("NS_rexmit", Some(node)) => {
                if let Some((first, last)) = number("firstseq", 10).zip(number("lastseq", 10)) {
                    self.memory.want_again(&node.to_ascii_lowercase(), first, last);
                }
            }
            ("NS_nak_rexmit", Some(node)) if node.eq_ignore_ascii_case(&self.node) => {
                number("firstseq", 16).into_iter().for_each(|number| self.gaps.refused(&header.node, number));
            }
            _ => {}
        }
    }

    /// What is to be said of missing numbers now.
    pub fn due(&mut self, now: Time) -> Vec<Line> {
        let mut lines = Vec::new();
        for Notice { node, generation, news } in self.gaps.due(now) {
            if let News::Open(span) = news {
                self.memory.want_again(&node, span.first, span.last);
            }
            lines.push(notice_record(now, &node, generation, news));
        }
        lines
    }
}

fn notice_record(now: Time, node: &str, generation: u64, news: News) -> Line {
    let gap = |state, span: Span| {
        let line = Line::new("gap", now).word(node).word(state);
        line.field("first", format_args!("{:x}", span.first)).field("last", format_args!("{:x}", span.last))
    };
    let line = match news {
        News::Open(span) => gap("open", span),
        News::Lost(span) => gap("lost", span),
        News::Whole(number) => Line::new("whole", now).word(node).field("seq", format_args!("{number:x}")),
    };
    line.field("hg", format_args!("{generation:x}"))
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

//! What this node says: messages numbered, signed, and sent on every medium.

use std::fs;
use std::path::Path;

use crate::auth::{KeyRing, hex};
use crate::message::FormError;
use crate::outgoing::{Order, Sender, Stamped};
use crate::record::Line;
use crate::time::seconds;
use crate::transmitter::{Both, Taken, Transmitter};
use crate::{classic, edge, identity, netstring};

/// Who speaks, with which key, and where.
#[derive(Debug)]
pub struct Voice {
    /// The media.
    pub transmitter: Transmitter,
    sender: Sender,
    ring: KeyRing,
}

/// What came of a message.
#[derive(Debug)]
#[must_use]
pub struct Said {
    /// The record of it.
    pub record: Line,
    /// The media that took it; `None` when it was too late to send it.
    pub taken: Option<Taken>,
    /// What is new about the media.
    pub news: Vec<String>,
}

impl Voice {
    /// A voice that signs with the signing key of `ring`.
    pub fn new(transmitter: Transmitter, sender: Sender, ring: KeyRing) -> Voice {
        Voice { transmitter, sender, ring }
    }

    /// Sends a message on every medium, unless its time has passed; never waits.
    /// The record has the time from before it was sent.
    ///
    /// # Errors
    /// A field cannot stand in the text of the classic format.
    pub fn say(&mut self, order: &Order) -> Result<Said, FormError> {
        let now = edge::now();
        if let Some(until) = order.until.filter(|until| now > *until) {
            let kind = order.kind();
            let late = Line::new("late", now).bytes("t", kind).field("until", until);
            return Ok(Said { record: late.field("by", seconds(now.since(until))), taken: None, news: Vec::new() });
        }
        let Stamped { mut message, kind, sequence } = self.sender.stamp(order, edge::wall_seconds(), load().as_deref());
        let key = self.ring.signing();
        let text = classic::encode(&message, key)?;
        message.push("auth", classic::inner_auth(&message, key)?);
        let both = Both { netstring: &netstring::encode(&message, key), classic: &text };
        let (taken, news) = self.transmitter.send(both, now);
        let record = Line::new("sent", now)
            .field("t", kind)
            .maybe("seq", sequence.map(|sequence| format!("{sequence:x}")))
            .field("hg", format_args!("{:x}", self.sender.generation))
            .field("inc", &self.sender.incarnation)
            .field("ok", taken.ok)
            .field("failed", taken.failed);
        Ok(Said { record, taken: Some(taken), news })
    }
}

/// The sender of this run: its identity out of `directory`, with a new
/// incarnation. What could not be kept there is said.
///
/// # Errors
/// The kernel has no random bytes.
pub fn sender(directory: &Path, node: &str, nodes: usize) -> std::io::Result<(Sender, Vec<identity::IdentityError>)> {
    let (identity, problems) = identity::take(directory, node, edge::wall_seconds());
    let sender = Sender {
        node: node.to_owned(),
        uuid: identity.uuid,
        generation: identity.generation,
        incarnation: hex(&identity::random()?),
        ttl: nodes + 1,
        sequence: 0,
    };
    Ok((sender, problems))
}

/// The machine's load as Heartbeat sends it; nobody depends on it.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.lines().next().map(str::to_owned)
}

//! What this node says: messages numbered, signed, and sent on every medium.

use std::fmt;
use std::fs;
use std::time::Duration;

use crate::auth::KeyRing;
use crate::history::History;
use crate::life_file::{LifeFile, LifeFileError};
use crate::message::{FormError, Message};
use crate::outgoing::{Format, Order, Sender, Stamped};
use crate::record::Line;
use crate::time::{Time, seconds};
use crate::transmitter::{Both, Taken, Transmitter};
use crate::{classic, edge, netstring};

/// Who speaks, with which key, and where.
#[derive(Debug)]
pub struct Voice {
    /// The media.
    pub transmitter: Transmitter,
    /// What was said last.
    pub history: History,
    /// The keys; the signing one is used.
    pub ring: KeyRing,
    /// In which format networks carry it.
    pub format: Format,
    sender: Sender,
    load: Load,
    /// Where our life is kept.
    file: Option<LifeFile>,
}

/// Why a message cannot leave.
#[derive(Debug)]
pub enum VoiceError {
    /// A field cannot stand in the text of the classic format.
    Form(FormError),
    /// Its number might be used again.
    Life(LifeFileError),
}

impl fmt::Display for VoiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VoiceError::Form(error) => error.fmt(f),
            VoiceError::Life(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for VoiceError {}

impl From<FormError> for VoiceError {
    fn from(error: FormError) -> VoiceError {
        VoiceError::Form(error)
    }
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
    pub fn new(transmitter: Transmitter, sender: Sender, ring: KeyRing, format: Format) -> Voice {
        Voice { transmitter, history: History::new(), ring, format, sender, load: Load::default(), file: None }
    }

    /// The same, whose life is kept in a file: each number stands there before its
    /// message leaves.
    #[must_use]
    pub fn kept_in(self, file: Option<LifeFile>) -> Voice {
        Voice { file, ..self }
    }

    /// Sends a message on every medium, unless its time has passed; never waits.
    /// The record has the time from before it was sent.
    ///
    /// # Errors
    /// A field cannot stand in the text of the classic format; the file of our life
    /// holds an earlier number, and neither a later one nor nothing can be written
    /// there.
    pub fn say(&mut self, order: &Order) -> Result<Said, VoiceError> {
        let now = edge::now();
        if let Some(until) = order.until.filter(|until| now > *until) {
            let kind = order.kind();
            let late = Line::new("late", now).bytes("t", kind).field("until", until);
            return Ok(Said { record: late.field("by", seconds(now.since(until))), taken: None, news: Vec::new() });
        }
        let load = self.load.get(now);
        let Stamped { message, kind, sequence } = self.sender.stamp(order, edge::wall_seconds(), load);
        let lost = match (&mut self.file, sequence) {
            (Some(file), Some(sequence)) => file.note(sequence, now).map_err(VoiceError::Life)?,
            (Some(_) | None, _) => None,
        };
        let Left { bytes, taken, mut news } = self.send(message, now)?;
        news.extend(lost.map(|lost| lost.to_string()));
        sequence.into_iter().for_each(|sequence| self.history.keep(sequence, bytes.clone(), order.until));
        let record = Line::new("sent", now)
            .field("t", kind)
            .maybe("seq", sequence.map(|sequence| format!("{sequence:x}")))
            .field("hg", format_args!("{:x}", self.sender.generation))
            .field("inc", &self.sender.incarnation)
            .field("ok", taken.ok)
            .field("failed", taken.failed);
        Ok(Said { record, taken: Some(taken), news })
    }

    /// Sends the message with that number once more, on every medium: the same
    /// bytes, unless the key is another one by now. Behind the time until which it
    /// was true, another message goes in its place that says nothing. `None` when
    /// it is not kept.
    ///
    /// # Errors
    /// A field cannot stand in the text of the classic format.
    pub fn again(&mut self, number: u64) -> Result<Option<Said>, FormError> {
        let now = edge::now();
        let Some(kept) = self.history.get(number) else { return Ok(None) };
        let message = if kept.until.is_some_and(|until| now > until) {
            self.sender.stand_in(number, edge::wall_seconds())
        } else {
            let mut message = netstring::parse(netstring::unseal(&kept.bytes)?.covered)?.into_owned();
            message.fields.retain(|field| field.name != "auth");
            message
        };
        let kind = message.text("t").unwrap_or_default().to_owned();
        let Left { taken, news, .. } = self.send(message, now)?;
        let record = Line::new("again", now)
            .field("t", kind)
            .field("seq", format_args!("{number:x}"))
            .field("ok", taken.ok)
            .field("failed", taken.failed);
        Ok(Some(Said { record, taken: Some(taken), news }))
    }

    /// Signs and sends.
    fn send(&mut self, mut message: Message<'static>, now: Time) -> Result<Left, FormError> {
        let key = self.ring.signing();
        let text = classic::encode(&message, key)?;
        message.push("auth", classic::inner_auth(&message, key)?);
        let bytes = netstring::encode(&message, key);
        let network = match self.format {
            Format::Netstring => &bytes,
            Format::Classic => &text,
        };
        let (taken, news) = self.transmitter.send(Both { network, line: &text }, now);
        Ok(Left { bytes, taken, news })
    }
}

/// A message that has left.
struct Left {
    bytes: Vec<u8>,
    taken: Taken,
    news: Vec<String>,
}

/// The machine's load as Heartbeat sends it; nobody depends on it. The kernel computes
/// it every five seconds.
#[derive(Debug, Default)]
struct Load {
    text: Option<String>,
    read: Option<Time>,
}

impl Load {
    fn get(&mut self, now: Time) -> Option<&str> {
        if self.read.is_none_or(|read| now.since(read) >= Duration::from_secs(1)) {
            self.read = Some(now);
            let text = fs::read_to_string("/proc/loadavg").ok();
            self.text = text.and_then(|text| text.lines().next().map(str::to_owned));
        }
        self.text.as_deref()
    }
}

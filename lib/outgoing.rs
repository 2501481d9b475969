//! Messages of our own: from the words of a line to the ordered fields that
//! Heartbeat's nodes expect.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::message::{Message, is_field_name};
use crate::record::{decode, is_key};
use crate::time::{Time, TimeError};

/// Fields that the sender itself writes, and words that a receiver keeps for
/// itself: nobody else may give them.
pub const OWN_FIELDS: [&str; 14] =
    ["src", "srcuuid", "destuuid", "seq", "hg", "ts", "ld", "ttl", "auth", "inc", "via", "peer", "key", "cut"];

/// The type of what stands in for a message whose time has passed.
pub const PASSED: &str = "passed";

/// The format of messages on networks. Serial lines always carry text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// As Heartbeat sends.
    #[default]
    Netstring,
    /// As Heartbeat understands with any of its keys.
    Classic,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Format::Netstring => f.write_str("netstring"),
            Format::Classic => f.write_str("classic"),
        }
    }
}

/// A message that is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Its own fields.
    pub fields: Vec<(String, Vec<u8>)>,
    /// Not to be sent behind this point.
    pub until: Option<Time>,
}

/// Why words are no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderError {
    /// Not UTF-8.
    Encoding,
    /// A word that is not `key=value`.
    Word(String),
    /// A key of the sender's own.
    OwnField(String),
    /// A key that stands twice.
    Twice(String),
    /// A value with a control character that text cannot carry.
    Value(String),
    /// No type, or an empty one.
    Kind,
    /// `until` is no time.
    Until(TimeError),
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OrderError::Encoding => f.write_str("not UTF-8"),
            OrderError::Word(word) => write!(f, "'{word}' is not KEY=VALUE"),
            OrderError::OwnField(key) => write!(f, "the field '{key}' is not to be given"),
            OrderError::Twice(key) => write!(f, "the field '{key}' stands twice"),
            OrderError::Value(key) => write!(f, "the field '{key}' has a control character"),
            OrderError::Kind => f.write_str("the field 't' is empty"),
            OrderError::Until(error) => write!(f, "until: {error}"),
        }
    }
}

impl std::error::Error for OrderError {}

impl OrderError {
    /// The cause without a quotation: there are few different ones.
    pub fn cause(&self) -> &'static str {
        match self {
            OrderError::Encoding => "not UTF-8",
            OrderError::Word(_) => "a word that is not KEY=VALUE",
            OrderError::OwnField(_) => "a field that is not to be given",
            OrderError::Twice(_) => "a field that stands twice",
            OrderError::Value(_) => "a value with a control character",
            OrderError::Kind => "an empty field 't'",
            OrderError::Until(_) => "an until that is no time",
        }
    }
}

impl Order {
    /// A message of these fields.
    ///
    /// # Errors
    /// A field stands twice, or the type is empty.
    pub fn new(fields: Vec<(String, Vec<u8>)>) -> Result<Order, OrderError> {
        let order = Order { fields, until: None };
        order.check()?;
        Ok(order)
    }

    /// Reads a line of `key=value` words, values percent-encoded as in records.
    /// An empty line is `None`.
    ///
    /// # Errors
    /// A word is malformed, or a key may not be given.
    pub fn parse(line: &[u8]) -> Result<Option<Order>, OrderError> {
        let line = std::str::from_utf8(line).map_err(|_| OrderError::Encoding)?;
        let mut order = Order::default();
        let mut is_empty = true;
        for word in line.split_ascii_whitespace() {
            is_empty = false;
            match word.strip_prefix("until=") {
                Some(until) if order.until.is_none() => {
                    order.until = Some(until.parse().map_err(OrderError::Until)?);
                }
                Some(_) => return Err(OrderError::Twice("until".to_owned())),
                None => order.fields.push(read_field(word)?),
            }
        }
        order.check()?;
        Ok(if is_empty { None } else { Some(order) })
    }

    /// The order with `defaults` for a status: fields that it does not give are
    /// taken from there. The type comes first, then the defaults, then the rest,
    /// as in Heartbeat's own status.
    #[must_use]
    pub fn with_defaults(mut self, defaults: &[(String, Vec<u8>)]) -> Order {
        let mut fields = Vec::with_capacity(self.fields.len() + defaults.len() + 1);
        let kind = self.take("t").unwrap_or_else(|| b"status".to_vec());
        let is_status = kind == b"status";
        fields.push(("t".to_owned(), kind));
        if is_status {
            for (key, value) in defaults {
                let given = self.take(key);
                fields.push((key.clone(), given.unwrap_or_else(|| value.clone())));
            }
        }
        fields.append(&mut self.fields);
        Order { fields, until: self.until }
    }

    /// The type; a status where none is given.
    pub fn kind(&self) -> &[u8] {
        self.fields.iter().find(|(key, _)| key == "t").map_or(b"status", |(_, value)| value)
    }

    fn take(&mut self, key: &str) -> Option<Vec<u8>> {
        let at = self.fields.iter().position(|(name, _)| name == key)?;
        Some(self.fields.remove(at).1)
    }

    fn check(&self) -> Result<(), OrderError> {
        let mut keys = BTreeSet::new();
        for (key, value) in &self.fields {
            if !keys.insert(key) {
                return Err(OrderError::Twice(key.clone()));
            }
            if key == "t" && value.is_empty() {
                return Err(OrderError::Kind);
            }
        }
        Ok(())
    }
}

/// Reads one `KEY=VALUE`, the value percent-encoded.
///
/// # Errors
/// It is malformed, or the key may not be given.
pub fn read_field(word: &str) -> Result<(String, Vec<u8>), OrderError> {
    let shown = || word.chars().take(64).flat_map(char::escape_default).collect::<String>();
    let (key, value) = word.split_once('=').ok_or_else(|| OrderError::Word(shown()))?;
    if !is_key(key) || !is_field_name(key.as_bytes()) {
        return Err(OrderError::Word(shown()));
    }
    if OWN_FIELDS.contains(&key) {
        return Err(OrderError::OwnField(key.to_owned()));
    }
    let value = decode(value).into_owned();
    // A newline has a stand-in in classic text; other control characters are
    // stand-ins there themselves, or would not come through a serial line.
    if value.iter().any(|b| b.is_ascii_control() && !matches!(b, b'\n' | b'\t')) {
        return Err(OrderError::Value(key.to_owned()));
    }
    Ok((key.to_owned(), value))
}

/// The fields that make a status what it is: `st`, `dt` (our deadtime in
/// milliseconds) and `protocol`.
pub fn status_defaults(deadtime: Duration) -> Vec<(String, Vec<u8>)> {
    let millis = format!("{:x}", deadtime.as_millis());
    [("st", "active"), ("dt", &millis), ("protocol", "1")]
        .map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()))
        .into()
}

/// Who sends: what goes into every message, and the next number.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The name of our node.
    pub node: String,
    /// The node's 16 bytes.
    pub uuid: [u8; 16],
    /// The generation of this run.
    pub generation: u64,
    /// The incarnation of this run: 32 hexadecimal digits.
    pub incarnation: String,
    /// What stands in `ttl`: one more than there are nodes.
    pub ttl: usize,
    /// The last number that was used.
    pub sequence: u64,
}

/// A message with all its fields but the inner digest.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// The message.
    pub message: Message<'static>,
    /// Its type.
    pub kind: String,
    /// Its number; control messages (`NS_`) have none.
    pub sequence: Option<u64>,
}

impl Sender {
    /// Gives a message its number and the fields that every message has, in
    /// Heartbeat's order. `wall` is seconds since 1970, `load` the first line of
    /// /proc/loadavg.
    pub fn stamp(&mut self, order: &Order, wall: u64, load: Option<&str>) -> Stamped {
        let mut message = Message::new();
        for (key, value) in &order.fields {
            message.push(key.clone(), value.clone());
        }
        let kind = message.text("t").unwrap_or_default().to_owned();
        let is_control = kind.starts_with("NS_");
        if !is_control {
            message.push("inc", self.incarnation.clone());
        }
        message.push("src", self.node.clone());
        message.push_binary("srcuuid", self.uuid);
        let sequence = if is_control { None } else { Some(self.count()) };
        if let Some(sequence) = sequence {
            message.push("seq", format!("{sequence:x}"));
        }
        message.push("hg", format!("{:x}", self.generation));
        message.push("ts", format!("{wall:x}"));
        if let (false, Some(load)) = (is_control, load) {
            message.push("ld", load);
        }
        message.push("ttl", self.ttl.to_string());
        Stamped { message, kind, sequence }
    }

    /// What stands in for a message whose time has passed, under its number: the
    /// one who asks for that has no gap then, and is told nothing that may not be
    /// true any more.
    pub fn stand_in(&self, sequence: u64, wall: u64) -> Message<'static> {
        let order = Order { fields: vec![("t".to_owned(), PASSED.as_bytes().to_vec())], until: None };
        let mut sender = Sender { sequence: sequence.saturating_sub(1), ..self.clone() };
        sender.stamp(&order, wall, None).message
    }

    fn count(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

#[cfg(test)]
mod tests;

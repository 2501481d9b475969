//! A message of Heartbeat: an ordered list of named, typed fields. How it looks
//! on a wire is the business of [`crate::netstring`] and [`crate::classic`].

use std::borrow::Cow;
use std::fmt;

use crate::name::{self, NameError};

/// The longest message, in bytes on the wire: what Heartbeat itself sends at
/// most.
pub const MAX_BYTES: usize = 256 * 1024;

/// The most fields of one message, nested ones included. Heartbeat's own have
/// about a dozen.
pub const MAX_FIELDS: usize = 1_024;

/// How deep messages nest at most; Heartbeat has 16 symbols for it.
pub const MAX_DEPTH: usize = 16;

/// The longest name of a field.
pub const MAX_NAME: usize = 128;

/// A field's value, by type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Type 0, a string; any bytes.
    Text(Cow<'a, [u8]>),
    /// Type 1, binary.
    Binary(Cow<'a, [u8]>),
    /// Type 2, a message in the message.
    Nested(Message<'a>),
    /// Type 3, a list of strings as netstrings, kept as it stands.
    List(Cow<'a, [u8]>),
    /// Type 4, a compressed message, kept as it stands.
    Compressed(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The type's digit on the wire.
    pub fn digit(&self) -> u8 {
        match self {
            Value::Text(_) => b'0',
            Value::Binary(_) => b'1',
            Value::Nested(_) => b'2',
            Value::List(_) => b'3',
            Value::Compressed(_) => b'4',
        }
    }

    /// The bytes of the value; a nested message has none of its own.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Text(bytes) | Value::Binary(bytes) | Value::List(bytes) | Value::Compressed(bytes) => Some(bytes),
            Value::Nested(_) => None,
        }
    }
}

/// A named value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name: printable ASCII without blank and `=`.
    pub name: Cow<'a, str>,
    /// Its value.
    pub value: Value<'a>,
}

/// Fields in the order in which they are on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// The fields. A name may stand twice: the first counts.
    pub fields: Vec<Field<'a>>,
}

impl<'a> Message<'a> {
    /// A message without fields.
    pub fn new() -> Message<'a> {
        Message::default()
    }

    /// Appends a string.
    pub fn push(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Vec<u8>>) {
        self.fields.push(Field { name: name.into(), value: Value::Text(Cow::Owned(value.into())) });
    }

    /// Appends binary bytes.
    pub fn push_binary(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Vec<u8>>) {
        self.fields.push(Field { name: name.into(), value: Value::Binary(Cow::Owned(value.into())) });
    }

    /// The first field of that name.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.fields.iter().find(|field| field.name == name).map(|field| &field.value)
    }

    /// The first field of that name, when it is a string in UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(bytes) => std::str::from_utf8(bytes).ok(),
            Value::Binary(_) | Value::Nested(_) | Value::List(_) | Value::Compressed(_) => None,
        }
    }

    /// The same message, borrowing nothing.
    pub fn into_owned(self) -> Message<'static> {
        let owned = |bytes: Cow<'_, [u8]>| Cow::Owned(bytes.into_owned());
        let field = |field: Field<'a>| Field {
            name: Cow::Owned(field.name.into_owned()),
            value: match field.value {
                Value::Text(bytes) => Value::Text(owned(bytes)),
                Value::Binary(bytes) => Value::Binary(owned(bytes)),
                Value::Nested(message) => Value::Nested(message.into_owned()),
                Value::List(bytes) => Value::List(owned(bytes)),
                Value::Compressed(bytes) => Value::Compressed(owned(bytes)),
            },
        };
        Message { fields: self.fields.into_iter().map(field).collect() }
    }

    /// Whether every field can stand in the text of a classic message.
    pub fn is_plain(&self) -> bool {
        self.fields.iter().all(|field| match field.value {
            Value::Text(_) | Value::Binary(_) | Value::List(_) => true,
            Value::Nested(_) | Value::Compressed(_) => false,
        })
    }
}

/// Whether a field can have this name: printable ASCII that cannot be mistaken
/// for a marker, a type or the end of the name.
pub fn is_field_name(name: &[u8]) -> bool {
    let starts_well = name.first().is_some_and(|first| !matches!(first, b'(' | b'<' | b'>' | b'#'));
    starts_well && name.len() <= MAX_NAME && name.iter().all(|b| b.is_ascii_graphic() && *b != b'=')
}

/// What every message says of itself, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'m> {
    /// What it is: `status`, `resource`, `NS_ackmsg`, ...
    pub kind: &'m str,
    /// The node that sent it, in lower case.
    pub node: String,
    /// The sender's generation: it rises with each of its starts.
    pub generation: u64,
    /// Its number within the generation; control messages (`NS_`) have none.
    pub sequence: Option<u64>,
}

/// What a message lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// A field that must be there is not, or is no string.
    Missing(&'static str),
    /// A field that must be a hexadecimal number other than zero is none.
    Number(&'static str),
    /// The sender's name cannot be the name of a node.
    Name(NameError),
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderError::Missing(name) => write!(f, "the field '{name}' is missing"),
            HeaderError::Number(name) => write!(f, "the field '{name}' is not a hexadecimal number from 1"),
            HeaderError::Name(error) => write!(f, "src: {error}"),
        }
    }
}

impl std::error::Error for HeaderError {}

impl<'m> Header<'m> {
    /// Reads the fields that a receiver cannot do without: `t`, `src`, `ts`,
    /// `hg`, and `seq` unless it is a control message.
    ///
    /// # Errors
    /// One of them is missing or malformed.
    pub fn of(message: &'m Message<'_>) -> Result<Header<'m>, HeaderError> {
        let kind = message.text("t").filter(|kind| !kind.is_empty()).ok_or(HeaderError::Missing("t"))?;
        let node = message.text("src").ok_or(HeaderError::Missing("src"))?;
        let node = name::node(node).map_err(HeaderError::Name)?;
        let number = |name| {
            let text = message.text(name).ok_or(HeaderError::Missing(name))?;
            hexadecimal(text).filter(|value| *value > 0).ok_or(HeaderError::Number(name))
        };
        number("ts")?;
        let generation = number("hg")?;
        let sequence = if kind.starts_with("NS_") { None } else { Some(number("seq")?) };
        Ok(Header { kind, node, generation, sequence })
    }
}

/// A number as Heartbeat writes most of them: hexadecimal digits alone.
fn hexadecimal(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_hexdigit()) { u64::from_str_radix(text, 16).ok() } else { None }
}

/// Why bytes are no message. The bytes are never shown: they may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormError {
    /// Neither of the two formats begins or ends like this.
    Framing,
    /// More than [`MAX_BYTES`].
    TooLong,
    /// No authentication part where it must be.
    NoAuth,
    /// An authentication part that is not `NUMBER TOKEN`.
    BadAuth,
    /// A length that is no plain decimal number from 1, or leads out of the message.
    Length,
    /// A field without type, name or `=`.
    Field,
    /// A type that does not travel in this format.
    Type,
    /// More than [`MAX_FIELDS`] fields.
    TooManyFields,
    /// Messages nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// Text that is no canonical base64.
    Base64,
    /// A list that is no sequence of netstrings.
    List,
    /// A value that cannot stand in this format.
    Value,
    /// Compressed bytes that are not what they say they are.
    Compressed,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FormError::Framing => "neither a netstring nor a classic message",
            FormError::TooLong => "longer than 262144 bytes",
            FormError::NoAuth => "no authentication part",
            FormError::BadAuth => "a malformed authentication part",
            FormError::Length => "a malformed length",
            FormError::Field => "a malformed field",
            FormError::Type => "a field of a type that does not travel so",
            FormError::TooManyFields => "more than 1024 fields",
            FormError::TooDeep => "messages nested deeper than 16",
            FormError::Base64 => "a binary value that is not base64",
            FormError::List => "a malformed list",
            FormError::Value => "a value that cannot travel so",
            FormError::Compressed => "compressed bytes that cannot be inflated",
        })
    }
}

impl std::error::Error for FormError {}

#[cfg(test)]
mod tests;

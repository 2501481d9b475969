//! The classic format, which travels on serial lines: `>>>`, a line for each
//! field, the line `auth=`, `<<<`. Receivers take it from networks too.
//! hb-wire(5) draws it byte by byte.

use std::borrow::Cow;

use crate::auth::Key;
use crate::message::{Field, FormError, MAX_BYTES, MAX_FIELDS, Message, Value, is_field_name};
use crate::netstring::{Sealed, checked_list, read_auth};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How a message of this format begins.
pub const START: &[u8] = b">>>\n";
/// How it ends; as a datagram it may have one NUL behind it.
pub const END: &[u8] = b"<<<\n";

/// The line that holds the digest.
const AUTH: &[u8] = b"auth=";

/// Stands for a newline inside a string.
const NEWLINE: u8 = 0x13;

/// Finds the authentication part: the last line before the end marker. The
/// digest covers the lines before it.
///
/// # Errors
/// The bytes have not this form, or are too many.
pub fn unseal(bytes: &[u8]) -> Result<Sealed<'_>, FormError> {
    if bytes.len() > MAX_BYTES {
        return Err(FormError::TooLong);
    }
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    let lines = bytes.strip_prefix(START).ok_or(FormError::Framing)?;
    let lines = lines.strip_suffix(END).ok_or(FormError::Framing)?;
    let lines = lines.strip_suffix(b"\n").ok_or(FormError::NoAuth)?;
    let start = lines.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let (covered, last) = lines.split_at(start);
    let auth = last.strip_prefix(AUTH).ok_or(FormError::NoAuth)?;
    let (key, token) = read_auth(auth).ok_or(FormError::BadAuth)?;
    Ok(Sealed { covered, key, token })
}

/// Reads the lines of what [`unseal`] found. To be called only when the digest
/// is right. The `auth` line is not among the fields.
///
/// # Errors
/// A line is malformed.
pub fn parse(covered: &[u8]) -> Result<Message<'_>, FormError> {
    let mut message = Message::new();
    let mut rest = covered;
    while !rest.is_empty() {
        let end = rest.iter().position(|b| *b == b'\n').ok_or(FormError::Field)?;
        if message.fields.len() == MAX_FIELDS {
            return Err(FormError::TooManyFields);
        }
        message.fields.push(read_line(&rest[..end])?);
        rest = &rest[end + 1..];
    }
    Ok(message)
}

fn read_line(line: &[u8]) -> Result<Field<'_>, FormError> {
    let (digit, named) = match line {
        [b'(', digit, b')', named @ ..] => (*digit, named),
        _ => (b'0', line),
    };
    let equals = named.iter().position(|b| *b == b'=').ok_or(FormError::Field)?;
    let (name, text) = (&named[..equals], &named[equals + 1..]);
    if !is_field_name(name) || name == b"auth" {
        return Err(FormError::Field);
    }
    let name = std::str::from_utf8(name).map_err(|_| FormError::Field)?;
    // Heartbeat takes a NUL for the end of the message and a carriage return for
    // that of a line, and a string's type is not written: each would cover other
    // bytes than were sent.
    let is_typed_string = digit == b'0' && line.starts_with(b"(");
    if text.iter().any(|b| matches!(*b, 0 | b'\r')) || is_typed_string {
        return Err(FormError::Value);
    }
    let value = match digit {
        b'0' => Value::Text(read_text(text)),
        b'1' => Value::Binary(Cow::Owned(STANDARD.decode(text).map_err(|_| FormError::Base64)?)),
        b'3' => Value::List(Cow::Borrowed(checked_list(text)?)),
        // Messages with nested or compressed fields always travel as netstrings.
        _ => return Err(FormError::Type),
    };
    Ok(Field { name: Cow::Borrowed(name), value })
}

fn read_text(text: &[u8]) -> Cow<'_, [u8]> {
    if text.contains(&NEWLINE) {
        Cow::Owned(text.iter().map(|b| if *b == NEWLINE { b'\n' } else { *b }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Writes and signs a message. A field `auth` is left out.
///
/// # Errors
/// It has a field that cannot stand in text.
pub fn encode(message: &Message<'_>, key: &Key) -> Result<Vec<u8>, FormError> {
    let mut out = START.to_vec();
    write_lines(message, &mut out)?;
    let auth = format!("auth={} {}\n", key.id(), key.sign(&out[START.len()..]));
    out.extend_from_slice(auth.as_bytes());
    out.extend_from_slice(END);
    Ok(out)
}

/// The value of the field `auth` that Heartbeat puts into a netstring message as
/// well: the digest that the same message would have in this format.
///
/// # Errors
/// The message has a field that cannot stand in text: it travels without.
pub fn inner_auth(message: &Message<'_>, key: &Key) -> Result<String, FormError> {
    let mut lines = Vec::with_capacity(512);
    write_lines(message, &mut lines)?;
    Ok(format!("{} {}", key.id(), key.sign(&lines)))
}

fn write_lines(message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), FormError> {
    for field in message.fields.iter().filter(|field| field.name != "auth") {
        match &field.value {
            Value::Text(text) => {
                put_name(field, out);
                write_text(text, out)?;
            }
            Value::Binary(bytes) => {
                out.extend_from_slice(b"(1)");
                put_name(field, out);
                out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            }
            Value::List(list) if list.iter().all(|b| !matches!(b, 0 | b'\r' | b'\n')) => {
                out.extend_from_slice(b"(3)");
                put_name(field, out);
                out.extend_from_slice(list);
            }
            Value::List(_) => return Err(FormError::Value),
            Value::Nested(_) | Value::Compressed(_) => return Err(FormError::Type),
        }
        out.push(b'\n');
    }
    Ok(())
}

fn put_name(field: &Field<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(field.name.as_bytes());
    out.push(b'=');
}

fn write_text(text: &[u8], out: &mut Vec<u8>) -> Result<(), FormError> {
    if text.iter().any(|b| matches!(*b, 0 | b'\r' | NEWLINE)) {
        return Err(FormError::Value);
    }
    out.extend(text.iter().map(|b| if *b == b'\n' { NEWLINE } else { *b }));
    Ok(())
}

#[cfg(test)]
mod tests;

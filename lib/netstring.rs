//! The netstring format, which travels on networks: `###`, the fields each as a
//! netstring, `%%%`, and a digest over all of that as one more netstring.
//! hb-wire(5) draws it byte by byte.

use std::borrow::Cow;

use crate::auth::Key;
use crate::message::{Field, FormError, MAX_BYTES, MAX_DEPTH, MAX_FIELDS, Message, Value, is_field_name};

/// How a message of this format begins.
pub const START: &[u8] = b"###\n";
/// How its fields end.
pub const END: &[u8] = b"%%%\n";

/// More than the longest authentication part: `67:15 ` and 64 digits.
const AUTH_MAX: usize = 96;

/// A message whose authentication part has been found, and nothing else looked
/// at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// What the digest covers.
    pub covered: &'a [u8],
    /// The number of the key.
    pub key: u8,
    /// The digest, as received.
    pub token: &'a [u8],
}

/// Finds the authentication part, from the end. A token cannot contain the end
/// marker, so that the last marker is the one before it.
///
/// # Errors
/// The bytes have not this form, or are too many.
pub fn unseal(bytes: &[u8]) -> Result<Sealed<'_>, FormError> {
    if bytes.len() > MAX_BYTES {
        return Err(FormError::TooLong);
    }
    if !bytes.starts_with(START) {
        return Err(FormError::Framing);
    }
    let from = bytes.len().saturating_sub(AUTH_MAX + END.len()).max(START.len());
    let marker = bytes[from..].windows(END.len()).rposition(|window| window == END).ok_or(FormError::NoAuth)?;
    let (covered, tail) = bytes.split_at(from + marker + END.len());
    let (auth, rest) = take(tail).map_err(|_| FormError::NoAuth)?;
    if !rest.is_empty() {
        return Err(FormError::Framing);
    }
    let (key, token) = read_auth(auth).ok_or(FormError::BadAuth)?;
    Ok(Sealed { covered, key, token })
}

/// Reads `NUMBER TOKEN`, as in both formats: a key's number from 0 to 15 and
/// lower-case hexadecimal digits.
pub fn read_auth(auth: &[u8]) -> Option<(u8, &[u8])> {
    let blank = auth.iter().position(|b| *b == b' ')?;
    let (number, token) = (&auth[..blank], &auth[blank + 1..]);
    let key = match number {
        [digit @ b'0'..=b'9'] => digit - b'0',
        [b'1', digit @ b'0'..=b'5'] => 10 + digit - b'0',
        _ => return None,
    };
    let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if token.is_empty() || token.len() > 64 || !token.iter().all(is_digit) {
        return None;
    }
    Some((key, token))
}

/// Reads the fields of what [`unseal`] found. To be called only when the digest
/// is right.
///
/// # Errors
/// A field is malformed.
pub fn parse(covered: &[u8]) -> Result<Message<'_>, FormError> {
    let mut room = MAX_FIELDS;
    read_message(covered, 0, &mut room)
}

fn read_message<'a>(bytes: &'a [u8], depth: usize, room: &mut usize) -> Result<Message<'a>, FormError> {
    if depth >= MAX_DEPTH {
        return Err(FormError::TooDeep);
    }
    let mut rest = bytes.strip_prefix(START).ok_or(FormError::Framing)?;
    // About as many as a heartbeat has.
    let mut message = Message { fields: Vec::with_capacity(16) };
    while rest != END {
        *room = room.checked_sub(1).ok_or(FormError::TooManyFields)?;
        let (body, behind) = take(rest)?;
        message.fields.push(read_field(body, depth, room)?);
        rest = behind;
    }
    Ok(message)
}

fn read_field<'a>(body: &'a [u8], depth: usize, room: &mut usize) -> Result<Field<'a>, FormError> {
    let [b'(', digit, b')', named @ ..] = body else { return Err(FormError::Field) };
    let equals = named.iter().position(|b| *b == b'=').ok_or(FormError::Field)?;
    let (name, bytes) = (&named[..equals], &named[equals + 1..]);
    if !is_field_name(name) {
        return Err(FormError::Field);
    }
    let name = std::str::from_utf8(name).map_err(|_| FormError::Field)?;
    let value = match digit {
        b'0' => Value::Text(Cow::Borrowed(bytes)),
        b'1' => Value::Binary(Cow::Borrowed(bytes)),
        b'2' => Value::Nested(read_message(bytes, depth + 1, room)?),
        b'3' => Value::List(Cow::Borrowed(checked_list(bytes)?)),
        b'4' => Value::Compressed(Cow::Borrowed(bytes)),
        _ => return Err(FormError::Type),
    };
    Ok(Field { name: Cow::Borrowed(name), value })
}

/// A list as it stands, when it is a sequence of netstrings.
///
/// # Errors
/// It is not.
pub fn checked_list(bytes: &[u8]) -> Result<&[u8], FormError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        rest = take(rest).map_err(|_| FormError::List)?.1;
    }
    Ok(bytes)
}

/// Splits off one netstring `LEN:BODY,`. The length is checked against what is
/// there before it is used for anything.
fn take(bytes: &[u8]) -> Result<(&[u8], &[u8]), FormError> {
    // 262144 has six digits: more of them lead out of every message.
    let digits = bytes.iter().take(7).take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 || digits > 6 || bytes[0] == b'0' {
        return Err(FormError::Length);
    }
    let length = bytes[..digits].iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    let body = bytes[digits..].strip_prefix(b":").ok_or(FormError::Length)?;
    match body.get(length) {
        Some(b',') => Ok((&body[..length], &body[length + 1..])),
        Some(_) | None => Err(FormError::Length),
    }
}

/// Writes and signs a message.
pub fn encode(message: &Message<'_>, key: &Key) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    write_message(message, &mut out);
    let auth = format!("{} {}", key.id(), key.sign(&out));
    put(auth.as_bytes(), &mut out);
    out
}

fn write_message(message: &Message<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(START);
    for field in &message.fields {
        let mut body = Vec::with_capacity(64);
        body.extend_from_slice(&[b'(', field.value.digit(), b')']);
        body.extend_from_slice(field.name.as_bytes());
        body.push(b'=');
        match &field.value {
            Value::Text(bytes) | Value::Binary(bytes) | Value::List(bytes) | Value::Compressed(bytes) => {
                body.extend_from_slice(bytes);
            }
            Value::Nested(inner) => write_message(inner, &mut body),
        }
        put(&body, out);
    }
    out.extend_from_slice(END);
}

fn put(body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(body.len().to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(body);
    out.push(b',');
}

#[cfg(test)]
mod tests;

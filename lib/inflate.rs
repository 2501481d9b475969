//! Messages that Heartbeat compressed as a whole (`traditional_compression`): a
//! message of two fields, of which one is another message.

use std::io::Read;

use crate::message::{FormError, MAX_BYTES, Message, Value};
use crate::{classic, netstring};

/// The field that holds the message.
const PAYLOAD: &str = "_compressed_payload";
/// The field that says how it was compressed.
const ALGORITHM: &str = "_compression_algorithm";

/// The message in `message`, or `message` itself when it holds none. To be called
/// only when the digest of `message` is right: it covers what is inside, whose
/// own digest is not looked at.
///
/// # Errors
/// What is inside is not compressed as it says, is no message, or has more than
/// [`MAX_BYTES`]; no more than those are ever inflated.
pub fn whole(message: Message<'_>) -> Result<Message<'_>, FormError> {
    let Some(Value::Binary(payload)) = message.get(PAYLOAD) else { return Ok(message) };
    let limit = MAX_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = match message.text(ALGORITHM) {
        Some("zlib") => flate2::read::ZlibDecoder::new(&payload[..]).take(limit).read_to_end(&mut bytes),
        Some("bz2") => bzip2::read::BzDecoder::new(&payload[..]).take(limit).read_to_end(&mut bytes),
        Some(_) | None => return Err(FormError::Compressed),
    };
    read.map_err(|_| FormError::Compressed)?;
    if bytes.len() > MAX_BYTES {
        return Err(FormError::TooLong);
    }
    let inner = if bytes.starts_with(classic::START) {
        classic::parse(classic::unseal(&bytes)?.covered)?
    } else {
        netstring::parse(bytes.strip_suffix(b"\0").unwrap_or(&bytes))?
    };
    Ok(inner.into_owned())
}

#[cfg(test)]
mod tests;

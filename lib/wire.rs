//! The one door through which bytes of others come in: find the authentication
//! part, verify over the raw bytes, and only then read fields.

use crate::auth::{Key, KeyRing};
use crate::message::{FormError, Message};
use crate::{classic, inflate, netstring};

/// Why bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// They are no message.
    Form(FormError),
    /// The message names a key that is not in the ring.
    UnknownKey,
    /// The digest is wrong.
    Auth,
}

/// Which keys are believed on a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// All of the ring.
    AllKeys,
    /// Only those with a secret: a crc proves nothing about its sender.
    KeyedOnly,
}

/// Opens a message in either format. The key is the one that the message names,
/// with the method that the ring binds to it; the digest is compared in constant
/// time. Of a message that was compressed as a whole, the one inside is given.
///
/// # Errors
/// The bytes are refused; nothing in them has been believed.
pub fn open<'a, 'k>(bytes: &'a [u8], ring: &'k KeyRing, trust: Trust) -> Result<(Message<'a>, &'k Key), Refusal> {
    let is_classic = bytes.starts_with(classic::START);
    let unseal = if is_classic { classic::unseal } else { netstring::unseal };
    let sealed = unseal(bytes).map_err(Refusal::Form)?;
    let key = ring.get(sealed.key).ok_or(Refusal::UnknownKey)?;
    let is_trusted = trust == Trust::AllKeys || key.method().is_keyed();
    if !is_trusted || !key.verify(sealed.covered, sealed.token) {
        return Err(Refusal::Auth);
    }
    let parse = if is_classic { classic::parse } else { netstring::parse };
    let message = parse(sealed.covered).and_then(inflate::whole).map_err(Refusal::Form)?;
    Ok((message, key))
}

#[cfg(test)]
mod tests;

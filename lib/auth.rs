//! Keys, the methods bound to them, digests and their verification.
//!
//! Heartbeat's methods are crc (the CRC-32 of cksum(1) without the length,
//! unkeyed), md5 and sha1 (HMAC, RFC 2104); sha256 (HMAC, FIPS 198-1) is hbkit's
//! own. The method belongs to the key, never to the message.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How a message is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// CRC-32 without a key: finds damage, proves nothing.
    Crc,
    /// HMAC-MD5.
    Md5,
    /// HMAC-SHA-1.
    Sha1,
    /// HMAC-SHA-256: not understood by Heartbeat.
    Sha256,
}

impl Method {
    /// All methods, weakest first.
    pub const ALL: [Method; 4] = [Method::Crc, Method::Md5, Method::Sha1, Method::Sha256];

    /// The method's word in authkeys.
    pub fn word(self) -> &'static str {
        match self {
            Method::Crc => "crc",
            Method::Md5 => "md5",
            Method::Sha1 => "sha1",
            Method::Sha256 => "sha256",
        }
    }

    /// Whether the digest depends on a secret.
    pub fn is_keyed(self) -> bool {
        match self {
            Method::Crc => false,
            Method::Md5 | Method::Sha1 | Method::Sha256 => true,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMethod;

impl fmt::Display for UnknownMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a method is one of crc, md5, sha1, sha256")
    }
}

impl std::error::Error for UnknownMethod {}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(word: &str) -> Result<Method, UnknownMethod> {
        Method::ALL.into_iter().find(|method| method.word() == word).ok_or(UnknownMethod)
    }
}

/// A secret of a length that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLength;

impl fmt::Display for KeyLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key has a length that HMAC does not take")
    }
}

impl std::error::Error for KeyLength {}

/// The cluster's own CRC: that of cksum(1) without the length bytes.
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_CKSUM);

/// A keyed state whose key schedule is done; cloned for each message.
#[derive(Clone)]
enum State {
    Crc,
    Md5(Hmac<md5::Md5>),
    Sha1(Hmac<sha1::Sha1>),
    Sha256(Hmac<sha2::Sha256>),
}

/// A key of authkeys, ready for use. Its secret is neither printed nor kept in
/// memory in the clear longer than it takes to prepare the key.
#[derive(Clone)]
pub struct Key {
    id: u8,
    method: Method,
    state: State,
}

/// Shows number and method, never the secret.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}:{})", self.id, self.method)
    }
}

impl Key {
    /// Prepares key number `id`. The secret is ignored by [`Method::Crc`].
    ///
    /// # Errors
    /// The secret has a length that HMAC refuses; RFC 2104, 2 allows any.
    pub fn new(id: u8, method: Method, secret: &Zeroizing<Vec<u8>>) -> Result<Key, KeyLength> {
        let state = match method {
            Method::Crc => State::Crc,
            Method::Md5 => State::Md5(Hmac::new_from_slice(secret).map_err(|_| KeyLength)?),
            Method::Sha1 => State::Sha1(Hmac::new_from_slice(secret).map_err(|_| KeyLength)?),
            Method::Sha256 => State::Sha256(Hmac::new_from_slice(secret).map_err(|_| KeyLength)?),
        };
        Ok(Key { id, method, state })
    }

    /// The number of the key.
    pub fn id(&self) -> u8 {
        self.id
    }

    /// The method that this key is bound to.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The digest over `data` in lower-case hexadecimal digits: crc without
    /// leading zeros, as Heartbeat prints it.
    pub fn sign(&self, data: &[u8]) -> String {
        match &self.state {
            State::Crc => format!("{:x}", CRC.checksum(data)),
            State::Md5(mac) => hex(&mac.clone().chain_update(data).finalize().into_bytes()),
            State::Sha1(mac) => hex(&mac.clone().chain_update(data).finalize().into_bytes()),
            State::Sha256(mac) => hex(&mac.clone().chain_update(data).finalize().into_bytes()),
        }
    }

    /// Whether `token` is the digest over `data`, compared in constant time.
    pub fn verify(&self, data: &[u8], token: &[u8]) -> bool {
        self.sign(data).as_bytes().ct_eq(token).into()
    }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The keys of one node: what it signs with, and what it accepts.
#[derive(Clone, Debug)]
pub struct KeyRing {
    sign: Key,
    keys: Vec<Key>,
}

impl KeyRing {
    /// A ring that signs with key `sign` and accepts all of `keys`; of several
    /// with one number the last counts, as in Heartbeat. `None` when `sign` is
    /// not among them.
    pub fn new(sign: u8, keys: Vec<Key>) -> Option<KeyRing> {
        let current = keys.iter().rfind(|key| key.id == sign)?.clone();
        Some(KeyRing { sign: current, keys })
    }

    /// The key to sign with.
    pub fn signing(&self) -> &Key {
        &self.sign
    }

    /// The key with that number.
    pub fn get(&self, id: u8) -> Option<&Key> {
        self.keys.iter().rfind(|key| key.id == id)
    }

    /// All keys, in the order of the file.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }
}

#[cfg(test)]
mod tests;

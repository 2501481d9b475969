//! The check value of an echo: keyed by what no other process knows, and over
//! target and number, so that one who saw one request cannot answer another.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Makes the check values of one run.
#[derive(Clone)]
pub struct Checks(Hmac<Sha256>);

impl Checks {
    /// Check values under a random key.
    pub fn new(key: [u8; 16]) -> Checks {
        // A key is filled up with zeros to the size of a block (RFC 2104, 2).
        let mut block = [0; 64];
        block[..16].copy_from_slice(&key);
        Checks(Hmac::new(&block.into()))
    }

    /// The check value of a probe.
    pub fn of(&self, target: u32, number: u64) -> u64 {
        let mut mac = self.0.clone();
        mac.update(&target.to_be_bytes());
        mac.update(&number.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        digest.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
    }
}

impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checks")
    }
}

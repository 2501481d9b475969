//! The file of keys, read again when it changes, as Heartbeat does: keys are
//! changed without a restart.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;

use crate::auth::{KeyRing, Method};
use crate::authkeys;
use crate::pace::Pace;
use crate::time::Time;

/// How often the file is looked at.
pub const LOOK: Duration = Duration::from_secs(1);

/// What differs when a file is another one or has been written: device, inode,
/// size, and when it was changed.
type Stamp = (u64, u64, u64, (i64, i64), (i64, i64));

/// A file of keys, and what is known of it.
#[derive(Debug)]
pub struct KeyWatch {
    path: PathBuf,
    /// A network on which a crc is not to be used to sign.
    no_crc_on: Option<String>,
    stamp: Option<Stamp>,
    pace: Pace,
}

impl KeyWatch {
    /// The keys of a file, and the file to be watched from `now` on. Where a
    /// network is given, a crc is not accepted to sign with.
    ///
    /// # Errors
    /// The file cannot be read or is wrong.
    pub fn open(path: PathBuf, no_crc_on: Option<String>, now: Time) -> anyhow::Result<(KeyWatch, KeyRing)> {
        let mut watch = KeyWatch { path, no_crc_on, stamp: None, pace: Pace::new(now + LOOK, LOOK) };
        let ring = watch.read()?;
        Ok((watch, ring))
    }

    /// The keys when the file is another one than at the last look, which is
    /// [`LOOK`] ago or longer; with what is to be said about it. A file that is
    /// wrong changes nothing.
    pub fn news(&mut self, now: Time) -> Option<(Option<KeyRing>, String)> {
        if !self.pace.take(now) || self.look() == self.stamp {
            return None;
        }
        Some(match self.read() {
            Ok(ring) => {
                let key = ring.signing();
                let said = format!("{}: read again, signs with {}:{}", self.path.display(), key.id(), key.method());
                (Some(ring), said)
            }
            Err(error) => (None, format!("{error:#}; the keys of before are used on")),
        })
    }

    fn read(&mut self) -> anyhow::Result<KeyRing> {
        // Before the reading: what is written meanwhile is read the next time.
        self.stamp = self.look();
        let ring = authkeys::read(&self.path)?;
        if let (Method::Crc, Some(network)) = (ring.signing().method(), &self.no_crc_on) {
            bail!(
                "{}: the key to use is crc, which anybody on {network} can forge (--allow-crc, or allow_crc in ha.cf)",
                self.path.display()
            );
        }
        Ok(ring)
    }

    fn look(&self) -> Option<Stamp> {
        let status = fs::metadata(&self.path).ok()?;
        let (written, changed) = ((status.mtime(), status.mtime_nsec()), (status.ctime(), status.ctime_nsec()));
        Some((status.dev(), status.ino(), status.size(), written, changed))
    }
}

//! Who this node is on the wire, kept in a directory over restarts: 16 bytes
//! that never change (`hb_uuid`) and a generation that rises at each start
//! (`hb_generation`), in the formats of Heartbeat's files.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg, OFlag, PosixFadviseAdvice, posix_fadvise};
use sha2::{Digest, Sha256};

use crate::conf_file::reason;

/// What a node says of itself in every message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The node's own 16 bytes.
    pub uuid: [u8; 16],
    /// Higher at each start.
    pub generation: u64,
}

/// Where the generation came from. Peers refuse one that is lower than what they
/// heard, for as long as they run: a wrong clock matters where the file is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file of the last start, and a clock that is not behind it.
    Kept,
    /// The clock alone: the file is not there, or has none.
    Clock {
        /// The file.
        path: PathBuf,
        /// Why it was of no use.
        why: String,
        /// The generation.
        generation: u64,
    },
    /// The file, since the clock is behind the last start.
    File {
        /// The file.
        path: PathBuf,
        /// By so many seconds.
        behind: u64,
        /// The generation.
        generation: u64,
    },
}

impl Origin {
    /// What a person should know of it.
    pub fn said(&self) -> Option<String> {
        match self {
            Origin::Kept => None,
            Origin::Clock { path, why, generation } => {
                Some(format!("{}: {why}: the generation is taken from the clock: {generation}", path.display()))
            }
            Origin::File { path, behind, generation } => Some(format!(
                "{}: the clock is {behind} s behind the last start: the generation is taken from the file: {generation}",
                path.display()
            )),
        }
    }
}

/// A clock that is behind the last start by no more is not worth a word: several
/// starts in a second each take one more.
const BEHIND: u64 = 60;

/// The largest generation that the file's 15 columns take.
const GENERATION_MAX: u64 = 999_999_999_999_999;

/// Whether a start waits until its generation is on the disk. One that is not
/// there is lost with the power and not with the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Always: even a clock that is set back by the same loss of power leads to no
    /// lower generation.
    Always,
    /// Only where the generation is ahead of the clock. Else the clock gives every
    /// later start a higher one, unless it goes back.
    IfAheadOfClock,
}

impl Wait {
    fn is_needed(self, generation: u64, wall: u64) -> bool {
        match self {
            Wait::Always => true,
            Wait::IfAheadOfClock => generation > wall,
        }
    }
}

const UUID: &str = "hb_uuid";
const GENERATION: &str = "hb_generation";

/// What could not be kept. The identity is good for this run all the same.
#[derive(Debug)]
pub struct IdentityError {
    path: PathBuf,
    why: io::Error,
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for IdentityError {}

/// Reads the identity from `directory`, raises the generation and writes it
/// back. The generation is at least `wall` (seconds since 1970), so that a lost
/// file does not make our messages look like old ones. What cannot be read or
/// kept is said, and made up for: a generation of the wall clock, a uuid out of
/// the node's name.
pub fn take(directory: &Path, node: &str, wall: u64, wait: Wait) -> (Identity, Origin, Vec<IdentityError>) {
    let mut problems = Vec::new();
    let mut say = |path: &Path, why: io::Error| problems.push(IdentityError { path: path.to_owned(), why });
    // Two starts at once get two generations. The lock ends with the process.
    let lock = match lock(directory) {
        Ok(lock) => Some(lock),
        Err(error) => {
            say(directory, error);
            None
        }
    };
    let path = directory.join(GENERATION);
    let last = read(&path, 64).and_then(|bytes| parse_generation(&bytes));
    let generation = last.as_ref().map_or(0, |last| last + 1).max(wall).min(GENERATION_MAX);
    let origin = match last {
        Ok(last) if last > wall.saturating_add(BEHIND) => {
            Origin::File { path: path.clone(), behind: last - wall, generation }
        }
        Ok(_) => Origin::Kept,
        Err(error) => Origin::Clock { path: path.clone(), why: reason(&error), generation },
    };
    if lock.is_some() {
        let must_wait = wait.is_needed(generation, wall);
        let text = format!("{generation:>15}\n");
        let kept = overwrite(&path, text.as_bytes(), must_wait);
        if let Err(error) = kept.or_else(|_| replace(directory, GENERATION, text.as_bytes())) {
            say(&path, error);
        }
    }
    let path = directory.join(UUID);
    let uuid = own_uuid(directory, &path, lock.is_some()).unwrap_or_else(|error| {
        if lock.is_some() {
            say(&path, error);
        }
        uuid_of(node)
    });
    (Identity { uuid, generation }, origin, problems)
}

/// The identity of the last start, which stays as it is: the uuid as [`take`] finds
/// it, and the generation where it can be read.
pub fn last(directory: &Path, node: &str) -> ([u8; 16], Option<u64>) {
    let uuid = own_uuid(directory, &directory.join(UUID), false).unwrap_or_else(|_| uuid_of(node));
    let generation = read(&directory.join(GENERATION), 64).and_then(|bytes| parse_generation(&bytes));
    (uuid, generation.ok())
}

/// The directory, made if it is not there, and locked against other starts.
fn lock(directory: &Path) -> io::Result<Flock<File>> {
    fs::create_dir_all(directory)?;
    let opened = File::open(directory)?;
    Flock::lock(opened, FlockArg::LockExclusive).map_err(|(_, error)| error.into())
}

/// The stored uuid; a new one is made and stored where there is none.
fn own_uuid(directory: &Path, path: &Path, may_write: bool) -> io::Result<[u8; 16]> {
    match read(path, 17) {
        Ok(bytes) => bytes.try_into().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not 16 bytes")),
        Err(error) if error.kind() == io::ErrorKind::NotFound && may_write => {
            let uuid = random()?;
            replace(directory, UUID, &uuid)?;
            Ok(uuid)
        }
        Err(error) => Err(error),
    }
}

/// 16 random bytes.
///
/// # Errors
/// The kernel has none.
pub fn random() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// 16 bytes that are the same for a name at each start.
fn uuid_of(node: &str) -> [u8; 16] {
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&Sha256::digest(format!("hbkit node {node}"))[..16]);
    uuid
}

fn parse_generation(bytes: &[u8]) -> io::Result<u64> {
    let text = std::str::from_utf8(bytes).unwrap_or_default().trim_ascii();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { text.parse().ok().filter(|number| *number < GENERATION_MAX) } else { None };
    number.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no generation in it"))
}

/// At most `limit` bytes of a file that is no symbolic link.
fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes over a file of the same length. So few bytes in one place of the disk
/// are there whole or not at all, and neither directory nor free space changes.
fn overwrite(path: &Path, bytes: &[u8], must_wait: bool) -> io::Result<()> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().write(true).custom_flags(flags.bits()).open(path)?;
    let status = file.metadata()?;
    if !status.is_file() || status.len() != bytes.len() as u64 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    file.write_all_at(bytes, 0)?;
    if must_wait {
        return file.sync_data();
    }
    // Begins to write it to the disk, and does not wait; nothing depends on it.
    let _ = posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
    Ok(())
}

/// Puts a file in the place of `name` as a whole or not at all. A symbolic link
/// of that name is replaced, not followed.
fn replace(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let new = directory.join(format!(".{name}.new"));
    // What a killed start left behind; under the lock it is nobody's.
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| {
        fs::rename(&new, directory.join(name))?;
        File::open(directory)?.sync_all()
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests;

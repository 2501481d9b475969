//! The file of a life: one process has it at a time, and what the last message was
//! stands in it before that leaves.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;

use crate::conf_file::reason;
use crate::edge;
use crate::life::{Heir, Life, Over, SIZE};
use crate::time::Time;

/// How long an earlier process may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two looks at whether it has.
const LOOK: Duration = Duration::from_millis(10);

/// Others may write to a file with one of these permissions.
const OTHERS: u32 = 0o022;

/// A file that is locked, for as long as this process lives.
#[derive(Debug)]
pub struct LifeFile {
    path: PathBuf,
    file: Flock<File>,
    /// What stands in it, while that is kept.
    life: Option<Life>,
}

/// What stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A life that goes on.
    Life(Life),
    /// No life that could.
    Over(Over),
}

/// Why there is no file of a life.
#[derive(Debug)]
pub enum LifeFileError {
    /// Another process has it, and does not end. It may be in the same life.
    Taken(PathBuf),
    /// It cannot be used.
    Unusable(PathBuf, io::Error),
    /// It can neither be written nor emptied: what stands in it is no longer true.
    Stale(PathBuf, io::Error),
}

impl fmt::Display for LifeFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LifeFileError::Taken(path) => write!(f, "{}: another hb-send is at work with it", path.display()),
            LifeFileError::Unusable(path, why) => {
                write!(f, "{}: {}: nobody can go on with this life", path.display(), reason(why))
            }
            LifeFileError::Stale(path, why) => {
                write!(f, "{}: it can neither be written nor emptied: {}", path.display(), reason(why))
            }
        }
    }
}

impl std::error::Error for LifeFileError {}

impl LifeFile {
    /// Opens and locks the file, which is made if it is not there.
    ///
    /// # Errors
    /// Another process still has it after two seconds, or it cannot be used.
    pub fn open(path: &Path) -> Result<LifeFile, LifeFileError> {
        let unusable = |why: io::Error| LifeFileError::Unusable(path.to_owned(), why);
        let mut file = open(path).map_err(unusable)?;
        let deadline = edge::now() + PATIENCE;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => return Ok(LifeFile { path: path.to_owned(), file, life: None }),
                Err((again, Errno::EWOULDBLOCK)) if edge::now() < deadline => file = again,
                Err((_, Errno::EWOULDBLOCK)) => return Err(LifeFileError::Taken(path.to_owned())),
                Err((_, errno)) => return Err(unusable(errno.into())),
            }
            edge::wait_until(edge::now() + LOOK);
        }
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What stands in the file, for `heir` to go on with.
    pub fn find(&mut self, heir: &Heir, deadtime: Duration) -> Found {
        let mut bytes = Vec::new();
        let file: &mut File = &mut self.file;
        let read = file.rewind().and_then(|()| file.take(SIZE as u64 + 1).read_to_end(&mut bytes));
        if matches!(read, Ok(0)) {
            return Found::Nothing;
        }
        // Where it cannot be read all of it is not there.
        let Some(life) = Life::read(&bytes) else { return Found::Over(Over::Unreadable) };
        let verdict = life.goes_on(heir, edge::now(), deadtime);
        verdict.map_or_else(Found::Over, |()| Found::Life(life))
    }

    /// Keeps a life from its next message on. `is_new`: not the one that stands there,
    /// which nobody goes on with any more.
    ///
    /// # Errors
    /// What stands there stays there.
    pub fn begin(&mut self, life: Life, is_new: bool) -> Result<(), LifeFileError> {
        if is_new {
            self.empty()?;
        }
        self.life = Some(life);
        Ok(())
    }

    /// Notes that message `sequence` is about to leave. Where that cannot be noted
    /// nobody can go on with the life: the file is emptied, and no more is noted,
    /// which is to be said.
    ///
    /// # Errors
    /// The file cannot be emptied either: the message must not leave.
    pub fn note(&mut self, sequence: u64, now: Time) -> Result<Option<LifeFileError>, LifeFileError> {
        let Some(life) = &mut self.life else { return Ok(None) };
        (life.sequence, life.time) = (sequence, now);
        let kept = life.kept().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData));
        let Err(why) = kept.and_then(|kept| self.file.write_all_at(&kept, 0)) else { return Ok(None) };
        self.life = None;
        self.empty()?;
        Ok(Some(LifeFileError::Unusable(self.path.clone(), why)))
    }

    fn empty(&self) -> Result<(), LifeFileError> {
        let emptied = self.file.set_len(0).or_else(|_| fs::remove_file(&self.path));
        emptied.map_err(|why| LifeFileError::Stale(self.path.clone(), why))
    }
}

/// The file, which must be ours alone and no link.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags.bits())
        .open(path)?;
    let status = file.metadata()?;
    if !status.is_file() || status.uid() != geteuid().as_raw() || status.mode() & OTHERS != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "no file of ours alone"));
    }
    Ok(file)
}

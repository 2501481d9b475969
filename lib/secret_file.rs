//! A file of secrets: read with what the system says of it, and written so that
//! nobody else can read it at any moment.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use zeroize::Zeroizing;

use crate::auth::hex;
use crate::conf_file::{reason, refuse_directory, refuse_size};
use crate::problem::Problems;
use crate::standing::{Directory, Standing};

/// Reads a regular file of at most `max` bytes that holds secrets: what was read
/// is wiped when dropped. Mode and owner are those of the very file that was
/// read.
///
/// # Errors
/// One problem without a line: it cannot be read, is too large, or is no regular
/// file.
pub fn read(path: &Path, max: u64) -> Result<(Zeroizing<Vec<u8>>, Standing), Problems> {
    let wrong = |why: io::Error| Problems::unreadable(&path.display().to_string(), &reason(&why));
    let (bytes, status) = open(path, max).map_err(wrong)?;
    Ok((bytes, standing(path, &status)))
}

fn standing(path: &Path, status: &Metadata) -> Standing {
    Standing {
        mode: status.mode() & 0o7777,
        owner: status.uid(),
        reader: nix::unistd::geteuid().as_raw(),
        links: status.nlink(),
        is_symlink: path.symlink_metadata().is_ok_and(|status| status.is_symlink()),
        directories: directories(path),
    }
}

/// Every directory above the file: above its name, and above what a link in it
/// leads to. What cannot be looked at is left out.
fn directories(path: &Path) -> Vec<Directory> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in
        [directory_of(path).canonicalize().ok(), path.canonicalize().ok().map(|real| directory_of(&real).into())]
    {
        let start: PathBuf = start.unwrap_or_default();
        for (at, directory) in start.ancestors().enumerate() {
            if !seen.insert(directory.to_path_buf()) {
                break;
            }
            let Ok(status) = directory.metadata() else { continue };
            found.push(Directory {
                path: directory.display().to_string(),
                mode: status.mode() & 0o7777,
                owner: known(status.uid()),
                group: known(status.gid()),
                is_nearest: at == 0,
            });
        }
    }
    found
}

/// A user or group, unless it is what a user namespace shows for all outside of
/// it.
fn known(id: u32) -> Option<u32> {
    const OVERFLOW: u32 = 65_534;
    let is_whole = || std::fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| map.contains("4294967295"));
    (id != OVERFLOW || is_whole()).then_some(id)
}

fn open(path: &Path, max: u64) -> io::Result<(Zeroizing<Vec<u8>>, Metadata)> {
    // Without waiting for the other end, should it be a FIFO.
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
    let status = file.metadata()?;
    refuse_directory(&status)?;
    if !status.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    // Room for all of it at once: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(max).unwrap_or(0) + 2));
    file.take(max + 1).read_to_end(&mut bytes)?;
    refuse_size(&bytes, max)?;
    Ok((bytes, status))
}

/// A new key: 256 random bits as 64 hexadecimal digits.
///
/// # Errors
/// The system gives no random bytes.
pub fn random_key() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(Zeroizing::new(hex(bytes.as_slice())))
}

/// Whether a file may be put in the place of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Only where nothing is.
    Never,
    /// Also where a regular file is.
    File,
}

/// Writes a file with mode 0600 that is there either whole or not at all. A
/// symbolic link is neither followed nor replaced.
///
/// # Errors
/// Something is in its place that may not be replaced, or the directory cannot
/// be written.
pub fn write(path: &Path, bytes: &[u8], replace: Replace) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(status) => refuse_existing(&status, replace)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let draft = Draft::write(path, bytes, None)?;
    match replace {
        // A name that appeared meanwhile makes link(2) fail, a symbolic link too.
        Replace::Never => std::fs::hard_link(&draft.path, path)?,
        Replace::File => std::fs::rename(&draft.path, path)?,
    }
    drop(draft);
    File::open(directory_of(path))?.sync_all()
}

/// A file that is about to be changed: nobody else who asks by this type changes
/// one in the same directory meanwhile.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    status: Metadata,
    /// What it has.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What the system says of it.
    pub standing: Standing,
    _directory: Flock<File>,
}

impl Held {
    /// Takes a file of at most `max` bytes.
    ///
    /// # Errors
    /// It cannot be read; is no regular file, a symbolic link, or one of several
    /// names of a file; or another one changes it at this moment.
    pub fn open(path: &Path, max: u64) -> io::Result<Held> {
        refuse_existing(&path.symlink_metadata()?, Replace::File)?;
        let directory = File::open(directory_of(path))?;
        let lock = Flock::lock(directory, FlockArg::LockExclusiveNonblock);
        let _directory = lock.map_err(|(_, _)| io::Error::other("somebody else is changing it at this moment"))?;
        let (bytes, status) = open(path, max)?;
        if status.nlink() > 1 {
            return Err(io::Error::other("the file has other names (hard links), which would keep the old keys"));
        }
        let standing = standing(path, &status);
        Ok(Held { path: path.to_owned(), status, bytes, standing, _directory })
    }

    /// Puts a file with other bytes in its place, at once, with the same mode,
    /// owner and group. It is on the disk when this returns.
    ///
    /// # Errors
    /// The file is not the one any more that was opened, or the directory cannot
    /// be written, or the owner not be given.
    pub fn replace(self, bytes: &[u8]) -> io::Result<()> {
        let draft = Draft::write(&self.path, bytes, Some(&self.status))?;
        let stamp = |of: &Metadata| (of.dev(), of.ino(), of.size(), of.ctime(), of.ctime_nsec());
        if stamp(&self.path.symlink_metadata()?) != stamp(&self.status) {
            return Err(io::Error::other("it was changed meanwhile: nothing is done"));
        }
        std::fs::rename(&draft.path, &self.path)?;
        drop(draft);
        File::open(directory_of(&self.path))?.sync_all()
    }
}

fn refuse_existing(status: &Metadata, replace: Replace) -> io::Result<()> {
    if status.is_symlink() {
        return Err(io::Error::other("a symbolic link, which is neither followed nor replaced"));
    }
    refuse_directory(status)?;
    match replace {
        Replace::File if status.is_file() => Ok(()),
        Replace::File => Err(io::Error::other("not a regular file")),
        Replace::Never => Err(io::Error::other("the file exists: --force replaces it")),
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A file under a name of its own, removed when dropped: after rename(2) the
/// name is gone already.
struct Draft {
    path: PathBuf,
}

impl Draft {
    /// With mode 0600, or with mode, owner and group of another file.
    fn write(beside: &Path, bytes: &[u8], like: Option<&Metadata>) -> io::Result<Draft> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let path = directory_of(beside).join(format!(".hbkit-{}", hex(&random)));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let draft = Draft { path };
        if let Some(like) = like {
            let own = file.metadata()?;
            if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
                fchown(&file, Some(like.uid()), Some(like.gid()))?;
            }
        }
        // Whatever the umask was; behind the owner, whose change may cost bits.
        file.set_permissions(Permissions::from_mode(like.map_or(0o600, |like| like.mode() & 0o7777)))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests;

//! A file of secrets: read with what the system says of it, and written so that
//! nobody else can read it at any moment.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::auth::hex;
use crate::authkeys::Standing;
use crate::conf_file::{reason, refuse_directory, refuse_size};
use crate::problem::Problems;

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
    let standing = Standing {
        mode: status.mode() & 0o7777,
        owner: status.uid(),
        reader: nix::unistd::geteuid().as_raw(),
        links: status.nlink(),
        is_symlink: path.symlink_metadata().is_ok_and(|status| status.is_symlink()),
        in_public: directory_of(path).metadata().is_ok_and(|status| status.mode() & 0o002 != 0),
    };
    Ok((bytes, standing))
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
    let draft = Draft::write(path, bytes)?;
    match replace {
        // A name that appeared meanwhile makes link(2) fail, a symbolic link too.
        Replace::Never => std::fs::hard_link(&draft.path, path)?,
        Replace::File => std::fs::rename(&draft.path, path)?,
    }
    drop(draft);
    File::open(directory_of(path))?.sync_all()
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
    fn write(beside: &Path, bytes: &[u8]) -> io::Result<Draft> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let path = directory_of(beside).join(format!(".hbkit-{}", hex(&random)));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let draft = Draft { path };
        // Whatever the umask was.
        file.set_permissions(Permissions::from_mode(0o600))?;
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

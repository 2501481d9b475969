//! A configuration file as bytes: opened without waiting, bounded in size.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::authkeys::Standing;
use crate::problem::Problems;

/// The most bytes that ha.cf and haresources may have.
pub const TEXT_MAX: u64 = 1 << 20;

/// Reads a file of at most `max` bytes, or a pipe.
///
/// # Errors
/// One problem without a line: why it cannot be read.
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>, Problems> {
    let name = path.display().to_string();
    let wrong = |why: &io::Error| Problems::unreadable(&name, &reason(why));
    let file = File::open(path).map_err(|why| wrong(&why))?;
    let status = file.metadata().map_err(|why| wrong(&why))?;
    refuse_directory(&status).and_then(|()| take(file, max)).map_err(|why| wrong(&why))
}

/// Reads a regular file of at most `max` bytes that holds secrets: what was read
/// is wiped when dropped. Mode and owner are those of the very file that was
/// read.
///
/// # Errors
/// One problem without a line: it cannot be read, is too large, or is no regular
/// file.
pub fn read_secret(path: &Path, max: u64) -> Result<(Zeroizing<Vec<u8>>, Standing), Problems> {
    let wrong = |why: io::Error| Problems::unreadable(&path.display().to_string(), &reason(&why));
    let (bytes, status) = open_secret(path, max).map_err(wrong)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let standing = Standing {
        mode: status.mode() & 0o7777,
        owner: status.uid(),
        reader: nix::unistd::geteuid().as_raw(),
        links: status.nlink(),
        is_symlink: path.symlink_metadata().is_ok_and(|status| status.is_symlink()),
        in_public: directory.metadata().is_ok_and(|status| status.mode() & 0o002 != 0),
    };
    Ok((bytes, standing))
}

fn open_secret(path: &Path, max: u64) -> io::Result<(Zeroizing<Vec<u8>>, Metadata)> {
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

fn take(file: File, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes)?;
    refuse_size(&bytes, max)?;
    Ok(bytes)
}

fn refuse_directory(status: &Metadata) -> io::Result<()> {
    if status.is_dir() { Err(io::Error::other("a directory, not a file")) } else { Ok(()) }
}

fn refuse_size(bytes: &[u8], max: u64) -> io::Result<()> {
    if bytes.len() as u64 > max { Err(io::Error::other(format!("larger than {max} bytes"))) } else { Ok(()) }
}

/// The words of an error of the system, without Rust's number behind them.
pub fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_owned(),
        None => error.to_string(),
    }
}

//! A configuration file as bytes, bounded in size.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

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

/// Whether a path is a file that this process may run.
pub fn is_program(path: &str) -> bool {
    let runs = nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok();
    runs && std::fs::metadata(path).is_ok_and(|status| status.is_file())
}

fn take(file: File, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes)?;
    refuse_size(&bytes, max)?;
    Ok(bytes)
}

/// Says of a directory that it is one, rather than what reading it says.
pub(crate) fn refuse_directory(status: &Metadata) -> io::Result<()> {
    if status.is_dir() { Err(io::Error::other("a directory, not a file")) } else { Ok(()) }
}

/// Refuses what could only be read in part.
pub(crate) fn refuse_size(bytes: &[u8], max: u64) -> io::Result<()> {
    if bytes.len() as u64 > max { Err(io::Error::other(format!("larger than {max} bytes"))) } else { Ok(()) }
}

/// The words of an error of the system, without Rust's number behind them.
pub fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_owned(),
        None => error.to_string(),
    }
}

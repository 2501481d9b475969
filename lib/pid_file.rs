//! A file with the id of the process that does some work, so that the next one
//! that does it ends the one before.

use std::fs::{self, File};
use std::io::{self, Read as _};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A file that names this process.
#[derive(Debug)]
pub struct PidFile(String);

impl PidFile {
    /// Ends the process that the file names, if that runs under the name
    /// `program` too, and writes this process into it. Ids are used again: a
    /// process with another name is left alone.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn take_over(path: &str, program: &str) -> io::Result<PidFile> {
        if let Some(earlier) = named_in(path).filter(|id| *id != own()) {
            let name = fs::read_to_string(format!("/proc/{earlier}/comm")).unwrap_or_default();
            if name.trim_end() == program {
                // One that has ended meanwhile is as well.
                let _ = kill(Pid::from_raw(earlier), Signal::SIGTERM);
            }
        }
        fs::write(path, format!("{}\n", own()))?;
        Ok(PidFile(path.to_owned()))
    }

    /// Removes the file, unless it names somebody else meanwhile.
    pub fn remove(self) {
        if named_in(&self.0) == Some(own()) {
            let _ = fs::remove_file(self.0);
        }
    }
}

fn own() -> i32 {
    nix::unistd::getpid().as_raw()
}

/// The process that a file names, at its beginning.
fn named_in(path: &str) -> Option<i32> {
    let mut text = String::new();
    File::open(path).ok()?.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok().filter(|id| *id > 1)
}

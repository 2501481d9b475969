//! The file that a next hb-decide inherits from: on a tmpfs, and written as a whole.
//!
//! What it says may be old, never untrue in the dangerous direction: it is written,
//! or else removed, before anything is done that it must not contradict.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::decide::{HERITAGE_MAX, Heritage, Settings};
use crate::edge::{self, Answer, Output, complain};
use crate::ha_cf::Dialect;
use crate::keeper;

/// The file, and what was written to it last.
#[derive(Debug)]
pub struct StateFile {
    tool: &'static str,
    path: PathBuf,
    node: String,
    boot: String,
    written: Option<Heritage>,
    /// It was said that it cannot be written.
    said: bool,
}

impl StateFile {
    /// The file of this node; none where nothing can be inherited, which `tool` says.
    pub fn of(tool: &'static str, path: PathBuf, node: &str, dialect: Dialect) -> Option<StateFile> {
        match dialect {
            Dialect::Hbkit => {
                let (node, boot) = (node.to_owned(), keeper::boot());
                Some(StateFile { tool, path, node, boot, written: None, said: false })
            }
            Dialect::Heartbeat => {
                complain(tool, &"--state is of no use in the dialect of Heartbeat: nothing is taken over");
                None
            }
        }
    }

    /// What the last one left, but for the groups that are disowned. What cannot be
    /// believed is said, and the same as nothing.
    pub fn heritage(&self, settings: &Settings, disowned: &[String]) -> Option<Heritage> {
        let bytes = match read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.complain(&format_args!("{error}: nothing is taken over"));
                return None;
            }
        };
        let read = Heritage::read(&bytes, &self.node, &self.boot, edge::now());
        let mut heritage =
            read.map_err(|refused| self.complain(&format_args!("{refused}: nothing is taken over"))).ok()?;
        for name in heritage.strangers(settings) {
            self.complain(&format_args!("{name}, which was held, is not configured any more: it is not taken over"));
        }
        disowned.iter().for_each(|name| heritage.disown(name));
        Some(heritage)
    }

    /// Leaves `heritage` to the next one, unless that is there already. Where it
    /// cannot be written, what is there is removed: nothing is the worst that a next
    /// one may find.
    pub fn write(&mut self, heritage: &Heritage) {
        if self.written.as_ref().is_some_and(|written| written.says_the_same(heritage)) {
            return;
        }
        match replace(&self.path, heritage.text(&self.node, &self.boot).as_bytes()) {
            Ok(()) => {
                self.written = Some(heritage.clone());
                self.said = false;
            }
            Err(error) => {
                self.written = None;
                let removed = clear(&self.path);
                if !std::mem::replace(&mut self.said, true) {
                    self.complain(&format_args!("{error}: a next hb-decide will take nothing over"));
                    if let Err(error) = removed {
                        let text = "and it cannot be removed: what it says is believed until its leases end";
                        self.complain(&format_args!("{error}: {text}"));
                    }
                }
            }
        }
    }

    /// Nothing is left to the next one.
    pub fn remove(&mut self) {
        self.written = None;
        if let Err(error) = clear(&self.path) {
            self.complain(&error);
        }
    }

    fn complain(&self, what: &dyn std::fmt::Display) {
        complain(self.tool, &format_args!("{}: {what}", self.path.display()));
    }
}

/// Prints the groups that would be taken over at this moment, a line each.
///
/// # Errors
/// Standard output cannot be written to.
pub fn list(state: Option<StateFile>, settings: &Settings) -> anyhow::Result<Answer> {
    let heritage = state.and_then(|file| file.heritage(settings, &[]));
    let mut out = Output::new();
    for (name, until) in heritage.iter().flat_map(|heritage| heritage.held(settings, edge::now())) {
        out.line(&format!("{name} until={until}"))?;
    }
    out.flush()?;
    Ok(Answer::Yes)
}

/// What a file has that is no symbolic link, nor anything that could be waited for.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(HERITAGE_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Puts another file in its place, as a whole or not at all. A symbolic link of that
/// name is replaced, not followed. After a crash of the machine it is worth nothing,
/// so that no disk is waited for.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // What a killed one left behind.
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Removes it, or else empties it: that needs neither room nor another entry of the
/// directory.
fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => {
            let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
            OpenOptions::new().write(true).truncate(true).custom_flags(flags.bits()).open(path).map(drop)
        }
    }
}

//! A command and all that it starts: begun in a process group of its own, adopted
//! when a parent among them ends, signalled and counted as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status.
    Exited(u8),
    /// By this signal.
    Killed(i32),
}

/// A command and all that it started.
#[derive(Debug)]
pub struct Offspring {
    leader: Pid,
    ending: Option<Ending>,
}

impl Offspring {
    /// Starts a command, the first of the words, with nothing on its standard input
    /// and, if it is given, `output` as its standard output and error. From then on
    /// what loses its parent among its descendants becomes a child of this process,
    /// wherever it has gone: another group or session is no way out.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn begin(words: &[CString], output: Option<OwnedFd>) -> io::Result<Offspring> {
        prctl::set_child_subreaper(true)?;
        let mut actions = PosixSpawnFileActions::init()?;
        let nothing = File::open("/dev/null")?;
        actions.add_dup2(nothing.as_raw_fd(), 0)?;
        if let Some(output) = &output {
            actions.add_dup2(output.as_raw_fd(), 1)?;
            actions.add_dup2(output.as_raw_fd(), 2)?;
        }
        let mut attributes = PosixSpawnAttr::init()?;
        // No signal that this process has blocked or ignores is lost on it, but for
        // those that its caller had ignored.
        attributes.set_sigmask(&SigSet::empty())?;
        attributes.set_sigdefault(&std::iter::once(Signal::SIGPIPE).collect())?;
        attributes.set_pgroup(Pid::from_raw(0))?;
        attributes.set_flags(
            PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
                | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF
                | PosixSpawnFlags::POSIX_SPAWN_SETPGROUP,
        )?;
        let environment: Vec<CString> = std::env::vars_os()
            .filter_map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok())
            .collect();
        let name = words.first().ok_or(io::ErrorKind::NotFound)?;
        let leader = posix_spawnp(name, &actions, &attributes, words, &environment)?;
        Ok(Offspring { leader, ending: None })
    }

    /// Takes note of everything that has ended since. Whether anything lives.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn reap(&mut self) -> io::Result<bool> {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, status)) if pid == self.leader => {
                    self.ending = Some(Ending::Exited(u8::try_from(status & 0xff).unwrap_or(u8::MAX)));
                }
                Ok(WaitStatus::Signaled(pid, signal, _)) if pid == self.leader => {
                    self.ending = Some(Ending::Killed(signal as i32));
                }
                Ok(WaitStatus::StillAlive) => return Ok(true),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// How the command itself has ended, once it has.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Sends a signal to all of them. What is started meanwhile may miss it, so
    /// that what must end is to be told again until nothing lives.
    pub fn signal(&self, signal: Signal) {
        for pid in descendants() {
            // Who has ended meanwhile needs no signal.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

/// All that descends from this process.
fn descendants() -> BTreeSet<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Some(parent) = fs::read_to_string(format!("/proc/{pid}/stat")).ok().and_then(|text| parent_in(&text))
        else {
            continue;
        };
        children.entry(parent).or_default().push(pid);
    }
    let mut found = BTreeSet::new();
    let mut open = vec![nix::unistd::getpid().as_raw()];
    while let Some(parent) = open.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if found.insert(*child) {
                open.push(*child);
            }
        }
    }
    found
}

/// The parent in a line of /proc/PID/stat: the second word behind the name, which
/// may hold blanks and brackets itself.
fn parent_in(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

//! A command that runs beside us: its output by lines, its end, and how it is made
//! to end.

use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::edge;
use crate::time::Time;

/// From SIGTERM to SIGKILL: longer than hb-run takes to end what it runs.
const GRACE: Duration = Duration::from_secs(12);

/// How soon it is looked again whether what it has left behind has ended.
const AGAIN: Duration = Duration::from_millis(50);

/// The most of its output that is kept.
const OUTPUT: usize = 64 * 1024;

/// A command in a process group of its own, with nothing on its standard input.
#[derive(Debug)]
pub struct Errand {
    child: Child,
    output: Option<ChildStdout>,
    said: Vec<u8>,
    status: Option<u8>,
    /// It was asked to end, and is killed then.
    kill: Option<Time>,
}

impl Errand {
    /// Begins it; with `heard` its output is kept, else it is our own.
    ///
    /// # Errors
    /// It cannot be begun: that says nothing of what it would have done.
    pub fn begin(command: &mut Command, heard: bool) -> io::Result<Errand> {
        command.stdin(Stdio::null()).stdout(if heard { Stdio::piped() } else { Stdio::inherit() });
        let mut child = command.process_group(0).spawn()?;
        let output = child.stdout.take();
        if let Some(output) = &output {
            fcntl(output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Errand { child, output, said: Vec::new(), status: None, kill: None })
    }

    /// What is to be waited for beside its end.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.output.as_ref().map(|output| output.as_fd())
    }

    /// Takes in what it has said; its status, or the signal as a shell says it, once
    /// it has ended, and, where it was asked to, its process group with it.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn look(&mut self) -> io::Result<Option<u8>> {
        // What ended before has said all that it would.
        if self.status.is_none() {
            self.status = self.child.try_wait()?.map(shell_status);
        }
        self.read();
        Ok(self.status.filter(|_| self.kill.is_none() || self.signal(None).is_err()))
    }

    fn read(&mut self) {
        let mut bytes = [0; 4096];
        while let Some(output) = &mut self.output {
            match output.read(&mut bytes) {
                Ok(0) => self.output = None,
                Ok(read) => {
                    let room = OUTPUT.saturating_sub(self.said.len());
                    self.said.extend(bytes.iter().take(read.min(room)));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.output = None,
            }
        }
    }

    /// The lines that it said.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.said.split(|byte| *byte == b'\n')
    }

    /// Asks it, and what is in its process group, to end.
    pub fn end(&mut self) {
        if self.kill.is_none() {
            self.kill = Some(edge::now() + GRACE);
            // Who has ended meanwhile needs none.
            let _ = self.signal(Signal::SIGTERM);
        }
    }

    /// Kills what was asked to end and did not, when that is due.
    pub fn insist(&mut self, now: Time) {
        if self.kill.is_some_and(|at| now >= at) {
            self.kill = Some(now + GRACE);
            let _ = self.signal(Signal::SIGKILL);
        }
    }

    /// Whether it was asked to end.
    pub fn was_asked(&self) -> bool {
        self.kill.is_some()
    }

    /// When there may be something to do: to insist, or to look again.
    pub fn deadline(&self) -> Option<Time> {
        let again = self.status.map(|_| edge::now() + AGAIN);
        self.kill.into_iter().chain(again).min()
    }

    fn signal(&self, signal: impl Into<Option<Signal>>) -> nix::Result<()> {
        let group = i32::try_from(self.child.id()).map_err(|_| Errno::ESRCH)?;
        killpg(Pid::from_raw(group), signal)
    }
}

/// 128 and the signal's number where one ended it.
fn shell_status(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| Some(128 + status.signal()?));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}

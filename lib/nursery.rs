//! Programs that run as other users, and are started again when they end.
//!
//! One of the places with unsafe code: what a child does before it is another
//! program.
#![allow(unsafe_code, reason = "no safe interface to initgroups(3) in a child")]

use std::ffi::CString;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid, initgroups, setgid, setuid};

use crate::edge::{self, Unwaiting, complain};
use crate::ha_cf;
use crate::record::Line;
use crate::respawn::Respawn;
use crate::signals::{Alarm, Signals, wait};
use crate::time::{Time, seconds};

const TOOL: &str = "hb-respawn";

/// What runs a program and ends all that it started.
const RUNNER: &str = "hb-run";

/// What a program has from being asked to end to being killed, and its runner from
/// then on.
const GRACE: Duration = Duration::from_secs(5);
const LAST: Duration = Duration::from_secs(5);

/// Whether there is a user of that name.
pub fn is_user(name: &str) -> bool {
    User::from_name(name).is_ok_and(|user| user.is_some())
}

/// One program.
#[derive(Debug)]
struct Fosterling {
    program: ha_cf::Respawn,
    name: String,
    respawn: Respawn,
    child: Option<Child>,
}

/// Programs, each with what it does at present.
#[derive(Debug)]
pub struct Nursery {
    all: Vec<Fosterling>,
    out: Unwaiting,
}

impl Nursery {
    /// Programs that are to be started.
    pub fn new(programs: Vec<ha_cf::Respawn>) -> Nursery {
        let now = edge::now();
        let fosterling = |program: ha_cf::Respawn| Fosterling {
            name: program.words.first().and_then(|path| path.rsplit('/').next()).unwrap_or_default().to_owned(),
            respawn: Respawn::new(now),
            child: None,
            program,
        };
        Nursery { all: programs.into_iter().map(fosterling).collect(), out: Unwaiting::new() }
    }

    /// Runs them until a signal asks for the end, or all are over; then ends those
    /// that run, with all that they started.
    ///
    /// # Errors
    /// The kernel refuses to wait.
    pub fn run(&mut self) -> io::Result<()> {
        let signals = Signals::of(&[Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT])?;
        let mut alarm = Alarm::new()?;
        while self.all.iter().any(|one| !one.respawn.is_over()) {
            let now = edge::now();
            for at in 0..self.all.len() {
                self.begin(at, now);
            }
            if let Some(due) = self.all.iter().filter_map(|one| one.respawn.due()).min() {
                alarm.set(due)?;
            }
            wait([signals.as_fd(), alarm.as_fd()].into_iter(), None)?;
            while let Some(signal) = signals.next()? {
                if signal != Signal::SIGCHLD {
                    return self.end(&signals, &mut alarm);
                }
            }
            self.reap();
        }
        Ok(())
    }

    /// Starts one whose time has come.
    fn begin(&mut self, at: usize, now: Time) {
        let Some(one) = self.all.get_mut(at).filter(|one| one.respawn.due().is_some_and(|due| now >= due)) else {
            return;
        };
        let line = Line::new("respawn", now).word(&one.name);
        let line = match start(&one.program, &one.name) {
            Ok(child) => {
                one.respawn.begun(now);
                let line = line.word("started").field("user", &one.program.user).field("pid", child.id());
                one.child = Some(child);
                line
            }
            Err(error) => {
                complain(TOOL, &format_args!("{}: {error}", one.program));
                let again = one.respawn.ended(None, now);
                line.word("failed").maybe("again", again.map(seconds)).field("reason", error)
            }
        };
        let _ = self.out.line(&line.finish());
    }

    /// Takes note of those that have ended.
    fn reap(&mut self) {
        let now = edge::now();
        for one in &mut self.all {
            let Some(status) = one.child.as_mut().and_then(|child| child.try_wait().transpose()) else { continue };
            one.child = None;
            let status = status.unwrap_or_else(|_| ExitStatus::from_raw(-1));
            let again = one.respawn.ended(status.code(), now);
            let line = Line::new("respawn", now).word(&one.name).word(if again.is_some() { "ended" } else { "over" });
            let line = line.maybe("status", status.code()).maybe("signal", status.signal());
            let _ = self.out.line(&line.maybe("again", again.map(seconds)).finish());
        }
    }

    /// Ends all that run.
    fn end(&mut self, signals: &Signals, alarm: &mut Alarm) -> io::Result<()> {
        self.tell(Signal::SIGTERM);
        let deadline = edge::now() + GRACE + LAST;
        alarm.set(deadline)?;
        while self.all.iter().any(|one| one.child.is_some()) {
            if edge::now() >= deadline {
                self.tell(Signal::SIGKILL);
                return Ok(());
            }
            wait([signals.as_fd(), alarm.as_fd()].into_iter(), None)?;
            while signals.next()?.is_some() {}
            self.reap();
        }
        Ok(())
    }

    fn tell(&self, signal: Signal) {
        for child in self.all.iter().filter_map(|one| one.child.as_ref()) {
            // Who has ended meanwhile needs no signal.
            let _ = i32::try_from(child.id()).map(|pid| kill(Pid::from_raw(pid), signal));
        }
    }
}

/// Starts a program as its user, in the root directory, with nothing on its standard
/// input; hb-run closes all other descriptors, passes its output on, and ends it with
/// all that it started when it is asked to or this process dies.
fn start(program: &ha_cf::Respawn, name: &str) -> Result<Child, String> {
    let user =
        User::from_name(&program.user).map_err(|errno| format!("the user {}: {}", program.user, errno.desc()))?;
    let user = user.ok_or_else(|| format!("there is no user {}", program.user))?;
    let mut command = Command::new(RUNNER);
    command.args(["--prefix", name, "--grace", &seconds(GRACE), "--"]).args(&program.words);
    command.current_dir("/").stdin(Stdio::null()).stdout(io::stderr().as_fd().try_clone_to_owned().map_err(words)?);
    command.process_group(0).env("USER", &user.name).env("LOGNAME", &user.name).env("HOME", &user.dir);
    let login = CString::new(user.name.clone()).map_err(|_| "the name of the user".to_owned())?;
    let change_user = move || -> io::Result<()> {
        if user.uid != geteuid() {
            initgroups(&login, user.gid)?;
            setgid(user.gid)?;
            setuid(user.uid)?;
        }
        // Behind the change of user, which would undo it.
        prctl::set_pdeathsig(Signal::SIGTERM)?;
        Ok(())
    };
    // SAFETY: this process has one thread, so that no lock can be held by another one
    // when the child looks the groups up and changes its user.
    unsafe { command.pre_exec(change_user) };
    command.spawn().map_err(|error| format!("{RUNNER}: {}", words(error)))
}

fn words(error: io::Error) -> String {
    crate::conf_file::reason(&error)
}

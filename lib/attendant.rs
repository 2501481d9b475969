//! A process that looks after groups: lines, the time, and the ends of commands go
//! to [`Monitor`], and what it answers is done.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use crate::edge::{self, Output};
use crate::errand::Errand;
use crate::filter::Complaints;
use crate::lines::{Lines, Next};
use crate::monitor::{self, Effect, Monitor, Outcome, Task};
use crate::signals::{self, Signals};
use crate::time::Time;

/// How long nothing may be due: a wait has an end.
const LONG: Duration = Duration::from_secs(3_600);

/// What is run for a group.
#[derive(Clone, Debug)]
pub struct Tools {
    /// hb-resource, or what stands for it.
    pub program: PathBuf,
    /// The directory of the configuration.
    pub directory: PathBuf,
    /// This node.
    pub own: String,
    /// A FIFO for answers to who asks whether this process lives.
    pub answers: Option<PathBuf>,
}

/// Looks after groups until the input ends or a signal asks for the end; then
/// everything that runs is ended first.
///
/// # Errors
/// Standard input cannot be read, standard output not be written, or the kernel
/// refuses to wait.
pub fn run(tool: &'static str, tools: Tools, monitor: Monitor) -> anyhow::Result<()> {
    let signals = Signals::of(&[Signal::SIGTERM, Signal::SIGINT, Signal::SIGCHLD]).context("signals")?;
    let input = io::stdin().as_fd().try_clone_to_owned().context("standard input")?;
    let answers = tools.answers.as_deref().map(fifo).transpose()?;
    let attendant = Attendant {
        tools,
        answers,
        monitor,
        lines: Lines::new(File::from(input)),
        number: 0,
        errands: BTreeMap::new(),
        listeners: BTreeMap::new(),
        effects: Vec::new(),
        complaints: Complaints::new(tool),
        out: Output::new(),
        tool,
    };
    attendant.stay(&signals)
}

/// A FIFO that is written to without waiting, whether somebody reads it or not.
fn fifo(path: &Path) -> anyhow::Result<File> {
    let flags = OFlag::O_NONBLOCK.bits();
    let opened = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path);
    opened.with_context(|| path.display().to_string())
}

struct Attendant {
    tool: &'static str,
    tools: Tools,
    answers: Option<File>,
    monitor: Monitor,
    lines: Lines<File>,
    number: u64,
    errands: BTreeMap<usize, Errand>,
    listeners: BTreeMap<usize, Errand>,
    effects: Vec<Effect>,
    complaints: Complaints,
    out: Output,
}

impl Attendant {
    fn stay(mut self, signals: &Signals) -> anyhow::Result<()> {
        let mut leaving = false;
        loop {
            while let Some(signal) = signals.next().context("signals")? {
                leaving |= signal != Signal::SIGCHLD;
            }
            leaving |= !leaving && !self.take_lines().context("standard input")?;
            let now = edge::now();
            self.take_ends(now)?;
            if leaving {
                self.errands.values_mut().chain(self.listeners.values_mut()).for_each(Errand::end);
                if self.errands.is_empty() && self.listeners.is_empty() {
                    return Ok(());
                }
            } else {
                self.monitor.act(now, &mut self.effects);
            }
            self.work()?;
            self.out.flush()?;
            self.wait(signals, leaving).context("waiting")?;
        }
    }

    /// Takes in the lines that wait; whether there may be more.
    fn take_lines(&mut self) -> io::Result<bool> {
        loop {
            let mut input = [PollFd::new(self.lines.get_ref().as_fd(), PollFlags::POLLIN)];
            if self.lines.would_wait() && poll(&mut input, PollTimeout::ZERO).is_ok_and(|ready| ready == 0) {
                return Ok(true);
            }
            self.number += 1;
            let ask = match self.lines.next_line()? {
                Next::Line(line) => monitor::read(line, &self.tools.own).map_err(|error| error.to_string()),
                Next::TooLong => Err("a line is too long".to_owned()),
                Next::End => return Ok(false),
            };
            match ask {
                Ok(ask) => self.monitor.ask(ask, edge::now(), &mut self.effects),
                Err(cause) => self.complaints.say(self.number, &cause),
            }
        }
    }

    /// Takes in what has ended.
    fn take_ends(&mut self, now: Time) -> io::Result<()> {
        for number in self.errands.keys().copied().collect::<Vec<_>>() {
            let Some(errand) = self.errands.get_mut(&number) else { continue };
            errand.insist(now);
            if let Some(status) = errand.look()? {
                let found = errand.lines().filter_map(monitor::finding).collect();
                self.errands.remove(&number);
                self.monitor.ended(number, Outcome::Ended(status, found), now, &mut self.effects);
            }
        }
        for number in self.listeners.keys().copied().collect::<Vec<_>>() {
            let Some(listener) = self.listeners.get_mut(&number) else { continue };
            listener.insist(now);
            if let Some(status) = listener.look()? {
                let nothing = status == 0 && !listener.was_asked();
                self.listeners.remove(&number);
                self.monitor.deaf(number, nothing, now);
            }
        }
        Ok(())
    }

    fn work(&mut self) -> anyhow::Result<()> {
        while !self.effects.is_empty() {
            for effect in std::mem::take(&mut self.effects) {
                match effect {
                    Effect::Say(line) => self.out.line(&line.finish())?,
                    Effect::Answer(line) => self.answer(&line.finish()),
                    Effect::Begin(number, task) => self.begin(number, &task),
                    Effect::End(number) => self.errands.get_mut(&number).into_iter().for_each(Errand::end),
                    Effect::Listen(number) => self.listen(number),
                    Effect::Rest(number) => self.listeners.get_mut(&number).into_iter().for_each(Errand::end),
                }
            }
        }
        Ok(())
    }

    /// Who does not listen is not waited for: it will ask again.
    fn answer(&mut self, line: &str) {
        if let Some(answers) = &mut self.answers {
            let _ = answers.write_all(format!("{line}\n").as_bytes());
        }
    }

    fn begin(&mut self, number: usize, task: &Task) {
        let mut command = Command::new(&self.tools.program);
        command.arg("-C").arg(&self.tools.directory);
        match task {
            Task::Look(resources) => command.args(["monitor", self.monitor.name(number)]).args(resources),
            Task::Restart(resource) => command.args(["restart", self.monitor.name(number), resource]),
        };
        match Errand::begin(&mut command, true) {
            Ok(errand) => {
                self.errands.insert(number, errand);
            }
            Err(error) => {
                let why = format!("{}: {error}", self.tools.program.display());
                self.monitor.ended(number, Outcome::Untold(why), edge::now(), &mut self.effects);
            }
        }
    }

    /// A listener ends with us, also when we are killed.
    fn listen(&mut self, number: usize) {
        // The one before is being ended, and its end is waited for.
        if self.listeners.contains_key(&number) {
            return;
        }
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).arg(&self.tools.program);
        command.arg("-C").arg(&self.tools.directory).args(["listen", self.monitor.name(number)]);
        match Errand::begin(&mut command, false) {
            Ok(listener) => {
                self.listeners.insert(number, listener);
            }
            Err(error) => {
                edge::complain(self.tool, &format_args!("setpriv: {error}"));
                self.monitor.deaf(number, false, edge::now());
            }
        }
    }

    fn wait(&self, signals: &Signals, leaving: bool) -> io::Result<()> {
        let all = || self.errands.values().chain(self.listeners.values());
        let ends = all().filter_map(Errand::deadline);
        let due = if leaving { None } else { self.monitor.deadline() };
        let due = ends.chain(due).min().unwrap_or_else(|| edge::now() + LONG);
        let input: Option<BorrowedFd<'_>> = (!leaving).then(|| self.lines.get_ref().as_fd());
        let ready = input.into_iter().chain([signals.as_fd()]).chain(all().filter_map(Errand::descriptor));
        let mut ready: Vec<PollFd<'_>> = ready.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        signals::wait_until(&mut ready, due)
    }
}

//! One command under a time-out: its processes, its output, and the signals that
//! come meanwhile.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags};
use nix::sys::signal::Signal;
use nix::unistd::pipe2;

use crate::edge;
use crate::heartbeat_words::Reading;
use crate::offspring::{Ending, Offspring};
use crate::patience::{Patience, Step};
use crate::relay::Relay;
use crate::signals::{self, Signals};

/// How long standard error may take for the last lines.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The longest wait where nothing has a deadline.
const FOREVER: Duration = Duration::from_secs(86_400);

/// How a command is to be run.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How long it may take; `None`: for ever.
    pub timeout: Option<Duration>,
    /// How long it has from being asked to end to being killed.
    pub grace: Duration,
    /// Its output is passed on to standard error with this in front. `None`: it has
    /// our own descriptors.
    pub prefix: Option<String>,
    /// Only if it does not end well.
    pub quiet: bool,
    /// Whether it ends well is in the words that it prints.
    pub words: bool,
}

/// What became of it.
#[derive(Debug)]
pub enum Outcome {
    /// It has ended by itself.
    Ended {
        /// How.
        ending: Ending,
        /// What its output says, as Heartbeat reads it; without a prefix, nothing
        /// was read.
        words: Reading,
        /// The output that something it started still writes to.
        open: Option<OwnedFd>,
    },
    /// It was ended, with all that it started.
    TimedOut,
    /// So it was, because this process was asked to end by a signal.
    Told(Signal),
    /// It was to be ended, and something that it started does not end.
    Left,
}

/// A command that runs.
#[derive(Debug)]
pub struct Ward {
    offspring: Offspring,
    signals: Signals,
    patience: Patience,
    relay: Option<Relay>,
    told: Option<Signal>,
    by_words: bool,
}

impl Ward {
    /// Starts the command that `words` are.
    ///
    /// # Errors
    /// It cannot be started: the error of the kernel.
    pub fn begin(words: &[CString], terms: &Terms) -> io::Result<Ward> {
        let taken = [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT];
        let signals = Signals::of(&taken)?;
        let (mut relay, mut output) = (None, None);
        if let Some(prefix) = &terms.prefix {
            let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
            relay = Some(Relay::new(reader, prefix, terms.quiet)?);
            output = Some(writer);
        }
        let offspring = Offspring::begin(words, output)?;
        let patience = Patience::new(terms.timeout, terms.grace, edge::now());
        Ok(Ward { offspring, signals, patience, relay, told: None, by_words: terms.words })
    }

    /// Stays until it has ended, or was ended.
    ///
    /// # Errors
    /// The kernel refuses to wait, or to read.
    pub fn watch(mut self) -> io::Result<Outcome> {
        loop {
            let lives = self.offspring.reap()?;
            let over = self.patience.is_over();
            match self.offspring.ending() {
                Some(ending) if !over => return self.ended(ending),
                _ if over && !lives => return self.cut_short(false),
                None if !lives => return Err(io::Error::other("it has ended, and nobody knows how")),
                _ => {}
            }
            match self.patience.step(edge::now()) {
                Step::Wait => self.wait()?,
                Step::Ask => {
                    self.offspring.signal(Signal::SIGTERM);
                    // What is stopped hears nothing.
                    self.offspring.signal(Signal::SIGCONT);
                }
                Step::Kill => self.offspring.signal(Signal::SIGKILL),
                Step::GiveUp => return self.cut_short(true),
            }
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        let deadline = self.patience.due().unwrap_or_else(|| edge::now() + FOREVER);
        let mut interests = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        interests.extend(self.relay.iter().flat_map(Relay::interests));
        signals::wait_until(&mut interests, deadline)?;
        if let Some(relay) = &mut self.relay {
            relay.pass()?;
        }
        while let Some(signal) = self.signals.next()? {
            if signal != Signal::SIGCHLD {
                self.told = Some(signal);
                self.patience.end(edge::now());
            }
        }
        Ok(())
    }

    fn ended(mut self, ending: Ending) -> io::Result<Outcome> {
        if let Some(relay) = &mut self.relay {
            relay.pass()?;
            let is_well = match (self.by_words, ending) {
                (true, Ending::Exited(_)) => relay.words().reading() == Reading::Running,
                (_, ending) => ending == Ending::Exited(0),
            };
            if is_well {
                relay.drop_held_back()?;
            }
        }
        let open = self.finish_output()?;
        let words = self.relay.as_ref().map_or(Reading::Stopped, |relay| relay.words().reading());
        Ok(Outcome::Ended { ending, words, open })
    }

    fn cut_short(mut self, left: bool) -> io::Result<Outcome> {
        self.finish_output()?;
        Ok(match self.told {
            _ if left => Outcome::Left,
            Some(signal) => Outcome::Told(signal),
            None => Outcome::TimedOut,
        })
    }

    fn finish_output(&mut self) -> io::Result<Option<OwnedFd>> {
        let Some(relay) = &mut self.relay else { return Ok(None) };
        let open = relay.end()?;
        relay.flush(edge::now() + LAST_WORDS)?;
        Ok(open)
    }
}

/// Passes what comes in by `from` on to standard error until it ends.
///
/// # Errors
/// It cannot be read, or the kernel refuses to wait.
pub fn pass_on(from: OwnedFd, prefix: &str) -> io::Result<()> {
    let mut relay = Relay::new(from, prefix, false)?;
    while !relay.has_ended() {
        let later = edge::now() + FOREVER;
        signals::wait_until(&mut relay.interests(), later)?;
        relay.pass()?;
    }
    relay.end()?;
    relay.flush(edge::now() + LAST_WORDS)
}

/// The status of a shell for it: 128 and the signal's number where one ended it.
pub fn status(ending: Ending) -> u8 {
    match ending {
        Ending::Exited(status) => status,
        Ending::Killed(signal) => 128_u8.saturating_add(u8::try_from(signal).unwrap_or(127)),
    }
}

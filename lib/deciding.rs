//! hb-decide's edges: what it reads goes to the engine, what follows to standard
//! output, to the transmitter and to the keeper of records.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};

use anyhow::Context as _;

use crate::chronicle::Sieve;
use crate::decide::{Effect, Heritage, Settings};
use crate::edge::{Answer, Output, OutputError, complain};
use crate::engine::Engine;
use crate::filter::{self, Filter, Flow};
use crate::ha_cf::Dialect;
use crate::record::{Line, MAX, Record};
use crate::state_file::StateFile;
use crate::tale::Tale;
use crate::tap::Tap;
use crate::time::Time;

/// Where announcements go. Descriptor 1 is standard output itself, so that the
/// order among the records is kept.
#[derive(Debug)]
pub enum Announcements {
    /// Among the records.
    Inline,
    /// To a descriptor of its own.
    Pipe(File),
}

impl Announcements {
    /// What leads to this descriptor.
    ///
    /// # Errors
    /// Nothing is open there, or not for writing.
    pub fn open(fd: u8) -> anyhow::Result<Announcements> {
        if fd == 1 {
            return Ok(Announcements::Inline);
        }
        let path = format!("/dev/fd/{fd}");
        let file = OpenOptions::new().write(true).open(path);
        file.map(Announcements::Pipe).with_context(|| format!("--announce-fd {fd}"))
    }
}

/// What is printed beside what is to be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Says {
    /// All records that were read.
    pub all: bool,
    /// The verdicts among them.
    pub verbose: bool,
    /// A `pulse` for each heartbeat of ours that went round.
    pub pulse: bool,
}

/// Decides, as a filter from standard input to standard output.
pub struct Deciding {
    engine: Engine,
    says: Says,
    effects: Vec<Effect>,
    announcements: Option<Announcements>,
    tap: Option<Tap>,
    state: Option<StateFile>,
    /// What was known of the peers when it was written last.
    changes: u64,
    /// What the keeper is to know at once.
    sieve: Sieve,
    out: Output,
}

impl Deciding {
    /// A filter that has read nothing yet. What it reads and says goes to `tap` too.
    pub fn new(
        settings: Settings,
        dialect: Dialect,
        says: Says,
        announcements: Option<Announcements>,
        tap: Option<Tap>,
    ) -> Deciding {
        let engine = Engine::new(settings, dialect);
        let (state, changes, sieve) = (None, 0, Sieve::default());
        Deciding { engine, says, effects: Vec::new(), announcements, tap, state, changes, sieve, out: Output::new() }
    }

    /// Inherits from `file`, and leaves there what the next one needs to know.
    #[must_use]
    pub fn with_state(mut self, mut file: StateFile, heritage: Option<Heritage>) -> Deciding {
        if let Some(heritage) = heritage {
            self.engine.inherit(heritage);
            // What was left out must not come back.
            self.engine.heritage().iter().for_each(|heritage| file.write(heritage));
        }
        self.state = Some(file);
        self
    }

    /// Writes what the next one needs to know, before anything that depends on it is
    /// done.
    fn remember(&mut self) {
        let Some(file) = &mut self.state else { return };
        let changes = self.engine.changes();
        if !self.effects.is_empty() || changes != self.changes {
            self.changes = changes;
            self.engine.heritage().iter().for_each(|heritage| file.write(heritage));
        }
    }

    fn announce(&mut self, text: &str, time: Time) -> anyhow::Result<()> {
        match &mut self.announcements {
            None => {}
            Some(Announcements::Inline) => self.out.line(text)?,
            Some(Announcements::Pipe(pipe)) => {
                pipe.write_all(format!("{text}\n").as_bytes()).context("announcements")?;
            }
        }
        let said = format!("said {time} {text}");
        if let Some(tap) = self.tap.as_mut().filter(|_| said.len() < MAX) {
            tap.line(said.as_bytes(), time, false);
        }
        Ok(())
    }

    fn keep(&mut self, record: &Record<'_>, line: &[u8], time: Time) {
        if let Some(tap) = &mut self.tap {
            // The end of a lease is shown to people while it lasts.
            tap.line(line, time, record.kind == "do" || self.sieve.tells(record));
        }
    }
}

impl Filter for Deciding {
    fn record(&mut self, record: &Record<'_>, line: &[u8]) -> anyhow::Result<Result<Flow, String>> {
        let verdict = matches!(record.kind, "node" | "link" | "self" | "conflict" | "monitor");
        if self.says.all || (self.says.verbose && verdict) {
            self.out.raw_line(line)?;
        }
        self.keep(record, line, record.time);
        let decided = self.engine.record(record, &mut self.effects);
        self.remember();
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Say(line) => {
                    let line = line.finish();
                    self.out.line(&line)?;
                    if let Ok(said) = Record::parse_text(&line) {
                        self.keep(&said, line.as_bytes(), record.time);
                    }
                }
                Effect::Announce(text) => self.announce(&text, record.time)?,
                Effect::End => {
                    self.state.iter_mut().for_each(StateFile::remove);
                    return Ok(Ok(Flow::End));
                }
            }
        }
        if self.says.pulse && record.kind == "sent" && matches!(record.raw("t"), None | Some("status")) {
            let state = if self.engine.may_hold() { "held" } else { "idle" };
            self.out.line(&Line::new("pulse", record.time).word(state).finish())?;
        }
        Ok(decided.map(|()| Flow::Go).map_err(|strange| strange.to_string()))
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.out.flush()?;
        if let Some(tap) = &mut self.tap {
            tap.rest();
        }
        Ok(())
    }
}

/// Prints the tale of a group from the records of standard input; `tool` is who
/// complains of them.
///
/// # Errors
/// Standard input or output fails.
pub fn tell(tool: &'static str, tale: Tale, group: &str) -> anyhow::Result<Answer> {
    let mut telling = Telling { tale, lines: Vec::new(), out: Output::new() };
    filter::run(tool, io::stdin().lock(), &mut telling)?;
    let Telling { tale, mut lines, mut out } = telling;
    let told = tale.end(&mut lines);
    for line in lines {
        out.line(&line)?;
    }
    out.flush()?;
    Ok(match told {
        Ok(()) => Answer::Yes,
        Err(none) => {
            complain(tool, &format_args!("--explain {group}: {none}"));
            Answer::No
        }
    })
}

struct Telling {
    tale: Tale,
    lines: Vec<String>,
    out: Output,
}

impl Filter for Telling {
    fn record(&mut self, record: &Record<'_>, _line: &[u8]) -> anyhow::Result<Result<Flow, String>> {
        let told = self.tale.record(record, &mut self.lines);
        for line in self.lines.drain(..) {
            self.out.line(&line)?;
        }
        Ok(told.map(|()| Flow::Go).map_err(|strange| strange.to_string()))
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.out.flush()
    }
}

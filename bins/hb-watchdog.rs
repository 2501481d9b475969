//! hb-watchdog: a watchdog that is fed by the pulse of the pipeline.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hbkit::edge::{self, Answer, Unwaiting, complain};
use hbkit::filter::Complaints;
use hbkit::ha_cf;
use hbkit::lines::{Lines, Next};
use hbkit::record::{Record, RecordError};
use hbkit::signals::{self, Signals};
use hbkit::time::parse_span;
use hbkit::watchdog::{self, Ask, Step, Watchdog};
use hbkit::watchdog_device::{self, Feeder};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

const TOOL: &str = "hb-watchdog";

/// Feed a watchdog as long as a pulse comes
///
/// Reads the pulse records of hb-decide --pulse. The device is armed while the node
/// may hold a group, and fed with each pulse; without one it resets the machine
/// before another node takes over.
#[derive(Parser)]
#[command(name = TOOL, version)]
struct Args {
    /// Take the device and deadtime from this ha.cf
    #[arg(short = 'f', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Silence after which the peers take this node for dead [default: 30]
    #[arg(short = 'd', long, value_name = "SPAN", value_parser = parse_span)]
    deadtime: Option<Duration>,
    /// The device [default: that of ha.cf]
    #[arg(value_name = "DEVICE", required_unless_present = "config")]
    device: Option<PathBuf>,
}

fn main() -> ExitCode {
    edge::finish(TOOL, run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<Answer> {
    let config = args.config.as_deref().map(ha_cf::read).transpose()?.unwrap_or_default();
    let deadtime = args.deadtime.unwrap_or(config.deadtime);
    let path = args.device.or(config.watchdog.map(PathBuf::from)).context("ha.cf names no watchdog")?;
    let watchdog = Watchdog::new(&path.display().to_string(), deadtime)
        .with_context(|| format!("deadtime {deadtime:?}: a watchdog counts whole seconds: 1250ms at least"))?;
    let signals = Signals::take_over().context("signals")?;
    let input = io::stdin().as_fd().try_clone_to_owned().context("standard input")?;
    let mut feeding = Feeding { path, watchdog, open: None, steps: Vec::new(), out: Unwaiting::new(), is_over: false };
    feeding.watchdog.begin(watchdog_device::missing(&feeding.path).as_deref(), edge::now(), &mut feeding.steps);
    feeding.work();
    feeding.follow(Lines::new(File::from(input)), &signals)?;
    Ok(if feeding.end() { Answer::Yes } else { Answer::No })
}

struct Feeding {
    path: PathBuf,
    watchdog: Watchdog,
    open: Option<Feeder>,
    steps: Vec<Step>,
    out: Unwaiting,
    /// It was said that everything is released.
    is_over: bool,
}

impl Feeding {
    /// Takes lines until they end, or a signal came and all that waited was taken.
    fn follow(&mut self, mut lines: Lines<File>, signals: &Signals) -> anyhow::Result<()> {
        let mut complaints = Complaints::new(TOOL);
        let (mut number, mut ending) = (0, false);
        loop {
            while readable(&lines) {
                lines.read_more().context("standard input")?;
                while !lines.would_wait() {
                    number += 1;
                    let cause = match lines.next_line().context("standard input")? {
                        Next::End => return Ok(()),
                        Next::TooLong => Some(RecordError::TooLong.to_string()),
                        Next::Line(line) => self.line(line),
                    };
                    if self.is_over {
                        return Ok(());
                    }
                    cause.iter().for_each(|cause| complaints.say(number, cause));
                }
            }
            if ending {
                return Ok(());
            }
            signals::wait([lines.get_ref().as_fd(), signals.as_fd()].into_iter(), None).context("waiting")?;
            ending = signals.came().context("signals")?;
        }
    }

    /// Takes a line; why it is skipped, when it is.
    fn line(&mut self, line: &[u8]) -> Option<String> {
        match Record::parse(line).map(|record| watchdog::read(&record)) {
            Ok(Ok(Some(ask))) => {
                self.is_over = ask == Ask::Exit;
                self.watchdog.ask(ask, edge::now(), &mut self.steps);
                self.work();
                None
            }
            Ok(Ok(None)) => None,
            Ok(Err(cause)) => Some(cause.to_owned()),
            Err(_) => Some("not a record".to_owned()),
        }
    }

    /// Does what is to be done.
    fn work(&mut self) {
        while !self.steps.is_empty() {
            for step in std::mem::take(&mut self.steps) {
                match step {
                    Step::Open => self.open(),
                    Step::Feed => {
                        if let Some(Err(error)) = self.open.as_mut().map(Feeder::feed) {
                            self.open = None;
                            self.watchdog.broken(&error.to_string(), edge::now(), &mut self.steps);
                        }
                    }
                    Step::Disarm => {
                        if let Some(Err(error)) = self.open.take().map(|mut open| open.disarm()) {
                            self.watchdog.broken(&error.to_string(), edge::now(), &mut self.steps);
                        }
                    }
                    // Nobody may keep it from its work: what is not taken is lost.
                    Step::Say(line) => drop(self.out.line(&line.finish())),
                }
            }
        }
    }

    fn open(&mut self) {
        // One that was closed in a failure may be armed still: it is opened again.
        let opened = Feeder::open(Path::new(&self.path), self.watchdog.timeout());
        let device = opened.map(|(open, device)| {
            self.open = Some(open);
            device
        });
        self.watchdog.opened(device, edge::now(), &mut self.steps);
    }

    /// Whether nothing is left armed.
    fn end(&mut self) -> bool {
        let is_over = self.watchdog.end(edge::now(), &mut self.steps);
        if !is_over {
            let seconds = self.watchdog.timeout().as_secs();
            complain(
                TOOL,
                &format_args!("{}: it is left armed: the machine resets in {seconds} s", self.path.display()),
            );
        }
        self.work();
        is_over
    }
}

fn readable(lines: &Lines<File>) -> bool {
    let mut input = [PollFd::new(lines.get_ref().as_fd(), PollFlags::POLLIN)];
    poll(&mut input, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

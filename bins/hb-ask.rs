//! hb-ask: asks hb-decide for something, and waits for what becomes of it.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hbkit::edge::{self, Answer, Output, complain};
use hbkit::keeper::{self, STATUS};
use hbkit::outcome::{Ending, Outcome};
use hbkit::picture::{Picture, Present};
use hbkit::place;
use hbkit::record::{MAX, Record};
use hbkit::ring::Reader;
use hbkit::time::{Time, parse_span};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;

/// How often it is looked for answers.
const LOOK: Duration = Duration::from_millis(50);
/// A request that nobody has read for so long is not answered.
const READ: Duration = Duration::from_secs(10);
/// How long a request may take by default: services may stop slowly.
const LONGEST: Duration = Duration::from_secs(300);

/// Ask the hb-decide of this node for something, and wait for the outcome.
///
/// hb-ask standby local, hb-ask takeover web force=1, hb-ask clear all,
/// hb-ask fenced node2, hb-ask maintenance on for=30m
#[derive(Parser)]
#[command(name = "hb-ask", version)]
struct Args {
    /// The request, as hb-decide(8) has it
    #[arg(value_name = "WORD", required = true, value_parser = word)]
    request: Vec<String>,
    /// Hand it over, and do not wait
    #[arg(long)]
    no_wait: bool,
    /// Wait so long at most [default: 5m]
    #[arg(short = 'w', long, value_name = "SPAN", value_parser = parse_span, conflicts_with = "no_wait")]
    deadline: Option<Duration>,
}

/// What can stand in a record as it is.
fn word(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:/=".contains(&byte);
    let is_plain = !text.is_empty() && text.len() <= 128 && text.bytes().all(plain);
    is_plain.then(|| text.to_owned()).ok_or_else(|| "letters, digits and . - _ : / = only".to_owned())
}

fn main() -> ExitCode {
    edge::finish("hb-ask", run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let asked = edge::now();
    let ask = format!("ask {asked} {}", args.request.join(" "));
    anyhow::ensure!(ask.len() < MAX, "the request is too long");
    hand_over(&ask)?;
    if args.no_wait {
        return Ok(Answer::Yes);
    }
    let mut waiting = Waiting { outcome: Outcome::of(&ask), reader: None, out: Output::new(), lines: Vec::new() };
    let deadline = asked + args.deadline.unwrap_or(LONGEST);
    loop {
        let news = waiting.look()?;
        // All answers to one request come together, perhaps in two parts.
        if let Some(ending) = waiting.outcome.ending().filter(|_| !news) {
            return Ok(match ending {
                Ending::Done => Answer::Yes,
                Ending::Failed => Answer::No,
            });
        }
        let now = edge::now();
        if let Some(why) = despair(waiting.outcome.is_seen(), asked, deadline, now) {
            complain("hb-ask", &why);
            return Ok(Answer::Unknown);
        }
        edge::wait_until(now + LOOK);
    }
}

/// Without a reader the bus would hold us for ever.
fn hand_over(ask: &str) -> anyhow::Result<()> {
    let (run, bus) = (place::run(), place::run().join("bus"));
    let opened = OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&bus);
    // A supervisor that is gone has left a pipeline, and nobody acts.
    let opened = opened.and_then(|bus| if place::is_supervised() { Ok(bus) } else { Err(Errno::ENXIO.into()) });
    let written = opened.and_then(|mut bus| bus.write_all(format!("{ask}\n").as_bytes()));
    match written {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENXIO | libc::ENOENT)) => {
            anyhow::bail!("{}: hb-supervise does not run", run.display())
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            anyhow::bail!("{}: the pipeline does not read", bus.display())
        }
        other => other.with_context(|| bus.display().to_string()),
    }
}

/// Why there is nothing more to wait for.
fn despair(is_seen: bool, asked: Time, deadline: Time, now: Time) -> Option<String> {
    if !is_seen && now.since(asked) > READ {
        return Some("the request was handed over, and not read within 10 s".to_owned());
    }
    if now >= deadline {
        return Some("it is not known what came of it: the time is over".to_owned());
    }
    let (is_supervised, boot) = (place::is_supervised(), keeper::boot());
    let text = fs::read_to_string(place::run().join(STATUS)).unwrap_or_default();
    let present = Present { now, boot: &boot, is_supervised };
    // A keeper that has just begun has no status yet.
    let is_patient = is_supervised && now.since(asked) < READ;
    let dark = Picture::read(&text).check(present).err().filter(|_| !is_patient)?;
    Some(format!("it is not known what came of it: {}", dark.text(now)))
}

struct Waiting {
    outcome: Outcome,
    reader: Option<Reader>,
    out: Output,
    lines: Vec<u8>,
}

impl Waiting {
    /// Takes what was said since the last look, and tells what concerns the
    /// request; whether there was anything.
    fn look(&mut self) -> anyhow::Result<bool> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => match place::recent() {
                Ok(reader) => self.reader.insert(reader),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error).context("what was said"),
            },
        };
        let mut news = false;
        loop {
            reader.next_lines(&mut self.lines).context("what was said")?;
            if self.lines.is_empty() {
                self.out.flush()?;
                return Ok(news);
            }
            for line in String::from_utf8_lossy(&self.lines).lines() {
                let Ok(record) = Record::parse_text(line) else { continue };
                if let Some(said) = self.outcome.record(&record, line) {
                    self.out.line(&said)?;
                    news = true;
                }
            }
        }
    }
}

//! hb-send: signed heartbeats on every medium, at an interval or for each line.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use hbkit::answers::{self, Answers};
use hbkit::edge::{self, Answer, Unwaiting, complain};
use hbkit::filter::Complaints;
use hbkit::ha_cf::Dialect;
use hbkit::identity::Wait;
use hbkit::key_watch::KeyWatch;
use hbkit::lines::{Lines, Next};
use hbkit::outgoing::{Format, Order, read_field, status_defaults};
use hbkit::pace::Pace;
use hbkit::realtime;
use hbkit::record::RecordError;
use hbkit::signals::{self, Alarm, Signals};
use hbkit::station;
use hbkit::succession::{self, Start};
use hbkit::time::parse_span;
use hbkit::transmitter::{RETRY, Transmitter, readable};
use hbkit::voice::{Said, Voice};

/// Send heartbeats.
///
/// Sends signed messages in Heartbeat's own formats on every medium: one each
/// interval, one for each line read, or a single one.
#[derive(Parser)]
#[command(name = "hb-send", version, about)]
struct Args {
    #[command(flatten)]
    station: station::Options,
    /// Send a status each SPAN [default with --config and without --stdin: keepalive]
    #[arg(short, long, value_name = "SPAN", value_parser = parse_interval)]
    interval: Option<Duration>,
    /// Send a message for each line of standard input: KEY=VALUE ..., and answer records of hb-listen
    #[arg(short, long)]
    stdin: bool,
    /// End after so many messages
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// A field of what is sent without being read, such as st=up; may be repeated
    #[arg(short = 'o', long, value_name = "KEY=VALUE", value_parser = read_field)]
    field: Vec<(String, Vec<u8>)>,
    /// The deadtime that a status announces [default: that of ha.cf, or 30]
    #[arg(short, long, value_name = "SPAN", value_parser = parse_span)]
    deadtime: Option<Duration>,
    /// The format of messages on networks [default: msgfmt of ha.cf, or netstring]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Run at this real-time priority, 1 to 99, with memory locked
    #[arg(long, value_name = "PRIORITY", value_parser = clap::value_parser!(u8).range(1..=99))]
    realtime: Option<u8>,
    /// Directory of the generation and the uuid of this node
    #[arg(short = 'D', long, value_name = "DIR", default_value = "/var/lib/hbkit")]
    state_directory: PathBuf,
    /// Go on in the life that an earlier hb-send has left in this file, and keep it there
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    let span = parse_span(text).map_err(|error| error.to_string())?;
    if span < Duration::from_millis(1) { Err(String::from("at least 1ms")) } else { Ok(span) }
}

fn main() -> ExitCode {
    edge::finish("hb-send", run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<Answer> {
    let beat = Order::new(args.field).context("--field")?;
    let station = args.station.read()?;
    realtime::begin("hb-send", args.realtime);
    let nodes = station.config.as_ref().map_or(2, |config| config.node.len() + config.ping.len());
    let names = station.config.as_ref().map_or(&[][..], |config| &config.node);
    let dialect = station.config.as_ref().map(|config| config.dialect).unwrap_or_default();
    let answers = Answers::new(&station.node, names, edge::now()).in_dialect(dialect);
    let keepalive = station.config.as_ref().filter(|_| !args.stdin).map(|config| config.keepalive);
    let interval = args.interval.or(keepalive);
    let format = args.format.or(station.config.as_ref().map(|config| config.msgfmt)).unwrap_or_default();
    let is_single = interval.is_none() && !args.stdin;
    let deadtime = args.deadtime.unwrap_or(station.config.unwrap_or_default().deadtime);
    let ending = Signals::take_over().context("signals")?;
    // One message says nothing that a later start must outlive at any price.
    let is_one = is_single || (args.count == Some(1) && !args.stdin);
    let wait = if is_one { Wait::IfAheadOfClock } else { Wait::Always };
    // Heartbeat's nodes know a restart by its generation, and nothing of votes.
    let resume = args.resume.as_deref().filter(|_| dialect == Dialect::Hbkit);
    let (directory, node) = (args.state_directory.as_path(), station.node.as_str());
    let begun = succession::begin(Start { directory, node, nodes, wait, deadtime, resume })?;
    begun.said.iter().for_each(|line| complain("hb-send", line));
    let (transmitter, news) = Transmitter::open(station.media, edge::now());
    news.iter().for_each(|line| complain("hb-send", line));
    ensure!(transmitter.is_open(), "no medium works");
    let mut sending = Sending {
        voice: Voice::new(transmitter, begun.sender, station.ring, format).kept_in(begun.file),
        keys: station.keys,
        answers,
        beat,
        defaults: status_defaults(deadtime),
        out: Unwaiting::new(),
        dropped: 0,
        left: args.count.or(if is_single { Some(1) } else { None }),
        was_taken: false,
        alarm: Alarm::new().context("a timer")?,
    };
    let stdin = || Ok::<_, io::Error>(Lines::new(File::from(io::stdin().as_fd().try_clone_to_owned()?)));
    let input = if args.stdin { Some(stdin().context("standard input")?) } else { None };
    let pace = if is_single { Some(Duration::from_secs(1)) } else { interval };
    sending.work(&ending, pace, input)?;
    sending.voice.transmitter.finish().context("waiting")?;
    Ok(if sending.was_taken || args.stdin { Answer::Yes } else { Answer::No })
}

struct Sending {
    voice: Voice,
    keys: KeyWatch,
    answers: Answers,
    beat: Order,
    defaults: Vec<(String, Vec<u8>)>,
    out: Unwaiting,
    dropped: u64,
    /// How many more messages; `None`: no end.
    left: Option<u64>,
    was_taken: bool,
    /// When the next beat is due.
    alarm: Alarm,
}

impl Sending {
    fn work(
        &mut self,
        ending: &Signals,
        interval: Option<Duration>,
        mut input: Option<Lines<File>>,
    ) -> anyhow::Result<()> {
        let mut pace = interval.map(|interval| Pace::new(edge::now(), interval));
        let mut complaints = Complaints::new("hb-send");
        let mut number = 0;
        while !ending.came().context("signals")? && self.left != Some(0) {
            if pace.as_mut().is_some_and(|pace| pace.take(edge::now())) {
                self.say(&self.beat.clone())?;
            }
            if self.left == Some(0) {
                break;
            }
            self.look_after();
            match &mut input {
                Some(lines) if !lines.would_wait() => {
                    number += 1;
                    match lines.next_line().context("standard input")? {
                        Next::End => break,
                        Next::TooLong => complaints.say(number, &RecordError::TooLong.to_string()),
                        Next::Line(line) => match self.answers.line(line, &mut self.voice.history, edge::now()) {
                            Ok(answers) => answers.iter().try_for_each(|answer| self.answer(answer))?,
                            Err(error) => complaints.say(number, error.cause()),
                        },
                    }
                }
                Some(_) | None => self.rest(ending, pace.as_ref(), input.as_mut())?,
            }
        }
        Ok(())
    }

    /// Opens again what was closed, and reads again what was changed.
    fn look_after(&mut self) {
        let now = edge::now();
        self.voice.transmitter.retry(now).iter().for_each(|line| complain("hb-send", line));
        if let Some((ring, said)) = self.keys.news(now) {
            ring.into_iter().for_each(|ring| self.voice.ring = ring);
            complain("hb-send", &said);
        }
    }

    fn answer(&mut self, answer: &answers::Answer) -> anyhow::Result<()> {
        match answer {
            answers::Answer::Say(order) => self.say(order),
            answers::Answer::Again(number) => match self.voice.again(*number)? {
                Some(said) => self.print(said),
                None => Ok(()),
            },
        }
    }

    fn say(&mut self, order: &Order) -> anyhow::Result<()> {
        let said = self.voice.say(&order.clone().with_defaults(&self.defaults))?;
        if let (Some(left), true) = (&mut self.left, said.taken.is_some()) {
            *left = left.saturating_sub(1);
        }
        self.print(said)
    }

    fn print(&mut self, said: Said) -> anyhow::Result<()> {
        said.news.iter().for_each(|line| complain("hb-send", line));
        self.was_taken |= said.taken.is_some_and(|taken| taken.ok > 0);
        let record = if self.dropped > 0 { said.record.field("dropped", self.dropped) } else { said.record };
        self.dropped = if self.out.line(&record.finish())? { 0 } else { self.dropped + 1 };
        Ok(())
    }

    /// Waits for whatever comes first, and takes it in.
    fn rest(&mut self, ending: &Signals, pace: Option<&Pace>, input: Option<&mut Lines<File>>) -> anyhow::Result<()> {
        let retry = self.voice.transmitter.next_retry();
        if let Some(pace) = pace {
            self.alarm.set(pace.next()).context("the timer")?;
        }
        // Beats that come as often look after the media too: one wait less.
        let deadline =
            pace.filter(|pace| pace.interval() <= RETRY).map_or(retry, |pace| retry.max(pace.next() + RETRY));
        let mut waiting = vec![readable(ending.as_fd())];
        let file = input.as_ref().map(|lines| lines.get_ref().as_fd());
        waiting.extend(file.map(readable));
        waiting.push(readable(self.alarm.as_fd()));
        waiting.extend(self.voice.transmitter.waiting());
        signals::wait_until(&mut waiting, deadline).context("waiting")?;
        let has_input = file.is_some() && waiting[1].any().unwrap_or(true);
        drop(waiting);
        self.voice.transmitter.pump().iter().for_each(|line| complain("hb-send", line));
        match input {
            Some(lines) if has_input => lines.read_more().context("standard input"),
            Some(_) | None => Ok(()),
        }
    }
}

//! hb-listen: heartbeats heard on every medium, verified, as records.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use hbkit::edge::{self, Answer, Output, OutputError, complain};
use hbkit::forward::Forward;
use hbkit::gaps::Gaps;
use hbkit::hearing::{Heard, Hearing};
use hbkit::key_watch::KeyWatch;
use hbkit::pace::Pace;
use hbkit::receiver::Receiver;
use hbkit::record::{Line, Record};
use hbkit::refused::{Reason, Report, Tally};
use hbkit::replay::Memory;
use hbkit::silence::Silences;
use hbkit::time::{Time, parse_span};
use hbkit::udp::OwnAddresses;
use hbkit::{json, name, realtime, signals, silence, station};

/// Hear heartbeats.
///
/// Receives the messages of Heartbeat's and hbkit's nodes, verifies them, drops
/// what was heard before, and prints a record for each; and ticks, so that time
/// flows in the stream.
#[derive(Parser)]
#[command(name = "hb-listen", version, about)]
struct Args {
    #[command(flatten)]
    station: station::Options,
    /// Hear this node only, beside those of ha.cf; may be repeated
    #[arg(short = 'P', long, value_name = "NAME", value_parser = name::node)]
    peer: Vec<String>,
    /// Between two ticks [default: keepalive or a part of it, at most 250ms]
    #[arg(short, long, value_name = "SPAN", value_parser = parse_tick)]
    tick: Option<Duration>,
    /// Write the records that hb-send answers to this descriptor too
    #[arg(short = 'A', long, value_name = "FD")]
    announce_fd: Option<u8>,
    /// Run at this real-time priority, 1 to 99, with memory locked
    #[arg(long, value_name = "PRIORITY", value_parser = clap::value_parser!(u8).range(1..=99))]
    realtime: Option<u8>,
    /// Print JSON lines
    #[arg(short, long)]
    json: bool,
}

fn parse_tick(text: &str) -> Result<Duration, String> {
    let span = parse_span(text).map_err(|error| error.to_string())?;
    if span < Duration::from_millis(1) { Err(String::from("at least 1ms")) } else { Ok(span) }
}

fn main() -> ExitCode {
    edge::finish("hb-listen", run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<Answer> {
    let station = args.station.read()?;
    realtime::begin("hb-listen", args.realtime);
    let keepalive = station.config.as_ref().map_or(Duration::from_secs(1), |config| config.keepalive);
    let deadtime = station.config.as_ref().map_or(Duration::MAX, |config| config.deadtime);
    let tick = args.tick.unwrap_or(silence::usual_tick(keepalive, deadtime));
    let silences = station.config.as_ref().map(Silences::of);
    let known = station.config.map(|config| config.node).unwrap_or_default();
    let peers: Vec<String> = known.into_iter().chain(args.peer).collect();
    let now = edge::now();
    let forward =
        args.announce_fd.map(|fd| Forward::open(fd, &station.node, now).with_context(|| format!("--announce-fd {fd}")));
    let hearing = Hearing {
        ring: station.ring,
        is_crc_allowed: station.is_crc_allowed,
        node: station.node,
        peers: if peers.is_empty() { None } else { Some(peers.into_iter().collect()) },
        memory: Memory::new(),
        gaps: Gaps::new(),
    };
    let (receiver, news) = Receiver::open(&station.media, now).context("too many media to tell apart")?;
    news.iter().for_each(|line| complain("hb-listen", line));
    ensure!(receiver.is_open(), "no medium works");
    let mut listening = Listening {
        receiver,
        hearing,
        keys: station.keys,
        forward: forward.transpose()?,
        own: OwnAddresses::default(),
        tally: Tally::new(),
        out: Output::new(),
        is_json: args.json,
        silences,
    };
    let mut pace = Pace::new(now + tick, tick);
    let mut ticked = now;
    loop {
        listening.round()?;
        let round = listening.receiver.round();
        if round >= listening.next_tick(&pace, ticked) {
            pace.take(round);
            ticked = round;
            listening.print(Line::new("tick", round))?;
            listening.out.flush()?;
        }
        listening.rest(listening.next_tick(&pace, ticked))?;
    }
}

struct Listening {
    receiver: Receiver,
    hearing: Hearing,
    keys: KeyWatch,
    forward: Option<Forward>,
    own: OwnAddresses,
    tally: Tally,
    out: Output,
    is_json: bool,
    /// None without a configuration, which says what silence means.
    silences: Option<Silences>,
}

impl Listening {
    /// When the next tick is due, after one at `ticked`.
    fn next_tick(&self, pace: &Pace, ticked: Time) -> Time {
        let silence = self.silences.as_ref().and_then(|silences| silences.next(ticked));
        silence.map_or(pace.next(), |silence| silence.min(pace.next()))
    }

    /// Hears all that arrived before the present.
    fn round(&mut self) -> anyhow::Result<()> {
        let now = edge::now();
        self.receiver.begin(now);
        let mut news = Vec::new();
        while let Some(arrived) = self.receiver.next(&mut news) {
            let (time, medium, peer) = (arrived.time, arrived.medium, arrived.peer);
            match self.hearing.hear(&arrived, |address| self.own.contains(address, now)) {
                Heard::Record(line) => self.print(line)?,
                Heard::Echo | Heard::Again => {}
                Heard::Refused(reason) => {
                    let report = self.tally.count(time, reason, medium, 1, peer);
                    self.report(time, report)?;
                }
            }
        }
        for dropped in self.receiver.take_dropped() {
            let report = self.tally.count(now, Reason::Overflow, dropped.link, u64::from(dropped.count), None);
            self.report(now, report)?;
        }
        let due = self.tally.due(now);
        self.report(now, due)?;
        for line in self.hearing.due(now) {
            self.print(line)?;
        }
        news.extend(self.receiver.retry(now));
        if let Some((ring, said)) = self.keys.news(now) {
            ring.into_iter().for_each(|ring| self.hearing.ring = ring);
            news.push(said);
        }
        news.iter().for_each(|line| complain("hb-listen", line));
        Ok(())
    }

    fn report(&mut self, time: Time, reports: impl IntoIterator<Item = Report>) -> Result<(), OutputError> {
        for report in reports {
            let line = Line::new("bad", time)
                .word(&report.reason.to_string())
                .field("n", report.count)
                .field("via", self.receiver.name(report.medium))
                .maybe("peer", report.peer);
            self.print(line)?;
        }
        Ok(())
    }

    fn print(&mut self, line: Line) -> Result<(), OutputError> {
        let text = line.finish();
        if !self.is_json && self.forward.is_none() && self.silences.is_none() {
            return self.out.line(&text);
        }
        let Ok(record) = Record::parse_text(&text) else { return self.out.line(&text) };
        if let Some(silences) = &mut self.silences {
            silences.see(&record);
        }
        if let Some(Err(error)) = self.forward.as_mut().map(|to| to.offer(&record, &text, edge::now())) {
            complain("hb-listen", &format_args!("--announce-fd: {error}"));
        }
        if self.is_json { self.out.line(&json::from_record(&record)) } else { self.out.line(&text) }
    }

    /// Waits until something comes or the next tick is due, unless there is
    /// something already.
    fn rest(&mut self, tick: Time) -> anyhow::Result<()> {
        if self.receiver.has_more() {
            return Ok(());
        }
        self.out.flush()?;
        let deadline = tick.min(self.receiver.next_retry());
        let mut waiting: Vec<_> = self.receiver.descriptors().collect();
        signals::wait_until(&mut waiting, deadline).context("waiting")
    }
}

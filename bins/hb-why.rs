//! hb-why: the last moves of a group, and their reasons.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hbkit::decide::{Policy, Quorum, Settings};
use hbkit::edge::{self, Answer, Output, complain};
use hbkit::keeper::{STATUS, STORY};
use hbkit::picture::Picture;
use hbkit::place;
use hbkit::record::{Line, Record};
use hbkit::ring::Reader;
use hbkit::tale::Tale;
use hbkit::wall::Wall;

/// Tell the last moves of a group and their reasons, from the records that
/// hb-supervise keeps.
#[derive(Parser)]
#[command(name = "hb-why", version)]
struct Args {
    /// The group
    #[arg(value_name = "GROUP")]
    group: String,
    /// Where the records are [default: the log of the running hb-supervise, or
    /// /var/lib/hbkit/log]
    #[arg(value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// All that is known, not only the last lines
    #[arg(short, long, conflicts_with = "count")]
    all: bool,
    /// How many lines [default: 20]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: Option<u32>,
    /// Only from then on: a span ago (20m), or a date in UTC (2026-11-21 18:05)
    #[arg(long, value_name = "WHEN", value_parser = edge::moment)]
    since: Option<u64>,
}

fn main() -> ExitCode {
    edge::finish("hb-why", run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let directory = args.directory.clone().unwrap_or_else(place::log);
    let opened = Reader::open(&directory, STORY);
    let opened =
        if args.directory.is_some() { opened } else { opened.or_else(|error| place::recent().map_err(|_| error)) };
    let mut reader = opened.with_context(|| directory.display().to_string())?;
    let mut telling = Telling::new(args);
    let mut lines = Vec::new();
    loop {
        reader.next_lines(&mut lines).with_context(|| directory.display().to_string())?;
        if lines.is_empty() {
            break;
        }
        for record in lines.split(|byte| *byte == b'\n').filter_map(|line| Record::parse(line).ok()) {
            telling.record(&record);
        }
    }
    if args.directory.is_none() {
        telling.go_on_to(&fs::read_to_string(place::run().join(STATUS)).unwrap_or_default());
    }
    telling.end(&args.group)
}

/// What a log is told with: everything else stands in it.
fn of_a_log(own: &str) -> Settings {
    Settings {
        own: own.to_owned(),
        nodes: vec![own.to_owned()],
        groups: Vec::new(),
        policy: Policy::default(),
        keepalive: Duration::from_secs(1),
        deadtime: Duration::from_secs(30),
        quorum: Quorum::Alive,
        digest: "-".to_owned(),
    }
}

struct Telling {
    /// Whose records these are is known with the first of them.
    tale: Option<Tale>,
    group: String,
    wall: Wall,
    known: BTreeSet<String>,
    told: VecDeque<String>,
    most: usize,
    since: Option<u64>,
}

impl Telling {
    fn new(args: &Args) -> Telling {
        let most = if args.all { usize::MAX } else { args.count.unwrap_or(20) as usize };
        Telling {
            tale: None,
            group: args.group.clone(),
            wall: Wall::default(),
            known: BTreeSet::new(),
            told: VecDeque::new(),
            most,
            since: args.since,
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        self.wall.take(record);
        if let ("group", Some(group)) = (record.kind, record.subject()) {
            self.known.insert(group.to_owned());
        }
        let own = &self.wall.node;
        let tale = self.tale.get_or_insert_with(|| Tale::new(of_a_log(own), &self.group).with_dates());
        let mut lines = Vec::new();
        // What contradicts the stream is not told.
        let _ = tale.record(record, &mut lines);
        let unix = self.wall.unix(record.time).and_then(|unix| u64::try_from(unix).ok());
        if self.since.is_none_or(|since| unix.is_none_or(|unix| unix >= since)) {
            self.tell(lines);
        }
    }

    /// The story goes on to the last tick, where nothing happens any more.
    fn go_on_to(&mut self, status: &str) {
        let picture = Picture::read(status);
        if let Some(time) = picture.ticked().filter(|_| picture.boot() == Some(self.wall.boot.as_str())) {
            let tick = Line::new("tick", time).finish();
            if let Ok(record) = Record::parse_text(&tick) {
                self.record(&record);
            }
        }
    }

    fn tell(&mut self, lines: Vec<String>) {
        self.told.extend(lines);
        while self.told.len() > self.most {
            self.told.pop_front();
        }
    }

    fn end(mut self, group: &str) -> anyhow::Result<Answer> {
        let mut lines = Vec::new();
        let told = self.tale.take().is_some_and(|tale| tale.end(&mut lines).is_ok());
        if !told {
            let known: Vec<String> = self.known.into_iter().collect();
            complain("hb-why", &format_args!("{group}: the records say nothing of it; they know: {}", known.join(" ")));
            return Ok(Answer::No);
        }
        // Behind them how it stands, and the sums, whatever came before.
        let mut out = Output::new();
        for line in self.told.iter().chain(&lines) {
            out.line(line)?;
        }
        out.flush()?;
        Ok(Answer::Yes)
    }
}

//! hb-log: the records of a node, kept in rings of files and shown.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hbkit::chronicle::{Wanted, is_conclusion, sentence};
use hbkit::edge::{self, Answer, Output};
use hbkit::keeper::{self, RECORDS, STORY};
use hbkit::record::Record;
use hbkit::ring::Reader;
use hbkit::wall::Wall;
use hbkit::{json, name, passage, place};

/// Show what happened on this node, from the records that hb-supervise keeps.
///
/// With --keep: keep the records that standard input brings. With --pass: pass lines
/// on to readers who may stop reading.
#[derive(Parser)]
#[command(name = "hb-log", version)]
struct Args {
    /// Where the records are [default: the log of the running hb-supervise, or
    /// /var/lib/hbkit/log]
    #[arg(value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// All records, not only those that tell what happened
    #[arg(short, long)]
    all: bool,
    /// Only the last lines
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: Option<u32>,
    /// Only what is about this group
    #[arg(short, long, value_name = "NAME")]
    group: Option<String>,
    /// Only what is about this node
    #[arg(short = 'P', long, value_name = "NAME", value_parser = name::node)]
    peer: Option<String>,
    /// Only from then on: a span ago (20m), or a date in UTC (2026-11-21 18:05)
    #[arg(long, value_name = "WHEN", value_parser = edge::moment)]
    since: Option<u64>,
    /// Go on with what comes
    #[arg(long)]
    follow: bool,
    /// JSON lines
    #[arg(short, long)]
    json: bool,
    /// Only what hb-judge read, as it read it: for hb-judge -a | hb-decide
    #[arg(long, conflicts_with_all = ["json", "group", "peer", "all"])]
    raw: bool,
    /// Keep the records of standard input in DIRECTORY, until its end
    #[arg(long, conflicts_with_all = ["all", "count", "group", "peer", "since", "follow", "json", "raw"])]
    keep: bool,
    /// Pass the lines of standard input on to standard output, until its end, and have
    /// nobody wait for who reads them
    #[arg(long, conflicts_with_all = ["directory", "all", "count", "group", "peer", "since", "follow", "json", "raw", "keep"])]
    pass: bool,
    /// With --pass: a FIFO whose lines go to standard error likewise
    #[arg(long, value_name = "FIFO", requires = "pass")]
    errors: Option<PathBuf>,
    /// With --keep: the name of this node [default: the host's]
    #[arg(short = 'N', long, value_name = "NAME", value_parser = name::node, requires = "keep")]
    node: Option<String>,
    /// With --keep: go on where another one of the same hb-supervise has ended
    #[arg(long, requires = "keep")]
    resume: bool,
    /// With --keep: the most bytes in a file, with k or M; a file of what happened has
    /// an eighth [default: 4M]
    #[arg(long, value_name = "BYTES", value_parser = bytes, requires = "keep")]
    size: Option<u64>,
    /// With --keep: how many files there are of each kind [default: 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=1000), requires = "keep")]
    files: Option<u16>,
}

fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.strip_suffix(['k', 'M']) {
        Some(number) => (number, if text.ends_with('k') { 1 << 10 } else { 1 << 20 }),
        None => (text, 1),
    };
    let size = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let fits = |size: &u64| (65_536..=1 << 40).contains(size);
    size.filter(fits).ok_or_else(|| "a size is written 4M or 512k, 64k at least".to_owned())
}

fn main() -> ExitCode {
    edge::finish("hb-log", run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<Answer> {
    if args.pass {
        let open = |path: &PathBuf| File::open(path).with_context(|| path.display().to_string());
        passage::pass(args.errors.as_ref().map(open).transpose()?)?;
        return Ok(Answer::Yes);
    }
    let directory = args.directory.clone().unwrap_or_else(place::log);
    if args.keep {
        let node = args.node.map_or_else(edge::host_name, Ok)?;
        let (each, files) = (args.size.unwrap_or(4 << 20), usize::from(args.files.unwrap_or(8)));
        keeper::keep(keeper::Settings { directory, run: place::run(), node, each, files, resume: args.resume })?;
        return Ok(Answer::Yes);
    }
    let mut reader = open(&directory, args.all || args.raw)?;
    let count = args.count.map(|count| count as usize);
    let mut showing = Showing {
        out: Output::new(),
        wall: Wall::default(),
        last: VecDeque::new(),
        count,
        wanted: wanted(&args),
        args,
    };
    let mut lines = Vec::new();
    loop {
        reader.next_lines(&mut lines).with_context(|| directory.display().to_string())?;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            showing.line(line)?;
        }
        if lines.is_empty() {
            showing.tell_last()?;
            if !showing.args.follow || !edge::is_read_for(Duration::from_millis(200)) {
                return Ok(Answer::Yes);
            }
        }
    }
}

fn wanted(args: &Args) -> Wanted {
    Wanted { group: args.group.clone(), node: args.peer.clone() }
}

/// What happened is there too where the disk cannot be written.
fn open(directory: &Path, all: bool) -> anyhow::Result<Reader> {
    let name = if all { RECORDS } else { STORY };
    let opened = Reader::open(directory, name);
    let opened = if all { opened } else { opened.or_else(|error| place::recent().map_err(|_| error)) };
    opened.with_context(|| directory.display().to_string())
}

struct Showing {
    out: Output,
    wall: Wall,
    wanted: Wanted,
    /// The last lines, where only those are wanted.
    last: VecDeque<Vec<u8>>,
    count: Option<usize>,
    args: Args,
}

impl Showing {
    /// A line of a ring. One that cannot be read is passed over: its writer died.
    fn line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let Ok(record) = Record::parse(line) else { return Ok(()) };
        let boot = self.wall.boot.clone();
        self.wall.take(&record);
        let is_early =
            |since: u64| self.wall.unix(record.time).is_some_and(|unix| u64::try_from(unix).unwrap_or(0) < since);
        if self.args.since.is_some_and(is_early) || (self.args.raw && is_conclusion(&record)) {
            return Ok(());
        }
        if !self.wanted.wants(&record) || (record.kind == "wall" && !self.args.json && boot == self.wall.boot) {
            return Ok(());
        }
        let text = match (self.args.raw, self.args.json) {
            (true, _) => line.to_vec(),
            (false, true) => json::from_record(&record).into_bytes(),
            (false, false) => format!("{}  {}", self.wall.stamp(record.time), sentence(&record)).into_bytes(),
        };
        match self.count {
            None => self.out.raw_line(&text)?,
            Some(count) => {
                self.last.push_back(text);
                if self.last.len() > count {
                    self.last.pop_front();
                }
            }
        }
        Ok(())
    }

    /// What is there has been read: what follows is shown as it comes.
    fn tell_last(&mut self) -> anyhow::Result<()> {
        self.count = None;
        for line in self.last.drain(..) {
            self.out.raw_line(&line)?;
        }
        Ok(self.out.flush()?)
    }
}

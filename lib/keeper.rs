//! The keeper of records: takes what hb-decide hands on, keeps it in rings of
//! files, and has at any time a file with how everything stands. Who decides does
//! not wait for it, and it does not wait for the disk: a second thread writes the
//! rings, behind a bounded queue.
//!
//! ```text
//!   FIFO --> main thread --> RUN/status, RUN/recent.*     (a file system in memory)
//!                 |
//!                 +-- queue --> second thread --> DIR/records.*, DIR/story.*
//! ```

use std::fs;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use nix::fcntl::{FcntlArg, Flock, FlockArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::chronicle::Sieve;
use crate::edge::{self, complain};
use crate::lines::{Block, Lines};
use crate::overview::Overview;
use crate::picture::Picture;
use crate::record::{Line, Record};
use crate::ring::Ring;
use crate::signals::{self, Signals};
use crate::time::Time;
use crate::wall;

/// All records, as hb-decide read and said them.
pub const RECORDS: &str = "records";
/// What happened: for longer than all records.
pub const STORY: &str = "story";
/// The latest of what happened, beside the status.
pub const RECENT: &str = "recent";
/// How everything stands.
pub const STATUS: &str = "status";

/// A file of the story is so many times smaller than one of all records.
const STORY_PART: u64 = 8;
/// The two files beside the status, in bytes each.
const RECENT_EACH: u64 = 131_072;
/// How often the status is written, and what was gathered is handed on.
const BEAT: Duration = Duration::from_secs(1);
/// How much is gathered at most, and how many such parts wait for the disk.
const PART: usize = 32_768;
const QUEUE: usize = 32;
/// What the FIFO holds while this process does not run: the most that anybody may
/// ask for (fs.pipe-max-size).
const PIPE: i32 = 1_048_576;
/// How far the wall clock may move before that is recorded, in microseconds.
const MOVED: u64 = 50_000;
/// How long the disk has for the rest, at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a keeper is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the rings are.
    pub directory: PathBuf,
    /// Where the status is.
    pub run: PathBuf,
    /// This node.
    pub node: String,
    /// The most bytes in a file of all records.
    pub each: u64,
    /// How many files a ring has.
    pub files: usize,
    /// Another keeper of this pipeline has ended before: what it knew counts.
    pub resume: bool,
}

/// Gathered lines on their way to the disk.
#[derive(Debug, Default)]
struct Part {
    records: Vec<u8>,
    story: Vec<u8>,
    /// How many records, and of which times.
    count: u64,
    first: Time,
    last: Time,
}

impl Part {
    fn note(&mut self, line: &[u8], time: Time, tells: bool) {
        if self.count == 0 {
            self.first = time;
        }
        self.count += 1;
        self.last = time;
        for ring in [Some(&mut self.records), tells.then_some(&mut self.story)].into_iter().flatten() {
            ring.extend_from_slice(line);
            ring.push(b'\n');
        }
    }
}

impl Part {
    /// Puts a record before the others.
    fn say_first(&mut self, record: &str) {
        let line = [record.as_bytes(), b"\n"].concat();
        self.records.splice(..0, line.iter().copied());
        self.story.splice(..0, line);
    }
}

/// What was not kept since it was last said.
#[derive(Clone, Copy, Debug, Default)]
struct Hole {
    count: u64,
    first: Time,
}

impl Hole {
    fn note(&mut self, part: &Part) {
        if self.count == 0 {
            self.first = part.first;
        }
        self.count += part.count;
    }

    /// The record of it, when there is one.
    fn said(&self, now: Time, reason: &str) -> Option<String> {
        let line = || Line::new("unkept", now).field("n", self.count).field("since", self.first);
        (self.count > 0).then(|| line().field("reason", reason).finish())
    }
}

/// Which boot of the machine this is.
pub fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// Keeps what standard input brings, until its end.
///
/// # Errors
/// Standard input cannot be read. What cannot be written is said and goes on.
pub fn keep(settings: Settings) -> anyhow::Result<()> {
    // Of two keepers of one stream the second one waits for the end of the first.
    let _alone = lock(&settings.run, "keep.lock").with_context(|| settings.run.display().to_string())?;
    let signals = Signals::take_over().context("signals")?;
    let boot = boot();
    let (parts, queue) = sync_channel(QUEUE);
    let (ended, end) = channel();
    let lost = Arc::new(AtomicU64::new(0));
    let writer = Writer::new(&settings, boot.clone(), Arc::clone(&lost));
    // It is left behind when the disk hangs: the process ends without it.
    thread::spawn(move || {
        writer.run(&queue);
        let _: Result<(), _> = ended.send(());
    });
    let input = fs::File::from(io::stdin().as_fd().try_clone_to_owned().context("standard input")?);
    // What it holds meanwhile is not lost; a file or a terminal has no such size.
    let _ = fcntl(&input, FcntlArg::F_SETPIPE_SZ(PIPE));
    let mut keeper = Keeper::new(settings, boot, parts, lost);
    keeper.show_the_way();
    let read = keeper.read(input, &signals);
    keeper.hand_on();
    keeper.write_status();
    drop(keeper);
    if end.recv_timeout(PATIENCE).is_err() {
        complain("hb-log", &"the disk does not answer: the latest records are lost");
    }
    read
}

/// What the keeper before this one wrote in this boot, if anything.
fn resume(overview: &mut Overview, run: &Path, boot: &str) {
    let text = fs::read_to_string(run.join(STATUS)).unwrap_or_default();
    if Picture::read(&text).boot() == Some(boot) {
        let records = text.lines().filter_map(|line| Record::parse_text(line).ok());
        records.for_each(|record| overview.resume(&record));
    }
}

struct Keeper {
    settings: Settings,
    boot: String,
    overview: Overview,
    sieve: Sieve,
    part: Part,
    recent: Ring,
    /// The latest of what happened, to be written beside the status.
    news: Vec<u8>,
    parts: SyncSender<Part>,
    hole: Hole,
    /// What the other thread could not write.
    lost: Arc<AtomicU64>,
    /// How far boot time was behind the wall clock.
    offset: Option<i64>,
    due: Time,
    trouble: bool,
}

impl Keeper {
    fn new(settings: Settings, boot: String, parts: SyncSender<Part>, lost: Arc<AtomicU64>) -> Keeper {
        let mut overview = Overview::new(&settings.node);
        if settings.resume {
            resume(&mut overview, &settings.run, &boot);
        }
        Keeper {
            overview,
            recent: Ring::new(&settings.run, RECENT, RECENT_EACH, 2),
            settings,
            boot,
            sieve: Sieve::default(),
            part: Part::default(),
            news: Vec::new(),
            parts,
            hole: Hole::default(),
            lost,
            offset: None,
            due: edge::now(),
            trouble: false,
        }
    }

    /// Tells readers where the rings are, by a link beside the status. The disk is
    /// not touched for it.
    fn show_the_way(&mut self) {
        let (new, link) = (self.settings.run.join("log.new"), self.settings.run.join("log"));
        let _ = fs::remove_file(&new);
        let shown = std::path::absolute(&self.settings.directory)
            .and_then(|directory| symlink(directory, &new))
            .and_then(|()| fs::rename(&new, &link));
        self.complain_once(shown, "where the records are");
    }

    fn read(&mut self, input: fs::File, signals: &Signals) -> anyhow::Result<()> {
        let mut lines = Lines::new(input);
        loop {
            let now = edge::now();
            if now >= self.due {
                self.beat(now);
            }
            if lines.would_wait() {
                self.tell_news();
                let input = lines.get_ref();
                let descriptors = [input.as_fd(), signals.as_fd()];
                signals::wait(descriptors.into_iter(), Some(self.due.since(edge::now()))).context("waiting")?;
                if signals.came().context("signals")? {
                    return Ok(());
                }
                if !is_ready(input)? {
                    continue;
                }
            }
            match lines.next_block().context("standard input")? {
                Block::End => return Ok(()),
                Block::TooLong => {}
                Block::Lines(block) => block.split_inclusive(|byte| *byte == b'\n').for_each(|line| self.line(line)),
            }
        }
    }

    fn line(&mut self, line: &[u8]) {
        // Half a line may be another record: its writer has died.
        let Some(line) = line.strip_suffix(b"\n") else { return };
        let Ok(record) = Record::parse(line) else { return };
        self.overview.record(&record);
        if record.kind == "said" {
            // It follows from the rest.
            return;
        }
        let tells = self.sieve.tells(&record);
        self.part.note(line, record.time, tells);
        if tells {
            self.news.extend_from_slice(line);
            self.news.push(b'\n');
        }
        if self.part.records.len() >= PART {
            self.hand_on();
        }
    }

    /// What is due once a second.
    fn beat(&mut self, now: Time) {
        self.due = now + BEAT;
        let offset = edge::wall_offset();
        if self.offset.is_none_or(|before| before.abs_diff(offset) > MOVED) {
            self.offset = Some(offset);
            let line = wall_line(&self.boot, &self.settings.node);
            self.line(&[line.as_bytes(), b"\n"].concat());
        }
        self.hand_on();
        self.write_status();
    }

    /// What happened is there at once, and so is how it stands then.
    fn tell_news(&mut self) {
        if self.news.is_empty() {
            return;
        }
        let (boot, node) = (&self.boot, &self.settings.node);
        let written = self.recent.append(&self.news, || wall_line(boot, node));
        self.news.clear();
        self.complain_once(written, "the latest of what happened");
        self.hand_on();
        self.write_status();
    }

    /// Gives what was gathered to the thread that writes. A queue that is full
    /// leaves a hole.
    fn hand_on(&mut self) {
        let mut part = std::mem::take(&mut self.part);
        if part.count == 0 {
            return;
        }
        if let Some(said) = self.hole.said(part.last, "the disk does not answer") {
            part.say_first(&said);
        }
        match self.parts.try_send(part) {
            Ok(()) => self.hole = Hole::default(),
            Err(TrySendError::Full(part) | TrySendError::Disconnected(part)) => {
                self.overview.note_unkept(part.count);
                self.hole.note(&part);
            }
        }
    }

    fn write_status(&mut self) {
        self.overview.note_unkept(self.lost.swap(0, Ordering::Relaxed));
        let mut text = Line::new("status", edge::now()).word("keeper").word(&self.settings.node);
        text = text.field("boot", &self.boot).field("version", env!("CARGO_PKG_VERSION"));
        let mut text = format!("{}\n", text.finish());
        for line in self.overview.lines() {
            text.push_str(&line);
            text.push('\n');
        }
        let written = replace(&self.settings.run, STATUS, text.as_bytes());
        self.complain_once(written, "the status");
    }

    fn complain_once(&mut self, result: io::Result<()>, what: &str) {
        let failed = result.is_err();
        if let Err(error) = result
            && !self.trouble
        {
            complain("hb-log", &format_args!("{}: {what} cannot be written: {error}", self.settings.run.display()));
        }
        self.trouble = failed;
    }
}

fn wall_line(boot: &str, node: &str) -> String {
    let now = edge::now();
    let unix = i64::try_from(now.micros()).unwrap_or(i64::MAX).saturating_add(edge::wall_offset());
    wall::record(now, u64::try_from(unix).unwrap_or(0), boot, node)
}

/// Whether a descriptor can be read without waiting, or is at its end.
fn is_ready(input: &fs::File) -> anyhow::Result<bool> {
    let mut polled = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
    poll(&mut polled, PollTimeout::ZERO).context("waiting")?;
    Ok(polled[0].any().unwrap_or(true))
}

/// Waits until nobody else has the file `name` locked.
fn lock(directory: &Path, name: &str) -> io::Result<Flock<fs::File>> {
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(directory.join(name))?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error.into())
}

/// Writes a file anew; readers find the old one or the new one.
fn replace(directory: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let new = directory.join(format!("{name}.new"));
    let mut file = fs::File::create(&new)?;
    file.write_all(text)?;
    fs::rename(&new, directory.join(name))
}

/// The thread that may wait for the disk.
struct Writer {
    records: Ring,
    story: Ring,
    boot: String,
    node: String,
    directory: PathBuf,
    hole: Hole,
    trouble: String,
    /// How many records could not be written, for the thread that tells it.
    lost: Arc<AtomicU64>,
}

impl Writer {
    fn new(settings: &Settings, boot: String, lost: Arc<AtomicU64>) -> Writer {
        let Settings { directory, each, files, .. } = settings;
        Writer {
            records: Ring::new(directory, RECORDS, *each, *files),
            story: Ring::new(directory, STORY, each / STORY_PART, *files),
            boot,
            node: settings.node.clone(),
            directory: directory.clone(),
            hole: Hole::default(),
            trouble: String::new(),
            lost,
        }
    }

    fn run(mut self, queue: &Receiver<Part>) {
        // Two keepers of one directory, of which one hangs on its way out, take
        // turns. Where that cannot be had, it goes on without.
        let _turn = fs::create_dir_all(&self.directory).and_then(|()| lock(&self.directory, "lock"));
        for mut part in queue {
            if let Some(said) = self.hole.said(part.last, &self.trouble) {
                part.say_first(&said);
            }
            match self.write(&part) {
                Ok(()) => (self.hole, self.trouble) = (Hole::default(), String::new()),
                Err(error) => self.failed(&part, &error),
            }
        }
    }

    /// Notes the hole, and says each new cause once.
    fn failed(&mut self, part: &Part, error: &io::Error) {
        self.hole.note(part);
        self.lost.fetch_add(part.count, Ordering::Relaxed);
        let text = error.to_string();
        if text != self.trouble {
            let place = self.directory.display();
            complain("hb-log", &format_args!("{place}: records cannot be kept: {text}"));
            self.trouble = text;
        }
    }

    fn write(&mut self, part: &Part) -> io::Result<()> {
        let head = || wall_line(&self.boot, &self.node);
        self.records.append(&part.records, head)?;
        if !part.story.is_empty() {
            self.story.append(&part.story, head)?;
            self.story.sync()?;
        }
        Ok(())
    }
}

//! The edge that every tool shares: clocks, standard output, exit statuses. The
//! only module that reads a clock.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{SFlag, fstat};
use nix::time::{ClockId, clock_gettime};

use crate::time::{Time, parse_span};
use crate::wall::{self, Wall};

/// The answer of a tool, as its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 0: yes, done.
    Yes,
    /// 1: no, failed.
    No,
    /// 2: could not tell.
    Unknown,
    /// 3: not to everybody who was to be told.
    Partly,
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> ExitCode {
        match answer {
            Answer::Yes => ExitCode::SUCCESS,
            Answer::No => ExitCode::from(1),
            Answer::Unknown => ExitCode::from(2),
            Answer::Partly => ExitCode::from(3),
        }
    }
}

/// Turns what a tool's work came to into its exit status. An error is said on
/// standard error as `tool: what: why` and is status 2; a reader of standard
/// output that went away is success.
pub fn finish(tool: &str, outcome: anyhow::Result<Answer>) -> ExitCode {
    match outcome {
        Ok(answer) => answer.into(),
        Err(error) if is_reader_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(tool, &format_args!("{error:#}"));
            Answer::Unknown.into()
        }
    }
}

/// Says something to a person: one line on standard error. A standard error
/// that cannot be written to changes nothing, and one that nobody reads is not
/// waited for: how many lines it did not take is said with the next one.
pub fn complain(tool: &str, what: &dyn fmt::Display) {
    static UNSAID: AtomicU64 = AtomicU64::new(0);
    let unsaid = UNSAID.swap(0, Ordering::Relaxed);
    let missing = if unsaid > 0 { format!("{tool}: ({unsaid} lines are not shown)\n") } else { String::new() };
    if !is_said(format!("{missing}{tool}: {what}\n").as_bytes()) {
        UNSAID.fetch_add(unsaid + 1, Ordering::Relaxed);
    }
}

/// Whether standard error took some lines, or is gone.
fn is_said(lines: &[u8]) -> bool {
    static PIPE: LazyLock<Option<File>> = LazyLock::new(|| unwaiting(io::stderr().as_fd(), 2));
    if let Some(mut pipe) = PIPE.as_ref() {
        return pipe.write_all(lines).map_or_else(|error| error.kind() != io::ErrorKind::WouldBlock, |()| true);
    }
    let mut error = io::stderr().lock();
    let mut room = [PollFd::new(error.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut room, PollTimeout::ZERO).is_ok_and(|ready| ready == 0) {
        return false;
    }
    let _ = error.write_all(lines);
    true
}

/// A pipe once more, opened without waiting: a descriptor itself is shared with
/// others, who may want to wait. None where it is no pipe.
fn unwaiting(descriptor: BorrowedFd<'_>, number: u8) -> Option<File> {
    let status = fstat(descriptor).ok()?;
    if SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits()) != SFlag::S_IFIFO {
        return None;
    }
    let flags = OFlag::O_NONBLOCK.bits();
    OpenOptions::new().write(true).custom_flags(flags).open(format!("/proc/self/fd/{number}")).ok()
}

/// Whether a reader of standard output went away.
pub fn is_reader_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<OutputError>().is_some_and(|gone| gone.0.kind() == io::ErrorKind::BrokenPipe)
}

/// Standard output could not be written.
#[derive(Debug)]
pub struct OutputError(io::Error);

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "standard output: {}", self.0)
    }
}

impl std::error::Error for OutputError {}

/// Standard output for records: whole lines, gathered until [`Output::flush`].
/// Lines leave in writes of whole lines that are at most a pipe's atomic write
/// long, so that several tools may share one pipe.
#[derive(Debug, Default)]
pub struct Output {
    waiting: Vec<u8>,
}

impl Output {
    /// An output with nothing gathered.
    pub fn new() -> Output {
        Output::default()
    }

    /// Gathers a line; its newline is added.
    ///
    /// # Errors
    /// Standard output could not be written to.
    pub fn line(&mut self, line: &str) -> Result<(), OutputError> {
        self.raw_line(line.as_bytes())
    }

    /// Gathers a line as it was read; its newline is added.
    ///
    /// # Errors
    /// Standard output could not be written to.
    pub fn raw_line(&mut self, line: &[u8]) -> Result<(), OutputError> {
        if self.waiting.len() + line.len() + 1 > crate::record::MAX {
            self.flush()?;
        }
        self.waiting.extend_from_slice(line);
        self.waiting.push(b'\n');
        Ok(())
    }

    /// Writes what was gathered. To be called whenever the tool is about to
    /// wait.
    ///
    /// # Errors
    /// Standard output could not be written to.
    pub fn flush(&mut self) -> Result<(), OutputError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let written = out.write_all(&self.waiting).and_then(|()| out.flush());
        self.waiting.clear();
        written.map_err(OutputError)
    }
}

/// Standard output that is never waited for: a line that it does not take at
/// once is not written. For tools whose work must not depend on their reader.
#[derive(Debug)]
pub struct Unwaiting {
    pipe: Option<File>,
}

impl Unwaiting {
    /// Standard output, whatever it is.
    pub fn new() -> Unwaiting {
        Unwaiting { pipe: unwaiting(io::stdout().as_fd(), 1) }
    }

    /// Writes a line, which must not be longer than a record; its newline is
    /// added. Whether it was taken.
    ///
    /// # Errors
    /// Standard output could not be written to.
    pub fn line(&mut self, line: &str) -> Result<bool, OutputError> {
        let bytes = [line.as_bytes(), b"\n"].concat();
        if let Some(pipe) = &mut self.pipe {
            // A pipe takes what is not longer than PIPE_BUF whole or not at all.
            return match pipe.write_all(&bytes) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
                Err(error) => Err(OutputError(error)),
            };
        }
        let mut out = io::stdout().lock();
        let mut room = [PollFd::new(out.as_fd(), PollFlags::POLLOUT)];
        if poll(&mut room, PollTimeout::ZERO).is_ok_and(|ready| ready == 0) {
            return Ok(false);
        }
        out.write_all(&bytes).and_then(|()| out.flush()).map_err(OutputError)?;
        Ok(true)
    }
}

impl Default for Unwaiting {
    fn default() -> Unwaiting {
        Unwaiting::new()
    }
}

/// The present on CLOCK_BOOTTIME.
pub fn now() -> Time {
    Time::from_micros(read_clock(ClockId::CLOCK_BOOTTIME))
}

/// The wall clock in seconds since 1970, to be printed, or to be a first
/// generation; never to decide.
pub fn wall_seconds() -> u64 {
    read_clock(ClockId::CLOCK_REALTIME) / 1_000_000
}

/// How far the boot clock is behind the wall clock at this moment, in
/// microseconds; brings kernel stamps (wall time) to [`Time`].
pub fn wall_offset() -> i64 {
    let wall = read_clock(ClockId::CLOCK_REALTIME);
    let boot = read_clock(ClockId::CLOCK_BOOTTIME);
    i64::try_from(wall).unwrap_or(i64::MAX) - i64::try_from(boot).unwrap_or(i64::MAX)
}

/// Microseconds of a clock; both clocks that are read exist on every kernel
/// that Rust supports, so that a failure can only be a filter on system calls.
fn read_clock(clock: ClockId) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "this is the edge")]
    let reading = clock_gettime(clock);
    reading.map_or(0, |now| Duration::from(now).as_micros().try_into().unwrap_or(u64::MAX))
}

/// Waits until `due`, whatever signals are handled meanwhile: for a tool that
/// has nothing to listen to.
pub fn wait_until(due: Time) {
    loop {
        let left = due.since(now());
        if left.is_zero() {
            return;
        }
        // A whole millisecond more than is left, so that the wait never ends
        // early and spins.
        let span = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        if !matches!(poll(&mut [], span), Ok(_) | Err(nix::errno::Errno::EINTR)) {
            return;
        }
    }
}

/// Reads a point in time as people write it, a span ago (`20m`) or a date in UTC
/// (`2026-11-21 18:05`): microseconds since 1970.
///
/// # Errors
/// It is neither, in words.
pub fn moment(text: &str) -> Result<u64, String> {
    if let Ok(span) = parse_span(text) {
        let then = Wall::behind(wall_offset()).unix(now().before(span));
        return Ok(then.and_then(|unix| u64::try_from(unix).ok()).unwrap_or(0));
    }
    wall::parse(text).ok_or_else(|| "neither a span such as 20m nor a date such as 2026-11-21 18:05".to_owned())
}

/// Waits for `span`, and says whether somebody still reads standard output then.
pub fn is_read_for(span: Duration) -> bool {
    let due = now() + span;
    let out = io::stdout();
    loop {
        let left = due.since(now());
        let wait = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        // Nothing is asked for: the end of a pipe is told even so.
        let mut reader = [PollFd::new(out.as_fd(), PollFlags::empty())];
        match poll(&mut reader, wait) {
            Ok(0) if left.is_zero() => return true,
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) | Err(_) => return false,
        }
    }
}

/// The name of this host (uname -n) as Heartbeat compares it: in lower case.
///
/// # Errors
/// The host has no name, or one that cannot stand in a record.
pub fn host_name() -> anyhow::Result<String> {
    use anyhow::Context as _;
    let name = nix::unistd::gethostname().context("name of this host")?;
    crate::name::node(&name.to_string_lossy()).context("name of this host")
}

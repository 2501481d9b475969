//! watch-http: what a client sees of a service that moves between nodes. Asks a
//! web server at fixed points in time, each request on its own connection, so
//! that one that hangs never delays the next. A part of the demo and of the
//! benchmarks, not a tool.
//!
//! ```text
//! T ok NODE LATENCY     asked at T, answered with this word LATENCY seconds later
//! T fail REASON         asked at T
//! T late SECONDS        this program itself was paused: nothing was asked since
//! ```
//! Lines are in the order of their ends. SIGTERM ends it. With `--now` it prints
//! the present on the same clock, which a shell has no other way to read.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hbkit::edge::{self, Answer, Output};
use hbkit::time::{Time, parse_span, seconds};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Socket, Type};

/// Ask a web server at fixed points in time, and print who answers.
#[derive(Parser)]
#[command(name = "watch-http", version, about)]
struct Args {
    /// Where to ask
    #[arg(value_name = "ADDRESS:PORT", required_unless_present = "now")]
    server: Option<SocketAddr>,
    /// Print the time and end
    #[arg(long)]
    now: bool,
    /// Between two requests
    #[arg(short, long, value_name = "SPAN", default_value = "10ms", value_parser = parse_span)]
    interval: Duration,
    /// Give a request up after so long
    #[arg(short = 'W', long, value_name = "SPAN", default_value = "1s", value_parser = parse_span)]
    timeout: Duration,
    /// End after so long
    #[arg(short = 'w', long, value_name = "SPAN", value_parser = parse_span)]
    deadline: Option<Duration>,
}

fn main() -> ExitCode {
    edge::finish("watch-http", run(&Args::parse()))
}

/// The most bytes of an answer that are kept.
const ANSWER: usize = 2048;

/// Being later than this is said: what follows from it is not the server's.
const LATE: Duration = Duration::from_millis(50);

fn run(args: &Args) -> anyhow::Result<Answer> {
    let mut out = Output::new();
    let Some(server) = args.server.filter(|_| !args.now) else {
        out.line(&edge::now().to_string())?;
        out.flush()?;
        return Ok(Answer::Yes);
    };
    anyhow::ensure!(!args.interval.is_zero(), "--interval: must be longer than 0");
    anyhow::ensure!(args.timeout.div_duration_f64(args.interval) < 900.0, "--timeout: more than 900 requests at once");
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGTERM);
    mask.thread_block().context("signals")?;
    let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).context("signals")?;
    let start = edge::now();
    let end = args.deadline.map(|span| start + span);
    let mut watch = Watch { args, server, flying: VecDeque::new(), due: start, out };
    loop {
        let told = signals.read_signal().context("signals")?.is_some();
        if told || end.is_some_and(|end| edge::now() >= end) {
            return Ok(Answer::Yes);
        }
        watch.ask()?;
        watch.give_up()?;
        watch.out.flush()?;
        watch.wait(&signals, end)?;
        watch.read()?;
    }
}

/// A request on its way.
struct Request {
    asked: Time,
    socket: Socket,
    /// The request was written; before that, the connection is being made.
    written: bool,
    answer: Vec<u8>,
}

struct Watch<'a> {
    args: &'a Args,
    server: SocketAddr,
    flying: VecDeque<Request>,
    due: Time,
    out: Output,
}

impl Watch<'_> {
    fn say(&mut self, at: Time, what: &str) -> anyhow::Result<()> {
        Ok(self.out.line(&format!("{at} {what}"))?)
    }

    /// Sends the request that is due. What was missed is not made up for.
    fn ask(&mut self) -> anyhow::Result<()> {
        let now = edge::now();
        if now < self.due {
            return Ok(());
        }
        let behind = now.since(self.due);
        if behind > LATE {
            self.say(now, &format!("late {}", seconds(behind)))?;
        }
        while self.due <= now {
            self.due = self.due + self.args.interval;
        }
        match connect(self.server) {
            Ok(socket) => {
                self.flying.push_back(Request { asked: now, socket, written: false, answer: Vec::new() });
                Ok(())
            }
            Err(error) => self.say(now, &format!("fail {}", reason(&error))),
        }
    }

    /// Drops what has had no answer for too long; the oldest stand first.
    fn give_up(&mut self) -> anyhow::Result<()> {
        let now = edge::now();
        let timeout = self.args.timeout;
        let expired = self.flying.iter().take_while(|request| now.since(request.asked) >= timeout).count();
        for request in self.flying.drain(..expired) {
            self.out.line(&format!("{} fail timeout", request.asked))?;
        }
        Ok(())
    }

    /// Waits until something is to be done.
    fn wait(&self, signals: &SignalFd, end: Option<Time>) -> anyhow::Result<()> {
        let expiry = self.flying.front().map(|oldest| oldest.asked + self.args.timeout);
        let wake = [Some(self.due), expiry, end].into_iter().flatten().min().unwrap_or(self.due);
        let mut fds = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        fds.extend(self.flying.iter().map(|request| {
            let wanted = if request.written { PollFlags::POLLIN } else { PollFlags::POLLOUT };
            PollFd::new(request.socket.as_fd(), wanted)
        }));
        let span = TimeSpec::from_duration(wake.since(edge::now()));
        match ppoll(&mut fds, Some(span), None) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error).context("poll"),
        }
    }

    /// Takes every request as far as it goes.
    fn read(&mut self) -> anyhow::Result<()> {
        for mut request in std::mem::take(&mut self.flying) {
            match request.go_on() {
                Ok(false) => self.flying.push_back(request),
                Ok(true) => {
                    let latency = seconds(edge::now().since(request.asked));
                    let what = match word(&request.answer) {
                        Ok(word) => format!("ok {word} {latency}"),
                        Err(reason) => format!("fail {reason}"),
                    };
                    self.say(request.asked, &what)?;
                }
                Err(error) => self.say(request.asked, &format!("fail {}", reason(&error)))?,
            }
        }
        Ok(())
    }
}

/// Begins a connection. It ends without a farewell (a linger of zero), so that
/// no closed connection stays behind in either kernel, hundreds a second.
fn connect(server: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM.nonblocking().cloexec(), None)?;
    socket.set_linger(Some(Duration::ZERO))?;
    match socket.connect(&server.into()) {
        Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error),
        _ => Ok(socket),
    }
}

impl Request {
    /// Writes and reads what can be without waiting; whether the answer is
    /// complete.
    fn go_on(&mut self) -> io::Result<bool> {
        if !self.written {
            if let Some(error) = self.socket.take_error()? {
                return Err(error);
            }
            match self.socket.send(b"GET / HTTP/1.0\r\n\r\n") {
                Ok(_) => self.written = true,
                Err(error) => return later(error),
            }
        }
        let mut part = [0; 512];
        loop {
            match self.socket.read(&mut part) {
                Ok(0) => return Ok(true),
                Ok(_) if self.answer.len() > ANSWER => return Ok(true),
                Ok(count) => self.answer.extend_from_slice(&part[..count]),
                Err(error) => return later(error),
            }
        }
    }
}

/// An error that only says that the time has not come.
fn later(error: io::Error) -> io::Result<bool> {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EAGAIN | Errno::ENOTCONN | Errno::EINTR) => Ok(false),
        _ => Err(error),
    }
}

/// The first word of the body of a good answer, or what is wrong with it.
fn word(answer: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("cut")?;
    let status = head.split(' ').nth(1).unwrap_or("none");
    if status != "200" {
        return Err(format!("status-{}", status.escape_debug()));
    }
    Ok(body.split_whitespace().next().unwrap_or("nothing").to_owned())
}

/// One word for an error.
fn reason(error: &io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(errno) => format!("{errno:?}"),
        None => error.kind().to_string().replace(' ', "-"),
    }
}

//! Floods listeners, one after another, with signed messages of nodes of
//! Heartbeat, and counts what each of them prints: lines that begin with `msg `.
//! What a listener must do at least is measured beside them: receive many at
//! once, verify, write a line.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time and reports to people"
)]

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write as _};
use std::net::UdpSocket;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use hbkit::auth::{Key, Method};
use hbkit::message::Message;
use hbkit::{classic, netstring};
use nix::sched::{CloneFlags, setns};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::socket::sockopt::RcvBufForce;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt};
use nix::unistd::Pid;
use zeroize::Zeroizing;

/// Flood listeners on port 694 with signed messages, and count their lines
#[derive(Parser)]
struct Args {
    /// The namespace to send from
    #[arg(long)]
    from: Option<String>,
    /// The namespace to listen in
    #[arg(long)]
    at: Option<String>,
    /// The address to send to
    #[arg(long, default_value = "192.0.2.2")]
    to: String,
    /// Messages a second, several in turn; 0: as many as can be sent
    #[arg(long, default_values_t = [100_000_u64])]
    rate: Vec<u64>,
    /// Messages of each run
    #[arg(long, default_value_t = 200_000)]
    messages: usize,
    /// Runs of each command at each rate
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Be the floor: verify and print what comes
    #[arg(long)]
    floor: bool,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
    /// NAME=COMMAND for sh; the floor itself is `floor`
    commands: Vec<String>,
}

/// The secret of key 1, sha1.
const SECRET: &[u8] = b"a-secret-of-the-laboratory";
/// From so many nodes.
const NODES: usize = 10;
/// Sent and received at once.
const BATCH: usize = 64;
/// A listener has said all that it will when it has been silent for so long.
const QUIET: Duration = Duration::from_millis(400);

fn key() -> Key {
    Key::new(1, Method::Sha1, &Zeroizing::new(SECRET.to_vec())).unwrap()
}

/// What a node of Heartbeat sends as its status, of about 300 bytes.
fn status(node: usize, sequence: usize, generation: u64, key: &Key) -> Vec<u8> {
    let mut message = Message::new();
    for (name, value) in [("t", "status"), ("st", "active"), ("dt", "1b58"), ("protocol", "1")] {
        message.push(name, value);
    }
    message.push("src", format!("node{node}"));
    message.push_binary("srcuuid", *b"0123456789abcdef");
    message.push("seq", format!("{sequence:x}"));
    message.push("hg", format!("{generation:x}"));
    message.push("ts", "6b0120ff");
    message.push("ld", "0.97 0.81 0.84 7/139 20");
    message.push("ttl", "3");
    let auth = classic::inner_auth(&message, key).unwrap();
    message.push("auth", auth);
    netstring::encode(&message, key)
}

fn main() {
    let args = Args::parse();
    if args.floor {
        return floor();
    }
    let key = key();
    let messages: Vec<Vec<u8>> =
        (0..args.messages).map(|at| status(at % NODES, at / NODES + 1, 0x6b01_2100, &key)).collect();
    let from = inside(args.from.as_deref(), || UdpSocket::bind("0.0.0.0:0").unwrap());
    inside(args.from.as_deref(), || from.connect((args.to.as_str(), 694)).unwrap());
    println!("{} messages of {} bytes from {NODES} nodes", messages.len(), messages[messages.len() / 2].len());
    println!("     rate  runs   sent at   heard   least  us of processor a message");
    for rate in &args.rate {
        let mut all: Vec<Vec<Run>> = args.commands.iter().map(|_| Vec::new()).collect();
        for _ in 0..args.runs {
            for (series, command) in all.iter_mut().zip(&args.commands) {
                series.push(once(&args, command, &from, &messages, *rate));
            }
        }
        let first = median(all[0].iter().map(Run::cost));
        for (series, command) in all.iter().zip(&args.commands) {
            let name = command.split_once('=').map_or(command.as_str(), |(name, _)| name);
            let heard = series.iter().map(|run| run.heard as f64 * 100.0 / messages.len() as f64);
            let cost = median(series.iter().map(Run::cost));
            println!(
                "{rate:9}  {:4}  {:8.0}  {:5.1}%  {:5.1}%  {cost:6.2} = {:5.2}x  {name}{}",
                series.len(),
                median(series.iter().map(|run| run.sent_at)),
                median(heard.clone()),
                heard.fold(100.0, f64::min),
                cost / first,
                match series.iter().map(|run| run.dropped).sum::<u64>() {
                    0 => String::new(),
                    dropped => format!(" (says that {dropped} were dropped)"),
                }
            );
        }
    }
}

/// Does something in a thread of its own, which enters a namespace.
fn inside<T: Send>(namespace: Option<&str>, work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if let Some(name) = namespace {
                setns(File::open(format!("/run/netns/{name}")).unwrap().as_fd(), CloneFlags::CLONE_NEWNET).unwrap();
            }
            work()
        });
        thread.join().unwrap()
    })
}

/// What came of one flood.
struct Run {
    sent_at: f64,
    heard: u64,
    dropped: u64,
    processor: Duration,
}

impl Run {
    fn cost(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.heard.max(1) as f64
    }
}

fn once(args: &Args, command: &str, from: &UdpSocket, messages: &[Vec<u8>], rate: u64) -> Run {
    let own = std::env::current_exe().unwrap();
    let script = match command.split_once('=') {
        // A shell that waits for its pipeline must outlive it: what ends with it
        // counts then.
        Some((_, script)) => format!("trap : TERM; {script}"),
        None => format!("exec {} --floor", own.display()),
    };
    let before = children();
    let mut child = inside(args.at.as_deref(), || {
        let mut command = Command::new("sh");
        command.args(["-c", &script]).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().unwrap()
    });
    let counts = Arc::new(Counts::default());
    let reader = {
        let (counts, out) = (Arc::clone(&counts), child.stdout.take().unwrap());
        thread::spawn(move || count(out, &counts))
    };
    // Until it listens, what is sent is refused, and nothing is printed.
    let probe = status(99, 1, 1, &key());
    while counts.messages.load(Ordering::Relaxed) == 0 {
        let _ = from.send(&probe);
        thread::sleep(Duration::from_millis(20));
    }
    // The pace of a sender that saw refusals is not the one to be measured.
    thread::sleep(QUIET);
    let probes = counts.messages.load(Ordering::Relaxed);
    let begin = Instant::now();
    flood(from, messages, rate);
    let sent_at = messages.len() as f64 / begin.elapsed().as_secs_f64();
    let (mut last, mut since) = (0, Instant::now());
    while since.elapsed() < QUIET {
        thread::sleep(Duration::from_millis(20));
        let present = counts.messages.load(Ordering::Relaxed);
        if present != last {
            (last, since) = (present, Instant::now());
        }
    }
    end(&mut child);
    reader.join().unwrap();
    let dropped = counts.dropped.load(Ordering::Relaxed);
    Run { sent_at, heard: last - probes, dropped, processor: children() - before }
}

fn end(child: &mut Child) {
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let _ = killpg(group, Signal::SIGTERM);
    let _ = child.wait();
}

/// What children that have ended took of the processor.
fn children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let span = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec().try_into().unwrap(), 0) + Duration::from_micros(time.tv_usec().try_into().unwrap())
    };
    span(usage.user_time()) + span(usage.system_time())
}

/// Sends all messages, at most `rate` a second.
fn flood(from: &UdpSocket, messages: &[Vec<u8>], rate: u64) {
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(BATCH, None);
    let begin = Instant::now();
    let mut sent = 0;
    while sent < messages.len() {
        let due = match rate {
            0 => messages.len(),
            rate => (begin.elapsed().as_micros() * u128::from(rate) / 1_000_000) as usize,
        };
        let until = due.min(messages.len()).min(sent + BATCH);
        if until < messages.len().min(sent + BATCH) {
            // Not yet a whole batch.
            thread::sleep(Duration::from_micros(200));
            continue;
        }
        let slices: Vec<[IoSlice<'_>; 1]> = messages[sent..until].iter().map(|bytes| [IoSlice::new(bytes)]).collect();
        let to = vec![None::<SockaddrIn>; slices.len()];
        sent += match sendmmsg(from.as_raw_fd(), &mut headers, &slices, &to, [], MsgFlags::empty()) {
            Ok(results) => results.count(),
            // A refusal of before.
            Err(nix::errno::Errno::ECONNREFUSED | nix::errno::Errno::ENOBUFS) => 0,
            Err(error) => panic!("sending: {error}"),
        };
    }
}

#[derive(Default)]
struct Counts {
    messages: AtomicU64,
    dropped: AtomicU64,
}

/// Counts the lines that begin with `msg `, and what `bad ... overflow` says.
fn count(mut out: impl Read, counts: &Counts) {
    let mut bytes = vec![0; 1 << 18];
    let mut held = 0;
    while let Ok(read @ 1..) = out.read(&mut bytes[held..]) {
        let filled = held + read;
        let whole = bytes[..filled].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut messages = 0;
        let mut rest = &bytes[..whole];
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let line = &rest[..end];
            if line.starts_with(b"msg ") {
                messages += 1;
            } else if line.starts_with(b"bad ") {
                let line = String::from_utf8_lossy(line);
                let number = line.split(' ').find_map(|word| word.strip_prefix("n=")).unwrap();
                if line.contains(" overflow ") {
                    counts.dropped.fetch_add(number.parse().unwrap(), Ordering::Relaxed);
                }
            }
            rest = &rest[end + 1..];
        }
        counts.messages.fetch_add(messages, Ordering::Relaxed);
        bytes.copy_within(whole..filled, 0);
        held = filled - whole;
        assert!(held < bytes.len(), "a line without end");
    }
}

/// The least that a listener does: many at once, verified, a line for each.
fn floor() {
    let socket = UdpSocket::bind("0.0.0.0:694").unwrap();
    setsockopt(&socket, RcvBufForce, &(4 << 20)).unwrap();
    let key = key();
    let mut room = vec![0; BATCH * 2_048];
    let mut lines = Vec::new();
    loop {
        let mut headers = MultiHeaders::<SockaddrIn>::preallocate(BATCH, None);
        let mut slices: Vec<_> = room.chunks_mut(2_048).map(|chunk| [IoSliceMut::new(chunk)]).collect();
        let received = recvmmsg(socket.as_raw_fd(), &mut headers, &mut slices, MsgFlags::MSG_WAITFORONE, None).unwrap();
        let lengths: Vec<usize> = received.map(|message| message.bytes).collect();
        for (bytes, length) in room.chunks(2_048).zip(lengths) {
            let Ok(sealed) = netstring::unseal(&bytes[..length]) else { continue };
            if key.verify(sealed.covered, sealed.token) {
                lines.extend_from_slice(b"msg ");
                lines.extend(sealed.covered.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
                lines.push(b'\n');
            }
        }
        if io::stdout().write_all(&lines).and_then(|()| io::stdout().flush()).is_err() {
            return;
        }
        lines.clear();
    }
}

/// The middle one.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

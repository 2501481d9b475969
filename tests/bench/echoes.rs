//! What probers report beside what was on the wire: targets that answer after a
//! while, the answers that a prober calls lost, and how far its times are off.
//! The commands run in turn; every answer is seen by a capture on the asking
//! side, which is the truth.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time and reports to people"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::IoSliceMut;
use std::net::IpAddr;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use nix::cmsg_space;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::sockopt::{RcvBufForce, ReceiveTimestampns};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};

use crate::answerer::{Answerer, Request, reply};

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../it/answerer.rs"]
mod answerer;
#[allow(dead_code, reason = "the simulation uses all of it")]
#[path = "../sim/random.rs"]
mod random;

/// Compare what probers report with what was on the wire
#[derive(Parser)]
struct Args {
    /// The namespace of the probers, with eth0
    #[arg(long)]
    asking: String,
    /// The namespace that answers, on its eth0
    #[arg(long)]
    answering: String,
    /// Targets, from 10.9.0.1 on
    #[arg(long, default_value_t = 1000)]
    targets: usize,
    /// Milliseconds from a request to its answer
    #[arg(long, default_value_t = 20)]
    delay: u64,
    /// And up to so many microseconds more, at random
    #[arg(long, default_value_t = 0)]
    jitter: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs of each command
    #[arg(long, default_value_t = 20)]
    runs: usize,
    /// NAME=COMMAND, split at blanks; @ is the path of a list of the targets
    #[arg(required = true)]
    commands: Vec<String>,
    /// As cargo calls a benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// When each target was asked and answered on the wire, in nanoseconds.
type Wire = BTreeMap<IpAddr, (Option<i64>, Option<i64>)>;

fn main() {
    let args = Args::parse();
    let mut random = random::Random::keyed(args.seed, [0; 3]);
    let (delay, jitter) = (Duration::from_millis(args.delay), args.jitter);
    let _answerer = Answerer::start(&args.answering, "eth0", move |request: &Request| {
        let more = if jitter > 0 { random.below(jitter) } else { 0 };
        vec![(delay + Duration::from_micros(more), request.answer())]
    });
    let namespace = File::open(format!("/run/netns/{}", args.asking)).expect("the namespace");
    setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).expect("entering the namespace");
    let wire = Arc::new(Mutex::new(Wire::new()));
    let ended = Arc::new(AtomicBool::new(false));
    let capture = {
        let (wire, ended) = (wire.clone(), ended.clone());
        let socket = listen();
        thread::spawn(move || capture(&socket, &wire, &ended))
    };
    let list = std::env::temp_dir().join(format!("echoes-{}", std::process::id()));
    let targets = (0..args.targets).map(|n| format!("10.9.{}.{}\n", n / 250, 1 + n % 250)).collect::<String>();
    fs::write(&list, targets).expect("the list");
    let mut results: Vec<Results> = args.commands.iter().map(|_| Results::default()).collect();
    for _ in 0..args.runs {
        for (command, result) in args.commands.iter().zip(&mut results) {
            wire.lock().expect("the capture").clear();
            let (_, line) = command.split_once('=').expect("NAME=COMMAND");
            let words: Vec<String> =
                line.split_ascii_whitespace().map(|word| word.replace('@', list.to_str().expect("a path"))).collect();
            let start = Instant::now();
            let output = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).output().expect("a command");
            result.walls.push(start.elapsed());
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            // What was on the wire has been captured: nothing more comes.
            thread::sleep(delay + Duration::from_millis(100));
            result.add(&wire.lock().expect("the capture"), &reported(&said));
        }
    }
    ended.store(true, Ordering::Relaxed);
    let _ = capture.join();
    let _ = fs::remove_file(&list);
    println!(
        "{} targets, {} to {} us to the answer, {} runs",
        args.targets,
        args.delay * 1000,
        args.delay * 1000 + jitter,
        args.runs
    );
    println!("                          answered     lost by it  runs with    error of the time, ms      wall");
    println!("                          on the wire  (worst run) a loss       median     p99     most    median");
    for (command, result) in args.commands.iter().zip(&mut results) {
        result.print(command.split('=').next().unwrap_or_default());
    }
}

/// The targets that a prober reports, with their times in milliseconds.
fn reported(said: &str) -> BTreeMap<IpAddr, f64> {
    let one = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["ping", _, target, "up", rtt, ..] => Some((target.parse().ok()?, rtt.strip_prefix("rtt=")?.parse().ok()?)),
            [target, ":", rtt] => Some((target.parse().ok()?, rtt.parse().ok()?)),
            _ => None,
        }
    };
    said.lines().filter_map(one).collect()
}

#[derive(Default)]
struct Results {
    answered: usize,
    lost: usize,
    worst: usize,
    losing: usize,
    errors: Vec<f64>,
    walls: Vec<Duration>,
}

impl Results {
    fn add(&mut self, wire: &Wire, reported: &BTreeMap<IpAddr, f64>) {
        let mut lost = 0;
        for (target, times) in wire {
            let (Some(asked), Some(answered)) = times else { continue };
            self.answered += 1;
            match reported.get(target) {
                None => lost += 1,
                Some(rtt) => self.errors.push(rtt - (answered - asked) as f64 / 1e6),
            }
        }
        self.lost += lost;
        self.worst = self.worst.max(lost);
        self.losing += usize::from(lost > 0);
    }

    fn print(&mut self, name: &str) {
        let mut sizes: Vec<f64> = self.errors.iter().map(|error| error.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        self.walls.sort();
        let at = |parts: usize| {
            sizes.get((sizes.len() * parts / 1000).min(sizes.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
        };
        let wall = self.walls[self.walls.len() / 2].as_secs_f64() * 1e3;
        let (answered, lost, worst, losing) = (self.answered, self.lost, self.worst, self.losing);
        println!(
            "{name:24} {answered:12} {lost:8} {worst:6} {losing:8}     {:8.4} {:8.4} {:8.3} {wall:8.1} ms",
            at(500),
            at(990),
            at(1000)
        );
    }
}

/// Every frame of this namespace, with the kernel's stamp.
fn listen() -> Socket {
    // ETH_P_ALL in network order.
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0x0300))).expect("a packet socket");
    setsockopt(&socket, RcvBufForce, &(256 << 20)).expect("a large buffer");
    setsockopt(&socket, ReceiveTimestampns, &true).expect("stamps");
    socket
}

fn capture(socket: &Socket, wire: &Mutex<Wire>, ended: &AtomicBool) {
    let (mut buffer, mut control) = (vec![0; 2048], cmsg_space!(TimeSpec));
    while !ended.load(Ordering::Relaxed) {
        let _ = poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)], PollTimeout::from(50_u16));
        loop {
            let mut parts = [IoSliceMut::new(&mut buffer)];
            let flags = MsgFlags::MSG_DONTWAIT;
            let Ok(message) = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)
            else {
                break;
            };
            let mut stamp = None;
            for one in message.cmsgs().expect("control messages") {
                if let ControlMessageOwned::ScmTimestampns(time) = one {
                    stamp = Some(time.tv_sec() * 1_000_000_000 + time.tv_nsec());
                }
            }
            let length = message.bytes;
            let mut wire = wire.lock().expect("the results");
            if let Some(request) = Request::read(&buffer[..length]) {
                wire.entry(request.to).or_default().0 = stamp;
            } else if let Some(from) = reply(&buffer[..length]) {
                wire.entry(from).or_default().1 = stamp;
            }
        }
    }
}

//! Times commands side by side: one run of each in turn, many times, so that
//! what slows the machine meanwhile slows all of them. Prints medians, and each
//! as a multiple of the first.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time and reports to people"
)]

use std::io::IoSliceMut;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use nix::cmsg_space;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};

/// Time commands side by side, from exec to exit
#[derive(Parser)]
struct Args {
    /// Runs of each command
    #[arg(long, default_value_t = 200)]
    runs: usize,
    /// Run in this network namespace
    #[arg(long)]
    netns: Option<String>,
    /// Wait so many milliseconds between two rounds
    #[arg(long, default_value_t = 0)]
    pause: u64,
    /// Time the first and the last of so many ARP frames on any interface too
    #[arg(long, default_value_t = 0)]
    frames: usize,
    /// Neighbour advertisements instead of ARP frames
    #[arg(long)]
    ipv6: bool,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
    /// NAME=COMMAND, split at blanks outside of single quotes; the first is what the others are compared with
    #[arg(required = true)]
    commands: Vec<String>,
}

/// Runs before those that count.
const WARM_UP: usize = 10;

/// The protocols in network order.
const ARP: i32 = 0x0608;
const IPV6: i32 = 0xdd86u16 as i32;

/// Frames as they arrive, with the kernel's stamps.
struct Ear {
    socket: Socket,
    ipv6: bool,
    count: usize,
}

impl Ear {
    fn new(ipv6: bool, count: usize) -> Ear {
        let protocol = Protocol::from(if ipv6 { IPV6 } else { ARP });
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol)).expect("a packet socket");
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let _ = socket.set_recv_buffer_size(4 << 20);
        setsockopt(&socket, ReceiveTimestampns, &true).unwrap();
        Ear { socket, ipv6, count }
    }

    /// When the next frame that counts arrived, in wall time; none when none
    /// comes in its time.
    fn next(&self) -> Option<Duration> {
        loop {
            let mut frame = [0; 256];
            let mut space = cmsg_space!(TimeSpec);
            let mut buffers = [IoSliceMut::new(&mut frame)];
            let got = recvmsg::<()>(self.socket.as_raw_fd(), &mut buffers, Some(&mut space), MsgFlags::empty()).ok()?;
            let stamp = got.cmsgs().unwrap().find_map(|message| match message {
                ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
                _ => None,
            });
            if !self.ipv6 || frame[54] == 136 {
                return stamp;
            }
        }
    }

    /// Takes what is left over from a run.
    fn empty(&self) {
        self.socket.set_nonblocking(true).unwrap();
        while self.next().is_some() {}
        self.socket.set_nonblocking(false).unwrap();
    }
}

struct Series {
    name: String,
    words: Vec<String>,
    exits: Vec<Duration>,
    firsts: Vec<Duration>,
    lasts: Vec<Duration>,
    failures: usize,
}

impl Series {
    fn new(text: &str) -> Series {
        let (name, command) = text.split_once('=').expect("NAME=COMMAND");
        let words = split(command);
        let (exits, firsts, lasts) = (Vec::new(), Vec::new(), Vec::new());
        Series { name: name.to_owned(), words, exits, firsts, lasts, failures: 0 }
    }

    fn forget(&mut self) {
        (self.exits, self.firsts, self.lasts, self.failures) = (Vec::new(), Vec::new(), Vec::new(), 0);
    }

    fn run(&mut self, ear: Option<&Ear>) {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (wall, begin) = (SystemTime::now().duration_since(UNIX_EPOCH).unwrap(), Instant::now());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.words[0]));
        let status = child.wait().expect("the end of the command");
        self.exits.push(begin.elapsed());
        self.failures += usize::from(!status.success());
        if let Some(ear) = ear {
            let stamps: Vec<Duration> = (0..ear.count).map(|_| ear.next().expect("a frame within its time")).collect();
            self.firsts.push(stamps[0].saturating_sub(wall));
            self.lasts.push(stamps[stamps.len() - 1].saturating_sub(wall));
            ear.empty();
        }
    }
}

/// Splits at blanks, but not between single quotes.
fn split(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_ascii_whitespace().map(str::to_owned));
        }
    }
    words
}

/// The part of a sorted series below which `percent` of it are.
fn quantile(series: &mut [Duration], percent: usize) -> f64 {
    series.sort_unstable();
    series[(series.len() - 1) * percent / 100].as_secs_f64() * 1_000.0
}

fn main() {
    let args = Args::parse();
    if let Some(name) = &args.netns {
        let namespace = std::fs::File::open(format!("/run/netns/{name}")).expect("the namespace");
        setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).expect("entering the namespace");
    }
    let ear = (args.frames > 0).then(|| Ear::new(args.ipv6, args.frames));
    let mut all: Vec<Series> = args.commands.iter().map(|text| Series::new(text)).collect();
    for run in 0..WARM_UP + args.runs {
        std::thread::sleep(Duration::from_millis(args.pause));
        for series in &mut all {
            if run == WARM_UP {
                series.forget();
            }
            series.run(ear.as_ref());
        }
    }
    let width = all.iter().map(|series| series.name.len()).max().unwrap_or(0);
    let frame = if args.frames > 0 { "  first frame  last frame" } else { "" };
    println!("{:width$}  runs  median ms     min     p95    ratio{frame}", "exec to exit");
    let first = quantile(&mut all[0].exits, 50);
    for series in &mut all {
        let [min, median, p95] = [0, 50, 95].map(|percent| quantile(&mut series.exits, percent));
        let runs = series.exits.len();
        print!("{:width$}  {runs:4}  {median:9.2}  {min:6.2}  {p95:6.2}  {:6.2}x", series.name, median / first);
        if args.frames > 0 {
            print!("  {:8.2} ms  {:7.2} ms", quantile(&mut series.firsts, 50), quantile(&mut series.lasts, 50));
        }
        println!(
            "{}",
            if series.failures > 0 { format!("  (status not 0: {})", series.failures) } else { String::new() }
        );
    }
}

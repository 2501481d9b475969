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

use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use nix::sched::{CloneFlags, setns};
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
    /// Time the first ARP frame on any interface too
    #[arg(long)]
    frame: bool,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
    /// NAME=COMMAND, split at blanks outside of single quotes; the first is what the others are compared with
    #[arg(required = true)]
    commands: Vec<String>,
}

/// Runs before those that count.
const WARM_UP: usize = 10;

/// ETH_P_ARP in network order.
const ARP: i32 = 0x0608;

struct Series {
    name: String,
    words: Vec<String>,
    exits: Vec<Duration>,
    frames: Vec<Duration>,
    failures: usize,
}

impl Series {
    fn new(text: &str) -> Series {
        let (name, command) = text.split_once('=').expect("NAME=COMMAND");
        let words = split(command);
        Series { name: name.to_owned(), words, exits: Vec::new(), frames: Vec::new(), failures: 0 }
    }

    fn run(&mut self, frames: Option<&Socket>) {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.words[0]));
        if let Some(mut socket) = frames {
            let mut frame = [0; 256];
            let _ = socket.read(&mut frame).expect("a frame within its time");
            self.frames.push(begin.elapsed());
        }
        let status = child.wait().expect("the end of the command");
        self.exits.push(begin.elapsed());
        self.failures += usize::from(!status.success());
        if let Some(mut socket) = frames {
            socket.set_nonblocking(true).unwrap();
            while socket.read(&mut [0; 256]).is_ok() {}
            socket.set_nonblocking(false).unwrap();
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
    let socket = args.frame.then(|| {
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(ARP))).expect("a packet socket");
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        socket
    });
    let mut all: Vec<Series> = args.commands.iter().map(|text| Series::new(text)).collect();
    for run in 0..WARM_UP + args.runs {
        std::thread::sleep(Duration::from_millis(args.pause));
        for series in &mut all {
            if run == WARM_UP {
                (series.exits, series.frames, series.failures) = (Vec::new(), Vec::new(), 0);
            }
            series.run(socket.as_ref());
        }
    }
    let width = all.iter().map(|series| series.name.len()).max().unwrap_or(0);
    let frame = if args.frame { "  first frame" } else { "" };
    println!("{:width$}  runs  median ms     min     p95    ratio{frame}", "exec to exit");
    let first = quantile(&mut all[0].exits, 50);
    for series in &mut all {
        let [min, median, p95] = [0, 50, 95].map(|percent| quantile(&mut series.exits, percent));
        let runs = series.exits.len();
        print!("{:width$}  {runs:4}  {median:9.2}  {min:6.2}  {p95:6.2}  {:6.2}x", series.name, median / first);
        if args.frame {
            print!("  {:8.2} ms", quantile(&mut series.frames, 50));
        }
        println!(
            "{}",
            if series.failures > 0 { format!("  (status not 0: {})", series.failures) } else { String::new() }
        );
    }
}

//! Listens to several senders at once, each on its own port, and says how far
//! the spans between their datagrams are from the wanted one: by the kernel's
//! stamps of arrival, all in the same time on the same machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time and reports to people"
)]

use std::fs::File;
use std::io::{IoSliceMut, Read as _};
use std::net::UdpSocket;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use clap::Parser;
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, killpg};
use nix::sys::socket::sockopt::{ReceiveTimeout, ReceiveTimestampns};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use nix::sys::time::TimeVal;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};
use nix::unistd::Pid;
use socket2::{Domain, Protocol, Socket, Type};

/// Measure the periods of senders
#[derive(Parser)]
struct Args {
    /// The namespace to send from
    #[arg(long)]
    from: Option<String>,
    /// The namespace to listen in
    #[arg(long)]
    at: Option<String>,
    /// The wanted period in milliseconds
    #[arg(long, default_value_t = 100)]
    period: u64,
    /// Beats of each sender
    #[arg(long, default_value_t = 200)]
    beats: usize,
    /// Be the floor: send to this address at the period
    #[arg(long)]
    floor: Option<String>,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
    /// PORT=NAME=COMMAND for sh, or vrrp=NAME=COMMAND; @ is this program
    commands: Vec<String>,
}

/// Beats before those that count.
const WARM_UP: usize = 5;

fn main() {
    let args = Args::parse();
    if let Some(to) = &args.floor {
        return floor(to, args.period);
    }
    let words: Vec<Vec<&str>> = args.commands.iter().map(|text| text.splitn(3, '=').collect()).collect();
    let sockets: Vec<OwnedFd> = words.iter().map(|words| inside(args.at.as_deref(), || open(words[0]))).collect();
    let children: Vec<_> = words.iter().map(|words| inside(args.from.as_deref(), || start(words[2]))).collect();
    let all: Vec<Vec<i64>> = thread::scope(|scope| {
        let threads: Vec<_> = sockets.iter().map(|socket| scope.spawn(|| stamps(socket, args.beats))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for mut child in children {
        let _ = killpg(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM);
        let _ = child.wait();
    }
    println!("period of {} ms   beats  mean error ms  sigma ms   worst ms", args.period);
    for (words, stamps) in words.iter().zip(&all) {
        let wanted = args.period as f64;
        let errors: Vec<f64> = stamps.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e6 - wanted).collect();
        let mean = errors.iter().sum::<f64>() / errors.len().max(1) as f64;
        let variance = errors.iter().map(|error| (error - mean).powi(2)).sum::<f64>() / errors.len().max(1) as f64;
        let worst = errors.iter().map(|error| error.abs()).fold(0.0, f64::max);
        println!("{:16}  {:6}  {mean:13.4}  {:8.4}  {worst:9.3}", words[1], errors.len(), variance.sqrt());
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

fn open(port: &str) -> OwnedFd {
    let socket: OwnedFd = match port {
        "vrrp" => Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(112))).unwrap().into(),
        port => UdpSocket::bind(("0.0.0.0", port.parse().unwrap())).unwrap().into(),
    };
    setsockopt(&socket, ReceiveTimestampns, &true).unwrap();
    setsockopt(&socket, ReceiveTimeout, &TimeVal::new(10, 0)).unwrap();
    socket
}

fn start(script: &str) -> std::process::Child {
    let mut command = Command::new("sh");
    let script = script.replace('@', &std::env::current_exe().unwrap().display().to_string());
    command.args(["-c", &script]).process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// When datagrams came, in nanoseconds. One that does not come ends it.
fn stamps(socket: &OwnedFd, beats: usize) -> Vec<i64> {
    let mut stamps = Vec::new();
    let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
    let mut bytes = [0; 2_048];
    for beat in 0..=beats + WARM_UP {
        let mut room = [IoSliceMut::new(&mut bytes)];
        let received = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut room, Some(&mut control), MsgFlags::empty());
        let Ok(message) = received else { break };
        for control in message.cmsgs().unwrap() {
            if let (ControlMessageOwned::ScmTimestampns(stamp), true) = (control, beat >= WARM_UP) {
                stamps.push(stamp.tv_sec() * 1_000_000_000 + stamp.tv_nsec());
            }
        }
    }
    stamps
}

/// The least that a sender does: a timer at absolute points, and a datagram.
fn floor(to: &str, period: u64) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect(to).unwrap();
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::empty()).unwrap();
    let each = Duration::from_millis(period).into();
    timer.set(Expiration::Interval(each), TimerSetTimeFlags::empty()).unwrap();
    let mut timer = File::from(OwnedFd::from(timer));
    loop {
        timer.read_exact(&mut [0; 8]).unwrap();
        let _ = socket.send(&[b'x'; 300]);
    }
}

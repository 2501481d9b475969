//! relay: a cable that a test can make bad. Takes every frame that comes to one of
//! two interfaces, and sends it out of the other one: not, late, or twice, as it
//! was told. A part of the tests, not a tool.
//!
//! A cable is two interfaces, `NAME=A:B`. Lines of standard input change it, for
//! frames that come from now on:
//!
//! ```text
//! NAME loss PERCENT         so many are lost
//! NAME twice PERCENT        so many come twice
//! NAME delay MILLISECONDS   all come so late, and up to as much later by chance
//! NAME cut none|ab|ba|both  nothing passes in this direction
//! ```
//! A seed decides which frames these are. It ends with its input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a part of the tests")]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use clap::Parser;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

#[path = "../sim/random.rs"]
#[allow(dead_code, reason = "the simulation needs more of it")]
mod random;
use random::Random;

/// Pass frames on between pairs of interfaces, badly
#[derive(Parser)]
struct Args {
    /// What decides the fate of frames
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// NAME=A:B
    #[arg(required = true)]
    cables: Vec<String>,
}

/// ETH_P_ALL (linux/if_ether.h), in the byte order of the network.
const EVERY_FRAME: i32 = (libc::ETH_P_ALL as u16).to_be() as i32;
/// More than any frame with what stands before it.
const FRAME: usize = 70_000;

/// One end of a cable.
struct End {
    cable: usize,
    other: usize,
    /// Which direction frames that come in here take: 0 from a to b.
    direction: usize,
    socket: Socket,
}

#[derive(Default)]
struct Cable {
    loss: u64,
    twice: u64,
    delay: u64,
    cut: [bool; 2],
}

/// A packet socket on an interface, without what it sends itself. Each frame stands
/// behind a header (PACKET_VNET_HDR) that tells of checksums that the sender left to
/// the hardware, so that they stay as they are.
fn open(interface: &str) -> Socket {
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(EVERY_FRAME))).unwrap();
    let index = nix::net::if_::if_nametoindex(interface).expect(interface);
    for option in [libc::PACKET_IGNORE_OUTGOING, libc::PACKET_VNET_HDR] {
        nix_set(&socket, option);
    }
    socket.bind(&address(index)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.set_recv_buffer_size(4 << 20).unwrap();
    socket
}

#[allow(unsafe_code, reason = "neither nix nor socket2 knows these options of packet sockets")]
fn nix_set(socket: &Socket, option: libc::c_int) {
    use std::os::fd::AsRawFd as _;
    let on: libc::c_int = 1;
    // SAFETY: the option takes an int, which outlives the call.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    assert_eq!(done, 0, "{}", io::Error::last_os_error());
}

#[allow(unsafe_code, reason = "socket2 has no address of this family")]
fn address(index: u32) -> SockAddr {
    // SAFETY: the storage is zeroed and large enough for sockaddr_ll.
    let ((), address) = unsafe {
        SockAddr::try_init(|storage, length| {
            let link = storage.cast::<libc::sockaddr_ll>();
            (*link).sll_family = libc::AF_PACKET as u16;
            (*link).sll_protocol = EVERY_FRAME as u16;
            (*link).sll_ifindex = index as i32;
            *length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
            Ok(())
        })
        .unwrap()
    };
    address
}

/// A frame on its way: when it is due, which one it is, out of which end.
type Waiting = Reverse<(Instant, u64, usize, Vec<u8>)>;

struct Relay {
    names: HashMap<String, usize>,
    cables: Vec<Cable>,
    ends: Vec<End>,
    random: Random,
    waiting: BinaryHeap<Waiting>,
    count: u64,
}

impl Relay {
    fn new(args: &Args) -> Relay {
        let random = Random::keyed(args.seed, [1, 2, 3]);
        let mut relay = Relay {
            names: HashMap::new(),
            cables: Vec::new(),
            ends: Vec::new(),
            random,
            waiting: BinaryHeap::new(),
            count: 0,
        };
        for text in &args.cables {
            let (name, ends) = text.split_once('=').expect("NAME=A:B");
            let (a, b) = ends.split_once(':').expect("NAME=A:B");
            let (cable, first) = (relay.cables.len(), relay.ends.len());
            relay.names.insert(name.to_owned(), cable);
            relay.cables.push(Cable::default());
            relay.ends.push(End { cable, other: first + 1, direction: 0, socket: open(a) });
            relay.ends.push(End { cable, other: first, direction: 1, socket: open(b) });
        }
        relay
    }

    /// A line of standard input.
    fn told(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, what, how] = words[..] else { panic!("not understood: {line}") };
        let cable = &mut self.cables[*self.names.get(name).expect(line)];
        match what {
            "loss" => cable.loss = how.parse().expect(line),
            "twice" => cable.twice = how.parse().expect(line),
            "delay" => cable.delay = how.parse().expect(line),
            "cut" => cable.cut = [how == "ab" || how == "both", how == "ba" || how == "both"],
            _ => panic!("not understood: {line}"),
        }
    }

    /// Reads what has come to one end, and decides what becomes of each frame.
    fn read(&mut self, at: usize) {
        let mut buffer = vec![0; FRAME];
        while let Ok(size) = (&self.ends[at].socket).read(&mut buffer) {
            let End { cable, other, direction, .. } = self.ends[at];
            let state = &self.cables[cable];
            if state.cut[direction] || self.random.chance(state.loss * 10) {
                continue;
            }
            let copies = if self.random.chance(state.twice * 10) { 2 } else { 1 };
            for _ in 0..copies {
                let late = state.delay * 1000 + self.random.below(state.delay * 1000 + 1);
                self.count += 1;
                let due = Instant::now() + Duration::from_micros(late);
                self.waiting.push(Reverse((due, self.count, other, buffer[..size].to_vec())));
            }
        }
    }

    /// Sends what is due; how long nothing more will be.
    fn send(&mut self) -> Option<Duration> {
        loop {
            let Reverse((due, ..)) = self.waiting.peek()?;
            let left = due.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return Some(left);
            }
            let Reverse((_, _, end, frame)) = self.waiting.pop()?;
            // An end that is down takes nothing: the frame is lost, as on a real cable.
            let _ = self.ends[end].socket.send(&frame);
        }
    }
}

fn main() {
    let args = Args::parse();
    let mut relay = Relay::new(&args);
    let mut input = io::stdin();
    let mut text = String::new();
    loop {
        let wait = relay.send().map_or(PollTimeout::NONE, |left| {
            PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
        });
        let ready: Vec<bool> = {
            let mut fds = vec![PollFd::new(input.as_fd(), PollFlags::POLLIN)];
            fds.extend(relay.ends.iter().map(|end| PollFd::new(end.socket.as_fd(), PollFlags::POLLIN)));
            let _ = poll(&mut fds, wait);
            fds.iter().map(|fd| fd.any().unwrap_or(false)).collect()
        };
        for (at, _) in ready[1..].iter().enumerate().filter(|(_, ready)| **ready) {
            relay.read(at);
        }
        if ready[0] {
            let mut bytes = [0; 4096];
            let size = input.read(&mut bytes).unwrap();
            if size == 0 {
                return;
            }
            text.push_str(&String::from_utf8_lossy(&bytes[..size]));
            while let Some((line, rest)) = text.split_once('\n').map(|(line, rest)| (line.to_owned(), rest.to_owned()))
            {
                relay.told(&line);
                text = rest;
            }
        }
    }
}

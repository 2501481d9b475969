//! A host that answers echo requests as a test wants it to: late, twice, forged,
//! with errors. It reads and writes frames on one interface of a namespace, so
//! that the kernel there has no say; and it needs none of its addresses.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hbkit::rawsock::FrameSocket;
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};

/// ETH_P_ALL in network order.
const EVERYTHING: i32 = 0x0300;
/// The header of Ethernet.
const ETHERNET: usize = 14;

/// One echo request, as a frame.
#[derive(Clone, Debug)]
pub struct Request {
    frame: Vec<u8>,
    /// Whom it asks.
    pub to: IpAddr,
    /// Where ICMP begins.
    icmp: usize,
}

impl Request {
    /// The request that a frame is, if it is one.
    pub fn read(frame: &[u8]) -> Option<Request> {
        let packet = frame.get(ETHERNET..)?;
        let (to, header, kind) = match frame[12..14] {
            [8, 0] if packet.get(9) == Some(&1) => {
                let to: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
                (IpAddr::from(Ipv4Addr::from(to)), usize::from(packet[0] & 15) * 4, 8)
            }
            [0x86, 0xdd] if packet.get(6) == Some(&58) => {
                let to: [u8; 16] = packet.get(24..40)?.try_into().ok()?;
                (IpAddr::from(Ipv6Addr::from(to)), 40, 128)
            }
            _ => return None,
        };
        let icmp = ETHERNET + header;
        (*frame.get(icmp)? == kind).then(|| Request { frame: frame.to_vec(), to, icmp })
    }

    /// The last byte of the address that it asks.
    pub fn last(&self) -> u8 {
        match self.to {
            IpAddr::V4(to) => to.octets()[3],
            IpAddr::V6(to) => to.octets()[15],
        }
    }

    /// The right answer, as a frame.
    pub fn answer(&self) -> Vec<u8> {
        self.answer_with(|_| {})
    }

    /// An answer whose ICMP message was changed.
    pub fn answer_with(&self, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut message = self.frame[self.icmp..].to_vec();
        message[0] = if self.to.is_ipv4() { 0 } else { 129 };
        change(&mut message);
        self.back(self.to, message)
    }

    /// The right answer from another address.
    pub fn answer_from(&self, from: IpAddr) -> Vec<u8> {
        let mut message = self.frame[self.icmp..].to_vec();
        message[0] = if self.to.is_ipv4() { 0 } else { 129 };
        self.back(from, message)
    }

    /// An error that quotes the request, changed, behind its IP header.
    pub fn error(&self, from: IpAddr, kind: u8, code: u8, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut quoted = self.frame[self.icmp..].to_vec();
        change(&mut quoted);
        let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
        message.extend_from_slice(&self.frame[ETHERNET..self.icmp]);
        message.extend(quoted);
        self.back(from, message)
    }

    /// A message to who asked, its sums made right.
    fn back(&self, from: IpAddr, mut message: Vec<u8>) -> Vec<u8> {
        let mut frame = Vec::with_capacity(ETHERNET + 40 + message.len());
        frame.extend_from_slice(&self.frame[6..12]);
        frame.extend_from_slice(&self.frame[..6]);
        frame.extend_from_slice(&self.frame[12..14]);
        message[2..4].fill(0);
        let length = u16::try_from(message.len()).expect("a short message");
        match from {
            IpAddr::V4(from) => {
                let source = &self.frame[ETHERNET + 12..ETHERNET + 16];
                let mut header = vec![0x45, 0, 0, 0, 0, 1, 0, 0, 64, 1, 0, 0];
                header[2..4].copy_from_slice(&(length + 20).to_be_bytes());
                header.extend(from.octets());
                header.extend_from_slice(source);
                let sum = checksum(&[&header]);
                header[10..12].copy_from_slice(&sum.to_be_bytes());
                let sum = checksum(&[&message]);
                message[2..4].copy_from_slice(&sum.to_be_bytes());
                frame.extend(header);
            }
            IpAddr::V6(from) => {
                let source = &self.frame[ETHERNET + 8..ETHERNET + 24];
                let mut header = vec![0x60, 0, 0, 0, 0, 0, 58, 64];
                header[4..6].copy_from_slice(&length.to_be_bytes());
                header.extend(from.octets());
                header.extend_from_slice(source);
                let protocol = [0, 0, header[4], header[5], 0, 0, 0, 58];
                let sum = checksum(&[&header[8..], &protocol, &message]);
                message[2..4].copy_from_slice(&sum.to_be_bytes());
                frame.extend(header);
            }
        }
        frame.extend(message);
        frame
    }
}

/// Who answers an echo request, where a frame is an answer.
#[allow(dead_code, reason = "the benchmark uses it")]
pub fn reply(frame: &[u8]) -> Option<IpAddr> {
    let packet = frame.get(ETHERNET..)?;
    match frame[12..14] {
        [8, 0] if packet.get(9) == Some(&1) && packet.get(usize::from(packet[0] & 15) * 4) == Some(&0) => {
            let from: [u8; 4] = packet.get(12..16)?.try_into().ok()?;
            Some(Ipv4Addr::from(from).into())
        }
        [0x86, 0xdd] if packet.get(6) == Some(&58) && packet.get(40) == Some(&129) => {
            let from: [u8; 16] = packet.get(8..24)?.try_into().ok()?;
            Some(Ipv6Addr::from(from).into())
        }
        _ => None,
    }
}

/// The internet checksum (RFC 1071) over parts, each of which but the last is
/// of even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum: u32 = words.map(|word| u32::from(word[0]) << 8 | u32::from(word.get(1).copied().unwrap_or(0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// Frames to send, each after some time.
pub type Answers = Vec<(Duration, Vec<u8>)>;

/// Answers as long as it is there.
pub struct Answerer {
    ended: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Answerer {
    /// Begins to answer on an interface of a namespace.
    pub fn start(
        namespace: &str,
        interface: &str,
        mut answer: impl FnMut(&Request) -> Answers + Send + 'static,
    ) -> Answerer {
        let (ended, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (path, interface) = (format!("/run/netns/{namespace}"), interface.to_owned());
        let (until, count) = (ended.clone(), sent.clone());
        let (ready, begun) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let namespace = std::fs::File::open(&path).expect("the namespace");
            setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).expect("entering the namespace");
            let index = if_nametoindex(interface.as_str()).expect("an interface");
            let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(EVERYTHING))).expect("a socket");
            setsockopt(&socket, RcvBufForce, &(64 << 20)).expect("a large buffer");
            socket.set_nonblocking(true).expect("a socket that does not wait");
            let out = FrameSocket::open().expect("a socket to send on");
            ready.send(()).expect("somebody who waits");
            serve(
                &socket,
                |frame| {
                    let _ = out.send(index, frame);
                    count.fetch_add(1, Ordering::Relaxed);
                },
                &until,
                &mut answer,
            );
        });
        begun.recv().expect("a thread that has begun");
        Answerer { ended, sent, thread: Some(thread) }
    }

    /// How many frames have left.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(socket: &Socket, send: impl Fn(&[u8]), ended: &AtomicBool, answer: &mut impl FnMut(&Request) -> Answers) {
    let mut due: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>> = BinaryHeap::new();
    let (mut count, mut buffer) = (0, vec![0; 66_000]);
    while !ended.load(Ordering::Relaxed) {
        // A few at a time: what is due must not wait for a flood.
        for _ in 0..16 {
            let length = match io::Read::read(&mut &*socket, &mut buffer) {
                Ok(length) => length,
                Err(_) => break,
            };
            let Some(request) = Request::read(&buffer[..length]) else { continue };
            let now = Instant::now();
            for (after, frame) in answer(&request) {
                count += 1;
                due.push(Reverse((now + after, count, frame)));
            }
        }
        while due.peek().is_some_and(|first| first.0.0 <= Instant::now()) {
            let Some(Reverse((_, _, frame))) = due.pop() else { break };
            send(&frame);
        }
        let longest = Duration::from_millis(50);
        let wait = due.peek().map_or(longest, |first| first.0.0.saturating_duration_since(Instant::now()).min(longest));
        let _ = ppoll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)], Some(TimeSpec::from_duration(wait)), None);
    }
}

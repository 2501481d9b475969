//! What arrives on the wires of a host, as whole frames.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::thread;
use std::time::{Duration, Instant};

use hbkit::arp::Arp;
use hbkit::ndisc::{Advertisement, FRAME};
use hbkit::sighting::Sighting;
use nix::sched::{CloneFlags, setns};
use socket2::{Domain, Protocol, Socket, Type};

use crate::lab::{Host, PATIENCE};

/// ETH_P_ALL in network order.
const EVERYTHING: i32 = 0x0300;

/// The frames on all interfaces of a host, from the moment it is made.
pub struct Capture(Socket);

impl Capture {
    pub fn on(host: &Host) -> Capture {
        let path = format!("/run/netns/{}", host.namespace);
        // A thread of its own enters the namespace, opens the socket there and
        // ends; the socket stays where it was opened.
        let opened = thread::spawn(move || {
            let namespace = std::fs::File::open(&path).expect("the namespace");
            setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).expect("entering the namespace");
            Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(EVERYTHING))).expect("a packet socket")
        });
        Capture(opened.join().expect("a socket in the namespace"))
    }

    /// The next frame out of which `read` makes something, if one comes in
    /// time.
    fn next<T>(&self, patience: Duration, read: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.0.set_read_timeout(Some(left)).expect("a time limit");
            let mut buffer = [0; 2048];
            match std::io::Read::read(&mut &self.0, &mut buffer) {
                Ok(length) => {
                    if let Some(found) = read(&buffer[..length]) {
                        return Some(found);
                    }
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => panic!("capture: {error}"),
            }
        }
    }

    /// The next datagram over IPv4 to a UDP port.
    pub fn datagram(&self, port: u16) -> Vec<u8> {
        let read = |frame: &[u8]| {
            let packet = frame.get(14..).filter(|packet| frame[12..14] == [8, 0] && packet.get(9) == Some(&17))?;
            let datagram = packet.get(usize::from(packet[0] & 15) * 4..)?;
            (datagram.get(2..4)? == port.to_be_bytes()).then(|| datagram[8..].to_vec())
        };
        self.next(PATIENCE, read).unwrap_or_else(|| panic!("no datagram to port {port}"))
    }

    /// The next announcement of an IPv4 address.
    pub fn arp(&self, address: &str) -> Arp {
        self.arp_within(PATIENCE, address).unwrap_or_else(|| panic!("no ARP of {address}"))
    }

    /// The next announcement of an IPv4 address, if one comes in time.
    pub fn arp_within(&self, patience: Duration, address: &str) -> Option<Arp> {
        let address: std::net::Ipv4Addr = address.parse().expect("an address");
        self.next(patience, |frame| Arp::parse(frame).ok().filter(|arp| arp.sender == address && arp.target == address))
    }

    /// The next ARP packet from an IPv4 address to anybody, if one comes in time.
    pub fn arp_from_within(&self, patience: Duration, address: &str) -> Option<Arp> {
        let address: std::net::Ipv4Addr = address.parse().expect("an address");
        self.next(patience, |frame| Arp::parse(frame).ok().filter(|arp| arp.sender == address))
    }

    /// The next frame that claims an address of either family.
    pub fn claim(&self, address: &str) -> Sighting {
        let address: IpAddr = address.parse().expect("an address");
        let read = |frame: &[u8]| Sighting::read(frame).filter(|seen| seen.address == address);
        self.next(PATIENCE, read).unwrap_or_else(|| panic!("nobody claims {address}"))
    }

    /// The addresses that were claimed before `last` is.
    pub fn claims_before(&self, last: &str) -> Vec<IpAddr> {
        let last: IpAddr = last.parse().expect("an address");
        let next = || self.next(PATIENCE, Sighting::read).unwrap_or_else(|| panic!("nobody claims {last}")).address;
        std::iter::repeat_with(next).take_while(|address| *address != last).collect()
    }

    /// The next frame of `length` bytes that begins with these hexadecimal digits,
    /// in such digits.
    pub fn frame_of(&self, begin: &str, length: usize) -> String {
        let read = |frame: &[u8]| {
            let digits: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
            (frame.len() == length && digits.starts_with(begin)).then_some(digits)
        };
        self.next(PATIENCE, read).unwrap_or_else(|| panic!("no frame of {length} bytes begins with {begin}"))
    }

    /// The next frame of a protocol that is `length` bytes long, as it is.
    pub fn frame(&self, protocol: u16, length: usize) -> Vec<u8> {
        let read =
            |frame: &[u8]| (frame.len() == length && frame[12..14] == protocol.to_be_bytes()).then(|| frame.to_vec());
        self.next(PATIENCE, read).unwrap_or_else(|| panic!("no frame of {protocol:#06x} with {length} bytes"))
    }

    /// The next announcement of an IPv6 address by a frame of hbkit's: the
    /// kernel's own have another length.
    pub fn advertisement(&self, address: &str) -> Advertisement {
        self.advertisement_within(PATIENCE, address).unwrap_or_else(|| panic!("no advertisement of {address}"))
    }

    /// The next announcement of an IPv6 address, if one comes in time.
    pub fn advertisement_within(&self, patience: Duration, address: &str) -> Option<Advertisement> {
        let target: std::net::Ipv6Addr = address.parse().expect("an address");
        self.next(patience, |frame| {
            // The type of the message, and the flags of an advertisement.
            let (kind, flags) = (frame.get(54)?, frame.get(58)?);
            let seen =
                Sighting::read(frame).filter(|seen| frame.len() == FRAME && *kind == 136 && seen.address == target);
            seen.map(|seen| Advertisement { target, mac: seen.mac, router: flags & 0x80 != 0 })
        })
    }
}

//! A socket for echo requests: a ping socket, which needs no privilege where
//! net.ipv4.ping_group_range allows it, or a raw one, which needs CAP_NET_RAW.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr, RcvBufForce, ReceiveTimestampns, SndBufForce};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, getsockopt, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use nix::{cmsg_space, getsockopt_impl, libc, setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, Socket, Type};

use crate::edge;
use crate::icmp::{self, Echo, Family, Heard};
use crate::time::Time;

mod filter;

use filter::filter;

/// Room for the answers of some thousand targets that answer at once, and for
/// requests to as many whose link-layer address is not known yet. A process
/// without CAP_NET_ADMIN gets what net.core.rmem_max and wmem_max allow.
const ROOM: usize = 4 << 20;

/// Why there is no socket.
#[derive(Debug)]
pub enum PingSocketError {
    /// Neither kind of socket is allowed.
    Permission(io::Error),
    /// No socket of this family can be made or set up.
    Socket(Family, io::Error),
    /// It cannot be bound to the interface.
    Interface(String, io::Error),
    /// It cannot be bound to the source address.
    Source(IpAddr, io::Error),
}

impl fmt::Display for PingSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PingSocketError::Permission(error) => {
                write!(f, "socket: {error}: it needs CAP_NET_RAW, or a group in net.ipv4.ping_group_range")
            }
            PingSocketError::Socket(Family::V4, error) => write!(f, "socket for ICMP: {error}"),
            PingSocketError::Socket(Family::V6, error) => write!(f, "socket for ICMPv6: {error}"),
            PingSocketError::Interface(name, error) => write!(f, "interface {name}: {error}"),
            PingSocketError::Source(address, error) => write!(f, "source {address}: {error}"),
        }
    }
}

impl std::error::Error for PingSocketError {}

/// What came in.
#[derive(Debug)]
pub struct Arrival {
    /// From whom: the target, or who sent the error.
    pub from: IpAddr,
    /// What it says.
    pub heard: Heard,
    /// When the kernel took it in.
    pub at: Time,
}

/// How requests are sent.
#[derive(Clone, Debug, Default)]
pub struct Sending {
    /// By this interface only.
    pub interface: Option<String>,
    /// From this address.
    pub source: Option<IpAddr>,
    /// Bytes behind the header of ICMP; fewer than are needed mean these.
    pub size: usize,
    /// Hops that it may take.
    pub ttl: Option<u8>,
    /// The byte of its service: the code point (RFC 2474) and two bits.
    pub service: Option<u8>,
    /// Never in fragments: what is too big for its path is not sent.
    pub whole: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ping,
    Raw,
}

sockopt_impl!(
    /// Whether requests may leave in fragments, IPv4.
    PathMtu4, SetOnly, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, i32
);
sockopt_impl!(
    /// The same for IPv6.
    PathMtu6, SetOnly, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, i32
);
sockopt_impl!(
    /// What the kernel counts of a socket (socket(7), sock_diag(7)).
    Counts, GetOnly, libc::SOL_SOCKET, libc::SO_MEMINFO, [u32; 9]
);
/// The packets for which there was no room, among these (SK_MEMINFO_DROPS).
const DROPS: usize = 8;

/// One socket of one family, which never waits.
#[derive(Debug)]
pub struct PingSocket {
    socket: Socket,
    kind: Kind,
    family: Family,
    ident: u16,
    size: usize,
    buffer: Vec<u8>,
    control: Vec<u8>,
    /// Arrivals that were taken in while sending.
    early: Vec<Arrival>,
    /// Packets for which the kernel had no room, as it counts them.
    dropped: u32,
}

impl PingSocket {
    /// Opens a ping socket, or else a raw one that listens to `ident`.
    ///
    /// # Errors
    /// Neither is allowed, or the interface or source cannot be used.
    pub fn open(family: Family, ident: u16, how: &Sending) -> Result<PingSocket, PingSocketError> {
        let (socket, kind) = socket(family)?;
        if let Some(name) = &how.interface {
            socket
                .bind_device(Some(name.as_bytes()))
                .map_err(|error| PingSocketError::Interface(name.to_owned(), error))?;
        }
        let any = how.source.unwrap_or(match family {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        });
        socket.bind(&SocketAddr::new(any, 0).into()).map_err(|error| PingSocketError::Source(any, error))?;
        let mut opened = PingSocket {
            socket,
            kind,
            family,
            ident,
            size: how.size,
            // An answer may be longer than its request by an IP header.
            buffer: vec![0; 2048.max(how.size + 128)],
            control: control_space(),
            early: Vec::new(),
            dropped: 0,
        };
        opened.set_up().and_then(|()| opened.mark(how)).map_err(|error| PingSocketError::Socket(family, error))?;
        Ok(opened)
    }

    fn set_up(&mut self) -> io::Result<()> {
        self.socket.set_nonblocking(true)?;
        if setsockopt(&self.socket, RcvBufForce, &ROOM).is_err() {
            self.socket.set_recv_buffer_size(ROOM)?;
        }
        if setsockopt(&self.socket, SndBufForce, &ROOM).is_err() {
            self.socket.set_send_buffer_size(ROOM)?;
        }
        setsockopt(&self.socket, ReceiveTimestampns, &true)?;
        match (self.kind, self.family) {
            (Kind::Raw, Family::V4 | Family::V6) => self.socket.attach_filter(&filter(self.family, self.ident))?,
            // A ping socket sees errors about its own requests alone, here.
            (Kind::Ping, Family::V4) => setsockopt(&self.socket, Ipv4RecvErr, &true)?,
            (Kind::Ping, Family::V6) => setsockopt(&self.socket, Ipv6RecvErr, &true)?,
        }
        if self.kind == Kind::Ping {
            // The kernel writes its own identifier into every request.
            self.ident = self.socket.local_addr()?.as_socket().map_or(0, |address| address.port());
        }
        Ok(())
    }

    /// What the IP header of each request says.
    fn mark(&self, how: &Sending) -> io::Result<()> {
        let (ttl, class) = (how.ttl.map(u32::from), how.service.map(u32::from));
        match self.family {
            Family::V4 => {
                ttl.map_or(Ok(()), |ttl| self.socket.set_ttl_v4(ttl))?;
                class.map_or(Ok(()), |class| self.socket.set_tos_v4(class))?;
                if how.whole {
                    setsockopt(&self.socket, PathMtu4, &libc::IP_PMTUDISC_DO)?;
                }
            }
            Family::V6 => {
                ttl.map_or(Ok(()), |ttl| self.socket.set_unicast_hops_v6(ttl))?;
                class.map_or(Ok(()), |class| self.socket.set_tclass_v6(class))?;
                if how.whole {
                    setsockopt(&self.socket, PathMtu6, &libc::IPV6_PMTUDISC_DO)?;
                }
            }
        }
        Ok(())
    }

    /// The family of the targets.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The identifier of its echoes.
    pub fn ident(&self) -> u16 {
        self.ident
    }

    /// Whether the kernel had no room for packets since the last question. Asked
    /// for, since SO_RXQ_OVFL says it only with a packet that comes after those.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn has_dropped(&mut self) -> io::Result<bool> {
        let dropped = getsockopt(&self.socket, Counts)?[DROPS];
        Ok(std::mem::replace(&mut self.dropped, dropped) != dropped)
    }

    /// Sends one request.
    ///
    /// # Errors
    /// It did not leave.
    pub fn send(&mut self, to: IpAddr, echo: &Echo) -> io::Result<()> {
        let bytes = icmp::request(self.family, echo, self.size);
        let to = SocketAddr::new(to, 0).into();
        let sent = self.socket.send_to(&bytes, &to);
        // On a ping socket the error may be of an earlier request.
        if let (Err(_), Kind::Ping) = (&sent, self.kind) {
            let mut errors = 0;
            while let Some(arrival) = self.take(MsgFlags::MSG_ERRQUEUE)? {
                self.early.extend(arrival);
                errors += 1;
            }
            if errors > 0 {
                return self.socket.send_to(&bytes, &to).map(drop);
            }
        }
        sent.map(drop)
    }

    /// The next that waits; what is not about our requests is skipped.
    ///
    /// # Errors
    /// The socket cannot be read.
    pub fn receive(&mut self) -> io::Result<Option<Arrival>> {
        if let Some(arrival) = self.early.pop() {
            return Ok(Some(arrival));
        }
        for flags in [MsgFlags::MSG_ERRQUEUE, MsgFlags::empty()] {
            // A raw socket hears errors as messages.
            if self.kind == Kind::Raw && flags == MsgFlags::MSG_ERRQUEUE {
                continue;
            }
            while let Some(arrival) = self.take(flags)? {
                if arrival.is_some() {
                    return Ok(arrival);
                }
            }
        }
        Ok(None)
    }

    /// Takes one message; `Some(None)` is one that is not ours, `None` is none.
    fn take(&mut self, flags: MsgFlags) -> io::Result<Option<Option<Arrival>>> {
        let message = match self.read(flags | MsgFlags::MSG_DONTWAIT) {
            Ok(message) => message,
            Err(Errno::EAGAIN) => return Ok(None),
            // The note of an error whose whole story is in the error queue.
            Err(Errno::EINTR | Errno::EHOSTUNREACH | Errno::ENETUNREACH | Errno::ECONNREFUSED) => {
                return Ok(Some(None));
            }
            Err(Errno::EPROTO | Errno::EACCES | Errno::EMSGSIZE | Errno::EOPNOTSUPP | Errno::EHOSTDOWN) => {
                return Ok(Some(None));
            }
            Err(error) => return Err(error.into()),
        };
        let Some(from) = message.from else { return Ok(Some(None)) };
        let bytes = &self.buffer[..message.length];
        let heard = match (self.kind, self.family) {
            // The error queue gives the request back, and to whom it was sent.
            (Kind::Ping, Family::V4 | Family::V6) if flags.contains(MsgFlags::MSG_ERRQUEUE) => {
                message.error.and_then(|(kind, code, _)| icmp::refusal(from, bytes, kind, code))
            }
            (Kind::Raw, Family::V4) => icmp::hear_with_header(bytes),
            (Kind::Ping, Family::V4) | (Kind::Ping | Kind::Raw, Family::V6) => icmp::hear(self.family, bytes),
        };
        let ident = |heard: &Heard| match heard {
            Heard::Answer(echo) => echo.ident,
            Heard::Refusal(refusal) => refusal.ident,
        };
        let ours = heard.filter(|heard| ident(heard) == self.ident);
        let from = message.error.and_then(|(_, _, by)| by).unwrap_or(from);
        Ok(Some(ours.map(|heard| Arrival { from, heard, at: message.at })))
    }

    fn read(&mut self, flags: MsgFlags) -> nix::Result<Message> {
        let mut parts = [IoSliceMut::new(&mut self.buffer)];
        let socket = self.socket.as_raw_fd();
        let received = recvmsg::<SockaddrStorage>(socket, &mut parts, Some(&mut self.control), flags)?;
        let from = received.address.as_ref().and_then(ip);
        let mut message = Message { from, length: received.bytes, at: edge::now(), error: None };
        for control in received.cmsgs()? {
            match control {
                ControlMessageOwned::ScmTimestampns(stamp) => message.at = boot_time(stamp).min(message.at),
                ControlMessageOwned::Ipv4RecvErr(error, by) => {
                    let by = by.map(|by| Ipv4Addr::from_bits(u32::from_be(by.sin_addr.s_addr)).into());
                    message.error = Some((error.ee_type, error.ee_code, by));
                }
                ControlMessageOwned::Ipv6RecvErr(error, by) => {
                    let by = by.map(|by| Ipv6Addr::from(by.sin6_addr.s6_addr).into());
                    message.error = Some((error.ee_type, error.ee_code, by));
                }
                _ => {}
            }
        }
        Ok(message)
    }
}

/// What one read gave; its bytes are in the buffer.
struct Message {
    from: Option<IpAddr>,
    length: usize,
    at: Time,
    /// Type, code and sender of an ICMP error.
    error: Option<(u8, u8, Option<IpAddr>)>,
}

impl AsFd for PingSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Why a request did not leave, in one word.
pub fn reason(error: &io::Error) -> Cow<'static, str> {
    let errno = error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw);
    match errno {
        Errno::ENETUNREACH => "network-unreachable".into(),
        Errno::EHOSTUNREACH => "host-unreachable".into(),
        Errno::ENETDOWN => "network-down".into(),
        Errno::EPERM | Errno::EACCES => "not-permitted".into(),
        Errno::EADDRNOTAVAIL => "no-source-address".into(),
        Errno::EMSGSIZE => "too-big".into(),
        Errno::ENODEV | Errno::ENXIO => "no-interface".into(),
        _ if is_crowded(error) => "send-overflow".into(),
        other => format!("{other:?}").to_ascii_lowercase().into(),
    }
}

/// Whether the request did not leave for want of room, which passes.
pub fn is_crowded(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EAGAIN | Errno::ENOBUFS))
}

fn socket(family: Family) -> Result<(Socket, Kind), PingSocketError> {
    let (domain, protocol) = match family {
        Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
        Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
    };
    if let Ok(socket) = Socket::new(domain, Type::DGRAM, Some(protocol)) {
        return Ok((socket, Kind::Ping));
    }
    match Socket::new(domain, Type::RAW, Some(protocol)) {
        Ok(socket) => Ok((socket, Kind::Raw)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(PingSocketError::Permission(error)),
        Err(error) => Err(PingSocketError::Socket(family, error)),
    }
}

fn control_space() -> Vec<u8> {
    // The two families' errors: the larger one, with the address of who sent it.
    cmsg_space!(TimeSpec, u32, [u8; 64])
}

/// A kernel stamp, which is wall time, on the boot clock.
fn boot_time(stamp: TimeSpec) -> Time {
    let micros = stamp.tv_sec().saturating_mul(1_000_000) + stamp.tv_nsec() / 1_000;
    Time::from_micros(u64::try_from(micros - edge::wall_offset()).unwrap_or(0))
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}

//! Sockets for heartbeats on networks, IPv4 and IPv6: bound to their interface,
//! with room for bursts, and with the kernel's stamp on what they receive.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::cmsg_space;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::sys::socket::sockopt::{
    DontRoute, Ipv4PacketInfo, Ipv6RecvPacketInfo, RcvBufForce, ReceiveTimestampns, RxqOvfl,
};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrStorage, recvmmsg, setsockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddr, Socket, Type};

use crate::arrival::Destination;
use crate::medium::Medium;
use crate::time::Time;

/// Room for what comes while we do not run: at 200 bytes a message, many
/// thousands.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// The largest datagram.
pub const DATAGRAM_MAX: usize = 65_536;

/// How many datagrams are taken at once.
pub const BATCH_MAX: usize = 64;

/// Room is made for so many where few come.
const BATCH_MIN: usize = 4;

/// From one datagram of a batch to the next. Their beginnings do not compete for
/// the same lines of the processor's cache, as they would at a power of two.
pub const STRIDE: usize = DATAGRAM_MAX + 320;

/// The index of an interface.
///
/// # Errors
/// There is no interface of that name.
pub fn interface_index(interface: &str) -> io::Result<u32> {
    nix::net::if_::if_nametoindex(interface).map_err(|error| match error {
        nix::errno::Errno::ENODEV => io::Error::new(io::ErrorKind::NotFound, "no such interface"),
        other => other.into(),
    })
}

/// A socket that heartbeats leave by.
#[derive(Debug)]
pub struct Out {
    socket: Socket,
    to: SockAddr,
    index: u32,
}

impl Out {
    /// Opens the way out to a medium that is a network.
    ///
    /// # Errors
    /// The interface is not there, has no address, or the kernel refuses.
    pub fn open(medium: &Medium) -> io::Result<Out> {
        let interface = medium.device();
        let index = interface_index(interface)?;
        let to = destination(medium, index)?;
        let socket = new_socket(to.is_ipv6(), interface)?;
        match medium {
            Medium::Bcast { .. } => {
                socket.set_broadcast(true)?;
                setsockopt(&socket, DontRoute, &true)?;
            }
            Medium::Ucast { .. } if to.is_ipv4() => {
                // Low delay, as Heartbeat marks its own; nothing depends on it.
                let _ = socket.set_tos_v4(0x10);
            }
            Medium::Mcast { ttl, loopback, .. } if to.is_ipv4() => {
                socket.set_multicast_ttl_v4(u32::from(*ttl))?;
                socket.set_multicast_loop_v4(*loopback)?;
            }
            Medium::Mcast { ttl, loopback, .. } => {
                socket.set_multicast_if_v6(index)?;
                socket.set_multicast_hops_v6(u32::from(*ttl))?;
                socket.set_multicast_loop_v6(*loopback)?;
            }
            Medium::Ucast { .. } | Medium::Serial { .. } => {}
        }
        Ok(Out { socket, to: to.into(), index })
    }

    /// Sends a datagram; never waits.
    ///
    /// # Errors
    /// The kernel did not take it.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.socket.send_to(bytes, &self.to).map(|_| ())
    }

    /// Whether `medium` still is what was opened: the same interface, with the
    /// same broadcast address.
    pub fn is_current(&self, medium: &Medium) -> bool {
        let same = interface_index(medium.device()).is_ok_and(|index| index == self.index);
        same && destination(medium, self.index).is_ok_and(|to| SockAddr::from(to) == self.to)
    }
}

/// Where datagrams for a medium go.
fn destination(medium: &Medium, index: u32) -> io::Result<SocketAddr> {
    match medium {
        Medium::Bcast { interface, port } => {
            Ok(SocketAddr::V4(SocketAddrV4::new(broadcast_address(interface)?, *port)))
        }
        Medium::Ucast { address, port, .. } | Medium::Mcast { group: address, port, .. } => {
            Ok(with_scope(*address, *port, index))
        }
        Medium::Serial { .. } => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// An address of a link means nothing without its interface.
fn with_scope(address: IpAddr, port: u16, index: u32) -> SocketAddr {
    match address {
        IpAddr::V4(address) => SocketAddr::V4(SocketAddrV4::new(address, port)),
        IpAddr::V6(address) => {
            let is_scoped = address.is_multicast() || address.is_unicast_link_local();
            SocketAddr::V6(SocketAddrV6::new(address, port, 0, if is_scoped { index } else { 0 }))
        }
    }
}

/// The broadcast address of an interface: the one that it was given, else the
/// last address of its network.
fn broadcast_address(interface: &str) -> io::Result<Ipv4Addr> {
    let addresses = getifaddrs()?.filter(|address| address.interface_name == interface);
    let found = addresses.filter_map(|address| broadcast_of(&address)).next();
    found.ok_or_else(|| io::Error::new(io::ErrorKind::AddrNotAvailable, "no IPv4 network to broadcast on"))
}

fn broadcast_of(address: &InterfaceAddress) -> Option<Ipv4Addr> {
    let v4 = |storage: &Option<SockaddrStorage>| storage.as_ref()?.as_sockaddr_in().map(|v4| v4.ip());
    let own = v4(&address.address)?;
    let mask = v4(&address.netmask)?;
    if mask.to_bits().count_ones() > 30 {
        return None;
    }
    let given = v4(&address.broadcast).filter(|given| !given.is_unspecified() && *given != own);
    Some(given.unwrap_or(Ipv4Addr::from_bits(own.to_bits() | !mask.to_bits())))
}

fn own_addresses() -> io::Result<Vec<IpAddr>> {
    let address = |entry: InterfaceAddress| to_socket_addr(&entry.address?).map(|address| address.ip());
    Ok(getifaddrs()?.filter_map(address).collect())
}

/// The addresses of this host, read again when an unknown one is asked for, at
/// most once a second.
#[derive(Debug, Default)]
pub struct OwnAddresses {
    known: Vec<IpAddr>,
    read: Option<Time>,
}

impl OwnAddresses {
    /// Whether `address` is one of this host's. When the kernel does not tell,
    /// it is not.
    pub fn contains(&mut self, address: IpAddr, now: Time) -> bool {
        let is_fresh = self.read.is_some_and(|read| now.since(read) < Duration::from_secs(1));
        if !self.known.contains(&address) && !is_fresh {
            self.read = Some(now);
            self.known = own_addresses().unwrap_or_default();
        }
        self.known.contains(&address)
    }
}

fn to_socket_addr(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}

fn new_socket(is_ipv6: bool, interface: &str) -> io::Result<Socket> {
    let domain = if is_ipv6 { Domain::IPV6 } else { Domain::IPV4 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.bind_device(Some(interface.as_bytes()))?;
    Ok(socket)
}

/// What a receiving socket is bound to. Media that agree in it share the socket:
/// of two on one port, the kernel would give a unicast datagram to either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The interface.
    pub interface: String,
    /// IPv6, else IPv4.
    pub is_ipv6: bool,
    /// The UDP port.
    pub port: u16,
}

impl Port {
    /// Where a medium is received; `None` for serial lines.
    pub fn of(medium: &Medium) -> Option<Port> {
        let (interface, is_ipv6, port) = match medium {
            Medium::Bcast { interface, port } => (interface, false, port),
            Medium::Ucast { interface, address, port } => (interface, address.is_ipv6(), port),
            Medium::Mcast { interface, group, port, .. } => (interface, group.is_ipv6(), port),
            Medium::Serial { .. } => return None,
        };
        Some(Port { interface: interface.clone(), is_ipv6, port: *port })
    }
}

/// A socket that heartbeats come in by.
#[derive(Debug)]
pub struct In {
    socket: Socket,
    index: u32,
    /// How many are taken at once next.
    room: usize,
}

/// What the kernel says about a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// How many bytes of its place it fills.
    pub length: usize,
    /// It was longer than its place.
    pub is_cut: bool,
    /// Who sent it.
    pub peer: Option<SocketAddr>,
    /// To whom.
    pub destination: Destination,
    /// When it came: wall time in microseconds.
    pub stamp: Option<i64>,
    /// How many the socket has dropped since it was opened.
    pub dropped: u32,
}

impl In {
    /// Opens the socket of a port and joins `groups`.
    ///
    /// # Errors
    /// The interface is not there, the port is not ours to use, or the kernel
    /// refuses.
    pub fn open(port: &Port, groups: &[IpAddr]) -> io::Result<In> {
        let index = interface_index(&port.interface)?;
        let socket = new_socket(port.is_ipv6, &port.interface)?;
        socket.set_reuse_address(true)?;
        // Beyond the limit of the machine with the privilege, else up to it.
        if setsockopt(&socket, RcvBufForce, &RECEIVE_BUFFER).is_err() {
            socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        }
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        setsockopt(&socket, RxqOvfl, &1)?;
        let any: IpAddr = if port.is_ipv6 {
            socket.set_only_v6(true)?;
            socket.set_multicast_all_v6(false)?;
            setsockopt(&socket, Ipv6RecvPacketInfo, &true)?;
            Ipv6Addr::UNSPECIFIED.into()
        } else {
            socket.set_multicast_all_v4(false)?;
            setsockopt(&socket, Ipv4PacketInfo, &true)?;
            Ipv4Addr::UNSPECIFIED.into()
        };
        for group in groups {
            match group {
                IpAddr::V4(group) => socket.join_multicast_v4_n(group, &InterfaceIndexOrAddress::Index(index))?,
                IpAddr::V6(group) => socket.join_multicast_v6(group, index)?,
            }
        }
        socket.bind(&SocketAddr::new(any, port.port).into())?;
        Ok(In { socket, index, room: BATCH_MIN })
    }

    /// Takes the datagrams that are there, not more than [`BATCH_MAX`], each to
    /// its place in `buffer`, [`STRIDE`] apart. Whether none was left.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn receive(&mut self, buffer: &mut [u8], mut take: impl FnMut(Received)) -> io::Result<bool> {
        // Made anew for each batch: the kernel writes into the headers how much
        // of their room it used, and the next one may need more.
        let mut headers =
            MultiHeaders::<SockaddrStorage>::preallocate(self.room, Some(cmsg_space!(TimeSpec, u32, [u8; 64])));
        let places = buffer.chunks_mut(STRIDE).take(self.room);
        let mut places: Vec<_> = places.map(|place| [IoSliceMut::new(place)]).collect();
        let received = recvmmsg(self.socket.as_raw_fd(), &mut headers, &mut places, MsgFlags::MSG_DONTWAIT, None);
        let messages = match received {
            Ok(messages) => messages,
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        let mut count = 0;
        for message in messages {
            take(Received::of(&message)?);
            count += 1;
        }
        let is_empty = count < self.room;
        self.room = (2 * count).clamp(BATCH_MIN, BATCH_MAX);
        Ok(is_empty)
    }

    /// Whether the interface still is the one that was opened.
    pub fn is_current(&self, port: &Port) -> bool {
        interface_index(&port.interface).is_ok_and(|index| index == self.index)
    }
}

impl AsFd for In {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Received {
    fn of(message: &RecvMsg<'_, '_, SockaddrStorage>) -> io::Result<Received> {
        let mut received = Received {
            length: message.bytes,
            is_cut: message.flags.contains(MsgFlags::MSG_TRUNC),
            peer: message.address.as_ref().and_then(to_socket_addr),
            destination: Destination::Unknown,
            stamp: None,
            dropped: 0,
        };
        for control in message.cmsgs()? {
            read_control(&control, &mut received);
        }
        Ok(received)
    }
}

fn read_control(control: &ControlMessageOwned, received: &mut Received) {
    if let ControlMessageOwned::ScmTimestampns(stamp) = control {
        received.stamp = Some(stamp.tv_sec() * 1_000_000 + stamp.tv_nsec() / 1_000);
    } else if let ControlMessageOwned::RxqOvfl(dropped) = control {
        received.dropped = *dropped;
    } else if let ControlMessageOwned::Ipv4PacketInfo(info) = control {
        let to = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
        // The kernel names an address of ours beside the one in the datagram:
        // they differ when that one is not ours alone.
        received.destination = if to.is_multicast() {
            Destination::Multicast(to.into())
        } else if info.ipi_spec_dst.s_addr == info.ipi_addr.s_addr {
            Destination::Unicast
        } else {
            Destination::Broadcast
        };
    } else if let ControlMessageOwned::Ipv6PacketInfo(info) = control {
        let to = Ipv6Addr::from(info.ipi6_addr.s6_addr);
        let is_group = to.is_multicast();
        received.destination = if is_group { Destination::Multicast(to.into()) } else { Destination::Unicast };
    }
}

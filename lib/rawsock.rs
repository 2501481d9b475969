//! Whole Ethernet frames onto the wire, without making the caller wait for the
//! kernel.
//!
//! A packet socket that is bound, or that receives, waits for a grace period of
//! the kernel (about 16 ms) when it is opened; so this one has no protocol and
//! is never bound. The last close of any packet socket waits for one too; so a
//! child process closes it, after the caller has gone ([`FrameSocket::leave`]).
//!
//! What listens is bound to one interface and hears only what its filter lets
//! through.
//!
//! The one place of the library with unsafe code: sockaddr_ll(7), packet(7) and
//! fork(2).
#![allow(unsafe_code, reason = "no safe interface to packet(7), fork(2), close_range(2) and _exit(2)")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2};
use socket2::{Domain, SockAddr, SockFilter, Socket, Type};

use crate::edge;
use crate::gratuitous::Announcement;
use crate::interface::Mac;

/// A socket for frames to any interface. Needs CAP_NET_RAW.
#[derive(Debug)]
pub struct FrameSocket(Socket);

impl FrameSocket {
    /// Opens the socket.
    ///
    /// # Errors
    /// Not permitted, or no packet sockets in this kernel.
    pub fn open() -> io::Result<FrameSocket> {
        Ok(FrameSocket(Socket::new(Domain::PACKET, Type::RAW, None)?))
    }

    /// Sends one frame, header included, on the interface with this number.
    ///
    /// # Errors
    /// The interface is down or gone, or the frame is no frame.
    pub fn send(&self, index: u32, frame: &[u8]) -> io::Result<()> {
        let protocol = frame.get(12..14).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_ne_bytes);
        let sent = self.0.send_to(frame, &destination(index, protocol)?)?;
        if sent == frame.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// Sends all frames of an announcement.
    ///
    /// # Errors
    /// The interface is down or gone.
    pub fn announce(&self, announcement: &Announcement) -> io::Result<()> {
        announcement.frames().try_for_each(|frame| self.send(announcement.index, frame))
    }

    /// Leaves the socket to a child process, which closes it after the caller
    /// has ended, so that the caller does not wait for that. The child does
    /// `after` first, `delay` from now; it has no descriptor of the caller's but
    /// this socket, and never returns.
    ///
    /// # Errors
    /// No child could be made; nothing was done.
    pub fn leave(self, delay: Duration, after: impl FnOnce(&FrameSocket)) -> io::Result<()> {
        let due = edge::now() + delay;
        // The caller's end of this pipe closes when the caller has ended.
        let (ended, caller) = pipe2(OFlag::O_CLOEXEC)?;
        // SAFETY: the tools that call this have one thread, so that no lock can
        // be held by a thread that does not exist in the child. The child never
        // returns from this function: it ends by _exit, so that nothing that
        // the caller has buffered is written twice.
        match unsafe { fork() }? {
            ForkResult::Parent { .. } => {
                drop(self);
                // Open until the end of the process, on purpose.
                std::mem::forget(caller);
                Ok(())
            }
            ForkResult::Child => {
                drop(caller);
                forget_all_but(&[self.0.as_raw_fd(), ended.as_raw_fd()]);
                edge::wait_until(due);
                after(&self);
                let _ = poll(&mut [PollFd::new(ended.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE);
                // SAFETY: ends the process, and touches no memory.
                unsafe { libc::_exit(0) }
            }
        }
    }
}

/// What a [`FrameListener`] hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// ARP.
    Arp,
    /// Neighbour solicitations and advertisements.
    Ndisc,
}

/// A socket that hears the frames of others on one interface; it never waits.
/// Needs CAP_NET_RAW, and 16 ms to be opened.
#[derive(Debug)]
pub struct FrameListener {
    socket: Socket,
    index: u32,
}

impl FrameListener {
    /// Begins to listen on the interface with this number.
    ///
    /// # Errors
    /// Not permitted, or there is no such interface.
    pub fn open(index: u32, family: Family) -> io::Result<FrameListener> {
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        let protocol: u16 = match family {
            Family::Arp => 0x0806,
            Family::Ndisc => {
                socket.attach_filter(&NDISC)?;
                0x86dd
            }
        };
        // Bound after the filter is there: nothing else ever comes in.
        socket.bind(&destination(index, protocol.to_be())?)?;
        Ok(FrameListener { socket, index })
    }

    /// Has the interface take in what is sent to a group of Ethernet's, as long
    /// as this socket is open.
    ///
    /// # Errors
    /// The interface is gone, or has no room for another group.
    pub fn join(&self, group: Mac) -> io::Result<()> {
        let mut request = libc::packet_mreq {
            mr_ifindex: i32::try_from(self.index).map_err(|_| io::Error::from(Errno::ENODEV))?,
            mr_type: libc::PACKET_MR_MULTICAST as u16,
            mr_alen: 6,
            mr_address: [0; 8],
        };
        request.mr_address[..6].copy_from_slice(&group);
        // SAFETY: the kernel reads one packet_mreq, whose size it is told and
        // which outlives the call.
        let joined = unsafe {
            libc::setsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_ADD_MEMBERSHIP,
                (&raw const request).cast(),
                size_of::<libc::packet_mreq>() as libc::socklen_t,
            )
        };
        if joined == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// The next frame that waits, cut to `buffer`; none when none does.
    ///
    /// # Errors
    /// The interface went down or away.
    pub fn read<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        match io::Read::read(&mut &self.socket, buffer) {
            Ok(length) => Ok(buffer.get(..length)),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for FrameListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Lets ICMPv6 of the types 135 and 136 through, straight behind an IPv6 header:
/// byte 20 of the frame is the next header, byte 54 the type.
const NDISC: [SockFilter; 7] = [
    SockFilter::new(LOAD_BYTE, 0, 0, 20),
    SockFilter::new(JUMP_EQUAL, 0, 4, 58),
    SockFilter::new(LOAD_BYTE, 0, 0, 54),
    SockFilter::new(JUMP_EQUAL, 1, 0, 135),
    SockFilter::new(JUMP_EQUAL, 0, 1, 136),
    SockFilter::new(RETURN, 0, 0, 0xffff),
    SockFilter::new(RETURN, 0, 0, 0),
];
const LOAD_BYTE: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
const JUMP_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

/// The address of everybody on an interface: the frame's own header says where
/// it goes, the kernel wants to know the interface and the protocol.
fn destination(index: u32, protocol: u16) -> io::Result<SockAddr> {
    let interface = i32::try_from(index).map_err(|_| io::Error::from(Errno::ENODEV))?;
    // SAFETY: the storage that is handed in is zeroed, aligned for and larger
    // than every socket address, sockaddr_ll included; all of its fields are
    // integers, and its length is the one that is set.
    let ((), address) = unsafe {
        SockAddr::try_init(|storage, length| {
            let address = storage.cast::<libc::sockaddr_ll>();
            (*address).sll_family = libc::AF_PACKET as u16;
            (*address).sll_protocol = protocol;
            (*address).sll_ifindex = interface;
            (*address).sll_halen = 6;
            *length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
            Ok(())
        })?
    };
    Ok(address)
}

/// In the child: standard input, output and error become /dev/null, so that
/// nobody waits for their end, and all other descriptors close, so that no lock
/// or pipe of the caller's is held for longer.
fn forget_all_but(keep: &[RawFd; 2]) {
    if let Ok(null) = open("/dev/null", OFlag::O_RDWR, Mode::empty()) {
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
        let _ = dup2_stderr(&null);
    }
    let mut first = 3;
    let mut keep = *keep;
    keep.sort_unstable();
    for kept in keep {
        close_range(first, kept - 1);
        first = kept + 1;
    }
    close_range(first, RawFd::MAX);
}

fn close_range(first: RawFd, last: RawFd) {
    if first <= last {
        // SAFETY: no memory is touched. The descriptors that close belong to
        // values of the caller's which the child never uses or drops, because
        // it does not return. A kernel before 5.9 closes nothing: they stay
        // open until the child ends.
        unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    }
}

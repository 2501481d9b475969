//! The kernel's tables of interfaces, addresses and routes, by rtnetlink(7).
//!
//! Every answer is checked for its origin (the kernel's port, 0) and its
//! sequence number, every wait has an end, and a table that changed while it
//! was read, or of which a part was lost, is read afresh.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkBuffer,
    NetlinkHeader, NetlinkMessage,
};
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::{LinkAttribute, LinkExtentMask, LinkMessage};
use netlink_packet_route::route::{RouteHeader, RouteMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::libc::{MSG_DONTWAIT, MSG_TRUNC};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::edge;
use crate::floating::Held;
use crate::interface::Interface;
use crate::route::Route;
use crate::time::Time;

mod error;
mod message;
mod watch;

pub use error::NetlinkError;
pub use watch::{Event, Watch};

/// Message types that end an exchange (netlink(7)).
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;

/// The largest answer that the kernel gives at once.
const BUFFER: usize = 32 * 1024;

/// How many changes are sent at once: the kernel's answer to each of them has
/// room in its buffer.
const BATCH: usize = 128;

/// How long the kernel may take for an answer: it has it at once, unless
/// somebody else holds its lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first pause before a table that changed under our hands is read again;
/// each one is twice as long as the one before.
const PAUSE: Duration = Duration::from_micros(500);

/// A change of one address, one of many.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// It must not be there yet.
    Add(&'a Held),
    /// It gets other lifetimes.
    Lifetime(&'a Held),
    /// It goes; one that was not there has gone.
    Remove(&'a Held),
}

/// A conversation with the kernel.
pub struct Netlink {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

/// The end of one attempt to read a table.
enum Attempt {
    Whole,
    Again,
}

impl Netlink {
    /// Opens a conversation.
    ///
    /// # Errors
    /// The kernel gives no such socket.
    pub fn open() -> Result<Netlink, NetlinkError> {
        let socket = Socket::new(NETLINK_ROUTE).map_err(NetlinkError::Socket)?;
        // Connected to the kernel: another process's datagrams are refused.
        socket.connect(&SocketAddr::new(0, 0)).map_err(NetlinkError::Socket)?;
        Ok(Netlink { socket, sequence: 0, buffer: vec![0; BUFFER] })
    }

    /// The addresses of one family that the host holds.
    ///
    /// # Errors
    /// The kernel's table could not be read.
    pub fn addresses(&mut self, v6: bool) -> Result<Vec<Held>, NetlinkError> {
        let mut request = AddressMessage::default();
        request.header.family = family(v6);
        self.table(RouteNetlinkMessage::GetAddress(request), message::held)
    }

    /// The interface with this name; none when there is none.
    ///
    /// # Errors
    /// The kernel could not be asked.
    pub fn interface(&mut self, name: &str) -> Result<Option<Interface>, NetlinkError> {
        let mut request = LinkMessage::default();
        request.attributes.push(LinkAttribute::IfName(name.to_owned()));
        self.link(request)
    }

    /// The interface with this number; none when there is none.
    ///
    /// # Errors
    /// The kernel could not be asked.
    pub fn interface_at(&mut self, index: u32) -> Result<Option<Interface>, NetlinkError> {
        let mut request = LinkMessage::default();
        request.header.index = index;
        self.link(request)
    }

    /// All interfaces.
    ///
    /// # Errors
    /// The kernel's table could not be read.
    pub fn interfaces(&mut self) -> Result<Vec<Interface>, NetlinkError> {
        let mut request = LinkMessage::default();
        request.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
        self.table(RouteNetlinkMessage::GetLink(request), message::interface)
    }

    fn link(&mut self, mut request: LinkMessage) -> Result<Option<Interface>, NetlinkError> {
        request.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
        let mut found = None;
        let asked = self.exchange(RouteNetlinkMessage::GetLink(request), NLM_F_ACK, |payload| {
            found = message::interface(payload)?;
            Ok(())
        });
        match asked {
            Err(NetlinkError::Refused(Errno::ENODEV | Errno::ENXIO)) => Ok(None),
            Err(error) => Err(error),
            Ok(Attempt::Whole | Attempt::Again) => Ok(found),
        }
    }

    /// The unicast routes of the main table for one family.
    ///
    /// # Errors
    /// The kernel's table could not be read.
    pub fn routes(&mut self, v6: bool) -> Result<Vec<Route>, NetlinkError> {
        let mut request = RouteMessage::default();
        request.header.address_family = family(v6);
        request.header.table = RouteHeader::RT_TABLE_MAIN;
        let routes = self.table(RouteNetlinkMessage::GetRoute(request), message::routes)?;
        Ok(routes.into_iter().flatten().collect())
    }

    /// Adds an address, which must not be there yet.
    ///
    /// # Errors
    /// The kernel refused it.
    pub fn add(&mut self, held: &Held) -> Result<(), NetlinkError> {
        let request = RouteNetlinkMessage::NewAddress(message::address(held));
        self.exchange(request, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, |_| Ok(())).map(drop)
    }

    /// Gives an address that is there the lifetimes of `held`.
    ///
    /// # Errors
    /// The kernel refused them.
    pub fn change(&mut self, held: &Held) -> Result<(), NetlinkError> {
        let request = RouteNetlinkMessage::NewAddress(message::address(held));
        self.exchange(request, NLM_F_ACK | NLM_F_REPLACE, |_| Ok(())).map(drop)
    }

    /// Removes an address; false when it was not there.
    ///
    /// # Errors
    /// The kernel refused.
    pub fn remove(&mut self, held: &Held) -> Result<bool, NetlinkError> {
        let request = RouteNetlinkMessage::DelAddress(message::address_key(held));
        match self.exchange(request, NLM_F_ACK, |_| Ok(())) {
            Ok(Attempt::Whole | Attempt::Again) => Ok(true),
            Err(NetlinkError::Refused(Errno::EADDRNOTAVAIL | Errno::ENODEV)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Does many changes in few conversations; what became of each. Where an
    /// answer is lost, its changes are done again one by one: an address that was
    /// added by then is [`Errno::EEXIST`].
    ///
    /// # Errors
    /// The kernel could not be asked: it is not known what was done.
    pub fn change_many(&mut self, changes: &[Change<'_>]) -> Result<Vec<Result<(), Errno>>, NetlinkError> {
        let mut results = Vec::with_capacity(changes.len());
        for batch in changes.chunks(BATCH) {
            match self.batch(batch) {
                Err(error) if error.errno() == Some(Errno::ENOBUFS) => {
                    // A new socket has nothing left of the attempt that failed.
                    *self = Netlink { sequence: self.sequence, ..Netlink::open()? };
                    for change in batch {
                        results.extend(self.batch(std::slice::from_ref(change))?);
                    }
                }
                whole => results.extend(whole?),
            }
        }
        Ok(results)
    }

    /// Does some changes in one conversation.
    fn batch(&mut self, batch: &[Change<'_>]) -> Result<Vec<Result<(), Errno>>, NetlinkError> {
        let first = self.sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        for (place, change) in batch.iter().enumerate() {
            // A refusal is answered in any case, the end of the batch too.
            let ack = if place + 1 == batch.len() { NLM_F_ACK } else { 0 };
            let (request, flags) = match change {
                Change::Add(held) => {
                    (RouteNetlinkMessage::NewAddress(message::address(held)), NLM_F_CREATE | NLM_F_EXCL)
                }
                Change::Lifetime(held) => (RouteNetlinkMessage::NewAddress(message::address(held)), NLM_F_REPLACE),
                Change::Remove(held) => (RouteNetlinkMessage::DelAddress(message::address_key(held)), 0),
            };
            bytes.extend(self.request(request, flags | ack));
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        self.socket.send(&bytes, 0).map_err(NetlinkError::Socket)?;
        self.results(first, batch)
    }

    /// What became of a batch whose first change has the number `first`.
    fn results(&mut self, first: u32, batch: &[Change<'_>]) -> Result<Vec<Result<(), Errno>>, NetlinkError> {
        let mut results = vec![Ok(()); batch.len()];
        let deadline = edge::now() + PATIENCE;
        loop {
            let length = self.receive(deadline)?;
            let mut rest = self.buffer.get(..length).unwrap_or_default();
            while !rest.is_empty() {
                let (answer, taken) = first_message(rest)?;
                let place = answer.sequence_number().wrapping_sub(first) as usize;
                rest = rest.get(taken..).unwrap_or_default();
                let (Some(result), Some(change)) = (results.get_mut(place), batch.get(place)) else { continue };
                if answer.message_type() != NLMSG_ERROR {
                    continue;
                }
                *result = match (message::status(answer.payload()), change) {
                    (Ok(()), _) => Ok(()),
                    (Err(NetlinkError::Refused(Errno::EADDRNOTAVAIL | Errno::ENODEV)), Change::Remove(_)) => Ok(()),
                    (Err(NetlinkError::Refused(errno)), _) => Err(errno),
                    (Err(error), _) => return Err(error),
                };
                if place + 1 == batch.len() {
                    return Ok(results);
                }
            }
        }
    }

    /// The bytes of the next request.
    fn request(&mut self, request: RouteNetlinkMessage, flags: u16) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, request.into());
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        bytes
    }

    /// Reads a whole table, afresh when it changed meanwhile or a part was lost.
    fn table<T>(
        &mut self,
        request: RouteNetlinkMessage,
        read: impl Fn(&[u8]) -> Result<Option<T>, NetlinkError>,
    ) -> Result<Vec<T>, NetlinkError> {
        // Lets the kernel select, where it can; what it sends is checked anyway.
        let _ = self.socket.set_netlink_get_strict_chk(true);
        let deadline = edge::now() + PATIENCE;
        let mut pause = PAUSE;
        while edge::now() < deadline {
            let mut rows = Vec::new();
            let attempt = self.exchange(request.clone(), NLM_F_DUMP, |payload| {
                rows.extend(read(payload)?);
                Ok(())
            });
            match attempt {
                Ok(Attempt::Whole) => return Ok(rows),
                Ok(Attempt::Again) => {}
                // A table that does not exist has no rows.
                Err(NetlinkError::Refused(Errno::ENOENT)) => return Ok(Vec::new()),
                Err(error) if error.errno() == Some(Errno::ENOBUFS) => {}
                Err(error) => return Err(error),
            }
            edge::wait_until(edge::now() + pause);
            pause *= 2;
            // A new socket has nothing left of the attempt that failed.
            *self = Netlink { sequence: self.sequence, ..Netlink::open()? };
            let _ = self.socket.set_netlink_get_strict_chk(true);
        }
        Err(NetlinkError::Busy)
    }

    /// One request and all of its answers, up to the one that ends them.
    fn exchange(
        &mut self,
        request: RouteNetlinkMessage,
        flags: u16,
        mut take: impl FnMut(&[u8]) -> Result<(), NetlinkError>,
    ) -> Result<Attempt, NetlinkError> {
        let bytes = self.request(request, flags);
        self.socket.send(&bytes, 0).map_err(NetlinkError::Socket)?;
        let deadline = edge::now() + PATIENCE;
        let mut attempt = Attempt::Whole;
        loop {
            let length = self.receive(deadline)?;
            let mut rest = self.buffer.get(..length).unwrap_or_default();
            while !rest.is_empty() {
                let (answer, taken) = first_message(rest)?;
                rest = rest.get(taken..).unwrap_or_default();
                if answer.sequence_number() != self.sequence {
                    continue;
                }
                if answer.flags() & NLM_F_DUMP_INTR != 0 {
                    attempt = Attempt::Again;
                }
                match answer.message_type() {
                    NLMSG_ERROR | NLMSG_DONE => return message::status(answer.payload()).map(|()| attempt),
                    NLMSG_OVERRUN => return Ok(Attempt::Again),
                    _ => take(answer.payload())?,
                }
            }
        }
    }

    /// One datagram from the kernel into the buffer; its length.
    fn receive(&mut self, deadline: Time) -> Result<usize, NetlinkError> {
        loop {
            let received = self.socket.recv_from(&mut &mut self.buffer[..], MSG_DONTWAIT | MSG_TRUNC);
            match received {
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok((length, _)) if length > self.buffer.len() => return Err(NetlinkError::Malformed("it is too long")),
                Ok((length, _)) => return Ok(length),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(deadline)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NetlinkError::Socket(error)),
            }
        }
    }

    fn wait(&self, deadline: Time) -> Result<(), NetlinkError> {
        let left = deadline.since(edge::now());
        if left.is_zero() {
            return Err(NetlinkError::Timeout);
        }
        let span = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], span) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(NetlinkError::Socket(errno.into())),
        }
    }
}

/// The first message of a datagram, and where the next one begins.
fn first_message(bytes: &[u8]) -> Result<(NetlinkBuffer<&[u8]>, usize), NetlinkError> {
    let message = NetlinkBuffer::new_checked(bytes).map_err(|_| NetlinkError::Malformed("a header"))?;
    let taken = (message.length() as usize).next_multiple_of(4).min(bytes.len());
    Ok((message, taken))
}

fn family(v6: bool) -> AddressFamily {
    if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet }
}

#[cfg(test)]
mod tests;

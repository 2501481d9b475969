//! What the kernel tells of its own accord: addresses and interfaces that come,
//! change and go.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::libc::{MSG_DONTWAIT, MSG_TRUNC};

use super::{BUFFER, NetlinkError, first_message, message};
use crate::floating::Held;

/// Multicast groups (linux/rtnetlink.h).
const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV6_IFADDR: u32 = 9;

/// Message types (linux/rtnetlink.h).
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;

/// Datagrams that are read before others get their turn.
const TURN: usize = 1_024;

/// Something that the kernel told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An address was added, or has other lifetimes.
    Added(Held),
    /// An address has gone.
    Removed(Held),
    /// The interface with this number has come, gone or changed.
    Interface(u32),
    /// Something was lost: anything may have changed.
    Lost,
}

/// A socket that hears of every change.
pub struct Watch {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Watch {
    /// Hears of every change from now on.
    ///
    /// # Errors
    /// The kernel gives no such socket.
    pub fn open() -> Result<Watch, NetlinkError> {
        let mut socket = Socket::new(NETLINK_ROUTE).map_err(NetlinkError::Socket)?;
        socket.bind(&SocketAddr::new(0, 0)).map_err(NetlinkError::Socket)?;
        for group in [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR] {
            socket.add_membership(group).map_err(NetlinkError::Socket)?;
        }
        Ok(Watch { socket, buffer: vec![0; BUFFER] })
    }

    /// Shows `take` what has happened, and does not wait for more. Of a flood a
    /// part is left for the next call.
    ///
    /// # Errors
    /// The socket failed. What cannot be read counts as [`Event::Lost`].
    pub fn read(&mut self, mut take: impl FnMut(Event)) -> Result<(), NetlinkError> {
        for _ in 0..TURN {
            match self.socket.recv_from(&mut &mut self.buffer[..], MSG_DONTWAIT | MSG_TRUNC) {
                // Another process's datagram.
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok((length, _)) => match self.buffer.get(..length) {
                    Some(bytes) => events(bytes, &mut take),
                    None => take(Event::Lost),
                },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENOBUFS as i32) => take(Event::Lost),
                Err(error) => return Err(NetlinkError::Socket(error)),
            }
        }
        Ok(())
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn events(mut bytes: &[u8], take: &mut impl FnMut(Event)) {
    while !bytes.is_empty() {
        let Ok((message, taken)) = first_message(bytes) else { return take(Event::Lost) };
        let held = || message::held(message.payload()).ok().flatten();
        match message.message_type() {
            RTM_NEWLINK | RTM_DELLINK => {
                take(message::link_index(message.payload()).map_or(Event::Lost, Event::Interface))
            }
            RTM_NEWADDR => take(held().map_or(Event::Lost, Event::Added)),
            RTM_DELADDR => take(held().map_or(Event::Lost, Event::Removed)),
            _ => {}
        }
        bytes = bytes.get(taken..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;

//! The question of neighbour discovery on Ethernet (RFC 4861, 4.3): who has this
//! IPv6 address? From no address it is duplicate address detection (RFC 4862,
//! 5.4.2).

use std::net::Ipv6Addr;

use pnet::packet::icmpv6::{Icmpv6Packet, checksum};

use crate::interface::Mac;

/// A neighbour solicitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solicitation {
    /// An address of the asker's, or the unspecified one.
    pub source: Ipv6Addr,
    /// The address that is asked for.
    pub target: Ipv6Addr,
    /// The asker's hardware address.
    pub mac: Mac,
}

/// The group that every host with an address hears (RFC 4291, 2.7.1), and
/// Ethernet's address of it (RFC 2464, 7).
pub fn solicited_node(target: Ipv6Addr) -> (Ipv6Addr, Mac) {
    let [.., a, b, c] = target.octets();
    let low = u16::from_be_bytes([b, c]);
    (Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), low), [0x33, 0x33, 0xff, a, b, c])
}

impl Solicitation {
    /// The frame on the wire: 78 bytes from the unspecified address, which must
    /// not name the asker's hardware address (RFC 4861, 4.3); else 86.
    pub fn frame(&self) -> Vec<u8> {
        let (destination, group) = solicited_node(self.target);
        let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
        message.extend(self.target.octets());
        if !self.source.is_unspecified() {
            message.extend([1, 1]);
            message.extend(self.mac);
        }
        let sum = Icmpv6Packet::new(&message).map_or(0, |packet| checksum(&packet, &self.source, &destination));
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        let mut frame = [group, self.mac].concat();
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, message.len() as u8, 58, 255]);
        frame.extend(self.source.octets());
        frame.extend(destination.octets());
        frame.extend(message);
        frame
    }
}

#[cfg(test)]
mod tests;

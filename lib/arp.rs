//! ARP on Ethernet (RFC 826): the frames by which a host that takes an IPv4
//! address over says so.

use std::fmt;
use std::net::Ipv4Addr;

use pnet::packet::Packet;
use pnet::packet::arp::{ArpHardwareTypes, ArpOperation, ArpOperations, ArpPacket, MutableArpPacket};
use pnet::packet::ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket};
use pnet::util::MacAddr;

use crate::interface::Mac;

/// Length of an Ethernet header, and of an ARP packet for IPv4 behind it.
const HEADER: usize = EthernetPacket::minimum_packet_size();
const PACKET: usize = ArpPacket::minimum_packet_size();

/// Length of a whole frame; the driver pads it to Ethernet's minimum.
pub const FRAME: usize = HEADER + PACKET;

/// The form of an announcement. Some equipment heeds only one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A request for the address, by the host that has it (RFC 5227, 3: the
    /// ARP announcement).
    Request,
    /// An answer that nobody asked for.
    Reply,
}

/// What an ARP packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// Where the frame goes.
    pub destination: Mac,
    /// Where the frame comes from.
    pub source: Mac,
    /// Request or reply.
    pub form: Form,
    /// Hardware address of the sender.
    pub sender_mac: Mac,
    /// Address of the sender.
    pub sender: Ipv4Addr,
    /// Hardware address of the target.
    pub target_mac: Mac,
    /// Address of the target.
    pub target: Ipv4Addr,
}

/// Why a frame is no ARP packet for IPv4 on Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArpError {
    /// Shorter than such a frame.
    Short(usize),
    /// Another protocol.
    EtherType(u16),
    /// Other hardware or protocol, or other lengths of their addresses.
    Kind,
    /// Neither request nor reply.
    Operation(u16),
}

impl fmt::Display for ArpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArpError::Short(length) => write!(f, "{length} bytes are too few for an ARP frame"),
            ArpError::EtherType(number) => write!(f, "protocol {number:#06x} is not ARP"),
            ArpError::Kind => f.write_str("not ARP for IPv4 on Ethernet"),
            ArpError::Operation(number) => write!(f, "operation {number} is neither request nor reply"),
        }
    }
}

impl std::error::Error for ArpError {}

impl Arp {
    /// The announcement that `address` is at `mac`, to everybody. Sender and
    /// target address are the same. A request leaves the target's hardware
    /// address open; a reply repeats the sender's, as Heartbeat's does.
    pub fn gratuitous(mac: Mac, address: Ipv4Addr, form: Form) -> Arp {
        let target_mac = match form {
            Form::Request => [0; 6],
            Form::Reply => mac,
        };
        Arp { destination: [0xff; 6], source: mac, form, sender_mac: mac, sender: address, target_mac, target: address }
    }

    /// The same to one neighbour alone: a request for its own address, upon which
    /// it takes down where the sender is even if it did not know it (RFC 826,
    /// Packet Reception), or an answer to it.
    pub fn directed(mac: Mac, address: Ipv4Addr, form: Form, to: Mac, target: Ipv4Addr) -> Arp {
        let target_mac = match form {
            Form::Request => [0; 6],
            Form::Reply => to,
        };
        Arp { destination: to, target_mac, target, ..Arp::gratuitous(mac, address, form) }
    }

    /// The question where `address` is, by a host that has `sender`. From the
    /// unspecified address it changes nobody's mind (RFC 5227, 1.1: the ARP
    /// probe).
    pub fn question(mac: Mac, sender: Ipv4Addr, address: Ipv4Addr) -> Arp {
        Arp { sender, ..Arp::gratuitous(mac, address, Form::Request) }
    }

    /// The frame on the wire.
    pub fn frame(&self) -> [u8; FRAME] {
        let mut frame = [0; FRAME];
        let (header, packet) = frame.split_at_mut(HEADER);
        if let Some(mut ethernet) = MutableEthernetPacket::new(header) {
            ethernet.set_destination(MacAddr::from(self.destination));
            ethernet.set_source(MacAddr::from(self.source));
            ethernet.set_ethertype(EtherTypes::Arp);
        }
        if let Some(mut arp) = MutableArpPacket::new(packet) {
            arp.set_hardware_type(ArpHardwareTypes::Ethernet);
            arp.set_protocol_type(EtherTypes::Ipv4);
            arp.set_hw_addr_len(6);
            arp.set_proto_addr_len(4);
            arp.set_operation(match self.form {
                Form::Request => ArpOperations::Request,
                Form::Reply => ArpOperations::Reply,
            });
            arp.set_sender_hw_addr(MacAddr::from(self.sender_mac));
            arp.set_sender_proto_addr(self.sender);
            arp.set_target_hw_addr(MacAddr::from(self.target_mac));
            arp.set_target_proto_addr(self.target);
        }
        frame
    }

    /// Reads a frame; what stands behind the packet is padding.
    ///
    /// # Errors
    /// It is no ARP request or reply for IPv4 on Ethernet.
    pub fn parse(frame: &[u8]) -> Result<Arp, ArpError> {
        let short = || ArpError::Short(frame.len());
        let ethernet = EthernetPacket::new(frame).ok_or_else(short)?;
        if ethernet.get_ethertype() != EtherTypes::Arp {
            return Err(ArpError::EtherType(ethernet.get_ethertype().0));
        }
        let arp = ArpPacket::new(ethernet.payload()).ok_or_else(short)?;
        let kinds = (arp.get_hardware_type(), arp.get_protocol_type());
        if kinds != (ArpHardwareTypes::Ethernet, EtherTypes::Ipv4)
            || (arp.get_hw_addr_len(), arp.get_proto_addr_len()) != (6, 4)
        {
            return Err(ArpError::Kind);
        }
        let form = match arp.get_operation() {
            ArpOperations::Request => Form::Request,
            ArpOperations::Reply => Form::Reply,
            ArpOperation(number) => return Err(ArpError::Operation(number)),
        };
        Ok(Arp {
            destination: ethernet.get_destination().octets(),
            source: ethernet.get_source().octets(),
            form,
            sender_mac: arp.get_sender_hw_addr().octets(),
            sender: arp.get_sender_proto_addr(),
            target_mac: arp.get_target_hw_addr().octets(),
            target: arp.get_target_proto_addr(),
        })
    }
}

#[cfg(test)]
mod tests;

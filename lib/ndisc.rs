//! Neighbour discovery on Ethernet (RFC 4861, 4.4): the unsolicited
//! advertisement by which a host that takes an IPv6 address over says so.

use std::net::Ipv6Addr;

use pnet::packet::ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket};
use pnet::packet::icmpv6::ndp::{
    Icmpv6Codes, MutableNeighborAdvertPacket, NdpOption, NdpOptionTypes, NeighborAdvertFlags, NeighborAdvertPacket,
};
use pnet::packet::icmpv6::{Icmpv6Packet, Icmpv6Types, checksum};
use pnet::packet::ip::IpNextHeaderProtocols;
use pnet::packet::ipv6::{Ipv6Packet, MutableIpv6Packet};
use pnet::util::MacAddr;

use crate::interface::Mac;

const ETHERNET: usize = EthernetPacket::minimum_packet_size();
const IPV6: usize = Ipv6Packet::minimum_packet_size();
const ADVERTISEMENT: usize = NeighborAdvertPacket::minimum_packet_size();
/// The option with the target's link-layer address.
const OPTION: usize = 8;

/// Length of a whole frame.
pub const FRAME: usize = ETHERNET + IPV6 + ADVERTISEMENT + OPTION;

/// All nodes on the link, and Ethernet's address for them (RFC 2464, 7).
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC: Mac = [0x33, 0x33, 0, 0, 0, 1];

/// What an unsolicited advertisement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertisement {
    /// The address that is announced.
    pub target: Ipv6Addr,
    /// The hardware address at which it is.
    pub mac: Mac,
    /// Whether the sender is a router: neighbours drop a router from their
    /// default routes when an advertisement says that it is none.
    pub router: bool,
}

impl Advertisement {
    /// The frame on the wire: from the announced address itself to all nodes,
    /// with the override flag.
    pub fn frame(&self) -> [u8; FRAME] {
        self.frame_to(ALL_NODES_MAC, ALL_NODES)
    }

    /// The same to one neighbour alone.
    pub fn frame_to(&self, mac: Mac, destination: Ipv6Addr) -> [u8; FRAME] {
        let mut frame = [0; FRAME];
        let (header, rest) = frame.split_at_mut(ETHERNET);
        let (ip, message) = rest.split_at_mut(IPV6);
        if let Some(mut ethernet) = MutableEthernetPacket::new(header) {
            ethernet.set_destination(MacAddr::from(mac));
            ethernet.set_source(MacAddr::from(self.mac));
            ethernet.set_ethertype(EtherTypes::Ipv6);
        }
        if let Some(mut ip) = MutableIpv6Packet::new(ip) {
            ip.set_version(6);
            ip.set_payload_length((ADVERTISEMENT + OPTION) as u16);
            ip.set_next_header(IpNextHeaderProtocols::Icmpv6);
            ip.set_hop_limit(255);
            ip.set_source(self.target);
            ip.set_destination(destination);
        }
        self.write_message(message, destination);
        frame
    }

    fn write_message(&self, message: &mut [u8], destination: Ipv6Addr) {
        let router = if self.router { NeighborAdvertFlags::Router } else { 0 };
        if let Some(mut advertisement) = MutableNeighborAdvertPacket::new(message) {
            advertisement.set_icmpv6_type(Icmpv6Types::NeighborAdvert);
            advertisement.set_icmpv6_code(Icmpv6Codes::NoCode);
            advertisement.set_flags(NeighborAdvertFlags::Override | router);
            advertisement.set_target_addr(self.target);
            advertisement.set_options(&[NdpOption {
                option_type: NdpOptionTypes::TargetLLAddr,
                length: 1,
                data: self.mac.to_vec(),
            }]);
        }
        let sum = Icmpv6Packet::new(message).map(|packet| checksum(&packet, &self.target, &destination));
        if let (Some(sum), Some(mut advertisement)) = (sum, MutableNeighborAdvertPacket::new(message)) {
            advertisement.set_checksum(sum);
        }
    }
}

#[cfg(test)]
mod tests;

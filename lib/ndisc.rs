//! Neighbour discovery on Ethernet (RFC 4861, 4.4): the unsolicited
//! advertisement by which a host that takes an IPv6 address over says so.

use std::fmt;
use std::net::Ipv6Addr;

use pnet::packet::Packet;
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

/// Why a frame is no neighbour advertisement to all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NdiscError {
    /// Shorter than such a frame.
    Short(usize),
    /// Another protocol, or another message of ICMPv6.
    Kind,
    /// Its checksum does not fit.
    Checksum,
    /// A hop limit other than 255: it came through a router.
    HopLimit(u8),
    /// Without the target's link-layer address.
    NoAddress,
}

impl fmt::Display for NdiscError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NdiscError::Short(length) => write!(f, "{length} bytes are too few for a neighbour advertisement"),
            NdiscError::Kind => f.write_str("not a neighbour advertisement"),
            NdiscError::Checksum => f.write_str("the checksum of ICMPv6 does not fit"),
            NdiscError::HopLimit(limit) => write!(f, "hop limit {limit} instead of 255"),
            NdiscError::NoAddress => f.write_str("without the target's link-layer address"),
        }
    }
}

impl std::error::Error for NdiscError {}

impl Advertisement {
    /// The frame on the wire: from the announced address itself to all nodes,
    /// with the override flag.
    pub fn frame(&self) -> [u8; FRAME] {
        let mut frame = [0; FRAME];
        let (header, rest) = frame.split_at_mut(ETHERNET);
        let (ip, message) = rest.split_at_mut(IPV6);
        if let Some(mut ethernet) = MutableEthernetPacket::new(header) {
            ethernet.set_destination(MacAddr::from(ALL_NODES_MAC));
            ethernet.set_source(MacAddr::from(self.mac));
            ethernet.set_ethertype(EtherTypes::Ipv6);
        }
        if let Some(mut ip) = MutableIpv6Packet::new(ip) {
            ip.set_version(6);
            ip.set_payload_length((ADVERTISEMENT + OPTION) as u16);
            ip.set_next_header(IpNextHeaderProtocols::Icmpv6);
            ip.set_hop_limit(255);
            ip.set_source(self.target);
            ip.set_destination(ALL_NODES);
        }
        self.write_message(message);
        frame
    }

    fn write_message(&self, message: &mut [u8]) {
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
        let sum = Icmpv6Packet::new(message).map(|packet| checksum(&packet, &self.target, &ALL_NODES));
        if let (Some(sum), Some(mut advertisement)) = (sum, MutableNeighborAdvertPacket::new(message)) {
            advertisement.set_checksum(sum);
        }
    }

    /// Reads a frame that announces an address to all nodes.
    ///
    /// # Errors
    /// It is something else, or not whole.
    pub fn parse(frame: &[u8]) -> Result<Advertisement, NdiscError> {
        let short = || NdiscError::Short(frame.len());
        let ethernet = EthernetPacket::new(frame).ok_or_else(short)?;
        let ip = Ipv6Packet::new(ethernet.payload()).ok_or_else(short)?;
        if ethernet.get_ethertype() != EtherTypes::Ipv6 || ip.get_next_header() != IpNextHeaderProtocols::Icmpv6 {
            return Err(NdiscError::Kind);
        }
        if ip.get_hop_limit() != 255 {
            return Err(NdiscError::HopLimit(ip.get_hop_limit()));
        }
        let icmp = Icmpv6Packet::new(ip.payload()).ok_or_else(short)?;
        if icmp.get_icmpv6_type() != Icmpv6Types::NeighborAdvert {
            return Err(NdiscError::Kind);
        }
        if icmp.get_checksum() != checksum(&icmp, &ip.get_source(), &ip.get_destination()) {
            return Err(NdiscError::Checksum);
        }
        let advertisement = NeighborAdvertPacket::new(ip.payload()).ok_or_else(short)?;
        let link_layer = advertisement
            .get_options_iter()
            .find(|option| option.get_option_type() == NdpOptionTypes::TargetLLAddr && option.get_length() == 1);
        let mac = link_layer.and_then(|option| option.packet().get(2..OPTION)?.try_into().ok());
        Ok(Advertisement {
            target: advertisement.get_target_addr(),
            mac: mac.ok_or(NdiscError::NoAddress)?,
            router: advertisement.get_flags() & NeighborAdvertFlags::Router != 0,
        })
    }
}

#[cfg(test)]
mod tests;

//! Echo requests of ICMP (RFC 792) and ICMPv6 (RFC 4443), their answers, and
//! the errors that quote them. Both families lay an echo out alike.
//!
//! What an echo carries is ours: a check value that nobody knows who has not
//! seen the request, the target and the number of the probe. The sequence number
//! is the low half of the probe's number, so that no run is too long for it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pnet::packet::icmp::echo_reply::EchoReplyPacket;
use pnet::packet::icmp::echo_request::MutableEchoRequestPacket;
use pnet::packet::icmp::{IcmpPacket, IcmpType, checksum};
use pnet::packet::ip::IpNextHeaderProtocols;
use pnet::packet::ipv4::Ipv4Packet;
use pnet::packet::ipv6::Ipv6Packet;

/// Which of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// ICMP over IPv4.
    V4,
    /// ICMPv6 over IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Family {
        match address {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }

    fn request_type(self) -> u8 {
        match self {
            Family::V4 => 8,
            Family::V6 => 128,
        }
    }

    fn reply_type(self) -> u8 {
        match self {
            Family::V4 => 0,
            Family::V6 => 129,
        }
    }
}

/// What one echo request says, and its answer repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// The identifier: which process, or which ping socket.
    pub ident: u16,
    /// What nobody can know who has not seen this very request.
    pub check: u64,
    /// The index of the target.
    pub target: u32,
    /// The number of the probe of this target, from 0.
    pub number: u64,
}

/// The fewest bytes that an echo carries behind its header.
pub const PAYLOAD: usize = 8 + 4 + 8;
/// The most: what fits into one packet of either family.
pub const PAYLOAD_MOST: usize = 65_535 - 20 - HEADER;
/// The header of an echo.
const HEADER: usize = 8;

impl Echo {
    /// The sequence number on the wire.
    pub fn sequence(&self) -> u16 {
        (self.number & 0xffff) as u16
    }

    fn payload(&self) -> [u8; PAYLOAD] {
        let mut bytes = [0; PAYLOAD];
        bytes[..8].copy_from_slice(&self.check.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.target.to_be_bytes());
        bytes[12..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// The echo of a header and what stands behind it; none where the two do
    /// not belong together.
    fn read(ident: u16, sequence: u16, payload: &[u8]) -> Option<Echo> {
        let check = u64::from_be_bytes(payload.get(..8)?.try_into().ok()?);
        let target = u32::from_be_bytes(payload.get(8..12)?.try_into().ok()?);
        let number = u64::from_be_bytes(payload.get(12..PAYLOAD)?.try_into().ok()?);
        let echo = Echo { ident, check, target, number };
        (echo.sequence() == sequence).then_some(echo)
    }
}

/// What a packet says about one of our requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The target answered.
    Answer(Echo),
    /// Somebody says that the request could not be delivered.
    Refusal(Refusal),
}

/// An ICMP error about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The target of the request.
    pub to: IpAddr,
    /// The identifier of the request.
    pub ident: u16,
    /// The sequence number of the request.
    pub sequence: u16,
    /// The request, where the error quotes enough of it: RFC 792 asks for no
    /// more than its header, which anybody could have guessed.
    pub echo: Option<Echo>,
    /// Why, in one word.
    pub reason: &'static str,
    /// The type of the error ...
    pub kind: u8,
    /// ... and its code.
    pub code: u8,
}

/// The bytes of an echo request that carries `size` bytes, at least what it has
/// to say. The checksum of ICMPv6 covers the addresses and is left to the kernel.
pub fn request(family: Family, echo: &Echo, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; HEADER + size.clamp(PAYLOAD, PAYLOAD_MOST)];
    if let Some(mut packet) = MutableEchoRequestPacket::new(&mut bytes) {
        packet.set_icmp_type(IcmpType(family.request_type()));
        packet.set_identifier(echo.ident);
        packet.set_sequence_number(echo.sequence());
        packet.set_payload(&echo.payload());
    }
    if let (Family::V4, Some(sum)) = (family, IcmpPacket::new(&bytes).map(|packet| checksum(&packet))) {
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

/// Reads what a raw IPv4 socket receives: a packet with its IP header.
pub fn hear_with_header(packet: &[u8]) -> Option<Heard> {
    hear(Family::V4, behind_ipv4(packet)?.1)
}

/// Reads a message without an IP header. None: it is not about an echo request
/// of ours, or it is damaged.
pub fn hear(family: Family, message: &[u8]) -> Option<Heard> {
    let packet = IcmpPacket::new(message)?;
    // The kernel has checked the sum of ICMPv6, which needs the addresses.
    if family == Family::V4 && checksum(&packet) != packet.get_checksum() {
        return None;
    }
    let (kind, code) = (packet.get_icmp_type().0, packet.get_icmp_code().0);
    if kind == family.reply_type() {
        return (code == 0).then(|| read_echo(message)?.2).flatten().map(Heard::Answer);
    }
    reason(family, kind, code)?;
    let quoted = message.get(HEADER..)?;
    let (to, request) = match family {
        Family::V4 => behind_ipv4(quoted)?,
        Family::V6 => behind_ipv6(quoted)?,
    };
    refusal(to, request, kind, code)
}

/// An error of this type and code about the request whose first bytes are
/// `request`, sent to `to`.
pub fn refusal(to: IpAddr, request: &[u8], kind: u8, code: u8) -> Option<Heard> {
    let reason = reason(Family::of(to), kind, code)?;
    let (ident, sequence, echo) = read_echo(request)?;
    (*request.first()? == Family::of(to).request_type()).then_some(Heard::Refusal(Refusal {
        to,
        ident,
        sequence,
        echo,
        reason,
        kind,
        code,
    }))
}

fn read_echo(message: &[u8]) -> Option<(u16, u16, Option<Echo>)> {
    let echo = EchoReplyPacket::new(message)?;
    let (ident, sequence) = (echo.get_identifier(), echo.get_sequence_number());
    Some((ident, sequence, Echo::read(ident, sequence, message.get(HEADER..)?)))
}

/// The destination of an IPv4 packet, and the ICMP message in it. The packet
/// may be cut, so that its own length says nothing.
fn behind_ipv4(packet: &[u8]) -> Option<(IpAddr, &[u8])> {
    let ip = Ipv4Packet::new(packet)?;
    let header = usize::from(ip.get_header_length()) * 4;
    let is_icmp = ip.get_version() == 4 && ip.get_next_level_protocol() == IpNextHeaderProtocols::Icmp;
    let to: Ipv4Addr = ip.get_destination();
    (is_icmp && header >= 20 && ip.get_fragment_offset() == 0).then_some((to.into(), packet.get(header..)?))
}

/// The same of IPv6. Our requests have no extension headers.
fn behind_ipv6(packet: &[u8]) -> Option<(IpAddr, &[u8])> {
    let ip = Ipv6Packet::new(packet)?;
    let is_icmp = ip.get_version() == 6 && ip.get_next_header() == IpNextHeaderProtocols::Icmpv6;
    let to: Ipv6Addr = ip.get_destination();
    is_icmp.then_some((to.into(), packet.get(Ipv6Packet::minimum_packet_size()..)?))
}

/// What an ICMP error means, in one word; none for messages that are no errors
/// about delivery.
pub fn reason(family: Family, kind: u8, code: u8) -> Option<&'static str> {
    let word = match (family, kind, code) {
        (Family::V4, 3, 0 | 5 | 6 | 8 | 11) | (Family::V6, 1, 0) => "network-unreachable",
        (Family::V4, 3, 1 | 7 | 12) | (Family::V6, 1, 3) => "host-unreachable",
        (Family::V4, 3, 2) => "protocol-unreachable",
        (Family::V4, 3, 3) | (Family::V6, 1, 4) => "port-unreachable",
        (Family::V4, 3, 4) | (Family::V6, 2, _) => "too-big",
        (Family::V4, 3, 9 | 10 | 13..=15) | (Family::V6, 1, 1 | 5 | 6) => "prohibited",
        (Family::V4, 3, _) | (Family::V6, 1, _) => "unreachable",
        (Family::V4, 11, _) | (Family::V6, 3, _) => "hop-limit",
        (Family::V4, 12, _) | (Family::V6, 4, _) => "bad-header",
        (Family::V4 | Family::V6, _, _) => return None,
    };
    Some(word)
}

#[cfg(test)]
mod tests;

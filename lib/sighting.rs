//! What a frame on the wire says of who has an address: ARP (RFC 826) and
//! neighbour discovery (RFC 4861). Anybody can send one.

use std::net::{IpAddr, Ipv6Addr};

use pnet::packet::icmpv6::{Icmpv6Packet, checksum};

use crate::arp::{Arp, Form};
use crate::interface::Mac;
use crate::record::Line;
use crate::time::Time;

/// What is said of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The sender has it.
    Has,
    /// The sender asks whether it may have it: an ARP probe (RFC 5227, 1.1), or
    /// duplicate address detection (RFC 4862, 5.4.2).
    Wants,
}

/// A claim to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The address.
    pub address: IpAddr,
    /// The hardware address that is said to go with it.
    pub mac: Mac,
    /// Whether it is had, or wanted.
    pub what: What,
}

impl Sighting {
    /// Reads a whole Ethernet frame; none when it claims no address, or is not
    /// whole.
    pub fn read(frame: &[u8]) -> Option<Sighting> {
        match frame.get(12..14)? {
            [0x08, 0x06] => of_arp(&Arp::parse(frame).ok()?),
            [0x86, 0xdd] => of_ndisc(frame.get(6..12)?.try_into().ok()?, frame.get(14..)?),
            _ => None,
        }
    }

    /// The record that a machine answers for the address, as it was heard on an
    /// interface; `expected` where a certain one is.
    pub fn answered(&self, now: Time, interface: &str, expected: Option<Mac>) -> String {
        let line = Line::new("address", now).word(&self.address.to_string()).word("answered");
        let line = line.field("mac", shown(self.mac)).field("iface", interface);
        let verdict = expected.map(|mac| if mac == self.mac { "yes" } else { "no" });
        line.maybe("expected", verdict).finish()
    }

    /// The record that the address is used, as it was heard on an interface.
    pub fn used(&self, now: Time, interface: &str) -> String {
        let says = match self.what {
            What::Has => "has",
            What::Wants => "wants",
        };
        let line = Line::new("address", now).word(&self.address.to_string()).word("used");
        line.field("mac", shown(self.mac)).field("iface", interface).field("says", says).finish()
    }
}

/// A hardware address as records have it.
pub fn shown(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

fn of_arp(arp: &Arp) -> Option<Sighting> {
    let (address, what) = match arp.form {
        Form::Request if arp.sender.is_unspecified() => (arp.target, What::Wants),
        Form::Request | Form::Reply => (arp.sender, What::Has),
    };
    (!address.is_unspecified()).then_some(Sighting { address: address.into(), mac: arp.sender_mac, what })
}

const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// Options of neighbour discovery: the sender's and the target's link-layer
/// address.
const SOURCE_OPTION: u8 = 1;
const TARGET_OPTION: u8 = 2;

/// A packet of IPv6, by a frame of `from`.
fn of_ndisc(from: Mac, packet: &[u8]) -> Option<Sighting> {
    let (header, rest) = packet.split_first_chunk::<40>()?;
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    // Behind a router the hop limit is less than 255 (RFC 4861, 7.1).
    if header[0] >> 4 != 6 || header[6] != 58 || header[7] != 255 {
        return None;
    }
    let (source, destination) = (address_at(header, 8)?, address_at(header, 24)?);
    let message = rest.get(..length)?;
    let icmp = Icmpv6Packet::new(message)?;
    if message.get(1) != Some(&0) || checksum(&icmp, &source, &destination) != icmp.get_checksum() {
        return None;
    }
    let target = address_at(message, 8)?;
    let (source_mac, target_mac) = link_layer(message.get(24..)?)?;
    let (address, mac, what) = match *message.first()? {
        ADVERTISEMENT => (target, target_mac, What::Has),
        SOLICITATION if source.is_unspecified() => (target, None, What::Wants),
        SOLICITATION => (source, source_mac, What::Has),
        _ => return None,
    };
    let is_host = !address.is_multicast() && !address.is_unspecified();
    is_host.then_some(Sighting { address: address.into(), mac: mac.unwrap_or(from), what })
}

fn address_at(bytes: &[u8], at: usize) -> Option<Ipv6Addr> {
    let octets: [u8; 16] = bytes.get(at..at + 16)?.try_into().ok()?;
    Some(octets.into())
}

/// The sender's and the target's link-layer address in the options; none when an
/// option is not whole, or has no length (RFC 4861, 4.6: discarded).
fn link_layer(mut options: &[u8]) -> Option<(Option<Mac>, Option<Mac>)> {
    let (mut source, mut target) = (None, None);
    while let [kind, length, ..] = *options {
        let (option, rest) = options.split_at_checked(usize::from(length) * 8)?;
        // An option of one unit holds an address of six bytes behind its head.
        let mac: Option<Mac> = option.get(2..)?.try_into().ok();
        match kind {
            SOURCE_OPTION => source = source.or(mac),
            TARGET_OPTION => target = target.or(mac),
            _ => {}
        }
        options = rest;
    }
    options.is_empty().then_some((source, target))
}

#[cfg(test)]
mod tests;

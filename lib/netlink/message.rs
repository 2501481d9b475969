//! Rows of the kernel's tables out of netlink messages, and the other way
//! round. Only the attributes that count are read, so that what a newer kernel
//! adds to a message cannot make it unreadable.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_core::NlasIterator;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressScope, CacheInfo,
};
use netlink_packet_route::link::{LinkFlags, LinkHeader, LinkLayerType};
use netlink_packet_route::route::{RouteHeader, RouteType};
use nix::errno::Errno;

use super::NetlinkError;
use crate::floating::{FOREVER, Held};
use crate::interface::Interface;
use crate::route::Route;

/// Sizes of the fixed headers: ifaddrmsg, ifinfomsg, rtmsg, rtnexthop.
const ADDRESS_HEADER: usize = 8;
const LINK_HEADER: usize = 16;
const ROUTE_HEADER: usize = 12;
const HOP_HEADER: usize = 8;

/// Attributes of addresses, interfaces and routes (linux/if_addr.h,
/// linux/if_link.h, linux/rtnetlink.h).
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;
const IFA_CACHEINFO: u16 = 6;
const IFA_FLAGS: u16 = 8;
const IFA_RT_PRIORITY: u16 = 9;
const IFA_PROTO: u16 = 11;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;
const RTA_VIA: u16 = 18;

/// The flags of an address that its user chooses; the others are the kernel's.
const CHOICES: AddressFlags = AddressFlags::Noprefixroute
    .union(AddressFlags::Managetempaddr)
    .union(AddressFlags::Homeaddress)
    .union(AddressFlags::Mcautojoin)
    .union(AddressFlags::Nodad);

/// Shows every attribute behind a fixed header to `take`.
fn attributes(payload: &[u8], header: usize, mut take: impl FnMut(u16, &[u8])) -> Result<(), NetlinkError> {
    for attribute in NlasIterator::new(payload.get(header..).unwrap_or_default()) {
        let attribute = attribute.map_err(|_| NetlinkError::Malformed("an attribute"))?;
        let end = 4 + attribute.value_length();
        let kind = attribute.kind();
        take(kind, attribute.into_inner().get(4..end).unwrap_or_default());
    }
    Ok(())
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
        _ => None,
    }
}

fn number(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

fn text(value: &[u8]) -> Option<String> {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    value.get(..end).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// What the message at the end of an exchange says.
pub(super) fn status(payload: &[u8]) -> Result<(), NetlinkError> {
    match payload.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes)) {
        Some(0..) | None => Ok(()),
        Some(code) => Err(NetlinkError::Refused(Errno::from_raw(code.saturating_neg()))),
    }
}

/// An address that the host holds. Its own end of a point-to-point address
/// counts, not the peer's.
pub(super) fn held(payload: &[u8]) -> Result<Option<Held>, NetlinkError> {
    let [_, bits, short_flags, scope, index @ ..] = payload else { return Err(NetlinkError::Malformed("an address")) };
    let Some(index) = number(index) else { return Err(NetlinkError::Malformed("an address")) };
    let (mut address, mut local, mut broadcast, mut label) = (None, None, None, None);
    let (mut flags, mut preferred, mut valid) = (u32::from(*short_flags), FOREVER, FOREVER);
    let (mut metric, mut protocol) = (0, 0);
    attributes(payload, ADDRESS_HEADER, |kind, value| match kind {
        IFA_ADDRESS => address = ip(value),
        IFA_LOCAL => local = ip(value),
        IFA_BROADCAST => broadcast = value.first_chunk().map(|bytes: &[u8; 4]| Ipv4Addr::from(*bytes)),
        IFA_LABEL => label = text(value),
        IFA_FLAGS => flags = number(value).unwrap_or(flags),
        IFA_RT_PRIORITY => metric = number(value).unwrap_or(0),
        IFA_PROTO => protocol = value.first().copied().unwrap_or(0),
        IFA_CACHEINFO => {
            preferred = number(value).unwrap_or(preferred);
            valid = value.get(4..).and_then(number).unwrap_or(valid);
        }
        _ => {}
    })?;
    let flags = AddressFlags::from_bits_retain(flags);
    Ok(local.or(address).map(|address| Held {
        index,
        address,
        bits: *bits,
        secondary: flags.contains(AddressFlags::Secondary),
        tentative: flags.contains(AddressFlags::Tentative) && !flags.contains(AddressFlags::Optimistic),
        duplicate: flags.contains(AddressFlags::Dadfailed),
        broadcast,
        label,
        scope: *scope,
        valid,
        preferred,
        choices: flags.intersection(CHOICES).bits(),
        metric,
        protocol,
    }))
}

/// An interface.
pub(super) fn interface(payload: &[u8]) -> Result<Option<Interface>, NetlinkError> {
    let header = LinkHeader::parse(payload).map_err(|_| NetlinkError::Malformed("an interface"))?;
    let (mut name, mut hardware) = (None, None);
    attributes(payload, LINK_HEADER, |kind, value| match kind {
        IFLA_IFNAME => name = text(value),
        IFLA_ADDRESS => hardware = value.try_into().ok(),
        _ => {}
    })?;
    let has = |flag| header.flags.contains(flag);
    Ok(name.map(|name| Interface {
        index: header.index,
        name,
        up: has(LinkFlags::Up),
        carrier: has(LinkFlags::LowerUp),
        loopback: has(LinkFlags::Loopback),
        noarp: has(LinkFlags::Noarp),
        mac: hardware.filter(|_| header.link_layer_type == LinkLayerType::Ether),
    }))
}

/// The number of the interface that a message is about.
pub(super) fn link_index(payload: &[u8]) -> Option<u32> {
    payload.get(4..).and_then(number)
}

/// A route, once for each of its interfaces; none when it is not one that
/// leads to hosts by the main table.
pub(super) fn routes(payload: &[u8]) -> Result<Option<Vec<Route>>, NetlinkError> {
    let header = RouteHeader::parse(payload).map_err(|_| NetlinkError::Malformed("a route"))?;
    let network = match header.address_family {
        AddressFamily::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        AddressFamily::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return Ok(None),
    };
    let mut table = u32::from(header.table);
    let mut route = Route { network, bits: header.destination_prefix_length, index: 0, gateway: false, metric: 0 };
    let mut hops = Vec::new();
    attributes(payload, ROUTE_HEADER, |kind, value| match kind {
        RTA_DST => route.network = ip(value).unwrap_or(network),
        RTA_OIF => route.index = number(value).unwrap_or(0),
        RTA_GATEWAY | RTA_VIA => route.gateway = true,
        RTA_PRIORITY => route.metric = number(value).unwrap_or(0),
        RTA_TABLE => table = number(value).unwrap_or(table),
        RTA_MULTIPATH => hops = next_hops(value),
        _ => {}
    })?;
    if header.kind != RouteType::Unicast || table != u32::from(RouteHeader::RT_TABLE_MAIN) {
        return Ok(None);
    }
    if route.index != 0 {
        return Ok(Some(vec![route]));
    }
    Ok(Some(hops.into_iter().map(|(index, gateway)| Route { index, gateway, ..route.clone() }).collect()))
}

/// The interfaces of a route with several ways, and whether each leads to a
/// router.
fn next_hops(mut value: &[u8]) -> Vec<(u32, bool)> {
    let mut hops = Vec::new();
    while let (Some(length), Some(index)) = (value.first_chunk(), value.get(4..).and_then(number)) {
        let length = usize::from(u16::from_ne_bytes(*length)).max(HOP_HEADER).min(value.len());
        let mut gateway = false;
        let hop = value.get(..length).unwrap_or_default();
        let _ = attributes(hop, HOP_HEADER, |kind, _| gateway |= matches!(kind, RTA_GATEWAY | RTA_VIA));
        hops.push((index, gateway));
        value = value.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    hops
}

/// The message that names an address, as it is to be removed.
pub(super) fn address_key(held: &Held) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = if held.address.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet };
    message.header.prefix_len = held.bits;
    message.header.index = held.index;
    message.attributes.push(AddressAttribute::Local(held.address));
    message.attributes.push(AddressAttribute::Address(held.address));
    message
}

/// The message that adds an address, or gives it other lifetimes.
pub(super) fn address(held: &Held) -> AddressMessage {
    let mut message = address_key(held);
    message.header.scope = AddressScope::from(held.scope);
    let choices = AddressFlags::from_bits_retain(held.choices);
    message.header.flags = AddressHeaderFlags::from_bits_truncate(choices.bits().to_le_bytes()[0]);
    message.attributes.push(AddressAttribute::Flags(choices));
    if held.metric != 0 {
        message.attributes.push(AddressAttribute::RoutePriority(held.metric));
    }
    if held.protocol != 0 {
        message.attributes.push(AddressAttribute::Protocol(held.protocol.into()));
    }
    if let Some(broadcast) = held.broadcast {
        message.attributes.push(AddressAttribute::Broadcast(broadcast));
    }
    if let Some(label) = &held.label {
        message.attributes.push(AddressAttribute::Label(label.clone()));
    }
    let mut lifetimes = CacheInfo::default();
    lifetimes.ifa_valid = held.valid;
    lifetimes.ifa_preferred = held.preferred;
    message.attributes.push(AddressAttribute::CacheInfo(lifetimes));
    message
}

#[cfg(test)]
mod tests;

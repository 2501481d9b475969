//! The frame that asks who has an address: an ARP request, or a neighbour
//! solicitation. From the unspecified address it is one that only asks: an ARP
//! probe (RFC 5227, 1.1), or duplicate address detection (RFC 4862, 5.4.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::same_network;
use crate::arp::Arp;
use crate::floating::Held;
use crate::interface::Mac;
use crate::solicitation::Solicitation;

/// The question for `address` by the hardware address `mac`; `asker` is an
/// address of the same family, or none.
pub fn question(address: IpAddr, mac: Mac, asker: Option<IpAddr>) -> Vec<u8> {
    match (address, asker) {
        (IpAddr::V4(v4), Some(IpAddr::V4(sender))) => Arp::question(mac, sender, v4).frame().to_vec(),
        (IpAddr::V4(v4), Some(IpAddr::V6(_)) | None) => Arp::question(mac, Ipv4Addr::UNSPECIFIED, v4).frame().to_vec(),
        (IpAddr::V6(target), Some(IpAddr::V6(source))) => Solicitation { source, target, mac }.frame(),
        (IpAddr::V6(target), Some(IpAddr::V4(_)) | None) => {
            Solicitation { source: Ipv6Addr::UNSPECIFIED, target, mac }.frame()
        }
    }
}

/// The address from which this host, which has `held`, asks for `address` on the
/// interface with the number `index`: one of the same network there, or a
/// link-local one (IPv6); one that floats is secondary, and the last choice. None
/// where there is none of these: some equipment heeds only those of its network.
pub fn asker(address: IpAddr, index: u32, held: &[Held]) -> Option<IpAddr> {
    let works = |held: &&Held| {
        held.index == index && held.address != address && !held.tentative && !held.duplicate && held.preferred > 0
    };
    let near = |held: &&Held| same_network(held.address, address, held.bits) || is_link_local(held.address);
    let far = |held: &&Held| (!same_network(held.address, address, held.bits), held.secondary);
    let of_family = held.iter().filter(|held| held.address.is_ipv6() == address.is_ipv6());
    of_family.filter(works).filter(near).min_by_key(far).map(|held| held.address)
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests;

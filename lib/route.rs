//! Which interface an address belongs on, by the connected routes. Never a
//! guess: what is not clear is refused, with what stands to choose from.

use std::fmt;
use std::net::IpAddr;

use crate::address::same_network;

/// A unicast route of the main table, for one of its interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The network it leads to.
    pub network: IpAddr,
    /// How many bits of it count; 0 is the default route.
    pub bits: u8,
    /// The kernel's number of the interface.
    pub index: u32,
    /// Whether it leads through another router.
    pub gateway: bool,
    /// The kernel prefers the smallest.
    pub metric: u32,
}

/// Where an address belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The kernel's number of the interface.
    pub index: u32,
    /// Bits of the connected network.
    pub bits: u8,
}

/// Why there is no clear place for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// No route matches.
    None,
    /// Only the default route matches.
    OnlyDefault,
    /// The best match leads through another router.
    Gateway(Place),
    /// Several interfaces match equally well.
    Several(Vec<Place>),
    /// The bits that the address is to have are not those of the best match: it
    /// would bring a network of its own.
    OtherBits(Place),
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoPlace::None => f.write_str("no route leads to it"),
            NoPlace::OnlyDefault => f.write_str("only the default route leads to it, so it is in no connected network"),
            NoPlace::Gateway(place) => {
                write!(f, "the route to it (/{}) leads through a router, so it is in no connected network", place.bits)
            }
            NoPlace::OtherBits(place) => {
                write!(f, "its connected network has {} bits, and not the ones that are asked for", place.bits)
            }
            NoPlace::Several(places) => write!(f, "{} interfaces have a route to it", places.len()),
        }
    }
}

impl std::error::Error for NoPlace {}

/// Whether an address with `bits` belongs in a network with `network` bits. A
/// part of an IPv4 network does; an IPv6 network is as large as its link, so
/// that of its addresses only single ones have other bits.
fn belongs(address: IpAddr, bits: u8, network: u8) -> bool {
    if address.is_ipv4() { bits >= network } else { bits == network || bits == 128 }
}

/// The place of `address`, which is to have `bits`, on any interface: as by
/// [`place`], among the networks in which it belongs with these bits.
///
/// # Errors
/// As there, or it belongs in none of them.
pub fn place_with(address: IpAddr, bits: Option<u8>, routes: &[Route]) -> Result<Place, NoPlace> {
    let Some(bits) = bits else { return place(address, routes, None) };
    let fits = |route: &&Route| route.bits == 0 || belongs(address, bits, route.bits);
    let fitting: Vec<Route> = routes.iter().filter(fits).cloned().collect();
    let answer = place(address, &fitting, None);
    if !matches!(answer, Err(NoPlace::None | NoPlace::OnlyDefault)) {
        return answer;
    }
    match place(address, routes, None) {
        Ok(place) => Err(NoPlace::OtherBits(place)),
        Err(NoPlace::Several(places)) => Err(places.first().map_or(NoPlace::None, |place| NoPlace::OtherBits(*place))),
        Err(NoPlace::None | NoPlace::OnlyDefault | NoPlace::Gateway(_) | NoPlace::OtherBits(_)) => answer,
    }
}

/// The place of `address` by the longest match among `routes`, and of equally
/// long ones the smallest metric. With `only`, routes of other interfaces do not
/// count.
///
/// # Errors
/// Nothing matches, only the default route or one through a router does, or
/// several interfaces match equally well.
pub fn place(address: IpAddr, routes: &[Route], only: Option<u32>) -> Result<Place, NoPlace> {
    let matching: Vec<&Route> = routes
        .iter()
        .filter(|route| only.is_none_or(|index| index == route.index))
        .filter(|route| same_network(address, route.network, route.bits))
        .collect();
    let rank = |route: &Route| (u8::MAX - route.bits, route.metric);
    let Some(best) = matching.iter().map(|route| rank(route)).min() else { return Err(NoPlace::None) };
    let mut winners: Vec<&Route> = matching.into_iter().filter(|route| rank(route) == best).collect();
    winners.sort_by_key(|route| route.index);
    winners.dedup_by_key(|route| route.index);
    let places: Vec<Place> = winners.iter().map(|route| Place { index: route.index, bits: route.bits }).collect();
    match (winners.as_slice(), places.as_slice()) {
        ([route, ..], _) if route.bits == 0 => Err(NoPlace::OnlyDefault),
        ([route], [place]) if route.gateway => Err(NoPlace::Gateway(*place)),
        ([_], [place]) => Ok(*place),
        _ => Err(NoPlace::Several(places)),
    }
}

#[cfg(test)]
mod tests;

//! What a host says to its neighbours when it holds an address: gratuitous ARP
//! for IPv4, an unsolicited neighbour advertisement for IPv6.

use std::net::IpAddr;

use crate::arp::{Arp, Form};
use crate::interface::{Interface, Unfit};
use crate::ndisc::Advertisement;

/// The frames that announce one address on one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The address.
    pub address: IpAddr,
    /// The kernel's number of the interface.
    pub index: u32,
    frames: Vec<Vec<u8>>,
}

/// Both forms of gratuitous ARP: some equipment heeds only one of them.
pub const BOTH: &[Form] = &[Form::Request, Form::Reply];

impl Announcement {
    /// The announcement of `address` on `interface`: a frame for each of `forms`
    /// (IPv4), or one advertisement, by a `router` or by a host (IPv6).
    ///
    /// # Errors
    /// Nobody would hear it on this interface.
    pub fn new(address: IpAddr, interface: &Interface, forms: &[Form], router: bool) -> Result<Announcement, Unfit> {
        let mac = interface.announcer()?;
        let frames = match address {
            IpAddr::V4(v4) => forms.iter().map(|form| Arp::gratuitous(mac, v4, *form).frame().to_vec()).collect(),
            IpAddr::V6(target) => vec![Advertisement { target, mac, router }.frame().to_vec()],
        };
        Ok(Announcement { address, index: interface.index, frames })
    }

    /// Its frames, in the order in which they are to be sent.
    pub fn frames(&self) -> impl Iterator<Item = &[u8]> {
        self.frames.iter().map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;

//! What a host says to its neighbours when it holds an address: gratuitous ARP
//! for IPv4, an unsolicited neighbour advertisement for IPv6.

use std::net::IpAddr;

use crate::arp::{Arp, Form};
use crate::interface::{Interface, Mac, Unfit};
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

/// A machine on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// One of its addresses.
    pub address: IpAddr,
    /// Where it is.
    pub mac: Mac,
}

/// How an announcement is made.
#[derive(Clone, Copy, Debug)]
pub struct Manner<'a> {
    /// A frame for each of these (IPv4).
    pub forms: &'a [Form],
    /// By a router, or by a host (IPv6).
    pub router: bool,
    /// The hardware address that is announced, and that the frames come from;
    /// none is the interface's.
    pub mac: Option<Mac>,
}

impl Announcement {
    /// The announcement of `address` on `interface` to everybody: a frame for
    /// each of `forms` (IPv4), or one advertisement, by a `router` or by a host
    /// (IPv6).
    ///
    /// # Errors
    /// Nobody would hear it on this interface.
    pub fn new(address: IpAddr, interface: &Interface, forms: &[Form], router: bool) -> Result<Announcement, Unfit> {
        Announcement::in_manner(address, interface, Manner { forms, router, mac: None })
    }

    /// The announcement of `address` on `interface` to everybody.
    ///
    /// # Errors
    /// Nobody would hear it on this interface.
    pub fn in_manner(address: IpAddr, interface: &Interface, manner: Manner<'_>) -> Result<Announcement, Unfit> {
        let own = interface.announcer()?;
        let mac = manner.mac.unwrap_or(own);
        let frames = match address {
            IpAddr::V4(v4) => {
                manner.forms.iter().map(|form| Arp::gratuitous(mac, v4, *form).frame().to_vec()).collect()
            }
            IpAddr::V6(target) => vec![Advertisement { target, mac, router: manner.router }.frame().to_vec()],
        };
        Ok(Announcement { address, index: interface.index, frames })
    }

    /// The same to one neighbour alone; nothing for one of the other family.
    ///
    /// # Errors
    /// It would not be heard on this interface.
    pub fn directed(
        address: IpAddr,
        interface: &Interface,
        manner: Manner<'_>,
        to: Neighbour,
    ) -> Result<Announcement, Unfit> {
        let own = interface.announcer()?;
        let mac = manner.mac.unwrap_or(own);
        let frames = match (address, to.address) {
            (IpAddr::V4(v4), IpAddr::V4(target)) => {
                let frame = |form: &Form| Arp::directed(mac, v4, *form, to.mac, target).frame().to_vec();
                manner.forms.iter().map(frame).collect()
            }
            (IpAddr::V6(target), IpAddr::V6(neighbour)) => {
                vec![Advertisement { target, mac, router: manner.router }.frame_to(to.mac, neighbour).to_vec()]
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Vec::new(),
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

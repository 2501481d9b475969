//! The wires of this host, watched for those who claim addresses: the loop that
//! asks, and the descriptors that answers come in by.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use crate::edge;
use crate::inquiry::{Inquiry, Step, Subject};
use crate::interface::Interface;
use crate::question::question;
use crate::rawsock::{Family, FrameListener, FrameSocket};
use crate::sighting::Sighting;
use crate::signals;
use crate::solicitation::solicited_node;

/// Frames that are read from one interface before others get their turn.
const TURN: usize = 256;

/// Sockets that hear ARP and neighbour discovery, one for each interface and
/// family.
pub struct Lookout {
    ears: BTreeMap<(u32, Family), FrameListener>,
    /// Interfaces that have failed since the beginning, and how: what was not
    /// heard on them says nothing.
    failed: BTreeMap<u32, String>,
}

impl Lookout {
    /// Begins to listen for claims to each address on its interface.
    ///
    /// # Errors
    /// Not permitted (CAP_NET_RAW), or an interface is gone.
    pub fn open(places: &[Subject]) -> io::Result<Lookout> {
        let mut ears: BTreeMap<(u32, Family), FrameListener> = BTreeMap::new();
        for Subject { address, index } in places {
            let (family, group) = match address {
                IpAddr::V4(_) => (Family::Arp, None),
                IpAddr::V6(v6) => (Family::Ndisc, Some(solicited_node(*v6).1)),
            };
            let ear = match ears.entry((*index, family)) {
                Entry::Occupied(there) => there.into_mut(),
                Entry::Vacant(free) => free.insert(FrameListener::open(*index, family)?),
            };
            if let Some(group) = group {
                ear.join(group)?;
            }
        }
        Ok(Lookout { ears, failed: BTreeMap::new() })
    }

    /// Descriptors that can be read when something has come in.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.ears.values().map(FrameListener::as_fd)
    }

    /// Gives what has come in to `take`, with the number of its interface; waits
    /// for nothing.
    pub fn read(&mut self, mut take: impl FnMut(u32, Sighting)) {
        let mut buffer = [0; 256];
        for ((index, _), ear) in &self.ears {
            for _ in 0..TURN {
                match ear.read(&mut buffer) {
                    Ok(None) => break,
                    Ok(Some(frame)) => {
                        if let Some(sighting) = Sighting::read(frame) {
                            take(*index, sighting);
                        }
                    }
                    Err(error) => {
                        self.failed.entry(*index).or_insert_with(|| error.to_string());
                        break;
                    }
                }
            }
        }
    }

    /// How an interface has failed, if it has.
    pub fn failure(&self, index: u32) -> Option<&str> {
        self.failed.get(&index).map(String::as_str)
    }

    /// The failures of interfaces since the last call.
    pub fn take_failures(&mut self) -> BTreeMap<u32, String> {
        std::mem::take(&mut self.failed)
    }

    /// Carries an inquiry out to its end by questions that claim nothing;
    /// `settled` is told of every frame that counts, when it is heard.
    ///
    /// # Errors
    /// The kernel refuses to wait, or `settled` failed.
    pub fn inquire<E: From<io::Error>>(
        &mut self,
        inquiry: &mut Inquiry,
        interfaces: &BTreeMap<u32, Interface>,
        socket: &FrameSocket,
        settled: impl FnMut(Subject, Sighting) -> Result<(), E>,
    ) -> Result<(), E> {
        self.inquire_as(inquiry, interfaces, &BTreeMap::new(), socket, settled)
    }

    /// The same, with the address in `askers` as that of who asks for a subject.
    ///
    /// # Errors
    /// The kernel refuses to wait, or `settled` failed.
    pub fn inquire_as<E: From<io::Error>>(
        &mut self,
        inquiry: &mut Inquiry,
        interfaces: &BTreeMap<u32, Interface>,
        askers: &BTreeMap<Subject, IpAddr>,
        socket: &FrameSocket,
        mut settled: impl FnMut(Subject, Sighting) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let longest = match inquiry.look(edge::now()) {
                Step::Over => return Ok(()),
                Step::Ask(subjects) => {
                    for subject in subjects {
                        let Some(mac) = interfaces.get(&subject.index).and_then(|interface| interface.mac) else {
                            continue;
                        };
                        let frame = question(subject.address, mac, askers.get(&subject).copied());
                        if let Err(error) = socket.send(subject.index, &frame) {
                            self.failed.entry(subject.index).or_insert_with(|| error.to_string());
                        }
                    }
                    Duration::ZERO
                }
                Step::Wait(until) => until.since(edge::now()),
            };
            signals::wait(self.descriptors(), Some(longest))?;
            let mut heard = Vec::new();
            self.read(|index, sighting| {
                heard.extend(inquiry.heard(index, &sighting).map(|subject| (subject, sighting)));
            });
            for (subject, sighting) in heard {
                settled(subject, sighting)?;
            }
        }
    }
}

//! Telling the neighbours: at once, in later rounds, and again by monitoring.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use super::{Agent, AgentError};
use crate::address::Spec;
use crate::edge;
use crate::gratuitous::Announcement;
use crate::interface::{Interface, Unfit};
use crate::manner::Rounds;
use crate::netlink::Netlink;
use crate::rawsock::FrameSocket;
use crate::sysctl;
use crate::time::Time;

impl Agent {
    /// Ends the agent's work: what was announced is announced in its later
    /// rounds, as long as it is still there, mostly by a child that also spares
    /// the caller the time that closing a packet socket takes.
    pub fn finish(self) {
        let Some(socket) = self.socket else { return };
        let (started, until) = (self.started, self.until);
        let rounds = if started.is_empty() { Rounds { count: 1, ..self.manner.rounds } } else { self.manner.rounds };
        let begin = edge::now();
        if !rounds.background {
            announce_later(&socket, &started, rounds, until, begin);
        }
        // Without a child there are no later rounds, and the caller waits for
        // the socket: nothing that would have to be reported.
        let _ = socket.leave(Duration::ZERO, |socket| {
            if rounds.background {
                announce_later(socket, &started, rounds, until, begin);
            }
        });
    }

    /// Tells the neighbours of an address that was monitored and works, as often
    /// as monitoring is to do it.
    ///
    /// # Errors
    /// Nothing could be sent.
    pub fn refresh(&mut self, spec: &Spec) -> Result<(), AgentError> {
        if self.manner.refresh == 0 {
            return Ok(());
        }
        self.manner.rounds.count = self.manner.refresh;
        let named = self.host.named(spec)?;
        let held = self.host.there(spec, named.as_ref())?;
        let interface = self.host.interface_of(&held, named)?;
        match self.announcement(spec.address, &interface)? {
            Some(announcement) => self.tell(announcement),
            None => Ok(()),
        }
    }

    /// The first round of an announcement; [`Agent::finish`] sees to the others.
    pub(super) fn tell(&mut self, announcement: Announcement) -> Result<(), AgentError> {
        self.open_socket()?;
        self.send(&announcement)?;
        self.started.push(announcement);
        Ok(())
    }

    /// Tells the neighbours, once.
    ///
    /// # Errors
    /// No packet socket, or nothing could be sent.
    pub fn announce_all(&mut self, announcements: &[Announcement]) -> Result<(), AgentError> {
        self.open_socket()?;
        announcements.iter().try_for_each(|announcement| self.send(announcement))
    }

    /// The announcement of an address; none on an interface where nobody would
    /// hear it.
    pub(super) fn announcement(
        &self,
        address: IpAddr,
        interface: &Interface,
    ) -> Result<Option<Announcement>, AgentError> {
        let router = address.is_ipv6() && sysctl::is_router(&interface.name);
        match Announcement::new(address, interface, self.manner.forms, router) {
            Ok(announcement) => Ok(Some(announcement)),
            Err(Unfit::Loopback(_) | Unfit::NoArp(_) | Unfit::NotEthernet(_)) => Ok(None),
            Err(Unfit::Down(_) | Unfit::NoCarrier(_)) if !self.manner.link_matters => Ok(None),
            Err(why @ (Unfit::Down(_) | Unfit::NoCarrier(_))) => Err(AgentError::Unfit(why)),
        }
    }

    pub(super) fn open_socket(&mut self) -> Result<(), AgentError> {
        if self.socket.is_none() {
            self.socket = Some(FrameSocket::open().map_err(AgentError::Announce)?);
        }
        Ok(())
    }

    pub(super) fn send(&self, announcement: &Announcement) -> Result<(), AgentError> {
        self.socket.as_ref().map_or(Ok(()), |socket| socket.announce(announcement)).map_err(AgentError::Announce)
    }
}

/// The rounds after the first, which was at `begin`: of what is still there.
fn announce_later(
    socket: &FrameSocket,
    announcements: &[Announcement],
    rounds: Rounds,
    until: Option<Time>,
    begin: Time,
) {
    for round in 1..rounds.count {
        edge::wait_until(begin + rounds.interval.saturating_mul(round));
        if until.is_some_and(|until| edge::now() >= until) {
            return;
        }
        let there = still_held(announcements);
        if there.is_empty() {
            return;
        }
        for announcement in there {
            // The first one was sent: nothing that would have to be reported.
            let _ = socket.announce(announcement);
        }
    }
}

/// Those announcements whose interface still holds the address.
fn still_held(announcements: &[Announcement]) -> Vec<&Announcement> {
    let Ok(mut netlink) = Netlink::open() else { return Vec::new() };
    let mut there: BTreeSet<(IpAddr, u32)> = BTreeSet::new();
    for v6 in [false, true] {
        if announcements.iter().any(|announcement| announcement.address.is_ipv6() == v6) {
            let held = netlink.addresses(v6).unwrap_or_default();
            there.extend(held.into_iter().map(|held| (held.address, held.index)));
        }
    }
    let is_there = |one: &&Announcement| there.contains(&(one.address, one.index));
    announcements.iter().filter(is_there).collect()
}

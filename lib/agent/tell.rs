//! Telling the neighbours: at once, in later rounds, and again by monitoring.

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
        let named = self.named(spec)?;
        let held = self.there(spec, named.as_ref())?;
        let interface = self.interface_of(&held, named)?;
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
        let mut any = false;
        for announcement in announcements {
            if until.is_none_or(|until| edge::now() < until) && is_held(announcement) {
                any = true;
                // The first one was sent: nothing that would have to be reported.
                let _ = socket.announce(announcement);
            }
        }
        if !any {
            return;
        }
    }
}

/// Whether the interface still holds what was announced.
fn is_held(announcement: &Announcement) -> bool {
    let held = Netlink::open().and_then(|mut netlink| netlink.addresses(announcement.address.is_ipv6()));
    held.is_ok_and(|held| {
        held.iter().any(|held| held.address == announcement.address && held.index == announcement.index)
    })
}

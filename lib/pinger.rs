//! Sends what a prober wants sent, and lets it hear what arrives.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd as _;

use crate::edge;
use crate::icmp::Family;
use crate::pingsock::{self, PingSocket, PingSocketError};
use crate::probe::{Prober, Report, Settings, Target};
use crate::signals::{self, Signals};

/// Probes that are sent before the answers are heard again.
const BATCH: usize = 32;

/// A prober with its sockets.
#[derive(Debug)]
pub struct Pinger {
    sockets: Vec<PingSocket>,
    prober: Prober,
}

impl Pinger {
    /// Opens a socket for each family that a target has, and begins.
    ///
    /// # Errors
    /// A socket is not allowed, or not with this interface or source.
    pub fn open(
        settings: Settings,
        targets: Vec<Target>,
        interface: Option<&str>,
        source: Option<IpAddr>,
    ) -> Result<Pinger, PingSocketError> {
        let families: BTreeSet<Family> = targets.iter().map(|target| Family::of(target.address)).collect();
        // The token makes an answer ours; the identifier only sorts them.
        let ident = (settings.token & 0xffff) as u16;
        let open = |family| PingSocket::open(family, ident, interface, source);
        let sockets = families.into_iter().map(open).collect::<Result<_, _>>()?;
        Ok(Pinger { sockets, prober: Prober::new(settings, targets, edge::now()) })
    }

    /// The targets and what is known of them.
    pub fn prober(&mut self) -> &mut Prober {
        &mut self.prober
    }

    /// Hears all that has arrived, and only then lets time pass.
    ///
    /// # Errors
    /// A socket cannot be read.
    pub fn hear(&mut self) -> io::Result<Vec<Report>> {
        let now = edge::now();
        let mut reports = Vec::new();
        for socket in &mut self.sockets {
            let dropped = socket.dropped();
            while let Some(arrival) = socket.receive()? {
                reports.extend(self.prober.hear(arrival.from, &arrival.heard, arrival.at));
            }
            if socket.dropped() != dropped {
                self.prober.dropped(edge::now());
            }
        }
        reports.extend(self.prober.expire(now));
        Ok(reports)
    }

    /// Sends some of what is due.
    pub fn send(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        for _ in 0..BATCH {
            let at = edge::now();
            let Some(probe) = self.prober.next_probe(at) else { break };
            let to = self.prober.targets()[probe.target].address;
            let Some(socket) = self.sockets.iter_mut().find(|socket| socket.family() == Family::of(to)) else { break };
            let echo = self.prober.echo(probe, socket.ident());
            match socket.send(to, &echo) {
                Ok(()) => self.prober.sent(probe, at),
                Err(error) if pingsock::is_crowded(&error) => {
                    reports.extend(self.prober.crowded_out(probe, pingsock::reason(&error), at));
                }
                Err(error) => reports.extend(self.prober.unsent(probe, pingsock::reason(&error), at)),
            }
        }
        reports
    }

    /// Waits until something arrives or is due, or a signal came.
    ///
    /// # Errors
    /// The kernel refuses to wait.
    pub fn wait(&mut self, signals: &Signals) -> io::Result<()> {
        let longest = self.prober.wake().map(|time| time.since(edge::now()));
        let descriptors = self.sockets.iter().map(|socket| socket.as_fd()).chain([signals.as_fd()]);
        signals::wait(descriptors, longest)
    }
}

//! Asks targets until all is known: sockets, signals and the clock around a
//! [`Prober`].

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::Signal;

use crate::edge;
use crate::icmp::Family;
use crate::pingsock::{self, PingSocket, PingSocketError, Sending};
use crate::probe::{Note, Probe, Prober, Report, Target};
use crate::signals::{self, Signals};
use crate::time::Time;

/// Whom everything is told.
pub trait Reporter {
    /// A target has a new record.
    ///
    /// # Errors
    /// It cannot be written.
    fn report(&mut self, prober: &Prober, report: &Report) -> anyhow::Result<()>;

    /// Something beside the records.
    ///
    /// # Errors
    /// It cannot be written.
    fn note(&mut self, prober: &Prober, note: &Note) -> anyhow::Result<()>;

    /// What is known so far is wanted: a span is over, or somebody `asked`.
    ///
    /// # Errors
    /// It cannot be written.
    fn interim(&mut self, prober: &mut Prober, asked: bool, at: Time) -> anyhow::Result<()>;

    /// Nothing more comes for a while.
    ///
    /// # Errors
    /// It cannot be written.
    fn flush(&mut self) -> anyhow::Result<()>;
}

/// When what is known so far is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interim {
    /// Never.
    Never,
    /// When SIGQUIT comes.
    Asked,
    /// Then, and at every such span.
    Every(Duration),
}

/// One socket for each family that a target has.
///
/// # Errors
/// One is not allowed, or cannot be set up.
pub fn open(targets: &[Target], ident: u16, how: &Sending) -> Result<Vec<PingSocket>, PingSocketError> {
    let families: BTreeSet<Family> = targets.iter().map(|target| Family::of(target.address)).collect();
    families.into_iter().map(|family| PingSocket::open(family, ident, how)).collect()
}

/// Random bytes.
///
/// # Errors
/// The kernel has none.
pub fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("random numbers")?;
    Ok(bytes)
}

/// Asks until all is known, the deadline is over or a signal asks for the end.
///
/// # Errors
/// A socket cannot be read, or what is said not be written.
pub fn run(
    prober: &mut Prober,
    sockets: &mut [PingSocket],
    interim: Interim,
    reporter: &mut impl Reporter,
) -> anyhow::Result<()> {
    let ending = Signals::take_over().context("signals")?;
    let asking = match interim {
        Interim::Never => None,
        Interim::Asked | Interim::Every(_) => Some(Signals::of(&[Signal::SIGQUIT]).context("signals")?),
    };
    let every = if let Interim::Every(span) = interim { Some(span) } else { None };
    let mut told = prober.since().0;
    let mut pinger = Pinger { prober, sockets, reporter };
    loop {
        // Whatever arrived before now is heard before time passes.
        let now = edge::now();
        pinger.hear()?;
        let lost = pinger.prober.expire(now);
        pinger.tell(lost)?;
        let interrupted = ending.came().context("signals")?;
        if interrupted || pinger.prober.is_over(now) || pinger.prober.is_done() {
            let open = pinger.prober.stop(if interrupted { "interrupted" } else { "deadline" }, now);
            pinger.tell(open)?;
            return pinger.reporter.flush();
        }
        let asked = asking.as_ref().is_some_and(|signals| signals.came().unwrap_or(false));
        let passed = every.filter(|span| now.since(told) >= *span);
        if asked || passed.is_some() {
            pinger.reporter.interim(pinger.prober, asked, now)?;
        }
        if let Some(span) = passed {
            told = told + span * u32::try_from(now.since(told).as_micros() / span.as_micros()).unwrap_or(1);
        }
        pinger.send()?;
        pinger.reporter.flush()?;
        // Nothing to wait for: what was left could not be sent.
        let Some(wake) = pinger.prober.wake() else { continue };
        let wake = every.map_or(wake, |span| wake.min(told + span));
        let longest = Some(wake.since(edge::now()));
        let signals = [Some(&ending), asking.as_ref()].into_iter().flatten();
        let descriptors = pinger.sockets.iter().map(|socket| socket.as_fd()).chain(signals.map(|one| one.as_fd()));
        signals::wait(descriptors, longest).context("waiting")?;
    }
}

struct Pinger<'a, R> {
    prober: &'a mut Prober,
    sockets: &'a mut [PingSocket],
    reporter: &'a mut R,
}

impl<R: Reporter> Pinger<'_, R> {
    fn tell(&mut self, reports: impl IntoIterator<Item = Report>) -> anyhow::Result<()> {
        for report in reports {
            self.reporter.report(self.prober, &report)?;
        }
        for note in self.prober.take_notes() {
            self.reporter.note(self.prober, &note)?;
        }
        Ok(())
    }

    /// Hears all that has arrived.
    fn hear(&mut self) -> anyhow::Result<()> {
        for index in 0..self.sockets.len() {
            while let Some(arrival) = self.sockets[index].receive().context("receiving")? {
                let report = self.prober.hear(arrival.from, &arrival.heard, arrival.at);
                self.tell(report)?;
            }
            if self.sockets[index].has_dropped().context("receiving")? {
                self.prober.dropped(edge::now());
            }
        }
        Ok(())
    }

    /// Sends what is due: a few, so that the answers are heard in between.
    fn send(&mut self) -> anyhow::Result<()> {
        for _ in 0..32 {
            let at = edge::now();
            let Some(probe) = self.prober.next_probe(at) else { break };
            let report = self.send_one(probe, at);
            self.tell(report)?;
        }
        Ok(())
    }

    fn send_one(&mut self, probe: Probe, at: Time) -> Option<Report> {
        let to: IpAddr = self.prober.targets()[probe.target].address;
        let Some(socket) = self.sockets.iter_mut().find(|socket| socket.family() == Family::of(to)) else {
            return self.prober.unsent(probe, "no-socket".into(), at);
        };
        let echo = self.prober.echo(probe, socket.ident());
        // The time of what leaves is taken last.
        let at = at.max(edge::now());
        match socket.send(to, &echo) {
            Ok(()) => {
                self.prober.sent(probe, at);
                None
            }
            Err(error) if pingsock::is_crowded(&error) => self.prober.crowded_out(probe, pingsock::reason(&error), at),
            Err(error) => self.prober.unsent(probe, pingsock::reason(&error), at),
        }
    }
}

//! A process that stays on the wires, and says who claims addresses that this
//! host has.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::claims::Claims;
use crate::edge::{self, Output};
use crate::gratuitous::Announcement;
use crate::inquiry::Subject;
use crate::lookout::Lookout;
use crate::outlet::Outlets;
use crate::rawsock::FrameSocket;
use crate::record::Line;
use crate::sighting::{Sighting, shown};
use crate::signals::{self, Signals};
use crate::time::Time;

/// How old what was read of this host's addresses may be.
const STALE: Duration = Duration::from_millis(20);

/// What is watched, and how.
pub struct Sentry {
    lookout: Lookout,
    outlets: Outlets,
    looked: Time,
    claims: Claims,
    names: BTreeMap<u32, String>,
    even_if_absent: bool,
    /// How addresses are defended; empty where they are not.
    defence: Vec<Announcement>,
    socket: Option<FrameSocket>,
    output: Output,
}

impl Sentry {
    /// Begins to listen for claims to each subject, by interfaces of these
    /// `names`; those to an address that this host does not have are said only
    /// when `even_if_absent`. With a `defence` the announcement of a claimed
    /// address is sent, within the limits of RFC 5227, 2.4, if this host has it.
    ///
    /// # Errors
    /// Not permitted (CAP_NET_RAW), or an interface has gone.
    pub fn new(
        subjects: &[Subject],
        names: BTreeMap<u32, String>,
        outlets: Outlets,
        even_if_absent: bool,
        defence: Vec<Announcement>,
    ) -> std::io::Result<Sentry> {
        let lookout = Lookout::open(subjects)?;
        let socket = if defence.is_empty() { None } else { Some(FrameSocket::open()?) };
        let claims = Claims::new(subjects.iter().map(|subject| subject.address));
        let (looked, output) = (Time::ZERO, Output::new());
        Ok(Sentry { lookout, outlets, looked, claims, names, even_if_absent, defence, socket, output })
    }

    /// Watches until a signal asks for the end.
    ///
    /// # Errors
    /// An interface has gone, the kernel cannot be asked, or standard output not
    /// be written.
    pub fn stay(mut self, tool: &str, ending: &Signals) -> anyhow::Result<()> {
        while !ending.came().context("signals")? {
            signals::wait(self.lookout.descriptors().chain([ending.as_fd()]), None).context("waiting")?;
            let mut heard = Vec::new();
            let claims = &self.claims;
            self.lookout.read(|index, sighting| {
                if claims.concern(&sighting) {
                    heard.push((index, sighting));
                }
            });
            for (index, sighting) in heard {
                self.weigh(index, &sighting)?;
            }
            self.output.flush()?;
            for (index, failure) in self.lookout.take_failures() {
                let name = self.names.get(&index).map_or("", String::as_str);
                if self.outlets.fresh(index)?.is_none() {
                    bail!("interface {name}: it has gone");
                }
                edge::complain(tool, &format_args!("interface {name}: {failure}: nothing is heard on it meanwhile"));
            }
        }
        Ok(())
    }

    /// One claim: said, and the address defended, where that is due.
    fn weigh(&mut self, index: u32, sighting: &Sighting) -> anyhow::Result<()> {
        let now = edge::now();
        if now >= self.looked + STALE {
            self.looked = now;
            self.outlets.look_again();
        }
        let address = sighting.address;
        let held = self.outlets.holds(address)?;
        if !(held || self.even_if_absent) || !self.claims.say(index, sighting, now) {
            return Ok(());
        }
        // Read anew: a bond or a bridge may have taken another one on.
        if self.outlets.own_hardware()?.contains(&sighting.mac) {
            return Ok(());
        }
        let name = self.names.get(&index).map_or("", String::as_str);
        let line = Line::new("conflict", now).word(&address.to_string());
        let line = line.field("mac", shown(sighting.mac)).field("iface", name);
        let defence = if held { self.defend(address, index, now)? } else { None };
        self.output.line(&line.maybe("defence", defence).finish())?;
        Ok(())
    }

    /// Announces a claimed address where that is due; what was done, where
    /// addresses are defended.
    fn defend(&mut self, address: IpAddr, index: u32, now: Time) -> anyhow::Result<Option<&'static str>> {
        let mine = |announcement: &&Announcement| (announcement.address, announcement.index) == (address, index);
        let (Some(socket), Some(announcement)) = (&self.socket, self.defence.iter().find(mine)) else {
            return Ok(None);
        };
        if !self.claims.defend(address, index, now) {
            return Ok(Some("rested"));
        }
        match socket.announce(announcement) {
            Ok(()) => Ok(Some("sent")),
            Err(_) => Ok(Some("failed")),
        }
    }
}

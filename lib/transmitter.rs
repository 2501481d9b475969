//! Every medium that a node sends on. One that does not work is tried again and
//! never holds up the others.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};

use crate::edge;
use crate::medium::Medium;
use crate::pace::Pace;
use crate::time::Time;
use crate::{serial, signals, udp};

/// How often what does not work is tried again.
pub const RETRY: Duration = Duration::from_secs(1);

/// A message in the formats that media carry.
#[derive(Clone, Copy, Debug)]
pub struct Both<'a> {
    /// For networks.
    pub network: &'a [u8],
    /// For serial lines.
    pub line: &'a [u8],
}

/// How many media took a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Took it.
    pub ok: usize,
    /// Did not.
    pub failed: usize,
}

#[derive(Debug)]
enum Link {
    Udp(udp::Out),
    // A line carries the state of its settings: far larger than a socket.
    Serial(Box<serial::Out>),
}

impl Link {
    fn open(medium: &Medium, now: Time) -> io::Result<Link> {
        match medium {
            Medium::Serial { device, baud } => Ok(Link::Serial(Box::new(serial::Out::open(device, *baud, now)?))),
            Medium::Bcast { .. } | Medium::Ucast { .. } | Medium::Mcast { .. } => {
                Ok(Link::Udp(udp::Out::open(medium)?))
            }
        }
    }

    fn send(&mut self, message: Both<'_>, now: Time) -> io::Result<()> {
        match self {
            Link::Udp(socket) => socket.send(message.network),
            Link::Serial(line) => line.send(message.line, now),
        }
    }

    fn as_serial(&mut self) -> Option<&mut serial::Out> {
        match self {
            Link::Serial(line) => Some(line),
            Link::Udp(_) => None,
        }
    }
}

#[derive(Debug)]
struct Outlet {
    medium: Medium,
    link: Option<Link>,
    /// What was last said of it; said again only when it changes.
    trouble: Option<String>,
}

impl Outlet {
    /// Remembers what came of trying; what is new is to be said.
    fn note(&mut self, outcome: &io::Result<()>) -> Option<String> {
        let trouble = outcome.as_ref().err().map(ToString::to_string);
        if trouble == self.trouble {
            return None;
        }
        let said = match &trouble {
            Some(why) => format!("{}: {why}", self.medium),
            None => format!("{}: works again", self.medium),
        };
        self.trouble = trouble;
        Some(said)
    }

    fn open(&mut self, now: Time) -> Option<String> {
        let opened = Link::open(&self.medium, now).map(|link| self.link = Some(link));
        // An open socket is no proof that a message leaves: only a failure is
        // news here, and only a message that left ends it.
        if opened.is_err() { self.note(&opened) } else { None }
    }

    fn send(&mut self, message: Both<'_>, now: Time) -> (bool, Option<String>) {
        let Some(link) = &mut self.link else { return (false, None) };
        let sent = link.send(message, now);
        let keep = match (&sent, &*link) {
            // A line that is stuck or busy is still the line.
            (Err(error), Link::Serial(_)) => {
                matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
            }
            (Ok(()) | Err(_), Link::Udp(_)) | (Ok(()), Link::Serial(_)) => true,
        };
        if !keep {
            self.link = None;
        }
        (sent.is_ok(), self.note(&sent))
    }

    /// Closes what is no longer what it was opened as: an interface that was
    /// made anew, a network whose broadcast address is another one.
    fn check(&mut self) {
        let is_stale = match &self.link {
            Some(Link::Udp(socket)) => !socket.is_current(&self.medium),
            Some(Link::Serial(_)) | None => false,
        };
        if is_stale {
            self.link = None;
        }
    }
}

/// All media of a sender.
#[derive(Debug)]
pub struct Transmitter {
    outlets: Vec<Outlet>,
    pace: Pace,
}

impl Transmitter {
    /// Opens `media`; what does not open is said and tried again later.
    pub fn open(media: Vec<Medium>, now: Time) -> (Transmitter, Vec<String>) {
        let outlets = media.into_iter().map(|medium| Outlet { medium, link: None, trouble: None }).collect();
        let mut transmitter = Transmitter { outlets, pace: Pace::new(now + RETRY, RETRY) };
        let said = transmitter.outlets.iter_mut().filter_map(|outlet| outlet.open(now)).collect();
        (transmitter, said)
    }

    /// Whether any medium is open.
    pub fn is_open(&self) -> bool {
        self.outlets.iter().any(|outlet| outlet.link.is_some())
    }

    /// When [`Transmitter::retry`] has something to do.
    pub fn next_retry(&self) -> Time {
        self.pace.next()
    }

    /// Opens again what is closed or has become another thing, once in
    /// [`RETRY`]; says what is new.
    pub fn retry(&mut self, now: Time) -> Vec<String> {
        if !self.pace.take(now) {
            return Vec::new();
        }
        let mut said = Vec::new();
        for outlet in &mut self.outlets {
            outlet.check();
            if outlet.link.is_none() {
                said.extend(outlet.open(now));
            }
        }
        said
    }

    /// Sends a message on every medium; never waits. Says what is new.
    pub fn send(&mut self, message: Both<'_>, now: Time) -> (Taken, Vec<String>) {
        let mut taken = Taken { ok: 0, failed: 0 };
        let mut said = Vec::new();
        for outlet in &mut self.outlets {
            let (ok, news) = outlet.send(message, now);
            taken.ok += usize::from(ok);
            taken.failed += usize::from(!ok);
            said.extend(news);
        }
        (taken, said)
    }

    /// The lines that have not taken all of a message: wait until they can be
    /// written, then [`Transmitter::pump`].
    pub fn waiting(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.outlets.iter().filter_map(|outlet| match &outlet.link {
            Some(Link::Serial(line)) if line.has_rest() => Some(PollFd::new(line.as_fd(), PollFlags::POLLOUT)),
            Some(Link::Serial(_) | Link::Udp(_)) | None => None,
        })
    }

    /// Writes the rest of messages to the lines that take it.
    pub fn pump(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        for outlet in &mut self.outlets {
            let Some(line) = outlet.link.as_mut().and_then(Link::as_serial) else { continue };
            let pumped = line.pump();
            if pumped.is_err() {
                outlet.link = None;
                said.extend(outlet.note(&pumped));
            }
        }
        said
    }

    /// Lets the serial lines finish, for as long as a message may take; what has
    /// not left then is thrown away, because closing would wait for it.
    ///
    /// # Errors
    /// Waiting failed.
    pub fn finish(&mut self) -> io::Result<()> {
        let deadline = edge::now() + serial::PATIENCE;
        let is_busy = |outlet: &mut Outlet| {
            let line = outlet.link.as_mut().and_then(Link::as_serial);
            line.is_some_and(|line| line.waiting().is_ok_and(|waiting| waiting > 0))
        };
        while edge::now() < deadline && self.outlets.iter_mut().any(is_busy) {
            // What the kernel still holds makes no descriptor ready when it has
            // left: look again soon.
            let soon = edge::now() + Duration::from_millis(10);
            let mut waiting: Vec<PollFd<'_>> = self.waiting().collect();
            signals::wait_until(&mut waiting, soon.min(deadline))?;
            self.pump();
        }
        // A pseudo terminal holds what nobody has read yet, and says that nothing waits:
        // there, throwing away would take back what has left.
        for outlet in &mut self.outlets {
            if is_busy(outlet)
                && let Some(line) = outlet.link.as_mut().and_then(Link::as_serial)
            {
                let _ = line.discard();
            }
        }
        Ok(())
    }
}

/// Descriptors stay borrowed for a wait only.
pub fn readable(descriptor: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(descriptor, PollFlags::POLLIN)
}

//! Every medium that a node listens on, as one stream in the order of arrival.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};

use crate::hearing::Arrived;
use crate::medium::Medium;
use crate::pace::Pace;
use crate::replay::MAX_MEDIA;
use crate::serial_stream::{Found, Stream};
use crate::time::Time;
use crate::udp::{BATCH_MAX, DATAGRAM_MAX, STRIDE};
use crate::{arrival, edge, serial, udp};

/// How often what does not work is tried again.
pub const RETRY: Duration = Duration::from_secs(1);

/// How much is read from a serial line in one round: more than a line brings
/// between two ticks.
const SERIAL_MAX: usize = 65_536;

/// A medium as records and the replay window know it. Two may have one name,
/// as IPv4 and IPv6 on one interface: what comes on both is no replay.
#[derive(Clone, Debug)]
struct Link {
    name: String,
    is_network: bool,
}

/// Something that was read and not given yet.
#[derive(Clone, Copy, Debug)]
struct Head {
    time: Time,
    link: usize,
    peer: Option<SocketAddr>,
    is_cut: bool,
    /// Where its bytes begin in the inlet's buffer.
    start: usize,
    length: usize,
}

#[derive(Debug)]
enum Source {
    Net {
        port: udp::Port,
        media: Vec<(usize, Medium)>,
        socket: Option<udp::In>,
        dropped: u32,
    },
    Serial {
        device: String,
        baud: u32,
        link: usize,
        line: Option<serial::In>,
        stream: Stream,
        found: VecDeque<Vec<u8>>,
    },
}

#[derive(Debug)]
struct Inlet {
    name: String,
    source: Source,
    /// Pages that nothing was read into take no memory.
    buffer: Vec<u8>,
    /// In the order in which it came.
    heads: VecDeque<Head>,
    /// Nothing more of this round can be in it.
    is_drained: bool,
    /// When it was last known to hold nothing, or what it last gave.
    earliest: Time,
    trouble: Option<String>,
}

/// What the kernel dropped on a link, for want of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The number of the link.
    pub link: usize,
    /// How many.
    pub count: u32,
}

/// All media of a listener.
#[derive(Debug)]
pub struct Receiver {
    links: Vec<Link>,
    inlets: Vec<Inlet>,
    round: Time,
    pace: Pace,
    dropped: Vec<Dropped>,
}

impl Receiver {
    /// Opens `media`; what does not open is said and tried again later. More
    /// than [`MAX_MEDIA`] cannot be told apart: `None`.
    pub fn open(media: &[Medium], now: Time) -> Option<(Receiver, Vec<String>)> {
        let mut receiver = Receiver {
            links: Vec::new(),
            inlets: Vec::new(),
            round: now,
            pace: Pace::new(now + RETRY, RETRY),
            dropped: Vec::new(),
        };
        if media.len() > MAX_MEDIA {
            return None;
        }
        for (number, medium) in media.iter().enumerate() {
            receiver.links.push(Link { name: medium.to_string(), is_network: medium.is_network() });
            receiver.add(medium, number, now);
        }
        let said = receiver.inlets.iter_mut().filter_map(|inlet| inlet.open(now)).collect();
        Some((receiver, said))
    }

    fn add(&mut self, medium: &Medium, link: usize, now: Time) {
        let own_port = udp::Port::of(medium);
        for inlet in &mut self.inlets {
            match &mut inlet.source {
                Source::Net { port, media, .. } if own_port.as_ref() == Some(port) => {
                    media.push((link, medium.clone()));
                    return;
                }
                Source::Net { .. } | Source::Serial { .. } => {}
            }
        }
        let room = if medium.is_network() { BATCH_MAX * STRIDE } else { DATAGRAM_MAX };
        let source = match (own_port, medium) {
            (None, Medium::Serial { device, baud }) => Source::Serial {
                device: device.clone(),
                baud: *baud,
                link,
                line: None,
                stream: Stream::new(),
                found: VecDeque::new(),
            },
            (Some(port), _) => Source::Net { port, media: vec![(link, medium.clone())], socket: None, dropped: 0 },
            (None, Medium::Bcast { .. } | Medium::Ucast { .. } | Medium::Mcast { .. }) => return,
        };
        self.inlets.push(Inlet {
            name: medium.to_string(),
            source,
            buffer: vec![0; room],
            heads: VecDeque::new(),
            is_drained: false,
            earliest: now,
            trouble: None,
        });
    }

    /// Whether any medium is open.
    pub fn is_open(&self) -> bool {
        self.inlets.iter().any(Inlet::is_open)
    }

    /// The name of a link.
    pub fn name(&self, link: usize) -> &str {
        self.links.get(link).map_or("", |link| &link.name)
    }

    /// When [`Receiver::retry`] has something to do.
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
        for inlet in &mut self.inlets {
            said.extend(inlet.check());
            if !inlet.is_open() {
                said.extend(inlet.open(now));
            }
        }
        said
    }

    /// The descriptors to wait on.
    pub fn descriptors(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.inlets.iter().filter_map(Inlet::descriptor)
    }

    /// Whether something was read that belongs to a later round: then there is
    /// nothing to wait for.
    pub fn has_more(&self) -> bool {
        self.inlets.iter().any(|inlet| !inlet.heads.is_empty())
    }

    /// When the present round began.
    pub fn round(&self) -> Time {
        self.round
    }

    /// Begins a round: what arrived before `round`.
    pub fn begin(&mut self, round: Time) {
        self.round = round;
        for inlet in &mut self.inlets {
            inlet.is_drained = false;
        }
    }

    /// The next thing of this round, over all media in the order of arrival;
    /// `None` when all that arrived before the round began has been given. That
    /// comes to an end under any flood: what arrives later is stamped later.
    /// What becomes new about media is put into `said`.
    pub fn next(&mut self, said: &mut Vec<String>) -> Option<Arrived<'_>> {
        for inlet in &mut self.inlets {
            said.extend(inlet.fill(self.round, &mut self.dropped));
        }
        let is_of_round = |inlet: &Inlet| inlet.heads.front().map(|head| head.time).filter(|time| *time <= self.round);
        let first =
            (0..self.inlets.len()).filter_map(|at| is_of_round(&self.inlets[at]).map(|time| (time, at))).min()?;
        let inlet = &mut self.inlets[first.1];
        let head = inlet.heads.pop_front()?;
        let link = &self.links[head.link];
        Some(Arrived {
            time: head.time,
            medium: head.link,
            link: &link.name,
            is_network: link.is_network,
            peer: head.peer,
            is_cut: head.is_cut,
            bytes: &inlet.buffer[head.start..head.start + head.length],
        })
    }

    /// What the kernel has dropped since this was last asked.
    pub fn take_dropped(&mut self) -> Vec<Dropped> {
        std::mem::take(&mut self.dropped)
    }
}

impl Inlet {
    fn is_open(&self) -> bool {
        match &self.source {
            Source::Net { socket, .. } => socket.is_some(),
            Source::Serial { line, .. } => line.is_some(),
        }
    }

    fn descriptor(&self) -> Option<PollFd<'_>> {
        let descriptor = match &self.source {
            Source::Net { socket, .. } => socket.as_ref()?.as_fd(),
            Source::Serial { line, .. } => line.as_ref()?.as_fd(),
        };
        Some(PollFd::new(descriptor, PollFlags::POLLIN))
    }

    fn open(&mut self, now: Time) -> Option<String> {
        let opened = match &mut self.source {
            Source::Net { port, media, socket, dropped } => {
                let groups = media.iter().filter_map(|(_, medium)| group(medium)).collect::<Vec<_>>();
                *dropped = 0;
                udp::In::open(port, &groups).map(|opened| *socket = Some(opened))
            }
            Source::Serial { device, baud, line, stream, .. } => {
                *stream = Stream::new();
                serial::In::open(device, *baud).map(|opened| *line = Some(opened))
            }
        };
        if opened.is_ok() {
            self.earliest = now;
        }
        self.note(opened.err())
    }

    fn close(&mut self, why: io::Error) -> Option<String> {
        match &mut self.source {
            Source::Net { socket, .. } => *socket = None,
            Source::Serial { line, .. } => *line = None,
        }
        self.note(Some(why))
    }

    /// Closes what is no longer what it was opened as.
    fn check(&mut self) -> Option<String> {
        let is_stale = match &self.source {
            Source::Net { port, socket: Some(socket), .. } => !socket.is_current(port),
            Source::Net { socket: None, .. } | Source::Serial { .. } => false,
        };
        if is_stale { self.close(io::Error::new(io::ErrorKind::NotFound, "the interface has gone")) } else { None }
    }

    /// Remembers what came of trying; what is new is to be said.
    fn note(&mut self, trouble: Option<io::Error>) -> Option<String> {
        let trouble = trouble.map(|error| error.to_string());
        if trouble == self.trouble {
            return None;
        }
        let said = match &trouble {
            Some(why) => format!("{}: {why}", self.name),
            None => format!("{}: works again", self.name),
        };
        self.trouble = trouble;
        Some(said)
    }

    /// Reads on until there is something to give or nothing is left.
    fn fill(&mut self, round: Time, dropped: &mut Vec<Dropped>) -> Option<String> {
        if !self.heads.is_empty() || self.is_drained {
            return None;
        }
        let filled = match &self.source {
            Source::Net { .. } => self.fill_from_net(dropped),
            Source::Serial { .. } => self.fill_from_line(round),
        };
        match filled {
            Ok(is_drained) => {
                self.is_drained = is_drained;
                None
            }
            Err(error) => {
                self.is_drained = true;
                self.close(error)
            }
        }
    }

    fn fill_from_net(&mut self, lost: &mut Vec<Dropped>) -> io::Result<bool> {
        let Source::Net { media, socket: Some(socket), dropped, .. } = &mut self.source else { return Ok(true) };
        // Read before the socket is: when it then turns out to be empty, it was
        // empty at this moment or became so.
        let before = edge::now();
        let mut clocks = None;
        let (heads, earliest) = (&mut self.heads, &mut self.earliest);
        let mut start = 0;
        let is_empty = socket.receive(&mut self.buffer, |received| {
            let (offset, now) = *clocks.get_or_insert_with(|| (edge::wall_offset(), edge::now()));
            let time = arrival::time(received.stamp, offset, *earliest, now);
            *earliest = time;
            let source = received.peer.map(|peer| peer.ip());
            let link = arrival::medium(media, received.destination, source).unwrap_or(0);
            let more = received.dropped.wrapping_sub(*dropped);
            if more > 0 {
                *dropped = received.dropped;
                lost.push(Dropped { link, count: more });
            }
            let length = received.length.min(STRIDE);
            heads.push_back(Head { time, link, peer: received.peer, is_cut: received.is_cut, start, length });
            start += STRIDE;
        })?;
        if is_empty {
            self.earliest = self.earliest.max(before);
        }
        Ok(is_empty)
    }

    /// A line has no stamps: what is in it at the beginning of a round came
    /// before that.
    fn fill_from_line(&mut self, round: Time) -> io::Result<bool> {
        let Source::Serial { link, line: Some(line), stream, found, .. } = &mut self.source else { return Ok(true) };
        let mut read = 0;
        while found.is_empty() && read < SERIAL_MAX {
            let Some(count) = line.receive(&mut self.buffer)? else { break };
            read += count;
            stream.feed(&self.buffer[..count], |what| match what {
                Found::Message(message) => found.push_back(message.to_vec()),
                // Refused by its form when it is heard, and counted there.
                Found::Noise => found.push_back(Vec::new()),
                Found::TooLong => found.push_back(vec![0; crate::message::MAX_BYTES + 1]),
            });
        }
        let Some(message) = found.pop_front() else { return Ok(true) };
        let length = message.len();
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        self.buffer[..length].copy_from_slice(&message);
        self.heads.push_back(Head { time: round, link: *link, peer: None, is_cut: false, start: 0, length });
        Ok(false)
    }
}

fn group(medium: &Medium) -> Option<IpAddr> {
    match medium {
        Medium::Mcast { group, .. } => Some(*group),
        Medium::Bcast { .. } | Medium::Ucast { .. } | Medium::Serial { .. } => None,
    }
}

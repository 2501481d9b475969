//! How well the media work: how much is lost on each, how far each is behind the
//! fastest, and how long a message and its echo take.

use std::collections::{BTreeMap, VecDeque};

use crate::echo;
use crate::record::Record;
use crate::time::Time;

use super::millis;

/// How many of the latest messages of a node are looked at.
const WINDOW: u64 = 128;
/// The newest ones: their copies may be under way.
const UNDER_WAY: u64 = 2;
/// The most media and nodes that are told apart.
const MEDIA: usize = 8;
const NODES: usize = 100;
/// How many of our own messages an echo may name.
const SENT: usize = 64;

/// What was heard of all nodes.
#[derive(Debug, Default)]
pub(super) struct Heard {
    nodes: BTreeMap<String, Stream>,
    /// The numbers of our latest messages, and when they left.
    sent: VecDeque<(u64, Time)>,
    life: String,
}

/// The messages of one life of a node.
#[derive(Debug, Default)]
struct Stream {
    generation: String,
    first: u64,
    top: u64,
    /// By number: when it came first, and a bit for each medium that it came on.
    came: BTreeMap<u64, (Time, u8)>,
    media: Vec<String>,
    /// How far each medium is behind the first one, in microseconds.
    behind: [Option<f64>; MEDIA],
    round_trip: Option<f64>,
}

/// A mean in which the latest values count most.
fn blend(mean: &mut Option<f64>, value: f64) {
    *mean = Some(mean.map_or(value, |mean| mean + (value - mean) / 8.0));
}

impl Heard {
    /// A message of a node that is new.
    pub(super) fn message(&mut self, record: &Record<'_>, node: &str, own: &str) {
        let round_trip = self.echoed(record, own);
        let Some((stream, number, medium)) = self.place(record, node) else { return };
        stream.came.entry(number).or_insert((record.time, 0)).1 |= 1 << medium;
        if let Some(span) = round_trip {
            blend(&mut stream.round_trip, span);
        }
    }

    /// A copy over another medium.
    pub(super) fn copy(&mut self, record: &Record<'_>, node: &str) {
        let Some((stream, number, medium)) = self.place(record, node) else { return };
        let Some((first, media)) = stream.came.get_mut(&number) else { return };
        *media |= 1 << medium;
        blend(&mut stream.behind[medium], record.time.since(*first).as_micros() as f64);
    }

    /// A message of ours has left.
    pub(super) fn sent(&mut self, record: &Record<'_>) {
        let [number, life] = record.raw_all(["seq", "inc"]);
        let life = life.unwrap_or("");
        if life != self.life {
            self.sent.clear();
            life.clone_into(&mut self.life);
        }
        let Some(Ok(number)) = number.map(|text| u64::from_str_radix(text, 16)) else { return };
        self.sent.push_back((number, record.time));
        if self.sent.len() > SENT {
            self.sent.pop_front();
        }
    }

    /// How long our message and the one that names it were under way together, in
    /// microseconds: the time in which the other had it is taken off.
    fn echoed(&self, record: &Record<'_>, own: &str) -> Option<f64> {
        let echo = echo::find(record.raw("echo")?, own)?;
        let (_, left) = self.sent.iter().rev().find(|(number, _)| *number == echo.sequence)?;
        let span = record.time.since(*left).checked_sub(echo.age)?;
        (echo.incarnation == self.life).then_some(span.as_micros() as f64)
    }

    /// Where a numbered message belongs: its node, its number, its medium.
    fn place(&mut self, record: &Record<'_>, node: &str) -> Option<(&mut Stream, u64, usize)> {
        let [number, generation, medium] = record.raw_all(["seq", "hg", "via"]);
        let number = u64::from_str_radix(number?, 16).ok()?;
        let (generation, medium) = (generation.unwrap_or(""), medium?);
        if self.nodes.len() >= NODES && !self.nodes.contains_key(node) {
            return None;
        }
        let stream = self.nodes.entry(node.to_owned()).or_default();
        if stream.generation != generation || stream.came.is_empty() || number > stream.top.saturating_add(WINDOW) {
            let generation = generation.to_owned();
            *stream = Stream { generation, first: number, top: number, ..Stream::default() };
        }
        let known = stream.media.iter().position(|name| name == medium);
        let medium = match known {
            Some(place) => place,
            None if stream.media.len() < MEDIA => {
                stream.media.push(medium.to_owned());
                stream.media.len() - 1
            }
            None => return None,
        };
        stream.top = stream.top.max(number);
        let oldest = stream.top.saturating_sub(WINDOW);
        if number < oldest {
            return None;
        }
        stream.came = stream.came.split_off(&oldest);
        Some((stream, number, medium))
    }

    /// What is known of a link, `NODE/MEDIUM`, as fields: the share that was lost,
    /// of how many messages, and milliseconds behind the first medium.
    pub(super) fn of_link(&self, link: &str) -> Vec<(&'static str, String)> {
        let Some((node, medium)) = link.split_once('/') else { return Vec::new() };
        let Some(stream) = self.nodes.get(node) else { return Vec::new() };
        let Some(last) = stream.top.checked_sub(UNDER_WAY) else { return Vec::new() };
        let first = stream.first.max(stream.top.saturating_sub(WINDOW));
        let count = (last + 1).saturating_sub(first);
        if count == 0 {
            return Vec::new();
        }
        let place = stream.media.iter().position(|name| name == medium);
        let heard = |place: usize| {
            stream.came.range(first..=last).filter(|(_, (_, media))| media & (1 << place) != 0).count() as f64
        };
        let lost = 1.0 - place.map_or(0.0, heard) / count as f64;
        let mut fields = vec![("loss", format!("{lost:.4}")), ("of", count.to_string())];
        fields.extend(place.and_then(|place| stream.behind[place]).map(|span| ("behind", millis(span).to_string())));
        fields
    }

    /// Milliseconds from a message of ours to its echo, without the time in which
    /// the other had it.
    pub(super) fn round_trip(&self, node: &str) -> Option<String> {
        self.nodes.get(node)?.round_trip.map(|span| millis(span).to_string())
    }
}

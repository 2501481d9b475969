//! From a recording to times: which intervals and losses were measured, and the
//! keepalive, warntime and deadtime that follow.
//!
//! A message is taken to be lost with the probability p that was seen,
//! independently of the others. A node that sends every k seconds is falsely
//! declared dead when m messages in a row are lost, which begins at any message
//! with the probability (1 - p) p^m: (1 - p) p^m times the messages of a year is
//! the number of false deaths a year.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::record::{Line, Record};
use crate::spread::Spread;
use crate::time::{Time, seconds};

/// The most nodes and links that are measured.
const MANY: usize = 1024;

/// A 99.99th percentile needs as many intervals as this.
const ENOUGH: u64 = 10_000;

/// So many false deaths a year, of one node, are few enough.
const FEW: f64 = 0.01;

/// A year in seconds.
const YEAR: f64 = 31_557_600.0;

/// What is measured of a node, or of a link.
#[derive(Debug, Default)]
struct Series {
    last: Option<Time>,
    intervals: Spread,
    outages: u64,
    life: Option<(Option<String>, Option<String>)>,
    highest: u64,
    expected: u64,
    received: u64,
    longest_run: u64,
}

impl Series {
    /// Takes a message by its number: what lies between it and the highest so
    /// far was lost, or is late and comes yet.
    fn number(&mut self, record: &Record<'_>, outage: Duration) {
        let [generation, incarnation, sequence] = record.raw_all(["hg", "inc", "seq"]);
        let Some(sequence) = sequence.and_then(|text| u64::from_str_radix(text, 16).ok()) else { return };
        // A copy does not say the incarnation.
        let same = self.life.as_ref().is_some_and(|(known, life)| {
            known.as_deref() == generation
                && (incarnation.is_none() || life.is_none() || life.as_deref() == incarnation)
        });
        let cut_off = self.last.is_some_and(|last| record.time.since(last) >= outage);
        if !same || cut_off {
            self.life = Some((generation.map(str::to_owned), incarnation.map(str::to_owned)));
            self.highest = sequence;
            self.expected = self.expected.saturating_add(1);
        } else if sequence > self.highest {
            let step = sequence - self.highest;
            self.longest_run = self.longest_run.max(step - 1);
            self.expected = self.expected.saturating_add(step);
            self.highest = sequence;
        }
        self.received += 1;
    }

    /// Takes an arrival: of anything on a link, of a status of a node.
    fn arrival(&mut self, time: Time, outage: Duration) {
        if let Some(last) = self.last.filter(|last| *last <= time) {
            let interval = time.since(last);
            if interval >= outage {
                self.outages += 1;
            } else {
                self.intervals.add(interval);
            }
        }
        self.last = Some(time);
    }

    fn lost(&self) -> u64 {
        self.expected.saturating_sub(self.received)
    }

    fn line(&self, time: Time, name: &str) -> Line {
        let of = |parts: u64| seconds(self.intervals.quantile(parts));
        let many = (self.intervals.count() >= ENOUGH).then(|| of(9_999));
        Line::new("interval", time)
            .word(name)
            .field("n", self.intervals.count())
            .field("median", of(5_000))
            .field("p99", of(9_900))
            .maybe("p99.99", many)
            .field("worst", seconds(self.intervals.worst()))
            .field("lost", format!("{}/{}", self.lost(), self.expected))
            .field("run", self.longest_run)
            .field("outages", self.outages)
    }
}

/// Why no times can be suggested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TooShort {
    /// Nobody was heard twice.
    Nothing,
    /// A node was not heard often enough.
    Node {
        /// Its name.
        name: String,
        /// The intervals that there are.
        intervals: u64,
        /// How long the recording should go on.
        more: Duration,
    },
}

impl fmt::Display for TooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TooShort::Nothing => {
                write!(f, "no node was heard twice: {ENOUGH} intervals between status messages of each are needed")
            }
            TooShort::Node { name, intervals, more } => {
                let minutes = more.as_secs().div_ceil(60);
                write!(f, "{name}: {intervals} intervals, {ENOUGH} are needed: {minutes} minutes more")
            }
        }
    }
}

/// The measurement of a recording. Bounded by nodes and links, not by time.
#[derive(Debug)]
pub struct Survey {
    own: Option<String>,
    outage: Duration,
    time: Time,
    ticked: Option<Time>,
    nodes: BTreeMap<String, Series>,
    links: BTreeMap<String, Series>,
}

impl Survey {
    /// A measurement that has seen nothing. A silence of `outage` is taken for a
    /// real one, not for an interval. The messages of `own` are not measured.
    pub fn new(own: Option<String>, outage: Duration) -> Survey {
        Survey { own, outage, time: Time::ZERO, ticked: None, nodes: BTreeMap::new(), links: BTreeMap::new() }
    }

    /// Takes one record.
    pub fn record(&mut self, record: &Record<'_>) {
        match record.kind {
            "tick" => self.tick(record.time),
            "msg" | "dup" => self.message(record),
            _ => {}
        }
    }

    /// A gap between two ticks, or a step back: this node did not listen, or
    /// another recording begins. What was before and what comes are not related.
    fn tick(&mut self, now: Time) {
        let broken = self.ticked.is_some_and(|before| now < before || now.since(before) >= self.outage / 2);
        self.ticked = Some(now);
        self.time = now;
        if broken {
            for series in self.nodes.values_mut().chain(self.links.values_mut()) {
                series.last = None;
                series.life = None;
            }
        }
    }

    fn message(&mut self, record: &Record<'_>) {
        let (Some(name), [Some(via), kind]) = (record.subject(), record.raw_all(["via", "t"])) else { return };
        if self.own.as_deref() == Some(name) {
            return;
        }
        self.time = record.time;
        if let Some(link) = series(&mut self.links, &format!("{name}/{via}")) {
            link.number(record, self.outage);
            link.arrival(record.time, self.outage);
        }
        if record.kind == "msg"
            && let Some(node) = series(&mut self.nodes, name)
        {
            node.number(record, self.outage);
            if kind == Some("status") {
                node.arrival(record.time, self.outage);
            }
        }
    }

    /// What was measured, and what follows from it: in the last line, where the
    /// recording is long enough.
    ///
    /// # Errors
    /// It is too short.
    pub fn report(&self, lines: &mut Vec<Line>) -> Result<(), TooShort> {
        let heard = || self.nodes.iter().filter(|(_, node)| node.intervals.count() > 0);
        for (name, node) in heard() {
            lines.push(node.line(self.time, name));
            let own = |link: &&String| link.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('/'));
            for link in self.links.keys().filter(own) {
                lines.push(self.links[link].line(self.time, link));
            }
        }
        if heard().next().is_none() {
            return Err(TooShort::Nothing);
        }
        if let Some((name, node)) = heard().min_by_key(|(_, node)| node.intervals.count()) {
            let intervals = node.intervals.count();
            if intervals < ENOUGH {
                let missing = u32::try_from(ENOUGH - intervals).unwrap_or(u32::MAX);
                let more = node.intervals.quantile(5_000).saturating_mul(missing);
                return Err(TooShort::Node { name: name.clone(), intervals, more });
            }
        }
        lines.push(suggestion(self.time, &heard().map(|(_, node)| node).collect::<Vec<_>>()));
        Ok(())
    }
}

fn series<'a>(all: &'a mut BTreeMap<String, Series>, name: &str) -> Option<&'a mut Series> {
    if !all.contains_key(name) {
        if all.len() >= MANY {
            return None;
        }
        all.insert(name.to_owned(), Series::default());
    }
    all.get_mut(name)
}

/// The times that suit the worst of the nodes.
fn suggestion(time: Time, nodes: &[&Series]) -> Line {
    let largest = |of: &dyn Fn(&Series) -> Duration| nodes.iter().map(|node| of(node)).max().unwrap_or_default();
    let keepalive = rounded(largest(&|node| node.intervals.quantile(5_000)));
    let usual = largest(&|node| node.intervals.quantile(9_999));
    let worst = largest(&|node| node.intervals.worst());
    let loss = nodes.iter().map(|node| loss(node)).fold(0.0, f64::max);
    let run = nodes.iter().map(|node| node.longest_run).max().unwrap_or(0);
    let messages = YEAR / keepalive.as_secs_f64().max(1e-6);
    let deaths = |missed: u32| (1.0 - loss) * loss.powi(missed.min(1000) as i32) * messages;
    // At least three, so that warntime has its place before deadtime.
    let enough = (3..1000).find(|missed| deaths(*missed) <= FEW).unwrap_or(1000);
    // The message after the lost ones may be as late as is usual.
    let late = usual.saturating_sub(keepalive);
    let deadtime = rounded_up((keepalive * (enough + 1) + late).max(worst * 2));
    let warntime = rounded_up(usual.max(keepalive * 2)).min(deadtime / 2);
    let missed = deadtime.saturating_sub(late).as_micros() / keepalive.as_micros().max(1);
    let missed = u32::try_from(missed.saturating_sub(1)).unwrap_or(u32::MAX);
    Line::new("suggest", time)
        .field("keepalive", seconds(keepalive))
        .field("warntime", seconds(warntime))
        .field("deadtime", seconds(deadtime))
        .field("loss", format!("{loss:.6}"))
        .field("run", run)
        .field("missed", missed)
        .field("deaths", format!("{:.1e}", deaths(missed)))
}

/// The loss that was seen. From fewer than three losses no more can be concluded
/// (with 95 % confidence) than that it is not above three among as many.
fn loss(node: &Series) -> f64 {
    let expected = node.expected.max(1) as f64;
    (node.lost().max(3) as f64 / expected).min(0.999)
}

/// To the nearest of two digits.
fn rounded(span: Duration) -> Duration {
    let unit = unit(span);
    Duration::from_micros((micros(span) + unit / 2) / unit * unit)
}

/// To the next of two digits.
fn rounded_up(span: Duration) -> Duration {
    let unit = unit(span);
    Duration::from_micros(micros(span).div_ceil(unit) * unit)
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX / 2)
}

/// What the second digit counts; Heartbeat's times are whole milliseconds.
fn unit(span: Duration) -> u64 {
    let digits = micros(span).checked_ilog10().unwrap_or(0);
    10u64.pow(digits.saturating_sub(1)).max(1_000)
}

#[cfg(test)]
mod tests;

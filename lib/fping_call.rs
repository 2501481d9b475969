//! The words by which fping is called (fping(8), version 5): which of them are
//! understood, and what they ask for. Times are in milliseconds there.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::icmp::{Family, PAYLOAD};
use crate::probe::{INTERVAL_LEAST, RETRIES};

/// The name by which fping's calling form is meant.
pub const NAME: &str = "fping";

/// The most bytes of data in a request.
const SIZE_MOST: usize = 65_488;

/// Each option: its letter, its name, and whether a value belongs to it.
const OPTIONS: [(char, &str, bool); 36] = [
    ('4', "ipv4", false),
    ('6', "ipv6", false),
    ('a', "alive", false),
    ('A', "addr", false),
    ('b', "size", true),
    ('B', "backoff", true),
    ('c', "count", true),
    ('C', "vcount", true),
    ('d', "rdns", false),
    ('D', "timestamp", false),
    ('e', "elapsed", false),
    ('f', "file", true),
    ('g', "generate", false),
    ('h', "help", false),
    ('H', "ttl", true),
    ('i', "interval", true),
    ('I', "iface", true),
    ('l', "loop", false),
    ('m', "all", false),
    ('M', "dontfrag", false),
    ('n', "name", false),
    ('N', "netdata", false),
    ('o', "outage", false),
    ('O', "tos", true),
    ('p', "period", true),
    ('q', "quiet", false),
    ('Q', "squiet", true),
    ('r', "retry", true),
    ('R', "random", false),
    ('s', "stats", false),
    ('S', "src", true),
    ('t', "timeout", true),
    ('T', "", true),
    ('u', "unreach", false),
    ('v', "version", false),
    ('x', "reachable", true),
];

/// What fping is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Say how it is called.
    Help,
    /// Say which version it is.
    Version,
    /// Ask targets.
    Ask(Box<Wanted>),
}

/// How targets are asked, and what is said of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Addresses and names, as they stand.
    pub targets: Vec<String>,
    /// The list of targets (`-f`).
    pub file: Option<String>,
    /// The targets are a prefix, or the two ends of a range (`-g`).
    pub generate: bool,
    /// Only addresses of this family.
    pub family: Option<Family>,
    /// Every address of a name (`-m`).
    pub every_address: bool,
    /// The source of the requests.
    pub source: Option<IpAddr>,
    /// The interface of the requests.
    pub interface: Option<String>,
    /// Bytes of data in a request.
    pub size: usize,
    /// Hops that a request may take.
    pub ttl: Option<u8>,
    /// The byte of the service.
    pub service: Option<u8>,
    /// Never in fragments.
    pub whole: bool,
    /// Between any two requests (`-i`).
    pub gap: Duration,
    /// Between two requests to a target (`-p`).
    pub period: Duration,
    /// The first time-out.
    pub timeout: Duration,
    /// Tries after the first.
    pub retries: u32,
    /// Each further time-out is so many times as long, in hundredths.
    pub backoff: u32,
    /// Requests to each target (`-c`, `-C`).
    pub count: Option<u64>,
    /// Without end (`-l`).
    pub forever: bool,
    /// What is said.
    pub manner: Manner,
    /// A summary at every such span (`-Q`).
    pub every: Option<Duration>,
}

/// What is said, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// `-a`: names of targets that answer.
    pub alive: bool,
    /// `-u`: names of targets that do not.
    pub unreachable: bool,
    /// `-e`: with the time.
    pub elapsed: bool,
    /// `-q`, `-Q`.
    pub quiet: bool,
    /// `-s`: counts of all targets together at the end.
    pub stats: bool,
    /// `-D`: with the time of day.
    pub timestamp: bool,
    /// `-o`: how long a target was away.
    pub outage: bool,
    /// `-A`: targets by their address.
    pub by_address: bool,
    /// `-C`: the time of each answer.
    pub each_time: bool,
    /// `-x`: so many have to answer.
    pub reachable: Option<u64>,
}

/// Why the words cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// There is no such option.
    Unknown(String),
    /// Its value is missing.
    Missing(String),
    /// A value is none of this option's: letter, value, what it may be.
    Value(char, String, &'static str),
    /// Only one of them can be asked for.
    OnlyOne(&'static str),
    /// An option of fping that is not followed here, and why.
    Unsupported(char, &'static str),
    /// The targets do not go with the options.
    Targets(&'static str),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Unknown(option) => write!(f, "invalid option -- '{}'", option.escape_default()),
            CallError::Missing(option) => write!(f, "option requires an argument -- '{option}'"),
            CallError::Value(letter, value, may) => write!(f, "-{letter}: '{}': {may}", value.escape_default()),
            CallError::OnlyOne(which) => write!(f, "specify only one of {which}"),
            CallError::Unsupported(letter, why) => write!(f, "-{letter} is not supported here: {why}"),
            CallError::Targets(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for CallError {}

/// The words behind the name of the program, where they are fping's: it is
/// called by that name, or the first word is `--fping`.
pub fn meant(words: &[String]) -> Option<&[String]> {
    let (program, rest) = words.split_first()?;
    if program.rsplit('/').next() == Some(NAME) {
        return Some(rest);
    }
    rest.split_first().filter(|(first, _)| *first == "--fping").map(|(_, rest)| rest)
}

/// Reads the words behind the name of the program.
///
/// # Errors
/// They are not fping's, or ask for what is not done here.
pub fn parse(words: &[String]) -> Result<Call, CallError> {
    let mut draft = Draft::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            draft.targets.extend(words.by_ref().cloned());
        } else if let Some(name) = word.strip_prefix("--") {
            let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
            let found = OPTIONS.iter().find(|(_, long, _)| !long.is_empty() && *long == name);
            let (letter, _, valued) = *found.ok_or_else(|| CallError::Unknown(name.to_owned()))?;
            let next = || words.next().map(String::as_str);
            let value = if valued { value.or_else(next) } else { Some("") };
            draft.take(letter, value.ok_or_else(|| CallError::Missing(name.to_owned()))?)?;
        } else if let Some(cluster) = word.strip_prefix('-').filter(|cluster| !cluster.is_empty()) {
            let mut letters = cluster.chars();
            while let Some(letter) = letters.next() {
                let found = OPTIONS.iter().find(|(short, _, _)| *short == letter);
                let (_, _, valued) = *found.ok_or_else(|| CallError::Unknown(letter.to_string()))?;
                let attached = letters.as_str();
                let value = match (valued, attached.is_empty()) {
                    (false, _) => "",
                    (true, false) => attached,
                    (true, true) => words.next().ok_or_else(|| CallError::Missing(letter.to_string()))?,
                };
                draft.take(letter, value)?;
                if valued {
                    break;
                }
            }
        } else {
            draft.targets.push(word.clone());
        }
    }
    draft.finish()
}

/// What was read so far.
#[derive(Default)]
struct Draft {
    targets: Vec<String>,
    says: Option<Call>,
    ipv4: bool,
    ipv6: bool,
    manner: Manner,
    count: Option<u64>,
    forever: bool,
    file: Option<String>,
    generate: bool,
    every_address: bool,
    source: Option<IpAddr>,
    interface: Option<String>,
    size: Option<usize>,
    ttl: Option<u8>,
    service: Option<u8>,
    whole: bool,
    gap: Option<Duration>,
    period: Option<Duration>,
    timeout: Option<Duration>,
    retries: Option<u32>,
    backoff: Option<u32>,
    every: Option<Duration>,
}

impl Draft {
    fn take(&mut self, letter: char, value: &str) -> Result<(), CallError> {
        let wrong = |may| CallError::Value(letter, value.to_owned(), may);
        let count = || value.parse().ok().filter(|n| (1..=1_u64 << 32).contains(n)).ok_or_else(|| wrong("at least 1"));
        let span = |least: Duration, may| milliseconds(value).filter(|span| *span >= least).ok_or_else(|| wrong(may));
        match letter {
            '4' => self.ipv4 = true,
            '6' => self.ipv6 = true,
            'a' => self.manner.alive = true,
            'A' => self.manner.by_address = true,
            'b' => self.size = Some(size(value).ok_or_else(|| wrong("from 20 to 65488 bytes"))?),
            'B' => self.backoff = Some(backoff(value).ok_or_else(|| wrong("between 1.0 and 5.0"))?),
            'c' => self.count = Some(count()?),
            'C' => {
                self.count = Some(count()?);
                self.manner.each_time = true;
            }
            'D' => self.manner.timestamp = true,
            'e' => self.manner.elapsed = true,
            'f' => self.file = Some(value.to_owned()),
            'g' => self.generate = true,
            'h' => self.says = self.says.take().or(Some(Call::Help)),
            'H' => self.ttl = Some(value.parse().ok().filter(|n| *n > 0).ok_or_else(|| wrong("from 1 to 255"))?),
            'i' => self.gap = Some(span(Duration::ZERO, "milliseconds")?),
            'I' => self.interface = Some(value.to_owned()),
            'l' => self.forever = true,
            'm' => self.every_address = true,
            'M' => self.whole = true,
            'o' => self.manner.outage = true,
            'O' => self.service = Some(byte(value).ok_or_else(|| wrong("a byte, as 16 or 0x10"))?),
            'p' => self.period = Some(span(INTERVAL_LEAST, "at least 0.1 milliseconds")?),
            'q' => self.manner.quiet = true,
            'Q' => {
                let seconds = value.parse().ok().filter(|seconds| (0.01..=1e9).contains(seconds));
                self.every = Some(Duration::from_secs_f64(seconds.ok_or_else(|| wrong("seconds"))?));
                self.manner.quiet = true;
            }
            'r' => {
                let retries = value.parse().ok().filter(|n| *n <= RETRIES);
                self.retries = Some(retries.ok_or_else(|| wrong("at most 20"))?);
            }
            's' => self.manner.stats = true,
            'S' => self.source = Some(value.parse().map_err(|_| wrong("not an address"))?),
            't' => self.timeout = Some(span(INTERVAL_LEAST, "at least 0.1 milliseconds")?),
            'T' => {}
            'u' => self.manner.unreachable = true,
            'v' => self.says = self.says.take().or(Some(Call::Version)),
            'x' => self.manner.reachable = Some(count()?),
            'd' | 'n' => return Err(CallError::Unsupported(letter, "names of addresses are not looked up")),
            'N' => return Err(CallError::Unsupported('N', "no output for netdata")),
            'R' => return Err(CallError::Unsupported('R', "requests carry a check value, and zeros behind it")),
            other => return Err(CallError::Unknown(other.to_string())),
        }
        Ok(())
    }

    fn finish(self) -> Result<Call, CallError> {
        if let Some(call) = self.says {
            return Ok(call);
        }
        if self.ipv4 && self.ipv6 {
            return Err(CallError::OnlyOne("4, 6"));
        }
        if self.manner.alive && self.manner.unreachable {
            return Err(CallError::OnlyOne("a, u"));
        }
        if self.count.is_some() && self.forever {
            return Err(CallError::OnlyOne("c, l"));
        }
        self.check_targets()?;
        let period = self.period.unwrap_or(Duration::from_secs(1));
        let usual = if self.count.is_some() || self.forever {
            period.min(Duration::from_secs(2))
        } else {
            Duration::from_millis(500)
        };
        // Without targets, standard input is the list.
        let file = self.file.or_else(|| self.targets.is_empty().then(|| "-".to_owned()));
        Ok(Call::Ask(Box::new(Wanted {
            targets: self.targets,
            file,
            generate: self.generate,
            family: if self.ipv4 { Some(Family::V4) } else { self.ipv6.then_some(Family::V6) },
            every_address: self.every_address,
            source: self.source,
            interface: self.interface,
            size: self.size.unwrap_or(56),
            ttl: self.ttl,
            service: self.service,
            whole: self.whole,
            gap: self.gap.unwrap_or(Duration::from_millis(10)),
            period,
            timeout: self.timeout.unwrap_or(usual),
            retries: self.retries.unwrap_or(3),
            backoff: self.backoff.unwrap_or(150),
            count: self.count,
            forever: self.forever,
            manner: self.manner,
            every: self.every,
        })))
    }

    fn check_targets(&self) -> Result<(), CallError> {
        match (&self.file, self.generate, self.targets.as_slice()) {
            (Some(_), true, _) => Err(CallError::Targets("-f and -g do not go together")),
            (Some(_), false, [_, ..]) => Err(CallError::Targets("targets are named, and a file of them by -f")),
            (None, true, [prefix]) if prefix.contains('/') => Ok(()),
            (None, true, [_, _]) => Ok(()),
            (None, true, _) => Err(CallError::Targets("-g: one prefix, or the first and the last address")),
            (Some(_), false, []) | (None, false, _) => Ok(()),
        }
    }
}

fn milliseconds(text: &str) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    (0.0..=1e12).contains(&number).then(|| Duration::from_secs_f64(number / 1e3))
}

fn size(text: &str) -> Option<usize> {
    text.parse().ok().filter(|size| (PAYLOAD..=SIZE_MOST).contains(size))
}

fn backoff(text: &str) -> Option<u32> {
    let factor = text.parse::<f64>().ok().filter(|factor| (1.0..=5.0).contains(factor))?;
    Some((factor * 100.0).round() as u32)
}

fn byte(text: &str) -> Option<u8> {
    text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |hex| u8::from_str_radix(hex, 16).ok())
}

#[cfg(test)]
mod tests;

//! What fping says (version 5, without the times of its fractions of a second):
//! lines for standard output and standard error, and the exit status.

use std::fmt::Write as _;
use std::time::Duration;

use crate::fping_call::Manner;
use crate::probe::{Note, Prober, Report, State, Tallies, Tally, Target};

/// The text of ICMP's reasons, by their code (RFC 792, RFC 1122, RFC 1812).
const UNREACHABLE: [&str; 16] = [
    "ICMP Network Unreachable",
    "ICMP Host Unreachable",
    "ICMP Protocol Unreachable",
    "ICMP Port Unreachable",
    "ICMP Unreachable (Fragmentation Needed)",
    "ICMP Unreachable (Source Route Failed)",
    "ICMP Unreachable (Destination Network Unknown)",
    "ICMP Unreachable (Destination Host Unknown)",
    "ICMP Unreachable (Source Host Isolated)",
    "ICMP Unreachable (Communication with Network Prohibited)",
    "ICMP Unreachable (Communication with Host Prohibited)",
    "ICMP Unreachable (Network Unreachable For Type Of Service)",
    "ICMP Unreachable (Host Unreachable For Type Of Service)",
    "ICMP Unreachable (Communication Administratively Prohibited)",
    "ICMP Unreachable (Host Precedence Violation)",
    "ICMP Unreachable (Precedence cutoff in effect)",
];

/// What is said, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// On standard output.
    Out(String),
    /// On standard error.
    Err(String),
}

/// What fping's exit status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 0: all answered, or enough of them.
    Reachable,
    /// 1: some did not.
    Unreachable,
    /// 2: some have no address.
    NoAddress,
    /// 3: it was called wrongly.
    Usage,
    /// 4: this host could not do it, or lost answers.
    System,
}

impl Status {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Status::Reachable => 0,
            Status::Unreachable => 1,
            Status::NoAddress => 2,
            Status::Usage => 3,
            Status::System => 4,
        }
    }
}

/// One run.
#[derive(Debug)]
pub struct Teller {
    manner: Manner,
    /// One of `-c`, `-C` and `-l`.
    counting: bool,
    /// Bytes of ICMP in an answer.
    bytes: usize,
    period: Duration,
    /// Names of targets are filled up to this.
    width: usize,
    /// Of each target, for `-C`: the times of its answers.
    times: Vec<Vec<Option<Duration>>>,
    /// Of each target: its answers may have been lost here.
    blurred: Vec<bool>,
    /// Names without an address.
    nameless: usize,
    /// ICMP errors about our requests.
    errors: u64,
}

impl Teller {
    /// Begins, with the names of the targets; `nameless` of them had no address.
    pub fn new(
        manner: Manner,
        counting: bool,
        size: usize,
        period: Duration,
        names: &[String],
        nameless: usize,
    ) -> Teller {
        Teller {
            manner,
            counting,
            bytes: size + 8,
            period,
            width: names.iter().map(|name| name.chars().count()).max().unwrap_or(0),
            times: vec![Vec::new(); if manner.each_time { names.len() } else { 0 }],
            blurred: vec![false; names.len()],
            nameless,
            errors: 0,
        }
    }

    /// Whether each answer is said.
    fn is_verbose(&self) -> bool {
        let Manner { alive, unreachable, quiet, reachable, .. } = self.manner;
        !(alive || unreachable || quiet || reachable.is_some())
    }

    /// A probe has ended; in the default mode, a target. `wall` is the time of
    /// day in microseconds.
    pub fn report(&mut self, prober: &Prober, report: &Report, wall: i64) -> Vec<Said> {
        let name = &prober.targets()[report.target].name;
        let mut said = Vec::new();
        let overflow = report.shown == State::Unknown && report.reason.as_deref() == Some("receive-overflow");
        if overflow {
            self.blurred[report.target] = true;
            said.push(Said::Err(format!("{name}: packets were lost on this host, perhaps its answer")));
        }
        if !self.counting {
            said.extend(self.whole(name, report));
            return said;
        }
        if let Some(times) = self.times.get_mut(report.target) {
            let number = usize::try_from(report.number).unwrap_or(usize::MAX);
            // Only those that were asked are there: numbers never jump.
            times.resize(times.len().max(number.saturating_add(1)), None);
            times[number] = report.rtt;
        }
        if self.is_verbose() && unsent(report).is_none() {
            let line = self.probe_line(name, report, prober.tallies(report.target), wall);
            said.push(Said::Out(line));
        }
        said
    }

    fn probe_line(&self, name: &str, report: &Report, tallies: Option<&Tallies>, wall: i64) -> String {
        let mut line = String::new();
        if self.manner.timestamp {
            let _ = write!(line, "[{}.{:05}] ", wall.div_euclid(1_000_000), wall.rem_euclid(1_000_000) / 10);
        }
        let _ = write!(line, "{name:width$} : [{}], ", report.number, width = self.width);
        match report.rtt {
            Some(rtt) => {
                let _ = write!(line, "{} bytes, {} ms", self.bytes, short(rtt));
            }
            None => line.push_str("timed out"),
        }
        let counts = Counts::of(tallies.map(|tallies| &tallies.whole));
        let mean = counts.times.map_or_else(|| "NaN".to_owned(), |(_, mean, _)| short(mean));
        let _ = write!(line, " ({mean} avg, {}% loss)", counts.loss());
        line
    }

    /// The default mode: a target is known.
    fn whole(&self, name: &str, report: &Report) -> Option<Said> {
        match (report.state, report.rtt) {
            (State::Up, rtt) => {
                let word = if self.is_verbose() { " is alive" } else { "" };
                let rtt = rtt.filter(|_| self.manner.elapsed);
                let time = rtt.map_or_else(String::new, |rtt| format!(" ({} ms)", short(rtt)));
                (self.is_verbose() || self.manner.alive).then(|| Said::Out(format!("{name}{word}{time}")))
            }
            (State::Down | State::Unknown, _) => {
                let why = in_words(unsent(report)?);
                self.is_verbose().then(|| Said::Err(format!("{name}: error while sending ping: {why}")))
            }
        }
    }

    /// Something beside the answers.
    pub fn note(&mut self, prober: &Prober, note: &Note) -> Option<Said> {
        match note {
            Note::Twice { target, number, rtt } => {
                let (name, width, bytes) = (&prober.targets()[*target].name, self.width, self.bytes);
                let wanted = !self.manner.quiet && self.counting && self.is_verbose();
                let line = || format!("{name:width$} : duplicate for [{number}], {bytes} bytes, {} ms", short(*rtt));
                wanted.then(|| Said::Out(line()))
            }
            Note::Refused { target, by, kind, code } => {
                self.errors += 1;
                let name = &prober.targets()[*target].name;
                let what = icmp_text(by.is_ipv4(), *kind, *code);
                let line = || format!("{what} from {by} for ICMP Echo sent to {name}");
                (!self.manner.quiet).then(|| Said::Err(line()))
            }
            Note::Group(_) => None,
        }
    }

    /// What came of every target since it was last said (`-Q`, SIGQUIT). `wall`
    /// is the time of day in seconds.
    pub fn interim(&self, prober: &Prober, wall: i64) -> Vec<Said> {
        let day = wall.rem_euclid(86_400);
        let time = format!("[{:02}:{:02}:{:02}]", day / 3_600, day / 60 % 60, day % 60);
        let blank = self.is_verbose().then(|| Said::Err(String::new()));
        let mut said: Vec<Said> = blank.into_iter().chain([Said::Err(time)]).collect();
        said.extend(self.rows(prober, |tallies| &tallies.recent));
        said
    }

    fn rows(&self, prober: &Prober, which: impl Fn(&Tallies) -> &Tally) -> Vec<Said> {
        let row = |(index, target): (usize, &Target)| {
            let counts = Counts::of(prober.tallies(index).map(&which));
            let (sent, received, loss) = (counts.sent, counts.received, counts.loss());
            let mut row = format!("{:width$} :", target.name, width = self.width);
            let _ = write!(row, " xmt/rcv/%loss = {sent}/{received}/{loss}%");
            if self.manner.outage {
                let away = self.period * u32::try_from(sent - received).unwrap_or(u32::MAX);
                let _ = write!(row, ", outage(ms) = {}", away.as_millis());
            }
            if let Some((least, mean, most)) = counts.times {
                let _ = write!(row, ", min/avg/max = {}/{}/{}", short(least), short(mean), short(most));
            }
            Said::Err(row)
        };
        prober.targets().iter().enumerate().map(row).collect()
    }

    /// The end: what is left to say after `elapsed`, and the exit status.
    pub fn finish(&self, prober: &Prober, elapsed: Duration) -> (Vec<Said>, Status) {
        let mut said = Vec::new();
        let is_alive = |index| prober.tallies(index).is_some_and(|tallies| tallies.whole.answered() > 0);
        let all = prober.targets().len();
        let silent: Vec<usize> = (0..all).filter(|index| !is_alive(*index)).collect();
        let lost_here = silent.iter().any(|index| self.blurred[*index]);
        if !self.counting && (self.is_verbose() || self.manner.unreachable) {
            let word = if self.is_verbose() { " is unreachable" } else { "" };
            // Of whom answers may have been lost here, nobody can tell.
            let known = silent.iter().filter(|index| !self.blurred[**index]);
            said.extend(known.map(|index| Said::Out(format!("{}{word}", prober.targets()[*index].name))));
        }
        if self.counting {
            if self.is_verbose() {
                said.push(Said::Err(String::new()));
            }
            said.extend(if self.manner.each_time {
                self.times(prober)
            } else {
                self.rows(prober, |tallies| &tallies.whole)
            });
        }
        if self.manner.stats {
            said.extend(self.stats(prober, silent.len(), elapsed).into_iter().map(Said::Err));
        }
        let reachable = all - silent.len();
        if let Some(required) = self.manner.reachable {
            let enough = reachable as u64 >= required;
            let word = if enough { "Enough" } else { "Not enough" };
            said.push(Said::Out(format!("{word} hosts reachable (required: {required}, reachable: {reachable})")));
            return (said, if enough { Status::Reachable } else { Status::Unreachable });
        }
        let status = match (self.nameless, lost_here, silent.len()) {
            (_, true, _) => Status::System,
            (1.., false, _) => Status::NoAddress,
            (0, false, 1..) => Status::Unreachable,
            (0, false, 0) if all == 0 => Status::Unreachable,
            (0, false, 0) => Status::Reachable,
        };
        (said, status)
    }

    /// `-C`: the time of each answer.
    fn times(&self, prober: &Prober) -> Vec<Said> {
        let row = |(target, times): (&Target, &Vec<Option<Duration>>)| {
            let mut row = format!("{:width$} :", target.name, width = self.width);
            for time in times {
                let _ = write!(row, " {}", time.map_or_else(|| "-".to_owned(), short));
            }
            Said::Err(row)
        };
        prober.targets().iter().zip(&self.times).map(row).collect()
    }

    /// `-s`: all targets together.
    fn stats(&self, prober: &Prober, silent: usize, elapsed: Duration) -> Vec<String> {
        let all = prober.targets().len();
        let tallies: Vec<&Tally> = (0..all).filter_map(|index| Some(&prober.tallies(index)?.whole)).collect();
        let sum = |count: fn(&Tally) -> u64| tallies.iter().map(|tally| count(tally)).sum::<u64>();
        let (received, total) = (sum(Tally::answered), tallies.iter().map(|tally| tally.total()).sum::<Duration>());
        let times = || tallies.iter().filter_map(|tally| tally.times());
        let least = times().map(|(least, _, _)| least).min().unwrap_or_default();
        let most = times().map(|(_, _, most)| most).max().unwrap_or_default();
        let mean = total.checked_div(u32::try_from(received).unwrap_or(u32::MAX)).unwrap_or_default();
        let count = |n: u64, what: &str| format!(" {n:7} {what}");
        vec![
            String::new(),
            count(all as u64, "targets"),
            count((all - silent) as u64, "alive"),
            count(silent as u64, "unreachable"),
            count(self.nameless as u64, "unknown addresses"),
            String::new(),
            count(sum(|tally| tally.lost), "timeouts (waiting for response)"),
            count(sum(|tally| tally.sent + tally.unsent), "ICMP Echos sent"),
            count(received, "ICMP Echo Replies received"),
            count(self.errors, "other ICMP received"),
            String::new(),
            format!(" {} ms (min round trip time)", short(least)),
            format!(" {} ms (avg round trip time)", short(mean)),
            format!(" {} ms (max round trip time)", short(most)),
            format!(" {:12.3} sec (elapsed real time)", elapsed.as_secs_f64()),
            String::new(),
        ]
    }
}

/// What fping counts of a target: it counts as sent what could not be sent.
struct Counts {
    sent: u64,
    received: u64,
    times: Option<(Duration, Duration, Duration)>,
}

impl Counts {
    fn of(tally: Option<&Tally>) -> Counts {
        let sent = tally.map_or(0, |tally| tally.sent + tally.unsent);
        Counts { sent, received: tally.map_or(0, Tally::answered), times: tally.and_then(Tally::times) }
    }

    /// In percent, rounded down.
    fn loss(&self) -> u64 {
        ((self.sent - self.received) * 100).checked_div(self.sent).unwrap_or(0)
    }
}

/// Milliseconds in about three digits.
fn short(span: Duration) -> String {
    let ms = span.as_secs_f64() * 1e3;
    match ms {
        _ if ms < 1.0 => format!("{ms:.3}"),
        _ if ms < 10.0 => format!("{ms:.2}"),
        _ if ms < 100.0 => format!("{ms:.1}"),
        _ => format!("{ms:.0}"),
    }
}

/// Why the request did not leave, where it did not.
fn unsent(report: &Report) -> Option<&str> {
    let reason = report.reason.as_deref().filter(|_| report.shown == State::Unknown)?;
    (!matches!(reason, "receive-overflow" | "interrupted" | "deadline")).then_some(reason)
}

/// Why a request did not leave, in the system's words.
const SENDING: [(&str, &str); 8] = [
    ("network-unreachable", "Network is unreachable"),
    ("host-unreachable", "No route to host"),
    ("network-down", "Network is down"),
    ("not-permitted", "Operation not permitted"),
    ("no-source-address", "Cannot assign requested address"),
    ("too-big", "Message too long"),
    ("no-interface", "No such device"),
    ("send-overflow", "No buffer space available"),
];

fn in_words(reason: &str) -> &str {
    SENDING.iter().find(|(word, _)| *word == reason).map_or(reason, |(_, text)| text)
}

/// The text for an ICMP error.
fn icmp_text(ipv4: bool, kind: u8, code: u8) -> String {
    let text = match (ipv4, kind) {
        (true, 3) => UNREACHABLE.get(usize::from(code)).copied().unwrap_or("ICMP Unreachable (Invalid Code)"),
        (true, 11) | (false, 3) => "ICMP Time Exceeded",
        (true, 12) | (false, 4) => "ICMP Parameter Problem",
        (false, 1) => match code {
            0 => UNREACHABLE[0],
            3 => UNREACHABLE[1],
            4 => UNREACHABLE[3],
            _ => UNREACHABLE[13],
        },
        (false, 2) => UNREACHABLE[4],
        (true | false, _) => return format!("ICMP {kind}"),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests;

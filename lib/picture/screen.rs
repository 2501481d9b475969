//! The screen that a person reads at once, and the line of a monitoring plugin.

use std::fmt::Write as _;

use crate::record::{Record, visible};
use crate::tale::span;
use crate::time::Time;
use crate::wall::Wall;

use super::{Finding, Level, Picture, number, text, time};

/// Everything that is worth a line; `wall` is the clock.
pub fn screen(picture: &Picture<'_>, findings: &[Finding], now: Time, wall: &Wall) -> String {
    let looking = Looking { picture, now };
    let worst = findings.first().map_or(Level::Ok, |finding| finding.level);
    let stamp = wall.stamp(now);
    let mut out = format!("{}  {}  {} UTC", visible(picture.own()), worst.word(), &stamp[..19.min(stamp.len())]);
    // Into a string nothing fails.
    if let Some((_, record)) = picture.of("policy").next() {
        let [quorum, voters, dialect] = ["quorum", "voters", "dialect"].map(|key| text(&record, key));
        let _ = write!(out, "  quorum {quorum} of {voters}, dialect {dialect}");
    }
    out.push('\n');
    for finding in findings {
        let mark = match finding.level {
            Level::Ok => " ",
            Level::Warning => "!",
            Level::Critical => "!!",
        };
        let _ = writeln!(out, "  {mark:<2} {}", visible(&finding.text));
    }
    let tables = [looking.groups(), looking.nodes(), looking.links(), looking.targets(), looking.rest()];
    for table in tables.into_iter().filter(|rows| rows.len() > 1) {
        out.push('\n');
        out.push_str(&aligned(&table));
    }
    out
}

/// A screen as a terminal draws it again and again, each line at its place: of what
/// does not fit the right and the middle are lost, and never what is wrong, at the top.
pub fn frame(screen: &str) -> String {
    // A terminal that wraps or scrolls would push the first lines out.
    let mut out = "\x1b[?7l\x1b[H\x1b[2J".to_owned();
    let mut last = 1;
    for (row, line) in (1..).zip(screen.lines()) {
        let _ = write!(out, "\x1b[{row};1H\x1b[2K{line}");
        last = row + 1;
    }
    let _ = write!(out, "\x1b[?7h\x1b[{last};1H");
    out
}

/// One line for a monitoring system.
pub fn line(picture: &Picture<'_>, findings: &[Finding]) -> String {
    let worst = findings.first().map_or(Level::Ok, |finding| finding.level);
    let texts: Vec<&str> = findings.iter().map(|finding| finding.text.as_str()).collect();
    let served = |group: &str| match picture.servers(group).as_slice() {
        [part] => format!("{group} on {}", part.node),
        [] => format!("{group} nowhere"),
        parts => format!("{group} on {} nodes", parts.len()),
    };
    let mut parts: Vec<String> = picture.groups().into_iter().map(served).collect();
    if parts.is_empty() {
        parts.push(format!("{} serves nothing", picture.own()));
    }
    let said = if texts.is_empty() { parts.join(", ") } else { format!("{}; {}", texts.join("; "), parts.join(", ")) };
    // What stands behind a bar would be figures.
    format!("HBKIT {} - {}", worst.word(), visible(&said).replace('|', "/"))
}

struct Looking<'a> {
    picture: &'a Picture<'a>,
    now: Time,
}

fn row<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

impl Looking<'_> {
    /// For how long.
    fn since(&self, since: Option<Time>) -> String {
        since.map_or("-".to_owned(), |since| span(self.now.since(since)))
    }

    fn groups(&self) -> Vec<Vec<String>> {
        let mut rows = vec![row(["GROUP", "SERVED BY", "FOR", "LEASE", "VOTES", ""])];
        for group in self.picture.groups() {
            let servers = self.picture.servers(group);
            let by: Vec<&str> = servers.iter().map(|part| part.node).collect();
            let server = if by.is_empty() { "nobody".to_owned() } else { by.join("+") };
            let lease = self.picture.of("lease").find(|(name, _)| *name == group);
            let lease = lease.and_then(|(_, record)| time(&record, "until"));
            let lease = lease.map_or("-".to_owned(), |until| span(until.since(self.now)));
            let votes = self.picture.of("vote").filter(|(name, _)| *name == group);
            let votes =
                votes.filter_map(|(_, vote)| Some(format!("{} for {}", vote.raw("node")?, vote.raw("holder")?)));
            let votes: Vec<String> = votes.collect();
            let votes = if votes.is_empty() { "-".to_owned() } else { votes.join(", ") };
            let since = self.since(servers.first().and_then(|part| part.since));
            rows.push(vec![group.to_owned(), server, since, lease, votes, self.beside(group)]);
        }
        rows
    }

    /// What there is to say of a group beside who serves it.
    fn beside(&self, group: &str) -> String {
        let parts = self.picture.parts(group).filter(|part| !matches!(part.state, "started" | "stopped"));
        let mut said: Vec<String> = parts.map(|part| format!("{} on {}", part.state, part.node)).collect();
        let asked = self.picture.of("request").filter(|(name, _)| *name == group);
        said.extend(asked.map(|(_, record)| text(&record, "text")));
        said.join(", ")
    }

    fn nodes(&self) -> Vec<Vec<String>> {
        let mut rows = vec![row(["NODE", "STATE", "FOR", "ROUND TRIP", "PINGS", "CONFIGURATION"])];
        for (name, record) in self.picture.nodes() {
            let is_own = record.raw("state") == Some("own");
            let state = if is_own { "this node".to_owned() } else { text(&record, "state") };
            let pings = record.raw("reach").and_then(|reach| {
                let reach: crate::announce::Reach = reach.parse().ok()?;
                Some(format!("{} of {}", reach.up, reach.total()))
            });
            let config = match record.raw_all(["config", "version"]) {
                [None, _] => "-".to_owned(),
                [Some(config), Some("differs")] => format!("{config}, another version"),
                [Some(config), _] => config.to_owned(),
            };
            let pings = pings.unwrap_or("-".to_owned());
            rows.push(vec![
                name.to_owned(),
                state,
                self.since(time(&record, "since")),
                millis(&record, "rtt"),
                pings,
                config,
            ]);
        }
        rows
    }

    fn links(&self) -> Vec<Vec<String>> {
        let mut rows = vec![row(["LINK", "STATE", "FOR", "LOSS", "BEHIND"])];
        for (name, record) in self.picture.of("link") {
            let state = match record.raw("direction") {
                Some(direction) => format!("one way {direction}"),
                None => text(&record, "state"),
            };
            let loss = number(&record, "loss").map_or("-".to_owned(), |loss| format!("{:.1} %", loss * 100.0));
            rows.push(vec![
                name.to_owned(),
                state,
                self.since(time(&record, "since")),
                loss,
                millis(&record, "behind"),
            ]);
        }
        rows
    }

    fn targets(&self) -> Vec<Vec<String>> {
        let mut rows = vec![row(["PING TARGET", "STATE", "FOR", "ROUND TRIP", "LOSS", "GROUP"])];
        for (name, answer, record) in self.picture.targets() {
            let state = match answer {
                Some(true) => "answers",
                Some(false) => "silent",
                None => "unknown",
            };
            let field = |key: &str| record.raw(key).unwrap_or("-").to_owned();
            rows.push(vec![
                name.to_owned(),
                state.to_owned(),
                self.since(time(&record, "since")),
                millis(&record, "rtt"),
                field("loss"),
                field("group"),
            ]);
        }
        rows
    }

    fn rest(&self) -> Vec<Vec<String>> {
        let mut rows = vec![row(["", "", ""])];
        for (subject, ends) in [("watchdog", ""), ("carrier", " here"), ("monitor", ""), ("respawn", "")] {
            for (name, record) in self.picture.of(subject) {
                let fields = record.raw_fields().filter(|(key, _)| !matches!(*key, "state" | "since"));
                let more: Vec<String> = fields.map(|(key, _)| format!("{key} {}", text(&record, key))).collect();
                rows.push(vec![format!("{subject} {name}{ends}"), text(&record, "state"), more.join(", ")]);
            }
        }
        let refused = self.picture.of("bad").map(|(reason, record)| format!("{reason} {}", text(&record, "n")));
        let refused: Vec<String> = refused.collect();
        if !refused.is_empty() {
            rows.push(vec!["refused datagrams".to_owned(), refused.join(", "), String::new()]);
        }
        rows
    }
}

fn millis(record: &Record<'_>, key: &str) -> String {
    number(record, key).map_or("-".to_owned(), |millis| format!("{millis:.1} ms"))
}

/// Rows whose columns stand below each other.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty())) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{:<width$}", visible(cell)));
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

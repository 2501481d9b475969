//! In which protocol nodes agree on who serves, and what does not go with
//! Heartbeat's.

use std::fmt;

use crate::problem::{Problems, quote};

use super::reader::Reader;
use super::{AutoFailback, HaCf};

/// In which protocol nodes agree on who serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// hbkit's own: votes are leases.
    #[default]
    Hbkit,
    /// Heartbeat's: between two nodes, without votes.
    Heartbeat,
}

impl Dialect {
    /// Reads the word of ha.cf; `None` when it is none.
    pub fn read(word: &str) -> Option<Dialect> {
        [Dialect::Hbkit, Dialect::Heartbeat].into_iter().find(|dialect| dialect.to_string() == word)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dialect::Hbkit => f.write_str("hbkit"),
            Dialect::Heartbeat => f.write_str("heartbeat"),
        }
    }
}

impl Reader {
    pub(super) fn dialect(&mut self, args: &[&str]) {
        match args {
            [word] if Dialect::read(word).is_some() => {
                self.conf.dialect = Dialect::read(word).unwrap_or_default();
            }
            _ => self.error(format!("dialect is hbkit or heartbeat, not {}", quote(&args.join(" ")))),
        }
    }
}

/// Says what Heartbeat's protocol does not know: who wrote it would count on it.
pub(super) fn check(conf: &HaCf, problems: &mut Problems) {
    match conf.dialect {
        Dialect::Hbkit => return,
        Dialect::Heartbeat => {}
    }
    let line = conf.line_of("dialect");
    if conf.node.len() != 2 && !conf.node.is_empty() {
        let what = format!("dialect heartbeat is spoken between two nodes, and {} are named", conf.node.len());
        problems.error(line, what);
    }
    for (directive, why) in [
        ("quorum", "Heartbeat's protocol knows no votes"),
        ("fence", "nobody is fenced in it: leave the line out until both nodes speak dialect hbkit"),
    ] {
        if conf.has(directive) {
            problems.error(conf.line_of(directive), format!("{directive} does not go with dialect heartbeat: {why}"));
        }
    }
    if conf.auto_failback == AutoFailback::Legacy {
        let what = "dialect heartbeat needs auto_failback on or off, here and on the node of Heartbeat: legacy, which \
                    is its default, is another protocol, which is not spoken";
        problems.error(if conf.has("auto_failback") { conf.line_of("auto_failback") } else { line }, what);
    }
    for (directive, what) in [
        ("flap_limit", "flap_limit has no effect with dialect heartbeat"),
        ("flap_halflife", "flap_halflife has no effect with dialect heartbeat"),
        ("ping_damping", "ping_damping has no effect with dialect heartbeat: nothing moves for connectivity"),
    ] {
        if conf.has(directive) {
            problems.warning(conf.line_of(directive), what);
        }
    }
    if !conf.ping.is_empty() {
        let ping = ["ping", "ping6", "ping_group"].into_iter().find(|directive| conf.has(directive));
        let what = "with dialect heartbeat nothing moves for connectivity: what ipfail says is not spoken";
        problems.warning(conf.line_of(ping.unwrap_or("ping")), what);
    }
}

#[cfg(test)]
mod tests;

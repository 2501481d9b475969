//! Reading in the order of the file.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Fate, HaCf, default_initdead, dialect, directives, fate, media};
use crate::problem::{Problems, quote};

/// Reading in the order of the file: udpport and baud hold for the media below.
pub(super) struct Reader {
    pub(super) conf: HaCf,
    pub(super) problems: Problems,
    pub(super) line: usize,
    pub(super) times: BTreeMap<&'static str, Duration>,
    /// Where the first medium stands that took the port, and the speed, as they
    /// were there.
    pub(super) port_used: Option<usize>,
    pub(super) baud_used: Option<usize>,
}

/// What words are separated by.
const SEPARATORS: [char; 4] = [' ', '\t', ',', '\u{c}'];

impl Reader {
    /// Nothing read yet of a file with that name.
    pub(super) fn new(file: &str) -> Reader {
        Reader {
            conf: HaCf::default(),
            problems: Problems::new(file),
            line: 0,
            times: BTreeMap::new(),
            port_used: None,
            baud_used: None,
        }
    }

    pub(super) fn line(&mut self, text: &str) {
        let mut words: Vec<&str> = text.split(SEPARATORS).filter(|word| !word.is_empty()).collect();
        // A command has its commas.
        if words.first().is_some_and(|first| ["fence", "respawn"].contains(first)) {
            words = text.split_ascii_whitespace().collect();
        }
        let Some((directive, args)) = words.split_first() else { return };
        let errors = self.problems.error_count();
        if let Some(what) = odd(text, directive, args) {
            self.error(what);
        } else if self.used(directive, args) || self.foreign(directive, args) {
            self.conf.lines.insert((*directive).to_owned(), self.line);
        } else {
            let hint = hint(directive);
            self.error(format!("unknown directive {}{hint}", quote(directive)));
        }
        if self.problems.error_count() > errors {
            self.lost(text);
        }
    }

    /// Remembers what a line that cannot be read was probably about: that it is
    /// missing is not the fault.
    pub(super) fn lost(&mut self, text: &str) {
        let first = text.split(SEPARATORS).find(|word| !word.is_empty()).unwrap_or_default();
        self.conf.lost.extend(meant(bare(first)));
    }

    fn is_there(&self, directive: &str) -> bool {
        self.conf.has(directive) || self.conf.lost.contains(&directive)
    }

    pub(super) fn error(&mut self, what: impl Into<String>) {
        self.problems.error(self.line, what);
    }

    pub(super) fn warning(&mut self, what: impl Into<String>) {
        self.problems.warning(self.line, what);
    }

    /// Applies the defaults and compares the times with each other.
    pub(super) fn finish(mut self) -> (HaCf, Problems) {
        let conf = &mut self.conf;
        let time = |name| self.times.get(name).copied();
        conf.keepalive = time("keepalive").unwrap_or(conf.keepalive);
        conf.deadtime = time("deadtime").unwrap_or(conf.deadtime);
        conf.warntime = time("warntime").unwrap_or(conf.deadtime / 2);
        conf.initdead = time("initdead").unwrap_or(default_initdead(conf.deadtime));
        conf.deadping = time("deadping").unwrap_or(conf.deadtime);
        conf.fence_delay = time("fence_delay").unwrap_or(conf.fence_delay);
        for fence in conf.fence.iter().filter(|fence| !conf.node.contains(&fence.node)) {
            self.problems.error(fence.line, format!("fence: no node line names {}", fence.node));
        }
        let errors = self.problems.error_count();
        self.compare_times();
        self.compare_watchdog();
        if self.problems.error_count() > errors {
            self.conf.lost.extend(["keepalive", "deadtime"]);
        }
        dialect::check(&self.conf, &mut self.problems);
        // Where a line was refused, that is the cause.
        if self.conf.node.is_empty() && !self.is_there("node") {
            self.problems.error(1, "no node: write 'node NAME NAME' with the names that uname -n prints");
        }
        if self.conf.media.is_empty() && !media::DIRECTIVES.iter().any(|directive| self.is_there(directive)) {
            self.problems.error(1, "no medium: write at least one of bcast, ucast, mcast, serial");
        }
        (self.conf, self.problems.sorted())
    }

    fn compare_times(&mut self) {
        let HaCf { keepalive, deadtime, warntime, initdead, deadping, .. } = self.conf;
        let line = |name: &str| self.conf.line_of(name);
        // Where both are written, the deadtime is what is wrong more often.
        let dead_line = if self.conf.has("deadtime") { line("deadtime") } else { line("keepalive") };
        let ping_line = if self.conf.has("deadping") { line("deadping") } else { dead_line };
        let init_line = if self.conf.has("initdead") { line("initdead") } else { dead_line };
        let warn_line = line("warntime");
        if deadtime <= keepalive * 2 {
            let what = format!(
                "deadtime ({} s) must be more than twice keepalive ({} s): one lost heartbeat would be death",
                seconds(deadtime),
                seconds(keepalive)
            );
            self.problems.error(dead_line, what);
        } else if deadping <= keepalive * 2 {
            self.problems.error(ping_line, "deadping must be more than twice keepalive");
        }
        if initdead < deadtime {
            let what = format!("initdead ({} s) is shorter than deadtime ({} s)", seconds(initdead), seconds(deadtime));
            self.problems.error(init_line, what);
        } else if initdead < Duration::from_secs(10) {
            let what = "initdead under 10 s: a network that comes up slowly after a boot makes both nodes serve";
            self.problems.warning(init_line, what);
        }
        if warntime > deadtime {
            self.problems.warning(warn_line, "warntime is longer than deadtime: the warning never comes");
        }
    }
}

fn seconds(span: Duration) -> String {
    crate::time::seconds(span)
}

/// What people write who know other files.
fn odd(text: &str, directive: &str, args: &[&str]) -> Option<String> {
    let instead = |what: &str, plain: String| Some(format!("{what}: write {}", quote(plain.trim())));
    if text.trim_end().ends_with('\\') {
        Some("a backslash at the end: lines of ha.cf are not continued: write it as one line".to_owned())
    } else if text.contains('"') && matches!(fate(directive), Some(Fate::Used | Fate::Alone)) {
        instead("Heartbeat takes quotes for a part of the word", text.replace('"', ""))
    } else if args.first().is_some_and(|word| ["=", ":"].contains(word)) {
        instead("nothing stands between a directive and its value", text.replacen(['=', ':'], "", 1).replace("  ", " "))
    } else {
        None
    }
}

/// What to write for an unknown directive.
fn hint(directive: &str) -> String {
    let lower = directive.to_ascii_lowercase();
    match meant(bare(&lower)) {
        Some(name) if name == lower => format!(": written {name}, in lower case"),
        Some(name) if name == bare(&lower) => {
            format!(": written '{name} VALUE', with a blank between them and without quotes")
        }
        Some(name) => format!(": written {name}"),
        None if [";", "//", "--", "!", "%"].iter().any(|mark| directive.starts_with(mark)) => {
            ": a comment begins with '#'".to_owned()
        }
        None => String::new(),
    }
}

/// A word without what stands around it or is joined to it.
fn bare(word: &str) -> &str {
    word.split(['=', ':', '"', '\'']).find(|part| !part.is_empty()).unwrap_or_default()
}

/// The directive that was probably meant by a word.
pub fn meant(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let is_meant = |name: &&str| *name == word;
    directives().find(is_meant).or_else(|| directives().find(|name| letters(name) == letters(&word)))
}

/// The letters and digits, without the s of a plural.
fn letters(word: &str) -> String {
    let letters: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    letters.strip_suffix('s').map_or(letters.clone(), str::to_owned)
}

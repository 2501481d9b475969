//! What concerns this node alone, and no peer: the programs that run beside the
//! pipeline, its watchdog, its priority.

use std::fmt;
use std::time::Duration;

use super::HaCf;
use super::policies::boolean;
use super::reader::Reader;
use crate::name;
use crate::problem::quote;
use crate::watchdog;

/// A program that is started again whenever it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Respawn {
    /// As whom it runs.
    pub user: String,
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Where it stands.
    pub line: usize,
}

/// `USER PROGRAM [ARG...]`.
impl fmt::Display for Respawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.user, self.words.join(" "))
    }
}

/// The most programs that are run beside the pipeline.
const RESPAWN_MAX: usize = 64;

/// The priorities that SCHED_FIFO has.
const PRIORITIES: std::ops::RangeInclusive<u8> = 1..=99;

impl Reader {
    /// Applies a directive of this file.
    pub(super) fn local(&mut self, directive: &str, args: &[&str]) {
        match directive {
            "respawn" => self.respawn(args),
            "watchdog" => self.watchdog(args),
            "realtime" => self.realtime(args),
            _ => self.rtprio(args),
        }
    }

    fn respawn(&mut self, args: &[&str]) {
        let Some((user, words)) = args.split_first() else { return };
        match words.first() {
            None => self.error("respawn is written 'respawn USER PROGRAM [ARG...]'"),
            Some(program) if program.rsplit('/').next() == Some("ipfail") => self
                .idle("respawn", "groups move to the node that reaches more ping nodes without it, see ping_damping"),
            Some(program) if program.rsplit('/').next() == Some("dopd") => {
                self.refuse("respawn", "there is no dopd: name a fence-peer handler in the configuration of DRBD")
            }
            Some(program) if !program.starts_with('/') => {
                self.error(format!("respawn: {} is not the absolute path of a program", quote(program)));
            }
            Some(_) if !name::is_name(user) => {
                self.error(format!("respawn: {} is not the name of a user", quote(user)))
            }
            Some(_) if self.conf.respawn.len() == RESPAWN_MAX => {
                self.error(format!("more than {RESPAWN_MAX} programs to respawn"));
            }
            Some(_) => {
                let words = words.iter().map(|word| (*word).to_owned()).collect();
                self.conf.respawn.push(Respawn { user: (*user).to_owned(), words, line: self.line });
            }
        }
    }

    fn watchdog(&mut self, args: &[&str]) {
        let word = self.last("watchdog", args);
        if word.starts_with('/') {
            self.conf.watchdog = Some(word.to_owned());
        } else {
            self.error(format!("watchdog: {} is not the absolute path of a device", quote(word)));
        }
    }

    fn realtime(&mut self, args: &[&str]) {
        let word = self.last("realtime", args);
        match boolean(word) {
            Some(wanted) => self.conf.realtime = wanted,
            None => self.error(format!("realtime is on or off, not {}", quote(word))),
        }
    }

    fn rtprio(&mut self, args: &[&str]) {
        let word = self.last("rtprio", args);
        match word.parse() {
            Ok(priority) if PRIORITIES.contains(&priority) => self.conf.rtprio = priority,
            _ => self.error(format!("rtprio: {} is not a priority from 1 to 99", quote(word))),
        }
    }

    /// Says when a watchdog could not do what it is for.
    pub(super) fn compare_watchdog(&mut self) {
        let HaCf { keepalive, deadtime, .. } = self.conf;
        if self.conf.watchdog.is_none() {
            return;
        }
        let line = self.conf.line_of("watchdog");
        let seconds = |span: Duration| crate::time::seconds(span);
        match watchdog::timeout(deadtime) {
            None => self.problems.error(
                line,
                format!(
                    "watchdog: with a deadtime of {} s it would reset this node after another one has taken over: \
                     watchdogs count whole seconds, so that deadtime has to be {} s or more",
                    seconds(deadtime),
                    seconds(watchdog::SHORTEST)
                ),
            ),
            Some(timeout) if timeout < keepalive * 2 => self.problems.warning(
                line,
                format!(
                    "watchdog: it resets this node {} s after the last heartbeat went round, which is under two \
                     keepalives ({} s): one heartbeat that is late may do it",
                    seconds(timeout),
                    seconds(keepalive * 2)
                ),
            ),
            Some(_) => {}
        }
    }
}

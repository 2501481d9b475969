//! How the resources of one group are, and what follows.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Effect, Outcome};
use crate::care::Care;
use crate::record::Line;
use crate::time::Time;

/// What hangs so often in a row has failed.
const HANGS: u32 = 3;

/// What was found failed so often, and was well a second later, has failed.
const FLAPS: usize = 5;

/// The status of hb-run when a command took too long.
const TOO_LONG: u8 = 124;

/// How a resource is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It runs.
    Running,
    /// It does not.
    Stopped,
    /// It does, or should, and does not work.
    Failed,
    /// It could not be told.
    Unknown,
}

impl Verdict {
    /// Reads the word of a record.
    pub fn read(word: &str) -> Option<Verdict> {
        Some(match word {
            "running" => Verdict::Running,
            "stopped" => Verdict::Stopped,
            "failed" => Verdict::Failed,
            "unknown" => Verdict::Unknown,
            _ => return None,
        })
    }
}

/// What a look has found of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The resource.
    pub resource: String,
    /// How it is.
    pub verdict: Verdict,
    /// The exit status of its script, if that was told.
    pub status: Option<u8>,
}

/// What follows from a look or a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Everyone is asked in his turn.
    Wait,
    /// These resources are asked soon.
    Again(Vec<usize>),
    /// This resource is started again.
    Restart(String),
}

#[derive(Debug)]
struct Resource {
    word: String,
    care: Care,
    /// It was found failed at the last look.
    suspected: bool,
    /// It was not found running at the last look.
    ailing: bool,
    hangs: u32,
    /// So many looks at it in a row were ended for taking too long.
    stuck: u32,
    flaps: VecDeque<Time>,
    restarts: VecDeque<Time>,
}

/// The resources of a group that runs.
#[derive(Debug)]
pub(super) struct Health {
    group: String,
    resources: Vec<Resource>,
    /// It was said that the group has failed here.
    given_up: bool,
    /// What was said last of what is not well.
    said: Option<String>,
}

impl Health {
    pub(super) fn new(group: &str, resources: Vec<(String, Care)>) -> Health {
        let resource = |(word, care)| Resource {
            word,
            care,
            suspected: false,
            ailing: false,
            hangs: 0,
            stuck: 0,
            flaps: VecDeque::new(),
            restarts: VecDeque::new(),
        };
        let resources = resources.into_iter().map(resource).collect();
        Health { group: group.to_owned(), resources, given_up: false, said: None }
    }

    /// The group was started: what was before says nothing.
    pub(super) fn begin(&mut self) {
        (self.given_up, self.said) = (false, None);
        for resource in &mut self.resources {
            (resource.suspected, resource.ailing) = (false, false);
            (resource.hangs, resource.stuck) = (0, 0);
            resource.flaps.clear();
            resource.restarts.clear();
        }
    }

    /// What these resources are called.
    pub(super) fn words(&self, numbers: &[usize]) -> Vec<String> {
        numbers.iter().filter_map(|number| self.resources.get(*number)).map(|resource| resource.word.clone()).collect()
    }

    /// Takes what a look at these has found.
    pub(super) fn looked(
        &mut self,
        asked: &[usize],
        outcome: Outcome,
        spared: bool,
        now: Time,
        effects: &mut Vec<Effect>,
    ) -> Course {
        let findings = match outcome {
            Outcome::Ended(_, findings) if !findings.is_empty() => findings,
            Outcome::Ended(0, _) => return Course::Wait,
            Outcome::Ended(status, _) => {
                self.doubt(asked);
                self.complain(
                    now,
                    "unknown",
                    |line| line.field("reason", "no answer").field("status", status),
                    effects,
                );
                return Course::Wait;
            }
            Outcome::Untold(why) => {
                self.doubt(asked);
                self.complain(now, "unknown", |line| line.field("reason", why), effects);
                return Course::Wait;
            }
        };
        let mut worst: Option<(usize, bool, Option<u8>)> = None;
        for number in 0..self.resources.len() {
            let resource = &mut self.resources[number];
            let Some(finding) = findings.iter().find(|finding| finding.resource == resource.word) else { continue };
            let state = resource.take(finding, now);
            (resource.ailing, resource.stuck) = (!matches!(state, State::Well), 0);
            match state {
                State::Well => {}
                State::Unsure => self.unsure(number, finding.status, now, effects),
                State::Ill { sure } => worst = worst.or(Some((number, sure, finding.status))),
            }
        }
        match worst {
            Some((number, sure, status)) => return self.ill(number, sure && !spared, spared, status, now, effects),
            None if self.resources.iter().any(|resource| resource.ailing) => {}
            None => self.well(now, effects),
        }
        Course::Wait
    }

    /// It is not known how these are.
    fn doubt(&mut self, asked: &[usize]) {
        for number in asked {
            self.resources.get_mut(*number).into_iter().for_each(|resource| resource.ailing = true);
        }
    }

    /// A look at these did not end in time and was ended.
    pub(super) fn hung(&mut self, asked: &[usize], now: Time, effects: &mut Vec<Effect>) -> Course {
        self.doubt(asked);
        let mut hangs = 0;
        for number in asked {
            let Some(resource) = self.resources.get_mut(*number) else { continue };
            resource.stuck = resource.stuck.saturating_add(1);
            hangs = hangs.max(resource.stuck);
        }
        let count = |line: Line| line.field("reason", "it took too long").field("n", hangs).field("of", HANGS);
        self.complain(now, "unknown", count, effects);
        if hangs >= HANGS {
            self.give_up("-", now, effects);
        }
        Course::Wait
    }

    /// A restart has ended.
    pub(super) fn restarted(&mut self, word: &str, outcome: &Outcome, now: Time, effects: &mut Vec<Effect>) -> Course {
        let done = matches!(outcome, Outcome::Ended(0, _));
        let state = if done { "restarted" } else { "not-restarted" };
        let status = match outcome {
            Outcome::Ended(status, _) => Some(*status).filter(|status| *status != 0),
            Outcome::Untold(_) => None,
        };
        effects.push(self.line(now, state, |line| line.field("name", word).maybe("status", status)));
        for resource in self.resources.iter_mut().filter(|resource| resource.word == word) {
            // One that did not start is known to have failed.
            (resource.suspected, resource.hangs) = (!done, 0);
        }
        Course::Again((0..self.resources.len()).collect())
    }

    fn unsure(&mut self, number: usize, status: Option<u8>, now: Time, effects: &mut Vec<Effect>) {
        let Some(resource) = self.resources.get(number) else { return };
        let (word, hangs) = (resource.word.clone(), resource.hangs);
        let count = |line: Line| {
            let line = line.field("name", word).maybe("status", status);
            if hangs > 0 { line.field("n", hangs).field("of", HANGS) } else { line }
        };
        self.complain(now, "unknown", count, effects);
    }

    /// A resource has failed; `sure` when it is not for the first time.
    fn ill(
        &mut self,
        number: usize,
        sure: bool,
        spared: bool,
        status: Option<u8>,
        now: Time,
        effects: &mut Vec<Effect>,
    ) -> Course {
        let Some(resource) = self.resources.get_mut(number) else { return Course::Wait };
        let word = resource.word.clone();
        let restart = if sure { resource.may_restart(now) } else { None };
        let most = resource.care.restarts;
        self.complain(now, "failed", |line| line.field("name", &word).maybe("status", status), effects);
        match restart {
            _ if spared => Course::Wait,
            _ if !sure => Course::Again(self.suspects()),
            Some(number) => {
                let count = |line: Line| line.field("name", &word).field("n", number).field("of", most);
                effects.push(self.line(now, "restart", count));
                Course::Restart(word)
            }
            None => {
                self.give_up(&word, now, effects);
                Course::Wait
            }
        }
    }

    fn suspects(&self) -> Vec<usize> {
        self.resources.iter().enumerate().filter(|(_, resource)| resource.suspected).map(|(number, _)| number).collect()
    }

    fn give_up(&mut self, word: &str, now: Time, effects: &mut Vec<Effect>) {
        if !std::mem::replace(&mut self.given_up, true) {
            effects.push(self.line(now, "given-up", |line| line.field("name", word)));
            effects.push(Effect::Say(Line::new("group", now).word(&self.group).word("failed").field("by", "monitor")));
        }
    }

    /// All of it runs.
    fn well(&mut self, now: Time, effects: &mut Vec<Effect>) {
        if self.said.take().is_some() {
            effects.push(self.line(now, "running", |line| line));
        }
        if std::mem::take(&mut self.given_up) {
            effects.push(Effect::Say(Line::new("group", now).word(&self.group).word("started").field("by", "monitor")));
        }
    }

    fn line(&self, now: Time, state: &str, fields: impl FnOnce(Line) -> Line) -> Effect {
        Effect::Say(fields(Line::new("monitor", now).word(&self.group).word(state)))
    }

    /// Says what is not well, unless it was said last.
    fn complain(&mut self, now: Time, state: &str, fields: impl FnOnce(Line) -> Line, effects: &mut Vec<Effect>) {
        let line = fields(Line::new("monitor", now).word(&self.group).word(state));
        let text = line.clone().finish();
        let what = text.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
        if self.said.as_ref() != Some(&what) {
            self.said = Some(what);
            effects.push(Effect::Say(line));
        }
    }
}

enum State {
    Well,
    Unsure,
    Ill { sure: bool },
}

impl Resource {
    /// An address is held by somebody who hears of every change: its interface is
    /// none of our business, and it is not started again.
    fn is_address(&self) -> bool {
        matches!(self.word.split("::").next(), Some("IPaddr" | "IPaddr2" | "IPv6addr"))
    }

    fn take(&mut self, finding: &Finding, now: Time) -> State {
        if self.care.interval.is_zero() {
            return State::Well;
        }
        match finding.verdict {
            Verdict::Running => {
                self.hangs = 0;
                if !std::mem::take(&mut self.suspected) {
                    return State::Well;
                }
                recent(&mut self.flaps, self.care.within, now);
                self.flaps.push_back(now);
                if self.flaps.len() < FLAPS {
                    return State::Well;
                }
                self.flaps.clear();
                State::Ill { sure: true }
            }
            Verdict::Failed if self.is_address() => State::Unsure,
            Verdict::Stopped | Verdict::Failed => {
                self.hangs = 0;
                State::Ill { sure: std::mem::replace(&mut self.suspected, true) }
            }
            Verdict::Unknown if finding.status == Some(TOO_LONG) => {
                self.hangs = self.hangs.saturating_add(1);
                if self.hangs < HANGS { State::Unsure } else { State::Ill { sure: true } }
            }
            Verdict::Unknown => State::Unsure,
        }
    }

    /// Whether it may be started again, which is counted: for which time.
    fn may_restart(&mut self, now: Time) -> Option<usize> {
        recent(&mut self.restarts, self.care.within, now);
        let most = usize::try_from(self.care.restarts).unwrap_or(usize::MAX);
        if self.is_address() || self.restarts.len() >= most {
            return None;
        }
        self.restarts.push_back(now);
        Some(self.restarts.len())
    }
}

/// Drops what is longer ago.
fn recent(times: &mut VecDeque<Time>, within: Duration, now: Time) {
    while times.front().is_some_and(|at| now.since(*at) > within) {
        times.pop_front();
    }
}

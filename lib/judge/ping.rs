//! Ping nodes: whether what cannot speak for itself answers.

use std::time::Duration;

use crate::record::Line;
use crate::time::{Time, seconds};

/// The state of a ping node: `unknown` is neither of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Init,
    Answers,
    Dead,
    Unknown,
    /// Unknown, because this host could not ask.
    Unasked,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Init => "init",
            State::Answers => "ping",
            State::Dead => "dead",
            State::Unknown | State::Unasked => "unknown",
        }
    }
}

/// What ping-probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Up,
    Down,
    Unknown,
}

impl Answer {
    /// `None` when the word is none of ping-probe's.
    pub(super) fn read(word: &str) -> Option<Answer> {
        match word {
            "up" => Some(Answer::Up),
            "down" => Some(Answer::Down),
            "unknown" => Some(Answer::Unknown),
            _ => None,
        }
    }
}

/// The longest reason that is passed on, in characters.
const REASON: usize = 64;

/// A ping node or group.
#[derive(Debug)]
pub(super) struct PingNode {
    state: State,
    answered: Option<Time>,
    /// When it was last asked and known not to answer.
    refused: Option<Time>,
    /// When it could not be asked last, and why.
    unasked: Option<(Time, String)>,
}

impl PingNode {
    pub(super) fn new() -> PingNode {
        PingNode { state: State::Init, answered: None, refused: None, unasked: None }
    }

    /// Takes what ping-probe found.
    pub(super) fn answer(
        &mut self,
        time: Time,
        name: &str,
        answer: Answer,
        reason: Option<&str>,
        verdicts: &mut Vec<Line>,
    ) {
        match answer {
            Answer::Up => {
                self.answered = self.answered.max(Some(time));
                if self.state != State::Answers {
                    self.state = State::Answers;
                    verdicts.push(verdict(time, name, State::Answers));
                }
            }
            Answer::Down => self.refused = self.refused.max(Some(time)),
            Answer::Unknown => self.unasked = reason.map(|reason| (time, reason.chars().take(REASON).collect())),
        }
    }

    /// What was said of it last, if anything was.
    pub(super) fn verdict_again(&self, now: Time, name: &str) -> Option<Line> {
        match (self.state, &self.unasked) {
            (State::Init, _) => None,
            (State::Unasked, Some((_, reason))) => Some(verdict(now, name, self.state).field("reason", reason)),
            (State::Answers | State::Dead | State::Unknown | State::Unasked, _) => Some(verdict(now, name, self.state)),
        }
    }

    /// It is dead when it was asked and did not answer for deadping; when it
    /// could not be asked, or nobody asks, its state is unknown.
    pub(super) fn judge(
        &mut self,
        now: Time,
        name: &str,
        init_from: Time,
        listening_from: Time,
        deadping: Duration,
        verdicts: &mut Vec<Line>,
    ) {
        // A stamp from the future would hide a death: it counts as the present.
        self.answered = self.answered.map(|at| at.min(now));
        let silent = now.since(self.answered.unwrap_or(init_from).max(listening_from));
        let asked = self.refused.is_some_and(|at| now.since(at) < deadping);
        let unasked = self.unasked.as_ref().filter(|(at, _)| now.since(*at) < deadping);
        let state = match self.state {
            state if silent < deadping => state,
            State::Init | State::Answers | State::Unknown | State::Unasked | State::Dead => match (asked, unasked) {
                (true, _) => State::Dead,
                (false, Some(_)) => State::Unasked,
                (false, None) => State::Unknown,
            },
        };
        if state != self.state {
            self.state = state;
            let line = verdict(now, name, state).field("silent", seconds(silent));
            verdicts.push(match unasked {
                Some((_, reason)) if state == State::Unasked => line.field("reason", reason),
                Some(_) | None => line,
            });
        }
    }
}

fn verdict(now: Time, name: &str, state: State) -> Line {
    Line::new("node", now).word(name).word(state.word()).field("type", "ping")
}

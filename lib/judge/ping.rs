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
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Init => "init",
            State::Answers => "ping",
            State::Dead => "dead",
            State::Unknown => "unknown",
        }
    }
}

/// A ping node or group.
#[derive(Debug)]
pub(super) struct PingNode {
    state: State,
    answered: Option<Time>,
    /// When it was last asked and known not to answer.
    refused: Option<Time>,
}

impl PingNode {
    pub(super) fn new() -> PingNode {
        PingNode { state: State::Init, answered: None, refused: None }
    }

    /// Takes what ping-probe found; `None` when the word is none of its words.
    pub(super) fn answer(&mut self, time: Time, name: &str, word: &str, verdicts: &mut Vec<Line>) -> Option<()> {
        match word {
            "up" => {
                self.answered = self.answered.max(Some(time));
                if self.state != State::Answers {
                    self.state = State::Answers;
                    verdicts.push(verdict(time, name, State::Answers));
                }
            }
            "down" => self.refused = self.refused.max(Some(time)),
            "unknown" => {}
            _ => return None,
        }
        Some(())
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
        let state = match self.state {
            state if silent < deadping => state,
            State::Init | State::Answers | State::Unknown | State::Dead if asked => State::Dead,
            State::Init | State::Answers | State::Unknown | State::Dead => State::Unknown,
        };
        if state != self.state {
            self.state = state;
            verdicts.push(verdict(now, name, state).field("silent", seconds(silent)));
        }
    }
}

fn verdict(now: Time, name: &str, state: State) -> Line {
    Line::new("node", now).word(name).word(state.word()).field("type", "ping")
}

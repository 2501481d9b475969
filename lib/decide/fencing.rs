//! Fencing: a peer that is dead is made sure to be off before anything that it
//! may have held is started here.
//!
//! What is known of a peer that can be fenced:
//!
//! ```text
//!              heard, proven                dead, no farewell            its time, quorum
//!   unheard ------------------> heard --------------------------> due ----------------> running
//!      |                        ^  ^  ^                          |  ^                     |  |
//!      |                        |  |  +------- heard again ------+  |  failed, unknown,   |  |
//!      |                        |  |                             |  +---- no answer ------+  |
//!      | a person says so       |  +---------- heard again ------|-----------------------+   |
//!      |                        |               a person says so |                           |
//!      |                        | heard, proven                  v             done          |
//!      +------------------------|-----------------------------> off <------------------------+
//!                               +-------------------------------+
//! ```
//!
//! Groups are started while every such peer that is dead is off, or has said
//! farewell. A node that has not heard its peer may have been fenced by it: it
//! takes nothing, and fences nobody.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::record::Line;
use crate::time::{Time, seconds};

use super::heritage::Kept;
use super::peer::{Parting, Peer};
use super::{Effect, Settings, why};

/// After so long without a result the command's answer is taken for unknown:
/// the supervisor ends it after a minute, and gives it 5 s to end.
const ANSWER: Duration = Duration::from_secs(75);

/// How soon a fencing that did not succeed is tried again, at first.
const AGAIN: Duration = Duration::from_secs(10);

/// And at most.
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// What is known of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It was not heard since this node started.
    Unheard,
    /// It lives, or has left in order.
    Heard,
    /// It is dead, and fenced when its time has come.
    Due { at: Time, failures: u32 },
    /// The command runs.
    Running { until: Time, failures: u32 },
    /// It is known to be off; our last heartbeat was this one then.
    Off { since: Time, sequence: u64 },
}

/// What a decision about a peer looks at.
#[derive(Clone, Copy, Debug)]
struct Facts {
    now: Time,
    dead: bool,
    /// It is heard, by no recording.
    proven: bool,
    /// Enough nodes are heard to decide over another.
    quorum: bool,
    /// This node may begin something.
    able: bool,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It died, and is fenced after this time.
    Due(Duration),
    /// Too few nodes are heard to fence it.
    Lacking,
    /// The command is to be run, and its result awaited until this time.
    Fence(Time),
    /// The command did not succeed; it is run again after this time.
    Again(Answer, Duration),
    /// It is heard again.
    Cancelled,
}

/// The result of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It says that the node is off.
    Done,
    /// It says that it is not.
    Failed,
    /// It could not tell, or did not answer.
    Unknown,
}

/// One peer that can be fenced.
#[derive(Debug)]
struct Fence {
    state: State,
    /// The life of the peer that is known to be off.
    life: Option<String>,
    /// It was said that too few nodes are heard.
    lacking: bool,
    /// A life that went on after the command had said that it is off: its word
    /// proves nothing against that life.
    doubted: Option<String>,
}

impl Fence {
    fn new() -> Fence {
        Fence { state: State::Unheard, life: None, lacking: false, doubted: None }
    }

    /// One step, if there is one to be made.
    fn step(&mut self, facts: Facts) -> Option<Step> {
        let Facts { now, dead, .. } = facts;
        match self.state {
            State::Unheard if facts.proven && !dead => {
                self.state = State::Heard;
                None
            }
            State::Due { .. } | State::Running { .. } if !dead => {
                self.state = State::Heard;
                Some(Step::Cancelled)
            }
            State::Due { at, failures } if now >= at && facts.able => {
                let lacking = std::mem::replace(&mut self.lacking, !facts.quorum);
                if !facts.quorum {
                    return (!lacking).then_some(Step::Lacking);
                }
                let until = now + ANSWER;
                self.state = State::Running { until, failures };
                Some(Step::Fence(until))
            }
            State::Running { until, failures } if now >= until => {
                Some(Step::Again(Answer::Unknown, self.again(failures, now)))
            }
            State::Unheard | State::Heard | State::Due { .. } | State::Running { .. } | State::Off { .. } => None,
        }
    }

    /// It was declared dead, and has not left in order.
    fn died(&mut self, head_start: Duration, now: Time) -> Option<Step> {
        match self.state {
            State::Heard => {
                self.state = State::Due { at: now + head_start, failures: 0 };
                Some(Step::Due(head_start))
            }
            State::Unheard | State::Due { .. } | State::Running { .. } | State::Off { .. } => None,
        }
    }

    /// It is tried again, later each time.
    fn again(&mut self, failures: u32, now: Time) -> Duration {
        let pause = (AGAIN * 2_u32.saturating_pow(failures.min(8))).min(AGAIN_MAX);
        self.state = State::Due { at: now + pause, failures: failures + 1 };
        pause
    }

    fn is_off(&mut self, life: Option<&str>, now: Time, sequence: u64) {
        self.state = State::Off { since: now, sequence };
        self.life = life.map(str::to_owned);
    }
}

/// The peers that can be fenced.
#[derive(Debug)]
pub(super) struct Fencing {
    delay: Duration,
    peers: BTreeMap<String, Fence>,
}

/// What this node is when it looks at its peers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) now: Time,
    /// It was not paused, is not leaving, and nobody is in maintenance.
    pub(super) able: bool,
    /// Enough nodes are heard to decide over another.
    pub(super) quorum: bool,
}

impl Fencing {
    pub(super) fn new(settings: &Settings) -> Fencing {
        let others = settings.policy.fence.iter().filter(|name| **name != settings.own);
        let known = others.filter(|name| settings.nodes.contains(name));
        let peers = known.map(|name| (name.clone(), Fence::new()));
        Fencing { delay: settings.policy.fence_delay, peers: peers.collect() }
    }

    /// What a successor needs to know of a peer. One that is to be fenced is so again
    /// when the successor is told that it is dead.
    pub(super) fn kept(&self, name: &str) -> Option<Kept> {
        let fence = self.peers.get(name)?;
        match fence.state {
            State::Unheard => None,
            State::Heard | State::Due { .. } | State::Running { .. } => Some(Kept::Heard),
            State::Off { since, sequence } => Some(Kept::Off { since, sequence, life: fence.life.clone() }),
        }
    }

    /// Takes over what an earlier life of this process knew of a peer.
    pub(super) fn inherit(&mut self, name: &str, kept: Option<Kept>) {
        let Some(fence) = self.peers.get_mut(name) else { return };
        match kept {
            None => {}
            Some(Kept::Heard) => fence.state = State::Heard,
            Some(Kept::Off { since, sequence, life }) => fence.is_off(life.as_deref(), since, sequence),
        }
    }

    /// What was taken over is too old to be believed.
    pub(super) fn disinherit(&mut self) {
        for fence in self.peers.values_mut() {
            (fence.state, fence.life) = (State::Unheard, None);
        }
    }

    /// Another head start, from the next death on.
    pub(super) fn configure(&mut self, delay: Duration) {
        self.delay = delay;
    }

    /// Looks at every peer, and begins what has become due.
    pub(super) fn look(&mut self, peers: &BTreeMap<String, Peer>, standing: Standing, effects: &mut Vec<Effect>) {
        let Standing { now, able, quorum } = standing;
        for (name, fence) in &mut self.peers {
            let Some(peer) = peers.get(name) else { continue };
            let facts = Facts { now, dead: peer.is_dead(), proven: peer.is_proven(), quorum, able };
            while let Some(step) = fence.step(facts) {
                say(name, step, now, effects);
            }
        }
    }

    /// A peer was declared dead. Who serves has the head start; among equals the
    /// order of the configuration decides.
    pub(super) fn died(
        &mut self,
        name: &str,
        parting: Parting,
        serves: bool,
        comes_first: bool,
        now: Time,
        effects: &mut Vec<Effect>,
    ) {
        let first = match (serves, parting.held) {
            (true, false) => true,
            (false, true) => false,
            (true, true) | (false, false) => comes_first,
        };
        let head_start = if first { Duration::ZERO } else { self.delay };
        let fence = self.peers.get_mut(name).filter(|_| !parting.left);
        if let Some(step) = fence.and_then(|fence| fence.died(head_start, now)) {
            say(name, step, now, effects);
        }
    }

    /// The command has ended. Whether the peer is known to be off by it.
    pub(super) fn result(
        &mut self,
        name: &str,
        answer: Answer,
        life: Option<&str>,
        sequence: u64,
        now: Time,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some(fence) = self.peers.get_mut(name) else { return false };
        let State::Running { failures, .. } = fence.state else { return false };
        let doubted = life.is_some() && fence.doubted.as_deref() == life;
        match answer {
            Answer::Done if !doubted => {
                fence.is_off(life, now, sequence);
                effects.push(why(now, name, "fenced", "it is off, says the command"));
                true
            }
            Answer::Done => {
                let text = "the command says again that it is off, and was wrong before: a person has to look";
                effects.push(why(now, name, "alarm", text));
                fence.again(failures, now);
                false
            }
            Answer::Failed | Answer::Unknown => {
                let pause = fence.again(failures, now);
                say(name, Step::Again(answer, pause), now, effects);
                false
            }
        }
    }

    /// A person has made sure that the peer is off. Whether it was not known.
    pub(super) fn confirm(&mut self, name: &str, life: Option<&str>, sequence: u64, now: Time) -> bool {
        let Some(fence) = self.peers.get_mut(name) else { return false };
        match fence.state {
            State::Unheard | State::Due { .. } | State::Running { .. } => {
                fence.doubted = None;
                fence.is_off(life, now, sequence);
                true
            }
            State::Heard | State::Off { .. } => false,
        }
    }

    /// The peers that were not heard since this node started.
    pub(super) fn unheard(&self) -> impl Iterator<Item = &str> {
        let unheard = self.peers.iter().filter(|(_, fence)| fence.state == State::Unheard);
        unheard.map(|(name, _)| name.as_str())
    }

    /// A status of a peer came. One that is known to be off has been switched on
    /// again when it begins another life; when the life that was ended goes on, it
    /// was never off. What was on its way when it was ended proves nothing.
    pub(super) fn heard(&mut self, name: &str, peer: &Peer, deadtime: Duration, effects: &mut Vec<Effect>) {
        let (Some(fence), Some(heard)) = (self.peers.get_mut(name), peer.heard()) else { return };
        let State::Off { since, sequence } = fence.state else { return };
        if fence.life.as_deref() != Some(heard.incarnation.as_str()) {
            if peer.is_proven() {
                fence.state = State::Heard;
            }
            return;
        }
        let echoes = peer.said().is_some_and(|said| said.proven && said.echoed > Some(sequence));
        if echoes || heard.at >= since + deadtime {
            fence.state = State::Heard;
            fence.doubted = Some(heard.incarnation.clone());
            let text = "it was said to be off, and lives: what fences it does not work";
            effects.push(why(heard.at, name, "alarm", text));
        }
    }

    /// Why nothing may be started here, as a sentence.
    pub(super) fn obstacle(&self, peers: &BTreeMap<String, Peer>) -> Option<String> {
        let dead = self.peers.iter().filter(|(name, _)| peers.get(*name).is_some_and(Peer::is_dead));
        dead.into_iter().find_map(|(name, fence)| match fence.state {
            State::Unheard => Some(format!(
                "{name} may have fenced this node, which has not heard it since it started: it has to be heard, or a \
                 person has to say that it is off"
            )),
            State::Due { .. } | State::Running { .. } => Some(format!("{name} is not known to be off")),
            // Its message has come, and the verdict on it has not.
            State::Heard if peers.get(name).is_some_and(|peer| !peer.parting().left) => {
                Some(format!("{name} is heard again"))
            }
            State::Heard | State::Off { .. } => None,
        })
    }
}

/// Says a step, and does it.
fn say(name: &str, step: Step, now: Time, effects: &mut Vec<Effect>) {
    match step {
        Step::Due(Duration::ZERO) => {}
        Step::Due(head_start) => {
            let text = format!("in {} s: the other node has a head start, should it do the same", seconds(head_start));
            effects.push(why(now, name, "fence", &text));
        }
        Step::Lacking => {
            effects.push(why(now, name, "alarm", "it is not fenced: too few nodes are heard to decide over it"));
        }
        Step::Fence(until) => {
            effects.push(why(now, name, "fence", "it is dead, and may still serve"));
            let line = Line::new("do", now).word("fence").word(name);
            effects.push(Effect::Say(line.field("until", until)));
        }
        Step::Again(answer, pause) => {
            let what = match answer {
                Answer::Failed => "fencing failed",
                Answer::Unknown | Answer::Done => "it is not known what came of fencing it",
            };
            let text = format!("{what}: what it may hold is not started; again in {} s", seconds(pause));
            effects.push(why(now, name, "alarm", &text));
        }
        Step::Cancelled => effects.push(why(now, name, "fence", "it is heard again: cancelled")),
    }
}

#[cfg(test)]
mod tests;

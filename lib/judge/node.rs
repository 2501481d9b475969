//! What is known of one node, and of the links over which it is heard.

use std::time::Duration;

use crate::echo::Echo;
use crate::phi::{Intervals, Phi};
use crate::record::{Line, Record};
use crate::time::Time;

use super::roster::find;
use super::sent::Sent;

/// The state of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Init,
    Up,
    Active,
    Late,
    Dead,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            State::Init => "init",
            State::Up => "up",
            State::Active => "active",
            State::Late => "late",
            State::Dead => "dead",
        }
    }
}

/// The state of a link: a node and a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkState {
    /// Expected, and not heard yet.
    Init,
    Up,
    Dead,
    /// Heard, but the node does not hear us there.
    OneWayIn,
    /// Not heard, but the node says that it hears us there.
    OneWayOut,
}

impl LinkState {
    pub(super) fn word(self) -> &'static str {
        match self {
            LinkState::Init => "init",
            LinkState::Up => "up",
            LinkState::Dead => "dead",
            LinkState::OneWayIn | LinkState::OneWayOut => "oneway",
        }
    }

    /// Whether there is a verdict on it.
    pub(super) fn is_told(self) -> bool {
        match self {
            LinkState::Init => false,
            LinkState::Up | LinkState::Dead | LinkState::OneWayIn | LinkState::OneWayOut => true,
        }
    }

    fn direction(self) -> Option<&'static str> {
        match self {
            LinkState::OneWayIn => Some("in"),
            LinkState::OneWayOut => Some("out"),
            LinkState::Init | LinkState::Up | LinkState::Dead => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) state: LinkState,
    pub(super) heard: Option<Time>,
    /// Whether the node hears us there, where it says so.
    hears: Option<bool>,
}

impl Link {
    /// Its state while it is heard, on a node that hears us or not.
    pub(super) fn heard_state(&self, hears: Option<bool>) -> LinkState {
        let deaf = hears == Some(false) || self.hears == Some(false);
        if deaf { LinkState::OneWayIn } else { LinkState::Up }
    }

    /// Its state while it is not heard.
    pub(super) fn unheard_state(&self, hears: Option<bool>) -> LinkState {
        let reaches = hears == Some(true) && self.hears == Some(true);
        if reaches { LinkState::OneWayOut } else { LinkState::Dead }
    }

    pub(super) fn new() -> Link {
        Link { state: LinkState::Init, heard: None, hears: None }
    }
}

/// One life of a node, between two starts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Life {
    generation: Option<Box<[u8]>>,
    incarnation: Option<Box<[u8]>>,
}

#[derive(Debug)]
pub(super) struct Node {
    /// It is expected, or has said a status. Of others only links are judged.
    pub(super) is_judged: bool,
    pub(super) state: State,
    /// What it last said of itself: whether it is active.
    pub(super) active: bool,
    /// When its last status came.
    pub(super) heard: Option<Time>,
    /// Since when it has been heard without a death or a restart.
    pub(super) heard_from: Time,
    life: Life,
    /// The highest sequence of this life.
    sequence: Option<u64>,
    /// Whether it hears us, where that is known.
    pub(super) hears: Option<bool>,
    /// Whether its last status echoes a message of ours that is younger than
    /// deadtime, which no recording can; unknown while we know of none.
    pub(super) proven: Option<bool>,
    pub(super) intervals: Option<Intervals>,
    /// By their names.
    pub(super) links: Vec<(String, Link)>,
    /// Which node was heard after it the last time: a guess.
    pub(super) followed_by: usize,
}

/// The fields of a message that are judged, as they stand on the line.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) node: Option<&'a [u8]>,
    pub(super) via: Option<&'a [u8]>,
    pub(super) kind: Option<&'a [u8]>,
    pub(super) status: Option<&'a [u8]>,
    generation: Option<&'a [u8]>,
    incarnation: Option<&'a [u8]>,
    sequence: Option<&'a [u8]>,
    pub(super) echo: Option<&'a [u8]>,
    groups: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    #[inline(always)]
    pub(super) fn read(record: &Record<'a>) -> Message<'a> {
        let mut message = Message { node: record.subject().map(str::as_bytes), ..Message::default() };
        for word in record.raw_words() {
            let (slot, value) = match word {
                [b't', b'=', value @ ..] => (&mut message.kind, value),
                [b's', b't', b'=', value @ ..] => (&mut message.status, value),
                [b'h', b'g', b'=', value @ ..] => (&mut message.generation, value),
                [b'v', b'i', b'a', b'=', value @ ..] => (&mut message.via, value),
                [b'i', b'n', b'c', b'=', value @ ..] => (&mut message.incarnation, value),
                [b's', b'e', b'q', b'=', value @ ..] => (&mut message.sequence, value),
                [b'g', b'r', b'p', b'=', value @ ..] => (&mut message.groups, value),
                [b'e', b'c', b'h', b'o', b'=', value @ ..] => (&mut message.echo, value),
                _ => continue,
            };
            // The first of several fields with one key counts.
            if slot.is_none() {
                *slot = Some(value);
            }
        }
        message
    }

    /// Whether the sender would say what it hears: Heartbeat does not.
    pub(super) fn can_echo(&self) -> bool {
        self.echo.is_some() || self.groups.is_some()
    }
}

/// What a status says of the life of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// The first of a node that was never heard.
    First,
    /// The next of the life that is known.
    Next,
    /// The first of a new life.
    Restart,
    /// From before what was heard last: it was late on its way.
    Old,
}

impl Node {
    pub(super) fn new(is_judged: bool) -> Node {
        Node {
            is_judged,
            state: State::Init,
            active: false,
            heard: None,
            heard_from: Time::ZERO,
            life: Life::default(),
            sequence: None,
            hears: None,
            proven: None,
            intervals: None,
            links: Vec::new(),
            followed_by: 0,
        }
    }

    pub(super) fn living(&self) -> State {
        if self.active { State::Active } else { State::Up }
    }

    /// Compares a status with those that came before, and notes its numbers.
    pub(super) fn age(&mut self, message: &Message<'_>) -> Age {
        let sequence = message.sequence.and_then(hex);
        let life = &self.life;
        let is_same =
            life.generation.as_deref() == message.generation && life.incarnation.as_deref() == message.incarnation;
        if self.heard.is_some() && is_same {
            if sequence.is_some() && sequence <= self.sequence {
                return Age::Old;
            }
            self.sequence = sequence.or(self.sequence);
            return Age::Next;
        }
        let generation = |text: Option<&[u8]>| text.and_then(hex);
        if self.heard.is_some()
            && generation(message.generation)
                .zip(generation(life.generation.as_deref()))
                .is_some_and(|(said, known)| said < known)
        {
            return Age::Old;
        }
        self.life =
            Life { generation: message.generation.map(Box::from), incarnation: message.incarnation.map(Box::from) };
        self.sequence = sequence;
        if self.heard.is_some() { Age::Restart } else { Age::First }
    }

    /// Takes the interval that a status ends. What the first status of a life,
    /// or the first after a death, says of the past is forgotten.
    pub(super) fn note_interval(&mut self, now: Time, age: Age, listening_from: Time, phi: Option<Phi>) {
        if age != Age::Next || self.state == State::Dead {
            self.heard_from = now;
            self.forget_hearing();
        } else if let Some((phi, heard)) = phi.zip(self.heard) {
            // This node's own pause is no interval of others.
            if heard >= listening_from {
                self.intervals.get_or_insert_with(|| Intervals::new(phi)).push(now.since(heard));
            }
        }
    }

    /// Judges by a status whether the node hears us: not when it has missed all
    /// that we sent for deadtime; a node that has just come back has missed
    /// nothing yet.
    pub(super) fn note_hearing(&mut self, now: Time, echo: Option<Echo<'_>>, sent: &Sent, deadtime: Duration) {
        if let Some(echo) = echo {
            for (via, link) in &mut self.links {
                link.hears = echo.medium(via);
            }
        }
        let Some(unheard) = sent.first_unheard(echo.map(|echo| echo.sequence)) else {
            self.hears = if echo.is_some() { Some(true) } else { self.hears };
            return;
        };
        if now.since(unheard.max(self.heard_from)) >= deadtime {
            self.hears = Some(false);
        } else if echo.is_some() && now.since(unheard) < deadtime {
            self.hears = Some(true);
        }
    }

    /// Nothing is known of what it hears, and nothing proves that it is no recording.
    pub(super) fn forget_hearing(&mut self) {
        self.hears = None;
        self.proven = self.proven.map(|_| false);
        for (_, link) in &mut self.links {
            link.hears = None;
        }
    }

    /// Brings its links in line with what is known of its hearing.
    pub(super) fn turn_links(&mut self, now: Time, name: &str, verdicts: &mut Vec<Line>) {
        let hears = self.hears;
        for (via, link) in &mut self.links {
            let state = match link.state {
                LinkState::Init => LinkState::Init,
                LinkState::Up | LinkState::OneWayIn => link.heard_state(hears),
                LinkState::Dead | LinkState::OneWayOut => link.unheard_state(hears),
            };
            if link.state != state {
                link.state = state;
                verdicts.push(link_line(now, name, via, state));
            }
        }
    }

    /// Where one of its links stands, or would: most nodes have one that is heard
    /// first.
    pub(super) fn locate_link(&self, via: &[u8]) -> Result<usize, usize> {
        match self.links.as_slice() {
            [(only, _)] if only.as_bytes() == via => Ok(0),
            links => find(links, via),
        }
    }

    /// A verdict on it with what is known of its hearing at the end.
    pub(super) fn with_hearing(&self, verdict: Line) -> Line {
        let word = |known: bool| if known { "yes" } else { "no" };
        verdict.maybe("hears", self.hears.map(word)).maybe("proven", self.proven.map(word))
    }

    /// How long it may be silent before it is late and before it is dead, when
    /// its intervals tell.
    pub(super) fn limits(&self) -> Option<(Duration, Duration)> {
        self.intervals.as_ref().and_then(Intervals::limits)
    }
}

/// Hexadecimal digits of at most 64 bits.
pub(super) fn hex(text: &[u8]) -> Option<u64> {
    if !(1..=16).contains(&text.len()) {
        return None;
    }
    text.iter().try_fold(0, |sum, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return None,
        };
        Some(sum << 4 | u64::from(digit))
    })
}

pub(super) fn link_line(now: Time, node: &str, via: &str, state: LinkState) -> Line {
    Line::new("link", now).word(&format!("{node}/{via}")).word(state.word()).maybe("direction", state.direction())
}

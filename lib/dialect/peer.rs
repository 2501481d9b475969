//! What is known of the other node.

use crate::decide::Strange;
use crate::echo::{self, Media};
use crate::record::Record;
use crate::time::Time;

use super::share::Share;

/// The last verdict on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Init,
    Up,
    Active,
    Late,
    Dead,
}

/// What it is, by what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kin {
    /// A node of Heartbeat.
    Heartbeat,
    /// A node of hbkit that speaks this dialect.
    Ours,
    /// A node of hbkit that speaks its own: what it holds cannot be agreed upon.
    Stranger,
}

/// What a message is in the life of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// The first of a new life.
    New,
    /// The next of the life that is known.
    Next,
    /// Of a life that is over, or overtaken by a later one.
    Old,
}

/// The longest incarnation that is taken, and given back as an echo.
const INCARNATION_MAX: usize = 64;

/// The highest numbers of the life that is known. Nothing on the wire keeps the
/// order of messages, and what was lost comes later.
#[derive(Debug, Default)]
struct Marks {
    /// Of all its messages.
    highest: u64,
    status: u64,
    /// Of what it said of its holdings.
    holdings: u64,
    /// Of the standby protocol, among those that counted.
    standby: u64,
}

/// The other node.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: String,
    verdict: Verdict,
    generation: Option<u64>,
    marks: Marks,
    /// It says that it is active.
    pub(super) active: bool,
    /// What it holds, in its own view; `None` while it has not said, or not in
    /// words that are known.
    pub(super) holds: Option<Share>,
    /// Its holdings do not change at present; since when.
    pub(super) stable: Option<Time>,
    /// It has said that it has released everything and goes.
    pub(super) left: bool,
    pub(super) kin: Kin,
    /// Its incarnation and its last status, for an echo.
    heard: Option<(String, u64, Time)>,
}

impl Peer {
    pub(super) fn new(name: &str) -> Peer {
        Peer {
            name: name.to_owned(),
            verdict: Verdict::Init,
            generation: None,
            marks: Marks::default(),
            active: false,
            holds: None,
            stable: None,
            left: false,
            kin: Kin::Heartbeat,
            heard: None,
        }
    }

    /// Takes a verdict; `None` when the word is none.
    pub(super) fn judge(&mut self, state: &str) -> Option<()> {
        self.verdict = match state {
            "init" => Verdict::Init,
            "up" => Verdict::Up,
            "active" => Verdict::Active,
            "late" => Verdict::Late,
            "dead" => Verdict::Dead,
            _ => return None,
        };
        Some(())
    }

    /// Whether it was heard, or declared dead.
    pub(super) fn was_met(&self) -> bool {
        match self.verdict {
            Verdict::Init => false,
            Verdict::Up | Verdict::Active | Verdict::Late | Verdict::Dead => true,
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.verdict == Verdict::Dead
    }

    /// Whether it holds nothing because it is dead, or has said farewell.
    pub(super) fn is_gone(&self) -> bool {
        self.is_dead() || self.left
    }

    /// Whether its holdings are known and do not change.
    pub(super) fn is_settled(&self) -> bool {
        !self.is_gone() && self.stable.is_some() && self.holds.is_some()
    }

    /// Why it could not take groups now, as the end of a sentence about it;
    /// nothing when it could.
    pub(super) fn inability(&self) -> Option<&'static str> {
        match self.verdict {
            Verdict::Init => return Some("was not heard yet"),
            Verdict::Dead => return Some("is dead"),
            Verdict::Late => return Some("is late"),
            Verdict::Up | Verdict::Active => {}
        }
        match self.kin {
            Kin::Stranger => return Some("speaks hbkit's own dialect"),
            Kin::Heartbeat | Kin::Ours => {}
        }
        match () {
            () if self.left => Some("is leaving"),
            () if !self.active => Some("is not active yet"),
            () if self.holds.is_none() => Some("does not say what it holds"),
            () if self.stable.is_none() => Some("is moving groups"),
            () => None,
        }
    }

    /// Whether what keeps it from taking groups passes by itself: it comes up, or
    /// is moving groups.
    pub(super) fn may_soon_be_able(&self) -> bool {
        let lives = match self.verdict {
            Verdict::Up | Verdict::Active => true,
            Verdict::Init | Verdict::Late | Verdict::Dead => false,
        };
        lives && !self.left && self.kin != Kin::Stranger
    }

    /// Takes a status: which life it is of.
    ///
    /// # Errors
    /// Its numbers cannot be read; nothing changed.
    pub(super) fn hear(&mut self, record: &Record<'_>) -> Result<Age, Strange> {
        let [status, incarnation, groups] = record.raw_all(["st", "inc", "grp"]);
        let (generation, sequence) = numbers(record)?;
        let age = match self.generation {
            Some(known) if generation < known => return Ok(Age::Old),
            Some(known) if generation == known && sequence <= self.marks.status => return Ok(Age::Old),
            Some(known) if generation == known => Age::Next,
            Some(_) | None => Age::New,
        };
        if age == Age::New {
            self.generation = Some(generation);
            self.marks = Marks::default();
            self.forget();
        }
        self.marks.status = sequence;
        self.marks.highest = self.marks.highest.max(sequence);
        self.active = status == Some("active");
        self.kin = match (groups, incarnation) {
            (Some(_), _) => Kin::Stranger,
            (None, Some(_)) => Kin::Ours,
            (None, None) => Kin::Heartbeat,
        };
        let incarnation = incarnation.filter(|text| text.len() <= INCARNATION_MAX);
        self.heard = incarnation.map(|text| (text.to_owned(), sequence, record.time));
        Ok(age)
    }

    /// What it said of itself counts no more.
    pub(super) fn forget(&mut self) {
        self.active = false;
        self.holds = None;
        self.stable = None;
        self.left = false;
    }

    /// The number of a message that is no status, if it is of the life that is
    /// known. Only a status begins a life.
    ///
    /// # Errors
    /// Its numbers cannot be read.
    pub(super) fn number(&mut self, record: &Record<'_>) -> Result<Option<u64>, Strange> {
        let (generation, sequence) = numbers(record)?;
        if Some(generation) != self.generation || self.is_dead() {
            return Ok(None);
        }
        self.marks.highest = self.marks.highest.max(sequence);
        Ok(Some(sequence))
    }

    /// It is asked what it holds: what it has said before may be of a time when it
    /// held something else, and still be on its way.
    pub(super) fn ask(&mut self) {
        self.marks.holdings = self.marks.highest;
    }

    /// Whether a message about its holdings is later than all before it.
    pub(super) fn is_latest_of_holdings(&mut self, sequence: u64) -> bool {
        let is_later = sequence > self.marks.holdings;
        self.marks.holdings = self.marks.holdings.max(sequence);
        is_later
    }

    /// Whether a message of the standby protocol is later than the last one that
    /// counted: it belongs to no conversation that is over.
    pub(super) fn is_latest_of_standby(&self, sequence: u64) -> bool {
        sequence > self.marks.standby
    }

    /// A message of the standby protocol counts.
    pub(super) fn counts_in_standby(&mut self, sequence: u64) {
        self.marks.standby = sequence;
    }

    /// It has released what it says, and what it said before does not take that back.
    pub(super) fn has_released(&mut self, share: Share, sequence: u64) {
        self.is_latest_of_holdings(sequence);
        self.holds = self.holds.map(|holds| holds.without(share));
    }

    /// What this node last heard of it, as the field `echo` says it; for a node of
    /// hbkit alone.
    pub(super) fn echo(&self, now: Time) -> Option<String> {
        let (incarnation, sequence, at) = self.heard.as_ref()?;
        let heard = (incarnation.as_str(), *sequence, *at);
        Some(echo::part(&self.name, heard, now, &Media::default(), &mut 0))
    }
}

/// The generation and the number of a message.
fn numbers(record: &Record<'_>) -> Result<(u64, u64), Strange> {
    let [generation, sequence] = record.raw_all(["hg", "seq"]).map(|text| {
        let text = text.ok_or(Strange::Incomplete)?;
        u64::from_str_radix(text, 16).map_err(|_| Strange::Incomplete)
    });
    Ok((generation?, sequence?))
}

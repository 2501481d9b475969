//! What this node knows of another.

use crate::announce::{Groups, Held, Part, Stance};
use crate::record::Record;
use crate::time::Time;

use super::Strange;

/// The last verdict on a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Init,
    Up,
    Active,
    Late,
    Dead,
}

#[derive(Debug)]
struct Said {
    groups: Groups,
    leaving: bool,
    digest: String,
}

#[derive(Debug)]
struct Heard {
    at: Time,
    incarnation: String,
    sequence: String,
}

/// One peer.
#[derive(Debug)]
pub(super) struct Peer {
    verdict: Verdict,
    said: Option<Said>,
    heard: Option<Heard>,
}

/// What a peer means for one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// It was never heard, or says nothing of its groups: it may hold anything.
    Unknown,
    /// It is dead.
    Gone,
    /// It lives, and said this last.
    Says(Part),
}

impl Peer {
    pub(super) fn new() -> Peer {
        Peer { verdict: Verdict::Init, said: None, heard: None }
    }

    /// Takes a status message.
    pub(super) fn hear(&mut self, record: &Record<'_>) -> Result<(), Strange> {
        let field = |key| record.raw(key).unwrap_or("-").to_owned();
        self.heard = Some(Heard { at: record.time, incarnation: field("inc"), sequence: field("seq") });
        let Some(groups) = record.raw("grp") else {
            self.said = None;
            return Ok(());
        };
        match groups.parse() {
            Ok(groups) => {
                let leaving = record.raw("leave") == Some("1");
                self.said = Some(Said { groups, leaving, digest: field("cfg") });
                Ok(())
            }
            Err(_) => {
                self.said = None;
                Err(Strange::Unreadable)
            }
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
        if self.verdict == Verdict::Dead {
            self.said = None;
        }
        Some(())
    }

    pub(super) fn is_dead(&self) -> bool {
        self.verdict == Verdict::Dead
    }

    /// Whether it is heard at this time: neither late nor dead.
    pub(super) fn is_heard(&self) -> bool {
        match self.verdict {
            Verdict::Up | Verdict::Active => true,
            Verdict::Init | Verdict::Late | Verdict::Dead => false,
        }
    }

    /// Whether it could serve: it is active and stays.
    pub(super) fn is_ready(&self) -> bool {
        self.verdict == Verdict::Active && self.said.as_ref().is_some_and(|said| !said.leaving)
    }

    /// Whether it is known what it does, or that it is dead.
    pub(super) fn is_definite(&self) -> bool {
        match self.verdict {
            Verdict::Init => false,
            Verdict::Dead => true,
            Verdict::Up | Verdict::Active | Verdict::Late => self.said.is_some(),
        }
    }

    /// What it means for a group. A group that it does not know it cannot hold
    /// and cannot serve.
    pub(super) fn knowledge(&self, group: &str) -> Knowledge {
        match (self.verdict, &self.said) {
            (Verdict::Dead, _) => Knowledge::Gone,
            (Verdict::Init, _) | (Verdict::Up | Verdict::Active | Verdict::Late, None) => Knowledge::Unknown,
            (Verdict::Up | Verdict::Active | Verdict::Late, Some(said)) => {
                let nothing = Part { held: Held::Stopped, stance: Stance::No, epoch: 0 };
                Knowledge::Says(said.groups.0.get(group).copied().unwrap_or(nothing))
            }
        }
    }

    pub(super) fn digest(&self) -> Option<&str> {
        self.said.as_ref().map(|said| said.digest.as_str())
    }

    /// What we tell it that we heard: `NAME:INCARNATION:SEQUENCE:AGE`, the age
    /// in milliseconds.
    pub(super) fn echo(&self, name: &str, now: Time) -> Option<String> {
        let heard = self.heard.as_ref()?;
        Some(format!("{name}:{}:{}:{}", heard.incarnation, heard.sequence, now.since(heard.at).as_millis()))
    }
}

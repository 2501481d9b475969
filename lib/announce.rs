//! What a node says of itself in every heartbeat, beside Heartbeat's own fields:
//! its groups (`grp`), what it last heard of its peers (`echo`, see
//! [`crate::echo`]), the digest of its configuration (`cfg`), the version of all
//! that (`ver`), the ping nodes that it reaches (`ping`) and whether it is leaving
//! (`leave`).
//!
//! `grp` is a list of `NAME:STATE:STANCE:EPOCH` joined by commas, or `-` when
//! there are no groups. Heartbeat ignores fields that it does not know.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The longest announcement in bytes: with Heartbeat's own fields it fits a
/// record, and an unfragmented datagram nearly always.
pub const MAX: usize = 3000;

/// The version of the announcements (`ver`). It grows when the meaning of a field
/// changes; what is new comes in fields of its own, which older nodes ignore.
pub const VERSION: u64 = 1;

/// What a node does with a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// It cannot tell: it may have it.
    Unknown,
    /// It does not have it.
    Stopped,
    /// It does not have it, and asks for the votes to take it.
    Asking,
    /// It is taking it.
    Starting,
    /// It serves it.
    Started,
    /// It is releasing it.
    Stopping,
    /// Its start failed; it does not have it.
    Failed,
}

impl Held {
    const ALL: [Held; 7] =
        [Held::Unknown, Held::Stopped, Held::Asking, Held::Starting, Held::Started, Held::Stopping, Held::Failed];

    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            Held::Unknown => "unknown",
            Held::Stopped => "stopped",
            Held::Asking => "asking",
            Held::Starting => "starting",
            Held::Started => "started",
            Held::Stopping => "stopping",
            Held::Failed => "failed",
        }
    }

    /// Whether the node may hold resources of the group.
    pub fn may_hold(self) -> bool {
        match self {
            Held::Unknown | Held::Starting | Held::Started | Held::Stopping => true,
            Held::Stopped | Held::Asking | Held::Failed => false,
        }
    }

    /// Whether the announcement asks for votes, or asks for them again.
    pub fn asks(self) -> bool {
        match self {
            Held::Asking | Held::Starting | Held::Started => true,
            Held::Unknown | Held::Stopped | Held::Stopping | Held::Failed => false,
        }
    }

    /// Whether the node has resources of the group for certain.
    pub fn has(self) -> bool {
        match self {
            Held::Starting | Held::Started | Held::Stopping => true,
            Held::Unknown | Held::Stopped | Held::Asking | Held::Failed => false,
        }
    }

    /// Whether the node claims to be the one that serves the group.
    pub fn claims(self) -> bool {
        match self {
            Held::Starting | Held::Started => true,
            Held::Unknown | Held::Stopped | Held::Asking | Held::Stopping | Held::Failed => false,
        }
    }
}

/// A word that is none of the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAState;

impl FromStr for Held {
    type Err = NotAState;

    fn from_str(word: &str) -> Result<Held, NotAState> {
        Held::ALL.into_iter().find(|held| held.word() == word).ok_or(NotAState)
    }
}

/// How much a node wants a group, weakest first. Of the living nodes the one
/// with the strongest stance serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stance {
    /// It must not or cannot serve.
    No,
    /// It serves, but another node reaches more ping nodes.
    Poor,
    /// It serves if nobody better does.
    Can,
    /// It is the preferred node and auto_failback is on.
    Want,
    /// A person asked for it there.
    Claim,
}

impl Stance {
    const ALL: [Stance; 5] = [Stance::No, Stance::Poor, Stance::Can, Stance::Want, Stance::Claim];

    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            Stance::No => "no",
            Stance::Poor => "poor",
            Stance::Can => "can",
            Stance::Want => "want",
            Stance::Claim => "claim",
        }
    }
}

/// How many of its ping nodes a node reaches; a ping group counts once. Written
/// `UP.DOWN.UNKNOWN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Those that answer.
    pub up: u16,
    /// Those that do not.
    pub down: u16,
    /// Those of which it cannot tell.
    pub unknown: u16,
}

impl Reach {
    /// All that it was told to ask.
    pub fn total(self) -> u32 {
        u32::from(self.up) + u32::from(self.down) + u32::from(self.unknown)
    }

    /// By how many ping nodes this reaches more than `other` for certain: what
    /// is unknown counts against it here and for the other there. `None` when it
    /// does not, or when they do not ask equally many.
    pub fn lead_over(self, other: Reach) -> Option<u16> {
        let best = other.up.saturating_add(other.unknown);
        self.up.checked_sub(best).filter(|lead| *lead > 0 && self.total() == other.total())
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.up, self.down, self.unknown)
    }
}

impl FromStr for Reach {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Reach, Unreadable> {
        let numbers: Vec<u16> =
            text.split('.').map(|word| word.parse().map_err(|_| Unreadable)).collect::<Result<_, _>>()?;
        let &[up, down, unknown] = numbers.as_slice() else { return Err(Unreadable) };
        Ok(Reach { up, down, unknown })
    }
}

/// What a node says of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it does with it.
    pub held: Held,
    /// How much it wants it.
    pub stance: Stance,
    /// How many times the group has been taken, as far as the node knows.
    pub epoch: u64,
}

/// What a node says of all its groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups(pub BTreeMap<String, Part>);

impl fmt::Display for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("-");
        }
        for (count, (name, part)) in self.0.iter().enumerate() {
            let comma = if count == 0 { "" } else { "," };
            write!(f, "{comma}{name}:{}:{}:{}", part.held.word(), part.stance.word(), part.epoch)?;
        }
        Ok(())
    }
}

/// An announcement that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the groups in an announcement cannot be read")
    }
}

impl FromStr for Groups {
    type Err = Unreadable;

    /// All or nothing: a part that cannot be read makes the whole unreadable,
    /// because half of what a node holds is worse than not knowing.
    fn from_str(text: &str) -> Result<Groups, Unreadable> {
        let mut groups = BTreeMap::new();
        if text == "-" {
            return Ok(Groups(groups));
        }
        if text.len() > MAX {
            return Err(Unreadable);
        }
        for part in text.split(',') {
            let words: Vec<&str> = part.split(':').collect();
            let &[name, held, stance, epoch] = words.as_slice() else {
                return Err(Unreadable);
            };
            let stance = Stance::ALL.into_iter().find(|known| known.word() == stance).ok_or(Unreadable)?;
            let held = held.parse().map_err(|_| Unreadable)?;
            let epoch = epoch.parse().map_err(|_| Unreadable)?;
            if !crate::name::is_name(name) || groups.insert(name.to_owned(), Part { held, stance, epoch }).is_some() {
                return Err(Unreadable);
            }
        }
        Ok(Groups(groups))
    }
}

#[cfg(test)]
mod tests;

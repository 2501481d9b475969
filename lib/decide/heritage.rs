//! What a node's hb-decide leaves to the one that takes its place: as records, from
//! and to text.
//!
//! It is all or nothing: a text that is cut, changed, of another boot or of another
//! node says nothing. What is left out of it is decided by [`super::inherit`].

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::announce::Held;
use crate::name::is_name;
use crate::record::{Line, Record};
use crate::time::Time;

use super::carrier::Carrier;
use super::damping::Flaps;
use super::failures::Failures;
use super::peer::Heard;
use super::results::Reason;
use super::view::AHEAD;
use super::wish::Wish;

/// The longest text that is read, in bytes.
pub const MAX: usize = 1 << 18;

/// The version of the text.
const VERSION: u64 = 1;

/// How many digits of the sum over all lines before it stand in the last line.
const DIGITS: usize = 16;

/// A record of the text that does not say what its kind must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsound;

/// Why nothing is inherited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not what a hb-decide has written, as a whole.
    Garbled,
    /// It is of another version.
    Version,
    /// It is of another boot of the machine.
    Boot,
    /// It is of another node.
    Node,
    /// It was written at a time that is yet to come.
    Future,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Garbled => "it cannot be read",
            Refused::Version => "it is of another version of hb-decide",
            Refused::Boot => "it is of another boot of this machine",
            Refused::Node => "it is of another node",
            Refused::Future => "it is from the future",
        })
    }
}

/// What is known of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Estate {
    pub(super) held: Held,
    /// When what was leased last ends.
    pub(super) until: Time,
    pub(super) epoch: u64,
    pub(super) yielded: bool,
    pub(super) failing: bool,
    pub(super) put_off: Option<Reason>,
    pub(super) wish: Wish,
    pub(super) failures: Failures,
    pub(super) flaps: Flaps,
    pub(super) carrier: Carrier,
    /// When it is announced again who has it.
    pub(super) again: Vec<Time>,
}

impl Estate {
    fn line(&self, name: &str, now: Time) -> Line {
        let flag = |set: bool| set.then_some(1);
        let line = Line::new("group", now).word(name).word(self.held.word()).field("epoch", self.epoch);
        let line = line.maybe("until", self.held.claims().then_some(self.until));
        let line = line.maybe("yielded", flag(self.yielded)).maybe("failing", flag(self.failing));
        let line = self.wish.kept(line.maybe("put_off", self.put_off.map(Reason::word)));
        let line = self.carrier.kept(self.flaps.kept(self.failures.kept(line)));
        let again: Vec<String> = self.again.iter().map(Time::to_string).collect();
        line.maybe("again", (!again.is_empty()).then(|| again.join(",")))
    }

    fn read(record: &Record<'_>) -> Result<Estate, Unsound> {
        let held = record.state().and_then(|word| word.parse().ok()).ok_or(Unsound)?;
        let until = time_in(record, "until")?;
        let times = |text: &str| text.split(',').map(|time| time.parse().map_err(|_| Unsound)).collect();
        Ok(Estate {
            held,
            until: if Held::claims(held) { until.ok_or(Unsound)? } else { Time::ZERO },
            epoch: number_in(record, "epoch")?.ok_or(Unsound)?,
            yielded: record.raw("yielded").is_some(),
            failing: record.raw("failing").is_some(),
            put_off: record.raw("put_off").map(Reason::read).transpose()?,
            wish: Wish::inherited(record)?,
            failures: Failures::inherited(record)?,
            flaps: Flaps::inherited(record)?,
            carrier: Carrier::inherited(record)?,
            again: record.raw("again").map(times).transpose()?.unwrap_or_default(),
        })
    }
}

/// What a peer is for the leases of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bond {
    /// It lives, and has proved that it hears us: its vote is needed.
    Lives,
    /// It is dead, or has not proved since that it hears us.
    Dead,
    /// It has said farewell, and that it holds nothing.
    Left,
}

impl Bond {
    const ALL: [Bond; 3] = [Bond::Lives, Bond::Dead, Bond::Left];

    fn word(self) -> &'static str {
        match self {
            Bond::Lives => "lives",
            Bond::Dead => "dead",
            Bond::Left => "left",
        }
    }
}

/// What is known of a peer that can be fenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It was heard.
    Heard,
    /// It is known to be off since then, when our last message was this one, and
    /// the life of it that was ended.
    Off { since: Time, sequence: u64, life: Option<String> },
}

/// One peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Neighbour {
    pub(super) bond: Bond,
    pub(super) fence: Option<Kept>,
    /// Its last message, as of when it was written: so that it is told at once that it
    /// is heard.
    pub(super) heard: Option<Heard>,
}

impl Neighbour {
    /// What is worth to be written.
    fn gist(&self) -> (Bond, Option<&Kept>) {
        (self.bond, self.fence.as_ref())
    }

    fn line(&self, name: &str, now: Time) -> Line {
        let line = Line::new("peer", now).word(name).word(self.bond.word());
        let line = match &self.heard {
            None => line,
            Some(Heard { at, generation, incarnation, sequence }) => {
                let line = line.field("heard", at).field("hg", format_args!("{generation:x}"));
                line.field("inc", incarnation).field("seq", format_args!("{sequence:x}"))
            }
        };
        match &self.fence {
            None => line,
            Some(Kept::Heard) => line.field("fence", "heard"),
            Some(Kept::Off { since, sequence, life }) => {
                let line = line.field("fence", "off").field("since", since);
                line.field("sent", format_args!("{sequence:x}")).maybe("life", life.as_ref())
            }
        }
    }

    fn read(record: &Record<'_>) -> Result<Neighbour, Unsound> {
        let word = record.state().ok_or(Unsound)?;
        let bond = Bond::ALL.into_iter().find(|bond| bond.word() == word).ok_or(Unsound)?;
        let fence = match record.raw("fence") {
            None => None,
            Some("heard") => Some(Kept::Heard),
            Some("off") => {
                let (since, sequence) = (time_in(record, "since")?.ok_or(Unsound)?, digits_in(record, "sent")?);
                Some(Kept::Off { since, sequence, life: record.get("life").map(Into::into) })
            }
            Some(_) => return Err(Unsound),
        };
        let heard = match time_in(record, "heard")? {
            None => None,
            Some(at) => {
                let incarnation = record.get("inc").ok_or(Unsound)?.into_owned();
                let (generation, sequence) = (digits_in(record, "hg")?, digits_in(record, "seq")?);
                Some(Heard { at, generation, incarnation, sequence })
            }
        };
        Ok(Neighbour { bond, fence, heard })
    }
}

/// Everything that one hb-decide leaves to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heritage {
    /// When it was true.
    pub(super) time: Time,
    /// The incarnation of this node's heartbeats, once one had left.
    pub(super) incarnation: Option<String>,
    /// Every peer had been met.
    pub(super) active: bool,
    /// It was told last that nodes are in maintenance.
    pub(super) maintained: bool,
    pub(super) groups: BTreeMap<String, Estate>,
    pub(super) peers: BTreeMap<String, Neighbour>,
    /// Until when nodes are in maintenance.
    pub(super) maintenance: BTreeMap<String, Time>,
}

impl Heritage {
    /// Whether it says what another says, at whatever time.
    pub fn says_the_same(&self, other: &Heritage) -> bool {
        let parts = |all: &Heritage| (all.active, all.maintained);
        parts(self) == parts(other)
            && self.incarnation == other.incarnation
            && self.groups == other.groups
            && self.peers.keys().eq(other.peers.keys())
            && self.peers.values().map(Neighbour::gist).eq(other.peers.values().map(Neighbour::gist))
            && self.maintenance == other.maintenance
    }

    /// As text: of this node, in this boot.
    pub fn text(&self, node: &str, boot: &str) -> String {
        let flag = |set: bool| set.then_some(1);
        let head = Line::new("state", self.time).word(node).field("ver", VERSION).field("boot", boot);
        let head = head.maybe("inc", self.incarnation.as_ref()).maybe("active", flag(self.active));
        let mut text = String::new();
        let mut push = |line: Line| {
            text.push_str(&line.finish());
            text.push('\n');
        };
        push(head.maybe("maintained", flag(self.maintained)));
        self.groups.iter().for_each(|(name, estate)| push(estate.line(name, self.time)));
        self.peers.iter().for_each(|(name, neighbour)| push(neighbour.line(name, self.time)));
        for (name, until) in &self.maintenance {
            push(Line::new("maintenance", self.time).word(name).field("until", until));
        }
        let end = last_line(&text, self.time);
        text + &end
    }

    /// Reads what was left to `node` in this boot, at the time `now`.
    ///
    /// # Errors
    /// Nothing of it can be believed.
    pub fn read(text: &[u8], node: &str, boot: &str, now: Time) -> Result<Heritage, Refused> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= MAX).ok_or(Refused::Garbled)?;
        let body = text.strip_suffix('\n').and_then(|text| text.rfind('\n')).ok_or(Refused::Garbled)? + 1;
        let (body, end) = text.split_at(body);
        let mut records = body.lines().map(Record::parse_text);
        let head = records.next().and_then(Result::ok).filter(|head| head.kind == "state").ok_or(Refused::Garbled)?;
        // Another version may have another sum.
        if head.raw("ver").and_then(|version| version.parse().ok()) != Some(VERSION) {
            return Err(Refused::Version);
        }
        if end != last_line(body, head.time) {
            return Err(Refused::Garbled);
        }
        if boot.is_empty() || head.raw("boot") != Some(boot) {
            return Err(Refused::Boot);
        }
        if head.subject() != Some(node) {
            return Err(Refused::Node);
        }
        if head.time > now + AHEAD {
            return Err(Refused::Future);
        }
        let mut heritage = Heritage {
            time: head.time,
            incarnation: head.get("inc").map(Into::into),
            active: head.raw("active").is_some(),
            maintained: head.raw("maintained").is_some(),
            groups: BTreeMap::new(),
            peers: BTreeMap::new(),
            maintenance: BTreeMap::new(),
        };
        for record in records {
            let taken = record.map_err(|_| Unsound).and_then(|record| heritage.take(&record));
            taken.map_err(|Unsound| Refused::Garbled)?;
        }
        Ok(heritage)
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), Unsound> {
        let name = record.subject().filter(|name| is_name(name)).ok_or(Unsound)?.to_owned();
        let is_new = match record.kind {
            "group" => self.groups.insert(name, Estate::read(record)?).is_none(),
            "peer" => self.peers.insert(name, Neighbour::read(record)?).is_none(),
            "maintenance" => {
                let until = time_in(record, "until")?.ok_or(Unsound)?;
                self.maintenance.insert(name, until).is_none()
            }
            _ => true,
        };
        if is_new { Ok(()) } else { Err(Unsound) }
    }
}

/// The time in a field, if that is there.
pub(super) fn time_in(record: &Record<'_>, key: &str) -> Result<Option<Time>, Unsound> {
    record.raw(key).map(str::parse).transpose().map_err(|_| Unsound)
}

/// The decimal number in a field, if that is there.
pub(super) fn number_in(record: &Record<'_>, key: &str) -> Result<Option<u64>, Unsound> {
    record.raw(key).map(str::parse).transpose().map_err(|_| Unsound)
}

/// The hexadecimal number in a field that must be there.
fn digits_in(record: &Record<'_>, key: &str) -> Result<u64, Unsound> {
    u64::from_str_radix(record.raw(key).ok_or(Unsound)?, 16).map_err(|_| Unsound)
}

/// The last line, which has the sum over all before it.
fn last_line(body: &str, now: Time) -> String {
    let sum = Sha256::digest(body.as_bytes());
    let sum: String = sum.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    Line::new("end", now).field("sum", sum).finish() + "\n"
}

#[cfg(test)]
mod tests;

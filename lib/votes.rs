//! Votes are leases: what a node has promised to others, and what others have
//! promised to it.
//!
//! A voter keeps for each group at most one holder, and an expiry on its own
//! clock: the arrival of the holder's last asking message and a [`Terms::vote`].
//! A node that asks counts from the time at which *it sent* the message that the
//! vote names, and for the shorter [`Terms::lease`]. The message was sent before
//! it arrived, and the difference of the two spans pays for clocks that run at
//! different rates: while a holder counts on a vote, its voter keeps it. No
//! clocks are compared.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::time::Time;

/// The most groups of others that a voter keeps votes for.
const GROUPS: usize = 256;

/// The most messages whose time of sending is remembered.
const SENT: usize = 4096;

/// The clocks of two nodes may differ in rate by this much: 1 in so many.
pub const DRIFT: u32 = 100;

/// How long votes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What an asker may count on, from when it sent the message.
    pub lease: Duration,
    /// How long a voter keeps its vote, from when the message arrived.
    pub vote: Duration,
}

impl Terms {
    /// The lease is deadtime, so that a standby need not wait for much longer
    /// than until it knows that the holder is dead. The vote is longer by twice
    /// the drift.
    pub fn new(deadtime: Duration) -> Terms {
        Terms { lease: deadtime, vote: deadtime + deadtime * 2 / (DRIFT - 1) }
    }
}

/// The first digits of an incarnation: enough to tell the lives of one node.
pub const LIFE: usize = 8;

fn life(incarnation: &str) -> &str {
    incarnation.get(..LIFE).unwrap_or(incarnation)
}

/// A vote, as it is announced: to whom, and for which of its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The node that may count on it.
    pub holder: String,
    /// The beginning of that node's incarnation.
    pub life: String,
    /// The number of its message that asked.
    pub sequence: u64,
}

/// The votes of one announcement, by group. Written as a list of
/// `GROUP:HOLDER:LIFE:SEQUENCE`, or `-`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Votes(pub BTreeMap<String, Vote>);

impl fmt::Display for Votes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("-");
        }
        for (count, (group, vote)) in self.0.iter().enumerate() {
            let comma = if count == 0 { "" } else { "," };
            write!(f, "{comma}{group}:{}:{}:{:x}", vote.holder, vote.life, vote.sequence)?;
        }
        Ok(())
    }
}

/// Votes that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl FromStr for Votes {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Votes, Unreadable> {
        let mut votes = BTreeMap::new();
        if text == "-" {
            return Ok(Votes(votes));
        }
        for part in text.split(',') {
            let words: Vec<&str> = part.split(':').collect();
            let &[group, holder, life, sequence] = words.as_slice() else { return Err(Unreadable) };
            let names = crate::name::is_name(group) && crate::name::is_name(holder) && crate::name::is_name(life);
            let sequence = u64::from_str_radix(sequence, 16).map_err(|_| Unreadable)?;
            let vote = Vote { holder: holder.to_owned(), life: life.to_owned(), sequence };
            if !names || votes.len() >= GROUPS || votes.insert(group.to_owned(), vote).is_some() {
                return Err(Unreadable);
            }
        }
        Ok(Votes(votes))
    }
}

#[derive(Debug)]
struct Given {
    vote: Vote,
    expiry: Time,
}

/// What this node has promised: for each group one holder.
#[derive(Debug)]
pub struct Book {
    span: Duration,
    given: BTreeMap<String, Given>,
    changes: u64,
}

impl Book {
    /// A book without votes.
    pub fn new(terms: Terms) -> Book {
        Book { span: terms.vote, given: BTreeMap::new(), changes: 0 }
    }

    /// A message that arrived at `at` asks for `group`. The vote is given or
    /// prolonged unless another life holds one that has not expired; whether it
    /// was.
    pub fn ask(&mut self, group: &str, holder: &str, incarnation: &str, sequence: u64, at: Time) -> bool {
        let expiry = at + self.span;
        let life = life(incarnation);
        match self.given.get_mut(group) {
            Some(given) if given.vote.holder == holder && given.vote.life == life => {
                given.vote.sequence = given.vote.sequence.max(sequence);
                given.expiry = given.expiry.max(expiry);
                true
            }
            Some(given) if at < given.expiry => false,
            Some(_) | None => {
                if !self.given.contains_key(group) && self.given.len() >= GROUPS {
                    self.given.retain(|_, given| at < given.expiry);
                    if self.given.len() >= GROUPS {
                        return false;
                    }
                }
                let vote = Vote { holder: holder.to_owned(), life: life.to_owned(), sequence };
                self.given.insert(group.to_owned(), Given { vote, expiry });
                self.changes += 1;
                true
            }
        }
    }

    /// Takes over a vote that is known to have been given, and not given back, until
    /// then at least.
    pub fn keep(&mut self, group: &str, holder: &str, incarnation: &str, expiry: Time) {
        let vote = Vote { holder: holder.to_owned(), life: life(incarnation).to_owned(), sequence: 0 };
        self.given.insert(group.to_owned(), Given { vote, expiry });
        self.changes += 1;
    }

    /// The node says that it neither has the group nor asks for it.
    pub fn release(&mut self, group: &str, holder: &str) {
        if self.given.get(group).is_some_and(|given| given.vote.holder == holder) {
            self.given.remove(group);
            self.changes += 1;
        }
    }

    /// Nothing that was asked is later than `now`: a stamp from the future would
    /// keep a vote for longer than a vote lasts. What has long expired is forgotten.
    pub fn not_after(&mut self, now: Time) {
        let span = self.span;
        self.given.retain(|_, given| now < given.expiry + span);
        for given in self.given.values_mut() {
            given.expiry = given.expiry.min(now + self.span);
        }
    }

    /// How many times a vote was given to a new holder, or given back.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Who holds our vote.
    pub fn holder(&self, group: &str, now: Time) -> Option<&str> {
        self.given.get(group).filter(|given| now < given.expiry).map(|given| given.vote.holder.as_str())
    }

    /// To whom each vote is given that has not expired: group and holder.
    pub fn holders(&self, now: Time) -> impl Iterator<Item = (&str, &str)> {
        let valid = self.given.iter().filter(move |(_, given)| now < given.expiry);
        valid.map(|(group, given)| (group.as_str(), given.vote.holder.as_str()))
    }

    /// The votes that have not expired, as they are announced.
    pub fn votes(&self, now: Time) -> Votes {
        let valid = self.given.iter().filter(|(_, given)| now < given.expiry);
        Votes(valid.map(|(group, given)| (group.clone(), given.vote.clone())).collect())
    }
}

/// What others have promised this node, and what it has sent.
#[derive(Debug)]
pub struct Leases {
    span: Duration,
    incarnation: Option<String>,
    sent: VecDeque<(u64, Time)>,
    /// The groups that are asked for, each with the first message that may ask, and
    /// since when.
    asked: BTreeMap<String, (u64, Time)>,
    got: BTreeMap<String, BTreeMap<String, Time>>,
    /// Votes for a message of which we have not been told yet that it left: an
    /// answer can be faster than that. By group and voter.
    early: BTreeMap<(String, String), Vote>,
}

impl Leases {
    /// Nothing was sent, and nothing promised.
    pub fn new(terms: Terms) -> Leases {
        Leases {
            span: terms.lease,
            incarnation: None,
            sent: VecDeque::new(),
            asked: BTreeMap::new(),
            got: BTreeMap::new(),
            early: BTreeMap::new(),
        }
    }

    /// A message of ours left at `at`. A new incarnation forgets everything.
    pub fn left(&mut self, incarnation: &str, sequence: u64, at: Time) {
        if self.incarnation.as_deref() != Some(incarnation) {
            self.incarnation = Some(incarnation.to_owned());
            self.sent.clear();
            self.asked.clear();
            self.got.clear();
            self.early.clear();
        }
        if self.sent.back().is_some_and(|(last, time)| sequence <= *last || at < *time) {
            return;
        }
        self.sent.push_back((sequence, at));
        while self.sent.len() > SENT || self.sent.front().is_some_and(|(_, time)| at.since(*time) > self.span * 2) {
            self.sent.pop_front();
        }
        for ((group, voter), vote) in std::mem::take(&mut self.early) {
            self.granted(&group, &voter, &vote);
        }
    }

    /// Our incarnation, once a message has left.
    pub fn incarnation(&self) -> Option<&str> {
        self.incarnation.as_deref()
    }

    /// The number of the last message that left.
    pub fn last(&self) -> u64 {
        self.sent.back().map_or(0, |(sequence, _)| *sequence)
    }

    /// Until when our last message entitles us to our own vote.
    pub fn own(&self) -> Option<Time> {
        self.sent.back().map(|(_, time)| *time + self.span)
    }

    fn time_of(&self, sequence: u64) -> Option<Time> {
        let found = self.sent.binary_search_by_key(&sequence, |(sequence, _)| *sequence).ok()?;
        self.sent.get(found).map(|(_, time)| *time)
    }

    /// Whether somebody who names our incarnation and this number heard us
    /// within one lease. A number of which we have not been told yet that it left
    /// is as fresh as can be.
    pub fn is_fresh(&self, incarnation: &str, sequence: u64, now: Time) -> bool {
        self.incarnation.as_deref() == Some(incarnation)
            && (sequence > self.last() || self.time_of(sequence).is_some_and(|time| now.since(time) < self.span))
    }

    /// From the next message on, which leaves after `now`, the group is asked for.
    /// Votes for an earlier ask do not count, also when it is told late that it
    /// left: the voter may have heard since that it was withdrawn.
    pub fn begin(&mut self, group: &str, now: Time) {
        if !self.asked.contains_key(group) {
            self.asked.insert(group.to_owned(), (self.last().saturating_add(1), now));
        }
    }

    /// When the message left that a vote for this life of ours names.
    pub fn asked_at(&self, vote: &Vote) -> Option<Time> {
        self.incarnation.as_deref().filter(|incarnation| life(incarnation) == vote.life)?;
        self.time_of(vote.sequence)
    }

    /// A voter names a message of ours.
    pub fn granted(&mut self, group: &str, voter: &str, vote: &Vote) {
        let Some(incarnation) = &self.incarnation else { return };
        let asked = self.asked.get(group).filter(|(first, _)| *first <= vote.sequence);
        let Some((_, since)) = asked.filter(|_| vote.life == life(incarnation)) else { return };
        if vote.sequence > self.last() {
            self.early.insert((group.to_owned(), voter.to_owned()), vote.clone());
            return;
        }
        let Some(time) = self.time_of(vote.sequence).filter(|time| time >= since) else { return };
        let until = time + self.span;
        match self.got.get_mut(group).and_then(|got| got.get_mut(voter)) {
            Some(known) => *known = until.max(*known),
            None => {
                self.got.entry(group.to_owned()).or_default().insert(voter.to_owned(), until);
            }
        }
    }

    /// Until when a voter's vote can be counted on.
    pub fn until(&self, group: &str, voter: &str) -> Option<Time> {
        self.got.get(group)?.get(voter).copied()
    }

    /// Whether anybody has promised it since it was asked for.
    pub fn has_votes(&self, group: &str) -> bool {
        self.got.contains_key(group)
    }

    /// The group is neither asked for nor held: what was promised counts no
    /// more.
    pub fn end(&mut self, group: &str) {
        self.asked.remove(group);
        self.early.retain(|(other, _), _| other != group);
        self.got.remove(group);
    }
}

#[cfg(test)]
mod tests;

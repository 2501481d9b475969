//! Another node, or another machine, has what this node serves: who stops, and
//! how the one that stays says again that it has it.
//!
//! ```text
//!          a peer says that it has it too, or a frame claims an address of it
//!   quiet ---------------------------------------------------------------------> incident
//!     ^                                                                              |
//!     +---- no peer has it any more, and no frame claimed it for a minute -----------+
//! ```
//!
//! An incident is one alarm when it begins, and one word when it is over. Against
//! a peer the rank decides: the loser stops, the winner says again that it has it,
//! at once and when the loser has released it. A frame on the wire proves nothing:
//! it is reported, the address is defended, and nobody stops for it (RFC 5227, 2.4).

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use crate::record::{Line, Record};
use crate::time::{Time, seconds};

use super::group::Group;
use super::peer::Knowledge;
use super::{Decide, Effect, Strange, View, why};

/// When the holder of an address says so again after it has taken it. The first
/// two of design's schedule, at once and after 50 ms, belong to the action.
const AGAIN: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(60)];

/// An address is not defended more often: RFC 5227's DEFEND_INTERVAL.
const DEFEND: Duration = Duration::from_secs(10);

/// After so long without a foreign claim, nobody claims the address any more.
const QUIET: Duration = Duration::from_secs(60);

/// Somebody else has what this node has.
#[derive(Debug)]
struct Incident {
    since: Time,
    /// The last that was seen of it.
    until: Time,
    /// The peers that say so at present, and whether any did.
    rivals: BTreeSet<String>,
    by_peers: bool,
    /// When a frame on the wire claimed an address last.
    claimed: Option<Time>,
}

/// Whether somebody else has a group that this node serves, and when this one
/// says again that it does.
#[derive(Debug, Default)]
pub(super) struct Contest {
    incident: Option<Incident>,
    /// The last start of the group that was looked at, by its epoch: our own, or one
    /// that was told of. None where that of this node is not known.
    known: Option<u64>,
    again: VecDeque<Time>,
    /// When the address was defended last, and when it is to be again.
    defended: Option<Time>,
    defend_at: Option<Time>,
}

impl Contest {
    /// The group is started here, as the start of this epoch.
    pub(super) fn starts(&mut self, epoch: u64) {
        self.known = Some(epoch);
    }

    /// When it is said again who has it, for a successor.
    pub(super) fn kept(&self) -> Vec<Time> {
        self.again.iter().copied().collect()
    }

    /// An earlier life of this process has started the group as the start of this
    /// epoch, and was to say again who has it.
    pub(super) fn inherit(&mut self, epoch: u64, again: Vec<Time>) {
        self.starts(epoch);
        self.again = again.into_iter().take(AGAIN.len() + 1).collect();
    }

    /// The group was taken.
    pub(super) fn taken(&mut self, now: Time) {
        self.say_again(now, &AGAIN);
    }

    /// A peer that has nothing of the group tells which start of it was the last.
    /// One after ours was another node's beside us, which released the group when
    /// it heard of this node, before this node was sure of it.
    fn past(&mut self, peer: &str, epoch: u64, group: &str, now: Time, effects: &mut Vec<Effect>) {
        if self.known.replace(epoch.max(self.known.unwrap_or(0))).is_some_and(|known| known < epoch) {
            let text = format!("{peer} tells of a later start than ours, which is over: two had it");
            effects.push(why(now, group, "alarm", &text));
            self.say_again(now, &[&[Duration::ZERO], &AGAIN[..]].concat());
        }
    }

    /// It is being released: nothing is said again. What is had twice lasts until
    /// it is released.
    pub(super) fn leaving(&mut self) {
        self.again.clear();
        self.defend_at = None;
    }

    /// The group is released here: that ends what there was.
    pub(super) fn released(&mut self, group: &str, now: Time, effects: &mut Vec<Effect>) {
        self.leaving();
        self.known = None;
        if let Some(mut incident) = self.incident.take() {
            incident.until = now;
            effects.push(why(now, group, "over", &format!("{}: it is released here", incident.sum())));
        }
    }

    fn is_rival(&self, peer: &str) -> bool {
        self.incident.as_ref().is_some_and(|incident| incident.rivals.contains(peer))
    }

    /// Takes the peers that have it too. That it begins or ends is a reason to say
    /// again who serves.
    fn see(&mut self, rivals: BTreeSet<String>, group: &str, now: Time, effects: &mut Vec<Effect>) {
        let was_contested = self.incident.as_ref().is_some_and(|incident| !incident.rivals.is_empty());
        if rivals.is_empty() == was_contested {
            self.say_again(now, &[&[Duration::ZERO], &AGAIN[..]].concat());
        }
        self.alarm(&rivals, "must release it", group, now, effects);
        let Some(incident) = &mut self.incident else { return };
        if was_contested {
            incident.until = now;
        }
        incident.rivals = rivals;
        let is_claimed = incident.claimed.is_some_and(|last| now.since(last) < QUIET);
        if incident.rivals.is_empty() && !is_claimed {
            effects.push(why(now, group, "over", &incident.sum()));
            self.incident = None;
        }
    }

    /// Says once that peers have it too, and what follows.
    fn alarm(&mut self, rivals: &BTreeSet<String>, so: &str, group: &str, now: Time, effects: &mut Vec<Effect>) {
        let names = || rivals.iter().map(String::as_str).collect::<Vec<_>>().join(" and ");
        match &mut self.incident {
            _ if rivals.is_empty() => {}
            None => {
                effects.push(why(now, group, "alarm", &format!("{} has it too and {so}", names())));
                self.incident = Some(Incident { rivals: rivals.clone(), by_peers: true, ..Incident::new(now) });
            }
            Some(incident) if incident.rivals.is_empty() => {
                effects.push(why(now, group, "contest", &format!("{} says that it has it too and {so}", names())));
                incident.rivals = rivals.clone();
                incident.by_peers = true;
            }
            Some(_) => {}
        }
    }

    /// A frame claimed an address of the group: it is reported once, and the address
    /// defended as soon as that may be.
    fn claimed(&mut self, who: &str, address: IpAddr, group: &str, now: Time, effects: &mut Vec<Effect>) {
        let incident = self.incident.get_or_insert_with(|| {
            let text = format!("{who} claims {address} too: it stays here and is announced again");
            effects.push(why(now, group, "alarm", &text));
            Incident::new(now)
        });
        incident.claimed = Some(now);
        incident.until = now;
        let earliest = self.defended.map_or(now, |last| now.max(last + DEFEND));
        self.defend_at.get_or_insert(earliest);
    }

    fn say_again(&mut self, now: Time, schedule: &[Duration]) {
        self.again = schedule.iter().map(|after| now + *after).collect();
    }

    /// Whether it is time to say it again. Those that fell due together are one.
    fn is_due(&mut self, now: Time) -> bool {
        let due = self.again.front().is_some_and(|at| now >= *at);
        self.again.retain(|at| now < *at);
        let defends = self.defend_at.is_some_and(|at| now >= at);
        if defends {
            self.defended = Some(now);
            self.defend_at = None;
        }
        due || defends
    }
}

impl Incident {
    fn new(now: Time) -> Incident {
        Incident { since: now, until: now, rivals: BTreeSet::new(), by_peers: false, claimed: None }
    }

    /// How long it lasted, as far as this node knows.
    fn sum(&self) -> String {
        let span = self.until.since(self.since);
        match self.by_peers {
            true => format!("two had it for {} s", seconds(span)),
            false if span.is_zero() => "another machine claimed an address of it once".to_owned(),
            false => format!("another machine claimed an address of it for {} s", seconds(span)),
        }
    }
}

impl Group {
    /// Both serve: after a healed cut, say. The loser stops; the winner says
    /// again that it has it.
    pub(super) fn lost_contest(&mut self, view: &View, effects: &mut Vec<Effect>) -> Option<String> {
        let own = self.stance(view);
        let mut rivals = BTreeSet::new();
        let mut better = None;
        for (name, peer) in &view.peers {
            let is_rival = match peer.knowledge(&self.name) {
                // It begins with a peer that is heard and has it, and lasts until
                // nothing is held any more.
                Knowledge::Says(part) if part.held.has() && peer.is_heard() => {
                    if part.held.claims() && better.is_none() && self.is_outranked(name, part.stance, own, view) {
                        better = Some((name, part.stance));
                    }
                    self.contest.known = self.contest.known.max(Some(part.epoch));
                    true
                }
                Knowledge::Says(part) if part.held.may_hold() => self.contest.is_rival(name),
                Knowledge::Says(part) => {
                    if peer.is_heard() {
                        self.contest.past(name, part.epoch, &self.name, view.now, effects);
                    }
                    false
                }
                Knowledge::Unknown => self.contest.is_rival(name),
                Knowledge::Gone => false,
            };
            if is_rival {
                rivals.insert(name.clone());
            }
        }
        if let Some((name, stance)) = better {
            self.contest.alarm(&rivals, "comes first", &self.name, view.now, effects);
            let reason = self.reason_for_rank(name, stance, own, view);
            return Some(format!("{name} has it too and comes first: {reason}"));
        }
        self.contest.see(rivals, &self.name, view.now, effects);
        None
    }

    pub(super) fn reannounce(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if self.contest.is_due(view.now) {
            effects.push(Effect::Say(Line::new("do", view.now).word("reannounce").word(&self.name)));
        }
    }
}

impl Decide {
    /// A frame on the wire claims an address: it concerns the group that this
    /// node has with it.
    pub(super) fn conflict(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let address = record.subject().and_then(|text| text.parse().ok()).ok_or(Strange::Incomplete)?;
        let name = self.view.settings.group_of(address).ok_or(Strange::UnknownAddress)?;
        let group = self.groups.iter_mut().find(|group| group.name() == name);
        let Some(group) = group.filter(|group| group.held().claims()) else { return Ok(()) };
        let mac = record.raw("mac").filter(|mac| is_hardware_address(mac));
        let who = mac.map_or("another machine".to_owned(), |mac| format!("the machine with {mac}"));
        group.contest.claimed(&who, address, &group.name, self.view.now, effects);
        Ok(())
    }
}

/// Hexadecimal digits and colons, of at most twenty bytes as InfiniBand has them.
fn is_hardware_address(text: &str) -> bool {
    text.len() <= 59 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
}

#[cfg(test)]
mod tests;

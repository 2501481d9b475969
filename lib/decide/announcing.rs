//! When this node announces, and what.

use crate::announce::{Groups, Part, Reach, VERSION};
use crate::echo::ROOM;
use crate::time::Time;

use super::group::Group;
use super::{Decide, Effect, Settings};

/// All of which a change is announced at once, beside for whom we vote. It is
/// compared with every record; the text of it is only made to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// In the order of the groups.
    parts: Vec<Part>,
    active: bool,
    leaving: bool,
    reach: Option<Reach>,
}

/// What a record of an announcement holds beside groups and what was heard: the
/// fields of Heartbeat, the digest, ping nodes, a maintenance, and who, when and
/// on which medium; in bytes, generously.
const REST: usize = 400;

impl Decide {
    /// The most that the groups of these settings need in an announcement, in bytes.
    pub fn longest_groups(settings: &Settings) -> usize {
        let holder = settings.nodes.iter().map(String::len).max().unwrap_or(0);
        let part =
            ":starting:claim:18446744073709551615,".len() + ":".len() + holder + ":aaaaaaaa:ffffffffffffffff,".len();
        settings.groups.iter().map(|group| group.name.len() * 3 + part).sum()
    }

    /// The most that a whole announcement needs in a record, in bytes.
    pub fn longest_announcement(settings: &Settings) -> usize {
        let part = ":aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:ffffffffffffffff:86400000,".len();
        let peers = settings.nodes.iter().filter(|name| **name != settings.own);
        let heard: usize = peers.map(|name| name.len() + part).sum();
        REST + ROOM + heard + Decide::longest_groups(settings)
    }

    /// Announces at every keepalive, and at once when something changed.
    pub(super) fn announce(&mut self, last: bool, effects: &mut Vec<Effect>) {
        let now = self.view.now;
        let own = self.view.settings.own.as_str();
        let stands = self.standing();
        let holders = || self.view.voting.book.holders(now).filter(|(_, holder)| *holder != own);
        let same = |(before, given): &(Standing, Vec<(String, String)>)| {
            let alike = holders().zip(given).all(|((group, holder), before)| group == before.0 && holder == before.1);
            *before == stands && alike && holders().count() == given.len()
        };
        let is_due = self.beat.is_due(now, self.view.settings.keepalive);
        if self.announced.as_ref().is_some_and(same) && !last && !is_due {
            return;
        }
        let holders = holders().map(|(group, holder)| (group.to_owned(), holder.to_owned())).collect();
        let mut votes = self.view.voting.book.votes(now);
        votes.0.retain(|_, vote| vote.holder != own);
        let text = self.announcement(&stands);
        if is_due {
            self.beat.made(now, self.view.settings.keepalive);
        }
        let expiry = self.expiry();
        let maintenance = self.view.maintenance.left(&self.view.settings.own, now);
        let maintenance = maintenance.map(|seconds| format!(" maint={seconds}")).unwrap_or_default();
        let echo = self.echo();
        effects.push(Effect::Announce(format!("{text} votes={votes}{echo}{maintenance} until={expiry}")));
        self.announced = Some((stands, holders));
        self.announced_at = now;
    }

    fn standing(&self) -> Standing {
        let part = |group: &Group| Part { held: group.held(), stance: group.stance(&self.view), epoch: group.epoch() };
        Standing {
            parts: self.groups.iter().map(part).collect(),
            active: self.active,
            leaving: self.view.leaving,
            reach: self.view.connectivity.reach(),
        }
    }

    /// What is announced, but for votes, echo and the seconds of a maintenance,
    /// which differ each time.
    fn announcement(&self, stands: &Standing) -> String {
        let settings = &self.view.settings;
        let names = self.groups.iter().map(|group| group.name().to_owned());
        let groups = Groups(names.zip(stands.parts.iter().copied()).collect());
        let state = if stands.active { "active" } else { "up" };
        // Who gives a group away changes its stance, too.
        let given = self.groups.iter().filter(|group| group.is_given_away());
        let given: Vec<&str> = given.map(|group| group.name()).collect();
        let give = if given.is_empty() { String::new() } else { format!(" give={}", given.join(",")) };
        let leave = if stands.leaving { " leave=1" } else { "" };
        let ping = stands.reach.map(|reach| format!(" ping={reach}")).unwrap_or_default();
        format!(
            "t=status st={state} dt={:x} protocol=1 grp={groups} cfg={} ver={VERSION}{ping}{give}{leave}",
            settings.deadtime.as_millis(),
            settings.digest
        )
    }

    /// What was last heard of each peer, and on which media.
    fn echo(&self) -> String {
        let mut room = ROOM;
        let heard = self.view.peers.iter().filter_map(|(name, peer)| peer.echo(name, self.view.now, &mut room));
        let parts: Vec<String> = heard.collect();
        if parts.is_empty() { String::new() } else { format!(" echo={}", parts.join(",")) }
    }

    /// An announcement that leaves late says what may no longer be true: it
    /// expires with the lease of what it claims, and after half of deadtime.
    fn expiry(&self) -> Time {
        let late = self.view.now + self.view.settings.deadtime / 2;
        let claims = self.groups.iter().filter(|group| group.held().claims());
        claims.filter_map(|group| self.view.permit(group.name(), true)).fold(late, Time::min)
    }
}

//! When this node announces, and what.

use crate::announce::{Groups, Part, VERSION};
use crate::echo::ROOM;
use crate::time::Time;

use super::{Decide, Effect};

impl Decide {
    /// Announces at every keepalive, and at once when something changed.
    pub(super) fn announce(&mut self, last: bool, effects: &mut Vec<Effect>) {
        let now = self.view.now;
        let mut votes = self.view.voting.book.votes(now);
        votes.0.retain(|_, vote| vote.holder != self.view.settings.own);
        let text = self.announcement();
        let holders: Vec<(String, String)> =
            votes.0.iter().map(|(group, vote)| (group.clone(), vote.holder.clone())).collect();
        let changed = self.announced.as_ref() != Some(&(text.clone(), holders.clone()));
        if !changed && !last && now < self.next_announcement {
            return;
        }
        if now >= self.next_announcement {
            let grid = self.next_announcement + self.view.settings.keepalive;
            self.next_announcement = if grid > now { grid } else { now + self.view.settings.keepalive };
        }
        let expiry = self.expiry();
        effects.push(Effect::Announce(format!("{text} votes={votes}{} until={expiry}", self.echo())));
        self.announced = Some((text, holders));
        self.announced_at = now;
    }

    /// What is announced, but for votes and echo, which differ each time.
    fn announcement(&self) -> String {
        let settings = &self.view.settings;
        let parts = self.groups.iter().map(|group| {
            let part = Part { held: group.held(), stance: group.stance(&self.view), epoch: group.epoch() };
            (group.name().to_owned(), part)
        });
        let groups = Groups(parts.collect());
        let state = if self.active { "active" } else { "up" };
        let leave = if self.view.leaving { " leave=1" } else { "" };
        let ping = self.view.connectivity.reach().map(|reach| format!(" ping={reach}")).unwrap_or_default();
        format!(
            "t=status st={state} dt={:x} protocol=1 grp={groups} cfg={} ver={VERSION}{ping}{leave}",
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

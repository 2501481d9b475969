//! What comes of fencing: deaths, results, and what persons say.

use crate::announce::Held;
use crate::ha_cf::Quorum;
use crate::record::Record;

use super::fencing::Answer;
use super::peer::Peer;
use super::{Decide, Effect, Strange, why};

impl Decide {
    /// A peer was declared dead: it is fenced when its time has come.
    pub(super) fn fence(&mut self, name: &str, effects: &mut Vec<Effect>) {
        let serves = self.groups.iter().any(|group| group.held() != Held::Unknown && group.held().may_hold());
        let view = &mut self.view;
        let place = |name: &str| view.settings.nodes.iter().position(|node| node == name);
        let comes_first = place(&view.settings.own) < place(name);
        let Some(peer) = view.peers.get(name) else { return };
        view.fencing.died(name, peer.parting(), serves, comes_first, view.now, effects);
    }

    /// The result of a fencing: `fence T NODE done|failed|unknown`.
    pub(super) fn fenced(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        let answer = match record.state() {
            Some("done") => Answer::Done,
            Some("failed") => Answer::Failed,
            Some("unknown") => Answer::Unknown,
            Some(_) | None => return Err(Strange::Incomplete),
        };
        let view = &mut self.view;
        let (now, sequence) = (view.now, view.voting.leases.last());
        let life = view.peers.get(name).and_then(Peer::life);
        if view.fencing.result(name, answer, life, sequence, now, effects) {
            self.give_back_votes_of(name);
        }
        Ok(())
    }

    /// A person says that a node is off.
    pub(super) fn confirm_fenced(&mut self, name: &str, effects: &mut Vec<Effect>) {
        let view = &mut self.view;
        let (now, sequence) = (view.now, view.voting.leases.last());
        let Some(peer) = view.peers.get(name) else {
            return effects.push(why(now, "ask", "refused", &format!("fenced {name}: no such node")));
        };
        if !peer.is_dead() {
            effects.push(why(now, name, "refused", "fenced: it is not dead"));
        } else if view.fencing.confirm(name, peer.life(), sequence, now) {
            effects.push(why(now, name, "fenced", "it is off, says a person"));
            self.give_back_votes_of(name);
        } else {
            effects.push(why(now, name, "refused", "fenced: nothing waits for that"));
        }
    }

    /// A person insists that this node serves: those that it has not heard since
    /// it started, and that are dead, are taken to be off.
    pub(super) fn insist(&mut self, effects: &mut Vec<Effect>) {
        let is_dead = |name: &&str| self.view.peers.get(*name).is_some_and(Peer::is_dead);
        let names: Vec<String> = self.view.fencing.unheard().filter(is_dead).map(str::to_owned).collect();
        names.iter().for_each(|name| self.confirm_fenced(name, effects));
    }

    /// Who is off holds nothing, so that our vote for it is free at once. Not with
    /// a majority, which does not depend on what a command says.
    fn give_back_votes_of(&mut self, name: &str) {
        let view = &mut self.view;
        match view.settings.quorum {
            Quorum::Alive => {
                for group in &view.settings.groups {
                    view.voting.book.release(&group.name, name);
                }
            }
            Quorum::Majority => {}
        }
    }
}

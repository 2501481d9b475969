//! Maintenance: people work on a node, and in the whole cluster nothing is
//! started or moved by itself.
//!
//! A node announces how long its own maintenance lasts; every other keeps that
//! against its own clock, and keeps it when the node dies. It ends with its time,
//! when a person ends it there, when a later life of the node does not announce
//! it, and, for a node that is gone, where a person ends it on another.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::name::is_name;
use crate::record::{Line, Record};
use crate::time::{Time, parse_span};

use super::failures::REMIND;
use super::{Decide, Effect, Peer, why};

/// How long it lasts when nothing is said of that: what is forgotten ends.
const SPAN: Duration = Duration::from_secs(3_600);

/// The longest.
pub(super) const LONGEST: Duration = Duration::from_secs(86_400);

/// What is known of one node's maintenance.
#[derive(Debug)]
struct Kept {
    until: Time,
    remind: Time,
}

/// The nodes that are in maintenance, this one and others.
#[derive(Debug, Default)]
pub(super) struct Maintenance {
    nodes: BTreeMap<String, Kept>,
    /// By peer: the groups that a person wants it to give away.
    given: BTreeMap<String, Vec<String>>,
    /// What was told last of whether there is one.
    told: bool,
}

impl Maintenance {
    /// Whether nothing is to be started or moved.
    pub(super) fn is_on(&self, now: Time) -> bool {
        self.nodes.values().any(|kept| now < kept.until)
    }

    /// What was told last of whether there is one.
    pub(super) fn is_told(&self) -> bool {
        self.told
    }

    /// Until when nodes are in maintenance, for a successor: of one that is gone
    /// nobody says it again.
    pub(super) fn kept(&self) -> BTreeMap<String, Time> {
        self.nodes.iter().map(|(name, kept)| (name.clone(), kept.until)).collect()
    }

    /// Takes over what an earlier life of this process knew, and has told: how it is
    /// now is told anew.
    pub(super) fn inherit(&mut self, nodes: BTreeMap<String, Time>, told: bool, now: Time) {
        let most = |until: Time| until.min(now + LONGEST);
        self.nodes =
            nodes.into_iter().map(|(name, until)| (name, Kept { until: most(until), remind: now + REMIND })).collect();
        self.told = told && !self.is_on(now);
    }

    /// The node whose maintenance lasts longest, and until when.
    pub(super) fn longest(&self, now: Time) -> Option<(&str, Time)> {
        let on = self.nodes.iter().filter(|(_, kept)| now < kept.until);
        on.max_by_key(|(_, kept)| kept.until).map(|(name, kept)| (name.as_str(), kept.until))
    }

    /// Whether a person wants a peer to give a group away.
    pub(super) fn gives(&self, peer: &str, group: &str) -> bool {
        self.given.get(peer).is_some_and(|groups| groups.iter().any(|name| name == group))
    }

    /// How many seconds a node's maintenance lasts, for its announcement.
    pub(super) fn left(&self, node: &str, now: Time) -> Option<u64> {
        let until = self.nodes.get(node)?.until;
        (now < until).then(|| until.since(now).as_secs() + 1)
    }

    /// A node is in maintenance until then; what is to be said.
    fn begin(&mut self, node: &str, until: Time, now: Time, effects: &mut Vec<Effect>) {
        let until = until.min(now + LONGEST);
        if let Some(kept) = self.nodes.get_mut(node) {
            kept.until = until;
        } else {
            self.nodes.insert(node.to_owned(), Kept { until, remind: now + REMIND });
            say(node, until, now, effects);
        }
    }

    /// A node's maintenance is over, if it was in any.
    fn end(&mut self, node: &str, now: Time, effects: &mut Vec<Effect>) -> bool {
        let was = self.nodes.remove(node).is_some();
        if was {
            effects.push(why(now, node, "maintenance", "its maintenance is over"));
        }
        was
    }

    /// Ends what has run out, and says again what lasts.
    pub(super) fn look(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let over: Vec<String> =
            self.nodes.iter().filter(|(_, kept)| now >= kept.until).map(|(name, _)| name.clone()).collect();
        for node in over {
            self.end(&node, now, effects);
        }
        for (node, kept) in &mut self.nodes {
            if now >= kept.remind {
                kept.remind = now + REMIND;
                say(node, kept.until, now, effects);
            }
        }
    }

    /// Tells those who watch over groups whether there is one, when that changes.
    pub(super) fn tell(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let is_on = self.is_on(now);
        if std::mem::replace(&mut self.told, is_on) != is_on {
            effects.push(Effect::Say(Line::new("maintenance", now).word(if is_on { "on" } else { "off" })));
        }
    }

    /// What a peer announces in a message that is no recording: the seconds that
    /// its maintenance lasts from when the message came, or that it has none.
    pub(super) fn hear(&mut self, node: &str, seconds: Option<&str>, at: Time, effects: &mut Vec<Effect>) {
        match seconds.and_then(|text| text.parse().ok()) {
            Some(seconds) => self.begin(node, at + Duration::from_secs(seconds).min(LONGEST), at, effects),
            None => {
                self.end(node, at, effects);
            }
        }
    }
}

fn say(node: &str, until: Time, now: Time, effects: &mut Vec<Effect>) {
    let text =
        format!("it is in maintenance for {} s: nothing is started or moved by itself", until.since(now).as_secs());
    effects.push(why(now, node, "maintenance", &text));
}

impl Decide {
    /// A person begins or ends a maintenance. It lasts from when it was asked for:
    /// a node that was paused reads that late.
    pub(super) fn maintain(&mut self, word: Option<&str>, ask: &Record<'_>, effects: &mut Vec<Effect>) {
        match word {
            Some("on") => self.begin_maintenance(ask.raw("for"), ask.time, effects),
            Some("off") => self.end_maintenance(effects),
            Some(_) | None => self.answer("refused", "maintenance: it is on or off", effects),
        }
    }

    fn begin_maintenance(&mut self, span: Option<&str>, at: Time, effects: &mut Vec<Effect>) {
        let span = match span.map_or(Ok(SPAN), parse_span) {
            Ok(span) if !span.is_zero() && span <= LONGEST => span,
            Ok(_) => return self.answer("refused", "maintenance: it lasts 24h at most", effects),
            Err(error) => return self.answer("refused", &format!("maintenance: {error}"), effects),
        };
        let now = self.view.now;
        let text = format!("maintenance: for {} s", span.as_secs());
        self.answer("accepted", &text, effects);
        self.view.maintenance.begin(&self.view.settings.own, at + span, now, effects);
        self.beat.set(now);
    }

    /// Ends that of this node, and of those that are gone. A living node is told
    /// by its own people.
    fn end_maintenance(&mut self, effects: &mut Vec<Effect>) {
        let now = self.view.now;
        let own = self.view.settings.own.clone();
        let nodes: Vec<String> = self.view.maintenance.nodes.keys().cloned().collect();
        if nodes.is_empty() {
            return self.answer("refused", "maintenance: there is none", effects);
        }
        for node in nodes {
            if node == own {
                self.answer("done", "maintenance: it is ended here", effects);
                self.beat.set(now);
            } else if self.view.peers.get(&node).is_none_or(|peer| peer.is_dead() || peer.has_left()) {
                self.answer("done", &format!("maintenance: that of {node}, which is gone, is ended here"), effects);
            } else {
                self.answer("refused", &format!("maintenance: {node} lives: end it there"), effects);
                continue;
            }
            self.view.maintenance.end(&node, now, effects);
        }
    }

    /// A peer has said something that is newer than what it said before.
    pub(super) fn hear_maintenance(&mut self, name: &str, record: &Record<'_>, effects: &mut Vec<Effect>) {
        if self.view.peers.get(name).is_some_and(Peer::is_proven) {
            let [seconds, give] = record.raw_all(["maint", "give"]);
            let groups = give.unwrap_or_default().split(',').filter(|name| is_name(name));
            self.view.maintenance.given.insert(name.to_owned(), groups.map(str::to_owned).collect());
            self.view.maintenance.hear(name, seconds, record.time, effects);
        }
    }

    fn answer(&self, answer: &str, text: &str, effects: &mut Vec<Effect>) {
        effects.push(why(self.view.now, &self.view.settings.own, answer, text));
    }
}

#[cfg(test)]
mod tests;

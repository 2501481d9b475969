//! What people ask for: standby, takeover, clear, shutdown.

use crate::announce::{Held, Stance};
use crate::record::Record;

use super::group::Group;
use super::peer::Knowledge;
use super::{Decide, Effect, Settings, Strange, View, why};

impl Decide {
    pub(super) fn ask(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let mut words = record.words();
        let what = words.next().ok_or(Strange::Incomplete)?;
        let scope = words.next().unwrap_or("all");
        let force = record.raw("force") == Some("1");
        if what == "shutdown" {
            self.view.leaving = true;
            return Ok(());
        }
        let wanted = |group: &Group, settings: &Settings| match scope {
            "all" => Some(true),
            "local" => Some(group.preferred() == settings.own),
            "foreign" | "failback" => Some(group.preferred() != settings.own),
            name => (name == group.name()).then_some(true),
        };
        let known_scope = matches!(scope, "all" | "local" | "foreign" | "failback");
        if !known_scope && !self.groups.iter().any(|group| group.name() == scope) {
            return Err(Strange::UnknownGroup);
        }
        for group in &mut self.groups {
            if wanted(group, &self.view.settings) != Some(true) {
                continue;
            }
            match what {
                "standby" => group.stand_by(force, &self.view, effects),
                "takeover" => group.claim(&self.view, effects),
                "clear" => group.clear(&self.view, effects),
                _ => return Err(Strange::UnknownAsk),
            }
        }
        Ok(())
    }
}

impl Group {
    /// A person asks that another node serves it.
    pub(super) fn stand_by(&mut self, force: bool, view: &View, effects: &mut Vec<Effect>) {
        if !self.held.claims() {
            effects.push(why(view.now, &self.name, "refused", "standby: it is not served here"));
            return;
        }
        let able = view.peers.iter().find(|(_, peer)| {
            peer.is_ready()
                && matches!(peer.knowledge(&self.name), Knowledge::Says(part) if part.stance > Stance::No && part.held == Held::Stopped)
        });
        match able {
            None if !force => {
                effects.push(why(view.now, &self.name, "refused", "standby: no other node can serve it"));
            }
            _ => {
                self.standby = true;
                self.claimed = false;
            }
        }
    }

    /// A person asks that this node serves it.
    pub(super) fn claim(&mut self, view: &View, effects: &mut Vec<Effect>) {
        match self.held {
            Held::Started | Held::Starting => {
                effects.push(why(view.now, &self.name, "refused", "takeover: it is served here already"));
            }
            Held::Failed => {
                effects.push(why(view.now, &self.name, "refused", "takeover: it failed here; ask clear first"));
            }
            Held::Unknown | Held::Stopped | Held::Asking | Held::Stopping => {
                self.claimed = true;
                self.standby = false;
                // The peers hear of the claim before it is acted on.
                self.not_before = view.now + view.settings.keepalive * 2;
            }
        }
    }

    /// A person asks to forget that it failed here.
    pub(super) fn clear(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if self.held == Held::Failed {
            self.held = Held::Stopped;
            self.not_before = view.now + view.settings.keepalive * 2;
            self.tell(view, effects);
        }
    }

    /// A standby is over when another serves, or when no other is left.
    pub(super) fn end_standby(&mut self, view: &View) {
        if !self.standby || self.held != Held::Stopped {
            return;
        }
        let mut knowledge = view.peers.values().map(|peer| peer.knowledge(&self.name));
        let served = self
            .others
            .iter()
            .any(|(name, part)| part.held == Held::Started && view.peers.get(name).is_some_and(super::Peer::is_heard));
        if served {
            self.standby = false;
            self.yielded = true;
        } else if knowledge.all(|peer| peer == Knowledge::Gone) {
            self.standby = false;
        }
    }
}

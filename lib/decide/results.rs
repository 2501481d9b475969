//! The results of actions, and what follows from them for a group.

use crate::announce::{Held, Stance};

use super::group::Group;
use super::heritage::Unsound;
use super::peer::Knowledge;
use super::{Effect, View, why};

/// What was told, and who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The result of an action, the state that was found, or the end of an address.
    Plain(Held),
    /// What watches the resources of a group that runs: as much of it as works goes
    /// on working.
    ByMonitor(Held),
}

/// Why a group that runs is to be stopped, the weightiest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// Its addresses are not what they should be: it begins anew.
    Unknown,
    /// Its interface carries nothing: so it does, when there is a carrier.
    CutOff,
    /// A resource of it failed, which is remembered; what works of it goes on until
    /// another node is ready.
    Partly,
    /// It failed, which is remembered.
    Failed,
}

impl Reason {
    const ALL: [Reason; 4] = [Reason::Unknown, Reason::CutOff, Reason::Partly, Reason::Failed];

    /// The word in what a successor inherits.
    pub(super) fn word(self) -> &'static str {
        match self {
            Reason::Unknown => "unknown",
            Reason::CutOff => "cut-off",
            Reason::Partly => "partly",
            Reason::Failed => "failed",
        }
    }

    pub(super) fn read(word: &str) -> Result<Reason, Unsound> {
        Reason::ALL.into_iter().find(|reason| reason.word() == word).ok_or(Unsound)
    }

    fn text(self) -> &'static str {
        match self {
            Reason::Failed | Reason::Partly => "a resource failed",
            Reason::Unknown => "it is not known whether it still works",
            Reason::CutOff => "its interface carries nothing",
        }
    }
}

/// What a result means for what this node does with the group.
enum Means {
    /// It does this with it now.
    Is(Held),
    /// It is to be stopped.
    Stop(Reason),
    /// The stop that was under way has failed.
    NotStopped,
    /// A report about what this node has no part in, or that an action is under
    /// way, changes nothing.
    Nothing,
}

impl Group {
    /// The result of an action, or the state in which the group was found.
    pub(super) fn told(&mut self, told: Told, view: &mut View, effects: &mut Vec<Effect>) {
        let (held, worst) = match told {
            Told::Plain(held) => (held, Reason::Failed),
            // It is late where the group has begun to stop.
            Told::ByMonitor(_) if self.held != Held::Started => return,
            Told::ByMonitor(held) => (held, Reason::Partly),
        };
        let next = match self.meaning(held, worst, view) {
            Means::Is(next) => next,
            Means::Stop(reason) if self.held == Held::Started && view.maintenance.is_on(view.now) => {
                return self.put_off(self.blamed(reason), view, effects);
            }
            Means::Stop(Reason::Partly) if !self.is_wanted_elsewhere(view) => {
                self.put_off.get_or_insert(Reason::Partly);
                return self.stay(view, effects);
            }
            Means::Stop(reason) => return self.stop_for(self.blamed(reason), view, effects),
            Means::NotStopped => {
                self.failing |= std::mem::take(&mut self.was_failed);
                return self.stop_again(view, effects);
            }
            Means::Nothing => return,
        };
        self.stop_failures = 0;
        // What was begun before may tell that it is stopped once more.
        if std::mem::take(&mut self.is_awaited) {
            self.not_before = view.now + view.settings.keepalive * 2;
        }
        if self.put_off.take().is_some() && held == Held::Started {
            effects.push(why(view.now, &self.name, "over", "it works again"));
            self.failures.forget();
        }
        let before = std::mem::replace(&mut self.held, next);
        if !next.may_hold() {
            self.give_votes_back(view);
            self.contest.released(&self.name, view.now, effects);
        }
        match (before, next) {
            (_, Held::Started) if before != Held::Started => {
                self.yielded = false;
                self.failures.forget();
                self.contest.taken(view.now);
            }
            // A start that was refused, because it came too late, is not
            // repeated at once.
            (Held::Starting, Held::Stopped) => self.not_before = view.now + view.settings.keepalive * 2,
            (Held::Unknown, Held::Failed) if std::mem::take(&mut self.was_failed) => {}
            (_, Held::Failed) => {
                let text = self.failures.failed(view.now, view.settings.policy.failure_expiry);
                effects.push(why(view.now, &self.name, "alarm", &text));
                self.changed_hands(view, effects);
            }
            (_, Held::Unknown | Held::Stopped | Held::Asking | Held::Starting | Held::Started | Held::Stopping) => {}
        }
        if before != next {
            self.tell(view, effects);
            self.wish_after(next, view, effects);
        }
    }

    fn meaning(&mut self, told: Held, worst: Reason, view: &View) -> Means {
        match (self.held, told) {
            // A start whose lease ended on the way was refused for being late:
            // that says nothing of the group, and is not remembered against it.
            (Held::Starting, Held::Failed) if view.now >= self.leased_until() => Means::Is(Held::Stopped),
            // Nor does one that failed for want of a carrier: it waits for that.
            (Held::Starting, Held::Failed) if self.carrier.fault().is_some() => Means::Is(Held::Stopped),
            // The result of what an earlier life of this process began: it is stopped now.
            (Held::Unknown, Held::Started) if self.is_awaited => Means::Nothing,
            (Held::Unknown, Held::Failed) if self.is_awaited => {
                self.failing |= view.now < self.leased_until() && self.carrier.fault().is_none();
                Means::Nothing
            }
            (Held::Starting | Held::Unknown | Held::Started, Held::Started) => Means::Is(Held::Started),
            // It failed in an earlier life of this process.
            (Held::Unknown, Held::Stopped) if self.failing || self.was_failed => {
                self.was_failed &= !std::mem::take(&mut self.failing);
                Means::Is(Held::Failed)
            }
            (Held::Starting | Held::Unknown | Held::Started | Held::Stopped, Held::Stopped) => Means::Is(Held::Stopped),
            (Held::Starting | Held::Unknown | Held::Stopped | Held::Asking | Held::Failed, Held::Failed) => {
                Means::Is(Held::Failed)
            }
            (Held::Stopping, Held::Stopped) if std::mem::take(&mut self.failing) => Means::Is(Held::Failed),
            (Held::Stopping, Held::Stopped) => Means::Is(Held::Stopped),
            (Held::Started, Held::Failed) => Means::Stop(worst),
            // A start that failed, and after which something may still run.
            (Held::Starting, Held::Unknown) if view.now < self.leased_until() => Means::Stop(Reason::Failed),
            (Held::Started | Held::Starting, Held::Unknown) => Means::Stop(Reason::Unknown),
            // What an earlier life left, and could not be stopped, is stopped like
            // what was served.
            (Held::Stopping, Held::Started | Held::Failed | Held::Unknown) | (Held::Unknown, Held::Unknown) => {
                Means::NotStopped
            }
            (Held::Stopped | Held::Asking | Held::Failed, Held::Started)
            | (Held::Asking | Held::Failed, Held::Stopped)
            | (Held::Stopped | Held::Asking | Held::Failed, Held::Unknown)
            | (_, Held::Asking | Held::Starting | Held::Stopping) => Means::Nothing,
        }
    }

    /// Something is wrong with a group that runs.
    pub(super) fn stop_for(&mut self, reason: Reason, view: &View, effects: &mut Vec<Effect>) {
        match reason {
            Reason::Failed | Reason::Partly => self.failing = true,
            Reason::Unknown | Reason::CutOff => self.changed_hands(view, effects),
        }
        self.stop(reason.text(), view, effects);
    }

    /// Whether another node is ready to serve it.
    pub(super) fn is_wanted_elsewhere(&self, view: &View) -> bool {
        view.peers.values().any(|peer| match peer.knowledge(&self.name) {
            Knowledge::Says(part) => peer.is_ready() && part.stance > Stance::No && !part.held.may_hold(),
            Knowledge::Unknown | Knowledge::Gone => false,
        })
    }

    /// A resource has failed, and no other node can do better: what works of the
    /// group goes on. That is said at once and again.
    pub(super) fn stay(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if self.failures.reminds(true, view.now) {
            let reason = self.able(view).err().unwrap_or_default();
            let text = format!("a resource failed, and no other node can serve it: {reason}; it stays here");
            effects.push(why(view.now, &self.name, "alarm", &text));
        }
    }

    /// Who works on a node makes things fail: that is seen to afterwards, unless
    /// it is told to work again. That it is not known is less than that it failed.
    fn put_off(&mut self, reason: Reason, view: &View, effects: &mut Vec<Effect>) {
        if self.put_off.is_none_or(|before| reason > before) {
            self.put_off = Some(reason);
            let text = format!("{}; that is seen to when the maintenance is over", reason.text());
            effects.push(why(view.now, &self.name, "alarm", &text));
        }
    }

    /// It failed, or went to or from another node, and nobody had asked for it.
    pub(super) fn changed_hands(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if view.maintenance.is_on(view.now) {
            return;
        }
        let policy = &view.settings.policy;
        if let Some(until) = self.flaps.change(view.now, policy.flap_halflife, policy.flap_limit) {
            let text = format!("it changes hands too often: it is not moved by choice before {until}");
            effects.push(why(view.now, &self.name, "damped", &text));
        }
    }

    /// While it has failed here: whether that is still remembered, and whether
    /// nobody else serves it.
    pub(super) fn remember_failure(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if let Some(when) = self.failures.expired(view.now) {
            self.held = Held::Stopped;
            self.not_before = view.now + view.settings.keepalive * 2;
            let text = format!("the failure of {when}: it is served here if nobody else does");
            effects.push(why(view.now, &self.name, "forget", &text));
            return self.tell(view, effects);
        }
        let hopeless = self.is_hopeless(view);
        if self.failures.reminds(hopeless, view.now) {
            let reason = self.able(view).err().unwrap_or_default();
            let text = format!("it failed here and nobody serves it: {reason}; ask clear tries it again");
            effects.push(why(view.now, &self.name, "alarm", &text));
        }
    }
}

//! The results of actions, and what follows from them for a group.

use crate::announce::Held;

use super::group::Group;
use super::{Effect, View, why};

/// Why a group that runs is to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// A resource failed, which is remembered.
    Failed,
    /// Its addresses are not what they should be: it begins anew.
    Unknown,
}

impl Reason {
    fn text(self) -> &'static str {
        match self {
            Reason::Failed => "a resource failed",
            Reason::Unknown => "it is not known whether it still works",
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
    pub(super) fn told(&mut self, told: Held, view: &mut View, effects: &mut Vec<Effect>) {
        let next = match self.meaning(told, view) {
            Means::Is(next) => next,
            Means::Stop(reason) if self.held == Held::Started && view.maintenance.is_on(view.now) => {
                return self.put_off(reason, view, effects);
            }
            Means::Stop(reason) => return self.stop_for(reason, view, effects),
            Means::NotStopped => return self.stop_again(view, effects),
            Means::Nothing => return,
        };
        self.put_off = None;
        self.stop_failures = 0;
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

    fn meaning(&mut self, told: Held, view: &View) -> Means {
        match (self.held, told) {
            // A start whose lease ended on the way was refused for being late:
            // that says nothing of the group, and is not remembered against it.
            (Held::Starting, Held::Failed) if view.now >= self.leased_until() => Means::Is(Held::Stopped),
            (Held::Starting | Held::Unknown | Held::Started, Held::Started) => Means::Is(Held::Started),
            (Held::Starting | Held::Unknown | Held::Started | Held::Stopped, Held::Stopped) => Means::Is(Held::Stopped),
            (Held::Starting | Held::Unknown | Held::Stopped | Held::Asking | Held::Failed, Held::Failed) => {
                Means::Is(Held::Failed)
            }
            (Held::Stopping, Held::Stopped) if std::mem::take(&mut self.failing) => Means::Is(Held::Failed),
            (Held::Stopping, Held::Stopped) => Means::Is(Held::Stopped),
            (Held::Started, Held::Failed) => Means::Stop(Reason::Failed),
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
            Reason::Failed => self.failing = true,
            Reason::Unknown => self.changed_hands(view, effects),
        }
        self.stop(reason.text(), view, effects);
    }

    /// Who works on a node makes things fail: that is seen to afterwards, unless
    /// it is told to work again. That it is not known is less than that it failed.
    fn put_off(&mut self, reason: Reason, view: &View, effects: &mut Vec<Effect>) {
        if ![Some(reason), Some(Reason::Failed)].contains(&self.put_off) {
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

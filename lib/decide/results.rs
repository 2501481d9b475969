//! The results of actions, and what follows from them for a group.

use crate::announce::Held;

use super::group::Group;
use super::{Effect, View, why};

/// What a result means for what this node does with the group.
enum Means {
    /// It does this with it now.
    Is(Held),
    /// It is to be stopped, for this reason; with a failure to remember.
    Stop(&'static str, bool),
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
            Means::Stop(text, failed) => {
                self.failing |= failed;
                if !failed {
                    self.changed_hands(view, effects);
                }
                return self.stop(text, view, effects);
            }
            Means::NotStopped => return self.stop_again(view, effects),
            Means::Nothing => return,
        };
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
            (Held::Started, Held::Failed) => Means::Stop("a resource failed", true),
            // Its addresses are not what they should be: it begins anew.
            (Held::Started, Held::Unknown) => Means::Stop("it is not known whether it still works", false),
            (Held::Stopping, Held::Started | Held::Failed) => Means::NotStopped,
            (Held::Stopped | Held::Asking | Held::Failed, Held::Started)
            | (Held::Asking | Held::Failed, Held::Stopped)
            | (_, Held::Unknown | Held::Asking | Held::Starting | Held::Stopping) => Means::Nothing,
        }
    }

    /// It failed, or went to or from another node, and nobody had asked for it.
    pub(super) fn changed_hands(&mut self, view: &View, effects: &mut Vec<Effect>) {
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

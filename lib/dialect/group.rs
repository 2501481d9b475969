//! One group on this node. See the picture in [`crate::decide`]: its states are
//! the same, but nobody votes for them.

use std::time::Duration;

use crate::announce::Held;
use crate::decide::{Effect, GroupSetting, why};
use crate::record::Line;
use crate::time::Time;

use super::share::Share;

/// A stop that failed is tried again after this time, for ever: the other node is
/// told of a release only when it has succeeded.
const STOP_AGAIN: Duration = Duration::from_secs(5);

/// What a group looks at beside itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) own: &'a str,
    pub(super) now: Time,
    pub(super) keepalive: Duration,
    /// Until when what is served here may be served, by our last heartbeat that
    /// left.
    pub(super) lease: Option<Time>,
    /// A lease that has grown by less is not worth a renewal.
    pub(super) renewal: Duration,
    /// This node was paused.
    pub(super) stalled: bool,
    /// How long a failure is remembered; zero: until a person clears it.
    pub(super) expiry: Duration,
}

/// A group on this node.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    preferred: String,
    held: Held,
    epoch: u64,
    /// Whether it is to be served here, and why or why not.
    wanted: bool,
    text: String,
    /// It has to be stopped, even if it is not known to run.
    releasing: bool,
    /// A resource failed while it ran.
    failing: bool,
    failed_at: Time,
    renewed: Time,
    renew_again: bool,
    not_before: Time,
    stop_at: Time,
    reason: String,
}

impl Group {
    /// Whether this node may hold it.
    pub(super) fn may_hold(&self) -> bool {
        self.held.may_hold()
    }

    pub(super) fn new(setting: &GroupSetting) -> Group {
        Group {
            name: setting.name.clone(),
            preferred: setting.preferred.clone(),
            held: Held::Unknown,
            epoch: 0,
            wanted: false,
            text: String::new(),
            releasing: false,
            failing: false,
            failed_at: Time::ZERO,
            renewed: Time::ZERO,
            renew_again: false,
            not_before: Time::ZERO,
            stop_at: Time::ZERO,
            reason: String::new(),
        }
    }

    /// Which of the two shares of node `own` it belongs to.
    pub(super) fn share(&self, own: &str) -> Share {
        if self.preferred == own { Share::LOCAL } else { Share::FOREIGN }
    }

    /// It is to be served here. One that has failed here is tried once more.
    pub(super) fn want(&mut self, text: &str) {
        self.wanted = true;
        self.releasing = false;
        text.clone_into(&mut self.text);
        self.forget_failure();
    }

    /// It is to be released.
    pub(super) fn release(&mut self, text: &str) {
        self.wanted = false;
        self.releasing = true;
        text.clone_into(&mut self.text);
    }

    /// Forgets that it failed; whether it had.
    pub(super) fn forget_failure(&mut self) -> bool {
        let had = self.held == Held::Failed;
        if had {
            self.held = Held::Stopped;
        }
        had
    }

    pub(super) fn has_failed(&self) -> bool {
        self.held == Held::Failed || self.failing
    }

    /// Whether this node has nothing of it for certain.
    pub(super) fn is_released(&self) -> bool {
        match self.held {
            Held::Stopped | Held::Asking | Held::Failed => true,
            Held::Unknown | Held::Starting | Held::Started | Held::Stopping => false,
        }
    }

    /// Whether it was to be released, and nobody wants it here since.
    pub(super) fn is_given_up(&self) -> bool {
        !self.wanted
    }

    pub(super) fn is_started(&self) -> bool {
        self.held == Held::Started && self.wanted
    }

    /// Whether it is as it is wanted, or cannot be.
    pub(super) fn is_at_rest(&self) -> bool {
        match self.held {
            Held::Started => self.wanted,
            Held::Failed => true,
            Held::Stopped | Held::Asking => !self.wanted,
            Held::Unknown => !self.wanted && !self.releasing,
            Held::Starting | Held::Stopping => false,
        }
    }

    /// Whether it serves it.
    pub(super) fn serves(&self) -> bool {
        self.held == Held::Started
    }

    /// The result of an action, or the state in which the group was found.
    pub(super) fn told(&mut self, told: Held, view: View<'_>, effects: &mut Vec<Effect>) {
        let next = match (self.held, told) {
            // A start that came too late was refused: that says nothing of the group.
            (Held::Starting, Held::Failed) if view.now >= self.renewed => Held::Stopped,
            (Held::Starting | Held::Unknown | Held::Started, Held::Started) => Held::Started,
            (Held::Starting | Held::Unknown | Held::Started | Held::Stopped, Held::Stopped) => Held::Stopped,
            (Held::Starting | Held::Unknown | Held::Stopped | Held::Failed, Held::Failed) => Held::Failed,
            (Held::Stopping, Held::Stopped) if std::mem::take(&mut self.failing) => Held::Failed,
            (Held::Stopping, Held::Stopped) => Held::Stopped,
            (Held::Started, Held::Failed) => {
                self.failing = true;
                return self.stop("a resource failed", view, effects);
            }
            (Held::Started, Held::Unknown) => {
                return self.stop("it is not known whether it still works", view, effects);
            }
            (Held::Starting, Held::Unknown) => {
                self.failing = true;
                return self.stop("its start failed, and something of it may still run", view, effects);
            }
            (Held::Stopping, Held::Started | Held::Failed | Held::Unknown) | (Held::Unknown, Held::Unknown) => {
                if self.held != Held::Stopping {
                    self.held = Held::Stopping;
                    self.tell(view, effects);
                }
                self.stop_at = view.now + STOP_AGAIN;
                let text = "it could not be stopped and is tried again; the other node is not told before";
                return effects.push(why(view.now, &self.name, "alarm", text));
            }
            (Held::Stopped | Held::Failed | Held::Asking, Held::Started)
            | (Held::Failed | Held::Asking, Held::Stopped)
            | (Held::Asking, Held::Failed)
            | (Held::Stopped | Held::Asking | Held::Failed, Held::Unknown)
            | (_, Held::Asking | Held::Starting | Held::Stopping) => return,
        };
        self.become_(next, view, effects);
    }

    fn become_(&mut self, next: Held, view: View<'_>, effects: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.held, next);
        match (before, next) {
            (Held::Starting, Held::Stopped) => self.not_before = view.now + view.keepalive * 2,
            (Held::Starting, Held::Started) => self.renew_again = true,
            (_, Held::Failed) => {
                self.failed_at = view.now;
                effects.push(why(view.now, &self.name, "alarm", "it failed here"));
            }
            (_, Held::Unknown | Held::Stopped | Held::Asking | Held::Starting | Held::Started | Held::Stopping) => {}
        }
        if self.is_released() {
            self.releasing = false;
        }
        if before != next {
            self.tell(view, effects);
        }
    }

    /// Begins at most one action; whether it has stopped because nothing covers it
    /// any more.
    pub(super) fn decide(&mut self, view: View<'_>, effects: &mut Vec<Effect>) -> bool {
        match self.held {
            Held::Unknown if self.releasing => self.stop(&self.text.clone(), view, effects),
            Held::Unknown => self.because("wait", "it is not known whether it runs here", view, effects),
            Held::Stopped | Held::Asking if self.wanted => self.start_or_wait(view, effects),
            Held::Started if !self.wanted => self.stop(&self.text.clone(), view, effects),
            Held::Started if view.lease.is_none() || view.now >= self.renewed => {
                self.stop("its lease has ended: no heartbeat of ours has left for too long", view, effects);
                return true;
            }
            Held::Started => {
                self.because("keep", "it is served here", view, effects);
                self.renew(view, effects);
            }
            Held::Starting => self.renew(view, effects),
            Held::Stopping if view.now >= self.stop_at => self.stop("the last stop failed", view, effects),
            Held::Failed if !view.expiry.is_zero() && view.now >= self.failed_at + view.expiry => {
                effects.push(why(view.now, &self.name, "forget", "the failure here is long past"));
                self.become_(Held::Stopped, view, effects);
            }
            Held::Stopping | Held::Stopped | Held::Asking | Held::Failed => {}
        }
        false
    }

    fn start_or_wait(&mut self, view: View<'_>, effects: &mut Vec<Effect>) {
        let Some(lease) = view.lease.filter(|_| !view.stalled) else {
            let paused = "this node was paused and listens first";
            let text = if view.stalled { paused } else { "no heartbeat of ours has left, so that no lease holds" };
            return self.because("wait", text, view, effects);
        };
        if view.now < self.not_before {
            return self.because("wait", "the last start came too late", view, effects);
        }
        self.held = Held::Starting;
        self.epoch += 1;
        self.renewed = lease;
        self.because("start", &self.text.clone(), view, effects);
        let line = Line::new("do", view.now).word("start").word(&self.name);
        effects.push(Effect::Say(line.field("until", lease).field("epoch", self.epoch)));
        self.tell(view, effects);
    }

    fn renew(&mut self, view: View<'_>, effects: &mut Vec<Effect>) {
        let Some(lease) = view.lease else { return };
        let again = self.held == Held::Started && std::mem::take(&mut self.renew_again);
        if again || lease.since(self.renewed) >= view.renewal {
            self.renewed = lease;
            let line = Line::new("do", view.now).word("renew").word(&self.name);
            effects.push(Effect::Say(line.field("until", lease)));
        }
    }

    fn stop(&mut self, text: &str, view: View<'_>, effects: &mut Vec<Effect>) {
        let first = self.held != Held::Stopping;
        self.held = Held::Stopping;
        self.stop_at = Time::from_micros(u64::MAX);
        self.because("stop", text, view, effects);
        effects.push(Effect::Say(Line::new("do", view.now).word("stop").word(&self.name)));
        if first {
            self.tell(view, effects);
        }
    }

    /// Says again who has the address.
    pub(super) fn reannounce(&self, view: View<'_>, effects: &mut Vec<Effect>) {
        effects.push(Effect::Say(Line::new("do", view.now).word("reannounce").word(&self.name)));
    }

    /// Says why it is not served here, unless that was said last.
    pub(super) fn wait(&mut self, text: &str, view: View<'_>, effects: &mut Vec<Effect>) {
        if !self.wanted && self.is_released() {
            self.because("wait", text, view, effects);
        }
    }

    /// Gives a reason, unless it is the one that was given last.
    fn because(&mut self, verb: &str, text: &str, view: View<'_>, effects: &mut Vec<Effect>) {
        if self.reason.split_once(' ') != Some((verb, text)) {
            self.reason = format!("{verb} {text}");
            effects.push(why(view.now, &self.name, verb, text));
        }
    }

    /// Says in a record what this node does with it.
    fn tell(&self, view: View<'_>, effects: &mut Vec<Effect>) {
        let line = Line::new("group", view.now).word(&self.name).word(self.held.word());
        effects.push(Effect::Say(line.field("node", view.own).field("epoch", self.epoch)));
    }
}

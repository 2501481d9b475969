//! What a person wants of one group, until it is done or has failed.
//!
//! ```text
//!   ask standby  --> refused | accepted --> done: another node serves it
//!                                       --> failed: nobody took it, and it comes back
//!   ask takeover --> refused | accepted --> done: it is served here
//!                                       --> failed: it did not start, another was first,
//!                                           or nothing came of it in time
//! ```

use std::time::Duration;

use crate::announce::{Held, Stance};
use crate::record::{Line, Record};
use crate::time::{Time, seconds};

use super::group::Group;
use super::heritage::{Unsound, number_in, time_in};
use super::peer::Knowledge;
use super::{Effect, Peer, View, why};

/// A request that is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nobody asked for anything.
    #[default]
    Nothing,
    /// Another node shall serve it.
    Standby {
        /// Even when no other node can.
        forced: bool,
        /// When it comes back, unless somebody has begun to take it; from when it
        /// was released.
        until: Option<Time>,
    },
    /// This node shall serve it.
    Takeover {
        /// How many times the group had been taken when it was asked for: who
        /// takes it after that was first.
        epoch: u64,
        /// When it is given up.
        until: Time,
    },
}

impl Wish {
    pub(super) fn is_standby(self) -> bool {
        matches!(self, Wish::Standby { .. })
    }

    pub(super) fn is_takeover(self) -> bool {
        matches!(self, Wish::Takeover { .. })
    }

    /// What a successor needs to know of it.
    pub(super) fn kept(self, line: Line) -> Line {
        let line = line.maybe("wish", self.name());
        match self {
            Wish::Nothing => line,
            Wish::Standby { forced, until } => {
                line.maybe("wish_forced", forced.then_some(1)).maybe("wish_until", until)
            }
            Wish::Takeover { epoch, until } => line.field("wish_epoch", epoch).field("wish_until", until),
        }
    }

    pub(super) fn inherited(record: &Record<'_>) -> Result<Wish, Unsound> {
        let until = time_in(record, "wish_until")?;
        match record.raw("wish") {
            None => Ok(Wish::Nothing),
            Some("standby") => Ok(Wish::Standby { forced: record.raw("wish_forced").is_some(), until }),
            Some("takeover") => {
                let epoch = number_in(record, "wish_epoch")?.ok_or(Unsound)?;
                Ok(Wish::Takeover { epoch, until: until.ok_or(Unsound)? })
            }
            Some(_) => Err(Unsound),
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Wish::Nothing => None,
            Wish::Standby { .. } => Some("standby"),
            Wish::Takeover { .. } => Some("takeover"),
        }
    }
}

impl Group {
    /// Whether a person sent it away, and nobody has taken it yet.
    pub(super) fn is_given_away(&self) -> bool {
        self.wish.is_standby()
    }

    /// A person asks that another node serves it.
    pub(super) fn stand_by(&mut self, force: bool, view: &View, effects: &mut Vec<Effect>) {
        if !self.held.claims() {
            return self.answer("refused", "standby: it is not served here", view, effects);
        }
        let able = self.able(view);
        let text = match &able {
            Ok(name) => format!("standby: {name} can serve it"),
            Err(reason) if force => format!("standby: by force, although {reason}"),
            Err(reason) => {
                let text = format!("standby: no other node can serve it: {reason}");
                return self.answer("refused", &text, view, effects);
            }
        };
        self.replace("standby", view, effects);
        self.wish = Wish::Standby { forced: force, until: None };
        self.answer("accepted", &text, view, effects);
    }

    /// A person asks that this node serves it.
    pub(super) fn claim(&mut self, force: bool, view: &View, effects: &mut Vec<Effect>) {
        if view.leaving {
            return self.answer("refused", "takeover: this node is leaving", view, effects);
        }
        if let Some(fault) = self.carrier.fault().filter(|_| !self.held.may_hold()) {
            return self.answer("refused", &format!("takeover: {fault}"), view, effects);
        }
        let text = match self.held {
            Held::Started => {
                self.replace("takeover", view, effects);
                return self.answer("done", "takeover: it is served here already", view, effects);
            }
            Held::Failed if !force => {
                let text = "takeover: it failed here; ask clear first, or use force";
                return self.answer("refused", text, view, effects);
            }
            Held::Failed => {
                self.forget_failure(view, effects);
                "takeover: by force, although it failed here"
            }
            Held::Starting => "takeover: it is being started here",
            Held::Unknown | Held::Stopped | Held::Asking | Held::Stopping => "takeover: it is to be served here",
        };
        self.replace("takeover", view, effects);
        self.wish = Wish::Takeover { epoch: self.epoch(), until: view.now + view.patience() };
        // The peers hear of the claim before it is acted on.
        self.not_before = view.now + view.settings.keepalive * 2;
        self.answer("accepted", text, view, effects);
    }

    /// A person asks to forget what keeps this node from serving it.
    pub(super) fn clear(&mut self, view: &View, effects: &mut Vec<Effect>) {
        let standby = self.wish.is_standby();
        if standby {
            self.replace("clear", view, effects);
        }
        let text = if self.held == Held::Failed {
            self.forget_failure(view, effects);
            "clear: its failure is forgotten"
        } else if std::mem::take(&mut self.failing) | std::mem::take(&mut self.was_failed) {
            "clear: its failure is forgotten; it is stopped first"
        } else if self.put_off.take().is_some() {
            "clear: its failure is forgotten, and it goes on"
        } else if standby {
            "clear: it no longer stands by"
        } else if self.failures.is_doubted() || self.flaps.is_damped(view.now) {
            "clear: it may come back and move again"
        } else {
            "clear: there was nothing to forget"
        };
        self.failures.forget();
        self.flaps.forget();
        self.answer("done", text, view, effects);
    }

    pub(super) fn forget_failure(&mut self, view: &View, effects: &mut Vec<Effect>) {
        self.held = Held::Stopped;
        self.not_before = view.now + view.settings.keepalive * 2;
        self.tell(view, effects);
    }

    /// Another request takes the place of what was wished before.
    fn replace(&mut self, by: &str, view: &View, effects: &mut Vec<Effect>) {
        if let Some(name) = self.wish.name().filter(|name| *name != by) {
            self.answer("failed", &format!("{name}: {by} was asked for since"), view, effects);
        }
        self.wish = Wish::Nothing;
    }

    fn end_wish(&mut self, answer: &str, text: &str, view: &View, effects: &mut Vec<Effect>) {
        self.wish = Wish::Nothing;
        self.answer(answer, text, view, effects);
    }

    fn answer(&self, answer: &str, text: &str, view: &View, effects: &mut Vec<Effect>) {
        effects.push(why(view.now, &self.name, answer, text));
    }

    /// It was started here, or has failed.
    pub(super) fn wish_after(&mut self, held: Held, view: &View, effects: &mut Vec<Effect>) {
        match held {
            Held::Started if self.wish.is_takeover() => {
                self.end_wish("done", "takeover: it is served here", view, effects);
            }
            Held::Failed if self.wish.is_takeover() => {
                self.end_wish("failed", "takeover: it did not start here", view, effects);
            }
            Held::Unknown
            | Held::Stopped
            | Held::Asking
            | Held::Starting
            | Held::Started
            | Held::Stopping
            | Held::Failed => {}
        }
    }

    /// Looks whether what a person wished has come about, or cannot any more.
    pub(super) fn look_at_wish(&mut self, view: &View, effects: &mut Vec<Effect>) {
        match self.wish {
            Wish::Nothing => {}
            Wish::Standby { forced, until } => self.look_at_standby(forced, until, view, effects),
            Wish::Takeover { epoch, until } => self.look_at_takeover(epoch, until, view, effects),
        }
    }

    /// A standby is done when another serves, and has failed when no other can
    /// any more, or none took it in time. One that was forced waits for ever.
    fn look_at_standby(&mut self, forced: bool, until: Option<Time>, view: &View, effects: &mut Vec<Effect>) {
        match self.held {
            Held::Stopped | Held::Failed => {}
            Held::Unknown | Held::Asking | Held::Starting | Held::Started | Held::Stopping => return,
        }
        let server = self
            .others
            .iter()
            .find(|(name, part)| part.held == Held::Started && view.peers.get(*name).is_some_and(Peer::is_heard));
        if let Some((name, _)) = server {
            let text = format!("standby: {name} serves it");
            self.yielded = true;
            return self.end_wish("done", &text, view, effects);
        }
        if forced {
            return;
        }
        if self.is_hopeless(view) {
            let reason = self.able(view).err().unwrap_or_default();
            let text = format!("standby: no other node can serve it: {reason}; it comes back");
            return self.end_wish("failed", &text, view, effects);
        }
        let holds = |peer: &Peer| matches!(peer.knowledge(&self.name), Knowledge::Says(part) if part.held.may_hold());
        let begun = view.peers.values().any(holds);
        // While this node was paused, somebody may have taken it unheard.
        let listened = view.voting.listening_from() + view.patience();
        match until.filter(|_| !begun) {
            Some(until) if view.now >= until.max(listened) => {
                let text = format!("standby: nobody took it within {} s; it comes back", tenths(view.patience()));
                self.end_wish("failed", &text, view, effects);
            }
            Some(_) => {}
            None => self.wish = Wish::Standby { forced, until: Some(view.now + view.patience()) },
        }
    }

    /// A takeover has failed when another has taken the group after it was asked
    /// for, so that of two that are asked for at once one wins; and when nothing
    /// has come of it in time.
    fn look_at_takeover(&mut self, epoch: u64, until: Time, view: &View, effects: &mut Vec<Effect>) {
        match self.held {
            Held::Unknown | Held::Stopped | Held::Asking | Held::Failed => {}
            Held::Starting | Held::Started | Held::Stopping => return,
        }
        let says = |peer: &Peer| match peer.knowledge(&self.name) {
            Knowledge::Says(part) => Some(part),
            Knowledge::Unknown | Knowledge::Gone => None,
        };
        let mut parts = view.peers.iter().filter_map(|(name, peer)| Some((name, says(peer)?)));
        if let Some((name, _)) = parts.clone().find(|(_, part)| part.held.claims() && part.epoch > epoch) {
            let text = format!("takeover: {name} has taken it since");
            return self.end_wish("failed", &text, view, effects);
        }
        // Who takes long to release it is waited for.
        if view.now >= until && !parts.any(|(_, part)| part.held == Held::Stopping) {
            let text = format!(
                "takeover: not within {} s: {}",
                tenths(view.patience()),
                self.obstacle(view).unwrap_or_default()
            );
            self.end_wish("failed", &text, view, effects);
        }
    }

    /// Whether no other node serves it, and none will without the help of a
    /// person.
    pub(super) fn is_hopeless(&self, view: &View) -> bool {
        view.peers.values().all(|peer| match peer.knowledge(&self.name) {
            Knowledge::Gone => true,
            Knowledge::Unknown => false,
            Knowledge::Says(part) => part.stance == Stance::No && !part.held.may_hold(),
        })
    }

    /// Another node that could serve it at once, or why none can.
    pub(super) fn able<'a>(&self, view: &'a View) -> Result<&'a str, String> {
        let mut reasons = Vec::new();
        for (name, peer) in &view.peers {
            match peer.inability(&self.name) {
                None => return Ok(name),
                Some(reason) => reasons.push(format!("{name} {reason}")),
            }
        }
        Err(if reasons.is_empty() { "there is no other node".to_owned() } else { reasons.join(", ") })
    }
}

/// Seconds with one decimal, for a sentence.
fn tenths(span: Duration) -> String {
    seconds(Duration::from_millis(u64::try_from(span.as_millis() / 100 * 100).unwrap_or(u64::MAX)))
}

//! Whether the interface that a group's addresses belong on carries anything: the
//! word of `ipaddr-agent hold`, which hears it from the kernel.
//!
//! A node whose interface does not is not able to serve the group, at this time: its
//! stance is `no`. It does not begin; what it serves it gives up when that has lasted
//! for [`DAMPING`] and another node can serve it. Nothing of that is remembered: with
//! the carrier the node is able again.

use std::time::Duration;

use crate::announce::Held;
use crate::record::{Line, Record};
use crate::time::Time;

use super::group::Group;
use super::heritage::{Unsound, time_in};
use super::results::Reason;
use super::{Decide, Effect, Strange, View, why};

/// How long a carrier has to be away before what runs goes elsewhere: a switch
/// that both nodes are plugged into goes for both, a little apart.
const DAMPING: Duration = Duration::from_secs(1);

/// What failed so shortly before the carrier was told to be away failed for want
/// of it.
const BEFORE: Duration = Duration::from_secs(2);

/// So many characters of a reason are left to a successor.
const WHY: usize = 100;

/// What is known of the way to a group's addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Carrier {
    /// Nobody has said anything: it counts as there.
    #[default]
    Untold,
    There,
    /// Since when it is away, and why.
    Away(Time, String),
}

impl Carrier {
    /// Why there is none.
    pub(super) fn fault(&self) -> Option<&str> {
        match self {
            Carrier::Away(_, why) => Some(why),
            Carrier::Untold | Carrier::There => None,
        }
    }

    /// What a successor needs to know of it: who says so does not say it again.
    pub(super) fn kept(&self, line: Line) -> Line {
        match self {
            Carrier::Away(since, why) => {
                let why: String = why.chars().take(WHY).collect();
                line.field("carrier_away", since).field("carrier_why", why)
            }
            Carrier::Untold | Carrier::There => line,
        }
    }

    pub(super) fn inherited(record: &Record<'_>) -> Result<Carrier, Unsound> {
        let Some(since) = time_in(record, "carrier_away")? else { return Ok(Carrier::Untold) };
        Ok(Carrier::Away(since, record.get("carrier_why").ok_or(Unsound)?.into_owned()))
    }

    /// Whether it is away, and has been for long enough for what is held.
    fn is_away(&self, holding: bool, now: Time) -> bool {
        match self {
            Carrier::Away(since, _) => !holding || now.since(*since) >= DAMPING,
            Carrier::Untold | Carrier::There => false,
        }
    }
}

impl Group {
    /// Whether this node is not able to serve it for want of a carrier.
    pub(super) fn is_cut_off(&self, view: &View) -> bool {
        self.carrier.is_away(self.held.may_hold(), view.now)
    }

    /// Takes the news of its carrier.
    fn carried(&mut self, carrier: Carrier, view: &View, effects: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.carrier, carrier);
        match (&before, &self.carrier) {
            // It goes on for the reason that was given first.
            (Carrier::Away(since, _), Carrier::Away(_, reason)) => {
                self.carrier = Carrier::Away(*since, reason.clone());
            }
            (Carrier::Untold | Carrier::There, Carrier::Away(_, reason)) => {
                let text = format!("{reason}: this node cannot serve it without");
                effects.push(why(view.now, &self.name, "connectivity", &text));
                self.failed_for_it(view, effects);
            }
            (Carrier::Away(..), Carrier::There) => {
                effects.push(why(view.now, &self.name, "connectivity", "its interface is fit again"));
            }
            (_, Carrier::Untold | Carrier::There) => {}
        }
    }

    /// A failure for which the carrier is to blame is none of this node.
    fn failed_for_it(&mut self, view: &View, effects: &mut Vec<Effect>) {
        if self.held == Held::Failed && self.failures.is_younger(BEFORE, view.now) {
            self.failures.forget();
            self.forget_failure(view, effects);
        }
    }

    /// Something is wrong with it while there is no carrier: that says nothing of
    /// the group, which begins anew when there is one.
    pub(super) fn blamed(&self, reason: Reason) -> Reason {
        match (reason, &self.carrier) {
            (Reason::Failed | Reason::Partly, Carrier::Away(..)) => Reason::CutOff,
            (reason, _) => reason,
        }
    }
}

impl Decide {
    /// `carrier T GROUP up|down`: of this node's interface.
    pub(super) fn carrier(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let name = record.subject().ok_or(Strange::Incomplete)?;
        let now = self.view.now;
        let carrier = match record.state().ok_or(Strange::Incomplete)? {
            "up" => Carrier::There,
            "down" => {
                let reason =
                    record.get("reason").map_or("its interface has no carrier".into(), |text| text.into_owned());
                Carrier::Away(now, reason)
            }
            "unknown" => Carrier::Untold,
            _ => return Err(Strange::Incomplete),
        };
        let group = self.groups.iter_mut().find(|group| group.name() == name).ok_or(Strange::UnknownGroup)?;
        group.carried(carrier, &self.view, effects);
        Ok(())
    }
}

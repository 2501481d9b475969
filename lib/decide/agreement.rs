//! Whether a peer has the configuration that this node has, and speaks the same
//! version of the announcements.
//!
//! Nothing stops for a difference: what both understand is understood, and a group
//! that a peer does not announce is never moved there. But people must know, before
//! it matters: two files that each name their own node as the preferred one, say.

use crate::announce;
use crate::record::Line;
use crate::time::Time;

use super::peer::Said;
use super::{Effect, Settings, why};

/// How something of a peer compares with ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Comparison {
    /// One of the two is not known.
    #[default]
    Unknown,
    Same,
    Differs,
}

impl Comparison {
    fn of<T: PartialEq>(theirs: Option<T>, ours: Option<T>) -> Comparison {
        match (theirs, ours) {
            (Some(theirs), Some(ours)) if theirs == ours => Comparison::Same,
            (Some(_), Some(_)) => Comparison::Differs,
            (None, _) | (_, None) => Comparison::Unknown,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Comparison::Unknown => "unknown",
            Comparison::Same => "same",
            Comparison::Differs => "differs",
        }
    }
}

/// What was found of one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Agreement {
    config: Comparison,
    version: Comparison,
}

impl Agreement {
    pub(super) fn config_differs(&self) -> bool {
        self.config == Comparison::Differs
    }

    /// Takes what the peer `name` says of itself; what has changed is said.
    pub(super) fn see(&mut self, name: &str, said: &Said, settings: &Settings, now: Time, effects: &mut Vec<Effect>) {
        let digest = |text| Some(text).filter(|text| *text != "-");
        let found = Agreement {
            config: Comparison::of(digest(said.digest.as_str()), digest(settings.digest.as_str())),
            version: Comparison::of(said.version, Some(announce::VERSION)),
        };
        let before = std::mem::replace(self, found);
        if before == found {
            return;
        }
        let line = Line::new("peer", now).word(name).field("config", found.config.word());
        effects.push(Effect::Say(line.field("version", found.version.word())));
        match (before.config, found.config) {
            (was, is) if was == is => {}
            (_, Comparison::Differs) => {
                let text = "its configuration differs from ours, compare hb-config digest on both";
                effects.push(why(now, name, "config", text));
            }
            (Comparison::Differs, Comparison::Same) => {
                effects.push(why(now, name, "config", "its configuration is as ours again"));
            }
            (_, Comparison::Unknown | Comparison::Same) => {}
        }
        if let (Comparison::Differs, Some(theirs)) = (found.version, said.version) {
            if before.version != found.version {
                let text = format!(
                    "it announces in version {theirs}, this node in {}: what both know is understood, update the older",
                    announce::VERSION
                );
                effects.push(why(now, name, "version", &text));
            }
        }
    }
}

#[cfg(test)]
mod tests;

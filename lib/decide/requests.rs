//! What people and scripts ask for, and for which groups. Every request is
//! answered by `why` lines: refused, with the reason; or accepted, and later done
//! or failed.

use crate::record::Record;

use super::group::Group;
use super::{Decide, Effect, Strange, View, why};

/// Whether a group is meant by a scope that is no name of a group.
fn means(scope: &str, group: &Group, own: &str) -> Option<bool> {
    match scope {
        "all" => Some(true),
        "local" => Some(group.preferred() == own),
        "foreign" | "failback" => Some(group.preferred() != own),
        _ => None,
    }
}

impl Decide {
    /// Takes a request.
    ///
    /// # Errors
    /// The record does not say what is asked for.
    pub(super) fn ask(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let mut words = record.words();
        let what = words.next().ok_or(Strange::Incomplete)?;
        let scope = words.next();
        let force = record.raw("force") == Some("1");
        if what == "takeover" && force {
            self.insist(effects);
        }
        match what {
            "shutdown" => self.shut_down(effects),
            "maintenance" => self.maintain(scope, record, effects),
            "standby" => self.each(what, scope, effects, |group, view, effects| group.stand_by(force, view, effects)),
            "fenced" => self.confirm_fenced(scope.unwrap_or_default(), effects),
            "takeover" => self.each(what, scope, effects, |group, view, effects| group.claim(force, view, effects)),
            "clear" => self.each(what, scope, effects, |group, view, effects| group.clear(view, effects)),
            _ => effects.push(why(self.view.now, "ask", "refused", &format!("{what}: no such request is known"))),
        }
        Ok(())
    }

    fn shut_down(&mut self, effects: &mut Vec<Effect>) {
        if !self.view.leaving {
            self.view.leaving = true;
            let text = "shutdown: everything is released first";
            effects.push(why(self.view.now, &self.view.settings.own, "accepted", text));
        }
    }

    /// Gives a request to every group that is meant, or says that none is.
    fn each(
        &mut self,
        what: &str,
        scope: Option<&str>,
        effects: &mut Vec<Effect>,
        mut give: impl FnMut(&mut Group, &View, &mut Vec<Effect>),
    ) {
        let scope = scope.unwrap_or("all");
        let mut meant = 0;
        for group in &mut self.groups {
            let by_scope = means(scope, group, &self.view.settings.own);
            if by_scope.unwrap_or(group.name() == scope) {
                give(group, &self.view, effects);
                meant += 1;
            }
        }
        if meant == 0 {
            let text = format!("{what}: no group here is meant by {scope}");
            effects.push(why(self.view.now, "ask", "refused", &text));
        }
    }
}

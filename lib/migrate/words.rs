//! Scripts that Heartbeat judged by the words that their status prints, and hbkit by
//! its exit status.

use std::collections::BTreeSet;

use crate::ha_cf::HaCf;
use crate::haresources::{Group, Kind, Resource};
use crate::problem::Problems;

/// Those that hbkit brings, or takes for words of its own: their status means what
/// it says.
const OURS: [&str; 12] = [
    "Command",
    "Delay",
    "Filesystem",
    "IPsrcaddr",
    "MailTo",
    "SendArp",
    "Systemd",
    "command",
    "drbddisk",
    "ocf",
    "systemd",
    "words",
];

/// Says of each script, once, what its status is judged by, where ha.cf does not say
/// it.
pub fn advise(conf: &HaCf, groups: &[Group], problems: &mut Problems) {
    let mut told = BTreeSet::new();
    for group in groups {
        for name in group.resources.iter().filter_map(|resource| unsaid(conf, resource)) {
            if told.insert(name) {
                let what = format!(
                    "Heartbeat judged {name} by the words that its status prints, hbkit goes by the exit status (0 \
                     runs, 3 stopped): where that means nothing, write 'resource {name} words=yes' in ha.cf"
                );
                problems.warning(group.line, what);
            }
        }
    }
}

fn unsaid<'a>(conf: &HaCf, resource: &'a Resource) -> Option<&'a str> {
    let Kind::Script { name, .. } = &resource.kind else { return None };
    let word = resource.to_string();
    let is_said = conf.resource.iter().any(|rule| rule.is_about(&word) && rule.says_words());
    (!is_said && !OURS.contains(&name.as_str())).then_some(name)
}

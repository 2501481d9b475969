//! All verdicts once more, for a hb-decide that has just begun: the one before it
//! took what it was told to its grave.

use crate::record::{Line, Record};
use crate::time::{Time, seconds};

use super::Judge;
use super::node::{State, link_line};

impl Judge {
    /// A stage has ended: `died T STAGE STATUS`. What is said again is no news, and is
    /// marked so. Before the first tick there is no verdict yet.
    pub(super) fn died(&mut self, record: &Record<'_>, verdicts: &mut Vec<Line>) {
        if let (Some("hb-decide"), Some(now)) = (record.subject(), self.now) {
            let mut lines = Vec::new();
            self.say_all(now, &mut lines);
            verdicts.extend(lines.into_iter().map(|line| line.field("again", 1)));
        }
    }

    fn say_all(&mut self, now: Time, verdicts: &mut Vec<Line>) {
        verdicts.push(Line::new("self", now).word(if self.stalled { "stalled" } else { "ready" }));
        for (name, node) in self.roster.iter_mut() {
            if node.is_judged {
                let line = Line::new("node", now).word(name).word(node.state.word());
                let silent = node.heard.map(|heard| seconds(now.since(heard)));
                verdicts.push(match node.state {
                    State::Init => line,
                    State::Up | State::Active => node.with_hearing(line),
                    State::Late => node.with_hearing(line.maybe("silent", silent)),
                    State::Dead => line.maybe("silent", silent),
                });
            }
            for (via, link) in &node.links {
                if link.state.is_told() {
                    verdicts.push(link_line(now, name, via, link.state));
                }
            }
        }
        for (name, node) in &self.ping {
            verdicts.extend(node.verdict_again(now, name));
        }
    }
}

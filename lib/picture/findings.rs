//! What is wrong, worst first.

use crate::time::Time;

use super::{Picture, number, text, time};

/// A loss that people want to hear of, and of how many messages at least.
const LOSS: f64 = 0.1;
const ENOUGH: f64 = 16.0;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// A person should look at it: a further failure may not be survived.
    Warning,
    /// A group is not served, or by two.
    Critical,
}

impl Level {
    /// As monitoring systems call it.
    pub fn word(self) -> &'static str {
        match self {
            Level::Ok => "OK",
            Level::Warning => "WARNING",
            Level::Critical => "CRITICAL",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What it is, in words.
    pub text: String,
}

impl Picture<'_> {
    /// What is wrong, worst first.
    pub fn findings(&self, now: Time) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut say = |level: Level, text: String| found.push(Finding { level, text });
        self.of_groups(&mut say);
        for (subject, record) in self.of("alarm") {
            say(Level::Warning, format!("{subject}: {}", text(&record, "text")));
        }
        self.of_nodes(now, &mut say);
        self.of_links(&mut say);
        for (target, answer, _) in self.targets() {
            match answer {
                Some(true) => {}
                Some(false) => say(Level::Warning, format!("{target} does not answer")),
                None => say(Level::Warning, format!("{target} cannot be asked")),
            }
        }
        for (_, record) in self.of("self").filter(|(_, record)| record.raw("state") == Some("stalled")) {
            let gap = record.raw("gap").unwrap_or("some");
            say(Level::Warning, format!("this node was paused for {gap} s, and listens first"));
        }
        self.of_resources(&mut say);
        for (device, record) in self.of("watchdog") {
            if matches!(record.raw("state"), Some("failed" | "reset" | "left")) {
                let (state, reason) = (text(&record, "state"), text(&record, "reason"));
                say(Level::Warning, format!("{device}: {state} {reason}").trim_end().to_owned());
            }
        }
        for (_, record) in self.of("unkept") {
            say(Level::Warning, format!("{} records were not kept", text(&record, "n")));
        }
        found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        found
    }

    fn of_groups(&self, say: &mut impl FnMut(Level, String)) {
        for group in self.groups() {
            let servers: Vec<&str> = self.servers(group).iter().map(|part| part.node).collect();
            let moving = self.parts(group).find(|part| matches!(part.state, "starting" | "stopping"));
            match (servers.as_slice(), moving) {
                ([_], _) => {}
                ([], Some(part)) => say(Level::Warning, format!("{group} is {} on {}", part.state, part.node)),
                ([], None) => {
                    let reason = self.of("reason").find(|(name, _)| *name == group);
                    let reason = reason.map(|(_, record)| format!(": {}", text(&record, "text")));
                    say(Level::Critical, format!("nobody serves {group}{}", reason.unwrap_or_default()));
                }
                (several, _) => say(Level::Critical, format!("{group} is served by {}", several.join(" and "))),
            }
            for part in self.parts(group).filter(|part| part.state == "failed") {
                say(Level::Warning, format!("{group} has failed on {}", part.node));
            }
        }
    }

    /// What this node's own tools found of what belongs to its groups.
    fn of_resources(&self, say: &mut impl FnMut(Level, String)) {
        let because = |reason: String| if reason.is_empty() { reason } else { format!(": {reason}") };
        for (group, record) in self.of("carrier").filter(|(_, record)| record.raw("state") != Some("up")) {
            say(Level::Warning, format!("{group} has no carrier here{}", because(text(&record, "reason"))));
        }
        for (group, record) in self.of("monitor") {
            let [name, n, of] = ["name", "n", "of"].map(|key| text(&record, key));
            let what = match record.raw("state") {
                Some("failed") => "has failed".to_owned(),
                Some("unknown") => "cannot be asked".to_owned(),
                Some("restart") => format!("has failed, and is started again, {n} of {of}"),
                Some("not-restarted") => "has failed, and did not start again".to_owned(),
                Some("given-up") => "has failed, and has no restarts left".to_owned(),
                state => state.unwrap_or("unknown").to_owned(),
            };
            say(Level::Warning, format!("{group}: {name} {what}{}", because(text(&record, "reason"))));
        }
        for (name, record) in self.of("respawn") {
            let what = match record.raw("state") {
                Some("failed") => "could not be started",
                Some("ended") => "has ended, and is started again",
                Some(_) | None => continue,
            };
            say(Level::Warning, format!("{name}: it {what}{}", because(text(&record, "reason"))));
        }
    }

    fn of_nodes(&self, now: Time, say: &mut impl FnMut(Level, String)) {
        for (name, record) in self.nodes() {
            let [state, hears, config, version] = record.raw_all(["state", "hears", "config", "version"]);
            match state {
                Some("own" | "active" | "up") => {}
                Some("init") => say(Level::Warning, format!("{name} was not heard yet")),
                state => say(Level::Warning, format!("{name} is {}", state.unwrap_or("unknown"))),
            }
            if hears == Some("no") && state != Some("dead") {
                say(Level::Warning, format!("{name} does not hear this node"));
            }
            if config == Some("differs") {
                say(Level::Warning, format!("{name} has another configuration"));
            }
            if version == Some("differs") {
                say(Level::Warning, format!("{name} has another version"));
            }
            if let Some(until) = time(&record, "maintenance").filter(|until| *until > now) {
                let left = crate::tale::span(until.since(now));
                say(Level::Warning, format!("{name} is in maintenance for {left} more"));
            }
        }
    }

    fn of_links(&self, say: &mut impl FnMut(Level, String)) {
        for (name, record) in self.of("link") {
            match (record.raw("state"), number(&record, "loss"), number(&record, "of")) {
                (Some("up"), Some(loss), Some(of)) if loss >= LOSS && of >= ENOUGH => {
                    say(Level::Warning, format!("{name} loses {:.0} %", loss * 100.0));
                }
                (Some("up"), ..) => {}
                (Some("oneway"), ..) if record.raw("direction") == Some("in") => {
                    say(Level::Warning, format!("{name} works one way: the other node does not hear us"));
                }
                (Some("oneway"), ..) => say(Level::Warning, format!("{name} works one way: to the other node")),
                (state, ..) => say(Level::Warning, format!("{name} is {}", state.unwrap_or("unknown"))),
            }
        }
    }
}

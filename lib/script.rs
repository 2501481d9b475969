//! The script of a resource on one host: where hb-resource finds it, and why what it
//! finds does not run.

use crate::ha_cf::HaCf;
use crate::haresources::{Group, Kind, Resource};
use crate::problem::{Problems, quote};

/// What there is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// No file.
    Absent,
    /// A file that may not be run.
    Idle,
    /// A program, and how it begins: see [`BEGINNING`].
    Program(Vec<u8>),
    /// It could not be told, or what is in it could not be read.
    Unknown,
}

/// So many bytes of a program say whether it runs.
pub const BEGINNING: u64 = 4096;

/// Where scripts are on a host, and what is there.
pub struct Host<'a> {
    /// The directories of scripts, in the order in which they are searched.
    pub places: Vec<String>,
    /// The directory of OCF's agents, in which each provider has one.
    pub agents: String,
    /// The directories of systemd's units, where systemd runs.
    pub units: Option<Vec<String>>,
    /// Those of PATH.
    pub path: Vec<String>,
    /// Looks at a path.
    pub sight: &'a dyn Fn(&str) -> Sight,
}

/// Says which resources could not be started on `node`, on whose host the files are
/// looked at, and why. A node that is not of the cluster starts none: its host says
/// nothing about them.
pub fn check(conf: &HaCf, groups: &[Group], node: &str, host: &Host<'_>, problems: &mut Problems) {
    if !conf.node.iter().any(|known| known == node) {
        return;
    }
    for group in groups {
        for what in group.resources.iter().filter_map(|resource| host.doubt(resource)) {
            problems.warning(group.line, what);
        }
    }
}

impl Host<'_> {
    /// Why a resource could not be started here, as a sentence.
    pub fn doubt(&self, resource: &Resource) -> Option<String> {
        let Kind::Script { name, args } = &resource.kind else { return None };
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let what = match (name.as_str(), args.as_slice()) {
            ("words", [script, rest @ ..]) => self.of_script(script, rest),
            (name, args) => self.of_script(name, args),
        };
        what.map(|what| format!("{}: {what}", quote(&resource.word)))
    }

    fn of_script(&self, name: &str, args: &[&str]) -> Option<String> {
        let mut idle = None;
        for path in self.places.iter().map(|place| format!("{place}/{name}")) {
            match (self.sight)(&path) {
                Sight::Absent => {}
                Sight::Idle => idle = idle.or(Some(path)),
                Sight::Unknown => return None,
                Sight::Program(begins) => {
                    let wrong = self.of_program(&path, &begins).or_else(|| self.behind(name, args)).map(cannot);
                    let hidden =
                        idle.map(|idle| format!("{}, and {path} is taken in its place", not_executable(&idle)));
                    return wrong.or(hidden);
                }
            }
        }
        match idle {
            Some(path) => Some(cannot(not_executable(&path))),
            None if self.has_unit(name) => None,
            None => Some(cannot(format!("there is no such script in {}", listed(&self.places)))),
        }
    }

    /// What some of hbkit's own scripts run in their turn.
    fn behind(&self, name: &str, args: &[&str]) -> Option<String> {
        match (name, args) {
            ("ocf", [provider, agent, ..]) => self.of_path(&format!("{}/{provider}/{agent}", self.agents)),
            ("command" | "Command", [program, ..]) if program.starts_with('/') => self.of_path(program),
            ("command" | "Command", [program, ..]) if !program.contains('/') => {
                (!self.is_in_path(program)).then(|| format!("{program} is in no directory of PATH"))
            }
            ("systemd" | "Systemd", [unit, ..]) => match &self.units {
                None => Some("systemd does not run here".to_owned()),
                Some(_) if self.has_unit(unit) => None,
                Some(_) => Some(format!("systemd has no unit {}", full_unit(unit))),
            },
            _ => None,
        }
    }

    fn of_path(&self, path: &str) -> Option<String> {
        match (self.sight)(path) {
            Sight::Absent => Some(format!("{path} is not there")),
            Sight::Idle => Some(not_executable(path)),
            Sight::Unknown => None,
            Sight::Program(begins) => self.of_program(path, &begins),
        }
    }

    /// Why the kernel would not run a program that begins so.
    fn of_program(&self, path: &str, begins: &[u8]) -> Option<String> {
        if begins.starts_with(b"\x7fELF") {
            return None;
        }
        let Some(text) = begins.strip_prefix(b"#!") else {
            return Some(format!("{path} does not begin with '#!' and an interpreter"));
        };
        let line = String::from_utf8_lossy(text.split(|byte| *byte == b'\n').next().unwrap_or_default());
        if line.ends_with('\r') {
            return Some(format!(
                "the lines of {path} end in CR LF, which is taken for a part of its interpreter's name"
            ));
        }
        let (interpreter, argument) = line.trim().split_once([' ', '\t']).unwrap_or((line.trim(), ""));
        match (self.sight)(interpreter) {
            Sight::Absent | Sight::Idle => {
                return Some(format!("the interpreter of {path}, {}, is not there", quote(interpreter)));
            }
            Sight::Program(_) | Sight::Unknown => {}
        }
        let looked_for = looked_for(interpreter, argument.trim())?;
        (!self.is_in_path(looked_for))
            .then(|| format!("the interpreter of {path}, {}, is in no directory of PATH", quote(looked_for)))
    }

    fn is_in_path(&self, program: &str) -> bool {
        let mut there = self.path.iter().map(|place| (self.sight)(&format!("{place}/{program}")));
        there.any(|sight| matches!(sight, Sight::Program(_) | Sight::Unknown))
    }

    /// As systemd.unit(5): a unit, or what it is made of.
    fn has_unit(&self, name: &str) -> bool {
        let unit = full_unit(name);
        let template = unit.split_once('@').map(|(name, rest)| {
            let kind = rest.rsplit_once('.').map_or("", |(_, kind)| kind);
            format!("{name}@.{kind}")
        });
        let names: Vec<String> = std::iter::once(unit).chain(template).collect();
        let places = self.units.as_deref().unwrap_or_default();
        let mut paths = places.iter().flat_map(|place| names.iter().map(move |name| format!("{place}/{name}")));
        paths.any(|path| (self.sight)(&path) != Sight::Absent)
    }
}

/// What env(1) looks for in PATH. The kernel hands all behind the interpreter over
/// as one argument, which -S splits.
fn looked_for<'a>(interpreter: &str, argument: &'a str) -> Option<&'a str> {
    if interpreter.rsplit('/').next() != Some("env") {
        return None;
    }
    let Some(split) = argument.strip_prefix("-S") else {
        return (!argument.starts_with('-') && !argument.is_empty()).then_some(argument);
    };
    split.split_ascii_whitespace().find(|word| !word.starts_with('-') && !word.contains('='))
}

/// systemctl takes a name without a kind for a service.
fn full_unit(name: &str) -> String {
    const KINDS: [&str; 11] =
        ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];
    let is_whole = name.rsplit_once('.').is_some_and(|(_, kind)| KINDS.contains(&kind));
    if is_whole { name.to_owned() } else { format!("{name}.service") }
}

fn cannot(why: String) -> String {
    format!("this node could not start it: {why}")
}

fn not_executable(path: &str) -> String {
    format!("{path} is not executable")
}

/// `a, b or c`.
fn listed(places: &[String]) -> String {
    match places {
        [] => "no directory".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;

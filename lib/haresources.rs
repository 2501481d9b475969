//! haresources: which groups there are, which node should serve each, and of
//! what resources they consist.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use crate::address::Spec;
use crate::conf_file;
use crate::conf_lines::{self, LINE_MAX, Line};
use crate::name;
use crate::problem::{Problems, quote};

mod forms;
mod resource;

pub use resource::{Kind, Resource, ResourceError};

/// The most groups.
pub const GROUPS_MAX: usize = 100;

/// The most resources of one group.
pub const RESOURCES_MAX: usize = 64;

/// One line of haresources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name in records: the first resource, of an address the address
    /// alone, with `-` for what cannot stand in a name.
    pub name: String,
    /// The preferred node, in lower case.
    pub node: String,
    /// From left to right, as they are started.
    pub resources: Vec<Resource>,
    /// The line it begins on.
    pub line: usize,
}

impl Group {
    /// The addresses among its resources.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.specs().map(|spec| spec.address)
    }

    /// The addresses among its resources, and how they are to be installed.
    pub fn specs(&self) -> impl Iterator<Item = &Spec> {
        self.resources.iter().filter_map(|resource| match &resource.kind {
            Kind::Address(spec) => Some(spec),
            Kind::Script { .. } => None,
        })
    }
}

/// As `hb-config groups` prints it: `NAME NODE RESOURCE [RESOURCE...]`.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.node)?;
        self.resources.iter().try_for_each(|resource| write!(f, " {resource}"))
    }
}

/// Reads a file without errors. Whether the nodes are those of ha.cf is not
/// asked here: see [`crate::cluster::check`].
///
/// # Errors
/// It cannot be read, or has an error.
pub fn read(path: &Path) -> Result<Vec<Group>, Problems> {
    let bytes = conf_file::read(path, conf_file::TEXT_MAX)?;
    let (groups, problems) = parse(&path.display().to_string(), &bytes);
    if problems.has_errors() { Err(problems) } else { Ok(groups) }
}

/// Reads the bytes of the file. `file` names it in messages.
pub fn parse(file: &str, bytes: &[u8]) -> (Vec<Group>, Problems) {
    let mut problems = Problems::new(file);
    let lines = conf_lines::split(bytes, &mut problems);
    if let Some(line) = lines.iter().find(|line| line.carriage_return) {
        problems.warning(line.number, "lines end in CR LF, which Heartbeat's scripts take for a part of the last word");
    }
    let mut groups = Vec::new();
    for (number, words) in join(&lines, &mut problems) {
        if let Some(group) = read_group(number, &words, &mut problems) {
            if groups.len() == GROUPS_MAX {
                problems.error(number, format!("more than {GROUPS_MAX} groups"));
                break;
            }
            groups.push(group);
        }
    }
    check_names(&groups, &mut problems);
    (groups, problems.sorted())
}

/// Joins continued lines; each has the number of its first.
fn join<'a>(lines: &[Line<'a>], problems: &mut Problems) -> Vec<(usize, Vec<&'a str>)> {
    let mut joined: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut open: Option<usize> = None;
    let mut length = 0;
    for line in lines {
        note_comment(line, problems);
        let Some(text) = conf_lines::text(line, problems) else {
            // What it would have continued is judged without it.
            open = None;
            continue;
        };
        let (text, goes_on) = match text.strip_suffix('\\') {
            Some(text) if text.len() + 1 == line.bytes.len() => (text, true),
            _ => (text, false),
        };
        let words = text.split_ascii_whitespace();
        match (open, joined.last_mut()) {
            (Some(_), Some(last)) => last.1.extend(words),
            _ => {
                joined.push((line.number, words.collect()));
                length = 0;
            }
        }
        length += text.len();
        if open.is_some() && length > LINE_MAX {
            problems.error(line.number, format!("joined with the lines above, the line exceeds {LINE_MAX} bytes"));
            joined.pop();
            open = None;
            continue;
        }
        open = goes_on.then_some(line.number);
    }
    if let Some(number) = open {
        problems.warning(number, "the file ends with a line that should be continued");
    }
    joined.retain(|(_, words)| !words.is_empty());
    joined
}

/// A `#` inside a word begins a comment, which is easily overlooked; and a
/// comment is never continued.
fn note_comment(line: &Line<'_>, problems: &mut Problems) {
    let Some(at) = line.bytes.iter().position(|byte| *byte == b'#') else { return };
    let before = &line.bytes[..at];
    if before.last().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        problems.warning(line.number, "a comment begins inside a word: everything from '#' on is ignored");
    }
    if line.bytes.ends_with(b"\\") && before.iter().any(|byte| !byte.is_ascii_whitespace()) {
        problems.warning(line.number, "the backslash stands in a comment: the line is not continued");
    }
}

fn read_group(line: usize, words: &[&str], problems: &mut Problems) -> Option<Group> {
    let (node, rest) = words.split_first()?;
    let node = match name::node(node) {
        Ok(node) => node,
        Err(error) => {
            problems.error(line, format!("the first word is the preferred node: {error}"));
            return None;
        }
    };
    if rest.is_empty() {
        problems.error(line, format!("node {} without a resource", quote(&node)));
        return None;
    }
    if rest.len() > RESOURCES_MAX {
        problems.error(line, format!("more than {RESOURCES_MAX} resources in a group"));
        return None;
    }
    let mut resources = Vec::new();
    for word in rest {
        match Resource::parse(word) {
            Ok(resource) => {
                if let Some(what) = forms::doubt(&resource) {
                    problems.warning(line, what);
                }
                resources.push(resource);
            }
            Err(error) => problems.error(line, error.to_string()),
        }
    }
    // A group without all of its resources is none.
    (resources.len() == rest.len()).then(|| Group { name: group_name(&resources[0]), node, resources, line })
}

/// The group's name: see [`Group::name`]. Cut to the longest name; that the
/// names differ is checked after.
fn group_name(first: &Resource) -> String {
    let key = match &first.kind {
        Kind::Address(spec) => spec.address.to_string(),
        Kind::Script { .. } => first.word.clone(),
    };
    let allowed = |c: char| if name::is_name(c.encode_utf8(&mut [0; 4])) { c } else { '-' };
    key.chars().map(allowed).take(name::MAX).collect()
}

fn check_names(groups: &[Group], problems: &mut Problems) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for group in groups {
        match seen.get(group.name.as_str()) {
            Some(line) => problems.error(
                group.line,
                format!("the group {} stands on line {line} too: the first resource must differ", group.name),
            ),
            None => {
                seen.insert(&group.name, group.line);
            }
        }
    }
}

#[cfg(test)]
mod tests;

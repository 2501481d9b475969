//! ha.cf with advice in it: what is to be said of a line stands as a comment
//! above it, and what hbkit refuses is changed to what was meant, or taken out.
//!
//! The result is an ha.cf that hbkit reads without errors, where there is one;
//! and Heartbeat reads it as before, but for what was changed and taken out,
//! since the rest is comments. Done again it gives the same: the advice is
//! written anew, and what was said of a line that is gone stays.

use std::collections::BTreeMap;

use crate::cluster::Findings;
use crate::conf_lines::LINE_MAX;
use crate::problem::{self, Problem, Problems, Severity, printable};

mod mend;
mod words;

pub use words::advise;

/// Advice that is left out when the file is read, and written anew.
const ADVICE: &str = "# hbkit: ";

/// The first line.
const HEADER: &str = "# hbkit: lines like this one are advice of hb-config migrate, and comments for all others";

/// The longest advice, in characters: it has to be a line of ha.cf.
const SHOWN: usize = 1_000;

/// The lines, and what became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The lines of the new file, without newlines.
    pub lines: Vec<Vec<u8>>,
    /// How many lines were changed or taken out.
    pub touched: usize,
    /// What is found in the new file, and in the two others.
    pub found: Findings,
}

/// One line of the old file.
struct Entry {
    was: Vec<u8>,
    fate: Fate,
}

/// What becomes of it. A reason is what was said of the line as it was.
enum Fate {
    Stands,
    Changed { to: Vec<u8>, why: Vec<String> },
    TakenOut { why: Vec<String> },
}

/// Writes advice into the bytes of an ha.cf. `judge` finds what there is to say of
/// such bytes together with the other two files.
///
/// # Errors
/// The file is in UTF-16, or more is wrong with it than is kept: advice for a part
/// of it would be none.
pub fn migrate(text: &[u8], judge: impl Fn(&[u8]) -> Findings) -> Result<Migrated, Problems> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(judge(text).ha_cf);
    }
    let found = judge(text).ha_cf;
    if found.omitted() > 0 {
        let mut problems = Problems::new(found.iter().next().map_or("ha.cf", |problem| &problem.file));
        problems.error(1, format!("more than {} problems: mend some of what check says first", problem::MAX));
        return Err(problems);
    }
    let mut entries = read(text);
    let found = settle(&mut entries, &judge);
    let (layout, places) = lay_out(&entries, &said(&found.ha_cf));
    // Once more, with the numbers that the lines have in the new file.
    let found = judge(&layout.iter().map(Out::placeholder).collect::<Vec<_>>().join(&b'\n'));
    let advice = said(&found.ha_cf);
    let mut lines: Vec<Vec<u8>> = layout.iter().map(|out| out.finish(&advice, &places)).collect();
    let others = [&found.haresources, &found.authkeys].into_iter().filter(|file| !file.is_unreadable());
    lines.extend(others.flat_map(of_another));
    let touched = entries.iter().filter(|entry| !matches!(entry.fate, Fate::Stands)).count();
    Ok(Migrated { lines, touched, found })
}

/// The lines without our own advice, byte order mark and carriage returns.
fn read(text: &[u8]) -> Vec<Entry> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let old = lines.filter(|line| !line.starts_with(ADVICE.as_bytes()));
    old.map(|line| Entry { was: line.to_vec(), fate: Fate::Stands }).collect()
}

/// Changes and takes out until nothing is left that is wrong with a line. Line 1
/// is the header, so that what is wrong with the file as a whole stands there.
fn settle(entries: &mut [Entry], judge: &impl Fn(&[u8]) -> Findings) -> Findings {
    loop {
        let header = std::iter::once(HEADER.as_bytes());
        let text = header.chain(entries.iter().map(Entry::stands)).collect::<Vec<_>>().join(&b'\n');
        let found = judge(&text);
        let mut errors: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for problem in found.ha_cf.iter().filter(|problem| problem.severity == Severity::Error) {
            errors.entry(problem.line.unwrap_or(1)).or_default().push(problem.what.clone());
        }
        let mut is_settled = true;
        for (line, why) in errors {
            let Some(entry) = line.checked_sub(2).and_then(|at| entries.get_mut(at)) else { continue };
            is_settled &= !entry.refuse(why);
        }
        if is_settled {
            return found;
        }
    }
}

impl Entry {
    /// What stands in the place of the line.
    fn stands(&self) -> &[u8] {
        match &self.fate {
            Fate::Stands => &self.was,
            Fate::Changed { to, .. } => to,
            Fate::TakenOut { .. } => b"#",
        }
    }

    /// Whether anything stands in its place.
    fn is_there(&self) -> bool {
        match &self.fate {
            Fate::Stands | Fate::Changed { .. } => true,
            Fate::TakenOut { .. } => false,
        }
    }

    /// The next thing to try with a line that is wrong; false when there is none.
    fn refuse(&mut self, why: Vec<String>) -> bool {
        self.fate = match &mut self.fate {
            Fate::Stands => match mend::mend(&self.was) {
                Some(to) => Fate::Changed { to, why },
                None => Fate::TakenOut { why },
            },
            Fate::Changed { why, .. } => Fate::TakenOut { why: std::mem::take(why) },
            Fate::TakenOut { .. } => return false,
        };
        true
    }

    /// The comments that stay: why the line is another one, and what it was.
    fn comments(&self) -> Vec<Vec<u8>> {
        let was = |mark: &str| {
            let plain =
                self.was.len() < LINE_MAX - mark.len() && !self.was.iter().any(|byte| matches!(byte, 0 | b'\r'));
            if plain {
                [mark.as_bytes(), &self.was].concat()
            } else {
                comment(mark, &String::from_utf8_lossy(&self.was))
            }
        };
        let because =
            |what: &str, why: &[String]| -> Vec<Vec<u8>> { why.iter().map(|why| comment(what, why)).collect() };
        match &self.fate {
            Fate::Stands => Vec::new(),
            Fate::Changed { why, .. } => [because("# hbkit changed the next line: ", why), vec![was("#-")]].concat(),
            Fate::TakenOut { why } => [because("# hbkit took out the next line: ", why), vec![was("#-")]].concat(),
        }
    }
}

/// What is said of each line.
fn said(problems: &Problems) -> BTreeMap<usize, Vec<String>> {
    let mut said: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for problem in problems.iter() {
        said.entry(problem.line.unwrap_or(1)).or_default().push(problem.what.clone());
    }
    said
}

/// A line of the new file.
enum Out {
    /// What is said in that place of what is said of that old line.
    Advice(usize, usize),
    Line(Vec<u8>),
}

impl Out {
    fn placeholder(&self) -> Vec<u8> {
        match self {
            Out::Advice(..) => b"#".to_vec(),
            Out::Line(line) => line.clone(),
        }
    }

    fn finish(&self, said: &BTreeMap<usize, Vec<String>>, places: &BTreeMap<usize, usize>) -> Vec<u8> {
        match self {
            Out::Line(line) => line.clone(),
            Out::Advice(line, at) => {
                let what = places.get(line).and_then(|place| said.get(place)).and_then(|said| said.get(*at));
                comment(ADVICE, what.map_or("", String::as_str))
            }
        }
    }
}

/// The new file, and where its lines stand by their old numbers: as many lines of
/// advice above each as there is to say of it.
fn lay_out(entries: &[Entry], said: &BTreeMap<usize, Vec<String>>) -> (Vec<Out>, BTreeMap<usize, usize>) {
    let advice = |line: usize| (0..said.get(&line).map_or(0, Vec::len)).map(move |at| Out::Advice(line, at));
    let mut layout = vec![Out::Line(HEADER.as_bytes().to_vec())];
    let mut places = BTreeMap::from([(1, 1)]);
    layout.extend(advice(1));
    for (at, entry) in entries.iter().enumerate() {
        layout.extend(entry.comments().into_iter().map(Out::Line));
        if entry.is_there() {
            layout.extend(advice(at + 2));
            layout.push(Out::Line(entry.stands().to_vec()));
        }
        places.insert(at + 2, layout.len());
    }
    (layout, places)
}

/// What is said of another file, which stays as it is.
fn of_another(file: &Problems) -> Vec<Vec<u8>> {
    let sorted = file.clone().sorted();
    let line = |problem: &Problem| {
        let name = problem.file.rsplit('/').next().unwrap_or_default();
        let line = problem.line.unwrap_or(1);
        comment(ADVICE, &format!("{name}:{line}: {}: {}", problem.severity, problem.what))
    };
    sorted.iter().map(line).collect()
}

/// A comment, of one line whatever the text is.
fn comment(mark: &str, text: &str) -> Vec<u8> {
    let shown: String = printable(text).chars().take(SHOWN).collect();
    format!("{mark}{shown}").into_bytes()
}

#[cfg(test)]
mod tests;

//! What is wrong in a configuration: file, line, and words for a person.

use std::fmt;

/// How many problems of one severity are kept: a file of garbage is described
/// by its beginning.
pub const MAX: usize = 100;

/// The longest piece of a file that a message shows, in characters.
pub const SHOWN: usize = 48;

/// Whether a problem forbids the use of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Not fit for use.
    Error,
    /// Usable; but unsafe, ineffective, or read differently by Heartbeat.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Severity::Error => f.write_str("error"),
            Severity::Warning => f.write_str("warning"),
        }
    }
}

/// One problem. Displays as `FILE:LINE: error|warning: what`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// The line, from 1; `None` when the file could not be read at all. What
    /// concerns a file as a whole stands at line 1.
    pub line: Option<usize>,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, without a final stop.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_place(f)?;
        write!(f, "{}: {}", self.severity, self.what)
    }
}

impl Problem {
    fn write_place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", printable(&self.file))?;
        match self.line {
            Some(line) => write!(f, "{line}: "),
            None => f.write_str(" "),
        }
    }
}

/// The problems of one file or several, in the order in which they were found.
///
/// As an error it displays the first error alone, as `FILE:LINE: what`: what a
/// tool says that only needs the configuration. [`Problems::iter`] gives all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    file: String,
    list: Vec<Problem>,
    errors: usize,
    warnings: usize,
}

impl Problems {
    /// No problems of `file`.
    pub fn new(file: &str) -> Problems {
        Problems { file: file.to_owned(), ..Problems::default() }
    }

    /// A file that could not be read.
    pub fn unreadable(file: &str, why: &dyn fmt::Display) -> Problems {
        let mut problems = Problems::new(file);
        problems.add(Problem { file: file.to_owned(), line: None, severity: Severity::Error, what: why.to_string() });
        problems
    }

    /// Adds an error.
    pub fn error(&mut self, line: usize, what: impl Into<String>) {
        self.add_at(line, Severity::Error, what.into());
    }

    /// Adds a warning.
    pub fn warning(&mut self, line: usize, what: impl Into<String>) {
        self.add_at(line, Severity::Warning, what.into());
    }

    fn add_at(&mut self, line: usize, severity: Severity, what: String) {
        self.add(Problem { file: self.file.clone(), line: Some(line), severity, what });
    }

    fn add(&mut self, problem: Problem) {
        let count = match problem.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= MAX {
            self.list.push(problem);
        }
    }

    /// Adds those of another file.
    pub fn extend(&mut self, others: Problems) {
        let (errors, warnings) = (self.errors + others.errors, self.warnings + others.warnings);
        for problem in others.list {
            self.add(problem);
        }
        (self.errors, self.warnings) = (errors, warnings);
    }

    /// Brings those of one file into the order of its lines.
    #[must_use]
    pub fn sorted(mut self) -> Problems {
        self.list.sort_by_key(|problem| problem.line);
        self
    }

    /// The kept ones: at most [`MAX`] errors and as many warnings.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// How many were found beyond those that were kept.
    pub fn omitted(&self) -> usize {
        self.errors + self.warnings - self.list.len()
    }

    /// All that is to be said, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.list.iter().map(ToString::to_string).collect();
        if self.omitted() > 0 {
            let severity = if self.errors > MAX { Severity::Error } else { Severity::Warning };
            let what = format!("and {} more, which are not shown", self.omitted());
            lines.push(Problem { file: self.file.clone(), line: Some(1), severity, what }.to_string());
        }
        lines
    }

    /// Whether a file could not be read at all.
    pub fn is_unreadable(&self) -> bool {
        self.list.iter().any(|problem| problem.line.is_none())
    }

    /// Whether there is neither an error nor a warning.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many of them forbid the use of the configuration.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// Whether one of them forbids the use of the configuration.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The first error.
    pub fn first_error(&self) -> Option<&Problem> {
        self.list.iter().find(|problem| problem.severity == Severity::Error)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.first_error() else { return f.write_str("no error") };
        first.write_place(f)?;
        f.write_str(&first.what)
    }
}

impl std::error::Error for Problems {}

/// A piece of a file as a message shows it: cut, in quotes, and without what
/// could disturb a terminal.
pub fn quote(text: &str) -> String {
    let mut shown = format!("'{}", printable(&text.chars().take(SHOWN).collect::<String>()));
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown.push('\'');
    shown
}

/// The text with control characters escaped.
pub fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    })
}

#[cfg(test)]
mod tests;

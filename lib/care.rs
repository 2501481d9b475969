//! How a resource is cared for: how long its actions may take, how it is watched,
//! what is believed of it. Rules of ha.cf say it, for all resources, for those of a
//! script, or for one.

use std::fmt;
use std::time::Duration;

use crate::problem::quote;
use crate::time::parse_span;

/// The longest time of a rule.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The most restarts in place.
const RESTARTS_MAX: u32 = 1_000;

/// The care for one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Care {
    /// How long a start may take.
    pub start: Duration,
    /// How long a stop may take.
    pub stop: Duration,
    /// How long a monitor may take.
    pub monitor: Duration,
    /// Between two monitors; zero: it is not watched.
    pub interval: Duration,
    /// How often it is started again in place, when it has failed, within `within`.
    pub restarts: u32,
    /// See `restarts`.
    pub within: Duration,
    /// Its status is judged by the words that it prints, as in Heartbeat.
    pub words: bool,
}

impl Default for Care {
    fn default() -> Care {
        Care {
            start: Duration::from_secs(60),
            stop: Duration::from_secs(60),
            monitor: Duration::from_secs(20),
            interval: Duration::from_secs(10),
            restarts: 3,
            within: Duration::from_secs(600),
            words: false,
        }
    }
}

/// `start=60000ms,stop=60000ms,...`: one word for scripts, with every key, times in
/// whole milliseconds.
impl fmt::Display for Care {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Care { start, stop, monitor, interval, restarts, within, words } = self;
        let times =
            [("start", start), ("stop", stop), ("monitor", monitor), ("interval", interval), ("within", within)];
        for (key, span) in times {
            write!(f, "{key}={}ms,", span.as_millis())?;
        }
        write!(f, "restarts={restarts},words={}", if *words { "yes" } else { "no" })
    }
}

/// What a rule says of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clause {
    Start(Duration),
    Stop(Duration),
    Monitor(Duration),
    Interval(Duration),
    Restarts(u32),
    Within(Duration),
    Words(bool),
}

impl Clause {
    fn parse(word: &str) -> Result<Clause, String> {
        let (key, value) =
            word.split_once('=').ok_or_else(|| format!("{} is not KEY=VALUE, such as stop=2m", quote(word)))?;
        let span = |zero: bool| match parse_span(value) {
            Ok(span) if span > LONGEST => Err(format!("{} is longer than a day", quote(word))),
            Ok(span) if span.as_millis() == 0 && !zero => Err(format!("{} must be more than 0", quote(word))),
            Ok(span) => Ok(span),
            Err(error) => Err(format!("{}: {error}", quote(word))),
        };
        Ok(match key {
            "start" => Clause::Start(span(false)?),
            "stop" => Clause::Stop(span(false)?),
            "monitor" => Clause::Monitor(span(false)?),
            "interval" => Clause::Interval(span(true)?),
            "within" => Clause::Within(span(false)?),
            "restarts" => match value.parse() {
                Ok(number) if number <= RESTARTS_MAX => Clause::Restarts(number),
                _ => return Err(format!("{} is not a number from 0 to {RESTARTS_MAX}", quote(word))),
            },
            "words" => match value {
                "yes" => Clause::Words(true),
                "no" => Clause::Words(false),
                _ => return Err(format!("{} is neither words=yes nor words=no", quote(word))),
            },
            _ => {
                return Err(format!(
                    "{}: known are start, stop, monitor, interval, restarts, within, words",
                    quote(key)
                ));
            }
        })
    }

    fn apply(self, care: &mut Care) {
        match self {
            Clause::Start(span) => care.start = span,
            Clause::Stop(span) => care.stop = span,
            Clause::Monitor(span) => care.monitor = span,
            Clause::Interval(span) => care.interval = span,
            Clause::Restarts(number) => care.restarts = number,
            Clause::Within(span) => care.within = span,
            Clause::Words(words) => care.words = words,
        }
    }
}

/// How closely a rule fits a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    All,
    Script,
    Resource,
}

/// A rule of ha.cf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `*`, the name of a script, or a resource as it is written in haresources.
    pub target: String,
    /// Where it stands.
    pub line: usize,
    clauses: Vec<Clause>,
}

impl Rule {
    /// Reads what stands behind the directive: `TARGET KEY=VALUE...`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(args: &[&str], line: usize) -> Result<Rule, String> {
        let Some((target, clauses)) = args.split_first().filter(|(_, clauses)| !clauses.is_empty()) else {
            return Err(
                "resource is written 'resource NAME KEY=VALUE...', such as resource Filesystem stop=2m".to_owned()
            );
        };
        let clauses = clauses.iter().map(|word| Clause::parse(word)).collect::<Result<_, _>>()?;
        Ok(Rule { target: (*target).to_owned(), line, clauses })
    }

    fn fit(&self, word: &str) -> Option<Fit> {
        let name = word.split("::").next().unwrap_or_default();
        // A bare address is an IPaddr, and may be written with it.
        let bare = word.strip_prefix("IPaddr::").unwrap_or(word);
        if self.target == word || self.target == bare {
            Some(Fit::Resource)
        } else if self.target == name {
            Some(Fit::Script)
        } else {
            (self.target == "*").then_some(Fit::All)
        }
    }

    /// Whether it says by what a status is judged.
    pub fn says_words(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::Words(_)))
    }

    /// Whether it says anything of a resource, as `hb-config groups` prints that.
    pub fn is_about(&self, word: &str) -> bool {
        self.fit(word).is_some()
    }
}

/// The care for a resource, as `hb-config groups` prints it: what is said of it
/// itself counts before what is said of its script, and that before what is said of
/// all; of two rules alike the later one.
pub fn care(word: &str, rules: &[Rule]) -> Care {
    let mut fitting: Vec<(Fit, &Rule)> = rules.iter().filter_map(|rule| Some((rule.fit(word)?, rule))).collect();
    fitting.sort_by_key(|(fit, _)| *fit);
    let mut care = Care::default();
    fitting.iter().flat_map(|(_, rule)| &rule.clauses).for_each(|clause| clause.apply(&mut care));
    care
}

#[cfg(test)]
mod tests;

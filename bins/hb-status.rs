//! hb-status: how everything stands on this node, as far as that is known.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use hbkit::edge::{self, Answer, Output, complain};
use hbkit::keeper::{self, STATUS};
use hbkit::picture::{self, Dark, Level, Picture, Present};
use hbkit::time::parse_span;
use hbkit::wall::Wall;
use hbkit::{json, place};

/// Show how everything stands: groups, nodes, links, ping targets.
///
/// What is not known for certain at present is not shown.
#[derive(Parser)]
#[command(name = "hb-status", version)]
struct Args {
    /// Draw it again and again
    #[arg(long, conflicts_with_all = ["json", "openmetrics", "one_line"])]
    watch: bool,
    /// Between two of --watch [default: 1]
    #[arg(short, long, value_name = "SPAN", value_parser = parse_span, requires = "watch")]
    interval: Option<Duration>,
    /// The status records as JSON lines
    #[arg(short, long, conflicts_with_all = ["openmetrics", "one_line"])]
    json: bool,
    /// The text format of OpenMetrics
    #[arg(long, conflicts_with = "one_line")]
    openmetrics: bool,
    /// One line, and the exit status of a monitoring plugin
    #[arg(short = '1', long)]
    one_line: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let is_plugin = args.one_line;
    match run(&args) {
        Ok(seen) if is_plugin => seen.plugin_status(),
        outcome => edge::finish("hb-status", outcome.map(Seen::answer)),
    }
}

/// What was seen.
#[derive(Clone, Copy)]
enum Seen {
    /// How bad it is.
    Level(Level),
    /// The node does not run, or has stopped to move.
    Dark,
    /// There was nothing to look at.
    Nothing,
}

impl Seen {
    fn answer(self) -> Answer {
        match self {
            Seen::Level(Level::Ok) => Answer::Yes,
            Seen::Level(Level::Warning | Level::Critical) => Answer::No,
            Seen::Dark | Seen::Nothing => Answer::Unknown,
        }
    }

    /// OK, WARNING, CRITICAL, UNKNOWN.
    fn plugin_status(self) -> ExitCode {
        ExitCode::from(match self {
            Seen::Level(Level::Ok) => 0,
            Seen::Level(Level::Warning) => 1,
            Seen::Level(Level::Critical) | Seen::Dark => 2,
            Seen::Nothing => 3,
        })
    }
}

fn run(args: &Args) -> anyhow::Result<Seen> {
    let mut out = Output::new();
    loop {
        let (text, seen) = look(args);
        if args.watch && io::stdout().is_terminal() {
            let mut terminal = io::stdout();
            terminal.write_all(picture::frame(&text).as_bytes()).and_then(|()| terminal.flush())?;
        } else {
            text.lines().try_for_each(|line| out.line(line))?;
            out.flush()?;
        }
        if !args.watch || !edge::is_read_for(args.interval.unwrap_or(Duration::from_secs(1))) {
            return Ok(seen);
        }
    }
}

fn look(args: &Args) -> (String, Seen) {
    let path = place::run().join(STATUS);
    let is_supervised = place::is_supervised();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_supervised => {
            return (dark(args, &Dark::NotRunning(None)), Seen::Dark);
        }
        Err(error) => {
            let why = format!("{}: {error}", path.display());
            return (dark(args, &Dark::Unreadable(why)), Seen::Nothing);
        }
    };
    // What it decides by stands in what it runs with.
    let policy = place::configuration().map(|conf| picture::policy(&conf, &text)).unwrap_or_default();
    let text = text + &policy;
    let picture = Picture::read(&text);
    let (now, boot) = (edge::now(), keeper::boot());
    if let Err(why) = picture.check(Present { now, boot: &boot, is_supervised }) {
        return (dark(args, &why), Seen::Dark);
    }
    let findings = picture.findings(now);
    let level = findings.first().map_or(Level::Ok, |finding| finding.level);
    let text = if args.one_line {
        picture::line(&picture, &findings)
    } else if args.openmetrics {
        picture::metrics(&picture, now)
    } else if args.json {
        picture.records().map(|record| json::from_record(record) + "\n").collect()
    } else {
        picture::screen(&picture, &findings, now, &Wall::behind(edge::wall_offset()))
    };
    (text, Seen::Level(level))
}

/// What is shown where nothing is known: never what was.
fn dark(args: &Args, why: &Dark) -> String {
    let why_text = why.text(edge::now());
    if args.one_line {
        let word = if matches!(why, Dark::Unreadable(_)) { "UNKNOWN" } else { "CRITICAL" };
        return format!("HBKIT {word} - {}", why_text.replace('|', "/"));
    }
    if args.openmetrics {
        complain("hb-status", &why_text);
        return picture::metrics_of_nothing();
    }
    if args.json || !args.watch {
        complain("hb-status", &why_text);
        return String::new();
    }
    why_text
}

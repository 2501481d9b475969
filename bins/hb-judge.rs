//! hb-judge: from heartbeat records to verdicts on nodes, links and itself.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use hbkit::edge::{self, Answer, Output, OutputError, complain};
use hbkit::filter::{self, Filter, Flow};
use hbkit::judge::{Judge, Settings};
use hbkit::phi::{self, Phi};
use hbkit::record::{Line, Record};
use hbkit::suggest::Survey;
use hbkit::time::parse_span;
use hbkit::{ha_cf, name, realtime};

/// Judge from heartbeat records who lives.
///
/// Reads the records of hb-listen, hb-send and ping-probe, and prints what
/// follows from them: node, link and self records.
#[derive(Parser)]
#[command(name = "hb-judge", version)]
struct Args {
    /// Pass all records through, each followed by its verdicts
    #[arg(short, long)]
    all: bool,
    /// Take nodes, media, ping nodes and times from this ha.cf
    #[arg(short = 'f', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The name of this node, whose messages are not judged
    #[arg(short = 'N', long, value_name = "NAME", value_parser = name::node)]
    node: Option<String>,
    /// Expect this node; may be repeated
    #[arg(short = 'P', long, value_name = "NAME", value_parser = name::node)]
    peer: Vec<String>,
    /// Silence after which a node is dead [default: 30]
    #[arg(short = 'd', long, value_name = "SPAN", value_parser = parse_span)]
    deadtime: Option<Duration>,
    /// Silence after which a node is late [default: half of deadtime]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    warntime: Option<Duration>,
    /// Silence from the start after which a node is dead [default: twice deadtime]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    initdead: Option<Duration>,
    /// Silence after which a ping node is dead [default: deadtime]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    deadping: Option<Duration>,
    /// Judge by the intervals that were seen, where that is sooner: a node is
    /// dead at this phi, from 1 to 100
    #[arg(long, value_name = "NUMBER", value_parser = phi::parse)]
    phi: Option<Phi>,
    /// Run at this real-time priority, 1 to 99, with memory locked
    #[arg(long, value_name = "PRIORITY", value_parser = clap::value_parser!(u8).range(1..=99))]
    realtime: Option<u8>,
    /// Do not judge: measure intervals and losses, and print which keepalive,
    /// warntime and deadtime follow
    #[arg(long, conflicts_with_all = ["all", "phi"])]
    suggest: bool,
}

fn main() -> ExitCode {
    edge::finish("hb-judge", run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<Answer> {
    let (all, phi, wants_times) = (args.all, args.phi, args.suggest);
    realtime::begin("hb-judge", args.realtime);
    let settings = settings(args)?;
    if wants_times {
        return suggest(settings);
    }
    let judge = Judge::new(settings).with_phi(phi);
    let mut judging = Judging { judge, all, verdicts: Vec::new(), out: Output::new() };
    filter::run("hb-judge", io::stdin().lock(), &mut judging)?;
    Ok(Answer::Yes)
}

fn settings(args: Args) -> anyhow::Result<Settings> {
    let deadtime = args.deadtime.unwrap_or(Duration::from_secs(30));
    let mut settings = Settings {
        own: args.node,
        peers: args.peer,
        links: Vec::new(),
        ping: Vec::new(),
        warntime: deadtime / 2,
        deadtime,
        initdead: deadtime * 2,
        deadping: deadtime,
    };
    if let Some(path) = args.config {
        let config = ha_cf::read(&path)?;
        let own = match settings.own.take() {
            Some(name) => name,
            None => edge::host_name()?,
        };
        settings.peers.extend(config.node.into_iter().filter(|name| *name != own));
        settings.own = Some(own);
        settings.links = config.media.iter().map(ToString::to_string).collect();
        settings.ping = config.ping.into_iter().map(|target| target.name).collect();
        if args.deadtime.is_none() {
            settings.deadtime = config.deadtime;
            settings.warntime = config.warntime;
            settings.initdead = config.initdead;
            settings.deadping = config.deadping;
        }
    }
    settings.warntime = args.warntime.unwrap_or(settings.warntime);
    settings.initdead = args.initdead.unwrap_or(settings.initdead);
    settings.deadping = args.deadping.unwrap_or(settings.deadping);
    anyhow::ensure!(!settings.deadtime.is_zero(), "deadtime: 0: must be longer");
    Ok(settings)
}

struct Judging {
    judge: Judge,
    all: bool,
    verdicts: Vec<Line>,
    out: Output,
}

impl Filter for Judging {
    fn record(&mut self, record: &Record<'_>, line: &[u8]) -> anyhow::Result<Result<Flow, String>> {
        if self.all {
            self.out.raw_line(line)?;
        }
        let judged = self.judge.record(record, &mut self.verdicts);
        for verdict in self.verdicts.drain(..) {
            self.out.line(&verdict.finish())?;
        }
        Ok(judged.map(|()| Flow::Go).map_err(|strange| strange.to_string()))
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.out.flush()
    }
}

fn suggest(settings: Settings) -> anyhow::Result<Answer> {
    let mut measuring = Measuring { survey: Survey::new(settings.own, settings.deadtime), out: Output::new() };
    filter::run("hb-judge", io::stdin().lock(), &mut measuring)?;
    let mut lines = Vec::new();
    let answer = measuring.survey.report(&mut lines);
    for line in lines {
        measuring.out.line(&line.finish())?;
    }
    measuring.out.flush()?;
    Ok(match answer {
        Ok(()) => Answer::Yes,
        Err(short) => {
            complain("hb-judge", &format_args!("too short to tell: {short}"));
            Answer::No
        }
    })
}

struct Measuring {
    survey: Survey,
    out: Output,
}

impl Filter for Measuring {
    fn record(&mut self, record: &Record<'_>, _line: &[u8]) -> anyhow::Result<Result<Flow, String>> {
        self.survey.record(record);
        Ok(Ok(Flow::Go))
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.out.flush()
    }
}

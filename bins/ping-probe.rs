//! ping-probe: who answers ICMP and ICMPv6 echo requests.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;

use hbkit::edge::{self, Answer, Output};
use hbkit::pinger::Pinger;
use hbkit::probe::{Prober, Report, Settings, Sum, Target, WAITING};
use hbkit::record::Record;
use hbkit::signals::Signals;
use hbkit::time::parse_span;
use hbkit::{ha_cf, json, name};

/// Ask hosts for an ICMP echo, and say who answers
#[derive(Parser)]
#[command(name = "ping-probe", version, disable_help_subcommand = true)]
#[command(after_help = "Exit status: 0 all answer, 1 some do not, 2 could not tell.")]
struct Args {
    /// Addresses or names to ask
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Use only IPv4
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Use only IPv6
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Probes for each target [default: 1; without end with --loop]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// ha.cf: ask its ping, ping6 and ping_group, at its keepalive
    #[arg(short = 'f', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The targets are one group of this name: one that answers is enough
    #[arg(short, long, value_name = "NAME")]
    group: Option<String>,
    /// Between two probes of a target [default: 1s]
    #[arg(short, long, value_name = "SPAN", value_parser = parse_span)]
    interval: Option<Duration>,
    /// Send on this network interface only
    #[arg(short = 'I', long, value_name = "NAME")]
    interface: Option<String>,
    /// Write JSON lines instead of records
    #[arg(short, long)]
    json: bool,
    /// Go on: a record for each probe
    #[arg(short = 'l', long = "loop")]
    forever: bool,
    /// No records; with --loop, changes, and every 5 seconds what is known
    #[arg(short, long)]
    quiet: bool,
    /// Probes a second, to all targets together
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
    /// Send from this address
    #[arg(short = 'S', long, value_name = "ADDR")]
    source: Option<IpAddr>,
    /// End after so long
    #[arg(short = 'w', long, value_name = "SPAN", value_parser = parse_span)]
    deadline: Option<Duration>,
    /// Wait so long for an answer [default: 1s, at most 64 intervals]
    #[arg(short = 'W', long, value_name = "SPAN", value_parser = parse_span)]
    timeout: Option<Duration>,
}

fn main() -> ExitCode {
    edge::finish("ping-probe", run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let (targets, settings) = plan(args)?;
    let mut pinger = Pinger::open(settings, targets, args.interface.as_deref(), args.source)?;
    let signals = Signals::take_over().context("signals")?;
    let mut say = Say { is_silent: args.quiet && !args.forever, is_json: args.json, output: Output::new() };
    loop {
        let heard = pinger.hear().context("receiving")?;
        say.all(pinger.prober(), heard)?;
        let now = edge::now();
        let interrupted = signals.came().context("signals")?;
        if interrupted || pinger.prober().is_over(now) || pinger.prober().is_done() {
            let open = pinger.prober().stop(if interrupted { "interrupted" } else { "deadline" }, now);
            say.all(pinger.prober(), open)?;
            break;
        }
        let unsent = pinger.send();
        say.all(pinger.prober(), unsent)?;
        say.output.flush()?;
        pinger.wait(&signals).context("waiting")?;
    }
    say.output.flush()?;
    Ok(match pinger.prober().sum() {
        Sum::AllUp => Answer::Yes,
        Sum::SomeDown => Answer::No,
        Sum::Unknown => Answer::Unknown,
    })
}

/// Whom to ask, and how, from the options and ha.cf.
fn plan(args: &Args) -> anyhow::Result<(Vec<Target>, Settings)> {
    let mut targets = Vec::new();
    let mut interval = Duration::from_secs(1);
    if let Some(path) = &args.config {
        let config = ha_cf::read(path)?;
        interval = config.keepalive;
        targets.extend(config.ping.iter().flat_map(Target::of).filter(|target| fits(target.address, args)));
        ensure!(!targets.is_empty(), "{}: no ping, ping6 or ping_group in it", path.display());
    }
    if let Some(group) = &args.group {
        ensure!(name::is_name(group), "group '{}': not a name", group.escape_default());
        ensure!(!args.targets.is_empty(), "group {group}: no target is named");
    }
    for name in &args.targets {
        targets.push(Target { name: name.clone(), address: resolve(name, args)?, group: args.group.clone() });
    }
    if let Some(source) = args.source {
        let other = targets.iter().any(|target| target.address.is_ipv4() != source.is_ipv4());
        ensure!(!other, "source {source}: a target is of the other family");
    }
    ensure!(!targets.is_empty(), "no target: name one, or an ha.cf by -f");
    interval = args.interval.unwrap_or(interval);
    ensure!(interval >= Duration::from_micros(100), "interval: less than 100us");
    let most = interval * WAITING;
    let timeout = args.timeout.unwrap_or(most.min(Duration::from_secs(1)));
    ensure!(!timeout.is_zero() && timeout <= most, "timeout: zero, or more than {WAITING} intervals");
    let settings = Settings {
        interval,
        timeout,
        count: args.count.or((!args.forever).then_some(1)),
        deadline: args.deadline,
        gap: Duration::from_secs(1) / args.rate,
        stream: args.forever,
        quiet: args.quiet,
        token: getrandom::u64().context("random numbers")?,
    };
    Ok((targets, settings))
}

/// The address of a target: as it stands, or the first one of its name.
fn resolve(name: &str, args: &Args) -> anyhow::Result<IpAddr> {
    let addresses = match name.parse() {
        Ok(address) => vec![SocketAddr::new(address, 0)],
        Err(_) => (name, 0).to_socket_addrs().with_context(|| format!("target '{}'", name.escape_default()))?.collect(),
    };
    let first = addresses.into_iter().map(|address| address.ip()).find(|address| fits(*address, args));
    first.with_context(|| format!("target '{name}': no address of the family that is asked for"))
}

/// Whether the options allow the family of an address.
fn fits(address: IpAddr, args: &Args) -> bool {
    if address.is_ipv4() { !args.ipv6 } else { !args.ipv4 }
}

/// Where the records go, and how.
struct Say {
    is_silent: bool,
    is_json: bool,
    output: Output,
}

impl Say {
    fn all(&mut self, prober: &Prober, reports: Vec<Report>) -> anyhow::Result<()> {
        for report in reports.iter().filter(|_| !self.is_silent) {
            let mut line = report.record(&prober.targets()[report.target]).finish();
            if self.is_json {
                line = json::from_record(&Record::parse(line.as_bytes())?);
            }
            self.output.line(&line)?;
        }
        Ok(())
    }
}

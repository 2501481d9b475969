//! ping-probe: who answers ICMP and ICMPv6 echo requests.

use std::env;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;

use hbkit::edge::{self, Answer};
use hbkit::icmp::{Family, PAYLOAD, PAYLOAD_MOST};
use hbkit::ping_records::PingRecords;
use hbkit::pinger::{self, Interim};
use hbkit::pingsock::Sending;
use hbkit::probe::{INTERVAL_LEAST, Kept, Prober, RETRIES, Rules, Settings, Sum, Target, WAITING, rhythm};
use hbkit::time::parse_span;
use hbkit::{as_fping, fping_call, ha_cf, name, target_list};

/// Ask hosts for an ICMP echo, and say who answers
#[derive(Parser)]
#[command(name = "ping-probe", version, disable_help_subcommand = true)]
#[command(after_help = "Exit status: 0 all answer, 1 some do not, 2 could not tell.")]
struct Args {
    /// Addresses, names, prefixes (192.0.2.0/28) or ranges (192.0.2.1-192.0.2.9) to ask
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Use only IPv4
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Use only IPv6
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Make each further time-out so many times as long
    #[arg(long, value_name = "X", default_value = "1.5", value_parser = backoff)]
    backoff: u32,
    /// Probes for each target [default: 1; without end with --loop]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// ha.cf: ask its ping, ping6 and ping_group, each keepalive
    #[arg(short = 'f', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A state must last so long before it is said
    #[arg(long, value_name = "SPAN", value_parser = parse_span, requires = "forever")]
    dampen: Option<Duration>,
    /// Never send in fragments
    #[arg(long)]
    dont_fragment: bool,
    /// Code point of the service, 0 to 63
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..64))]
    dscp: Option<u8>,
    /// So many probes in a row without an answer make a target down or unknown
    #[arg(long, value_name = "N", default_value_t = 1, requires = "forever")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    fall: u32,
    /// First: take the words behind it as fping does, and answer as it does
    #[arg(long)]
    fping: bool,
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
    /// So many members of each group must answer
    #[arg(long, value_name = "N", default_value_t = 1, requires = "group")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    need: u32,
    /// No records; with --loop, changes, and every 5 seconds what is known
    #[arg(short, long)]
    quiet: bool,
    /// Probes a second, to all targets together
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,
    /// Ask a silent target again so often before it is down
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with_all = ["count", "forever"])]
    #[arg(value_parser = clap::value_parser!(u32).range(..=i64::from(RETRIES)))]
    retries: u32,
    /// So many answers in a row make a target up
    #[arg(long, value_name = "N", default_value_t = 1, requires = "forever")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    rise: u32,
    /// Bytes behind the header of each request
    #[arg(long, value_name = "N", default_value_t = PAYLOAD as u64)]
    #[arg(value_parser = clap::value_parser!(u64).range(PAYLOAD as u64..=PAYLOAD_MOST as u64))]
    size: u64,
    /// Send from this address
    #[arg(short = 'S', long, value_name = "ADDR")]
    source: Option<IpAddr>,
    /// At the end, on SIGQUIT and after each SPAN: loss, min, avg, max and p99
    #[arg(long, value_name = "SPAN", value_parser = parse_span, num_args = 0..=1, require_equals = true)]
    summary: Option<Option<Duration>>,
    /// Ask also the targets of this file, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    targets_from: Option<PathBuf>,
    /// Hops that a request may take
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    ttl: Option<u8>,
    /// End after so long
    #[arg(short = 'w', long, value_name = "SPAN", value_parser = parse_span)]
    deadline: Option<Duration>,
    /// Wait so long for an answer [default: 0.5, with --loop 1s; at most 64
    /// intervals]
    #[arg(short = 'W', long, value_name = "SPAN", value_parser = parse_span)]
    timeout: Option<Duration>,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(words) = fping_call::meant(&words) {
        return as_fping::run(words);
    }
    edge::finish("ping-probe", run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    ensure!(!args.fping, "--fping: it must be the first word");
    let (targets, settings) = plan(args)?;
    if let Some(source) = args.source {
        let other = targets.iter().any(|target| Family::of(target.address) != Family::of(source));
        ensure!(!other, "source {source}: a target is of the other family");
    }
    let how = Sending {
        interface: args.interface.clone(),
        source: args.source,
        size: usize::try_from(args.size)?,
        ttl: args.ttl,
        service: args.dscp.map(|dscp| dscp << 2),
        whole: args.dont_fragment,
    };
    let mut sockets = pinger::open(&targets, u16::from_be_bytes(pinger::random()?), &how)?;
    let mut prober = Prober::new(settings, targets, edge::now());
    let mut records = PingRecords::new(args.quiet && !args.forever, args.json);
    let interim = match args.summary {
        None => Interim::Never,
        Some(None) => Interim::Asked,
        Some(Some(span)) => Interim::Every(span),
    };
    pinger::run(&mut prober, &mut sockets, interim, &mut records)?;
    records.finish(&prober, edge::now())?;
    Ok(match prober.sum() {
        Sum::AllUp => Answer::Yes,
        Sum::SomeDown => Answer::No,
        Sum::Unknown => Answer::Unknown,
    })
}

/// Whom to ask, and how, from the options and ha.cf.
fn plan(args: &Args) -> anyhow::Result<(Vec<Target>, Settings)> {
    let (targets, (interval, longest)) = targets(args)?;
    let interval = args.interval.unwrap_or(interval);
    ensure!(interval >= INTERVAL_LEAST, "interval: less than 100us");
    let most = interval * WAITING;
    let usual = if args.forever { Duration::from_secs(1).min(longest) } else { Duration::from_millis(500) };
    let timeout = args.timeout.unwrap_or(most.min(usual));
    ensure!(!timeout.is_zero() && timeout <= most, "timeout: zero, or more than {WAITING} intervals");
    ensure!(args.summary.flatten().is_none_or(|span| span >= INTERVAL_LEAST), "summary: less than 100us");
    let settings = Settings {
        interval,
        timeout,
        count: args.count.or((!args.forever).then_some(1)),
        deadline: args.deadline,
        gap: Duration::from_secs(1) / args.rate,
        stream: args.forever,
        quiet: args.quiet,
        rules: Rules { rise: args.rise, fall: args.fall, dampen: args.dampen.unwrap_or_default() },
        tally: if args.summary.is_some() { Kept::Spread } else { Kept::Nothing },
        notes: false,
        retries: args.retries,
        backoff: args.backoff,
        need: usize::try_from(args.need)?,
        key: pinger::random()?,
    };
    Ok((targets, settings))
}

/// Whom to ask, the interval that ha.cf gives, and how long it has an answer take.
fn targets(args: &Args) -> anyhow::Result<(Vec<Target>, (Duration, Duration))> {
    let mut targets = Vec::new();
    let mut times = (Duration::from_secs(1), Duration::MAX);
    if let Some(path) = &args.config {
        let config = ha_cf::read(path)?;
        times = rhythm(config.keepalive, config.deadping);
        targets.extend(config.ping.iter().flat_map(Target::of).filter(|target| fits(target.address, args)));
        ensure!(!targets.is_empty(), "{}: no ping, ping6 or ping_group in it", path.display());
    }
    let named = target_list::read(&args.targets, args.targets_from.as_deref())?;
    if let Some(group) = &args.group {
        ensure!(name::is_name(group), "group '{}': not a name", group.escape_default());
        ensure!(!named.is_empty(), "group {group}: no target is named");
        let members = named.len();
        ensure!(args.need as usize <= members, "need: {} of a group of {members}", args.need);
    }
    for name in named {
        // A name server's library makes addresses of numbers: 1 is 0.0.0.1.
        let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
        ensure!(name.parse::<IpAddr>().is_ok() || !name.chars().all(is_number), "target '{name}': not an address");
        let addresses = target_list::resolve(&name).with_context(|| format!("target '{}'", name.escape_default()))?;
        let first = addresses.into_iter().find(|address| fits(*address, args));
        let address = first.with_context(|| format!("target '{name}': no address of the family that is asked for"))?;
        targets.push(Target { address, name, group: args.group.clone() });
    }
    ensure!(!targets.is_empty(), "no target: name one, or an ha.cf by -f");
    Ok((targets, times))
}

/// A factor from 1 to 5, in hundredths.
fn backoff(text: &str) -> Result<u32, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| (1.0..=5.0).contains(factor));
    factor.map(|factor| (factor * 100.0).round() as u32).ok_or_else(|| "not from 1 to 5".to_owned())
}

/// Whether the options allow the family of an address.
fn fits(address: IpAddr, args: &Args) -> bool {
    if address.is_ipv4() { !args.ipv6 } else { !args.ipv4 }
}

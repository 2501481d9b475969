//! ping-probe: who answers ICMP and ICMPv6 echo requests.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Parser;

use hbkit::edge::{self, Answer, Output};
use hbkit::icmp::{Family, PAYLOAD, PAYLOAD_MOST};
use hbkit::lines::{Lines, Next};
use hbkit::pingsock::{self, PingSocket, Sending};
use hbkit::probe::{Prober, RETRIES, Report, Settings, Sum, Target, WAITING};
use hbkit::signals::{self, Signals};
use hbkit::time::parse_span;
use hbkit::{ha_cf, name, targets};

/// Ask hosts for an ICMP echo, and say who answers
#[derive(Parser)]
#[command(name = "ping-probe", version, about, disable_help_subcommand = true)]
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
    /// ha.cf: ask its ping, ping6 and ping_group, at its keepalive
    #[arg(short = 'f', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Never send in fragments
    #[arg(long)]
    dont_fragment: bool,
    /// Code point of the service, 0 to 63
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..64))]
    dscp: Option<u8>,
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
    /// Bytes behind the header of each request
    #[arg(long, value_name = "N", default_value_t = PAYLOAD as u64)]
    #[arg(value_parser = clap::value_parser!(u64).range(PAYLOAD as u64..=PAYLOAD_MOST as u64))]
    size: u64,
    /// Send from this address
    #[arg(short = 'S', long, value_name = "ADDR")]
    source: Option<IpAddr>,
    /// Ask also the targets of this file, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    targets_from: Option<PathBuf>,
    /// Hops that a request may take
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    ttl: Option<u8>,
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
    let mut sockets = open(args, &targets)?;
    let signals = Signals::take_over().context("signals")?;
    let mut prober = Prober::new(settings, targets, edge::now());
    let mut say = Say { quiet: args.quiet && !args.forever, json: args.json, output: Output::new() };
    loop {
        // Whatever arrived before now is heard before time passes.
        let now = edge::now();
        hear(&mut sockets, &mut prober, &mut say)?;
        let lost = prober.expire(now);
        say.all(&prober, lost)?;
        let interrupted = signals.came().context("signals")?;
        if interrupted || prober.is_over(now) || prober.is_done() {
            let open = prober.stop(if interrupted { "interrupted" } else { "deadline" }, now);
            say.all(&prober, open)?;
            break;
        }
        send(&mut sockets, &mut prober, &mut say)?;
        say.output.flush()?;
        // Nothing to wait for: what was left could not be sent.
        let Some(wake) = prober.wake() else { continue };
        let longest = Some(wake.since(edge::now()));
        let descriptors = sockets.iter().map(|socket| socket.as_fd()).chain([signals.as_fd()]);
        signals::wait(descriptors, longest).context("waiting")?;
    }
    say.output.flush()?;
    Ok(match prober.sum() {
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
    }
    let named = named(args)?;
    if let Some(group) = &args.group {
        ensure!(!named.is_empty(), "group {group}: no target is named");
        let members = named.len();
        ensure!(args.need as usize <= members, "need: {} of a group of {members}", args.need);
    }
    for name in named {
        targets.push(Target { address: resolve(&name, args)?, name, group: args.group.clone() });
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
        retries: args.retries,
        backoff: args.backoff,
        need: usize::try_from(args.need)?,
        key: random()?,
    };
    Ok((targets, settings))
}

/// Addresses and names of the command line and of the list.
fn named(args: &Args) -> anyhow::Result<Vec<String>> {
    let mut named = Vec::new();
    for word in &args.targets {
        targets::expand(word, &mut named)?;
    }
    let Some(path) = &args.targets_from else { return Ok(named) };
    let list: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| path.display().to_string())?)
    };
    let mut lines = Lines::new(list);
    loop {
        match lines.next_line().with_context(|| path.display().to_string())? {
            Next::Line(line) => {
                let line = std::str::from_utf8(line).with_context(|| path.display().to_string())?;
                targets::of_line(line).map_or(Ok(()), |word| targets::expand(word, &mut named))?;
            }
            Next::TooLong => bail!("{}: a line is too long", path.display()),
            Next::End => return Ok(named),
        }
    }
}

/// A factor from 1 to 5, in hundredths.
fn backoff(text: &str) -> Result<u32, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| (1.0..=5.0).contains(factor));
    factor.map(|factor| (factor * 100.0).round() as u32).ok_or_else(|| "not from 1 to 5".to_owned())
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

/// One socket for each family that a target has.
fn open(args: &Args, targets: &[Target]) -> anyhow::Result<Vec<PingSocket>> {
    let families: BTreeSet<Family> = targets.iter().map(|target| Family::of(target.address)).collect();
    if let Some(source) = args.source {
        let other = families.iter().any(|family| *family != Family::of(source));
        ensure!(!other, "source {source}: a target is of the other family");
    }
    let ident = u16::from_be_bytes(random()?);
    let how = Sending {
        interface: args.interface.clone(),
        source: args.source,
        size: usize::try_from(args.size)?,
        ttl: args.ttl,
        dscp: args.dscp,
        whole: args.dont_fragment,
    };
    let open = |family| PingSocket::open(family, ident, &how);
    Ok(families.into_iter().map(open).collect::<Result<_, _>>()?)
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("random numbers")?;
    Ok(bytes)
}

/// Hears all that has arrived.
fn hear(sockets: &mut [PingSocket], prober: &mut Prober, say: &mut Say) -> anyhow::Result<()> {
    for socket in sockets {
        let dropped = socket.dropped();
        while let Some(arrival) = socket.receive().context("receiving")? {
            let report = prober.hear(arrival.from, &arrival.heard, arrival.at);
            say.all(prober, report)?;
        }
        if socket.dropped() != dropped {
            prober.dropped(edge::now());
        }
    }
    Ok(())
}

/// Sends what is due: a few, so that the answers are heard in between.
fn send(sockets: &mut [PingSocket], prober: &mut Prober, say: &mut Say) -> anyhow::Result<()> {
    for _ in 0..32 {
        let at = edge::now();
        let Some(probe) = prober.next_probe(at) else { break };
        let to = prober.targets()[probe.target].address;
        let Some(socket) = sockets.iter_mut().find(|socket| socket.family() == Family::of(to)) else { break };
        let report = match socket.send(to, &prober.echo(probe, socket.ident())) {
            Ok(()) => {
                prober.sent(probe, at);
                None
            }
            Err(error) if pingsock::is_crowded(&error) => prober.crowded_out(probe, pingsock::reason(&error), at),
            Err(error) => prober.unsent(probe, pingsock::reason(&error), at),
        };
        say.all(prober, report)?;
    }
    Ok(())
}

/// Where the records go, and how.
struct Say {
    quiet: bool,
    json: bool,
    output: Output,
}

impl Say {
    fn all(&mut self, prober: &Prober, reports: impl IntoIterator<Item = Report>) -> anyhow::Result<()> {
        for report in reports.into_iter().filter(|_| !self.quiet) {
            let target = &prober.targets()[report.target];
            let line = if self.json { report.json(target) } else { report.record(target).finish() };
            self.output.line(&line)?;
        }
        Ok(())
    }
}

//! send-arp: tell the neighbours where an address is.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use hbkit::address;
use hbkit::address_list::{self, Word};
use hbkit::announcer;
use hbkit::arp::Form;
use hbkit::edge::{self, Answer, Output};
use hbkit::gratuitous::{Announcement, BOTH};
use hbkit::inquiry::{Inquiry, Patience, Subject};
use hbkit::interface::Interface;
use hbkit::lookout::Lookout;
use hbkit::outlet::Outlets;
use hbkit::rawsock::FrameSocket;
use hbkit::record::Line;
use hbkit::schedule::{Plan, Schedule};
use hbkit::sentry::Sentry;
use hbkit::signals::Signals;
use hbkit::{sysctl, time};

/// Tell the neighbours where an address is: gratuitous ARP for IPv4,
/// unsolicited neighbour advertisements for IPv6
#[derive(Parser)]
#[command(name = "send-arp", version, disable_help_subcommand = true)]
struct Args {
    /// Announce on this interface; more than once for several
    /// [default: the one that holds the address]
    #[arg(short = 'I', long, value_name = "IFACE", value_parser = interface_name)]
    interface: Vec<String>,
    /// Announce every address so many times [default: 1]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: Option<u32>,
    /// Time between two announcements of an address: 2, 0.5, 250ms [default: 1s]
    #[arg(short, long, value_name = "SPAN", value_parser = time::parse_span)]
    interval: Option<Duration>,
    /// Instead of -c and -i; takeover: at 0, 50 ms, 1, 5, 15 and 60 s
    #[arg(long, value_name = "NAME", conflicts_with_all = ["count", "interval"])]
    schedule: Option<Named>,
    /// At most so many announcements a second, of all addresses together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: Option<u32>,
    /// Forms of gratuitous ARP: some equipment heeds only one
    #[arg(long, value_name = "FORM", default_value = "both")]
    form: Forms,
    /// Announce also what this host does not have
    #[arg(short = 'F', long)]
    force: bool,
    /// Announce nothing: ask whether anybody else has the addresses, -c times,
    /// -i apart [default: 3 times, 500ms]
    #[arg(long, conflicts_with_all = ["schedule", "rate", "form", "force"])]
    probe: bool,
    /// Wait so long after the last question of --probe [default: 1s]
    #[arg(short = 'W', long, value_name = "SPAN", value_parser = time::parse_span, requires = "probe")]
    timeout: Option<Duration>,
    /// Announce nothing: stay, and print who else claims an address that this
    /// host has
    #[arg(long, conflicts_with_all = ["probe", "schedule", "rate", "count", "interval"])]
    watch: bool,
    /// With --watch: announce an address that is claimed, at most every 10 s
    #[arg(long, requires = "watch")]
    defend: bool,
    /// Addresses, all announced once before any is announced again; - reads
    /// them from standard input, one a line
    #[arg(required = true, value_name = "ADDRESS", value_parser = address_list::word)]
    addresses: Vec<Word>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Named {
    Takeover,
}

#[derive(Clone, Copy, ValueEnum)]
enum Forms {
    Request,
    Reply,
    Both,
}

impl Forms {
    fn list(self) -> &'static [Form] {
        match self {
            Forms::Request => &[Form::Request],
            Forms::Reply => &[Form::Reply],
            Forms::Both => BOTH,
        }
    }
}

const TOOL: &str = "send-arp";
const NEEDED: &str = "packet socket (needs CAP_NET_RAW)";

fn interface_name(text: &str) -> Result<String, address::SpecError> {
    if address::is_interface(text) { Ok(text.to_owned()) } else { Err(address::SpecError::Interface(text.to_owned())) }
}

fn main() -> ExitCode {
    edge::finish(TOOL, run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let addresses = address_list::read(&args.addresses)?;
    let mut outlets = Outlets::new(&args.interface)?;
    match (args.probe, args.watch) {
        (true, _) => probe(args, &addresses, &mut outlets),
        (false, true) => watch(args, &addresses, outlets),
        (false, false) => announce(args, &addresses, &mut outlets),
    }
}

fn announce(args: &Args, addresses: &[IpAddr], outlets: &mut Outlets) -> anyhow::Result<Answer> {
    let announcements = prepare(args, addresses, outlets)?;
    let socket = FrameSocket::open().context(NEEDED)?;
    let schedule = match args.schedule {
        None => {
            let interval = args.interval.unwrap_or(Duration::from_secs(1));
            Schedule::Every { count: args.count.unwrap_or(1), interval }
        }
        Some(Named::Takeover) => Schedule::Takeover,
    };
    let plan = Plan::new(schedule, args.rate, edge::now());
    let left = |address| {
        edge::complain(TOOL, &format_args!("{address}: it has left this host: not announced again"));
    };
    let stayed = announcer::announce(&announcements, plan, args.force, outlets, &socket, left)?;
    // Closing the socket takes 16 ms; a child waits for that. When none can be
    // made, nothing is lost but that time.
    let _ = socket.leave(Duration::ZERO, |_| ());
    Ok(if stayed { Answer::Yes } else { Answer::No })
}

/// The frames of all addresses; nothing is sent unless all of them can be.
fn prepare(args: &Args, addresses: &[IpAddr], outlets: &mut Outlets) -> anyhow::Result<Vec<Announcement>> {
    let mut announcements = Vec::new();
    for address in addresses {
        let context = || address.to_string();
        let interfaces = if args.force { outlets.of_any(*address) } else { outlets.of(*address) };
        for interface in interfaces.with_context(context)? {
            let router = address.is_ipv6() && sysctl::is_router(&interface.name);
            let announcement = Announcement::new(*address, &interface, args.form.list(), router);
            announcements.push(announcement.with_context(context)?);
        }
    }
    Ok(announcements)
}

/// Each address on each interface where others may claim it.
fn places(addresses: &[IpAddr], outlets: &mut Outlets) -> anyhow::Result<(Vec<Subject>, BTreeMap<u32, Interface>)> {
    let mut interfaces = BTreeMap::new();
    let mut subjects = Vec::new();
    for address in addresses {
        let context = || address.to_string();
        for interface in outlets.of_any(*address).with_context(context)? {
            interface.announcer().with_context(context)?;
            subjects.push(Subject { address: *address, index: interface.index });
            interfaces.insert(interface.index, interface);
        }
    }
    Ok((subjects, interfaces))
}

/// Stays, and prints who else claims the addresses.
fn watch(args: &Args, addresses: &[IpAddr], mut outlets: Outlets) -> anyhow::Result<Answer> {
    let ending = Signals::take_over().context("signals")?;
    let (subjects, interfaces) = places(addresses, &mut outlets)?;
    let mut defence = Vec::new();
    for Subject { address, index } in subjects.iter().filter(|_| args.defend) {
        if let Some(interface) = interfaces.get(index) {
            let router = address.is_ipv6() && sysctl::is_router(&interface.name);
            defence.push(Announcement::new(*address, interface, args.form.list(), router)?);
        }
    }
    let names = interfaces.into_iter().map(|(index, interface)| (index, interface.name)).collect();
    let sentry = Sentry::new(&subjects, names, outlets, args.force, defence).context(NEEDED)?;
    sentry.stay(TOOL, &ending)?;
    Ok(Answer::Yes)
}

/// Asks whether anybody else has the addresses, and prints what comes of it.
fn probe(args: &Args, addresses: &[IpAddr], outlets: &mut Outlets) -> anyhow::Result<Answer> {
    let (subjects, interfaces) = places(addresses, outlets)?;
    for interface in interfaces.values() {
        interface.usable()?;
    }
    let socket = FrameSocket::open().context(NEEDED)?;
    let mut lookout = Lookout::open(&subjects).context(NEEDED)?;
    let patience = Patience {
        count: args.count.unwrap_or(3),
        interval: args.interval.unwrap_or(Duration::from_millis(500)),
        wait: args.timeout.unwrap_or(Duration::from_secs(1)),
    };
    let mut inquiry = Inquiry::new(subjects, outlets.own_hardware()?, patience, edge::now());
    let (mut output, mut answer) = (Output::new(), Answer::Yes);
    let name = |index| interfaces.get(&index).map_or("", |interface| interface.name.as_str());
    lookout.inquire(&mut inquiry, &interfaces, &socket, |subject, sighting| {
        answer = Answer::No;
        output.line(&sighting.used(edge::now(), name(subject.index)))?;
        output.flush().map_err(anyhow::Error::from)
    })?;
    for subject in inquiry.open() {
        let why = match outlets.fresh(subject.index)? {
            None => Some("the interface has gone".to_owned()),
            Some(interface) => interface.usable().err().map(|unfit| unfit.to_string()),
        };
        let why = why.or_else(|| lookout.failure(subject.index).map(str::to_owned));
        let state = if why.is_some() { "unknown" } else { "free" };
        let line = Line::new("address", edge::now()).word(&subject.address.to_string()).word(state);
        let line = line.field("iface", name(subject.index));
        output.line(&line.maybe("reason", why.as_ref()).finish())?;
        if why.is_some() && answer == Answer::Yes {
            answer = Answer::Unknown;
        }
    }
    output.flush()?;
    Ok(answer)
}

//! send-arp: tell the neighbours where an address is.

use std::env;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use hbkit::address;
use hbkit::address_list::{self, Word};
use hbkit::announcer;
use hbkit::arp::Form;
use hbkit::edge::{self, Answer};
use hbkit::gratuitous::{Announcement, BOTH};
use hbkit::heartbeat_call::Call;
use hbkit::inquiry::Patience;
use hbkit::outlet::Outlets;
use hbkit::pid_file::PidFile;
use hbkit::rawsock::FrameSocket;
use hbkit::schedule::{Plan, Schedule};
use hbkit::{survey, sysctl, time};

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
/// The name by which Heartbeat's calling form is meant.
const HEARTBEATS: &str = "send_arp";
const NEEDED: &str = "packet socket (needs CAP_NET_RAW)";

fn interface_name(text: &str) -> Result<String, address::SpecError> {
    if address::is_interface(text) { Ok(text.to_owned()) } else { Err(address::SpecError::Interface(text.to_owned())) }
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    match words.split_first() {
        Some((name, words)) if name.rsplit('/').next() == Some(HEARTBEATS) => match as_heartbeat(words) {
            Ok(()) => Answer::Yes.into(),
            Err(error) => {
                edge::complain(HEARTBEATS, &format_args!("{error:#}"));
                Answer::No.into()
            }
        },
        _ => edge::finish(TOOL, run(&Args::parse())),
    }
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let addresses = address_list::read(&args.addresses)?;
    let mut outlets = Outlets::new(&args.interface)?;
    match (args.probe, args.watch) {
        (true, _) => {
            let patience = Patience {
                count: args.count.unwrap_or(3),
                interval: args.interval.unwrap_or(Duration::from_millis(500)),
                wait: args.timeout.unwrap_or(Duration::from_secs(1)),
            };
            survey::probe(&addresses, &mut outlets, patience)
        }
        (false, true) => {
            let defence = args.defend.then(|| args.form.list());
            survey::watch(TOOL, &addresses, outlets, args.force, defence).map(|()| Answer::Yes)
        }
        (false, false) => announce(args, &addresses, &mut outlets),
    }
}

/// The same job by Heartbeat's words, for scripts that call its send_arp.
fn as_heartbeat(words: &[String]) -> anyhow::Result<()> {
    let call = Call::read(words.iter().map(String::as_str))?;
    let mut outlets = Outlets::new(std::slice::from_ref(&call.device))?;
    let interface = outlets.of_any(call.address.into())?.pop().context("no interface")?;
    let source = interface.announcer()?;
    let socket = FrameSocket::open().context(NEEDED)?;
    let pid_file = match &call.pid_file {
        None => None,
        Some(path) => Some(PidFile::take_over(path, HEARTBEATS).with_context(|| path.clone())?),
    };
    let plan = Plan::new(call.schedule(), None, edge::now());
    for (round, due) in (0..).map_while(|round| plan.due(round).map(|due| (round, due))) {
        edge::wait_until(due);
        socket.send(interface.index, &call.frame(round, source)).with_context(|| call.device.clone())?;
    }
    if let Some(pid_file) = pid_file {
        pid_file.remove();
    }
    let _ = socket.leave(Duration::ZERO, |_| ());
    Ok(())
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

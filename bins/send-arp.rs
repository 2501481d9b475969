//! send-arp: tell the neighbours where an address is.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use hbkit::address;
use hbkit::address_list::{self, Word};
use hbkit::arp::Form;
use hbkit::edge::{self, Answer};
use hbkit::gratuitous::{Announcement, BOTH};
use hbkit::outlet::Outlets;
use hbkit::rawsock::FrameSocket;
use hbkit::schedule::{Plan, Schedule};
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

/// How old what was read of this host's addresses may be.
const STALE: Duration = Duration::from_millis(20);

fn interface_name(text: &str) -> Result<String, address::SpecError> {
    if address::is_interface(text) { Ok(text.to_owned()) } else { Err(address::SpecError::Interface(text.to_owned())) }
}

fn main() -> ExitCode {
    edge::finish("send-arp", run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let addresses = address_list::read(&args.addresses)?;
    let mut outlets = Outlets::new(&args.interface)?;
    let announcements = prepare(args, &addresses, &mut outlets)?;
    let socket = FrameSocket::open().context("packet socket (needs CAP_NET_RAW)")?;
    let schedule = match args.schedule {
        None => {
            let interval = args.interval.unwrap_or(Duration::from_secs(1));
            Schedule::Every { count: args.count.unwrap_or(1), interval }
        }
        Some(Named::Takeover) => Schedule::Takeover,
    };
    let gone = announce(args, schedule, &announcements, &mut outlets, &socket)?;
    // Closing the socket takes 16 ms; a child waits for that. When none can be
    // made, nothing is lost but that time.
    let _ = socket.leave(Duration::ZERO, |_| ());
    Ok(if gone { Answer::No } else { Answer::Yes })
}

/// All rounds. An address that leaves this host meanwhile is not announced any
/// more: that would take it away from whoever has it. Whether one did.
fn announce(
    args: &Args,
    schedule: Schedule,
    announcements: &[Announcement],
    outlets: &mut Outlets,
    socket: &FrameSocket,
) -> anyhow::Result<bool> {
    let mut looked = edge::now();
    let mut plan = Plan::new(schedule, args.rate, looked);
    let mut gone = BTreeSet::new();
    let mut round = 0;
    while let Some(begin) = plan.due(round) {
        edge::wait_until(begin);
        for announcement in announcements {
            let address = announcement.address;
            let Some(due) = plan.due(round).filter(|_| !gone.contains(&address)) else { continue };
            edge::wait_until(due);
            if edge::now() >= looked + STALE {
                looked = edge::now();
                outlets.look_again();
            }
            if !args.force && !outlets.holds(address)? {
                edge::complain("send-arp", &format_args!("{address}: it has left this host: not announced again"));
                gone.insert(address);
                continue;
            }
            socket.announce(announcement).with_context(|| address.to_string())?;
            plan.sent(due, edge::now());
        }
        if announcements.iter().all(|announcement| gone.contains(&announcement.address)) {
            break;
        }
        round += 1;
    }
    Ok(!gone.is_empty())
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

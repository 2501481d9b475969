//! send-arp: tell the neighbours where an address is.

use std::env;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use hbkit::address::{self, SpecError};
use hbkit::address_list::{self, Word};
use hbkit::arp::Form;
use hbkit::edge::{self, Answer};
use hbkit::gratuitous::BOTH;
use hbkit::inquiry::Patience;
use hbkit::interface::{self, Mac};
use hbkit::outlet::Outlets;
use hbkit::schedule::Schedule;
use hbkit::telling::{self, Choice};
use hbkit::{survey, time};

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
    /// Tell only the neighbour with this address, whose hardware address is
    /// looked up first; more than once for several
    #[arg(long, value_name = "ADDRESS", value_parser = address::host_address)]
    to: Vec<IpAddr>,
    /// Hardware address that the addresses are at [default: the interface's]
    #[arg(long, value_name = "MAC", value_parser = hardware)]
    hardware: Option<Mac>,
    /// Router flag of IPv6 [default: whether the interface forwards]
    #[arg(long, value_name = "YES|NO", hide_possible_values = true)]
    router: Option<YesNo>,
    /// Announce also what this host does not have
    #[arg(short = 'F', long)]
    force: bool,
    /// Announce nothing: ask whether anybody else has the addresses, -c times,
    /// -i apart [default: 3 times, 500ms]
    #[arg(long, group = "asking", conflicts_with_all = ANNOUNCING, conflicts_with = "hardware")]
    probe: bool,
    /// Announce nothing: ask who has the addresses, print all that answer, and
    /// compare them with --hardware
    #[arg(long, group = "asking", conflicts_with_all = ANNOUNCING)]
    verify: bool,
    /// Wait so long after the last question of --probe or --verify [default: 1s]
    #[arg(short = 'W', long, value_name = "SPAN", value_parser = time::parse_span, requires = "asking")]
    timeout: Option<Duration>,
    /// Announce nothing: stay, and print who else claims an address that this
    /// host has
    #[arg(long, conflicts_with_all = ["asking", "schedule", "rate", "count", "interval", "to", "hardware"])]
    watch: bool,
    /// With --watch: announce an address that is claimed, at most every 10 s
    #[arg(long, requires = "watch")]
    defend: bool,
    /// Addresses, all announced once before any is announced again; - reads
    /// them from standard input, one a line
    #[arg(required = true, value_name = "ADDRESS", value_parser = address_list::word)]
    addresses: Vec<Word>,
}

/// Options that mean something only where something is announced.
const ANNOUNCING: [&str; 6] = ["schedule", "rate", "form", "to", "router", "force"];

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

#[derive(Clone, Copy, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

const TOOL: &str = "send-arp";
/// The name by which Heartbeat's calling form is meant.
const HEARTBEATS: &str = "send_arp";

fn interface_name(text: &str) -> Result<String, SpecError> {
    if address::is_interface(text) { Ok(text.to_owned()) } else { Err(SpecError::Interface(text.to_owned())) }
}

fn hardware(text: &str) -> Result<Mac, &'static str> {
    interface::hardware_address(text)
        .filter(|mac| interface::is_machine(*mac))
        .ok_or("not the hardware address of a machine, such as 02:00:00:00:00:01")
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    match words.split_first() {
        Some((name, words)) if name.rsplit('/').next() == Some(HEARTBEATS) => {
            match telling::as_heartbeat(HEARTBEATS, words) {
                Ok(()) => Answer::Yes.into(),
                Err(error) => {
                    edge::complain(HEARTBEATS, &format_args!("{error:#}"));
                    Answer::No.into()
                }
            }
        }
        _ => edge::finish(TOOL, run(&Args::parse())),
    }
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let addresses = address_list::read(&args.addresses)?;
    let mut outlets = Outlets::new(&args.interface)?;
    let forms: &[Form] = match args.form {
        Forms::Request => &[Form::Request],
        Forms::Reply => &[Form::Reply],
        Forms::Both => BOTH,
    };
    let router = args.router.map(|flag| matches!(flag, YesNo::Yes));
    let choice = Choice { forms, router, mac: args.hardware, even_if_absent: args.force, to: args.to.clone() };
    if args.watch {
        let defence = args.defend.then_some(&choice);
        return survey::watch(TOOL, &addresses, outlets, args.force, defence).map(|()| Answer::Yes);
    }
    if args.probe || args.verify {
        let patience = Patience {
            count: args.count.unwrap_or(3),
            interval: args.interval.unwrap_or(Duration::from_millis(500)),
            wait: args.timeout.unwrap_or(Duration::from_secs(1)),
        };
        return match args.probe {
            true => survey::probe(&addresses, &mut outlets, patience),
            false => survey::verify(&addresses, &mut outlets, patience, args.hardware),
        };
    }
    let interval = args.interval.unwrap_or(Duration::from_secs(1));
    let schedule = match args.schedule {
        None => Schedule::Every { count: args.count.unwrap_or(1), interval },
        Some(Named::Takeover) => Schedule::Takeover,
    };
    telling::tell(TOOL, &addresses, &mut outlets, &choice, schedule, args.rate)
}

//! send-arp: tell the neighbours where an address is.

use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::{Parser, ValueEnum};
use hbkit::address;
use hbkit::arp::Form;
use hbkit::edge::{self, Answer};
use hbkit::gratuitous::{Announcement, BOTH};
use hbkit::interface::Interface;
use hbkit::netlink::Netlink;
use hbkit::rawsock::FrameSocket;
use hbkit::{sysctl, time};

/// Tell the neighbours where an address is: gratuitous ARP for IPv4,
/// unsolicited neighbour advertisements for IPv6
#[derive(Parser)]
#[command(name = "send-arp", version, disable_help_subcommand = true)]
struct Args {
    /// Announce on this interface [default: the one that holds the address]
    #[arg(short = 'I', long, value_name = "IFACE", value_parser = interface_name)]
    interface: Option<String>,
    /// Announce every address so many times
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Time between two announcements of an address: 2, 0.5, 250ms
    #[arg(short, long, value_name = "SPAN", default_value = "1s", value_parser = time::parse_span)]
    interval: Duration,
    /// Forms of gratuitous ARP: some equipment heeds only one
    #[arg(long, value_name = "FORM", default_value = "both")]
    form: Forms,
    /// Addresses, all announced once before any is announced again
    #[arg(required = true, value_name = "ADDRESS", value_parser = address::host_address)]
    addresses: Vec<IpAddr>,
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

fn interface_name(text: &str) -> Result<String, address::SpecError> {
    if address::is_interface(text) { Ok(text.to_owned()) } else { Err(address::SpecError::Interface(text.to_owned())) }
}

fn main() -> ExitCode {
    edge::finish("send-arp", run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let announcements = prepare(args)?;
    let socket = FrameSocket::open().context("packet socket (needs CAP_NET_RAW)")?;
    let mut due = edge::now();
    for round in 0..args.count {
        if round > 0 {
            due = due + args.interval;
            edge::wait_until(due);
        }
        for announcement in &announcements {
            socket.announce(announcement).with_context(|| announcement.address.to_string())?;
        }
    }
    // Closing the socket takes 16 ms; a child waits for that. When none can be
    // made, nothing is lost but that time.
    let _ = socket.leave(Duration::ZERO, |_| ());
    Ok(Answer::Yes)
}

/// The frames of all addresses; nothing is sent unless all of them can be.
fn prepare(args: &Args) -> anyhow::Result<Vec<Announcement>> {
    let mut netlink = Netlink::open()?;
    let named = match &args.interface {
        None => None,
        Some(name) => {
            let found = netlink.interface(name).with_context(|| name.clone())?;
            Some(found.ok_or_else(|| anyhow!("there is no interface {name}"))?)
        }
    };
    let mut announcements = Vec::new();
    for address in &args.addresses {
        let interface = match &named {
            Some(interface) => interface.clone(),
            None => holder(&mut netlink, *address).with_context(|| address.to_string())?,
        };
        let router = address.is_ipv6() && sysctl::is_router(&interface.name);
        let announcement = Announcement::new(*address, &interface, args.form.list(), router);
        announcements.push(announcement.with_context(|| address.to_string())?);
    }
    Ok(announcements)
}

/// The interface that holds an address.
fn holder(netlink: &mut Netlink, address: IpAddr) -> anyhow::Result<Interface> {
    let held = netlink.addresses(address.is_ipv6()).context("reading the addresses of this host")?;
    let mut indexes: Vec<u32> = held.iter().filter(|held| held.address == address).map(|held| held.index).collect();
    indexes.sort_unstable();
    indexes.dedup();
    let mut interfaces = Vec::new();
    for index in indexes {
        interfaces.extend(netlink.interface_at(index)?);
    }
    let names: Vec<&str> = interfaces.iter().map(|interface| interface.name.as_str()).collect();
    ensure!(names.len() < 2, "several interfaces hold it: name one with -I ({})", names.join(", "));
    let Some(interface) = interfaces.pop() else {
        bail!("no interface of this host holds it: name one with -I");
    };
    Ok(interface)
}

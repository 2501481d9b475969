//! What send-arp sends: addresses told to everybody or to some, all or nothing,
//! and a call in Heartbeat's words.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::announcer;
use crate::arp::Form;
use crate::edge::{self, Answer};
use crate::gratuitous::{Announcement, Manner};
use crate::heartbeat_call::Call;
use crate::interface::{Interface, Mac, Unfit};
use crate::outlet::Outlets;
use crate::pid_file::PidFile;
use crate::rawsock::FrameSocket;
use crate::schedule::{Plan, Schedule};
use crate::survey::{self, Search};
use crate::sysctl;

const NEEDED: &str = "packet socket (needs CAP_NET_RAW)";

/// What somebody chose of how addresses are announced.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Forms of gratuitous ARP.
    pub forms: &'static [Form],
    /// Whether the announcer of an IPv6 address is a router; none: as the
    /// interface says.
    pub router: Option<bool>,
    /// The hardware address that is announced; none is the interface's.
    pub mac: Option<Mac>,
    /// Also what this host does not have.
    pub even_if_absent: bool,
    /// Only to these neighbours; to everybody when there are none.
    pub to: Vec<IpAddr>,
}

impl Choice {
    fn manner(&self, address: IpAddr, interface: &Interface) -> Manner<'_> {
        let is_router = || address.is_ipv6() && sysctl::is_router(&interface.name);
        Manner { forms: self.forms, router: self.router.unwrap_or_else(is_router), mac: self.mac }
    }
}

/// The announcement of an address to everybody on an interface.
///
/// # Errors
/// Nobody would hear it there.
pub fn announcement(address: IpAddr, interface: &Interface, choice: &Choice) -> Result<Announcement, Unfit> {
    Announcement::in_manner(address, interface, choice.manner(address, interface))
}

/// Announces addresses by a schedule, at most `rate` a second. No: one has left
/// this host meanwhile. Partly: one of the neighbours was not found.
///
/// # Errors
/// The call makes no sense, or something could not be sent.
pub fn tell(
    tool: &str,
    addresses: &[IpAddr],
    outlets: &mut Outlets,
    choice: &Choice,
    schedule: Schedule,
    rate: Option<u32>,
) -> anyhow::Result<Answer> {
    let places = places(addresses, outlets, choice.even_if_absent)?;
    let socket = FrameSocket::open().context(NEEDED)?;
    let (announcements, search) = if choice.to.is_empty() {
        let to_all = |(address, interface): &(IpAddr, Interface)| {
            announcement(*address, interface, choice).with_context(|| address.to_string())
        };
        (places.iter().map(to_all).collect::<Result<Vec<_>, _>>()?, None)
    } else {
        let search = search(tool, &places, outlets, choice, &socket)?;
        (directed(&places, choice, &search)?, Some(search))
    };
    let plan = Plan::new(schedule, rate, edge::now());
    let left = |address| edge::complain(tool, &format_args!("{address}: it has left this host: not announced again"));
    let stayed = announcer::announce(&announcements, plan, choice.even_if_absent, outlets, &socket, left)?;
    // Closing the socket takes 16 ms; a child waits for that. When none can be
    // made, nothing is lost but that time.
    let _ = socket.leave(Duration::ZERO, |_| ());
    let all_found = search.is_none_or(|search| search.all_found());
    Ok(match (stayed, all_found) {
        (false, _) => Answer::No,
        (true, false) => Answer::Partly,
        (true, true) => Answer::Yes,
    })
}

/// The same job by Heartbeat's words, for scripts that call its send_arp by that
/// `name`.
///
/// # Errors
/// The words are wrong, or a frame could not be sent.
pub fn as_heartbeat(name: &str, words: &[String]) -> anyhow::Result<()> {
    let call = Call::read(words.iter().map(String::as_str))?;
    let mut outlets = Outlets::new(std::slice::from_ref(&call.device))?;
    let interface = outlets.of_any(call.address.into())?.pop().context("no interface")?;
    let source = interface.announcer()?;
    let socket = FrameSocket::open().context(NEEDED)?;
    let pid_file = match &call.pid_file {
        None => None,
        Some(path) => Some(PidFile::take_over(path, name).with_context(|| path.clone())?),
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

/// Each address with each interface on which it is announced.
fn places(
    addresses: &[IpAddr],
    outlets: &mut Outlets,
    even_if_absent: bool,
) -> anyhow::Result<Vec<(IpAddr, Interface)>> {
    let mut places = Vec::new();
    for address in addresses {
        let context = || address.to_string();
        let interfaces = if even_if_absent { outlets.of_any(*address) } else { outlets.of(*address) };
        for interface in interfaces.with_context(context)? {
            interface.announcer().with_context(context)?;
            places.push((*address, interface));
        }
    }
    Ok(places)
}

/// Where the neighbours are that are to be told; those that are not found are
/// named.
fn search(
    tool: &str,
    places: &[(IpAddr, Interface)],
    outlets: &mut Outlets,
    choice: &Choice,
    socket: &FrameSocket,
) -> anyhow::Result<Search> {
    for (address, _) in places {
        let is_told = choice.to.iter().any(|to| to.is_ipv6() == address.is_ipv6());
        ensure!(is_told, "{address}: no --to of its family: nobody could be told");
    }
    for neighbour in &choice.to {
        ensure!(!outlets.holds(*neighbour)?, "{neighbour}: this host has it itself, and needs not be told");
    }
    let interfaces: BTreeMap<u32, Interface> =
        places.iter().map(|(_, interface)| (interface.index, interface.clone())).collect();
    let search = survey::find(&choice.to, &interfaces, outlets, socket)?;
    for subject in search.missing() {
        let name = interfaces.get(&subject.index).map_or("", |interface| interface.name.as_str());
        let address = subject.address;
        edge::complain(tool, &format_args!("{address}: nobody answers for it on {name}: it is not told"));
    }
    Ok(search)
}

/// The announcements to the neighbours that were found, on every interface where
/// they were.
fn directed(places: &[(IpAddr, Interface)], choice: &Choice, search: &Search) -> anyhow::Result<Vec<Announcement>> {
    let mut announcements = Vec::new();
    for (address, interface) in places {
        for (_, neighbour) in search.found.iter().filter(|(index, _)| *index == interface.index) {
            if neighbour.address.is_ipv6() == address.is_ipv6() {
                let manner = choice.manner(*address, interface);
                announcements.push(Announcement::directed(*address, interface, manner, *neighbour)?);
            }
        }
    }
    Ok(announcements)
}

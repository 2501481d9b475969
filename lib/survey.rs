//! Who else has some addresses: asked once, or watched for.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::Context as _;

use crate::arp::Form;
use crate::edge::{self, Answer, Output};
use crate::gratuitous::Announcement;
use crate::inquiry::{Inquiry, Patience, Subject};
use crate::interface::Interface;
use crate::lookout::Lookout;
use crate::outlet::Outlets;
use crate::rawsock::FrameSocket;
use crate::record::Line;
use crate::sentry::Sentry;
use crate::signals::Signals;
use crate::sysctl;

const NEEDED: &str = "packet socket (needs CAP_NET_RAW)";

/// Asks whether anybody else has the addresses, and prints what comes of it.
///
/// # Errors
/// An interface cannot be asked on, or standard output not be written.
pub fn probe(addresses: &[IpAddr], outlets: &mut Outlets, patience: Patience) -> anyhow::Result<Answer> {
    let (subjects, interfaces) = places(addresses, outlets)?;
    for interface in interfaces.values() {
        interface.usable()?;
    }
    let socket = FrameSocket::open().context(NEEDED)?;
    let mut lookout = Lookout::open(&subjects).context(NEEDED)?;
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

/// Stays until a signal asks for the end, and prints who else claims the
/// addresses; with forms of a `defence`, announces those that are claimed.
///
/// # Errors
/// An interface cannot be listened on, or has gone.
pub fn watch(
    tool: &str,
    addresses: &[IpAddr],
    mut outlets: Outlets,
    even_if_absent: bool,
    defence: Option<&[Form]>,
) -> anyhow::Result<()> {
    let ending = Signals::take_over().context("signals")?;
    let (subjects, interfaces) = places(addresses, &mut outlets)?;
    let mut announcements = Vec::new();
    for Subject { address, index } in &subjects {
        if let (Some(forms), Some(interface)) = (defence, interfaces.get(index)) {
            let router = address.is_ipv6() && sysctl::is_router(&interface.name);
            announcements.push(Announcement::new(*address, interface, forms, router)?);
        }
    }
    let names = interfaces.into_iter().map(|(index, interface)| (index, interface.name)).collect();
    let sentry = Sentry::new(&subjects, names, outlets, even_if_absent, announcements).context(NEEDED)?;
    sentry.stay(tool, &ending)
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

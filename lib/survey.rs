//! Who else has some addresses: asked once, or watched for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context as _;

use crate::edge::{self, Answer, Output};
use crate::gratuitous::Neighbour;
use crate::inquiry::{Inquiry, Patience, Purpose, Subject};
use crate::interface::{Interface, Mac};
use crate::lookout::Lookout;
use crate::outlet::Outlets;
use crate::rawsock::FrameSocket;
use crate::record::Line;
use crate::sentry::Sentry;
use crate::sighting::shown;
use crate::signals::Signals;
use crate::telling::{self, Choice};

const NEEDED: &str = "packet socket (needs CAP_NET_RAW)";

/// How long a neighbour may take that is to be told: eight tenths of a second in
/// all.
const LOOK_UP: Patience = Patience { count: 3, interval: Duration::from_millis(200), wait: Duration::from_millis(400) };

/// Asks whether anybody else has the addresses, and prints what comes of it.
///
/// # Errors
/// An interface cannot be asked on, or standard output not be written.
pub fn probe(addresses: &[IpAddr], outlets: &mut Outlets, patience: Patience) -> anyhow::Result<Answer> {
    let (subjects, interfaces) = places(addresses, outlets)?;
    let mut inquiry = Inquiry::new(subjects.clone(), outlets.own_hardware()?, patience, edge::now());
    let socket = FrameSocket::open().context(NEEDED)?;
    let mut lookout = listen(&subjects, &interfaces)?;
    let (mut output, mut answer) = (Output::new(), Answer::Yes);
    lookout.inquire(&mut inquiry, &interfaces, &socket, |subject, sighting| {
        answer = Answer::No;
        output.line(&sighting.used(edge::now(), name_of(&interfaces, subject)))?;
        output.flush().map_err(anyhow::Error::from)
    })?;
    for subject in inquiry.open() {
        let why = deaf(*subject, outlets, &lookout)?;
        output.line(&at_the_end(*subject, "free", why.as_deref(), &interfaces))?;
        if why.is_some() && answer == Answer::Yes {
            answer = Answer::Unknown;
        }
    }
    output.flush()?;
    Ok(answer)
}

/// Asks who answers for the addresses, and prints all that do. Yes: for each it
/// is one machine, which is the `expected` one where one is.
///
/// # Errors
/// An interface cannot be asked on, or standard output not be written.
pub fn verify(
    addresses: &[IpAddr],
    outlets: &mut Outlets,
    patience: Patience,
    expected: Option<Mac>,
) -> anyhow::Result<Answer> {
    let (subjects, interfaces) = places(addresses, outlets)?;
    let askers = askers(&subjects, outlets)?;
    let inquiry = Inquiry::new(subjects.clone(), outlets.own_hardware()?, patience, edge::now());
    let mut inquiry = inquiry.with_purpose(Purpose::Gather);
    let socket = FrameSocket::open().context(NEEDED)?;
    let mut lookout = listen(&subjects, &interfaces)?;
    let mut output = Output::new();
    lookout.inquire_as(&mut inquiry, &interfaces, &askers, &socket, |subject, sighting| {
        output.line(&sighting.answered(edge::now(), name_of(&interfaces, subject), expected))?;
        output.flush().map_err(anyhow::Error::from)
    })?;
    let (mut wrong, mut unheard) = (false, false);
    outlets.look_again();
    for subject in subjects {
        let mut machines: BTreeSet<Mac> = inquiry.noted(subject).collect();
        let own = interfaces.get(&subject.index).and_then(|interface| interface.mac);
        if let Some(mac) = own.filter(|_| outlets.holds(subject.address).is_ok_and(|holds| holds)) {
            // What this host itself answers does not come back to it.
            machines.insert(mac);
            let line = Line::new("address", edge::now()).word(&subject.address.to_string()).word("here");
            let line = line.field("mac", shown(mac)).field("iface", name_of(&interfaces, subject));
            output.line(
                &line.maybe("expected", expected.map(|wanted| if wanted == mac { "yes" } else { "no" })).finish(),
            )?;
        }
        let why = deaf(subject, outlets, &lookout)?;
        if machines.is_empty() || why.is_some() {
            output.line(&at_the_end(subject, "silent", why.as_deref(), &interfaces))?;
        }
        unheard |= why.is_some();
        let is_right = machines.iter().all(|mac| expected.is_none_or(|wanted| wanted == *mac));
        wrong |= machines.len() > 1 || !is_right || (machines.is_empty() && why.is_none());
    }
    output.flush()?;
    Ok(match (wrong, unheard) {
        (true, _) => Answer::No,
        (false, true) => Answer::Unknown,
        (false, false) => Answer::Yes,
    })
}

/// What a search for neighbours came to.
pub struct Search {
    /// Each that was found, with the number of the interface on which it was.
    pub found: Vec<(u32, Neighbour)>,
    open: Vec<Subject>,
    /// The ears that heard them: to be dropped when there is time for it, which
    /// takes 16 ms for each.
    pub lookout: Lookout,
}

impl Search {
    /// Those that were found on no interface, once for each of them.
    pub fn missing(&self) -> impl Iterator<Item = &Subject> {
        let found = |address| self.found.iter().any(|(_, neighbour)| neighbour.address == address);
        self.open.iter().filter(move |subject| !found(subject.address))
    }

    /// Whether each of them was found, on one interface at least.
    pub fn all_found(&self) -> bool {
        self.missing().next().is_none()
    }
}

/// Looks for neighbours on interfaces.
///
/// # Errors
/// An interface cannot be asked on.
pub fn find(
    neighbours: &[IpAddr],
    interfaces: &BTreeMap<u32, Interface>,
    outlets: &mut Outlets,
    socket: &FrameSocket,
) -> anyhow::Result<Search> {
    let on_all =
        |address: &IpAddr| interfaces.keys().map(|index| Subject { address: *address, index: *index }).collect();
    let subjects: Vec<Subject> = neighbours.iter().flat_map::<Vec<Subject>, _>(on_all).collect();
    let askers = askers(&subjects, outlets)?;
    let inquiry = Inquiry::new(subjects.clone(), outlets.own_hardware()?, LOOK_UP, edge::now());
    let mut inquiry = inquiry.with_purpose(Purpose::Find);
    let mut lookout = listen(&subjects, interfaces)?;
    let mut found = Vec::new();
    lookout.inquire_as::<anyhow::Error>(&mut inquiry, interfaces, &askers, socket, |subject, sighting| {
        found.push((subject.index, Neighbour { address: sighting.address, mac: sighting.mac }));
        Ok(())
    })?;
    Ok(Search { found, open: inquiry.open().to_vec(), lookout })
}

/// Stays until a signal asks for the end, and prints who else claims the
/// addresses; with a way of `defence`, announces those that are claimed.
///
/// # Errors
/// An interface cannot be listened on, or has gone.
pub fn watch(
    tool: &str,
    addresses: &[IpAddr],
    mut outlets: Outlets,
    even_if_absent: bool,
    defence: Option<&Choice>,
) -> anyhow::Result<()> {
    let ending = Signals::take_over().context("signals")?;
    let (subjects, interfaces) = places(addresses, &mut outlets)?;
    let mut announcements = Vec::new();
    for Subject { address, index } in &subjects {
        if let (Some(choice), Some(interface)) = (defence, interfaces.get(index)) {
            announcements.push(telling::announcement(*address, interface, choice)?);
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

/// The addresses from which this host asks for each subject.
fn askers(subjects: &[Subject], outlets: &mut Outlets) -> anyhow::Result<BTreeMap<Subject, IpAddr>> {
    let mut askers = BTreeMap::new();
    for subject in subjects {
        let asker = outlets.asker(subject.address, subject.index)?;
        askers.extend(asker.map(|asker| (*subject, asker)));
    }
    Ok(askers)
}

/// Ears for the subjects, on interfaces that carry questions.
fn listen(subjects: &[Subject], interfaces: &BTreeMap<u32, Interface>) -> anyhow::Result<Lookout> {
    for interface in interfaces.values() {
        interface.usable()?;
    }
    Lookout::open(subjects).context(NEEDED)
}

fn name_of(interfaces: &BTreeMap<u32, Interface>, subject: Subject) -> &str {
    interfaces.get(&subject.index).map_or("", |interface| interface.name.as_str())
}

/// Why nobody could have been heard of a subject, where that is so.
fn deaf(subject: Subject, outlets: &mut Outlets, lookout: &Lookout) -> anyhow::Result<Option<String>> {
    let why = match outlets.fresh(subject.index)? {
        None => Some("the interface has gone".to_owned()),
        Some(interface) => interface.usable().err().map(|unfit| unfit.to_string()),
    };
    Ok(why.or_else(|| lookout.failure(subject.index).map(str::to_owned)))
}

/// The record of a subject at the end: in that `state`, or unknown because of
/// `why`.
fn at_the_end(subject: Subject, state: &str, why: Option<&str>, interfaces: &BTreeMap<u32, Interface>) -> String {
    let state = if why.is_some() { "unknown" } else { state };
    let line = Line::new("address", edge::now()).word(&subject.address.to_string()).word(state);
    line.field("iface", name_of(interfaces, subject)).maybe("reason", why).finish()
}

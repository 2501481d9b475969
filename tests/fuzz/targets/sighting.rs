//! Claims of others to addresses: what is read is whole, padding changes nothing,
//! what the library writes is read as it was meant, and what was damaged or cut is
//! not. Then an inquiry and a watch hear them, in bounded memory.
#![no_main]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hbkit::arp::{Arp, Form};
use hbkit::claims::Claims;
use hbkit::inquiry::{Inquiry, Patience, Purpose, Subject};
use hbkit::interface::Mac;
use hbkit::ndisc::Advertisement;
use hbkit::record::Record;
use hbkit::sighting::{Sighting, What};
use hbkit::solicitation::Solicitation;
use hbkit::time::Time;
use hbkit_fuzz::{Choices, bounded};
use libfuzzer_sys::fuzz_target;

fn array<const N: usize>(choices: &mut Choices<'_>) -> [u8; N] {
    std::array::from_fn(|_| choices.byte())
}

/// A frame of ours, and what it says to a host that is not ours.
fn written(choices: &mut Choices<'_>) -> (Vec<u8>, Sighting) {
    let (mac, other): (Mac, Mac) = (array(choices), array(choices));
    let v4 = Ipv4Addr::from(array::<4>(choices) as [u8; 4]);
    let v4 = if v4.is_unspecified() { Ipv4Addr::LOCALHOST } else { v4 };
    // Neither a group nor nobody.
    let v6 = Ipv6Addr::from([&[0x20][..], &array::<15>(choices)].concat().as_slice().try_into().unwrap_or([1; 16]));
    let asker = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(choices.byte()));
    let form = if choices.below(2) == 0 { Form::Request } else { Form::Reply };
    let (frame, address, what): (Vec<u8>, IpAddr, What) = match choices.below(7) {
        0 => (Arp::gratuitous(mac, v4, form).frame().into(), v4.into(), What::Has),
        1 => (Arp::question(mac, Ipv4Addr::UNSPECIFIED, v4).frame().into(), v4.into(), What::Wants),
        2 => (Arp::question(mac, v4, Ipv4Addr::BROADCAST).frame().into(), v4.into(), What::Has),
        3 => (Arp::directed(mac, v4, form, other, Ipv4Addr::BROADCAST).frame().into(), v4.into(), What::Has),
        4 => {
            let advertisement = Advertisement { target: v6, mac, router: form == Form::Reply };
            (advertisement.frame_to(other, asker).into(), v6.into(), What::Has)
        }
        5 => (Solicitation { source: Ipv6Addr::UNSPECIFIED, target: v6, mac }.frame(), v6.into(), What::Wants),
        _ => (Solicitation { source: asker, target: v6, mac }.frame(), asker.into(), What::Has),
    };
    (frame, Sighting { address, mac, what })
}

fn check(frame: &[u8]) -> Option<Sighting> {
    let seen = bounded(0, || Sighting::read(frame))?;
    assert!(frame.len() >= 42 && !seen.address.is_unspecified());
    assert!(!(seen.address.is_ipv6() && seen.address.is_multicast()), "a group claims nothing");
    let padded = [frame, &[0xa5; 20]].concat();
    assert_eq!(Sighting::read(&padded), Some(seen), "padding says something");
    for line in [seen.used(Time::ZERO, "eth0"), seen.answered(Time::ZERO, "eth0", Some(seen.mac))] {
        let record = Record::parse_text(&line).expect("a record that cannot be read");
        assert_eq!(record.kind, "address");
    }
    Some(seen)
}

fuzz_target!(|data: &[u8]| {
    check(data);
    let mut choices = Choices(data);
    let own: Mac = array(&mut choices);
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    let mut seen = Vec::new();
    while !choices.is_empty() && seen.len() < 200 {
        let (mut frame, meant) = written(&mut choices);
        assert_eq!(check(&frame), Some(meant));
        assert_eq!(Sighting::read(&frame[..choices.below(frame.len())]), None, "a cut frame is read");
        if meant.address.is_ipv6() {
            let (at, bit) = (54 + choices.below(frame.len() - 54), choices.below(8));
            frame[at] ^= 1 << bit;
            assert_eq!(Sighting::read(&frame), None, "byte {at}, bit {bit} do not matter");
        }
        if addresses.len() < 4 {
            addresses.insert(meant.address);
        }
        seen.push(meant);
    }
    let subjects: Vec<Subject> = addresses.iter().map(|address| Subject { address: *address, index: 1 }).collect();
    let patience = Patience { count: 1, interval: Duration::ZERO, wait: Duration::ZERO };
    for purpose in [Purpose::Free, Purpose::Find, Purpose::Gather] {
        let mut inquiry = Inquiry::new(subjects.clone(), [own].into(), patience, Time::ZERO).with_purpose(purpose);
        for sighting in &seen {
            if let Some(subject) = inquiry.heard(1, sighting) {
                assert!(sighting.mac != own && addresses.contains(&subject.address));
                assert!(sighting.what == What::Has || purpose == Purpose::Free);
                assert_eq!(inquiry.open().contains(&subject), purpose == Purpose::Gather);
            }
        }
        assert!(subjects.iter().all(|subject| inquiry.noted(*subject).count() <= 64));
    }
    let mut claims = Claims::new(addresses.iter().copied());
    let said = seen.iter().filter(|seen| claims.concern(seen) && claims.say(1, seen, Time::ZERO)).count();
    assert!(said <= 64, "{said} claims in a second");
});

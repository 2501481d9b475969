use super::*;
use std::net::Ipv4Addr;

use crate::ndisc::Advertisement;
use crate::solicitation::Solicitation;

const MAC: Mac = [2, 0, 0, 0, 0, 1];
const V4: [u8; 4] = [192, 0, 2, 4];
const V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 4);

/// A frame of each kind, and what it says.
fn frames() -> Vec<(Vec<u8>, Sighting)> {
    let seen = |address: IpAddr, what| Sighting { address, mac: MAC, what };
    let advertisement = Advertisement { target: V6, mac: MAC, router: false };
    let ask = |source| Solicitation { source, target: V6, mac: MAC }.frame();
    let asker = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);
    vec![
        (Arp::gratuitous(MAC, V4.into(), Form::Request).frame().into(), seen(V4.into(), What::Has)),
        (Arp::gratuitous(MAC, V4.into(), Form::Reply).frame().into(), seen(V4.into(), What::Has)),
        (Arp::question(MAC, Ipv4Addr::UNSPECIFIED, V4.into()).frame().into(), seen(V4.into(), What::Wants)),
        (advertisement.frame().into(), seen(V6.into(), What::Has)),
        (ask(Ipv6Addr::UNSPECIFIED), seen(V6.into(), What::Wants)),
        (ask(asker), seen(asker.into(), What::Has)),
    ]
}

#[test]
fn every_kind_of_claim_is_read_also_with_padding() {
    for (mut frame, sighting) in frames() {
        assert_eq!(Sighting::read(&frame), Some(sighting));
        frame.resize(128, 0);
        assert_eq!(Sighting::read(&frame), Some(sighting), "padded");
    }
}

#[test]
fn what_is_not_whole_claims_nothing() {
    for (frame, sighting) in frames() {
        for length in 0..frame.len() {
            assert_eq!(Sighting::read(&frame[..length]), None, "{sighting:?} in {length} bytes");
        }
    }
}

#[test]
fn a_damaged_message_of_neighbour_discovery_claims_nothing() {
    for (frame, sighting) in frames().split_off(3) {
        for bit in 54 * 8..frame.len() * 8 {
            let mut damaged = frame.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Sighting::read(&damaged), None, "{sighting:?}, bit {bit}");
        }
        let mut routed = frame.clone();
        routed[21] = 64;
        assert_eq!(Sighting::read(&routed), None, "it came through a router");
    }
}

#[test]
fn options_without_length_or_end_are_refused_and_unknown_ones_skipped() {
    let mac = [2, 1, 2, 0, 0, 0, 0, 9];
    assert_eq!(link_layer(&mac), Some((None, Some([2, 0, 0, 0, 0, 9]))));
    let nonce = [14, 1, 1, 2, 3, 4, 5, 6];
    assert_eq!(link_layer(&[nonce, mac].concat()), Some((None, Some([2, 0, 0, 0, 0, 9]))));
    assert_eq!(link_layer(&[0; 8]), None, "no length");
    assert_eq!(link_layer(&[2, 2, 2, 0, 0, 0, 0, 9]), None, "longer than the message");
    assert_eq!(link_layer(&[2]), None, "half a head");
    assert_eq!(link_layer(&[]), Some((None, None)));
}

#[test]
fn no_garbage_panics() {
    // Numbers of a linear congruential generator, seed 1.
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    for round in 0..20_000 {
        let mut frame: Vec<u8> = (0..usize::from(next())).map(|_| next()).collect();
        if let Some(kind) = frame.get_mut(12..14) {
            kind.copy_from_slice(if round % 2 == 0 { &[8, 6] } else { &[0x86, 0xdd] });
        }
        if let Some(header) = frame.get_mut(14..22).filter(|_| round % 4 == 1) {
            header.copy_from_slice(&[0x60, 0, 0, 0, 0, 32, 58, 255]);
        }
        let _ = Sighting::read(&frame);
    }
}

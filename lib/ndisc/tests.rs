use super::*;
use crate::sighting::{Sighting, What};

const ADVERTISEMENT: Advertisement =
    Advertisement { target: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 4), mac: [2, 0, 0, 0, 0, 1], router: false };

#[test]
fn the_frame_is_that_of_rfc_4861() {
    let frame = ADVERTISEMENT.frame();
    let target = ADVERTISEMENT.target.octets();
    assert_eq!(frame[..14], [0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd]);
    // Version 6, 32 bytes of ICMPv6, hop limit 255.
    assert_eq!(frame[14..22], [0x60, 0, 0, 0, 0, 32, 58, 255]);
    assert_eq!((&frame[22..38], &frame[38..54]), (&target[..], &ALL_NODES.octets()[..]));
    assert_eq!(frame[54..56], [136, 0]);
    // The override flag alone.
    assert_eq!(frame[58..62], [0x20, 0, 0, 0]);
    assert_eq!(frame[62..78], target);
    assert_eq!(frame[78..86], [2, 1, 2, 0, 0, 0, 0, 1]);
}

#[test]
fn to_one_neighbour_it_goes_there_alone_and_a_router_says_that_it_is_one() {
    let neighbour = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);
    let router = Advertisement { router: true, ..ADVERTISEMENT };
    let frame = router.frame_to([2, 0, 0, 0, 0, 9], neighbour);
    assert_eq!(frame[..6], [2, 0, 0, 0, 0, 9]);
    assert_eq!(frame[38..54], neighbour.octets());
    assert_eq!(frame[58], 0xa0, "router and override");
    let seen = Sighting { address: router.target.into(), mac: router.mac, what: What::Has };
    assert_eq!(Sighting::read(&frame), Some(seen), "the checksum fits");
    assert_eq!(Sighting::read(&router.frame()), Some(seen));
}

use super::*;

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
fn a_frame_is_read_as_it_was_written() {
    for router in [false, true] {
        let advertisement = Advertisement { router, ..ADVERTISEMENT };
        assert_eq!(Advertisement::parse(&advertisement.frame()), Ok(advertisement));
    }
}

#[test]
fn every_damaged_bit_of_the_message_is_noticed() {
    let frame = ADVERTISEMENT.frame();
    for bit in 54 * 8..FRAME * 8 {
        let mut damaged = frame;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Advertisement::parse(&damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn what_is_no_advertisement_is_refused() {
    let frame = ADVERTISEMENT.frame();
    for length in 0..FRAME {
        assert!(Advertisement::parse(&frame[..length]).is_err(), "{length} bytes");
    }
    let mut routed = frame;
    routed[21] = 64;
    assert_eq!(Advertisement::parse(&routed), Err(NdiscError::HopLimit(64)));
    let mut v4 = frame;
    v4[12..14].copy_from_slice(&[8, 0]);
    assert_eq!(Advertisement::parse(&v4), Err(NdiscError::Kind));
}

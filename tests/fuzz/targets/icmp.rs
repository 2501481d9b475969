//! Answers to echo requests: nothing that is not about a request of ours counts,
//! and every request is known again in its answer and in an error.
#![no_main]

use std::net::IpAddr;

use hbkit::icmp::{Echo, Family, Heard, hear, hear_with_header, refusal, request};
use hbkit_fuzz::{Choices, bounded};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for family in [Family::V4, Family::V6] {
        if let Some(Heard::Answer(echo)) = bounded(0, || hear(family, data)) {
            assert!(data.len() >= 28 && data[1] == 0);
            assert_eq!(data[8..28], request(family, &echo, 0)[8..], "an answer repeats what was sent");
        }
    }
    let _ = bounded(0, || hear_with_header(data));

    let mut choices = Choices(data);
    let (ident, check) = (choices.number() as u16, choices.number());
    let echo = Echo { ident, check, target: choices.number() as u32, number: choices.number() };
    let mut sent = request(Family::V4, &echo, 0);
    // An answer of IPv4 has another type, and so another sum.
    let sum = u16::from_be_bytes([sent[2], sent[3]]);
    let sum = sum.checked_add(0x0800).unwrap_or_else(|| sum.wrapping_add(0x0801));
    sent[0] = 0;
    sent[2..4].copy_from_slice(&sum.to_be_bytes());
    match hear(Family::V4, &sent) {
        Some(Heard::Answer(heard)) => assert_eq!(heard, echo),
        other => assert!(other.is_none() && matches!(sum, 0 | 0xffff), "{other:?} for {echo:?}"),
    }
    let mut sent = request(Family::V6, &echo, 0);
    sent[0] = 129;
    assert_eq!(hear(Family::V6, &sent), Some(Heard::Answer(echo)));
    let cut = choices.below(sent.len());
    assert_eq!(hear(Family::V6, &sent[..cut]), None, "a cut answer counts");
    sent[0] = 128;
    let to: IpAddr = [0x20u16, 1, 0xd, 0xb8, 0, 0, 0, 1].into();
    match refusal(to, &sent, 1, 1) {
        Some(Heard::Refusal(refused)) => assert_eq!((refused.to, refused.echo), (to, Some(echo))),
        other => panic!("{other:?}"),
    }
});

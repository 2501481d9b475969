use super::*;

const ECHO: Echo = Echo { ident: 0x1234, check: 0x0102_0304_0506_0708, target: 7, number: 0x0001_0002 };
const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

/// The answer of a target: the type changed, the sum mended.
fn answer(family: Family) -> Vec<u8> {
    let mut bytes = request(family, &ECHO, 0).to_vec();
    bytes[0] = family.reply_type();
    mend(family, &mut bytes);
    bytes
}

fn mend(family: Family, bytes: &mut [u8]) {
    bytes[2..4].fill(0);
    if family == Family::V4 {
        let sum = checksum(&IcmpPacket::new(bytes).unwrap());
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    }
}

/// An IP packet to `to` that holds `message`.
fn wrap(to: IpAddr, message: &[u8]) -> Vec<u8> {
    let mut bytes = match to {
        IpAddr::V4(to) => {
            let mut header = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1];
            header.extend(to.octets());
            header
        }
        IpAddr::V6(to) => {
            let mut header = vec![0x60, 0, 0, 0, 0, 28, 58, 64];
            header.extend([0; 16]);
            header.extend(to.octets());
            header
        }
    };
    bytes.extend(message);
    bytes
}

fn target(family: Family) -> IpAddr {
    match family {
        Family::V4 => "192.0.2.9".parse().unwrap(),
        Family::V6 => "2001:db8::9".parse().unwrap(),
    }
}

/// An error of a router that quotes `length` bytes of our request.
fn error(family: Family, kind: u8, code: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![kind, code, 0, 0, 0, 0, 0, 0];
    bytes.extend(wrap(target(family), &request(family, &ECHO, 0)[..length]));
    mend(family, &mut bytes);
    bytes
}

#[test]
fn an_answer_says_what_the_request_said() {
    for family in FAMILIES {
        assert_eq!(hear(family, &answer(family)), Some(Heard::Answer(ECHO)));
    }
    assert_eq!(hear_with_header(&wrap(target(Family::V4), &answer(Family::V4))), Some(Heard::Answer(ECHO)));
}

#[test]
fn the_sum_of_a_request_is_right() {
    // The one's complement sum over a message with its sum is all ones.
    let bytes = request(Family::V4, &ECHO, 0);
    let sum: u32 = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
}

#[test]
fn a_request_is_no_answer() {
    for family in FAMILIES {
        assert_eq!(hear(family, &request(family, &ECHO, 0)), None);
    }
}

#[test]
fn a_damaged_answer_is_not_heard() {
    let mut bytes = answer(Family::V4);
    bytes[20] ^= 1;
    assert_eq!(hear(Family::V4, &bytes), None);
}

#[test]
fn an_answer_whose_sequence_is_not_of_its_number_is_not_heard() {
    for family in FAMILIES {
        let mut bytes = answer(family);
        bytes[7] ^= 1;
        mend(family, &mut bytes);
        assert_eq!(hear(family, &bytes), None);
    }
}

#[test]
fn an_error_that_quotes_the_whole_request_names_it() {
    for (family, kind, code) in [(Family::V4, 3, 1), (Family::V6, 1, 3)] {
        let refusal = Refusal {
            to: target(family),
            ident: ECHO.ident,
            sequence: ECHO.sequence(),
            echo: Some(ECHO),
            reason: "host-unreachable",
            kind,
            code,
        };
        assert_eq!(hear(family, &error(family, kind, code, 28)), Some(Heard::Refusal(refusal)));
    }
}

#[test]
fn an_error_that_quotes_eight_bytes_names_the_sequence_alone() {
    for (family, kind) in [(Family::V4, 11), (Family::V6, 3)] {
        let Some(Heard::Refusal(refusal)) = hear(family, &error(family, kind, 0, 8)) else { panic!("no refusal") };
        assert_eq!((refusal.echo, refusal.sequence, refusal.reason), (None, ECHO.sequence(), "hop-limit"));
    }
}

#[test]
fn an_error_about_something_else_is_not_heard() {
    let mut bytes = error(Family::V4, 3, 1, 28);
    bytes[8 + 9] = 17; // UDP
    mend(Family::V4, &mut bytes);
    assert_eq!(hear(Family::V4, &bytes), None);
    let mut bytes = error(Family::V4, 3, 1, 28);
    bytes[8 + 20] = 0; // an echo reply of ours
    mend(Family::V4, &mut bytes);
    assert_eq!(hear(Family::V4, &bytes), None);
}

#[test]
fn nothing_that_is_cut_or_turned_over_makes_trouble() {
    for family in FAMILIES {
        for whole in [answer(family), error(family, 3, 1, 28), error(family, 1, 3, 28)] {
            for length in 0..whole.len() {
                let _ = hear(family, &whole[..length]);
                let _ = hear_with_header(&whole[..length]);
            }
            for at in 0..whole.len() * 8 {
                let mut bytes = whole.clone();
                bytes[at / 8] ^= 1 << (at % 8);
                let _ = hear(family, &bytes);
                let _ = hear_with_header(&bytes);
            }
        }
    }
}

#[test]
fn a_request_carries_as_much_as_is_asked_for_and_is_known_again() {
    for family in FAMILIES {
        for (asked, length) in [(0, 28), (20, 28), (21, 29), (1400, 1408), (PAYLOAD_MOST, 65_515), (usize::MAX, 65_515)]
        {
            let mut bytes = request(family, &ECHO, asked);
            assert_eq!(bytes.len(), length);
            bytes[0] = family.reply_type();
            mend(family, &mut bytes);
            assert_eq!(hear(family, &bytes), Some(Heard::Answer(ECHO)), "{family:?} {asked}");
        }
    }
}

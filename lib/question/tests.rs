use super::*;
use crate::floating::FOREVER;

const MAC: Mac = [2, 0, 0, 0, 0, 1];

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn held(index: u32, text: &str, bits: u8) -> Held {
    Held {
        index,
        address: address(text),
        bits,
        secondary: false,
        tentative: false,
        duplicate: false,
        broadcast: None,
        label: None,
        scope: 0,
        valid: FOREVER,
        preferred: FOREVER,
        choices: 0,
        metric: 0,
        protocol: 0,
    }
}

#[test]
fn without_an_asker_it_only_asks_and_with_one_it_says_who() {
    let asked = |text, asker: Option<&str>| question(address(text), MAC, asker.map(address));
    assert_eq!(asked("192.0.2.4", None)[28..32], [0, 0, 0, 0]);
    assert_eq!(asked("192.0.2.4", Some("192.0.2.1"))[28..32], [192, 0, 2, 1]);
    assert_eq!(asked("192.0.2.4", Some("::1"))[28..32], [0, 0, 0, 0]);
    assert_eq!((asked("2001:db8::4", None).len(), asked("2001:db8::4", Some("fe80::1")).len()), (78, 86));
    assert_eq!(asked("2001:db8::4", Some("192.0.2.1")).len(), 78);
}

#[test]
fn it_is_asked_from_an_address_of_its_network_on_that_interface() {
    let rows = [
        held(1, "192.0.2.4", 24),
        held(2, "192.0.2.9", 24),
        held(1, "198.51.100.1", 24),
        Held { secondary: true, ..held(1, "192.0.2.7", 24) },
        held(1, "192.0.2.1", 24),
        Held { preferred: 0, ..held(3, "192.0.2.3", 24) },
    ];
    let from = |text, index| asker(address(text), index, &rows);
    assert_eq!(from("192.0.2.4", 1), Some(address("192.0.2.1")), "not from itself, nor from one that floats");
    assert_eq!(from("192.0.2.4", 2), Some(address("192.0.2.9")));
    assert_eq!(from("192.0.2.4", 3), None, "deprecated");
    assert_eq!(from("203.0.113.4", 1), None, "of no network here");
}

#[test]
fn over_ipv6_a_link_local_one_does_and_one_that_waits_does_not() {
    let rows = [
        held(1, "fe80::1", 64),
        Held { tentative: true, ..held(1, "2001:db8::1", 64) },
        held(1, "2001:db8::7", 128),
        held(2, "fe80::2", 64),
        held(2, "2001:db8::2", 64),
    ];
    let from = |text, index| asker(address(text), index, &rows);
    assert_eq!(from("2001:db8::4", 1), Some(address("fe80::1")));
    assert_eq!(from("2001:db8::4", 2), Some(address("2001:db8::2")));
    assert_eq!(from("fe80::9", 2), Some(address("fe80::2")));
    assert_eq!(from("2001:db8::4", 3), None);
}

use netlink_packet_core::Emitable as _;

use super::*;

fn address_of(text: &str) -> Held {
    Held {
        index: 7,
        address: text.parse().unwrap(),
        bits: 24,
        secondary: false,
        tentative: false,
        duplicate: false,
        broadcast: None,
        label: None,
        scope: 0,
        valid: 9,
        preferred: 8,
        choices: 0x200,
        metric: 5,
        protocol: 3,
    }
}

fn bytes(message: &AddressMessage) -> Vec<u8> {
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// rtmsg for IPv4: /24, main table, unicast.
const ROUTE: [u8; 12] = [2, 24, 0, 0, 254, 2, 0, 1, 0, 0, 0, 0];

#[test]
fn an_address_is_read_as_it_was_written() {
    let v4 = Held {
        broadcast: Some(Ipv4Addr::new(192, 0, 2, 255)),
        label: Some("eth0:1".to_owned()),
        ..address_of("192.0.2.4")
    };
    let v6 = Held { choices: 0x202, ..address_of("2001:db8::4") };
    for wanted in [v4, v6] {
        assert_eq!(held(&bytes(&address(&wanted))).unwrap(), Some(wanted));
    }
}

#[test]
fn the_own_end_of_a_point_to_point_address_counts() {
    let mut message = AddressMessage::default();
    message.attributes.push(AddressAttribute::Address("192.0.2.9".parse().unwrap()));
    message.attributes.push(AddressAttribute::Local("192.0.2.4".parse().unwrap()));
    let found = held(&bytes(&message)).unwrap().unwrap();
    assert_eq!(found.address, "192.0.2.4".parse::<IpAddr>().unwrap());
}

#[test]
fn a_route_of_several_ways_is_one_for_each_interface() {
    let hop = |index: u32, rest: &[u8]| {
        let length = u16::try_from(8 + rest.len()).unwrap();
        [&length.to_ne_bytes()[..], &[0, 0], &index.to_ne_bytes(), rest].concat()
    };
    let gateway = attribute(RTA_GATEWAY, &[192, 0, 2, 1]);
    let hops = [hop(2, &gateway), hop(3, &[])].concat();
    let payload = [&ROUTE[..], &attribute(RTA_DST, &[10, 0, 0, 0]), &attribute(RTA_MULTIPATH, &hops)].concat();
    let found = routes(&payload).unwrap().unwrap();
    let ways: Vec<(u32, bool)> = found.iter().map(|route| (route.index, route.gateway)).collect();
    assert_eq!(ways, [(2, true), (3, false)]);
    assert!(found.iter().all(|route| route.network.to_string() == "10.0.0.0" && route.bits == 24));
}

#[test]
fn routes_of_other_tables_and_kinds_do_not_count() {
    let index = attribute(RTA_OIF, &2_u32.to_ne_bytes());
    let row = |header: [u8; 12], more: &[u8]| routes(&[&header[..], &index, more].concat()).unwrap();
    assert_eq!(row(ROUTE, &[]).map(|found| found.len()), Some(1));
    let (mut blackhole, mut local) = (ROUTE, ROUTE);
    blackhole[7] = 6;
    local[4] = 255;
    assert_eq!(row(blackhole, &[]), None);
    assert_eq!(row(local, &[]), None);
    assert_eq!(row(ROUTE, &attribute(RTA_TABLE, &1_000_u32.to_ne_bytes())), None);
}

#[test]
fn damaged_messages_are_errors_or_nothing_and_never_a_panic() {
    let whole = bytes(&address(&address_of("192.0.2.4")));
    let route = [&ROUTE[..], &attribute(RTA_DST, &[10, 0, 0, 0]), &attribute(RTA_OIF, &[2, 0, 0, 0])].concat();
    // A linear congruential generator with a fixed seed.
    let mut state: u32 = 1;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    for _ in 0..20_000 {
        for message in [&whole, &route] {
            let mut damaged = message.clone();
            for _ in 0..=random() % 4 {
                let at = random() as usize % damaged.len();
                damaged[at] = random().to_le_bytes()[0];
            }
            damaged.truncate(random() as usize % (damaged.len() + 1));
            let _ = (held(&damaged), interface(&damaged), routes(&damaged), next_hops(&damaged));
        }
    }
}

#[test]
fn the_end_of_an_exchange_is_success_or_the_kernels_reason() {
    assert!(status(&0_i32.to_ne_bytes()).is_ok());
    let refused = status(&(-1_i32).to_ne_bytes()).unwrap_err();
    assert_eq!(refused.errno(), Some(Errno::EPERM));
    assert!(status(&i32::MIN.to_ne_bytes()).is_err());
}

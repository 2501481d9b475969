use super::*;

fn spec(text: &str) -> Spec {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> String {
    text.parse::<Spec>().unwrap_err().to_string()
}

#[test]
fn an_address_alone_is_enough() {
    let found = spec("192.0.2.4");
    assert_eq!((found.bits, found.interface, found.label, found.broadcast), (None, None, None, Broadcast::Last));
    assert_eq!(spec("2001:db8::4").address, "2001:db8::4".parse::<IpAddr>().unwrap());
}

#[test]
fn heartbeats_forms_are_read() {
    let full = spec("192.0.2.4/24/eth0:1/192.0.2.255");
    assert_eq!(full.bits, Some(24));
    assert_eq!((full.interface.as_deref(), full.label.as_deref()), (Some("eth0"), Some("1")));
    assert_eq!(full.broadcast, Broadcast::At(Ipv4Addr::new(192, 0, 2, 255)));
    let no_interface = spec("192.0.2.4/24/192.0.2.255");
    assert_eq!((no_interface.interface, no_interface.broadcast), (None, full.broadcast));
    assert_eq!(spec("192.0.2.4//eth0").interface.as_deref(), Some("eth0"));
    assert_eq!(spec("192.0.2.4/255.255.255.0").bits, Some(24));
    assert_eq!(spec("2001:db8::4/64/eth0").bits, Some(64));
}

#[test]
fn the_broadcast_address_is_the_last_of_the_network_unless_named() {
    let last = |text: &str, bits| spec(text).broadcast(bits).map(|address| address.to_string());
    assert_eq!(last("192.0.2.4", 24).as_deref(), Some("192.0.2.255"));
    assert_eq!(last("192.0.2.4", 30).as_deref(), Some("192.0.2.7"));
    assert_eq!(last("192.0.2.4", 31), None);
    assert_eq!(last("192.0.2.4", 32), None);
    assert_eq!(last("192.0.2.4/24/eth0/192.0.2.0", 24).as_deref(), Some("192.0.2.0"));
    assert_eq!(last("192.0.2.4/24/eth0/+", 24).as_deref(), Some("192.0.2.255"));
    assert_eq!(last("192.0.2.4/24/eth0/-", 24).as_deref(), Some("192.0.2.0"));
    assert_eq!(last("2001:db8::4", 64), None);
}

#[test]
fn what_is_wrong_is_named() {
    for (text, word) in [
        ("", "''"),
        ("192.0.2", "'192.0.2'"),
        ("192.0.2.4.5", "'192.0.2.4.5'"),
        ("192.0.2.4/0", "'0'"),
        ("192.0.2.4/33", "'33'"),
        ("192.0.2.4/+24", "'+24'"),
        ("192.0.2.4/-1", "'-1'"),
        ("192.0.2.4/255.0.255.0", "'255.0.255.0'"),
        ("192.0.2.4/0.0.0.0", "'0.0.0.0'"),
        ("2001:db8::4/129", "128"),
        ("2001:db8::4/64/eth0/192.0.2.255", "IPv6 has no broadcast"),
        ("2001:db8::4/64/eth0:1", "IPv6 has no label"),
        ("192.0.2.4/24/eth0/here", "'here'"),
        ("192.0.2.4/24/a-name-of-16-char", "'a-name-of-16-char'"),
        ("192.0.2.4/24/..", "'..'"),
        ("192.0.2.4/24/eth0:a-label-that-is-long", "'a-label-that-is-long'"),
        ("192.0.2.4/24/eth0/192.0.2.255/more", "more parts"),
        ("192.0.2.0/24", "number of its network"),
        ("192.0.2.255/24", "broadcast address of its network"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("0.1.2.3", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("127.0.0.2", "loopback"),
        ("fe80::4", "name the interface"),
        ("fe80::4/64", "name the interface"),
        ("::ffff:192.0.2.4", "IPv4-mapped"),
        ("192.0.2.4/24/eth\u{1b}[0", "\\u{1b}"),
    ] {
        assert!(error(text).contains(word), "{text}: {}", error(text));
    }
}

#[test]
fn a_long_wrong_word_is_cut_and_harmless() {
    let text = format!("{}\n\u{7}", "x".repeat(10_000));
    assert!(error(&text).len() < 200);
    assert!(!error("\n").contains('\n'));
}

#[test]
fn networks_are_compared_by_their_bits() {
    let same = |a: &str, b: &str, bits| same_network(a.parse().unwrap(), b.parse().unwrap(), bits);
    assert!(same("192.0.2.4", "192.0.2.77", 24) && !same("192.0.2.4", "192.0.3.4", 24));
    assert!(same("192.0.2.4", "10.0.0.1", 0) && !same("192.0.2.4", "192.0.2.5", 32));
    assert!(same("2001:db8::4", "2001:db8::ffff", 64) && !same("2001:db8::4", "2001:db8:0:1::4", 64));
    assert!(same("2001:db8::4", "::1", 0) && !same("2001:db8::4", "2001:db8::5", 128));
    assert!(!same("192.0.2.4", "2001:db8::4", 0));
}

#[test]
fn an_address_of_the_loopback_is_taken_where_that_was_asked_for() {
    let parts = Parts { address: "127.0.0.3", loopback: true, ..Parts::default() };
    let found = Spec::from_parts(parts).unwrap();
    assert_eq!((found.interface.as_deref(), found.bits, found.broadcast(8)), (Some("lo"), Some(8), None));
    let found = Spec::from_parts(Parts { interface: "dummy0", bits: "32", ..parts }).unwrap();
    assert_eq!((found.interface.as_deref(), found.bits), (Some("dummy0"), Some(32)));
    // ::1 is there always, and has no network of its own.
    assert!(Spec::from_parts(Parts { address: "::1", ..parts }).is_err());
}

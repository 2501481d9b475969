//! Interfaces of all kinds: those that carry announcements, and those that are
//! refused in words.

use super::{mac, shown, two_hosts, verdicts};
use crate::capture::Capture;
use crate::lab::{Host, Lab, wait_until};
use crate::need_namespaces;

/// Makes an interface; false, and why, where this kernel has none of the kind.
fn makes(host: &Host, words: &str) -> bool {
    let said = host.run(&format!("ip link add {words}"));
    if said.code() != 0 {
        assert!(
            said.err.contains("Unknown device type") || said.err.contains("not supported"),
            "{words}: {}",
            said.err
        );
        eprintln!("skipped: ip link add {words}: {}", said.err.trim());
    }
    said.code() == 0
}

fn mac_of(host: &Host, interface: &str) -> String {
    let text = host.ip(&format!("-o link show dev {interface}"));
    text.split("link/ether ").nth(1).unwrap().split(' ').next().unwrap().to_owned()
}

/// Announces, asks and verifies by an interface above eth0 that has an address of
/// each family.
fn works_above_eth0(a: &Host, b: &Host, interface: &str) {
    let capture = Capture::on(b);
    a.ip(&format!("address add 192.0.2.20/24 dev {interface}"));
    a.ip(&format!("address add 2001:db8::20/64 dev {interface} nodad"));
    wait_until("it is up", || a.ip(&format!("link show dev {interface}")).contains("state UP"));
    let said = a.run("send-arp 192.0.2.20 2001:db8::20");
    assert_eq!((said.code(), said.err.as_str()), (0, ""), "{interface}");
    let own = mac_of(a, interface);
    for _ in 0..2 {
        let arp = capture.arp("192.0.2.20");
        assert_eq!((shown(arp.source), shown(arp.sender_mac)), (own.clone(), own.clone()), "{interface}");
    }
    assert_eq!(shown(capture.advertisement("2001:db8::20").mac), own);
    for (address, neighbour) in [("192.0.2.20", "192.0.2.2"), ("2001:db8::20", "2001:db8::2")] {
        let said = a.run(&format!("send-arp -I {interface} --to {neighbour} {address}"));
        assert_eq!((said.code(), said.err.as_str()), (0, ""), "{interface} {address}");
        let said = a.run(&format!("send-arp --verify -c 1 -W 200ms -I {interface} {neighbour}"));
        let wanted = vec![format!("{neighbour} answered mac={} iface={interface}", mac(b))];
        assert_eq!((said.code(), verdicts(&said.out)), (0, wanted));
    }
}

#[test]
fn a_bridge_announces_what_it_holds_through_its_ports() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    a.ip("address flush dev eth0");
    a.ip("link add br0 type bridge forward_delay 0 mcast_snooping 0");
    a.ip("link set eth0 master br0");
    a.ip("link set br0 up");
    works_above_eth0(&a, &b, "br0");
}

#[test]
fn a_macvlan_announces_its_own_hardware_address() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    a.ip("address flush dev eth0");
    if makes(&a, "link eth0 name mac0 type macvlan mode bridge") {
        a.ip("link set mac0 up");
        assert_ne!(mac_of(&a, "mac0"), mac(&a));
        works_above_eth0(&a, &b, "mac0");
    }
}

#[test]
fn a_vlan_announces_inside_of_its_tag() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    if makes(&a, "link eth0 name eth0.5 type vlan id 5") && makes(&b, "link eth0 name eth0.5 type vlan id 5") {
        for host in [&a, &b] {
            host.ip("address flush dev eth0");
            host.ip("link set eth0.5 up");
        }
        b.ip("address add 192.0.2.2/24 dev eth0.5");
        b.ip("address add 2001:db8::2/64 dev eth0.5 nodad");
        works_above_eth0(&a, &b, "eth0.5");
    }
}

#[test]
fn a_link_without_neighbours_is_refused_in_words() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let made = a.run("ip tuntap add mode tun tun0");
    let mut kinds = Vec::new();
    if made.code() == 0 {
        kinds.push("tun0");
    } else {
        eprintln!("skipped: tun0: {}", made.err.trim());
    }
    for (name, words) in
        [("dummy0", "dummy0 type dummy"), ("ipip0", "ipip0 type ipip local 192.0.2.1 remote 192.0.2.2")]
    {
        kinds.extend(makes(&a, words).then_some(name));
    }
    lab.cable(&a, "noarp0", &b, "noarp0");
    a.ip("link set noarp0 arp off");
    kinds.push("noarp0");
    for name in kinds {
        a.ip(&format!("link set {name} up"));
        for mode in ["", "--probe", "--verify", "--watch", "--to 192.0.2.2"] {
            let said = a.run(&format!("send-arp {mode} -I {name} 192.0.2.1"));
            assert_eq!((said.code(), said.out.as_str()), (2, ""), "{name} {mode}");
            assert_eq!(
                said.err,
                format!("send-arp: 192.0.2.1: interface {name} does not speak ARP (NOARP)\n"),
                "{mode}"
            );
        }
    }
}

#[test]
fn an_interface_that_goes_in_the_middle_of_a_schedule_ends_it_in_words() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    for address in ["192.0.2.1", "2001:db8::1"] {
        let capture = Capture::on(&b);
        let sender = a.start("send-arp", &["--force", "-I", "eth0", "-c", "1000", "-i", "20ms", address]);
        capture.claim(address);
        a.ip("link del eth0");
        let (code, out, err) = sender.wait();
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.starts_with(&format!("send-arp: {address}: No such device")), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        lab.cable(&a, "eth0", &b, "eth0");
        wait_until("the link is up", || a.ip("link show dev eth0").contains("state UP"));
    }
}

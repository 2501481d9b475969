//! Announcements to one neighbour, and who answers for an address.

use std::time::Duration;

use super::{mac, two_hosts, verdicts};
use crate::capture::Capture;
use crate::lab::{Host, Lab, finish, wait_until};
use crate::need_namespaces;

/// Three hosts at a switch: a and b that may have an address, and a client.
fn at_a_switch(lab: &Lab) -> (Host, Host, Host, Host) {
    let (switch, a, b, client) = (lab.switch("sw"), lab.host("a"), lab.host("b"), lab.host("c"));
    for (host, number) in [(&a, 1), (&b, 2), (&client, 3)] {
        lab.plug(&switch, host, "eth0");
        host.ip(&format!("address add 192.0.2.{number}/24 dev eth0"));
        host.ip(&format!("address add 2001:db8::{number}/64 dev eth0 nodad"));
        wait_until("the link is up", || host.ip("link show dev eth0").contains("state UP"));
    }
    (switch, a, b, client)
}

fn hex(frame: &[u8]) -> String {
    frame.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn to_one_neighbour_goes_what_a_host_would_tell_it_and_to_nobody_else() {
    need_namespaces!();
    let lab = Lab::new();
    let (_switch, a, b, client) = at_a_switch(&lab);
    let (heard, elsewhere) = (Capture::on(&client), Capture::on(&b));
    let said = a.run("send-arp --force --to 192.0.2.3 --to 2001:db8::3 -I eth0 192.0.2.9 2001:db8::9");
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, "", ""));
    let (own, its) = (mac(&a).replace(':', ""), mac(&client).replace(':', ""));
    // The question where it is goes to everybody, from the asker's own address.
    let question = hex(&heard.frame(0x0806, 42));
    assert_eq!(question, format!("ffffffffffff{own}08060001080006040001{own}c0000201000000000000c0000203"));
    let told = |operation, target| format!("{its}{own}0806000108000604{operation}{own}c0000209{target}c0000203");
    let mut frames = Vec::new();
    while frames.len() < 2 {
        // Its own answer to the question is not what it was told.
        frames.extend(Some(hex(&heard.frame(0x0806, 42))).filter(|frame| frame.starts_with(&its)));
    }
    assert_eq!(frames, [told("0001", "000000000000"), told("0002", &its)]);
    heard.frame_of(&format!("{its}{own}86dd"), 86);
    assert_eq!(elsewhere.arp_from_within(Duration::from_millis(60), "192.0.2.9"), None, "told to another one");
}

#[test]
fn one_that_ignores_what_it_did_not_ask_for_learns_an_address_that_it_did_not_know() {
    need_namespaces!();
    let lab = Lab::new();
    let (_switch, a, b, client) = at_a_switch(&lab);
    let entry = |address: &str| client.ip(&format!("neighbour show {address}"));
    assert_eq!(a.run("send-arp --force -I eth0 192.0.2.9").code(), 0);
    assert_eq!(entry("192.0.2.9"), "", "a broadcast makes nothing known");
    assert_eq!(a.run("send-arp --force --to 192.0.2.3 -I eth0 192.0.2.9").code(), 0);
    wait_until("the client knows a", || entry("192.0.2.9").contains(&mac(&a)));
    // And the next holder is known in turn, over IPv6 too, where it was known.
    client.ip(&format!("neighbour add 2001:db8::9 lladdr {} dev eth0 nud stale", mac(&a)));
    let said = b.run("send-arp --force --to 192.0.2.3 --to 2001:db8::3 -I eth0 192.0.2.9 2001:db8::9");
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    for address in ["192.0.2.9", "2001:db8::9"] {
        wait_until("the client knows b", || entry(address).contains(&mac(&b)));
    }
}

#[test]
fn a_neighbour_that_does_not_answer_is_named_and_the_others_are_told() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let said = a.run("send-arp --to 192.0.2.77 --to 192.0.2.2 192.0.2.1");
    assert_eq!((said.code(), said.out.as_str()), (3, ""));
    assert_eq!(said.err, "send-arp: 192.0.2.77: nobody answers for it on eth0: it is not told\n");
    let told = capture.frame_of(&mac(&b).replace(':', ""), 42);
    assert!(told.ends_with("c0000202"), "{told}");
    let said = a.run("send-arp --to 2001:db8::77 2001:db8::1");
    assert_eq!((said.code(), said.out.as_str()), (3, ""));
    for (words, why) in [
        ("--to 192.0.2.2 2001:db8::1 192.0.2.1", "2001:db8::1: no --to of its family: nobody could be told"),
        ("--to 192.0.2.1 192.0.2.1", "192.0.2.1: this host has it itself, and needs not be told"),
        ("--to 192.0.2.2 192.0.2.9", "192.0.2.9: no interface of this host holds it: --force announces it even so"),
        ("-I lo --to 192.0.2.2 192.0.2.1", "192.0.2.1: interface lo is a loopback: nobody hears an announcement on it"),
    ] {
        let said = a.run(&format!("send-arp {words}"));
        assert_eq!((said.code(), said.err), (2, format!("send-arp: {why}\n")), "{words}");
    }
    b.ip("link set eth0 down");
    let said = a.run("send-arp --to 192.0.2.2 192.0.2.1");
    assert_eq!((said.code(), said.err.as_str()), (2, "send-arp: interface eth0 has no carrier\n"));
}

#[test]
fn who_answers_is_printed_and_one_machine_is_as_it_should_be() {
    need_namespaces!();
    let lab = Lab::new();
    let (_switch, a, b, client) = at_a_switch(&lab);
    let verify = |words: &str| {
        let said = client.run(&format!("send-arp --verify -c 2 -i 20ms -W 300ms {words}"));
        assert_eq!(said.err, "", "{words}");
        assert!(said.out.lines().all(|line| line.starts_with("address ")), "{}", said.out);
        (said.code(), verdicts(&said.out))
    };
    let answered =
        |address: &str, host: &Host, tail: &str| format!("{address} answered mac={} iface=eth0{tail}", mac(host));
    for (host, number) in [(&a, 1), (&b, 2)] {
        for address in [format!("192.0.2.{number}"), format!("2001:db8::{number}")] {
            assert_eq!(verify(&address), (0, vec![answered(&address, host, "")]));
            let wanted = mac(host).to_uppercase().replace(':', "-");
            let right = verify(&format!("--hardware {wanted} {address}"));
            assert_eq!(right, (0, vec![answered(&address, host, " expected=yes")]));
            let wrong = verify(&format!("--hardware {} {address}", mac(&client)));
            assert_eq!(wrong, (1, vec![answered(&address, host, " expected=no")]));
        }
    }
    assert_eq!(verify("192.0.2.9 192.0.2.1").0, 1);
    let silent = verify("192.0.2.9 2001:db8::9");
    assert_eq!(silent, (1, vec!["192.0.2.9 silent iface=eth0".into(), "2001:db8::9 silent iface=eth0".into()]));
    let here = format!("192.0.2.3 here mac={} iface=eth0", mac(&client));
    assert_eq!(verify("192.0.2.3"), (0, vec![here]));
}

#[test]
fn two_that_answer_are_two_too_many_whoever_asks() {
    need_namespaces!();
    let lab = Lab::new();
    let (_switch, a, b, client) = at_a_switch(&lab);
    for host in [&a, &b] {
        host.ip("address add 192.0.2.9/24 dev eth0");
        host.ip("address add 2001:db8::9/64 dev eth0 nodad");
    }
    for address in ["192.0.2.9", "2001:db8::9"] {
        let said = client.run(&format!("send-arp --verify -c 2 -i 20ms -W 300ms {address}"));
        let mut answers = verdicts(&said.out);
        answers.sort();
        let mut wanted: Vec<String> =
            [&a, &b].map(|host| format!("{address} answered mac={} iface=eth0", mac(host))).into();
        wanted.sort();
        assert_eq!((said.code(), answers), (1, wanted));
        // One of the two finds the other.
        let said = a.run(&format!("send-arp --verify -c 2 -i 20ms -W 300ms {address}"));
        let wanted = [
            format!("{address} answered mac={} iface=eth0", mac(&b)),
            format!("{address} here mac={} iface=eth0", mac(&a)),
        ];
        assert_eq!((said.code(), verdicts(&said.out)), (1, wanted.into()));
    }
}

#[test]
fn a_verification_that_could_not_hear_answers_could_not_tell() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let verify = a.start("send-arp", &["--verify", "-c", "100", "-i", "20ms", "192.0.2.9"]);
    capture.frame(0x0806, 42);
    b.ip("link set eth0 down");
    let (code, out, err) = verify.wait();
    assert_eq!((code, err.as_str()), (2, ""));
    assert_eq!(verdicts(&out), ["192.0.2.9 unknown iface=eth0 reason=interface%20eth0%20has%20no%20carrier"]);
    for (words, why) in [
        ("-I eth0 192.0.2.9", "interface eth0 has no carrier"),
        ("198.51.100.1", "198.51.100.1: no route leads to it: name an interface with -I"),
        ("-I lo 192.0.2.9", "192.0.2.9: interface lo is a loopback: nobody hears an announcement on it"),
    ] {
        let said = a.run(&format!("send-arp --verify {words}"));
        assert_eq!((said.code(), said.out.as_str(), said.err), (2, "", format!("send-arp: {why}\n")));
    }
}

#[test]
fn answers_that_cannot_be_written_are_status_2() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    for mode in ["--verify", "--probe"] {
        let mut shell = a.command("sh");
        shell.args(["-c", &format!("send-arp {mode} -c 1 -W 50ms 192.0.2.2 >/dev/full")]);
        let said = finish(shell, b"");
        let full = "send-arp: standard output: No space left on device (os error 28)\n";
        assert_eq!((said.code(), said.err.as_str()), (2, full), "{mode}");
    }
}

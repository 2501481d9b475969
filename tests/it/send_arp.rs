//! send-arp from outside: what arrives at the far end of a cable.

use std::process::Command;
use std::time::{Duration, Instant};

use hbkit::arp::{Arp, Form};

use crate::capture::Capture;
use crate::lab::{Host, Lab, examples, finish, ok, run, tool, wait_until};
use crate::need_namespaces;

mod directed;
mod layouts;
mod places;

/// Two hosts with a cable, and addresses of both families.
pub fn two_hosts(lab: &Lab) -> (Host, Host) {
    let (a, b) = (lab.host("a"), lab.host("b"));
    lab.cable(&a, "eth0", &b, "eth0");
    for (host, number) in [(&a, 1), (&b, 2)] {
        host.ip(&format!("address add 192.0.2.{number}/24 dev eth0"));
        host.ip(&format!("address add 2001:db8::{number}/64 dev eth0 nodad"));
    }
    // A cable that was just plugged in may lose what is sent at once.
    for host in [&a, &b] {
        wait_until("the link is up", || host.ip("link show dev eth0").contains("state UP"));
    }
    (a, b)
}

/// The hardware address of eth0, as `ip` shows it.
pub fn mac(host: &Host) -> String {
    let text = host.ip("-o link show dev eth0");
    text.split("link/ether ").nth(1).unwrap().split(' ').next().unwrap().to_owned()
}

pub fn shown(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

#[test]
fn an_announcement_is_a_request_and_a_reply_to_everybody() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let said = a.run("send-arp 192.0.2.1");
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, "", ""));
    let (request, reply) = (capture.arp("192.0.2.1"), capture.arp("192.0.2.1"));
    assert_eq!((request.form, reply.form), (Form::Request, Form::Reply));
    for arp in [request, reply] {
        assert_eq!(arp.destination, [0xff; 6]);
        assert_eq!((shown(arp.source), shown(arp.sender_mac)), (mac(&a), mac(&a)));
    }
    assert_eq!((request.target_mac, reply.target_mac), ([0; 6], reply.sender_mac));
    assert_eq!(capture.arp_within(Duration::from_millis(60), "192.0.2.1"), None, "a third frame");
}

#[test]
fn one_form_is_sent_when_one_is_asked_for() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    for (word, form) in [("request", Form::Request), ("reply", Form::Reply)] {
        assert_eq!(a.run(&format!("send-arp --form {word} 192.0.2.1")).code(), 0);
        assert_eq!(capture.arp("192.0.2.1").form, form);
        assert_eq!(capture.arp_within(Duration::from_millis(60), "192.0.2.1"), None, "a second frame");
    }
}

#[test]
fn an_ipv6_address_is_advertised_to_all_nodes() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    assert_eq!(a.run("send-arp 2001:db8::1").code(), 0);
    let advertisement = capture.advertisement("2001:db8::1");
    assert_eq!((shown(advertisement.mac), advertisement.router), (mac(&a), false));
    a.set("ipv6/conf", "eth0", "forwarding", "1");
    assert_eq!(a.run("send-arp 2001:db8::1").code(), 0);
    assert!(capture.advertisement("2001:db8::1").router, "a router says that it is one");
}

#[test]
fn count_and_interval_space_the_announcements_and_all_addresses_come_first() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let begin = Instant::now();
    let said = a.run("send-arp -F -I eth0 -c 3 -i 100ms --form request 192.0.2.1 192.0.2.77");
    let took = begin.elapsed();
    assert_eq!(said.code(), 0, "{}", said.err);
    assert!((Duration::from_millis(200)..Duration::from_millis(900)).contains(&took), "{took:?}");
    // A frame that is taken is gone, and one that is waited for skips what is
    // before it: this finds them only in the order of the rounds.
    for _ in 0..3 {
        capture.arp("192.0.2.1");
        capture.arp("192.0.2.77");
    }
    assert_eq!(capture.arp_within(Duration::from_millis(60), "192.0.2.77"), None, "a fourth round");
}

#[test]
fn a_takeover_is_announced_again_after_a_moment_and_a_second() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let begin = Instant::now();
    let sender = a.start("send-arp", &["--schedule", "takeover", "--form", "reply", "192.0.2.1"]);
    capture.arp("192.0.2.1");
    capture.arp("192.0.2.1");
    let second = begin.elapsed();
    capture.arp("192.0.2.1");
    let third = begin.elapsed();
    assert!(second >= Duration::from_millis(50) && third >= Duration::from_secs(1), "{second:?} {third:?}");
    drop(sender);
}

#[test]
fn an_address_that_has_left_is_not_announced_again() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    a.ip("address add 192.0.2.4/32 dev eth0");
    let capture = Capture::on(&b);
    let args = ["-c", "20", "-i", "100ms", "--form", "request", "192.0.2.4", "192.0.2.1"];
    let mut sender = a.start("send-arp", &args);
    capture.arp("192.0.2.4");
    a.ip("address del 192.0.2.4/32 dev eth0");
    let said = sender.wait_for_error(|line| line.contains("192.0.2.4"));
    assert_eq!(said, "send-arp: 192.0.2.4: it has left this host: not announced again");
    while capture.arp_within(Duration::ZERO, "192.0.2.4").is_some() {}
    let (code, out, _) = sender.wait();
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(capture.arp_within(Duration::from_millis(60), "192.0.2.4"), None, "announced after it had left");
}

#[test]
fn addresses_are_read_from_standard_input() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let said = a.run_with("send-arp --form request -", b"192.0.2.1\n\n 2001:db8::1 ");
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    capture.arp("192.0.2.1");
    capture.advertisement("2001:db8::1");
    for (input, why) in [
        (&b""[..], "standard input: no address in it"),
        (b"192.0.2.1\nx\n", "standard input, line 2: 'x' is not an IP address"),
        (&[b'1'; 5000], "standard input, line 1: too long for an address"),
    ] {
        let said = a.run_with("send-arp -", input);
        assert_eq!((said.code(), said.err), (2, format!("send-arp: {why}\n")));
    }
    assert_eq!(capture.arp_within(Duration::from_millis(60), "192.0.2.1"), None, "all or nothing");
}

#[test]
fn every_named_interface_announces_and_a_rate_spaces_that() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    lab.cable(&a, "eth1", &b, "eth1");
    wait_until("the link is up", || a.ip("link show dev eth1").contains("state UP"));
    let other = |host: &Host| host.ip("-o link show dev eth1");
    let capture = Capture::on(&b);
    let begin = Instant::now();
    let line = "send-arp -I eth0 -I eth1 -I eth0 -c 2 -i 1ms --rate 20 --form request 192.0.2.1";
    assert_eq!(a.run(line).code(), 0);
    assert!(begin.elapsed() >= Duration::from_millis(150), "{:?}", begin.elapsed());
    for _ in 0..2 {
        assert_eq!(shown(capture.arp("192.0.2.1").source), mac(&a));
        assert!(other(&a).contains(&shown(capture.arp("192.0.2.1").source)));
    }
    assert_eq!(capture.arp_within(Duration::from_millis(60), "192.0.2.1"), None, "a fifth frame");
}

#[test]
fn an_address_of_the_loopback_and_one_by_force_go_where_their_network_is() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    a.ip("address add 192.0.2.9/32 dev lo");
    let capture = Capture::on(&b);
    assert_eq!(a.run("send-arp --form request 192.0.2.9").code(), 0);
    assert_eq!(shown(capture.arp("192.0.2.9").source), mac(&a));
    assert_eq!(a.run("send-arp --force --form request 192.0.2.8").code(), 0);
    assert_eq!(shown(capture.arp("192.0.2.8").source), mac(&a));
    let said = a.run("send-arp --force 198.51.100.1");
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert_eq!(said.err, "send-arp: 198.51.100.1: no route leads to it: name an interface with -I\n");
}

/// What stands behind the time in the lines of a probe.
fn verdicts(out: &str) -> Vec<String> {
    out.lines().map(|line| line.splitn(3, ' ').nth(2).unwrap().to_owned()).collect()
}

#[test]
fn a_probe_says_who_has_an_address_and_which_are_free() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    for (line, code, wanted) in [
        ("192.0.2.2", 1, vec![format!("192.0.2.2 used mac={} iface=eth0 says=has", mac(&b))]),
        ("2001:db8::2", 1, vec![format!("2001:db8::2 used mac={} iface=eth0 says=has", mac(&b))]),
        ("192.0.2.9 2001:db8::9", 0, vec!["192.0.2.9 free iface=eth0".into(), "2001:db8::9 free iface=eth0".into()]),
        // What this host has itself is nobody else's.
        ("192.0.2.1 2001:db8::1", 0, vec!["192.0.2.1 free iface=eth0".into(), "2001:db8::1 free iface=eth0".into()]),
    ] {
        let said = a.run(&format!("send-arp --probe -i 20ms -W 300ms {line}"));
        assert_eq!((said.code(), said.err.as_str()), (code, ""), "{line}: {}", said.out);
        assert_eq!(verdicts(&said.out), wanted);
        assert!(said.out.lines().all(|line| line.starts_with("address ")), "{}", said.out);
    }
    // One that is used is said at once, the others after their time.
    let said = a.run("send-arp --probe -i 20ms -W 300ms 192.0.2.9 192.0.2.2");
    assert_eq!((said.code(), verdicts(&said.out)[1].as_str()), (1, "192.0.2.9 free iface=eth0"));
    // Nobody's mind was changed by the question.
    assert!(!b.ip("neighbour show 192.0.2.9").contains("lladdr"), "{}", b.ip("neighbour show"));
}

#[test]
fn the_questions_are_those_of_rfc_5227_and_rfc_4862_and_as_many_as_asked_for() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    assert_eq!(a.run("send-arp --probe -c 2 -i 20ms -W 100ms 192.0.2.9 2001:db8::12:3456").code(), 0);
    let own: String = mac(&a).replace(':', "");
    let hex = |frame: Vec<u8>| frame.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let zeros = |count: usize| "00".repeat(count);
    for _ in 0..2 {
        let arp = hex(capture.frame(0x0806, 42));
        assert_eq!(arp, format!("ffffffffffff{own}08060001080006040001{own}{}{}c0000209", zeros(4), zeros(6)));
        let ndisc = hex(capture.frame(0x86dd, 78));
        let group = "ff0200000000000000000001ff123456";
        let (head, target) = (format!("3333ff123456{own}86dd6000000000183aff"), "20010db8000000000000000000123456");
        // The checksum of these words is the same whoever asks.
        assert_eq!(ndisc, format!("{head}{}{group}8700e41e{}{target}", zeros(16), zeros(4)));
    }
    assert_eq!(a.run("send-arp --probe -c 1 -W 10ms 192.0.2.8").code(), 0);
    let next = hex(capture.frame(0x0806, 42));
    assert!(next.ends_with("c0000208"), "a third question: {next}");
}

#[test]
fn of_two_that_probe_for_one_address_at_once_at_most_one_finds_it_free() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    for address in ["192.0.2.9", "2001:db8::9"] {
        let args = ["--probe", "-c", "40", "-i", "50ms", address];
        let (here, there) = (a.start("send-arp", &args), b.start("send-arp", &args));
        let mut codes = Vec::new();
        for (running, other) in [(here, &b), (there, &a)] {
            let (code, out, err) = running.wait();
            let wanted = match code {
                0 => format!("{address} free iface=eth0"),
                _ => format!("{address} used mac={} iface=eth0 says=wants", mac(other)),
            };
            assert_eq!((verdicts(&out), err.as_str()), (vec![wanted], ""));
            codes.push(code);
        }
        assert!(codes.iter().all(|code| [0, 1].contains(code)) && codes != [0, 0], "{codes:?}");
    }
}

#[test]
fn a_probe_that_could_not_hear_answers_could_not_tell() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let probe = a.start("send-arp", &["--probe", "-c", "100", "-i", "20ms", "192.0.2.9"]);
    capture.frame(0x0806, 42);
    b.ip("link set eth0 down");
    let (code, out, err) = probe.wait();
    assert_eq!((code, err.as_str()), (2, ""));
    assert_eq!(verdicts(&out), ["192.0.2.9 unknown iface=eth0 reason=interface%20eth0%20has%20no%20carrier"]);
    let said = a.run("send-arp --probe -I eth0 192.0.2.9");
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert_eq!(said.err, "send-arp: interface eth0 has no carrier\n");
    let said = a.run("send-arp --probe -I lo 192.0.2.9");
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
}

#[test]
fn a_watch_says_who_else_claims_what_this_host_has() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let names = ["192.0.2.1", "2001:db8::1", "192.0.2.2"];
    let mut watch = a.start("send-arp", &[&["--watch", "-I", "eth0"][..], &names].concat());
    // It listens when it has heard something; b's own address is none of a's.
    for address in ["192.0.2.1", "2001:db8::1"] {
        wait_until("the watch hears", || {
            assert_eq!(b.run(&format!("send-arp --force -I eth0 192.0.2.2 {address}")).code(), 0);
            watch.look_for(Duration::from_millis(300), |line| line.contains(&format!(" {address} "))).is_some()
        });
    }
    // Own frames, frames that ask and more than one a second are not said.
    assert_eq!(a.run("send-arp 192.0.2.1").code(), 0);
    assert_eq!(b.run("send-arp --probe -c 1 -W 1ms 192.0.2.1").code(), 1);
    assert_eq!(b.run("send-arp -F -I eth0 -c 20 -i 1ms 192.0.2.1").code(), 0);
    a.ip("address del 192.0.2.1/24 dev eth0");
    assert_eq!(b.run("send-arp -F -I eth0 -c 3 -i 600ms 192.0.2.1").code(), 0);
    watch.signal("TERM");
    let (code, out, err) = watch.wait();
    assert_eq!((code, err.as_str()), (0, ""));
    let mut last = std::collections::BTreeMap::new();
    for line in out.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!((words[0], words[3..].join(" ")), ("conflict", format!("mac={} iface=eth0", mac(&b))), "{line}");
        assert!(words[2] != "192.0.2.2", "{line}");
        let time: f64 = words[1].parse().unwrap();
        if let Some(before) = last.insert(words[2].to_owned(), time) {
            assert!(time - before >= 1.0, "twice in a second:\n{out}");
        }
    }
    assert_eq!(last.len(), 2, "{out}");
}

#[test]
fn a_watch_says_by_force_also_what_this_host_does_not_have() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let mut watch = a.start("send-arp", &["--watch", "--force", "--defend", "192.0.2.9"]);
    let capture = Capture::on(&b);
    let wanted = format!("mac={} iface=eth0", mac(&b));
    wait_until("the watch hears", || {
        assert_eq!(b.run("send-arp --force 192.0.2.9").code(), 0);
        watch.look_for(Duration::from_millis(300), |line| line.ends_with(&wanted)).is_some()
    });
    while let Some(arp) = capture.arp_within(Duration::from_millis(60), "192.0.2.9") {
        assert_eq!(shown(arp.source), mac(&b), "defended without having it");
    }
}

#[test]
fn a_defence_is_one_announcement_in_ten_seconds() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let mut watch = a.start("send-arp", &["--watch", "--defend", "--form", "request", "192.0.2.1"]);
    let claim = || assert_eq!(b.run("send-arp --force -I eth0 --form reply 192.0.2.1").code(), 0);
    wait_until("the watch hears", || {
        claim();
        watch.look_for(Duration::from_millis(300), |line| line.ends_with(" iface=eth0 defence=sent")).is_some()
    });
    let from_a = |patience| loop {
        let arp = capture.arp_within(patience, "192.0.2.1")?;
        if shown(arp.source) == mac(&a) {
            return Some(arp);
        }
    };
    let announced = from_a(Duration::from_secs(5)).expect("a defence");
    let own = announced.source;
    assert_eq!(announced, Arp::gratuitous(own, "192.0.2.1".parse().unwrap(), Form::Request));
    wait_until("the claim is said again", || {
        claim();
        watch.look_for(Duration::from_millis(300), |line| line.ends_with(" iface=eth0 defence=rested")).is_some()
    });
    assert_eq!(from_a(Duration::from_millis(60)), None, "a second defence");
}

#[test]
fn a_watch_on_an_interface_that_goes_says_so_and_one_that_is_gone_ends_it() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let mut watch = a.start("send-arp", &["--watch", "-I", "eth0", "--force", "192.0.2.9"]);
    let heard = |watch: &mut crate::lab::Running| {
        wait_until("the watch hears", || {
            b.run("send-arp --force -I eth0 192.0.2.9");
            watch.look_for(Duration::from_millis(300), |line| line.contains("192.0.2.9")).is_some()
        });
    };
    heard(&mut watch);
    a.ip("link set eth0 down");
    watch.wait_for_error(|line| line.starts_with("send-arp: interface eth0: Network is down"));
    a.ip("link set eth0 up");
    heard(&mut watch);
    a.ip("link del eth0");
    let (code, _, err) = watch.wait();
    assert_eq!(code, 2);
    assert!(err.contains("send-arp: interface eth0: it has gone"), "{err}");
}

/// send-arp by the name of Heartbeat's, in a directory of its own.
fn heartbeats() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("send_arp");
    std::os::unix::fs::symlink(tool("send-arp"), &path).unwrap();
    (directory, path.to_str().unwrap().to_owned())
}

#[test]
fn by_the_name_of_heartbeats_it_takes_its_words_and_sends_its_frames() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let (_directory, send_arp) = heartbeats();
    let capture = Capture::on(&b);
    let begin = Instant::now();
    let said = a.run(&format!("{send_arp} -i 100 -r 2 eth0 192.0.2.4 0200000000aB 192.0.2.255 255.255.255.0"));
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, "", ""));
    assert!(begin.elapsed() >= Duration::from_millis(150), "{:?}", begin.elapsed());
    let own = mac(&a).replace(':', "");
    let (given, address) = ("0200000000ab", "c0000204");
    for _ in 0..2 {
        for (operation, target) in [("0001", "000000000000"), ("0002", given)] {
            let frame: String = capture.frame(0x0806, 42).iter().map(|byte| format!("{byte:02x}")).collect();
            let head = format!("ffffffffffff{own}0806000108000604{operation}");
            assert_eq!(frame, format!("{head}{given}{address}{target}{address}"));
        }
    }
    assert_eq!(a.run(&format!("{send_arp} eth0 192.0.2.4 auto not_used not_used")).code(), 0);
    assert_eq!(shown(capture.arp("192.0.2.4").sender_mac), mac(&a));
    for (words, why) in [
        ("eth0 192.0.2.4 auto", "send_arp: 3 words instead of five"),
        ("none0 192.0.2.4 auto x x", "send_arp: there is no interface none0"),
        ("lo 192.0.2.4 auto x x", "send_arp: interface lo is a loopback"),
    ] {
        let said = a.run(&format!("{send_arp} {words}"));
        assert_eq!((said.code(), said.out.as_str()), (1, ""), "{words}");
        assert!(said.err.starts_with(why), "{words}: {}", said.err);
    }
}

#[test]
fn a_later_run_with_the_same_pid_file_ends_the_earlier_one_and_nobody_else() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let (directory, send_arp) = heartbeats();
    let file = directory.path().join("pid");
    let path = file.to_str().unwrap();
    let earlier = a.start(&send_arp, &["-i", "50", "-r", "10000", "-p", path, "eth0", "192.0.2.4", "auto", "x", "x"]);
    let id = earlier.id();
    wait_until("the file names it", || std::fs::read_to_string(&file).is_ok_and(|text| text == format!("{id}\n")));
    let later = format!("{send_arp} -i 2 -p {path} eth0 192.0.2.4 auto x x");
    assert_eq!(a.run(&later).code(), 0);
    assert_eq!(earlier.wait().0, -1, "ended by a signal");
    assert!(!file.exists(), "removed by the later one");
    let stranger = a.start("sleep", &["1000"]);
    let name = || std::fs::read_to_string(format!("/proc/{}/comm", stranger.id())).unwrap();
    wait_until("it sleeps", || name() == "sleep\n");
    std::fs::write(&file, stranger.id().to_string()).unwrap();
    assert_eq!(a.run(&later).code(), 0);
    assert!(std::fs::read_link(format!("/proc/{}/exe", stranger.id())).is_ok(), "the stranger was killed");
}

#[test]
fn neighbours_of_both_families_learn_the_new_holder_at_once() {
    need_namespaces!();
    let lab = Lab::new();
    let (switch, a, b, client) = (lab.switch("sw"), lab.host("a"), lab.host("b"), lab.host("c"));
    for (host, number) in [(&a, 1), (&b, 2), (&client, 3)] {
        lab.plug(&switch, host, "eth0");
        host.ip(&format!("address add 192.0.2.{number}/24 dev eth0"));
        host.ip(&format!("address add 2001:db8::{number}/64 dev eth0 nodad"));
    }
    for address in ["192.0.2.1", "2001:db8::1"] {
        client.ip(&format!("neighbour add {address} lladdr {} dev eth0 nud stale", mac(&a)));
        let entry = || client.ip(&format!("neighbour show {address}"));
        assert!(entry().contains(&mac(&a)), "{}", entry());
        assert_eq!(b.run(&format!("send-arp --force -I eth0 {address}")).code(), 0);
        wait_until("the client knows b", || entry().contains(&mac(&b)));
    }
}

#[test]
fn interfaces_that_nobody_hears_are_refused_in_words() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    for name in ["down0", "noarp0"] {
        lab.cable(&a, name, &b, name);
    }
    a.ip("link set down0 down");
    a.ip("link set noarp0 arp off");
    for (interface, why) in [
        ("lo", "interface lo is a loopback"),
        ("down0", "interface down0 is down"),
        ("noarp0", "does not speak ARP (NOARP)"),
        ("none0", "there is no interface none0"),
    ] {
        let said = a.run(&format!("send-arp -I {interface} 192.0.2.1"));
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{interface}");
        assert!(said.err.contains(why), "{interface}: {}", said.err);
        assert_eq!(said.err.lines().count(), 1, "{interface}: {}", said.err);
    }
}

#[test]
fn an_address_of_nobody_or_of_two_interfaces_wants_a_named_one() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let said = a.run("send-arp 192.0.2.1 192.0.2.9");
    assert_eq!(said.code(), 2);
    assert_eq!(said.err, "send-arp: 192.0.2.9: no interface of this host holds it: --force announces it even so\n");
    assert_eq!(capture.arp_within(Duration::from_millis(60), "192.0.2.1"), None, "all or nothing");
    lab.cable(&a, "eth1", &b, "eth1");
    a.ip("address add 192.0.2.1/32 dev eth1");
    let said = a.run("send-arp 192.0.2.1");
    assert_eq!(said.code(), 2);
    assert_eq!(said.err, "send-arp: 192.0.2.1: several interfaces hold it: name one with -I (eth0, eth1)\n");
}

#[test]
fn wrong_words_are_status_2_and_named() {
    for (args, word) in [
        (&["192.0.2.300"][..], "192.0.2.300"),
        (&["host.example"], "host.example"),
        (&["0.0.0.0"], "0.0.0.0"),
        (&["224.0.0.1"], "multicast"),
        (&["ff02::1"], "multicast"),
        (&["127.0.0.1"], "loopback"),
        (&["-c", "0", "192.0.2.1"], "'0'"),
        (&["-c", "x", "192.0.2.1"], "'x'"),
        (&["-i", "soon", "192.0.2.1"], "'soon'"),
        (&["-I", "an-interface-too-long", "192.0.2.1"], "an-interface-too-long"),
        (&["-I", "../x", "192.0.2.1"], "../x"),
        (&["--form", "neither", "192.0.2.1"], "neither"),
        (&["--schedule", "never", "192.0.2.1"], "never"),
        (&["--schedule", "takeover", "-c", "2", "192.0.2.1"], "--count"),
        (&["--defend", "192.0.2.1"], "--watch"),
        (&["--watch", "-c", "2", "192.0.2.1"], "--count"),
        (&["--timeout", "1", "192.0.2.1"], "--probe"),
        (&["--probe", "--force", "192.0.2.1"], "--force"),
        (&["--rate", "0", "192.0.2.1"], "'0'"),
        (&["--to", "host.example", "192.0.2.1"], "host.example"),
        (&["--to", "224.0.0.1", "192.0.2.1"], "multicast"),
        (&["--to", "192.0.2.2", "--probe", "192.0.2.1"], "--probe"),
        (&["--to", "192.0.2.2", "--watch", "192.0.2.1"], "--watch"),
        (&["--verify", "--probe", "192.0.2.1"], "--probe"),
        (&["--verify", "--watch", "192.0.2.1"], "--watch"),
        (&["--verify", "--schedule", "takeover", "192.0.2.1"], "--schedule"),
        (&["--probe", "--hardware", "02:00:00:00:00:01", "192.0.2.1"], "--hardware"),
        (&["--hardware", "02:00:00:00:00", "192.0.2.1"], "not the hardware address of a machine"),
        (&["--hardware", "ff:ff:ff:ff:ff:ff", "192.0.2.1"], "not the hardware address of a machine"),
        (&["--hardware", "00:00:00:00:00:00", "192.0.2.1"], "not the hardware address of a machine"),
        (&["--router", "maybe", "2001:db8::1"], "maybe"),
        (&["--verify", "--router", "yes", "2001:db8::1"], "--router"),
        (&[], "ADDRESS"),
        (&[""], "ADDRESS"),
    ] {
        let said = run("send-arp", args, b"");
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{args:?}");
        assert!(said.err.contains(word), "{args:?}: {}", said.err);
    }
}

#[test]
fn without_the_capability_it_says_which_one_it_needs() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    for words in [
        "192.0.2.1",
        "2001:db8::1",
        "--to 192.0.2.2 192.0.2.1",
        "--probe 192.0.2.9",
        "--verify 2001:db8::2",
        "--watch 192.0.2.1",
    ] {
        let mut command = a.command("setpriv");
        command.args(["--bounding-set=-net_raw", "--inh-caps=-net_raw"]).arg(tool("send-arp"));
        command.args(words.split(' '));
        let said = finish(command, b"");
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{words}");
        let why = "packet socket (needs CAP_NET_RAW): Operation not permitted (os error 1)";
        assert_eq!(said.err, format!("send-arp: {why}\n"), "{words}");
    }
    assert_eq!(capture.arp_within(Duration::from_millis(60), "192.0.2.1"), None);
}

#[test]
fn the_examples_of_the_page_work() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    a.ip("address add 192.0.2.4/24 dev eth0");
    a.ip("address add 2001:db8::4/64 dev eth0 nodad");
    for example in examples("man/send-arp.8") {
        let mut shell = a.command("sh");
        shell.args(["-e", "-c", &example]);
        let said = finish(shell, b"");
        assert_eq!((said.code(), said.err.as_str()), (0, ""), "{example}");
    }
}

#[test]
fn nothing_of_it_is_left_after_a_moment() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    assert_eq!(a.run("send-arp 192.0.2.1").code(), 0);
    wait_until("no process is left", || ok(Command::new("ip").args(["netns", "pids", &a.namespace])).is_empty());
}

#[test]
fn the_caller_does_not_wait_for_the_kernel_to_close_the_socket() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    // The loop runs inside of the namespace: 20 calls take 320 ms when each
    // waits for a grace period of the kernel.
    let script = "i=0; while [ $i -lt 20 ]; do send-arp 192.0.2.1 || exit 1; i=$((i+1)); done";
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let mut shell = a.command("sh");
        shell.args(["-c", script]);
        let begin = Instant::now();
        assert_eq!(finish(shell, b"").code(), 0);
        best = best.min(begin.elapsed());
    }
    assert!(best < Duration::from_millis(240), "20 calls took {best:?}");
}

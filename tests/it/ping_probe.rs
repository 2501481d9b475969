//! ping-probe from outside: two hosts with a cable, a router, dead and
//! unreachable targets, both kinds of socket.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::lab::{Host, Lab, Running, Said, command, run, tool};
use crate::need_namespaces;

/// Two hosts: `a` asks, `b` answers at 192.0.2.2 and fd00:2::2.
fn pair(lab: &Lab) -> (Host, Host) {
    let (a, b) = (lab.host("a"), lab.host("b"));
    lab.cable(&a, "eth0", &b, "eth0");
    for (host, number) in [(&a, 1), (&b, 2)] {
        host.ip(&format!("address add 192.0.2.{number}/24 dev eth0"));
        host.ip(&format!("address add fd00:2::{number}/64 dev eth0 nodad"));
    }
    (a, b)
}

/// The words behind the time.
fn words(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.starts_with("rtt=")).collect();
    [&words[..1], &words[2..]].concat().join(" ")
}

fn lines(said: &Said) -> Vec<String> {
    let mut lines: Vec<String> = said.out.lines().map(words).collect();
    lines.sort();
    lines
}

/// Runs ping-probe as a user without privileges would: no capability to open a
/// raw socket.
fn unprivileged(host: &Host, line: &str) -> Said {
    host.run(&format!("setpriv --bounding-set -net_raw,-net_admin {} {line}", tool("ping-probe").display()))
}

/// Whether all groups may open ping sockets in a namespace.
fn allow_ping_sockets(host: &Host, allowed: bool) {
    let range = if allowed { "0 0" } else { "1 0" };
    assert_eq!(host.run_with("tee /proc/sys/net/ipv4/ping_group_range", range.as_bytes()).code(), 0);
}

#[test]
fn targets_of_both_families_that_answer_are_up() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let said = a.run("ping-probe 192.0.2.2 fd00:2::2");
    assert_eq!(lines(&said), ["ping 192.0.2.2 up loss=0/1", "ping fd00:2::2 up loss=0/1"], "{}", said.err);
    assert_eq!(said.code(), 0);
    for line in said.out.lines() {
        let rtt = line.split(' ').find_map(|word| word.strip_prefix("rtt=")).expect("a time");
        assert!((0.0..1000.0).contains(&rtt.parse::<f64>().unwrap()), "{line}");
    }
}

#[test]
fn a_dead_target_is_down_and_the_answer_is_no() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let said = a.run("ping-probe -W 200ms 192.0.2.2 192.0.2.9 fd00:2::9");
    let wanted = [
        "ping 192.0.2.2 up loss=0/1",
        "ping 192.0.2.9 down loss=1/1 reason=timeout",
        "ping fd00:2::9 down loss=1/1 reason=timeout",
    ];
    assert_eq!((lines(&said), said.code()), (wanted.map(str::to_owned).to_vec(), 1));
}

#[test]
fn a_target_that_cannot_be_asked_is_unknown_and_never_down() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    a.ip("route add prohibit 198.51.100.1");
    a.ip("route add unreachable 198.51.100.2");
    for raw in [true, false] {
        allow_ping_sockets(&a, !raw);
        let said = a.run("ping-probe 192.0.2.2 198.51.100.1 198.51.100.2 203.0.113.1 2001:db8::1");
        let wanted = [
            "ping 192.0.2.2 up loss=0/1",
            "ping 198.51.100.1 unknown loss=0/0 reason=not-permitted",
            "ping 198.51.100.2 unknown loss=0/0 reason=host-unreachable",
            "ping 2001:db8::1 unknown loss=0/0 reason=network-unreachable",
            "ping 203.0.113.1 unknown loss=0/0 reason=network-unreachable",
        ];
        assert_eq!((lines(&said), said.code()), (wanted.map(str::to_owned).to_vec(), 2), "raw: {raw}");
    }
    // With nobody to wait for it ends all the same.
    assert_eq!(a.run("ping-probe 203.0.113.1 198.51.100.1").code(), 2);
    // One that is known not to answer decides.
    assert_eq!(a.run("ping-probe -q -W 0.1 192.0.2.9 203.0.113.1").code(), 1);
}

#[test]
fn a_loop_survives_the_loss_of_its_interface_and_says_unknown_meanwhile() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let mut probe = a.start("ping-probe", &["-l", "-i", "50ms", "-W", "100ms", "192.0.2.2"]);
    probe.wait_for("an answer", |line| line.contains(" up "));
    a.ip("link set eth0 down");
    probe.wait_for("no route", |line| words(line).starts_with("ping 192.0.2.2 unknown ") && line.contains("reason="));
    a.ip("link set eth0 up");
    probe.wait_for("an answer", |line| line.contains(" up "));
    probe.signal("TERM");
    let (code, _, errors) = probe.wait();
    assert_eq!((code, errors.as_str()), (0, ""));
}

#[test]
fn a_loop_follows_a_target_that_goes_and_comes() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = pair(&lab);
    let mut probe = a.start("ping-probe", &["-l", "-i", "50ms", "-W", "100ms", "192.0.2.2", "fd00:2::2"]);
    for target in ["192.0.2.2", "fd00:2::2"] {
        probe.wait_for("an answer", |line| words(line).starts_with(&format!("ping {target} up ")));
    }
    b.ip("link set eth0 down");
    for target in ["192.0.2.2", "fd00:2::2"] {
        probe.wait_for("silence", |line| words(line).starts_with(&format!("ping {target} down ")));
    }
    probe.signal("INT");
    assert_eq!(probe.wait().0, 1);
}

#[test]
fn a_signal_leaves_what_is_still_asked_unknown() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let mut probe = a.start("ping-probe", &["-W", "20s", "192.0.2.2", "192.0.2.9"]);
    // The answer of the one shows that the other is asked; it is written when
    // the tool begins to wait.
    probe.wait_for("an answer", |line| line.contains(" up "));
    probe.signal("TERM");
    let (code, out, _) = probe.wait();
    assert_eq!(words(out.lines().last().unwrap()), "ping 192.0.2.9 unknown loss=1/1 reason=interrupted");
    assert_eq!(code, 2);
}

/// `a` reaches `b` (198.51.100.2) by the router, which refuses 203.0.113.0/24.
fn routed(lab: &Lab) -> (Host, Host, Host) {
    let (a, router, b) = (lab.host("a"), lab.host("r"), lab.host("b"));
    lab.cable(&a, "eth0", &router, "eth0");
    lab.cable(&b, "eth0", &router, "eth1");
    for (host, interface, net, number) in
        [(&a, "eth0", 1, 1), (&router, "eth0", 1, 2), (&router, "eth1", 2, 2), (&b, "eth0", 2, 1)]
    {
        host.ip(&format!("address add 10.0.{net}.{number}/24 dev {interface}"));
        host.ip(&format!("address add fd00:{net}::{number}/64 dev {interface} nodad"));
    }
    router.set("ipv4/conf", "all", "forwarding", "1");
    router.set("ipv6/conf", "all", "forwarding", "1");
    router.ip("route add unreachable 203.0.113.0/24");
    router.ip("route add prohibit 2001:db8::/32");
    a.ip("route add default via 10.0.1.2");
    a.ip("route add default via fd00:1::2");
    b.ip("route add default via 10.0.2.2");
    (a, router, b)
}

#[test]
fn an_icmp_error_is_the_reason_and_ends_the_wait() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _router, _b) = routed(&lab);
    for ping_sockets in [false, true] {
        allow_ping_sockets(&a, ping_sockets);
        let start = Instant::now();
        let said = a.run("ping-probe -W 15s 203.0.113.7 2001:db8::7 10.0.2.1");
        let wanted = [
            "ping 10.0.2.1 up loss=0/1",
            "ping 2001:db8::7 down loss=1/1 reason=prohibited by=fd00:1::2",
            "ping 203.0.113.7 down loss=1/1 reason=host-unreachable by=10.0.1.2",
        ];
        assert_eq!((lines(&said), said.code()), (wanted.map(str::to_owned).to_vec(), 1), "ping: {ping_sockets}");
        assert!(start.elapsed() < Duration::from_secs(10), "it waited for its time-out");
    }
}

#[test]
fn without_a_privilege_a_ping_socket_is_used() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    allow_ping_sockets(&a, true);
    let said = unprivileged(&a, "-W 0.2 192.0.2.2 fd00:2::2 192.0.2.9");
    let wanted =
        ["ping 192.0.2.2 up loss=0/1", "ping 192.0.2.9 down loss=1/1 reason=timeout", "ping fd00:2::2 up loss=0/1"];
    assert_eq!((lines(&said), said.code()), (wanted.map(str::to_owned).to_vec(), 1), "{}", said.err);
}

#[test]
fn without_any_permission_it_could_not_tell_and_says_what_it_needs() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    allow_ping_sockets(&a, false);
    let said = unprivileged(&a, "192.0.2.2");
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert!(said.err.starts_with("ping-probe: socket: ") && said.err.contains("CAP_NET_RAW"), "{}", said.err);
}

#[test]
fn of_a_thousand_targets_none_is_lost() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = pair(&lab);
    // b answers for every address of the network.
    b.ip("route add local 10.0.0.0/16 dev lo");
    a.ip("route add 10.0.0.0/16 via 192.0.2.2");
    let targets = (0..1000).fold(String::new(), |mut text, n| {
        let _ = write!(text, " 10.0.{}.{}", n / 250, 1 + n % 250);
        text
    });
    for ping_sockets in [false, true] {
        allow_ping_sockets(&a, ping_sockets);
        let said = a.run(&format!("ping-probe{targets}"));
        let up = said.out.lines().filter(|line| line.contains(" up ")).count();
        assert_eq!((up, said.code(), said.err.as_str()), (1000, 0, ""), "ping: {ping_sockets}");
    }
}

#[test]
fn a_thousand_dead_neighbours_are_down_and_not_unknown() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    a.ip("address add 10.1.0.1/16 dev eth0");
    let targets = (0..1000).fold(String::new(), |mut text, n| {
        let _ = write!(text, " 10.1.{}.{}", 1 + n / 250, 1 + n % 250);
        text
    });
    let said = a.run(&format!("ping-probe -W 0.3{targets}"));
    let down = said.out.lines().filter(|line| line.contains(" down ")).count();
    assert_eq!((down, said.code()), (1000, 1), "{}", said.out.lines().last().unwrap_or_default());
}

#[test]
fn a_group_answers_when_one_of_it_does() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let said = a.run("ping-probe -W 0.1 -g routers 192.0.2.9 192.0.2.2");
    assert_eq!(
        lines(&said),
        [
            "ping 192.0.2.2 up loss=0/1 group=routers",
            "ping 192.0.2.9 down loss=1/1 reason=timeout group=routers",
            "ping-group routers up up=1/2 need=1",
        ]
    );
    assert_eq!(said.code(), 0);
    assert_eq!(a.run("ping-probe -q -W 0.1 -g routers 192.0.2.9 192.0.2.8").code(), 1);
    assert_eq!(a.run("ping-probe -q -W 0.1 -g routers 192.0.2.9 203.0.113.1").code(), 2);
}

#[test]
fn ha_cf_names_the_targets_and_the_interval() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ha.cf");
    let text = "keepalive 50ms\ndeadtime 1\nbcast eth0\nping 192.0.2.2\nping_group nets 192.0.2.9 192.0.2.2\n\
                ping6 fd00:2::2\nauto_failback on\nnode a b\n";
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let said = a.run(&format!("ping-probe -W 0.2 -f {path}"));
    let wanted = [
        "ping 192.0.2.2 up loss=0/1",
        "ping 192.0.2.2 up loss=0/1 group=nets",
        "ping 192.0.2.9 down loss=1/1 reason=timeout group=nets",
        "ping fd00:2::2 up loss=0/1",
        "ping-group nets up up=1/2 need=1",
    ];
    assert_eq!((lines(&said), said.code()), (wanted.map(str::to_owned).to_vec(), 0), "{}", said.err);
    let said = a.run(&format!("ping-probe -6 -l -c 4 -f {path}"));
    let times: Vec<f64> = said.out.lines().map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(times.len(), 4, "{}", said.out);
    assert!((0.6..1.5).contains(&(times[3] - times[0])), "four probes at 250 ms: {times:?}");
}

#[test]
fn an_ha_cf_without_ping_nodes_or_with_an_error_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ha.cf");
    std::fs::write(&path, "bcast eth0\nnode a b\n").unwrap();
    let said = run("ping-probe", &["-f", path.to_str().unwrap()], b"");
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert!(said.err.contains("no ping"), "{}", said.err);
    std::fs::write(&path, "node a b\nbcast eth0\nping not/an/address\n").unwrap();
    let said = run("ping-probe", &["-f", path.to_str().unwrap()], b"");
    assert_eq!((said.code(), said.err.lines().count()), (2, 1));
    assert!(said.err.contains("ha.cf:3: "), "{}", said.err);
    let said = run("ping-probe", &["-f", "/nonexistent/ha.cf"], b"");
    assert_eq!((said.code(), said.err.lines().count()), (2, 1), "{}", said.err);
}

#[test]
fn garbage_and_forged_answers_change_nothing() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = pair(&lab);
    // The dead target's address is b's, but b does not answer echoes.
    b.set("ipv4", ".", "icmp_echo_ignore_all", "1");
    let mut probe = a.start("ping-probe", &["-l", "-i", "100ms", "-W", "300ms", "192.0.2.2"]);
    probe.wait_for("silence", |line| line.contains(" down "));
    let messages: [&[u8]; 5] = [
        b"\0\0\0\0\0\0\0\0",
        b"\0\0\xff\xff\0\0\0\0",
        b"\0\0\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\x03\x01\xfc\xfe\0\0\0\0\x45\0\0\0",
        &[0x5a; 1400],
    ];
    for message in messages {
        let said = b.run_with("socat -u STDIN IP4-SENDTO:192.0.2.1:1", message);
        assert_eq!(said.code(), 0, "{}", said.err);
    }
    for _ in 0..5 {
        let line = probe.wait_for("the next", |line| line.starts_with("ping "));
        assert!(words(&line).starts_with("ping 192.0.2.2 down "), "{line}");
        assert!(line.ends_with("reason=timeout"), "{line}");
    }
    b.set("ipv4", ".", "icmp_echo_ignore_all", "0");
    probe.wait_for("an answer", |line| line.contains(" up "));
}

#[test]
fn a_quiet_loop_says_changes_alone() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = pair(&lab);
    let args = ["-l", "-q", "-i", "20ms", "-W", "100ms", "192.0.2.2"];
    let mut probe = a.start("ping-probe", &args);
    probe.wait_for("the first", |line| line.contains(" up "));
    b.ip("link set eth0 down");
    // Ten answers a moment are not said: the next line is the change.
    let line = probe.wait_for("the next", |_| true);
    assert!(line.contains(" down "), "{line}");
}

#[test]
fn a_deadline_ends_it_and_who_was_silent_is_down() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let start = Instant::now();
    let said = a.run("ping-probe -w 0.2 -W 15s -i 1 192.0.2.9");
    assert_eq!((lines(&said), said.code()), (vec!["ping 192.0.2.9 down loss=1/1 reason=deadline".to_owned()], 1));
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(a.run("ping-probe -l -w 0.3 -i 0.1 192.0.2.2").code(), 0);
}

#[test]
fn json_lines_say_the_same_as_records() {
    need_namespaces!();
    let lab = Lab::new();
    let a = lab.host("a");
    let said = a.run("ping-probe -j -g loop 127.0.0.1 203.0.113.1");
    let (mut up, mut unknown) = (None, None);
    let (groups, targets): (Vec<&str>, Vec<&str>) = said.out.lines().partition(|line| line.contains("ping-group"));
    assert!(groups[0].contains("\"group\":\"loop\",\"state\":\"up\",\"up\":1,\"of\":2,\"need\":1}"), "{}", groups[0]);
    for line in targets {
        assert!(line.starts_with("{\"kind\":\"ping\",\"time\":") && line.ends_with('}'), "{line}");
        if line.contains("\"up\"") { up = Some(line) } else { unknown = Some(line) }
    }
    assert!(up.expect("127.0.0.1").contains("127.0.0.1"));
    assert!(unknown.expect("203.0.113.1").contains("network-unreachable"));
}

#[test]
fn only_the_interface_and_source_that_are_named_are_used() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = pair(&lab);
    lab.cable(&a, "eth1", &b, "eth1");
    assert_eq!(a.run("ping-probe -q -I eth0 192.0.2.2").code(), 0);
    assert_eq!(a.run("ping-probe -q -W 0.1 -I eth1 192.0.2.2").code(), 1);
    assert_eq!(a.run("ping-probe -q -S 192.0.2.1 192.0.2.2").code(), 0);
    let said = a.run("ping-probe -S 192.0.2.77 192.0.2.2");
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert!(said.err.starts_with("ping-probe: source 192.0.2.77: "), "{}", said.err);
    let said = a.run("ping-probe -I nope0 192.0.2.2");
    assert_eq!(said.code(), 2);
    assert!(said.err.starts_with("ping-probe: interface nope0: "), "{}", said.err);
}

#[test]
fn a_wrong_call_is_status_2_with_one_clear_text() {
    let wrong: [(&[&str], &str); 29] = [
        (&[], "no target"),
        (&["-4", "::1"], "::1"),
        (&["-6", "127.0.0.1"], "127.0.0.1"),
        (&["-4", "-6", "127.0.0.1"], "--ipv6"),
        (&["-c", "0", "127.0.0.1"], "count"),
        (&["-i", "0", "127.0.0.1"], "interval"),
        (&["-i", "fast", "127.0.0.1"], "fast"),
        (&["-i", "1ms", "-W", "1s", "127.0.0.1"], "timeout"),
        (&["-W", "0", "127.0.0.1"], "timeout"),
        (&["-S", "::1", "127.0.0.1"], "other family"),
        (&["-g", "a b", "127.0.0.1"], "not a name"),
        (&["-g", "x"], "no target"),
        (&["--need", "2", "127.0.0.1"], "--group"),
        (&["--need", "2", "-g", "x", "127.0.0.1"], "group of 1"),
        (&["192.0.2.0/33"], "not a prefix"),
        (&["192.0.2.9-192.0.2.1"], "before the start"),
        (&["10.0.0.0/8"], "more than 65536"),
        (&["--targets-from", "/nonexistent/list"], "/nonexistent/list"),
        (&["--retries", "1", "-c", "2", "127.0.0.1"], "--count"),
        (&["--backoff", "0.5", "127.0.0.1"], "1 to 5"),
        (&["--size", "65508", "127.0.0.1"], "65508"),
        (&["--dscp", "64", "127.0.0.1"], "64"),
        (&["--rise", "2", "127.0.0.1"], "--loop"),
        (&["-l", "--fall", "0", "127.0.0.1"], "--fall"),
        (&["--dampen", "2", "127.0.0.1"], "--loop"),
        (&["--summary=0", "127.0.0.1"], "summary"),
        (&["127.0.0.1", "--fping"], "first word"),
        (&["--summary", "1"], "'1': not an address"),
        (&["192.0.2.300"], "'192.0.2.300': not an address"),
    ];
    for (args, text) in wrong {
        let said = run("ping-probe", args, b"");
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{args:?}: {}", said.err);
        assert!(said.err.contains(text), "{args:?}: {}", said.err);
    }
}

#[test]
fn a_name_that_does_not_exist_is_said_before_anything_is_sent() {
    need_namespaces!();
    let lab = Lab::new();
    let a = lab.host("a");
    let said = a.run("ping-probe 127.0.0.1 no-such-host.invalid");
    assert_eq!((said.code(), said.out.as_str(), said.err.lines().count()), (2, "", 1));
    assert!(said.err.contains("no-such-host.invalid"), "{}", said.err);
}

#[test]
fn a_reader_that_went_away_is_success_and_a_full_disk_is_not() {
    need_namespaces!();
    let lab = Lab::new();
    let a = lab.host("a");
    let mut head = a.command("sh");
    head.args(["-c", "{ ping-probe -l -i 10ms 127.0.0.1; echo $? >&2; } | head -n 1 >&2"]);
    let mut head = Running::start(head);
    assert_eq!(head.wait_for_error(|line| !line.starts_with("ping ")), "0");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut probe = command("ip");
    probe.args(["netns", "exec", &a.namespace, tool("ping-probe").to_str().unwrap(), "127.0.0.1"]);
    let child = probe.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!(said.code(), 2);
    assert!(said.err.starts_with("ping-probe: standard output: "), "{}", said.err);
}

#[test]
fn lists_prefixes_and_ranges_name_targets() {
    need_namespaces!();
    let lab = Lab::new();
    let a = lab.host("a");
    let list = b"# routers\n127.0.0.9 the first word counts\n\n127.0.1.0/30\n::1";
    let said = a.run_with("ping-probe --targets-from - 127.0.0.1-127.0.0.3", list);
    let names: Vec<String> = lines(&said).iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    let wanted = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.9", "127.0.1.1", "127.0.1.2", "::1"];
    assert_eq!((names, said.code()), (wanted.map(str::to_owned).to_vec(), 0), "{}", said.err);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("list");
    std::fs::write(&path, "127.0.0.1\n127.0.0.0/33\n").unwrap();
    let said = a.run(&format!("ping-probe --targets-from {}", path.display()));
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert!(said.err.contains("127.0.0.0/33"), "{}", said.err);
    let said = a.run_with("ping-probe --targets-from -", b"# nobody\n");
    assert!(said.code() == 2 && said.err.contains("no target"), "{}", said.err);
}

#[test]
fn a_target_that_begins_to_answer_while_it_is_asked_again_is_up() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = pair(&lab);
    b.set("ipv4", ".", "icmp_echo_ignore_all", "1");
    let args = ["-W", "100ms", "--retries", "20", "192.0.2.2", "192.0.2.9", "127.0.0.1", "--backoff", "1"];
    let mut probe = a.start("ping-probe", &args);
    probe.wait_for("the first", |line| line.contains(" 127.0.0.1 up "));
    b.set("ipv4", ".", "icmp_echo_ignore_all", "0");
    probe.wait_for("an answer to a later try", |line| line.contains(" 192.0.2.2 up "));
    let (code, out, _) = probe.wait();
    assert_eq!(words(out.lines().last().unwrap()), "ping 192.0.2.9 down loss=21/21 reason=timeout");
    assert_eq!(code, 1);
}

#[test]
fn size_hops_and_service_are_as_asked_and_what_is_too_big_is_unknown() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, router, _b) = routed(&lab);
    for ping_sockets in [false, true] {
        allow_ping_sockets(&a, ping_sockets);
        let said = a.run("ping-probe -W 15s --ttl 1 10.0.2.1 10.0.1.2");
        let wanted = ["ping 10.0.1.2 up loss=0/1", "ping 10.0.2.1 down loss=1/1 reason=hop-limit by=10.0.1.2"];
        assert_eq!((lines(&said), said.code()), (wanted.map(str::to_owned).to_vec(), 1), "{}", said.err);
        // In fragments it arrives, whole it cannot even leave.
        assert_eq!(a.run("ping-probe --size 9000 --ttl 2 10.0.2.1 fd00:1::2").code(), 0);
        let said = a.run("ping-probe --size 9000 --dont-fragment 10.0.2.1 fd00:1::2");
        let wanted =
            ["ping 10.0.2.1 unknown loss=0/0 reason=too-big", "ping fd00:1::2 unknown loss=0/0 reason=too-big"];
        assert_eq!((lines(&said), said.code()), (wanted.map(str::to_owned).to_vec(), 2), "{}", said.err);
    }
    // The router refuses one code point.
    router.ip("rule add to 10.0.2.1 tos 0x10 table 100");
    router.ip("route add prohibit default table 100");
    assert_eq!(a.run("ping-probe -q 10.0.2.1").code(), 0);
    let said = a.run("ping-probe -W 15s --dscp 4 10.0.2.1");
    assert_eq!(lines(&said), ["ping 10.0.2.1 down loss=1/1 reason=prohibited by=10.0.1.2"]);
}

#[test]
fn a_group_may_need_more_than_one_answer() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let ask = |rest: &str| a.run(&format!("ping-probe -q -W 0.1 -g gates {rest}")).code();
    assert_eq!(ask("--need 2 192.0.2.9 192.0.2.2 192.0.2.1"), 0);
    assert_eq!(ask("--need 3 192.0.2.9 192.0.2.2 192.0.2.1"), 1);
    assert_eq!(ask("--need 3 203.0.113.1 192.0.2.2 192.0.2.1"), 2);
}

#[test]
fn ten_thousand_targets_need_few_descriptors_and_none_is_lost() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = pair(&lab);
    b.ip("route add local 10.0.0.0/16 dev lo");
    a.ip("route add 10.0.0.0/16 via 192.0.2.2");
    let probe = tool("ping-probe");
    b.ip("route add local fd00:9::/64 dev lo");
    a.ip("route add fd00:9::/64 via fd00:2::2");
    for targets in ["10.0.0.0-10.0.39.15", "fd00:9::1-fd00:9::2710", "10.0.0.0-10.0.19.135 fd00:9::1-fd00:9::1388"] {
        let said = a.run(&format!("prlimit --nofile=64 {} -W 10s {targets}", probe.display()));
        let up = said.out.lines().filter(|line| line.contains(" up ")).count();
        assert_eq!((up, said.code(), said.err.as_str()), (10_000, 0, ""), "{targets}");
    }
}

#[test]
fn a_dead_target_costs_half_a_second() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let said = a.run("ping-probe -j 192.0.2.9 192.0.2.2");
    let time = |state: &str| {
        let line = said.out.lines().find(|line| line.contains(state)).expect("a line");
        let time = line.split("\"time\":").nth(1).and_then(|rest| rest.split(',').next()).expect("a time");
        time.parse::<f64>().unwrap()
    };
    assert!((time("down") - time("up") - 0.5).abs() < 0.2, "{}", said.out);
}

#[test]
fn answers_that_come_and_go_change_a_state_by_rise_and_fall_alone() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = pair(&lab);
    let args = ["-l", "-q", "-i", "20ms", "-W", "50ms", "--rise", "3", "--fall", "4", "192.0.2.2"];
    let mut probe = a.start("ping-probe", &args);
    let first = probe.wait_for("the first", |_| true);
    assert!(words(&first).starts_with("ping 192.0.2.2 unknown probe=up loss=0/1"), "{first}");
    assert!(probe.wait_for("the next", |_| true).contains(" up "));
    b.set("ipv4", ".", "icmp_echo_ignore_all", "1");
    let down = probe.wait_for("the next", |line| !line.contains(" up "));
    assert!(down.contains(" down loss=") && down.contains("reason=timeout"), "{down}");
    b.set("ipv4", ".", "icmp_echo_ignore_all", "0");
    let up = probe.wait_for("the next", |line| !line.contains(" down "));
    assert!(up.contains(" up ") && !up.contains("probe="), "{up}");
    a.ip("link set eth0 down");
    let unknown = probe.wait_for("the next", |line| !line.contains(" up "));
    assert!(unknown.contains(" unknown ") && unknown.contains("reason=network-unreachable"), "{unknown}");
    probe.signal("TERM");
    assert_eq!(probe.wait().0, 2);
}

#[test]
fn summaries_say_loss_and_times_at_each_span_when_asked_and_at_the_end() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = pair(&lab);
    let said = a.run("ping-probe -q -c 5 -i 20ms -W 50ms --summary 192.0.2.2 192.0.2.9 203.0.113.1");
    let rows: Vec<Vec<&str>> = said.out.lines().map(|line| line.split(' ').collect()).collect();
    let keys = |row: &[&str]| -> Vec<String> {
        row[4..].iter().map(|word| word.split('=').next().unwrap().to_owned()).collect()
    };
    assert_eq!(said.code(), 1);
    assert_eq!((rows.len(), rows[0][2], rows[0][4]), (3, "192.0.2.2", "loss=0/5"), "{}", said.out);
    assert_eq!(keys(&rows[0]), ["loss", "min", "avg", "max", "p99"]);
    assert_eq!(rows[1][4..], ["loss=5/5"]);
    assert_eq!(rows[2][4..], ["loss=0/0", "unsent=5"]);
    let mut probe = a.start("ping-probe", &["-l", "-q", "-i", "10ms", "--summary=50ms", "-j", "192.0.2.2"]);
    for _ in 0..3 {
        let row = probe.wait_for("a summary", |line| line.contains("\"ping-summary\""));
        assert!(row.contains("\"over\":0.0") && row.contains("\"p99\":"), "{row}");
    }
    probe.signal("QUIT");
    probe.wait_for("the whole", |line| line.contains("\"over\":0.1") || line.contains("\"over\":0.2"));
    probe.signal("TERM");
    assert_eq!(probe.wait().0, 0);
}

#[test]
fn an_interface_that_vanishes_leaves_its_targets_unknown_and_never_down() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = pair(&lab);
    for ping_sockets in [false, true] {
        allow_ping_sockets(&a, ping_sockets);
        lab.cable(&a, "eth1", &b, "eth1");
        for (host, number) in [(&a, 1), (&b, 2)] {
            host.ip(&format!("address add 10.3.0.{number}/24 dev eth1"));
            host.ip(&format!("address add fd00:3::{number}/64 dev eth1 nodad"));
        }
        let args = ["-l", "-i", "50ms", "-W", "100ms", "-I", "eth1", "10.3.0.2", "fd00:3::2"];
        let mut probe = a.start("ping-probe", &args);
        for target in ["10.3.0.2", "fd00:3::2"] {
            probe.wait_for("an answer", |line| words(line).starts_with(&format!("ping {target} up ")));
        }
        a.ip("link del eth1");
        for target in ["10.3.0.2", "fd00:3::2"] {
            let unknown = format!("ping {target} unknown ");
            probe.wait_for("unknown", |line| words(line).starts_with(&unknown) && line.contains("reason="));
        }
        // What was under way may be lost; from then on nothing else is said.
        for count in 0..16 {
            let line = probe.wait_for("the next", |_| true);
            assert!(count < 8 || line.contains(" unknown "), "{ping_sockets}: {line}");
        }
        probe.signal("TERM");
        assert_eq!(probe.wait().0, 2);
    }
}

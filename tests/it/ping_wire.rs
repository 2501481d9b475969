//! ping-probe before a host that answers as it likes: doubled, late, forged and
//! damaged answers, errors, floods, and more than the kernel has room for.

use std::net::IpAddr;
use std::time::Duration;

use crate::answerer::{Answerer, Answers, Request};
use crate::lab::{Host, Lab, Running, Said, tool, wait_until};
use crate::need_namespaces;

const NOW: Duration = Duration::ZERO;

/// A host whose every packet to 10.9.0.0/16 and fd00:9::/64 goes to an answerer
/// on `b`, whose kernel knows nothing of it.
fn strange(lab: &Lab) -> (Host, Host) {
    let (a, b) = (lab.host("a"), lab.host("b"));
    lab.cable(&a, "eth0", &b, "eth0");
    b.set("ipv6/conf", "eth0", "disable_ipv6", "1");
    for (address, gate, net) in
        [("192.0.2.1/24", "192.0.2.2", "10.9.0.0/16"), ("fd00:2::1/64", "fd00:2::2", "fd00:9::/64")]
    {
        let nodad = if address.contains(':') { " nodad" } else { "" };
        a.ip(&format!("address add {address} dev eth0{nodad}"));
        a.ip(&format!("neigh replace {gate} lladdr 02:00:00:00:00:02 nud permanent dev eth0"));
        a.ip(&format!("route add {net} via {gate}"));
    }
    (a, b)
}

/// Whether all groups may open ping sockets in a namespace.
fn allow_ping_sockets(host: &Host, allowed: bool) {
    let range = if allowed { "0 0" } else { "1 0" };
    assert_eq!(host.run_with("tee /proc/sys/net/ipv4/ping_group_range", range.as_bytes()).code(), 0);
}

/// The records without time and round trip, by target.
fn records(said: &Said) -> Vec<String> {
    let words = |line: &str| {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.starts_with("rtt=")).skip(2).collect();
        words.join(" ")
    };
    let mut lines: Vec<String> = said.out.lines().map(words).collect();
    lines.sort();
    lines
}

/// Both families, over both kinds of socket.
fn everywhere(a: &Host, mut each: impl FnMut(&str, &str)) {
    for ping_sockets in [false, true] {
        allow_ping_sockets(a, ping_sockets);
        for net in ["10.9.0.", "fd00:9::"] {
            each(net, if ping_sockets { "ping" } else { "raw" });
        }
    }
}

/// Late, doubled, forged or damaged, by the last byte of the address.
fn strangely(request: &Request) -> Answers {
    let other: IpAddr = if request.to.is_ipv4() { [10, 9, 0, 1].into() } else { "fd00:9::1".parse().unwrap() };
    let frame = match request.last() {
        1 => return vec![(NOW, request.answer())],
        2 => return vec![(NOW, request.answer()), (NOW, request.answer()), (NOW, request.answer())],
        3 => return vec![(Duration::from_millis(250), request.answer())],
        // Another check value.
        4 => request.answer_with(|message| message[8] ^= 1),
        5 => request.answer_from(other),
        // An answer to the next request, which nobody has seen.
        6 => request.answer_with(|message| {
            message[7] = message[7].wrapping_add(1);
            message[27] = message[27].wrapping_add(1);
        }),
        // As if it were an answer to another target.
        7 => request.answer_with(|message| message[19] ^= 1),
        8 => request.answer_with(|message| message.truncate(18)),
        9 => request.answer_with(|message| message[4] ^= 1),
        10 => request.answer_with(|message| message[1] = 1),
        _ => return Vec::new(),
    };
    vec![(NOW, frame)]
}

#[test]
fn late_doubled_forged_and_damaged_answers_count_as_what_they_are() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = strange(&lab);
    let _answerer = Answerer::start(&b.namespace, "eth0", strangely);
    everywhere(&a, |net, kind| {
        let targets: Vec<String> = (1..=10).map(|last| format!("{net}{last}")).collect();
        let said = a.run(&format!("ping-probe -W 150ms {}", targets.join(" ")));
        let mut wanted: Vec<String> = targets
            .iter()
            .enumerate()
            .map(|(at, target)| match at {
                0 | 1 => format!("{target} up loss=0/1"),
                _ => format!("{target} down loss=1/1 reason=timeout"),
            })
            .collect();
        wanted.sort();
        assert_eq!((records(&said), said.code()), (wanted, 1), "{kind}: {}", said.err);
        // Over more probes what came too often and too late is counted.
        let line = format!("ping-probe -q -c 4 -i 150ms -W 150ms --summary {net}2 {net}3 {net}1");
        let said = a.run(&line);
        let field = |target: &str, key: &str| {
            let line = said
                .out
                .lines()
                .find(|line| line.split(' ').nth(2) == Some(&format!("{net}{target}")))
                .expect("a line");
            line.split(' ').find_map(|word| word.strip_prefix(key)).unwrap_or("none").to_owned()
        };
        assert_eq!((field("2", "loss="), field("2", "late=")), ("0/4".into(), "none".into()), "{kind}: {}", said.out);
        let doubled: u64 = field("2", "dup=").parse().unwrap();
        assert!((6..=8).contains(&doubled), "{kind}: {}", said.out);
        assert_eq!((field("3", "loss="), field("3", "dup=")), ("4/4".into(), "none".into()), "{kind}: {}", said.out);
        let late: u64 = field("3", "late=").parse().unwrap();
        assert!((1..=4).contains(&late), "{kind}: {}", said.out);
        assert_eq!((field("1", "loss="), field("1", "dup=")), ("0/4".into(), "none".into()), "{kind}: {}", said.out);
    });
}

/// Errors, by the last byte of the address: whole, cut, about another request.
fn refusing(request: &Request) -> Answers {
    let (router, kind, code): (IpAddr, u8, u8) =
        if request.to.is_ipv4() { ([203, 0, 113, 99].into(), 3, 13) } else { ("fd00:9::99".parse().unwrap(), 1, 1) };
    let whole = |change: fn(&mut Vec<u8>)| request.error(router, kind, code, change);
    match request.last() {
        1 => vec![(NOW, whole(|_| {}))],
        // No more than RFC 792 asks for: it explains, and an answer counts.
        2 => vec![(NOW, whole(|quoted| quoted.truncate(8)))],
        3 => vec![(NOW, whole(|quoted| quoted.truncate(8))), (Duration::from_millis(20), request.answer())],
        // About a request that was never sent.
        4 => vec![(NOW, whole(|quoted| quoted[8] ^= 1)), (Duration::from_millis(20), request.answer())],
        5 => vec![(NOW, whole(|quoted| quoted[4] ^= 1)), (Duration::from_millis(20), request.answer())],
        _ => Vec::new(),
    }
}

#[test]
fn an_error_names_its_target_and_sender_and_a_forged_one_ends_nothing() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = strange(&lab);
    let _answerer = Answerer::start(&b.namespace, "eth0", refusing);
    for net in ["10.9.0.", "fd00:9::"] {
        // A ping socket is told of errors by the kernel, which looks no further
        // than the identifier: those are not forged here.
        allow_ping_sockets(&a, false);
        let targets: Vec<String> = (1..=5).map(|last| format!("{net}{last}")).collect();
        let said = a.run(&format!("ping-probe -W 400ms {}", targets.join(" ")));
        let by = if net.contains(':') { "fd00:9::99" } else { "203.0.113.99" };
        let wanted = [
            format!("{net}1 down loss=1/1 reason=prohibited by={by}"),
            format!("{net}2 down loss=1/1 reason=prohibited by={by}"),
            format!("{net}3 up loss=0/1"),
            format!("{net}4 up loss=0/1"),
            format!("{net}5 up loss=0/1"),
        ];
        assert_eq!((records(&said), said.code()), (wanted.to_vec(), 1), "{}", said.err);
        allow_ping_sockets(&a, true);
        let said = a.run(&format!("ping-probe -W 10s {net}1"));
        assert_eq!(records(&said), wanted[..1], "ping socket");
    }
}

#[test]
fn what_the_kernel_had_no_room_for_is_said_and_is_no_dead_host() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = strange(&lab);
    let (send, asked) = std::sync::mpsc::channel();
    // The first target answers more than there is room for; then the second one
    // answers once.
    let flooding = move |request: &Request| -> Answers {
        let _ = send.send(request.last());
        let (answers, after) = if request.last() == 1 { (FLOOD, 200) } else { (1, 300) };
        vec![(Duration::from_millis(after), request.answer()); answers]
    };
    let answerer = Answerer::start(&b.namespace, "eth0", flooding);
    everywhere(&a, |net, kind| {
        let before = answerer.sent();
        let probe = a.start("ping-probe", &["-W", "5s", "-i", "5s", &format!("{net}1"), &format!("{net}2")]);
        let mut both = [asked.recv().unwrap(), asked.recv().unwrap()];
        both.sort_unstable();
        assert_eq!(both, [1, 2], "{kind}");
        // It stands still while they come.
        probe.signal("STOP");
        wait_until("all that is sent", || answerer.sent() == before + FLOOD as u64 + 1);
        let mut seen = 0;
        wait_until("packets without room, and no more of them", || {
            let last = std::mem::replace(&mut seen, drops(&a));
            seen > 0 && seen == last
        });
        probe.signal("CONT");
        let (code, out, errors) = probe.wait();
        let second = out.lines().find(|line| line.contains(&format!("{net}2 "))).expect("a record");
        assert!(out.contains(&format!("{net}1 up ")), "{kind}: {out}");
        assert!(second.contains(" unknown loss=1/1 reason=receive-overflow"), "{kind}: {second}");
        assert_eq!((code, errors.as_str()), (2, ""), "{kind}");
    });
}

/// More answers than a socket has room for.
const FLOOD: usize = 30_000;

/// Packets for which the sockets of a host had no room.
fn drops(host: &Host) -> u64 {
    let said = host.run("cat /proc/net/raw /proc/net/raw6 /proc/net/icmp /proc/net/icmp6");
    let last = |line: &str| line.split_ascii_whitespace().last().and_then(|word| word.parse::<u64>().ok());
    said.out.lines().filter_map(last).sum()
}

#[test]
fn floods_of_other_peoples_icmp_take_no_room_and_change_nothing() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = strange(&lab);
    // What is asked by the flooding process is answered by errors and answers.
    let answering = |request: &Request| -> Answers {
        let router: IpAddr = [203, 0, 113, 99].into();
        match request.to {
            IpAddr::V4(to) if to.octets()[2] == 200 => {
                vec![(NOW, request.error(router, 3, 1, |_| {})), (NOW, request.answer())]
            }
            IpAddr::V4(_) | IpAddr::V6(_) => vec![(Duration::from_millis(20), request.answer())],
        }
    };
    let _answerer = Answerer::start(&b.namespace, "eth0", answering);
    allow_ping_sockets(&a, false);
    let flood = ["-l", "-q", "-i", "1ms", "-W", "10ms", "--rate", "1000000", "10.9.200.1-10.9.200.60"];
    let mut flooding = a.start("ping-probe", &flood);
    flooding.wait_for("a flood", |line| line.starts_with("ping "));
    // With the smallest buffers that there are: no CAP_NET_ADMIN.
    let probe = tool("ping-probe");
    let line = format!("setpriv --bounding-set -net_admin {} -W 2s -i 2s 10.9.0.1-10.9.3.232", probe.display());
    for _ in 0..3 {
        let said = a.run(&line);
        let up = said.out.lines().filter(|line| line.contains(" up ")).count();
        assert_eq!(
            (up, said.code()),
            (1000, 0),
            "{}{}",
            said.out.lines().find(|line| !line.contains(" up ")).unwrap_or_default(),
            said.err
        );
    }
    // And it goes on.
    flooding.signal("INT");
    assert_ne!(flooding.wait().0, -1);
}

#[test]
fn answers_and_errors_to_other_programs_take_no_room() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = strange(&lab);
    let (send, asked) = std::sync::mpsc::channel();
    // Before the right answer, more of each to another identifier than there is
    // room for.
    let flooding = move |request: &Request| -> Answers {
        let _ = send.send(());
        let router: IpAddr =
            if request.to.is_ipv4() { [203, 0, 113, 99].into() } else { "fd00:9::99".parse().unwrap() };
        let kind = if request.to.is_ipv4() { 3 } else { 1 };
        let others =
            [request.answer_with(|message| message[4] ^= 1), request.error(router, kind, 1, |quoted| quoted[4] ^= 1)];
        let after = Duration::from_millis(200);
        let frames = others.into_iter().flat_map(|frame| vec![frame; FLOOD]).chain([request.answer()]);
        frames.map(|frame| (after, frame)).collect()
    };
    let answerer = Answerer::start(&b.namespace, "eth0", flooding);
    allow_ping_sockets(&a, false);
    for target in ["10.9.0.1", "fd00:9::1"] {
        let before = answerer.sent();
        let mut command = a.command("setpriv");
        command.args(["--bounding-set", "-net_admin", tool("ping-probe").to_str().unwrap()]);
        command.args(["-W", "5s", "-i", "5s", target]);
        let probe = Running::start(command);
        asked.recv().unwrap();
        probe.signal("STOP");
        wait_until("all that is sent", || answerer.sent() == before + 2 * FLOOD as u64 + 1);
        probe.signal("CONT");
        let (code, out, errors) = probe.wait();
        assert!(out.contains(" up "), "{out}");
        assert_eq!((code, errors.as_str()), (0, ""));
    }
}

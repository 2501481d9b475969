use std::fs;
use std::path::Path;

use super::*;
use crate::{authkeys, ha_cf, haresources};

const HA_CF: &str = "keepalive 1\ndeadtime 10\nbcast eth1\nserial /dev/ttyS0\nauto_failback on\nnode node1 node2\n\
    ping 192.0.2.254\n";
const HARESOURCES: &str = "node1 192.0.2.10/24/eth0 web\n";
const AUTHKEYS: &str = "auth 1\n1 sha1 0123456789abcdefghij\n";

fn said(ha_cf: &str, haresources: &str, authkeys: &str) -> Vec<String> {
    let mut found = Findings::default();
    let (conf, groups, keys);
    (conf, found.ha_cf) = ha_cf::parse("ha.cf", ha_cf.as_bytes());
    (groups, found.haresources) = haresources::parse("haresources", haresources.as_bytes());
    (keys, found.authkeys) = authkeys::parse("authkeys", authkeys.as_bytes());
    check(&conf, &groups, &keys, &mut found);
    found.lines()
}

fn digest_of(ha_cf: &str, haresources: &str) -> String {
    let (conf, problems) = ha_cf::parse("ha.cf", ha_cf.as_bytes());
    assert!(!problems.has_errors(), "{problems}");
    let (groups, problems) = haresources::parse("haresources", haresources.as_bytes());
    assert!(!problems.has_errors(), "{problems}");
    digest(&conf, &groups)
}

#[test]
fn a_sound_configuration_is_without_a_word() {
    assert_eq!(said(HA_CF, HARESOURCES, AUTHKEYS), [""; 0]);
}

#[test]
fn what_is_unsafe_is_said_where_it_stands() {
    let ha_cf = |from: &str, to: &str| said(&HA_CF.replace(from, to), HARESOURCES, AUTHKEYS);
    let groups = |text: &str| said(HA_CF, text, AUTHKEYS);
    for (said, cause) in [
        (ha_cf("serial /dev/ttyS0\n", ""), "ha.cf:3: warning: bcast:eth1 is the only medium"),
        (ha_cf("serial /dev/ttyS0", "ucast eth1 192.0.2.2"), "ha.cf:3: warning: all media use eth1"),
        (ha_cf("ping 192.0.2.254\n", ""), "ha.cf:6: warning: two nodes without a ping node"),
        (ha_cf("node1 node2", "node1"), "ha.cf:6: warning: one node alone"),
        (ha_cf("node1 node2", "node1 node2 node3"), "ha.cf:6: warning: 3 nodes and quorum alive"),
        (ha_cf("auto_failback on\n", "auto_failback on\nquorum majority\n"), "ha.cf:6: warning: a majority of two"),
        (
            ha_cf("node node1 node2\n", "node node1 node2\nfence node2 /sbin/off\n"),
            "ha.cf:7: warning: no fence for node1",
        ),
        (ha_cf("auto_failback on\n", ""), "ha.cf:1: warning: auto_failback is legacy"),
        (
            ha_cf("keepalive 1\ndeadtime 10", "keepalive 1\ndeadtime 4999ms"),
            "ha.cf:2: warning: deadtime 4.999 s is under 5.0 s",
        ),
        (said(HA_CF, HARESOURCES, "auth 1\n1 crc\n"), "authkeys:2: error: crc is not used to sign on bcast:eth1"),
        (
            said(HA_CF, HARESOURCES, &format!("{AUTHKEYS}2 crc\n")),
            "authkeys:3: warning: crc is not accepted on bcast:eth1",
        ),
        (
            said(&format!("{HA_CF}allow_crc yes\n"), HARESOURCES, "auth 1\n1 crc\n"),
            "authkeys:2: warning: crc on bcast:eth1",
        ),
        (
            ha_cf("deadtime 10", "deadtime 3900ms\nquorum majority"),
            "ha.cf:2: warning: deadtime 3.9 s is under 4 keepalives (4.0 s): with quorum majority",
        ),
        (
            groups("node1.example.com web"),
            "haresources:1: error: the node node1.example.com is not in ha.cf, which names node1 node2: write node1",
        ),
        (groups("node3 web"), "haresources:1: error: the node node3 is not in ha.cf, which names node1 node2"),
        (groups("node1 192.0.2.254"), "haresources:1: warning: 192.0.2.254 is a ping node"),
        (
            groups("node1 192.0.2.10\nnode2 web 192.0.2.10/24"),
            "haresources:2: warning: 192.0.2.10 belongs to the group 192.0.2.10 on line 1 too",
        ),
        (
            groups("node1 192.0.2.10 IPaddr::192.0.2.10/24"),
            "haresources:1: warning: 192.0.2.10 stands twice in the group",
        ),
        (groups(""), "haresources:1: warning: no group"),
        (
            said(&HA_CF.replace("auto_failback on", "auto_failback off\nfailback_delay 1m"), HARESOURCES, AUTHKEYS),
            "ha.cf:6: warning: failback_delay has no effect: auto_failback is off",
        ),
        (
            said(&HA_CF.replace("serial /dev/ttyS0", "ucast eth0 192.0.2.10"), HARESOURCES, AUTHKEYS),
            "haresources:1: warning: 192.0.2.10 is a node's own address (ucast, line 4 of ha.cf)",
        ),
    ] {
        let matching: Vec<&String> = said.iter().filter(|line| line.starts_with(cause)).collect();
        assert_eq!(matching.len(), 1, "{cause}: {said:?}");
    }
}

#[test]
fn where_every_node_is_fenced_a_cut_makes_no_two_owners() {
    let fences = "fence node1 /sbin/off a\nfence node2 /sbin/off b\n";
    let ha_cf = HA_CF.replace("ping 192.0.2.254\n", fences);
    assert_eq!(said(&ha_cf, HARESOURCES, AUTHKEYS), [""; 0]);
}

#[test]
fn the_commands_that_fence_others_must_be_there() {
    let text = format!("{HA_CF}fence node1 /sbin/off\nfence node2 /sbin/shutdown-it now\n");
    let (conf, mut problems) = ha_cf::parse("ha.cf", text.as_bytes());
    check_commands(&conf, Some("node1"), |command| command == "/sbin/shutdown-it", &mut problems);
    assert!(problems.is_empty(), "{problems}");
    check_commands(&conf, Some("node2"), |_| false, &mut problems);
    let lines = problems.lines();
    assert_eq!(lines, ["ha.cf:8: warning: fence: /sbin/off is not there, or is no program: node1 could not be fenced"]);
}

#[test]
fn a_file_with_errors_is_not_blamed_on_another() {
    let said = said("node no/de\n", "node1 web", AUTHKEYS);
    assert!(said.iter().all(|line| line.starts_with("ha.cf:")), "{said:?}");
}

#[test]
fn what_an_error_does_not_hide_is_said_at_once() {
    let ha_cf = HA_CF.replace("ping 192.0.2.254", "ping gateway").replace("serial /dev/ttyS0\n", "");
    let said = said(&ha_cf, "node3 web\nnode1\n", "auth 1\n1 crc\n");
    for wanted in [
        "ha.cf:6: error: 'gateway' is not a numeric IP address",
        "ha.cf:3: warning: bcast:eth1 is the only medium",
        "haresources:1: error: the node node3 is not in ha.cf",
        "haresources:2: error: node 'node1' without a resource",
        "authkeys:2: error: crc is not used to sign on bcast:eth1",
    ] {
        assert_eq!(said.iter().filter(|line| line.starts_with(wanted)).count(), 1, "{wanted}: {said:?}");
    }
    assert!(!said.iter().any(|line| line.contains("without a ping node")), "{said:?}");
}

#[test]
fn the_own_node_must_be_one_of_the_cluster() {
    let (conf, mut problems) = ha_cf::parse("ha.cf", HA_CF.as_bytes());
    check_own_node(&conf, "node2", &mut problems);
    assert!(problems.is_empty());
    check_own_node(&conf, "web1", &mut problems);
    assert!(problems.lines()[0].starts_with("ha.cf:6: warning: this node is web1"));
    check_own_node(&conf, "node2.example.com", &mut problems);
    assert!(problems.lines()[1].ends_with("listen to it: write node2.example.com in place of node2"));
}

#[test]
fn the_digest_counts_what_must_be_equal_and_nothing_else() {
    let base = digest_of(HA_CF, HARESOURCES);
    assert_eq!(base.len(), 64);
    for (from, to) in [
        ("bcast eth1", "ucast eth7 192.0.2.2 # other medium"),
        ("node node1 node2", "node Node1\nnode\tNODE2"),
        ("keepalive 1\n", "# comment\nkeepalive 1000ms\n"),
        ("ping 192.0.2.254", "ping 192.0.2.253"),
        ("deadtime 10\n", "deadtime 10\nwarntime 3\n"),
    ] {
        assert_eq!(digest_of(&HA_CF.replace(from, to), HARESOURCES), base, "{to}");
    }
    assert_eq!(digest_of(HA_CF, "\n#x\nNODE1  192.0.2.10/24/eth0 \\\n\tweb"), base);
    for (from, to) in [
        ("node node1 node2", "node node1 node2 node3"),
        ("node node1 node2", "node node2 node1"),
        ("keepalive 1", "keepalive 2"),
        ("deadtime 10", "deadtime 11"),
        ("deadtime 10", "deadtime 10\ninitdead 60"),
        ("deadtime 10", "deadtime 10\ndeadping 60"),
        ("auto_failback on", "auto_failback off"),
        ("deadtime 10", "deadtime 10\nping_damping 5"),
        ("auto_failback on", "auto_failback on\nfailback_delay 1m"),
        ("auto_failback on", "auto_failback on\nfailure_expiry 1m"),
        ("auto_failback on", "auto_failback on\nflap_halflife 1m"),
        ("auto_failback on", "auto_failback on\nflap_limit 3"),
        ("deadtime 10", "deadtime 10\nfence node2 /sbin/off"),
    ] {
        assert_ne!(digest_of(&HA_CF.replace(from, to), HARESOURCES), base, "{to}");
    }
    for other in ["node2 192.0.2.10/24/eth0 web", "node1 192.0.2.10/24/eth0", "node1 192.0.2.10/24/eth0 web\nnode1 x"] {
        assert_ne!(digest_of(HA_CF, other), base, "{other}");
    }
}

/// Cases as files: `tests/cases/config/NAME/` with ha.cf, haresources and
/// authkeys, of which those that are missing are the sound ones of this file,
/// and `expected`: the lines of `hb-config check`, and without errors among them
/// groups and values. With BLESS set, what comes out becomes what is expected,
/// to be read before it is committed.
#[test]
fn the_cases_of_files_give_what_is_expected_of_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/config");
    let mut names: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(!names.is_empty(), "no cases in {}", root.display());
    for case in names {
        let read = |name: &str, other: &str| fs::read(case.join(name)).unwrap_or_else(|_| other.into());
        let (ha_cf, haresources, authkeys) =
            (read("ha.cf", HA_CF), read("haresources", HARESOURCES), read("authkeys", AUTHKEYS));
        let mut found = Findings::default();
        let (conf, groups, keys);
        (conf, found.ha_cf) = ha_cf::parse("ha.cf", &ha_cf);
        (groups, found.haresources) = haresources::parse("haresources", &haresources);
        (keys, found.authkeys) = authkeys::parse("authkeys", &authkeys);
        check(&conf, &groups, &keys, &mut found);
        let mut text: String = found.lines().into_iter().map(|line| line + "\n").collect();
        if !found.has_errors() {
            for group in &groups {
                text.push_str(&format!("group {group}\n"));
            }
            for key in ha_cf::KEYS {
                text.push_str(&format!("{key} {}\n", conf.get(key).unwrap().join(", ")));
            }
        }
        let path = case.join("expected");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(text == expected, "{}: expected:\n{expected}\nit is:\n{text}", case.display());
    }
}

/// Numbers without an end from a seed: xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % below
    }
}

/// Bytes, pieces of right files, and whole right files with a byte changed.
fn disturbed(random: &mut Random) -> Vec<u8> {
    const PIECES: &[&[u8]] = &[
        b"node ",
        b"auth 1",
        b"1 sha1 ",
        b"\\\n",
        b"\n",
        b"::",
        b"192.0.2.1",
        b"/24/eth0",
        b"keepalive ",
        b"99999999999999",
        b"2001:db8::",
        b"#",
        b"\r\n",
        b",",
        b"ping_group ",
        b"mcast eth0 239.0.0.1 694 1 0",
        b"\xef\xbb\xbf",
        b"\xff",
        b"ms",
    ];
    let mut text = Vec::new();
    match random.next(3) {
        0 => (0..random.next(300)).for_each(|_| text.push(random.next(256) as u8)),
        1 => (0..random.next(60)).for_each(|_| text.extend(PIECES[random.next(PIECES.len())])),
        _ => {
            text.extend([HA_CF, HARESOURCES, AUTHKEYS][random.next(3)].bytes());
            for _ in 0..=random.next(4) {
                let at = random.next(text.len());
                text[at] = random.next(256) as u8;
            }
        }
    }
    text
}

#[test]
fn any_bytes_are_read_without_a_panic_and_said_in_bounded_lines() {
    let seed = 0x6862_6b69_7401;
    let mut random = Random(seed);
    for round in 0..20_000 {
        let text = disturbed(&mut random);
        let mut found = Findings::default();
        let (conf, groups, keys);
        (conf, found.ha_cf) = ha_cf::parse("f", &text);
        (groups, found.haresources) = haresources::parse("f", &text);
        (keys, found.authkeys) = authkeys::parse("f", &text);
        check(&conf, &groups, &keys, &mut found);
        digest(&conf, &groups);
        for line in found.lines() {
            let fits = line.len() < 1_000 && !line.contains(|c: char| c.is_control());
            assert!(fits, "seed {seed:x}, round {round}: {line:?} from {text:?}");
        }
        for group in &groups {
            assert!(crate::name::is_name(&group.name), "seed {seed:x}, round {round}: {group:?}");
        }
    }
}

#[test]
fn the_largest_files_of_garbage_are_described_in_some_lines() {
    for piece in ["x\n", "node a\n", "1 sha1 x\n", "\n", "a \\\n", "bcast eth0 ", "ping 192.0.2.1\n", "\u{201c}\n"] {
        let text = piece.repeat((1 << 20) / piece.len());
        let lines = said(&text, &text, &text[..65_536]).len();
        assert!(lines <= 3 * 202, "{piece:?}: {lines} lines");
    }
}

use std::fs;
use std::path::Path;

use super::*;
use crate::authkeys::{self, Authkeys};
use crate::haresources::{self, Group};
use crate::{cluster, ha_cf};

/// The other two files.
struct Others {
    groups: Vec<Group>,
    keys: Authkeys,
    found: Findings,
}

impl Others {
    fn new(haresources: &[u8], authkeys: &[u8]) -> Others {
        let (groups, haresources) = haresources::parse("d/haresources", haresources);
        let (keys, authkeys) = authkeys::parse("d/authkeys", authkeys);
        Others { groups, keys, found: Findings { haresources, authkeys, ..Findings::default() } }
    }

    fn judge(&self, text: &[u8]) -> Findings {
        let (conf, ha_cf) = ha_cf::parse("d/ha.cf", text);
        let mut found = Findings { ha_cf, ..self.found.clone() };
        cluster::check(&conf, &self.groups, &self.keys, &mut found);
        found
    }

    fn migrate(&self, text: &[u8]) -> (Vec<u8>, usize) {
        let Migrated { lines, touched, .. } = migrate(text, |text| self.judge(text)).unwrap();
        (lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect(), touched)
    }
}

fn sound() -> Others {
    Others::new(b"node1 192.0.2.10/24/eth0 web\n", b"auth 1\n1 sha1 0123456789abcdefghij\n")
}

/// What an ha.cf says, wherever it stands in the file.
fn values(text: &[u8]) -> (Vec<Vec<String>>, Vec<crate::medium::Medium>) {
    let (conf, _) = ha_cf::parse("f", text);
    (ha_cf::KEYS.iter().map(|key| conf.get(key).unwrap()).collect(), conf.media)
}

/// What Heartbeat reads of a file: the lines less comments and blanks.
fn read_by_heartbeat(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)).replace('\r', "");
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim().to_owned());
    code.filter(|line| !line.is_empty()).collect()
}

/// What has to hold of every file whatever is in it.
fn check_promises(others: &Others, text: &[u8], name: &str) {
    let (new, touched) = others.migrate(text);
    let (conf, problems) = ha_cf::parse("f", &new);
    let shown = String::from_utf8_lossy(&new).into_owned();
    // A file without any node or medium is none, whatever is taken out of it.
    let is_hopeless = conf.node.is_empty() || conf.media.is_empty();
    assert!(is_hopeless || !problems.has_errors(), "{name}: {problems}\n{shown}");
    let (again, none) = others.migrate(&new);
    assert_eq!((String::from_utf8_lossy(&again), none), (shown.as_str().into(), 0), "{name}: not the same again");
    if touched == 0 {
        assert_eq!(values(&new), values(text), "{name}");
        assert_eq!(read_by_heartbeat(&new), read_by_heartbeat(text), "{name}");
    }
    if !ha_cf::parse("f", text).1.has_errors() {
        assert_eq!(touched, 0, "{name}: a file without errors was touched\n{shown}");
    }
}

#[test]
fn every_case_migrates_to_a_file_without_errors_that_stays_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/config");
    let mut count = 0;
    for case in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let read = |name: &str| fs::read(case.join(name)).ok();
        let Some(text) = read("ha.cf") else { continue };
        let others = Others::new(&read("haresources").unwrap_or_default(), &read("authkeys").unwrap_or_default());
        check_promises(&others, &text, &case.display().to_string());
        count += 1;
    }
    assert!(count > 30, "{count} cases");
}

#[test]
fn advice_stands_above_its_line_and_names_the_lines_of_the_new_file() {
    let text = b"# ours\nlogfile /x\nbcast eth0\nudpport 1000\nnode node1 node2\nauto_failback on\nping 192.0.2.1\nserial /dev/ttyS0\n";
    let (new, touched) = sound().migrate(text);
    let new = String::from_utf8(new).unwrap();
    let lines: Vec<&str> = new.lines().collect();
    assert_eq!((touched, lines[0]), (0, HEADER));
    assert_eq!(lines[1], "# ours");
    assert!(lines[2].starts_with("# hbkit: logfile has no effect") && lines[3] == "logfile /x");
    assert_eq!(lines[4], "bcast eth0");
    assert_eq!(lines[5], "# hbkit: udpport holds for the media below only: the one on line 5 has another port");
    assert_eq!(
        lines[6..],
        ["udpport 1000", "node node1 node2", "auto_failback on", "ping 192.0.2.1", "serial /dev/ttyS0"]
    );
}

#[test]
fn what_is_refused_is_mended_or_taken_out_with_what_it_was() {
    for (line, to) in [
        ("Keepalive 2", "keepalive 2"),
        ("keepalive=2", "keepalive 2"),
        ("keepalive : 2  # two", "keepalive 2\t# two"),
        ("keepalive 250 ms", "keepalive 250ms"),
        ("deadtime 1min", "deadtime 60"),
        ("deadtime 20 sec", "deadtime 20"),
        ("\u{201c}bcast\u{201d} eth1", "bcast eth1"),
        ("ucast\u{a0}eth0 192.0.2.2", "ucast eth0 192.0.2.2"),
        ("node \"node3\"", "node node3"),
        ("auto-failback on", "auto_failback on"),
        ("warntime \u{2013}3", "#-warntime \u{2013}3"),
        ("stonith_host * null a b", "#-stonith_host * null a b"),
        ("ucast eth0 node2", "#-ucast eth0 node2"),
        ("hbkit: x", "#-hbkit: x"),
    ] {
        let text = format!("{line}\nnode node1 node2\nbcast eth0\n");
        let (new, touched) = sound().migrate(text.as_bytes());
        let new = String::from_utf8(new).unwrap();
        assert_eq!(touched, 1, "{line}");
        assert!(new.contains(&format!("\n#-{line}\n")) && new.contains(&format!("\n{to}\n")), "{new}");
        check_promises(&sound(), text.as_bytes(), line);
    }
}

#[test]
fn what_cannot_be_a_line_is_shown_as_far_as_it_can_be() {
    for line in [&b"cluster a\0b"[..], b"cluster a\rb", &[b'x'; 9_000], b"cluster caf\xe9", b"\x1b[2Jcluster a"] {
        let text = [line, b"\nnode node1 node2\nbcast eth0\n"].concat();
        let (new, touched) = sound().migrate(&text);
        assert!(touched == 1 && new.split(|byte| *byte == b'\n').all(|line| line.len() <= LINE_MAX));
        check_promises(&sound(), &text, "broken");
    }
    assert!(migrate(b"\xff\xfen\0o\0", |text| sound().judge(text)).is_err());
}

#[test]
fn the_other_files_are_spoken_of_at_the_end_without_a_key() {
    let others = Others::new(b"node1.x web\n", b"auth 1\nSECRETSECRETSECRET\n1 sha1 SECRETSECRETSECRET SECRET\n");
    let (new, _) =
        others.migrate(b"node node1 node2\nbcast eth0\nserial /dev/ttyS0\nping 192.0.2.1\nauto_failback on\n");
    let new = String::from_utf8(new).unwrap();
    assert!(!new.contains("SECRET"), "{new}");
    assert!(new.contains("\n# hbkit: haresources:1: error: the node node1.x is not in ha.cf"), "{new}");
    assert!(new.contains("\n# hbkit: authkeys:2: error: neither "), "{new}");
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

#[test]
fn whatever_lines_there_are_the_promises_hold() {
    let pool = [
        "node node1 node2",
        "NODE node3",
        "bcast eth0",
        "bcast eth0 eth/1",
        "udpport 694",
        "udpport x",
        "baud 9600",
        "serial /dev/ttyS0",
        "ucast eth0 gw",
        "keepalive 1s",
        "keepalive 10",
        "deadtime 2",
        "deadtime=5",
        "initdead 3",
        "warntime 250 ms",
        "deadping 1",
        "fence node9 /sbin/off",
        "fence node1 /sbin/off",
        "witness w",
        "crm yes",
        "crm no",
        "stonith_host * x",
        "ping 192.0.2.1 192.0.2.1",
        "ping_group g gw",
        "auto_failback perhaps",
        "",
        "# hbkit: old",
        "#-x",
        "\u{feff}logfile x",
        "quorum majority",
        "dialect heartbeat",
        "allow_crc on",
        "msgfmt classic",
        "msgfmt",
        "; x",
        "x\0y",
        "respawn root /x # y",
        "cluster \u{201c}x\u{201d}",
        "hopfudge 1\r",
    ];
    for seed in 1..400 {
        let mut random = Random(seed);
        let lines: Vec<&str> = (0..random.next(14)).map(|_| pool[random.next(pool.len())]).collect();
        check_promises(&sound(), lines.join("\n").as_bytes(), &format!("seed {seed}: {lines:?}"));
    }
}

#[test]
fn s71_scripts_that_heartbeat_judged_by_their_words_are_named_once_unless_ha_cf_says_it() {
    let groups = b"n1 10.0.0.1 web::a drbddisk::r0 Filesystem::/dev/x::/srv db\n\
        n2 10.0.0.2 web::b ocf::heartbeat::Dummy words::old systemd::nginx quiet\n";
    let (groups, _) = crate::haresources::parse("haresources", groups);
    let advice = |ha_cf: &str| {
        let mut problems = Problems::new("haresources");
        advise(&ha_cf::parse("ha.cf", ha_cf.as_bytes()).0, &groups, &mut problems);
        problems.lines()
    };
    let names = |lines: &[String]| -> Vec<String> {
        let name = |line: &String| line.split("Heartbeat judged ").nth(1)?.split(' ').next().map(str::to_owned);
        lines.iter().filter_map(name).collect()
    };
    let lines = advice("resource quiet words=no\nresource web stop=9\n");
    assert_eq!(names(&lines), ["web", "db"]);
    assert!(
        lines[0].starts_with("haresources:1: warning: ") && lines[0].ends_with("'resource web words=yes' in ha.cf")
    );
    assert_eq!(names(&advice("resource db words=yes\nresource web::a words=yes\n")), ["web", "quiet"]);
    assert_eq!(advice("resource * words=yes\n"), [""; 0]);
}

//! ping-probe by fping's words, beside Debian's fping: the same lines and the
//! same exit statuses, times apart.

use std::path::Path;

use crate::lab::{Host, Lab, Running, Said, tool};
use crate::need_namespaces;

/// The peer.
const PEER: &str = "/usr/bin/fping";

fn has_peer() -> bool {
    let found = Path::new(PEER).exists();
    assert!(found || std::env::var_os("CI").is_none(), "{PEER} is required in CI");
    if !found {
        eprintln!("skipped: no {PEER}");
    }
    found
}

/// `a` (10.0.1.1, fd00:1::1) reaches `b` (10.0.2.1, fd00:2::1) by a router.
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
    // No errors of a neighbour that is silent, at times that depend on its state.
    for host in [&a, &router] {
        let dead = ["10.0.1.9", "10.0.1.8", "fd00:1::9"];
        let add = |at: &&str| host.ip(&format!("neigh replace {at} lladdr 02:00:00:00:00:09 nud permanent dev eth0"));
        dead.iter().for_each(|at| drop(add(at)));
    }
    a.ip("route add 10.0.2.0/24 via 10.0.1.2");
    a.ip("route add fd00:2::/64 via fd00:1::2");
    b.ip("route add default via 10.0.2.2");
    b.ip("route add default via fd00:2::2");
    // The first packet to a neighbour may wait for its address for a while.
    assert_eq!(a.run("ping-probe -q --retries 20 10.0.2.1 fd00:2::1").code(), 0);
    (a, router, b)
}

/// What is the same in two runs: times, the time of day and the program's path
/// are masked, and the lines of several targets brought into one order.
fn masked(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(mask).collect();
    lines.sort();
    lines
}

fn mask(line: &str) -> String {
    let line = line.strip_prefix("/usr/bin/").unwrap_or(line);
    let mut words: Vec<String> = line.split_ascii_whitespace().map(str::to_owned).collect();
    let is_time = |word: &str| {
        let word = word.trim_start_matches('(').trim_end_matches(',');
        word.parse::<f64>().is_ok() && word.contains('.') || word == "NaN"
    };
    for at in 0..words.len() {
        let unit = words.get(at + 1).is_some_and(|next| ["ms", "ms)", "avg,", "sec"].contains(&next.as_str()));
        let all: Vec<&str> = words[at].split('/').collect();
        if (unit || all.len() == 3 || words.get(1).is_some_and(|colon| colon == ":"))
            && all.iter().all(|word| is_time(word))
        {
            words[at] = "T".repeat(all.len());
        }
    }
    if let Some(word) = words.first_mut().filter(|word| word.starts_with('[')) {
        *word = format!("[{}]", word.split(['.', ':']).count());
    }
    words.join(" ")
}

/// fping's name, as a link to ping-probe.
struct Link(tempfile::TempDir);

impl Link {
    fn new() -> Link {
        let directory = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(tool("ping-probe"), directory.path().join("fping")).unwrap();
        Link(directory)
    }

    fn path(&self) -> String {
        self.0.path().join("fping").to_str().unwrap().to_owned()
    }
}

fn run(host: &Host, program: &str, words: &str, input: &[u8]) -> Said {
    host.run_with(&format!("{program} {words}"), input)
}

/// Both with the same words: their lines and exit statuses are the same.
fn compare(host: &Host, link: &Link, words: &str, input: &[u8]) -> Said {
    let theirs = run(host, PEER, words, input);
    let ours = run(host, &link.path(), words, input);
    let all = |said: &Said| (masked(&said.out), masked(&said.err), said.code());
    assert_eq!(
        all(&ours),
        all(&theirs),
        "fping {words}\nours:\n{}{}theirs:\n{}{}",
        ours.out,
        ours.err,
        theirs.out,
        theirs.err
    );
    ours
}

#[test]
fn masks_hide_times_and_nothing_else() {
    assert_eq!(mask("x  : [0], 64 bytes, 0.037 ms (NaN avg, 0% loss)"), "x : [0], 64 bytes, T ms T avg, 0% loss)");
    assert_eq!(
        mask("x : xmt/rcv/%loss = 2/2/0%, min/avg/max = 0.03/0.04/1.2"),
        "x : xmt/rcv/%loss = 2/2/0%, min/avg/max = TTT"
    );
    assert_eq!(mask("x : 0.037 - 12.0"), "x : T - T");
    assert_eq!(mask("192.0.2.1 is alive"), "192.0.2.1 is alive");
}

#[test]
fn who_answers_and_who_does_not_is_said_as_fping_says_it() {
    need_namespaces!();
    if !has_peer() {
        return;
    }
    let lab = Lab::new();
    let (a, _router, _b) = routed(&lab);
    let link = Link::new();
    let all = "127.0.0.1 10.0.1.9 10.0.2.1 ::1 fd00:2::1 fd00:1::9";
    for options in
        ["", "-a", "-u", "-e", "-ae", "-q", "-qs", "-s", "-4", "-6", "-x 2", "-x 5", "-A", "-b 100 -e", "-H 64 -O 0x10"]
    {
        compare(&a, &link, &format!("-r0 -t200 {options} {all}"), b"");
    }
    assert_eq!(compare(&a, &link, "127.0.0.1 fd00:2::1", b"").code(), 0);
    assert_eq!(compare(&a, &link, "-r1 -t100 -B2.0 10.0.1.9", b"").out, "10.0.1.9 is unreachable\n");
    assert_eq!(compare(&a, &link, "-a -r0 198.51.100.1 127.0.0.1", b"").out, "127.0.0.1\n");
    let said = compare(&a, &link, "-r0 198.51.100.1 127.0.0.1", b"");
    assert_eq!(said.err, "198.51.100.1: error while sending ping: Network is unreachable\n");
    assert_eq!(compare(&a, &link, "-S 127.0.0.2 -I lo 127.0.0.1", b"").code(), 0);
}

#[test]
fn counts_and_times_are_said_as_fping_says_them() {
    need_namespaces!();
    if !has_peer() {
        return;
    }
    let lab = Lab::new();
    let (a, _router, _b) = routed(&lab);
    let link = Link::new();
    for options in [
        "-c2", "-C2", "-c2 -q", "-C3 -q", "-c1 -D", "-c2 -o", "-c2 -a", "-c1 -u", "-C2 -s", "-c1 -e", "-C1 -c9",
        "-x1 -c1",
    ] {
        compare(&a, &link, &format!("-p100 {options} 10.0.2.1 10.0.1.9 ::1"), b"");
    }
    let said = compare(&a, &link, "-C2 -q -p50 127.0.0.1 10.0.1.9", b"");
    assert!(said.err.ends_with("10.0.1.9  : - -\n"), "{}", said.err);
    compare(&a, &link, "-c2 -p50 198.51.100.1", b"");
    compare(&a, &link, "-C2 -p50 198.51.100.1", b"");
    compare(&a, &link, "-c1 -M -b 3000 10.0.2.1", b"");
    compare(&a, &link, "-c1 -H1 10.0.2.1", b"");
    let said = compare(&a, &link, "-c3 -p600 -Q1 127.0.0.1 10.0.1.9", b"");
    assert_eq!(said.err.lines().count(), 5, "{}", said.err);
}

#[test]
fn targets_come_from_words_lists_prefixes_and_ranges() {
    need_namespaces!();
    if !has_peer() {
        return;
    }
    let lab = Lab::new();
    let (a, _router, _b) = routed(&lab);
    let link = Link::new();
    let list = b"# a list\n127.0.0.1 and more\n\n::1\n127.0.0.3";
    assert_eq!(compare(&a, &link, "-a", list).out, "127.0.0.1\n::1\n127.0.0.3\n");
    compare(&a, &link, "-a -f -", list);
    compare(&a, &link, "-a -f /dev/stdin", list);
    compare(&a, &link, "", b"");
    compare(&a, &link, "-g 127.0.0.0/29", b"");
    compare(&a, &link, "-g 127.0.0.0/31", b"");
    compare(&a, &link, "-g 127.0.0.1/32", b"");
    compare(&a, &link, "-g 127.0.0.250 127.0.1.2", b"");
    compare(&a, &link, "-A localhost", b"");
    compare(&a, &link, "-m -A localhost", b"");
}

#[test]
fn a_name_without_an_address_is_said_and_the_others_are_asked() {
    need_namespaces!();
    if !has_peer() {
        return;
    }
    let lab = Lab::new();
    let (a, _router, _b) = routed(&lab);
    let link = Link::new();
    let said = compare(&a, &link, "no.invalid 127.0.0.1", b"");
    assert_eq!((said.out.as_str(), said.code()), ("127.0.0.1 is alive\n", 2));
    compare(&a, &link, "-q no.invalid 127.0.0.1", b"");
    compare(&a, &link, "-s -r0 -t100 no.invalid 127.0.0.1 10.0.1.9", b"");
    compare(&a, &link, "-4 ::1", b"");
    compare(&a, &link, "-6 127.0.0.1 ::1", b"");
}

#[test]
fn an_icmp_error_is_said_with_its_sender_and_its_target() {
    need_namespaces!();
    if !has_peer() {
        return;
    }
    let lab = Lab::new();
    let (a, router, _b) = routed(&lab);
    let link = Link::new();
    a.ip("route add 203.0.112.0/20 via 10.0.1.2");
    // Every error that a hop is too far, not one a second. Of errors about routes
    // the kernel sends five at once and then one a second, whatever is set.
    router.set("ipv4", ".", "icmp_ratelimit", "0");
    for (kind, net) in
        [("unreachable", "203.0.113.0/24"), ("prohibit", "203.0.114.0/24"), ("blackhole", "203.0.115.0/24")]
    {
        router.ip(&format!("route add {kind} {net}"));
    }
    let said = compare(&a, &link, "-r0 -t200 203.0.113.7 203.0.114.7 203.0.115.7", b"");
    assert!(
        said.err.contains("ICMP Host Unreachable from 10.0.1.2 for ICMP Echo sent to 203.0.113.7\n"),
        "{}",
        said.err
    );
    compare(&a, &link, "-H1 -c2 -p100 10.0.2.1 127.0.0.1", b"");
    compare(&a, &link, "-H1 -q -C1 -p100 10.0.2.1", b"");
    compare(&a, &link, "-H1 -r1 -t100 -B1 10.0.2.1", b"");
}

#[test]
fn wrong_words_are_status_3_and_failures_here_4() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _router, _b) = routed(&lab);
    let link = Link::new();
    for (words, code, text) in [
        ("-z", 3, "fping: invalid option -- 'z'\nsee 'fping -h' for usage information\n"),
        ("-c", 3, "fping: option requires an argument -- 'c'\nsee 'fping -h' for usage information\n"),
        ("-a -u x", 3, "fping: specify only one of a, u\n"),
        ("-n 127.0.0.1", 3, "fping: -n is not supported here: "),
        ("-g 127.0.0.1/33", 3, "fping: target '127.0.0.1/33': not a prefix\n"),
        ("-g 10.0.0.0/8", 3, "fping: more than 65536 targets\n"),
        ("-S 192.0.2.77 127.0.0.1", 4, "fping: source 192.0.2.77: Cannot assign requested address"),
        ("-I nope0 127.0.0.1", 4, "fping: interface nope0: No such device"),
        ("-f /nonexistent", 4, "fping: /nonexistent: No such file"),
    ] {
        let said = run(&a, &link.path(), words, b"");
        assert_eq!((said.code(), said.out.as_str()), (code, ""), "{words}: {}", said.err);
        assert!(said.err.starts_with(text), "{words}: {}", said.err);
    }
    let said = run(&a, &link.path(), "-h", b"");
    assert!(said.code() == 0 && said.out.starts_with("Usage: fping "), "{}", said.out);
    assert!(run(&a, &link.path(), "-v", b"").out.starts_with("fping: ping-probe "));
    a.run_with("tee /proc/sys/net/ipv4/ping_group_range", b"1 0");
    let said = run(&a, "setpriv --bounding-set -net_raw,-net_admin", &format!("{} 127.0.0.1", link.path()), b"");
    assert!(said.code() == 4 && said.err.contains("CAP_NET_RAW"), "{}", said.err);
}

#[test]
fn the_first_word_does_what_the_name_does() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _router, _b) = routed(&lab);
    let said = a.run("ping-probe --fping -a 127.0.0.1");
    assert_eq!((said.out.as_str(), said.code()), ("127.0.0.1\n", 0));
    let said = a.run("ping-probe -q --fping 127.0.0.1");
    assert_eq!((said.code(), said.err.as_str()), (2, "ping-probe: --fping: it must be the first word\n"));
}

#[test]
fn a_loop_says_what_is_known_when_asked_and_at_its_end() {
    need_namespaces!();
    if !has_peer() {
        return;
    }
    let lab = Lab::new();
    let (a, _router, _b) = routed(&lab);
    let link = Link::new();
    let mut seen = Vec::new();
    for program in [PEER.to_owned(), link.path()] {
        let mut command = a.command(&program);
        command.args(["-l", "-p", "50", "127.0.0.1"]);
        let mut fping = Running::start(command);
        fping.wait_for("an answer", |line| line.contains(" : [0], 64 bytes, "));
        fping.signal("QUIT");
        let first = fping.wait_for_error(|line| !line.is_empty());
        let row = fping.wait_for_error(|line| line.starts_with("127.0.0.1 : xmt/rcv/%loss = "));
        fping.signal("INT");
        let (code, _, errors) = fping.wait();
        let last = errors.lines().last().unwrap_or_default().to_owned();
        assert!(last.contains("/0%, min/avg/max = "), "{program}: {errors}");
        seen.push((first.len(), row.split(' ').count(), last.split(' ').count(), code));
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    need_namespaces!();
    let lab = Lab::new();
    let a = lab.host("a");
    let link = Link::new();
    let mut head = a.command("sh");
    head.args(["-c", &format!("{{ {} -l -p 10 127.0.0.1; echo $? >&2; }} | head -n 1 >&2", link.path())]);
    let mut head = Running::start(head);
    assert_eq!(head.wait_for_error(|line| !line.contains(" : [")), "0");
}

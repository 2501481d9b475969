//! `ipaddr-agent hold`, from outside.

use std::time::Duration;

use hbkit::edge;
use hbkit::floating::BEHIND;
use hbkit::time::Time;
use tempfile::TempDir;

use crate::capture::Capture;
use crate::ipaddr_agent::addresses;
use crate::lab::{Host, Lab, Running, finish, wait_until};
use crate::need_namespaces;
use crate::send_arp::two_hosts;

/// How late a busy machine may be.
const GENEROUS: Duration = Duration::from_secs(1);

fn soon(millis: u64) -> Time {
    edge::now() + Duration::from_millis(millis)
}

fn hold(host: &Host, until: Time, addresses: &[&str]) -> Running {
    let until = until.to_string();
    host.start("ipaddr-agent", &[&["-u", &until], addresses, &["hold"]].concat())
}

fn has(host: &Host, address: &str) -> bool {
    host.ip("-o address show").contains(&format!(" {address}/"))
}

fn says<'a>(address: &'a str, state: &'a str) -> impl Fn(&str) -> bool + 'a {
    move |line| line.starts_with("hold ") && line.contains(&format!(" {address} {state}"))
}

/// How long after the end of the lease the removal was done, by the record.
fn lateness(ended: &str) -> Duration {
    let time: Time = ended.split(' ').nth(1).unwrap().parse().unwrap();
    let until: Time = ended.split("until=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(time >= until, "removed before the end: {ended}");
    time.since(until)
}

#[test]
fn an_address_is_held_until_its_lease_ends_and_never_less() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let (capture, capture6) = (Capture::on(&b), Capture::on(&b));
    let mut holder = hold(&a, soon(400), &["192.0.2.4", "2001:db8::4"]);
    holder.wait_for("it is there", says("192.0.2.4", "held iface=eth0 until="));
    assert!(has(&a, "192.0.2.4") && has(&a, "2001:db8::4"));
    for _ in 0..4 {
        capture.arp("192.0.2.4");
    }
    for _ in 0..2 {
        capture6.advertisement("2001:db8::4");
    }
    // In both forms.
    let mut until = soon(600);
    holder.say(&format!("renew {until}\n"));
    until = until + Duration::from_millis(300);
    holder.say(&format!("do 1.5 renew web until={until}\n"));
    let ended = holder.wait_for("the end", says("192.0.2.4", "ended"));
    assert!(ended.contains(&format!("until={until} ")), "{ended}");
    let late = lateness(&ended);
    eprintln!("removed {late:?} after the end of the lease");
    assert!(late < GENEROUS, "{ended}");
    assert!(!has(&a, "192.0.2.4") && !has(&a, "2001:db8::4"));
    assert_eq!(holder.wait().0, 1);
    assert!(has(&a, "192.0.2.1"));
}

#[test]
fn the_kernel_ends_it_when_the_holder_is_killed_or_frozen() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    for signal in ["KILL", "STOP"] {
        let until = soon(700);
        let mut holder = hold(&a, until, &["192.0.2.4"]);
        holder.wait_for("it is there", says("192.0.2.4", "held"));
        holder.signal(signal);
        wait_until("the kernel removes it", || !has(&a, "192.0.2.4"));
        let late = edge::now().since(until);
        assert!(late < BEHIND + GENEROUS, "{signal}: {late:?} after the end of the lease");
    }
}

#[test]
fn what_a_caller_named_goes_at_once_at_the_end_of_the_input_and_on_a_signal() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    for end in ["input", "TERM", "INT"] {
        let mut holder = hold(&a, soon(60_000), &["192.0.2.4", "2001:db8::4"]);
        holder.wait_for("it is there", says("2001:db8::4", "held"));
        match end {
            "input" => holder.end_input(),
            signal => holder.signal(signal),
        }
        let (status, _, errors) = holder.wait();
        assert_eq!((status, errors.as_str()), (0, ""), "{end}");
        assert!(!has(&a, "192.0.2.4") && !has(&a, "2001:db8::4"), "{end}");
    }
}

#[test]
fn s47_what_somebody_else_removes_is_told_and_put_back_on_request() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let mut holder = hold(&a, soon(60_000), &["192.0.2.4", "2001:db8::4"]);
    holder.wait_for("it is there", says("2001:db8::4", "held"));
    let capture = Capture::on(&b);
    for address in ["192.0.2.4/24", "2001:db8::4/64"] {
        a.ip(&format!("address del {address} dev eth0"));
        let address = address.split('/').next().unwrap();
        holder.wait_for("the loss", says(address, "removed"));
        assert!(!has(&a, address), "it is not put back without a request");
        holder.say(&format!("restore {address}\n"));
        holder.wait_for("it is back", says(address, "held"));
        assert!(has(&a, address));
    }
    capture.arp("192.0.2.4");
    // An end that somebody took away comes back.
    a.ip("address change 192.0.2.4/24 dev eth0 valid_lft forever preferred_lft forever");
    wait_until("it has an end again", || !a.ip("-o address show to 192.0.2.4").contains("forever"));
}

#[test]
fn s33_s43_a_lost_carrier_and_a_lost_interface_are_told_with_the_reason() {
    need_namespaces!();
    for address in ["192.0.2.4", "2001:db8::4"] {
        let lab = Lab::new();
        let (a, b) = two_hosts(&lab);
        let spec = if address.contains(':') { "2001:db8::4/64/eth0" } else { "192.0.2.4/24/eth0" };
        let mut holder = hold(&a, soon(60_000), &[spec]);
        let held = holder.wait_for("it is there", says(address, "held"));
        assert!(held.contains(" iface=eth0 until="), "{held}");
        for _ in 0..2 {
            b.ip("link set eth0 down");
            let cut = holder.wait_for("the cable is cut", says(address, "cut"));
            assert!(cut.ends_with(" iface=eth0 reason=interface%20eth0%20has%20no%20carrier"), "{cut}");
            b.ip("link set eth0 up");
            holder.wait_for("it is whole again", says(address, "held iface=eth0"));
        }
        a.ip(&format!("address del {} dev eth0", spec.trim_end_matches("/eth0")));
        let removed = holder.wait_for("it is gone", says(address, "removed"));
        assert!(removed.ends_with(" iface=eth0 reason=somebody%20removed%20it"), "{removed}");
        holder.say("restore\n");
        holder.wait_for("it is back", says(address, "held"));
        a.ip("link del eth0");
        let removed = holder.wait_for("its interface is gone", says(address, "removed"));
        assert!(removed.contains(" iface=eth0 reason=interface%20eth0%20is%20"), "{removed}");
        holder.say("restore\n");
        let failed = holder.wait_for("it cannot come back", says(address, "failed"));
        assert!(failed.contains("reason=there%20is%20no%20interface%20eth0"), "{failed}");
        lab.cable(&a, "eth0", &b, "eth0");
        wait_until("the link is up", || a.ip("link show dev eth0").contains("state UP"));
        holder.say("restore\n");
        holder.wait_for("it is on the new interface", says(address, "held"));
        assert!(has(&a, address));
    }
}

/// The kernel takes IPv6 addresses away when their interface is set down, and
/// keeps those of IPv4.
#[test]
fn s43_an_interface_that_is_set_down_is_told() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let mut holder = hold(&a, soon(60_000), &["192.0.2.4/24/eth0", "2001:db8::4/64/eth0"]);
    holder.wait_for("it is there", says("2001:db8::4", "held"));
    a.ip("link set eth0 down");
    let lines = [("192.0.2.4", "cut"), ("2001:db8::4", "removed")].map(|(address, state)| {
        let line = holder.wait_for("the loss", says(address, state));
        assert!(line.ends_with(" iface=eth0 reason=interface%20eth0%20is%20down"), "{line}");
        line
    });
    a.ip("link set eth0 up");
    holder.wait_for("it works again", says("192.0.2.4", "held"));
    holder.say("restore 2001:db8::4\n");
    holder.wait_for(&format!("it is back after {lines:?}"), says("2001:db8::4", "held"));
}

/// More news than the kernel keeps for somebody who does not read them: some of
/// it is lost, and the tables are looked at afresh.
#[test]
fn what_happens_in_a_flood_of_news_is_not_missed() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let mut holder = hold(&a, soon(60_000), &["192.0.2.4", "2001:db8::4"]);
    holder.wait_for("it is there", says("2001:db8::4", "held"));
    holder.signal("STOP");
    for action in ["add", "del", "add", "del"] {
        let flood: String =
            (1..1_000).map(|n| format!("address {action} 10.{}.{}.1/32 dev lo\n", n / 250, n % 250)).collect();
        let said = a.run_with("ip -batch -", flood.as_bytes());
        assert_eq!((said.code(), said.err.as_str()), (0, ""));
    }
    a.ip("address del 192.0.2.4/24 dev eth0");
    a.ip("address del 2001:db8::4/64 dev eth0");
    holder.signal("CONT");
    for address in ["192.0.2.4", "2001:db8::4"] {
        holder.wait_for("the loss", says(address, "removed"));
    }
    holder.say("restore\n");
    for address in ["192.0.2.4", "2001:db8::4"] {
        holder.wait_for("it is back", says(address, "held"));
    }
}

#[test]
fn several_hundred_addresses_come_and_go_together_and_those_of_others_stay() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    lab.cable(&a, "eth1", &b, "eth1");
    for place in ["all", "eth1"] {
        a.set("ipv4/conf", place, "promote_secondaries", "0");
    }
    let mut names: Vec<String> = (1..=400).map(|n| format!("203.0.{}.{}/16/eth1", n / 200, n % 200 + 1)).collect();
    names.extend((1..=100).map(|n| format!("2001:db8:1::{n:x}/64/eth1")));
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut holder = hold(&a, soon(4_000), &words);
    holder.wait_for("the last one is there", says("2001:db8:1::64", "held"));
    // It is secondary: its primary is one that is held.
    a.ip("address add 203.0.9.9/16 dev eth1");
    let ended = holder.wait_for("the end", says("2001:db8:1::64", "ended"));
    eprintln!("500 addresses removed {:?} after the end of the lease", lateness(&ended));
    let left = a.ip("-o address show dev eth1 scope global");
    assert!(left.lines().count() == 1 && left.contains("203.0.9.9/16"), "{left}");
    assert_eq!(holder.wait().0, 1);
}

#[test]
fn one_that_cannot_be_added_keeps_all_from_being_added() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let before = addresses(&a);
    for (address, code, why) in [
        ("198.51.100.9", 1, "198.51.100.9: no route leads to it"),
        ("192.0.2.9/24/nix0", 6, "192.0.2.9: there is no interface nix0"),
    ] {
        let (status, said, errors) = hold(&a, soon(60_000), &["192.0.2.4", address]).wait();
        assert_eq!((status, said.as_str()), (code, ""));
        assert!(errors.contains(why), "{errors}");
        assert_eq!(addresses(&a), before);
    }
    let (status, _, errors) = hold(&a, edge::now().before(GENEROUS), &["192.0.2.4"]).wait();
    assert!(status == 1 && errors.contains("the lease ended"), "{errors}");
    let mut command = a.command("setpriv");
    command.args([
        "--bounding-set=-net_admin",
        "--inh-caps=-net_admin",
        crate::lab::tool("ipaddr-agent").to_str().unwrap(),
    ]);
    command.args(["-u", &soon(60_000).to_string(), "192.0.2.4", "hold"]);
    let said = finish(command, b"");
    assert_eq!(said.code(), 4, "{}", said.err);
    assert_eq!(addresses(&a), before);
}

/// The holder of a cluster's node n1, whose first group is 192.0.2.4.
fn hold_groups(host: &Host, files: &TempDir, times: &str, groups: &str) -> Running {
    let (conf, path) = (files.path().join("ha.cf"), files.path().join("haresources"));
    std::fs::write(&conf, format!("{times}\nnode n1 n2\nbcast eth0\nauto_failback on\n")).unwrap();
    std::fs::write(&path, groups).unwrap();
    let words = ["-f", conf.to_str().unwrap(), "-R", path.to_str().unwrap(), "-N", "n1", "hold"];
    host.start("ipaddr-agent", &words)
}

/// A supervisor that was killed, or begins anew, has a holder that ends; the next one
/// finds what is under a lease that the kernel ends in time.
#[test]
fn s17_s95_what_the_kernel_ends_in_time_outlives_its_holder_and_the_next_one_goes_on() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let files = tempfile::tempdir().unwrap();
    let start = || hold_groups(&a, &files, "keepalive 1\ndeadtime 10", "n1 192.0.2.4 IPv6addr::2001:db8::4 web\n");
    let (first, first6) = (Capture::on(&b), Capture::on(&b));
    assert_eq!(a.run(&format!("ipaddr-agent -u {} 192.0.2.4 2001:db8::4 start", soon(60_000))).code(), 0);
    // Two announcements, of IPv4 in both forms.
    for _ in 0..4 {
        first.arp("192.0.2.4");
    }
    for _ in 0..2 {
        first6.advertisement("2001:db8::4");
    }
    let stamped = |address: &str| a.ip(&format!("-o address show to {address}"));
    let capture = Capture::on(&b);
    for end in ["input", "TERM", "INT", "KILL"] {
        let mut holder = start();
        let until = soon(9_000);
        holder.say(&format!("do 1 renew 192.0.2.4 until={until}\n"));
        holder.wait_for("it goes on", says("2001:db8::4", "held group=192.0.2.4"));
        match end {
            "input" => holder.end_input(),
            signal => holder.signal(signal),
        }
        let (status, said, errors) = holder.wait();
        assert_eq!(errors, "", "{end}");
        for address in ["192.0.2.4", "2001:db8::4"] {
            assert!(has(&a, address) && !stamped(address).contains("forever"), "{end}");
            let left = says(address, "left group=192.0.2.4 iface=eth0 until=");
            assert_eq!(said.lines().any(left), end != "KILL", "{end}: {said}");
            assert!(!said.contains(" ended ") && !said.contains(" removed "), "{end}: {said}");
        }
        assert_eq!(status, if end == "KILL" { -1 } else { 0 }, "{end}");
    }
    // Nothing was announced anew: nothing was added.
    assert_eq!(a.run("ipaddr-agent 192.0.2.9 start").code(), 0);
    let claimed: Vec<String> = capture.claims_before("192.0.2.9").iter().map(ToString::to_string).collect();
    assert!(!claimed.iter().any(|address| ["192.0.2.4", "2001:db8::4"].contains(&address.as_str())), "{claimed:?}");
    // Nobody comes back: the lease is the end.
    let mut holder = start();
    let until = soon(3_500);
    holder.say(&format!("do 1 renew 192.0.2.4 until={until}\n"));
    holder.wait_for("it goes on", says("2001:db8::4", "held"));
    assert_eq!(holder.wait().0, 0);
    assert!(has(&a, "192.0.2.4"));
    wait_until("the kernel removes them", || !has(&a, "192.0.2.4") && !has(&a, "2001:db8::4"));
    assert!(edge::now() < until + GENEROUS, "{:?} after the end of the lease", edge::now().since(until));
}

/// What is released, what the kernel would end too late, and what is left of a lease
/// that is almost over.
#[test]
fn what_the_kernel_would_not_end_in_time_goes_with_its_holder() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let files = tempfile::tempdir().unwrap();
    let (slow, fast) = ("keepalive 1\ndeadtime 10", "keepalive 100ms\ndeadtime 500ms");
    for (times, lease, last) in [
        (fast, 60_000, "group 1 192.0.2.4 started node=n1\n"),
        (slow, 1_500, "group 1 192.0.2.4 started node=n1\n"),
        (slow, 60_000, "do 2 stop 192.0.2.4\n"),
    ] {
        let mut holder = hold_groups(&a, &files, times, "n1 192.0.2.4 web\n");
        assert_eq!(a.run(&format!("ipaddr-agent -u {} 192.0.2.4 start", soon(60_000))).code(), 0);
        let until = soon(lease);
        holder.say(&format!("do 1 start 192.0.2.4 until={until}\n"));
        holder.wait_for("it holds it", says("192.0.2.4", "held"));
        holder.say(last);
        let (status, said, errors) = holder.wait();
        assert_eq!((status, errors.as_str()), (0, ""), "{times}");
        assert!(!has(&a, "192.0.2.4"), "{times} {lease}: {said}");
        assert!(said.lines().any(says("192.0.2.4", "ended")), "{times} {lease}: {said}");
    }
}

/// A cluster's configuration, and what hb-supervise would write.
#[test]
fn the_addresses_of_groups_are_held_from_their_start_to_their_stop() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let files = tempfile::tempdir().unwrap();
    let groups = "n1 192.0.2.4 web\nn2 192.0.2.6 IPv6addr::2001:db8::6\n";
    let mut holder = hold_groups(&a, &files, "keepalive 100ms\ndeadtime 500ms", groups);
    let agent = |words: &str| assert_eq!(a.run(&format!("ipaddr-agent {words}")).code(), 0);

    let until = soon(60_000);
    holder.say(&format!("do 1 start 192.0.2.4 until={until}\ntick 1\n"));
    holder.wait_for("it has heard", |line| line == "tick 1.000000");
    assert!(!has(&a, "192.0.2.4"), "it adds nothing by itself");
    agent(&format!("-u {until} 192.0.2.4 start"));
    holder.wait_for("it holds it", says("192.0.2.4", "held group=192.0.2.4"));
    // The other group's is somebody else's.
    agent(&format!("-u {until} 192.0.2.6 start"));
    let until = soon(300);
    holder.say(&format!("group 1 192.0.2.4 started node=n1\ndo 1 renew 192.0.2.4 until={until}\n"));
    let ended = holder.wait_for("the end", says("192.0.2.4", "ended group=192.0.2.4"));
    lateness(&ended);
    assert!(!has(&a, "192.0.2.4") && has(&a, "192.0.2.6"));
    holder.say("do 2 renew 192.0.2.4 until=99999\n");
    let refused = holder.wait_for("the refusal", says("192.0.2.4", "ended"));
    assert!(refused.contains("a%20renewal%20came%20when"), "{refused}");
    assert!(!has(&a, "192.0.2.4"));

    // The next tenure; a release is not taken for a loss.
    holder.say(&format!("do 3 start 192.0.2.4 until={}\n", soon(60_000)));
    agent(&format!("-u {} 192.0.2.4 start", soon(60_000)));
    holder.wait_for("it holds it", says("192.0.2.4", "held"));
    holder.say("group 3 192.0.2.4 started node=n1\ndo 3 stop 192.0.2.4\ntick 3\n");
    holder.wait_for("it has heard", |line| line == "tick 3.000000");
    agent("192.0.2.4 stop");
    holder.say("group 4 192.0.2.4 stopped node=n1\ntick 4\nnonsense\n");
    let next = holder.wait_for("nothing is said", |line| says("192.0.2.4", "")(line) || line.starts_with("tick 4"));
    assert_eq!(next, "tick 4.000000");
    holder.wait_for_error(|line| line.contains("neither a request nor a record"));
    holder.end_input();
    assert_eq!(holder.wait().0, 0);
    assert!(has(&a, "192.0.2.6"), "what it did not hold stays");
}

#[test]
fn a_reader_that_does_not_read_or_has_gone_keeps_no_holder_from_its_work() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    // A FIFO that is full.
    let script = format!(
        "mkfifo f && exec 3<>f && {{ yes | head -c 65536 >&3; sleep 9 | ipaddr-agent -u {} 192.0.2.4 hold >&3; }}",
        soon(1_500)
    );
    let files = tempfile::tempdir().unwrap();
    let mut command = a.command("sh");
    command.current_dir(files.path()).args(["-c", &script]);
    let mut shell = Running::start(command);
    wait_until("it is there", || has(&a, "192.0.2.4"));
    wait_until("it is gone", || !has(&a, "192.0.2.4"));
    shell.end_input();
}

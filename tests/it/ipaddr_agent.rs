//! ipaddr-agent from outside.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hbkit::arp::Form;
use hbkit::edge;
use hbkit::time::Time;

use crate::capture::Capture;
use crate::lab::{Host, Lab, Said, command, examples, finish, ok, run, tool, wait_until};
use crate::need_namespaces;
use crate::send_arp::{mac, shown, two_hosts};

/// Long enough for what must not come.
const MOMENT: Duration = Duration::from_millis(120);

/// The addresses of a host, without those that the kernel gives its interfaces by
/// itself: these come and settle when they please.
pub fn addresses(host: &Host) -> String {
    host.ip("-o address show scope global")
}

/// The lifetime of an address, as `ip` shows it: "forever", or "29sec".
fn valid(host: &Host, address: &str) -> String {
    let all = addresses(host);
    let line = all.lines().find(|line| line.contains(&format!(" {address}/")));
    let line = line.unwrap_or_else(|| panic!("{address} is not there:\n{all}"));
    line.split("valid_lft ").nth(1).unwrap().split(' ').next().unwrap().to_owned()
}

/// Whether the kernel removes an address in `seconds`, or in up to three less,
/// on a machine that is busy.
fn ends_in(host: &Host, address: &str, seconds: u32) {
    let text = valid(host, address);
    let left: u32 = text.strip_suffix("sec").and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{text}"));
    assert!((seconds.saturating_sub(3)..=seconds).contains(&left), "{address}: {text} instead of {seconds}");
}

/// The agent with its address in the environment.
pub fn ocf(host: &Host, environment: &[(&str, &str)], action: &str) -> Said {
    let mut command = host.command("ipaddr-agent");
    for (key, value) in environment {
        command.env(format!("OCF_RESKEY_{key}"), value);
    }
    command.arg(action);
    finish(command, b"")
}

pub fn in_time(span: Duration) -> Time {
    edge::now() + span
}

pub fn says(said: &Said, code: i32, what: &str) {
    assert_eq!(said.code(), code, "{}{}", said.out, said.err);
    assert!(said.err.contains(what), "no '{what}' in: {}", said.err);
    assert_eq!(said.err.lines().count(), 1, "more than one line: {}", said.err);
}

#[test]
fn start_adds_monitor_sees_stop_removes_and_each_may_be_repeated() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let before = addresses(&a);
    for address in ["192.0.2.4", "2001:db8::4", "192.0.2.4/24/eth0/192.0.2.255", "2001:db8::4/64/eth0"] {
        let call = |action: &str| {
            let said = a.run(&format!("ipaddr-agent {address} {action}"));
            assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""), "{action} {address}");
            said.code()
        };
        assert_eq!(call("monitor"), 7);
        assert_eq!((call("start"), call("start")), (0, 0));
        assert_eq!(call("monitor"), 0);
        assert_eq!(valid(&a, address.split('/').next().unwrap()), "forever");
        assert_eq!((call("stop"), call("stop")), (0, 0));
        assert_eq!(call("monitor"), 7);
        assert_eq!(addresses(&a), before);
    }
}

#[test]
fn a_start_is_announced_at_once_and_again_by_arp() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    b.ip("neighbour add 192.0.2.4 lladdr 02:00:00:00:00:99 dev eth0 nud stale");
    let capture = Capture::on(&b);
    let begin = Instant::now();
    assert_eq!(a.run("ipaddr-agent 192.0.2.4 start").code(), 0);
    for round in 0..2 {
        for form in [Form::Request, Form::Reply] {
            let arp = capture.arp("192.0.2.4");
            assert_eq!((arp.form, shown(arp.sender_mac)), (form, mac(&a)), "round {round}");
        }
    }
    assert!(begin.elapsed() >= Duration::from_millis(50), "the second comes later");
    assert_eq!(capture.arp_within(MOMENT, "192.0.2.4"), None, "a third announcement");
    assert!(b.ip("neighbour show 192.0.2.4").contains(&mac(&a)));
}

#[test]
fn a_start_is_announced_at_once_and_again_by_advertisements_and_works_at_once() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    a.set("ipv6/conf", "eth0", "accept_dad", "1");
    b.ip("neighbour add 2001:db8::4 lladdr 02:00:00:00:00:99 dev eth0 nud stale");
    let capture = Capture::on(&b);
    assert_eq!(a.run("ipaddr-agent 2001:db8::4 start").code(), 0);
    assert!(!addresses(&a).contains("2001:db8::4/64 scope global tentative"), "{}", addresses(&a));
    assert_eq!(a.run("ipaddr-agent 2001:db8::4 monitor").code(), 0);
    for _ in 0..2 {
        assert_eq!(shown(capture.advertisement("2001:db8::4").mac), mac(&a));
    }
    assert_eq!(capture.advertisement_within(MOMENT, "2001:db8::4"), None, "a third announcement");
    assert!(b.ip("neighbour show 2001:db8::4").contains(&mac(&a)));
}

#[test]
fn what_is_gone_is_not_announced_again() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let mut shell = a.command("sh");
    shell.args(["-c", "ipaddr-agent 192.0.2.4 2001:db8::4 start && ipaddr-agent 192.0.2.4 2001:db8::4 stop"]);
    let begin = Instant::now();
    assert_eq!(finish(shell, b"").code(), 0);
    if begin.elapsed() > Duration::from_millis(50) {
        return; // A machine too busy to remove it in time proves nothing.
    }
    let first = [capture.arp("192.0.2.4").form, capture.arp("192.0.2.4").form];
    assert_eq!(first, [Form::Request, Form::Reply]);
    assert_eq!(capture.arp_within(MOMENT, "192.0.2.4"), None);
}

#[test]
fn announce_tells_the_neighbours_once_and_only_of_what_is_there() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    says(&a.run("ipaddr-agent 192.0.2.4 announce"), 7, "192.0.2.4: the address is not there");
    assert_eq!(a.run("ipaddr-agent 192.0.2.1 2001:db8::1 announce").code(), 0);
    assert_eq!(capture.arp("192.0.2.1").form, Form::Request);
    assert_eq!(capture.arp("192.0.2.1").form, Form::Reply);
    assert_eq!(capture.advertisement("2001:db8::1").target.to_string(), "2001:db8::1");
    assert_eq!(capture.arp_within(MOMENT, "192.0.2.1"), None);
}

#[test]
fn the_kernel_ends_a_lease_when_every_process_is_dead() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    // Two seconds for the kernel, and 1.15 s for its lateness.
    let until = in_time(Duration::from_millis(3_150));
    let said = a.run(&format!("ipaddr-agent --until {until} 192.0.2.4 2001:db8::4 start"));
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    a.kill_all();
    for address in ["192.0.2.4", "2001:db8::4"] {
        ends_in(&a, address, 2);
    }
    wait_until("the kernel removes both", || {
        let all = addresses(&a);
        !all.contains("192.0.2.4/") && !all.contains("2001:db8::4/")
    });
    let now = edge::now();
    assert!(now <= until, "the lease ended at {until}, the address was there until {now}");
    assert_eq!(a.run("ipaddr-agent 192.0.2.4 monitor").code(), 7);
    assert!(addresses(&a).contains("192.0.2.1/24") && addresses(&a).contains("2001:db8::1/64"));
}

#[test]
fn a_leased_address_is_a_source_until_its_end() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let until = in_time(Duration::from_secs(30));
    assert_eq!(a.run(&format!("ipaddr-agent -u {until} 192.0.2.4 2001:db8::4 start")).code(), 0);
    for address in ["192.0.2.4", "2001:db8::4"] {
        ends_in(&a, address, 29);
        let all = addresses(&a);
        let line = all.lines().find(|line| line.contains(&format!(" {address}/"))).unwrap();
        let lifetime = line.split("valid_lft ").nth(1).unwrap();
        let (valid, preferred) = lifetime.split_once(" preferred_lft ").unwrap();
        assert_eq!(valid, preferred.trim_end(), "{line}");
        assert!(!line.contains("deprecated"), "{line}");
    }
}

#[test]
fn renew_prolongs_and_start_without_a_lease_makes_it_last() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    for address in ["192.0.2.4", "2001:db8::4"] {
        let call = |seconds, action: &str| {
            let until = in_time(Duration::from_secs(seconds));
            let said = a.run(&format!("ipaddr-agent --until {until} {address} {action}"));
            assert_eq!((said.code(), said.err.as_str()), (0, ""), "{action} {address}");
        };
        call(5, "start");
        ends_in(&a, address, 4);
        call(50, "renew");
        ends_in(&a, address, 49);
        call(20, "renew");
        ends_in(&a, address, 19);
        call(90, "start");
        ends_in(&a, address, 89);
        assert_eq!(a.run(&format!("ipaddr-agent {address} start")).code(), 0);
        assert_eq!(valid(&a, address), "forever");
    }
}

#[test]
fn renew_touches_only_what_is_there_and_wants_a_lease() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let until = in_time(Duration::from_secs(9));
    says(&a.run(&format!("ipaddr-agent -u {until} 192.0.2.4 renew")), 7, "192.0.2.4: the address is not there");
    assert!(!addresses(&a).contains("192.0.2.4"));
    says(&a.run("ipaddr-agent 192.0.2.1 renew"), 2, "renew needs the new end of the lease: --until");
    assert_eq!(valid(&a, "192.0.2.1"), "forever");
}

#[test]
fn after_the_end_of_the_lease_nothing_is_done() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let past = edge::now().before(Duration::from_millis(1));
    for action in ["start", "renew"] {
        says(&a.run(&format!("ipaddr-agent -u {past} 192.0.2.1 {action}")), 1, "192.0.2.1: the lease ended");
        says(&a.run(&format!("ipaddr-agent -u {past} 192.0.2.4 {action}")), 1, "192.0.2.4: the lease ended");
    }
    assert_eq!(valid(&a, "192.0.2.1"), "forever");
    assert!(!addresses(&a).contains("192.0.2.4"));
    assert_eq!(capture.arp_within(MOMENT, "192.0.2.4"), None);
    // Stopping is never too late.
    assert_eq!(a.run(&format!("ipaddr-agent -u {past} 192.0.2.1 stop")).code(), 0);
    assert!(!addresses(&a).contains("192.0.2.1/"));
}

#[test]
fn of_a_lease_that_ends_meanwhile_nothing_stays_without_an_end() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let names: Vec<String> = (10..250).map(|number| format!("192.0.2.{number}/24/eth0")).collect();
    // A lease that ends while 240 addresses are added one after the other.
    for micros in [3_000, 6_000, 12_000, 24_000] {
        let until = in_time(Duration::from_micros(micros) + Duration::from_millis(8));
        let mut command = a.command("ipaddr-agent");
        command.args(["-u", &until.to_string()]).args(&names).arg("start");
        let said = finish(command, b"");
        let there = addresses(&a).lines().filter(|line| line.contains("dynamic")).count();
        let late = said.err.lines().filter(|line| line.contains("the lease ended")).count();
        assert_eq!(there + late, 240, "{}", said.err);
        assert_eq!(said.code(), i32::from(late > 0));
        let mut command = a.command("ipaddr-agent");
        command.args(&names).arg("stop");
        assert_eq!(finish(command, b"").code(), 0);
    }
}

#[test]
fn what_is_there_in_another_way_is_said_and_not_added_again() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    lab.cable(&a, "eth1", &b, "eth1");
    a.ip("address add 192.0.2.4/32 dev eth1");
    a.ip("address add 2001:db8::4/128 dev eth1 nodad");
    let before = addresses(&a);
    for (spec, place) in [
        ("192.0.2.4/24", "192.0.2.4/32 on eth1"),
        ("192.0.2.4/24/eth0", "192.0.2.4/32 on eth1"),
        ("192.0.2.4/32/eth0", "192.0.2.4/32 on eth1"),
        ("2001:db8::4/64", "2001:db8::4/128 on eth1"),
        ("2001:db8::4/64/eth0", "2001:db8::4/128 on eth1"),
    ] {
        let said = a.run(&format!("ipaddr-agent {spec} start"));
        says(&said, 1, &format!("it is already there, as {place}: no second copy is added"));
        says(&a.run(&format!("ipaddr-agent {spec} monitor")), 7, &format!("it is there, but as {place}"));
        says(&a.run(&format!("ipaddr-agent {spec} stop")), 0, &format!("left as {place}"));
        assert_eq!(addresses(&a), before, "{spec}");
    }
    assert_eq!(a.run("ipaddr-agent 192.0.2.4/32/eth1 monitor").code(), 0);
}

#[test]
fn stopping_a_primary_address_keeps_its_secondaries() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    lab.cable(&a, "eth1", &b, "eth1");
    a.set("ipv4/conf", "all", "promote_secondaries", "0");
    a.set("ipv4/conf", "eth1", "promote_secondaries", "0");
    let others = ["203.0.113.5/24", "203.0.113.6/24"];
    let agent = "ipaddr-agent 203.0.113.4/24/eth1 stop";
    // The second way is for a /proc/sys that cannot be written to.
    let read_only = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys";
    for script in [agent.to_owned(), format!("{read_only} && {agent}")] {
        a.ip("address flush dev eth1");
        assert_eq!(a.run("ipaddr-agent 203.0.113.4/24/eth1 start").code(), 0);
        a.ip("address add 203.0.113.5/24 dev eth1 label eth1:five broadcast 203.0.113.255");
        a.ip("address add 203.0.113.6/24 dev eth1 valid_lft 299 preferred_lft 199");
        let mut command = a.command("unshare");
        command.args(["--mount", "sh", "-c", &script]);
        let said = finish(command, b"");
        assert_eq!((said.code(), said.err.as_str()), (0, ""), "{script}");
        let all = addresses(&a);
        assert!(!all.contains("203.0.113.4/") && others.iter().all(|other| all.contains(other)), "{script}:\n{all}");
        let five = all.lines().find(|line| line.contains(".5/24")).unwrap();
        assert!(five.contains("brd 203.0.113.255") && five.contains("eth1:five"), "{five}");
        let six = all.lines().find(|line| line.contains(".6/24")).unwrap();
        assert!(six.contains("dynamic") && six.contains("valid_lft 2"), "{six}");
        let setting = a.run("cat /proc/sys/net/ipv4/conf/eth1/promote_secondaries");
        assert_eq!(setting.out, "0\n", "the setting is as it was");
    }
}

#[test]
fn the_place_of_an_address_is_never_guessed() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    lab.cable(&a, "eth1", &b, "eth1");
    a.ip("address add 192.0.2.1/24 dev eth1");
    a.ip("address add 2001:db8::1/64 dev eth1 nodad");
    a.ip("route add default via 192.0.2.2 dev eth0");
    a.ip("-6 route add default via 2001:db8::2 dev eth0");
    a.ip("route add 10.0.0.0/8 via 192.0.2.2 dev eth0");
    let before = addresses(&a);
    for (address, why) in [
        ("192.0.2.4", "2 interfaces have a route to it: name the interface (eth0, eth1)"),
        ("2001:db8::4", "2 interfaces have a route to it: name the interface (eth0, eth1)"),
        ("198.51.100.4", "only the default route leads to it"),
        ("198.51.100.4/24", "only the default route leads to it"),
        ("198.51.100.4//eth0", "on eth0, only the default route leads to it"),
        ("198.51.100.4//eth1", "on eth1, no route leads to it"),
        ("2001:db8:1::4", "only the default route leads to it"),
        ("10.1.2.3", "the route to it (/8) leads through a router"),
        ("192.0.2.4/16", "its connected network has 24 bits, and not the ones that are asked for"),
        ("2001:db8::4/80", "its connected network has 64 bits, and not the ones that are asked for"),
    ] {
        for action in ["start", "validate-all"] {
            says(&a.run(&format!("ipaddr-agent {address} {action}")), 1, why);
        }
        assert_eq!(addresses(&a), before, "{address}");
    }
    // Clear ones: named, or with one better route.
    assert_eq!(a.run("ipaddr-agent 192.0.2.4//eth1 start").code(), 0);
    assert!(a.ip("-o address show dev eth1").contains("192.0.2.4/24"));
    a.ip("route add 192.0.2.128/25 dev eth0");
    assert_eq!(a.run("ipaddr-agent 192.0.2.130 start").code(), 0);
    assert!(a.ip("-o address show dev eth0").contains("192.0.2.130/25"));
}

#[test]
fn an_interface_that_cannot_work_is_refused_and_seen() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    assert_eq!(a.run("ipaddr-agent 192.0.2.4/24/eth0 start").code(), 0);
    let monitor = || a.run("ipaddr-agent 192.0.2.4 monitor");
    b.ip("link set eth0 down");
    wait_until("the carrier is lost", || monitor().code() == 1);
    says(&monitor(), 1, "192.0.2.4: interface eth0 has no carrier");
    says(&a.run("ipaddr-agent 192.0.2.5/24/eth0 start"), 1, "192.0.2.5: interface eth0 has no carrier");
    a.ip("link set eth0 down");
    says(&monitor(), 1, "192.0.2.4: interface eth0 is down");
    says(&a.run("ipaddr-agent 192.0.2.5/24/eth0 start"), 1, "192.0.2.5: interface eth0 is down");
    assert!(!addresses(&a).contains("192.0.2.5"));
    assert_eq!(a.run("ipaddr-agent 192.0.2.4 stop").code(), 0);
}

#[test]
fn an_interface_that_vanishes_takes_its_address_along() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    assert_eq!(a.run("ipaddr-agent 192.0.2.4/24/eth0 start").code(), 0);
    a.ip("link del eth0");
    assert_eq!(a.run("ipaddr-agent 192.0.2.4/24/eth0 monitor").code(), 7);
    assert_eq!(a.run("ipaddr-agent 192.0.2.4/24/eth0 stop").code(), 0);
    says(&a.run("ipaddr-agent 192.0.2.4/24/eth0 start"), 6, "192.0.2.4: there is no interface eth0");
}

#[test]
fn an_address_that_another_host_has_does_not_work() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    a.set("ipv6/conf", "eth0", "accept_dad", "1");
    // b has this address already, and says so when the kernel asks.
    a.ip("address add 2001:db8::2/64 dev eth0");
    let monitor = || a.run("ipaddr-agent 2001:db8::2 monitor");
    let said = monitor();
    if said.err.contains("tentative") {
        says(&said, 1, "2001:db8::2: it is tentative (duplicate address detection has not ended)");
    }
    wait_until("the kernel notices", || addresses(&a).contains("dadfailed"));
    says(&monitor(), 1, "2001:db8::2: another host has it (duplicate address detection failed)");
}

#[test]
fn several_addresses_in_one_call_each_get_their_due() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let said = a.run("ipaddr-agent 192.0.2.4 198.51.100.9 2001:db8::4 start");
    says(&said, 1, "198.51.100.9: no route leads to it");
    let said = a.run("ipaddr-agent 192.0.2.4 198.51.100.9 2001:db8::4 status");
    assert_eq!((said.code(), said.out.as_str()), (7, "192.0.2.4 running\n198.51.100.9 stopped\n2001:db8::4 running\n"));
    assert_eq!(a.run("ipaddr-agent 192.0.2.4 2001:db8::4 monitor").code(), 0);
    assert_eq!(a.run("ipaddr-agent 192.0.2.4 198.51.100.9 2001:db8::4 stop").code(), 0);
    let said = a.run("ipaddr-agent 192.0.2.4 status");
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (7, "192.0.2.4 stopped\n", ""));
}

#[test]
fn the_environment_of_ocf_is_understood() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let full = [
        ("ip", "192.0.2.4"),
        ("nic", "eth0"),
        ("cidr_netmask", "255.255.255.0"),
        ("broadcast", "192.0.2.250"),
        ("iflabel", "web"),
    ];
    assert_eq!(ocf(&a, &full, "validate-all").code(), 0);
    assert_eq!(ocf(&a, &full, "monitor").code(), 7);
    assert_eq!(ocf(&a, &full, "start").code(), 0);
    assert!(addresses(&a).contains("inet 192.0.2.4/24 brd 192.0.2.250 scope global secondary eth0:web"));
    assert_eq!(ocf(&a, &full, "monitor").code(), 0);
    assert_eq!(ocf(&a, &full, "status").out, "192.0.2.4 running\n");
    assert_eq!(ocf(&a, &full, "stop").code(), 0);
    assert_eq!(ocf(&a, &[("ip", "2001:db8::4")], "start").code(), 0);
    assert_eq!(ocf(&a, &[("ip", "2001:db8::4"), ("cidr_netmask", "64")], "monitor").code(), 0);
}

#[test]
fn the_reason_of_a_failure_is_given_as_ocf_wants_it() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    for (environment, action, code, reason) in [
        (&[][..], "start", 6, "the parameter ip is missing"),
        (&[], "monitor", 6, "the parameter ip is missing"),
        (&[], "validate-all", 6, "the parameter ip is missing"),
        (&[], "stop", 0, "the parameter ip is missing"),
        (&[("ip", "192.0.2.444")], "start", 6, "'192.0.2.444' is not an IP address"),
        (&[("ip", "192.0.2.444")], "stop", 0, "'192.0.2.444' is not an IP address"),
        (&[("ip", "192.0.2.4"), ("cidr_netmask", "40")], "start", 6, "'40' is not a prefix length from 1 to 32"),
        (&[("ip", "192.0.2.4"), ("nic", "nix0")], "start", 6, "192.0.2.4: there is no interface nix0"),
        (
            &[("ip", "192.0.2.4"), ("iflabel", "a-long-label")],
            "start",
            6,
            "192.0.2.4: 'eth0:a-long-label' is not a label",
        ),
        (&[("ip", "198.51.100.9")], "start", 1, "198.51.100.9: no route leads to it"),
        (&[("ip", "192.0.2.4")], "promote", 3, "'promote' is no action"),
        (&[("ip", "192.0.2.4")], "", 3, "'' is no action"),
        (&[("ip", "192.0.2.4")], "renew", 2, "renew needs"),
    ] {
        let said = ocf(&a, environment, action);
        says(&said, code, &format!("ocf-exit-reason:{reason}"));
        assert!(said.err.starts_with("ocf-exit-reason:"), "{}", said.err);
    }
    assert!(!addresses(&a).contains("192.0.2.4"));
}

#[test]
fn wrong_words_are_status_2_or_3_and_named() {
    for (words, code, what) in [
        (&["192.0.2.4.4", "start"][..], 2, "ipaddr-agent: '192.0.2.4.4' is not an IP address"),
        (&["192.0.2.4/24/eth0/x", "start"], 2, "'x' is not an IPv4 broadcast address"),
        (&["192.0.2.4/24/eth0/192.0.2.255/x", "stop"], 2, "more parts"),
        (&["192.0.2.4", "2001:db8::4/64:eth0", "start"], 2, "'64:eth0'"),
        (&["192.0.2.255/24", "start"], 2, "broadcast address of its network"),
        (&["192.0.2.4", "strat"], 3, "'strat' is no action"),
        (&["start", "192.0.2.4"], 3, "'192.0.2.4' is no action"),
        (&["192.0.2.4"], 3, "'192.0.2.4' is no action"),
        (&["--until", "soon", "192.0.2.4", "start"], 2, "'soon'"),
        (&["--until", "-5", "192.0.2.4", "start"], 2, "-5"),
    ] {
        let said = run("ipaddr-agent", words, b"");
        assert_eq!((said.code(), said.out.as_str()), (code, ""), "{words:?}");
        assert!(said.err.contains(what), "{words:?}: {}", said.err);
    }
    assert_eq!(run("ipaddr-agent", &[], b"").code(), 3);
}

#[test]
fn without_capabilities_it_watches_and_changes_nothing() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let without = |capability: &str, words: &[&str]| {
        let mut command = a.command("setpriv");
        command.arg(format!("--bounding-set=-{capability}")).arg(format!("--inh-caps=-{capability}"));
        command.arg(tool("ipaddr-agent")).args(words);
        finish(command, b"")
    };
    let before = addresses(&a);
    says(&without("net_admin", &["192.0.2.4", "start"]), 4, "adding it to eth0: Operation not permitted");
    says(&without("net_raw", &["192.0.2.4", "start"]), 4, "announcing it: Operation not permitted");
    says(&without("net_admin", &["192.0.2.1", "stop"]), 4, "removing it from eth0: Operation not permitted");
    says(&without("net_admin", &["2001:db8::4", "start"]), 4, "adding it to eth0: Operation not permitted");
    says(&without("net_admin", &["2001:db8::1", "stop"]), 4, "removing it from eth0: Operation not permitted");
    let until = in_time(Duration::from_secs(30)).to_string();
    for address in ["192.0.2.1", "2001:db8::1"] {
        says(&without("net_admin", &["-u", &until, address, "renew"]), 4, "giving it a lifetime on eth0: Operation");
        says(&without("net_raw", &[address, "announce"]), 4, "announcing it: Operation not permitted");
    }
    for words in [["192.0.2.4", "start"], ["2001:db8::4", "start"]] {
        let said = without("net_raw", &[&["--duplicates", "refuse"][..], &words].concat());
        says(&said, 4, "Operation not permitted");
    }
    // Each of several is said.
    let said = without("net_admin", &["192.0.2.4", "2001:db8::4", "start"]);
    assert_eq!((said.code(), said.err.lines().count()), (4, 2), "{}", said.err);
    assert_eq!(addresses(&a), before);
    assert_eq!(without("net_admin,-net_raw", &["192.0.2.1", "monitor"]).code(), 0);
    assert_eq!(without("net_admin,-net_raw", &["192.0.2.4", "monitor"]).code(), 7);
    assert_eq!(without("net_admin,-net_raw", &["192.0.2.4", "validate-all"]).code(), 0);
    assert_eq!(without("net_admin,-net_raw", &["192.0.2.4", "stop"]).code(), 0);
}

#[test]
fn single_addresses_bring_no_route_and_keep_their_label() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let routes = || a.ip("route show") + &a.ip("-6 route show table main");
    let before = routes();
    let specs = "198.51.100.4/32/eth0:web 2001:db8:9::4/128/eth0 192.0.2.4/32/eth0";
    let said = a.run(&format!("ipaddr-agent {specs} start"));
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    let all = addresses(&a);
    assert!(all.contains("198.51.100.4/32 scope global eth0:web") && all.contains("2001:db8:9::4/128"), "{all}");
    assert_eq!(routes(), before);
    assert_eq!(a.run(&format!("ipaddr-agent {specs} monitor")).code(), 0);
    // A renewal keeps the label too.
    let until = in_time(Duration::from_secs(30));
    assert_eq!(a.run(&format!("ipaddr-agent -u {until} {specs} renew")).code(), 0);
    assert!(addresses(&a).contains("198.51.100.4/32 scope global dynamic eth0:web"), "{}", addresses(&a));
    // The networks that the interface is in stay when single addresses go.
    assert_eq!(a.run(&format!("ipaddr-agent {specs} stop")).code(), 0);
    assert_eq!(routes(), before);
}

#[test]
fn an_address_that_is_no_source_any_more_works() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    a.ip("address add 192.0.2.4/24 dev eth0 valid_lft 60 preferred_lft 0");
    a.ip("address add 2001:db8::4/64 dev eth0 nodad valid_lft 60 preferred_lft 0");
    assert!(addresses(&a).contains("deprecated"));
    let said = a.run("ipaddr-agent 192.0.2.4 2001:db8::4 monitor");
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
}

#[test]
fn ipv6_that_is_switched_off_is_named() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    a.set("ipv6/conf", "eth0", "disable_ipv6", "1");
    says(&a.run("ipaddr-agent 2001:db8::4/64/eth0 start"), 1, "2001:db8::4: IPv6 is disabled on eth0");
}

#[test]
fn an_address_on_a_loopback_is_held_without_announcements() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let said = a.run("ipaddr-agent 203.0.113.4/32/lo start");
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    assert_eq!(a.run("ipaddr-agent 203.0.113.4 monitor").code(), 0);
    assert_eq!(a.run("ipaddr-agent 203.0.113.4 stop").code(), 0);
}

/// A lock or a pipe of the caller's must not be held by the child that announces
/// for the second time.
#[test]
fn the_child_holds_nothing_of_the_callers() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let directory = tempfile::tempdir().unwrap();
    let lock = directory.path().join("lock");
    // Its descriptors are read while it lives, which is 50 ms: a machine too
    // busy for that gets another try.
    for _ in 0..50 {
        let mut shell = a.command("sh");
        shell.args(["-c", &format!("exec 9>{}; ipaddr-agent 192.0.2.4 start", lock.display())]);
        assert_eq!(finish(shell, b"").code(), 0);
        // The pipes of the caller were closed by then, or finish() would wait.
        let pids = ok(Command::new("ip").args(["netns", "pids", &a.namespace]));
        let Some(pid) = pids.lines().next() else { continue };
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { continue };
        let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        let open: Vec<String> = links.map(|link| link.display().to_string()).collect();
        if open.is_empty() {
            continue;
        }
        assert!(open.iter().filter(|name| *name == "/dev/null").count() == 3, "{open:?}");
        let others = open.iter().filter(|name| *name != "/dev/null");
        assert!(others.clone().all(|name| name.starts_with("socket:") || name.starts_with("pipe:")), "{open:?}");
        assert!(others.count() <= 3, "{open:?}");
        return;
    }
    panic!("the child was never seen");
}

#[test]
fn the_examples_of_the_page_work() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    for example in examples("man/ipaddr-agent.8") {
        let mut shell = a.command("sh");
        shell.args(["-e", "-c", &example]);
        let said = finish(shell, b"");
        assert_eq!((said.code(), said.err.as_str()), (0, ""), "{example}");
    }
    assert!(addresses(&a).contains("192.0.2.4/24") && addresses(&a).contains("2001:db8::4/64"));
}

#[test]
fn meta_data_needs_nothing_and_is_a_document() {
    let said = run("ipaddr-agent", &["meta-data"], b"");
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    assert!(said.out.starts_with("<?xml version=\"1.0\"?>\n<!DOCTYPE resource-agent"), "{}", said.out);
    assert!(said.out.contains("<resource-agent name=\"ipaddr-agent\""), "{}", said.out);
    assert!(said.out.ends_with("</resource-agent>\n"));
    // Every element that is opened is closed.
    let mut open = Vec::new();
    for tag in said.out.split('<').skip(1).map(|part| part.split('>').next().unwrap()) {
        match tag {
            tag if tag.starts_with(['?', '!']) || tag.ends_with('/') => {}
            tag if tag.starts_with('/') => assert_eq!(open.pop(), Some(&tag[1..])),
            tag => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert_eq!(open, [""; 0]);
    let said = run("ipaddr-agent", &["usage"], b"");
    assert_eq!(said.code(), 0);
    assert!(said.out.contains("start|stop|monitor|status"));
}

#[test]
fn a_full_disk_is_said_and_a_reader_that_went_away_is_not() {
    let to = |stdout: Stdio| {
        let mut command = command(tool("ipaddr-agent").to_str().unwrap());
        let child = command.arg("meta-data").stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        Said::from(child.wait_with_output().unwrap())
    };
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    says(&to(full.into()), 2, "ipaddr-agent: standard output: No space left on device");
    let (reader, writer) = nix::unistd::pipe().unwrap();
    drop(reader);
    let said = to(writer.into());
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
}

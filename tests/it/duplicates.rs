//! ipaddr-agent where another machine has the address, and with many addresses
//! and agents at once.

use std::time::Duration;

use hbkit::arp::Arp;
use hbkit::edge;

use crate::capture::Capture;
use crate::ipaddr_agent::{addresses, in_time, says};
use crate::lab::{Host, Lab, Running, finish, wait_until};
use crate::need_namespaces;
use crate::send_arp::{mac, shown, two_hosts};

/// Much longer than a question takes.
const LONG: Duration = Duration::from_secs(8);

/// The next frame of ARP.
fn question(capture: &Capture) -> Arp {
    Arp::parse(&capture.frame(0x0806, 42)).unwrap()
}

fn there(host: &Host, address: &str) -> bool {
    addresses(host).contains(&format!(" {address}/"))
}

#[test]
fn an_address_that_another_machine_has_is_refused_or_said() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let claim = format!("another machine has it: {} on eth0", mac(&b));
    for address in ["192.0.2.2", "2001:db8::2"] {
        let capture = Capture::on(&b);
        let said = a.run(&format!("ipaddr-agent --duplicates refuse {address} start"));
        says(&said, 1, &format!("ipaddr-agent: {address}: {claim}"));
        assert!(!there(&a, address));
        if address.contains('.') {
            let probe = question(&capture);
            assert_eq!((probe.sender.is_unspecified(), probe.target.to_string().as_str()), (true, address));
            assert_eq!(shown(probe.source), mac(&a));
        }
        let said = a.run(&format!("ipaddr-agent --duplicates warn {address} start"));
        says(&said, 0, &format!("ipaddr-agent: {address}: {claim}"));
        assert!(there(&a, address));
        assert_eq!(a.run(&format!("ipaddr-agent {address} monitor")).code(), 0);
        assert_eq!(a.run(&format!("ipaddr-agent {address} stop")).code(), 0);
        let said = a.run(&format!("ipaddr-agent --duplicates off {address} start"));
        assert_eq!((said.code(), said.err.as_str()), (0, ""));
        assert_eq!(a.run(&format!("ipaddr-agent {address} stop")).code(), 0);
    }
}

#[test]
fn a_free_address_is_added_after_a_question_and_one_that_is_there_without() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let call = "ipaddr-agent --duplicates refuse 192.0.2.4 2001:db8::4 203.0.113.9/32/lo start";
    let said = a.run(call);
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    assert_eq!(a.run("ipaddr-agent 192.0.2.4 2001:db8::4 203.0.113.9 monitor").code(), 0);
    for _ in 0..3 {
        let probe = question(&capture);
        assert!(probe.sender.is_unspecified(), "a question claims nothing: {probe:?}");
    }
    capture.arp("192.0.2.4");
    let begin = edge::now();
    assert_eq!(a.run(call).code(), 0);
    let took = edge::now().since(begin);
    assert!(took < Duration::from_millis(850), "nothing is asked of what is there: {took:?}");
}

#[test]
fn two_that_want_an_address_at_the_same_time_do_not_both_get_it() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    for address in ["192.0.2.4", "2001:db8::4"] {
        let words = ["--duplicates", "refuse", address, "start"];
        let both = [&a, &b].map(|host| host.start("ipaddr-agent", &words));
        let ends = both.map(Running::wait);
        assert!(ends.iter().any(|(status, ..)| *status == 1), "{ends:?}");
        assert!(!(there(&a, address) && there(&b, address)));
    }
}

#[test]
fn an_interface_that_fails_while_the_neighbours_are_asked_says_nothing_of_them() {
    need_namespaces!();
    for (action, why) in [("set eth0 down", "interface eth0 has no carrier"), ("del eth0", "interface eth0 is gone")] {
        let lab = Lab::new();
        let (a, b) = two_hosts(&lab);
        let capture = Capture::on(&b);
        let agent = a.start("ipaddr-agent", &["--duplicates", "refuse", "192.0.2.4", "start"]);
        question(&capture);
        b.ip(&format!("link {action}"));
        let (status, _, errors) = agent.wait();
        assert_eq!(status, 1, "{errors}");
        assert!(
            errors.contains(&format!("192.0.2.4: whether another machine has it could not be told: {why}")),
            "{errors}"
        );
        assert!(!addresses(&a).contains("192.0.2.4"));
    }
}

#[test]
fn a_lease_that_ends_during_the_question_is_over() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let until = in_time(Duration::from_millis(400)).to_string();
    let said = a.run(&format!("ipaddr-agent -u {until} --duplicates refuse 192.0.2.4 start"));
    says(&said, 1, "192.0.2.4: the lease ended");
    let until = in_time(Duration::from_millis(400)).to_string();
    says(&a.run(&format!("ipaddr-agent -u {until} --duplicates refuse 192.0.2.4 hold")), 1, "the lease ended");
    assert!(!there(&a, "192.0.2.4"));
}

#[test]
fn hold_asks_before_it_adds_any() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let until = in_time(LONG).to_string();
    let said = a.run(&format!("ipaddr-agent -u {until} --duplicates refuse 192.0.2.4 2001:db8::2 hold"));
    says(&said, 1, "2001:db8::2: another machine has it");
    assert!(!there(&a, "192.0.2.4") && !there(&a, "2001:db8::2"));
    let words = ["-u", &until, "--duplicates", "warn", "192.0.2.4", "192.0.2.2", "hold"];
    let mut holder = a.start("ipaddr-agent", &words);
    holder.wait_for_error(|line| line.contains("192.0.2.2: another machine has it"));
    holder.wait_for("it is held", |line| line.contains("192.0.2.2 held"));
}

#[test]
fn what_the_kernel_does_not_use_is_replaced_by_a_start() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    a.set("ipv6/conf", "eth0", "accept_dad", "1");
    let call = |words: &str| a.run(&format!("ipaddr-agent {words}"));
    for (options, code) in [("--duplicates refuse", 1), ("--duplicates warn", 0), ("", 0)] {
        a.ip("address add 2001:db8::2/64 dev eth0");
        wait_until("the kernel notices", || addresses(&a).contains("dadfailed"));
        let said = call(&format!("{options} 2001:db8::2 start"));
        assert_eq!(said.code(), code, "{options}: {}", said.err);
        assert_eq!(call("2001:db8::2 monitor").code(), if code == 0 { 0 } else { 7 }, "{options}");
        assert_eq!(call("2001:db8::2 stop").code(), 0);
    }
    // The other has gone: it works.
    a.ip("address add 2001:db8::2/64 dev eth0");
    wait_until("the kernel notices", || addresses(&a).contains("dadfailed"));
    b.ip("address del 2001:db8::2/64 dev eth0");
    let said = call("--duplicates refuse 2001:db8::2 start");
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    assert_eq!(call("2001:db8::2 monitor").code(), 0);
}

/// An IPv6 address in OCF's environment, where the kernel looks for duplicates.
fn detected(host: &Host, options: &[&str], address: &str) -> Running {
    let mut command = host.command("ipaddr-agent");
    command.env("OCF_RESKEY_ip", address).args(options).arg("start");
    Running::start(command)
}

#[test]
fn a_start_waits_for_the_kernels_detection_and_no_longer() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    a.set("ipv6/conf", "eth0", "accept_dad", "1");
    let capture = Capture::on(&b);
    let agent = detected(&a, &[], "2001:db8::4");
    wait_until("the kernel looks for another", || addresses(&a).contains("2001:db8::4/64 scope global tentative"));
    assert_eq!(a.run("ipaddr-agent 2001:db8::4 monitor").code(), 1);
    assert_eq!(capture.advertisement_within(Duration::from_millis(1), "2001:db8::4"), None, "it is not used yet");
    let (status, _, errors) = agent.wait();
    assert_eq!((status, errors.as_str()), (0, ""));
    assert!(!addresses(&a).contains("tentative"));
    capture.advertisement("2001:db8::4");
    // One that is there is not looked for again, one that is tentative is waited for.
    assert_eq!(detected(&a, &[], "2001:db8::4").wait().0, 0);
    a.ip("address add 2001:db8::5/64 dev eth0");
    assert_eq!(detected(&a, &[], "2001:db8::5").wait().0, 0);
    assert_eq!(a.run("ipaddr-agent 2001:db8::5 monitor").code(), 0);
}

#[test]
fn an_address_of_which_the_kernel_finds_a_duplicate_is_taken_away() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    a.set("ipv6/conf", "eth0", "accept_dad", "1");
    for before in ["", "address add 2001:db8::2/64 dev eth0"] {
        if !before.is_empty() {
            a.ip(before);
            wait_until("the kernel notices", || addresses(&a).contains("dadfailed"));
        }
        let (status, _, errors) = detected(&a, &[], "2001:db8::2").wait();
        assert_eq!(status, 1, "{errors}");
        assert!(errors.contains("2001:db8::2: another host has it (duplicate address detection failed)"), "{errors}");
        assert!(!there(&a, "2001:db8::2"));
    }
    // What is asked for by an option counts instead.
    assert_eq!(detected(&a, &["--duplicates", "warn"], "2001:db8::2").wait().0, 0);
    assert_eq!(a.run("ipaddr-agent 2001:db8::2 monitor").code(), 0);
    assert!(there(&b, "2001:db8::2"));
}

#[test]
fn a_detection_that_cannot_end_is_given_up_with_the_reason() {
    need_namespaces!();
    for (action, why) in [("set eth0 down", "interface eth0 has no carrier"), ("del eth0", "it has gone before")] {
        let lab = Lab::new();
        let (a, b) = two_hosts(&lab);
        a.set("ipv6/conf", "eth0", "accept_dad", "1");
        let agent = detected(&a, &[], "2001:db8::4");
        wait_until("the kernel looks for another", || addresses(&a).contains("2001:db8::4/64 scope global tentative"));
        b.ip(&format!("link {action}"));
        let (status, _, errors) = agent.wait();
        assert_eq!((status, errors.contains(why)), (1, true), "{errors}");
        assert!(!addresses(&a).contains("2001:db8::4/"));
    }
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    a.set("ipv6/conf", "eth0", "accept_dad", "1");
    a.set("ipv6/conf", "eth0", "dad_transmits", "5");
    let until = in_time(Duration::from_millis(2_500)).to_string();
    let (status, _, errors) = detected(&a, &["-u", &until], "2001:db8::4").wait();
    assert_eq!(status, 1, "{errors}");
    assert!(errors.contains("2001:db8::4: it has gone before duplicate address detection"), "{errors}");
    assert!(!there(&a, "2001:db8::4"));
}

fn many(host: &Host, names: &[String], action: &str) -> crate::lab::Said {
    let mut command = host.command("ipaddr-agent");
    command.args(names).arg(action);
    finish(command, b"")
}

#[test]
fn of_several_hundred_in_one_call_each_is_done_or_said() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    a.ip("address add 192.0.2.77/32 dev lo");
    let mut names: Vec<String> = (3..=250).map(|number| format!("192.0.2.{number}/24/eth0")).collect();
    names.extend((3..=250).map(|number| format!("2001:db8::{number:x}")));
    names.extend(["192.0.2.9/24/nix0".to_owned(), "198.51.100.1".to_owned()]);
    let said = many(&a, &names, "start");
    let lines: Vec<&str> = said.err.lines().collect();
    assert_eq!(said.code(), 1, "{lines:?}");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("192.0.2.77: it is already there, as 192.0.2.77/32 on lo"), "{lines:?}");
    assert!(lines[1].contains("192.0.2.9: there is no interface nix0"), "{lines:?}");
    assert!(lines[2].contains("198.51.100.1: no route leads to it"), "{lines:?}");
    let count = || addresses(&a).lines().filter(|line| line.contains("eth0")).count();
    assert_eq!(count(), 2 + 247 + 248);
    let said = many(&a, &names, "status");
    assert_eq!(said.out.lines().filter(|line| line.ends_with(" running")).count(), 247 + 248);
    assert_eq!(said.code(), 7, "{}", said.err);
    assert_eq!(many(&a, &names, "stop").code(), 0);
    assert_eq!(count(), 2);
}

#[test]
fn the_same_address_twice_in_a_call_is_one() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let said = a.run("ipaddr-agent 192.0.2.4 192.0.2.4/24/eth0 192.0.2.4/32 start");
    says(&said, 1, "192.0.2.4: it is already there, as 192.0.2.4/24 on eth0");
    assert_eq!(addresses(&a).matches("192.0.2.4/").count(), 1);
    assert_eq!(a.run("ipaddr-agent 192.0.2.4 192.0.2.4/24 stop").code(), 0);
    assert!(!there(&a, "192.0.2.4"));
}

/// As a cluster manager stops the addresses of a network, each by an agent of
/// its own, where the first of them takes the others along.
#[test]
fn agents_that_stop_at_the_same_time_remove_what_they_are_asked_to_and_no_more() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    lab.cable(&a, "eth1", &b, "eth1");
    for place in ["all", "eth1"] {
        a.set("ipv4/conf", place, "promote_secondaries", "0");
    }
    let names: Vec<String> = (1..=12).map(|number| format!("203.0.113.{number}/24/eth1")).collect();
    let read_only = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys;";
    for before in ["", "", read_only, read_only] {
        assert_eq!(many(&a, &names, "start").code(), 0);
        a.ip("address add 203.0.113.99/24 dev eth1");
        let stops: String = names.iter().map(|name| format!("ipaddr-agent {name} stop & ")).collect();
        let mut command = a.command("unshare");
        command.args(["--mount", "sh", "-c", &format!("{before} {stops} wait")]);
        let said = finish(command, b"");
        assert_eq!((said.code(), said.err.as_str()), (0, ""), "{before}");
        let left = a.ip("-o address show dev eth1 scope global");
        assert!(left.lines().count() == 1 && left.contains("203.0.113.99/24"), "{before}:\n{left}");
        assert_eq!(a.run("cat /proc/sys/net/ipv4/conf/eth1/promote_secondaries").out, "0\n");
        a.ip("address flush dev eth1 scope global");
    }
}

#[test]
fn an_interface_that_comes_and_goes_never_makes_an_agent_hang_or_lie() {
    need_namespaces!();
    let lab = Lab::new();
    let a = lab.host("a");
    // A peer far from its commands: about half of the calls meet no interface.
    let flap = "while :; do ip link add d0 type dummy; ip link set d0 up; ip link del d0; done";
    let _flapping = a.start("sh", &["-c", flap]);
    for number in 0..30 {
        for address in ["192.0.2.4/24/d0", "2001:db8::4/64/d0"] {
            for action in ["start", "monitor", "stop"] {
                let said = a.run(&format!("ipaddr-agent {address} {action}"));
                let fine = match action {
                    "stop" => said.code() == 0,
                    "monitor" => [0, 1, 7].contains(&said.code()),
                    _ => [0, 1, 6].contains(&said.code()),
                };
                assert!(fine, "{number}: {action} {address}: {} {}", said.code(), said.err);
                assert!(!said.err.contains("panicked"), "{}", said.err);
            }
        }
    }
}

#[test]
fn a_table_that_changes_while_it_is_read_is_read_again() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let mut names: Vec<String> = (3..=250).map(|number| format!("192.0.2.{number}/24/eth0")).collect();
    names.extend((3..=250).map(|number| format!("2001:db8::{number:x}/64/eth0")));
    assert_eq!(many(&a, &names, "start").code(), 0);
    let churn = "i=0; while :; do i=$((i % 200 + 1)); echo address add 10.0.0.$i/32 dev lo; \
                 echo address add 2001:db8:1::$i/128 dev lo; echo address del 10.0.0.$i/32 dev lo; \
                 echo address del 2001:db8:1::$i/128 dev lo; done | ip -force -batch - >/dev/null 2>&1";
    let _churning = a.start("sh", &["-c", churn]);
    for _ in 0..40 {
        let said = many(&a, &names, "monitor");
        assert_eq!((said.code(), said.err.as_str()), (0, ""));
    }
}

//! ipaddr-agent as an OCF agent and by the names of others: parameters, forms,
//! statuses, meta-data.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use hbkit::arp::Form;
use tempfile::TempDir;

use crate::capture::Capture;
use crate::lab::{Host, Lab, Said, finish, project, tool, wait_until};
use crate::need_namespaces;
use crate::send_arp::two_hosts;

/// Longer than between two of the announcements that a test asks for.
const MOMENT: Duration = Duration::from_millis(300);

/// A directory with the agent under the names of others.
struct Names(TempDir);

impl Names {
    fn new() -> Names {
        let directory = tempfile::tempdir().unwrap();
        for name in ["IPaddr", "IPaddr2", "IPv6addr"] {
            std::os::unix::fs::symlink(tool("ipaddr-agent"), directory.path().join(name)).unwrap();
        }
        Names(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A call in Heartbeat's form.
    fn call(&self, host: &Host, name: &str, words: &str) -> Said {
        host.run(&format!("{} {words}", self.path(name).display()))
    }
}

/// The agent with parameters `NAME=VALUE`.
fn ocf(host: &Host, parameters: &str, action: &str) -> Said {
    agent(host.command("ipaddr-agent"), parameters, action)
}

fn agent(mut command: Command, parameters: &str, action: &str) -> Said {
    for (name, value) in parameters.split_whitespace().map(|word| word.split_once('=').unwrap()) {
        command.env(format!("OCF_RESKEY_{name}"), value);
    }
    command.arg(action);
    finish(command, b"")
}

fn fine(said: &Said) {
    assert_eq!((said.code(), said.err.as_str()), (0, ""), "{}", said.out);
}

fn says(said: &Said, code: i32, what: &str) {
    assert_eq!(said.code(), code, "{what}: {}{}", said.out, said.err);
    assert!(said.err.contains(what), "no '{what}' in: {}", said.err);
    assert_eq!(said.err.lines().count(), 1, "more than one line: {}", said.err);
}

/// What `ip` says of an address; empty when it is not there.
fn line(host: &Host, address: &str) -> String {
    let all = host.ip("-o address show");
    all.lines().find(|line| line.contains(&format!(" {address}/"))).unwrap_or_default().to_owned()
}

#[test]
fn a_start_is_announced_as_often_as_is_asked_for() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    fine(&ocf(&a, "ip=192.0.2.4 arp_count=3 arp_interval=20", "start"));
    for _ in 0..3 {
        assert_eq!((capture.arp("192.0.2.4").form, capture.arp("192.0.2.4").form), (Form::Request, Form::Reply));
    }
    assert_eq!(capture.arp_within(MOMENT, "192.0.2.4"), None);
    // In the foreground all have left when it ends.
    fine(&ocf(&a, "ip=192.0.2.5 ARP_REPEAT=2 ARP_INTERVAL_MS=20 ARP_BACKGROUND=no", "start"));
    a.ip("address del 192.0.2.5/24 dev eth0");
    for _ in 0..2 {
        assert_eq!((capture.arp("192.0.2.5").form, capture.arp("192.0.2.5").form), (Form::Request, Form::Reply));
    }
    fine(&ocf(&a, "ip=2001:db8::4 nodad=true arp_count=2 arp_interval=20", "start"));
    for _ in 0..2 {
        capture.advertisement("2001:db8::4");
    }
    assert_eq!(capture.advertisement_within(MOMENT, "2001:db8::4"), None);
}

#[test]
fn the_form_of_arp_is_that_of_the_named_program() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    for (address, how, form) in [
        ("192.0.2.4", "arp_sender=iputils_arping", Form::Request),
        ("192.0.2.5", "arp_sender=iputils_arping send_arp_opts=-A", Form::Reply),
        ("192.0.2.6", "arp_sender=libnet_arping", Form::Request),
        ("192.0.2.7", "send_arp_opts=-U", Form::Request),
    ] {
        fine(&ocf(&a, &format!("ip={address} arp_count=2 arp_interval=10 {how}"), "start"));
        assert_eq!((capture.arp(address).form, capture.arp(address).form), (form, form), "{how}");
    }
}

#[test]
fn a_monitor_announces_again_what_works_and_only_when_asked() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    fine(&ocf(&a, "ip=192.0.2.1 arp_count_refresh=2 arp_interval=10", "monitor"));
    for form in [Form::Request, Form::Reply, Form::Request, Form::Reply] {
        assert_eq!(capture.arp("192.0.2.1").form, form);
    }
    fine(&ocf(&a, "ip=192.0.2.1", "monitor"));
    assert_eq!(ocf(&a, "ip=192.0.2.4 arp_count_refresh=2", "monitor").code(), 7);
    assert_eq!(capture.arp_within(MOMENT, "192.0.2.1"), None);
    // It works even if nobody can be told.
    let mut command = a.command("setpriv");
    command.args(["--bounding-set=-net_raw", "--inh-caps=-net_raw"]).arg(tool("ipaddr-agent"));
    says(&agent(command, "ip=192.0.2.1 arp_count_refresh=2", "monitor"), 0, "announcing it: Operation not permitted");
}

#[test]
fn routes_and_lifetimes_are_as_asked_for() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    fine(&ocf(&a, "ip=203.0.113.4 cidr_netmask=24 nic=eth0 noprefixroute=true", "start"));
    assert!(line(&a, "203.0.113.4").contains("noprefixroute"));
    assert_eq!(a.ip("route show 203.0.113.0/24"), "");
    fine(&ocf(&a, "ip=203.0.113.4 cidr_netmask=24 nic=eth0", "stop"));
    fine(&ocf(&a, "ip=2001:db8::4 preferred_lft=0 nodad=true", "start"));
    assert!(line(&a, "2001:db8::4").contains("deprecated"), "{}", line(&a, "2001:db8::4"));
    fine(&ocf(&a, "ip=2001:db8::4 preferred_lft=0", "monitor"));
    fine(&ocf(&a, "ip=2001:db8::5 preferred_lft=500 nodad=true", "start"));
    let five = line(&a, "2001:db8::5");
    assert!(five.contains("valid_lft forever preferred_lft") && !five.contains("preferred_lft forever"), "{five}");
    fine(&ocf(&a, "ip=192.0.2.4 broadcast=-", "start"));
    assert!(line(&a, "192.0.2.4").contains("brd 192.0.2.0 "), "{}", line(&a, "192.0.2.4"));
    fine(&ocf(&a, "ip=192.0.2.4 flush_routes=true", "stop"));
    assert_eq!(line(&a, "192.0.2.4"), "");
}

#[test]
fn an_ipv6_address_waits_for_detection_unless_it_need_not() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    a.set("ipv6/conf", "eth0", "accept_dad", "1");
    for (parameters, address) in [("ip=2001:db8::4", "2001:db8::4"), ("ip=2001:db8::5 nodad=true", "2001:db8::5")] {
        fine(&ocf(&a, parameters, "start"));
        assert!(!line(&a, address).contains("tentative"), "{}", line(&a, address));
        assert_eq!(line(&a, address).contains("nodad"), parameters.contains("nodad"));
        fine(&ocf(&a, parameters, "monitor"));
    }
}

#[test]
fn an_address_that_another_machine_has_is_refused_when_it_is_asked_for() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    says(&ocf(&a, "ip=192.0.2.2 run_arping=true", "start"), 1, "192.0.2.2: another machine has it");
    assert_eq!(line(&a, "192.0.2.2"), "");
    fine(&ocf(&a, "ip=192.0.2.4 run_arping=true", "start"));
}

#[test]
fn the_link_counts_unless_it_is_not_to() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    fine(&ocf(&a, "ip=192.0.2.4", "start"));
    b.ip("link set eth0 down");
    let with = |counts: &str, action: &str| ocf(&a, &format!("ip=192.0.2.4 check_link_status={counts}"), action);
    wait_until("the carrier is lost", || with("true", "monitor").code() == 1);
    fine(&with("false", "monitor"));
    let place = "ip=192.0.2.5 nic=eth0 cidr_netmask=24";
    says(&ocf(&a, place, "start"), 1, "interface eth0 has no carrier");
    fine(&ocf(&a, &format!("{place} check_link_status=no"), "start"));
    a.ip("link set eth0 down");
    let place = "ip=192.0.2.6 nic=eth0 cidr_netmask=24";
    fine(&ocf(&a, &format!("{place} check_link_status=no"), "start"));
    assert!(!line(&a, "192.0.2.6").is_empty());
}

#[test]
fn each_clone_has_its_own_address_and_no_address_has_many_nodes() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let meta = "CRM_meta_clone_max=3 CRM_meta_globally_unique=true unique_clone_address=true";
    for (number, address) in [(0, "192.0.2.4"), (2, "192.0.2.6")] {
        let parameters = format!("ip=192.0.2.4 {meta} CRM_meta_clone={number}");
        fine(&ocf(&a, &parameters, "start"));
        fine(&ocf(&a, &parameters, "monitor"));
        assert!(!line(&a, address).is_empty(), "{address}");
        fine(&ocf(&a, &parameters, "stop"));
        assert_eq!(line(&a, address), "");
    }
    for action in ["start", "monitor", "validate-all"] {
        says(&ocf(&a, "ip=192.0.2.4 CRM_meta_clone_max=2", action), 6, "a cluster IP");
    }
}

#[test]
fn another_network_namespace_is_gone_to() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let there = format!("ip=192.0.2.4 network_namespace={}", b.namespace);
    fine(&ocf(&a, &there, "start"));
    assert_eq!(line(&a, "192.0.2.4"), "");
    assert!(!line(&b, "192.0.2.4").is_empty());
    fine(&ocf(&a, &there, "monitor"));
    fine(&ocf(&a, &there, "stop"));
    assert_eq!(line(&b, "192.0.2.4"), "");
    let nowhere = "ip=192.0.2.4 network_namespace=hbk-nowhere";
    for (more, action, code) in [
        ("", "start", 5),
        ("", "validate-all", 5),
        ("", "monitor", 7),
        (" CRM_meta_interval=0", "monitor", 7),
        (" CRM_meta_interval=10000", "monitor", 1),
        ("", "stop", 0),
    ] {
        says(&ocf(&a, &format!("{nowhere}{more}"), action), code, "network namespace hbk-nowhere: No such file");
    }
}

/// A first look finds nothing where the interface is not there; of what was
/// started it is a failure.
#[test]
fn an_interface_that_is_gone_is_a_failure_of_what_was_started() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    for (more, code) in [("", 7), (" CRM_meta_interval=0", 7)] {
        let said = ocf(&a, &format!("ip=192.0.2.4 nic=nix0{more}"), "monitor");
        assert_eq!((said.code(), said.err.as_str()), (code, ""), "{more}");
    }
    let said = ocf(&a, "ip=192.0.2.4 nic=nix0 CRM_meta_interval=10000", "monitor");
    says(&said, 1, "ocf-exit-reason:192.0.2.4: the address is not there, and interface nix0 neither");
    fine(&ocf(&a, "ip=192.0.2.4 nic=nix0", "stop"));
}

#[test]
fn no_parameter_is_ignored() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    for wrong in [
        "arp_count=0",
        "arp_interval=x",
        "arp_count_refresh=-1",
        "arp_bg=perhaps",
        "arp_sender=nping",
        "arp_sender=ipoibarping",
        "send_arp_opts=-b",
        "run_arping=2",
        "nodad=true",
        "noprefixroute=x",
        "preferred_lft=60",
        "flush_routes=x",
        "check_link_status=x",
        "unique_clone_address=true",
        "network_namespace=a/b",
        "lvs_support=true",
        "lvs_ipv6_addrlabel=true",
        "lvs_ipv6_addrlabel_value=7",
        "mac=01:00:5e:00:00:01",
        "clusterip_hash=sourceip",
        "local_start_script=/bin/true",
        "cidr_netmask=0",
        "cidr_netmask=33",
        "netmask=255.0.255.0",
        "broadcast=here",
        "nic=a/b",
        "iflabel=much-too-long-a-label",
        "nick=eth0",
    ] {
        let parameters = format!("ip=192.0.2.4 {wrong}");
        let name = wrong.split('=').next().unwrap();
        for action in ["start", "monitor", "validate-all"] {
            let said = ocf(&a, &parameters, action);
            assert_eq!(said.code(), 6, "{wrong} {action}: {}", said.err);
            assert!(said.err.starts_with("ocf-exit-reason:") && said.err.lines().count() == 1, "{}", said.err);
            if !["cidr_netmask", "netmask", "broadcast", "nic", "iflabel"].contains(&name) {
                assert!(said.err.contains(name), "{wrong}: {}", said.err);
            }
        }
    }
    assert_eq!(line(&a, "192.0.2.4"), "");
}

/// What was started is stopped, whatever has become of the other parameters.
#[test]
fn a_stop_is_kept_from_nothing_by_what_does_not_concern_it() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    fine(&ocf(&a, "ip=192.0.2.4", "start"));
    fine(&ocf(&a, "ip=192.0.2.4 arp_count=0 nick=eth0 lvs_support=true flush_routes=x", "stop"));
    assert_eq!(line(&a, "192.0.2.4"), "");
}

#[test]
fn the_loopback_is_a_place_too() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    fine(&ocf(&a, "ip=127.0.0.3", "start"));
    let held = line(&a, "127.0.0.3");
    assert!(held.contains(" lo ") && held.contains("127.0.0.3/8 scope host"), "{held}");
    fine(&ocf(&a, "ip=127.0.0.3", "monitor"));
    fine(&ocf(&a, "ip=127.0.0.3", "stop"));
    assert_eq!(line(&a, "127.0.0.3"), "");
}

#[test]
fn heartbeats_forms_are_taken_by_heartbeats_names() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let names = Names::new();
    for (name, address, spec) in [
        ("IPaddr", "192.0.2.4", "192.0.2.4/24/eth0/192.0.2.255"),
        ("IPaddr", "192.0.2.5", "192.0.2.5/24/192.0.2.255"),
        ("IPaddr", "192.0.2.6", "192.0.2.6"),
        ("IPaddr2", "192.0.2.7", "192.0.2.7/24/eth0:web"),
        ("IPv6addr", "2001:db8::4", "2001:db8::4/64/eth0"),
    ] {
        let call = |action: &str| names.call(&a, name, &format!("{spec} {action}"));
        let status = |word: &str, code: i32| {
            let said = call("status");
            assert_eq!((said.out.as_str(), said.code()), (format!("{word}\n").as_str(), code), "{}", said.err);
        };
        status("stopped", 7);
        let capture = Capture::on(&b);
        fine(&call("start"));
        // Nobody announces it again later.
        for _ in 0..5 {
            match address.contains(':') {
                true => drop(capture.advertisement(address)),
                false => {
                    assert_eq!((capture.arp(address).form, capture.arp(address).form), (Form::Request, Form::Reply))
                }
            }
        }
        status("running", 0);
        assert_eq!(call("monitor").code(), 0);
        fine(&call("stop"));
        status("stopped", 7);
        assert_eq!(line(&a, address), "");
    }
    assert!(line(&a, "192.0.2.1").contains("192.0.2.1/24"));
}

#[test]
fn wrong_words_by_heartbeats_names_are_said_by_these() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let names = Names::new();
    for (name, words, code, what) in [
        ("IPaddr", "192.0.2.444/24/eth0 start", 2, "IPaddr: '192.0.2.444' is not an IP address"),
        ("IPaddr", "192.0.2.4/33/eth0 start", 2, "IPaddr: '33' is not a prefix length"),
        ("IPaddr2", "192.0.2.4/24/nix0 start", 6, "IPaddr2: 192.0.2.4: there is no interface nix0"),
        ("IPaddr2", "192.0.2.4 begin", 3, "IPaddr2: 'begin' is no action"),
        ("IPv6addr", "192.0.2.4/24/eth0 start", 2, "IPv6addr: 192.0.2.4 is not an IPv6 address"),
        ("IPv6addr", "fe80::4/64 start", 2, "name the interface"),
        ("IPaddr", "198.51.100.4 start", 1, "IPaddr: 198.51.100.4: no route leads to it"),
    ] {
        says(&names.call(&a, name, words), code, what);
    }
}

#[test]
fn ipv6addrs_parameters_and_statuses_are_its_own() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, _b) = two_hosts(&lab);
    let names = Names::new();
    let six =
        |parameters: &str, action: &str| agent(a.command(names.path("IPv6addr").to_str().unwrap()), parameters, action);
    fine(&six("ipv6addr=2001:db8::4/64", "start"));
    fine(&six("ipv6addr=2001:db8::4", "monitor"));
    assert_eq!(six("ipv6addr=2001:db8::4", "status").out, "running\n");
    fine(&six("ipv6addr=2001:db8::4", "stop"));
    fine(&six("ipv6addr=fe80::4 nic=eth0", "start"));
    fine(&six("ipv6addr=fe80::4 nic=eth0", "stop"));
    says(&six("ipv6addr=fe80::4", "start"), 1, "name the interface");
    says(&ocf(&a, "ip=fe80::4", "start"), 6, "name the interface");
    says(&six("", "start"), 6, "the parameter ipv6addr is missing");
    says(&six("ipv6addr=192.0.2.4", "start"), 6, "192.0.2.4 is not an IPv6 address");
}

/// Whether resource-agents is there, which brings the suites. In CI it must be,
/// where there is any to be had.
fn has_suites() -> bool {
    let there = ["/usr/sbin/ocft", "/usr/sbin/ocf-tester"].into_iter().all(|path| std::path::Path::new(path).exists());
    if !there {
        let required = std::env::var_os("CI").is_some() && std::env::var_os("HBKIT_WITHOUT_SUITES").is_none();
        assert!(!required, "resource-agents is required in CI");
        eprintln!("skipped: ocft and ocf-tester are needed: package resource-agents");
    }
    there
}

/// Runs a suite of resource-agents on the agent, on a host of its own; what it
/// passes must be all of `count` cases.
fn passes(suite: &str, count: u32) {
    if !has_suites() {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("suite");
    let mut command = host.command("unshare");
    command.env("HURRY", "1").args(["--mount", project("tests/it/ocf-suite").to_str().unwrap()]);
    command.arg(tool("ipaddr-agent")).arg(suite);
    let said = finish(command, b"");
    if said.out.contains("skipped") {
        eprintln!("{}", said.out);
        return;
    }
    assert_eq!(said.out, format!("{suite} {count} of {count}\n"), "{}", said.err);
    assert_eq!(said.code(), 0, "{}", said.err);
}

#[test]
fn ocf_tester_is_content() {
    need_namespaces!();
    passes("ocf-tester", 3);
}

#[test]
fn the_cases_of_ipaddr2_pass() {
    need_namespaces!();
    passes("IPaddr2", 20);
}

#[test]
fn the_ipv4_cases_of_ipaddr2_pass() {
    need_namespaces!();
    passes("IPaddr2v4", 22);
}

#[test]
fn the_ipv6_cases_of_ipaddr2_pass() {
    need_namespaces!();
    passes("IPaddr2v6", 20);
}

#[test]
fn the_cases_of_ipv6addr_pass() {
    need_namespaces!();
    passes("IPv6addr", 14);
}

/// A cluster of one node manages addresses with the agent: starts, failures and
/// their reasons, stops. Not required: nobody installs a cluster manager for it.
#[test]
fn pacemaker_manages_addresses_with_it() {
    need_namespaces!();
    let needed = ["corosync", "pacemakerd", "crm_mon", "crm_resource", "cibadmin"];
    if let Some(missing) = needed.iter().find(|name| !std::path::Path::new("/usr/sbin").join(name).exists()) {
        eprintln!("skipped: no {missing}: packages pacemaker, pacemaker-cli-utils, corosync");
        return;
    }
    let users = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    if !users.trim_end().ends_with(&u32::MAX.to_string()) {
        eprintln!("skipped: the user hacluster cannot be become in this user namespace");
        return;
    }
    let lab = Lab::new();
    let host = lab.host("cluster");
    let mut command = host.command("unshare");
    command.args(["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"]);
    command.arg(project("tests/it/pacemaker")).arg(tool("ipaddr-agent"));
    let said = finish(command, b"");
    assert_eq!(said.code(), 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("ok other addresses stay"), "{}{}", said.out, said.err);
}

/// The description is valid by OCF's own grammar, where that is installed.
#[test]
fn the_meta_data_is_valid_by_every_name() {
    let names = Names::new();
    let grammars =
        ["--dtdvalid /usr/share/resource-agents/ra-api-1.dtd", "--relaxng /usr/share/resource-agents/metadata.rng"];
    let installed = |grammar: &str| std::path::Path::new(grammar.split(' ').nth(1).unwrap()).exists();
    let can = Command::new("xmllint").arg("--version").output().is_ok() && grammars.into_iter().all(installed);
    for (name, parameter) in [("IPaddr", "ip"), ("IPaddr2", "ip"), ("IPv6addr", "ipv6addr")] {
        let said = Said::from(Command::new(names.path(name)).arg("meta-data").output().unwrap());
        fine(&said);
        assert!(said.out.contains(&format!("<resource-agent name=\"{name}\"")), "{}", said.out);
        assert!(said.out.contains(&format!("<parameter name=\"{parameter}\" unique=\"1\" required=\"1\">")));
        for grammar in grammars.into_iter().filter(|_| can) {
            let mut command = Command::new("xmllint");
            command.args(["--noout", "--nonet"]).args(grammar.split(' ')).arg("-");
            let checked = finish(command, said.out.as_bytes());
            assert_eq!(checked.code(), 0, "{name} {grammar}: {}", checked.err);
        }
    }
    if !can {
        eprintln!("skipped: the grammars of OCF: xmllint (libxml2-utils) and resource-agents are needed");
    }
}

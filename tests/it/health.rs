//! What becomes of a group whose address, interface or service does not work, on two
//! supervised nodes.

use std::fs;
use std::time::Duration;

use crate::hb_supervise::{ADDRESS, Cluster, Node, Plan, TWO_LINKS, running, started_on, time_of};
use crate::lab::{Running, command, finish, wait_until};
use crate::need_namespaces;

fn moves(line: &str) -> bool {
    line.starts_with("do ") && (line.contains(" start ") || line.contains(" stop "))
}

fn stops(line: &str) -> bool {
    line.starts_with("why ") && line.contains(" stop ")
}

/// The cable of the service network is pulled at the owner; the other carries on.
#[test]
fn s33_with_its_service_cable_pulled_the_owner_hands_over_once() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    cluster.switch.ip("link set p-node1-eth0 down");
    let down = one.wait_for("the kernel tells", |line| line.starts_with("carrier ") && line.contains(" down "));
    let stop = one.wait_for("node1 gives up", stops);
    assert!(stop.contains("interface eth0 has no carrier, and node2 can serve it"), "{stop}");
    let started = two.wait_for("node2 serves", started_on("node2"));
    eprintln!("S33: node2 serves {:.3} s after the carrier went", time_of(&started) - time_of(&down));
    assert!(cluster.answers(ADDRESS) && !cluster.nodes[0].has(ADDRESS));
    assert_eq!(two.look_for(Duration::from_secs(2), moves), None);
    // Its preferred node wants it back when it is able to.
    cluster.switch.ip("link set p-node1-eth0 up");
    one.wait_for("node1 serves again", started_on("node1"));
    wait_until("only node1 has it", || cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
}

#[test]
fn s33_both_cables_pulled_nothing_moves() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    cluster.switch.ip("link set p-node2-eth0 down");
    two.wait_for("node2 knows", |line| line.starts_with("carrier ") && line.contains(" down "));
    cluster.switch.ip("link set p-node1-eth0 down");
    one.wait_for("node1 knows", |line| line.starts_with("carrier ") && line.contains(" down "));
    assert_eq!(one.look_for(Duration::from_secs(3), moves), None);
    assert_eq!(two.look_for(Duration::from_millis(10), moves), None);
    assert!(cluster.nodes[0].has(ADDRESS));
    // The one that is back first takes it.
    cluster.switch.ip("link set p-node2-eth0 up");
    two.wait_for("node2 serves", started_on("node2"));
    assert!(cluster.answers(ADDRESS) && !cluster.nodes[0].has(ADDRESS));
}

#[test]
fn s34_with_the_heartbeat_cable_pulled_nothing_moves() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    cluster.nodes[1].host.ip("link set eth1 down");
    one.wait_for("the link is dead", |line| line.starts_with("link ") && line.contains("node2/bcast:eth1 dead"));
    assert_eq!(two.look_for(Duration::from_secs(2), moves), None);
    let told = |line: &str| moves(line) || (line.starts_with("carrier ") && line.contains(" down "));
    assert_eq!(one.look_for(Duration::from_millis(10), told), None);
    assert!(cluster.nodes[0].has(ADDRESS) && cluster.answers(ADDRESS));
}

#[test]
fn s46_an_interface_that_is_set_down_costs_the_group_and_brings_it_back_when_it_is_up() {
    need_namespaces!();
    for plan in [TWO_LINKS, Plan { haresources: "node1 fd09::80/64/eth0 mark::web\n", ..TWO_LINKS }] {
        let address = plan.haresources.split([' ', '/']).nth(1).unwrap();
        let (cluster, mut one, mut two) = running(&plan);
        cluster.nodes[0].host.ip("link set eth0 down");
        two.wait_for("node2 serves", started_on("node2"));
        wait_until("node1 does not have it", || !cluster.nodes[0].has(address));
        assert!(cluster.nodes[1].has(address) && cluster.answers(address));
        assert!(!cluster.nodes[0].runs_the_service());
        cluster.nodes[0].host.ip("link set eth0 up");
        cluster.nodes[0].host.ip("addr replace 10.9.0.1/24 dev eth0 broadcast +");
        cluster.nodes[0].host.ip("addr replace fd09::1/64 dev eth0 nodad");
        // Nothing is remembered against it.
        one.wait_for("node1 serves again", started_on("node1"));
        assert!(!one.transcript().contains("it failed here"), "{}", one.transcript());
    }
}

#[test]
fn a_node_that_boots_without_a_carrier_waits_for_it_and_has_not_failed() {
    need_namespaces!();
    let cluster = Cluster::new(&TWO_LINKS);
    cluster.switch.ip("link set p-node1-eth0 down");
    let mut one = cluster.nodes[0].supervise();
    one.wait_for("it waits", |line| line.starts_with("why ") && line.contains(" wait interface eth0 has no carrier"));
    assert!(!cluster.nodes[0].runs_the_service());
    cluster.switch.ip("link set p-node1-eth0 up");
    one.wait_for("node1 serves", started_on("node1"));
    assert!(cluster.nodes[0].has(ADDRESS));
    assert!(!one.transcript().contains(" failed "), "{}", one.transcript());
}

fn maintenance(node: &Node, word: &str) {
    let mut command = command("hb-maintenance");
    command.arg(word).env("HBKIT_RUN", node.directory.join("run"));
    let said = finish(command, b"");
    assert_eq!(said.code(), 0, "{}", said.err);
}

fn held(word: &'static str) -> impl Fn(&str) -> bool {
    move |line| line.starts_with("hold ") && line.contains(&format!(" {word}"))
}

#[test]
fn s100_in_maintenance_a_removed_address_is_reported_and_put_back_afterwards() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    maintenance(&cluster.nodes[0], "on");
    one.wait_for("it is on", |line| line.starts_with("maintenance ") && line.ends_with(" on"));
    cluster.nodes[0].host.ip("addr del 10.9.0.80/24 dev eth0");
    one.wait_for("it is reported", held("removed"));
    assert_eq!(one.look_for(Duration::from_secs(1), |line| held("held")(line) || moves(line)), None);
    assert!(!cluster.nodes[0].has(ADDRESS));
    maintenance(&cluster.nodes[0], "off");
    one.wait_for("it is there again", held("held"));
    assert!(cluster.nodes[0].has(ADDRESS));
}

#[test]
fn s47_a_removed_address_is_back_soon() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    let mut watch: Running = cluster.nodes[0].host.start("ip", &["-o", "-ts", "monitor", "address"]);
    let of = |line: &str| line.contains(" 10.9.0.80/");
    let stamp = |line: &str| -> f64 {
        let clock = line.split(['[', 'T', ']']).nth(2).unwrap();
        clock.split(':').fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
    };
    // Its lifetime changes with every renewal: the watch has begun.
    watch.wait_for("a renewal", of);
    for _ in 0..3 {
        cluster.nodes[0].host.ip("addr del 10.9.0.80/24 dev eth0");
        let gone = watch.wait_for("it is gone", |line| of(line) && line.contains("Deleted"));
        let back = watch.wait_for("it is back", |line| of(line) && !line.contains("Deleted"));
        eprintln!("S47: back after {:.1} ms", (stamp(&back) - stamp(&gone)) * 1000.0);
        one.wait_for("it is there again", held("held"));
    }
    assert!(cluster.nodes[0].has(ADDRESS));
}

#[test]
fn s45_with_a_carrier_that_leads_nowhere_the_ping_node_decides() {
    need_namespaces!();
    let ha_cf = "keepalive 100ms\ndeadtime 1\nwarntime 500ms\ninitdead 3\nauto_failback on\nbcast eth1\n\
                 ping 10.9.0.9\nping_damping 2\n";
    let (cluster, mut one, mut two) = running(&Plan { ha_cf, ..TWO_LINKS });
    cluster.switch.ip("link set p-node1-eth0 nomaster");
    let stop = one.wait_for("node1 gives up", |line| line.starts_with("why ") && line.contains(" stop "));
    assert!(stop.contains("node2 has better connectivity: it reaches 1 of 1 ping nodes and this node 0"), "{stop}");
    two.wait_for("node2 serves", started_on("node2"));
    assert!(cluster.answers(ADDRESS) && !cluster.nodes[0].has(ADDRESS));
    // Its preferred node wants it, but not while it reaches less.
    let moved = |line: &str| line.starts_with("do ") && (line.contains(" start ") || line.contains(" stop "));
    assert_eq!(two.look_for(Duration::from_secs(4), moved), None);
    assert_eq!(one.look_for(Duration::from_millis(10), |line| line.contains(" start ")), None);
    cluster.switch.ip("link set p-node1-eth0 master br0");
    one.wait_for("node1 serves again", started_on("node1"));
    wait_until("only node1 has it", || cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
}

/// Both nodes run, and node1 serves; the service `mark` can be made to fail by a file
/// `sick.web` and to hang by a file `stuck.web` beside it.
fn watched(rules: &str) -> (Cluster, Running, Running) {
    let cluster = Cluster::new(&TWO_LINKS);
    for node in &cluster.nodes {
        let script = "#!/bin/sh\nd=${0%/*}/..\ncase $2 in\nstart) : >\"$d/mark.$1\" ;;\nstop) rm -f \"$d/mark.$1\" ;;\n\
                      status)\n\t[ ! -e \"$d/stuck.$1\" ] || { trap '' TERM; (trap '' TERM; sleep 1000) & sleep 1000; }\n\
                      \t[ ! -e \"$d/sick.$1\" ] || exit 1\n\t[ -e \"$d/mark.$1\" ] || exit 3\n;;\nesac\n";
        fs::write(node.directory.join("resource.d/mark"), script).unwrap();
        let path = node.directory.join("ha.cf");
        let ha_cf = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{ha_cf}resource * interval=200ms within=1h {rules}\n")).unwrap();
    }
    let mut one = cluster.nodes[0].supervise();
    let mut two = cluster.nodes[1].supervise();
    one.wait_for("node1 serves", started_on("node1"));
    two.wait_for("node2 knows", started_on("node1"));
    (cluster, one, two)
}

fn monitor(state: &'static str) -> impl Fn(&str) -> bool {
    move |line| line.starts_with("monitor ") && line.split(' ').nth(3) == Some(state)
}

#[test]
fn s62_a_service_that_died_is_started_again_in_place_and_then_moves() {
    need_namespaces!();
    let (cluster, mut one, mut two) = watched("restarts=1");
    let mark = cluster.nodes[0].directory.join("mark.web");
    fs::remove_file(&mark).unwrap();
    one.wait_for("it is found", monitor("failed"));
    one.wait_for("it is started again", monitor("restarted"));
    one.wait_for("it is well", monitor("running"));
    assert!(mark.exists() && cluster.nodes[0].has(ADDRESS));
    assert_eq!(two.look_for(Duration::from_millis(10), moves), None);
    fs::remove_file(&mark).unwrap();
    let given_up = one.wait_for("it is given up", monitor("given-up"));
    let started = two.wait_for("node2 serves", started_on("node2"));
    eprintln!("S62: node2 serves {:.3} s after the group was given up", time_of(&started) - time_of(&given_up));
    assert!(cluster.nodes[1].runs_the_service() && cluster.answers(ADDRESS));
    assert!(!cluster.nodes[0].has(ADDRESS));
    // It is remembered there: the preferred node does not take it back.
    assert_eq!(two.look_for(Duration::from_secs(2), moves), None);
}

#[test]
fn s63_a_service_that_runs_and_does_not_work_moves() {
    need_namespaces!();
    let (cluster, mut one, mut two) = watched("restarts=1");
    fs::write(cluster.nodes[0].directory.join("sick.web"), "").unwrap();
    one.wait_for("a restart does not help", monitor("given-up"));
    two.wait_for("node2 serves", started_on("node2"));
    assert!(cluster.nodes[1].runs_the_service() && !cluster.nodes[0].runs_the_service());
}

#[test]
fn s64_a_check_that_hangs_and_ignores_sigterm_is_ended_with_its_children_and_fails() {
    need_namespaces!();
    let (cluster, mut one, mut two) = watched("restarts=0 monitor=200ms");
    fs::write(cluster.nodes[0].directory.join("stuck.web"), "").unwrap();
    one.wait_for("it is unknown", |line| monitor("unknown")(line) && line.contains(" n=1 of=3"));
    assert!(cluster.nodes[0].has(ADDRESS));
    one.wait_for("it is unknown", |line| monitor("unknown")(line) && line.contains(" n=2 of=3"));
    one.wait_for("it has failed", monitor("given-up"));
    two.wait_for("node2 serves", started_on("node2"));
    wait_until("nothing of the checks is left", || cluster.nodes[0].pids("sleep").is_empty());
}

#[test]
fn s66_a_check_that_fails_on_both_nodes_leaves_the_group_where_it_is() {
    need_namespaces!();
    let (cluster, mut one, mut two) = watched("restarts=0");
    for node in [1, 0] {
        fs::write(cluster.nodes[node].directory.join("sick.web"), "").unwrap();
    }
    two.wait_for("node2 serves", started_on("node2"));
    let stays =
        |line: &str| line.starts_with("why ") && line.contains(" alarm a resource failed, and no other node can");
    two.wait_for("it stays", stays);
    assert_eq!(two.look_for(Duration::from_secs(3), moves), None);
    assert_eq!(one.look_for(Duration::from_millis(10), |line| line.contains(" start web")), None);
    assert!(cluster.nodes[1].has(ADDRESS) && cluster.nodes[1].runs_the_service() && cluster.answers(ADDRESS));
    fs::remove_file(cluster.nodes[1].directory.join("sick.web")).unwrap();
    two.wait_for("it works again", |line| line.starts_with("why ") && line.contains(" over it works again"));
}

#[test]
fn in_maintenance_a_service_that_fails_is_only_reported_and_restarted_afterwards() {
    need_namespaces!();
    let (cluster, mut one, _two) = watched("restarts=1");
    maintenance(&cluster.nodes[0], "on");
    one.wait_for("it is on", |line| line.starts_with("maintenance ") && line.ends_with(" on"));
    let mark = cluster.nodes[0].directory.join("mark.web");
    fs::remove_file(&mark).unwrap();
    one.wait_for("it is reported", monitor("failed"));
    assert_eq!(one.look_for(Duration::from_secs(3), |line| monitor("restart")(line) || moves(line)), None);
    assert!(!mark.exists());
    maintenance(&cluster.nodes[0], "off");
    one.wait_for("it is started again", monitor("restarted"));
    assert!(mark.exists());
}

#[test]
fn a_monitor_that_is_killed_is_replaced_and_goes_on() {
    need_namespaces!();
    let (cluster, mut one, _two) = watched("restarts=1");
    cluster.nodes[0].signal("hb-monitor", "KILL");
    one.wait_for_error(|line| line.contains("hb-monitor has ended with status 137: another one takes its place"));
    fs::remove_file(cluster.nodes[0].directory.join("mark.web")).unwrap();
    one.wait_for("it is started again", monitor("restarted"));
    assert!(cluster.nodes[0].has(ADDRESS));
}

#[test]
fn who_else_claims_an_address_that_is_served_is_told_and_the_address_announced_again() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    wait_until("somebody listens", || !cluster.nodes[0].pids("send-arp").is_empty());
    assert!(cluster.nodes[1].pids("send-arp").is_empty());
    wait_until("the claim is told", || {
        assert_eq!(cluster.client.run("send-arp -F -I eth0 10.9.0.80").code(), 0);
        one.look_for(Duration::from_millis(500), |line| line.starts_with("conflict ")).is_some()
    });
    one.wait_for("it is announced again", |line| line.starts_with("do ") && line.contains(" reannounce "));
    wait_until("the client reaches it", || cluster.answers(ADDRESS));
    // It ends with what it listens for.
    assert_eq!(cluster.nodes[0].standby("local").code(), 0);
    one.wait_for("node2 serves", started_on("node2"));
    wait_until("nobody listens", || cluster.nodes[0].pids("send-arp").is_empty());
}

//! What becomes of a group whose address, interface or service does not work, on two
//! supervised nodes.

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

//! Nodes that do not hear each other, start apart, or come back.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{ADDRESS, Cluster, NO_FAILBACK, Node, Plan, TWO_LINKS, configure, cut_apart, running, started_on};
use crate::lab::{Running, full_pipe, wait_until};
use crate::need_namespaces;

fn moves(line: &str) -> bool {
    line.starts_with("do ") && (line.contains(" start ") || line.contains(" stop "))
}

#[test]
fn s05_cut_in_two_with_quorum_alive_both_serve_and_when_it_heals_one_gives_way_with_one_alarm() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    cut_apart(&cluster);
    two.wait_for("node2 serves too", started_on("node2"));
    assert!(cluster.nodes.iter().all(|node| node.has(ADDRESS)), "both serve, as the manual says");
    for (node, other) in [(0, 2), (1, 1)] {
        cluster.nodes[node].host.ip(&format!("neigh del 10.9.0.{other} dev eth0"));
    }
    cluster.nodes[0].host.ip("link set eth1 up");
    let alarm = |line: &str| line.starts_with("why ") && line.contains(" alarm ");
    one.wait_for("node1 raises the alarm", alarm);
    one.wait_for("and says again that it has it", |line| line.contains(" reannounce "));
    assert_eq!(one.look_for(Duration::from_secs(1), alarm), None, "one alarm for one incident");
    wait_until("node1 alone has it", || cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
    wait_until("the client reaches it", || cluster.answers(ADDRESS));
}

/// A third voter, on the switch.
pub(super) fn witness(cluster: &Cluster, plan: &Plan) -> (Node, Running) {
    let (node, command) = prepare_witness(cluster, plan);
    (node, Running::start(command))
}

fn prepare_witness(cluster: &Cluster, plan: &Plan) -> (Node, Command) {
    let host = cluster.lab.host("witness");
    cluster.lab.plug(&cluster.switch, &host, "eth0");
    host.ip("addr add 10.9.0.3/24 dev eth0 broadcast +");
    let directory = cluster.files.path().join("witness");
    configure(&directory, plan, 1);
    let ha_cf = fs::read_to_string(cluster.nodes[0].directory.join("ha.cf")).unwrap();
    fs::write(directory.join("ha.cf"), ha_cf.replace("ucast eth0 10.9.0.3\n", "ucast eth0 10.9.0.1\n")).unwrap();
    let line = format!("HBKIT_RUN={0}/run hb-witness -C {0} -D {0}/state -N witness", directory.display());
    let mut command = host.command("env");
    command.args(line.split(' '));
    (Node { host, directory, number: 3 }, command)
}

/// Two nodes and a witness, of which two must agree.
pub(super) const MAJORITY: Plan = Plan {
    ha_cf: "keepalive 100ms\ndeadtime 1\nwarntime 500ms\ninitdead 5\nauto_failback on\nquorum majority\n\
            node witness\nucast eth0 10.9.0.3\n",
    ..TWO_LINKS
};

#[test]
fn s103_a_witness_whose_output_nobody_reads_votes() {
    need_namespaces!();
    let cluster = Cluster::new(&MAJORITY);
    let (_third, mut command) = prepare_witness(&cluster, &MAJORITY);
    let (_reader, full) = full_pipe();
    let mut witness = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::null()).spawn().unwrap();
    let mut one = cluster.nodes[0].supervise();
    let mut two = cluster.nodes[1].supervise();
    one.wait_for("node1 serves", started_on("node1"));
    two.wait_for("the witness is heard", |line| line.starts_with("node ") && line.contains(" witness active"));
    cluster.nodes[0].power_off();
    two.wait_for("node2 has two votes of three", started_on("node2"));
    assert!(cluster.nodes[1].has(ADDRESS));
    witness.kill().unwrap();
    witness.wait().unwrap();
}

/// Two nodes, of which node1 serves, and the witness, with their stories.
pub(super) fn three_voters() -> (Cluster, [Running; 2], Node, Running) {
    let cluster = Cluster::new(&MAJORITY);
    let mut one = cluster.nodes[0].supervise();
    let mut two = cluster.nodes[1].supervise();
    let (third, mut watching) = witness(&cluster, &MAJORITY);
    one.wait_for("node1 serves", started_on("node1"));
    two.wait_for("node2 knows", started_on("node1"));
    watching.wait_for("the witness knows", |line| line.contains("node1 active"));
    (cluster, [one, two], third, watching)
}

#[test]
fn s08_s09_a_witness_that_dies_moves_nothing_and_without_it_nobody_takes_what_the_other_has() {
    need_namespaces!();
    let (cluster, [mut one, mut two], third, _watching) = three_voters();

    third.host.kill_all();
    two.wait_for("the witness is dead", |line| line.starts_with("node ") && line.contains(" witness dead "));
    assert_eq!(one.look_for(Duration::from_secs(2), moves), None, "two of three voters are left");
    assert!(cluster.nodes[0].has(ADDRESS));

    // One of three on each side: the owner gives up, and nobody takes over.
    cut_apart(&cluster);
    one.wait_for("node1 gives up", |line| line.starts_with("do ") && line.contains(" stop "));
    one.wait_for("node1 has released it", |line| line.contains(" stopped node=node1"));
    assert_eq!(two.look_for(Duration::from_secs(3), moves), None, "one voter is no majority");
    assert!(cluster.nodes.iter().all(|node| !node.has(ADDRESS) && !node.runs_the_service()));
}

#[test]
fn s13_both_start_without_a_network_and_when_it_comes_the_preferred_node_serves_alone() {
    need_namespaces!();
    let cluster = Cluster::new(&TWO_LINKS);
    let ports = |state: &str| {
        for port in ["p-node1-eth0", "p-node2-eth0"] {
            cluster.switch.ip(&format!("link set {port} {state}"));
        }
        for node in &cluster.nodes {
            node.host.ip(&format!("link set eth1 {state}"));
        }
    };
    ports("down");
    let mut one = cluster.nodes[0].supervise();
    let mut two = cluster.nodes[1].supervise();
    // Longer than initdead.
    let served = |line: &str| line.starts_with("group ") && line.contains(" started ");
    assert_eq!(one.look_for(Duration::from_secs(5), served), None, "nothing works there");
    assert!(cluster.nodes.iter().all(|node| !node.has(ADDRESS)));
    ports("up");
    one.wait_for("node1 serves", started_on("node1"));
    two.wait_for("node2 knows", started_on("node1"));
    wait_until("node1 alone has it", || cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
    assert_eq!(one.look_for(Duration::from_secs(2), |line| line.starts_with("do ") && line.contains(" stop ")), None);
    wait_until("the client reaches it", || cluster.answers(ADDRESS));
}

#[test]
fn s16_an_owner_that_was_installed_anew_comes_back_as_the_standby() {
    need_namespaces!();
    let (cluster, one, mut two) = running(&NO_FAILBACK);
    cluster.nodes[0].power_off();
    drop(one);
    two.wait_for("node2 serves", started_on("node2"));
    // Nothing is left of what it knew: its counter of lives begins anew.
    let _ = fs::remove_dir_all(cluster.nodes[0].directory.join("state"));
    let _ = fs::remove_dir_all(cluster.nodes[0].directory.join("run"));
    cluster.nodes[0].power_on();
    let mut one = cluster.nodes[0].supervise();
    one.wait_for("node1 sees that node2 serves", started_on("node2"));
    two.wait_for("node2 hears it", |line| line.starts_with("node ") && line.contains(" node1 active"));
    assert_eq!(two.look_for(Duration::from_secs(2), moves), None);
    assert!(!cluster.nodes[0].has(ADDRESS) && cluster.nodes[1].has(ADDRESS));
    assert!(cluster.answers(ADDRESS));
}

#[test]
fn s18_of_a_node_of_which_everything_hangs_the_kernel_removes_the_address() {
    need_namespaces!();
    let (cluster, _one, mut two) = running(&TWO_LINKS);
    cluster.nodes[0].signal("ipaddr-agent", "STOP");
    cluster.nodes[0].freeze_all_but_the_holder();
    two.wait_for("node2 serves", started_on("node2"));
    // Its kernel goes on answering for the address until that has gone by itself.
    wait_until("node1 has lost the address", || !cluster.nodes[0].has(ADDRESS));
    assert!(cluster.nodes[1].has(ADDRESS));
    wait_until("the client reaches node2", || cluster.answers(ADDRESS));
}

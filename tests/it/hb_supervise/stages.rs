//! Each process of a node that serves is killed, or stopped and continued, and
//! the address has one owner at most all the time.

use super::*;

/// Of both nodes, what their kernels say of the address.
pub struct Ownership {
    watches: Vec<Running>,
}

impl Ownership {
    /// From a time at which node1 has the address.
    pub fn watch(cluster: &Cluster) -> Ownership {
        assert!(cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
        Ownership { watches: watch_addresses(cluster) }
    }

    /// How often the address has moved; never were there two who had it.
    pub fn moves(mut self, cluster: &Cluster) -> usize {
        let mut events = Vec::new();
        for (node, watch) in self.watches.iter_mut().enumerate() {
            // What happens is said in order: all before this has been.
            cluster.nodes[node].host.ip("addr replace 127.0.0.10/8 dev lo");
            watch.wait_for("the end of the watch", |line| line.contains("127.0.0.10"));
            let story = watch.transcript();
            let of_it = story.lines().filter(|line| line.contains(&format!(" {ADDRESS}/")));
            events.extend(of_it.map(|line| {
                let stamp = line.split(['[', ']']).nth(1).unwrap_or_default().to_owned();
                assert!(!stamp.is_empty(), "{line}");
                (stamp, node, !line.contains("Deleted"))
            }));
        }
        events.sort();
        let (mut held, mut moves) = ([true, false], 0);
        for (stamp, node, has) in &events {
            moves += usize::from(*has && !held[*node]);
            held[*node] = *has;
            assert!(held != [true, true], "two have it at {stamp}: {events:?}");
        }
        moves
    }
}

fn is_stop(line: &str) -> bool {
    line.starts_with("do ") && line.contains(" stop ")
}

const WITH_PING: Plan = Plan {
    ha_cf: "keepalive 100ms\ndeadtime 1\nwarntime 500ms\ninitdead 30\nauto_failback on\nbcast eth1\nping 10.9.0.9\n",
    ..TWO_LINKS
};

#[test]
fn s102_a_listener_a_judge_or_a_prober_that_dies_is_replaced_and_nothing_moves() {
    need_namespaces!();
    for stage in ["hb-listen", "hb-judge", "ping-probe"] {
        let (cluster, mut one, _two) = running(&WITH_PING);
        let ownership = Ownership::watch(&cluster);
        let first = cluster.nodes[0].pids(stage);
        cluster.nodes[0].signal(stage, "KILL");
        one.wait_for_error(|line| line.contains(&format!("{stage} has ended with status 137: another one takes")));
        wait_until("there is another one", || {
            let second = cluster.nodes[0].pids(stage);
            second.len() == 1 && second != first
        });
        assert_eq!(one.look_for(Duration::from_secs(3), is_stop), None, "{stage}");
        assert_eq!(ownership.moves(&cluster), 0, "{stage}");
        assert!(cluster.nodes[0].runs_the_service(), "{stage}");

        // The other one does the work: it is seen that the ping node and the peer
        // go, after their own times and not after initdead.
        cluster.client.ip("addr del 10.9.0.9/24 dev eth0");
        one.wait_for("the ping node is dead", |line| line.starts_with("node ") && line.contains(" 10.9.0.9 dead "));
        cluster.nodes[1].power_off();
        let dead = one.wait_for("node2 is dead", |line| line.starts_with("node ") && line.contains(" node2 dead "));
        assert!(dead.contains(" deadtime="), "{stage}: {dead}");
        assert!(cluster.nodes[0].has(ADDRESS), "{stage}");
    }
}

#[test]
fn s102_a_judge_that_dies_beside_a_dead_peer_costs_nothing() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&WITH_PING);
    cluster.nodes[1].power_off();
    one.wait_for("node2 is dead", |line| line.starts_with("node ") && line.contains(" node2 dead "));
    cluster.nodes[0].signal("hb-judge", "KILL");
    one.wait_for("it is not known of node2", |line| line.starts_with("node ") && line.contains(" node2 init"));
    let dead = one.wait_for("node2 is dead", |line| line.starts_with("node ") && line.contains(" node2 dead "));
    assert!(dead.contains(" initdead=1.0"), "{dead}");
    assert_eq!(one.look_for(Duration::from_secs(2), is_stop), None);
    assert!(cluster.nodes[0].has(ADDRESS));
}

#[test]
fn s102_a_stage_that_does_not_live_for_a_minute_is_not_replaced_again() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    // Each for itself: that another one died says nothing of it.
    for stage in ["hb-judge", "hb-listen"] {
        cluster.nodes[0].signal(stage, "KILL");
        one.wait_for_error(|line| line.contains(&format!("{stage} has ended with status 137: another one takes")));
        wait_until("there is another one", || cluster.nodes[0].pids(stage).len() == 1);
    }
    assert_eq!(one.look_for(Duration::from_secs(1), is_stop), None);
    cluster.nodes[0].signal("hb-listen", "KILL");
    let (status, story, errors) = one.wait();
    assert_eq!(status, 1, "{story}\n{errors}");
    assert!(!cluster.nodes[0].has(ADDRESS) && !cluster.nodes[0].runs_the_service());
    two.wait_for("node2 serves", started_on("node2"));
}

#[test]
fn s19_s20_a_stage_that_is_stopped_costs_the_lease_and_never_makes_two_owners() {
    need_namespaces!();
    for stage in ["hb-listen", "hb-send", "hb-judge", "hb-decide"] {
        let (cluster, mut one, mut two) = running(&TWO_LINKS);
        let ownership = Ownership::watch(&cluster);
        cluster.nodes[0].signal(stage, "STOP");
        two.wait_for("node2 serves", started_on("node2"));
        wait_until("node1 has lost the address", || !cluster.nodes[0].has(ADDRESS));
        cluster.nodes[0].signal(stage, "CONT");
        one.wait_for("node1 stops what it held", is_stop);
        one.wait_for("node1 serves again", started_on("node1"));
        wait_until("only node1 has it", || cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
        assert_eq!(ownership.moves(&cluster), 2, "{stage}");
    }
}

#[test]
fn s21_a_whole_node_that_is_paused_and_goes_on_gives_way() {
    need_namespaces!();
    // Long enough for the kernel alone to end the address in time.
    let ha_cf = "keepalive 100ms\ndeadtime 5\ninitdead 10\nauto_failback on\nbcast eth1\n";
    let (cluster, mut one, mut two) = running(&Plan { ha_cf, ..TWO_LINKS });
    let ownership = Ownership::watch(&cluster);
    let all = ["hb-listen", "hb-judge", "hb-decide", "hb-send", "ipaddr-agent", "hb-supervise"];
    for tool in all {
        cluster.nodes[0].signal(tool, "STOP");
    }
    two.wait_for("node2 serves", started_on("node2"));
    wait_until("node1 has lost the address", || !cluster.nodes[0].has(ADDRESS));
    for tool in all {
        cluster.nodes[0].signal(tool, "CONT");
    }
    one.wait_for("node1 stops what it held", is_stop);
    one.wait_for("node1 serves again", started_on("node1"));
    ownership.moves(&cluster);
}

#[test]
fn s102_what_carries_no_promise_may_die_as_often_as_it_likes() {
    need_namespaces!();
    let ha_cf = format!("{}respawn root /bin/sleep 1000\n", WITH_PING.ha_cf);
    let (cluster, mut one, _two) = running(&Plan { ha_cf: ha_cf.leak(), ..WITH_PING });
    let ownership = Ownership::watch(&cluster);
    let stages = ["ping-probe", "hb-monitor", "hb-respawn"];
    for when in ["", " in 1 s", " in 2 s"] {
        for stage in stages {
            wait_until("it runs", || cluster.nodes[0].pids(stage).len() == 1);
            cluster.nodes[0].signal(stage, "KILL");
            let said = format!("{stage} has ended with status 137: another one takes its place{when}");
            one.wait_for_error(|line| line.ends_with(&said));
        }
    }
    for stage in stages {
        wait_until("it runs again", || cluster.nodes[0].pids(stage).len() == 1);
    }
    assert_eq!(one.look_for(Duration::from_secs(1), is_stop), None);
    assert_eq!(ownership.moves(&cluster), 0);
    // Who has to wait for its turn does not keep the node from ending.
    for stage in stages {
        cluster.nodes[0].signal(stage, "KILL");
    }
    one.wait_for_error(|line| line.contains("hb-respawn") && line.ends_with(" in 4 s"));
    one.signal("TERM");
    assert_eq!(one.wait().0, 0);
}

#[test]
fn s19_a_monitor_that_is_stopped_is_replaced_and_what_failed_meanwhile_is_restarted() {
    need_namespaces!();
    let ha_cf = format!("{}resource * interval=500ms\n", TWO_LINKS.ha_cf);
    let (cluster, mut one, _two) = running(&Plan { ha_cf: ha_cf.leak(), ..TWO_LINKS });
    let ownership = Ownership::watch(&cluster);
    let first = cluster.nodes[0].pids("hb-monitor");
    cluster.nodes[0].signal("hb-monitor", "STOP");
    fs::remove_file(cluster.nodes[0].directory.join("mark.web")).unwrap();
    // Half a minute, and what a busy machine takes.
    let restarted = |line: &str| line.starts_with("monitor ") && line.contains(" restarted ");
    assert!(one.look_for(Duration::from_secs(90), restarted).is_some(), "{}", one.transcript());
    one.wait_for_error(|line| line.contains("hb-monitor does not answer: it is ended"));
    assert_ne!(cluster.nodes[0].pids("hb-monitor"), first);
    assert!(cluster.nodes[0].runs_the_service());
    assert_eq!(ownership.moves(&cluster), 0);
}

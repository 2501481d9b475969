//! hb-witness, and what becomes of it when a part of it dies.

use std::fs;
use std::time::Duration;

use super::partitions::{MAJORITY, three_voters, witness};
use super::{ADDRESS, Cluster, started_on};
use crate::lab::{command, finish, wait_until};
use crate::need_namespaces;

#[test]
fn s102_each_stage_of_a_witness_that_dies_is_replaced_and_it_votes_on() {
    need_namespaces!();
    let (cluster, [_one, mut two], third, mut watching) = three_voters();
    for stage in ["hb-listen", "hb-judge", "hb-decide", "hb-send"] {
        let first = third.pids(stage);
        third.signal(stage, "KILL");
        watching.wait_for_error(|line| line.contains(&format!("{stage} has ended with status 137: another one")));
        wait_until("another one runs", || third.pids(stage).iter().any(|pid| !first.contains(pid)));
    }
    // Those who keep what it hears, and print it.
    let first = third.pids("hb-log");
    third.signal("hb-log", "KILL");
    wait_until("others keep and print", || {
        let pids = third.pids("hb-log");
        pids.len() == 2 && pids.iter().all(|pid| !first.contains(pid))
    });
    let status = || {
        let mut command = command("hb-status");
        command.env("HBKIT_RUN", third.directory.join("run"));
        finish(command, b"").out
    };
    wait_until("it is seen", || status().contains("quorum majority of 3"));
    let moved = |line: &str| line.starts_with("do ") && (line.contains(" start ") || line.contains(" stop "));
    assert_eq!(two.look_for(Duration::from_secs(2), moved), None);
    assert!(cluster.nodes[0].has(ADDRESS));
    // Its vote is needed, and there.
    cluster.nodes[0].power_off();
    two.wait_for("node2 serves", started_on("node2"));
    watching.wait_for("it is told", |line| line.contains("node1 dead"));

    watching.signal("TERM");
    let (status, _, errors) = watching.wait();
    assert_eq!(status, 0, "{errors}");
    for stage in ["hb-listen", "hb-judge", "hb-decide", "hb-send", "hb-log"] {
        wait_until(&format!("{stage} has ended"), || third.pids(stage).is_empty());
    }
}

#[test]
fn a_witness_whose_stage_dies_twice_ends_and_its_stages_run_ahead_of_others() {
    need_namespaces!();
    let cluster = Cluster::new(&MAJORITY);
    let (third, mut watching) = witness(&cluster, &MAJORITY);
    wait_until("it runs", || third.directory.join("run/status").exists());
    if super::beside::can_be_ahead() {
        for stage in ["hb-listen", "hb-judge", "hb-decide", "hb-send"] {
            let policies: Vec<String> = third.pids(stage).iter().map(|pid| super::beside::policy(pid)).collect();
            assert_eq!(policies, ["1 1"], "{stage}");
        }
    }
    for again in ["another one takes its place", "again: everything ends"] {
        wait_until("it lives", || !third.pids("hb-judge").is_empty());
        third.signal("hb-judge", "KILL");
        watching.wait_for_error(|line| line.contains("hb-judge has ended with status 137") && line.ends_with(again));
    }
    let (status, _, errors) = watching.wait();
    assert_eq!(status, 1, "{errors}");
    wait_until("all have ended", || third.pids("hb-decide").is_empty() && third.pids("hb-listen").is_empty());
    assert!(fs::read_to_string(third.directory.join("run/conf/ha.cf")).unwrap().contains("quorum majority"));
}

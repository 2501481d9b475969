//! Who reads the outputs of a node may stop reading, and whoever writes them may die.

use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Stdio};

use super::*;
use crate::lab::ok;

/// A pipe that nobody reads, as the standard output and error of a node.
struct Unread {
    child: Child,
    reader: File,
}

impl Unread {
    fn supervise(node: &Node) -> Unread {
        let (reader, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        let mut command = node.supervisor();
        command.stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
        Unread { child: command.spawn().unwrap(), reader: reader.into() }
    }

    /// All that comes until the end, which is asked for.
    fn read_on(mut self) -> (i32, String) {
        ok(std::process::Command::new("kill").arg(self.child.id().to_string()));
        let mut text = Vec::new();
        self.reader.read_to_end(&mut text).unwrap();
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }
}

/// A service that says more than anybody keeps for who does not read it.
fn make_talkative(cluster: &Cluster) {
    for node in &cluster.nodes {
        let script = node.directory.join("resource.d/mark");
        let text = fs::read_to_string(&script).unwrap();
        let talk = "line=$(printf '%0900d' 0)\ni=0\n\
            while [ $2 = start ] && [ $i -lt 400 ]; do echo \"$i $line\" && i=$((i + 1)); done\n";
        fs::write(&script, text.replacen("#!/bin/sh\n", &format!("#!/bin/sh\n{talk}"), 1)).unwrap();
    }
}

#[test]
fn s103_a_reader_of_both_outputs_that_stops_reading_holds_nothing_up() {
    need_namespaces!();
    let cluster = Cluster::new(&TWO_LINKS);
    make_talkative(&cluster);
    let one = Unread::supervise(&cluster.nodes[0]);
    let mut two = cluster.nodes[1].supervise();
    two.wait_for("node1 serves", started_on("node1"));
    let stages = ["hb-listen", "hb-judge", "hb-decide", "hb-send", "ipaddr-agent", "hb-monitor"];
    let pids = || stages.map(|stage| cluster.nodes[0].pids(stage));
    let before = pids();
    assert!(before.iter().all(|pids| pids.len() == 1), "{before:?}");

    assert_eq!(cluster.nodes[0].standby("all").code(), 0);
    two.wait_for("node2 serves", started_on("node2"));
    cluster.nodes[1].power_off();
    wait_until("node1 takes over", || cluster.nodes[0].has(ADDRESS) && cluster.answers(ADDRESS));
    wait_until("all of it", || cluster.nodes[0].runs_the_service());
    assert_eq!(pids(), before);

    let (status, text) = one.read_on();
    let shown = text.chars().rev().take(4_000).collect::<Vec<_>>().into_iter().rev().collect::<String>();
    assert_eq!(status, 0, "{shown}");
    // What is missing is counted where it stood; what was said last is there.
    let missing: Vec<u64> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("hb-log: ")?.strip_suffix(" lines are missing here: nobody read them in time")
        })
        .map(|count| count.parse().unwrap())
        .collect();
    let there = text.lines().filter(|line| line.starts_with("10.9.0.80: mark: ")).count();
    assert!(!missing.is_empty(), "{shown}");
    let missing: u64 = missing.iter().sum();
    assert!(missing + u64::try_from(there).unwrap() >= 800, "{missing} missing, {there} there");
    assert!(text.lines().any(|line| line.starts_with("node ") && line.contains(" node2 dead ")), "{shown}");
    assert!(text.lines().any(|line| line.starts_with("do ") && line.contains(" exit")), "{shown}");
    assert!(!text.contains("has ended with status"), "{shown}");
}

#[test]
fn s102_who_writes_the_outputs_is_replaced_when_it_dies_and_when_it_is_stopped() {
    need_namespaces!();
    for signal in ["KILL", "STOP"] {
        let (cluster, mut one, _two) = running(&TWO_LINKS);
        let teller = || fs::read_to_string(cluster.nodes[0].directory.join("run/teller")).unwrap().trim().to_owned();
        let first = teller();
        assert!(cluster.nodes[0].pids("hb-log").contains(&first));
        ok(std::process::Command::new("kill").args([&format!("-{signal}"), &first]));
        one.wait_for_error(|line| line.contains("hb-log has ended with status 137: another one takes its place"));
        wait_until("there is another one", || teller() != first && cluster.nodes[0].pids("hb-log").contains(&teller()));
        cluster.nodes[0].host.ip("link set eth1 down");
        one.wait_for("what happens is said", |line| line.contains("node2/bcast:eth1 dead"));
        let moved = |line: &str| line.starts_with("do ") && line.contains(" stop ");
        assert_eq!(one.look_for(Duration::from_millis(500), moved), None, "{signal}");
        assert!(cluster.nodes[0].has(ADDRESS), "{signal}");
    }
}

//! A supervisor ends without releasing anything, and comes back: what runs goes on.

use std::time::SystemTime;

use super::stages::Ownership;
use super::*;

/// Times with which the kernel ends addresses before their leases end, and that leave
/// room for a start.
const SLOW: Plan =
    Plan { ha_cf: "keepalive 100ms\ndeadtime 5\nwarntime 2\ninitdead 10\nauto_failback on\nbcast eth1\n", ..TWO_LINKS };

/// When the service of a node was started last.
fn started_at(node: &Node) -> SystemTime {
    fs::metadata(node.directory.join("mark.web")).unwrap().modified().unwrap()
}

fn goes_on(line: &str) -> bool {
    line.ends_with(": 10.9.0.80: it runs, and goes on")
}

fn is_action(line: &str) -> bool {
    line.starts_with("do ") && (line.contains(" stop ") || line.contains(" start "))
}

impl Node {
    /// All of hbkit at once.
    fn kill_but_the_watch(&self) {
        let watch = self.pids("ip");
        let all = self.host.run(&format!("ip netns pids {}", self.host.namespace)).out;
        let pids: Vec<&str> = all.split_ascii_whitespace().filter(|pid| !watch.iter().any(|one| one == pid)).collect();
        // One that has ended meanwhile is no failure.
        self.host.run(&format!("kill -KILL {}", pids.join(" ")));
    }
}

/// node1 serves on, as if nothing had been, and is fit to be taken over from.
fn is_as_before(cluster: &Cluster, ownership: Ownership, since: SystemTime, one: &mut Running, two: &mut Running) {
    // Longer than what was promised to an earlier life lasts.
    assert_eq!(one.look_for(Duration::from_secs(6), is_action), None);
    assert_eq!(two.look_for(Duration::from_millis(10), is_action), None);
    assert_eq!(ownership.moves(cluster), 0);
    assert_eq!(started_at(&cluster.nodes[0]), since, "the service was touched");
    let said = cluster.nodes[0].standby("local");
    assert_eq!(said.code(), 0, "{}{}", said.out, said.err);
    assert!(!cluster.nodes[0].has(ADDRESS) && cluster.nodes[1].has(ADDRESS));
}

fn restart(node: &Node) -> Said {
    let mut command = command("hb-supervise");
    command.args(["--restart", "-C"]).arg(&node.directory).env("HBKIT_RUN", node.directory.join("run"));
    finish(command, b"")
}

#[test]
fn s95_a_restart_in_place_moves_nothing() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&SLOW);
    let (ownership, since) = (Ownership::watch(&cluster), started_at(&cluster.nodes[0]));
    let first = cluster.nodes[0].pids("hb-decide");
    for _ in 0..2 {
        let said = restart(&cluster.nodes[0]);
        assert_eq!(said.code(), 0, "{}", said.err);
        one.wait_for_error(goes_on);
        one.wait_for("what was leased is prolonged", |line| line.starts_with("do ") && line.contains(" renew "));
    }
    let second = cluster.nodes[0].pids("hb-decide");
    assert!(second.len() == 1 && first != second);
    is_as_before(&cluster, ownership, since, &mut one, &mut two);
}

#[test]
fn s17_s95_everything_is_killed_and_comes_back_within_the_lease() {
    need_namespaces!();
    let (cluster, one, mut two) = running(&SLOW);
    let (ownership, since) = (Ownership::watch(&cluster), started_at(&cluster.nodes[0]));
    cluster.nodes[0].kill_but_the_watch();
    drop(one);
    let mut one = cluster.nodes[0].supervise();
    one.wait_for_error(goes_on);
    is_as_before(&cluster, ownership, since, &mut one, &mut two);
}

#[test]
fn s17_the_script_alone_is_killed_and_another_one_takes_its_place() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&SLOW);
    let (ownership, since) = (Ownership::watch(&cluster), started_at(&cluster.nodes[0]));
    one.signal("KILL");
    one.wait_for_error(|line| line.contains("another one takes its place"));
    one.wait_for_error(goes_on);
    is_as_before(&cluster, ownership, since, &mut one, &mut two);
}

#[test]
fn s17_who_comes_back_too_late_cleans_up_first() {
    need_namespaces!();
    let (cluster, one, mut two) = running(&TWO_LINKS);
    let ownership = Ownership::watch(&cluster);
    cluster.nodes[0].signal("ipaddr-agent", "KILL");
    cluster.nodes[0].host.kill_all();
    drop(one);
    two.wait_for("node2 serves", started_on("node2"));
    assert!(cluster.nodes[0].runs_the_service(), "nobody has stopped it");
    fs::write(cluster.nodes[0].directory.join("ha.cf"), {
        let text = fs::read_to_string(cluster.nodes[0].directory.join("ha.cf")).unwrap();
        text.replace("auto_failback on", "auto_failback off")
    })
    .unwrap();
    let mut one = cluster.nodes[0].supervise();
    one.wait_for("it is stopped", |line| line.starts_with("group ") && line.contains(" stopped node=node1"));
    assert!(!cluster.nodes[0].runs_the_service());
    assert!(cluster.nodes[1].has(ADDRESS));
    let _ = ownership;
}

#[test]
fn s95_what_does_not_run_any_more_is_stopped_and_started_anew() {
    need_namespaces!();
    let (cluster, one, _two) = running(&SLOW);
    cluster.nodes[0].kill_but_the_watch();
    drop(one);
    fs::remove_file(cluster.nodes[0].directory.join("mark.web")).unwrap();
    let mut one = cluster.nodes[0].supervise();
    one.wait_for("it is stopped", |line| line.starts_with("group ") && line.contains(" stopped node=node1"));
    one.wait_for("somebody serves it", |line| started_on("node1")(line) || started_on("node2")(line));
    assert!(cluster.nodes.iter().filter(|node| node.has(ADDRESS)).count() == 1);
}

#[test]
fn s95_what_is_another_group_now_is_stopped_as_it_was_started() {
    need_namespaces!();
    let (cluster, one, _two) = running(&SLOW);
    let node = &cluster.nodes[0];
    node.kill_but_the_watch();
    drop(one);
    for node in &cluster.nodes {
        fs::write(node.directory.join("haresources"), "node1 10.9.0.80/24/eth0 mark::other\n").unwrap();
    }
    let mut one = node.supervise();
    one.wait_for_error(|line| line.contains("10.9.0.80: it is another one now"));
    one.wait_for("it is stopped", |line| line.starts_with("group ") && line.contains(" stopped node=node1"));
    assert!(!node.runs_the_service(), "mark::web was left");
}

#[test]
fn s102_who_decides_dies_and_nothing_moves() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&SLOW);
    let (ownership, since) = (Ownership::watch(&cluster), started_at(&cluster.nodes[0]));
    cluster.nodes[0].signal("hb-decide", "KILL");
    one.wait_for_error(|line| line.contains("hb-decide has ended with status 137: another one takes its place"));
    one.wait_for_error(goes_on);
    is_as_before(&cluster, ownership, since, &mut one, &mut two);
}

#[test]
fn s102_who_decides_dies_beside_a_dead_peer_and_nothing_moves() {
    need_namespaces!();
    let (cluster, mut one, two) = running(&SLOW);
    cluster.nodes[1].power_off();
    drop(two);
    one.wait_for("node2 is dead", |line| line.starts_with("node ") && line.contains(" node2 dead "));
    let since = started_at(&cluster.nodes[0]);
    cluster.nodes[0].signal("hb-decide", "KILL");
    one.wait_for_error(goes_on);
    assert_eq!(one.look_for(Duration::from_secs(6), is_action), None);
    assert!(cluster.nodes[0].has(ADDRESS) && started_at(&cluster.nodes[0]) == since);
}

#[test]
fn s102_the_sender_dies_and_its_life_goes_on() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&SLOW);
    let (ownership, since) = (Ownership::watch(&cluster), started_at(&cluster.nodes[0]));
    cluster.nodes[0].signal("hb-send", "KILL");
    one.wait_for_error(|line| line.contains("hb-send has ended with status 137: another one takes its place"));
    one.wait_for_error(|line| line.contains("the life of an earlier hb-send goes on"));
    is_as_before(&cluster, ownership, since, &mut one, &mut two);
}

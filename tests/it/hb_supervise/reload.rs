//! A configuration is changed under a cluster that runs.

use super::*;

fn rewrite(node: &Node, file: &str, change: impl Fn(&str) -> String) {
    let path = node.directory.join(file);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, change(&text)).unwrap();
}

fn add(node: &Node, line: &str) {
    rewrite(node, "ha.cf", |text| format!("{text}{line}\n"));
}

fn reload(node: &Node) -> Said {
    let mut command = command("hb-supervise");
    command.args(["--reload", "-C"]).arg(&node.directory).env("HBKIT_RUN", node.directory.join("run"));
    finish(command, b"")
}

fn is_move(line: &str) -> bool {
    line.starts_with("do ") && (line.contains(" stop ") || line.contains(" start "))
}

#[test]
fn s94_a_hundred_reloads_change_what_they_change_and_nobody_notices() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    for turn in 0..100 {
        let node = &cluster.nodes[turn % 2];
        rewrite(node, "ha.cf", |text| {
            let text: String =
                text.lines().filter(|line| !line.starts_with("fail")).map(|line| format!("{line}\n")).collect();
            format!("{text}failback_delay {turn}\n")
        });
        let said = reload(node);
        assert_eq!(said.code(), 0, "{turn}: {}{}", said.out, said.err);
        assert!(turn == 0 || said.err.contains("failback_delay: "), "{turn}: {}", said.err);
    }
    assert_eq!(one.look_for(Duration::from_millis(500), is_move), None);
    assert_eq!(two.look_for(Duration::from_millis(500), is_move), None);
    let taken = |story: &str| story.lines().filter(|line| line.contains(" node1 config the policies ")).count();
    assert_eq!(taken(&one.transcript()), 49, "what is 0 is no change");
    assert!(cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
}

#[test]
fn s94_reloads_at_once_are_done_one_after_the_other_also_while_a_group_moves() {
    need_namespaces!();
    let (cluster, _one, mut two) = running(&TWO_LINKS);
    add(&cluster.nodes[0], "failback_delay 5m");
    assert_eq!(cluster.nodes[0].standby("--no-wait").code(), 0);
    let script = "for n in 1 2 3 4 5; do hb-supervise --reload -C \"$1\" 2>/dev/null & pids=\"$pids $!\"; done\n\
                  for pid in $pids; do wait \"$pid\" || exit 1; done";
    let mut sh = command("sh");
    sh.args(["-c", script, "sh"]).arg(&cluster.nodes[0].directory);
    sh.env("HBKIT_RUN", cluster.nodes[0].directory.join("run"));
    let said = finish(sh, b"");
    assert_eq!(said.code(), 0, "{}", said.err);
    two.wait_for("node2 serves", started_on("node2"));
    wait_until("only node2 has it", || !cluster.nodes[0].has(ADDRESS) && cluster.nodes[1].has(ADDRESS));
}

#[test]
fn s92_s93_a_configuration_with_an_error_changes_nothing_and_is_said() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    let node = &cluster.nodes[0];
    let sound = fs::read(node.directory.join("ha.cf")).unwrap();
    for wrong in ["keepalve 1", "keepalive often", "\u{feff}node node1 node2\r", "node", "deadtime 100ms"] {
        fs::write(node.directory.join("ha.cf"), [&sound, format!("{wrong}\n").as_bytes()].concat()).unwrap();
        let said = reload(node);
        assert_eq!(said.code(), 1, "{wrong}: {}", said.err);
        assert!(said.err.contains("ha.cf:") && said.err.contains(": error: "), "{wrong}: {}", said.err);
    }
    assert_eq!(one.look_for(Duration::from_millis(500), is_move), None);
    assert!(node.has(ADDRESS) && node.runs_the_service());
}

#[test]
fn s93_a_stage_that_dies_begins_again_with_the_configuration_that_runs() {
    need_namespaces!();
    for stage in ["hb-listen", "hb-monitor"] {
        let (cluster, mut one, _two) = running(&TWO_LINKS);
        let node = &cluster.nodes[0];
        fs::write(node.directory.join("ha.cf"), "nonsense\n").unwrap();
        fs::write(node.directory.join("haresources"), "nonsense\n").unwrap();
        let first = node.pids(stage);
        node.signal(stage, "KILL");
        one.wait_for_error(|line| line.contains("another one takes its place"));
        wait_until("there is another one", || node.pids(stage).len() == 1 && node.pids(stage) != first);
        assert_eq!(one.look_for(Duration::from_secs(2), is_move), None, "{stage}");
        assert!(node.has(ADDRESS) && node.runs_the_service(), "{stage}");
    }
}

#[test]
fn what_needs_a_restart_of_all_nodes_is_refused_as_a_whole() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    let node = &cluster.nodes[0];
    rewrite(node, "ha.cf", |text| text.replace("keepalive 100ms", "keepalive 200ms") + "failback_delay 5m\n");
    let said = reload(node);
    assert_eq!(said.code(), 1, "{}", said.err);
    assert!(said.err.contains("keepalive: 0.1 -> 0.2: this needs a restart of all nodes"), "{}", said.err);
    rewrite(node, "ha.cf", |text| text.replace("keepalive 200ms", "keepalive 100ms"));
    let said = reload(node);
    assert!(
        said.code() == 0 && said.err.contains("failback_delay: 0.0 -> 300.0"),
        "it was not taken before: {}",
        said.err
    );
    assert_eq!(one.look_for(Duration::from_millis(500), is_move), None);
}

/// Times that leave room for a node to begin anew in its place.
const SLOW: Plan =
    Plan { ha_cf: "keepalive 100ms\ndeadtime 5\nwarntime 2\ninitdead 10\nauto_failback on\nbcast eth1\n", ..TWO_LINKS };

fn goes_on(line: &str) -> bool {
    line.ends_with(": 10.9.0.80: it runs, and goes on")
}

#[test]
fn groups_come_and_go_and_the_one_that_runs_stays() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&SLOW);
    let [first, second] = &cluster.nodes;
    let new = |line: &str| line.starts_with("group ") && line.contains(" 10.9.0.81 started node=node2");
    for node in [first, second] {
        rewrite(node, "haresources", |text| format!("{text}node2 10.9.0.81/24/eth0 mark::new\n"));
        let said = reload(node);
        assert_eq!(said.code(), 0, "{}", said.err);
        assert!(said.err.contains("10.9.0.81/24/eth0 mark::new: the node begins anew in place"), "{}", said.err);
    }
    one.wait_for_error(goes_on);
    two.wait_for("the new one is served", new);
    assert!(second.has("10.9.0.81") && second.directory.join("mark.new").exists());

    // What runs here stays what it is; what runs elsewhere may change here.
    let sound = fs::read_to_string(first.directory.join("haresources")).unwrap();
    rewrite(first, "haresources", |text| text.replace("mark::web", "mark::other"));
    let said = reload(first);
    assert_eq!(said.code(), 1, "{}", said.err);
    assert!(said.err.contains("10.9.0.80 runs here and is to be another one: hb-standby first"), "{}", said.err);
    fs::write(first.directory.join("haresources"), sound).unwrap();
    rewrite(second, "haresources", |text| text.replace("mark::web", "mark::other"));
    let said = reload(second);
    assert_eq!(said.code(), 0, "{}", said.err);
    two.wait_for_error(|line| line.ends_with(": 10.9.0.81: it runs, and goes on"));
    // Refused until it is known again that node2 can.
    wait_until("node2 takes it", || first.standby("local").code() == 0);
    two.wait_for("node2 serves both", |line| line.contains(" 10.9.0.80 started node=node2"));
    assert!(second.directory.join("mark.other").exists() && !first.runs_the_service());

    // One that goes is stopped by the resources with which it was started.
    let stopped = |line: &str| line.starts_with("group ") && line.contains(" 10.9.0.81 stopped ");
    assert_eq!(second.standby("10.9.0.81").code(), 0);
    one.wait_for("node2 has none", stopped);
    rewrite(second, "haresources", |text| {
        text.lines().filter(|line| !line.contains("mark::new")).map(|line| format!("{line}\n")).collect()
    });
    let said = reload(second);
    assert_eq!(said.code(), 0, "{}", said.err);
    let moves = |line: &str| is_move(line) && line.contains(" 10.9.0.80");
    assert_eq!(two.look_for(Duration::from_millis(500), moves), None);
}

#[test]
fn other_media_are_taken_over_in_place_and_nothing_moves() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&SLOW);
    for (node, story) in cluster.nodes.iter().zip([&mut one, &mut two]) {
        rewrite(node, "ha.cf", |text| text.replace("bcast eth1", "mcast eth1 239.1.2.3 694 1 0"));
        let said = reload(node);
        assert_eq!(said.code(), 0, "{}", said.err);
        let up = |line: &str| line.starts_with("link ") && line.contains("/mcast:eth1") && line.contains(" up");
        if node.number == 2 {
            story.wait_for("it is heard by it", up);
        }
    }
    one.wait_for_error(goes_on);
    assert_eq!(one.look_for(Duration::from_secs(6), is_move), None);
    assert_eq!(two.look_for(Duration::from_millis(10), is_move), None);
    assert!(cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
}

#[test]
fn ping_nodes_times_and_programs_come_and_go_and_nothing_moves() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    let node = &cluster.nodes[0];
    let sound = fs::read_to_string(node.directory.join("ha.cf")).unwrap();
    add(node, "ping 10.9.0.9");
    assert_eq!(reload(node).code(), 0);
    one.wait_for("it is asked", |line| line.starts_with("node ") && line.contains(" 10.9.0.9 ping "));
    add(node, "respawn root /bin/sleep 1000");
    rewrite(node, "ha.cf", |text| text.replace("warntime 500ms", "warntime 600ms"));
    assert_eq!(reload(node).code(), 0);
    one.wait_for("it runs", |line| line.starts_with("respawn ") && line.contains(" sleep started "));

    fs::write(node.directory.join("ha.cf"), sound).unwrap();
    let said = reload(node);
    assert_eq!(said.code(), 0, "{}", said.err);
    wait_until("nobody asks any more", || node.pids("ping-probe").is_empty() && node.pids("hb-respawn").is_empty());
    assert_eq!(one.look_for(Duration::from_secs(2), is_move), None);
    cluster.nodes[1].power_off();
    one.wait_for("node2 is dead", |line| line.starts_with("node ") && line.contains(" node2 dead "));
    assert!(node.has(ADDRESS) && node.runs_the_service());
}

#[test]
fn without_a_supervisor_it_could_not_tell() {
    let place = TempDir::new().unwrap();
    let mut command = command("hb-supervise");
    command.arg("--reload").env("HBKIT_RUN", place.path());
    let said = finish(command, b"");
    assert_eq!(said.code(), 2);
    assert!(said.err.contains("no hb-supervise runs"), "{}", said.err);
}

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
fn what_needs_a_restart_is_refused_as_a_whole() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    let node = &cluster.nodes[0];
    rewrite(node, "ha.cf", |text| text.replace("keepalive 100ms", "keepalive 200ms") + "failback_delay 5m\n");
    let said = reload(node);
    assert_eq!(said.code(), 1, "{}", said.err);
    assert!(said.err.contains("keepalive: 0.1 -> 0.2: this needs a restart"), "{}", said.err);
    rewrite(node, "ha.cf", |text| text.replace("keepalive 200ms", "keepalive 100ms"));
    let said = reload(node);
    assert!(
        said.code() == 0 && said.err.contains("failback_delay: 0.0 -> 300.0"),
        "it was not taken before: {}",
        said.err
    );
    rewrite(node, "haresources", |text| format!("{text}node2 10.9.0.81/24/eth0\n"));
    let said = reload(node);
    assert!(said.code() == 1 && said.err.contains("group: nothing -> 10.9.0.81 "), "{}", said.err);
    assert_eq!(one.look_for(Duration::from_millis(500), is_move), None);
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

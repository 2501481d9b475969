//! What runs beside the pipeline: a watchdog, with a file in its place, programs
//! that are respawned, and the priority of the stages.

use super::*;

/// A cluster whose nodes have more lines in their ha.cf; DIR is the directory of
/// each.
fn with_lines(plan: &Plan, lines: &str) -> Cluster {
    let cluster = Cluster::new(plan);
    for node in &cluster.nodes {
        let path = node.directory.join("ha.cf");
        let text = fs::read_to_string(&path).unwrap() + &lines.replace("DIR", &node.directory.display().to_string());
        fs::write(path, text).unwrap();
        fs::write(device(node), "").unwrap();
    }
    cluster
}

fn device(node: &Node) -> PathBuf {
    node.directory.join("watchdog")
}

/// How often the device was disarmed, and how often fed since.
fn story(node: &Node) -> (usize, usize) {
    let bytes = fs::read(device(node)).unwrap();
    (bytes.iter().filter(|byte| **byte == b'V').count(), bytes.rsplit(|byte| *byte == b'V').next().unwrap().len())
}

fn says(word: &'static str) -> impl Fn(&str) -> bool {
    move |line| line.starts_with("watchdog ") && line.split(' ').nth(3) == Some(word)
}

const SLOW: Plan =
    Plan { ha_cf: "keepalive 100ms\ndeadtime 3\nwarntime 1\ninitdead 6\nauto_failback off\nbcast eth1\n", ..TWO_LINKS };

fn both_with_a_watchdog() -> (Cluster, Running, Running) {
    let cluster = with_lines(&SLOW, "watchdog DIR/watchdog\n");
    let (mut one, mut two) = (cluster.nodes[0].supervise(), cluster.nodes[1].supervise());
    two.wait_for("its watchdog is idle", says("idle"));
    // Either may be said first.
    let (armed, serves) = (says("armed"), started_on("node1"));
    let first = one.wait_for("its watchdog is armed, or it serves", |line| armed(line) || serves(line));
    let second = one.wait_for("the other", |line| if armed(&first) { serves(line) } else { armed(line) });
    let armed = if armed(&first) { first } else { second };
    assert!(armed.contains(" timeout=2.0 kind=stand-in"), "{armed}");
    (cluster, one, two)
}

#[test]
fn s84_s86_the_watchdog_is_armed_while_a_group_is_held_and_released_behind_it() {
    need_namespaces!();
    let (cluster, mut one, mut two) = both_with_a_watchdog();
    wait_until("it is fed", || story(&cluster.nodes[0]).1 > 10);
    assert_eq!(story(&cluster.nodes[1]), (0, 0), "nothing is held there");

    assert_eq!(cluster.nodes[0].standby("local").code(), 0);
    one.wait_for("it has stopped", |line| line.contains(" stopped node=node1"));
    one.wait_for("then it is disarmed", says("idle"));
    assert_eq!(story(&cluster.nodes[0]), (1, 0));
    two.wait_for("the other one is armed", says("armed"));
    two.wait_for("node2 serves", started_on("node2"));

    two.signal("TERM");
    let (status, _, errors) = two.wait();
    assert_eq!(status, 0, "{errors}");
    wait_until("it was disarmed", || story(&cluster.nodes[1]) == (1, 0));
}

#[test]
fn s85_when_everything_is_killed_it_is_fed_no_more_and_not_disarmed() {
    need_namespaces!();
    let (cluster, one, mut two) = both_with_a_watchdog();
    cluster.nodes[0].host.kill_all();
    drop(one);
    let fed = story(&cluster.nodes[0]);
    two.wait_for("node2 serves", started_on("node2"));
    assert_eq!((story(&cluster.nodes[0]), fed.0), (fed, 0));
}

#[test]
fn s87_who_survives_is_fed_on_whichever_node_is_powered_off() {
    need_namespaces!();
    for gone in [1, 0] {
        let (cluster, _one, _two) = both_with_a_watchdog();
        cluster.nodes[gone].power_off();
        let survivor = &cluster.nodes[1 - gone];
        wait_until("the survivor serves", || survivor.has(ADDRESS));
        // Through the death of the other and beyond what the device would wait.
        let mut fed = story(survivor).1;
        for _ in 0..8 {
            let before = fed;
            wait_until("it is fed", || story(survivor).1 > before + 5);
            fed = story(survivor).1;
        }
        assert_eq!(story(survivor).0, 0, "nor was it disarmed");
    }
}

#[test]
fn s85_when_the_supervisor_alone_is_killed_it_is_fed_no_more_and_not_disarmed() {
    need_namespaces!();
    let (cluster, _one, _two) = both_with_a_watchdog();
    cluster.nodes[0].signal("hb-supervise", "KILL");
    wait_until("it has left", || cluster.nodes[0].pids("hb-watchdog").is_empty());
    assert_eq!(story(&cluster.nodes[0]).0, 0);
}

#[test]
fn s18_a_stage_that_hangs_is_a_pulse_that_does_not_come() {
    need_namespaces!();
    for stage in ["hb-judge", "hb-supervise"] {
        let (cluster, one, _two) = both_with_a_watchdog();
        cluster.nodes[0].signal(stage, "STOP");
        // What was on its way may still come.
        std::thread::sleep(Duration::from_millis(300));
        let fed = story(&cluster.nodes[0]);
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!((story(&cluster.nodes[0]), fed.0), (fed, 0), "{stage}");
        drop(one);
    }
}

#[test]
fn s86_after_a_release_in_need_it_is_disarmed_if_everything_has_stopped_and_only_then() {
    need_namespaces!();
    let dies_twice = |node: &Node, one: &mut Running| {
        node.signal("hb-decide", "KILL");
        one.wait_for_error(|line| line.ends_with(": it runs, and goes on"));
        wait_until("there is another one", || node.pids("hb-decide").len() == 1);
        assert_eq!(story(node).0, 0, "it was armed all the time");
        node.signal("hb-decide", "KILL");
    };
    let (cluster, mut one, _two) = both_with_a_watchdog();
    dies_twice(&cluster.nodes[0], &mut one);
    assert_eq!(one.wait().0, 1);
    wait_until("it was disarmed", || story(&cluster.nodes[0]) == (1, 0));

    let (cluster, mut one, _two) = both_with_a_watchdog();
    let mark = cluster.nodes[0].directory.join("resource.d/mark");
    fs::write(&mark, "#!/bin/sh\n[ \"$2\" != stop ]\n").unwrap();
    dies_twice(&cluster.nodes[0], &mut one);
    let (status, story_of_one, errors) = one.wait();
    assert_eq!(status, 1);
    assert_eq!(story(&cluster.nodes[0]).0, 0, "{story_of_one}\n{errors}");
}

#[test]
fn a_group_that_cannot_be_stopped_lets_the_watchdog_reset_the_node_where_that_is_wanted() {
    need_namespaces!();
    let cluster = with_lines(&SLOW, "watchdog DIR/watchdog\nstop_failed fence 1\n");
    let (mut one, mut two) = (cluster.nodes[0].supervise(), cluster.nodes[1].supervise());
    one.wait_for("node1 serves", started_on("node1"));
    two.wait_for("node2 knows", started_on("node1"));
    wait_until("it is fed", || story(&cluster.nodes[0]).1 > 10);
    let mark = cluster.nodes[0].directory.join("resource.d/mark");
    fs::write(&mark, "#!/bin/sh\n[ \"$2\" != stop ]\n").unwrap();
    assert_eq!(cluster.nodes[0].standby("--no-wait").code(), 0);
    one.wait_for("the node fences itself", |line| line.starts_with("do ") && line.contains(" fence node1"));
    one.wait_for("it is let go", says("reset"));
    let fed = story(&cluster.nodes[0]);
    assert_eq!(
        two.look_for(Duration::from_millis(500), |line| line.contains(" start ") && line.starts_with("do ")),
        None
    );
    assert_eq!((story(&cluster.nodes[0]), fed.0), (fed, 0));
}

#[test]
fn a_watchdog_that_is_killed_is_taken_over() {
    need_namespaces!();
    let (cluster, mut one, _two) = both_with_a_watchdog();
    cluster.nodes[0].signal("hb-watchdog", "KILL");
    one.wait_for_error(|line| line.contains("hb-watchdog has ended with status 137: another one takes its place"));
    one.wait_for("it is armed again", says("armed"));
    let fed = story(&cluster.nodes[0]).1;
    wait_until("it is fed", || story(&cluster.nodes[0]).1 > fed);
    assert!(cluster.nodes[0].has(ADDRESS) && story(&cluster.nodes[0]).0 == 0);
}

#[test]
fn programs_are_respawned_beside_the_pipeline_and_end_with_it() {
    need_namespaces!();
    let line = "respawn root /bin/sh DIR/program\n";
    let cluster = with_lines(&SLOW, line);
    let node = &cluster.nodes[0];
    let program = "echo $$ >>${0%/*}/pids\nexec sleep 1000\n";
    for node in &cluster.nodes {
        fs::write(node.directory.join("program"), program).unwrap();
    }
    let mut one = node.supervise();
    let started = |line: &str| line.starts_with("respawn ") && line.contains(" sh started user=root ");
    one.wait_for("it runs", started);
    let pids = || fs::read_to_string(node.directory.join("pids")).unwrap_or_default();
    wait_until("it is there", || pids().lines().count() == 1);
    assert_eq!(node.host.run(&format!("kill -KILL {}", pids().trim())).code(), 0);
    one.wait_for("it has ended", |line| line.contains(" sh ended status=137 "));
    one.wait_for("it runs again", started);
    wait_until("it is there", || pids().lines().count() == 2);
    one.signal("TERM");
    assert_eq!(one.wait().0, 0);
    let last = pids().lines().last().unwrap().to_owned();
    wait_until("it has ended", || !Path::new(&format!("/proc/{last}")).exists());
}

/// The scheduling policy of a process: 0 for ordinary ones, 1 for SCHED_FIFO.
pub(super) fn policy(pid: &str) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let words: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().collect();
    format!("{} {}", words[38], words[37])
}

/// Whether processes are given a real-time priority here.
pub(super) fn can_be_ahead() -> bool {
    let may = finish(command_with("chrt", "--help"), b"").code() == 0 && {
        let mut chrt = command("chrt");
        chrt.args(["-f", "1", "true"]);
        finish(chrt, b"").code() == 0
    };
    if !may {
        assert!(std::env::var_os("CI").is_none(), "real-time priority is required in CI");
        eprintln!("skipped: no real-time priority is given here");
    }
    may
}

#[test]
fn the_stages_run_ahead_of_others_and_what_they_start_does_not() {
    need_namespaces!();
    if !can_be_ahead() {
        return;
    }
    for (line, expected) in [("rtprio 3\n", "1 3"), ("realtime off\n", "0 0")] {
        let cluster = with_lines(&SLOW, line);
        let node = &cluster.nodes[0];
        let mark = "#!/bin/sh\ncut -d ' ' -f 41 /proc/self/stat >>${0%/*}/../policies\nexit 0\n";
        fs::write(node.directory.join("resource.d/mark"), mark).unwrap();
        let (mut one, _two) = (node.supervise(), cluster.nodes[1].supervise());
        one.wait_for("node1 serves", started_on("node1"));
        for stage in ["hb-listen", "hb-judge", "hb-decide", "hb-send"] {
            assert_eq!(node.pids(stage).iter().map(|pid| policy(pid)).collect::<Vec<_>>(), [expected], "{stage}");
        }
        let policies = fs::read_to_string(node.directory.join("policies")).unwrap();
        assert!(!policies.is_empty() && policies.lines().all(|policy| policy == "0"), "{policies}");
    }
}

#[test]
fn a_priority_that_is_not_given_is_said_and_costs_nothing() {
    let place = TempDir::new().unwrap();
    let mut sh = command("sh");
    let tool = crate::lab::tool("hb-judge");
    // Whoever has no privilege and no limit that allows it.
    let line = format!(
        "exec setpriv --bounding-set=-all --inh-caps=-all prlimit --rtprio=0 --memlock=0 {} --realtime 1",
        tool.display()
    );
    sh.args(["-c", &line]).current_dir(place.path());
    let said = finish(sh, b"tick 1.0\n");
    if said.err.contains("setpriv: ") || said.err.contains("prlimit: ") {
        eprintln!("skipped: {}", said.err);
        return;
    }
    assert_eq!((said.code(), said.out.as_str()), (0, "self 1.000000 ready\n"), "{}", said.err);
    assert!(said.err.contains("hb-judge: realtime: priority 1 is not given: "), "{}", said.err);
}

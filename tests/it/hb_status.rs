//! hb-status from outside: what it shows of real nodes, and that it never shows
//! what was.

use std::fs;
use std::process::Stdio;

use tempfile::TempDir;

use crate::hb_supervise::{ADDRESS, Cluster, Node, Plan, TWO_LINKS, running, started_on};
use crate::lab::{Running, Said, command, finish, tool, wait_until};
use crate::need_namespaces;

fn status(node: &Node, options: &[&str]) -> Said {
    let mut command = command("hb-status");
    command.args(options).env("HBKIT_RUN", node.directory.join("run"));
    finish(command, b"")
}

#[test]
fn a_pair_that_is_well_is_shown_on_one_screen() {
    need_namespaces!();
    let (cluster, _one, _two) = running(&TWO_LINKS);
    for node in &cluster.nodes {
        wait_until("all is well", || status(node, &[]).code() == 0);
        wait_until("links are measured", || status(node, &[]).out.contains("0.0 %"));
    }
    let said = status(&cluster.nodes[0], &[]);
    assert!(said.out.starts_with("node1  OK  20") && said.err.is_empty(), "{}{}", said.out, said.err);
    let line = |start: &str| {
        let found = said.out.lines().find(|line| line.starts_with(start) && !line.contains(" UTC"));
        found
            .unwrap_or_else(|| panic!("no line of {start}:\n{}", said.out))
            .split_ascii_whitespace()
            .collect::<Vec<_>>()
    };
    assert_eq!(line(ADDRESS)[..2], [ADDRESS, "node1"]);
    assert!(said.out.contains("node2 for node1"), "{}", said.out);
    assert_eq!(line("node1 ")[1..3], ["this", "node"]);
    assert_eq!(line("node2 ")[1], "active");
    assert!(line("node2 ").contains(&"ms") && line("node2 ").last() == Some(&"same"), "{}", said.out);
    for link in ["node2/bcast:eth1", "node2/ucast:eth0"] {
        assert_eq!(line(link)[1], "up");
    }
    // The other one says the same of who serves.
    let other = status(&cluster.nodes[1], &["-1"]);
    assert_eq!((other.code(), other.out.as_str()), (0, "HBKIT OK - 10.9.0.80 on node1\n"));
}

#[test]
fn what_is_wrong_stands_first_and_decides_the_exit_status() {
    need_namespaces!();
    let (cluster, one, mut two) = running(&TWO_LINKS);
    cluster.nodes[0].power_off();
    drop(one);
    two.wait_for("node2 serves", started_on("node2"));
    let node = &cluster.nodes[1];
    wait_until("node1 is dead", || status(node, &[]).out.contains("!  node1 is dead"));
    wait_until("node2 is shown to serve", || status(node, &["-1"]).out.ends_with("; 10.9.0.80 on node2\n"));
    let said = status(node, &["-1"]);
    assert_eq!(said.code(), 1, "{}", said.out);
    assert!(said.out.starts_with("HBKIT WARNING - node1 is dead; "), "{}", said.out);
    assert_eq!(status(node, &[]).code(), 1);
}

#[test]
fn a_group_that_nobody_serves_is_critical() {
    need_namespaces!();
    // Of two voters one is not a majority.
    let ha_cf =
        "keepalive 100ms\ndeadtime 1\nwarntime 500ms\ninitdead 2\nauto_failback on\nquorum majority\nbcast eth1\n";
    let (cluster, one, _two) = running(&Plan { ha_cf, ..TWO_LINKS });
    cluster.nodes[0].power_off();
    drop(one);
    wait_until("nobody serves", || status(&cluster.nodes[1], &["-1"]).code() == 2);
    let said = status(&cluster.nodes[1], &["-1"]);
    assert!(said.out.starts_with("HBKIT CRITICAL - nobody serves 10.9.0.80: "), "{}", said.out);
    assert_eq!(status(&cluster.nodes[1], &[]).code(), 1, "it is known, and bad");
}

#[test]
fn metrics_are_openmetrics_and_json_is_json() {
    need_namespaces!();
    let (cluster, _one, _two) = running(&TWO_LINKS);
    wait_until("links are measured", || status(&cluster.nodes[0], &[]).out.contains("0.0 %"));
    let said = status(&cluster.nodes[0], &["--openmetrics"]);
    for wanted in [
        "hbkit_up 1",
        "hbkit_group_served{group=\"10.9.0.80\",node=\"node1\"} 1",
        "hbkit_group_served{group=\"10.9.0.80\",node=\"node2\"} 0",
        "hbkit_group_owners{group=\"10.9.0.80\"} 1",
        "hbkit_node_up{node=\"node2\"} 1",
        "hbkit_link_up{node=\"node2\",medium=\"bcast:eth1\"} 1",
        "# UNIT hbkit_node_round_trip_seconds seconds",
    ] {
        assert!(said.out.lines().any(|line| line == wanted), "{wanted}\n{}", said.out);
    }
    assert!(said.out.ends_with("# EOF\n"));
    follows_the_format(&said.out);
    let json = status(&cluster.nodes[0], &["-j"]).out;
    assert!(json.lines().count() > 5);
    assert!(
        json.lines().all(|line| line.starts_with("{\"kind\":\"status\",\"time\":") && line.ends_with("}}")),
        "{json}"
    );
}

#[test]
fn what_stands_beside_the_pipeline_is_shown_too() {
    need_namespaces!();
    let ha_cf = "keepalive 100ms\ndeadtime 3\nwarntime 1\ninitdead 6\nauto_failback on\nbcast eth1\n";
    let cluster = Cluster::new(&Plan { ha_cf, ..TWO_LINKS });
    let node = &cluster.nodes[0];
    let device = node.directory.join("watchdog").display().to_string();
    fs::write(&device, "").unwrap();
    let path = node.directory.join("ha.cf");
    let text = format!("{}watchdog {device}\nrespawn root /bin/sleep 600\n", fs::read_to_string(&path).unwrap());
    fs::write(&path, text).unwrap();
    let (_one, _two) = (node.supervise(), cluster.nodes[1].supervise());
    let shows = |words: &[&str]| {
        let out = status(node, &[]).out;
        let fits = |line: &str| words.iter().try_fold(line, |rest, word| Some(rest.split_once(word)?.1)).is_some();
        out.lines().any(fits)
    };
    for words in [
        &["node1  ", "quorum alive of 2, dialect hbkit"][..],
        &["watchdog ", &device, "armed", "kind stand-in"],
        &["carrier 10.9.0.80 here", "up"],
        &["respawn sleep", "started"],
    ] {
        wait_until(&format!("{words:?}"), || shows(words));
    }
    let metrics = status(node, &["--openmetrics"]).out;
    follows_the_format(&metrics);
    for wanted in [
        format!("hbkit_watchdog_armed{{device=\"{device}\"}} 1"),
        "hbkit_carrier_up{group=\"10.9.0.80\"} 1".to_owned(),
        "hbkit_respawn_running{program=\"sleep\"} 1".to_owned(),
        "hbkit_policy{quorum=\"alive\",dialect=\"hbkit\"} 1".to_owned(),
    ] {
        assert!(metrics.lines().any(|line| line == wanted), "{wanted}\n{metrics}");
    }
    let json = status(node, &["-j"]).out;
    for subject in ["policy", "watchdog", "carrier", "respawn"] {
        assert!(json.lines().any(|line| line.contains(&format!("\"{subject}\""))), "{subject}\n{json}");
    }
    node.host.ip("link set eth0 down");
    wait_until("the carrier is gone", || shows(&["!", "10.9.0.80 has no carrier here"]));
    // hb-log says the same in words.
    let mut command = command("hb-log");
    command.env("HBKIT_RUN", node.directory.join("run"));
    let said = finish(command, b"").out;
    for words in
        ["10.9.0.80: it has no carrier here", "armed: this machine is reset", "sleep: this program was started"]
    {
        assert!(said.contains(words), "{words}\n{said}");
    }
}

/// The rules of OpenMetrics that this output can break.
fn follows_the_format(text: &str) {
    let mut family = String::new();
    let mut seen = Vec::new();
    for line in text.lines().take_while(|line| *line != "# EOF") {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["#", "TYPE", name, kind] => {
                assert!(!seen.contains(&(*name).to_owned()), "{name} twice");
                assert!(["gauge", "counter"].contains(kind));
                family = (*name).to_owned();
                seen.push(family.clone());
            }
            ["#", "UNIT", name, unit] => assert!(*name == family && name.ends_with(&format!("_{unit}")), "{line}"),
            ["#", "HELP", name, ..] => assert_eq!(*name, family),
            [sample, value] => {
                let name = sample.split('{').next().unwrap();
                assert!(name == family || name == format!("{family}_total"), "{line} in {family}");
                assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
            }
            _ => panic!("{line}"),
        }
    }
}

/// Nothing of it says who serves.
fn shows_nothing(node: &Node, why: &str) {
    for options in [&[][..], &["-j"], &["--openmetrics"], &["-1"]] {
        let said = status(node, options);
        assert_eq!(said.code(), 2, "{options:?}: {}{}", said.out, said.err);
        let serves = format!("{ADDRESS} on ");
        assert!(!said.out.contains(&serves) && !said.out.contains("node1"), "{options:?}: {}", said.out);
        assert!(said.out.lines().count() <= 4, "{options:?}: {}", said.out);
        let told = if options == ["-1"] { &said.out } else { &said.err };
        assert!(told.contains(why), "{options:?}: {}{}", said.out, said.err);
    }
}

#[test]
fn s104_of_a_node_that_was_killed_nothing_is_shown() {
    need_namespaces!();
    let (cluster, one, _two) = running(&TWO_LINKS);
    wait_until("it is shown", || status(&cluster.nodes[0], &[]).out.contains(ADDRESS));
    cluster.nodes[0].host.kill_all();
    drop(one);
    assert!(fs::read_to_string(cluster.nodes[0].directory.join("run/status")).unwrap().contains("state=started"));
    wait_until("it is dead", || status(&cluster.nodes[0], &[]).code() == 2);
    shows_nothing(&cluster.nodes[0], "hb-supervise does not run");
}

#[test]
fn s104_when_only_the_supervisor_is_killed_nothing_is_shown_either() {
    need_namespaces!();
    // A lease of half a minute, during which the pipeline goes on.
    let ha_cf = "keepalive 1\ndeadtime 30\ninitdead 30\nauto_failback on\nbcast eth1\n";
    let (cluster, _one, _two) = running(&Plan { ha_cf, ..TWO_LINKS });
    wait_until("it is shown", || status(&cluster.nodes[0], &[]).out.contains(ADDRESS));
    cluster.nodes[0].signal("hb-supervise", "KILL");
    wait_until("it is dead", || status(&cluster.nodes[0], &[]).code() == 2);
    shows_nothing(&cluster.nodes[0], "hb-supervise does not run");
}

#[test]
fn s104_of_a_node_that_is_stopped_nothing_is_shown_until_it_goes_on() {
    need_namespaces!();
    for (stage, why) in [
        ("hb-judge", "nothing has gone round the pipeline for"),
        ("hb-log", "the keeper of records has said nothing for"),
        ("hb-supervise", "the lease of 10.9.0.80 here ended"),
    ] {
        let (cluster, _one, _two) = running(&TWO_LINKS);
        wait_until("it is shown", || status(&cluster.nodes[0], &[]).out.contains(ADDRESS));
        cluster.nodes[0].signal(stage, "STOP");
        // A lease of a second is over before anything else is late.
        wait_until("it is stale", || status(&cluster.nodes[0], &[]).code() == 2);
        shows_nothing(&cluster.nodes[0], "");
        wait_until("it says why", || status(&cluster.nodes[0], &[]).err.contains(why));
        cluster.nodes[0].signal(stage, "CONT");
        wait_until("it is known again", || status(&cluster.nodes[0], &[]).out.contains(ADDRESS));
    }
}

#[test]
fn s104_a_keeper_that_took_the_place_of_another_knows_what_that_knew() {
    need_namespaces!();
    let (cluster, _one, _two) = running(&TWO_LINKS);
    let node = &cluster.nodes[0];
    let shown = || {
        let said = status(node, &["-1"]);
        said.code() == 0 && said.out == "HBKIT OK - 10.9.0.80 on node1\n"
    };
    wait_until("it is shown", shown);
    node.signal("hb-log", "KILL");
    wait_until("nothing is known", || status(node, &[]).code() == 2);
    shows_nothing(node, "");
    wait_until("it is shown again", shown);
    let out = status(node, &[]).out;
    let peer = out.lines().find(|line| line.starts_with("node2  ")).unwrap_or_default();
    assert!(peer.contains("active") && peer.ends_with("same"), "{out}");
    assert!(out.contains("node2/bcast:eth1") && out.contains("carrier 10.9.0.80 here"), "{out}");

    // Nor does it end with a hb-decide.
    let (first, keepers) = (node.pids("hb-decide"), node.pids("hb-log"));
    node.signal("hb-decide", "KILL");
    wait_until("another one decides", || node.pids("hb-decide").iter().any(|pid| !first.contains(pid)));
    let ticked = || {
        let text = fs::read_to_string(node.directory.join("run/status")).unwrap();
        let line = text.lines().find(|line| line.contains(" self ")).unwrap_or_default().to_owned();
        line.split(' ').nth(1).and_then(|time| time.parse::<f64>().ok()).unwrap_or(0.0)
    };
    let before = ticked();
    wait_until("it is kept and shown", || ticked() > before + 5.0 && shown());
    let pids = node.pids("hb-log");
    let told = |pid: &String| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().replace('\0', " ");
    assert!(keepers.iter().all(|pid| pids.contains(pid)), "{:?}", pids.iter().map(told).collect::<Vec<_>>());
    assert_eq!(pids.len(), keepers.len(), "{:?}", pids.iter().map(told).collect::<Vec<_>>());
}

#[test]
fn s104_who_may_not_look_and_what_is_of_another_boot_shows_nothing() {
    need_namespaces!();
    let (cluster, _one, _two) = running(&TWO_LINKS);
    let node = &cluster.nodes[0];
    wait_until("it is shown", || status(node, &[]).out.contains(ADDRESS));
    let run = node.directory.join("run");
    let mut other = command("setpriv");
    other.args(["--reuid=65534", "--clear-groups", "--regid=65534", tool("hb-status").to_str().unwrap(), "-1"]);
    let said = finish(
        {
            other.env("HBKIT_RUN", &run);
            other
        },
        b"",
    );
    assert_eq!(said.code(), 3, "{}{}", said.out, said.err);
    assert!(said.out.starts_with("HBKIT UNKNOWN - ") && !said.out.contains(ADDRESS), "{}", said.out);
    // The keeper writes no more, and what is there was written before a boot.
    node.signal("hb-log", "STOP");
    let text = fs::read_to_string(run.join("status")).unwrap();
    let boot = text.split(" boot=").nth(1).unwrap().split(' ').next().unwrap();
    fs::write(run.join("status"), text.replace(boot, "11111111-2222-3333-4444-555555555555")).unwrap();
    shows_nothing(node, "hb-supervise does not run");
    node.signal("hb-log", "CONT");
    wait_until("it is known again", || status(node, &[]).out.contains(ADDRESS));
}

#[test]
fn of_a_node_that_never_ran_it_says_so() {
    let run = TempDir::new().unwrap();
    let ask = |options: &[&str]| {
        let mut command = command("hb-status");
        command.args(options).env("HBKIT_RUN", run.path());
        finish(command, b"")
    };
    let said = ask(&[]);
    assert_eq!((said.code(), said.err.as_str()), (2, "hb-status: hb-supervise does not run\n"));
    let said = ask(&["-1"]);
    assert_eq!((said.code(), said.out.as_str()), (2, "HBKIT CRITICAL - hb-supervise does not run\n"));
    assert_eq!(ask(&["--openmetrics"]).out.lines().last(), Some("# EOF"));
    // What cannot be read is unknown.
    fs::create_dir(run.path().join("status")).unwrap();
    let said = ask(&["-1"]);
    assert_eq!(said.code(), 3);
    assert!(said.out.starts_with("HBKIT UNKNOWN - "), "{}", said.out);
}

#[test]
fn a_watch_draws_again_and_ends_with_its_reader() {
    need_namespaces!();
    let (cluster, one, _two) = running(&TWO_LINKS);
    wait_until("it is shown", || status(&cluster.nodes[0], &[]).out.contains(ADDRESS));
    let watch = || {
        let mut command = command(tool("hb-status").to_str().unwrap());
        command.args(["--watch", "-i", "50ms"]).env("HBKIT_RUN", cluster.nodes[0].directory.join("run"));
        command
    };
    let mut watching = Running::start(watch());
    for _ in 0..3 {
        watching.wait_for("a screen", |line| line.starts_with("node1  "));
    }
    cluster.nodes[0].host.kill_all();
    drop(one);
    watching.wait_for("that it is dead", |line| line.contains("hb-supervise does not run"));
    let (reader, writer) = nix::unistd::pipe().unwrap();
    drop(reader);
    let mut command = watch();
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    let said = Said::from(child.wait_with_output().unwrap());
    assert!(said.err.is_empty(), "{}", said.err);
}

use super::*;
use crate::haresources;

const HA_CF: &str = "keepalive 1\ndeadtime 10\nwarntime 5\nbcast eth0\nping 192.0.2.1\nauto_failback on\n\
                     node node1 node2\nfence node1 /sbin/off a\nfence node2 /sbin/off b\n";
const HARESOURCES: &str = "node1 192.0.2.10 web\nnode2 192.0.2.11 db\n";

fn between(from: (&str, &str), to: (&str, &str)) -> Changes {
    let conf = |text: &str| ha_cf::parse("ha.cf", text.as_bytes()).0;
    let groups = |text: &str| haresources::parse("haresources", text.as_bytes()).0;
    Changes::between((&conf(from.0), &groups(from.1)), (&conf(to.0), &groups(to.1)))
}

/// What follows when a piece of ha.cf is replaced.
fn change(from: &str, to: &str) -> Changes {
    assert!(HA_CF.contains(from));
    between((HA_CF, HARESOURCES), (&HA_CF.replace(from, to), HARESOURCES))
}

#[test]
fn what_is_the_same_is_no_change() {
    assert_eq!(change("bcast eth0", "# more words\nbcast   eth0"), Changes::default());
}

#[test]
fn policies_have_their_effect_by_a_word() {
    for line in [
        "failback_delay 5m",
        "failure_expiry 2h",
        "flap_halflife 1m",
        "flap_limit 7",
        "ping_damping 5",
        "fence_delay 9",
        "initdead 60",
        "deadping 20",
    ] {
        let changes = change("bcast eth0", &format!("bcast eth0\n{line}"));
        assert!(!changes.restart && changes.stages.is_empty() && changes.words.len() == 1, "{line}: {changes:?}");
    }
    assert_eq!(change("auto_failback on", "auto_failback off").words, ["auto_failback: on -> off"]);
    assert!(!change("warntime 5", "warntime 6").restart);
}

#[test]
fn what_a_process_reads_at_its_start_replaces_it() {
    for (from, to, stages) in [
        ("ping 192.0.2.1", "ping 192.0.2.2", &["ping-probe"][..]),
        ("ping 192.0.2.1", "", &["ping-probe"]),
        ("bcast eth0", "bcast eth0\nrespawn root /bin/x", &["hb-respawn"]),
    ] {
        let changes = change(from, to);
        let expected: Vec<&str> = changes.stages.iter().copied().collect();
        assert!(!changes.restart && expected == stages, "{to}: {changes:?}");
    }
}

#[test]
fn how_somebody_is_fenced_may_change_and_who_may_not() {
    assert!(!change("/sbin/off b", "/sbin/off c").restart);
    assert!(change("fence node2 /sbin/off b\n", "").restart);
}

#[test]
fn what_all_nodes_must_have_needs_a_restart_of_all() {
    for (from, to) in [
        ("keepalive 1", "keepalive 2"),
        ("deadtime 10", "deadtime 11"),
        ("node node1 node2", "node node1 node2 node3"),
        ("node node1 node2", "node node1 node2\nquorum majority"),
        ("bcast eth0", "bcast eth0\nwatchdog /dev/watchdog"),
    ] {
        let changes = change(from, to);
        assert!(changes.restart, "{to}: {changes:?}");
        let said = |words: &String| words.ends_with(": this needs a restart of all nodes");
        assert!(changes.words.iter().any(said), "{changes:?}");
    }
}

#[test]
fn what_one_node_has_for_itself_it_begins_anew_with() {
    for (from, to) in [
        ("bcast eth0", "bcast eth1"),
        ("bcast eth0", "bcast eth0\nrealtime off"),
        ("bcast eth0", "bcast eth0\nmsgfmt classic"),
        ("bcast eth0", "bcast eth0\nallow_crc yes"),
        ("bcast eth0", "bcast eth0\nresource web interval=5"),
        ("bcast eth0", "bcast eth0\nstop_failed fence 3"),
    ] {
        let changes = change(from, to);
        assert!(!changes.restart && changes.stages.contains(ANEW) && changes.groups.is_empty(), "{to}: {changes:?}");
        let said = |words: &String| words.ends_with(": the node begins anew in place");
        assert!(changes.words.iter().any(said), "{changes:?}");
    }
}

#[test]
fn groups_that_are_other_than_they_run_are_named() {
    for (haresources, changed) in [
        ("node1 192.0.2.10 web\n", &["192.0.2.11"][..]),
        ("node1 192.0.2.10 web new\nnode2 192.0.2.11 db\n", &["192.0.2.10"]),
        ("node1 192.0.2.10 web\nnode2 192.0.2.11 db\nnode2 192.0.2.12\n", &[]),
        ("node2 192.0.2.10 web\nnode2 192.0.2.11 db\n", &[]),
        ("node2 192.0.2.11 db\nnode1 192.0.2.10 web\n", &[]),
    ] {
        let changes = between((HA_CF, HARESOURCES), (HA_CF, haresources));
        let groups: Vec<&str> = changes.groups.iter().map(String::as_str).collect();
        assert!(!changes.restart && changes.stages.contains(ANEW), "{haresources}: {changes:?}");
        assert_eq!(groups, changed, "{haresources}");
    }
}

#[test]
fn heartbeats_protocol_keeps_its_policies() {
    let (from, to) = ("auto_failback on", "auto_failback on\nfailback_delay 5m");
    let ha_cf = "keepalive 1\ndeadtime 10\nbcast eth0\nauto_failback on\nnode node1 node2\ndialect heartbeat\n";
    assert!(between((ha_cf, HARESOURCES), (&ha_cf.replace(from, to), HARESOURCES)).restart);
    assert!(between((ha_cf, HARESOURCES), (&ha_cf.replace("eth0", "eth1"), HARESOURCES)).restart);
    assert!(between((ha_cf, HARESOURCES), (ha_cf, "node1 192.0.2.10 web\n")).restart);
}

#[test]
fn the_record_says_all_that_hb_decide_can_be_told() {
    let conf = ha_cf::parse("ha.cf", HA_CF.as_bytes()).0;
    let changes = Changes {
        stages: ["hb-respawn", "ping-probe"].into(),
        groups: ["web".to_owned()].into(),
        ..Changes::default()
    };
    let line = record(&conf, &[], &changes, Time::from_micros(5_000_000)).unwrap();
    assert!(line.starts_with("config 5.000000 auto_failback=on failback_delay=0.0 failure_expiry=3600.0 "), "{line}");
    assert!(
        line.contains(" ping_damping=20.0 warntime=5.0 initdead=20.0 deadping=10.0 ping=192.0.2.1 digest="),
        "{line}"
    );
    assert!(line.ends_with(" begin=hb-respawn,ping-probe changed=web"), "{line}");
}

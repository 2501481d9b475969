use super::*;

mod table;
mod wrong;

const BASE: &str = "node node1 node2\nbcast eth1\n";

fn said(text: &str) -> Vec<String> {
    parse("f", text.as_bytes()).1.iter().map(ToString::to_string).collect()
}

/// What is said of some lines above a configuration without problems.
fn said_with_base(text: &str) -> Vec<String> {
    said(&format!("{text}\n{BASE}"))
}

fn conf(text: &str) -> HaCf {
    let (conf, problems) = parse("f", format!("{text}\n{BASE}").as_bytes());
    assert!(!problems.has_errors(), "{problems}");
    conf
}

#[test]
fn the_defaults_are_those_of_heartbeat() {
    let conf = conf("");
    assert_eq!(said_with_base(""), [""; 0]);
    assert_eq!(conf.node, ["node1", "node2"]);
    assert_eq!(conf.keepalive, Duration::from_secs(1));
    assert_eq!(conf.deadtime, Duration::from_secs(30));
    assert_eq!(conf.warntime, Duration::from_secs(15));
    assert_eq!(conf.initdead, Duration::from_secs(30));
    assert_eq!(conf.deadping, Duration::from_secs(30));
    assert_eq!((conf.udpport, conf.baud, conf.auto_failback), (694, 19_200, AutoFailback::Legacy));
    assert_eq!(conf.media, ["bcast eth1".parse().unwrap()]);
}

#[test]
fn initdead_follows_deadtime_as_in_heartbeat() {
    for (deadtime, initdead) in [("30", 30), ("10", 20), ("6", 12), ("5.999", 12), ("3", 12), ("11", 11)] {
        let conf = conf(&format!("deadtime {deadtime}"));
        assert_eq!(conf.initdead, Duration::from_secs(initdead), "deadtime {deadtime}");
        assert_eq!(conf.deadping, conf.deadtime);
        assert_eq!(conf.warntime, conf.deadtime / 2);
    }
}

#[test]
fn times_are_read_as_heartbeat_reads_them() {
    for (word, millis) in [
        ("2", 2_000),
        ("0.5", 500),
        ("250ms", 250),
        ("250msec", 250),
        ("500us", 1),
        ("1500usec", 2),
        (".25", 250),
        ("1s", 1_000),
        ("1S", 1_000),
        ("1m", 60_000),
        ("500MS", 500),
        ("1500usecs", 2),
        ("2.", 2_000),
    ] {
        assert_eq!(span::read(word).unwrap().span, Duration::from_millis(millis), "{word}");
    }
    for word in ["", "x", "-1", "+1", "1h", "1sec", "1,5", "1e3", "1.2.3", "99999999", "1 ", "0x10", "١"] {
        assert!(span::read(word).is_err(), "{word}");
    }
}

#[test]
fn a_unit_that_heartbeat_refuses_is_warned_of() {
    assert_eq!(said_with_base("keepalive 1s"), ["f:1: warning: keepalive: Heartbeat refuses '1s': write 1"]);
    assert_eq!(said_with_base("deadtime 1.5m"), ["f:1: warning: deadtime: Heartbeat refuses '1.5m': write 90"]);
    assert_eq!(conf("deadtime 1.5m").deadtime, Duration::from_secs(90));
}

#[test]
fn media_take_the_port_and_the_speed_that_stand_above_them() {
    let conf = conf("serial /dev/ttyS0\nudpport 1000\nbaud 9600\nbcast eth2,eth3\nserial /dev/ttyS1");
    let ports: Vec<Medium> = vec![
        "serial /dev/ttyS0".parse().unwrap(),
        Medium::Bcast { interface: "eth2".into(), port: 1000 },
        Medium::Bcast { interface: "eth3".into(), port: 1000 },
        "serial /dev/ttyS1 9600".parse().unwrap(),
        Medium::Bcast { interface: "eth1".into(), port: 1000 },
    ];
    assert_eq!(conf.media, ports);
    let late = said_with_base("bcast eth2\nudpport 1000");
    assert_eq!(late, ["f:2: warning: udpport holds for the media below only: the one on line 1 has another port"]);
}

#[test]
fn every_form_of_medium_and_ping_node_is_read() {
    let conf = conf(
        "ucast eth0 192.0.2.2\nucast6 eth0 fe80::2\nmcast eth0 239.0.0.1 694 1 0\nmcast6 eth0 ff02::1 694 1 0\n\
         ping 192.0.2.254, 192.0.2.253\nping6 fe80::1\nping_group Routers 192.0.2.250 192.0.2.251",
    );
    assert_eq!(conf.media.len(), 5);
    let names: Vec<&str> = conf.ping.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, ["192.0.2.254", "192.0.2.253", "fe80::1", "routers"]);
    assert_eq!(conf.ping[3].addresses.len(), 2);
}

#[test]
fn what_has_no_effect_or_is_odd_is_a_warning_and_never_silent() {
    for (line, cause) in [
        ("logfile /var/log/ha-log", "logfile has no effect in hbkit"),
        ("crm no", "crm has no effect"),
        ("hbgenmethod time", "hbgenmethod has no effect"),
        ("respawn hacluster /usr/lib/heartbeat/ipfail", "respawn has no effect"),
        ("keepalive 1 2", "the last one counts"),
        ("keepalive 1\nkeepalive 2", "stands on line 1 too"),
        ("warntime 40", "the warning never comes"),
        ("keepalive 1\ndeadtime 3\ninitdead 4", "initdead under 10 s"),
        ("udp eth0", "old name"),
        ("bcast eth0 eth0", "twice"),
        ("node node2", "named twice"),
        ("ping 192.0.2.1 192.0.2.1", "named twice: once is enough"),
        ("deadtime 20,5", "a fraction is written 20.5"),
        ("nice_failback on", "obsolete"),
        ("ucast eth0 fe80::2", "ucast6 only"),
        ("ping fe80::2", "ping6 only"),
        ("mcast eth0 239.0.0.1 694 5 0", "refused by Heartbeat"),
    ] {
        let said = said_with_base(line);
        assert_eq!(said.len(), 1, "{line}: {said:?}");
        assert!(said[0].contains(": warning: ") && said[0].contains(cause), "{line}: {said:?}");
    }
}

#[test]
fn groups_move_for_connectivity_after_two_deadtimes_or_what_is_said() {
    let span = |text: &str| conf(text).get("ping_damping").unwrap();
    assert_eq!(span("deadtime 10"), ["20.0"]);
    assert_eq!(span("ping_damping 2500ms"), ["2.5"]);
    assert_eq!(span("ping_damping off"), ["off"]);
    assert_eq!(span("ping_damping 0"), ["off"]);
}

#[test]
fn a_fence_names_a_node_of_the_cluster_and_one_command() {
    for (line, cause) in [
        ("fence node2", "fence NODE COMMAND"),
        ("fence /sbin/off node2", "fence NODE COMMAND"),
        ("fence node2 off", "'off' is not the absolute path of a command"),
        ("fence node3 /sbin/off", "no node line names node3"),
        ("fence_delay soon", "fence_delay: 'soon'"),
        ("fence node2 /sbin/off\nfence NODE2 /sbin/off", "there is a command for node2 already"),
    ] {
        let said = said_with_base(line);
        assert_eq!(said.len(), 1, "{line}: {said:?}");
        assert!(said[0].contains(": error: ") && said[0].contains(cause), "{line}: {said:?}");
    }
}

#[test]
fn the_words_of_a_fence_are_kept_as_they_stand() {
    let conf = conf("fence Node2 /usr/sbin/fence_ipmilan -a 10.0.0.5 $HOME `x` *");
    assert_eq!(conf.get("fence").unwrap(), ["node2 /usr/sbin/fence_ipmilan -a 10.0.0.5 $HOME `x` *"]);
    assert!(conf.can_fence("node2") && !conf.can_fence("node1"));
    assert_eq!(conf.get("fence_delay").unwrap(), ["5.0"]);
}

#[test]
fn booleans_are_those_of_heartbeat() {
    for (word, value) in [
        ("TRUE", AutoFailback::On),
        ("y", AutoFailback::On),
        ("0", AutoFailback::Off),
        ("Legacy", AutoFailback::Legacy),
    ] {
        assert_eq!(conf(&format!("auto_failback {word}")).auto_failback, value);
    }
}

#[test]
fn the_policies_are_in_minutes_and_hours_too() {
    let conf = conf("failback_delay 5m\nfailure_expiry 2h\nflap_halflife 90\nflap_limit 5");
    let times = [conf.failback_delay, conf.failure_expiry, conf.flap_halflife].map(|span| span.as_secs());
    assert_eq!((times, conf.flap_limit), ([300, 7_200, 90], 5));
}

#[test]
fn names_are_bounded_in_number_and_folded() {
    assert_eq!(conf("node NODE3").node, ["node3", "node1", "node2"]);
    let many: String = (0..101).map(|n| format!("node n{n}\n")).collect();
    assert!(said(&format!("{many}bcast eth0"))[0].contains("more than 100 nodes"));
    let many: String = (0..65).map(|n| format!("bcast eth{n}\n")).collect();
    assert!(said(&format!("{many}node a"))[0].contains("more than 64 media"));
}

#[test]
fn what_runs_beside_the_pipeline_keeps_its_words_and_commas() {
    let conf = conf("respawn nobody /usr/bin/x -o a,b $HOME\nrespawn root /usr/bin/y");
    assert_eq!(conf.get("respawn").unwrap(), ["nobody /usr/bin/x -o a,b $HOME", "root /usr/bin/y"]);
}

#[test]
fn a_fence_keeps_its_commas() {
    assert_eq!(conf("fence node2 /sbin/off -o a,b").get("fence").unwrap(), ["node2 /sbin/off -o a,b"]);
}

#[test]
fn the_pipeline_runs_ahead_of_others_unless_it_is_said_not_to() {
    let realtime = |text: &str| conf(text).get("realtime").unwrap();
    assert_eq!(realtime(""), ["1"], "as in Heartbeat");
    assert_eq!(realtime("rtprio 5"), ["5"]);
    assert_eq!(realtime("rtprio 5\nrealtime off"), ["off"]);
}

#[test]
fn a_watchdog_that_a_late_heartbeat_sets_off_is_said() {
    assert_eq!(conf("watchdog /dev/watchdog").get("watchdog").unwrap(), ["/dev/watchdog"]);
    assert_eq!(conf("").get("watchdog").unwrap(), [""; 0]);
    let said = said_with_base("keepalive 1\ndeadtime 2200ms\ninitdead 10\nwatchdog /dev/watchdog");
    assert!(said.len() == 1 && said[0].contains("under two keepalives (2.0 s)"), "{said:?}");
}

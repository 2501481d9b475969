use super::super::parse;
use super::Dialect;

/// What is said of a file with this dialect and these lines.
fn said(lines: &str) -> (Dialect, bool, Vec<String>) {
    let text = format!("node n1 n2\nbcast eth0\nkeepalive 1\ninitdead 60\n{lines}\n");
    let (conf, problems) = parse("ha.cf", text.as_bytes());
    (conf.dialect, problems.has_errors(), problems.lines())
}

#[test]
fn without_the_directive_it_is_our_own() {
    assert_eq!(said("auto_failback off").0, Dialect::Hbkit);
    assert_eq!(said("auto_failback off\ndialect hbkit").0, Dialect::Hbkit);
}

#[test]
fn heartbeats_needs_two_nodes_and_auto_failback_on_or_off() {
    assert_eq!(said("auto_failback on\ndialect heartbeat"), (Dialect::Heartbeat, false, vec![]));
    for (lines, words) in [
        ("dialect heartbeat", "ha.cf:5: error: dialect heartbeat needs auto_failback on or off"),
        ("auto_failback legacy\ndialect heartbeat", "ha.cf:5: error: dialect heartbeat needs auto_failback on or off"),
        (
            "auto_failback on\ndialect heartbeat\nnode n3",
            "ha.cf:6: error: dialect heartbeat is spoken between two nodes",
        ),
        ("auto_failback on\ndialect heartbeat\nquorum alive", "ha.cf:7: error: quorum does not go with"),
        ("auto_failback on\ndialect heartbeat\nfence n2 /bin/off", "ha.cf:7: error: fence does not go with"),
        ("auto_failback on\ndialect both", "ha.cf:6: error: dialect is hbkit or heartbeat, not 'both'"),
    ] {
        let (_, has_errors, problems) = said(lines);
        assert!(has_errors && problems.iter().any(|line| line.starts_with(words)), "{lines}: {problems:?}");
    }
}

#[test]
fn what_has_no_effect_in_it_is_said() {
    for (line, words) in [
        ("ping 192.0.2.1", "nothing moves for connectivity"),
        ("ping_group gates 192.0.2.1", "nothing moves for connectivity"),
        ("ping_damping 10", "ping_damping has no effect"),
        ("flap_limit 3", "flap_limit has no effect"),
        ("flap_halflife 3m", "flap_halflife has no effect"),
    ] {
        let (_, has_errors, problems) = said(&format!("auto_failback on\ndialect heartbeat\n{line}"));
        assert!(!has_errors && problems.iter().any(|problem| problem.contains(words)), "{line}: {problems:?}");
    }
}

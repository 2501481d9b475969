//! hb-decide from outside.

use crate::lab::{command, run};
use crate::timeline;

#[test]
fn every_time_line_gives_its_actions() {
    timeline::run_all("hb-decide", "decide");
}

#[test]
fn announcements_go_to_their_descriptor_and_actions_to_standard_output() {
    let script = "printf 'tick 1.0\\ngroup 1.0 web stopped\\n' | hb-decide -N n1 -P n2 -g web=n1 -A 7 7>&2 >/dev/null";
    let said = command("sh").args(["-c", script]).output().unwrap();
    let announced = String::from_utf8(said.stderr).unwrap();
    let lines: Vec<&str> = announced.lines().collect();
    assert_eq!(
        lines,
        [
            "t=status st=up dt=7530 protocol=1 grp=web:unknown:can:0 cfg=- votes=- until=16.000000",
            "t=status st=up dt=7530 protocol=1 grp=web:stopped:can:0 cfg=- votes=- until=16.000000"
        ]
    );
}

#[test]
fn a_descriptor_that_is_not_open_is_said() {
    let said = run("hb-decide", &["-N", "n1", "-A", "77"], b"");
    assert_eq!(said.code(), 2);
    assert!(said.err.starts_with("hb-decide: --announce-fd 77: "), "{}", said.err);
}

#[test]
fn wrong_options_are_status_2() {
    for options in [
        &["-g", "web"][..],
        &["-g", "a b=n1"],
        &["--auto-failback", "perhaps"],
        &["-K", "0"],
        &["-R", "/nonexistent"],
        &["-f", "/nonexistent"],
        &["-A", "300"],
    ] {
        let said = run("hb-decide", options, b"");
        assert_eq!(said.code(), 2, "{options:?}: {}", said.err);
        assert!(said.err.lines().count() >= 1);
    }
}

#[test]
fn more_groups_than_a_heartbeat_can_carry_are_refused() {
    let groups: Vec<String> = (0..100).map(|n| format!("group-with-a-long-name-{n}=n1")).collect();
    let mut options = vec!["-N", "n1"];
    for group in &groups {
        options.extend(["-g", group]);
    }
    let said = run("hb-decide", &options, b"");
    assert_eq!(said.code(), 2);
    assert!(said.err.contains("bytes in each heartbeat"), "{}", said.err);
}

#[test]
fn strange_requests_are_said_once_and_change_nothing() {
    let input = "tick 1.0\nask 1.0 dance\nask 1.1 dance\nask 1.2 standby nothing\ngroup 1.3 nothing started\n";
    let said = run("hb-decide", &["-N", "n1", "-P", "n2", "-g", "web=n1"], input.as_bytes());
    assert_eq!(said.code(), 0);
    assert_eq!(said.out, "why 1.000000 web wait it is not known whether it runs here\n");
    assert_eq!(said.err.lines().count(), 2, "{}", said.err);
}

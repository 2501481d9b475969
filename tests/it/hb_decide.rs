//! hb-decide from outside.

use crate::lab::{command, run};
use crate::timeline;

#[test]
fn every_time_line_gives_its_actions() {
    timeline::run_all("hb-decide", "decide");
    timeline::run_all("hb-decide", "dialect");
}

#[test]
fn every_action_of_every_case_has_its_reason() {
    let mut problems = String::new();
    let mut actions = 0;
    for (file, text) in [timeline::cases("decide"), timeline::cases("dialect")].concat() {
        let mut reasons: Vec<(&str, &str)> = Vec::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("> ")) {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["why", _, subject, verb, _, ..] => reasons.push((*subject, *verb)),
                ["why", ..] => problems.push_str(&format!("{}: no words: {line}\n", file.display())),
                ["do", _, action @ ("start" | "stop" | "fence"), subject, ..] => {
                    actions += 1;
                    // The last reason that moves anything is the one for this.
                    let moves = |verb: &&str| matches!(*verb, "start" | "stop" | "fence" | "wait" | "ask" | "keep");
                    let last = reasons.iter().rev().find(|(of, verb)| of == subject && moves(verb));
                    if last.is_none_or(|(_, verb)| verb != action) {
                        problems.push_str(&format!("{}: no why {action} before: {line}\n", file.display()));
                    }
                }
                ["do", _, "exit"] => {
                    let is_asked = reasons.iter().any(|(_, verb)| *verb == "accepted");
                    problems.push_str(if is_asked { "" } else { "an exit that nobody asked for\n" });
                }
                ["do", _, _, subject, ..] => {
                    actions += 1;
                    if !reasons.iter().any(|(of, _)| of == subject) {
                        problems.push_str(&format!("{}: no why of {subject} before: {line}\n", file.display()));
                    }
                }
                _ => {}
            }
        }
    }
    assert!(problems.is_empty(), "\n{problems}");
    assert!(actions > 100, "{actions} actions");
}

#[test]
fn every_story_is_told_as_its_case_says() {
    timeline::run_all_alone("hb-decide", "tale");
}

/// The options and the input of a case.
fn options_and_input(text: &str) -> (Vec<String>, String) {
    let of = |mark: &str| text.lines().filter_map(|line| line.strip_prefix(mark)).collect::<Vec<_>>();
    let options = of("$ ").iter().flat_map(|line| line.split(' ')).map(str::to_owned).collect();
    (options, of("< ").iter().map(|line| format!("{line}\n")).collect())
}

#[test]
fn what_was_logged_and_what_came_in_tell_the_same_story() {
    let mut told = 0;
    for (file, text) in [timeline::cases("decide"), timeline::cases("dialect")].concat() {
        let (options, input) = options_and_input(&text);
        let mut options: Vec<&str> = options.iter().map(String::as_str).collect();
        // A story is no announcement.
        if let Some(at) = options.iter().position(|option| *option == "-A") {
            options.drain(at..at + 2);
        }
        let logged = run("hb-decide", &[&options[..], &["-a"]].concat(), input.as_bytes()).out;
        for group in options.iter().filter_map(|option| option.split_once('=')).map(|(group, _)| group) {
            let explain = [&options[..], &["--explain", group]].concat();
            let (anew, found) =
                (run("hb-decide", &explain, input.as_bytes()), run("hb-decide", &explain, logged.as_bytes()));
            assert_eq!((anew.code(), &anew.out, &anew.err), (0, &found.out, &found.err), "{} {group}", file.display());
            told += anew.out.lines().count();
        }
    }
    assert!(told > 100, "{told} lines were told");
}

#[test]
fn a_group_that_nobody_knows_and_a_story_without_events_are_said_with_status_1() {
    let options = ["-N", "n1", "-P", "n2", "-g", "web=n1", "-g", "db=n2", "--explain"];
    for (group, input, says) in [
        ("web", "", "hb-decide: --explain web: the records say nothing of it\n"),
        ("web", "why 1.0 db wait for n2\n", "hb-decide: --explain web: the records say nothing of it\n"),
        ("mail", "tick 1.0\n", "hb-decide: --explain mail: no such group: configured are web db\n"),
    ] {
        let said = run("hb-decide", &[&options[..], &[group]].concat(), input.as_bytes());
        assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (1, "", says));
    }
    let said = run("hb-decide", &["-N", "n1", "--explain", "web"], b"tick 1.0\n");
    assert_eq!(said.code(), 1);
    assert!(said.err.ends_with("no such group in the records, and no group is configured\n"), "{}", said.err);
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
            "t=status st=up dt=7530 protocol=1 grp=web:unknown:can:0 cfg=- ver=1 votes=- until=16.000000",
            "t=status st=up dt=7530 protocol=1 grp=web:stopped:can:0 cfg=- ver=1 votes=- until=16.000000"
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
fn more_nodes_than_a_heartbeat_can_carry_are_a_warning() {
    let nodes: Vec<String> = (0..60).map(|n| format!("n{n}")).collect();
    let peers = |count: usize| {
        let mut options = vec!["-N", "n1", "-g", "web=n1"];
        nodes.iter().take(count).for_each(|node| options.extend(["-P", node.as_str()]));
        run("hb-decide", &options, b"")
    };
    assert_eq!(peers(5).err, "");
    let many = peers(60);
    assert_eq!(many.code(), 0);
    assert!(many.err.contains("warning: a heartbeat of all nodes and groups may need"), "{}", many.err);
}

#[test]
fn requests_that_cannot_be_are_refused_and_change_nothing() {
    let input =
        "tick 1.0\nask 1.0 dance\nask 1.2 standby nothing\nask 1.2 clear foreign\nask 1.3\ngroup 1.3 nothing started\n";
    let said = run("hb-decide", &["-N", "n1", "-P", "n2", "-g", "web=n1"], input.as_bytes());
    assert_eq!(said.code(), 0);
    let expected = "why 1.000000 web wait it is not known whether it runs here
why 1.000000 ask refused dance: no such request is known
why 1.200000 ask refused standby: no group here is meant by nothing
why 1.200000 ask refused clear: no group here is meant by foreign
";
    assert_eq!(said.out, expected);
    assert_eq!(said.err.lines().count(), 2, "{}", said.err);
}

#[test]
fn a_configuration_with_a_value_that_is_none_changes_nothing_at_all() {
    let decide = |config: &str| {
        let stream = format!("group 0.5 web stopped\ntick 1.0\n{config}tick 3.0\n");
        run("hb-decide", &["-N", "n1", "-P", "n2", "-g", "web=n1", "-A", "1"], stream.as_bytes())
    };
    let sound = decide("config 2.0 auto_failback=on digest=abc\n");
    assert!(sound.out.contains(" grp=web:stopped:want:0 cfg=abc "), "{}", sound.out);
    for wrong in [
        "auto_failback=perhaps",
        "auto_failback=on flap_limit=0",
        "auto_failback=on ping_damping=x",
        "digest=b failback_delay=x",
    ] {
        let said = decide(&format!("config 2.0 {wrong}\n"));
        assert!(said.err.contains("a record lacks what its kind must have"), "{wrong}: {}", said.err);
        assert_eq!(said.out, decide("").out, "{wrong}");
    }
}

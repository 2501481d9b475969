//! hb-decide from outside.

use crate::lab::{Running, command, run};
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

/// The stream of a node that serves alone, under a lease until 22.1.
const SERVES: &str = "group 0.5 web stopped
tick 1.0
node 12.0 n2 dead
tick 12.0
sent 12.1 t=status seq=1 inc=aaaaaaaabbbb
group 12.3 web started
";

const ALONE: [&str; 8] = ["-N", "n1", "-P", "n2", "-d", "10", "-g", "web=n1"];

/// The options of ALONE, and more.
fn alone(more: &[&str]) -> Vec<String> {
    ALONE.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

fn decides(more: &[&str], input: &str) -> crate::lab::Said {
    let options = alone(more);
    run("hb-decide", &options.iter().map(String::as_str).collect::<Vec<_>>(), input.as_bytes())
}

#[test]
fn one_that_is_killed_in_mid_stream_leaves_what_the_next_takes_over() {
    // S102: kill -9, and the same file.
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state").display().to_string();
    let mut first = command("hb-decide");
    first.args(alone(&["--state", &state]));
    let mut first = Running::start(first);
    first.say(SERVES);
    first.wait_for("what it says of the start", |line| line == "group 12.300000 web started node=n1 epoch=1");
    first.signal("KILL");
    first.wait();
    let again = "node 13.0 n2 dead again=1\ntick 13.0\nsent 13.1 t=status seq=2 inc=aaaaaaaabbbb\ntick 13.5\n";
    let next = decides(&["--state", &state], again);
    let says = "why 13.000000 web adopt it was started here before, and is leased until 22.100000
group 13.000000 web started node=n1 epoch=1
why 13.000000 web keep it is served here
do 13.000000 renew web until=22.100000
do 13.500000 reannounce web
";
    assert_eq!((next.code(), next.out.as_str(), next.err.as_str()), (0, says, ""));
    let disowned = decides(&["--state", &state, "--disown", "web"], again);
    assert_eq!(disowned.out, "why 13.000000 web wait it is not known whether it runs here\n");
    // What was disowned once does not come back with the next one.
    assert_eq!(decides(&["--state", &state], again).out, disowned.out);
}

#[test]
fn one_that_ends_in_order_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let path = state.display().to_string();
    decides(&["--state", &path], SERVES);
    let text = std::fs::read_to_string(&state).unwrap();
    assert!(text.contains("\ngroup 12.300000 web started epoch=1 until=22.100000 "), "{text}");
    let said = decides(&["--state", &path], "tick 13.0\nask 13.0 shutdown\ngroup 13.1 web stopped\n");
    assert!(said.out.ends_with("do 13.100000 exit\n"), "{}", said.out);
    assert!(!state.exists());
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
}

#[test]
fn what_is_inherited_is_listed_while_its_lease_lasts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state").display().to_string();
    let now = hbkit::edge::now();
    // A node that has listened for a vote's time, and serves since a moment.
    let begun = now.before(std::time::Duration::from_secs(11));
    let input = format!(
        "group {begun} web stopped\nnode {begun} n2 dead\ntick {begun}\ntick {now}\n\
         sent {now} t=status seq=1 inc=aa\ngroup {now} web started\n"
    );
    assert_eq!(decides(&["--state", &path, "--inherits"], "").out, "", "there is no file yet");
    decides(&["--state", &path], &input);
    let until = now + std::time::Duration::from_secs(10);
    let listed = decides(&["--state", &path, "--inherits"], "");
    assert_eq!((listed.code(), listed.out, listed.err), (0, format!("web until={until}\n"), String::new()));
    // Of another node, or without the group, it is said why nothing is.
    let other = run("hb-decide", &["-N", "n2", "-P", "n1", "--state", &path, "--inherits"], b"");
    assert_eq!((other.code(), other.out.as_str()), (0, ""));
    assert_eq!(other.err, format!("hb-decide: {path}: it is of another node: nothing is taken over\n"));
    let less = run("hb-decide", &["-N", "n1", "-P", "n2", "--state", &path, "--inherits"], b"");
    let says = "web, which was held, is not configured any more: it is not taken over";
    assert_eq!((less.out.as_str(), less.err), ("", format!("hb-decide: {path}: {says}\n")));
    let old = decides(&["--state", &path], SERVES);
    assert_eq!(old.code(), 0);
    assert_eq!(decides(&["--state", &path, "--inherits"], "").out, "", "its lease has ended long ago");
}

#[test]
fn a_file_that_cannot_be_believed_is_said_and_the_same_as_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    let name = path.display().to_string();
    decides(&["--state", &name], SERVES);
    let sound = std::fs::read_to_string(&path).unwrap();
    let stream = "tick 13.0\nsent 13.1 t=status seq=2 inc=aaaaaaaabbbb\n";
    let without = decides(&[], stream);
    let boot = sound.split(" boot=").nth(1).unwrap().split(' ').next().unwrap();
    for (text, says) in [
        (String::new(), "it cannot be read"),
        ("tick 1.0\n".to_owned(), "it cannot be read"),
        (sound[..sound.len() - 5].to_owned(), "it cannot be read"),
        (sound.replace("until=22.1", "until=99.1"), "it cannot be read"),
        (sound.replace(boot, "another"), "it cannot be read"),
        ("\u{0}\u{1}\u{2}\n".repeat(100_000), "it cannot be read"),
        (sound.replace(" ver=1 ", " ver=7 "), "it is of another version of hb-decide"),
    ] {
        std::fs::write(&path, text).unwrap();
        let said = decides(&["--state", &name], stream);
        assert_eq!((said.code(), &said.out), (0, &without.out), "{says}");
        assert_eq!(said.err, format!("hb-decide: {name}: {says}: nothing is taken over\n"));
    }
    // What others put there is neither followed nor waited for.
    std::fs::remove_file(&path).unwrap();
    let kept = directory.path().join("kept");
    std::fs::write(&kept, &sound).unwrap();
    std::os::unix::fs::symlink(&kept, &path).unwrap();
    let said = decides(&["--state", &name], stream);
    assert_eq!((said.code(), &said.out), (0, &without.out));
    assert!(said.err.contains("nothing is taken over"), "{}", said.err);
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), sound);
    assert!(path.symlink_metadata().unwrap().is_file(), "its own file has taken that place");
}

#[test]
fn where_the_file_cannot_be_written_work_goes_on_and_nothing_old_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    let name = path.display().to_string();
    decides(&["--state", &name], SERVES);
    let stream = "tick 13.0\nsent 13.1 t=status seq=2 inc=aaaaaaaabbbb\nask 14.0 standby web force=1\n";
    // No byte more fits into any file.
    let script = "trap '' XFSZ; ulimit -f 0; exec hb-decide \"$@\"";
    let mut full = command("sh");
    full.args(["-c", script, "sh"]).args(alone(&["--state", &name]));
    let said = crate::lab::finish(full, stream.as_bytes());
    assert_eq!(said.code(), 0);
    assert!(said.out.contains("web adopt") && said.out.contains("do 14.000000 stop web"), "{}", said.out);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    assert!(said.err.ends_with("a next hb-decide will take nothing over\n"), "{}", said.err);
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
    // Neither written nor removed.
    std::fs::create_dir(&path).unwrap();
    let said = decides(&["--state", &name], SERVES);
    assert_eq!(said.code(), 0);
    assert!(said.out.contains("do 12.100000 start web"), "{}", said.out);
    assert_eq!(said.err.lines().count(), 3, "{}", said.err);
    assert!(said.err.contains("what it says is believed until its leases end"), "{}", said.err);
}

#[test]
fn in_heartbeats_dialect_nothing_is_taken_over_and_that_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    let name = path.display().to_string();
    for more in [&["--state", &name][..], &["--state", &name, "--inherits"]] {
        let said = decides(&[more, &["--dialect", "heartbeat"]].concat(), "tick 1.0\n");
        assert_eq!(said.code(), 0);
        assert!(said.err.contains("--state is of no use in the dialect of Heartbeat"), "{}", said.err);
    }
    assert!(!path.exists());
}

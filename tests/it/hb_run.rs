//! hb-run around commands that end, hang, hide, flood and leave things behind.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::lab::{PATIENCE, Running, Said, command, finish, run};

/// `sh -c SCRIPT` under hb-run, in a directory of its own.
fn sh(options: &str, script: &str, place: &Path) -> Said {
    let mut command = command("hb-run");
    command.args(options.split_ascii_whitespace()).args(["sh", "-c", script]).current_dir(place);
    finish(command, b"")
}

fn place() -> TempDir {
    TempDir::new().unwrap()
}

/// The process ids that a script wrote down, a line each.
fn pids(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come to pass");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_status_is_that_of_the_command() {
    let place = place();
    for status in [0, 1, 2, 7, 123, 255] {
        assert_eq!(sh("", &format!("exit {status}"), place.path()).code(), status);
    }
    assert_eq!(sh("", "kill -KILL $$", place.path()).code(), 137);
}

#[test]
fn without_a_prefix_the_output_is_the_commands_own() {
    let place = place();
    let said = sh("-W 20", "echo out; echo err >&2", place.path());
    assert_eq!((said.out.as_str(), said.err.as_str()), ("out\n", "err\n"));
}

#[test]
fn with_a_prefix_the_output_goes_to_standard_error_line_by_line() {
    let place = place();
    let said = sh("-p web", "echo out; echo err >&2; printf 'no end'", place.path());
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", "web: out\nweb: err\nweb: no end\n"));
}

#[test]
fn a_command_that_is_not_there_or_no_program_is_127_or_126() {
    let place = place();
    fs::write(place.path().join("text"), "no program").unwrap();
    let said = run("hb-run", &["/no/such/command"], b"");
    assert_eq!(said.code(), 127, "{}", said.err);
    assert!(said.err.starts_with("hb-run: /no/such/command: "), "{}", said.err);
    let text = place.path().join("text");
    assert_eq!(run("hb-run", &[text.to_str().unwrap()], b"").code(), 126);
}

#[test]
fn a_command_that_hangs_is_asked_to_end_and_that_is_124() {
    let place = place();
    let said = sh("-W 1 -p web", "trap 'echo asked; exit 0' TERM; sleep 600 & wait", place.path());
    assert_eq!(said.code(), 124, "{}", said.err);
    assert!(said.err.contains("web: asked\n"), "{}", said.err);
    assert!(said.err.contains("took too long"), "{}", said.err);
}

#[test]
fn s64_what_ignores_sigterm_and_hides_in_another_session_is_killed_with_all_its_children() {
    let place = place();
    // A grandchild that ignores SIGTERM, one in its own session whose parent has
    // gone, and a shell that ignores it too.
    let script = "trap '' TERM; (trap '' TERM; sleep 600) & \
        setsid sh -c 'trap \"\" TERM; echo $$ >>pids; (trap \"\" TERM; exec sleep 600) & echo $! >>pids; exit' & \
        (setsid sleep 600 & echo $! >>pids) ; echo $$ >>pids; wait; sleep 600";
    let said = sh("-W 500ms -G 100ms", script, place.path());
    assert_eq!(said.code(), 124, "{}", said.err);
    let pids = pids(&place.path().join("pids"));
    assert!(pids.len() >= 4, "{pids:?}");
    assert!(!pids.iter().any(|pid| lives(pid)), "of {pids:?} something lives");
}

#[test]
fn what_is_stopped_is_ended_too() {
    let place = place();
    assert_eq!(sh("-W 200ms -G 100ms", "kill -STOP $$; exit 0", place.path()).code(), 124);
}

#[test]
fn what_goes_on_starting_children_is_killed_too() {
    let place = place();
    let script = "trap '' TERM; while :; do sleep 600 & echo $! >>pids; sleep 0.01; done";
    assert_eq!(sh("-W 300ms -G 50ms", script, place.path()).code(), 124);
    let pids = pids(&place.path().join("pids"));
    assert!(!pids.is_empty() && !pids.iter().any(|pid| lives(pid)), "{pids:?}");
}

#[test]
fn s75_a_service_that_is_left_running_lives_on_and_its_output_is_not_lost() {
    let place = place();
    let script = "(until [ -e go ]; do sleep 0.01; done; echo late words; echo said >done) & echo $! >pid; exit 0";
    let mut command = command("hb-run");
    command.args(["-W", "20", "-p", "web", "sh", "-c", script]).current_dir(&place);
    let mut running = Running::start(command);
    eventually("the service runs", || !pids(&place.path().join("pid")).is_empty());
    let pid = pids(&place.path().join("pid"))[0].clone();
    eventually("hb-run has ended", || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", running.id())).unwrap_or_default();
        stat.contains(" Z ") || stat.is_empty()
    });
    assert!(lives(&pid));
    fs::write(place.path().join("go"), "").unwrap();
    running.wait_for_error(|line| line == "web: late words");
    eventually("it was not ended by writing", || place.path().join("done").exists());
    assert_eq!(running.wait().0, 0);
}

#[test]
fn s26_a_flood_of_output_delays_nothing_and_is_cut() {
    let place = place();
    let said = sh("-W 20 -p web", "yes flood | head -n 200000; echo the end", place.path());
    assert_eq!(said.code(), 0);
    assert!(said.err.lines().count() < 5_000, "{} lines", said.err.lines().count());
    assert!(said.err.contains("lines are not shown)"), "{}", &said.err[said.err.len() - 200..]);
}

#[test]
fn s26_a_log_that_takes_nothing_keeps_no_time_out_from_ending_the_command() {
    let place = place();
    let (reader, writer) = nix::unistd::pipe().unwrap();
    let mut command = command("hb-run");
    command.args(["-W", "500ms", "-G", "100ms", "-p", "web", "yes"]).current_dir(&place);
    let mut child = command.stderr(writer).spawn().unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < PATIENCE, "it hangs on its log");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.code(), Some(124));
    drop(reader);
}

#[test]
fn descriptors_of_the_caller_do_not_reach_the_command() {
    let place = place();
    let mut command = command("sh");
    command.args(["-c", "exec 9>lock; flock 9; hb-run sh -c 'ls /proc/$$/fd' "]).current_dir(&place);
    let said = finish(command, b"");
    assert_eq!(said.code(), 0, "{}", said.err);
    assert!(!said.out.lines().any(|fd| fd == "9"), "{}", said.out);
}

#[test]
fn asked_to_end_it_ends_all_and_says_by_which_signal() {
    let place = place();
    let mut command = command("hb-run");
    command.args(["-G", "100ms", "sh", "-c", "trap '' TERM; sleep 600 & echo $! >pids; echo up; wait; wait"]);
    command.current_dir(&place);
    let mut running = Running::start(command);
    running.wait_for("it runs", |line| line == "up");
    running.signal("TERM");
    assert_eq!(running.wait().0, 143);
    assert!(!lives(&pids(&place.path().join("pids"))[0]));
}

#[test]
fn quiet_says_only_what_is_of_interest() {
    let place = place();
    assert_eq!(sh("-q -p web", "echo fine; exit 0", place.path()).err, "");
    assert_eq!(sh("-q -p web", "echo bad; exit 3", place.path()).err, "web: bad\n");
    assert_eq!(sh("-q -p web --words", "echo is running; exit 3", place.path()).err, "");
    let said = sh("-q -p web -W 300ms -G 100ms", "echo stuck on; sleep 600", place.path());
    assert!(said.err.starts_with("web: stuck on\n"), "{}", said.err);
}

#[test]
fn s71_the_words_decide_only_where_they_are_asked_for() {
    let place = place();
    for (script, by_status, by_words) in [
        ("echo web is running; exit 3", 3, 0),
        ("echo web is not running; exit 0", 0, 3),
        ("echo laeuft nicht; exit 0", 0, 3),
        ("echo OK; exit 1", 1, 0),
        ("kill -KILL $$", 137, 137),
    ] {
        assert_eq!(sh("-p web", script, place.path()).code(), by_status, "{script}");
        assert_eq!(sh("-p web --words", script, place.path()).code(), by_words, "{script}");
    }
}

#[test]
fn words_of_a_command_that_hangs_count_for_nothing() {
    let place = place();
    assert_eq!(sh("--words -W 200ms -G 100ms", "echo running; sleep 600", place.path()).code(), 124);
}

#[test]
fn in_the_background_it_returns_when_the_command_has_begun_and_stays_with_it() {
    let place = place();
    let lock = place.path().join("lock");
    // A shell without descriptors of ours, since what stays in the background
    // would keep them open.
    let begin = |words: &str| {
        let line = format!("hb-run -b -L lock {words} >out 2>&1 </dev/null; echo $?");
        let mut command = command("sh");
        command.args(["-c", &line]).current_dir(&place);
        finish(command, b"").out.trim().to_owned()
    };
    assert_eq!(begin("-G 100ms sh -c 'trap \"\" TERM; echo $$ >>pids; echo hello; sleep 600; sleep 600'"), "0");
    let keeper = fs::read_to_string(&lock).unwrap().trim().to_owned();
    assert!(lives(&keeper));
    eventually("its output is passed on", || fs::read_to_string(place.path().join("out")).unwrap() == "hello\n");
    assert_eq!(begin("true"), "125", "there is one at a time");
    let inner = pids(&place.path().join("pids"))[0].clone();
    assert!(Command::new("kill").arg(&keeper).status().unwrap().success());
    eventually("all has ended", || !lives(&keeper) && !lives(&inner));
    assert_eq!(begin("true"), "0");
    assert_eq!(begin("/no/such/command"), "127");
}

#[test]
fn standard_input_is_passed_on_with_the_prefix() {
    let said = run("hb-run", &["-s", "-p", "web"], b"one\n\x1btwo");
    assert_eq!((said.code(), said.err.as_str()), (0, "web: one\nweb: \\u{1b}two\n"));
}

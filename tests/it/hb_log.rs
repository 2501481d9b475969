//! hb-log from outside: what it keeps, what it shows, and what it survives.

use std::fs;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::hb_supervise::{ADDRESS, Node, TWO_LINKS, running, started_on};
use crate::lab::{Running, Said, command, finish, full_pipe, run, tool, wait_until};
use crate::need_namespaces;

/// A stream as hb-decide hands it on: what was read, and what was said.
const STREAM: &str = "self 100.0 ready\n\
    tick 100.0\n\
    node 101.0 node2 active\n\
    msg 101.0 node2 via=bcast:eth1 t=status st=active seq=1 hg=1 inc=bb grp=web:started:can:1 cfg=- votes=-\n\
    group 101.0 web started node=node2 epoch=1\n\
    said 101.0 t=status st=active grp=web:stopped:want:1 votes=-\n\
    ping 101.5 192.0.2.1 up rtt=0.3\n\
    ping 102.5 192.0.2.1 up rtt=0.3\n\
    node 111.0 node2 dead silent=10.0\n\
    why 111.0 web start node2 is dead\n\
    do 111.0 start web until=121.0 epoch=2\n\
    group 111.2 web started\n\
    group 111.2 web started node=node1 epoch=2\n\
    do 113.0 renew web until=123.0\n\
    held 113.0\n\
    tick 114.0\n";

struct Kept {
    run: TempDir,
    ring: TempDir,
}

impl Kept {
    fn new() -> Kept {
        Kept { run: TempDir::new().unwrap(), ring: TempDir::new().unwrap() }
    }

    /// Keeps a stream to its end.
    fn keep(&self, options: &[&str], stream: &str) -> Said {
        let mut command = command("hb-log");
        command.args(["--keep", "-N", "node1"]).args(options).arg(self.ring.path()).env("HBKIT_RUN", self.run.path());
        finish(command, stream.as_bytes())
    }

    fn show(&self, options: &[&str]) -> String {
        let said = self.ask(options);
        assert_eq!((said.code(), said.err.as_str()), (0, ""));
        said.out
    }

    fn ask(&self, options: &[&str]) -> Said {
        let mut command = command("hb-log");
        command.args(options).arg(self.ring.path()).env("HBKIT_RUN", self.run.path());
        finish(command, b"")
    }

    /// The names of what is in the ring.
    fn files(&self, kind: &str) -> Vec<String> {
        let names =
            fs::read_dir(self.ring.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.starts_with(kind)).collect();
        names.sort();
        names
    }
}

/// The sentences without their times.
fn sentences(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_once("  ").unwrap().1.to_owned()).collect()
}

#[test]
fn what_was_kept_is_told_in_words() {
    let kept = Kept::new();
    let said = kept.keep(&[], STREAM);
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, "", ""));
    let told = sentences(&kept.show(&[]));
    assert_eq!(
        told,
        [
            "the clock of node1",
            "this node begins to judge",
            "node2: active",
            "web: started on node2",
            "192.0.2.1: answers in 0.3 ms",
            "node2: dead, silent for 10.0 s",
            "web: start: node2 is dead",
            "web: it is to start here, leased for 10.0 s",
            "web: the scripts say started",
            "web: started on node1",
        ]
    );
    assert_eq!(sentences(&kept.show(&["-c", "1"])), ["web: started on node1"]);
    assert!(sentences(&kept.show(&["-g", "web"])).iter().all(|line| line.starts_with("web: ")));
    assert_eq!(sentences(&kept.show(&["-P", "node2"])).len(), 3);
    let all = kept.show(&["-a"]);
    assert!(all.contains("web: it is to renew here") && all.lines().count() > told.len());
    assert!(!all.contains("said"), "what follows from the rest is not kept");
    let json = kept.show(&["-j"]);
    assert!(json.lines().all(|line| line.starts_with("{\"kind\":\"") && line.ends_with("}}")), "{json}");
}

#[test]
fn times_are_those_of_the_wall() {
    let kept = Kept::new();
    assert_eq!(kept.keep(&[], STREAM).code(), 0);
    let today = finish(command_of(&["date", "-u", "+%Y-%m-%d %H:%M"]), b"").out;
    let line = kept.show(&["-c", "1"]);
    // The stream is of 100 s after boot, which is some day; its order is that of the clock.
    assert!(line.as_bytes()[4] == b'-' && line.as_bytes()[10] == b' ', "{line}");
    assert!(line[..16] <= today[..16], "{line} is after {today}");
    assert_eq!(kept.show(&["--since", "1970-01-01"]), kept.show(&[]));
    assert_eq!(sentences(&kept.show(&["--since", "0s"])), Vec::<String>::new());
    assert_eq!(kept.ask(&["--since", "yesterday"]).code(), 2);
}

fn command_of(words: &[&str]) -> std::process::Command {
    let mut command = command(words[0]);
    command.args(&words[1..]);
    command
}

#[test]
fn raw_is_what_was_read_and_gives_the_same_answers() {
    // What hb-judge reads, as a bus has it.
    let mut bus = "group 99.0 web stopped\ntick 100.0\nsent 100.0 t=status seq=1 hg=1 inc=aa ok=1 failed=0\n\
        msg 100.5 node2 via=bcast:eth1 t=status st=active seq=1 hg=1 inc=bb grp=web:stopped:can:0 cfg=- votes=- echo=node1:aa:1:9\n\
        tick 101.0\nask 101.5 standby web\n"
        .to_owned();
    (102..130).for_each(|second| bus.push_str(&format!("tick {second}.0\n")));
    let judge = ["-a", "-N", "node1", "-P", "node2", "-d", "10"];
    let decide = ["-v", "-N", "node1", "-P", "node2", "-d", "10", "-g", "web=node1"];
    let kept = Kept::new();
    let judged = run("hb-judge", &judge, bus.as_bytes());
    let mut sh = command("sh");
    let line = format!(
        "hb-decide {} --keep-to {1}/keep & hb-log --keep -N node1 {2} <{1}/keep; wait",
        decide.join(" "),
        kept.run.path().display(),
        kept.ring.path().display()
    );
    let fifo = kept.run.path().join("keep");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::write(kept.run.path().join("judged"), &judged.out).unwrap();
    // In the background sh gives a command no standard input.
    let line = line.replacen(" & ", &format!(" <{}/judged & ", kept.run.path().display()), 1);
    sh.args(["-c", &line]).env("HBKIT_RUN", kept.run.path());
    let decided = finish(sh, b"");
    assert_eq!((decided.code(), decided.err.as_str()), (0, ""));
    assert!(decided.out.contains(" node2 dead "), "{}", decided.out);
    let raw = kept.show(&["--raw"]);
    assert_eq!(raw, bus);
    let again = run("hb-judge", &judge, raw.as_bytes());
    assert_eq!(run("hb-decide", &decide, again.out.as_bytes()).out, decided.out);
}

#[test]
fn the_ring_is_bounded_and_what_happened_outlives_what_went_on() {
    let kept = Kept::new();
    let mut stream = "why 1.0 web wait for the first one\n".to_owned();
    for second in 1..6_000 {
        stream.push_str(&format!(
            "msg {second}.0 node2 via=bcast:eth1 t=status seq={second:x} filler={}\n",
            "x".repeat(60)
        ));
    }
    assert_eq!(kept.keep(&["--size", "64k", "--files", "2"], &stream).code(), 0);
    let files = kept.files("records");
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        let length = fs::metadata(kept.ring.path().join(file)).unwrap().len();
        assert!(length <= 65_536 + 200, "{length}");
    }
    let all = kept.show(&["-a", "-j"]);
    assert!(!all.contains("first one") && all.contains("\"seq\":\"176f\""));
    assert!(kept.show(&[]).contains("web: wait: for the first one"));
}

#[test]
fn the_next_keeper_goes_on_where_one_died_in_the_middle_of_a_line() {
    let kept = Kept::new();
    kept.keep(&[], "why 1.0 web wait for a\n");
    let file = kept.ring.path().join(&kept.files("story")[0]);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}why 2.0 web start ha")).unwrap();
    assert!(!kept.show(&[]).contains("start"), "half a line is another one");
    kept.keep(&[], "why 3.0 web wait for b\n");
    let told = sentences(&kept.show(&["-g", "web"]));
    assert_eq!(told, ["web: wait: for a", "web: wait: for b"]);
    assert_eq!(kept.files("story").len(), 1);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly_also_while_it_follows() {
    let kept = Kept::new();
    kept.keep(&[], STREAM);
    for options in [&["-a"][..], &["--follow"]] {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        drop(reader);
        let mut command = command(tool("hb-log").to_str().unwrap());
        command.args(options).arg(kept.ring.path()).stdout(writer).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        drop(command);
        let said = Said::from(child.wait_with_output().unwrap());
        assert_eq!((said.code(), said.err.as_str()), (0, ""), "{options:?}");
    }
}

#[test]
fn what_follows_is_shown_as_it_comes() {
    let kept = Kept::new();
    kept.keep(&[], STREAM);
    let mut command = command("hb-log");
    command.args(["--follow", "-c", "1"]).arg(kept.ring.path());
    let mut following = Running::start(command);
    following.wait_for("the last line", |line| line.contains("web: started on node1"));
    kept.keep(&[], "why 200.0 web wait for more\n");
    following.wait_for("what comes", |line| line.contains("web: wait: for more"));
}

#[test]
fn without_records_it_could_not_tell() {
    let kept = Kept::new();
    let said = kept.ask(&[]);
    assert_eq!(said.code(), 2);
    assert!(said.err.contains("no records are there"), "{}", said.err);
    assert_eq!(kept.keep(&["--size", "1"], "").code(), 2);
}

/// Runs sh lines in a mount namespace, where a small file system is on `disk`.
fn on_a_small_disk(kept: &Kept, lines: &str) -> Said {
    let (run, disk) = (kept.run.path().display(), kept.ring.path().display());
    let mut sh = command("unshare");
    let script = format!("mount -t tmpfs -o size=256k tmpfs {disk} && export HBKIT_RUN={run} disk={disk}\n{lines}");
    sh.args(["--mount", "sh", "-e", "-c", &script]);
    finish(sh, b"")
}

#[test]
fn s76_a_full_disk_leaves_a_hole_that_is_said_and_nothing_waits() {
    need_namespaces!();
    let kept = Kept::new();
    let said = on_a_small_disk(
        &kept,
        "mkfifo $HBKIT_RUN/keep\n\
         hb-log --keep -N node1 $disk <$HBKIT_RUN/keep & keeper=$!\n\
         exec 8>$HBKIT_RUN/keep\n\
         echo 'why 1.0 web wait before' >&8\n\
         until grep -q before $disk/story.*; do :; done\n\
         dd if=/dev/zero of=$disk/filler bs=4k 2>/dev/null || :\n\
         head -c 100000 /dev/zero | tr '\\0' x | fold -w 1000 | sed 's/^/why 2.0 web wait /' >&8; echo >&8\n\
         until grep -q 'status .* unkept' $HBKIT_RUN/status; do :; done\n\
         grep -q 'web wait' $HBKIT_RUN/recent.*\n\
         rm $disk/filler\n\
         echo 'why 3.0 web wait after' >&8\n\
         exec 8>&-; wait $keeper; hb-log $disk",
    );
    assert_eq!(said.code(), 0, "{}\n{}", said.out, said.err);
    assert!(said.err.contains("records cannot be kept: "), "{}", said.err);
    assert!(said.out.contains("web: wait: before") && said.out.contains("web: wait: after"), "{}", said.out);
    let hole = said.out.lines().find(|line| line.contains(" records of ")).unwrap();
    assert!(hole.contains("were not kept: No space left on device"), "{hole}");
}

#[test]
fn s76_on_a_read_only_disk_the_latest_is_there_even_so() {
    need_namespaces!();
    let kept = Kept::new();
    let said = on_a_small_disk(
        &kept,
        "mount -o remount,ro $disk\n\
         printf 'why 1.0 web wait for a\\ntick 2.0\\n' | hb-log --keep -N node1 $disk\n\
         hb-log $disk; grep -c '^status ' $HBKIT_RUN/status",
    );
    assert_eq!(said.code(), 0, "{}\n{}", said.out, said.err);
    assert!(said.out.contains("web: wait: for a"), "{}", said.out);
    assert!(said.err.contains("records cannot be kept: Read-only file system"), "{}", said.err);
}

/// What the story of a running node is kept in.
fn log_of(node: &Node, options: &[&str]) -> Said {
    let mut command = command("hb-log");
    command.args(options).env("HBKIT_RUN", node.directory.join("run"));
    finish(command, b"")
}

#[test]
fn the_records_of_a_running_node_are_kept_and_replay_to_what_it_did() {
    need_namespaces!();
    let (cluster, one, mut two) = running(&TWO_LINKS);
    cluster.nodes[0].power_off();
    two.wait_for("node2 serves", started_on("node2"));
    drop(one);
    let node = &cluster.nodes[1];
    wait_until("it is kept", || log_of(node, &["-g", ADDRESS]).out.contains("started on node2"));
    let told = log_of(node, &[]).out;
    for wanted in ["node1: dead, silent for", "it is to start here", "node2/bcast:eth1"] {
        assert_eq!(told.contains(wanted), wanted != "node2/bcast:eth1", "{wanted}: {told}");
    }
    two.signal("TERM");
    let (status, story, errors) = two.wait();
    assert_eq!((status, errors.contains("hb-log")), (0, false), "{errors}");
    // Everything that was said, up to the very end, is kept and found anew.
    let conf = |name: &str| node.directory.join(name).display().to_string();
    wait_until("the end is kept", || log_of(node, &["-c", "1"]).out.contains("released everything and ends"));
    let raw = log_of(node, &["--raw"]).out;
    let judged = run("hb-judge", &["-a", "-f", &conf("ha.cf"), "-N", "node2"], raw.as_bytes()).out;
    let options = ["-v", "-f", &conf("ha.cf"), "-R", &conf("haresources"), "-N", "node2"];
    let decided = run("hb-decide", &options, judged.as_bytes());
    assert_eq!((decided.code(), decided.err.as_str()), (0, ""));
    let of_decide = |text: &str| {
        let kinds = ["do ", "why ", "node ", "link "];
        text.lines()
            .filter(|line| kinds.iter().any(|kind| line.starts_with(kind)))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(of_decide(&decided.out), of_decide(&story));
}

#[test]
fn s26_a_keeper_that_hangs_or_dies_takes_nothing_with_it() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    cluster.nodes[0].signal("hb-log", "STOP");
    cluster.nodes[1].signal("hb-log", "KILL");
    two.wait_for_error(|line| line.contains("hb-log has ended with status 137: another one takes its place"));
    let moved = |line: &str| line.starts_with("do ") && line.contains(" stop ");
    assert_eq!(one.look_for(std::time::Duration::from_secs(4), moved), None);
    assert!(cluster.nodes[0].has(ADDRESS));
    wait_until("another one keeps", || !cluster.nodes[1].pids("hb-log").is_empty());
    // Nor does the end wait for one that hangs.
    one.signal("TERM");
    let (status, story, errors) = one.wait();
    assert_eq!(status, 0, "{story}\n{errors}");
    cluster.nodes[0].signal("hb-log", "CONT");
    wait_until("it goes on to the end", || {
        log_of(&cluster.nodes[0], &["-c", "1"]).out.contains("released everything and ends")
    });
    assert!(Path::new(&cluster.nodes[0].directory.join("run/status")).exists());
}

/// `hb-log --pass` with a FIFO for what goes to standard error.
fn passing(directory: &TempDir) -> std::process::Command {
    let fifo = directory.path().join("errors");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut command = command("hb-log");
    command.args(["--pass", "--errors"]).arg(fifo);
    command
}

#[test]
fn what_is_passed_on_comes_at_once_and_whole_on_both_outputs() {
    let directory = TempDir::new().unwrap();
    let mut passing = Running::start(passing(&directory));
    let mut errors = fs::OpenOptions::new().write(true).open(directory.path().join("errors")).unwrap();
    passing.say("tick 1.0\nhalf a");
    passing.wait_for("the line", |line| line == "tick 1.0");
    errors.write_all(b"tool: what: why\n").unwrap();
    passing.wait_for_error(|line| line == "tool: what: why");
    passing.say(" line\nno newline");
    passing.wait_for("the line", |line| line == "half a line");
    drop(errors);
    passing.end_input();
    assert_eq!(passing.look_for(Duration::from_secs(5), |line| line == "no newline").as_deref(), Some("no newline"));
    assert_eq!(passing.wait().0, 0);
}

#[test]
fn s103_who_writes_never_waits_and_who_reads_late_is_told_how_many_lines_are_missing() {
    let mut command = command("hb-log");
    let mut child =
        command.arg("--pass").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = 40_000_u64;
    let mut input = child.stdin.take().unwrap();
    // More than all buffers together: with a reader that is waited for this would not end.
    for number in 0..lines {
        writeln!(input, "line {number} {}", "x".repeat(90)).unwrap();
    }
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let (mut there, mut missing, mut next) = (0, 0, 0);
    let mut line = String::new();
    while next < lines {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "it ends at {next}");
        if let Some(rest) = line.strip_prefix("dropped ") {
            let count: u64 = rest.split_once(" n=").unwrap().1.split(' ').next().unwrap().parse().unwrap();
            (missing, next) = (missing + count, next + count);
        } else {
            assert_eq!(line.split(' ').nth(1), Some(next.to_string().as_str()), "{line}");
            (there, next) = (there + 1, next + 1);
        }
    }
    assert!(missing > 0 && there > 1_000, "{missing} missing, {there} there");
    writeln!(input, "and on").unwrap();
    line.clear();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "and on\n");
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_goes_away_is_no_reason_for_the_other_one_to_hear_nothing() {
    let directory = TempDir::new().unwrap();
    let mut command = passing(&directory);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = fs::OpenOptions::new().write(true).open(directory.path().join("errors")).unwrap();
    let mut input = child.stdin.take().unwrap();
    drop(child.stdout.take());
    for number in 0..20_000 {
        writeln!(input, "line {number} {}", "x".repeat(90)).unwrap();
    }
    errors.write_all(b"tool: what: why\n").unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "tool: what: why\n");
    drop((input, errors));
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_tool_whose_complaints_nobody_reads_works_on() {
    let (reader, writer) = full_pipe();
    let mut command = command("hb-judge");
    command.args(["-P", "n2"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"no record\nself 1.0 ready\ntick 99999.0\n").unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(" n2 init") {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0);
    }
    drop((input, reader));
    assert!(child.wait().unwrap().success());
}

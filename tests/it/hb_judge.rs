//! hb-judge from outside.

use std::io::Write as _;
use std::process::Stdio;

use crate::lab::{Running, command, run, tool};
use crate::timeline;

#[test]
fn every_time_line_gives_its_verdicts() {
    timeline::run_all("hb-judge", "judge");
}

#[test]
fn a_recording_replays_to_the_same_bytes() {
    let mut recording = String::new();
    for beat in 0..5000 {
        let time = f64::from(beat) * 0.25;
        // Now and then a node is silent for a while.
        if beat / 100 % 3 != 2 {
            recording += &format!("msg {time:.6} n2 via=bcast:eth1 t=status st=active seq={beat:x} hg=1\n");
        }
        recording += &format!("tick {time:.6}\n");
    }
    let first = run("hb-judge", &["-d", "5", "-P", "n2"], recording.as_bytes());
    assert!(first.out.matches(" n2 dead ").count() > 10, "{}", first.out);
    for _ in 0..3 {
        assert_eq!(run("hb-judge", &["-d", "5", "-P", "n2"], recording.as_bytes()).out, first.out);
    }
    // However the input is cut into writes, and with what passes through.
    let mut child = command(tool("hb-judge").to_str().unwrap());
    child.args(["-d", "5", "-P", "n2"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeder =
        std::thread::spawn(move || recording.as_bytes().chunks(997).try_for_each(|part| stdin.write_all(part)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), first.out);
}

/// The most memory that a process has had, in KiB.
fn peak_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
fn hours_take_no_more_memory_than_minutes() {
    // S27: what is kept grows with nodes and links, not with time, lives or marks.
    for options in [&["-N", "n1", "-d", "10"][..], &["-N", "n1", "-d", "10", "--phi", "8"], &["--suggest"]] {
        let mut command = command(tool("hb-judge").to_str().unwrap());
        command.args(options);
        let mut judge = Running::start(command);
        let mut peaks = Vec::new();
        for (first, last) in [(0, 600), (600, 12_000)] {
            let mut stream = String::new();
            for beat in first..last {
                let (life, state) = (beat / 200, if beat % 200 < 3 { "up" } else { "active" });
                stream += &format!("sent {beat}.0 t=status seq={beat:x} hg={life:x} inc=a{life:x} ok=1 failed=0\n");
                for node in 2..12 {
                    stream += &format!(
                        "msg {beat}.1 n{node} via=bcast:eth1 t=status st={state} seq={beat:x} hg={life:x} inc=b{life:x} \
                         grp=- echo=n1:a{life:x}:{beat:x}:90:+bcast:eth1\n"
                    );
                }
                stream += &format!("tick {beat}.5\n");
            }
            // A word of its own shows that all before it was read.
            stream += &format!("msg {last}.0 end{last} via=bcast:eth1 t=status st=active\n");
            judge.say(&stream);
            if options != ["--suggest"] {
                judge.wait_for("the end", |line| line.starts_with(&format!("node {last}.000000 end{last} ")));
            }
            peaks.push(peak_memory(judge.id()));
        }
        assert!(peaks[1] <= peaks[0] + 256, "{options:?}: {peaks:?} KiB");
        judge.end_input();
    }
}

#[test]
fn a_verdict_is_printed_before_the_next_record_comes() {
    let mut command = command(tool("hb-judge").to_str().unwrap());
    command.args(["-d", "5"]);
    let mut judge = Running::start(command);
    judge.say("tick 1.0\n");
    judge.wait_for("ready", |line| line == "self 1.000000 ready");
    judge.say("msg 1.1 n2 via=bcast:eth1 t=status st=active seq=1 hg=1\n");
    judge.wait_for("active", |line| line == "node 1.100000 n2 active");
    let (status, _, _) = judge.wait();
    assert_eq!(status, 0);
}

#[test]
fn lines_that_are_no_records_are_said_once_per_cause_and_skipped() {
    let long = "x".repeat(10_000);
    let mut input = Vec::new();
    for _ in 0..100 {
        input.extend_from_slice(format!("{long}\nnonsense\n\ntick soon\nTICK 1\n").as_bytes());
        input.extend_from_slice(b"tick 1.0 \xff\xfe\n");
    }
    input.extend_from_slice(b"tick 5.0\ntick 1.0\nmsg 5.0\nlast line without an end");
    let said = run("hb-judge", &[], &input);
    assert_eq!(said.code(), 0);
    assert_eq!(said.out, "self 5.000000 ready\n");
    let causes: Vec<&str> = said.err.lines().collect();
    assert_eq!(causes.len(), 9, "{}", said.err);
    assert!(causes.iter().all(|line| line.starts_with("hb-judge: line ")), "{}", said.err);
    assert!(causes[0].starts_with("hb-judge: line 1: longer than 4096 bytes"), "{}", causes[0]);
}

#[test]
fn a_line_that_is_no_utf8_spoils_no_other() {
    let mut input = Vec::new();
    for second in 1..2000 {
        input.extend_from_slice(
            format!("msg {second}.1 n2 via=bcast:eth1 t=status st=active seq={second:x} hg=1\n").as_bytes(),
        );
        input.extend_from_slice(b"msg 1.0 n2 via=bcast:eth1 t=status ld=\xff\n");
        input.extend_from_slice(format!("tick {second}.5\n").as_bytes());
    }
    let said = run("hb-judge", &["-d", "10"], &input);
    assert_eq!(said.code(), 0);
    assert_eq!(said.out.lines().count(), 3, "{}", said.out);
    assert_eq!(said.err, "hb-judge: line 2: not UTF-8; such lines are skipped, this is said once\n");
}

#[test]
fn a_configuration_that_cannot_be_read_is_status_2_with_its_name() {
    let said = run("hb-judge", &["-f", "/nonexistent/ha.cf"], b"tick 1.0\n");
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert!(said.err.starts_with("hb-judge: /nonexistent/ha.cf: "), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
}

#[test]
fn wrong_options_are_status_2() {
    let phi = [&["--phi", "0"][..], &["--phi", "eight"], &["--suggest", "-a"], &["--suggest", "--phi", "8"]];
    for options in [&["-d", "soon"][..], &["-d", "0"], &["-P", "a b"], &["-x"], &["file"]].iter().chain(&phi) {
        let said = run("hb-judge", options, b"");
        assert_eq!(said.code(), 2, "{options:?}: {}", said.err);
        assert!(!said.err.is_empty());
    }
}

#[test]
fn a_full_disk_is_an_error_and_a_gone_reader_is_not() {
    let full = command("sh").args(["-c", "echo tick 1.0 | hb-judge > /dev/full"]).output().unwrap();
    assert_eq!(full.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&full.stderr).contains("standard output"));
    let script = "{ i=0; while [ $i -lt 20000 ]; do echo tick $i.0; i=$((i + 1)); done; } | { hb-judge -a; echo $? >&2; } | head -n 1";
    let gone = command("sh").args(["-c", script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&gone.stderr), "0\n");
}

#[test]
fn a_long_recording_gives_times_and_a_short_one_says_how_much_is_missing() {
    let recording = |count: u32| {
        let beats = (1..=count).filter(|n| n % 100 != 50);
        let line = |n: u32| format!("msg {n}.25 n2 via=bcast:eth1 t=status st=active seq={n:x} hg=1\ntick {n}.5\n");
        beats.map(line).collect::<String>()
    };
    let long = run("hb-judge", &["--suggest", "-N", "n1"], recording(20_000).as_bytes());
    assert_eq!((long.code(), long.err.as_str()), (0, ""));
    let lines: Vec<&str> = long.out.lines().collect();
    assert!(lines[0].starts_with("interval 20000.500000 n2 n=19799 median=1.00"), "{}", long.out);
    assert!(lines[1].starts_with("interval 20000.500000 n2/bcast:eth1 "), "{}", long.out);
    assert!(lines[2].starts_with("suggest 20000.500000 keepalive=1.0 warntime=2.0 deadtime="), "{}", long.out);
    assert!(lines[2].contains(" loss=0.010000 run=1 "), "{}", long.out);

    let short = run("hb-judge", &["--suggest"], recording(60).as_bytes());
    assert_eq!(short.code(), 1);
    assert!(short.out.starts_with("interval 60.500000 n2 n=58 ") && !short.out.contains("suggest"), "{}", short.out);
    assert_eq!(short.err, "hb-judge: too short to tell: n2: 58 intervals, 10000 are needed: 167 minutes more\n");

    let none = run("hb-judge", &["--suggest"], b"tick 1.0\n");
    assert_eq!((none.code(), none.out.as_str()), (1, ""));
    assert!(none.err.starts_with("hb-judge: too short to tell: no node was heard twice"), "{}", none.err);
}

#[test]
fn a_configuration_with_a_value_that_is_none_changes_nothing_at_all() {
    let stream = |config: &str| format!("tick 1.0\n{config}ping 1.1 gw up\ntick 1.2\ntick 3.0\n");
    let judge = |stream: String| run("hb-judge", &["-d", "10", "--deadping", "5"], stream.as_bytes());
    let sound = judge(stream("config 1.0 deadping=1.0 ping=gw\n"));
    assert!(sound.out.contains(" gw unknown ") && sound.err.is_empty(), "{}{}", sound.out, sound.err);
    for wrong in ["deadping=1.0 warntime=soon", "deadping=1.0 initdead="] {
        let said = judge(stream(&format!("config 1.0 {wrong}\n")));
        assert!(said.err.contains("a record lacks what its kind must have"), "{wrong}: {}", said.err);
        assert_eq!(said.out, judge(stream("")).out, "{wrong}");
    }
}

//! hb-standby and its sisters from outside.

use std::fs;
use std::io::{BufRead as _, BufReader};

use tempfile::TempDir;

use crate::lab::{Said, command, finish, ok};

const SCRIPTS: [&str; 3] = ["hb-standby", "hb-takeover", "hb-maintenance"];

fn ask(script: &str, run: &TempDir, words: &[&str]) -> Said {
    let mut command = command(script);
    command.args(words).env("HBKIT_RUN", run.path());
    finish(command, b"")
}

#[test]
fn without_a_supervisor_it_says_so_and_does_not_hang() {
    for script in SCRIPTS {
        let run = TempDir::new().unwrap();
        let said = ask(script, &run, &["on"]);
        assert_eq!(said.code(), 2);
        assert!(said.err.starts_with("hb-ask: "), "{}", said.err);
        assert!(said.err.contains("hb-supervise does not run"), "{}", said.err);
        // What a dead one left: a FIFO that nobody reads, a lock that nobody holds.
        ok(command("mkfifo").arg(run.path().join("bus")));
        fs::write(run.path().join("lock"), "").unwrap();
        assert_eq!(ask(script, &run, &["on"]).code(), 2);
    }
}

#[test]
fn the_request_is_a_record_on_the_bus() {
    for (script, words, request) in [
        ("hb-standby", &[][..], "standby all"),
        ("hb-standby", &["local"][..], "standby local"),
        ("hb-standby", &["-F", "foreign"][..], "standby foreign force=1"),
        ("hb-takeover", &[][..], "takeover all"),
        ("hb-takeover", &["--force", "web"][..], "takeover web force=1"),
        ("hb-maintenance", &["on"][..], "maintenance on"),
        ("hb-maintenance", &["on", "20m"][..], "maintenance on for=20m"),
        ("hb-maintenance", &["on", "--for", "30m"][..], "maintenance on for=30m"),
        ("hb-maintenance", &["off"][..], "maintenance off"),
    ] {
        let run = TempDir::new().unwrap();
        let bus = run.path().join("bus");
        ok(command("mkfifo").arg(&bus));
        // For reading and writing, so that nobody waits for anybody.
        let bus = fs::OpenOptions::new().read(true).write(true).open(bus).unwrap();
        let said = ask(script, &run, &[&["--no-wait"], words].concat());
        assert_eq!((said.code(), said.out.as_str()), (0, ""), "{}", said.err);
        let mut line = String::new();
        BufReader::new(bus).read_line(&mut line).unwrap();
        let (head, tail) = line.trim_end().split_at(4);
        assert_eq!(head, "ask ");
        let (time, asked) = tail.split_once(' ').unwrap();
        assert_eq!(asked, request);
        assert!(time.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn wrong_options_are_usage_errors() {
    let run = TempDir::new().unwrap();
    for script in SCRIPTS {
        assert_eq!(ask(script, &run, &["--wrong"]).code(), 2);
        assert_eq!(ask(script, &run, &["all", "more"]).code(), 2);
        assert!(ask(script, &run, &["--help"]).out.starts_with(&format!("usage: {script}")));
    }
}

#[test]
fn a_maintenance_is_on_or_off_and_its_span_is_a_word() {
    let run = TempDir::new().unwrap();
    for words in [
        &[][..],
        &["maybe"],
        &["off", "20m"],
        &["off", "--for", "20m"],
        &["on", "--for", "1", "2"],
        &["on", "off"],
        &["on", "20 m"],
        &["on", "1m\nask"],
        &["on", "1", "2"],
    ] {
        let said = ask("hb-maintenance", &run, words);
        assert_eq!(said.code(), 2, "{words:?}");
        assert!(said.err.starts_with("usage: "), "{words:?}: {}", said.err);
    }
}

//! hb-standby from outside.

use std::fs;
use std::io::{BufRead as _, BufReader};

use tempfile::TempDir;

use crate::lab::{Said, command, finish, ok};

fn hb_standby(run: &TempDir, words: &[&str]) -> Said {
    let mut command = command("hb-standby");
    command.args(words).env("HBKIT_RUN", run.path());
    finish(command, b"")
}

#[test]
fn without_a_supervisor_it_says_so_and_does_not_hang() {
    let run = TempDir::new().unwrap();
    let said = hb_standby(&run, &[]);
    assert_eq!(said.code(), 2);
    assert!(said.err.contains("hb-supervise does not run"), "{}", said.err);
    // What a dead one left: a FIFO that nobody reads, a lock that nobody holds.
    ok(command("mkfifo").arg(run.path().join("bus")));
    fs::write(run.path().join("lock"), "").unwrap();
    assert_eq!(hb_standby(&run, &["all"]).code(), 2);
}

#[test]
fn the_request_is_a_record_on_the_bus() {
    for (words, request) in [
        (&[][..], "standby all"),
        (&["local"][..], "standby local"),
        (&["-F", "foreign"][..], "standby foreign force=1"),
    ] {
        let run = TempDir::new().unwrap();
        let bus = run.path().join("bus");
        ok(command("mkfifo").arg(&bus));
        let lock = fs::File::create(run.path().join("lock")).unwrap();
        lock.lock().unwrap();
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            BufReader::new(fs::File::open(bus).unwrap()).read_line(&mut line).unwrap();
            line
        });
        let said = hb_standby(&run, words);
        assert_eq!(said.code(), 0, "{}", said.err);
        let line = reader.join().unwrap();
        let (head, tail) = line.trim_end().split_at(4);
        assert_eq!(head, "ask ");
        assert!(tail.ends_with(request), "{line}");
        assert!(tail.split(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn wrong_options_are_usage_errors() {
    let run = TempDir::new().unwrap();
    assert_eq!(hb_standby(&run, &["--wrong"]).code(), 2);
    assert_eq!(hb_standby(&run, &["all", "more"]).code(), 2);
    assert!(hb_standby(&run, &["--help"]).out.starts_with("usage: hb-standby"));
}

//! `hb-monitor`, from outside, with a script in the place of hb-resource.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::lab::{Running, command, finish, wait_until};

const GROUP: &str = "10.0.0.80";

/// A configuration, and a script that does `text` for hb-resource: `$1` is the action.
fn site(rules: &str, text: &str) -> TempDir {
    let site = TempDir::new().unwrap();
    let ha_cf = format!("node n1 n2\nbcast eth0\n{rules}\n");
    fs::write(site.path().join("ha.cf"), ha_cf).unwrap();
    fs::write(site.path().join("haresources"), "n1 10.0.0.80 web\n").unwrap();
    let script = site.path().join("resource");
    let head = "#!/bin/sh\nd=${0%/*}\nshift 2\necho \"$*\" >>\"$d/log\"\n";
    let tail = "case $1 in\nlisten) exit 0 ;;\nesac\n";
    fs::write(&script, format!("{head}{tail}{text}")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    site
}

fn begin(site: &Path) -> Running {
    let mut command = command("hb-monitor");
    command.arg("-C").arg(site).args(["-N", "n1", "--program"]).arg(site.join("resource"));
    let mut monitor = Running::start(command);
    monitor.say(&format!("group 1.0 {GROUP} started node=n1 epoch=1\n"));
    monitor
}

fn says(words: &'static str) -> impl Fn(&str) -> bool {
    move |line| line.contains(words)
}

fn log(site: &Path) -> Vec<String> {
    fs::read_to_string(site.join("log")).unwrap_or_default().lines().map(str::to_owned).collect()
}

const FAST: &str = "resource * interval=50ms monitor=1 restarts=1 within=1h";

#[test]
fn s62_it_restarts_in_place_and_then_gives_the_group_up() {
    let site = site(
        FAST,
        "case $1 in\nmonitor) [ -e \"$d/well\" ] && s=running || s=stopped\n\
         echo \"resource 1.0 $2 running name=IPaddr::10.0.0.80\"\necho \"resource 1.0 $2 $s name=web\" ;;\n\
         restart) [ \"$3\" = web ] && : >\"$d/well\" ;;\nesac\n",
    );
    let mut monitor = begin(site.path());
    monitor.wait_for("it is found", says(" failed name=web"));
    monitor.wait_for("it begins", says(" restart name=web n=1 of=1"));
    monitor.wait_for("it is done", says(" restarted name=web"));
    monitor.wait_for("it is well", says(" running"));
    fs::remove_file(site.path().join("well")).unwrap();
    monitor.wait_for("there is none left", says(" given-up name=web"));
    monitor.wait_for("the group", says(" 10.0.0.80 failed by=monitor"));
    fs::write(site.path().join("well"), "").unwrap();
    monitor.wait_for("it is well", says(" 10.0.0.80 started by=monitor"));
    let restarts = log(site.path()).iter().filter(|line| line.starts_with("restart 10.0.0.80 web")).count();
    assert_eq!(restarts, 1);
}

#[test]
fn s73_what_runs_is_ended_before_a_stop_and_at_the_end() {
    for how in ["stop", "TERM", "the end of the input"] {
        let site = site(FAST, "trap '' INT\necho $$ >\"$d/pid\"\nsleep 1000\n");
        let mut monitor = begin(site.path());
        let pid = || fs::read_to_string(site.path().join("pid")).unwrap_or_default();
        wait_until("it is asked", || pid().ends_with('\n'));
        let process = format!("/proc/{}", pid().trim());
        assert!(Path::new(&process).exists());
        match how {
            "stop" => monitor.say(&format!("do 2.0 stop {GROUP}\n")),
            "TERM" => monitor.signal("TERM"),
            _ => monitor.end_input(),
        }
        wait_until("it has ended", || !Path::new(&process).exists());
        if how == "stop" {
            assert_eq!(monitor.look_for(Duration::from_millis(300), |_| true), None);
            assert_eq!(log(site.path()).iter().filter(|line| line.starts_with("monitor ")).count(), 1);
        } else {
            assert_eq!(monitor.wait().0, 0, "{how}");
        }
    }
}

#[test]
fn each_resource_is_asked_for_by_its_name_at_its_own_interval() {
    let rules = "resource * interval=50ms\nresource web interval=1h";
    let site = site(rules, "shift 2\nfor word; do echo \"resource 1.0 10.0.0.80 running name=$word\"; done\n");
    let _monitor = begin(site.path());
    let asked = || log(site.path()).into_iter().filter(|line| line.starts_with("monitor ")).collect::<Vec<_>>();
    wait_until("it is asked again and again", || asked().len() > 5);
    assert!(asked().iter().all(|line| line == "monitor 10.0.0.80 IPaddr::10.0.0.80"), "{:?}", asked());
}

#[test]
fn who_asks_whether_it_lives_gets_an_answer_also_while_nobody_takes_them() {
    let site = site(FAST, "exit 2\n");
    let fifo = site.path().join("answers");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut command = command("hb-monitor");
    command.arg("-C").arg(site.path()).args(["-N", "n1", "--program", "true", "--answer-to"]).arg(&fifo);
    let mut monitor = Running::start(command);
    let mut answers = BufReader::new(File::options().read(true).write(true).open(&fifo).unwrap());
    let mut line = String::new();
    monitor.say("tick 12.5\n");
    answers.read_line(&mut line).unwrap();
    assert_eq!(line, "attended 12.500000\n");
    // More than the FIFO holds: with answers that are waited for, the last lines would
    // not be read.
    for _ in 0..5_000 {
        monitor.say("tick 12.5\n");
    }
    monitor.end_input();
    assert_eq!(monitor.wait().0, 0);
}

#[test]
fn what_cannot_be_run_is_no_failure() {
    let site = site(FAST, "exit 2\n");
    let mut monitor = begin(site.path());
    monitor.wait_for("no answer", says(" unknown reason=no%20answer status=2"));
    fs::remove_file(site.path().join("resource")).unwrap();
    monitor.wait_for("no program", says(" unknown reason="));
    assert_eq!(monitor.look_for(Duration::from_millis(500), says(" failed")), None);
}

#[test]
fn wrong_calls_are_refused() {
    let site = site("", "");
    let directory = site.path().to_str().unwrap();
    for options in
        [&["-C", "/nonexistent"][..], &["--wrong"], &["-C", directory, "extra"], &["-C", directory, "-N", "a/b"]]
    {
        let mut command = command("hb-monitor");
        command.args(options);
        assert_eq!(finish(command, b"").code(), 2, "{options:?}");
    }
}

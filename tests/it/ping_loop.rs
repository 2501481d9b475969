//! ping-loop with stub tools, under every sh, and once with the real ones.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::lab::{Lab, Running, finish, ok, project, wait_until};
use crate::need_namespaces;

/// The shells that scripts have to run under.
const SHELLS: [&[&str]; 3] = [&["dash"], &["busybox", "ash"], &["yash"]];

/// A directory of stub tools: each says how it was called on standard output;
/// ping-probe's records come from a FIFO.
struct Stubs {
    directory: tempfile::TempDir,
}

impl Stubs {
    fn new() -> Stubs {
        let stubs = Stubs { directory: tempfile::tempdir().unwrap() };
        ok(Command::new("mkfifo").arg(stubs.records()));
        stubs.put("ping-probe", &format!("echo ping-probe \"$@\" >&2\nexec cat {}\n", stubs.records()));
        stubs.put("ipaddr-agent", "echo ipaddr-agent \"$@\"\n");
        stubs.put("send-arp", "echo send-arp \"$@\"\n");
        stubs
    }

    fn records(&self) -> String {
        self.directory.path().join("records").to_str().unwrap().to_owned()
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.directory.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, shell: &[&str], args: &[&str]) -> Command {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).arg(project("scripts/ping-loop")).args(args);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.directory.path().display()));
        command
    }

    /// Starts ping-loop; the way to write what ping-probe says.
    fn start(&self, shell: &[&str], args: &[&str]) -> (Running, fs::File) {
        let running = Running::start(self.command(shell, args));
        (running, fs::OpenOptions::new().write(true).open(self.records()).unwrap())
    }
}

/// Sends a signal, and a record after it: yash runs a trap only when a line has
/// come.
fn signal(running: &Running, name: &str, records: &mut fs::File) {
    running.signal(name);
    let _ = writeln!(records, "tick 1.000000");
}

/// Says a record with each of the states.
fn say(records: &mut fs::File, states: &[&str]) {
    for state in states {
        writeln!(records, "ping 1.000000 192.0.2.11 {state} loss=0/1").unwrap();
    }
}

const TAKE: [&str; 2] = ["ipaddr-agent 192.0.2.4/24/eth0 start", "send-arp -c 3 -i 100ms 192.0.2.4"];
const GIVE: &str = "ipaddr-agent 192.0.2.4/24/eth0 stop";

#[test]
fn the_address_is_taken_after_three_misses_in_a_row_and_given_up_with_the_first_answer() {
    for shell in SHELLS {
        let stubs = Stubs::new();
        let (mut running, mut records) = stubs.start(shell, &["192.0.2.11", "192.0.2.4/24/eth0"]);
        running.wait_for_error(|line| line == "ping-probe -l -i 1 -W 1 192.0.2.11");
        // Nobody knows what an earlier run has left: the first answer ends it.
        say(&mut records, &["up", "up", "down", "down", "up", "down", "down", "unknown", "down", "down"]);
        assert_eq!(running.wait_for("the first line", |_| true), GIVE, "{shell:?}");
        say(&mut records, &["down", "down", "down"]);
        for line in TAKE {
            assert_eq!(running.wait_for("taking", |_| true), line, "{shell:?}");
        }
        say(&mut records, &["unknown", "up", "up"]);
        assert_eq!(running.wait_for("giving up", |_| true), GIVE, "{shell:?}");
        signal(&running, "TERM", &mut records);
        let (code, out, errors) = running.wait();
        assert_eq!((code, errors.as_str()), (0, ""), "{shell:?}: {out}");
    }
}

#[test]
fn a_signal_gives_the_address_up() {
    for shell in SHELLS {
        for name in ["TERM", "INT", "HUP"] {
            let stubs = Stubs::new();
            let (mut running, mut records) = stubs.start(shell, &["-c", "1", "192.0.2.11", "192.0.2.4/24/eth0"]);
            say(&mut records, &["down"]);
            running.wait_for("taking", |line| line == TAKE[1]);
            signal(&running, name, &mut records);
            running.wait_for("giving up", |line| line == GIVE);
            assert_eq!(running.wait().0, 0, "{shell:?} {name}");
        }
    }
}

#[test]
fn the_end_of_ping_probe_gives_the_address_up_and_is_status_2() {
    for shell in SHELLS {
        let stubs = Stubs::new();
        let (mut running, mut records) = stubs.start(shell, &["-c", "1", "192.0.2.11", "192.0.2.4/24/eth0"]);
        say(&mut records, &["down"]);
        running.wait_for("taking", |line| line == TAKE[1]);
        drop(records);
        running.wait_for("giving up", |line| line == GIVE);
        let (code, _, errors) = running.wait();
        assert_eq!(code, 2, "{shell:?}");
        assert!(errors.contains("ping-loop: ping-probe has ended"), "{shell:?}: {errors}");
    }
}

#[test]
fn what_failed_is_tried_again_and_an_address_that_stays_is_status_1() {
    for shell in SHELLS {
        let stubs = Stubs::new();
        let marker = stubs.directory.path().join("tried");
        let text = format!("echo ipaddr-agent \"$@\"\n[ -e {0} ] || {{ : >{0}; exit 1; }}\n", marker.display());
        stubs.put("ipaddr-agent", &text);
        let (mut running, mut records) = stubs.start(shell, &["-c", "1", "192.0.2.11", "192.0.2.4/24/eth0"]);
        say(&mut records, &["down", "down"]);
        for line in [TAKE[0], TAKE[0], TAKE[1]] {
            assert_eq!(running.wait_for("taking", |_| true), line, "{shell:?}");
        }
        fs::remove_file(marker).unwrap();
        signal(&running, "TERM", &mut records);
        assert_eq!(running.wait().0, 1, "{shell:?}");
    }
}

#[test]
fn a_dry_run_says_the_commands_and_runs_none() {
    let stubs = Stubs::new();
    for tool in ["ipaddr-agent", "send-arp"] {
        stubs.put(tool, "echo it was run >&2\n");
    }
    let (mut running, mut records) = stubs.start(&["sh"], &["-n", "-i", "0.2", "192.0.2.11", "192.0.2.4/24/eth0"]);
    running.wait_for_error(|line| line == "ping-probe -l -i 0.2 -W 0.2 192.0.2.11");
    say(&mut records, &["down", "down", "down", "up"]);
    for line in [TAKE[0], TAKE[1], GIVE] {
        assert_eq!(running.wait_for("a command", |_| true), line);
    }
    signal(&running, "TERM", &mut records);
    let (code, _, errors) = running.wait();
    assert_eq!((code, errors.as_str()), (0, ""));
}

#[test]
fn a_wrong_call_is_status_2_with_the_calling_form() {
    for shell in SHELLS {
        let stubs = Stubs::new();
        let wrong: [&[&str]; 5] = [&[], &["a"], &["a", "b", "c"], &["-c", "0", "a", "b"], &["-x", "a", "b"]];
        for args in wrong {
            let said = finish(stubs.command(shell, args), b"");
            assert_eq!((said.code(), said.out.as_str()), (2, ""), "{shell:?} {args:?}");
            assert!(said.err.contains("usage: ping-loop "), "{shell:?} {args:?}: {}", said.err);
        }
        let said = finish(stubs.command(shell, &["-h"]), b"");
        assert_eq!((said.code(), said.err.as_str()), (0, ""), "{shell:?}");
        assert!(said.out.starts_with("usage: "), "{shell:?}");
    }
}

#[test]
fn with_the_real_tools_a_client_reaches_the_address_again() {
    need_namespaces!();
    let lab = Lab::new();
    let switch = lab.switch("sw");
    let (peer, standby, client) = (lab.host("peer"), lab.host("standby"), lab.host("client"));
    for (host, number) in [(&peer, 11), (&standby, 12), (&client, 20)] {
        lab.plug(&switch, host, "eth0");
        host.ip(&format!("address add 192.0.2.{number}/24 dev eth0"));
    }
    peer.ip("address add 192.0.2.4/24 dev eth0");
    let answers = || client.run("ping-probe -q -W 0.2 192.0.2.4").code() == 0;
    let holds = || standby.ip("address show dev eth0").contains("192.0.2.4/24");
    assert!(answers());
    let loop_ = standby.start("ping-loop", &["-i", "100ms", "192.0.2.11", "192.0.2.4/24/eth0"]);
    peer.ip("link set eth0 down");
    wait_until("the standby holds the address", holds);
    wait_until("the client reaches the address", answers);
    peer.ip("link set eth0 up");
    wait_until("the standby has given the address up", || !holds());
    peer.ip("link set eth0 down");
    wait_until("the standby holds the address again", holds);
    loop_.signal("TERM");
    assert_eq!(loop_.wait().0, 0);
    assert!(!holds(), "it has kept the address");
}

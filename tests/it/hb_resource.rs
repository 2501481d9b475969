//! hb-resource with scripts that write down how they were called.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

use crate::lab::{PATIENCE, Running, Said, command, finish};

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A configuration whose resources write `NAME ARGUMENTS` to a log, and fail with
/// what a file `fail-NAME-ACTION` holds where there is one. ipaddr-agent is one of
/// them.
fn site_with(haresources: &str, more: &str) -> TempDir {
    let site = TempDir::new().unwrap();
    let path = site.path();
    fs::create_dir(path.join("resource.d")).unwrap();
    fs::create_dir(path.join("bin")).unwrap();
    fs::write(path.join("ha.cf"), format!("node n1 n2\nserial /dev/ttyS0\nauto_failback on\n{more}")).unwrap();
    fs::write(path.join("haresources"), haresources).unwrap();
    for script in ["resource.d/disk", "resource.d/web", "resource.d/slow", "bin/ipaddr-agent"] {
        let place = path.display();
        let text = format!(
            "#!/bin/sh\nname=${{0##*/}}\necho \"$name $*\" >>{place}/log\nfor last; do :; done\n\
             [ $name != slow ] || [ $last != start ] || exec sleep 600\n\
             [ ! -e {place}/say-$name ] || cat {place}/say-$name\n\
             [ ! -e {place}/fail-$name-$last ] || exit $(cat {place}/fail-$name-$last)\n"
        );
        executable(&path.join(script), &text);
    }
    site
}

fn site(haresources: &str) -> TempDir {
    site_with(haresources, "")
}

/// Makes an action of a resource end with a status.
fn fail(site: &TempDir, what: &str, status: u8) {
    fs::write(site.path().join(format!("fail-{what}")), status.to_string()).unwrap();
}

fn prepare(site: &Path, words: &str) -> Command {
    let mut command = command("hb-resource");
    let tools = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
    let path = format!("{}:{}", site.join("bin").display(), tools.to_str().unwrap());
    command.env("PATH", path).env("HBKIT_RUN", site.join("run")).arg("-C").arg(site).args(words.split(' '));
    command
}

fn hb_resource(site: &Path, words: &str) -> (Said, String) {
    let _ = fs::remove_file(site.join("log"));
    let said = finish(prepare(site, words), b"");
    (said, fs::read_to_string(site.join("log")).unwrap_or_default())
}

/// The records without their times.
fn records(said: &Said) -> String {
    let without_time = |line: &str| {
        let (kind, rest) = line.split_once(' ').unwrap();
        let (time, rest) = rest.split_once(' ').unwrap();
        assert!(time.parse::<f64>().is_ok() && time.split('.').nth(1).unwrap().len() == 6, "{line}");
        format!("{kind} {rest}\n")
    };
    said.out.lines().map(without_time).collect()
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come to pass");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

const GROUP: &str = "n1 10.0.0.80/24/eth0 disk::/dev/sda1::/data web\n";

#[test]
fn a_start_goes_from_left_to_right_with_the_arguments() {
    let site = site(GROUP);
    let (said, log) = hb_resource(site.path(), "start 10.0.0.80 100.5");
    assert_eq!(said.code(), 0, "{}", said.err);
    assert_eq!(log, "ipaddr-agent --until 100.5 10.0.0.80/24/eth0 start\ndisk /dev/sda1 /data start\nweb start\n");
    assert_eq!(
        records(&said),
        "resource 10.0.0.80 running name=IPaddr::10.0.0.80/24/eth0\n\
         resource 10.0.0.80 running name=disk::/dev/sda1::/data\n\
         resource 10.0.0.80 running name=web\ngroup 10.0.0.80 started\n"
    );
}

#[test]
fn a_stop_goes_from_right_to_left() {
    let site = site(GROUP);
    let (said, log) = hb_resource(site.path(), "stop 10.0.0.80");
    assert_eq!(said.code(), 0, "{}", said.err);
    assert_eq!(log, "web stop\ndisk /dev/sda1 /data stop\nipaddr-agent 10.0.0.80/24/eth0 stop\n");
    assert!(records(&said).ends_with("group 10.0.0.80 stopped\n"), "{}", said.out);
}

#[test]
fn s74_a_start_that_fails_stops_what_was_started_in_reverse_and_nothing_else() {
    let site = site(GROUP);
    fail(&site, "disk-start", 1);
    let (said, log) = hb_resource(site.path(), "start 10.0.0.80");
    assert_eq!(said.code(), 1);
    assert!(said.err.contains("10.0.0.80: disk::/dev/sda1::/data did not start"), "{}", said.err);
    assert_eq!(
        log,
        "ipaddr-agent 10.0.0.80/24/eth0 start\ndisk /dev/sda1 /data start\ndisk /dev/sda1 /data stop\n\
         ipaddr-agent 10.0.0.80/24/eth0 stop\n"
    );
    assert!(
        records(&said).contains("resource 10.0.0.80 failed name=disk::/dev/sda1::/data status=1\n"),
        "{}",
        said.out
    );
    assert!(records(&said).ends_with("group 10.0.0.80 failed\n"), "{}", said.out);
}

#[test]
fn s69_a_start_that_fails_and_cannot_be_undone_is_unknown_and_never_failed() {
    let site = site(GROUP);
    fail(&site, "web-start", 1);
    fail(&site, "disk-stop", 1);
    let (said, _) = hb_resource(site.path(), "start 10.0.0.80");
    assert_eq!(said.code(), 2);
    assert!(records(&said).ends_with("group 10.0.0.80 unknown\n"), "{}", said.out);
}

#[test]
fn s69_a_stop_that_fails_is_said_and_the_others_are_stopped_even_so() {
    let site = site(GROUP);
    fail(&site, "web-stop", 1);
    let (said, log) = hb_resource(site.path(), "stop 10.0.0.80");
    assert_eq!(said.code(), 1);
    assert_eq!(log.lines().filter(|line| line.ends_with("stop")).count(), 3, "{log}");
    assert!(said.err.contains("10.0.0.80: web did not stop"), "{}", said.err);
    assert!(records(&said).contains("resource 10.0.0.80 failed name=web status=1\n"), "{}", said.out);
    assert!(records(&said).ends_with("group 10.0.0.80 unknown\n"), "what may run is not stopped: {}", said.out);
}

#[test]
fn s70_a_stop_that_fails_on_what_is_stopped_is_a_stop() {
    let site = site(GROUP);
    fail(&site, "web-stop", 1);
    fail(&site, "web-status", 3);
    let (said, _) = hb_resource(site.path(), "stop 10.0.0.80");
    assert_eq!(said.code(), 0, "{}", said.err);
    assert!(said.err.contains("web: its stop fails (status 1) though it is stopped"), "{}", said.err);
    assert!(records(&said).ends_with("group 10.0.0.80 stopped\n"), "{}", said.out);
}

#[test]
fn s64_a_script_that_hangs_is_ended_with_its_children_and_unknown() {
    let site = site("n1 hang\n");
    let place = site.path().display().to_string();
    let text = format!(
        "#!/bin/sh\ntrap '' TERM\n[ $1 != stop ] || exit 0\n\
         (trap '' TERM; exec setsid sleep 600) & echo $! >>{place}/pids\necho $$ >>{place}/pids\nwait; sleep 600\n"
    );
    executable(&site.path().join("resource.d/hang"), &text);
    let (said, _) = hb_resource(site.path(), "-W 0.3 start hang");
    assert_eq!(said.code(), 1, "{}", said.err);
    assert!(records(&said).starts_with("resource hang unknown name=hang status=124\n"), "{}", said.out);
    assert!(records(&said).ends_with("group hang failed\n"), "its stop succeeded: {}", said.out);
    for pid in fs::read_to_string(site.path().join("pids")).unwrap().lines() {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "{pid} lives");
    }
}

#[test]
fn s69_a_stop_that_hangs_is_unknown_whatever_its_status_says_after() {
    let site = site("n1 hang\n");
    executable(&site.path().join("resource.d/hang"), "#!/bin/sh\n[ $1 != status ] || exit 3\nexec sleep 600\n");
    let (said, _) = hb_resource(site.path(), "-W 0.3 stop hang");
    assert_eq!(said.code(), 1);
    assert_eq!(records(&said), "resource hang unknown name=hang status=124\ngroup hang unknown\n");
}

#[test]
fn times_are_those_of_ha_cf_by_resource() {
    let site = site_with("n1 slow\n", "resource * start=10m\nresource slow start=300ms\n");
    let (said, log) = hb_resource(site.path(), "start slow");
    assert_eq!(said.code(), 1);
    assert_eq!(log, "slow start\nslow stop\n");
    assert!(said.err.contains("took too long"), "{}", said.err);
}

#[test]
fn s72_a_script_that_is_missing_or_no_program_is_a_failed_start_with_its_name() {
    let site = site("n1 no-such-script::x\nn1 crlf\nn1 interpreter\n");
    let (said, _) = hb_resource(site.path(), "start no-such-script--x");
    assert!(said.err.contains("no-such-script: no such script"), "{}", said.err);
    assert!(records(&said).contains("failed name=no-such-script::x status=5\n"), "{}", said.out);
    executable(&site.path().join("resource.d/crlf"), "#!/bin/sh\r\nexit 0\r\n");
    executable(&site.path().join("resource.d/interpreter"), "#!/no/such/interpreter\n");
    for name in ["crlf", "interpreter"] {
        let (said, _) = hb_resource(site.path(), &format!("start {name}"));
        assert_ne!(said.code(), 0);
        assert!(records(&said).contains(&format!("resource {name} failed name={name} status=127\n")), "{}", said.out);
        let reason = format!("resource.d/{name}: its interpreter is not there");
        assert!(said.err.contains(&reason), "{}", said.err);
    }
}

#[test]
fn s71_statuses_decide_and_never_the_words() {
    let site = site(GROUP);
    for (status, state) in
        [(0, "running"), (3, "stopped"), (7, "stopped"), (1, "failed"), (2, "failed"), (4, "unknown"), (99, "unknown")]
    {
        fs::write(site.path().join("say-web"), "web is running, OK\n").unwrap();
        if state == "running" {
            fs::write(site.path().join("say-web"), "web is not running\n").unwrap();
        }
        fail(&site, "web-status", status);
        let (said, _) = hb_resource(site.path(), "status 10.0.0.80");
        let line = format!("resource 10.0.0.80 {state} name=web status={status}\n");
        assert!(records(&said).contains(&line), "{line}: {}", said.out);
        let (code, group) = match state {
            "running" => (0, "started"),
            "unknown" => (2, "unknown"),
            _ => (1, "failed"),
        };
        assert_eq!(said.code(), code, "{state}");
        assert!(records(&said).ends_with(&format!("group 10.0.0.80 {group}\n")), "{}", said.out);
    }
}

#[test]
fn s71_words_decide_where_that_is_asked_for() {
    for (haresources, more) in [("n1 words::web::a\n", ""), ("n1 web::a\n", "resource web words=yes\n")] {
        let site = site_with(haresources, more);
        let group = if more.is_empty() { "words--web--a" } else { "web--a" };
        let say = |words: &str| fs::write(site.path().join("say-web"), words).unwrap();
        say("web is not running\n");
        let (said, log) = hb_resource(site.path(), &format!("status {group}"));
        assert_eq!((said.code(), log.as_str()), (1, "web a status\n"));
        assert!(records(&said).contains(&format!("resource {group} stopped ")), "{}", said.out);
        let (said, log) = hb_resource(site.path(), &format!("start {group}"));
        assert_eq!((said.code(), log.as_str()), (0, "web a status\nweb a start\n"), "{}", said.err);
        say("INFO: web Running OK\n");
        fail(&site, "web-status", 1);
        assert_eq!(hb_resource(site.path(), &format!("status {group}")).0.code(), 0);
        let (said, log) = hb_resource(site.path(), &format!("start {group}"));
        assert_eq!((said.code(), log.as_str()), (0, "web a status\n"), "what runs is not started again");
        let (said, log) = hb_resource(site.path(), &format!("stop {group}"));
        assert_eq!((said.code(), log.as_str()), (0, "web a stop\n"), "{}", said.err);
    }
}

#[test]
fn nothing_of_a_group_that_is_stopped_runs() {
    let site = site(GROUP);
    for name in ["web-status", "disk-status", "ipaddr-agent-monitor"] {
        fail(&site, name, 7);
    }
    let (said, _) = hb_resource(site.path(), "status 10.0.0.80");
    assert_eq!(said.code(), 1);
    assert!(records(&said).ends_with("group 10.0.0.80 stopped\n"), "{}", said.out);
}

#[test]
fn monitor_says_each_resource_and_nothing_of_the_group() {
    let site = site(GROUP);
    fail(&site, "disk-status", 1);
    let (said, log) = hb_resource(site.path(), "monitor 10.0.0.80");
    assert_eq!(said.code(), 1, "{}", said.err);
    assert_eq!(
        records(&said),
        "resource 10.0.0.80 running name=IPaddr::10.0.0.80/24/eth0 status=0\n\
         resource 10.0.0.80 failed name=disk::/dev/sda1::/data status=1\n\
         resource 10.0.0.80 running name=web status=0\n"
    );
    assert_eq!(log, "ipaddr-agent 10.0.0.80/24/eth0 monitor\ndisk /dev/sda1 /data status\nweb status\n");
}

#[test]
fn a_percent_sign_is_escaped_in_a_record() {
    let site = site("n1 web::100%::%d\n");
    let (said, log) = hb_resource(site.path(), "start web--100----d");
    assert_eq!((said.code(), log.as_str()), (0, "web 100% %d start\n"), "{}", said.err);
    assert!(records(&said).contains("running name=web::100%25::%25d\n"), "{}", said.out);
}

#[test]
fn restart_is_in_place_from_the_resource_to_the_right() {
    let site = site(GROUP);
    let (said, log) = hb_resource(site.path(), "restart 10.0.0.80 disk::/dev/sda1::/data");
    assert_eq!(said.code(), 0, "{}", said.err);
    assert_eq!(log, "web stop\ndisk /dev/sda1 /data stop\ndisk /dev/sda1 /data start\nweb start\n");
    assert!(records(&said).ends_with("group 10.0.0.80 started\n"), "{}", said.out);
    let (_, log) = hb_resource(site.path(), "restart 10.0.0.80 10.0.0.80/24/eth0 77.5");
    assert!(
        log.contains("ipaddr-agent 10.0.0.80/24/eth0 stop\nipaddr-agent --until 77.5 10.0.0.80/24/eth0 start\n"),
        "{log}"
    );
    for failing in ["web-stop", "web-start"] {
        fail(&site, failing, 1);
        let (said, _) = hb_resource(site.path(), "restart 10.0.0.80 web");
        assert_ne!(said.code(), 0);
        assert!(records(&said).ends_with("group 10.0.0.80 failed\n"), "{}", said.out);
        fs::remove_file(site.path().join(format!("fail-{failing}"))).unwrap();
    }
    let (said, log) = hb_resource(site.path(), "restart 10.0.0.80 tape");
    assert_eq!((said.code(), said.out.as_str(), log.as_str()), (2, "", ""), "{}", said.err);
}

#[test]
fn a_group_that_was_stopped_is_not_restarted() {
    let site = site(GROUP);
    assert_eq!(hb_resource(site.path(), "stop 10.0.0.80").0.code(), 0);
    let (said, log) = hb_resource(site.path(), "restart 10.0.0.80 web");
    assert_eq!((said.code(), said.out.as_str(), log.as_str()), (2, "", ""), "{}", said.err);
}

/// A resource `gate` whose start waits until a file `go` is there.
fn gated() -> TempDir {
    let site = site("n1 gate web\n");
    let place = site.path().display().to_string();
    let text = format!(
        "#!/bin/sh\necho \"gate $*\" >>{place}/log\n[ $1 != start ] || until [ -e {place}/go ]; do sleep 0.01; done\n\
         echo \"gate $* done\" >>{place}/log\n"
    );
    executable(&site.path().join("resource.d/gate"), &text);
    site
}

fn log_of(site: &TempDir) -> String {
    fs::read_to_string(site.path().join("log")).unwrap_or_default()
}

#[test]
fn s73_a_stop_during_a_slow_start_never_runs_beside_it_and_wins() {
    let site = gated();
    let start = Running::start(prepare(site.path(), "start gate"));
    eventually("the start has begun", || log_of(&site).contains("gate start\n"));
    let stop = Running::start(prepare(site.path(), "stop gate"));
    eventually("the stop is wanted", || {
        fs::read_to_string(site.path().join("run/gate.want")).is_ok_and(|want| want == "stop\n")
    });
    fs::write(site.path().join("go"), "").unwrap();
    let (code, out, errors) = start.wait();
    assert_eq!(code, 1, "{errors}");
    assert!(out.lines().last().unwrap().ends_with(" gate stopped"), "{out}");
    assert_eq!(stop.wait().0, 0);
    let log = log_of(&site);
    assert!(log.starts_with("gate start\ngate start done\ngate stop\n"), "{log}");
    assert!(!log.contains("web start"), "nothing more is started: {log}");
}

#[test]
fn s73_a_stop_that_a_start_has_overtaken_stops_nothing() {
    let site = gated();
    let first = Running::start(prepare(site.path(), "start gate"));
    eventually("the start has begun", || log_of(&site).contains("gate start\n"));
    let stop = Running::start(prepare(site.path(), "stop gate"));
    let want = |word: &str| fs::read_to_string(site.path().join("run/gate.want")).is_ok_and(|want| want.trim() == word);
    eventually("the stop is wanted", || want("stop"));
    let last = Running::start(prepare(site.path(), "start gate"));
    eventually("the start is wanted", || want("start"));
    fs::write(site.path().join("go"), "").unwrap();
    assert_eq!(first.wait().0, 0);
    let (code, out, _) = stop.wait();
    let (last_code, last_out, _) = last.wait();
    // Who of the two is let in first is open: the end is the same.
    assert!(code == 2 && out.ends_with(" gate unknown") || code == 0, "{code} {out}");
    assert_eq!(last_code, 0);
    assert!(last_out.ends_with(" gate started"), "{last_out}");
    assert!(log_of(&site).trim_end().ends_with("web start"), "{}", log_of(&site));
}

#[test]
fn monitor_asks_only_for_those_that_are_named() {
    let site = site("n1 10.0.0.80/24/eth0 disk::/dev/sda1::/data web\n");
    let (said, log) = hb_resource(site.path(), "monitor 10.0.0.80 web disk::/dev/sda1::/data");
    assert_eq!(said.code(), 0, "{}", said.err);
    assert_eq!(log, "disk /dev/sda1 /data status\nweb status\n");
    let (said, log) = hb_resource(site.path(), "monitor 10.0.0.80 mail");
    assert_eq!((said.code(), log.as_str()), (2, ""));
    assert!(said.err.contains("it has no resource mail"), "{}", said.err);
}

#[test]
fn what_an_action_does_meanwhile_is_no_failure_to_a_monitor() {
    let site = gated();
    let start = Running::start(prepare(site.path(), "start gate"));
    eventually("the start has begun", || log_of(&site).contains("gate start\n"));
    let said = finish(prepare(site.path(), "monitor gate"), b"");
    assert_eq!((said.code(), said.out.as_str()), (2, ""), "{}", said.err);
    fs::write(site.path().join("go"), "").unwrap();
    assert_eq!(start.wait().0, 0);
    let said = finish(prepare(site.path(), "monitor gate"), b"");
    assert_eq!(said.code(), 0, "{}", said.err);
}

#[test]
fn s75_a_service_that_is_left_running_holds_no_lock_of_ours() {
    let site = site("n1 daemon\n");
    let place = site.path().display().to_string();
    let text = format!(
        "#!/bin/sh\ncase $1 in\nstart) sleep 600 >/dev/null 2>&1 & echo $! >{place}/pid ;;\nstop) kill $(cat {place}/pid) ;;\nesac\n"
    );
    executable(&site.path().join("resource.d/daemon"), &text);
    assert_eq!(hb_resource(site.path(), "start daemon").0.code(), 0);
    let pid = fs::read_to_string(site.path().join("pid")).unwrap();
    let fds = fs::read_dir(format!("/proc/{}/fd", pid.trim())).unwrap().count();
    assert_eq!(fds, 3);
    assert_eq!(hb_resource(site.path(), "stop daemon").0.code(), 0);
}

#[test]
fn what_a_script_prints_goes_to_the_log_with_the_name_of_its_group() {
    let site = site("n1 web\n");
    fs::write(site.path().join("say-web"), "hello\n").unwrap();
    let (said, _) = hb_resource(site.path(), "start web");
    assert!(said.err.contains("web: web: hello\n"), "{}", said.err);
    let (said, _) = hb_resource(site.path(), "status web");
    assert_eq!(said.err, "", "a status that is fine says nothing");
}

#[test]
fn every_shell_that_it_is_for_runs_it_alike() {
    let mut first = None;
    for shell in ["dash", "busybox ash", "yash"] {
        let site = site("n1 10.0.0.80/24/eth0 disk::/dev/a::100% words::web\n");
        let mut all = String::new();
        for words in [
            "start 10.0.0.80 9.5",
            "status 10.0.0.80",
            "monitor 10.0.0.80",
            "restart 10.0.0.80 words::web",
            "stop 10.0.0.80",
        ] {
            let prepared = prepare(site.path(), words);
            let mut parts = shell.split(' ');
            let mut command = command(parts.next().unwrap());
            command.args(parts).arg(crate::lab::project("scripts/hb-resource")).args(prepared.get_args());
            for (name, value) in prepared.get_envs() {
                command.env(name, value.unwrap());
            }
            let said = finish(command, b"");
            all.push_str(&format!("{words}: {}\n{}{}", said.code(), records(&said), said.err));
        }
        all.push_str(&log_of(&site));
        assert_eq!(first.get_or_insert_with(|| all.clone()), &all, "{shell}");
        assert!(all.contains("group 10.0.0.80 started\n") && all.contains("disk /dev/a 100% start\n"), "{all}");
    }
}

#[test]
fn renew_and_announce_are_for_the_addresses_alone() {
    let site = site("n1 10.0.0.80 web IPaddr::10.0.0.81/24\n");
    let (said, log) = hb_resource(site.path(), "renew 10.0.0.80 77.5");
    assert_eq!((said.code(), log.as_str()), (0, "ipaddr-agent --until 77.5 10.0.0.80 10.0.0.81/24 renew\n"));
    let (said, log) = hb_resource(site.path(), "announce 10.0.0.80");
    assert_eq!((said.code(), log.as_str()), (0, "ipaddr-agent 10.0.0.80 10.0.0.81/24 announce\n"));
}

#[test]
fn a_dry_run_names_the_commands_and_runs_none() {
    let site = site(GROUP);
    let (said, log) = hb_resource(site.path(), "-n start 10.0.0.80");
    assert_eq!((said.code(), log.as_str()), (0, ""));
    let place = site.path().display();
    assert_eq!(
        said.out,
        format!(
            "ipaddr-agent 10.0.0.80/24/eth0 start\n{place}/resource.d/disk /dev/sda1 /data start\n{place}/resource.d/web start\n"
        )
    );
}

#[test]
fn with_a_snapshot_the_files_are_not_read() {
    let site = site(GROUP);
    let mut config = command("hb-config");
    config.arg("-C").arg(site.path()).arg("resources");
    let snapshot = site.path().join("snapshot");
    fs::write(&snapshot, finish(config, b"").out).unwrap();
    fs::write(site.path().join("haresources"), "nonsense\n").unwrap();
    let mut stop = prepare(site.path(), "stop 10.0.0.80");
    stop.env("HBKIT_RESOURCES", snapshot);
    let said = finish(stop, b"");
    assert_eq!(said.code(), 0, "{}", said.err);
}

#[test]
fn what_is_not_configured_or_not_an_action_is_status_2() {
    let site = site(GROUP);
    for words in
        ["start nothing", "dance 10.0.0.80", "renew 10.0.0.80", "start", "--wrong start 10.0.0.80", "restart 10.0.0.80"]
    {
        let (said, log) = hb_resource(site.path(), words);
        assert_eq!((said.code(), log.as_str()), (2, ""), "{words}: {}", said.err);
        assert!(!said.err.is_empty());
    }
}

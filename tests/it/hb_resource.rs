//! hb-resource with scripts that write down how they were called.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use crate::lab::{Said, command, finish};

/// A configuration whose resources write `NAME ARGUMENTS` to a log, and fail
/// where a file `fail-NAME-ACTION` exists. ipaddr-agent is one of them.
fn site(haresources: &str) -> TempDir {
    let site = TempDir::new().unwrap();
    let path = site.path();
    fs::create_dir(path.join("resource.d")).unwrap();
    fs::create_dir(path.join("bin")).unwrap();
    fs::write(path.join("ha.cf"), "node n1 n2\nserial /dev/ttyS0\nauto_failback on\n").unwrap();
    fs::write(path.join("haresources"), haresources).unwrap();
    for script in ["resource.d/disk", "resource.d/web", "resource.d/slow", "bin/ipaddr-agent"] {
        let place = path.display();
        let text = format!(
            "#!/bin/sh\nname=${{0##*/}}\necho \"$name $*\" >>{place}/log\nfor last; do :; done\n\
             [ $name != slow ] || [ $last != start ] || exec sleep 600\n! [ -e {place}/fail-$name-$last ]\n"
        );
        fs::write(path.join(script), text).unwrap();
        fs::set_permissions(path.join(script), fs::Permissions::from_mode(0o755)).unwrap();
    }
    site
}

fn hb_resource(site: &Path, words: &str) -> (Said, String) {
    let _ = fs::remove_file(site.join("log"));
    let mut command = command("hb-resource");
    let tools = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
    let path = format!("{}:{}", site.join("bin").display(), tools.to_str().unwrap());
    command.env("PATH", path).arg("-C").arg(site).args(words.split(' '));
    let said = finish(command, b"");
    (said, fs::read_to_string(site.join("log")).unwrap_or_default())
}

const GROUP: &str = "n1 10.0.0.80/24/eth0 disk::/dev/sda1::/data web\n";

#[test]
fn a_start_goes_from_left_to_right_with_the_arguments() {
    let site = site(GROUP);
    let (said, log) = hb_resource(site.path(), "start 10.0.0.80 100.5");
    assert_eq!(said.code(), 0, "{}", said.err);
    assert_eq!(log, "ipaddr-agent --until 100.5 10.0.0.80/24/eth0 start\ndisk /dev/sda1 /data start\nweb start\n");
}

#[test]
fn a_stop_goes_from_right_to_left() {
    let site = site(GROUP);
    let (said, log) = hb_resource(site.path(), "stop 10.0.0.80");
    assert_eq!(said.code(), 0, "{}", said.err);
    assert_eq!(log, "web stop\ndisk /dev/sda1 /data stop\nipaddr-agent 10.0.0.80/24/eth0 stop\n");
}

#[test]
fn a_start_that_fails_stops_what_was_started_and_nothing_else() {
    let site = site(GROUP);
    fs::write(site.path().join("fail-disk-start"), "").unwrap();
    let (said, log) = hb_resource(site.path(), "start 10.0.0.80");
    assert_eq!(said.code(), 1);
    assert!(said.err.contains("10.0.0.80: disk::/dev/sda1::/data did not start"), "{}", said.err);
    assert_eq!(
        log,
        "ipaddr-agent 10.0.0.80/24/eth0 start\ndisk /dev/sda1 /data start\ndisk /dev/sda1 /data stop\n\
         ipaddr-agent 10.0.0.80/24/eth0 stop\n"
    );
}

#[test]
fn a_stop_that_fails_is_said_and_the_others_are_stopped_even_so() {
    let site = site(GROUP);
    fs::write(site.path().join("fail-web-stop"), "").unwrap();
    let (said, log) = hb_resource(site.path(), "stop 10.0.0.80");
    assert_eq!(said.code(), 1);
    assert_eq!(log.lines().count(), 3, "{log}");
    assert!(said.err.contains("10.0.0.80: web did not stop"), "{}", said.err);
}

#[test]
fn a_script_that_hangs_has_failed_after_its_time() {
    let site = site("n1 slow\n");
    let (said, log) = hb_resource(site.path(), "-W 0.2 start slow");
    assert_eq!(said.code(), 1);
    assert_eq!(log, "slow start\nslow stop\n");
}

#[test]
fn a_script_that_is_missing_is_a_failed_start_with_its_name() {
    let site = site("n1 no-such-script::x\n");
    let (said, _) = hb_resource(site.path(), "start no-such-script--x");
    assert_eq!(said.code(), 1);
    assert!(said.err.contains("no-such-script: no such script"), "{}", said.err);
}

#[test]
fn status_says_which_resource_runs() {
    let site = site(GROUP);
    let (said, _) = hb_resource(site.path(), "status 10.0.0.80");
    assert_eq!(said.code(), 0, "{}", said.err);
    fs::write(site.path().join("fail-web-status"), "").unwrap();
    let (said, _) = hb_resource(site.path(), "status 10.0.0.80");
    assert_eq!(said.code(), 1);
    assert!(
        said.out.contains("web stopped\n") && said.out.contains("disk::/dev/sda1::/data running\n"),
        "{}",
        said.out
    );
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
fn what_is_not_configured_or_not_an_action_is_status_2() {
    let site = site(GROUP);
    for words in ["start nothing", "dance 10.0.0.80", "renew 10.0.0.80", "start", "--wrong start 10.0.0.80"] {
        let (said, log) = hb_resource(site.path(), words);
        assert_eq!((said.code(), log.as_str()), (2, ""), "{words}: {}", said.err);
        assert!(!said.err.is_empty());
    }
}

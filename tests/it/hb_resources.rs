//! The resource scripts that come with hbkit, under every shell that they are for,
//! with stand-ins for what cannot be had here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

use crate::lab::{Lab, PATIENCE, Said, command, finish, project};
use crate::need_namespaces;

const SHELLS: [&str; 3] = ["dash", "busybox ash", "yash"];

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A directory with `bin`, which comes first in PATH, and `run`.
fn site() -> TempDir {
    let site = TempDir::new().unwrap();
    fs::create_dir(site.path().join("bin")).unwrap();
    site
}

fn in_site(mut command: Command, site: &TempDir) -> Command {
    let path = crate::lab::command("sh").get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
    command
        .env("PATH", format!("{}:{}", site.path().join("bin").display(), path.to_str().unwrap()))
        .env("HBKIT_RUN", site.path().join("run"))
        .env("HBKIT_GROUP", "web")
        .env("HBKIT_TIMEOUT", "20000ms")
        .env("SITE", site.path())
        .current_dir(site);
    command
}

/// `SCRIPT WORDS...` under a shell.
fn call(shell: &str, site: &TempDir, words: &str) -> Said {
    let mut words = words.split(' ');
    let script = project("scripts/resource.d").join(words.next().unwrap());
    let mut shell = shell.split(' ');
    let mut command = in_site(command(shell.next().unwrap()), site);
    command.args(shell).arg(script).args(words);
    finish(command, b"")
}

fn code(shell: &str, site: &TempDir, words: &str) -> i32 {
    call(shell, site, words).code()
}

fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come to pass");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn wrong_words_are_a_usage_error_of_every_script() {
    for shell in SHELLS {
        for entry in fs::read_dir(project("scripts/resource.d")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let said = call(shell, &site(), &format!("{name} dance"));
            // OCF's own for what is not implemented, which is ipaddr-agent's.
            let wanted = if name.starts_with("IP") && name != "IPsrcaddr" { 3 } else { 2 };
            assert_eq!(said.code(), wanted, "{shell} {name}: {}", said.err);
            assert!(!said.err.is_empty() && said.out.is_empty(), "{shell} {name}");
        }
    }
}

#[test]
fn s71_a_systemd_unit_is_started_until_it_is_active_and_its_state_decides() {
    let standin = "#!/bin/sh\ncase $1 in\nis-active)\n\tstate=$(cat $SITE/state)\n\techo $state\n\
        \t[ $state != activating ] || echo active >$SITE/state\n\t[ $state = active ] ;;\n\
        start | stop) echo $* >>$SITE/log; cat $SITE/after-$1 >$SITE/state ;;\nesac\n";
    for shell in SHELLS {
        let site = site();
        executable(&site.path().join("bin/systemctl"), standin);
        let set = |file: &str, state: &str| fs::write(site.path().join(file), format!("{state}\n")).unwrap();
        for (state, status) in [
            ("active", 0),
            ("reloading", 0),
            ("inactive", 3),
            ("failed", 1),
            ("activating", 4),
            ("nonsense", 4),
            ("", 4),
        ] {
            set("state", state);
            assert_eq!(code(shell, &site, "systemd nginx status"), status, "{shell} {state}");
        }
        set("after-start", "activating");
        assert_eq!(code(shell, &site, "systemd nginx start"), 0, "it became active");
        set("after-start", "failed");
        assert_eq!(code(shell, &site, "systemd nginx start"), 1);
        set("after-stop", "failed");
        assert_eq!(code(shell, &site, "Systemd nginx stop"), 0, "what has failed does not run");
        set("after-stop", "active");
        assert_eq!(code(shell, &site, "Systemd nginx stop"), 1);
        let log = fs::read_to_string(site.path().join("log")).unwrap();
        assert_eq!(log, "start nginx\nstart nginx\nstop nginx\nstop nginx\n");
    }
}

#[test]
fn an_ocf_agent_is_called_as_ocf_says_and_its_statuses_are_told_in_lsbs() {
    let agent = "#!/bin/sh\necho $1 $OCF_RESKEY_device $OCF_RESKEY_opt $OCF_RESOURCE_TYPE $OCF_RESOURCE_PROVIDER \
        $OCF_RA_VERSION_MAJOR $OCF_RESKEY_CRM_meta_timeout >>$SITE/log\necho $OCF_RESOURCE_INSTANCE >>$SITE/instances\n\
        exit $(cat $SITE/$1)\n";
    for shell in SHELLS {
        let site = site();
        let place = site.path().join("ocf/resource.d/heartbeat");
        fs::create_dir_all(&place).unwrap();
        executable(&place.join("Stand"), agent);
        let set = |action: &str, status: u8| fs::write(site.path().join(action), status.to_string()).unwrap();
        let words = "heartbeat Stand device=/dev/a=b opt=";
        let ocf = |words: &str, action: &str| {
            let mut shell = shell.split(' ');
            let mut command = in_site(command(shell.next().unwrap()), &site);
            command.args(shell).arg(project("scripts/resource.d/ocf")).args(words.split(' ')).arg(action);
            command.env("OCF_ROOT", site.path().join("ocf"));
            finish(command, b"").code()
        };
        for (status, told) in [(0, 0), (7, 3), (8, 0), (1, 1), (2, 2), (3, 4), (4, 4), (5, 5), (6, 6), (9, 9)] {
            set("monitor", status);
            assert_eq!(ocf(words, "status"), told, "{shell}: {status}");
        }
        set("start", 0);
        set("stop", 0);
        set("monitor", 0);
        assert_eq!(ocf(words, "start"), 0);
        assert_eq!(ocf(words, "stop"), 0);
        set("monitor", 7);
        assert_ne!(ocf(words, "start"), 0, "a start after which nothing runs");
        set("start", 1);
        assert_eq!(ocf(words, "start"), 1);
        set("stop", 1);
        assert_eq!(ocf(words, "stop"), 1);
        let log = fs::read_to_string(site.path().join("log")).unwrap();
        assert!(
            log.contains("start /dev/a=b Stand heartbeat 1 20000\nmonitor /dev/a=b Stand heartbeat 1 20000\n"),
            "{log}"
        );
        let instances = fs::read_to_string(site.path().join("instances")).unwrap();
        let first = instances.lines().next().unwrap();
        assert!(first.starts_with("Stand-") && instances.lines().all(|line| line == first), "{instances}");
        assert_eq!(ocf("heartbeat Stand device", "start"), 6);
        assert_eq!(ocf("heartbeat Stand x;y=1", "start"), 6);
        assert_eq!(ocf("heartbeat NoSuch", "start"), 5);
    }
}

#[test]
fn debians_dummy_agent_starts_runs_and_stops() {
    if !Path::new("/usr/lib/ocf/resource.d/heartbeat/Dummy").exists() {
        eprintln!("skipped: Debian's resource-agents are not installed");
        return;
    }
    for shell in SHELLS {
        let site = site();
        let ocf = |action: &str| {
            let said =
                call(shell, &site, &format!("ocf heartbeat Dummy state={}/dummy {action}", site.path().display()));
            (said.code(), said.err)
        };
        assert_eq!(ocf("status").0, 3, "{shell}: {}", ocf("status").1);
        assert_eq!(ocf("start").0, 0, "{}", ocf("start").1);
        assert_eq!(ocf("monitor").0, 0);
        assert_eq!(ocf("stop").0, 0);
        assert_eq!(ocf("monitor").0, 3);
    }
}

#[test]
fn a_command_is_kept_in_the_background_and_ended_with_all_that_it_started() {
    for shell in SHELLS {
        let site = site();
        executable(
            &site.path().join("bin/worker"),
            "#!/bin/sh\necho \"$*\" >$SITE/args\ntrap '' TERM\n(trap '' TERM; exec setsid sleep 600) & echo $! >$SITE/pid\nwait\nsleep 600\n",
        );
        let command_of = |action: &str| {
            // Its output is a file: what stays would keep a pipe open.
            let line = format!(
                "{shell} {} worker a b {action} >>log 2>&1; echo $?",
                project("scripts/resource.d/command").display()
            );
            let mut command = in_site(command("sh"), &site);
            command.args(["-c", &line]);
            finish(command, b"").out.trim().to_owned()
        };
        assert_eq!(command_of("status"), "3", "{shell}");
        assert_eq!(command_of("start"), "0");
        assert_eq!(command_of("status"), "0");
        eventually("it works", || site.path().join("pid").exists());
        assert_eq!(command_of("start"), "0", "a second start is none");
        assert_eq!(fs::read_to_string(site.path().join("args")).unwrap(), "a b\n");
        let pid = fs::read_to_string(site.path().join("pid")).unwrap();
        assert!(lives(&pid));
        // What hides and ignores SIGTERM is waited for, and killed after five seconds.
        assert_eq!(command_of("stop"), "0");
        assert!(!lives(&pid));
        assert_eq!(command_of("status"), "3");
        assert_eq!(command_of("stop"), "0");
    }
}

#[test]
fn a_file_system_is_mounted_watched_and_taken_from_those_who_use_it() {
    need_namespaces!();
    for shell in SHELLS {
        let site = site();
        fs::create_dir(site.path().join("mnt")).unwrap();
        fs::create_dir(site.path().join("other")).unwrap();
        let script = format!(
            "set -eu\nmount --make-rprivate /\nfs=\"{shell} {}\"\n\
             is() {{ wanted=$1; shift; code=0; \"$@\" || code=$?; [ $code = $wanted ] || {{ echo \"$*: $code, not $wanted\"; exit 1; }}; }}\n\
             data=\"hbkit $SITE/mnt tmpfs size=1m\"\n\
             is 3 $fs $data status\nis 0 $fs $data start\nis 0 $fs $data start\nis 0 $fs $data monitor\n\
             is 1 $fs other $SITE/mnt tmpfs status\nis 1 $fs other $SITE/mnt tmpfs start\n\
             mount -o remount,ro $SITE/mnt\nis 1 $fs $data status\nis 0 $fs hbkit $SITE/mnt tmpfs ro status\n\
             mount -o remount,rw $SITE/mnt\n\
             (cd $SITE/mnt && exec sh -c 'trap \"\" TERM; sleep 600; sleep 600') & sleep 0.2\n\
             is 0 $fs $data stop\nis 3 $fs $data status\nis 0 $fs $data stop\n\
             is 5 $fs hbkit $SITE/no-such-directory tmpfs start\nis 6 $fs hbkit relative start\n",
            project("scripts/resource.d/Filesystem").display()
        );
        fs::write(site.path().join("script"), script).unwrap();
        let mut command = in_site(command("unshare"), &site);
        command.args(["-m", "sh", "script"]);
        let said = finish(command, b"");
        assert_eq!(said.code(), 0, "{shell}: {}{}", said.out, said.err);
        assert!(said.err.contains("SIGTERM to those who use it"), "{}", said.err);
    }
}

#[test]
fn a_device_is_not_mounted_in_two_places() {
    need_namespaces!();
    let site = site();
    let script = format!(
        "set -eu\nmount --make-rprivate /\nfs={}\nmkdir a b\ntruncate -s 8M image\nmkfs.ext4 -q image || exit 77\n\
         loop=$(losetup -f --show image) || exit 77\ntrap 'umount a b 2>/dev/null || :; losetup -d $loop' EXIT\n\
         $fs $loop $SITE/a ext4 start\n$fs $loop $SITE/a status\n! $fs $loop $SITE/b ext4 start\n\
         ln -s $loop link\n$fs $SITE/link $SITE/a status\n$fs $SITE/link $SITE/a stop\n! $fs $loop $SITE/a status\n",
        project("scripts/resource.d/Filesystem").display()
    );
    fs::write(site.path().join("script"), script).unwrap();
    let mut command = in_site(command("unshare"), &site);
    command.args(["-m", "sh", "script"]);
    let said = finish(command, b"");
    if said.code() == 77 {
        eprintln!("skipped: no mkfs.ext4, or no loop device: {}", said.err);
        return;
    }
    assert_eq!(said.code(), 0, "{}{}", said.out, said.err);
    assert!(said.err.contains("/a already"), "{}", said.err);
}

/// drbdadm as it behaves: a role and a state of the data, each in a file.
const DRBDADM: &str = "#!/bin/sh\necho $* >>$SITE/log\ncase $1 in\nrole) [ ! -e $SITE/broken ] && cat $SITE/role ;;\n\
    dstate) cat $SITE/dstate ;;\nprimary | secondary)\n\tleft=$(cat $SITE/refusals)\n\
    \tif [ $left -gt 0 ]; then echo $((left - 1)) >$SITE/refusals; exit 17; fi\n\
    \tif [ $1 = primary ]; then echo Primary/Secondary; else echo Secondary/Secondary; fi >$SITE/role ;;\nesac\n";

#[test]
fn s77_drbd_becomes_primary_only_where_its_data_is_up_to_date_or_consistent() {
    for shell in SHELLS {
        let site = site();
        executable(&site.path().join("bin/drbdadm"), DRBDADM);
        let set = |file: &str, text: &str| fs::write(site.path().join(file), format!("{text}\n")).unwrap();
        set("refusals", "0");
        for (dstate, may) in [
            ("UpToDate/UpToDate", true),
            ("UpToDate/DUnknown", true),
            ("Consistent/DUnknown", true),
            ("Outdated/UpToDate", false),
            ("Inconsistent/UpToDate", false),
            ("Diskless/UpToDate", false),
            ("UpToDate/UpToDate\nInconsistent/UpToDate", false),
            ("", false),
        ] {
            set("role", "Secondary/Secondary");
            set("dstate", dstate);
            let said = call(shell, &site, "drbddisk r0 start");
            assert_eq!(said.code() == 0, may, "{shell} {dstate}: {}", said.err);
            assert_eq!(code(shell, &site, "drbddisk r0 status"), if may { 0 } else { 3 }, "{dstate}");
            assert!(may || said.err.contains("does not become Primary"), "{}", said.err);
        }
        let log = fs::read_to_string(site.path().join("log")).unwrap();
        assert_eq!(log.matches("primary r0").count(), 3, "{log}");
    }
}

#[test]
fn drbd_is_asked_again_when_it_refuses_and_what_cannot_be_told_is_not_stopped() {
    for shell in SHELLS {
        let site = site();
        executable(&site.path().join("bin/drbdadm"), DRBDADM);
        let set = |file: &str, text: &str| fs::write(site.path().join(file), format!("{text}\n")).unwrap();
        set("role", "Primary");
        set("dstate", "UpToDate");
        set("refusals", "1");
        assert_eq!(code(shell, &site, "drbddisk r0 start"), 0, "it is Primary already");
        assert_eq!(code(shell, &site, "drbddisk r0 stop"), 0, "{shell}");
        assert_eq!(code(shell, &site, "drbddisk r0 stop"), 0);
        for (role, status) in
            [("Primary/Unknown", 0), ("Secondary", 3), ("Unconfigured", 3), ("Primary\nSecondary", 1), ("Unknown", 4)]
        {
            set("role", role);
            assert_eq!(code(shell, &site, "drbddisk r0 monitor"), status, "{role}");
        }
        fs::write(site.path().join("broken"), "").unwrap();
        for action in ["monitor", "stop", "start"] {
            assert_eq!(code(shell, &site, &format!("drbddisk r0 {action}")), 4, "{action}");
        }
    }
}

#[test]
fn connections_come_from_the_floating_address_while_it_is_here() {
    need_namespaces!();
    let lab = Lab::new();
    let host = lab.host("a");
    let peer = lab.host("b");
    lab.cable(&host, "eth0", &peer, "eth0");
    host.ip("addr add 10.9.0.1/24 dev eth0");
    host.ip("addr add 10.9.0.80/24 dev eth0");
    host.ip("route add default via 10.9.0.254 dev eth0 metric 50");
    let script = project("scripts/resource.d/IPsrcaddr");
    for shell in SHELLS {
        let does = |action: &str| host.run(&format!("{shell} {} 10.9.0.80/24 {action}", script.display()));
        assert_eq!(does("status").code(), 3);
        assert_eq!(does("stop").code(), 0);
        let said = does("start");
        assert_eq!(said.code(), 0, "{shell}: {}", said.err);
        assert!(host.ip("route get 192.0.2.1").contains("src 10.9.0.80 "));
        assert_eq!((does("start").code(), does("status").code()), (0, 0));
        assert_eq!(does("stop").code(), 0);
        assert!(host.ip("route get 192.0.2.1").contains("src 10.9.0.1 "));
        assert_eq!(host.ip("route show default").trim(), "default via 10.9.0.254 dev eth0 metric 50");
    }
    host.ip("route del default");
    let said = host.run(&format!("{} 10.9.0.80 start", script.display()));
    assert_eq!(said.code(), 1);
    assert!(said.err.contains("no default route"), "{}", said.err);
}

#[test]
fn neighbours_are_told_of_an_address_and_told_again_in_the_background() {
    need_namespaces!();
    let lab = Lab::new();
    let host = lab.host("a");
    let peer = lab.host("b");
    lab.cable(&host, "eth0", &peer, "eth0");
    host.ip("addr add 10.9.0.80/24 dev eth0");
    for shell in SHELLS {
        let site = site();
        let script = project("scripts/resource.d/SendArp");
        let does = |words: &str| {
            let line = format!("{shell} {} {words} >>{}/log 2>&1; echo $?", script.display(), site.path().display());
            let mut command = host.command("sh");
            command.env("HBKIT_RUN", site.path().join("run")).args(["-c", &line]);
            finish(command, b"").out.trim().to_owned()
        };
        assert_eq!(does("10.9.0.80 eth0 status"), "3");
        assert_eq!(does("10.9.0.80 eth0 start"), "0", "{}", fs::read_to_string(site.path().join("log")).unwrap());
        assert_eq!(does("10.9.0.80 eth0 start"), "0");
        assert_eq!(does("10.9.0.80 eth0 status"), "0");
        assert_eq!(does("10.9.0.80 eth0 stop"), "0");
        assert_eq!(does("10.9.0.80 eth0 status"), "3");
        assert_ne!(does("10.9.0.81 eth0 start"), "0", "an address that is not here");
    }
}

#[test]
fn a_mail_is_sent_at_the_start_and_the_stop_and_keeps_nothing_from_its_course() {
    for shell in SHELLS {
        let site = site();
        executable(&site.path().join("bin/mail"), "#!/bin/sh\necho \"$*\" >>$SITE/sent\ncat >>$SITE/sent\n");
        let does = |action: &str| call(shell, &site, &format!("MailTo root@localhost Cluster {action}"));
        assert_eq!(does("status").code(), 3);
        assert_eq!((does("start").code(), does("start").code(), does("status").code()), (0, 0, 0), "{shell}");
        assert_eq!((does("stop").code(), does("status").code()), (0, 3));
        let sent = fs::read_to_string(site.path().join("sent")).unwrap();
        assert_eq!(sent.matches("-s Cluster web is started on").count(), 1, "{sent}");
        assert_eq!(sent.matches(" root@localhost\nCluster web is st").count(), 2, "{sent}");
        executable(&site.path().join("bin/mail"), "#!/bin/sh\nexit 1\n");
        let said = does("start");
        assert_eq!(said.code(), 0);
        assert!(said.err.contains("no mail to root@localhost"), "{}", said.err);
    }
}

#[test]
fn a_delay_runs_when_it_was_started() {
    for shell in SHELLS {
        let site = site();
        let codes = ["status", "start", "start", "monitor", "stop", "status", "stop"]
            .map(|action| code(shell, &site, &format!("Delay 0 0 {action}")));
        assert_eq!(codes, [3, 0, 0, 0, 0, 3, 0], "{shell}");
    }
}

#[test]
fn the_scripts_are_found_by_hb_resource_and_those_of_the_configuration_first() {
    let site = site();
    let text = "node n1 n2\nserial /dev/ttyS0\nauto_failback on\n";
    fs::write(site.path().join("ha.cf"), text).unwrap();
    fs::write(site.path().join("haresources"), "n1 Delay::0 drbddisk::r0\n").unwrap();
    fs::create_dir(site.path().join("resource.d")).unwrap();
    executable(&site.path().join("resource.d/drbddisk"), "#!/bin/sh\necho \"$*\" >>$SITE/log\n");
    let resource = |action: &str| {
        let mut command = in_site(command("hb-resource"), &site);
        command.arg("-C").arg(site.path()).args([action, "Delay--0"]);
        let said = finish(command, b"");
        (said.code(), said.err)
    };
    assert_eq!(resource("start"), (0, String::new()));
    assert_eq!(resource("status"), (0, String::new()));
    assert_eq!(resource("stop"), (0, String::new()));
    assert_eq!(fs::read_to_string(site.path().join("log")).unwrap(), "r0 start\nr0 status\nr0 stop\n");
}

//! hb-config from outside.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hbkit::ha_cf::{self, Fate};
use tempfile::TempDir;

use crate::lab::{Said, command, project, run, tool};

const HA_CF: &str = "keepalive 200ms\ndeadtime 3\ninitdead 12\nbcast eth1\nucast eth0 192.0.2.2\nserial /dev/ttyS0\n\
    auto_failback on\nnode node1 Node2\nping 192.0.2.254\nping_group routers 192.0.2.252 192.0.2.253\n";
const HARESOURCES: &str = "node1 192.0.2.10/24/eth0 web::a::b\nnode2 2001:db8::10/64/eth0\n";
const AUTHKEYS: &str = "auth 1\n1 sha1 0123456789abcdefSECRET\n";

/// A directory with the three files, and the script of the groups; no text: no file.
fn configuration(ha_cf: &str, haresources: &str, authkeys: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, text) in [("ha.cf", ha_cf), ("haresources", haresources), ("authkeys", authkeys)] {
        let path = directory.path().join(name);
        if !text.is_empty() {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    fs::create_dir(directory.path().join("resource.d")).unwrap();
    script(&directory, "web", "#!/bin/sh\n", 0o755);
    directory
}

fn script(directory: &TempDir, name: &str, text: &str, mode: u32) {
    let path = directory.path().join("resource.d").join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

fn hb_config(directory: &TempDir, words: &[&str]) -> Said {
    let mut args = vec!["-C", directory.path().to_str().unwrap(), "-N", "node1"];
    args.extend(words);
    run("hb-config", &args, b"")
}

#[test]
fn a_sound_configuration_is_status_0_without_a_word() {
    let directory = configuration(HA_CF, HARESOURCES, AUTHKEYS);
    let said = hb_config(&directory, &["check"]);
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, "", ""));
    // The options may stand behind the action too.
    let said = run("hb-config", &["check", "-N", "NODE2", "--directory", directory.path().to_str().unwrap()], b"");
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, "", ""));
}

#[test]
fn the_commands_that_fence_others_are_looked_for() {
    // This node's own is not run here; a file without the right to run it is none.
    for (command, wrong) in [("/bin/false", false), ("/nowhere/off", true), ("/bin", true), ("/etc/passwd", true)] {
        let ha_cf = format!("{HA_CF}fence node1 /nowhere/off\nfence node2 {command} 10.0.0.5\n");
        let directory = configuration(&ha_cf, HARESOURCES, AUTHKEYS);
        let said = hb_config(&directory, &["check"]);
        assert_eq!((said.code(), said.err.as_str()), (0, ""), "{}", said.out);
        let warning = format!("/ha.cf:12: warning: fence: {command} is not there, or is no program: node2 could not");
        assert_eq!(
            (said.out.lines().count(), said.out.contains(&warning)),
            (usize::from(wrong), wrong),
            "{}",
            said.out
        );
        assert_eq!(
            hb_config(&directory, &["get", "fence"]).out.lines().nth(1).unwrap(),
            format!("node2 {command} 10.0.0.5")
        );
    }
}

#[test]
fn s72_scripts_that_this_node_could_not_start_are_warned_of() {
    let haresources = "node1 192.0.2.10/24/eth0 no-such-script::a web\nnode2 plain \\\n  dos\nnode1 old command::/no/such\n\
        node1 Filesystem::/dev/x::/srv::ext4 words::gone::b ocf::heartbeat::hbkit-has-no-such-agent\n";
    let directory = configuration(HA_CF, haresources, AUTHKEYS);
    script(&directory, "plain", "#!/bin/sh\n", 0o644);
    script(&directory, "dos", "#!/bin/sh\r\nexit 0\r\n", 0o755);
    script(&directory, "old", "#!/no/such/interpreter -w\n", 0o755);
    let said = hb_config(&directory, &["check"]);
    assert_eq!((said.code(), said.err.as_str()), (0, ""), "{}", said.out);
    let lines: Vec<&str> = said.out.lines().collect();
    let place = directory.path().display();
    for (line, start, end) in [
        (1, "'no-such-script::a': this node could not start it: there is no such script in ", " or /etc/init.d"),
        (2, "'plain': this node could not start it: ", "/resource.d/plain is not executable"),
        (
            2,
            "'dos': this node could not start it: the lines of ",
            "end in CR LF, which is taken for a part of its interpreter's name",
        ),
        (
            4,
            "'old': this node could not start it: the interpreter of ",
            "/resource.d/old, '/no/such/interpreter', is not there",
        ),
        (4, "'command::/no/such': this node could not start it: ", "/no/such is not there"),
        (5, "'words::gone::b': this node could not start it: there is no such script in ", " or /etc/init.d"),
        (5, "'ocf::heartbeat::hbkit-has-no-such-agent': ", "/heartbeat/hbkit-has-no-such-agent is not there"),
    ] {
        let start = format!("{place}/haresources:{line}: warning: {start}");
        let found = lines.iter().filter(|line| line.starts_with(&start) && line.ends_with(end)).count();
        assert_eq!(found, 1, "{start}...{end} in\n{}", said.out);
    }
    assert_eq!(lines.len(), 7, "{}", said.out);
    // A machine that is none of its nodes, and a witness, need none of them.
    let path = directory.path().to_str().unwrap();
    let said = run("hb-config", &["-C", path, "-N", "workstation", "check"], b"");
    assert_eq!((said.code(), said.out.lines().count()), (0, 1), "{}", said.out);
    assert!(said.out.contains("this node is workstation"), "{}", said.out);
    let said = run("hb-config", &["-C", path, "-N", "node1", "check", "--witness"], b"");
    assert_eq!((said.code(), said.out.as_str()), (0, ""));
}

#[test]
fn every_problem_of_every_file_is_said_with_its_line() {
    let directory = configuration("frobnicate 1\nnode node1\nbcast eth0\nkeepalive x\n", "node1\n", "auth 1\nSECRET\n");
    let said = hb_config(&directory, &["check"]);
    assert_eq!((said.code(), said.err.as_str()), (1, ""));
    let path = directory.path().display();
    let places = ["ha.cf:1: error", "ha.cf:4: error", "haresources:1: error", "authkeys:1: error", "authkeys:2: error"];
    let lines: Vec<&str> = said.out.lines().filter(|line| line.contains(": error: ")).collect();
    assert_eq!(lines.len(), places.len(), "{lines:?}");
    assert!(said.out.contains("/ha.cf:3: warning: bcast:eth0 is the only medium"), "{}", said.out);
    for (line, place) in lines.iter().zip(places) {
        assert!(line.starts_with(&format!("{path}/{place}: ")), "{line} for {place}");
    }
    assert!(!said.out.contains("SECRET"));
}

#[test]
fn warnings_alone_are_status_0() {
    let ha_cf = "node node1 node2\nbcast eth1\ndeadtime 4\nallow_crc yes\n";
    let directory = configuration(ha_cf, HARESOURCES, "auth 1\n1 crc\n");
    let said = hb_config(&directory, &["check"]);
    assert_eq!((said.code(), said.err.as_str()), (0, ""), "{said:?}");
    for what in [
        "ha.cf:1: warning: two nodes without a ping node",
        "ha.cf:1: warning: auto_failback is legacy",
        "ha.cf:2: warning: bcast:eth1 is the only medium",
        "ha.cf:3: warning: deadtime 4.0 s is under 5.0 s",
        "authkeys:2: warning: crc on bcast:eth1",
    ] {
        assert_eq!(said.out.lines().filter(|line| line.contains(what)).count(), 1, "{what}: {}", said.out);
    }
}

#[test]
fn a_node_that_is_not_of_the_cluster_is_told_so() {
    let directory = configuration(HA_CF, HARESOURCES, AUTHKEYS);
    let said = run("hb-config", &["-C", directory.path().to_str().unwrap(), "-N", "web9", "check"], b"");
    assert!(said.out.contains("ha.cf:8: warning: this node is web9"), "{said:?}");
    let said = run("hb-config", &["-C", directory.path().to_str().unwrap(), "-N", "we/b9", "check"], b"");
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
}

#[test]
fn a_file_that_cannot_be_read_is_status_2_beside_the_problems_of_the_others() {
    let directory = configuration(HA_CF, "node1\n", "");
    let said = hb_config(&directory, &["check"]);
    let path = directory.path().display();
    assert_eq!(said.code(), 2);
    assert_eq!(said.out, format!("{path}/haresources:1: error: node 'node1' without a resource\n"));
    assert_eq!(said.err, format!("hb-config: {path}/authkeys: No such file or directory\n"));

    let directory = configuration("", HARESOURCES, AUTHKEYS);
    fs::create_dir(directory.path().join("ha.cf")).unwrap();
    let path = directory.path().display();
    for action in [&["check"][..], &["get", "nodes"], &["digest"]] {
        let said = hb_config(&directory, action);
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{action:?}");
        assert_eq!(said.err, format!("hb-config: {path}/ha.cf: a directory, not a file\n"), "{action:?}");
    }
    assert_eq!(hb_config(&directory, &["groups"]).code(), 0);
}

#[test]
fn the_first_error_is_one_line_for_those_who_need_values() {
    let directory = configuration("node node1\nbcast eth0\nkeepalive 1s\nkeepalive x\n", HARESOURCES, AUTHKEYS);
    let path = directory.path().display();
    for action in [&["get", "nodes"][..], &["digest"]] {
        let said = hb_config(&directory, action);
        assert_eq!((said.code(), said.out.as_str()), (2, ""));
        assert_eq!(
            said.err,
            format!("hb-config: {path}/ha.cf:4: keepalive: 'x' is not a time such as 2, 0.5 or 250ms\n")
        );
    }
}

#[test]
fn get_prints_a_value_a_line() {
    let directory = configuration(HA_CF, HARESOURCES, AUTHKEYS);
    for (key, value) in [
        ("nodes", "node1\nnode2\n"),
        ("keepalive", "0.2\n"),
        ("deadtime", "3.0\n"),
        ("warntime", "1.5\n"),
        ("initdead", "12.0\n"),
        ("deadping", "3.0\n"),
        ("udpport", "694\n"),
        ("baud", "19200\n"),
        ("media", "bcast eth1\nucast eth0 192.0.2.2\nserial /dev/ttyS0 19200\n"),
        ("ping", "192.0.2.254 192.0.2.254\nrouters 192.0.2.252 192.0.2.253\n"),
        ("auto_failback", "on\n"),
        ("failback_delay", "0.0\n"),
        ("failure_expiry", "3600.0\n"),
        ("flap_halflife", "900.0\n"),
        ("flap_limit", "2\n"),
        ("quorum", "alive\n"),
        ("msgfmt", "netstring\n"),
        ("allow_crc", "no\n"),
        ("lease", "kernel\n"),
    ] {
        let said = hb_config(&directory, &["get", key]);
        assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, value, ""), "{key}");
    }
    let said = hb_config(&directory, &["get", "frobnication"]);
    assert_eq!((said.code(), said.out.as_str()), (1, ""));
    assert!(said.err.starts_with("hb-config: no key 'frobnication': known are nodes "), "{said:?}");
}

#[test]
fn groups_prints_name_node_and_resources() {
    let directory = configuration(HA_CF, HARESOURCES, AUTHKEYS);
    let said = hb_config(&directory, &["groups"]);
    let expected =
        "192.0.2.10 node1 IPaddr::192.0.2.10/24/eth0 web::a::b\n2001-db8--10 node2 IPaddr::2001:db8::10/64/eth0\n";
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, expected, ""));
}

#[test]
fn the_digest_is_the_same_on_both_nodes() {
    let one = configuration(HA_CF, HARESOURCES, AUTHKEYS);
    let other = HA_CF.replace("192.0.2.2\n", "192.0.2.1 # the other one\n").replace("node1 Node2", "NODE1,node2");
    let two = configuration(&other, &HARESOURCES.replace(' ', "\t "), "");
    let three = configuration(HA_CF, &HARESOURCES.replace("node2 ", "node1 "), AUTHKEYS);
    let digest = |directory: &TempDir| hb_config(directory, &["digest"]).out;
    assert_eq!(digest(&one).trim_end().len(), 64);
    assert_eq!(digest(&one), digest(&two));
    assert_ne!(digest(&one), digest(&three));
}

#[test]
fn the_largest_files_of_garbage_are_read_in_a_bounded_time() {
    for piece in ["x\n", "1 sha1 x\n", "auth 1\n", "a \\\n", "bcast eth0 ", "node ", "node1 192.0.2.1\n", "::,#"] {
        let text = piece.repeat((1 << 20) / piece.len());
        let directory = configuration(&text, &text, &text[..65_536]);
        for action in ["check", "migrate"] {
            let start = Instant::now();
            let said = hb_config(&directory, &[action]);
            let took = start.elapsed();
            let is_refused = action == "migrate" && said.err.contains("ha.cf:1: more than 100 problems: ");
            assert!(is_refused || (said.code(), said.err.as_str()) == (1, ""), "{action} {piece:?}: {}", said.err);
            assert!(took < Duration::from_secs(10), "{action} {piece:?} took {took:?}");
        }
    }
    let directory = configuration(&"#".repeat((1 << 20) + 1), HARESOURCES, AUTHKEYS);
    assert!(hb_config(&directory, &["check"]).err.ends_with("ha.cf: larger than 1048576 bytes\n"));
}

/// The directives that head the items of a section of ha.cf(5).
fn items(page: &str, section: &str) -> BTreeSet<String> {
    let text = page.split(".Ss ").find(|text| text.starts_with(section)).unwrap_or_else(|| panic!("no {section}"));
    let text = text.split("\n.Sh ").next().unwrap();
    let heads = text.lines().filter_map(|line| line.strip_prefix(".It Ic "));
    let words = heads.flat_map(|head| {
        // Arguments stand behind the names, by macros of their own.
        let names = |part: &str| {
            part.split_whitespace()
                .take_while(|word| !["Ar", "Cm", "Op"].contains(word))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        head.split(" Ic ").flat_map(names).collect::<Vec<_>>()
    });
    words.filter(|word| *word != "," && *word != ";").collect()
}

#[test]
fn the_page_of_ha_cf_lists_every_directive_under_what_becomes_of_it() {
    let page = fs::read_to_string(project("man/ha.cf.5")).unwrap();
    for (section, fates) in [
        ("Directives that hbkit uses", &[Fate::Used][..]),
        ("Directives of hbkit alone", &[Fate::Alone]),
        ("Directives without an effect", &[Fate::Idle, Fate::Depends]),
        ("Directives that are refused", &[Fate::Refused, Fate::Depends]),
    ] {
        let known = ha_cf::directives().filter(|name| ha_cf::fate(name).is_some_and(|fate| fates.contains(&fate)));
        assert_eq!(items(&page, section), known.map(str::to_owned).collect(), "man/ha.cf.5: {section}");
    }
}

#[test]
fn the_page_of_hb_config_and_its_help_name_every_key() {
    let page = fs::read_to_string(project("man/hb-config.8")).unwrap();
    let help = run("hb-config", &["get", "--help"], b"").out;
    for key in ha_cf::KEYS {
        let item = |line: &str| line.starts_with(".It Cm ") && line.split(' ').any(|word| word == *key);
        assert!(page.lines().any(item), "man/hb-config.8 lacks {key}");
        assert!(help.contains(key), "hb-config get --help lacks {key}");
    }
}

#[test]
fn migrate_prints_an_ha_cf_that_check_takes_and_that_stays_as_it_is() {
    let ha_cf = format!("logfile /var/log/ha-log\nstonith_host * x y\nKeepalive 1s\n{HA_CF}ucast eth0 gateway\n");
    let directory = configuration(&ha_cf, HARESOURCES, AUTHKEYS);
    let path = directory.path().to_str().unwrap();
    let said = run("hb-config", &["-N", "node1", "migrate", path], b"");
    assert_eq!((said.code(), said.err.as_str()), (1, ""), "{}", said.out);
    assert!(said.out.contains("\n# hbkit: logfile has no effect in hbkit: "), "{}", said.out);
    assert!(said.out.contains("\n# hbkit took out the next line: stonith_host is not supported by hbkit: "));
    assert!(said.out.contains("\n#-stonith_host * x y\n") && said.out.contains("\nkeepalive 1\n"), "{}", said.out);
    assert!(!said.out.contains("SECRET"), "{}", said.out);
    let words = "# hbkit: haresources:1: warning: Heartbeat judged web by the words that its status prints, ";
    assert!(said.out.lines().any(|line| line.starts_with(words)), "{}", said.out);
    assert!(!hb_config(&directory, &["check"]).out.contains("Heartbeat judged"));
    let new = configuration(&said.out, HARESOURCES, AUTHKEYS);
    let again = hb_config(&new, &["migrate"]);
    assert_eq!((again.code(), again.out, again.err.as_str()), (0, said.out, ""));
    let check = hb_config(&new, &["check"]);
    assert_eq!((check.code(), check.err.as_str()), (0, ""), "{}", check.out);
    let sound = configuration(HA_CF, HARESOURCES, AUTHKEYS);
    for key in ha_cf::KEYS.iter().filter(|key| **key != "keepalive") {
        assert_eq!(hb_config(&new, &["get", key]).out, hb_config(&sound, &["get", key]).out, "{key}");
    }
}

#[test]
fn migrate_says_what_it_could_not_read_and_what_it_cannot_mend() {
    let directory = configuration(HA_CF, "", AUTHKEYS);
    let said = hb_config(&directory, &["migrate"]);
    assert_eq!(said.code(), 2);
    assert!(said.out.contains("\nnode node1 Node2\n"), "{}", said.out);
    let path = directory.path().display();
    assert_eq!(said.err, format!("hb-config: {path}/haresources: No such file or directory\n"));
    let directory = configuration("crm yes\n", HARESOURCES, AUTHKEYS);
    let said = hb_config(&directory, &["migrate"]);
    assert_eq!((said.code(), said.err.as_str()), (1, ""));
    assert!(said.out.contains("\n# hbkit: no node: ") && said.out.contains("\n# hbkit: no medium: "), "{}", said.out);
    let directory = configuration("n\0o\0d\0e\0", HARESOURCES, AUTHKEYS);
    fs::write(directory.path().join("ha.cf"), b"\xff\xfen\0o\0").unwrap();
    let said = hb_config(&directory, &["migrate"]);
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert!(said.err.ends_with("/ha.cf:1: the file is in UTF-16: save it as UTF-8\n"), "{}", said.err);
}

#[test]
fn wrong_calls_are_status_2() {
    for args in
        [&[][..], &["frobnicate"], &["get"], &["get", "a", "b"], &["help"], &["check", "extra"], &["migrate", "a", "b"]]
    {
        let said = run("hb-config", args, b"");
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{args:?}: {said:?}");
        assert!(!said.err.is_empty());
    }
}

#[test]
fn a_full_disk_is_status_2_and_a_reader_that_went_away_is_success() {
    let directory = configuration(HA_CF, HARESOURCES, AUTHKEYS);
    let start = |out: Stdio| {
        let mut command = command(tool("hb-config").to_str().unwrap());
        command.arg("-C").arg(directory.path()).arg("groups");
        let child = command.stdin(Stdio::null()).stdout(out).stderr(Stdio::piped()).spawn().unwrap();
        Said::from(child.wait_with_output().unwrap())
    };
    let full = start(fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into());
    assert_eq!(full.code(), 2);
    assert!(full.err.starts_with("hb-config: standard output: "), "{full:?}");
    let (reader, writer) = nix::unistd::pipe().unwrap();
    drop(reader);
    let gone = start(writer.into());
    assert_eq!((gone.code(), gone.err.as_str()), (0, ""));
}

#[test]
fn changes_are_said_and_taken_as_a_whole_or_not_at_all() {
    let old = configuration(HA_CF, HARESOURCES, AUTHKEYS);
    let from = old.path().to_str().unwrap();
    let read = |file: &str| fs::read_to_string(old.path().join(file)).unwrap();
    let take = |new: &TempDir, groups: &[&str]| hb_config(new, &[&["take", from], groups].concat());

    // An error, a change that all nodes have to make, a group that runs: nothing is taken.
    let more = format!("{HARESOURCES}node1 192.0.2.11 new\n");
    let other = HARESOURCES.replace("web::a", "web::c");
    for (ha_cf, haresources, words) in [
        (format!("{HA_CF}failback_delay often\n"), &more, "/ha.cf:11: error: "),
        (HA_CF.replace("deadtime 3", "deadtime 4"), &more, "deadtime: 3.0 -> 4.0: this needs a restart of all nodes"),
        (format!("{HA_CF}failback_delay 5m\n"), &other, "192.0.2.10 runs here and is to be another one"),
    ] {
        let new = configuration(&ha_cf, haresources, AUTHKEYS);
        let said = take(&new, &["192.0.2.10"]);
        assert_eq!((said.code(), said.out.as_str()), (1, ""), "{}", said.err);
        assert!(said.err.contains(words), "{}", said.err);
        assert_eq!((read("ha.cf").as_str(), read("haresources").as_str()), (HA_CF, HARESOURCES), "{words}");
    }

    let (ha_cf, other) = (format!("{HA_CF}failback_delay 5m\n"), other + "node1 192.0.2.11 new\n");
    let new = configuration(&ha_cf, &other, AUTHKEYS);
    let said = hb_config(&new, &["changes", from]);
    assert_eq!((said.code(), read("ha.cf").as_str()), (0, HA_CF), "only take takes: {}", said.err);
    let said = take(&new, &["192.0.2.11", "2001:db8::10"]);
    assert_eq!(said.code(), 0, "{}", said.err);
    assert!(said.out.ends_with(" begin=hb-supervise changed=192.0.2.10\n"), "{}", said.out);
    assert_eq!((read("ha.cf"), read("haresources")), (ha_cf, other));
    let said = take(&new, &[]);
    assert_eq!((said.code(), said.out.as_str()), (0, ""), "nothing is left to change: {}", said.err);
    assert!(!said.err.contains(" -> "), "{}", said.err);
    // What cannot be written was not taken.
    fs::remove_dir_all(old.path()).unwrap();
    assert_eq!(take(&new, &[]).code(), 2);
}

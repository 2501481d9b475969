//! authkey-check from outside.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::heartbeat_lab::{DAEMON, PATIENT, Plan, Real, SHA1, Site, Style, keys, start_ours};
use crate::lab::{Running, Said, command, run, tool};
use crate::{need_heartbeat, need_namespaces};

mod corpus;

use corpus::{CASES, RIGHT, Theirs};

/// A key without any weakness; SECRET must never be seen again.
const GOOD: &str = "0123456789abcdefSECRET";

fn check(path: &Path) -> Said {
    run("authkey-check", &[path.to_str().unwrap()], b"")
}

fn write(directory: &TempDir, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, text.replace("GOOD", GOOD).replace("LONG", &"x".repeat(6000))).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn files_are_judged_as_by_heartbeat_and_more_strictly_where_it_is_careless() {
    let directory = TempDir::new().unwrap();
    for (number, case) in CASES.iter().enumerate() {
        let path = write(&directory, &format!("authkeys{number}"), case.text, case.mode);
        let said = check(&path);
        let about = format!("{:?} {:o}: {said:?}", case.text, case.mode);
        assert_eq!((said.code(), said.err.as_str()), (case.code, ""), "{about}");
        if case.line.is_empty() {
            assert_eq!(said.out, "", "{about}");
        } else {
            let wanted = format!("{}{}", path.display(), case.line);
            assert!(said.out.lines().any(|line| line.starts_with(&wanted)), "{about}");
        }
        assert!(!said.out.contains("SECRET") && !said.out.contains("012345"), "{about}");
        // What Heartbeat refuses is an error, but for a method that it does not know.
        assert!(case.theirs == Theirs::Takes || case.code == 1 || case.text.contains(" sha256 "), "{about}");
    }
}

#[test]
fn heartbeat_judges_the_files_as_it_is_said_to() {
    need_heartbeat!();
    let site = Site::new(&["node1"]);
    let plan = Plan { times: PATIENT, media: "bcast eth0".to_owned(), keys: keys(1, &[SHA1]), haresources: "" };
    let mut real = Real::start(&site, &site.hosts[0], &plan);
    let path = real.directory.join("ha.d/authkeys");
    let directory = TempDir::new().unwrap();
    for case in CASES {
        real.kill();
        real.run("rm -f /run/heartbeat.pid");
        let _ = fs::remove_file(&path);
        fs::rename(write(&directory, "authkeys", case.text, case.mode), &path).unwrap();
        let (status, said) = real.run(&format!("{DAEMON} 2>&1"));
        let theirs = if status == 0 { Theirs::Takes } else { Theirs::Refuses };
        assert_eq!(theirs, case.theirs, "{:?} {:o}: status {status}: {said}", case.text, case.mode);
    }
}

#[test]
fn a_file_of_another_user_is_an_error() {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, "authkeys", RIGHT, 0o600);
    if let Err(why) = std::os::unix::fs::chown(&path, Some(12_345), None) {
        assert!(std::env::var_os("CI").is_none(), "chown: {why}");
        eprintln!("skipped: a file of another user cannot be made here: {why}");
        return;
    }
    let said = check(&path);
    assert_eq!(said.code(), 1);
    assert!(said.out.contains(":1: error: the owner is user 12345"), "{said:?}");
}

#[test]
fn links_and_public_directories_are_warned_of() {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, "authkeys", RIGHT, 0o600);
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    assert!(check(&link).out.contains(":1: warning: a symbolic link"));
    fs::hard_link(&path, directory.path().join("second")).unwrap();
    assert!(check(&path).out.contains(":1: warning: the file has 2 names"));
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let said = check(&path);
    assert!(said.out.contains(":1: warning: everybody can write the directory"));
    assert_eq!(said.code(), 0);
    // Above it too, and where a link leads through it.
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let away = TempDir::new().unwrap();
    let path = write(&away, "authkeys", RIGHT, 0o600);
    fs::rename(&path, inner.join("authkeys")).unwrap();
    symlink(inner.join("authkeys"), &path).unwrap();
    let wanted = format!("everybody can write the directory {},", directory.path().canonicalize().unwrap().display());
    for path in [inner.join("authkeys"), path] {
        let said = check(&path);
        assert!(said.code() == 0 && said.out.contains(&wanted), "{said:?}");
    }
}

#[test]
fn what_cannot_be_read_is_status_2_and_one_line() {
    let directory = TempDir::new().unwrap();
    let fifo = directory.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let large = directory.path().join("large");
    fs::write(&large, vec![b'#'; 70_000]).unwrap();
    for (path, why) in [
        (directory.path().join("missing"), "No such file or directory"),
        (directory.path().to_path_buf(), "a directory, not a file"),
        (fifo, "not a regular file"),
        (PathBuf::from("/dev/null"), "not a regular file"),
        (large, "larger than 65536 bytes"),
    ] {
        let said = check(&path);
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{path:?}");
        assert_eq!(said.err, format!("authkey-check: {}: {why}\n", path.display()));
    }
}

#[test]
fn a_new_file_is_fit_for_use_and_every_key_is_another() {
    let directory = TempDir::new().unwrap();
    let mut keys = BTreeSet::new();
    for (number, method) in ["md5", "sha1", "sha256"].into_iter().enumerate() {
        let path = directory.path().join(format!("authkeys{number}"));
        let mut make = command("sh");
        // An open umask must not show in the mode, nor a closed one.
        let umask = ["000", "777", "022"][number];
        make.args(["-c", &format!("umask {umask}; exec authkey-check --generate {method} \"$1\""), "sh"]).arg(&path);
        let said = Said::from(make.output().unwrap());
        assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, "", ""), "{method}");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        let said = check(&path);
        assert_eq!((said.code(), said.out.as_str()), (0, ""));
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().last().unwrap().to_owned();
        let key = line.strip_prefix(&format!("1 {method} ")).unwrap().to_owned();
        assert_eq!(key.len(), 64);
        keys.insert(key);
    }
    assert_eq!(keys.len(), 3);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3, "a draft was left behind");
}

#[test]
fn an_existing_file_is_replaced_only_by_force_and_a_link_never() {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, "authkeys", RIGHT, 0o600);
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    let generate = |path: &Path, force: &[&str]| {
        let mut args = vec!["--generate", "sha1", path.to_str().unwrap()];
        args.extend(force);
        run("authkey-check", &args, b"")
    };
    let text = || fs::read_to_string(&path).unwrap();
    let before = text();
    for (target, force) in [(&path, &[][..]), (&link, &[]), (&link, &["--force"])] {
        let said = generate(target, force);
        assert_eq!((said.code(), said.out.as_str(), text()), (2, "", before.clone()), "{said:?}");
        assert!(said.err.starts_with(&format!("authkey-check: {}: ", target.display())), "{said:?}");
        assert_eq!(said.err.lines().count(), 1);
    }
    assert!(link.is_symlink());
    assert_eq!(generate(&path, &["-F"]).code(), 0);
    assert_ne!(text(), before);
    assert_eq!(generate(&directory.path().join("no/such"), &["-F"]).code(), 2);
}

#[test]
fn wrong_calls_are_status_2() {
    for args in [
        &["--generate", "crc", "/nonexistent/x"][..],
        &["--generate", "sha512", "/nonexistent/x"],
        &["--generate"],
        &["--force"],
        &["--generate", "sha1", "--fingerprint", "/nonexistent/x"],
        &["one", "two"],
        &["--rotate", "crc", "/nonexistent/x"],
        &["--rotate", "sha1", "--activate", "2", "/nonexistent/x"],
        &["--activate", "256", "/nonexistent/x"],
        &["--rotate", "sha1", "--force", "/nonexistent/x"],
        &["--retire", "1", "--seen", "/dev/null", "--force", "/nonexistent/x"],
        &["--seen", "/dev/null", "/nonexistent/x"],
        &["--compare", "1 crc -", "--json", "/nonexistent/x"],
        &["--compare", "1 crc -", "/nonexistent/x"],
    ] {
        let said = run("authkey-check", args, b"");
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{args:?}: {said:?}");
        assert!(!said.err.is_empty());
    }
}

#[test]
fn fingerprints_of_equal_keys_are_equal_and_show_no_key() {
    let directory = TempDir::new().unwrap();
    let one = write(&directory, "one", "auth 1\n1 sha1 GOOD\n2 md5 xGOOD\n3 crc\n", 0o600);
    let two = write(&directory, "two", "# other\nauth 2\n2 md5  xGOOD\n\n1 sha1 GOOD\n", 0o600);
    let print = |path: &Path| run("authkey-check", &["--fingerprint", path.to_str().unwrap()], b"");
    let (one, two) = (print(&one), print(&two));
    assert_eq!((one.code(), one.err.as_str()), (0, ""));
    let lines: Vec<&str> = one.out.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("1 sha1 ") && lines[0].len() == "1 sha1  signs".len() + 16, "{lines:?}");
    assert!(lines[0].ends_with(" signs") && !lines[1].ends_with(" signs"), "{lines:?}");
    assert_eq!(lines[2], "3 crc -");
    assert_ne!(lines[0].split(' ').nth(2), lines[1].split(' ').nth(2));
    let keyed = |line: &&str| !line.contains("crc");
    let sorted =
        |text: &str| text.lines().filter(keyed).map(|line| line.replace(" signs", "")).collect::<BTreeSet<_>>();
    assert_eq!(sorted(&one.out), sorted(&two.out));
    assert!(!one.out.contains("SECRET") && !one.out.contains("012345"));
    // A file with an error: what can be read is compared, and the error said.
    let broken = write(&directory, "broken", "auth 1\n1 sha1 GOOD\nGOOD\n", 0o600);
    let said = print(&broken);
    assert_eq!((said.code(), said.out.lines().next()), (1, Some(lines[0])));
    assert_eq!(
        said.err,
        format!(
            "authkey-check: {}:3: neither 'auth NUMBER' nor 'NUMBER METHOD [KEY]': put a '#' before a comment\n",
            broken.display()
        )
    );
}

#[test]
fn a_full_disk_is_status_2_and_a_reader_that_went_away_is_success() {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, "authkeys", "auth 1\n1 crc\n", 0o600);
    let start = |out: Stdio| {
        let mut command = command(tool("authkey-check").to_str().unwrap());
        let child = command.arg(&path).stdin(Stdio::null()).stdout(out).stderr(Stdio::piped()).spawn().unwrap();
        Said::from(child.wait_with_output().unwrap())
    };
    let full = start(fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into());
    assert_eq!(full.code(), 2);
    assert!(full.err.starts_with("authkey-check: standard output: "), "{full:?}");
    let (reader, writer) = nix::unistd::pipe().unwrap();
    drop(reader);
    let gone = start(writer.into());
    assert_eq!((gone.code(), gone.err.as_str()), (0, ""));
}

/// authkey-check on a file, with what it is to do before it.
fn on(path: &Path, args: &[&str], input: &str) -> Said {
    let mut all = args.to_vec();
    all.push(path.to_str().unwrap());
    run("authkey-check", &all, input.as_bytes())
}

/// Its status and that it said nothing.
fn done(path: &Path, args: &[&str], input: &str) {
    let said = on(path, args, input);
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, "", ""), "{args:?}");
}

/// Its status and the end of its one line on standard error.
fn refused(path: &Path, args: &[&str], input: &str, code: i32, why: &str) {
    let before = fs::read(path).ok();
    let said = on(path, args, input);
    assert_eq!((said.code(), said.out.as_str()), (code, ""), "{args:?}: {said:?}");
    assert!(said.err.ends_with(&format!("{why}\n")) && said.err.lines().count() == 1, "{args:?}: {said:?}");
    assert!(!said.err.contains("SECRET"), "{said:?}");
    assert_eq!(fs::read(path).ok(), before, "{args:?}");
}

const OLD_OF_TWO: &str = "msg 1.0 node2 via=bcast:e1 key=2:sha1 t=status\nmsg 2.0 node3 via=bcast:e1 key=1:sha1\n";
const NEW_OF_TWO: &str = "msg 1.0 node2 via=bcast:e1 key=2:sha1 t=status\nmsg 2.0 node3 via=bcast:e1 key=2:sha1\n";

#[test]
fn a_key_is_rotated_activated_and_retired_and_the_rest_of_the_file_stays() {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, "authkeys", "# of node1\nauth 1 # from May\n\n# old\n1 md5 GOOD\n# end", 0o400);
    let text = || fs::read_to_string(&path).unwrap();
    let said = on(&path, &["--rotate", "sha1"], "");
    assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (0, "2\n", ""));
    let (head, key) = text().trim_end().rsplit_once(' ').map(|(head, key)| (head.to_owned(), key.to_owned())).unwrap();
    assert_eq!(head, format!("# of node1\nauth 1 # from May\n\n# old\n1 md5 {GOOD}\n# end\n2 sha1"));
    assert!(key.len() == 64 && !said.out.contains(&key), "{key}");
    refused(&path, &["--retire", "1", "--force"], "", 1, "key 1 is the one to sign with: --activate another one first");
    done(&path, &["--activate", "2"], "");
    assert_eq!(text(), format!("# of node1\nauth 2 # from May\n\n# old\n1 md5 {GOOD}\n# end\n2 sha1 {key}\n"));
    let inode = fs::metadata(&path).unwrap().ino();
    done(&path, &["--activate", "2"], "");
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode, "a file that is right already was written");

    let seen = ["--retire", "1", "--seen", "-"];
    refused(&path, &["--retire", "1"], "", 2, "who signs with it is not known: --seen RECORDS, or --force");
    refused(&path, &seen, "", 2, "key 1 stays: -: there is no message of any node");
    refused(&path, &seen, OLD_OF_TWO, 1, "key 1 stays: signed with by node3");
    refused(&path, &[&seen[..], &["-P", "node4"]].concat(), NEW_OF_TWO, 2, "there is no message of node4");
    refused(&path, &["--retire", "1", "--seen", "/nonexistent"], "", 2, "/nonexistent: No such file or directory");
    refused(&path, &["--retire", "3", "--force"], "", 1, "there is no key 3");
    refused(&path, &["--activate", "3"], "", 1, "there is no key 3");
    let recording = directory.path().join("seen");
    fs::write(&recording, NEW_OF_TWO).unwrap();
    done(&path, &["--retire", "1", "--seen", recording.to_str().unwrap(), "-P", "node3"], "");
    assert_eq!(text(), format!("# of node1\nauth 2 # from May\n\n# old\n# end\n2 sha1 {key}\n"));
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o400);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "a draft was left behind");
}

#[test]
fn a_file_that_is_wrong_or_not_alone_is_not_changed() {
    let directory = TempDir::new().unwrap();
    let open = write(&directory, "open", RIGHT, 0o640);
    let wrong = write(&directory, "wrong", "auth 1\n1 sha1 GOOD\nGOOD\n", 0o600);
    let path = write(&directory, "authkeys", RIGHT, 0o600);
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    for change in [&["--rotate", "sha1"][..], &["--activate", "1"], &["--retire", "2", "--force"]] {
        refused(&open, change, "", 1, ":1: mode 0640: group or others can read the keys: chmod 600");
        refused(&wrong, change, "", 1, "'NUMBER METHOD [KEY]': put a '#' before a comment");
        refused(&link, change, "", 2, "a symbolic link, which is neither followed nor replaced");
        refused(&directory.path().join("missing"), change, "", 2, "No such file or directory");
    }
    fs::hard_link(&path, directory.path().join("second")).unwrap();
    refused(
        &path,
        &["--rotate", "sha1"],
        "",
        2,
        "the file has other names (hard links), which would keep the old keys",
    );
}

#[test]
fn the_owner_of_a_file_is_kept() {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, "authkeys", RIGHT, 0o600);
    // A group alone: a file of another user than root is an error.
    if let Err(why) = std::os::unix::fs::chown(&path, None, Some(12_345)) {
        assert!(std::env::var_os("CI").is_none(), "chown: {why}");
        eprintln!("skipped: a file of another group cannot be made here: {why}");
        return;
    }
    assert_eq!(on(&path, &["--rotate", "sha1"], "").code(), 0);
    let status = fs::metadata(&path).unwrap();
    assert_eq!((status.uid(), status.gid(), status.mode() & 0o7777), (0, 12_345, 0o600));
}

#[test]
fn whoever_reads_while_keys_change_finds_a_file_that_is_right() {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, "authkeys", RIGHT, 0o600);
    let (over, reads) = (AtomicBool::new(false), std::sync::atomic::AtomicU32::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let ring = hbkit::authkeys::read(&path);
                assert!(ring.is_ok(), "{ring:?}");
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Several at once: each is done whole, or refused because of another.
        let mut made = 0;
        for _ in 0..3 {
            let rotating = |_| scope.spawn(|| on(&path, &["--rotate", "sha1"], ""));
            let all: Vec<_> = (0..4).map(rotating).collect();
            for said in all.into_iter().map(|one| one.join().unwrap()) {
                let is_done = said.code() == 0;
                assert!(is_done || said.err.contains("at this moment"), "{said:?}");
                made += usize::from(is_done);
            }
        }
        let ring = hbkit::authkeys::read(&path).unwrap();
        assert_eq!((ring.keys().len(), ring.signing().id()), (1 + made, 1));
        for id in 2..=ring.keys().len() {
            done(&path, &["--activate", &id.to_string()], "");
            done(&path, &["--retire", &(id - 1).to_string(), "--force"], "");
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(hbkit::authkeys::read(&path).unwrap().keys().len(), 1);
    assert!(reads.load(Ordering::Relaxed) > 10, "{reads:?}");
}

#[test]
fn files_are_compared_with_what_was_printed_elsewhere() {
    let directory = TempDir::new().unwrap();
    let here = write(&directory, "here", "auth 1\n1 sha1 GOOD\n2 md5 xGOOD\n", 0o600);
    let print = |name: &str, text: &str| on(&write(&directory, name, text, 0o600), &["--fingerprint"], "").out;
    let same = print("same", "# there\nauth 1\n2 md5 xGOOD\n1 sha1 GOOD\n");
    done(&here, &["--compare", "-"], &same);
    done(&here, &["--compare", same.as_str()], "");
    for (text, wanted) in [
        ("auth 1\n1 sha1 yGOOD\n2 md5 xGOOD\n", "key 1 is another one there\n"),
        ("auth 2\n1 sha1 GOOD\n2 md5 xGOOD\n", "key 1 signs here and key 2 there\n"),
        ("auth 1\n1 sha1 GOOD\n2 sha1 xGOOD\n", "key 2 is for md5 here and for sha1 there\n"),
        ("auth 1\n1 sha1 GOOD\n3 crc\n", "key 2 is here only\nkey 3 is there only\n"),
    ] {
        let said = on(&here, &["--compare", "-"], &print("there", text));
        assert_eq!((said.code(), said.out.as_str(), said.err.as_str()), (1, wanted, ""), "{text}");
    }
    for nothing in ["", "ssh: connect to host node2 port 22: No route to host\n"] {
        refused(&here, &["--compare", "-"], nothing, 2, "to be compared with is not what --fingerprint prints");
    }
    let open = write(&directory, "open", RIGHT, 0o644);
    refused(&open, &["--compare", "-"], &same, 2, "group or others can read the keys: chmod 600");
}

#[test]
fn json_lines_have_the_problems_and_the_keys_without_their_secrets() {
    let directory = TempDir::new().unwrap();
    let path = write(&directory, "auth\"keys", "auth 2\n1 crc\n2 sha1 GOOD # SECRET\nSECRET\n", 0o600);
    let said = on(&path, &["--json"], "");
    assert_eq!((said.code(), said.err.as_str()), (1, ""));
    let name = path.display().to_string().replace('"', "\\\"");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 5, "{said:?}");
    let problem = |line: u32, severity| {
        format!("{{\"kind\":\"problem\",\"file\":\"{name}\",\"line\":{line},\"severity\":\"{severity}\",\"what\":\"")
    };
    for (at, line, severity) in [(0, 2, "warning"), (1, 3, "warning"), (2, 4, "error")] {
        assert!(lines[at].starts_with(&problem(line, severity)) && lines[at].ends_with("\"}"), "{said:?}");
    }
    let key = "{\"kind\":\"key\",\"line\":2,\"id\":1,\"method\":\"crc\",\"fingerprint\":null,\"signs\":false}";
    assert_eq!(lines[3], key);
    let print = "{\"kind\":\"key\",\"line\":3,\"id\":2,\"method\":\"sha1\",\"fingerprint\":\"8c3b0c50ef3b71a2\",\"signs\":true}";
    assert_eq!(lines[4], print);
    assert!(!said.out.contains("SECRET"), "{said:?}");
}

/// Waits until both tools of a node have read its keys again.
fn wait_until_read(node: &mut Running) {
    let count = std::cell::Cell::new(0);
    node.wait_for_error(|line| {
        count.set(count.get() + usize::from(line.contains("/authkeys: read again")));
        count.get() == 2
    });
}

/// The records that a node has had so far.
fn records(node: &Running) -> String {
    node.transcript().lines().map(|line| line.trim_start().to_owned() + "\n").collect()
}

#[test]
fn a_running_pair_gets_another_key_step_by_step_without_a_missed_heartbeat() {
    need_namespaces!();
    let site = Site::new(&["node1", "node2"]);
    let times = "keepalive 50ms\ndeadtime 10\n";
    let plan = Plan { times, media: "bcast eth0".to_owned(), keys: keys(1, &[SHA1]), haresources: "" };
    let mut nodes = [0, 1].map(|at| start_ours(&site, &site.hosts[at], &plan, Style::Joined));
    let files = ["node1", "node2"].map(|name| site.directory(name).join("authkeys"));
    let peers = ["node2", "node1"];
    for (node, peer) in nodes.iter_mut().zip(peers) {
        node.wait_for("the peer", |line| line.starts_with("node ") && line.contains(&format!(" {peer} active")));
    }
    let signs = |node: &mut Running, peer: &str, id: u8| {
        let (from, key) = (format!(" {peer} via="), format!(" key={id}:sha1 "));
        node.wait_for("the key", |line| line.starts_with("msg ") && line.contains(&from) && line.contains(&key));
    };

    // A key more, which the other node gets before anybody signs with it.
    assert_eq!(on(&files[0], &["--rotate", "sha1"], "").out, "2\n");
    let beside = site.directory("node2").join("authkeys.new");
    fs::copy(&files[0], &beside).unwrap();
    fs::rename(beside, &files[1]).unwrap();
    nodes.iter_mut().for_each(wait_until_read);
    let printed = on(&files[0], &["--fingerprint"], "").out;
    done(&files[1], &["--compare", "-"], &printed);

    done(&files[0], &["--activate", "2"], "");
    wait_until_read(&mut nodes[0]);
    signs(&mut nodes[1], "node1", 2);
    signs(&mut nodes[0], "node2", 1);
    let retire = |peer| ["--retire", "1", "--seen", "-", "--peer", peer];
    refused(&files[0], &retire("node2"), &records(&nodes[0]), 1, "key 1 stays: signed with by node2");
    done(&files[1], &["--activate", "2"], "");
    wait_until_read(&mut nodes[1]);
    signs(&mut nodes[0], "node2", 2);
    signs(&mut nodes[1], "node1", 2);

    for (at, peer) in peers.into_iter().enumerate() {
        done(&files[at], &retire(peer), &records(&nodes[at]));
        wait_until_read(&mut nodes[at]);
    }
    for (node, peer) in nodes.iter_mut().zip(peers) {
        node.look_for(Duration::from_millis(500), |_| false);
        signs(node, peer, 2);
        let story = node.transcript();
        crate::heartbeat::every_number(&story, peer);
        for word in ["bad ", "gap "] {
            assert!(!story.contains(&format!("\n  {word}")), "{story}");
        }
    }
}

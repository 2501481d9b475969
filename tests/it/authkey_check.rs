//! authkey-check from outside.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use crate::lab::{Said, command, run, tool};

/// A key without any weakness; SECRET must never be seen again.
const GOOD: &str = "0123456789abcdefSECRET";

fn check(path: &Path) -> Said {
    run("authkey-check", &[path.to_str().unwrap()], b"")
}

fn write(directory: &TempDir, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, text.replace("GOOD", GOOD)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// A file as Heartbeat 3.0.6 judges it, and as it should be judged.
struct Case {
    text: &'static str,
    mode: u32,
    code: i32,
    /// The beginning of a line, behind the name of the file; nothing where
    /// nothing may be said.
    line: &'static str,
}

const fn case(text: &'static str, mode: u32, code: i32, line: &'static str) -> Case {
    Case { text, mode, code, line }
}

const RIGHT: &str = "auth 1\n1 sha1 GOOD\n";

const CASES: &[Case] = &[
    // Accepted by Heartbeat, and right.
    case(RIGHT, 0o600, 0, ""),
    case(RIGHT, 0o400, 0, ""),
    case("auth\t1\n1\tsha1\tGOOD\n", 0o600, 0, ""),
    case("  auth 1\n   1 sha1 GOOD\n", 0o600, 0, ""),
    case("auth 1\n1 sha1 GOOD", 0o600, 0, ""),
    case("auth 1\n1 sha1 GOODGOODGOODGOODGOODGOODGOODGOODGOODGOOD\n", 0o600, 0, ""),
    case("auth 1\n1 md5 GOOD\n", 0o600, 0, ""),
    case("auth 15\n15 sha1 GOOD\n", 0o600, 0, ""),
    case("# c\n\n  # d\nauth 1\n1 sha1 GOOD\n", 0o600, 0, ""),
    case("auth 2\n1 md5 GOOD\n2 sha1 xGOOD\n", 0o600, 0, ""),
    // hbkit's own.
    case("auth 1\n1 sha256 GOOD\n", 0o600, 0, ""),
    // Accepted by Heartbeat, and worth a word.
    case(RIGHT, 0o620, 1, ":1: error: mode 0620: group or others can write"),
    case(RIGHT, 0o602, 1, ":1: error: mode 0602: group or others can write"),
    case("auth 1\n1 sha1 GOOD GOOD\n", 0o600, 1, ":2: error: the key has a blank"),
    case("auth 1\n1 md5 xGOOD\n1 sha1 GOOD\n", 0o600, 0, ":3: warning: key number 1 stands on line 2 too"),
    case("auth 1\nauth 2\n1 sha1 GOOD\n2 sha1 GOOD\n", 0o600, 0, ":1: warning: 'auth 1' has no effect"),
    case("auth 1\n1 sha1 GOOD # note\n", 0o600, 0, ":2: warning: a comment behind the key"),
    case("auth 1\n1 crc\n", 0o600, 0, ":2: warning: crc finds damage only"),
    case("auth 1\n1 sha1 SECRET\n", 0o600, 0, ":2: warning: a key with fewer than 16 characters"),
    case("auth 0\n0 sha1 GOOD\n", 0o600, 0, ":2: warning: key number 0"),
    case("auth 1\r\n1 sha1 GOOD\r\n", 0o600, 0, ":1: warning: lines end in CR LF"),
    // Rejected by Heartbeat.
    case(RIGHT, 0o640, 1, ":1: error: mode 0640: group or others can read"),
    case(RIGHT, 0o604, 1, ":1: error: mode 0604: group or others can read"),
    case("1 sha1 GOOD\n", 0o600, 1, ":1: error: no 'auth NUMBER' line"),
    case("auth 2\n1 sha1 GOOD\n", 0o600, 1, ":1: error: 'auth 2' names a key that is not in this file"),
    case("1 sha1 GOOD\nauth 1\n", 0o600, 1, ":2: error: 'auth 1' has to stand above key 1"),
    case("auth 1\n1 sha512 GOOD\n", 0o600, 1, ":2: error: the second word is no method"),
    case("auth 1\n1 SHA1 GOOD\n", 0o600, 1, ":2: error: methods are written in lower case"),
    case("auth 1\n1 sha1\n", 0o600, 1, ":2: error: sha1 without a key"),
    case("auth 1\n1 crc GOOD\n", 0o600, 1, ":2: error: crc takes no key"),
    case("auth 16\n16 sha1 GOOD\n", 0o600, 1, ":2: error: the number of a key is 0 to 15"),
    case("auth 1\n-1 sha1 GOOD\n1 sha1 GOOD\n", 0o600, 1, ":2: error: the number of a key is 0 to 15"),
    case("", 0o600, 1, ":1: error: no 'auth NUMBER' line"),
    case("# nothing\n# here\n", 0o600, 1, ":1: error: no 'auth NUMBER' line"),
    case("auth 1\n1 sha1 GOOD\nGOOD\n", 0o600, 1, ":3: error: neither 'auth NUMBER' nor"),
    case("auth one\n1 sha1 GOOD\n", 0o600, 1, ":1: error: behind auth stands the number"),
    case("auth 1\n1 sha1 GOOD\nabc 1\n", 0o600, 1, ":3: error: neither 'auth NUMBER' nor"),
    case("auth 1\n1 sha1 GOOD\n2 md5\n", 0o600, 1, ":3: error: md5 without a key"),
];

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
    assert!(lines[0].starts_with("1 sha1 ") && lines[0].len() == "1 sha1 ".len() + 16, "{lines:?}");
    assert_eq!(lines[2], "3 crc -");
    assert_ne!(lines[0].split(' ').next_back(), lines[1].split(' ').next_back());
    let sorted =
        |text: &str| text.lines().filter(|line| !line.contains("crc")).map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(sorted(&one.out), sorted(&two.out));
    assert!(!one.out.contains("SECRET") && !one.out.contains("012345"));
    // A file with an error: what can be read is compared, and the error said.
    let broken = write(&directory, "broken", "auth 1\n1 sha1 GOOD\nGOOD\n", 0o600);
    let said = print(&broken);
    assert_eq!((said.code(), said.out.lines().next()), (1, Some(lines[0])));
    assert_eq!(
        said.err,
        format!("authkey-check: {}:3: neither 'auth NUMBER' nor 'NUMBER METHOD [KEY]'\n", broken.display())
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

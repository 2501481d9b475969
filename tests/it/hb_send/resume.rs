//! A life that an earlier hb-send has left.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use hbkit::edge;
use hbkit::life::Life;

use crate::lab::{Running, run};
use crate::need_namespaces;
use crate::wire::{Pair, value};

const GOES_ON: &str = "the life of an earlier hb-send goes on";

fn resumed(pair: &Pair, args: &[&str]) -> Running {
    let file = pair.path("life");
    pair.send("sha1", &[&["-m", "bcast e0", "--resume", &file], args].concat())
}

/// One message, and what is said of it on both outputs.
fn one(pair: &Pair, args: &[&str]) -> (String, String) {
    let (code, out, err) = resumed(pair, args).wait();
    assert_eq!((code, out.lines().count()), (0, 1), "{err}");
    (out, err)
}

fn life(pair: &Pair) -> Life {
    Life::read(&fs::read(pair.path("life")).unwrap()).unwrap()
}

fn write(pair: &Pair, life: &Life) {
    fs::write(pair.path("life"), life.kept().unwrap()).unwrap();
}

fn number(line: &str, key: &str) -> u64 {
    u64::from_str_radix(value(line, key), 16).unwrap()
}

#[test]
fn s102_a_life_goes_on_where_it_was_killed_and_no_number_is_used_twice() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    let mut lives = Vec::new();
    for round in 0..6 {
        let mut sending = resumed(&pair, &["-i", "1ms"]);
        if round > 0 {
            let said = sending.wait_for_error(|line| line.contains("life"));
            assert!(said.contains(&format!("{}: {GOES_ON}, ", pair.path("life"))), "{said}");
        }
        for _ in 0..20 {
            let line = sending.wait_for("a beat", |line| line.starts_with("sent "));
            lives.push((value(&line, "inc").to_owned(), number(&line, "hg")));
        }
        sending.signal("KILL");
        sending.wait();
    }
    assert!(lives.iter().all(|life| *life == lives[0]), "{lives:?}");
    let last = life(&pair).sequence;
    let (out, _) = one(&pair, &[]);
    assert_eq!(number(&out, "seq"), last + 1);
    listening.wait_for("the last one", |line| line.starts_with("msg ") && number(line, "seq") == last + 1);
    let transcript = listening.transcript();
    let heard = transcript.lines().filter(|line| line.trim_start().starts_with("msg "));
    let numbers: Vec<u64> = heard.map(|line| number(line, "seq")).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b && *b <= a + 2), "more than a gap of one: {numbers:?}");
    assert!(!transcript.contains("bad "), "{transcript}");
}

#[test]
fn peers_see_no_restart_and_are_told_that_a_gap_cannot_be_filled() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    one(&pair, &["-c", "1"]);
    // Killed between the note and the message.
    let kept = life(&pair);
    write(&pair, &Life { sequence: kept.sequence + 1, ..kept });
    let mut sending = resumed(&pair, &["--stdin"]);
    sending.say("st=active\n");
    let gap = listening.wait_for("the gap", |line| line.starts_with("gap "));
    assert!(gap.contains(" node1 open first=2 last=2 "), "{gap}");
    sending.say("msg 1.5 node2 via=x t=NS_rexmit dest=node1 firstseq=2 lastseq=2\n");
    let refused = listening.wait_for("the refusal", |line| line.contains(" t=NS_nak_rexmit "));
    assert_eq!(value(&refused, "firstseq"), "2");
    let lost = listening.wait_for("no more is asked for", |line| line.starts_with("gap "));
    assert!(lost.contains(" node1 lost first=2 last=2 "), "{lost}");
    sending.say("st=active\n");
    listening.wait_for("the next", |line| line.starts_with("msg ") && line.contains(" t=status "));
    assert!(!listening.transcript().contains("bad "), "{}", listening.transcript());
    let records = listening.transcript().lines().map(|line| format!("{}\n", line.trim_start())).collect::<String>();
    let judged = run("hb-judge", &["-N", "node2", "-P", "node1"], records.as_bytes());
    assert!(judged.out.contains(" node1 active") && !judged.out.contains("restart"), "{}", judged.out);
}

#[test]
fn a_life_that_cannot_go_on_ends_and_a_new_one_begins() {
    need_namespaces!();
    let pair = Pair::new();
    let (first, err) = one(&pair, &["-d", "10"]);
    assert_eq!(err, "", "nothing was there");
    let (second, err) = one(&pair, &["-d", "10"]);
    assert!(err.contains(GOES_ON) && value(&second, "inc") == value(&first, "inc"), "{err}");
    let ago = |span: u64| edge::now().before(Duration::from_secs(span));
    let wrong: [(&str, &dyn Fn(Life) -> Life); 5] = [
        ("a life from before this boot", &|life| Life { boot: life.boot.replace(['0', '1'], "2"), ..life }),
        ("the life of another node", &|life| Life { uuid: [1; 16], ..life }),
        ("a life before the latest one of this node", &|life| Life { generation: life.generation - 1, ..life }),
        ("a life with a message from the future", &|life| Life { time: life.time + Duration::from_secs(60), ..life }),
        ("a life that has been silent for 1", &|life| Life { time: ago(10), ..life }),
    ];
    let mut before = second;
    for (why, change) in wrong {
        write(&pair, &change(life(&pair)));
        let (new, err) = one(&pair, &["-d", "10"]);
        assert!(err.contains(&format!("{}: {why}", pair.path("life"))) && err.ends_with(": a new one begins"), "{err}");
        assert_ne!(value(&new, "inc"), value(&before, "inc"), "{why}");
        assert!(number(&new, "hg") > number(&before, "hg") && number(&new, "seq") == 1, "{new} after {before}");
        before = new;
    }
    let kept = fs::read(pair.path("life")).unwrap();
    for (text, said) in [(&kept[..], true), (&kept[1..], false), (b"garbage\n", false), (&[b'0'; 9_999], false)] {
        fs::write(pair.path("life"), text).unwrap();
        let (out, err) = one(&pair, &["-d", "10"]);
        assert_eq!(value(&out, "inc") == value(&before, "inc"), said, "{err}");
        assert!(said || err.contains("no life that can be read: a new one begins"), "{err}");
        before = out;
    }
    fs::write(pair.path("life"), "").unwrap();
    let (out, err) = one(&pair, &[]);
    assert_eq!(err, "");
    assert_ne!(value(&out, "inc"), value(&before, "inc"));
    // By hand, without the file: peers listen to the later life alone.
    let (_, by_hand, _) = pair.send("sha1", &["-m", "bcast e0"]).wait();
    let (out, err) = one(&pair, &[]);
    assert!(err.contains("before the latest one"), "{err}");
    assert!(number(&out, "hg") > number(&by_hand, "hg"));
}

#[test]
fn two_never_speak_in_one_life() {
    need_namespaces!();
    let pair = Pair::new();
    let mut first = resumed(&pair, &["-i", "10ms"]);
    let begun = first.wait_for("a beat", |line| line.contains(" seq=3 "));
    // One that is frozen may go on at any time.
    for freeze in [false, true] {
        if freeze {
            first.signal("STOP");
        }
        let before = freeze.then(|| life(&pair));
        let (code, out, err) = resumed(&pair, &["-i", "10ms"]).wait();
        assert_eq!((code, out.as_str()), (2, ""));
        assert_eq!(err, format!("hb-send: {}: another hb-send is at work with it", pair.path("life")));
        assert!(before.is_none_or(|before| before == life(&pair)));
    }
    first.signal("CONT");
    first.wait_for("it goes on", |line| line.starts_with("sent "));
    // Who ends in time is waited for.
    let mut second = resumed(&pair, &["-i", "10ms"]);
    first.signal("TERM");
    let (code, out, _) = first.wait();
    let last = number(out.lines().rfind(|line| line.starts_with("sent ")).unwrap(), "seq");
    assert_eq!(code, 0);
    let line = second.wait_for("a beat", |line| line.starts_with("sent "));
    assert_eq!((value(&line, "inc"), number(&line, "seq")), (value(&begun, "inc"), last + 1));
}

#[test]
fn a_file_that_cannot_be_used_is_said_once_and_done_without() {
    need_namespaces!();
    let pair = Pair::new();
    let path = pair.path("life");
    let clean = |path: &str| {
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
    };
    let elsewhere = pair.write("elsewhere", "of somebody");
    let make: [(&str, &dyn Fn()); 5] = [
        ("Too many symbolic links", &|| symlink(&elsewhere, &path).unwrap()),
        ("Is a directory", &|| fs::create_dir(&path).unwrap()),
        ("no file of ours alone", &|| nix::unistd::mkfifo(path.as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap()),
        ("no file of ours alone", &|| {
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        }),
        ("No such file or directory", &|| symlink(&elsewhere, &path).unwrap()),
    ];
    for (round, (why, make)) in make.into_iter().enumerate() {
        make();
        let file = if round == 4 { pair.path("nowhere/life") } else { path.clone() };
        let words = ["-m", "bcast e0", "--resume", &file, "-i", "1ms", "-c", "5"];
        let (code, out, err) = pair.send("sha1", &words).wait();
        assert_eq!((code, out.lines().count(), err.lines().count()), (0, 5, 1), "{err}");
        assert!(err.contains(why) && err.ends_with(": nobody can go on with this life"), "{why}: {err}");
        clean(&path);
    }
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "of somebody");
}

#[test]
fn s76_a_full_disk_stops_no_heartbeat_and_leaves_no_life_to_go_on_with() {
    need_namespaces!();
    let pair = Pair::new();
    let full = pair.path("full");
    fs::create_dir(&full).unwrap();
    let (keys, state) = (pair.keys("sha1"), pair.path("state"));
    let script = format!(
        "mount -t tmpfs -o size=4k none {full} && head -c 4096 /dev/zero >{full}/filler &&
        hb-send -k {keys} -N node1 -D {state} -m 'bcast e0' --resume {full}/life -i 1ms -c 5 &&
        stat -c size=%s {full}/life"
    );
    let mut command = pair.node1.command("unshare");
    let output = command.args(["-m", "sh", "-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(err, format!("hb-send: {full}/life: No space left on device: nobody can go on with this life\n"));
    assert_eq!(out.lines().filter(|line| line.starts_with("sent ")).count(), 5, "{out}");
    assert!(out.ends_with("\nsize=0\n"), "{out}");
}

#[test]
fn beside_nodes_of_heartbeat_every_start_is_a_new_life() {
    need_namespaces!();
    let pair = Pair::new();
    let config = "node node1 node2\nkeepalive 1\ndeadtime 10\nbcast e0\nauto_failback on\ndialect heartbeat\n";
    let config = pair.write("ha.cf", config);
    fs::copy(pair.keys("sha1"), pair.path("authkeys")).unwrap();
    let lives = [1, 2].map(|_| {
        let (out, err) = one(&pair, &["-f", &config, "-c", "1"]);
        assert_eq!(err, "");
        value(&out, "inc").to_owned()
    });
    assert_ne!(lives[0], lives[1]);
    assert!(!fs::exists(pair.path("life")).unwrap());
}

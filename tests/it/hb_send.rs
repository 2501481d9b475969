//! hb-send from outside.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::capture::Capture;
use crate::lab::{PATIENCE, run};
use crate::need_namespaces;
use crate::wire::{NullModem, Pair, micros, value};

mod resume;

#[test]
fn without_an_interval_it_sends_one_message_and_ends() {
    need_namespaces!();
    let pair = Pair::new();
    let (code, out, err) = pair.send("sha1", &["-m", "bcast e0", "-o", "st=up"]).wait();
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.starts_with("sent ") && out.contains(" t=status seq=1 hg=") && out.ends_with(" ok=1 failed=0"));
    assert_eq!(value(&out, "inc").len(), 32);
}

#[test]
fn one_message_ends_at_once_and_waits_for_nothing() {
    need_namespaces!();
    let pair = Pair::new();
    let begin = Instant::now();
    for words in [&["-m", "bcast e0"][..], &["-m", "bcast e0", "-i", "1h", "-c", "1"]].repeat(5) {
        let (code, out, err) = pair.send("sha1", words).wait();
        assert_eq!((code, err.as_str(), out.lines().count()), (0, "", 1), "{words:?}");
    }
    // Each takes milliseconds; one that waits for its next beat or look takes a second.
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn at_an_interval_no_message_is_early_and_none_is_lost() {
    need_namespaces!();
    let pair = Pair::new();
    let (code, out, err) = pair.send("sha1", &["-m", "bcast e0", "-i", "20ms", "-c", "20"]).wait();
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 20);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(value(line, "seq"), format!("{:x}", at + 1));
        // The first may itself be a little late against the schedule.
        let since = micros(line) - micros(lines[0]);
        assert!(since + 15_000 >= at as u64 * 20_000, "{line} is early:\n{out}");
    }
}

#[test]
fn each_line_is_a_message_at_once_and_wrong_lines_are_skipped_and_said_once() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    let mut sending = pair.send("sha1", &["-m", "bcast e0", "--stdin"]);
    sending.say("st=up echo=a%20b\n");
    let heard = listening.wait_for("the status", |line| line.starts_with("msg "));
    assert!(heard.contains(" t=status st=up dt=7530 protocol=1 echo=a%20b inc="), "{heard}");
    sending.say("hello\nseq=9\nworld\na=%00\n\nt=resource rsc_hold=all\n");
    let heard = listening.wait_for("the resource", |line| line.starts_with("msg "));
    assert!(heard.contains(" t=resource rsc_hold=all inc="), "{heard}");
    assert_eq!(value(&heard, "seq"), "2");
    let (code, out, err) = sending.wait();
    assert_eq!((code, out.lines().count()), (0, 2), "{out}");
    assert_eq!(err.matches("not KEY=VALUE").count(), 1, "{err}");
    assert!(err.contains("line 3: a field that is not to be given"), "{err}");
    assert!(err.contains("line 5: a value with a control character"), "{err}");
}

#[test]
fn what_a_peer_asks_for_is_sent_again_byte_by_byte() {
    need_namespaces!();
    let pair = Pair::new();
    let at = crate::wire::socket(&pair.node2, "192.0.2.2:694");
    let mut sending = pair.send("sha1", &["-m", "ucast e0 192.0.2.2", "--stdin"]);
    let hear = || {
        let mut bytes = [0; 2_000];
        let length = at.recv(&mut bytes).unwrap();
        bytes[..length].to_vec()
    };
    sending.say("st=up\n");
    let first = hear();
    sending.say("st=active until=99999999\n");
    let second = hear();
    sending.say("tick 1.5\nmsg 1.5 node2 via=x t=NS_rexmit dest=node1 firstseq=1 lastseq=7\n");
    assert_eq!((hear(), hear()), (first, second));
    for number in ["1", "2"] {
        sending.wait_for("again", |line| line.ends_with(&format!(" t=status seq={number} ok=1 failed=0")));
    }
    sending.say("gap 1.6 node2 open first=6b last=6c hg=1\nwhole 1.7 node2 seq=6c hg=1\n");
    for wanted in ["(0)firstseq=107,14:(0)lastseq=108,", "(0)ackseq=6c,"] {
        let said = String::from_utf8_lossy(&hear()).into_owned();
        assert!(said.contains("(0)dest=node2,") && said.contains(wanted), "{said}");
    }
    let (code, _, err) = sending.wait();
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn what_may_not_be_true_any_more_is_not_said_again() {
    need_namespaces!();
    let pair = Pair::new();
    let mut sending = pair.send("sha1", &["-m", "bcast e0", "--stdin"]);
    let now = || {
        let text = std::fs::read_to_string("/proc/uptime").unwrap();
        text.split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let until = now() + 2.0;
    sending.say(&format!("grp=a:started:can:1 until={until:.2}\n"));
    sending.wait_for("the first", |line| line.starts_with("sent ") && line.contains(" seq=1 "));
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    crate::lab::wait_until("its time has passed", || now() > until + 0.01);
    sending.say("msg 1.5 node2 via=x t=NS_rexmit dest=node1 firstseq=1 lastseq=1\n");
    sending.wait_for("again", |line| line.starts_with("again ") && line.ends_with(" t=passed seq=1 ok=1 failed=0"));
    let heard = listening.wait_for("what stands in", |line| line.contains(" t=passed "));
    assert!(heard.contains(" seq=1 ") && !heard.contains("grp="), "{heard}");
}

#[test]
fn a_message_whose_time_has_passed_is_not_sent() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    let mut sending = pair.send("sha1", &["-m", "bcast e0", "-s"]);
    sending.say("until=1.5 st=up\nst=active until=99999999\n");
    let late = sending.wait_for("late", |line| line.starts_with("late "));
    assert!(late.contains(" t=status until=1.500000 by="), "{late}");
    let by: f64 = value(&late, "by").parse().unwrap();
    assert!((micros(&late) as f64 / 1e6 - 1.5 - by).abs() < 0.000_002, "{late}");
    let heard = listening.wait_for("the one in time", |line| line.starts_with("msg "));
    assert!(heard.contains(" st=active ") && !heard.contains("until"), "{heard}");
    assert_eq!(value(&heard, "seq"), "1");
}

#[test]
fn the_interval_goes_on_beside_the_lines_and_the_end_of_input_ends_both() {
    need_namespaces!();
    let pair = Pair::new();
    let mut sending = pair.send("sha1", &["-m", "bcast e0", "-s", "-i", "50ms"]);
    sending.wait_for("the second beat", |line| line.contains(" seq=2 "));
    sending.say("t=resource\n");
    sending.wait_for("the line", |line| line.contains(" t=resource "));
    sending.wait_for("a beat", |line| line.contains(" t=status "));
    let (code, _, err) = sending.wait();
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn a_closed_standard_input_is_an_end() {
    need_namespaces!();
    let pair = Pair::new();
    let line =
        format!("exec hb-send -k {} -N node1 -D {} -m 'bcast e0' -s -i 1s <&-", pair.keys("sha1"), pair.path("state"));
    let mut command = pair.node1.command("sh");
    let output = command.args(["-c", &line]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn sigterm_and_sigint_end_it_cleanly() {
    need_namespaces!();
    let pair = Pair::new();
    for signal in ["TERM", "INT"] {
        let mut sending = pair.send("sha1", &["-m", "bcast e0", "-i", "10ms"]);
        sending.wait_for("a beat", |line| line.contains(" seq=2 "));
        sending.signal(signal);
        let (code, _, err) = sending.wait();
        assert_eq!((code, err.as_str()), (0, ""), "{signal}");
    }
}

#[test]
fn a_start_has_a_higher_generation_the_same_uuid_and_another_incarnation() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    let mut heard = Vec::new();
    for _ in 0..3 {
        let (code, ..) = pair.send("sha1", &["-m", "bcast e0"]).wait();
        assert_eq!(code, 0);
        heard.push(listening.wait_for("a message", |line| line.starts_with("msg ")));
    }
    let generations: Vec<u64> = heard.iter().map(|line| u64::from_str_radix(value(line, "hg"), 16).unwrap()).collect();
    assert!(generations.is_sorted_by(|a, b| a < b), "{generations:?}");
    assert_eq!(value(&heard[0], "srcuuid"), value(&heard[2], "srcuuid"));
    assert_ne!(value(&heard[0], "inc"), value(&heard[1], "inc"));
}

#[test]
fn messages_are_believed_after_a_loss_of_power_that_took_the_last_generation_with_it() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    let clock = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let kept = pair.path("state/hb_generation");
    let mut heard = || {
        let (code, out, err) = pair.send("sha1", &["-m", "bcast e0"]).wait();
        assert_eq!(code, 0, "{out}{err}");
        let line = listening.wait_for("a message", |line| !line.starts_with("tick "));
        assert!(line.starts_with("msg "), "{line}");
        u64::from_str_radix(value(&line, "hg"), 16).unwrap()
    };
    let first = heard();
    let on_disk = fs::read(&kept).unwrap();
    crate::lab::wait_until("a second", || clock() > first);
    let second = heard();
    assert!(second > first, "{second} after {first}");
    for after_the_loss in [Some(on_disk), None] {
        match after_the_loss {
            Some(bytes) => fs::write(&kept, bytes).unwrap(),
            None => fs::remove_file(&kept).unwrap(),
        }
        let last = clock();
        crate::lab::wait_until("the machine is up again", || clock() > last + 1);
        let next = heard();
        assert!(next > second, "{next} after {second}");
    }
}

#[test]
fn a_state_directory_that_cannot_be_used_is_said_and_survived() {
    need_namespaces!();
    let pair = Pair::new();
    let file = pair.write("file", "");
    let words = ["-k", &pair.keys("sha1"), "-N", "node1", "-D", &format!("{file}/state"), "-m", "bcast e0"];
    let (code, out, err) = pair.node1.start("hb-send", &words).wait();
    assert_eq!(code, 0, "{err}");
    assert!(out.contains(" ok=1 failed=0"), "{out}");
    assert!(err.starts_with(&format!("hb-send: {file}/state: ")), "{err}");
}

#[test]
fn from_where_the_generation_comes_is_said_when_its_file_is_lost_or_the_clock_went_back() {
    need_namespaces!();
    let pair = Pair::new();
    let state = pair.path("lost");
    let file = format!("{state}/hb_generation");
    let keys = pair.keys("sha1");
    let send = || {
        let words = ["-k", &keys, "-N", "node1", "-D", &state, "-m", "bcast e0"];
        let (code, out, err) = pair.node1.start("hb-send", &words).wait();
        assert_eq!(code, 0, "{err}");
        (u64::from_str_radix(value(out.trim(), "hg"), 16).unwrap(), err)
    };
    let (first, err) = send();
    let lost = "No such file or directory: the generation is taken from the clock";
    assert_eq!(err.trim_end(), format!("hb-send: {file}: {lost}: {first}"));
    assert_eq!(send().1, "");
    fs::remove_file(&file).unwrap();
    let (again, err) = send();
    assert_eq!(err.trim_end(), format!("hb-send: {file}: {lost}: {again}"));
    fs::write(&file, "    9000000000\n").unwrap();
    let (ahead, err) = send();
    assert_eq!(ahead, 9_000_000_001);
    assert!(err.contains(" s behind the last start: the generation is taken from the file: 9000000001"), "{err}");
}

/// A configuration, and what is to be said of it.
fn wrong_configurations(pair: &Pair) -> Vec<(Vec<String>, String)> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let sha1 = pair.keys("sha1");
    let open = pair.write("open", "auth 1\n1 sha1 abcdefghijklmnopq\n");
    fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let broken = pair.write("broken", "auth 1\n1 sha1 abcdefghijklmnopq\n2 sha7 x\n");
    let config = pair.write("ha.cf", "node node1 node2\nkeepalive 1\nbcast\n");
    let bare = pair.write("bare.cf", "node node1 node2\nkeepalive 1\n");
    let none = pair.path("none");
    let crc = pair.keys("crc");
    let medium = ["-m", "bcast nowhere0"];
    vec![
        (owned(&["-k", &none, medium[0], medium[1]]), format!("{none}: ")),
        (owned(&["-k", &open, medium[0], medium[1]]), format!("{open}:1: ")),
        (owned(&["-k", &broken, medium[0], medium[1]]), format!("{broken}:3: ")),
        (owned(&["-k", &sha1, "-f", &config]), format!("{config}:3: ")),
        (owned(&["-k", &sha1, "-f", &none]), format!("{none}: ")),
        (owned(&["-k", &sha1, "-f", &bare]), format!("{bare}:1: no medium")),
        (owned(&["-k", &sha1, "-f", "/"]), "/: ".to_owned()),
        (owned(&["-k", &sha1]), "no medium".to_owned()),
        (owned(&medium), "no keys".to_owned()),
        (owned(&["-k", &sha1, "-m", "bcast"]), "--medium 'bcast': ".to_owned()),
        (owned(&["-k", &sha1, "-m", "ucast e0 host.example"]), "--medium 'ucast e0 host.example': ".to_owned()),
        (owned(&["-k", &crc, medium[0], medium[1]]), format!("{crc}: the key to use is crc")),
    ]
}

#[test]
fn a_wrong_configuration_is_status_2_and_one_line_before_the_network_is_touched() {
    let pair_of_files = tempfile::tempdir().unwrap();
    need_namespaces!();
    let pair = Pair::new();
    let state = pair_of_files.path().join("state");
    for (words, start) in wrong_configurations(&pair) {
        for tool in ["hb-send", "hb-listen"] {
            let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
            if tool == "hb-send" {
                args.extend(["-D", state.to_str().unwrap()]);
            }
            let said = run(tool, &args, b"");
            assert_eq!((said.code(), said.out.as_str()), (2, ""), "{tool} {args:?}: {}", said.err);
            assert_eq!(said.err.lines().count(), 1, "{tool} {args:?}: {}", said.err);
            // Had a socket been tried, the missing interface would be named.
            assert!(said.err.starts_with(&format!("{tool}: {start}")), "{tool} {args:?}: {}", said.err);
        }
    }
    assert!(!state.exists(), "the state was touched by a wrong configuration");
}

#[test]
fn without_any_medium_that_works_it_is_status_2_and_each_is_named() {
    let directory = tempfile::tempdir().unwrap();
    need_namespaces!();
    let pair = Pair::new();
    let file = pair.write("plain", "");
    let words = [
        ["-k", &pair.keys("sha1"), "-D", directory.path().to_str().unwrap()],
        ["-m", "bcast nowhere0", "-m", &format!("serial {file}")],
    ];
    let said = run("hb-send", &words.concat(), b"");
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert!(said.err.contains("hb-send: bcast:nowhere0: no such interface\n"), "{}", said.err);
    assert!(said.err.contains(&format!("hb-send: serial:{file}: ")), "{}", said.err);
}

#[test]
fn an_interface_may_come_later_go_and_come_back() {
    need_namespaces!();
    let pair = Pair::new();
    let mut sending = pair.send("sha1", &["-m", "bcast e0", "-m", "bcast e1", "-i", "50ms"]);
    sending.wait_for_error(|line| line == "hb-send: bcast:e1: no such interface");
    sending.wait_for("one of two", |line| line.ends_with(" ok=1 failed=1"));
    for _ in 0..2 {
        pair.node1.ip("link add e1 type veth peer name e2");
        pair.node1.ip("link set e2 up");
        pair.node1.ip("link set e1 up");
        pair.node1.ip("addr add 198.51.100.1/24 dev e1");
        sending.wait_for("both", |line| line.ends_with(" ok=2 failed=0"));
        sending.wait_for_error(|line| line == "hb-send: bcast:e1: works again");
        pair.node1.ip("link del e1");
        sending.wait_for("one of two again", |line| line.ends_with(" ok=1 failed=1"));
    }
}

#[test]
fn a_cable_that_is_pulled_is_counted_and_said_once() {
    need_namespaces!();
    let pair = Pair::new();
    let mut sending = pair.send("sha1", &["-m", "bcast e0", "-i", "20ms"]);
    sending.wait_for("a beat", |line| line.ends_with(" ok=1 failed=0"));
    pair.node1.ip("link set e0 down");
    sending.wait_for("a failure", |line| line.ends_with(" ok=0 failed=1"));
    for _ in 0..10 {
        sending.wait_for("a failure", |line| line.ends_with(" ok=0 failed=1"));
    }
    pair.node1.ip("link set e0 up");
    sending.wait_for("a beat", |line| line.ends_with(" ok=1 failed=0"));
    sending.signal("TERM");
    let (_, _, err) = sending.wait();
    assert_eq!(err.matches("bcast:e0: works again").count(), 1, "{err}");
    assert!(err.lines().count() <= 4, "{err}");
}

#[test]
fn a_dead_serial_cable_delays_no_heartbeat_on_the_network() {
    need_namespaces!();
    let pair = Pair::new();
    let cable = NullModem::new(&pair.files);
    let filler = format!("filler={}", "x".repeat(900));
    let serial = format!("serial {}", cable.ends[0]);
    let words = ["-m", &serial, "-m", "bcast e0", "-i", "5ms", "-o", &filler];
    let mut sending = pair.send("sha1", &words);
    // Nobody reads at the other end: its buffers fill, and it is given up.
    sending.wait_for_error(|line| line.contains("the line does not keep up"));
    let mut last = micros(&sending.wait_for("a beat", |line| line.ends_with(" ok=1 failed=1")));
    for _ in 0..100 {
        let line = sending.wait_for("a beat", |line| line.starts_with("sent "));
        assert!(!line.contains(" ok=0 "), "{line}");
        assert!(micros(&line) - last < 400_000, "{line}: the one before was at {last}");
        last = micros(&line);
    }
    sending.signal("TERM");
    let asked = Instant::now();
    let (code, ..) = sending.wait();
    assert_eq!(code, 0);
    assert!(asked.elapsed() < Duration::from_secs(5), "closing the line took {:?}", asked.elapsed());
}

#[test]
fn a_slow_reader_of_the_records_cannot_stop_the_heartbeats() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    let (keys, state) = (pair.keys("sha1"), pair.path("state"));
    let mut command = pair.node1.command("hb-send");
    command.args(["-k", &keys, "-N", "node1", "-D", &state, "-m", "bcast e0", "-i", "1ms"]);
    // A pipe holds 65,536 bytes: about 500 records. Nobody reads this one.
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let wanted = |line: &str| line.starts_with("msg ") && u64::from_str_radix(value(line, "seq"), 16).unwrap() > 1_500;
    let heard = listening.look_for(PATIENCE, wanted);
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    assert!(heard.is_some(), "the heartbeats ended with the pipe:\n{}", listening.transcript());
    assert!(output.stdout.len() <= 65_536 && output.stdout.ends_with(b"\n"));
}

#[test]
fn a_reader_that_went_away_is_a_clean_end_and_a_full_disk_is_not() {
    need_namespaces!();
    let pair = Pair::new();
    let line = |rest: &str| {
        let (keys, state) = (pair.keys("sha1"), pair.path("state"));
        let text = format!("hb-send -k {keys} -N node1 -D {state} -m 'bcast e0' -i 10ms {rest}");
        let output = pair.node1.command("sh").args(["-c", &text]).output().unwrap();
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (out, err) = line("| head -n 2; echo end");
    assert_eq!((out.lines().count(), err.as_str()), (3, ""), "{out}");
    let (out, err) = line(">/dev/full; echo $?");
    assert_eq!(out, "2\n");
    assert!(err.starts_with("hb-send: standard output: "), "{err}");
}

#[test]
fn a_wrong_interval_field_or_count_is_status_2() {
    for wrong in [
        ["-i", "0"],
        ["-i", "fast"],
        ["-c", "0"],
        ["-o", "seq=1"],
        ["-o", "novalue"],
        ["--port", "0"],
        ["--baud", "1200"],
        ["-N", "no name"],
    ] {
        let said = run("hb-send", &wrong, b"");
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{wrong:?}: {}", said.err);
        assert!(!said.err.is_empty(), "{wrong:?}");
    }
    let said = run("hb-send", &["-o", "a=1", "-o", "a=2"], b"");
    assert_eq!((said.code(), said.err.as_str()), (2, "hb-send: --field: the field 'a' stands twice\n"));
}

#[test]
fn crc_serves_on_a_serial_line_and_on_a_network_only_when_allowed() {
    need_namespaces!();
    let pair = Pair::new();
    let cable = NullModem::new(&pair.files);
    let (code, out, err) = pair.send("crc", &["-m", &format!("serial {}", cable.ends[0])]).wait();
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let (code, _, err) = pair.send("crc", &["-m", "bcast e0"]).wait();
    assert_eq!(code, 2);
    assert!(err.contains("(--allow-crc, or allow_crc in ha.cf)"), "{err}");
    let (code, ..) = pair.send("crc", &["-m", "bcast e0", "--allow-crc"]).wait();
    assert_eq!(code, 0);
}

#[test]
fn ha_cf_says_whether_crc_serves_on_a_network_and_in_which_format() {
    need_namespaces!();
    let pair = Pair::new();
    fs::copy(pair.keys("crc"), pair.path("authkeys")).unwrap();
    let state = pair.path("state");
    for (line, option, classic) in [
        ("allow_crc yes\n", &[][..], false),
        ("allow_crc yes\nmsgfmt classic\n", &[], true),
        ("allow_crc yes\nmsgfmt classic\n", &["--format", "netstring"], false),
    ] {
        let config = pair.write("ha.cf", &format!("node node1 node2\nbcast e0\n{line}"));
        let capture = Capture::on(&pair.node2);
        let mut listening = pair.node2.start("hb-listen", &["-f", &config, "-N", "node2"]);
        listening.wait_for("a tick", |line| line.starts_with("tick "));
        let mut words = vec!["-f", &config, "-N", "node1", "-D", &state, "-c", "1"];
        words.extend(option);
        let (code, out, err) = pair.node1.start("hb-send", &words).wait();
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        listening
            .wait_for("a message", |line| line.starts_with("msg ") && line.split(' ').any(|word| word == "key=1:crc"));
        assert!(capture.datagram(694).starts_with(if classic { b">>>\n" } else { b"###\n" }), "{line}{option:?}");
    }
    let config = pair.write("ha.cf", "node node1 node2\nbcast e0\nallow_crc no\n");
    let (code, _, err) = pair.node1.start("hb-send", &["-f", &config, "-N", "node1", "-D", &state]).wait();
    assert!(code == 2 && err.contains("allow_crc in ha.cf"), "{err}");
}

#[test]
fn with_ha_cf_alone_a_status_is_sent_at_each_keepalive() {
    need_namespaces!();
    let pair = Pair::new();
    let config = "node node1 node2\nkeepalive 50ms\ndeadtime 7\nbcast e0\nucast e0 192.0.2.2\nping 192.0.2.254\n";
    let config = pair.write("ha.cf", config);
    fs::copy(pair.keys("sha1"), pair.path("authkeys")).unwrap();
    let mut listening = pair.node2.start("hb-listen", &["-f", &config, "-N", "node2"]);
    listening.wait_for("a tick", |line| line.starts_with("tick "));
    let state = pair.path("state");
    let sending = pair.node1.start("hb-send", &["-f", &config, "-N", "node1", "-D", &state, "-c", "3"]);
    let (code, out, err) = sending.wait();
    assert_eq!((code, err.as_str(), out.lines().count()), (0, "", 3), "{out}");
    assert!(out.lines().all(|line| line.ends_with(" ok=2 failed=0")), "{out}");
    let heard = listening.wait_for("a message", |line| line.starts_with("msg ") && line.contains(" seq=3 "));
    assert!(heard.contains(" dt=1b58 "), "{heard}");
    assert!(heard.ends_with(" ttl=4"), "two nodes and a ping node: {heard}");
}

//! hb-listen from outside.

use std::fs;
use std::io::Write as _;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use hbkit::auth::{Key, Method};
use hbkit::{classic, netstring};
use zeroize::Zeroizing;

use crate::lab::{Host, PATIENCE, Running, project, run, wait_until};
use crate::need_namespaces;
use crate::wire::{NullModem, Pair, key, micros, socket, status, value};

/// What is said from now until a message of node1 with this number is heard.
fn lines_until(listening: &mut Running, sequence: u64) -> Vec<String> {
    let mut lines = Vec::new();
    let end = format!(" seq={sequence:x} ");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let line = listening.wait_for("the marker", |_| true);
        assert!(Instant::now() < deadline, "no message {sequence:x} in: {lines:?}");
        let is_end = line.starts_with("msg ") && line.contains(&end);
        if !line.starts_with("tick ") {
            lines.push(line);
        }
        if is_end {
            return lines;
        }
    }
}

#[test]
fn a_message_is_heard_on_every_medium_with_every_method() {
    need_namespaces!();
    let pair = Pair::new();
    let media = [
        ("bcast e0", "bcast e0", "bcast:e0", "192.0.2.1:"),
        ("ucast e0 192.0.2.2", "ucast e0 192.0.2.1", "ucast:e0", "192.0.2.1:"),
        ("ucast e0 2001:db8::2", "ucast e0 2001:db8::1", "ucast:e0", "[2001:db8::1]:"),
        ("mcast e0 239.1.2.3 1694 1 0", "mcast e0 239.1.2.3 1694 1 0", "mcast:e0", "192.0.2.1:"),
        ("mcast e0 ff02::694 694 1 0", "mcast6 e0 ff02::694 694 1 0", "mcast:e0", "[fe80::"),
    ];
    for (to, from, link, peer) in media {
        for method in ["crc", "md5", "sha1", "sha256"] {
            let mut allow = Vec::new();
            allow.extend((method == "crc").then_some("--allow-crc"));
            let mut listening = pair.listen(method, &[&["-m", from], allow.as_slice()].concat());
            let (code, out, err) = pair.send(method, &[&["-m", to], allow.as_slice()].concat()).wait();
            assert_eq!((code, err.as_str()), (0, ""), "{to}: {out}");
            let heard = listening.wait_for(&format!("{to} {method}"), |line| !line.starts_with("tick "));
            assert!(heard.starts_with("msg ") && heard.contains(" node1 via="), "{to}: {heard}");
            assert_eq!(value(&heard, "via"), link, "{to}");
            assert!(value(&heard, "peer").starts_with(peer), "{to}: {heard}");
            assert_eq!(value(&heard, "key"), format!("1:{method}"), "{to}");
            assert!(micros(&heard) >= micros(&out), "heard before it was sent:\n{out}\n{heard}");
        }
    }
}

#[test]
fn a_message_is_heard_on_a_serial_line_with_every_method() {
    need_namespaces!();
    let pair = Pair::new();
    let cable = NullModem::new(&pair.files);
    for (number, method) in ["crc", "md5", "sha1", "sha256"].into_iter().enumerate() {
        // Both speak and listen on their one device, as a node does.
        let ends = cable.ends.each_ref().map(|end| format!("serial {end} 115200"));
        let mut listening = pair.listen(method, &["-m", &ends[1]]);
        listening.wait_for("a tick", |line| line.starts_with("tick "));
        let (code, out, err) = pair.send(method, &["-m", &ends[0], "-o", "st=up"]).wait();
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let heard = listening.wait_for(method, |line| !line.starts_with("tick "));
        assert!(heard.contains(&format!(" node1 via=serial:{} key=1:{method} t=status", cable.ends[1])), "{heard}");
        assert!(!heard.contains(" peer="), "round {number}: {heard}");
    }
}

#[test]
fn a_copy_on_another_medium_is_said_as_such() {
    need_namespaces!();
    let pair = Pair::new();
    let media = ["-m", "bcast e0", "-m", "ucast e0 192.0.2.1", "-m", "ucast e0 2001:db8::1"];
    let mut listening = pair.listen("sha1", &media);
    let media = ["-m", "bcast e0", "-m", "ucast e0 192.0.2.2", "-m", "ucast e0 2001:db8::2"];
    let (code, out, _) = pair.send("sha1", &[&media[..], &["-i", "20ms", "-c", "5"]].concat()).wait();
    assert_eq!(code, 0, "{out}");
    let last = listening.wait_for("the last message", |line| line.starts_with("msg ") && line.contains(" seq=5 "));
    assert_eq!(value(&last, "via"), "bcast:e0");
    for _ in 0..2 {
        let copy = listening.wait_for("a copy", |line| line.starts_with("dup ") && line.contains(" seq=5 "));
        assert!(copy.contains(" node1 via=ucast:e0 seq=5 hg="), "{copy}");
    }
    assert!(!listening.transcript().contains("bad "), "{}", listening.transcript());
}

#[test]
fn the_messages_of_real_nodes_of_heartbeat_are_heard() {
    need_namespaces!();
    let pair = Pair::new();
    let keys = pair.write("heartbeat-keys", "auth 2\n2 sha1 s3cr3t-sha1-key\n");
    let mut listening = pair.node2.start("hb-listen", &["-k", &keys, "-N", "us", "-m", "bcast e0"]);
    listening.wait_for("a tick", |line| line.starts_with("tick "));
    let from = socket(&pair.node1, "192.0.2.1:0");
    let manifest = fs::read_to_string(project("tests/vectors/MANIFEST.tsv")).unwrap();
    let (mut count, mut node) = (0, String::new());
    for row in manifest.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let is_ours = row[0].starts_with("bcastsha1on-") || row[0].starts_with("fk");
        if !is_ours || row[6] != "accept" {
            continue;
        }
        let bytes = fs::read(project("tests/vectors").join(row[0])).unwrap();
        from.send_to(&bytes, "192.0.2.2:694").unwrap();
        let heard = listening.wait_for(row[0], |line| !line.starts_with("tick "));
        // Runs were on one day, by one key: an earlier one looks like a replay.
        assert!(heard.starts_with("msg ") || heard.contains(" replay "), "{}: {heard}", row[0]);
        count += usize::from(heard.starts_with("msg "));
        node = heard;
    }
    assert!(count > 5, "only {count} of the captured messages were heard: {node}");
}

/// A good message of node1 on node2, with a number of its own.
fn good(from: &UdpSocket, sequence: u64) {
    from.send_to(&status("node1", sequence, 0x6b01, &key(Method::Sha1)), "192.0.2.2:694").unwrap();
}

/// What is to be refused: reason, a word for it, the bytes.
fn bad_datagrams() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let ours = key(Method::Sha1);
    let whole = status("node1", 7_777, 0x6b01, &ours);
    let other = Key::new(1, Method::Sha1, &Zeroizing::new(b"another secret".to_vec())).unwrap();
    let absent = Key::new(9, Method::Sha1, &Zeroizing::new(b"another secret".to_vec())).unwrap();
    let mut flipped = whole.clone();
    flipped[20] ^= 1;
    // The same bytes in each run, and as far from a message as bytes can be.
    let random: Vec<u8> = (0..1_400_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    vec![
        ("parse", "empty", Vec::new()),
        ("parse", "one byte", b"#".to_vec()),
        ("parse", "random", random),
        ("parse", "large", vec![b'A'; 60_000]),
        ("parse", "the eleven bytes that end a node of Heartbeat", b"###\n0:,%%%\n".to_vec()),
        ("parse", "truncated", whole[..whole.len() / 2].to_vec()),
        ("parse", "without its last byte", whole[..whole.len() - 1].to_vec()),
        ("parse", "with a byte more", [&whole[..], b"\0"].concat()),
        ("auth", "a bit flipped", flipped),
        ("auth", "another secret", status("node1", 7_777, 0x6b01, &other)),
        ("auth", "a crc under the number of a key", status("node1", 7_777, 0x6b01, &key(Method::Crc))),
        ("auth", "md5 under the number of a sha1 key", status("node1", 7_777, 0x6b01, &key(Method::Md5))),
        ("unknown-key", "a key that is not there", status("node1", 7_777, 0x6b01, &absent)),
        ("unknown-node", "a node that is none of ours", status("evil", 7_777, 0x6b01, &ours)),
        ("own", "our name from somebody else", status("node2", 7_777, 0x6b01, &ours)),
        ("replay", "an earlier generation", status("node1", 7_777, 0x6b00, &ours)),
        ("replay", "the number of the first good one", status("node1", 1, 0x6b01, &ours)),
    ]
}

#[test]
fn what_is_bad_is_counted_and_changes_nothing() {
    need_namespaces!();
    let pair = Pair::new();
    let from = socket(&pair.node1, "192.0.2.1:5000");
    for (reason, what, bytes) in bad_datagrams() {
        let mut listening = pair.listen("sha1", &["-m", "bcast e0", "-P", "node1"]);
        good(&from, 1);
        assert_eq!(lines_until(&mut listening, 1).len(), 1, "{what}");
        from.send_to(&bytes, "192.0.2.2:694").unwrap();
        good(&from, 2);
        let lines = lines_until(&mut listening, 2);
        let bad = &lines[0];
        assert_eq!(lines.len(), 2, "{what}: {lines:?}");
        assert!(bad.contains(&format!(" {reason} n=1 via=bcast:e0 peer=192.0.2.1:5000")), "{what}: {bad}");
        listening.signal("TERM");
    }
}

#[test]
fn the_hostile_datagrams_of_the_vectors_are_counted_and_survived() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    let from = socket(&pair.node1, "192.0.2.1:5000");
    let mut sent = 0;
    for entry in fs::read_dir(project("tests/vectors")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_str().unwrap().starts_with("hostile-") {
            // Their key is not ours here: not one of them is authentic.
            from.send_to(&fs::read(entry.path()).unwrap(), "192.0.2.2:694").unwrap();
            sent += 1;
        }
    }
    assert!(sent > 50, "{sent}");
    let mut counted = 0;
    while counted < sent {
        let line = listening.wait_for("all of them", |line| !line.starts_with("tick "));
        assert!(line.starts_with("bad "), "{line}");
        counted += value(&line, "n").parse::<u64>().unwrap();
    }
    good(&from, 1);
    lines_until(&mut listening, 1);
}

#[test]
fn what_aborts_a_node_of_heartbeat_is_counted_and_the_next_message_heard() {
    need_namespaces!();
    let pair = Pair::new();
    let keys = pair.write("heartbeat-keys", "auth 2\n2 sha1 s3cr3t-sha1-key\n");
    let key = Key::new(2, Method::Sha1, &Zeroizing::new(b"s3cr3t-sha1-key".to_vec())).unwrap();
    let mut listening = pair.node2.start("hb-listen", &["-k", &keys, "-N", "node2", "-m", "bcast e0"]);
    listening.wait_for("a tick", |line| line.starts_with("tick "));
    let from = socket(&pair.node1, "192.0.2.1:5000");
    let five = ["52_ns_zero_len", "54_ns_type8", "55_ns_no_paren", "56_ns_nested_bad", "58_ns_long_authtoken"];
    let mut counted = 0;
    for (number, name) in (1..).zip(five) {
        let bytes = fs::read(project(&format!("tests/vectors/hostile-{name}.bin"))).unwrap();
        from.send_to(&bytes, "192.0.2.2:694").unwrap();
        from.send_to(&status("node1", number, 0x6b01, &key), "192.0.2.2:694").unwrap();
        for line in lines_until(&mut listening, number).iter().filter(|line| line.starts_with("bad ")) {
            assert!(line.contains(" parse n="), "{name}: {line}");
            counted += value(line, "n").parse::<u64>().unwrap();
        }
    }
    while counted < 5 {
        let line = listening.wait_for("all five", |line| line.starts_with("bad "));
        counted += value(&line, "n").parse::<u64>().unwrap();
    }
    assert_eq!(counted, 5);
}

#[test]
fn a_flood_of_bad_datagrams_is_at_most_a_line_a_second() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    let from = socket(&pair.node1, "192.0.2.1:5000");
    for _ in 0..500 {
        from.send_to(b"junk", "192.0.2.2:694").unwrap();
    }
    let first = listening.wait_for("the first", |line| line.starts_with("bad "));
    let second = listening.wait_for("the rest", |line| line.starts_with("bad "));
    assert_eq!((value(&first, "n"), value(&second, "n")), ("1", "499"));
    assert!(micros(&second) - micros(&first) >= 1_000_000);
}

/// A listener without ticks that are worth waiting for, once its socket is open.
fn listen_without_ticks(pair: &Pair) -> Running {
    let keys = pair.keys("sha1");
    let listening = pair.node2.start("hb-listen", &["-k", &keys, "-N", "node2", "-m", "bcast e0", "-t", "1h"]);
    // 02B6: port 694.
    wait_until("the socket is open", || pair.node2.run("cat /proc/net/udp").out.contains(":02B6 "));
    listening
}

#[test]
fn a_lone_message_is_printed_without_waiting_for_a_tick_or_another() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = listen_without_ticks(&pair);
    let from = socket(&pair.node1, "192.0.2.1:5000");
    for sequence in 1..=3 {
        good(&from, sequence);
        assert_eq!(lines_until(&mut listening, sequence).len(), 1);
    }
}

#[test]
fn all_that_waited_is_printed_in_the_order_in_which_it_came() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = listen_without_ticks(&pair);
    let from = socket(&pair.node1, "192.0.2.1:5000");
    good(&from, 1);
    lines_until(&mut listening, 1);
    listening.signal("STOP");
    for sequence in 2..=600 {
        good(&from, sequence);
    }
    listening.signal("CONT");
    let lines = lines_until(&mut listening, 600);
    let heard = lines.iter().filter(|line| line.starts_with("msg "));
    let numbers: Vec<u64> = heard.clone().map(|line| u64::from_str_radix(value(line, "seq"), 16).unwrap()).collect();
    assert_eq!(numbers, (2..=600).collect::<Vec<_>>());
    assert!(heard.map(|line| micros(line)).is_sorted(), "{lines:?}");
}

#[test]
fn what_the_kernel_drops_is_counted_to_the_last_datagram() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = listen_without_ticks(&pair);
    let from = socket(&pair.node1, "192.0.2.1:5000");
    good(&from, 1);
    lines_until(&mut listening, 1);
    listening.signal("STOP");
    // Far more than the 8 megabytes that a buffer of 4 takes with all its headers.
    let junk = vec![b'x'; 60_000];
    for _ in 0..400 {
        from.send_to(&junk, "192.0.2.2:694").unwrap();
    }
    listening.signal("CONT");
    // The kernel says how many it dropped with the next one that it takes.
    let (mut sequence, mut dropped, mut refused) = (1, 0, 0);
    let deadline = Instant::now() + PATIENCE;
    while dropped + refused < 400 && Instant::now() < deadline {
        sequence += 1;
        good(&from, sequence);
        for line in lines_until(&mut listening, sequence).iter().filter(|line| line.starts_with("bad ")) {
            let number: u64 = value(line, "n").parse().unwrap();
            assert_eq!(value(line, "via"), "bcast:e0");
            match line.split(' ').nth(2) {
                Some("overflow") => dropped += number,
                Some("parse") => refused += number,
                _ => panic!("{line}"),
            }
        }
    }
    assert_eq!(dropped + refused, 400);
    assert!(dropped > 0 && refused > 0, "{dropped} dropped, {refused} refused");
}

#[test]
fn a_recorded_message_is_believed_once() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0"]);
    let from = socket(&pair.node1, "192.0.2.1:5000");
    let recorded = status("node1", 1, 0x6b01, &key(Method::Sha1));
    for _ in 0..3 {
        from.send_to(&recorded, "192.0.2.2:694").unwrap();
    }
    good(&from, 2);
    let lines = lines_until(&mut listening, 2);
    assert_eq!(lines.iter().filter(|line| line.starts_with("msg ")).count(), 2, "{lines:?}");
    assert!(lines[1].contains(" replay n=1 "), "{lines:?}");
}

#[test]
fn our_own_broadcasts_heard_back_are_dropped_without_a_word() {
    need_namespaces!();
    let pair = Pair::new();
    let keys = pair.keys("sha1");
    let media = ["-m", "bcast e0", "-m", "mcast e0 239.1.2.3 694 1 1", "-m", "ucast e0 192.0.2.1"];
    let words = [&["-k", &keys, "-N", "node1"], &media[..]].concat();
    let mut listening = pair.node1.start("hb-listen", &words);
    listening.wait_for("a tick", |line| line.starts_with("tick "));
    let (code, out, _) = pair.send("sha1", &[&media[..], &["-c", "3", "-i", "10ms"]].concat()).wait();
    assert_eq!(code, 0, "{out}");
    let from = socket(&pair.node2, "192.0.2.2:5000");
    from.send_to(&status("node3", 1, 1, &key(Method::Sha1)), "192.0.2.1:694").unwrap();
    let lines = lines_until(&mut listening, 1);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(" node3 via=ucast:e0 "), "{lines:?}");
}

#[test]
fn a_serial_line_survives_noise_cuts_and_endless_lines() {
    need_namespaces!();
    let pair = Pair::new();
    let cable = NullModem::new(&pair.files);
    let mut listening = pair.listen("sha1", &["-m", &format!("serial {}", cable.ends[1])]);
    let mut line = fs::OpenOptions::new().write(true).open(&cable.ends[0]).unwrap();
    let text = |sequence| {
        let sealed = status("node1", sequence, 0x6b01, &key(Method::Sha1));
        let covered = netstring::unseal(&sealed).unwrap().covered;
        classic::encode(&netstring::parse(covered).unwrap(), &key(Method::Sha1)).unwrap()
    };
    let mut say = |bytes: &[u8]| line.write_all(bytes).unwrap();
    say(b"us\nauth=1 00\n<<<\n");
    say(&text(1));
    assert_eq!(lines_until(&mut listening, 1).len(), 1, "a message into whose middle we came is no noise");
    say(b"\x01\x02noise\n");
    say(b">>>\nt=status\nst=act\n");
    say(&text(3));
    let lines = lines_until(&mut listening, 3);
    assert!(lines[0].contains(" parse n=1 via=serial:"), "{lines:?}");
    say(b">>>\n");
    for _ in 0..70 {
        say(&[b'x'; 4_096]);
    }
    say(b"\n");
    say(&text(4));
    let lines = lines_until(&mut listening, 4);
    assert!(lines.iter().any(|line| line.contains(" oversize n=1 via=serial:")), "{lines:?}");
}

#[test]
fn a_tick_says_that_all_that_came_before_it_was_printed() {
    need_namespaces!();
    let pair = Pair::new();
    let media = ["-m", "bcast e0", "-m", "ucast e0 192.0.2.1", "-m", "ucast e0 2001:db8::1", "-t", "5ms"];
    let mut listening = pair.listen("sha1", &media);
    let media = ["-m", "bcast e0", "-m", "ucast e0 192.0.2.2", "-m", "ucast e0 2001:db8::2"];
    let (code, ..) = pair.send("sha1", &[&media[..], &["-i", "1ms", "-c", "300"]].concat()).wait();
    assert_eq!(code, 0);
    let (mut latest, mut ticks) = (0, 0);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let line = listening.wait_for("the last message", |_| true);
        assert!(Instant::now() < deadline, "the last message does not come");
        assert!(micros(&line) >= latest, "{line} comes after a record of {latest}");
        latest = micros(&line);
        ticks += usize::from(line.starts_with("tick "));
        if line.starts_with("msg ") && line.contains(" seq=12c ") {
            break;
        }
    }
    assert!(ticks > 10, "{ticks} ticks");
}

/// Sends junk as fast as it can until told to stop.
fn flood<'scope>(scope: &'scope thread::Scope<'scope, '_>, host: &Host, stop: &'scope AtomicBool) {
    let from = socket(host, "192.0.2.1:0");
    scope.spawn(move || {
        let mut junk = status("node1", 1, 1, &key(Method::Md5));
        junk.resize(200, b'x');
        while !stop.load(Ordering::Relaxed) {
            let _ = from.send_to(&junk, "192.0.2.2:694");
        }
    });
}

#[test]
fn ticks_go_on_under_a_flood() {
    need_namespaces!();
    let pair = Pair::new();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut listening = pair.listen("sha1", &["-m", "bcast e0", "-t", "50ms"]);
        flood(scope, &pair.node1, &stop);
        listening.wait_for("the flood", |line| line.starts_with("bad "));
        let mut latest = 0;
        for _ in 0..30 {
            let tick = listening.wait_for("a tick", |line| line.starts_with("tick "));
            // The machine is busy with the flood itself: a late tick is not a
            // missing one.
            assert!(latest == 0 || micros(&tick) - latest < 1_000_000, "{tick} comes long after {latest}");
            latest = micros(&tick);
        }
        stop.store(true, Ordering::Relaxed);
        let transcript = listening.transcript();
        let refused: u64 = transcript.lines().filter(|line| line.contains(" bad ")).map(|_| 1).sum();
        assert!(refused < 20, "a flood of lines:\n{transcript}");
    });
}

#[test]
fn an_interface_may_come_later_go_and_come_back() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "ucast e0 192.0.2.1", "-m", "bcast e1"]);
    listening.wait_for_error(|line| line == "hb-listen: bcast:e1: no such interface");
    for sequence in 1..=2 {
        pair.lab.cable(&pair.node1, "e1", &pair.node2, "e1");
        pair.node1.ip("addr add 198.51.100.1/24 dev e1");
        pair.node2.ip("addr add 198.51.100.2/24 dev e1");
        listening.wait_for_error(|line| line == "hb-listen: bcast:e1: works again");
        let from = socket(&pair.node1, "198.51.100.1:0");
        from.set_broadcast(true).unwrap();
        from.send_to(&status("node1", sequence, 1, &key(Method::Sha1)), "198.51.100.255:694").unwrap();
        let heard = lines_until(&mut listening, sequence).pop().unwrap();
        assert_eq!(value(&heard, "via"), "bcast:e1");
        pair.node2.ip("link del e1");
        listening.wait_for_error(|line| line == "hb-listen: bcast:e1: the interface has gone");
        listening.wait_for_error(|line| line == "hb-listen: bcast:e1: no such interface");
    }
}

#[test]
fn a_reader_that_went_away_is_a_clean_end_and_a_full_disk_is_not() {
    need_namespaces!();
    let pair = Pair::new();
    let line = |rest: &str| {
        let text = format!("hb-listen -k {} -N node2 -m 'bcast e0' -t 10ms {rest}", pair.keys("sha1"));
        let output = pair.node2.command("sh").args(["-c", &text]).output().unwrap();
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (out, err) = line("| head -n 2; echo end");
    assert_eq!((out.lines().count(), err.as_str()), (3, ""), "{out}");
    let (out, err) = line(">/dev/full; echo $?");
    assert_eq!(out, "2\n");
    assert!(err.starts_with("hb-listen: standard output: "), "{err}");
}

#[test]
fn json_lines_say_the_same_as_records() {
    need_namespaces!();
    let pair = Pair::new();
    let mut listening = pair.listen("sha1", &["-m", "bcast e0", "--json"]);
    let (code, ..) = pair.send("sha1", &["-m", "bcast e0", "-o", "note=%22a%22%0Ab"]).wait();
    assert_eq!(code, 0);
    let heard = listening.wait_for("the message", |line| line.contains("\"msg\""));
    assert!(heard.starts_with("{\"kind\":\"msg\",\"time\":"), "{heard}");
    assert!(heard.contains(",\"words\":[\"node1\"],\"fields\":{\"via\":\"bcast:e0\",\"peer\":\"192.0.2.1:"), "{heard}");
    assert!(heard.contains(",\"note\":\"\\\"a\\\"\\nb\","), "{heard}");
    listening.wait_for("a tick", |line| line.starts_with("{\"kind\":\"tick\",\"time\":") && line.ends_with("{}}"));
}

#[test]
fn ticks_come_once_in_a_keepalive_and_often_while_a_node_is_silent() {
    need_namespaces!();
    let pair = Pair::new();
    let config = pair.write("ha.cf", "node node1 node2\nkeepalive 200ms\nbcast e0\n");
    fs::copy(pair.keys("sha1"), pair.path("authkeys")).unwrap();
    let mut listening = pair.node2.start("hb-listen", &["-f", &config, "-N", "node2"]);
    let tick = |line: &str| line.starts_with("tick ");
    let times: Vec<u64> = (0..9).map(|_| micros(&listening.wait_for("a tick", tick))).collect();
    // One that is late makes the next span short: the middle one counts.
    let middle = |times: &[u64]| {
        let mut spans: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        spans.sort_unstable();
        spans[spans.len() / 2]
    };
    assert!((150_000..250_000).contains(&middle(&times)), "{times:?}");
    let from = socket(&pair.node1, "192.0.2.1:0");
    from.send_to(&status("node1", 1, 1, &key(Method::Sha1)), "192.0.2.2:694").unwrap();
    let heard = micros(&listening.wait_for("node1", |line| line.starts_with("msg ")));
    let is_silent = |line: &str| tick(line) && micros(line) >= heard + 250_000;
    let mut times = vec![micros(&listening.wait_for("a tick", is_silent))];
    times.extend((0..9).map(|_| micros(&listening.wait_for("a tick", tick))));
    assert!((30_000..70_000).contains(&middle(&times)), "{heard}: {times:?}");
    // And only the nodes of ha.cf are heard.
    from.send_to(&status("node9", 1, 1, &key(Method::Sha1)), "192.0.2.2:694").unwrap();
    listening.wait_for("a stranger", |line| line.contains(" unknown-node n=1 "));
}

#[test]
fn a_wrong_tick_or_peer_is_status_2() {
    for wrong in [["-t", "0"], ["-t", "often"], ["-P", "no name"], ["-m", "bcast"]] {
        let said = run("hb-listen", &wrong, b"");
        assert_eq!((said.code(), said.out.as_str()), (2, ""), "{wrong:?}: {}", said.err);
        assert!(!said.err.is_empty(), "{wrong:?}");
    }
}

use std::io::Read as _;

use nix::sys::stat::Mode;

use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

/// A tap, the directory of its FIFO, and who reads it without waiting.
fn tap() -> (tempfile::TempDir, Tap, File) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keep");
    nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap();
    let tap = Tap::open(&path).unwrap();
    let reader = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path).unwrap();
    (directory, tap, reader)
}

fn read(reader: &mut File) -> String {
    let mut buffer = [0; 65_536];
    match reader.read(&mut buffer) {
        Ok(length) => String::from_utf8(buffer[..length].to_vec()).unwrap(),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => String::new(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_tells_nothing_new_waits_for_more_of_it() {
    let (_directory, mut tap, mut reader) = tap();
    tap.line(b"tick 1.0", at(1_000), false);
    tap.rest();
    tap.line(b"tick 1.3", at(1_399), false);
    tap.rest();
    assert_eq!(read(&mut reader), "");
    tap.line(b"tick 1.4", at(1_400), false);
    tap.rest();
    assert_eq!(read(&mut reader), "tick 1.0\ntick 1.3\ntick 1.4\n");
    // It waits from its own first line on.
    tap.line(b"tick 1.5", at(1_500), false);
    tap.rest();
    assert_eq!(read(&mut reader), "");
}

#[test]
fn what_happened_is_handed_on_at_once_behind_all_that_came_before() {
    let (_directory, mut tap, mut reader) = tap();
    tap.line(b"tick 1.0", at(1_000), false);
    tap.rest();
    tap.line(b"node 1.0 n2 dead", at(1_000), true);
    tap.line(b"tick 1.1", at(1_100), false);
    tap.rest();
    assert_eq!(read(&mut reader), "tick 1.0\nnode 1.0 n2 dead\ntick 1.1\n");
    tap.line(b"tick 1.2", at(1_200), false);
    tap.rest();
    assert_eq!(read(&mut reader), "", "what comes behind it waits again");
}

#[test]
fn a_time_that_goes_back_holds_nothing_up_and_the_end_leaves_nothing() {
    let (_directory, mut tap, mut reader) = tap();
    tap.line(b"tick 9.0", at(9_000), false);
    tap.line(b"tick 1.0", at(1_000), false);
    tap.rest();
    assert_eq!(read(&mut reader), "tick 9.0\ntick 1.0\n");
    tap.line(b"tick 9.1", at(9_100), false);
    drop(tap);
    assert_eq!(read(&mut reader), "tick 9.1\n");
}

#[test]
fn what_a_full_pipe_does_not_take_is_counted() {
    let (_directory, mut tap, mut reader) = tap();
    let line = [b"tick 1.0 ".as_slice(), &[b'x'; 1_000]].concat();
    for _ in 0..100 {
        tap.line(&line, at(1_000), true);
        tap.rest();
    }
    while !read(&mut reader).is_empty() {}
    tap.line(b"tick 2.0", at(2_000), true);
    tap.rest();
    let said = read(&mut reader);
    assert!(said.starts_with("unkept 1.000000 n=") && said.ends_with(" reason=slow\ntick 2.0\n"), "{said}");
}

use super::*;

fn read(pieces: &[&str]) -> Reading {
    let mut words = Words::default();
    pieces.iter().for_each(|piece| words.hear(piece.as_bytes()));
    words.reading()
}

#[test]
fn the_words_of_heartbeats_rule() {
    for (said, reading) in [
        ("running", Reading::Running),
        ("INFO:  Running OK\n", Reading::Running),
        ("OK", Reading::Running),
        ("apache is running (pid 1)\n", Reading::Running),
        ("not running", Reading::Stopped),
        ("Not Running", Reading::Stopped),
        ("it is not Running, OK?", Reading::Stopped),
        ("INFO:  Resource is stopped\n", Reading::Stopped),
        ("", Reading::Stopped),
        ("ok RUNNING", Reading::Stopped),
    ] {
        assert_eq!(read(&[said]), reading, "{said:?}");
    }
}

#[test]
fn a_word_may_come_in_two_pieces() {
    assert_eq!(read(&["it is run", "ning"]), Reading::Running);
    assert_eq!(read(&["it is not ru", "nning"]), Reading::Stopped);
    assert_eq!(read(&["O", "K"]), Reading::Running);
}

#[test]
fn a_flood_is_read_in_bounded_memory() {
    let mut words = Words::default();
    (0..1_000).for_each(|_| words.hear(&[b'x'; 4_096]));
    assert!(words.tail.len() <= OVERLAP);
    words.hear(b"running");
    assert_eq!(words.reading(), Reading::Running);
}

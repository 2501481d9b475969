use std::time::Duration;

use super::*;

fn said(pieces: &[&[u8]]) -> String {
    let mut utterance = Utterance::new("web", Time::ZERO);
    let mut shown = Vec::new();
    pieces.iter().for_each(|piece| utterance.hear(piece, Time::ZERO, &mut shown));
    utterance.end(Time::ZERO, &mut shown);
    String::from_utf8(shown).unwrap()
}

#[test]
fn lines_are_whole_however_the_output_is_cut() {
    assert_eq!(said(&[b"a", b"b\nc", b"\n", b"\nd"]), "web: ab\nweb: c\nweb: \nweb: d\n");
    assert_eq!(said(&[]), "");
}

#[test]
fn without_a_prefix_nothing_stands_before_a_line() {
    let mut shown = Vec::new();
    Utterance::new("", Time::ZERO).hear(b"plain\n", Time::ZERO, &mut shown);
    assert_eq!(shown, b"plain\n");
}

#[test]
fn what_could_disturb_a_terminal_is_escaped() {
    assert_eq!(said(&[b"\x1b[2Jx\ty\xff\r\n"]), "web: \\u{1b}[2Jx\ty\\xff\n");
}

#[test]
fn a_long_line_is_cut_and_said_to_be() {
    let line = [b'x'; SHOWN + 7];
    let text = said(&[&line[..3], &line[3..], b"\nnext\n"]);
    let mut lines = text.lines();
    assert_eq!(lines.next().unwrap(), format!("web: {} ... (7 bytes more)", "x".repeat(SHOWN)));
    assert_eq!(lines.next(), Some("web: next"));
}

#[test]
fn a_flood_is_bounded_and_counted_and_what_comes_later_is_shown() {
    let mut utterance = Utterance::new("web", Time::ZERO);
    let mut shown = Vec::new();
    let flood = b"y\n".repeat(100_000);
    utterance.hear(&flood, Time::ZERO, &mut shown);
    assert_eq!(shown.len(), "web: y\n".len() * AT_ONCE as usize);
    shown.clear();
    utterance.hear(b"later\n", Time::ZERO + Duration::from_secs(60), &mut shown);
    let unsaid = 100_000 - AT_ONCE;
    assert_eq!(String::from_utf8(shown).unwrap(), format!("web: ({unsaid} lines are not shown)\nweb: later\n"));
}

#[test]
fn what_was_lost_elsewhere_is_counted_at_the_end() {
    let mut utterance = Utterance::new("web", Time::ZERO);
    let mut shown = Vec::new();
    utterance.lost(3);
    utterance.end(Time::ZERO, &mut shown);
    assert_eq!(shown, b"web: (3 lines are not shown)\n");
}

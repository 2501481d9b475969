use super::*;

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn filled(room: usize, lines: &[&str]) -> Backlog {
    let mut backlog = Backlog::new(room);
    for (second, line) in (1..).zip(lines) {
        backlog.push(line.as_bytes(), at(second));
    }
    backlog
}

#[test]
fn what_has_room_is_given_in_its_order_and_nothing_is_missing() {
    let mut backlog = filled(9, &["a1\n", "b2\n", "c3\n"]);
    let first = backlog.take(6).unwrap();
    assert_eq!((first.text.as_slice(), first.hole), (&b"a1\nb2\n"[..], None));
    backlog.push(b"d4\n", at(4));
    assert_eq!(backlog.take(6).unwrap().text, b"c3\nd4\n");
    assert_eq!(backlog.take(6), None);
}

#[test]
fn a_line_that_is_longer_than_a_batch_is_given_alone() {
    let mut backlog = filled(99, &["a long line\n", "b\n"]);
    assert_eq!(backlog.take(4).unwrap().text, b"a long line\n");
    assert_eq!(backlog.take(4).unwrap().text, b"b\n");
}

#[test]
fn s103_of_too_many_the_oldest_go_and_are_counted_where_they_stood() {
    let mut backlog = filled(6, &["a1\n", "b2\n", "c3\n", "d4\n"]);
    let batch = backlog.take(3).unwrap();
    assert_eq!(batch.hole, Some(Hole { count: 2, since: at(1), until: at(2) }));
    assert_eq!(batch.text, b"c3\n");
    assert_eq!(backlog.take(3).unwrap().hole, None);
}

#[test]
fn a_line_that_has_no_room_at_all_is_told_with_the_next_one() {
    let mut backlog = filled(4, &["a long line\n"]);
    assert_eq!(backlog.take(4), None);
    backlog.push(b"b2\n", at(2));
    assert_eq!(backlog.take(4).unwrap().hole, Some(Hole { count: 1, since: at(1), until: at(1) }));
}

#[test]
fn what_could_not_be_written_is_missing_with_what_was_missing_before_and_behind_it() {
    let mut backlog = filled(6, &["a1\n", "b2\n", "c3\n"]);
    let batch = backlog.take(6).unwrap();
    assert_eq!(batch.text, b"b2\nc3\n");
    for (second, line) in [(4, "d4\n"), (5, "e5\n"), (6, "f6\n")] {
        backlog.push(line.as_bytes(), at(second));
    }
    backlog.lost(&batch);
    let batch = backlog.take(6).unwrap();
    assert_eq!(batch.hole, Some(Hole { count: 4, since: at(1), until: at(4) }));
    assert_eq!(batch.text, b"e5\nf6\n");
}

#[test]
fn where_nobody_will_ever_read_nothing_is_kept() {
    let mut backlog = filled(6, &["a1\n", "b2\n", "c3\n"]);
    backlog.forget();
    assert_eq!(backlog.take(6), None);
    backlog.push(b"d4\n", at(4));
    assert_eq!(backlog.take(6).unwrap().hole, None);
}

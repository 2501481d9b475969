use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

#[test]
fn the_first_is_said_at_once_and_the_rest_once_a_second() {
    let mut tally = Tally::new();
    assert_eq!(tally.count(at(0), Reason::Auth, 0, 1, None).map(|report| report.count), Some(1));
    for millis in 1..=999 {
        assert_eq!(tally.count(at(millis), Reason::Auth, 0, 1, None), None);
        assert_eq!(tally.due(at(millis)), []);
    }
    let due = tally.due(at(1_000));
    assert_eq!(due.iter().map(|report| report.count).collect::<Vec<_>>(), [999]);
    assert_eq!(tally.due(at(5_000)), []);
    assert_eq!(tally.count(at(5_000), Reason::Auth, 0, 1, None).map(|report| report.count), Some(1));
}

#[test]
fn reasons_and_media_are_counted_apart() {
    let mut tally = Tally::new();
    assert!(tally.count(at(0), Reason::Auth, 0, 1, None).is_some());
    assert!(tally.count(at(0), Reason::Auth, 1, 1, None).is_some());
    assert!(tally.count(at(0), Reason::Parse, 0, 1, None).is_some());
    assert!(tally.count(at(0), Reason::Parse, 0, 1, None).is_none());
}

#[test]
fn a_report_names_the_latest_sender() {
    let mut tally = Tally::new();
    let peer: SocketAddr = "192.0.2.9:5".parse().unwrap();
    let _ = tally.count(at(0), Reason::Own, 3, 1, None);
    let _ = tally.count(at(1), Reason::Own, 3, 4, Some(peer));
    let expected = Report { reason: Reason::Own, medium: 3, count: 4, peer: Some(peer) };
    assert_eq!(tally.due(at(2_000)), [expected]);
}

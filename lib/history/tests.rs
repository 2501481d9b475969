use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

fn history(last: u64) -> History {
    let mut history = History::new();
    for number in 1..=last {
        history.keep(number, number.to_string().into_bytes(), None);
    }
    history
}

#[test]
fn the_latest_are_kept_under_their_numbers() {
    let history = history(1_200);
    assert_eq!(history.get(1_200).unwrap().bytes, b"1200");
    assert_eq!(history.get(701).unwrap().bytes, b"701");
    for number in [0, 1, 700, 1_201, u64::MAX] {
        assert_eq!(history.get(number), None, "{number}");
    }
}

#[test]
fn a_number_is_sent_again_not_too_often() {
    let mut history = history(10);
    assert_eq!(history.ask(5, at(1_000)), Asked::Again);
    assert_eq!(history.ask(5, at(1_239)), Asked::Lately);
    assert_eq!(history.ask(6, at(1_239)), Asked::Again);
    assert_eq!(history.ask(5, at(1_240)), Asked::Again);
}

#[test]
fn what_is_gone_and_what_never_was_are_told_apart() {
    let mut history = history(501);
    assert_eq!(history.ask(1, at(0)), Asked::TooLow);
    assert_eq!(history.ask(2, at(0)), Asked::Again);
    for number in [0, 502, u64::MAX] {
        assert_eq!(history.ask(number, at(0)), Asked::Unknown, "{number}");
    }
    assert_eq!(History::new().ask(1, at(0)), Asked::Unknown);
}

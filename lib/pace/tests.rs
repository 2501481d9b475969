use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

#[test]
fn being_late_moves_no_later_point() {
    let mut pace = Pace::new(at(1_000), Duration::from_millis(100));
    assert!(!pace.take(at(999)));
    assert!(pace.take(at(1_000)));
    assert!(!pace.take(at(1_099)));
    assert!(pace.take(at(1_150)));
    assert_eq!(pace.next(), at(1_200));
}

#[test]
fn missed_points_are_not_made_up_for() {
    let mut pace = Pace::new(at(1_000), Duration::from_millis(100));
    assert!(pace.take(at(6_042)));
    assert_eq!(pace.next(), at(6_100));
    assert!(!pace.take(at(6_042)));
}

#[test]
fn an_interval_of_zero_does_not_hang() {
    let mut pace = Pace::new(at(0), Duration::ZERO);
    assert!(pace.take(at(10)));
    assert_eq!(pace.next(), at(11));
}

use super::*;

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

#[test]
fn a_failure_is_remembered_until_it_expires_and_said_once_to_have_done_so() {
    let mut failures = Failures::default();
    assert!(failures.failed(at(10), Duration::from_secs(60)).contains("until 70.000000"));
    assert_eq!(failures.expired(at(69)), None);
    assert_eq!(failures.expired(at(70)), Some(at(10)));
    assert_eq!(failures.expired(at(71)), None);
}

#[test]
fn another_failure_begins_a_new_time() {
    let mut failures = Failures::default();
    failures.failed(at(10), Duration::from_secs(60));
    failures.failed(at(50), Duration::from_secs(60));
    assert_eq!(failures.expired(at(70)), None);
    assert_eq!(failures.expired(at(110)), Some(at(50)));
}

#[test]
fn without_an_expiry_only_a_person_forgets() {
    let mut failures = Failures::default();
    assert!(failures.failed(at(10), Duration::ZERO).ends_with("remembered until ask clear"));
    assert_eq!(failures.expired(at(1_000_000_000)), None);
    failures.forget();
    assert!(!failures.is_doubted());
}

#[test]
fn a_group_that_failed_is_doubted_until_it_runs_again() {
    let mut failures = Failures::default();
    assert!(!failures.is_doubted());
    failures.failed(at(10), Duration::from_secs(60));
    failures.expired(at(70));
    assert!(failures.is_doubted(), "that it is forgotten proves nothing");
    failures.forget();
    assert!(!failures.is_doubted());
}

#[test]
fn nobody_serves_is_said_at_once_and_every_ten_minutes_while_it_lasts() {
    let mut failures = Failures::default();
    let said: Vec<u64> = (0..1_300).filter(|second| failures.reminds(true, at(*second))).collect();
    assert_eq!(said, [0, 600, 1_200]);
    assert!(!failures.reminds(false, at(1_300)));
    assert!(failures.reminds(true, at(1_301)), "it is said again when it is so again");
}

use super::*;

fn at(millis: u64) -> Time {
    Time::ZERO + Duration::from_millis(millis)
}

/// The steps other than waiting, with their times, as they become due.
fn steps(mut patience: Patience) -> Vec<(u64, Step)> {
    let mut found = Vec::new();
    while let Some(due) = patience.due() {
        assert_eq!(patience.step(due.before(Duration::from_micros(1))), Step::Wait, "before {due}");
        let step = patience.step(due);
        found.push((u64::try_from(due.since(Time::ZERO).as_millis()).unwrap(), step));
        if step == Step::GiveUp {
            break;
        }
    }
    found
}

#[test]
fn it_is_asked_then_killed_again_and_again_then_given_up() {
    let found = steps(Patience::new(Some(Duration::from_secs(2)), Duration::from_secs(1), at(0)));
    assert_eq!(found[..3], [(2_000, Step::Ask), (3_000, Step::Kill), (3_020, Step::Kill)]);
    assert_eq!(found.last(), Some(&(8_000, Step::GiveUp)));
    assert!(found[1..found.len() - 1].iter().all(|(_, step)| *step == Step::Kill));
}

#[test]
fn without_a_timeout_nothing_is_due_until_it_is_told_to_end() {
    let mut patience = Patience::new(None, Duration::from_secs(1), at(0));
    assert_eq!((patience.due(), patience.step(at(1_000_000)), patience.is_over()), (None, Step::Wait, false));
    patience.end(at(2_000_000));
    assert_eq!((patience.step(at(2_000_000)), patience.is_over()), (Step::Ask, true));
    patience.end(at(2_000_500));
    assert_eq!(patience.step(at(2_000_999)), Step::Wait, "the grace is not begun anew");
    assert_eq!(patience.step(at(2_001_000)), Step::Kill);
}

#[test]
fn a_late_look_skips_nothing() {
    let mut patience = Patience::new(Some(Duration::from_secs(1)), Duration::from_secs(1), at(0));
    assert_eq!(patience.step(at(60_000)), Step::Ask, "it is asked first, however late");
    assert_eq!(patience.step(at(60_999)), Step::Wait);
    assert_eq!(patience.step(at(61_000)), Step::Kill);
}

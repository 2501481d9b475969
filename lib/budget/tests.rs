use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

/// How many of a thousand can be taken at one moment.
fn taken(budget: &mut Budget, millis: u64) -> usize {
    (0..1_000).filter(|_| budget.take(at(millis))).count()
}

#[test]
fn a_full_store_is_emptied_and_comes_back_at_its_rate() {
    let mut budget = Budget::new(20, 10, at(0));
    assert_eq!(taken(&mut budget, 0), 20);
    assert_eq!(taken(&mut budget, 99), 0);
    assert_eq!(taken(&mut budget, 100), 1);
    assert_eq!(taken(&mut budget, 399), 2);
    assert_eq!(taken(&mut budget, 400), 1);
}

#[test]
fn it_never_holds_more_than_its_most() {
    let mut budget = Budget::new(20, 10, at(0));
    assert_eq!(taken(&mut budget, 3_600_000), 20);
    assert_eq!(taken(&mut budget, 3_600_000), 0);
}

#[test]
fn a_clock_that_stands_or_goes_back_gives_nothing() {
    let mut budget = Budget::new(2, 1, at(5_000));
    assert_eq!(taken(&mut budget, 5_000), 2);
    assert_eq!(taken(&mut budget, 1_000), 0);
    assert_eq!(taken(&mut budget, 5_999), 0);
    assert_eq!(taken(&mut budget, 6_000), 1);
}

#[test]
fn over_a_long_time_the_rate_is_kept_whatever_the_steps() {
    for step in [1, 7, 99, 100, 101, 1_000] {
        let mut budget = Budget::new(50, 10, at(0));
        let count: usize = (0..60_000 / step).map(|round| taken(&mut budget, round * step)).sum();
        assert!((600..=650).contains(&count), "step {step}: {count}");
    }
}

use super::*;

const DELAY: Duration = Duration::from_secs(300);

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

#[test]
fn the_delay_counts_from_the_first_steady_moment() {
    let mut steady = Steady::default();
    assert!(!steady.is_over(DELAY, at(1_000)), "nothing was seen");
    for second in [10, 100, 309] {
        steady.look(true, at(second));
        assert!(!steady.is_over(DELAY, at(second)));
    }
    assert!(steady.is_over(DELAY, at(310)));
    assert_eq!(steady.from(DELAY), Some(at(310)));
}

#[test]
fn every_break_begins_it_anew() {
    let mut steady = Steady::default();
    for round in 0..10 {
        steady.look(true, at(round * 200));
        steady.look(true, at(round * 200 + 190));
        assert!(!steady.is_over(DELAY, at(round * 200 + 190)));
        steady.look(false, at(round * 200 + 195));
    }
    steady.look(true, at(2_000));
    assert!(!steady.is_over(DELAY, at(2_299)) && steady.is_over(DELAY, at(2_300)));
}

#[test]
fn no_delay_is_over_at_once() {
    assert!(Steady::default().is_over(Duration::ZERO, at(0)));
}

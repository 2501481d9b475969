use super::*;

const HALF: Duration = Duration::from_secs(900);

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

#[test]
fn a_penalty_halves_in_each_half_life_and_falls_between() {
    let left = |seconds| decayed(1_000, Duration::from_secs(seconds), HALF);
    assert_eq!([0, 450, 900, 1_350, 1_800, 9_000].map(left), [1_000, 750, 500, 375, 250, 0]);
    let all: Vec<u64> = (0..5_000).map(left).collect();
    assert!(all.is_sorted_by(|a, b| a >= b), "it never grows");
    assert_eq!(left(u64::MAX / 1_000_000), 0);
    assert_eq!(decayed(u64::MAX, Duration::MAX, HALF), 0);
}

#[test]
fn it_stays_within_6_percent_of_the_exponential() {
    for seconds in 0..3_600 {
        let exact = 1e6 * (-(seconds as f64) / 900.0 * std::f64::consts::LN_2).exp();
        let ours = decayed(1_000_000, Duration::from_secs(seconds), HALF) as f64;
        assert!(ours >= exact - 1.0 && ours <= exact * 1.062, "{seconds} s: {ours}, exactly {exact}");
    }
}

#[test]
fn the_end_is_when_the_penalty_has_fallen_that_far_and_no_earlier() {
    for penalty in [1_001, 1_500, 2_001, 3_000, 7_999, 16_000] {
        let end = time_to(penalty, 1_000, HALF);
        assert!(decayed(penalty, end, HALF) <= 1_000, "{penalty}");
        assert!(decayed(penalty, end.saturating_sub(Duration::from_secs(2)), HALF) > 1_000, "{penalty}");
    }
}

#[test]
fn two_changes_are_harmless_and_the_third_damps() {
    let mut flaps = Flaps::default();
    assert_eq!(flaps.change(at(100), HALF, 2), None);
    assert_eq!(flaps.change(at(200), HALF, 2), None);
    let until = flaps.change(at(300), HALF, 2).unwrap();
    assert!(until > at(300 + 20 * 60) && until < at(300 + 30 * 60), "{until}");
    assert!(flaps.is_damped(at(300)) && flaps.damped(until).is_none());
}

#[test]
fn changes_that_are_rare_never_damp() {
    let mut flaps = Flaps::default();
    for hour in 0..1_000 {
        assert_eq!(flaps.change(at(hour * 3_600), HALF, 2), None);
    }
}

#[test]
fn the_worst_flapping_is_trusted_again_after_four_half_lives() {
    let mut flaps = Flaps::default();
    let last = (0..10_000).filter_map(|second| flaps.change(at(second), HALF, 2)).last().unwrap();
    assert_eq!(last, at(9_999) + HALF * 4);
}

#[test]
fn a_change_while_it_is_damped_prolongs_that() {
    let mut flaps = Flaps::default();
    let mut until = Time::ZERO;
    for second in [0, 1, 2] {
        until = flaps.change(at(second), HALF, 2).unwrap_or(until);
    }
    let late = until.before(Duration::from_secs(1));
    assert!(flaps.change(late, HALF, 2).unwrap() > until);
}

#[test]
fn without_a_half_life_nothing_is_damped() {
    let mut flaps = Flaps::default();
    assert!((0..100).all(|second| flaps.change(at(second), Duration::ZERO, 2).is_none()));
}

#[test]
fn a_person_can_say_that_all_is_well() {
    let mut flaps = Flaps::default();
    assert!((0..5).filter_map(|second| flaps.change(at(second), HALF, 2)).count() > 0);
    flaps.forget();
    assert!(!flaps.is_damped(at(5)));
}

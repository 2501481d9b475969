use super::*;

fn limits(phi: &str, intervals: impl IntoIterator<Item = u64>) -> Option<(u128, u128)> {
    let mut seen = Intervals::new(parse(phi).unwrap());
    for millis in intervals {
        seen.push(Duration::from_millis(millis));
    }
    seen.limits().map(|(late, dead)| (late.as_millis(), dead.as_millis()))
}

#[test]
fn deviations_are_those_of_the_normal_distribution() {
    // From tables: the tail beyond z is 10^-phi.
    for (phi, z) in [("1", 1282), ("2", 2326), ("3", 3090), ("8", 5612), ("12", 7034), ("100", 21273)] {
        assert_eq!(parse(phi).unwrap().dead, Deviations(z), "phi {phi}");
    }
    assert_eq!(parse("2").unwrap().late, parse("1").unwrap().dead);
}

#[test]
fn too_few_intervals_tell_nothing() {
    assert_eq!(limits("8", [1000; 19]), None);
    assert!(limits("8", [1000; 20]).is_some());
}

#[test]
fn regular_heartbeats_give_twice_their_interval_and_not_less() {
    assert_eq!(limits("1", [1000; 200]), Some((2000, 2000)));
    // 1 + 5.612 * 0.1 is below two intervals, 1 + 14.14 * 0.1 above.
    assert_eq!(limits("8", [1000; 200]), Some((2000, 2000)));
    assert_eq!(limits("45", [1000; 200]).unwrap().1, 2414);
}

#[test]
fn irregular_heartbeats_are_given_more_time() {
    let (late, dead) = limits("8", (0..200).map(|n| if n % 2 == 0 { 500 } else { 1500 })).unwrap();
    // Mean 1, deviation 0.5.
    assert_eq!(dead, 3806);
    assert!((2000..dead).contains(&late), "{late}");
}

#[test]
fn only_the_last_two_hundred_intervals_count() {
    assert_eq!(limits("8", std::iter::repeat_n(9000, 5000).chain([100; 200])), Some((200, 200)));
}

#[test]
fn absurd_intervals_do_not_overflow() {
    let mut seen = Intervals::new(parse("100").unwrap());
    for _ in 0..500 {
        seen.push(Duration::MAX);
        seen.push(Duration::ZERO);
    }
    assert!(seen.limits().is_some());
}

#[test]
fn what_is_no_threshold_is_refused() {
    for text in ["", "0", "0.9", "101", "-3", "nan", "inf", "eight"] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(parse("8.5").is_ok());
}

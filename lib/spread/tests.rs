use super::*;

#[test]
fn quantiles_are_those_of_the_spans_to_a_percent() {
    let mut spread = Spread::default();
    for millis in (1..=10_000).rev() {
        spread.add(Duration::from_millis(millis));
    }
    for (parts, millis) in [(5_000, 5_000.0), (9_900, 9_900.0), (9_999, 9_999.0), (1, 1.0)] {
        let ratio = spread.quantile(parts).as_secs_f64() * 1_000.0 / millis;
        assert!((1.0..1.008).contains(&ratio), "{parts}: {ratio}");
    }
    assert_eq!(spread.worst(), Duration::from_secs(10));
    assert_eq!(spread.count(), 10_000);
}

#[test]
fn nothing_has_no_spread() {
    let spread = Spread::default();
    assert_eq!((spread.quantile(5_000), spread.worst(), spread.count()), (Duration::ZERO, Duration::ZERO, 0));
}

#[test]
fn its_memory_is_bounded_whatever_comes() {
    let mut spread = Spread::default();
    for power in 0..64 {
        for part in 0..1_000 {
            spread.add(Duration::from_micros((1 << power) + (1 << power) / 1_000 * part));
        }
    }
    spread.add(Duration::MAX);
    spread.add(Duration::ZERO);
    assert!(spread.counts.len() <= 64 << PARTS, "{}", spread.counts.len());
}

use super::*;

#[test]
fn a_time_is_printed_with_six_decimals_and_reads_back() {
    let time = Time::from_micros(12_000_345);
    assert_eq!(time.to_string(), "12.000345");
    assert_eq!("12.000345".parse(), Ok(time));
    assert_eq!("12.34".parse(), Ok(Time::from_micros(12_340_000)));
}

#[test]
fn what_is_no_time_is_refused() {
    for text in ["", ".", "-1", "1e9", "1 ", "+1", "0x1", "1.2.3", "99999999999999"] {
        assert!(text.parse::<Time>().is_err(), "{text:?}");
    }
}

#[test]
fn spans_are_read_in_every_unit() {
    for (text, micros) in [
        ("1", 1_000_000),
        ("1s", 1_000_000),
        ("0.25", 250_000),
        (".5", 500_000),
        ("200ms", 200_000),
        ("1.5ms", 1_500),
        ("20us", 20),
        ("2m", 120_000_000),
        ("1h", 3_600_000_000),
    ] {
        assert_eq!(parse_span(text), Ok(Duration::from_micros(micros)), "{text}");
    }
}

#[test]
fn spans_without_number_or_with_a_strange_unit_are_refused() {
    for text in ["", "s", "ms", "1d", "1 s", "-1s", "1sec"] {
        assert!(parse_span(text).is_err(), "{text:?}");
    }
}

#[test]
fn seconds_are_printed_as_short_as_they_can_be() {
    assert_eq!(seconds(Duration::from_secs(10)), "10.0");
    assert_eq!(seconds(Duration::from_millis(250)), "0.25");
    assert_eq!(seconds(Duration::from_micros(1)), "0.000001");
}

use super::*;

#[test]
fn dates_are_those_of_the_calendar() {
    let cases = [
        (0, "1970-01-01 00:00:00.000"),
        (951_782_399_999_000, "2000-02-28 23:59:59.999"),
        (951_782_400_000_000, "2000-02-29 00:00:00.000"),
        (1_709_164_800_000_000, "2024-02-29 00:00:00.000"),
        (1_795_284_309_123_456, "2026-11-21 18:05:09.123"),
        (4_107_542_400_000_000, "2100-03-01 00:00:00.000"),
    ];
    for (unix, text) in cases {
        assert_eq!(date(unix), text);
    }
}

#[test]
fn every_day_of_two_centuries_is_read_back() {
    for day in 0..73_050 {
        let unix = day * 86_400_000_000;
        assert_eq!(parse(&date(unix)[..10]), Some(unix));
    }
}

#[test]
fn what_is_no_date_is_not_read() {
    assert_eq!(parse("2026-11-21 18:05:09"), Some(1_795_284_309_000_000));
    assert_eq!(parse("2026-11-21T18:05Z"), Some(1_795_284_300_000_000));
    for text in ["", "2026", "2026-02-30", "2026-13-01", "2026-01-01 24:00", "1969-12-31", "10000-01-01", "x-y-z", "-1"]
    {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn a_wall_record_relates_the_two_clocks() {
    let mut wall = Wall::default();
    let time = Time::from_micros(500_250_000);
    assert_eq!(wall.stamp(time), "boot+500.250");
    let text = record(Time::from_micros(400_000_000), 1_795_284_309_000_000, "b-1", "node1");
    assert_eq!(text, "wall 400.000000 unix=1795284309.000000 boot=b-1 node=node1");
    wall.take(&Record::parse(text.as_bytes()).unwrap());
    assert_eq!((wall.boot.as_str(), wall.node.as_str()), ("b-1", "node1"));
    assert_eq!(wall.stamp(time), "2026-11-21 18:06:49.250");
    // Before 1970 there is no date: a machine without a clock has just begun.
    assert_eq!(Wall::behind(-600_000_000).stamp(time), "boot+500.250");
    for strange in ["wall 1.0", "wall 1.0 unix=x"] {
        let before = wall.clone();
        wall.take(&Record::parse(strange.as_bytes()).unwrap());
        assert_eq!(wall, before);
    }
}

use super::*;

fn held(address: &str, bits: u8, index: u32) -> Held {
    Held {
        index,
        address: address.parse().unwrap(),
        bits,
        secondary: false,
        tentative: false,
        duplicate: false,
        broadcast: None,
        label: None,
        scope: 0,
        valid: FOREVER,
        preferred: FOREVER,
        choices: 0,
        metric: 0,
        protocol: 0,
    }
}

fn at(seconds: &str) -> Time {
    seconds.parse().unwrap()
}

#[test]
fn bits_and_interface_count_where_they_are_known() {
    let all = [held("192.0.2.4", 24, 2), held("192.0.2.5", 24, 2)];
    let spec = |text: &str| text.parse::<Spec>().unwrap();
    let (there, other) = (Found::There(all[0].clone()), Found::Other(all[0].clone()));
    for (text, index, found) in [
        ("192.0.2.4", None, &there),
        ("192.0.2.4", Some(2), &there),
        ("192.0.2.4/24", Some(2), &there),
        ("192.0.2.4", Some(3), &other),
        ("192.0.2.4/32", None, &other),
        ("192.0.2.6", None, &Found::Absent),
    ] {
        assert_eq!(&find(&spec(text), index, &all), found, "{text} {index:?}");
    }
}

#[test]
fn the_copy_that_was_asked_for_is_found_behind_another() {
    let all = [held("192.0.2.4", 32, 1), held("192.0.2.4", 24, 2)];
    assert_eq!(find(&"192.0.2.4/24".parse().unwrap(), None, &all), Found::There(all[1].clone()));
}

#[test]
fn secondaries_depend_on_the_primary_of_their_network() {
    let secondary = |address: &str, bits, index| Held { secondary: true, ..held(address, bits, index) };
    let all = [
        held("192.0.2.4", 24, 2),
        secondary("192.0.2.5", 24, 2),
        secondary("192.0.2.6", 25, 2),
        secondary("192.0.3.5", 24, 2),
        secondary("192.0.2.7", 24, 3),
        held("192.0.2.8", 24, 2),
    ];
    assert_eq!(dependants(&all[0], &all), [&all[1]]);
    assert_eq!(dependants(&all[1], &all), [] as [&Held; 0]);
}

#[test]
fn a_lifetime_is_the_whole_seconds_below_the_lease() {
    for (until, seconds) in [
        ("100.0", None),
        ("99.9", None),
        ("100.000001", Some(1)),
        ("101.0", Some(1)),
        ("102.3", Some(1)),
        ("103.249999", Some(1)),
        ("103.25", Some(2)),
        ("110.0", Some(8)),
        ("110.25", Some(9)),
    ] {
        assert_eq!(lifetime(at(until), at("100.0")), seconds, "{until}");
    }
}

#[test]
fn no_lease_is_so_long_that_it_has_no_end() {
    assert_eq!(lifetime(Time::from_micros(u64::MAX), Time::ZERO), Some(FOREVER - 1));
}

#[test]
fn a_lease_of_at_least_2250_ms_is_over_before_its_end_with_the_kernels_slack() {
    for micros in (2_250_000..6_000_000).step_by(7_001) {
        let until = Time::from_micros(micros);
        let seconds = lifetime(until, Time::ZERO).unwrap();
        assert!(Time::ZERO + Duration::from_secs(seconds.into()) + SLACK <= until, "{until}: {seconds}");
    }
}

#[test]
fn a_lifetime_that_was_installed_late_is_shortened_or_withdrawn() {
    let until = at("110.0");
    for (now, verdict) in [
        ("100.0", Installed::Good),
        ("100.75", Installed::Good),
        ("100.750001", Installed::TooLong(7)),
        ("107.5", Installed::TooLong(1)),
        ("109.999999", Installed::TooLong(1)),
        ("110.0", Installed::Late(Duration::ZERO)),
        ("112.5", Installed::Late(Duration::from_millis(2_500))),
    ] {
        assert_eq!(check(until, 8, at(now)), verdict, "{now}");
    }
    // The one second of a short lease stays.
    assert_eq!(check(until, 1, at("109.9")), Installed::Good);
}

#[test]
fn behind_a_lease_the_kernel_gets_whole_seconds_that_reach_its_end() {
    let behind = |until, now, end: Option<&str>| Side::Behind.lifetime(at(until), at(now), end.map(at));
    for (until, now, end, seconds) in [
        ("10.6", "10", None, Some(1)),
        ("11", "10", None, Some(1)),
        ("11.000001", "10", None, Some(2)),
        // What was given reaches far enough.
        ("10.75", "10.15", Some("11"), None),
        ("11.05", "10.45", Some("11"), Some(1)),
        // It reaches further than a lease that became shorter.
        ("10.5", "10", Some("19"), Some(1)),
        ("10", "10", None, Some(1)),
    ] {
        assert_eq!(behind(until, now, end), seconds, "{until} {now} {end:?}");
        let late = at(now) + Duration::from_secs(1) + SLACK;
        assert!(seconds != Some(1) || late <= at(until) + BEHIND, "{until} {now}");
    }
    assert_eq!(Side::Behind.again(at("12"), 1, at("10")), None);
}

#[test]
fn before_the_end_of_a_lease_the_kernel_gets_what_it_can_end_in_time() {
    let before = |until, now, end: Option<&str>| Side::Before.lifetime(at(until), at(now), end.map(at));
    for (until, now, end, seconds) in [
        ("30", "10", None, Some(18)),
        ("12.25", "10", None, Some(1)),
        // What was given ends in time, and no sooner than what could be given.
        ("12.3", "10.1", Some("11.05"), None),
        ("13.06", "10.79", Some("11"), Some(1)),
        // It ends too late for a lease that became shorter.
        ("15", "10", Some("28"), Some(3)),
        // There is no room: the shortest that there is, or what there was.
        ("11", "10", None, Some(1)),
        ("11.5", "10", Some("10.2"), None),
    ] {
        assert_eq!(before(until, now, end), seconds, "{until} {now} {end:?}");
    }
    assert_eq!(Side::Before.again(at("13.06"), 1, at("10")), Some(at("10.79")));
    assert_eq!(Side::Before.again(at("13.06"), 1, at("10.79")), None);
    assert_eq!(Side::Before.again(at("30.5"), 19, at("10")), None, "a part of a second of twenty");
}

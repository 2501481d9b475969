use super::*;

fn survey(lines: impl IntoIterator<Item = String>) -> (Vec<String>, Result<(), TooShort>) {
    let mut survey = Survey::new(Some("n1".to_owned()), Duration::from_secs(30));
    for line in lines {
        survey.record(&Record::parse(line.as_bytes()).unwrap());
    }
    let mut report = Vec::new();
    let answer = survey.report(&mut report);
    (report.into_iter().map(Line::finish).collect(), answer)
}

fn beat(at: f64, via: &str, sequence: u64) -> String {
    format!("msg {at:.6} n2 via={via} t=status st=active seq={sequence:x} hg=1 inc=aa")
}

fn field<'a>(line: &'a str, key: &str) -> &'a str {
    line.split(' ')
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        .unwrap_or_else(|| panic!("{key}: {line}"))
}

/// Twenty thousand heartbeats, one a second, without those that `lost` names.
fn recording(lost: impl Fn(u64) -> bool) -> Vec<String> {
    let beats = (1..=20_000).filter(|n| !lost(*n));
    beats.flat_map(|n| [beat(n as f64, "bcast:eth1", n), format!("tick {n}.5")]).collect()
}

#[test]
fn a_quiet_network_gives_the_shortest_times_that_its_length_proves() {
    let (report, answer) = survey(recording(|_| false));
    assert_eq!(answer, Ok(()));
    assert_eq!(
        report[0],
        "interval 20000.500000 n2 n=19999 median=1.0 p99=1.0 p99.99=1.0 worst=1.0 lost=0/20000 run=0 outages=0"
    );
    assert!(report[1].starts_with("interval 20000.500000 n2/bcast:eth1 n=19999 "), "{}", report[1]);
    let times = &report[2];
    assert_eq!((field(times, "keepalive"), field(times, "warntime")), ("1.0", "2.0"));
    // 3 / 20,000 to the third power, 31 million times a year: 1e-4.
    assert_eq!((field(times, "deadtime"), field(times, "deaths")), ("4.0", "1.1e-4"));
    assert_eq!(field(times, "loss"), "0.000150");
}

#[test]
fn more_loss_gives_a_longer_deadtime_and_its_formula_holds() {
    let (report, answer) = survey(recording(|n| n % 10 == 5));
    assert_eq!(answer, Ok(()));
    assert_eq!(field(&report[0], "lost"), "2000/20000");
    assert_eq!(field(&report[0], "run"), "1");
    let times = report.last().unwrap();
    assert_eq!(field(times, "loss"), "0.100000");
    // Ten in a row: 0.9 * 0.1^10 * 31,557,600 = 0.0028 a year; nine would be 0.028.
    assert_eq!((field(times, "missed"), field(times, "deaths")), ("10", "2.8e-3"));
}

#[test]
fn known_lateness_gives_its_quantiles_and_the_times_that_follow_by_hand() {
    // Two heartbeats a second; 1 of 50 comes 50 ms late, 1 of 2,000 by 300 ms, one
    // of all by 400 ms. The interval before a late one is as much longer.
    let late = |n: u64| match n {
        7_777 => 0.4,
        n if n % 2_000 == 7 => 0.3,
        n if n.is_multiple_of(50) => 0.05,
        _ => 0.0,
    };
    let beats =
        (1..=40_000).flat_map(|n| [beat(n as f64 / 2.0 + late(n), "bcast:eth1", n), format!("tick {}.9", n / 2)]);
    let (report, answer) = survey(beats);
    assert_eq!(answer, Ok(()));
    let within = |key: &str, exact: f64| {
        let measured: f64 = field(&report[0], key).parse().unwrap();
        assert!((exact..=exact * 1.008).contains(&measured), "{key}: {measured}, not {exact}");
    };
    within("median", 0.5);
    within("p99", 0.55);
    within("p99.99", 0.8);
    assert_eq!((field(&report[0], "worst"), field(&report[0], "outages")), ("0.9", "0"));
    // warntime: two keepalives are more than 0.8. Three lost in a row are rare
    // enough: 3 of 40,000 to the third power, 63 million times a year: 2.7e-5. Then
    // deadtime is four keepalives and the 0.3 s by which 0.8 exceeds one, and up to
    // 0.8 % of that, rounded up to two digits.
    let times = report.last().unwrap();
    let words = ["keepalive", "warntime", "deadtime", "loss", "missed", "deaths"].map(|key| field(times, key));
    assert_eq!(words, ["0.5", "1.0", "2.4", "0.000075", "3", "2.7e-5"]);
}

#[test]
fn deadtime_is_twice_the_worst_interval_at_least() {
    let (report, _) = survey(recording(|n| (5_000..5_009).contains(&n)));
    assert_eq!((field(&report[0], "worst"), field(&report[0], "run")), ("10.0", "9"));
    assert_eq!(field(report.last().unwrap(), "deadtime"), "20.0");
}

#[test]
fn an_outage_a_restart_and_our_own_pause_are_no_intervals_and_no_loss() {
    let mut lines: Vec<String> = (1..=100).map(|n| beat(n as f64, "bcast:eth1", n)).collect();
    lines.extend((200..=300).map(|n| beat(n as f64, "bcast:eth1", n)));
    lines.extend((301..=400).map(|n| beat(n as f64, "bcast:eth1", n - 300).replace("hg=1 inc=aa", "hg=2 inc=bb")));
    lines.push("tick 400.5".to_owned());
    lines.push("tick 450.0".to_owned());
    lines.extend((451..=500).map(|n| beat(n as f64, "bcast:eth1", n - 300).replace("hg=1 inc=aa", "hg=2 inc=bb")));
    let (report, _) = survey(lines);
    assert_eq!((field(&report[0], "worst"), field(&report[0], "outages")), ("1.0", "1"));
    assert!(field(&report[0], "lost").starts_with("0/"), "{}", report[0]);
}

#[test]
fn a_medium_is_measured_by_its_copies_too() {
    let lines = (1..=100).flat_map(|n| {
        let copy = (n % 4 != 0).then(|| format!("dup {n}.1 n2 via=serial:ttyS0 seq={n:x} hg=1"));
        [Some(beat(n as f64, "bcast:eth1", n)), copy]
    });
    let (report, _) = survey(lines.flatten());
    assert_eq!(field(&report[0], "lost"), "0/100");
    assert!(report[2].contains(" n2/serial:ttyS0 "), "{}", report[2]);
    // The last message that it lost is not known to be.
    assert_eq!((field(&report[2], "lost"), field(&report[2], "run")), ("24/99", "1"));
}

#[test]
fn reordered_messages_are_not_lost() {
    let (report, _) = survey([1, 3, 2, 4].map(|n| beat(10.0 + n as f64 / 10.0, "bcast:eth1", n)));
    assert_eq!(field(&report[0], "lost"), "0/4");
}

#[test]
fn a_short_recording_says_how_much_is_missing() {
    let (report, answer) = survey((1..=400).map(|n| beat(n as f64, "bcast:eth1", n)));
    assert_eq!(report.len(), 2);
    assert!(!report[0].contains("p99.99"), "{}", report[0]);
    let said = answer.unwrap_err().to_string();
    // 9,601 intervals of a second are 161 minutes.
    assert_eq!(said, "n2: 399 intervals, 10000 are needed: 161 minutes more");
    assert_eq!(survey(Vec::new()).1, Err(TooShort::Nothing));
}

#[test]
fn our_own_messages_and_nonsense_are_not_measured() {
    let lines =
        ["msg 1.0 n1 via=x t=status seq=1", "msg 2.0", "msg 3.0 n3", "dup 4.0 n2 via=x seq=zz hg=1", "ping 1.0 gw up"];
    assert_eq!(survey(lines.map(str::to_owned)).1, Err(TooShort::Nothing));
}

#[test]
fn peers_cannot_make_it_grow_without_end() {
    let mut survey = Survey::new(None, Duration::from_secs(30));
    for n in 0..5_000 {
        let line = format!("msg {n}.0 x{n} via=bcast:eth{n} t=status seq=1 hg=1");
        survey.record(&Record::parse(line.as_bytes()).unwrap());
    }
    assert_eq!((survey.nodes.len(), survey.links.len()), (MANY, MANY));
}

#[test]
fn numbers_that_leap_to_their_end_again_and_again_are_counted_to_the_limit() {
    let leap = |life: u64| [(1, 1), (2, u64::MAX)].map(|(at, seq)| (10 * life + at, seq, life));
    let lines = (1..4).flat_map(leap).map(|(at, sequence, life)| {
        format!("msg {at}.0 n2 via=bcast:eth1 t=status st=active seq={sequence:x} hg={life} inc=aa")
    });
    let (report, _) = survey(lines);
    assert!(report[0].contains(" lost=18446744073709551609/18446744073709551615 "), "{}", report[0]);
}

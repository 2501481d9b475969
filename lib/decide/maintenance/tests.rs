use super::*;

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn said(effects: &mut Vec<Effect>) -> Vec<String> {
    let lines = effects.drain(..).map(|effect| match effect {
        Effect::Say(line) => line.finish(),
        Effect::Announce(_) | Effect::End => panic!("{effect:?}"),
    });
    lines.collect()
}

#[test]
fn what_a_peer_announces_is_kept_until_it_runs_out_without_news() {
    let (mut maintenance, mut effects) = (Maintenance::default(), Vec::new());
    maintenance.hear("n1", Some("100"), at(10), &mut effects);
    assert!(maintenance.is_on(at(109)) && !maintenance.is_on(at(110)));
    assert_eq!(maintenance.longest(at(50)), Some(("n1", at(110))));
    maintenance.hear("n1", Some("90"), at(21), &mut effects);
    assert_eq!(maintenance.longest(at(50)), Some(("n1", at(111))));
    maintenance.look(at(111), &mut effects);
    assert_eq!(
        said(&mut effects),
        [
            "why 10.000000 n1 maintenance it is in maintenance for 100 s: nothing is started or moved by itself",
            "why 111.000000 n1 maintenance its maintenance is over",
        ]
    );
}

#[test]
fn a_peer_that_announces_none_has_none() {
    let (mut maintenance, mut effects) = (Maintenance::default(), Vec::new());
    for nothing in [None, Some("x"), Some("-1"), Some("")] {
        maintenance.hear("n1", Some("100"), at(10), &mut effects);
        maintenance.hear("n1", nothing, at(11), &mut effects);
        assert!(!maintenance.is_on(at(11)), "{nothing:?}");
    }
}

#[test]
fn it_is_bounded_to_a_day() {
    let (mut maintenance, mut effects) = (Maintenance::default(), Vec::new());
    maintenance.hear("n1", Some("18446744073709551615"), at(10), &mut effects);
    assert_eq!(maintenance.longest(at(10)), Some(("n1", at(10) + LONGEST)));
}

#[test]
fn people_are_reminded_every_ten_minutes() {
    let (mut maintenance, mut effects) = (Maintenance::default(), Vec::new());
    maintenance.begin("n1", at(2_000), at(0), &mut effects);
    for second in 0..2_100 {
        maintenance.look(at(second), &mut effects);
    }
    let times: Vec<String> =
        said(&mut effects).iter().map(|line| line.split(' ').nth(1).unwrap_or_default().to_owned()).collect();
    assert_eq!(times, ["0.000000", "600.000000", "1200.000000", "1800.000000", "2000.000000"]);
}

#[test]
fn what_is_announced_is_never_less_than_what_is_left() {
    let (mut maintenance, mut effects) = (Maintenance::default(), Vec::new());
    maintenance.begin("n1", Time::from_micros(10_500_000), at(0), &mut effects);
    assert_eq!(maintenance.left("n1", at(0)), Some(11));
    assert_eq!(maintenance.left("n1", at(10)), Some(1));
    assert_eq!(maintenance.left("n1", at(11)), None);
    assert_eq!(maintenance.left("n2", at(0)), None);
}

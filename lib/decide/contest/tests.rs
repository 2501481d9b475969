use super::*;

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 80));

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1000)
}

/// The verbs that were said.
fn verbs(effects: &[Effect]) -> Vec<String> {
    let verb = |effect: &Effect| match effect {
        Effect::Say(line) => line.to_string().split(' ').nth(3).unwrap_or_default().to_owned(),
        Effect::Announce(_) | Effect::End => panic!("{effect:?}"),
    };
    effects.iter().map(verb).collect()
}

fn rivals(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_storm_of_frames_is_one_alarm_and_six_defences_a_minute() {
    let (mut contest, mut effects, mut defended) = (Contest::default(), Vec::new(), Vec::new());
    for millis in (0..60_000).step_by(10) {
        contest.claimed("somebody", ADDRESS, "web", at(millis), &mut effects);
        contest.see(BTreeSet::new(), "web", at(millis), &mut effects);
        if contest.is_due(at(millis)) {
            defended.push(millis);
        }
    }
    assert_eq!(verbs(&effects), ["alarm"]);
    assert_eq!(defended, [0, 10_000, 20_000, 30_000, 40_000, 50_000]);
}

#[test]
fn a_frame_right_after_a_defence_is_answered_when_that_may_be() {
    let (mut contest, mut effects) = (Contest::default(), Vec::new());
    contest.claimed("somebody", ADDRESS, "web", at(0), &mut effects);
    assert!(contest.is_due(at(0)));
    contest.claimed("somebody", ADDRESS, "web", at(1), &mut effects);
    assert!(!contest.is_due(at(9_999)) && contest.is_due(at(10_000)) && !contest.is_due(at(30_000)));
}

#[test]
fn it_is_over_a_minute_after_the_last_frame_and_the_next_is_news() {
    let (mut contest, mut effects) = (Contest::default(), Vec::new());
    for millis in [0, 30_000, 89_999, 149_998, 149_999] {
        if millis <= 89_999 {
            contest.claimed("somebody", ADDRESS, "web", at(millis), &mut effects);
        }
        contest.see(BTreeSet::new(), "web", at(millis), &mut effects);
        assert_eq!(effects.len(), if millis < 149_999 { 1 } else { 2 }, "{millis}");
    }
    contest.claimed("somebody", ADDRESS, "web", at(150_000), &mut effects);
    assert_eq!(verbs(&effects), ["alarm", "over", "alarm"]);
    assert!(format!("{:?}", effects[1]).contains("for 89.999 s"), "{effects:?}");
}

#[test]
fn rivals_that_follow_each_other_are_one_incident_and_each_end_is_a_reason_to_say_it_again() {
    let (mut contest, mut effects) = (Contest::default(), Vec::new());
    let mut said = Vec::new();
    for (second, names) in [(0, &["n2"][..]), (2, &["n2", "n3"]), (4, &["n3"]), (6, &[]), (7, &[]), (11, &[])] {
        contest.see(rivals(names), "web", at(second * 1000), &mut effects);
        if contest.is_due(at(second * 1000)) {
            said.push(second);
        }
    }
    assert_eq!(verbs(&effects), ["alarm", "over"]);
    // At once and after 1 and 5 seconds, from the beginning and from the end.
    assert_eq!(said, [0, 2, 6, 7, 11]);
}

#[test]
fn what_is_released_here_is_over() {
    let (mut contest, mut effects) = (Contest::default(), Vec::new());
    contest.alarm(&rivals(&["n2"]), "comes first", "web", at(0), &mut effects);
    contest.leaving();
    contest.released("web", at(30_000), &mut effects);
    contest.released("web", at(30_001), &mut effects);
    assert_eq!(verbs(&effects), ["alarm", "over"]);
    assert!(format!("{:?}", effects[1]).contains("two had it for 30.0 s"), "{effects:?}");
}

#[test]
fn only_a_hardware_address_is_repeated() {
    for (text, is) in [("02:00:5e:10:00:99", true), ("not%20a%20mac", false), (&"0".repeat(60), false)] {
        assert_eq!(is_hardware_address(text), is, "{text}");
    }
}

use super::*;

fn rules(lines: &[&str]) -> Vec<Rule> {
    let words = |line: &&str| Rule::parse(&line.split(' ').collect::<Vec<_>>(), 1).unwrap();
    lines.iter().map(words).collect()
}

#[test]
fn without_a_rule_there_are_defaults() {
    assert_eq!(
        care("web", &[]).to_string(),
        "start=60000ms,stop=60000ms,monitor=20000ms,interval=10000ms,within=600000ms,restarts=3,words=no"
    );
}

#[test]
fn the_closest_rule_counts_and_of_two_alike_the_later_one() {
    let rules = rules(&[
        "Filesystem::/dev/a::/a stop=5",
        "Filesystem stop=2m start=90",
        "* stop=30 monitor=500ms",
        "Filesystem start=91",
    ]);
    let one = care("Filesystem::/dev/a::/a", &rules);
    assert_eq!((one.stop.as_secs(), one.start.as_secs(), one.monitor.as_millis()), (5, 91, 500));
    let other = care("Filesystem::/dev/b::/b", &rules);
    assert_eq!((other.stop.as_secs(), other.start.as_secs()), (120, 91));
    assert_eq!(care("web", &rules).stop.as_secs(), 30);
}

#[test]
fn an_address_is_meant_with_and_without_its_script() {
    for target in ["10.0.0.1/24", "IPaddr::10.0.0.1/24", "IPaddr"] {
        let rules = rules(&[&format!("{target} interval=0")]);
        assert_eq!(care("IPaddr::10.0.0.1/24", &rules).interval, Duration::ZERO, "{target}");
        assert!(rules[0].is_about("IPaddr::10.0.0.1/24") && !rules[0].is_about("web"));
    }
}

#[test]
fn what_a_rule_cannot_say_is_said() {
    for (line, wrong) in [
        ("web", "is written 'resource NAME"),
        ("web stop", "not KEY=VALUE"),
        ("web stop=0", "more than 0"),
        ("web stop=25h", "longer than a day"),
        ("web stop=soon", "stop=soon"),
        ("web restarts=-1", "number from 0"),
        ("web words=1", "neither"),
        ("web patience=3", "known are"),
    ] {
        let error = Rule::parse(&line.split(' ').collect::<Vec<_>>(), 1).unwrap_err();
        assert!(error.contains(wrong), "{line}: {error}");
    }
}

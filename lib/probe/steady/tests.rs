use super::*;

/// A time line: `u`, `d` and `?` are results a second apart; what is believed
/// after each.
fn line(rules: Rules, results: &str) -> String {
    let mut steady = Steady::default();
    let believed = results.chars().enumerate().map(|(second, letter)| {
        let result = match letter {
            'u' => State::Up,
            'd' => State::Down,
            _ => State::Unknown,
        };
        match steady.take(result, &rules, Time::from_micros(second as u64 * 1_000_000)) {
            State::Up => 'u',
            State::Down => 'd',
            State::Unknown => '?',
        }
    });
    believed.collect()
}

fn rules(rise: u32, fall: u32, dampen: u64) -> Rules {
    Rules { rise, fall, dampen: Duration::from_secs(dampen) }
}

#[test]
fn without_rules_every_result_is_the_state() {
    assert_eq!(line(Rules::NONE, "ud?uud??du"), "ud?uud??du");
}

#[test]
fn so_many_in_a_row_are_needed_to_rise_and_to_fall() {
    assert_eq!(line(rules(2, 3, 0), "uuuddudddduduu"), "?uuuuuuuddddd".to_owned() + "u");
    assert_eq!(line(rules(1, 3, 0), "udduddddu"), "uuuuuuddu");
    assert_eq!(line(rules(3, 1, 0), "uuuduuduuu"), "??udddddd".to_owned() + "u");
}

#[test]
fn before_enough_is_known_nobody_can_tell() {
    assert_eq!(line(rules(2, 3, 0), "d"), "?");
    assert_eq!(line(rules(2, 3, 0), "dudu"), "????");
    assert_eq!(line(rules(2, 3, 0), "ddd"), "??d");
}

#[test]
fn silence_mixed_with_what_could_not_be_asked_is_never_down() {
    assert_eq!(line(rules(1, 3, 0), "ud?d?d?"), "uuu????");
    assert_eq!(line(rules(1, 3, 0), "ud?dddd"), "uuu??dd");
    // What is known stays until the contrary is.
    assert_eq!(line(rules(1, 2, 0), "udd?d?d"), "uudd".to_owned() + "ddd");
    assert_eq!(line(rules(1, 2, 0), "udd??d"), "uudd??");
}

#[test]
fn a_change_has_to_last_for_its_time_too() {
    assert_eq!(line(rules(1, 1, 2), "uuuudduddduuu"), "??uuuuuuudddu");
}

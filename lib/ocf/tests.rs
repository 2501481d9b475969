use super::*;

#[test]
fn every_action_is_read_by_its_word_and_no_other() {
    for (word, action) in Action::ALL {
        assert_eq!(word.parse(), Ok(action));
    }
    for word in ["", "Start", "start ", "promote", "migrate_to", "notify", "192.0.2.4"] {
        assert!(word.parse::<Action>().is_err(), "{word}");
    }
}

#[test]
fn a_reason_is_one_line() {
    assert_eq!(exit_reason(&"two\nlines"), "ocf-exit-reason:two lines");
}

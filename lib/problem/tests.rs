use super::*;

#[test]
fn a_problem_is_one_line_with_file_and_line() {
    let mut problems = Problems::new("ha.cf");
    problems.warning(2, "odd");
    problems.error(3, "wrong");
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["ha.cf:2: warning: odd", "ha.cf:3: error: wrong"]);
    assert_eq!(problems.to_string(), "ha.cf:3: wrong");
}

#[test]
fn an_unreadable_file_has_no_line() {
    let problems = Problems::unreadable("/x\n/ha.cf", &"Permission denied");
    assert_eq!(problems.to_string(), "/x\\n/ha.cf: Permission denied");
}

#[test]
fn many_problems_are_counted_and_an_error_behind_many_warnings_is_kept() {
    let mut problems = Problems::new("f");
    for line in 1..=500 {
        problems.warning(line, "odd");
    }
    problems.error(501, "wrong");
    assert!(problems.has_errors());
    assert_eq!(problems.iter().count(), MAX + 1);
    assert_eq!(problems.omitted(), 400);
    let mut all = Problems::new("g");
    all.extend(problems);
    assert_eq!((all.omitted(), all.to_string()), (400, "f:501: wrong".to_owned()));
}

#[test]
fn what_a_message_shows_of_a_file_is_short_and_harmless() {
    assert_eq!(quote("a\u{1b}[2J"), "'a\\u{1b}[2J'");
    assert_eq!(quote(&"x".repeat(100)), format!("'{}...'", "x".repeat(SHOWN)));
}

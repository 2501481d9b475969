//! The scenarios of failure that the project answers to, by their numbers. Each has
//! a test that names it, or stands here with the reason why there is none.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use crate::lab::project;

/// Partitions and splits, pauses, links, connectivity, addresses that others remove,
/// resources, watchdogs, configurations, operators.
const ALL: [RangeInclusive<u32>; 7] = [1..=26, 33..=38, 44..=47, 62..=77, 84..=87, 89..=104, 106..=106];

/// What no test can show, or what cannot be run where tests run.
const WITHOUT: [(u32, &str); 3] = [
    (2, "an address that a cloud's interface moves: hbkit moves addresses of its own interfaces only"),
    (44, "the members of a bond change: the kernels of test machines have no bond device"),
    (67, "a check that passes only where the address is: checks run only where the group runs, so that none can"),
];

/// All text below a directory, and the names of its files.
fn text_below(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            text.push_str(&format!("{name}\n"));
            if name != "target" && name != "corpus" && name != "vectors" {
                text_below(&path, text);
            }
        } else if name != "scenarios.rs" {
            text.push_str(&format!("{name}\n{}\n", String::from_utf8_lossy(&fs::read(&path).unwrap())));
        }
    }
}

/// Whether the text names the scenario: S7 is S07, and not S71.
fn names(text: &str, number: u32) -> bool {
    let word = format!("s{number:02}");
    text.match_indices(&word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(|next| next.is_ascii_digit())
    })
}

#[test]
fn every_scenario_has_a_test_that_names_it_or_a_reason() {
    let mut text = String::new();
    for directory in ["tests", "lib"] {
        text_below(&project(directory), &mut text);
    }
    let text = text.to_lowercase();
    let excused = |number: u32| WITHOUT.iter().any(|(other, _)| *other == number);
    let missing: Vec<u32> =
        ALL.into_iter().flatten().filter(|number| !excused(*number) && !names(&text, *number)).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
    let tested: Vec<u32> = WITHOUT.iter().map(|(number, _)| *number).filter(|number| names(&text, *number)).collect();
    assert!(tested.is_empty(), "{tested:?} need no excuse");
}

#[test]
fn a_number_is_found_as_a_word_of_its_own() {
    assert!(names("# s07: the witness", 7) && names("fn s06_s07_with", 7));
    assert!(!names("fn s071_", 7) && !names("classes07", 7));
}

//! Time lines as files: `$` the options, `<` a record that goes in, `>` a line
//! that must follow from it, `#` what the case proves. At `!` the filter ends, as if it
//! were killed, and another takes its place, with the file of `--state` that it left.

use std::fs;
use std::path::PathBuf;

use crate::lab::{project, run};

/// Runs every case in `tests/cases/DIRECTORY` through `filter` with `-a`, so that
/// what comes out stands behind the record that it follows from.
pub fn run_all(filter: &str, directory: &str) {
    run_cases(filter, directory, true);
}

/// Runs every case in `tests/cases/DIRECTORY` through `filter`, of which only what
/// it says itself comes out.
pub fn run_all_alone(filter: &str, directory: &str) {
    run_cases(filter, directory, false);
}

/// The cases in `tests/cases/DIRECTORY`: file and text.
pub fn cases(directory: &str) -> Vec<(PathBuf, String)> {
    let path = project("tests/cases").join(directory);
    let mut files: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{}: no cases", path.display());
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

fn run_cases(filter: &str, directory: &str, passes: bool) {
    let mut failures = String::new();
    for (file, text) in cases(directory) {
        if let Err(difference) = one(filter, &text, passes) {
            failures.push_str(&format!("{}: {difference}\n", file.display()));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

fn one(filter: &str, text: &str, passes: bool) -> Result<(), String> {
    let mut options = if passes { vec!["-a"] } else { Vec::new() };
    let mut inputs = vec![String::new()];
    let mut expected = Vec::new();
    for line in text.lines() {
        match line.split_at_checked(2) {
            Some(("$ ", words)) => options.extend(words.split(' ')),
            Some(("< ", record)) => {
                inputs.last_mut().unwrap().push_str(&format!("{record}\n"));
                if passes {
                    expected.push(record);
                }
            }
            Some(("> ", record)) => expected.push(record),
            Some(("! ", _)) => inputs.push(String::new()),
            Some(("# ", _)) | None => {}
            Some(_) => return Err(format!("not a line of a case: {line}")),
        }
    }
    assert!(!expected.is_empty() && inputs.iter().all(|input| !input.is_empty()), "a case without records");
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state").display().to_string();
    if inputs.len() > 1 {
        options.extend(["--state", &state]);
    }
    let mut out = String::new();
    for input in inputs {
        let said = run(filter, &options, input.as_bytes());
        if said.code() != 0 || !said.err.is_empty() {
            return Err(format!("status {}: {}", said.code(), said.err));
        }
        out.push_str(&said.out);
    }
    let got: Vec<&str> = out.lines().collect();
    for (number, pair) in expected.iter().zip(&got).enumerate() {
        if pair.0 != pair.1 {
            return Err(format!("line {} of the output:\n  expected {}\n  got      {}", number + 1, pair.0, pair.1));
        }
    }
    if got.len() == expected.len() {
        Ok(())
    } else {
        let more = got.get(expected.len()).or(expected.get(got.len()).as_ref().copied());
        Err(format!("{} lines expected, {} came; the first beyond: {more:?}", expected.len(), got.len()))
    }
}

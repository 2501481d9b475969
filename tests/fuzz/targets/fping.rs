//! fping's words, and lines of lists of targets: what is understood is within its
//! bounds, and no line stands for more targets than are allowed.
#![no_main]

use std::time::Duration;

use hbkit::fping_call::{Call, meant, parse};
use hbkit::targets::{MANY, expand, of_line};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let words: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
    let _ = meant(&words);
    match parse(&words) {
        Ok(Call::Ask(wanted)) => {
            assert!(wanted.period > Duration::ZERO && wanted.timeout > Duration::ZERO);
            assert!((20..=65_488).contains(&wanted.size) && wanted.retries <= 20);
            assert!((100..=500).contains(&wanted.backoff) && wanted.count.is_none_or(|count| count > 0));
            assert!(!(wanted.forever && wanted.count.is_some()));
            assert!(!wanted.targets.is_empty() || wanted.file.is_some());
        }
        Ok(Call::Help | Call::Version) => {}
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error:?}"),
    }
    let mut named = Vec::new();
    for word in text.lines().filter_map(of_line) {
        let before = named.len();
        if expand(word, &mut named).is_err() {
            assert_eq!(named.len(), before, "a line that is wrong named targets");
        }
        assert!(named.len() <= MANY);
    }
});

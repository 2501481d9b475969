//! Records for people: any record is a sentence on one line, and which of them tell
//! what happened is known in bounded memory.
#![no_main]

use hbkit::chronicle::{Sieve, Wanted, is_conclusion, sentence};
use hbkit::record::Record;
use hbkit_fuzz::bounded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut sieve = Sieve::default();
    let wanted = Wanted { group: Some("web".to_owned()), node: Some("n2".to_owned()) };
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(record) = Record::parse(line) else { continue };
        bounded(4 * data.len() + 65_536, || sieve.tells(&record));
        // A list of words takes many times their letters.
        let text = bounded(64 * line.len() + 4096, || sentence(&record));
        assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
        assert!(Wanted::default().wants(&record));
        assert!(!wanted.wants(&record) || record.rest().contains("n2") || record.kind == "ask");
        // What repeats a decision is no answer to be judged again.
        assert!(!is_conclusion(&record) || record.kind != "tick");
    }
});

//! Lines between the tools: words and fields are what splitting at blanks gives,
//! and what is written is read as the same.
#![no_main]

use hbkit::json;
use hbkit::record::{Line, MAX, Record, decode, encode, is_key};
use hbkit::time::Time;
use hbkit_fuzz::{Choices, bounded};
use libfuzzer_sys::fuzz_target;

fn read(data: &[u8]) {
    let line = data.strip_suffix(b"\n").unwrap_or(data);
    let parsed = bounded(2 * data.len() + 64, || Record::parse(data));
    if let Ok(text) = std::str::from_utf8(line) {
        assert_eq!(Record::parse_text(text).is_ok(), parsed.is_ok());
    }
    let Ok(record) = parsed else { return };
    assert!(line.len() < MAX);
    let all: Vec<&str> = record.rest().split(' ').collect();
    assert_eq!(
        record.raw_words().map(<[u8]>::to_vec).collect::<Vec<_>>(),
        all.iter().map(|w| w.as_bytes()).collect::<Vec<_>>()
    );
    let fields: Vec<(&str, &str)> = all.iter().filter_map(|word| word.split_once('=')).collect();
    assert_eq!(record.raw_fields().collect::<Vec<_>>(), fields);
    let words: Vec<&str> = all.iter().copied().filter(|w| !w.is_empty()).take_while(|w| !w.contains('=')).collect();
    assert_eq!(record.words().collect::<Vec<_>>(), words);
    assert_eq!((record.subject(), record.state()), (words.first().copied(), words.get(1).copied()));
    for (key, value) in &fields {
        let first = fields.iter().find(|(name, _)| name == key).map(|(_, value)| *value);
        assert_eq!((record.raw(key), record.raw_all([key])), (first, [first]));
        let bytes = decode(value);
        assert!(bytes.len() <= value.len());
        let mut again = String::new();
        encode(&bytes, &mut again);
        assert_eq!(decode(&again), bytes);
        assert_eq!(record.get(key).is_some(), first.is_some_and(|first| std::str::from_utf8(&decode(first)).is_ok()));
    }
    let text = bounded(32 * line.len() + 4096, || json::from_record(&record));
    assert!(!text.bytes().any(|byte| byte < b' '), "a control character in JSON");
}

fn write(data: &[u8]) {
    let mut choices = Choices(data);
    // Longer ones than people live are not written.
    let time = Time::from_micros(choices.number() >> 1);
    let (mut line, mut words, mut fields) = (Line::new("msg", time), Vec::new(), Vec::new());
    while !choices.is_empty() {
        let kind = choices.byte();
        let length = choices.below(40);
        let bytes = choices.bytes(length);
        if kind % 4 == 0 && fields.is_empty() && !bytes.is_empty() {
            let word = String::from_utf8_lossy(bytes).into_owned();
            line = line.word(&word);
            words.push(word);
        } else {
            let key = String::from_utf8_lossy(choices.bytes(3)).into_owned();
            line = line.bytes(&key, bytes);
            if is_key(&key) {
                fields.push((key, bytes.to_vec()));
            }
        }
    }
    let text = line.finish();
    let record = Record::parse_text(&text).expect("what is written can be read");
    assert_eq!((record.kind, record.time), ("msg", time));
    let read = record.raw_fields().map(|(key, value)| (key.to_owned(), decode(value).into_owned()));
    let read: Vec<(String, Vec<u8>)> = read.collect();
    match record.raw("cut") {
        Some(_) => assert!(read.len() <= fields.len() + 1),
        None => {
            assert_eq!(read, fields);
            assert_eq!(
                record.words().map(|word| String::from_utf8_lossy(&decode(word)).into_owned()).collect::<Vec<_>>(),
                words
            );
        }
    }
}

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((0, rest)) => write(rest),
        _ => read(data),
    }
});

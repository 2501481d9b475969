use super::*;

fn parse(text: &str) -> Result<Record<'_>, RecordError> {
    Record::parse(text.as_bytes())
}

#[test]
fn a_record_is_taken_apart() {
    let record = parse("node 12.500000 node2 dead silent=10.0 why=no%20news\n").unwrap();
    assert_eq!(record.kind, "node");
    assert_eq!(record.time, Time::from_micros(12_500_000));
    assert_eq!(record.subject(), Some("node2"));
    assert_eq!(record.state(), Some("dead"));
    assert_eq!(record.get("why").as_deref(), Some("no news"));
    assert_eq!(record.get("nothing"), None);
}

#[test]
fn fields_are_no_words() {
    let record = parse("tick 1.0 a=b c").unwrap();
    assert_eq!(record.subject(), None);
    assert_eq!(record.raw("a"), Some("b"));
}

#[test]
fn lines_that_are_no_records_are_refused_with_their_cause() {
    assert_eq!(parse(""), Err(RecordError::Empty));
    assert_eq!(parse("\n"), Err(RecordError::Empty));
    assert_eq!(parse("tick"), Err(RecordError::NoTime));
    assert_eq!(parse("Tick 1"), Err(RecordError::Kind));
    assert_eq!(parse(" 1"), Err(RecordError::Kind));
    assert!(matches!(parse("tick now"), Err(RecordError::Time(_))));
    assert_eq!(Record::parse(b"tick 1 \xff"), Err(RecordError::Encoding));
    let long = format!("tick 1 {}", "x".repeat(MAX));
    assert_eq!(parse(&long), Err(RecordError::TooLong));
}

#[test]
fn every_byte_survives_a_value() {
    let all: Vec<u8> = (0..=255).collect();
    let line = Line::new("msg", Time::ZERO).bytes("v", &all).finish();
    assert!(line.bytes().all(|b| (b' '..=b'~').contains(&b)), "{line}");
    let record = parse(&line).unwrap();
    assert_eq!(&*decode(record.raw("v").unwrap()), &all[..]);
}

#[test]
fn a_percent_sign_without_digits_stays() {
    assert_eq!(&*decode("100%"), b"100%");
    assert_eq!(&*decode("%zz%4"), b"%zz%4");
}

#[test]
fn a_word_cannot_become_a_field_or_two_words() {
    let line = Line::new("ask", Time::ZERO).word("a=b c").finish();
    assert_eq!(line, "ask 0.000000 a%3Db%20c");
}

#[test]
fn a_key_that_would_break_the_line_is_left_out() {
    let line = Line::new("msg", Time::ZERO).field("a b", 1).field("", 1).field("ok", 1).finish();
    assert_eq!(line, "msg 0.000000 ok=1");
}

#[test]
fn a_record_never_outgrows_a_pipes_atomic_write() {
    let mut line = Line::new("msg", Time::ZERO);
    for n in 0..200 {
        line = line.field(&format!("k{n}"), "x".repeat(40));
    }
    let text = line.finish();
    assert!(text.len() < MAX, "{}", text.len());
    assert!(parse(&text).unwrap().raw("cut").is_some());
}

/// Words as they are described: one blank separates them.
fn described(rest: &str) -> (Vec<&str>, Vec<(&str, &str)>) {
    let all = || rest.split(' ').filter(|word| !word.is_empty());
    (all().take_while(|word| !word.contains('=')).collect(), all().filter_map(|word| word.split_once('=')).collect())
}

#[test]
fn words_and_fields_are_found_wherever_they_stand() {
    // Neighbours in value are what a search by numbers takes for a blank.
    let letters = ['!', ' ', ' ', '=', '<', 'a', '\u{1f}', '\u{e9}', '\u{a0}'];
    let mut seed = 1u32;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as usize % below
    };
    for case in 0..20_000 {
        let rest: String = (0..next(40)).map(|_| letters[next(letters.len())]).collect();
        let text = format!("msg 1.5 {rest}");
        let record = parse(&text).unwrap();
        let (words, fields) = described(&rest);
        assert_eq!(record.words().collect::<Vec<_>>(), words, "case {case}: {text:?}");
        assert_eq!(record.raw_fields().collect::<Vec<_>>(), fields, "case {case}: {text:?}");
        assert_eq!(record.subject(), words.first().copied(), "case {case}: {text:?}");
        let bytes: Vec<&[u8]> = record.raw_words().filter(|word| !word.is_empty()).collect();
        assert_eq!(bytes.concat(), rest.replace(' ', "").as_bytes(), "case {case}: {text:?}");
    }
}

#[test]
fn a_time_is_read_however_it_is_written() {
    for (text, micros) in [
        ("12.000345", 12_000_345),
        ("12.00034599", 12_000_345),
        ("12", 12_000_000),
        ("12.", 12_000_000),
        (".5", 500_000),
    ] {
        for line in [format!("tick {text}"), format!("tick {text} ")] {
            assert_eq!(parse(&line).unwrap().time, Time::from_micros(micros), "{line}");
        }
    }
    for text in ["12.00034x", "12.000345x", "12:000345", "99999999999999.000000"] {
        assert!(matches!(parse(&format!("tick {text}")), Err(RecordError::Time(_))), "{text}");
    }
    assert_eq!(parse("tick 9999999999999.999999").unwrap().time, Time::from_micros(9_999_999_999_999_999_999));
}

#[test]
fn text_for_people_stays_on_its_line() {
    assert_eq!(plain("a%20b%0Ac%1B[2J%FF%C3%A4"), "a b c [2J\u{fffd}ä");
}

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

#[test]
fn the_first_of_two_bytes_is_found_wherever_it_stands() {
    for length in 0..40 {
        for at in 0..length {
            for later in at..length {
                // Neighbours in value are what such a search takes for a hit.
                let mut text = vec![b'!'; length];
                text[later] = b' ';
                text[at] = b'=';
                assert_eq!(find(&text, b' ', b'='), Some(at), "{text:?}");
                assert_eq!(find(&text, b'=', b'='), Some(at), "{text:?}");
            }
        }
        for byte in [b'!', b'<', b'>', 0, 0x1f, 0x7f, 0x80, 0xa0, 0xbd, 0xff] {
            assert_eq!(find(&vec![byte; length], b' ', b'='), None);
        }
    }
}

use zeroize::Zeroizing;

use super::*;
use crate::auth::Method;

fn key() -> Key {
    Key::new(2, Method::Md5, &Zeroizing::new(b"secret".to_vec())).unwrap()
}

#[test]
fn a_message_of_every_type_that_text_carries_survives() {
    let mut message = Message::new();
    message.push("t", "status");
    message.push("nl", "line1\nline2");
    message.push("empty", "");
    message.push_binary("bin", (0..=255).collect::<Vec<u8>>());
    message.fields.push(Field { name: "list".into(), value: Value::List(Cow::Borrowed(b"3:abc,4:defg,")) });
    let bytes = encode(&message, &key()).unwrap();
    assert!(bytes.starts_with(b">>>\nt=status\nnl=line1\x13line2\nempty=\n(1)bin=AAEC"));
    let sealed = unseal(&bytes).unwrap();
    assert!(key().verify(sealed.covered, sealed.token));
    assert_eq!(parse(sealed.covered).unwrap(), message);
}

#[test]
fn one_nul_may_stand_behind_a_message() {
    let mut message = Message::new();
    message.push("t", "status");
    let mut bytes = encode(&message, &key()).unwrap();
    let alone = unseal(&bytes).unwrap().covered.to_vec();
    bytes.push(0);
    assert_eq!(unseal(&bytes).unwrap().covered, alone);
    bytes.push(0);
    assert_eq!(unseal(&bytes), Err(FormError::Framing));
}

#[test]
fn every_cut_is_refused() {
    let mut message = Message::new();
    message.push("t", "status");
    let bytes = encode(&message, &key()).unwrap();
    for end in 0..bytes.len() {
        assert!(unseal(&bytes[..end]).is_err(), "cut to {end}");
    }
}

#[test]
fn the_authentication_part_is_the_last_line() {
    assert_eq!(unseal(b">>>\nauth=2 ab\nt=x\n<<<\n"), Err(FormError::NoAuth));
    assert_eq!(unseal(b">>>\nt=x\n<<<\n"), Err(FormError::NoAuth));
    assert_eq!(unseal(b">>>\n<<<\n"), Err(FormError::NoAuth));
    assert_eq!(unseal(b">>>\nt=x\nauth=2\n<<<\n"), Err(FormError::BadAuth));
    assert_eq!(parse(b"t=x\nauth=2 ab\n"), Err(FormError::Field));
}

#[test]
fn lines_that_are_no_fields_are_refused() {
    for (lines, why) in [
        ("garbage\n", FormError::Field),
        ("\n", FormError::Field),
        ("=x\n", FormError::Field),
        (">>>=x\n", FormError::Field),
        ("t=a\0b\n", FormError::Value),
        ("t=a\rb\n", FormError::Value),
        ("(3)t=1:\r,\n", FormError::Value),
        ("(0)t=x\n", FormError::Value),
        ("(9)t=x\n", FormError::Type),
        ("(2)t=x\n", FormError::Type),
        ("(4)t=x\n", FormError::Type),
        ("(1)t=QUJ\n", FormError::Base64),
        ("(1)t=!!!!\n", FormError::Base64),
        ("(3)t=abc\n", FormError::List),
    ] {
        assert_eq!(parse(lines.as_bytes()), Err(why), "{lines:?}");
    }
}

#[test]
fn the_number_of_fields_is_bounded() {
    assert!(parse("t=x\n".repeat(MAX_FIELDS).as_bytes()).is_ok());
    assert_eq!(parse("t=x\n".repeat(MAX_FIELDS + 1).as_bytes()), Err(FormError::TooManyFields));
}

#[test]
fn what_cannot_stand_in_text_is_not_written() {
    let texts = [b"\0", b"\x13", b"\r"].map(|text| Value::Text(text.as_slice().into()));
    for value in texts.into_iter().chain([b"1:\n,", b"1:\r,"].map(|list| Value::List(list.as_slice().into()))) {
        let message = Message { fields: vec![Field { name: "x".into(), value }] };
        assert_eq!(encode(&message, &key()), Err(FormError::Value));
    }
    let nested = Message { fields: vec![Field { name: "x".into(), value: Value::Nested(Message::new()) }] };
    assert_eq!(encode(&nested, &key()), Err(FormError::Type));
}

#[test]
fn base64_that_is_not_canonical_is_refused() {
    // The digest covers the text: two texts must not mean the same bytes.
    for (value, good) in [("AA==", true), ("", true), ("AB==", false), ("AA=", false), ("AA", false), ("A A=", false)] {
        let text = format!("t=status\n(1)srcuuid={value}\n");
        assert_eq!(parse(text.as_bytes()).is_ok(), good, "{value:?}");
    }
}

#[test]
fn a_message_may_have_so_many_bytes_and_no_more() {
    let padded = |room: usize| {
        let mut message = Message::new();
        message.push("t", "x".repeat(room));
        encode(&message, &key()).unwrap()
    };
    let room = MAX_BYTES - padded(0).len();
    assert!(unseal(&padded(room)).is_ok());
    assert_eq!(unseal(&padded(room + 1)), Err(FormError::TooLong));
}

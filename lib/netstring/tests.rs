use zeroize::Zeroizing;

use super::*;
use crate::auth::Method;

fn key() -> Key {
    Key::new(2, Method::Sha1, &Zeroizing::new(b"secret".to_vec())).unwrap()
}

/// Fields without their frame, as a message that can be parsed.
fn fields(body: &str) -> Result<(), FormError> {
    parse(format!("###\n{body}%%%\n").as_bytes()).map(|_| ())
}

#[test]
fn a_message_of_every_type_survives() {
    let mut inner = Message::new();
    inner.push("x", "1");
    let mut message = Message::new();
    message.push("t", "test\nof%%%\nall");
    message.push_binary("bin", (0..=255).collect::<Vec<u8>>());
    message.fields.push(Field { name: "inner".into(), value: Value::Nested(inner) });
    message.fields.push(Field { name: "list".into(), value: Value::List(Cow::Borrowed(b"3:abc,4:defg,")) });
    message.fields.push(Field { name: "zip".into(), value: Value::Compressed(Cow::Borrowed(b"\x78\x9c,")) });
    message.push("empty", "");
    let bytes = encode(&message, &key());
    let sealed = unseal(&bytes).unwrap();
    assert!(key().verify(sealed.covered, sealed.token));
    assert_eq!(parse(sealed.covered).unwrap(), message);
}

#[test]
fn the_example_of_the_format_is_written_so() {
    let mut message = Message::new();
    message.push("t", "status");
    assert!(encode(&message, &key()).starts_with(b"###\n11:(0)t=status,%%%\n42:2 "));
}

#[test]
fn every_cut_and_every_added_byte_is_refused() {
    let mut message = Message::new();
    message.push("t", "status");
    let bytes = encode(&message, &key());
    for end in 0..bytes.len() {
        assert!(unseal(&bytes[..end]).is_err(), "cut to {end}");
    }
    for extra in [b",".as_slice(), b"\0", b"x", b"\n", b"%%%\n"] {
        assert!(unseal(&[&bytes, extra].concat()).is_err(), "with {extra:?}");
    }
}

#[test]
fn lengths_are_plain_decimal_numbers_that_fit() {
    for body in [
        "0:,",
        "00:,",
        "011:(0)t=status,",
        "-1:(0)t=x,",
        "+7:(0)t=ab,",
        " 7:(0)t=ab,",
        ":(0)t=x,",
        "999999:(0)t=x,",
        "99999999999999999999:(0)t=x,",
        "5:(0)t=x,",
        "7:(0)t=x,",
        "6;(0)t=x,",
        "6:(0)t=x;",
    ] {
        assert_eq!(fields(body), Err(FormError::Length), "{body}");
    }
    assert_eq!(fields("6:(0)t=x,"), Ok(()));
}

#[test]
fn fields_without_type_name_or_equals_are_refused() {
    for body in ["1:x,", "3:t=x,", "4:(0)t,", "4:(0)=,", "5:(0)=x,", "6:(00)=x,", "6:(0(t=x,", "8:(0)(1)t=,"] {
        assert_eq!(fields(body), Err(FormError::Field), "{body}");
    }
}

#[test]
fn types_that_do_not_travel_are_refused() {
    for digit in ['5', '6', '7', '8', '9', 'a', '/'] {
        assert_eq!(fields(&format!("6:({digit})t=x,")), Err(FormError::Type), "{digit}");
    }
}

#[test]
fn the_number_of_fields_and_the_depth_are_bounded() {
    assert_eq!(fields(&"6:(0)t=x,".repeat(MAX_FIELDS)), Ok(()));
    assert_eq!(fields(&"6:(0)t=x,".repeat(MAX_FIELDS + 1)), Err(FormError::TooManyFields));
    let nest = |depth: usize| {
        (0..depth).fold(String::from("6:(0)t=x,"), |body, _| {
            let inner = format!("(2)m=###\n{body}%%%\n");
            format!("{}:{inner},", inner.len())
        })
    };
    assert_eq!(fields(&nest(MAX_DEPTH - 1)), Ok(()));
    assert_eq!(fields(&nest(MAX_DEPTH)), Err(FormError::TooDeep));
}

#[test]
fn a_list_is_a_sequence_of_netstrings() {
    assert_eq!(fields("12:(3)l=3:abc,,"), Err(FormError::Length));
    assert_eq!(fields("11:(3)l=3:abc,,"), Ok(()));
    assert_eq!(fields("5:(3)l=,"), Ok(()));
    assert_eq!(fields("8:(3)l=0:,,"), Err(FormError::List));
    assert_eq!(fields("8:(3)l=abc,"), Err(FormError::List));
}

#[test]
fn the_authentication_part_is_a_number_and_lower_case_digits() {
    for auth in ["16 ab", "-1 ab", "01 ab", "2  ab", "2 AB", "2 xy", "2 ", "2", " ab", "x ab", "2 ab "] {
        assert_eq!(read_auth(auth.as_bytes()), None, "{auth}");
    }
    assert_eq!(read_auth(b"15 0a"), Some((15, b"0a".as_slice())));
    assert_eq!(read_auth(format!("1 {}", "a".repeat(65)).as_bytes()), None);
}

#[test]
fn a_token_has_as_many_digits_as_the_longest_digest_at_most() {
    let token = "0123456789abcdef".repeat(4);
    assert_eq!(read_auth(format!("15 {token}").as_bytes()), Some((15, token.as_bytes())));
    assert_eq!(read_auth(format!("15 {token}0").as_bytes()), None);
}

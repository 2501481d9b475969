use super::*;

fn status() -> Message<'static> {
    let mut message = Message::new();
    for (name, value) in [("t", "status"), ("src", "Node2"), ("seq", "1f"), ("hg", "6b0114aa"), ("ts", "6b0114ab")] {
        message.push(name, value);
    }
    message
}

fn without(name: &str) -> Message<'static> {
    let mut message = status();
    message.fields.retain(|field| field.name != name);
    message
}

#[test]
fn a_header_has_its_numbers_and_the_node_in_lower_case() {
    let message = status();
    let header = Header::of(&message).unwrap();
    assert_eq!((header.kind, header.node.as_str()), ("status", "node2"));
    assert_eq!((header.generation, header.sequence), (0x6b01_14aa, Some(0x1f)));
}

#[test]
fn a_message_without_any_of_the_needed_fields_is_refused() {
    for name in ["t", "src", "seq", "hg", "ts"] {
        let message = without(name);
        assert_eq!(Header::of(&message), Err(HeaderError::Missing(name)));
    }
}

#[test]
fn a_control_message_needs_no_sequence_number() {
    let mut message = without("seq");
    message.fields[0].value = Value::Text(Cow::Borrowed(b"NS_ackmsg"));
    assert_eq!(Header::of(&message).unwrap().sequence, None);
}

#[test]
fn numbers_are_plain_hexadecimal_and_not_zero() {
    for value in ["0", "", "+1", "-1", "0x1", "g", " 1", "11111111111111111"] {
        let mut message = without("seq");
        message.push("seq", value);
        assert_eq!(Header::of(&message), Err(HeaderError::Number("seq")), "{value:?}");
    }
}

#[test]
fn a_sender_whose_name_cannot_stand_in_a_record_is_refused() {
    let mut message = without("src");
    message.push("src", "node 2=x");
    assert!(matches!(Header::of(&message), Err(HeaderError::Name(_))));
}

#[test]
fn of_two_fields_with_one_name_the_first_counts() {
    let mut message = status();
    message.push("t", "resource");
    assert_eq!(message.text("t"), Some("status"));
}

#[test]
fn names_that_could_be_taken_for_something_else_are_no_names() {
    for name in ["", "a b", "a=b", "(1)x", "<<<", ">>>", "###", "n\u{e4}me", "a\n"] {
        assert!(!is_field_name(name.as_bytes()), "{name:?}");
    }
    assert!(is_field_name(b"_compressed_payload"));
    assert!(!is_field_name(&[b'a'; MAX_NAME + 1]));
}

#[test]
fn plain_is_what_text_can_carry_and_all_but_messages_have_bytes() {
    for (value, is_plain, bytes) in [
        (Value::Text(b"ab".into()), true, Some(&b"ab"[..])),
        (Value::Binary(b"\0".into()), true, Some(b"\0")),
        (Value::List(b"1:a,".into()), true, Some(b"1:a,")),
        (Value::Compressed(b"c".into()), false, Some(b"c")),
        (Value::Nested(Message::new()), false, None),
    ] {
        assert_eq!(value.bytes(), bytes);
        let mut message = Message::new();
        message.push("t", "status");
        message.fields.push(Field { name: "x".into(), value });
        assert_eq!(message.is_plain(), is_plain, "{message:?}");
    }
}

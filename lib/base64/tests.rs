use super::*;

#[test]
fn the_examples_of_rfc_4648_hold() {
    for (bytes, text) in
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")]
    {
        let mut out = Vec::new();
        encode(bytes.as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), text);
        assert_eq!(decode(text.as_bytes()).unwrap(), bytes.as_bytes());
    }
}

#[test]
fn every_byte_survives() {
    let all: Vec<u8> = (0..=255).collect();
    let mut out = Vec::new();
    encode(&all, &mut out);
    assert_eq!(decode(&out).unwrap(), all);
}

#[test]
fn text_that_is_not_canonical_is_refused() {
    for text in ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm9 ", "!!!!", "Zm9v\n"] {
        assert_eq!(decode(text.as_bytes()), None, "{text:?}");
    }
}

use std::io::Write as _;

use zeroize::Zeroizing;

use super::*;
use crate::auth::{Key, Method};

fn key() -> Key {
    Key::new(2, Method::Sha1, &Zeroizing::new(b"secret".to_vec())).unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn wrapped(payload: Vec<u8>, algorithm: &str) -> Message<'static> {
    let mut message = Message::new();
    message.push_binary(PAYLOAD, payload);
    message.push(ALGORITHM, algorithm);
    message
}

fn status() -> Message<'static> {
    let mut message = Message::new();
    message.push("t", "status");
    message.push("filler", "x".repeat(5_000));
    message
}

#[test]
fn what_is_inside_comes_out_of_either_compression_and_format() {
    let text = [&classic::encode(&status(), &key()).unwrap()[..], b"\0"].concat();
    let sealed = netstring::encode(&status(), &key());
    let fields = netstring::unseal(&sealed).unwrap().covered;
    for inner in [&text[..], fields] {
        assert_eq!(whole(wrapped(zlib(inner), "zlib")), Ok(status()));
        assert_eq!(whole(wrapped(bz2(inner), "bz2")), Ok(status()));
    }
}

#[test]
fn a_message_that_holds_none_stays_as_it_is() {
    assert_eq!(whole(status()), Ok(status()));
    let mut text = status();
    text.push(PAYLOAD, "no binary field");
    assert_eq!(whole(text.clone()), Ok(text));
}

#[test]
fn what_is_not_what_it_says_is_refused() {
    let good = zlib(&classic::encode(&status(), &key()).unwrap());
    for (payload, algorithm) in [
        (good.clone(), "bz2"),
        (good.clone(), "lzma"),
        (good.clone(), ""),
        (good[..good.len() / 2].to_vec(), "zlib"),
        (Vec::new(), "zlib"),
        (b"garbage".to_vec(), "zlib"),
        (b"garbage".to_vec(), "bz2"),
    ] {
        assert_eq!(whole(wrapped(payload, algorithm)), Err(FormError::Compressed), "{algorithm}");
    }
    assert_eq!(whole(wrapped(zlib(b"hello"), "zlib")), Err(FormError::Framing));
}

#[test]
fn more_than_a_message_can_have_is_never_inflated() {
    // Two megabytes that a few kilobytes hold.
    let bomb = vec![b'a'; 2 << 20];
    for (payload, algorithm) in [(zlib(&bomb), "zlib"), (bz2(&bomb), "bz2")] {
        assert!(payload.len() < MAX_BYTES);
        assert_eq!(whole(wrapped(payload, algorithm)), Err(FormError::TooLong));
    }
}

#[test]
fn what_is_inside_may_have_as_many_bytes_as_a_message_and_no_more() {
    let padded = |room: usize| {
        let mut message = Message::new();
        message.push("t", "x".repeat(room));
        classic::encode(&message, &key()).unwrap()
    };
    let room = MAX_BYTES - padded(0).len();
    assert!(whole(wrapped(zlib(&padded(room)), "zlib")).is_ok());
    assert_eq!(whole(wrapped(zlib(&padded(room + 1)), "zlib")), Err(FormError::TooLong));
}

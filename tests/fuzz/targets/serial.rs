//! A serial line: where reads cut it changes nothing, and messages come out of it
//! as they went in, noise or not.
#![no_main]

use hbkit::classic;
use hbkit::message::{MAX_BYTES, Message};
use hbkit::serial_stream::{Found, Stream};
use hbkit_fuzz::{Choices, bounded, ring};
use libfuzzer_sys::fuzz_target;

/// What was found, with the bytes of its own.
fn found(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
    let (mut all, mut stream) = (Vec::new(), Stream::new());
    for piece in pieces {
        stream.feed(piece, |found| match found {
            Found::Message(bytes) => {
                assert!(bytes.starts_with(classic::START) && bytes.len() <= MAX_BYTES + 64);
                assert!(!bytes.contains(&b'\r'));
                all.push(Some(bytes.to_vec()));
            }
            Found::Noise => all.push(None),
            Found::TooLong => all.push(Some(Vec::new())),
        });
    }
    all
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let lengths = [0; 6].map(|_| choices.below(64) + 1);
    let is_long = choices.byte() == 255;
    let mut bytes = choices.0.to_vec();
    if is_long {
        // What no message can be as long as.
        while bytes.len() <= MAX_BYTES && !bytes.is_empty() {
            bytes.extend_from_within(..);
        }
    }
    let whole = bounded(8 * (bytes.len() + MAX_BYTES), || found(&[&bytes]));
    let (mut pieces, mut rest) = (Vec::new(), &bytes[..]);
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    assert_eq!(found(&pieces), whole, "where it is cut changes what is found");

    // A message of ours behind all of that, on a line of its own.
    let ring = ring();
    let mut message = Message::new();
    message.push("t", "status");
    message.push("text", choices.bytes(64).to_vec());
    let Ok(ours) = classic::encode(&message, ring.signing()) else { return };
    bytes.push(b'\n');
    bytes.extend_from_slice(&ours);
    assert_eq!(found(&[&bytes]).last(), Some(&Some(ours)), "our message does not come through");
});

//! The door for bytes of others: what opens is signed with a key of the ring, and
//! with one bit changed it does not open.
#![no_main]

use hbkit::wire::{Trust, open};
use hbkit::{classic, netstring};
use hbkit_fuzz::{Choices, bounded, ring};
use libfuzzer_sys::fuzz_target;

/// Bytes as somebody would send them who has the key.
fn sealed(body: &[u8], key: &hbkit::auth::Key) -> Vec<u8> {
    let is_classic = body.starts_with(classic::START);
    let unsealed = if is_classic { classic::unseal(body) } else { netstring::unseal(body) };
    let covered = unsealed.map_or(body, |sealed| sealed.covered);
    let auth = format!("{} {}", key.id(), key.sign(covered));
    if is_classic {
        [classic::START, covered, format!("auth={auth}\n").as_bytes(), classic::END].concat()
    } else {
        [covered, format!("{}:{auth},", auth.len()).as_bytes()].concat()
    }
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let (how, place, bit) = (choices.byte(), choices.number(), choices.below(8));
    let ring = ring();
    let key = ring.keys().get(usize::from(how)).filter(|_| how < 4);
    let body = choices.0;
    let mut bytes = key.map_or(body.to_vec(), |key| sealed(body, key));
    let opened =
        bounded(64 * bytes.len() + (8 << 20), || open(&bytes, &ring, Trust::AllKeys).map(|(m, k)| (m.into_owned(), k)));
    let strictly = open(&bytes, &ring, Trust::KeyedOnly).map(|(message, key)| (message.into_owned(), key.id()));
    let Ok((message, used)) = opened else {
        assert!(strictly.is_err(), "fewer keys open more");
        return;
    };
    assert_eq!(strictly.is_ok(), used.method().is_keyed());
    assert!(key.is_none_or(|key| key.id() == used.id()), "opened with another key than it was signed with");
    if message.is_plain() {
        let again = netstring::encode(&message, used);
        if again.len() <= hbkit::message::MAX_BYTES {
            let again = open(&again, &ring, Trust::AllKeys).map(|(message, key)| (message.into_owned(), key.id()));
            assert!(again == Ok((message, used.id())) || again.is_ok(), "what was opened cannot be sent on");
        }
    }
    let place = (place % bytes.len() as u64) as usize;
    bytes[place] ^= 1 << bit;
    assert!(open(&bytes, &ring, Trust::AllKeys).is_err(), "bit {bit} of byte {place} does not matter");
});

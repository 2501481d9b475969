//! Messages as lines: what is read is written as the same bytes again, and means
//! the same as a netstring.
#![no_main]

use hbkit::message::MAX_BYTES;
use hbkit::{classic, netstring};
use hbkit_fuzz::{bounded, ring};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let sealed = bounded(0, || classic::unseal(data));
    if let Ok(sealed) = sealed {
        assert!(data[classic::START.len()..].starts_with(sealed.covered) && sealed.key <= 15);
        assert!(sealed.covered.is_empty() || sealed.covered.ends_with(b"\n"));
    }
    let covered = sealed.map_or(data, |sealed| sealed.covered);
    let Ok(message) = bounded(48 * data.len() + 8192, || classic::parse(covered)) else { return };
    assert!(message.is_plain() && message.get("auth").is_none());
    let ring = ring();
    let written = bounded(8 * data.len() + 8192, || classic::encode(&message, ring.signing()));
    let written = written.expect("what is read can be written");
    assert!(written[classic::START.len()..].starts_with(covered), "what is read can be written in one way only");
    match classic::unseal(&written) {
        Ok(sealed) => {
            assert_eq!(sealed.covered, covered);
            assert!(ring.signing().verify(sealed.covered, sealed.token));
            let digest = String::from_utf8_lossy(sealed.token);
            assert_eq!(classic::inner_auth(&message, ring.signing()), Ok(format!("{} {digest}", sealed.key)));
        }
        Err(_) => assert!(written.len() > MAX_BYTES, "what is written cannot be opened"),
    }
    let other = netstring::encode(&message, ring.signing());
    if other.len() <= MAX_BYTES {
        let sealed = netstring::unseal(&other).expect("what is written can be opened");
        assert_eq!(netstring::parse(sealed.covered), Ok(message));
    }
});

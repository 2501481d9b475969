//! Messages as netstrings: what is read is written as the same bytes again.
#![no_main]

use hbkit::netstring;
use hbkit_fuzz::{bounded, ring};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limit = 48 * data.len() + 8192;
    let sealed = bounded(0, || netstring::unseal(data));
    if let Ok(sealed) = sealed {
        assert!(data.starts_with(sealed.covered) && sealed.covered.starts_with(netstring::START));
        assert!(sealed.covered.ends_with(netstring::END) && sealed.key <= 15);
        assert!(!sealed.token.is_empty() && sealed.token.len() <= 64);
    }
    let covered = sealed.map_or(data, |sealed| sealed.covered);
    let Ok(message) = bounded(limit, || netstring::parse(covered)) else { return };
    let ring = ring();
    let written = bounded(8 * data.len() + 8192, || netstring::encode(&message, ring.signing()));
    assert!(written.starts_with(covered), "what is read can be written in one way only");
    if let Ok(sealed) = netstring::unseal(&written) {
        assert_eq!(sealed.covered, covered);
        assert!(ring.signing().verify(sealed.covered, sealed.token));
        assert_eq!(netstring::parse(sealed.covered).as_ref(), Ok(&message));
    } else {
        assert!(written.len() > hbkit::message::MAX_BYTES, "what is written cannot be opened");
    }
    assert_eq!(bounded(limit, || message.clone().into_owned()), message);
});

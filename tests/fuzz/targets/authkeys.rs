//! authkeys: the ring has what the file has, and no complaint shows a key.
#![no_main]

use hbkit::authkeys::{self, ID_MAX};
use hbkit::problem::MAX;
use hbkit_fuzz::bounded;
use libfuzzer_sys::fuzz_target;

/// A word that none of our own words can contain.
fn could_be_secret(word: &str) -> bool {
    let kinds: [fn(&u8) -> bool; 3] = [u8::is_ascii_digit, u8::is_ascii_uppercase, u8::is_ascii_lowercase];
    word.len() >= 6 && kinds.iter().all(|kind| word.bytes().any(|b| kind(&b)))
}

fuzz_target!(|data: &[u8]| {
    let (file, problems) = bounded(512 * data.len() + (1 << 18), || authkeys::parse("authkeys", data));
    assert!(problems.iter().count() <= 2 * MAX);
    let said = problems.lines().join("\n");
    assert!(said.bytes().all(|b| b == b'\n' || b.is_ascii_graphic() || b == b' '), "{said:?}");
    let text = String::from_utf8_lossy(data);
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| could_be_secret(word)) {
        assert!(!said.contains(word), "{word} is shown in {said}");
    }
    for entry in &file.entries {
        assert!(entry.key.id() <= ID_MAX);
        assert!(if entry.key.method().is_keyed() { entry.fingerprint.len() == 16 } else { entry.fingerprint == "-" });
        assert!(!said.contains(&entry.fingerprint) || entry.fingerprint == "-");
    }
    match file.ring() {
        None => assert!(problems.has_errors(), "no key to sign with, and no error"),
        Some(ring) => {
            assert_eq!(file.sign, Some(ring.signing().id()));
            let token = ring.signing().sign(b"text");
            assert!(ring.get(ring.signing().id()).is_some_and(|key| key.verify(b"text", token.as_bytes())));
            assert!(!ring.signing().verify(b"texts", token.as_bytes()));
        }
    }
    if problems.has_errors() {
        return;
    }
    let (again, none) = authkeys::parse("authkeys", &[data, b"\n# a comment\n"].concat());
    let known =
        |file: &authkeys::Authkeys| file.entries.iter().map(|entry| entry.fingerprint.clone()).collect::<Vec<_>>();
    assert!(!none.has_errors() && again.sign == file.sign && known(&again) == known(&file));
});

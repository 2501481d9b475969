use super::*;

fn key(method: Method, secret: &str) -> Key {
    Key::new(1, method, &Zeroizing::new(secret.as_bytes().to_vec())).unwrap()
}

#[test]
fn digests_are_those_of_rfc_2202_and_4231() {
    let data = b"what do ya want for nothing?";
    assert_eq!(key(Method::Md5, "Jefe").sign(data), "750c783e6ab0b503eaa86e310a5db738");
    assert_eq!(key(Method::Sha1, "Jefe").sign(data), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_eq!(
        key(Method::Sha256, "Jefe").sign(data),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn crc_is_cksum_without_the_length_and_without_leading_zeros() {
    assert_eq!(key(Method::Crc, "").sign(b"123456789"), "765e7680");
    assert_eq!(key(Method::Crc, "").sign(b""), "ffffffff");
    let short = (0u32..5000).map(|n| key(Method::Crc, "").sign(&n.to_be_bytes())).find(|token| token.len() < 8);
    assert!(short.is_some_and(|token| !token.starts_with('0')));
}

#[test]
fn a_key_longer_than_a_block_is_hashed_first() {
    let data = b"Test Using Larger Than Block-Size Key - Hash Key First";
    let long = Key::new(1, Method::Sha1, &Zeroizing::new(vec![0xaa; 80])).unwrap();
    assert_eq!(long.sign(data), "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

#[test]
fn only_the_right_token_verifies() {
    let key = key(Method::Sha1, "secret");
    let token = key.sign(b"data");
    assert!(key.verify(b"data", token.as_bytes()));
    assert!(!key.verify(b"Data", token.as_bytes()));
    assert!(!key.verify(b"data", &token.as_bytes()[..39]));
    assert!(!key.verify(b"data", b""));
    assert!(!key.verify(b"data", token.to_uppercase().as_bytes()));
}

#[test]
fn a_key_does_not_show_its_secret() {
    assert_eq!(format!("{:?}", key(Method::Md5, "hunter2")), "Key(1:md5)");
}

#[test]
fn a_ring_signs_with_the_last_key_of_its_number() {
    let secret = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    let keys = vec![Key::new(1, Method::Md5, &secret("a")).unwrap(), Key::new(1, Method::Sha1, &secret("b")).unwrap()];
    let ring = KeyRing::new(1, keys).unwrap();
    assert_eq!(ring.signing().method(), Method::Sha1);
    assert_eq!(ring.get(1).map(Key::method), Some(Method::Sha1));
    assert!(ring.get(2).is_none());
    assert_eq!(ring.keys().iter().map(Key::method).collect::<Vec<_>>(), [Method::Md5, Method::Sha1]);
    assert!(KeyRing::new(2, ring.keys().to_vec()).is_none());
}

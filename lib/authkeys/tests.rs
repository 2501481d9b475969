use super::*;

/// A key without any weakness.
const GOOD: &str = "0123456789abcdefSECRET";

fn said(text: &str) -> Vec<String> {
    parse("f", text.as_bytes()).1.iter().map(ToString::to_string).collect()
}

fn signs(text: &str) -> Option<String> {
    parse("f", text.as_bytes()).0.ring().map(|ring| format!("{:?}", ring.signing()))
}

#[test]
fn right_files_are_read_without_a_word() {
    for text in [
        format!("auth 1\n1 sha1 {GOOD}\n"),
        format!("auth 1\n1 sha1 {GOOD}"),
        format!("auth +1\n+1 sha1 {GOOD}\n"),
        format!("auth 1 # c\n\u{b}1 sha1\u{b}{GOOD}\n"),
        format!("# c\n\n  # d\n \tauth\t1\n\t1\tsha1\t{GOOD}\n"),
        format!("auth 01\n1 sha1 {GOOD}\n15 md5 {GOOD}x\n2 sha256 {GOOD}{GOOD}{GOOD}{GOOD}{GOOD}{GOOD}{GOOD}{GOOD}\n"),
    ] {
        assert_eq!(said(&text), [""; 0], "{text}");
        assert_eq!(signs(&text).as_deref(), Some("Key(1:sha1)"), "{text}");
    }
}

#[test]
fn wrong_files_are_errors_with_a_cause() {
    for (text, cause) in [
        ("", "f:1: error: no 'auth NUMBER' line"),
        ("# only\n# comments\n", "f:1: error: no 'auth NUMBER' line"),
        ("1 sha1 GOOD", "f:1: error: no 'auth NUMBER' line"),
        ("auth 2\n1 sha1 GOOD", "f:1: error: 'auth 2' names a key that is not in this file"),
        ("1 sha1 GOOD\nauth 1", "f:2: error: 'auth 1' has to stand above key 1"),
        ("auth 1\n1 sha512 GOOD", "f:2: error: the second word is no method"),
        ("auth 1\n1 SHA1 GOOD", "f:2: error: methods are written in lower case: sha1"),
        ("auth 1\n1 sha1", "f:2: error: sha1 without a key"),
        ("auth 1\n1 sha1 # GOOD", "f:2: error: sha1 without a key: a comment"),
        ("auth 1\n1", "f:2: error: no method"),
        ("auth 1\n1 crc GOOD", "f:2: error: crc takes no key"),
        ("auth 1\n16 sha1 GOOD\n1 sha1 GOOD", "f:2: error: the number of a key is 0 to 15"),
        ("auth 1\n-1 sha1 GOOD\n1 sha1 GOOD", "f:2: error: the number of a key is 0 to 15"),
        ("auth 1\n1 sha1 GOOD\nGOOD", "f:3: error: neither 'auth NUMBER' nor"),
        ("auth 1\n1 sha1 GOOD\nauthenticate 1", "f:3: error: neither 'auth NUMBER' nor"),
        ("auth one\n1 sha1 GOOD", "f:1: error: behind auth stands the number"),
        ("auth\n1 sha1 GOOD", "f:1: error: behind auth stands the number"),
        ("auth 16\n1 sha1 GOOD", "f:1: error: behind auth stands the number"),
        ("auth 1\n1 sha1 GOOD\n2 sha1", "f:3: error: sha1 without a key"),
        ("auth 1\n1 sha1 GOOD two words", "f:2: error: the key has a blank"),
        ("\u{feff}auth 1\n1 sha1 GOOD", "f:1: error: the file begins with a byte order mark"),
        ("auth 1\n\u{b}\n1 sha1 GOOD", "f:2: error: the line begins with a vertical tab"),
        ("auth 1\n \u{b}# c\n1 sha1 GOOD", "f:2: error: the line begins with a vertical tab"),
        ("auth16\n1 sha1 GOOD", "f:1: error: neither 'auth NUMBER' nor"),
        ("auth 1\n1sha512 GOOD\n1 sha1 GOOD", "f:2: error: neither 'auth NUMBER' nor"),
        ("auth 257\n1 sha1 GOOD", "f:1: error: behind auth stands the number"),
        ("auth 1\n1 sha1 GO\0OD", "f:2: error: the line has a NUL byte"),
    ] {
        let text = text.replace("GOOD", GOOD);
        let (_, problems) = parse("f", text.as_bytes());
        let first = problems.iter().map(ToString::to_string).find(|line| line.starts_with(cause));
        assert!(problems.has_errors() && first.is_some(), "{text:?}: {problems:?}");
    }
}

#[test]
fn what_heartbeat_takes_in_silence_is_warned_of() {
    for (text, cause, sign) in [
        ("auth 1\n1 sha1 GOOD # comment", "f:2: warning: a comment behind the key", "Key(1:sha1)"),
        (
            "auth 1\n1 md5 other-key-of-length\n1 sha1 GOOD",
            "f:3: warning: key number 1 stands on line 2 too",
            "Key(1:sha1)",
        ),
        ("auth 1\nauth 2\n1 sha1 GOOD\n2 md5 GOODx", "f:1: warning: 'auth 1' has no effect", "Key(2:md5)"),
        ("auth 1\n1 sha1 GOOD\n2 md5 GOODx\nauth 2", "f:4: warning: 'auth 2' has no effect", "Key(1:sha1)"),
        ("auth 1\n1 crc", "f:2: warning: crc finds damage only", "Key(1:crc)"),
        ("auth 1\n1 sha1 short", "f:2: warning: a key with fewer than 16 characters", "Key(1:sha1)"),
        ("auth 1\n1 sha1 aaaaaaaaaaaaaaaaaaaa", "f:2: warning: the key is one character repeated", "Key(1:sha1)"),
        ("auth 0\n0 sha1 GOOD", "f:2: warning: key number 0", "Key(0:sha1)"),
        ("auth 1\r\n1 sha1 GOOD\r\n", "f:1: warning: lines end in CR LF", "Key(1:sha1)"),
        ("auth1\n1 sha1 GOOD", "f:1: warning: no blank behind auth", "Key(1:sha1)"),
        ("auth 1x\n1 sha1 GOOD", "f:1: warning: letters behind the number are ignored", "Key(1:sha1)"),
        ("auth 1\n1sha1 GOOD", "f:2: warning: no blank behind the number", "Key(1:sha1)"),
        ("auth 1\n1 sha1 GOOD\n2 md5 GOOD", "f:3: warning: the same key as number 1", "Key(1:sha1)"),
        ("auth 1\n1 sha1 GOOD\u{1}", "f:2: warning: the key has control characters", "Key(1:sha1)"),
        ("auth 1\n1 sha1 \"GOOD\"", "f:2: warning: the key begins with a quote", "Key(1:sha1)"),
        ("auth 1\n1 sha1 GOOD#1", "f:2: warning: the key has a '#'", "Key(1:sha1)"),
        ("auth 1\n1 sha1 GOOD\u{201d}", "f:2: warning: the key has bytes outside ASCII", "Key(1:sha1)"),
        ("auth 1 2\n1 sha1 GOOD", "f:1: warning: what stands behind the number is ignored", "Key(1:sha1)"),
    ] {
        let text = text.replace("GOOD", GOOD);
        let said = said(&text);
        assert_eq!(said.len(), 1, "{text:?}: {said:?}");
        assert!(said[0].starts_with(cause), "{text:?}: {said:?}");
        assert_eq!(signs(&text).as_deref(), Some(sign), "{text:?}");
    }
}

#[test]
fn no_message_shows_a_word_that_could_be_the_key() {
    for text in [
        GOOD.to_owned(),
        format!("auth {GOOD}"),
        format!("auth 1 {GOOD}"),
        format!("1 {GOOD}"),
        format!("1 {GOOD} sha1"),
        format!("1 crc {GOOD}"),
        format!("1 sha1 x {GOOD}"),
        format!("1 sha1 {GOOD} {GOOD}"),
        format!("a{GOOD}"),
        format!("1{GOOD}"),
        format!("16 sha1 {GOOD}"),
        format!("1 sha1 {GOOD}\r1 sha1 {GOOD}"),
    ] {
        let (authkeys, problems) = parse("f", text.as_bytes());
        let shown = format!("{problems:?} {problems} {authkeys:?} {:?}", said(&text));
        assert!(!shown.contains("SECRET"), "{shown}");
        assert!(!shown.contains("012345"), "{shown}");
    }
}

#[test]
fn fingerprints_compare_keys_and_nothing_else() {
    let prints = |text: &str| -> Vec<String> {
        parse("f", text.as_bytes()).0.entries.into_iter().map(|entry| entry.fingerprint).collect()
    };
    let mine = prints(&format!("auth 1\n1 sha1 {GOOD}\n2 md5 {GOOD}\n3 sha1 {GOOD}x\n4 crc"));
    assert_eq!(mine[0], mine[1]);
    assert_ne!(mine[0], mine[2]);
    assert_eq!(mine[3], "-");
    assert_eq!(mine[0].len(), 16);
    assert_eq!(mine[0], FINGERPRINT_OF_GOOD);
}

/// From `printf 'hbkit authkeys fingerprint 1' | openssl dgst -sha256 -hmac
/// 0123456789abcdefSECRET`, cut to 16 digits.
const FINGERPRINT_OF_GOOD: &str = "8c3b0c50ef3b71a2";

#[test]
fn a_key_works_as_the_ring_that_was_read() {
    let ring = parse("f", format!("auth 2\n1 sha1 x\n2 sha1 {GOOD}").as_bytes()).0.ring().unwrap();
    let secret = Zeroizing::new(GOOD.as_bytes().to_vec());
    let key = Key::new(2, Method::Sha1, &secret).unwrap();
    assert!(ring.get(2).unwrap().verify(b"data", key.sign(b"data").as_bytes()));
    assert!(!ring.get(1).unwrap().verify(b"data", key.sign(b"data").as_bytes()));
}

#[test]
fn only_a_file_without_an_error_gives_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("authkeys");
    let good = format!("auth 1\n1 sha1 {GOOD}\n");
    let bad = format!("{good}2 sha512 {GOOD}\n");
    for (text, mode, is_fit) in [(&good, 0o600, true), (&good, 0o644, false), (&bad, 0o600, false)] {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(read(&path).map(|ring| ring.signing().id()).is_ok_and(|id| id == 1), is_fit, "{mode:o} {text}");
        // What is wrong is told with what can be used all the same.
        let (file, problems) = examine(&path).unwrap();
        assert_eq!((file.sign, problems.has_errors()), (Some(1), !is_fit));
    }
}

#[test]
fn a_key_of_sixteen_characters_is_long_enough() {
    let said = |key: &str| said(&format!("auth 1\n1 sha1 {key}\n"));
    assert_eq!(said(&GOOD[..SHORT]), [""; 0]);
    assert!(said(&GOOD[..SHORT - 1])[0].contains("fewer than 16 characters"));
}

#[test]
fn an_auth_line_behind_its_key_has_no_effect() {
    let text = format!("auth 1\n1 sha1 {GOOD}\nauth 1\n");
    assert_eq!(said(&text), ["f:3: warning: 'auth 1' has no effect: key 1 is the one to send with"]);
}

#[test]
fn a_file_that_is_made_has_one_key_to_sign_with() {
    assert_eq!(said(&one_key(Method::Sha256, GOOD)), [""; 0]);
    assert_eq!(signs(&one_key(Method::Sha256, GOOD)).as_deref(), Some("Key(1:sha256)"));
}

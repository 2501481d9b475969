use super::*;

const NEW: &str = "fedcba9876543210fedcba9876543210";

fn text(text: &str) -> String {
    text.replace("GOOD", "0123456789abcdefSECRET").replace("NEW", NEW)
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_key_more_stands_at_the_end_and_changes_nothing_else() {
    for (before, after) in [
        ("auth 1\n1 sha1 GOOD\n", "auth 1\n1 sha1 GOOD\n2 sha1 NEW\n"),
        ("auth 1\n1 sha1 GOOD", "auth 1\n1 sha1 GOOD\n2 sha1 NEW\n"),
        ("# a\nauth 1\r\n1 sha1 GOOD\r\n", "# a\nauth 1\r\n1 sha1 GOOD\r\n2 sha1 NEW\n"),
        ("auth 1\r\n1 sha1 GOOD\r\n", "auth 1\r\n1 sha1 GOOD\r\n2 sha1 NEW\r\n"),
        ("auth 3\n7 md5 GOOD\n# c\n\n3 sha1 GOODx\n", "auth 3\n7 md5 GOOD\n# c\n\n3 sha1 GOODx\n8 sha1 NEW\n"),
        // The highest number is taken: the least one that is free.
        ("auth 15\n15 sha1 GOOD\n1 crc\n", "auth 15\n15 sha1 GOOD\n1 crc\n2 sha1 NEW\n"),
        // An auth line without effect would have one with number 2.
        ("auth 1\n1 sha1 GOOD\nauth 2\n", "auth 1\n1 sha1 GOOD\nauth 2\n3 sha1 NEW\n"),
    ] {
        let (new, id) = add(text(before).as_bytes(), Method::Sha1, NEW).unwrap();
        assert_eq!(string(&new), text(after), "{before:?}");
        assert!(string(&new).contains(&format!("{id} sha1 {NEW}")));
    }
}

#[test]
fn the_number_to_sign_with_is_changed_where_it_stands() {
    for (before, id, after) in [
        ("auth 1\n1 sha1 GOOD\n2 sha1 NEW\n", 2, "auth 2\n1 sha1 GOOD\n2 sha1 NEW\n"),
        (" auth\t+01 # since\n1 md5 GOOD\n12 md5 NEW", 12, " auth\t12 # since\n1 md5 GOOD\n12 md5 NEW"),
        ("auth1\r\n1 sha1 GOOD\r\n2 sha1 NEW\r\n", 2, "auth 2\r\n1 sha1 GOOD\r\n2 sha1 NEW\r\n"),
        ("auth 1\n1 sha1 GOOD\n2 sha1 NEW\n", 1, "auth 1\n1 sha1 GOOD\n2 sha1 NEW\n"),
        // The key stands above all auth lines.
        ("1 sha1 GOOD\nauth 2\n2 md5 NEW\n", 1, "auth 1\n1 sha1 GOOD\nauth 1\n2 md5 NEW\n"),
        ("auth 1\n1 sha1 GOOD\nauth 2\n2 md5 NEW\n", 1, "auth 1\n1 sha1 GOOD\nauth 1\n2 md5 NEW\n"),
        // Of several with one number the last counts.
        ("auth 1\n2 md5 GOOD\n1 crc\n2 sha1 NEW\n", 2, "auth 2\n2 md5 GOOD\n1 crc\n2 sha1 NEW\n"),
    ] {
        assert_eq!(activate(text(before).as_bytes(), id).map(|new| string(&new)), Ok(text(after)), "{before:?}");
    }
}

#[test]
fn a_key_less_takes_its_lines_and_no_other() {
    for (before, id, after) in [
        ("auth 2\n# old\n1 sha1 GOOD\n# new\n2 sha1 NEW\n", 1, "auth 2\n# old\n# new\n2 sha1 NEW\n"),
        ("auth 2\n1 md5 GOOD\n2 sha1 NEW\n1 sha1 GOODx # last", 1, "auth 2\n2 sha1 NEW\n"),
        ("auth 2\r\n2 sha1 NEW\r\n3 crc\r\n", 3, "auth 2\r\n2 sha1 NEW\r\n"),
    ] {
        assert_eq!(retire(text(before).as_bytes(), id).map(|new| string(&new)), Ok(text(after)), "{before:?}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_the_reason() {
    let pair = text("auth 1\n1 sha1 GOOD\n2 sha1 NEW\n");
    assert_eq!(retire(pair.as_bytes(), 1), Err(Refusal::Active(1)));
    assert_eq!(retire(pair.as_bytes(), 3), Err(Refusal::Absent(3)));
    assert_eq!(activate(pair.as_bytes(), 3), Err(Refusal::Absent(3)));
    let mut full = String::from("auth 1\n");
    (0..=15).for_each(|id| full += &format!("{id} sha1 a-long-enough-key-number-{id}\n"));
    assert_eq!(add(full.as_bytes(), Method::Sha1, NEW), Err(Refusal::NoNumber));
    let large = text("auth 1\n1 sha1 GOOD\n#") + &("x".repeat(1000) + "\n#").repeat(65) + "\n";
    assert!(large.len() < 65_536);
    let larger = large.clone() + "#" + &"x".repeat(65_536 - large.len() - 10);
    assert_eq!(add(larger.as_bytes(), Method::Sha1, NEW), Err(Refusal::Size));
    for wrong in ["", "auth 1\n", "auth 1\n1 sha1 GOOD\nGOOD\n", "\u{feff}auth 1\n1 sha1 GOOD\n"] {
        let wrong = text(wrong);
        assert!(matches!(add(wrong.as_bytes(), Method::Sha1, NEW), Err(Refusal::Wrong(_))), "{wrong:?}");
        assert!(matches!(activate(wrong.as_bytes(), 1), Err(Refusal::Wrong(_))), "{wrong:?}");
        assert!(matches!(retire(wrong.as_bytes(), 1), Err(Refusal::Wrong(_))), "{wrong:?}");
    }
}

/// Whatever the lines of a file without errors are, and in whichever order: what
/// comes out is as it was meant, or nothing does.
#[test]
fn any_order_of_lines_is_changed_rightly() {
    let pieces =
        ["auth 1", "auth 2", "1 sha1 GOOD", "2 md5 GOODx", "2 sha1 GOODy", "# 1 sha1 x", "auth3", "3sha1 GOODz"];
    let (mut count, mut code) = (0, 0_usize);
    while code < pieces.len().pow(4) {
        let mut rest = code;
        let mut lines = Vec::new();
        for _ in 0..4 {
            lines.push(text(pieces[rest % pieces.len()]));
            rest /= pieces.len();
        }
        code += 1;
        let before = lines.join("\n");
        let Ok((authkeys, keys)) = read(before.as_bytes()) else { continue };
        count += 1;
        let sign = authkeys.sign.unwrap();
        let (more, id) = add(before.as_bytes(), Method::Sha1, NEW).unwrap();
        assert_eq!((read(&more).unwrap().0.sign, keys.contains_key(&id)), (Some(sign), false), "{before}");
        let other = activate(&more, id).unwrap();
        assert_eq!(read(&other).unwrap().0.sign, Some(id), "{before}");
        let less = retire(&other, sign).unwrap();
        let left: Vec<u8> = read(&less).unwrap().1.into_keys().collect();
        assert_eq!(left, keys.keys().copied().filter(|old| *old != sign).chain([id]).collect::<Vec<_>>(), "{before}");
        let comments = |text: &[u8]| string(text).lines().filter(|line| line.starts_with('#')).count();
        assert_eq!(comments(&less), comments(before.as_bytes()), "{before}");
    }
    assert!(count > 500, "{count}");
}

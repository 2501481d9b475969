use super::*;
use crate::authkeys::parse;

fn file(text: &str) -> Authkeys {
    parse("f", text.replace("GOOD", "0123456789abcdefSECRET").as_bytes()).0
}

fn differences(here: &str, there: &str) -> Vec<String> {
    let printed = Prints::parse(&lines(&file(there)).join("\n")).unwrap();
    Prints::of(&file(here)).differences(&printed)
}

#[test]
fn files_with_the_same_keys_do_not_differ() {
    for (here, there) in [
        ("auth 1\n1 sha1 GOOD\n", "# c\nauth 1\n1  sha1 GOOD"),
        ("auth 1\n1 sha1 GOOD\n2 crc\n", "auth 1\n2 crc\n1 sha1 GOOD\n"),
        // The last one of a number counts.
        ("auth 1\n1 sha1 GOOD\n", "auth 1\n1 md5 GOODx\n1 sha1 GOOD\n"),
    ] {
        assert_eq!(differences(here, there), [""; 0], "{here:?} {there:?}");
    }
}

#[test]
fn what_differs_is_said_without_a_key() {
    for (here, there, said) in [
        ("auth 1\n1 sha1 GOOD\n", "auth 1\n1 sha1 GOODx\n", vec!["key 1 is another one there"]),
        ("auth 1\n1 sha1 GOOD\n", "auth 1\n1 md5 GOOD\n", vec!["key 1 is for sha1 here and for md5 there"]),
        (
            "auth 1\n1 sha1 GOOD\n2 crc\n",
            "auth 1\n1 sha1 GOOD\n3 crc\n",
            vec!["key 2 is here only", "key 3 is there only"],
        ),
        (
            "auth 1\n1 sha1 GOOD\n2 md5 GOODx\n",
            "auth 2\n1 sha1 GOOD\n2 md5 GOODx\n",
            vec!["key 1 signs here and key 2 there"],
        ),
    ] {
        assert_eq!(differences(here, there), said);
    }
}

#[test]
fn what_is_no_list_of_fingerprints_is_not_compared() {
    let right = "1 sha1 8c3b0c50ef3b71a2 signs";
    assert!(Prints::parse(right).is_some());
    assert!(Prints::parse(&format!("\n{right}\r\n\n")).is_some());
    for wrong in [
        "",
        "\n",
        "ssh: connect to host node2: No route to host",
        "16 sha1 8c3b0c50ef3b71a2",
        "1 sha1 8c3b0c50ef3b71a",
        "1 sha1 8C3B0C50EF3B71A2",
        "1 sha1 -",
        "1 crc 8c3b0c50ef3b71a2",
        "1 sha512 8c3b0c50ef3b71a2",
        "1 sha1 8c3b0c50ef3b71a2 Signs",
        "1 sha1",
    ] {
        assert_eq!(Prints::parse(wrong), None, "{wrong:?}");
        assert_eq!(Prints::parse(&format!("{right}\nx\n{wrong} y")), None);
    }
}

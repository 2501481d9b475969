use super::*;

fn all(word: &str) -> Result<Vec<String>, TargetsError> {
    let mut found = Vec::new();
    expand(word, &mut found).map(|()| found)
}

#[test]
fn an_address_and_a_name_stand_for_themselves() {
    for word in ["192.0.2.1", "2001:db8::1", "gw", "node-a.example", "10-0-0-1.example"] {
        assert_eq!(all(word).unwrap(), [word]);
    }
}

#[test]
fn a_prefix_is_its_hosts_and_a_range_is_both_ends_and_all_between() {
    for (word, wanted) in [
        ("192.0.2.5/30", &["192.0.2.5", "192.0.2.6"][..]),
        ("192.0.2.4/31", &["192.0.2.4", "192.0.2.5"]),
        ("192.0.2.4/32", &["192.0.2.4"]),
        ("2001:db8::2/127", &["2001:db8::2", "2001:db8::3"]),
        ("2001:db8::2/128", &["2001:db8::2"]),
        ("192.0.2.254-192.0.3.1", &["192.0.2.254", "192.0.2.255", "192.0.3.0", "192.0.3.1"]),
        ("2001:db8::ffff-2001:db8::1:0", &["2001:db8::ffff", "2001:db8::1:0"]),
        ("255.255.255.255-255.255.255.255", &["255.255.255.255"]),
    ] {
        assert_eq!(all(word).unwrap(), wanted, "{word}");
    }
}

#[test]
fn what_is_no_prefix_or_range_is_said() {
    for word in ["192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "gw/24", "/24", "2001:db8::/129"] {
        assert_eq!(all(word), Err(TargetsError::Prefix(word.to_owned())), "{word}");
    }
    for word in ["192.0.2.9-192.0.2.1", "192.0.2.1-", "192.0.2.1-2001:db8::1", "192.0.2.1-x"] {
        assert_eq!(all(word), Err(TargetsError::Range(word.to_owned())), "{word}");
    }
}

#[test]
fn there_are_never_more_than_many() {
    for word in ["0.0.0.0/0", "::/0", "10.0.0.0/15", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
        assert_eq!(all(word), Err(TargetsError::TooMany), "{word}");
    }
    let mut found = Vec::new();
    expand("10.0.0.0-10.0.255.255", &mut found).unwrap();
    assert_eq!(found.len(), MANY);
    for word in ["192.0.2.1", "192.0.2.1/32", "gw"] {
        assert_eq!(expand(word, &mut found), Err(TargetsError::TooMany), "{word}");
    }
    assert_eq!(found.len(), MANY);
}

#[test]
fn a_line_names_its_first_word() {
    let lines = ["gw", "  192.0.2.1\trouter # x", "", " ", "#gw", " # gw", "gw#x"];
    assert_eq!(lines.map(of_line), [Some("gw"), Some("192.0.2.1"), None, None, None, None, Some("gw#x")]);
}

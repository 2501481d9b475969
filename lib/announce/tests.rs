use super::*;

#[test]
fn groups_read_back_as_they_were_written() {
    for text in ["-", "web:started:want:3", "10.0.0.1:stopped:can:0,db:unknown:no:18446744073709551615"] {
        assert_eq!(text.parse::<Groups>().unwrap().to_string(), text);
    }
}

#[test]
fn half_an_announcement_is_none() {
    for text in [
        "",
        ",",
        "web",
        "web:started:want",
        "web:started:want:3:4",
        "web:started:want:x",
        "web:started:perhaps:3",
        "web:running:want:3",
        "a b:started:want:3",
        "web:started:want:3,",
        "web:started:want:3,web:stopped:no:3",
    ] {
        assert_eq!(text.parse::<Groups>(), Err(Unreadable), "{text:?}");
    }
    assert!(format!("{}:started:want:3", "x".repeat(MAX)).parse::<Groups>().is_err());
}

#[test]
fn a_claim_is_stronger_than_any_wish() {
    assert!(Stance::Claim > Stance::Want && Stance::Want > Stance::Can);
    assert!(Stance::Can > Stance::Poor && Stance::Poor > Stance::No);
}

fn reach(text: &str) -> Reach {
    text.parse().unwrap()
}

#[test]
fn what_is_reached_reads_back_as_it_was_written() {
    assert_eq!(reach("1.2.3"), Reach { up: 1, down: 2, unknown: 3 });
    assert_eq!(reach("65535.0.0").to_string(), "65535.0.0");
    for text in ["", "1", "1.2", "1.2.3.4", "1.2.-3", "1..3", "1.2.65536", "a.b.c"] {
        assert!(text.parse::<Reach>().is_err(), "{text:?}");
    }
}

#[test]
fn a_lead_is_certain_whatever_is_unknown() {
    for (theirs, ours, lead) in [
        ("2.0.0", "0.2.0", Some(2)),
        ("2.0.0", "1.1.0", Some(1)),
        ("2.0.0", "2.0.0", None),
        ("0.2.0", "0.2.0", None),
        ("1.1.0", "2.0.0", None),
        // Ours may all answer, theirs may not.
        ("2.0.0", "0.0.2", None),
        ("2.0.0", "0.1.1", Some(1)),
        ("0.0.2", "0.2.0", None),
        ("1.0.1", "0.2.0", Some(1)),
        // They do not ask equally many.
        ("3.0.0", "0.2.0", None),
        ("65535.65535.65535", "65535.65535.65535", None),
    ] {
        assert_eq!(reach(theirs).lead_over(reach(ours)), lead, "{theirs} over {ours}");
    }
}

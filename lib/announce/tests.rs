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
    assert!(Stance::Claim > Stance::Want && Stance::Want > Stance::Can && Stance::Can > Stance::No);
}

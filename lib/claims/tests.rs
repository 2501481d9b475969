use super::*;

const OURS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 4));

fn at(millis: u64) -> Time {
    Time::from_micros(9_000_000) + Duration::from_millis(millis)
}

fn claim(last: u8) -> Sighting {
    Sighting { address: OURS, mac: [2, 0, 0, 0, 0, last], what: What::Has }
}

#[test]
fn a_frame_that_has_one_of_the_addresses_concerns_and_no_other() {
    let claims = Claims::new([OURS]);
    assert!(claims.concern(&claim(1)));
    assert!(!claims.concern(&Sighting { what: What::Wants, ..claim(1) }));
    assert!(!claims.concern(&Sighting { address: [192, 0, 2, 5].into(), ..claim(1) }));
}

#[test]
fn a_machine_is_said_once_a_second_and_another_at_once() {
    let mut claims = Claims::new([OURS]);
    assert!(claims.say(1, &claim(1), at(0)));
    assert!(claims.say(1, &claim(2), at(1)), "another machine");
    assert!(claims.say(2, &claim(1), at(2)), "another interface");
    assert!(!claims.say(1, &claim(1), at(999)));
    assert!(claims.say(1, &claim(1), at(1_000)));
    assert!(!claims.say(1, &claim(1), at(1_001)));
}

#[test]
fn made_up_machines_are_said_at_a_bounded_rate() {
    let mut claims = Claims::new([OURS]);
    let mut said = 0;
    for millis in 0..10_000_u64 {
        let [.., high, low] = millis.to_be_bytes();
        let sighting = Sighting { mac: [2, 0, 0, 0, high, low], ..claim(0) };
        said += u32::from(claims.say(1, &sighting, at(millis)));
        assert!(claims.said.len() <= MOST);
    }
    assert_eq!(said, 640);
}

#[test]
fn an_address_is_defended_once_in_ten_seconds_on_each_interface() {
    let mut claims = Claims::new([OURS]);
    assert!(claims.defend(OURS, 1, at(0)));
    assert!(claims.defend(OURS, 2, at(0)));
    for millis in [1, 5_000, 9_999] {
        assert!(!claims.defend(OURS, 1, at(millis)));
    }
    assert!(claims.defend(OURS, 1, at(10_000)));
    assert!(!claims.defend(OURS, 1, at(10_001)));
}

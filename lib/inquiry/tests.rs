use super::*;
use crate::sighting::What;

const OWN: Mac = [2, 0, 0, 0, 0, 1];
const OTHER: Mac = [2, 0, 0, 0, 0, 2];
const PATIENCE: Patience =
    Patience { count: 3, interval: Duration::from_millis(500), wait: Duration::from_millis(1_000) };

fn at(millis: u64) -> Time {
    Time::from_micros(9_000_000) + Duration::from_millis(millis)
}

fn subject(last: u8, index: u32) -> Subject {
    Subject { address: [192, 0, 2, last].into(), index }
}

fn claim(last: u8, mac: Mac, what: What) -> Sighting {
    Sighting { address: [192, 0, 2, last].into(), mac, what }
}

fn inquiry(subjects: &[Subject]) -> Inquiry {
    Inquiry::new(subjects.to_vec(), [OWN].into(), PATIENCE, at(0))
}

#[test]
fn an_address_that_nobody_claims_is_asked_for_and_waited_for_and_stays_open() {
    let four = subject(4, 1);
    let mut inquiry = inquiry(&[four]);
    for (now, next) in [(0, 500), (500, 1_000), (1_000, 2_000)] {
        assert_eq!(inquiry.look(at(now)), Step::Ask(vec![four]));
        assert_eq!(inquiry.look(at(next - 1)), Step::Wait(at(next)));
    }
    assert_eq!(inquiry.look(at(2_000)), Step::Over);
    assert_eq!(inquiry.open(), [four]);
}

#[test]
fn a_claim_or_a_wish_of_another_settles_it_once_and_ends_the_inquiry() {
    for what in [What::Has, What::Wants] {
        let (four, five) = (subject(4, 1), subject(5, 1));
        let mut inquiry = inquiry(&[four, five]);
        assert_eq!(inquiry.look(at(0)), Step::Ask(vec![four, five]));
        assert_eq!(inquiry.heard(1, &claim(4, OTHER, what)), Some(four));
        assert_eq!(inquiry.heard(1, &claim(4, OTHER, what)), None, "once");
        assert_eq!(inquiry.look(at(500)), Step::Ask(vec![five]));
        assert_eq!(inquiry.heard(1, &claim(5, OTHER, what)), Some(five));
        assert_eq!(inquiry.look(at(501)), Step::Over);
        assert_eq!(inquiry.open(), []);
    }
}

#[test]
fn own_frames_other_addresses_and_other_interfaces_settle_nothing() {
    let four = subject(4, 1);
    let mut inquiry = inquiry(&[four]);
    for (index, sighting) in
        [(1, claim(4, OWN, What::Has)), (1, claim(6, OTHER, What::Has)), (2, claim(4, OTHER, What::Has))]
    {
        assert_eq!(inquiry.heard(index, &sighting), None);
    }
    assert_eq!(inquiry.open(), [four]);
}

#[test]
fn a_late_look_asks_late_and_does_not_cut_the_wait() {
    let mut inquiry = inquiry(&[subject(4, 1)]);
    for now in [0, 5_000, 9_000] {
        assert!(matches!(inquiry.look(at(now)), Step::Ask(_)));
    }
    assert_eq!(inquiry.look(at(9_001)), Step::Wait(at(10_000)));
}

#[test]
fn no_questions_are_one() {
    let patience = Patience { count: 0, ..PATIENCE };
    let mut inquiry = Inquiry::new(vec![subject(4, 1)], BTreeSet::new(), patience, at(0));
    assert!(matches!(inquiry.look(at(0)), Step::Ask(_)));
    assert_eq!(inquiry.look(at(1)), Step::Wait(at(1_000)));
}

#[test]
fn where_an_address_is_only_one_who_has_it_knows() {
    let four = subject(4, 1);
    let mut inquiry = inquiry(&[four]).with_purpose(Purpose::Find);
    assert_eq!(inquiry.heard(1, &claim(4, OTHER, What::Wants)), None);
    assert_eq!(inquiry.heard(1, &claim(4, OWN, What::Has)), None);
    assert_eq!(inquiry.heard(1, &claim(4, OTHER, What::Has)), Some(four));
    assert_eq!(inquiry.look(at(0)), Step::Over);
}

#[test]
fn where_all_are_wanted_each_is_noted_once_until_the_time_is_over() {
    let four = subject(4, 1);
    let mut inquiry = inquiry(&[four]).with_purpose(Purpose::Gather);
    assert_eq!(inquiry.look(at(0)), Step::Ask(vec![four]));
    assert_eq!(inquiry.heard(1, &claim(4, OTHER, What::Wants)), None);
    let another = [2, 0, 0, 0, 0, 3];
    for (mac, found) in [(OTHER, Some(four)), (OTHER, None), (OWN, None), (another, Some(four))] {
        assert_eq!(inquiry.heard(1, &claim(4, mac, What::Has)), found, "{mac:?}");
    }
    assert_eq!(inquiry.noted(four).collect::<Vec<_>>(), [OTHER, another]);
    assert_eq!(inquiry.noted(subject(5, 1)).count(), 0);
    assert_eq!(inquiry.look(at(500)), Step::Ask(vec![four]), "asked on");
    for last in 0..=u8::MAX {
        let _ = inquiry.heard(1, &claim(4, [4, 0, 0, 0, 0, last], What::Has));
    }
    assert_eq!(inquiry.noted(four).count(), 64, "bounded");
}

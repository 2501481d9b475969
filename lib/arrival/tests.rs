use super::*;

const HOUR: i64 = 3_600_000_000;

fn at(micros: u64) -> Time {
    Time::from_micros(micros)
}

#[test]
fn a_stamp_is_brought_to_the_boot_clock() {
    assert_eq!(time(Some(10 * HOUR + 500), 10 * HOUR, at(100), at(900)), at(500));
}

#[test]
fn a_step_of_the_wall_clock_cannot_move_an_arrival_out_of_what_is_known() {
    // Stamped, then the clock was set forward an hour: the offset is too large.
    assert_eq!(time(Some(10 * HOUR + 500), 11 * HOUR, at(100), at(900)), at(100));
    // Set back an hour: too small.
    assert_eq!(time(Some(10 * HOUR + 500), 9 * HOUR, at(100), at(900)), at(900));
    // Wall clocks before boot or before 1970 do no harm.
    assert_eq!(time(Some(-5), 10 * HOUR, at(100), at(900)), at(100));
    assert_eq!(time(Some(i64::MAX), i64::MIN, at(100), at(900)), at(900));
    assert_eq!(time(Some(i64::MIN), i64::MAX, at(100), at(900)), at(100));
}

#[test]
fn without_a_stamp_it_is_the_present() {
    assert_eq!(time(None, 0, at(100), at(900)), at(900));
}

fn media(lines: &[&str]) -> Vec<(usize, Medium)> {
    lines.iter().enumerate().map(|(number, line)| (number + 5, line.parse().unwrap())).collect()
}

#[test]
fn a_datagram_is_credited_to_the_medium_that_is_addressed_so() {
    let media = media(&["bcast eth0", "ucast eth0 192.0.2.2", "ucast eth0 192.0.2.3", "mcast eth0 239.0.0.1 694 1 0"]);
    let source = |text: &str| Some(text.parse().unwrap());
    assert_eq!(medium(&media, Destination::Broadcast, source("192.0.2.2")), Some(5));
    assert_eq!(medium(&media, Destination::Unicast, source("192.0.2.2")), Some(6));
    assert_eq!(medium(&media, Destination::Unicast, source("192.0.2.3")), Some(7));
    assert_eq!(medium(&media, Destination::Unicast, source("192.0.2.9")), Some(6));
    assert_eq!(medium(&media, Destination::Multicast("239.0.0.1".parse().unwrap()), None), Some(8));
}

#[test]
fn what_fits_no_medium_is_credited_to_the_first() {
    let media = media(&["bcast eth0", "mcast eth0 239.0.0.1 694 1 0"]);
    assert_eq!(medium(&media, Destination::Unicast, None), Some(5));
    assert_eq!(medium(&media, Destination::Multicast("239.0.0.2".parse().unwrap()), None), Some(5));
    assert_eq!(medium(&media, Destination::Unknown, None), Some(5));
    assert_eq!(medium(&[], Destination::Unicast, None), None);
}

use super::*;

fn at(seconds: &str) -> Time {
    seconds.parse().unwrap()
}

/// A holder of the group `web` (two addresses) and of `db` (one), as hb-supervise
/// starts it.
fn cluster(side: Side) -> Hold {
    let group = |name: &str, addresses: &[&str]| Group {
        name: Some(name.to_owned()),
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
    };
    Hold::new(&[group("web", &["192.0.2.4", "2001:db8::4"]), group("db", &["192.0.2.6"])], side)
}

/// One line at a time; what followed from it, in words.
fn tell(hold: &mut Hold, now: &str, line: &str) -> Vec<String> {
    let mut effects = Vec::new();
    hold.ask(read(line.as_bytes(), Some("node1")).unwrap(), at(now), &mut effects).unwrap();
    hold.act(at(now), &mut effects);
    shown(&effects)
}

fn act(hold: &mut Hold, now: &str) -> Vec<String> {
    let mut effects = Vec::new();
    hold.act(at(now), &mut effects);
    shown(&effects)
}

fn shown(effects: &[Effect]) -> Vec<String> {
    let show = |effect: &Effect| match effect {
        Effect::Prolong { addresses, seconds, .. } => format!("prolong {addresses:?} {seconds}"),
        Effect::Restore { address, seconds } => format!("restore {address} {seconds}"),
        Effect::Remove { addresses, .. } => format!("remove {addresses:?}"),
        Effect::Say(line) => line.to_string(),
    };
    effects.iter().map(show).collect()
}

const NOTHING: [&str; 0] = [];

/// `web` is served from second 10 on, under a lease of 0.6 s.
fn served(hold: &mut Hold) {
    assert_eq!(tell(hold, "10", "do 10 start web until=10.6 epoch=1"), NOTHING);
    hold.see(0, Presence::There);
    hold.see(1, Presence::There);
    let said = act(hold, "10.1");
    assert_eq!(
        said,
        [
            "prolong [0, 1] 1",
            "hold 10.100000 192.0.2.4 held group=web until=10.600000",
            "hold 10.100000 2001:db8::4 held group=web until=10.600000"
        ]
    );
    hold.prolonged(0, 1, at("10.1"));
    assert_eq!(tell(hold, "10.1", "group 10.1 web started node=node1 epoch=1"), NOTHING);
}

#[test]
fn a_lease_is_ended_at_its_end_and_never_before_a_renewed_one() {
    let mut hold = cluster(Side::Behind);
    served(&mut hold);
    assert_eq!(hold.deadline(), Some(at("10.6")));
    assert_eq!(act(&mut hold, "10.599999"), NOTHING);
    // The kernel's second still reaches behind the new end.
    assert_eq!(tell(&mut hold, "10.599999", "do 10.5 renew web until=11.05"), NOTHING);
    assert_eq!(act(&mut hold, "10.7"), NOTHING);
    assert_eq!(tell(&mut hold, "10.8", "do 10.8 renew web until=11.4"), ["prolong [0, 1] 1"]);
    hold.prolonged(0, 1, at("10.8"));
    assert_eq!(act(&mut hold, "11.399999"), NOTHING);
    assert_eq!(act(&mut hold, "11.4"), ["remove [0, 1]"]);
    let mut effects = Vec::new();
    hold.removed(0, true, "why", at("11.4005"), &mut effects);
    assert_eq!(
        shown(&effects),
        [
            "hold 11.400500 192.0.2.4 ended group=web until=11.400000 reason=why",
            "hold 11.400500 2001:db8::4 ended group=web until=11.400000 reason=why"
        ]
    );
    assert!(hold.is_over() && hold.deadline().is_none());
}

#[test]
fn a_renewal_after_the_end_is_refused_until_the_group_is_started_again() {
    let mut hold = cluster(Side::Behind);
    served(&mut hold);
    act(&mut hold, "10.6");
    hold.removed(0, true, "why", at("10.6"), &mut Vec::new());
    let said = tell(&mut hold, "10.7", "do 10.7 renew web until=11.3");
    assert_eq!(said.len(), 2);
    assert!(said[0].contains(" ended ") && said[0].contains("a%20renewal%20came"), "{said:?}");
    assert_eq!(act(&mut hold, "10.8"), NOTHING);
    assert_eq!(tell(&mut hold, "11", "do 11 start web until=11.6"), NOTHING);
    assert_eq!(hold.deadline(), Some(at("11.6")));
}

#[test]
fn a_removal_that_failed_is_tried_again() {
    let mut hold = cluster(Side::Behind);
    served(&mut hold);
    assert_eq!(act(&mut hold, "10.6"), ["remove [0, 1]"]);
    hold.removed(0, false, "why", at("10.61"), &mut Vec::new());
    assert_eq!(act(&mut hold, "10.62"), NOTHING);
    assert_eq!(hold.deadline(), Some(at("10.66")));
    assert_eq!(act(&mut hold, "10.66"), ["remove [0, 1]"]);
}

#[test]
fn what_goes_while_it_starts_or_stops_is_expected() {
    let mut hold = cluster(Side::Behind);
    tell(&mut hold, "10", "do 10 start web until=10.6");
    hold.see(0, Presence::There);
    act(&mut hold, "10.1");
    // A start that fails takes back what it did.
    hold.see(0, Presence::Absent);
    assert_eq!(tell(&mut hold, "10.2", "restore 192.0.2.4"), NOTHING);
    assert_eq!(tell(&mut hold, "10.3", "group 10.3 web failed node=node1"), NOTHING);
    assert_eq!(act(&mut hold, "11"), NOTHING);

    let mut hold = cluster(Side::Behind);
    served(&mut hold);
    assert_eq!(tell(&mut hold, "10.2", "do 10.2 stop web"), NOTHING);
    hold.see(1, Presence::Absent);
    assert_eq!(tell(&mut hold, "10.3", "restore 2001:db8::4"), NOTHING);
    assert_eq!(tell(&mut hold, "10.3", "do 10.3 renew web until=20"), NOTHING, "a release is not held up");
    assert_eq!(act(&mut hold, "10.6"), ["remove [0, 1]"], "and its lease ends");
}

#[test]
fn s47_what_somebody_removes_is_said_and_put_back_on_request_five_times_a_minute() {
    let mut hold = cluster(Side::Behind);
    served(&mut hold);
    assert_eq!(tell(&mut hold, "10.2", "do 10.2 renew web until=100"), ["prolong [0, 1] 90"]);
    hold.prolonged(0, 90, at("10.2"));
    for second in 11..16_u32 {
        hold.see(0, Presence::Absent);
        assert_eq!(act(&mut hold, &format!("{second}")), [format!("hold {second}.000000 192.0.2.4 removed group=web")]);
        let said = tell(&mut hold, &format!("{second}"), "restore 192.0.2.4");
        assert_eq!(said, [format!("restore 0 {}", 100 - second)]);
        let mut effects = Vec::new();
        hold.restored(0, Ok(()), at(&format!("{second}")), &mut effects);
        assert!(shown(&effects)[0].contains("192.0.2.4 held "), "{effects:?}");
        // With the lifetime of the others.
        assert_eq!(act(&mut hold, &format!("{second}")), [format!("prolong [0, 1] {}", 100 - second)]);
        hold.prolonged(0, 100 - second, at(&format!("{second}")));
    }
    hold.see(0, Presence::Absent);
    act(&mut hold, "16");
    let failed = "hold 16.000000 192.0.2.4 failed group=web reason=it%20was%20removed%206%20times%20within%2060%20s";
    assert_eq!(tell(&mut hold, "16", "restore 192.0.2.4"), [failed]);
    assert_eq!(act(&mut hold, "17"), NOTHING, "it is said once");
    assert_eq!(tell(&mut hold, "72", "restore"), ["restore 0 28"], "a minute later it may come back");
}

#[test]
fn an_address_without_a_network_is_said_and_stays() {
    let mut hold = cluster(Side::Behind);
    served(&mut hold);
    hold.see(0, Presence::Ailing("interface eth0 has no carrier".to_owned()));
    let cut = "hold 10.200000 192.0.2.4 cut group=web reason=interface%20eth0%20has%20no%20carrier";
    assert_eq!(act(&mut hold, "10.2"), [cut]);
    assert_eq!(act(&mut hold, "10.3"), NOTHING);
    hold.see(0, Presence::There);
    assert_eq!(act(&mut hold, "10.4"), ["hold 10.400000 192.0.2.4 held group=web until=10.600000"]);
}

#[test]
fn a_holder_that_takes_the_place_of_one_that_died_begins_with_a_renewal() {
    let mut hold = cluster(Side::Behind);
    hold.see(0, Presence::There);
    assert_eq!(act(&mut hold, "10"), NOTHING, "without a lease it is none of its business");
    let said = tell(&mut hold, "10.1", "do 10.1 renew web until=10.7");
    assert_eq!(said[0], "prolong [0] 1");
    assert_eq!(said[2], "hold 10.100000 2001:db8::4 removed group=web");
}

#[test]
fn groups_have_leases_of_their_own_and_others_are_none_of_ours() {
    let mut hold = cluster(Side::Behind);
    served(&mut hold);
    hold.see(2, Presence::There);
    assert_eq!(
        tell(&mut hold, "10.2", "do 10.2 start db until=10.9"),
        ["prolong [2] 1", "hold 10.200000 192.0.2.6 held group=db until=10.900000"]
    );
    assert_eq!(tell(&mut hold, "10.3", "group 10.3 web stopped node=node2 epoch=1"), NOTHING);
    assert_eq!(act(&mut hold, "10.6"), ["remove [0, 1]"], "another node's state changes nothing");
    assert_eq!(act(&mut hold, "10.9"), ["remove [0, 1]", "remove [2]"]);
    let ask = read(b"do 11 renew mail until=12", None).unwrap();
    assert_eq!(hold.ask(ask, at("11"), &mut Vec::new()), Err("a group that is not configured"));
}

#[test]
fn at_the_end_of_the_holder_what_is_held_goes_and_nothing_else() {
    let mut hold = cluster(Side::Behind);
    served(&mut hold);
    hold.see(2, Presence::There);
    hold.part();
    assert_eq!(act(&mut hold, "10.2"), NOTHING);
    assert_eq!(release(&mut hold, "10.2"), NOTHING);
    assert_eq!(act(&mut hold, "10.2"), ["remove [0, 1]"]);
    hold.removed(0, true, "asked to end", at("10.2"), &mut Vec::new());
    assert!(hold.is_over());
}

fn release(hold: &mut Hold, now: &str) -> Vec<String> {
    let mut effects = Vec::new();
    hold.release(at(now), "why", &mut effects);
    shown(&effects)
}

#[test]
fn s17_what_the_kernel_ends_with_its_lease_is_left_to_it_with_all_that_fits() {
    let mut hold = cluster(Side::Before);
    tell(&mut hold, "10", "do 10 start web until=20");
    hold.see(0, Presence::There);
    hold.see(1, Presence::There);
    assert_eq!(act(&mut hold, "10")[0], "prolong [0, 1] 8");
    hold.prolonged(0, 8, at("10.001"));
    tell(&mut hold, "10.1", "group 10.1 web started node=node1");
    // Somebody has removed one of them: of that nothing is left.
    hold.see(1, Presence::Absent);
    act(&mut hold, "10.2");
    hold.part();
    assert_eq!(act(&mut hold, "10.3"), ["prolong [0] 8"], "so much fits by now");
    hold.prolonged(0, 8, at("10.3"));
    hold.part();
    assert_eq!(act(&mut hold, "10.8"), NOTHING, "and no more");
    let left = "hold 10.800000 192.0.2.4 left group=web until=20.000000 reason=why";
    assert_eq!(release(&mut hold, "10.8"), [left]);
    assert_eq!((act(&mut hold, "10.8"), hold.is_over()), (Vec::new(), true));
}

#[test]
fn what_the_kernel_might_end_too_late_or_is_being_released_is_not_left() {
    // Too little is left of the lease, or the kernel was not told, or too late.
    for (now, prolonged) in [("10.8", Some("10.8")), ("10.4", None), ("10.4", Some("10.751"))] {
        let mut hold = cluster(Side::Before);
        tell(&mut hold, "10", "do 10 start db until=13");
        hold.see(2, Presence::There);
        act(&mut hold, "10");
        hold.part();
        assert_eq!(act(&mut hold, now), ["prolong [2] 1"]);
        prolonged.into_iter().for_each(|at_end| hold.prolonged(1, 1, at(at_end)));
        assert_eq!(release(&mut hold, now), NOTHING, "{now} {prolonged:?}");
        assert_eq!(act(&mut hold, now), ["remove [2]"], "{now} {prolonged:?}");
    }
    let mut hold = cluster(Side::Before);
    tell(&mut hold, "10", "do 10 start db until=60");
    hold.see(2, Presence::There);
    act(&mut hold, "10");
    hold.prolonged(1, 48, at("10"));
    tell(&mut hold, "10", "group 10 db started node=node1");
    tell(&mut hold, "10", "do 10 stop db");
    hold.part();
    assert_eq!(release(&mut hold, "10"), NOTHING);
    assert_eq!(act(&mut hold, "10"), ["remove [2]"]);
}

#[test]
fn before_a_lease_the_kernel_gets_what_rounding_lost_once_more() {
    let mut hold = cluster(Side::Before);
    tell(&mut hold, "10", "do 10 start web until=13.06");
    hold.see(0, Presence::There);
    assert_eq!(act(&mut hold, "10")[0], "prolong [0] 1");
    hold.prolonged(0, 1, at("10"));
    assert_eq!(hold.deadline(), Some(at("10.79")));
    assert_eq!(act(&mut hold, "10.5"), NOTHING);
    assert_eq!(act(&mut hold, "10.79"), ["prolong [0] 1"]);
    hold.prolonged(0, 1, at("10.79"));
    assert_eq!(hold.deadline(), Some(at("13.06")), "not again: 1.25 s are kept back");
}

#[test]
fn what_the_kernel_ended_before_the_lease_is_over_and_not_put_back() {
    let mut hold = cluster(Side::Before);
    tell(&mut hold, "10", "do 10 start db until=13");
    hold.see(2, Presence::There);
    act(&mut hold, "10");
    hold.prolonged(1, 1, at("10"));
    tell(&mut hold, "10", "group 10 db started node=node1");
    hold.see(2, Presence::Absent);
    assert_eq!(act(&mut hold, "11.1"), ["remove [2]"]);
    // But when a renewal came with the news, it is.
    let mut hold = cluster(Side::Before);
    tell(&mut hold, "10", "do 10 start db until=13");
    hold.see(2, Presence::There);
    act(&mut hold, "10");
    hold.prolonged(1, 1, at("10"));
    tell(&mut hold, "10", "group 10 db started node=node1");
    hold.see(2, Presence::Absent);
    assert_eq!(tell(&mut hold, "11.1", "do 11.1 renew db until=14")[0], "hold 11.100000 192.0.2.6 removed group=db");
    assert_eq!(tell(&mut hold, "11.1", "restore 192.0.2.6"), ["restore 2 1"]);
}

#[test]
fn addresses_that_a_caller_names_are_served_from_the_beginning() {
    let mut hold = Hold::new(&[Group { name: None, addresses: vec!["192.0.2.4".parse().unwrap()] }], Side::Behind);
    hold.begin(at("20"));
    hold.see(0, Presence::There);
    assert_eq!(act(&mut hold, "10"), ["prolong [0] 10", "hold 10.000000 192.0.2.4 held until=20.000000"]);
    hold.prolonged(0, 10, at("10"));
    // A record of any group is the lease.
    assert_eq!(tell(&mut hold, "11", "do 11 renew any until=12.5"), ["prolong [0] 2"]);
    assert_eq!(tell(&mut hold, "11", "do 11 stop any"), NOTHING);
    assert_eq!(act(&mut hold, "12.5"), ["remove [0]"]);
}

#[test]
fn a_tick_is_answered_once_and_what_cannot_be_read_is_named() {
    let mut hold = cluster(Side::Behind);
    tell(&mut hold, "10", "tick 9.5");
    assert_eq!((hold.take_tick(), hold.take_tick()), (Some(at("9.5")), None));
    for (line, cause) in [
        (&b"renew"[..], "neither a request nor a record"),
        (b"renew soon", "renew and no time behind it"),
        (b"restore eth0", "restore and no address behind it"),
        (b"do 5 renew web", "a lease without its end"),
        (b"do 5 renew web until=never", "a lease without its end"),
        (b"\xff 5", "not UTF-8"),
        (b"", "neither a request nor a record"),
    ] {
        assert_eq!(read(line, None), Err(cause.to_owned()), "{line:?}");
    }
    assert_eq!(read(b"why 5 web keep it is served here", None), Ok(Ask::Nothing));
    assert_eq!(read(b"group 5 web started", Some("node1")), Ok(Ask::Nothing));
}

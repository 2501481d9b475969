use super::*;

fn after(text: &str) -> Vec<String> {
    let mut overview = Overview::new("n1");
    for line in text.lines() {
        overview.record(&Record::parse(line.as_bytes()).expect(line));
    }
    overview.lines()
}

fn has(text: &str, wanted: &str) {
    let lines = after(text);
    assert!(lines.iter().any(|line| line == wanted), "{wanted}\n{lines:#?}");
}

fn lacks(text: &str, unwanted: &str) {
    let lines = after(text);
    assert!(!lines.iter().any(|line| line.contains(unwanted)), "{unwanted}\n{lines:#?}");
}

#[test]
fn a_state_lasts_since_its_first_word() {
    let text = "node 1.0 n2 active\nnode 2.0 n2 active hears=no\nlink 1.5 n2/bcast:eth1 up\ntick 9.0\n";
    has(text, "status 9.000000 node n2 state=active since=1.000000 hears=no");
    has(text, "status 9.000000 node n1 state=own");
    has(text, "status 9.000000 link n2/bcast:eth1 state=up since=1.500000");
}

#[test]
fn a_lease_counts_when_the_addresses_have_it() {
    let given = "do 5.0 start web until=15.0 epoch=1\ntick 6.0\n";
    has(given, "status 6.000000 lease web until=15.000000");
    let text = format!("{given}group 6.5 web started\ndo 9.0 renew web until=19.0\ntick 9.5\n");
    has(&text, "status 9.500000 lease web until=19.000000 taken=15.000000");
    // What was told up to an earlier point is not the latest.
    has(&format!("{text}held 8.0\n"), "status 9.500000 lease web until=19.000000 taken=15.000000");
    has(&format!("{text}held 9.0\n"), "status 9.500000 lease web until=19.000000 taken=19.000000");
    lacks(&format!("{text}do 9.6 stop web\n"), " lease ");
    // The next life of the group begins without.
    lacks(&format!("{text}do 9.6 stop web\ndo 9.7 start web until=20.0\n"), "taken");
}

#[test]
fn what_was_decided_of_groups_counts_and_not_what_others_say() {
    let said = "msg 1.0 n2 via=m t=status grp=web:started:can:3 votes=web:n3:ab:7 ping=1.0.0 maint=60\ntick 2.0\n";
    has(said, "status 2.000000 group web node=n2 state=started since=1.000000 epoch=3");
    has(said, "status 2.000000 vote web node=n2 holder=n3");
    let decided = format!("{said}group 2.5 web unknown node=n2 epoch=3\n{said}");
    has(&decided, "status 2.000000 group web node=n2 state=unknown since=2.500000 epoch=3");
    lacks(&decided, "state=started");
    // A witness decides nothing: what a dead node said is over.
    let dead = format!("{said}node 12.0 n2 dead silent=10\ntick 12.0\n");
    lacks(&dead, " group ");
    lacks(&dead, " vote ");
}

#[test]
fn alarms_last_until_they_are_over_or_not_repeated() {
    let text = "why 5.0 web alarm nobody%20can serve it\ntick 6.0\n";
    has(text, "status 6.000000 alarm web verb=alarm since=5.000000 text=nobody%20can%20serve%20it");
    lacks(&format!("{text}why 7.0 web over it lasted 2 s\n"), " alarm ");
    lacks(&format!("{text}tick 700.0\n"), " alarm ");
    let again = format!("{text}why 605.0 web alarm nobody can serve it\ntick 700.0\n");
    has(&again, "status 700.000000 alarm web verb=alarm since=5.000000 text=nobody%20can%20serve%20it");
}

#[test]
fn a_request_lasts_until_it_is_answered() {
    let text = "why 5.0 web accepted standby: n2 can serve it\ntick 6.0\n";
    has(text, "status 6.000000 request web verb=accepted since=5.000000 text=standby:%20n2%20can%20serve%20it");
    lacks(&format!("{text}why 7.0 web done standby: n2 serves it\n"), " request ");
}

#[test]
fn ping_targets_configurations_and_the_watchdog_are_as_last_told() {
    let text = "ping 1.0 gw up rtt=0.3 loss=0/9 group=g\nping 2.0 gw up rtt=0.4 loss=0/9 group=g\nnode 1.0 n2 active\n\
                peer 3.0 n2 config=differs version=same\nwatchdog 3.0 /dev/watchdog armed timeout=10 kind=hardware\n\
                bad 3.0 auth n=3\nbad 4.0 auth n=4\nunkept 5.0 n=9\ntick 5.0\n";
    has(text, "status 5.000000 ping gw state=up since=1.000000 rtt=0.4 loss=0/9 group=g");
    has(text, "status 5.000000 node n2 state=active since=1.000000 config=differs version=same");
    has(text, "status 5.000000 watchdog /dev/watchdog state=armed since=3.000000 timeout=10 kind=hardware");
    has(text, "status 5.000000 bad auth n=7");
    has(text, "status 5.000000 unkept n1 n=9");
}

#[test]
fn what_stands_beside_the_pipeline_is_as_last_told() {
    let text = "carrier 1.0 web down reason=eth0%20has%20no%20carrier\nrespawn 2.0 ipfail ended status=1 again=1.0\n\
                monitor 3.0 web failed name=apache status=3\nmonitor 3.1 web restart name=apache n=1 of=3\ntick 5.0\n";
    has(text, "status 5.000000 carrier web state=down since=1.000000 reason=eth0%20has%20no%20carrier");
    has(text, "status 5.000000 respawn ipfail state=ended since=2.000000 status=1 again=1.0");
    has(text, "status 5.000000 monitor web state=restart since=3.100000 name=apache n=1 of=3");
    // What is well again, or watched no more, is nothing to be told.
    for end in ["monitor 4.0 web restarted name=apache", "monitor 4.0 web running", "do 4.0 stop web"] {
        lacks(&format!("{text}{end}\n"), " monitor ");
    }
    has(
        &format!("{text}monitor 4.0 web restarted name=other\n"),
        "status 5.000000 monitor web state=restart since=3.100000 name=apache n=1 of=3",
    );
    has(&format!("{text}carrier 6.0 web up\n"), "status 5.000000 carrier web state=up since=6.000000");
}

#[test]
fn a_maintenance_ends_with_its_time() {
    let text = "node 1.0 n2 active\nmsg 1.0 n2 via=m t=status grp=- votes=- ping=1.0.2 maint=60\ntick 2.0\n";
    has(text, "status 2.000000 node n2 state=active since=1.000000 reach=1.0.2 maintenance=61.000000");
    lacks(&format!("{text}tick 62.0\n"), "maintenance");
}

/// A minute of a node on two media: of ten messages one is lost on the second,
/// which is 2 ms slower.
fn two_media() -> String {
    let mut text = "link 1.0 n2/a up\nlink 1.0 n2/b up\nlink 1.0 n2/c dead\n".to_owned();
    for second in 1..=60 {
        text += &format!("sent {second}.0 t=status seq={second:x} inc=aa\n");
        text += &format!("msg {second}.25 n2 via=a seq={second:x} hg=1 echo=n1:aa:{second:x}:249\n");
        if second % 10 != 0 {
            text += &format!("dup {second}.252 n2 via=b seq={second:x} hg=1\n");
        }
    }
    text + "tick 61.0\n"
}

#[test]
fn losses_and_times_of_each_medium_are_measured() {
    let text = two_media();
    has(&text, "status 61.000000 link n2/a state=up since=1.000000 loss=0.0000 of=58");
    has(&text, "status 61.000000 link n2/b state=up since=1.000000 loss=0.0862 of=58 behind=2.000");
    has(&text, "status 61.000000 link n2/c state=dead since=1.000000 loss=1.0000 of=58");
    has(&format!("{text}node 61.0 n2 active\n"), "status 61.000000 node n2 state=active since=61.000000 rtt=1.000");
}

#[test]
fn a_new_life_of_a_node_is_measured_anew() {
    let text =
        two_media() + "msg 62.0 n2 via=b seq=1 hg=2\nmsg 63.0 n2 via=b seq=2 hg=2\nmsg 64.0 n2 via=b seq=3 hg=2\n";
    has(&text, "status 61.000000 link n2/a state=up since=1.000000 loss=1.0000 of=1");
    has(&text, "status 61.000000 link n2/b state=up since=1.000000 loss=0.0000 of=1");
}

#[test]
fn numbers_of_any_size_and_names_without_end_are_bounded() {
    let mut overview = Overview::new("n1");
    let mut take = |line: &str| overview.record(&Record::parse(line.as_bytes()).unwrap());
    for number in ["ffffffffffffffff", "0", "1", "fffffffffffffffe", "8000000000000000"] {
        take(&format!("msg 1.0 n2 via=a seq={number} hg=1"));
        take(&format!("dup 1.0 n2 via=b seq={number} hg=1"));
    }
    for number in 0..5_000 {
        for kind in ["node", "link", "ping", "peer", "bad"] {
            take(&format!("{kind} 1.0 x{number} up"));
        }
        take(&format!("why 1.0 x{number} alarm x"));
        take(&format!("msg 1.0 x{number} via=a{number} seq=1 t=status grp=g{number}:started:can:1 votes=-"));
    }
    let lines = overview.lines();
    assert!(lines.len() < 8 * MOST, "{}", lines.len());
}

#[test]
fn what_one_has_told_another_one_knows() {
    let text = "self 1.0 ready\nnode 1.0 n2 active hears=no\nlink 1.5 n2/bcast:eth1 oneway direction=in\n\
                peer 1.6 n2 config=same version=same\nping 1.7 gw up rtt=0.4 loss=0/9 group=g\n\
                group 2.0 web started node=n1 epoch=3\ngroup 2.0 web stopped node=n2 epoch=3\n\
                do 2.0 start web until=12.0 epoch=3\ngroup 2.1 web started\nwhy 2.2 web alarm nobody can serve it\n\
                why 2.3 db wait n2 comes first\ncarrier 2.4 web down reason=eth0%20is%20down\n\
                monitor 2.5 web failed name=a status=1\nmonitor 2.5 web failed name=b status=2\n\
                watchdog 2.6 /dev/watchdog armed timeout=10\nrespawn 2.7 ipfail started user=root\n\
                bad 3.0 auth n=3\nunkept 5.0 n=9\ntick 5.0\ntick 5.25\n";
    let before = after(text);
    let mut overview = Overview::new("n1");
    before.iter().for_each(|line| overview.resume(&Record::parse(line.as_bytes()).expect(line)));
    assert_eq!(overview.lines(), before);
    // It goes on from there: nothing of what was is forgotten, and the states last since then.
    for line in ["group 6.0 web stopping node=n1 epoch=3", "node 6.0 n2 dead silent=3", "tick 6.0"] {
        overview.record(&Record::parse(line.as_bytes()).expect(line));
    }
    let lines = overview.lines();
    for wanted in [
        "status 6.000000 group web node=n1 state=stopping since=6.000000 epoch=3",
        "status 6.000000 group web node=n2 state=stopped since=2.000000 epoch=3",
        "status 6.000000 lease web until=12.000000 taken=12.000000",
    ] {
        assert!(lines.iter().any(|line| line == wanted), "{wanted}\n{lines:#?}");
    }
}

use std::time::Duration;

use super::*;
use crate::decide::{GroupSetting, Policy, Quorum};

fn settings() -> Settings {
    let group = |name: &str| GroupSetting { name: name.to_owned(), preferred: "n1".to_owned() };
    Settings {
        own: "n1".to_owned(),
        nodes: vec!["n1".to_owned(), "n2".to_owned()],
        groups: vec![group("web"), group("db")],
        policy: Policy::default(),
        keepalive: Duration::from_secs(1),
        deadtime: Duration::from_secs(10),
        quorum: Quorum::Alive,
        digest: "-".to_owned(),
    }
}

/// The words of the story, without the two times.
fn told(group: &str, text: &str) -> Result<Vec<String>, NoTale> {
    let mut tale = Tale::new(settings(), group);
    let mut lines = Vec::new();
    for line in text.lines() {
        let _ = tale.record(&Record::parse(line.as_bytes()).expect(line), &mut lines);
    }
    tale.end(&mut lines)?;
    Ok(lines.iter().map(|line| line.split_at(26).1.to_owned()).collect())
}

fn has(lines: &[String], wanted: &str) -> bool {
    lines.iter().any(|line| line.contains(wanted))
}

#[test]
fn the_death_of_an_owner_leaves_a_gap_that_is_known_and_one_that_may_be() {
    let lines = told(
        "web",
        "group 1.0 web started node=n2 epoch=1\nnode 20.0 n2 dead silent=10.0\nwhy 20.1 web start n2 is dead\n\
         do 20.1 start web until=30.0 epoch=2\ngroup 20.1 web starting node=n1 epoch=2\n\
         group 20.5 web started node=n1 epoch=2\nself 50.0 stalled gap=9\n",
    )
    .unwrap();
    assert_eq!(
        lines,
        [
            "n2 serves it",
            "n2 is dead: it was silent for 10.0 s",
            "whether n2 still serves it is not known",
            "n1 starts it: n2 is dead",
            "n1 serves it; nobody was known to for 0.500 s, and at most 10.5 s nobody did",
            "this node was paused, and trusts no silence",
            "n1 served it to the end, for 29.5 s",
            "in all, since it was first served: not served 10.5 s at most, two had it 0 s",
        ]
    );
}

#[test]
fn what_was_found_of_the_group_is_told_and_not_what_goes_well() {
    let lines = told(
        "web",
        "group 1.0 web started node=n1 epoch=1\nmonitor 2.0 web failed name=apache status=3\n\
         monitor 2.1 db failed name=x\nresource 2.2 web failed name=apache status=1\nresource 2.3 web running name=a\n\
         carrier 3.0 web down reason=eth0%20is%20down\nhold 4.0 10.0.0.1 removed group=web reason=gone\n\
         hold 5.0 10.0.0.1 held group=web\nhold 6.0 10.0.0.2 ended group=db\n",
    )
    .unwrap();
    assert_eq!(
        lines[1..5],
        [
            "n1: apache: it was found failed (status 3)",
            "n1: apache: the script says failed (status 1)",
            "n1: it has no carrier here: eth0 is down",
            "n1: 10.0.0.1: removed: gone",
        ]
    );
    assert_eq!(lines.len(), 7, "{lines:?}");
}

#[test]
fn two_that_have_it_are_counted_until_one_has_released_it() {
    let lines = told(
        "web",
        "group 1.0 web started node=n2 epoch=1\ngroup 2.0 web started node=n1 epoch=1\n\
         why 2.0 web alarm n2 has it too\ngroup 3.0 web stopping node=n2 epoch=1\ngroup 4.5 web stopped node=n2 epoch=1\n",
    )
    .unwrap();
    for wanted in
        ["TWO have it: n1 and n2", "ALARM: n2 has it too", "n2 stops it", "n2 has released it", "two had it for 2.5 s"]
    {
        assert!(has(&lines, wanted), "{wanted}: {lines:?}");
    }
    assert!(has(&lines, "not served 0 s at most, two had it 2.5 s"), "{lines:?}");
}

#[test]
fn another_group_is_another_story() {
    let records = "why 1.0 db wait for n2\ngroup 1.0 db started node=n2 epoch=1\n";
    assert_eq!(told("web", records), Err(NoTale::Nothing));
    assert!(has(&told("db", records).unwrap(), "n2 serves it"));
}

#[test]
fn a_group_of_the_records_needs_no_configuration() {
    assert!(has(&told("mail", "group 1.0 mail started node=n2 epoch=1\n").unwrap(), "n2 serves it"));
    let known = vec!["web".to_owned(), "db".to_owned()];
    assert_eq!(told("other", "tick 1.0\n"), Err(NoTale::UnknownGroup(known)));
}

#[test]
fn decisions_in_the_stream_are_told_and_not_made_anew() {
    // Decided anew this would wait for n2: what stands there counts.
    let lines =
        told("web", "group 0.5 web stopped\ngroup 0.5 web failed node=n1 epoch=0\ntick 1.0\ntick 2.0\n").unwrap();
    assert!(has(&lines, "it failed there"), "{lines:?}");
    assert!(!has(&lines, "waits"), "{lines:?}");
    let lines = told("web", "group 0.5 web stopped\ntick 1.0\ntick 2.0\n").unwrap();
    assert!(has(&lines, "n1 waits: it is not known what n2 does"), "{lines:?}");
}

#[test]
fn a_boot_begins_the_count_anew() {
    let lines = told(
        "web",
        "self 1000.0 ready\ngroup 1001.0 web started node=n1 epoch=1\nself 1100.0 stalled gap=9\n\
         self 5.0 ready\ngroup 7.0 web started node=n1 epoch=1\nnode 9.0 n2 active\n",
    )
    .unwrap();
    assert_eq!(
        lines,
        [
            "n1 serves it; nobody was seen to serve it in the 1.0 s before",
            "this node was paused, and trusts no silence",
            "this node was booted; what follows counts anew, after 1 min 40 s",
            "n1 serves it; nobody was seen to serve it in the 2.0 s before",
            "n1 served it to the end, for 2.0 s",
            "in all, since it was first served: not served 0 s at most, two had it 0 s",
        ]
    );
}

#[test]
fn times_stand_before_the_words() {
    let mut tale = Tale::new(settings(), "web");
    let mut lines = Vec::new();
    for line in ["group 100.25 web stopped node=n2 epoch=0", "group 190.5 web started node=n2 epoch=0"] {
        tale.record(&Record::parse(line.as_bytes()).unwrap(), &mut lines).unwrap();
    }
    assert_eq!(
        lines,
        [
            "     0.000       100.250  n2 does not have it",
            "    90.250       190.500  n2 serves it; nobody was seen to serve it in the 1 min 30 s before",
        ]
    );
}

//! S106: recorded traffic, replayed to a node through `hb-judge -a | hb-decide`,
//! does nothing but keep it from taking over.

use std::fmt::Write as _;

use crate::lab::run;

/// One of the lives of a node.
#[derive(Clone, Copy)]
struct Life {
    generation: u32,
    incarnation: &'static str,
}

/// The status `number` of a life, which has heard the message `heard` of a life of
/// ours and votes for it.
fn status(name: &str, life: Life, number: u32, ours: &str, heard: u32) -> String {
    let Life { generation, incarnation } = life;
    format!(
        "{name} via=bcast:eth1 t=status st=active seq={number:x} hg={generation} inc={incarnation} \
         grp=web:stopped:can:0 cfg=- votes=web:n1:{ours}:{heard:x} echo=n1:{ours}:{heard:x}:90"
    )
}

const OURS_BEFORE: &str = "0a0a";
const OURS: &str = "0b0b";
const BEFORE: Life = Life { generation: 1, incarnation: "aaaa" };
const AFTER: Life = Life { generation: 2, incarnation: "bbbb" };

/// A minute of a life of ours: what `living` say, and what an attacker repeats
/// from second `from` on.
fn minute(living: &[(&str, Life)], from: u32, recorded: &[String]) -> String {
    let mut stream = "group 0.5 web stopped\n".to_owned();
    for second in 1..60 {
        let mut line = |text: &str| writeln!(stream, "{text}").unwrap();
        line(&format!("tick {second}.0"));
        line(&format!("sent {second}.1 t=status seq={second:x} hg=9 inc={OURS} ok=1 failed=0"));
        for (name, life) in living {
            line(&format!("msg {second}.2 {}", status(name, *life, second + 100, OURS, second)));
        }
        if second == 40 {
            line("group 40.25 web started");
        }
        if second >= from && !recorded.is_empty() {
            let index = (second - from) as usize % recorded.len();
            line(&format!("msg {second}.3 {}", recorded[index]));
        }
    }
    stream
}

/// What is decided. That an address is announced again is due with the next record,
/// whatever that is.
fn decisions(stream: &str, peers: &[&str], quorum: &str) -> Vec<String> {
    let options = |more: &[&'static str]| {
        let peers = peers.iter().flat_map(|peer| ["-P", peer]);
        ["-N", "n1", "-d", "10"].into_iter().chain(more.iter().copied()).chain(peers).collect::<Vec<_>>()
    };
    let judged = run("hb-judge", &options(&["-a"]), stream.as_bytes());
    assert_eq!((judged.code(), judged.err.as_str()), (0, ""));
    let mut words = options(&["-g", "web=n1"]);
    words.extend(["--quorum", quorum]);
    let decided = run("hb-decide", &words, judged.out.as_bytes());
    assert_eq!((decided.code(), decided.err.as_str()), (0, ""));
    decided.out.lines().filter(|line| !line.contains(" reannounce ")).map(str::to_owned).collect()
}

/// A minute of messages of one life to a life of ours.
fn recording(life: Life, ours: &str) -> Vec<String> {
    (1..60).map(|second| status("n2", life, second, ours, second)).collect()
}

#[test]
fn a_recording_changes_nothing_beside_the_living_peer() {
    let cases = [
        ("after our restart", BEFORE, recording(BEFORE, OURS_BEFORE)),
        ("after the peer's restart", AFTER, recording(BEFORE, OURS)),
        ("after both restarts", AFTER, recording(BEFORE, OURS_BEFORE)),
    ];
    for (when, life, recorded) in cases {
        for quorum in ["alive", "majority"] {
            let without = decisions(&minute(&[("n2", life)], 99, &[]), &["n2"], quorum);
            assert!(without.iter().any(|line| line.contains(" start web ")), "{when}: {without:?}");
            for from in [2, 10, 30] {
                let with = decisions(&minute(&[("n2", life)], from, &recorded), &["n2"], quorum);
                assert_eq!(with, without, "{when}, {quorum}, from {from}");
            }
        }
    }
}

#[test]
fn a_recording_of_a_dead_peer_neither_votes_nor_makes_us_give_up() {
    let recorded = [recording(BEFORE, OURS_BEFORE), recording(AFTER, OURS_BEFORE)].concat();
    // Its votes count for nothing: two of two are needed, and of three with one.
    for (peers, quorum) in [(&["n2"][..], "alive"), (&["n2"], "majority"), (&["n2", "n3"], "majority")] {
        let with = decisions(&minute(&[], 2, &recorded), peers, quorum);
        assert!(!with.iter().any(|line| line.starts_with("do ")), "{quorum}: {with:?}");
    }
    // An owner by the vote of another goes on, and until when is as it was.
    let leases = |from| -> Vec<String> {
        let all = decisions(&minute(&[("n3", AFTER)], from, &recorded), &["n2", "n3"], "majority");
        assert!(!all.iter().any(|line| line.contains(" stop ")), "from {from}: {all:?}");
        all.into_iter().filter(|line| line.contains("until=")).collect()
    };
    let without = leases(99);
    assert!(without.len() > 5, "{without:?}");
    assert_eq!(leases(30), without);
}

#[test]
fn an_owner_whose_peer_is_dead_goes_on_beside_a_recording_of_it() {
    let recordings = [
        ("of both earlier lives", recording(BEFORE, OURS_BEFORE)),
        ("to our earlier life", recording(AFTER, OURS_BEFORE)),
        ("that has heard nobody", recording(AFTER, "-")),
    ];
    for (what, recorded) in recordings {
        let doings = |from| -> Vec<String> {
            let all = decisions(&minute(&[], from, &recorded), &["n2"], "alive");
            all.into_iter().filter(|line| line.starts_with("do ")).collect()
        };
        let without = doings(99);
        assert!(without.iter().filter(|line| line.contains(" renew ")).count() > 5, "{without:?}");
        assert_eq!(doings(42), without, "{what}");
    }
}

#[test]
fn a_recorded_peer_is_never_said_to_be_proven() {
    let recorded = recording(BEFORE, OURS_BEFORE);
    let stream = minute(&[], 2, &recorded);
    let said = run("hb-judge", &["-N", "n1", "-P", "n2", "-d", "10"], stream.as_bytes());
    let verdicts: Vec<&str> = said.out.lines().filter(|line| line.contains(" active")).collect();
    assert!(!verdicts.is_empty() && verdicts.iter().all(|line| line.contains(" proven=no")), "{}", said.out);
    let stream = minute(&[("n2", BEFORE)], 99, &[]);
    let said = run("hb-judge", &["-N", "n1", "-P", "n2", "-d", "10"], stream.as_bytes());
    assert!(said.out.contains(" n2 active hears=yes proven=yes\n"), "{}", said.out);
}

use super::*;
use crate::ha_cf::{PingDamping, Quorum};
use crate::record::Record;
use crate::votes::{Leases, Terms};

use super::super::Policy;

const OWN: &str = "n1";
const DAMPING: Duration = Duration::from_secs(20);

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn connectivity(damping: PingDamping) -> Connectivity {
    let policy = Policy { ping: vec!["gw".to_owned(), "dns".to_owned()], ping_damping: damping, ..Policy::default() };
    let deadtime = Duration::from_secs(10);
    Connectivity::new(&Settings {
        own: OWN.to_owned(),
        nodes: vec![OWN.to_owned(), "n2".to_owned()],
        groups: Vec::new(),
        policy,
        keepalive: Duration::from_secs(1),
        deadtime,
        quorum: Quorum::Alive,
        digest: "-".to_owned(),
    })
}

/// A peer that is active and proven, and says that it could serve `web`.
fn peer(stance: &str, reach: &str) -> BTreeMap<String, Peer> {
    let mut leases = Leases::new(Terms::new(Duration::from_secs(10)));
    leases.left("aa", 1, at(0));
    let line = format!(
        "msg 0 n2 t=status st=active seq=1 hg=1 inc=bb grp=web:stopped:{stance}:0 cfg=- ping={reach} votes=- echo=n1:aa:1:0"
    );
    let mut peer = Peer::new();
    peer.hear(&Record::parse(line.as_bytes()).unwrap(), OWN, &leases, at(0)).unwrap();
    peer.judge("active", at(0)).unwrap();
    BTreeMap::from([("n2".to_owned(), peer)])
}

fn look(this: &mut Connectivity, peers: &BTreeMap<String, Peer>, seconds: u64) {
    this.look(peers, false, at(seconds), &mut Vec::new());
}

#[test]
fn an_owner_is_behind_after_the_damping_time_and_others_at_once() {
    let (mut this, peers) = (connectivity(PingDamping::Deadtimes), peer("can", "1.1.0"));
    this.see("gw", "dead", None).unwrap();
    look(&mut this, &peers, 1);
    assert!(!this.is_behind("web", false, &peers, at(1)), "the other one is not known yet");
    this.see("dns", "dead", None).unwrap();
    look(&mut this, &peers, 2);
    assert!(this.is_behind("web", false, &peers, at(2)));
    look(&mut this, &peers, 21);
    assert!(!this.is_behind("web", true, &peers, at(21)));
    look(&mut this, &peers, 22);
    assert!(this.is_behind("web", true, &peers, at(22)));
    assert!(!this.is_behind("db", true, &peers, at(22)), "the peer could not serve that");
}

#[test]
fn a_lead_that_has_gone_counts_for_as_long_with_who_does_not_serve() {
    let (mut this, peers) = (connectivity(PingDamping::Span(DAMPING)), peer("can", "1.1.0"));
    this.see("gw", "dead", None).unwrap();
    this.see("dns", "dead", None).unwrap();
    look(&mut this, &peers, 1);
    this.see("dns", "ping", None).unwrap();
    look(&mut this, &peers, 2);
    assert!(this.is_behind("web", false, &peers, at(20)) && !this.is_behind("web", true, &peers, at(20)));
    assert!(!this.is_behind("web", false, &peers, at(21)));
    assert!(this.may_want("web", &peers));
}

#[test]
fn who_does_not_know_what_it_reaches_is_not_behind_and_wants_nothing() {
    let (mut this, peers) = (connectivity(PingDamping::Deadtimes), peer("can", "2.0.0"));
    look(&mut this, &peers, 1);
    assert!(!this.is_behind("web", false, &peers, at(1)) && !this.may_want("web", &peers));
    this.see("gw", "ping", None).unwrap();
    this.see("dns", "ping", None).unwrap();
    assert!(this.may_want("web", &peers));
}

#[test]
fn nothing_is_better_at_a_node_that_would_not_serve_or_when_this_one_was_paused() {
    let mut this = connectivity(PingDamping::Deadtimes);
    this.see("gw", "dead", None).unwrap();
    this.see("dns", "unknown", Some("network-unreachable")).unwrap();
    let peers = peer("no", "2.0.0");
    look(&mut this, &peers, 1);
    assert!(!this.is_behind("web", false, &peers, at(1)) && this.may_want("web", &peers));
    let peers = self::peer("can", "2.0.0");
    this.look(&peers, true, at(2), &mut Vec::new());
    assert!(!this.is_behind("web", true, &peers, at(2)));
    assert_eq!(this.leads["n2"].now, None);
}

#[test]
fn off_means_that_nothing_moves_though_it_is_announced() {
    let (mut this, peers) = (connectivity(PingDamping::Off), peer("can", "2.0.0"));
    this.see("gw", "dead", None).unwrap();
    this.see("dns", "dead", None).unwrap();
    look(&mut this, &peers, 1);
    look(&mut this, &peers, 100);
    assert!(!this.is_behind("web", true, &peers, at(100)) && this.may_want("web", &peers));
    assert_eq!(this.reach(), Some(Reach { up: 0, down: 2, unknown: 0 }));
}

#[test]
fn ping_nodes_are_bounded_in_number_and_words_are_known() {
    let mut this = connectivity(PingDamping::Deadtimes);
    for number in 0..100 {
        this.see(&format!("p{number}"), "ping", None).unwrap();
    }
    assert_eq!(this.reach().unwrap().total(), TARGETS as u32);
    assert_eq!(this.see("gw", "up", None), None);
}

//! Two whole nodes, judge and decide, joined by a wire that can be cut. Time is
//! counted in milliseconds; nothing here waits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::judge::{self, Judge};
use crate::votes::Terms;

const KEEPALIVE: u64 = 100;
const DEADTIME: u64 = 1_000;
const TICK: u64 = 25;
/// How long an action takes.
const ACTION: u64 = 40;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

struct Node {
    name: &'static str,
    judge: Judge,
    decide: Decide,
    life: u32,
    sequence: u64,
    /// Records that are on their way to its bus, by time.
    coming: Vec<(u64, String)>,
    /// Everything it said, with its announcements.
    said: Vec<String>,
    running: bool,
    ended: bool,
    /// Whether its heartbeats leave the machine.
    sends: bool,
    holds: BTreeMap<String, bool>,
    fails: bool,
}

impl Node {
    fn new(name: &'static str, peer: &'static str, failback: bool) -> Node {
        let (judge, decide) = Node::brain(name, peer, failback);
        Node {
            name,
            judge,
            decide,
            life: 1,
            sequence: 0,
            coming: Vec::new(),
            said: Vec::new(),
            running: false,
            ended: false,
            sends: true,
            holds: BTreeMap::new(),
            fails: false,
        }
    }

    fn brain(name: &str, peer: &str, failback: bool) -> (Judge, Decide) {
        let judge = Judge::new(judge::Settings {
            own: Some(name.to_owned()),
            peers: vec![peer.to_owned()],
            links: Vec::new(),
            ping: Vec::new(),
            warntime: ms(DEADTIME / 2),
            deadtime: ms(DEADTIME),
            initdead: ms(DEADTIME * 2),
            deadping: ms(DEADTIME),
        });
        let group = |name: &str, node: &str| GroupSetting { name: name.to_owned(), preferred: node.to_owned() };
        let decide = Decide::new(Settings {
            own: name.to_owned(),
            nodes: vec!["n1".to_owned(), "n2".to_owned()],
            groups: vec![group("web", "n1"), group("db", "n2")],
            policy: Policy { auto_failback: failback, ..Policy::default() },
            keepalive: ms(KEEPALIVE),
            deadtime: ms(DEADTIME),
            quorum: Quorum::Alive,
            digest: "d".to_owned(),
        });
        (judge, decide)
    }

    /// Feeds one record through judge and decide; what it sends and does.
    fn feed(&mut self, line: &str, now: u64, wire: &mut Vec<String>) {
        let record = Record::parse(line.as_bytes()).unwrap();
        let mut verdicts = Vec::new();
        self.judge.record(&record, &mut verdicts).unwrap();
        let mut effects = Vec::new();
        self.decide.record(&record, &mut effects).unwrap();
        for verdict in verdicts {
            let verdict = verdict.finish();
            self.decide.record(&Record::parse(verdict.as_bytes()).unwrap(), &mut effects).unwrap();
            self.said.push(verdict);
        }
        for effect in effects {
            match effect {
                Effect::Say(line) => self.act(&line.finish(), now),
                Effect::Announce(text) => self.send(&text, now, wire),
                Effect::End => self.ended = true,
            }
        }
    }

    fn act(&mut self, line: &str, now: u64) {
        self.said.push(line.to_owned());
        let record = Record::parse(line.as_bytes()).unwrap();
        let words: Vec<&str> = record.words().collect();
        let (held, state) = match (record.kind, words.as_slice()) {
            ("do", ["start", _]) if self.fails => (false, "failed"),
            ("do", ["start", _]) => (true, "started"),
            ("do", ["stop", _]) => (false, "stopped"),
            _ => return,
        };
        self.holds.insert(words[1].to_owned(), held);
        let done = now + ACTION;
        self.coming.push((done, format!("group {} {} {state}", Time::from_micros(done * 1000), words[1])));
    }

    fn send(&mut self, text: &str, now: u64, wire: &mut Vec<String>) {
        if !self.sends {
            return;
        }
        self.sequence += 1;
        let time = Time::from_micros(now * 1000);
        let (seq, life) = (self.sequence, self.life);
        self.coming.push((now, format!("sent {time} t=status seq={seq:x} inc={life:032x} ok=1 failed=0")));
        wire.push(format!("msg {time} {} via=bcast:eth1 seq={seq:x} hg={life:x} inc={life:032x} {text}", self.name));
    }

    fn holds(&self, group: &str) -> bool {
        self.holds.get(group).copied().unwrap_or(false)
    }

    fn said_why(&self, text: &str) -> bool {
        let begins = |line: &str| line.splitn(3, ' ').nth(2).is_some_and(|rest| rest.starts_with(text));
        self.last_why().into_iter().any(begins)
    }

    fn last_why(&self) -> Vec<&str> {
        self.said.iter().filter(|line| line.starts_with("why ")).map(String::as_str).collect()
    }
}

struct Pair {
    now: u64,
    nodes: [Node; 2],
    cut: bool,
    failback: bool,
}

impl Pair {
    fn new(failback: bool) -> Pair {
        let nodes = [Node::new("n1", "n2", failback), Node::new("n2", "n1", failback)];
        Pair { now: 0, nodes, cut: false, failback }
    }

    fn start(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.running = true;
        for group in ["web", "db"] {
            node.coming.push((self.now, format!("group {} {group} stopped", Time::from_micros(self.now * 1000))));
        }
    }

    fn both() -> Pair {
        Pair::both_with(true)
    }

    fn both_with(failback: bool) -> Pair {
        let mut pair = Pair::new(failback);
        pair.start(0);
        pair.start(1);
        pair.run(1_000);
        pair
    }

    /// The power goes: everything is forgotten.
    fn kill(&mut self, index: usize) {
        let peers = [("n1", "n2"), ("n2", "n1")];
        let node = &mut self.nodes[index];
        let (name, peer) = peers[index];
        (node.judge, node.decide) = Node::brain(name, peer, self.failback);
        node.running = false;
        node.life += 1;
        node.sequence = 0;
        node.coming.clear();
        node.holds.clear();
    }

    fn run(&mut self, millis: u64) {
        let end = self.now + millis;
        while self.now < end {
            self.now += TICK;
            let now = self.now;
            for index in 0..2 {
                let node = &mut self.nodes[index];
                if !node.running || node.ended {
                    continue;
                }
                let mut wire = Vec::new();
                let (due, later) = std::mem::take(&mut node.coming).into_iter().partition(|(time, _)| *time <= now);
                node.coming = later;
                let mut due: Vec<(u64, String)> = due;
                due.sort_by_key(|(time, _)| *time);
                for (_, line) in due {
                    node.feed(&line, now, &mut wire);
                }
                node.feed(&format!("tick {}", Time::from_micros(now * 1000)), now, &mut wire);
                if !self.cut && self.nodes[1 - index].running {
                    let lines = wire.into_iter().map(|line| (now + 1, line));
                    self.nodes[1 - index].coming.extend(lines);
                }
            }
        }
    }

    fn owners(&self, group: &str) -> Vec<&'static str> {
        self.nodes.iter().filter(|node| node.running && node.holds(group)).map(|node| node.name).collect()
    }

    fn ask(&mut self, index: usize, text: &str) {
        let line = format!("ask {} {text}", Time::from_micros(self.now * 1000));
        self.nodes[index].coming.push((self.now, line));
    }

    /// Runs and looks after every tick that nobody shares a group.
    fn run_alone(&mut self, millis: u64) {
        for _ in 0..millis / TICK {
            self.run(TICK);
            for group in ["web", "db"] {
                assert!(self.owners(group).len() < 2, "{group} twice at {} ms", self.now);
            }
        }
    }
}

#[test]
fn both_started_at_once_each_serves_its_own() {
    let mut pair = Pair::new(true);
    pair.start(0);
    pair.start(1);
    pair.run_alone(2_000);
    assert_eq!(pair.owners("web"), ["n1"]);
    assert_eq!(pair.owners("db"), ["n2"]);
}

#[test]
fn a_lonely_node_waits_for_initdead_and_takes_everything() {
    let mut pair = Pair::new(true);
    pair.start(0);
    pair.run(DEADTIME * 2 - 100);
    assert!(pair.owners("web").is_empty(), "silence before initdead is not death");
    pair.run(300);
    assert_eq!((pair.owners("web"), pair.owners("db")), (vec!["n1"], vec!["n1"]));
}

#[test]
fn the_survivor_takes_over_when_its_vote_for_the_dead_has_expired_and_not_before() {
    let mut pair = Pair::both();
    pair.kill(0);
    let vote = u64::try_from(Terms::new(ms(DEADTIME)).vote.as_millis()).unwrap();
    pair.run(vote - KEEPALIVE - 50);
    assert!(pair.owners("web").is_empty());
    pair.run(KEEPALIVE + 100);
    assert_eq!(pair.owners("web"), ["n2"]);
    assert!(pair.nodes[1].last_why().iter().any(|why| why.ends_with("web start n1 is dead")));
}

#[test]
fn an_owner_whose_standby_dies_always_has_half_a_lease_ahead_of_it() {
    // With both groups the other node's heartbeats follow ours, or ours follow its.
    for dead in [0, 1] {
        let mut pair = Pair::both();
        let group = ["db", "web"][dead];
        pair.kill(dead);
        for _ in 0..DEADTIME * 2 / TICK {
            pair.run(TICK);
            let said = &pair.nodes[1 - dead].said;
            let until = said.iter().rev().find_map(|line| {
                let record = Record::parse(line.as_bytes()).unwrap();
                let is_leased = record.kind == "do" && record.words().nth(1) == Some(group);
                record.raw("until").filter(|_| is_leased)?.parse::<Time>().ok()
            });
            let ahead = until.unwrap().since(Time::from_micros(pair.now * 1000));
            assert!(ahead >= ms(DEADTIME / 2), "{group}: {ahead:?} at {} ms", pair.now);
            assert!(!said.iter().any(|line| line.starts_with("do ") && line.contains(&format!(" stop {group}"))));
        }
    }
}

#[test]
fn with_auto_failback_a_group_goes_home() {
    let mut pair = Pair::both();
    pair.kill(0);
    pair.run(2_000);
    pair.start(0);
    pair.run_alone(2_000);
    assert_eq!((pair.owners("web"), pair.owners("db")), (vec!["n1"], vec!["n2"]));
}

#[test]
fn without_auto_failback_a_group_stays_where_it_is() {
    let mut pair = Pair::both_with(false);
    assert_eq!(pair.owners("web"), ["n1"]);
    pair.kill(0);
    pair.run(2_000);
    pair.start(0);
    pair.run_alone(5_000);
    assert_eq!((pair.owners("web"), pair.owners("db")), (vec!["n2"], vec!["n2"]));
}

#[test]
fn a_node_that_crashes_and_is_back_within_deadtime_serves_again() {
    let mut pair = Pair::both();
    pair.kill(0);
    pair.run(300);
    pair.start(0);
    pair.run_alone(2_000);
    assert_eq!(pair.owners("web"), ["n1"]);
}

#[test]
fn after_a_healed_cut_the_node_that_is_not_preferred_releases() {
    for failback in [true, false] {
        let mut pair = Pair::both_with(failback);
        pair.cut = true;
        pair.run(3_000);
        assert_eq!(pair.owners("web"), ["n1", "n2"], "quorum alive serves on both sides of a cut");
        pair.cut = false;
        pair.nodes[0].said.clear();
        pair.run(500);
        assert_eq!((pair.owners("web"), pair.owners("db")), (vec!["n1"], vec!["n2"]));
        pair.run(2_000);
        let again: Vec<&String> =
            pair.nodes[0].said.iter().filter(|line| line.contains("do ") && line.contains("reannounce web")).collect();
        assert!(again.len() >= 3, "the winner says again that it has it: {again:?}");
    }
}

#[test]
fn an_orderly_shutdown_is_taken_over_at_once() {
    let mut pair = Pair::both();
    pair.ask(0, "shutdown");
    pair.run_alone(300);
    assert_eq!(pair.owners("web"), ["n2"], "well before deadtime");
    assert!(pair.nodes[0].ended);
}

#[test]
fn the_last_node_may_leave_too() {
    let mut pair = Pair::both();
    pair.ask(0, "shutdown");
    pair.run(2_000);
    pair.ask(1, "shutdown");
    pair.run(500);
    assert!(pair.nodes[1].ended && pair.owners("web").is_empty());
}

#[test]
fn a_standby_moves_the_group_and_failback_does_not_undo_it() {
    let mut pair = Pair::both();
    pair.ask(0, "standby local");
    pair.run_alone(5_000);
    assert_eq!(pair.owners("web"), ["n2"]);
    pair.ask(0, "takeover web");
    pair.run_alone(5_000);
    assert_eq!(pair.owners("web"), ["n1"]);
}

#[test]
fn a_takeover_of_a_preferred_group_stays() {
    let mut pair = Pair::both();
    pair.ask(1, "takeover all");
    pair.run_alone(5_000);
    assert_eq!((pair.owners("web"), pair.owners("db")), (vec!["n2"], vec!["n2"]));
}

#[test]
fn a_standby_is_refused_when_nobody_else_can_serve() {
    let mut pair = Pair::both();
    pair.kill(1);
    pair.run(3_000);
    pair.ask(0, "standby all");
    pair.run(1_000);
    assert_eq!(pair.owners("web"), ["n1"]);
    assert!(pair.nodes[0].last_why().iter().any(|why| why.contains("web refused standby")));
    pair.ask(0, "standby all force=1");
    pair.run(10_000);
    assert!(pair.nodes[0].said_why("web accepted standby: by force, although n2 is dead"));
    assert!(pair.owners("web").is_empty(), "a person insisted");
    pair.start(1);
    pair.run_alone(2_000);
    assert_eq!(pair.owners("web"), ["n2"]);
    assert!(pair.nodes[0].said_why("web done standby: n2 serves it"));
}

#[test]
fn of_two_takeovers_at_once_one_wins_and_the_other_is_told_so() {
    let mut pair = Pair::new(true);
    pair.start(0);
    pair.start(1);
    pair.ask(0, "takeover all");
    pair.ask(1, "takeover all");
    pair.run_alone(5_000);
    assert_eq!((pair.owners("web"), pair.owners("db")), (vec!["n1"], vec!["n2"]), "the preferred node is first");
    for (index, won, lost, by) in [(0, "web", "db", "n2"), (1, "db", "web", "n1")] {
        assert!(pair.nodes[index].said_why(&format!("{won} done takeover: it is served here")));
        assert!(pair.nodes[index].said_why(&format!("{lost} failed takeover: {by} has taken it since")));
    }
    // It is served by one of the two that are asked: the other one's request counts.
    pair.ask(0, "takeover web");
    pair.ask(1, "takeover web");
    pair.run_alone(5_000);
    assert_eq!(pair.owners("web"), ["n2"]);
    assert!(pair.nodes[0].said_why("web done takeover: it is served here already"));
    assert!(pair.nodes[1].said_why("web done takeover: it is served here"));
    pair.nodes.iter_mut().for_each(|node| node.said.clear());
    pair.run_alone(20_000);
    assert!(!pair.nodes.iter().any(|node| node.said_why("web stop")), "it stays");
}

#[test]
fn a_standby_that_the_other_fails_to_take_comes_back() {
    let mut pair = Pair::both();
    pair.nodes[1].fails = true;
    pair.ask(0, "standby web");
    pair.run_alone(3_000);
    assert_eq!(pair.owners("web"), ["n1"]);
    assert!(pair.nodes[0].said_why("web accepted standby: n2 can serve it"));
    let text = "web failed standby: no other node can serve it: n2 has failed to serve it; it comes back";
    assert!(pair.nodes[0].said_why(text), "{:?}", pair.nodes[0].last_why());
}

#[test]
fn a_standby_whose_taker_dies_comes_back() {
    let mut pair = Pair::both();
    pair.ask(0, "standby web");
    pair.run(50);
    pair.kill(1);
    pair.run(4_000);
    assert_eq!(pair.owners("web"), ["n1"]);
    assert!(pair.nodes[0].said_why("web failed standby: no other node can serve it: n2 is dead; it comes back"));
}

#[test]
fn in_maintenance_nothing_moves_by_itself_and_what_people_ask_is_done() {
    let mut pair = Pair::both();
    pair.ask(0, "maintenance on for=60s");
    pair.run_alone(200);
    assert!(pair.nodes[0].said_why("n1 accepted maintenance: for 60 s"));
    assert!(pair.nodes[1].said_why("n1 maintenance it is in maintenance for"), "the other knows");
    pair.ask(0, "standby web");
    pair.run_alone(2_000);
    assert_eq!(pair.owners("web"), ["n2"], "{:?}", pair.nodes[1].last_why());
    pair.ask(0, "takeover web");
    pair.run_alone(2_000);
    assert_eq!(pair.owners("web"), ["n1"]);
    pair.nodes[1].coming.push((pair.now, format!("group {} db failed", Time::from_micros(pair.now * 1000))));
    pair.run_alone(2_000);
    assert_eq!(pair.owners("db"), ["n2"], "who works on a node makes things fail");
    assert!(pair.nodes[1].said_why("db alarm a resource failed; that is seen to when the maintenance is over"));
    pair.ask(1, "maintenance off");
    pair.run_alone(200);
    assert!(pair.nodes[1].said_why("n2 refused maintenance: n1 lives: end it there"));
    pair.ask(0, "maintenance off");
    pair.run_alone(3_000);
    assert!(pair.nodes[1].said_why("n1 maintenance its maintenance is over"));
    assert_eq!(pair.owners("db"), ["n1"], "the failure is seen to");
}

#[test]
fn a_node_that_dies_in_maintenance_is_not_taken_from_before_it_has_run_out() {
    let mut pair = Pair::both();
    pair.ask(0, "maintenance on for=20s");
    pair.run_alone(300);
    pair.kill(0);
    pair.run(15_000);
    assert!(pair.owners("web").is_empty());
    assert!(pair.nodes[1].said_why("web wait n1 has gone in maintenance, which lasts until"));
    assert_eq!(pair.owners("db"), ["n2"], "what it serves goes on");
    pair.run(8_000);
    assert_eq!(pair.owners("web"), ["n2"]);
}

#[test]
fn the_maintenance_of_a_dead_node_can_be_ended_on_another_and_ends_with_its_next_life() {
    for by_a_person in [true, false] {
        let mut pair = Pair::both();
        pair.ask(0, "maintenance on");
        pair.run_alone(300);
        pair.kill(0);
        pair.run(3_000);
        assert!(pair.owners("web").is_empty());
        if by_a_person {
            pair.ask(1, "maintenance off");
            pair.run(300);
            assert!(pair.nodes[1].said_why("n2 done maintenance: that of n1, which is gone, is ended here"));
            assert_eq!(pair.owners("web"), ["n2"]);
        } else {
            pair.start(0);
            pair.run_alone(3_000);
            assert_eq!(pair.owners("web"), ["n1"]);
        }
    }
}

#[test]
fn a_lease_that_ends_stops_a_group_in_maintenance_too() {
    let mut pair = Pair::both();
    pair.ask(0, "maintenance on");
    pair.run_alone(300);
    pair.nodes[0].sends = false;
    pair.run_alone(4_000);
    assert!(pair.owners("web").is_empty());
}

#[test]
fn an_owner_whose_heartbeats_no_longer_leave_stops_before_the_other_starts() {
    let mut pair = Pair::both();
    pair.nodes[0].sends = false;
    pair.run_alone(3_000);
    assert_eq!(pair.owners("web"), ["n2"]);
    assert!(pair.nodes[0].last_why().iter().any(|why| why.contains("our lease has ended")));
}

#[test]
fn a_group_that_does_not_start_is_served_by_the_other() {
    let mut pair = Pair::new(true);
    pair.nodes[0].fails = true;
    pair.start(0);
    pair.start(1);
    pair.run_alone(3_000);
    assert_eq!(pair.owners("web"), ["n2"]);
    assert!(pair.nodes[0].last_why().iter().any(|why| why.contains("web alarm it failed here")));
    pair.nodes[0].fails = false;
    pair.ask(0, "clear web");
    pair.run_alone(3_000);
    assert_eq!(pair.owners("web"), ["n1"], "what was forgotten is tried again");
}

#[test]
fn a_pause_of_the_owner_releases_first_and_accuses_nobody() {
    let mut pair = Pair::both();
    pair.nodes[0].running = false;
    pair.run(3_000);
    assert_eq!(pair.nodes[1].holds.get("web"), Some(&true));
    pair.nodes[0].said.clear();
    pair.nodes[0].running = true;
    pair.run(100);
    let said = pair.nodes[0].said.join("\n");
    assert!(said.contains("self") && said.contains("stalled"), "{said}");
    assert!(!said.contains("n2 dead"), "{said}");
    assert!(!pair.nodes[0].holds("web"));
    pair.run(4_000);
    assert_eq!(pair.owners("web"), ["n1"], "it has listened and is preferred");
}

#[test]
fn a_pause_of_the_standby_takes_nothing() {
    let mut pair = Pair::both();
    pair.nodes[1].running = false;
    pair.run(400);
    pair.nodes[1].running = true;
    pair.run_alone(3_000);
    pair.nodes[1].running = false;
    // The owner serves both meanwhile; the paused one wakes up and must listen.
    pair.run(3_000);
    pair.nodes[1].running = true;
    pair.run(50);
    assert!(!pair.nodes[1].holds("web"));
    pair.run(3_000);
    assert_eq!((pair.owners("web"), pair.owners("db")), (vec!["n1"], vec!["n2"]));
}

#[test]
fn when_all_is_well_nothing_moves() {
    let mut pair = Pair::both();
    pair.nodes[0].said.clear();
    pair.nodes[1].said.clear();
    pair.run(120_000);
    for node in &pair.nodes {
        let moves: Vec<&String> =
            node.said.iter().filter(|line| line.contains(" start ") || line.contains(" stop ")).collect();
        assert!(moves.is_empty(), "{moves:?}");
    }
}

#[test]
fn a_peer_that_says_nothing_of_its_groups_is_not_taken_from() {
    let mut pair = Pair::new(true);
    pair.start(0);
    for beat in 1..60 {
        let time = Time::from_micros(beat * 100_000);
        let line = format!("msg {time} n2 via=bcast:eth1 t=status st=active seq={beat:x} hg=1");
        pair.nodes[0].coming.push((beat * 100, line));
    }
    pair.run(6_000);
    assert!(pair.owners("web").is_empty());
    assert!(pair.nodes[0].last_why().iter().any(|why| why.ends_with("it is not known what n2 does")));
}

#[test]
fn strange_records_change_nothing() {
    let mut node = Node::new("n1", "n2", true);
    let mut effects = Vec::new();
    for (line, strange) in [
        ("group 1.0 nothing started", Strange::UnknownGroup),
        ("group 1.0 web running", Strange::Incomplete),
        ("group 1.0", Strange::Incomplete),
        ("ask 1.0", Strange::Incomplete),
        ("node 1.0 n2", Strange::Incomplete),
        ("node 1.0 n2 asleep", Strange::Incomplete),
        ("msg 1.0", Strange::Incomplete),
        ("msg 1.0 n2 t=status grp=web:maybe", Strange::Unreadable),
    ] {
        let record = Record::parse(line.as_bytes()).unwrap();
        assert_eq!(node.decide.record(&record, &mut effects), Err(strange), "{line}");
    }
    assert!(effects.is_empty(), "{effects:?}");
}

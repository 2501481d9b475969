use super::*;
use crate::time::Time;

fn targets(members: &[Option<&str>]) -> Vec<Target> {
    let target = |group: &Option<&str>| Target {
        name: "x".to_owned(),
        address: [192, 0, 2, 1].into(),
        group: group.map(str::to_owned),
    };
    members.iter().map(target).collect()
}

/// Members that turn, one a second: number and state; what is said.
fn said(need: usize, members: &[Option<&str>], turns: &[(usize, State)]) -> Vec<String> {
    let targets = targets(members);
    let mut groups = Groups::new(&targets, need);
    let mut states = vec![None; targets.len()];
    let mut said = Vec::new();
    for (second, (target, state)) in turns.iter().enumerate() {
        let before = states[*target].replace(*state);
        let at = Time::from_micros(second as u64 * 1_000_000);
        said.extend(groups.turn(*target, before, *state, true, at).map(|report| report.record().finish()));
    }
    said
}

use State::{Down, Unknown, Up};

#[test]
fn a_group_is_said_when_it_is_certain_and_when_it_changes() {
    let turns = [(0, Down), (1, Up), (0, Up), (1, Down), (0, Unknown), (0, Down)];
    let wanted = [
        "ping-group 1.000000 g up up=1/2 need=1",
        "ping-group 4.000000 g unknown up=0/2 need=1",
        "ping-group 5.000000 g down up=0/2 need=1",
    ];
    assert_eq!(said(1, &[Some("g"), Some("g")], &turns), wanted);
}

#[test]
fn what_is_needed_decides_as_soon_as_it_cannot_be_reached() {
    let members = [Some("g"), Some("g"), Some("g"), None];
    let turns = [(3, Up), (0, Down), (1, Down), (2, Up)];
    assert_eq!(said(2, &members, &turns), ["ping-group 2.000000 g down up=0/3 need=2"]);
}

#[test]
fn a_stream_repeats_a_group_and_groups_are_apart() {
    let turns: Vec<(usize, State)> = (0..8).map(|_| (0, Up)).chain([(1, Down)]).collect();
    let wanted = [
        "ping-group 0.000000 a up up=1/1 need=1",
        "ping-group 5.000000 a up up=1/1 need=1",
        "ping-group 8.000000 b down up=0/1 need=1",
    ];
    assert_eq!(said(1, &[Some("a"), Some("b")], &turns), wanted);
    let report = GroupReport { time: Time::ZERO, name: "a".to_owned(), state: Up, up: 1, members: 2, need: 1 };
    let json = r#"{"kind":"ping-group","time":0.000000,"group":"a","state":"up","up":1,"of":2,"need":1}"#;
    assert_eq!(report.json(), json);
}

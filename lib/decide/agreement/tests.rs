use std::time::Duration;

use super::*;
use crate::announce::Groups;
use crate::decide::{Policy, Quorum};
use crate::votes::Votes;

fn settings(digest: &str) -> Settings {
    Settings {
        own: "n1".to_owned(),
        nodes: vec!["n1".to_owned(), "n2".to_owned()],
        groups: Vec::new(),
        policy: Policy::default(),
        keepalive: Duration::from_secs(1),
        deadtime: Duration::from_secs(10),
        quorum: Quorum::Alive,
        digest: digest.to_owned(),
    }
}

fn said(digest: &str, version: Option<u64>) -> Said {
    let (groups, votes) = (Groups::default(), Votes::default());
    Said {
        groups,
        votes,
        leaving: false,
        digest: digest.to_owned(),
        version,
        reach: None,
        proven: true,
        echoed: Some(1),
    }
}

/// What is said when a node with the digest `ours` hears these one after another.
fn heard(ours: &str, heard: &[(&str, Option<u64>)]) -> Vec<String> {
    let (mut agreement, settings, mut effects) = (Agreement::default(), settings(ours), Vec::new());
    for (digest, version) in heard {
        agreement.see("n2", &said(digest, *version), &settings, Time::from_micros(1_000_000), &mut effects);
    }
    let text = |effect: &Effect| match effect {
        Effect::Say(line) => line.to_string().replace(" 1.000000", ""),
        Effect::Announce(_) | Effect::End => panic!("{effect:?}"),
    };
    effects.iter().map(text).collect()
}

#[test]
fn what_is_not_known_is_no_difference() {
    assert!(heard("-", &[("beef", None)]).is_empty());
    assert!(heard("beef", &[("-", None)]).is_empty());
}

#[test]
fn a_difference_is_said_once_and_again_when_it_is_over() {
    let version = Some(announce::VERSION);
    let changes =
        [("beef", version), ("beef", version), ("cafe", version), ("feed", version), ("-", version), ("beef", version)];
    assert_eq!(
        heard("beef", &changes),
        [
            "peer n2 config=same version=same",
            "peer n2 config=differs version=same",
            "why n2 config its configuration differs from ours, compare hb-config digest on both",
            "peer n2 config=unknown version=same",
            "peer n2 config=same version=same",
        ]
    );
    assert_eq!(
        heard("beef", &[("cafe", None), ("beef", None)]).last().unwrap(),
        "why n2 config its configuration is as ours again"
    );
}

#[test]
fn a_later_version_and_an_earlier_one_are_both_said() {
    for other in [announce::VERSION + 1, announce::VERSION - 1] {
        let lines = heard("-", &[("-", Some(other)), ("-", Some(other))]);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0], "peer n2 config=unknown version=differs");
        assert!(lines[1].starts_with(&format!("why n2 version it announces in version {other}, this node in 1: ")));
    }
}

use super::*;
use crate::decide::{GroupSetting, Policy, Quorum};
use crate::record::Record;

fn settings(quorum: Quorum) -> Settings {
    Settings {
        own: "n1".to_owned(),
        nodes: vec!["n1".to_owned(), "n2".to_owned()],
        groups: vec![GroupSetting { name: "web".to_owned(), preferred: "n1".to_owned() }],
        policy: Policy::default(),
        keepalive: Duration::from_secs(1),
        deadtime: Duration::from_secs(10),
        quorum,
        digest: "-".to_owned(),
    }
}

fn time(tenths: u64) -> Time {
    Time::from_micros(tenths * 100_000)
}

fn feed(decide: &mut Decide, lines: &[&str]) -> Vec<String> {
    let mut effects = Vec::new();
    for line in lines {
        decide.record(&Record::parse_text(line).unwrap(), &mut effects).unwrap();
    }
    let said = |effect| match effect {
        Effect::Say(line) => Some(line.finish()),
        Effect::Announce(_) | Effect::End => None,
    };
    effects.into_iter().filter_map(said).collect()
}

/// One that serves, by the vote of a peer for a message that left at 12.1.
fn owner(quorum: Quorum) -> Decide {
    let mut decide = Decide::new(settings(quorum));
    let heard = "via=bcast:eth1 t=status st=active hg=1 inc=cc cfg=- grp=web:stopped:can:0";
    let hears = |sequence: u64| format!("echo=n1:aaaaaaaabb:{sequence}:100");
    feed(
        &mut decide,
        &[
            "group 0.5 web stopped",
            "tick 12.0",
            "sent 12.0 t=status seq=1 inc=aaaaaaaabb",
            "node 12.0 n2 active",
            &format!("msg 12.0 n2 seq=1 {heard} votes=- {}", hears(1)),
            "sent 12.1 t=status seq=2 inc=aaaaaaaabb",
            &format!("msg 12.2 n2 seq=2 {heard} votes=web:n1:aaaaaaaa:2 {}", hears(2)),
            "group 12.3 web started",
        ],
    );
    assert!(decide.may_hold());
    decide
}

#[test]
fn an_owner_leaves_its_lease_and_never_more() {
    for quorum in [Quorum::Alive, Quorum::Majority] {
        let heritage = owner(quorum).heritage();
        assert_eq!(heritage.held(&settings(quorum), time(123)), [("web".to_owned(), time(221))]);
        assert!(heritage.held(&settings(quorum), time(221)).is_empty(), "its lease has ended");
        assert!(heritage.held(&settings(quorum), time(100)).is_empty(), "no lease lasts for so long");
        let mut other = settings(quorum);
        other.groups[0].name = "mail".to_owned();
        assert!(heritage.held(&other, time(123)).is_empty());
        assert_eq!(heritage.strangers(&other), ["web"]);
    }
}

#[test]
fn our_own_vote_is_ours_while_we_hold_and_outlasts_the_lease() {
    // What a successor relies on: our book knows us as the holder until the lease ends.
    for quorum in [Quorum::Alive, Quorum::Majority] {
        let decide = owner(quorum);
        let lease = decide.groups[0].leased_until();
        let book = &decide.view.voting.book;
        assert_eq!(book.holder("web", lease.before(Duration::from_micros(1))), Some("n1"));
        let mut next = Decide::new(settings(quorum));
        next.inherit(decide.heritage());
        assert_eq!(next.view.voting.book.holder("web", lease.before(Duration::from_micros(1))), Some("n1"));
        assert_eq!(next.view.voting.book.holder("web", lease), None, "it is no longer promised than it was");
    }
}

#[test]
fn a_stopped_group_is_not_held_however_long_its_lease() {
    let mut decide = owner(Quorum::Alive);
    feed(&mut decide, &["ask 12.4 standby web force=1"]);
    assert!(decide.heritage().held(&settings(Quorum::Alive), time(125)).is_empty(), "it is being stopped");
    feed(&mut decide, &["group 12.6 web stopped"]);
    assert!(decide.heritage().held(&settings(Quorum::Alive), time(127)).is_empty());
}

#[test]
fn a_disowned_group_is_not_known_to_run() {
    let mut heritage = owner(Quorum::Alive).heritage();
    heritage.disown("web");
    heritage.disown("nothing");
    let mut next = Decide::new(settings(Quorum::Alive));
    next.inherit(heritage);
    let said = feed(&mut next, &["tick 13.0", "sent 13.0 t=status seq=4 inc=aaaaaaaabb"]);
    assert_eq!(said, ["why 13.000000 web wait it is not known whether it runs here"]);
}

#[test]
fn without_the_life_that_votes_were_given_to_nothing_is_held() {
    let mut heritage = owner(Quorum::Alive).heritage();
    heritage.incarnation = None;
    assert!(heritage.held(&settings(Quorum::Alive), time(125)).is_empty());
    let mut next = Decide::new(settings(Quorum::Alive));
    next.inherit(heritage);
    assert_eq!(next.groups[0].held(), Held::Unknown);
}

#[test]
fn before_time_flows_a_voter_that_has_restarted_votes_for_nobody() {
    let mut settings = settings(Quorum::Majority);
    settings.nodes.push("n3".to_owned());
    let mut decide = Decide::new(settings);
    let ask = "via=bcast:eth1 t=status st=active seq=1 hg=1 inc=cc cfg=- grp=web:asking:can:0 votes=-";
    feed(
        &mut decide,
        &[
            "node 12.0 n2 active",
            "sent 12.0 t=status seq=1 inc=aa",
            &format!("msg 12.1 n2 {ask} echo=n1:aa:1:100"),
            "tick 12.2",
        ],
    );
    assert_eq!(decide.view.voting.book.holder("web", time(122)), None);
}

#[test]
fn a_lease_that_cannot_be_of_this_time_is_none() {
    let mut next = Decide::new(settings(Quorum::Alive));
    next.inherit(owner(Quorum::Alive).heritage());
    let said = feed(&mut next, &["tick 5.0"]);
    assert!(said.contains(&"do 5.000000 stop web".to_owned()), "{said:?}");
    assert!(!said.iter().any(|line| line.contains(" adopt ") || line.contains(" renew ")), "{said:?}");
}

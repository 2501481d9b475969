use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1000)
}

fn terms() -> Terms {
    Terms::new(Duration::from_secs(9))
}

#[test]
fn a_vote_outlasts_the_lease_that_counts_on_it_at_any_rate_within_the_bound() {
    for deadtime in [30_000, 1_000, 300, 10] {
        let terms = Terms::new(Duration::from_millis(deadtime));
        // The holder's clock is slow by the whole bound, the voter's right; and
        // the other way round.
        let drift = 1.0 / f64::from(DRIFT);
        assert!(terms.lease.as_secs_f64() / (1.0 - drift) <= terms.vote.as_secs_f64());
        assert!(terms.lease.as_secs_f64() <= terms.vote.as_secs_f64() / (1.0 + drift));
    }
}

#[test]
fn a_voter_has_one_holder_until_the_vote_expires() {
    let mut book = Book::new(terms());
    assert!(book.ask("web", "n1", "aaaaaaaa0", 1, at(0)));
    assert!(!book.ask("web", "n2", "bbbbbbbb0", 1, at(100)));
    assert!(book.ask("db", "n2", "bbbbbbbb0", 1, at(100)));
    assert!(book.ask("web", "n1", "aaaaaaaa0", 9, at(5_000)));
    let expiry = 5_000 + u64::try_from(terms().vote.as_millis()).unwrap();
    assert!(!book.ask("web", "n2", "bbbbbbbb0", 2, at(expiry - 1)));
    assert_eq!(book.holder("web", at(expiry - 1)), Some("n1"));
    assert_eq!(book.holder("web", at(expiry + 1)), None);
    assert!(book.ask("web", "n2", "bbbbbbbb0", 3, at(expiry + 1)));
}

#[test]
fn another_life_of_the_holder_is_another_asker() {
    let mut book = Book::new(terms());
    assert!(book.ask("web", "n1", "aaaaaaaa0", 7, at(0)));
    assert!(!book.ask("web", "n1", "cccccccc0", 1, at(100)));
    book.release("web", "n2");
    assert_eq!(book.holder("web", at(100)), Some("n1"));
    book.release("web", "n1");
    assert!(book.ask("web", "n1", "cccccccc0", 2, at(200)));
}

#[test]
fn an_old_message_of_the_holder_shortens_nothing() {
    let mut book = Book::new(terms());
    book.ask("web", "n1", "aaaaaaaa0", 9, at(1_000));
    book.ask("web", "n1", "aaaaaaaa0", 8, at(900));
    assert_eq!(book.votes(at(1_000)).to_string(), "web:n1:aaaaaaaa:9");
    let last = 1_000 + u64::try_from(terms().vote.as_millis()).unwrap() - 1;
    assert_eq!(book.holder("web", at(last)), Some("n1"));
}

#[test]
fn a_lease_counts_from_the_sending_of_the_message_that_the_vote_names() {
    let mut leases = Leases::new(terms());
    leases.left("aaaaaaaa0", 0, at(0));
    leases.begin("web", at(0));
    for (sequence, time) in [(1, 0), (2, 1_000), (3, 2_000)] {
        leases.left("aaaaaaaa0", sequence, at(time));
    }
    let vote = |life: &str, sequence| Vote { holder: "n1".to_owned(), life: life.to_owned(), sequence };
    leases.granted("web", "n2", &vote("aaaaaaaa", 2));
    assert_eq!(leases.until("web", "n2"), Some(at(1_000) + terms().lease));
    leases.granted("web", "n2", &vote("aaaaaaaa", 1));
    assert_eq!(leases.until("web", "n2"), Some(at(1_000) + terms().lease), "an older vote takes nothing back");
    leases.granted("web", "n3", &vote("aaaaaaaa", 0));
    leases.granted("web", "n4", &vote("bbbbbbbb", 2));
    assert_eq!((leases.until("web", "n3"), leases.until("web", "n4")), (None, None));
    leases.end("web");
    assert_eq!(leases.until("web", "n2"), None);
}

#[test]
fn a_vote_may_be_faster_than_the_news_that_its_message_left() {
    let mut leases = Leases::new(terms());
    leases.left("aaaaaaaa0", 1, at(0));
    leases.begin("web", at(0));
    let vote = Vote { holder: "n1".to_owned(), life: "aaaaaaaa".to_owned(), sequence: 2 };
    leases.granted("web", "n2", &vote);
    assert_eq!(leases.until("web", "n2"), None);
    assert!(leases.is_fresh("aaaaaaaa0", 2, at(900)));
    leases.left("aaaaaaaa0", 2, at(1_000));
    assert_eq!(leases.until("web", "n2"), Some(at(1_000) + terms().lease));
}

#[test]
fn a_vote_for_an_ask_that_was_withdrawn_does_not_count_for_the_next() {
    let vote = |sequence| Vote { holder: "n1".to_owned(), life: "aaaaaaaa".to_owned(), sequence };
    let mut leases = Leases::new(terms());
    leases.left("aaaaaaaa0", 1, at(0));
    leases.granted("web", "n2", &vote(1));
    assert_eq!(leases.until("web", "n2"), None, "nothing was asked for");
    leases.begin("web", at(0));
    leases.left("aaaaaaaa0", 2, at(1_000));
    leases.end("web");
    leases.left("aaaaaaaa0", 3, at(2_000));
    leases.begin("web", at(0));
    leases.granted("web", "n2", &vote(2));
    assert_eq!(leases.until("web", "n2"), None, "the vote came too late for the first ask");
    leases.left("aaaaaaaa0", 4, at(3_000));
    leases.granted("web", "n2", &vote(4));
    assert_eq!(leases.until("web", "n2"), Some(at(3_000) + terms().lease));
}

#[test]
fn a_new_incarnation_of_ours_forgets_what_was_promised_to_the_old() {
    let mut leases = Leases::new(terms());
    leases.left("aaaaaaaa0", 4, at(0));
    leases.begin("web", at(0));
    leases.left("aaaaaaaa0", 5, at(0));
    leases.granted("web", "n2", &Vote { holder: "n1".to_owned(), life: "aaaaaaaa".to_owned(), sequence: 5 });
    leases.left("bbbbbbbb0", 1, at(10));
    assert_eq!(leases.until("web", "n2"), None);
    assert!(!leases.is_fresh("aaaaaaaa0", 5, at(20)));
    assert!(leases.is_fresh("bbbbbbbb0", 1, at(20)));
    assert!(!leases.is_fresh("bbbbbbbb0", 1, at(20) + terms().lease));
}

#[test]
fn votes_read_back_and_half_of_them_are_none() {
    for text in ["-", "web:n1:aaaaaaaa:1f", "a:n1:aaaaaaaa:0,b:n2:bbbbbbbb:ff"] {
        assert_eq!(text.parse::<Votes>().unwrap().to_string(), text);
    }
    for text in ["", "web", "web:n1:aa", "web:n1:aa:xyz", "web:n1:aa:1,web:n2:bb:1", "w b:n1:aa:1"] {
        assert_eq!(text.parse::<Votes>(), Err(Unreadable), "{text:?}");
    }
}

#[test]
fn memory_is_bounded_whatever_others_ask_for() {
    let mut book = Book::new(terms());
    for group in 0..10_000 {
        book.ask(&format!("g{group}"), "n2", "bbbbbbbb0", 1, at(group));
    }
    assert!(book.given.len() <= GROUPS);
    let mut leases = Leases::new(terms());
    for sequence in 0..100_000 {
        leases.left("aaaaaaaa0", sequence, at(sequence));
    }
    assert!(leases.sent.len() <= SENT);
}

/// The end of a vote that was asked for at boot.
fn expiry() -> Time {
    Time::ZERO + terms().vote
}

const MICRO: Duration = Duration::from_micros(1);

#[test]
fn a_vote_ends_on_time_to_the_microsecond() {
    let mut book = Book::new(terms());
    book.ask("web", "n1", "aaaaaaaa0", 1, Time::ZERO);
    let before = expiry().before(MICRO);
    assert_eq!(book.holder("web", before), Some("n1"));
    assert_eq!(book.holders(before).collect::<Vec<_>>(), [("web", "n1")]);
    assert_eq!(book.votes(before).to_string(), "web:n1:aaaaaaaa:1");
    assert!(!book.ask("web", "n2", "bbbbbbbb0", 1, before));
    assert_eq!(book.holder("web", expiry()), None);
    assert_eq!(book.holders(expiry()).count(), 0);
    assert_eq!(book.votes(expiry()).to_string(), "-");
    assert!(book.ask("web", "n2", "bbbbbbbb0", 1, expiry()));
}

#[test]
fn a_change_is_another_holder_or_none_and_never_a_longer_vote() {
    let mut book = Book::new(terms());
    let mut changes = vec![book.changes()];
    book.ask("web", "n1", "aaaaaaaa0", 1, at(0));
    changes.push(book.changes());
    book.ask("web", "n1", "aaaaaaaa0", 2, at(10));
    book.ask("web", "n2", "bbbbbbbb0", 1, at(20));
    book.release("web", "n2");
    changes.push(book.changes());
    book.release("web", "n1");
    changes.push(book.changes());
    book.ask("web", "n2", "bbbbbbbb0", 2, at(30));
    changes.push(book.changes());
    assert_eq!(changes, [0, 1, 1, 2, 3]);
}

#[test]
fn a_vote_asked_for_in_the_future_lasts_as_long_as_one_asked_for_now() {
    let mut book = Book::new(terms());
    book.ask("web", "n1", "aaaaaaaa0", 1, at(3_600_000));
    book.not_after(Time::ZERO);
    assert_eq!(book.holder("web", expiry().before(MICRO)), Some("n1"));
    assert_eq!(book.holder("web", expiry()), None);
    // It is remembered for another vote's length, and no longer.
    let end = expiry() + terms().vote;
    book.not_after(end.before(MICRO));
    assert_eq!((book.given.len(), book.holder("web", expiry())), (1, None));
    book.not_after(end);
    assert!(book.given.is_empty());
}

#[test]
fn room_for_another_group_is_made_by_votes_that_have_ended_alone() {
    let mut book = Book::new(terms());
    for number in 0..GROUPS {
        let asked = if number % 2 == 0 { at(0) } else { at(1_000) };
        assert!(book.ask(&format!("g{number}"), "n1", "aaaaaaaa0", 1, asked));
    }
    assert!(!book.ask("web", "n2", "bbbbbbbb0", 1, expiry().before(MICRO)));
    assert!(book.ask("web", "n2", "bbbbbbbb0", 1, expiry()));
    assert_eq!(book.holders(expiry()).filter(|(_, holder)| *holder == "n1").count(), GROUPS / 2);
    assert!(!book.ask("g1", "n2", "bbbbbbbb0", 2, expiry()), "a vote that holds was forgotten");
}

#[test]
fn what_left_before_another_message_is_no_news() {
    let mut leases = Leases::new(terms());
    assert_eq!((leases.incarnation(), leases.last(), leases.own()), (None, 0, None));
    for (sequence, millis) in [(5, 10_000), (4, 11_000), (5, 12_000), (6, 9_999)] {
        leases.left("aaaaaaaa0", sequence, at(millis));
        assert_eq!((leases.last(), leases.own()), (5, Some(at(19_000))), "{sequence} at {millis}");
    }
    leases.left("aaaaaaaa0", 6, at(10_000));
    assert_eq!(leases.last(), 6, "two may leave at once");
    assert_eq!(leases.incarnation(), Some("aaaaaaaa0"));
}

#[test]
fn what_left_is_forgotten_after_two_leases_or_too_many_others() {
    let mut leases = Leases::new(terms());
    let span = terms().lease;
    leases.left("aaaaaaaa0", 1, Time::ZERO);
    leases.left("aaaaaaaa0", 2, Time::ZERO + span * 2);
    assert_eq!(leases.sent.len(), 2);
    leases.left("aaaaaaaa0", 3, Time::ZERO + span * 2 + MICRO);
    assert_eq!(leases.sent.len(), 2);
    for sequence in 4..10_000 {
        leases.left("aaaaaaaa0", sequence, Time::ZERO + span * 2 + MICRO);
    }
    assert_eq!(leases.sent.len(), SENT);
}

#[test]
fn who_heard_us_a_lease_ago_is_no_witness() {
    let mut leases = Leases::new(terms());
    leases.left("aaaaaaaa0", 1, Time::ZERO);
    let end = Time::ZERO + terms().lease;
    assert!(leases.is_fresh("aaaaaaaa0", 1, end.before(MICRO)));
    assert!(!leases.is_fresh("aaaaaaaa0", 1, end));
    let vote = |life: &str, sequence| Vote { holder: "n1".to_owned(), life: life.to_owned(), sequence };
    leases.left("aaaaaaaa0", 2, at(1_000));
    assert_eq!(leases.asked_at(&vote("aaaaaaaa", 2)), Some(at(1_000)));
    assert_eq!(leases.asked_at(&vote("aaaaaaaa", 3)), None);
    assert_eq!(leases.asked_at(&vote("bbbbbbbb", 2)), None);
}

#[test]
fn a_vote_that_was_too_fast_does_not_outlive_its_ask() {
    let vote = Vote { holder: "n1".to_owned(), life: "aaaaaaaa".to_owned(), sequence: 2 };
    let mut leases = Leases::new(terms());
    leases.left("aaaaaaaa0", 1, at(0));
    for group in ["web", "db"] {
        leases.begin(group, at(0));
        leases.granted(group, "n2", &vote);
    }
    leases.end("web");
    leases.begin("web", at(0));
    leases.left("aaaaaaaa0", 2, at(1_000));
    assert_eq!(leases.until("web", "n2"), None, "the voter may have heard that it was withdrawn");
    assert_eq!(leases.until("db", "n2"), Some(at(1_000) + terms().lease));
}

#[test]
fn an_ask_of_which_it_is_told_late_that_it_left_is_not_the_next_one() {
    let vote = |sequence| Vote { holder: "n1".to_owned(), life: "aaaaaaaa".to_owned(), sequence };
    let mut leases = Leases::new(terms());
    leases.left("aaaaaaaa0", 1, at(0));
    leases.begin("web", at(100));
    leases.end("web");
    leases.begin("web", at(300));
    leases.left("aaaaaaaa0", 2, at(150));
    leases.granted("web", "n2", &vote(2));
    assert_eq!(leases.until("web", "n2"), None, "message 2 asked before that was withdrawn");
    leases.left("aaaaaaaa0", 3, at(200));
    leases.left("aaaaaaaa0", 4, at(300));
    leases.granted("web", "n2", &vote(4));
    assert_eq!(leases.until("web", "n2"), Some(at(300) + terms().lease));
}

/// Another hb-send goes on in our life behind the number that was kept: the message of
/// that number may have left, or not, and nobody was told.
#[test]
fn s17_a_vote_for_a_message_that_was_never_told_to_have_left_counts_for_nothing() {
    let vote = |sequence| Vote { holder: "n1".to_owned(), life: "aaaaaaaa".to_owned(), sequence };
    let mut leases = Leases::new(terms());
    leases.left("aaaaaaaa0", 1, at(0));
    leases.begin("web", at(0));
    leases.left("aaaaaaaa0", 2, at(1_000));
    leases.granted("web", "n2", &vote(2));
    let until = Some(at(1_000) + terms().lease);
    leases.granted("web", "n2", &vote(3));
    leases.left("aaaaaaaa0", 4, at(5_000));
    leases.granted("web", "n2", &vote(3));
    assert_eq!(leases.until("web", "n2"), until);
    assert!(!leases.is_fresh("aaaaaaaa0", 3, at(5_000)));
    assert_eq!(leases.asked_at(&vote(3)), None);
    leases.granted("web", "n2", &vote(4));
    assert_eq!(leases.until("web", "n2"), Some(at(5_000) + terms().lease));

    // One that knows of no earlier message of this life.
    let mut leases = Leases::new(terms());
    leases.granted("web", "n2", &vote(3));
    leases.left("aaaaaaaa0", 4, at(5_000));
    leases.begin("web", at(5_000));
    leases.left("aaaaaaaa0", 5, at(6_000));
    (2..=4).for_each(|sequence| leases.granted("web", "n2", &vote(sequence)));
    assert_eq!(leases.until("web", "n2"), None);
    assert!(!leases.is_fresh("aaaaaaaa0", 2, at(6_000)) && !leases.is_fresh("aaaaaaaa0", 3, at(6_000)));
    leases.granted("web", "n2", &vote(5));
    assert_eq!(leases.until("web", "n2"), Some(at(6_000) + terms().lease));
}

use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

fn answers() -> Answers {
    Answers::new("node1", &["node1".to_owned(), "Node2".to_owned()], at(0))
}

fn history(last: u64) -> History {
    let mut history = History::new();
    (1..=last).for_each(|number| history.keep(number, vec![], None));
    history
}

/// The answers to a line, each as words.
fn to(answers: &mut Answers, line: &str, history: &mut History, millis: u64) -> Vec<String> {
    let record = Record::parse(line.as_bytes()).unwrap();
    let word = |answer: Answer| match answer {
        Answer::Again(number) => format!("again {number}"),
        Answer::Say(order) => {
            let field = |(key, value): &(String, Vec<u8>)| format!("{key}={}", String::from_utf8_lossy(value));
            order.fields.iter().map(field).collect::<Vec<_>>().join(" ")
        }
    };
    answers.to(&record, history, at(millis)).into_iter().map(word).collect()
}

#[test]
fn each_record_that_wants_an_answer_has_its_own() {
    for (line, wanted) in [
        ("gap 1 node2 open first=6b last=6f hg=1", "t=NS_rexmit dest=node2 firstseq=107 lastseq=111"),
        ("gap 1 node2 open first=1 last=ff hg=1", "t=NS_rexmit dest=node2 firstseq=1 lastseq=50"),
        ("whole 1 node2 seq=1e hg=1", "t=NS_ackmsg dest=node2 ackseq=1e"),
        ("msg 1 node2 t=reqnodes dest=node1", "t=repnodes dest=node2 nodelist=node1 node2  delnodelist= "),
        ("msg 1 node2 t=starting", "t=resource rsc_hold=local rtype=full isstable=1"),
        ("msg 1 node2 t=NS_rexmit dest=NODE1 firstseq=9 lastseq=9", "again 9"),
    ] {
        assert_eq!(to(&mut answers(), line, &mut history(20), 0), [wanted], "{line}");
    }
}

#[test]
fn what_is_for_others_or_malformed_has_none() {
    for line in [
        "tick 1",
        "msg 1 node2 t=status st=active",
        "msg 1 node2 t=reqnodes dest=node3",
        "msg 1 node2 t=reqnodes",
        "msg 1 node2 t=NS_rexmit dest=node3 firstseq=9 lastseq=9",
        "msg 1 node2 t=NS_rexmit dest=node1 firstseq=9",
        "msg 1 node2 t=NS_rexmit dest=node1 firstseq=ff lastseq=ff",
        "msg 1 node2 t=NS_rexmit dest=node1 firstseq=9 lastseq=8",
        "msg 1 node2 t=NS_rexmit dest=node1 firstseq=-9 lastseq=9",
        "gap 1 node2 lost first=1 last=2",
        "gap 1 node2 open first=x last=2",
        "gap 1 node2 open",
        "whole 1 node2",
        "whole 1",
        "bad 1 replay n=1",
    ] {
        assert_eq!(to(&mut answers(), line, &mut history(20), 0), [""; 0], "{line}");
    }
}

#[test]
fn the_nodes_are_told_only_where_they_are_known() {
    let mut unknown = Answers::new("node1", &[], at(0));
    assert_eq!(to(&mut unknown, "msg 1 node2 t=reqnodes dest=node1", &mut history(1), 0), [""; 0]);
}

#[test]
fn what_is_not_kept_is_refused_and_what_never_was_is_ignored() {
    let line = "msg 1 node2 t=NS_rexmit dest=node1 firstseq=99 lastseq=102";
    assert_eq!(
        to(&mut answers(), line, &mut history(600), 0),
        [
            "t=NS_nak_rexmit firstseq=63 dest=node2 info=seqno too low",
            "t=NS_nak_rexmit firstseq=64 dest=node2 info=seqno too low",
            "again 101",
            "again 102"
        ]
    );
    let beyond = "msg 1 node2 t=NS_rexmit dest=node1 firstseq=599 lastseq=18446744073709551615";
    assert_eq!(to(&mut answers(), beyond, &mut history(600), 0), ["again 599", "again 600"]);
}

#[test]
fn whoever_asks_for_everything_for_ever_gets_a_bounded_answer() {
    let (mut answers, mut history) = (answers(), history(600));
    let lines = [
        "msg 1 evil t=NS_rexmit dest=node1 firstseq=1 lastseq=600",
        "msg 1 evil t=NS_rexmit dest=node1 firstseq=551 lastseq=600",
        "msg 1 evil t=reqnodes dest=node1",
        "msg 1 evil t=starting",
        "whole 1 evil seq=1",
        "gap 1 evil open first=1 last=ff",
    ];
    let mut count = 0;
    for millis in 0..10_000 {
        for line in lines {
            count += to(&mut answers, line, &mut history, millis).len();
        }
    }
    let most = usize::try_from(AT_ONCE + 10 * A_SECOND).unwrap();
    assert!(count <= most, "{count}");
    assert!(count > most / 2, "{count}");
}

#[test]
fn a_line_is_an_order_or_a_record_or_wrong() {
    let (mut answers, mut history) = (answers(), history(20));
    let mut line = |text: &str| answers.line(text.as_bytes(), &mut history, at(0));
    let order = Order::parse(b"t=x st=up until=9").unwrap().unwrap();
    assert_eq!(line("t=x st=up until=9"), Ok(vec![Answer::Say(order)]));
    assert_eq!(line("msg 1.5 node2 t=NS_rexmit dest=node1 firstseq=9 lastseq=9"), Ok(vec![Answer::Again(9)]));
    assert_eq!(line("tick 1.5"), Ok(vec![]));
    assert_eq!(line(""), Ok(vec![]));
    assert_eq!(line("tick soon"), Err(OrderError::Word("tick".into())));
    assert_eq!(line("hello"), Err(OrderError::Word("hello".into())));
}

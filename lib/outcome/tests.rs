use super::*;

const ASK: &str = "ask 5.000000 standby all";

/// What is said of a request, and how it ended.
fn after(ask: &str, lines: &[&str]) -> (Vec<String>, Option<Ending>) {
    let mut outcome = Outcome::of(ask);
    let said = lines.iter().filter_map(|line| outcome.record(&Record::parse(line.as_bytes()).expect(line), line));
    (said.collect(), outcome.ending())
}

#[test]
fn it_is_done_when_every_group_is() {
    let lines = [
        "why 4.0 web done standby: before it was asked",
        ASK,
        "why 5.0 web accepted standby: n2 can serve it",
        "why 5.0 db accepted standby: n2 can serve it",
        "why 6.0 web done standby: n2 serves it",
    ];
    let (said, ending) = after(ASK, &lines);
    assert_eq!(said.len(), 3);
    assert_eq!((said[0].as_str(), ending), ("web: accepted: standby: n2 can serve it", None));
    let more = [&lines[..], &["why 7.0 mail done takeover: of somebody else", "why 8.0 db done standby: n2 serves it"]];
    assert_eq!(after(ASK, &more.concat()).1, Some(Ending::Done));
}

#[test]
fn one_that_is_refused_or_fails_is_a_failure() {
    let accepted = "why 5.0 web accepted standby: n2 can serve it";
    for end in ["why 6.0 web failed standby: nobody took it", "why 5.0 db refused standby: no other node can serve it"]
    {
        let done = "why 6.0 web done standby: n2 serves it";
        let lines = if end.contains("failed") { vec![ASK, accepted, end] } else { vec![ASK, accepted, end, done] };
        assert_eq!(after(ASK, &lines).1, Some(Ending::Failed), "{end}");
    }
    assert_eq!(after(ASK, &[ASK, "why 5.0 ask refused standby: no group here is meant by x"]).1, Some(Ending::Failed));
}

#[test]
fn groups_for_which_there_is_nothing_to_do_are_no_failure_of_the_others() {
    let idle = "why 5.0 db refused standby: it is not served here";
    let done = ["why 5.0 web accepted standby: n2 can serve it", "why 6.0 web done standby: n2 serves it"];
    assert_eq!(after(ASK, &[ASK, idle, done[0], done[1]]).1, Some(Ending::Done));
    assert_eq!(after(ASK, &[ASK, idle]).1, Some(Ending::Failed));
}

#[test]
fn nothing_is_taken_for_an_answer_before_it_was_read() {
    let (said, ending) = after(ASK, &["why 5.0 web done standby: n2 serves it", "ask 5.0 standby all"]);
    assert_eq!((said.len(), ending), (0, None));
}

#[test]
fn a_maintenance_has_begun_when_it_is_accepted() {
    let ask = "ask 5.0 maintenance on for=20m";
    assert_eq!(after(ask, &[ask, "why 5.0 n1 accepted maintenance: for 1200 s"]).1, Some(Ending::Done));
    let ask = "ask 5.0 maintenance off";
    assert_eq!(after(ask, &[ask, "why 5.0 n1 refused maintenance: there is none"]).1, Some(Ending::Failed));
    assert_eq!(after(ask, &[ask, "why 5.0 n1 maintenance its maintenance is over"]).1, None);
}

#[test]
fn a_forced_standby_is_done_when_it_is_released_here() {
    let ask = "ask 5.0 standby web force=1";
    let lines = ["wall 1.0 unix=9 boot=b node=n1", ask, "why 5.0 web accepted standby: by force, although n2 is dead"];
    let stopped = |node: &str| format!("group 6.0 web stopped node={node} epoch=1");
    assert_eq!(after(ask, &[&lines[..], &[&stopped("n2")]].concat()).1, None);
    assert_eq!(after(ask, &[&lines[..], &[&stopped("n1")]].concat()).1, Some(Ending::Done));
}

#[test]
fn that_a_node_is_off_is_an_answer() {
    let ask = "ask 5.0 fenced n2";
    assert_eq!(after(ask, &[ask, "why 5.0 n2 fenced it is off, says a person"]).1, Some(Ending::Done));
    assert_eq!(after(ask, &[ask, "why 5.0 n2 refused fenced: it is not dead"]).1, Some(Ending::Failed));
}

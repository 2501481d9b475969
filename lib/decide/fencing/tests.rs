use super::*;

const DELAY: Duration = Duration::from_secs(5);

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn fence(state: State) -> Fence {
    Fence { state, ..Fence::new() }
}

fn facts(seconds: u64) -> Facts {
    Facts { now: at(seconds), dead: true, proven: false, quorum: true, able: true }
}

const DUE: State = State::Due { at: Time::from_micros(10_000_000), failures: 0 };
const RUNNING: State = State::Running { until: Time::from_micros(85_000_000), failures: 0 };
const OFF: State = State::Off { since: Time::from_micros(9_000_000), sequence: 4 };

/// Every state with every event: what it becomes, and what is to be done.
#[test]
fn the_table_of_transitions() {
    let lives = |facts: Facts| Facts { dead: false, ..facts };
    let proven = |facts: Facts| Facts { dead: false, proven: true, ..facts };
    for (state, facts, becomes, step) in [
        (State::Unheard, facts(10), State::Unheard, None),
        (State::Unheard, lives(facts(10)), State::Unheard, None),
        (State::Unheard, proven(facts(10)), State::Heard, None),
        // Its message came, and the verdict has not: it was dead before.
        (State::Unheard, Facts { proven: true, ..facts(10) }, State::Unheard, None),
        (State::Heard, facts(10), State::Heard, None),
        (State::Heard, proven(facts(10)), State::Heard, None),
        (DUE, facts(9), DUE, None),
        (DUE, facts(10), RUNNING, Some(Step::Fence(at(85)))),
        (DUE, Facts { able: false, ..facts(10) }, DUE, None),
        (DUE, Facts { quorum: false, ..facts(10) }, DUE, Some(Step::Lacking)),
        (DUE, lives(facts(10)), State::Heard, Some(Step::Cancelled)),
        (RUNNING, facts(84), RUNNING, None),
        (
            RUNNING,
            facts(85),
            State::Due { at: at(95), failures: 1 },
            Some(Step::Again(Answer::Unknown, Duration::from_secs(10))),
        ),
        (RUNNING, lives(facts(84)), State::Heard, Some(Step::Cancelled)),
        (OFF, facts(10), OFF, None),
        (OFF, proven(facts(10)), OFF, None),
    ] {
        let mut fence = fence(state);
        assert_eq!((fence.step(facts), fence.state), (step, becomes), "{state:?} {facts:?}");
    }
}

#[test]
fn only_who_was_heard_is_fenced_when_it_dies() {
    for (state, becomes) in [
        (State::Unheard, State::Unheard),
        (State::Heard, State::Due { at: at(15), failures: 0 }),
        (DUE, DUE),
        (RUNNING, RUNNING),
        (OFF, OFF),
    ] {
        let mut fence = fence(state);
        fence.died(DELAY, at(10));
        assert_eq!(fence.state, becomes, "{state:?}");
    }
}

#[test]
fn that_too_few_nodes_are_heard_is_said_once_and_ends() {
    let mut fence = fence(DUE);
    let lacking = Facts { quorum: false, ..facts(10) };
    assert_eq!(fence.step(lacking), Some(Step::Lacking));
    assert_eq!(fence.step(lacking), None);
    assert_eq!(fence.step(facts(11)), Some(Step::Fence(at(86))));
}

#[test]
fn it_is_tried_again_later_each_time_and_for_ever() {
    let mut fence = fence(RUNNING);
    let pauses: Vec<u64> = (0..40).map(|failures| fence.again(failures, at(0)).as_secs()).collect();
    assert_eq!(pauses[..5], [10, 20, 40, 60, 60]);
    assert!(pauses[5..].iter().all(|pause| *pause == 60));
}

fn fencing(state: State) -> Fencing {
    Fencing { delay: DELAY, peers: BTreeMap::from([("n2".to_owned(), fence(state))]) }
}

#[test]
fn who_serves_has_the_head_start_and_then_the_first_of_the_configuration() {
    for (serves, held, comes_first, waits) in [
        (true, false, false, 0),
        (true, false, true, 0),
        (false, true, true, 5),
        (false, true, false, 5),
        (true, true, true, 0),
        (true, true, false, 5),
        (false, false, true, 0),
        (false, false, false, 5),
    ] {
        let mut fencing = fencing(State::Heard);
        let parting = Parting { left: false, held };
        fencing.died("n2", parting, serves, comes_first, at(10), &mut Vec::new());
        let due = State::Due { at: at(10 + waits), failures: 0 };
        assert_eq!(fencing.peers["n2"].state, due, "{serves} {held} {comes_first}");
    }
}

#[test]
fn who_left_in_order_is_not_fenced() {
    let mut fencing = fencing(State::Heard);
    fencing.died("n2", Parting { left: true, held: false }, false, true, at(10), &mut Vec::new());
    assert_eq!(fencing.peers["n2"].state, State::Heard);
}

#[test]
fn a_result_counts_while_it_is_waited_for_and_the_command_is_believed() {
    let off = State::Off { since: at(20), sequence: 7 };
    let again = State::Due { at: at(30), failures: 1 };
    for (state, answer, becomes) in [
        (RUNNING, Answer::Done, off),
        (RUNNING, Answer::Failed, again),
        (RUNNING, Answer::Unknown, again),
        (State::Unheard, Answer::Done, State::Unheard),
        (State::Heard, Answer::Done, State::Heard),
        (DUE, Answer::Done, DUE),
        (OFF, Answer::Failed, OFF),
    ] {
        let mut fencing = fencing(state);
        let is_off = fencing.result("n2", answer, Some("bb"), 7, at(20), &mut Vec::new());
        assert_eq!((is_off, fencing.peers["n2"].state), (becomes == off, becomes), "{state:?} {answer:?}");
    }
    let mut fencing = fencing(RUNNING);
    fencing.peers.get_mut("n2").unwrap().doubted = Some("bb".to_owned());
    assert!(!fencing.result("n2", Answer::Done, Some("bb"), 7, at(20), &mut Vec::new()));
    assert_eq!(fencing.peers["n2"].state, again);
    fencing.peers.get_mut("n2").unwrap().state = RUNNING;
    assert!(fencing.result("n2", Answer::Done, Some("cc"), 7, at(20), &mut Vec::new()), "another life");
}

#[test]
fn a_person_is_believed_of_what_is_waited_for() {
    for (state, believed) in [(State::Unheard, true), (DUE, true), (RUNNING, true), (State::Heard, false), (OFF, false)]
    {
        assert_eq!(fencing(state).confirm("n2", Some("bb"), 7, at(20)), believed, "{state:?}");
    }
    assert!(!fencing(DUE).confirm("n3", None, 7, at(20)));
}

use super::*;

fn header(generation: u64, sequence: Option<u64>) -> Header<'static> {
    Header { kind: "status", node: "node2".into(), generation, sequence }
}

#[test]
fn a_number_is_new_then_a_copy_on_each_other_medium_then_a_replay() {
    let mut memory = Memory::new();
    let first = header(7, Some(1));
    assert_eq!(memory.judge(&first, 0), Seen::New);
    assert_eq!(memory.judge(&first, 1), Seen::Copy);
    assert_eq!(memory.judge(&first, 63), Seen::Copy);
    for medium in [0, 1, 63] {
        assert_eq!(memory.judge(&first, medium), Seen::Replay);
    }
}

#[test]
fn numbers_may_overtake_each_other() {
    let mut memory = Memory::new();
    for sequence in [10, 12, 11, 9, 300, 13] {
        assert_eq!(memory.judge(&header(7, Some(sequence)), 0), Seen::New, "{sequence}");
        assert_eq!(memory.judge(&header(7, Some(sequence)), 0), Seen::Replay, "{sequence}");
    }
}

#[test]
fn what_is_older_than_the_window_is_a_replay() {
    let mut memory = Memory::new();
    let top = 10_000;
    memory.judge(&header(7, Some(top)), 0);
    assert_eq!(memory.judge(&header(7, Some(top - WINDOW as u64)), 0), Seen::Replay);
    assert_eq!(memory.judge(&header(7, Some(top - WINDOW as u64 + 1)), 0), Seen::New);
}

#[test]
fn the_oldest_number_of_the_window_is_known_when_all_others_have_gone() {
    let mut memory = Memory::new();
    let window = WINDOW as u64;
    for number in [1, window] {
        assert_eq!(memory.judge(&header(7, Some(number)), 0), Seen::New);
    }
    assert_eq!(memory.judge(&header(7, Some(1)), 0), Seen::Replay);
    assert_eq!(memory.judge(&header(7, Some(1 + window)), 0), Seen::New);
    assert_eq!(memory.judge(&header(7, Some(1)), 0), Seen::Replay);
}

#[test]
fn a_number_that_shares_a_slot_with_an_older_one_is_new() {
    for step in [1, 5, 511, 512, 513, 5_000] {
        let mut memory = Memory::new();
        let mut sequence = 3;
        for _ in 0..2_000 {
            assert_eq!(memory.judge(&header(7, Some(sequence)), 0), Seen::New, "step {step}");
            sequence += step;
        }
    }
}

#[test]
fn a_higher_generation_is_a_restart_and_a_lower_one_a_replay() {
    let mut memory = Memory::new();
    memory.judge(&header(7, Some(500)), 0);
    assert_eq!(memory.judge(&header(8, Some(1)), 0), Seen::New);
    assert_eq!(memory.judge(&header(7, Some(501)), 0), Seen::Replay);
    assert_eq!(memory.judge(&header(7, None), 0), Seen::Replay);
    assert_eq!(memory.judge(&header(8, Some(2)), 0), Seen::New);
}

#[test]
fn control_messages_have_no_numbers_and_begin_no_generation() {
    let mut memory = Memory::new();
    memory.judge(&header(7, Some(5)), 0);
    assert_eq!(memory.judge(&header(9, None), 0), Seen::New);
    assert_eq!(memory.judge(&header(7, Some(6)), 0), Seen::New);
}

#[test]
fn the_largest_numbers_do_no_harm() {
    let mut memory = Memory::new();
    memory.judge(&header(7, Some(1)), 0);
    for number in [u64::MAX / 2, u64::MAX] {
        assert_eq!(memory.judge(&header(7, Some(number)), 0), Seen::New);
    }
    assert_eq!(memory.judge(&header(7, Some(u64::MAX)), 1), Seen::Copy);
    assert_eq!(memory.judge(&header(7, Some(2)), 0), Seen::Replay);
}

#[test]
fn no_more_nodes_are_remembered_than_a_cluster_has() {
    let mut memory = Memory::new();
    let of = |node: usize| Header { node: format!("node{node}"), ..header(7, Some(1)) };
    for node in 0..MAX_NODES {
        assert_eq!(memory.judge(&of(node), 0), Seen::New);
    }
    assert_eq!(memory.judge(&of(MAX_NODES), 0), Seen::NoRoom);
    assert_eq!(memory.judge(&of(3), 1), Seen::Copy);
}

#[test]
fn who_asks_for_what_has_left_the_window_makes_no_other_number_welcome() {
    let mut memory = Memory::new();
    for sequence in 1..=600 {
        memory.judge(&header(7, Some(sequence)), 0);
    }
    memory.want_again("node2", 0, 600 - WINDOW as u64);
    for sequence in 1..=600 {
        assert_eq!(memory.judge(&header(7, Some(sequence)), 0), Seen::Replay, "{sequence}");
    }
}

#[test]
fn what_somebody_asked_for_again_is_no_replay_and_proves_nothing() {
    let mut memory = Memory::new();
    for sequence in 1..=600 {
        memory.judge(&header(7, Some(sequence)), 0);
    }
    memory.want_again("node2", 590, u64::MAX);
    memory.want_again("node2", 0, 88);
    memory.want_again("node3", 0, 600);
    assert_eq!(memory.judge(&header(7, Some(589)), 0), Seen::Replay);
    assert_eq!(memory.judge(&header(7, Some(590)), 0), Seen::Again);
    assert_eq!(memory.judge(&header(7, Some(600)), 0), Seen::Again);
    assert_eq!(memory.judge(&header(7, Some(88)), 0), Seen::Replay);
    assert_eq!(memory.judge(&header(7, Some(590)), 1), Seen::Copy);
    // The place in the window is another number's now.
    memory.judge(&header(7, Some(600 + WINDOW as u64)), 0);
    assert_eq!(memory.judge(&header(7, Some(600 + WINDOW as u64)), 0), Seen::Replay);
    assert_eq!(memory.judge(&header(8, Some(590)), 0), Seen::New);
    assert_eq!(memory.judge(&header(8, Some(590)), 0), Seen::Replay);
}

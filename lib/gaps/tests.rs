use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

fn hear(gaps: &mut Gaps, generation: u64, number: u64, millis: u64) {
    let header = Header { kind: "status", node: "node2".into(), generation, sequence: Some(number) };
    gaps.heard(&header, at(millis));
}

fn due(gaps: &mut Gaps, millis: u64) -> Vec<News> {
    gaps.due(at(millis)).into_iter().map(|notice| notice.news).collect()
}

fn span(first: u64, last: u64) -> Span {
    Span { first, last }
}

#[test]
fn messages_in_order_leave_no_gap_and_each_tenth_is_said() {
    let mut gaps = Gaps::new();
    let mut said = Vec::new();
    for number in 1..=35 {
        hear(&mut gaps, 7, number, number * 1_000);
        said.extend(due(&mut gaps, number * 1_000));
    }
    assert_eq!(said, [10, 20, 30].map(News::Whole));
}

#[test]
fn the_first_number_that_is_heard_begins_and_nothing_before_it_is_missing() {
    let mut gaps = Gaps::new();
    hear(&mut gaps, 7, 500, 0);
    assert_eq!(due(&mut gaps, 10_000), []);
}

#[test]
fn a_number_that_was_overtaken_is_not_asked_for_at_once() {
    let mut gaps = Gaps::new();
    for number in [1, 3] {
        hear(&mut gaps, 7, number, 0);
    }
    assert_eq!(due(&mut gaps, 99), []);
    hear(&mut gaps, 7, 2, 99);
    assert_eq!(due(&mut gaps, 100), [News::Whole(3)]);
    assert_eq!(due(&mut gaps, 60_000), []);
}

#[test]
fn what_is_missing_is_asked_for_until_it_comes() {
    let mut gaps = Gaps::new();
    for number in [1, 4, 6] {
        hear(&mut gaps, 7, number, 0);
    }
    let all = [News::Open(span(2, 3)), News::Open(span(5, 5))];
    assert_eq!(due(&mut gaps, 100), all);
    assert_eq!(due(&mut gaps, 349), []);
    assert_eq!(due(&mut gaps, 350), all);
    hear(&mut gaps, 7, 3, 400);
    assert_eq!(due(&mut gaps, 600), [News::Open(span(2, 2)), News::Open(span(5, 5))]);
    hear(&mut gaps, 7, 2, 700);
    hear(&mut gaps, 7, 5, 700);
    assert_eq!(due(&mut gaps, 850), [News::Whole(6)]);
}

#[test]
fn nothing_is_whole_beyond_a_gap() {
    let mut gaps = Gaps::new();
    hear(&mut gaps, 7, 8, 0);
    for number in 13..=45 {
        hear(&mut gaps, 7, number, 0);
    }
    assert_eq!(due(&mut gaps, 50), []);
    for number in 9..=11 {
        hear(&mut gaps, 7, number, 50);
    }
    assert_eq!(due(&mut gaps, 60), [News::Whole(11)]);
    hear(&mut gaps, 7, 12, 70);
    assert_eq!(due(&mut gaps, 80), [News::Whole(45)]);
}

#[test]
fn what_does_not_come_is_given_up() {
    let mut gaps = Gaps::new();
    for number in [1, 4] {
        hear(&mut gaps, 7, number, 0);
    }
    let mut said = Vec::new();
    for millis in (0..20_000).step_by(50) {
        said.extend(due(&mut gaps, millis));
    }
    let asked = said.iter().filter(|news| **news == News::Open(span(2, 3))).count();
    assert_eq!(asked, usize::from(TIMES));
    assert_eq!(said[asked..], [News::Lost(span(2, 3)), News::Whole(4)]);
}

#[test]
fn what_the_node_refuses_is_lost_at_once() {
    let mut gaps = Gaps::new();
    for number in [1, 4] {
        hear(&mut gaps, 7, number, 0);
    }
    gaps.refused("node2", 2);
    gaps.refused("node2", 9);
    gaps.refused("node3", 2);
    assert_eq!(due(&mut gaps, 10), [News::Lost(span(2, 2))]);
    gaps.refused("node2", 3);
    assert_eq!(due(&mut gaps, 20), [News::Lost(span(3, 3)), News::Whole(4)]);
}

#[test]
fn of_a_large_gap_only_the_latest_are_asked_for() {
    let mut gaps = Gaps::new();
    hear(&mut gaps, 7, 1, 0);
    hear(&mut gaps, 7, 1_000_000_000_000, 0);
    let from = 1_000_000_000_000 - MOST as u64;
    assert_eq!(due(&mut gaps, 0)[0], News::Lost(span(2, from - 1)));
    assert_eq!(due(&mut gaps, 100), [News::Open(span(from, 999_999_999_999))]);
    hear(&mut gaps, 7, u64::MAX, 200);
    let last = u64::MAX - MOST as u64;
    let said = due(&mut gaps, 300);
    assert!(said.contains(&News::Open(span(last, u64::MAX - 1))), "{said:?}");
}

#[test]
fn a_node_that_sends_every_second_number_makes_nothing_grow() {
    let mut gaps = Gaps::new();
    for round in 0..10_000 {
        hear(&mut gaps, 7, 1 + 2 * round, round);
        let open = due(&mut gaps, round).iter().filter(|news| matches!(news, News::Open(_))).count();
        assert!(open <= SPANS, "{open}");
        assert!(gaps.nodes["node2"].missing.len() <= MOST);
    }
}

#[test]
fn another_generation_begins_anew() {
    let mut gaps = Gaps::new();
    for number in [1, 300] {
        hear(&mut gaps, 7, number, 0);
    }
    hear(&mut gaps, 8, 1, 10);
    assert_eq!(due(&mut gaps, 60_000), []);
    assert_eq!(gaps.nodes["node2"].generation, 8);
}

#[test]
fn nodes_have_numbers_of_their_own_and_control_messages_none() {
    let mut gaps = Gaps::new();
    for (node, number) in [("node2", Some(1)), ("node3", Some(1)), ("node2", Some(3)), ("node3", Some(2))] {
        gaps.heard(&Header { kind: "status", node: node.into(), generation: 7, sequence: number }, at(0));
    }
    gaps.heard(&Header { kind: "NS_ackmsg", node: "node4".into(), generation: 7, sequence: None }, at(0));
    let notice = Notice { node: "node2".into(), generation: 7, news: News::Open(span(2, 2)) };
    assert_eq!(gaps.due(at(500)), [notice]);
}

#[test]
fn numbers_that_nobody_will_get_take_no_room_each_until_it_is_said() {
    let mut gaps = Gaps::new();
    for number in 1..=100 {
        hear(&mut gaps, 7, number * 300, 0);
    }
    assert!(gaps.nodes["node2"].lost.len() <= 200, "{}", gaps.nodes["node2"].lost.len());
    let lost = |news: &News| if let News::Lost(span) = news { span.last - span.first + 1 } else { 0 };
    // All numbers behind the first but those that were heard and those that are missing.
    assert_eq!(due(&mut gaps, 0).iter().map(lost).sum::<u64>(), 99 * 299 - MOST as u64);
}

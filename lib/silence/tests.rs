use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

fn hear(silences: &mut Silences, node: &str, at: Time) {
    let line = format!("msg {at} {node} via=bcast:eth1 t=status seq=1");
    silences.see(&Record::parse(line.as_bytes()).unwrap());
}

#[test]
fn the_points_are_those_of_the_last_message_of_each_node() {
    let mut silences = Silences::new(Duration::from_millis(990));
    assert_eq!(silences.next(at(0)), None);
    hear(&mut silences, "n1", at(1_000));
    hear(&mut silences, "n2", at(1_500));
    hear(&mut silences, "n1", at(1_600));
    for other in ["dup 1.7 n1 t=status", "msg 1.7 n1 t=NS_rexmit", "tick 1.7"] {
        silences.see(&Record::parse(other.as_bytes()).unwrap());
    }
    // A copy that was on its way for longer takes nothing back.
    hear(&mut silences, "n1", at(1_400));
    assert_eq!(silences.next(at(1_600)), Some(at(2_490)));
    assert_eq!(silences.next(at(2_490)), Some(at(2_510)), "deadtime and 2 %: the vote of n2 ends");
    assert_eq!(silences.next(at(2_510)), Some(at(2_590)));
    assert_eq!(silences.next(at(2_595)), Some(at(2_610)));
    assert_eq!(silences.next(at(2_610)), None, "each has its points once");
    hear(&mut silences, "n2", at(2_620));
    assert_eq!(silences.next(at(2_620)), Some(at(3_610)));
}

#[test]
fn at_its_points_a_node_is_dead_and_its_vote_free() {
    let deadtime = Duration::from_millis(300);
    let mut silences = Silences::new(deadtime);
    let mut book = crate::votes::Book::new(Terms::new(deadtime));
    let heard = Time::from_micros(1_000_001);
    hear(&mut silences, "n1", heard);
    book.ask("web", "n1", "aa", 1, heard);
    let dead = silences.next(heard).unwrap();
    assert_eq!(dead.since(heard), deadtime);
    assert_eq!(book.holder("web", dead), Some("n1"));
    let free = silences.next(dead).unwrap();
    assert_eq!(book.holder("web", free), None);
}

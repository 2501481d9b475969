use super::*;

fn at(millis: u64) -> Time {
    Time::from_micros(millis * 1_000)
}

fn hear(silences: &mut Silences, node: &str, at: Time) {
    let line = format!("msg {at} {node} via=bcast:eth1 t=status seq=1");
    silences.see(&Record::parse(line.as_bytes()).unwrap());
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// All ticks of a silence that are wanted from `ticked` on, in milliseconds.
fn ticks(silences: &Silences, ticked: u64) -> Vec<u64> {
    let next = |ticked: &Time| silences.next(*ticked);
    let all = std::iter::successors(silences.next(at(ticked)), next);
    all.map(|time| time.micros() / 1_000).take(100).collect()
}

#[test]
fn who_is_silent_makes_ticks_frequent_until_its_vote_has_ended() {
    let mut silences = Silences::new(ms(200), ms(400), ms(495));
    assert_eq!(ticks(&silences, 0), [] as [u64; 0]);
    hear(&mut silences, "n1", at(1_000));
    // Half of deadtime, then each 50 ms; late, dead, and 2 % later.
    assert_eq!(ticks(&silences, 1_000), [1_247, 1_297, 1_347, 1_397, 1_400, 1_450, 1_495, 1_505]);
    assert_eq!(ticks(&silences, 1_480), [1_495, 1_505]);
    assert_eq!(ticks(&silences, 1_505), [] as [u64; 0], "each has its points once");
    let mut silences = Silences::new(ms(100), ms(500), ms(990));
    hear(&mut silences, "n1", at(1_000));
    assert_eq!(ticks(&silences, 1_000)[..3], [1_125, 1_150, 1_175]);
    // The next heartbeat ends it.
    hear(&mut silences, "n1", at(1_180));
    assert_eq!(ticks(&silences, 1_175)[0], 1_305);
}

#[test]
fn the_points_are_those_of_the_last_message_of_each_node() {
    let mut silences = Silences::new(ms(200), ms(990), ms(990));
    hear(&mut silences, "n1", at(1_000));
    hear(&mut silences, "n2", at(1_500));
    hear(&mut silences, "n1", at(1_600));
    for other in ["dup 1.7 n1 t=status", "msg 1.7 n1 t=NS_rexmit", "tick 1.7"] {
        silences.see(&Record::parse(other.as_bytes()).unwrap());
    }
    // A copy that was on its way for longer takes nothing back.
    hear(&mut silences, "n1", at(1_400));
    assert_eq!(silences.next(at(1_600)), Some(at(1_750)));
    assert_eq!(silences.next(at(2_480)), Some(at(2_490)), "n2 is dead");
    assert_eq!(silences.next(at(2_490)), Some(at(2_510)), "2 % later its vote ends");
    assert_eq!(silences.next(at(2_580)), Some(at(2_590)));
    assert_eq!(silences.next(at(2_595)), Some(at(2_610)));
    assert_eq!(silences.next(at(2_610)), None);
    hear(&mut silences, "n2", at(2_620));
    assert_eq!(silences.next(at(2_620)), Some(at(2_870)));
}

#[test]
fn a_usual_tick_is_a_part_of_keepalive_and_far_from_a_pause() {
    let usual = |keepalive, deadtime| usual_tick(ms(keepalive), ms(deadtime)).as_micros();
    assert_eq!(usual(100, 1_000), 100_000);
    assert_eq!(usual(100, 300), 33_333);
    assert_eq!(usual(20, 100), 10_000);
    assert_eq!(usual(2_000, 30_000), 250_000);
    assert_eq!(usual(300, 30_000), 150_000);
    assert_eq!(usual(1, 1), 1_000);
    assert_eq!(usual_tick(ms(1_000), Duration::MAX), ms(250));
}

#[test]
fn at_its_points_a_node_is_dead_and_its_vote_free() {
    let deadtime = Duration::from_millis(300);
    let mut silences = Silences::new(ms(100), ms(200), deadtime);
    let mut book = crate::votes::Book::new(Terms::new(deadtime));
    let heard = Time::from_micros(1_000_001);
    hear(&mut silences, "n1", heard);
    book.ask("web", "n1", "aa", 1, heard);
    let dead = silences.next(heard + ms(299)).unwrap();
    assert_eq!(dead.since(heard), deadtime);
    assert_eq!(book.holder("web", dead), Some("n1"));
    let free = silences.next(dead).unwrap();
    assert_eq!(book.holder("web", free), None);
}

use super::*;
use crate::time::parse_span;

fn at(millis: u64) -> Time {
    Time::from_micros(1_000_000_000 + millis * 1_000)
}

fn device(seconds: u64, nowayout: bool) -> Device {
    Device { kind: Kind::Hardware, timeout: Duration::from_secs(seconds), nowayout }
}

/// One for a deadtime of 10 s: 9 s for the device, 1 s for a pulse to come round.
fn watchdog() -> Watchdog {
    Watchdog::new("/dev/watchdog", Duration::from_secs(10)).unwrap()
}

/// What follows, a word each.
fn words(steps: &mut Vec<Step>) -> Vec<String> {
    let word = |step: Step| match step {
        Step::Open => "open".to_owned(),
        Step::Feed => "feed".to_owned(),
        Step::Disarm => "disarm".to_owned(),
        Step::Say(line) => line.finish().split(' ').nth(3).unwrap_or_default().to_owned(),
    };
    steps.drain(..).map(word).collect()
}

fn pulse(dog: &mut Watchdog, left: u64, holds: bool, now: u64) -> Vec<String> {
    let mut steps = Vec::new();
    dog.ask(Ask::Pulse { at: at(left), holds }, at(now), &mut steps);
    words(&mut steps)
}

fn opened(dog: &mut Watchdog, device: Result<Device, String>, now: u64) -> Vec<String> {
    let mut steps = Vec::new();
    dog.opened(device, at(now), &mut steps);
    words(&mut steps)
}

fn armed() -> Watchdog {
    let mut dog = watchdog();
    assert_eq!(pulse(&mut dog, 0, true, 1), ["open"]);
    assert_eq!(opened(&mut dog, Ok(device(9, false)), 1), ["armed"]);
    dog
}

fn end(dog: &mut Watchdog) -> (bool, Vec<String>) {
    let mut steps = Vec::new();
    let is_over = dog.end(at(5_000), &mut steps);
    (is_over, words(&mut steps))
}

#[test]
fn the_reset_comes_before_deadtime_is_over_or_there_is_no_watchdog() {
    for (deadtime, expected) in
        [("1.2", None), ("1.25", Some(1)), ("2", Some(1)), ("2.25", Some(2)), ("30", Some(29)), ("1h", Some(60))]
    {
        let deadtime = parse_span(deadtime).unwrap();
        assert_eq!(timeout(deadtime).map(|span| span.as_secs()), expected, "{deadtime:?}");
        assert_eq!(timeout(deadtime).is_some(), deadtime >= SHORTEST);
        assert_eq!(Watchdog::new("/dev/watchdog", deadtime).is_some(), expected.is_some());
    }
}

#[test]
fn whenever_it_is_fed_last_the_reset_comes_within_deadtime_of_the_pulse() {
    for deadtime in (1_250..20_000).step_by(50) {
        let deadtime = Duration::from_millis(deadtime);
        let mut dog = Watchdog::new("/dev/watchdog", deadtime).unwrap();
        let timeout = dog.timeout();
        pulse(&mut dog, 0, true, 0);
        opened(&mut dog, Ok(Device { timeout, ..device(0, false) }), 0);
        for late in (0..20_000).step_by(10) {
            if pulse(&mut dog, 0, true, late) == ["feed"] {
                assert!(at(late) + timeout <= at(0) + deadtime, "{deadtime:?}: fed {late} ms later");
            }
        }
    }
}

#[test]
fn it_is_armed_only_while_something_is_held() {
    let mut dog = watchdog();
    assert_eq!(pulse(&mut dog, 0, false, 1), [""; 0]);
    assert!(!dog.is_armed());
    let mut dog = armed();
    assert!(dog.is_armed());
    assert_eq!(pulse(&mut dog, 100, true, 101), ["feed"]);
    assert_eq!(pulse(&mut dog, 200, false, 201), ["disarm", "idle"]);
    assert_eq!(pulse(&mut dog, 300, false, 301), [""; 0]);
    assert_eq!(end(&mut dog), (true, vec![]));
}

#[test]
fn s85_what_is_armed_when_the_input_ends_is_left_armed() {
    assert_eq!(end(&mut armed()), (false, vec!["left".to_owned()]));
}

#[test]
fn s86_when_everything_was_released_it_is_disarmed_however_late_that_is_said() {
    let mut dog = armed();
    let mut steps = Vec::new();
    dog.ask(Ask::Exit, at(60_000), &mut steps);
    assert_eq!(words(&mut steps), ["disarm", "idle"]);
    assert_eq!(end(&mut dog), (true, vec![]));
}

#[test]
fn a_pulse_that_is_late_or_yet_to_come_is_none() {
    let mut dog = armed();
    assert_eq!(pulse(&mut dog, 0, true, 1_000), ["feed"]);
    assert_eq!(pulse(&mut dog, 0, true, 1_001), [""; 0]);
    assert_eq!(pulse(&mut dog, 0, false, 1_001), [""; 0], "nor does it disarm");
    assert_eq!(pulse(&mut dog, 9_000, true, 1_002), [""; 0]);
    assert!(dog.is_armed());
}

#[test]
fn s84_one_that_cannot_be_opened_is_said_once_and_tried_again() {
    let mut dog = watchdog();
    let mut steps = Vec::new();
    dog.begin(Some("No such file or directory"), at(0), &mut steps);
    assert_eq!(words(&mut steps), ["failed"]);
    assert_eq!(pulse(&mut dog, 1, true, 1), ["open"]);
    assert_eq!(opened(&mut dog, Err("busy".to_owned()), 1), [""; 0]);
    assert_eq!(pulse(&mut dog, 10_000, true, 10_000), [""; 0]);
    assert_eq!(pulse(&mut dog, 10_001, true, 10_001), ["open"]);
    assert_eq!(opened(&mut dog, Ok(device(9, false)), 10_001), ["armed"]);
    assert!(dog.is_armed());
}

#[test]
fn s84_one_that_takes_only_longer_times_is_not_used() {
    let mut dog = watchdog();
    pulse(&mut dog, 0, true, 0);
    assert_eq!(opened(&mut dog, Ok(device(10, false)), 0), ["disarm", "failed"]);
    assert!(!dog.is_armed());
    pulse(&mut dog, 10_000, true, 10_000);
    assert_eq!(opened(&mut dog, Ok(device(8, false)), 10_000), ["armed"], "a shorter one is no harm");
}

#[test]
fn s84_one_that_cannot_be_disarmed_is_fed_until_the_end() {
    let mut dog = watchdog();
    pulse(&mut dog, 0, true, 0);
    opened(&mut dog, Ok(device(9, true)), 0);
    assert_eq!(pulse(&mut dog, 1, false, 1), ["feed"]);
    assert_eq!(end(&mut dog), (false, vec!["disarm".to_owned(), "left".to_owned()]));
    assert_eq!(pulse(&mut dog, 2, true, 2), ["feed"]);
    assert_eq!(end(&mut dog), (false, vec!["left".to_owned()]), "while something is held nobody tries");
}

#[test]
fn who_is_to_be_reset_is_fed_no_more() {
    let mut dog = armed();
    let mut steps = Vec::new();
    dog.ask(Ask::Reset, at(10), &mut steps);
    assert_eq!(words(&mut steps), ["reset"]);
    assert_eq!(pulse(&mut dog, 11, true, 11), [""; 0]);
    assert_eq!(pulse(&mut dog, 12, false, 12), [""; 0]);
    assert_eq!(end(&mut dog), (false, vec!["left".to_owned()]));
    let mut idle = watchdog();
    idle.ask(Ask::Reset, at(10), &mut steps);
    assert_eq!(words(&mut steps), [""; 0], "nothing could reset it");
}

#[test]
fn one_that_broke_is_opened_again_at_once() {
    let mut dog = armed();
    let mut steps = Vec::new();
    dog.broken("Input/output error", at(10), &mut steps);
    assert_eq!(words(&mut steps), ["failed"]);
    assert_eq!(pulse(&mut dog, 11, true, 11), ["open"]);
}

#[test]
fn records_are_read_as_they_are_written() {
    let ask = |line: &str| read(&Record::parse_text(line).unwrap());
    let pulse = |holds| Ok(Some(Ask::Pulse { at: Time::from_micros(81_500_000), holds }));
    assert_eq!(ask("pulse 81.5 held"), pulse(true));
    assert_eq!(ask("pulse 81.5 idle"), pulse(false));
    assert_eq!(ask("do 81.5 start web until=91.5 epoch=1"), pulse(true));
    assert_eq!(ask("ask 81.5 reset"), Ok(Some(Ask::Reset)));
    assert_eq!(ask("do 81.5 exit"), Ok(Some(Ask::Exit)));
    assert_eq!(ask("do 81.5 stop web"), Ok(None));
    assert_eq!(ask("tick 81.5"), Ok(None));
    assert!(ask("pulse 81.5").is_err() && ask("pulse 81.5 maybe").is_err());
}

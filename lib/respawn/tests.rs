use super::*;

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

/// Starts it at `from`, and lets it end after `lived` seconds.
fn life(program: &mut Respawn, from: u64, lived: u64, status: Option<i32>) -> Option<u64> {
    program.begun(at(from));
    assert_eq!(program.due(), None);
    program.ended(status, at(from + lived)).map(|pause| pause.as_secs())
}

#[test]
fn one_that_lived_is_started_again_at_once() {
    let mut program = Respawn::new(at(5));
    assert_eq!(program.due(), Some(at(5)));
    assert_eq!(life(&mut program, 5, 30, Some(0)), Some(0));
    assert_eq!(program.due(), Some(at(35)));
    assert_eq!(life(&mut program, 35, 3_600, None), Some(0));
}

#[test]
fn one_that_does_not_live_is_waited_with_longer_each_time() {
    let mut program = Respawn::new(at(0));
    let pauses: Vec<_> = (0..9).map(|n| life(&mut program, n * 100, 1, Some(1)).unwrap()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(life(&mut program, 1_000, 30, Some(1)), Some(0));
    assert_eq!(life(&mut program, 1_030, 1, Some(1)), Some(1), "it has lived in between");
}

#[test]
fn one_that_cannot_be_started_is_waited_with_too() {
    let mut program = Respawn::new(at(0));
    assert_eq!(program.ended(None, at(0)), Some(FIRST));
    assert_eq!(program.ended(None, at(1)), Some(FIRST * 2));
    assert_eq!(program.due(), Some(at(3)));
}

#[test]
fn status_100_is_the_end() {
    for lived in [0, 100] {
        let mut program = Respawn::new(at(0));
        assert_eq!(life(&mut program, 0, lived, Some(OVER)), None);
        assert!(program.is_over() && program.due().is_none());
    }
    let mut killed = Respawn::new(at(0));
    assert!(life(&mut killed, 0, 0, None).is_some(), "a signal is no status");
}

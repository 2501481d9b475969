use super::*;

const BEGIN: Time = Time::from_micros(7_000_000);

fn at(millis: u64) -> Time {
    BEGIN + Duration::from_millis(millis)
}

#[test]
fn a_takeover_is_announced_six_times_within_a_minute() {
    let plan = Plan::new(Schedule::Takeover, None, BEGIN);
    let points: Vec<Time> = (0..10).map_while(|round| plan.due(round)).collect();
    assert_eq!(points, [0, 50, 1_000, 5_000, 15_000, 60_000].map(at));
}

#[test]
fn rounds_are_an_interval_apart_and_as_many_as_asked_for() {
    let plan = Plan::new(Schedule::Every { count: 3, interval: Duration::from_millis(200) }, None, BEGIN);
    let points: Vec<Time> = (0..10).map_while(|round| plan.due(round)).collect();
    assert_eq!(points, [0, 200, 400].map(at));
    let long = Schedule::Every { count: u32::MAX, interval: Duration::MAX };
    assert!(Plan::new(long, None, BEGIN).due(u32::MAX - 1).is_some(), "no overflow");
}

/// Sends `count` announcements of one round, each `late` after it was due.
fn leave(plan: &mut Plan, count: u32, late: Duration) -> Vec<Time> {
    let mut left = Vec::new();
    for _ in 0..count {
        let due = plan.due(0).unwrap();
        plan.sent(due, due + late);
        left.push(due);
    }
    left
}

#[test]
fn a_rate_spaces_announcements_and_delays_a_round_that_has_not_ended() {
    let schedule = Schedule::Every { count: 2, interval: Duration::from_millis(10) };
    let mut plan = Plan::new(schedule, Some(100), BEGIN);
    assert_eq!(leave(&mut plan, 4, Duration::from_millis(1)), [0, 10, 20, 30].map(at));
    assert_eq!(plan.due(1), Some(at(40)));
}

#[test]
fn a_pause_is_not_followed_by_a_burst() {
    let mut plan = Plan::new(Schedule::Every { count: 1, interval: Duration::ZERO }, Some(1_000), BEGIN);
    let due = plan.due(0).unwrap();
    plan.sent(due, at(5_000));
    // Ten announcements of a hundredth of a second may follow at once.
    assert_eq!(plan.due(0), Some(at(4_990)));
}

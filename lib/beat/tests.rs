use super::*;

const KEEPALIVE: Duration = Duration::from_millis(100);

fn at(micros: u64) -> Time {
    Time::from_micros(micros)
}

/// The points at which a heartbeat is made, of those at which it could be.
fn made(beat: &mut Beat, points: &[u64]) -> Vec<u64> {
    let mut all = Vec::new();
    for point in points {
        if beat.is_due(at(*point), KEEPALIVE) {
            beat.made(at(*point), KEEPALIVE);
            all.push(*point);
        }
    }
    all
}

#[test]
fn each_of_ticks_a_keepalive_apart_has_one_however_late_they_are() {
    let ticks = [1_009_000, 1_100_200, 1_200_050, 1_312_000, 1_400_010, 1_500_000];
    assert_eq!(made(&mut Beat::new(), &ticks), ticks);
}

#[test]
fn frequent_ticks_have_one_a_keepalive() {
    let ticks: Vec<u64> = (0..1_000).map(|tick| 1_000_100 + tick * 30_000 + tick * 7 % 13 * 100).collect();
    let made = made(&mut Beat::new(), &ticks);
    assert!((299..=301).contains(&made.len()), "{made:?}");
    assert!(made.windows(2).all(|pair| (89_000..122_000).contains(&(pair[1] - pair[0]))), "{made:?}");
}

#[test]
fn who_follows_waits_a_little_longer_for_the_next_ask() {
    let mut beat = Beat::new();
    assert_eq!(made(&mut beat, &[1_000_000]), [1_000_000]);
    beat.follow(at(1_050_000));
    assert!(beat.has_come(at(1_050_000)));
    assert_eq!(made(&mut beat, &[1_050_000, 1_149_000, 1_151_000]), [1_050_000]);
    beat.follow(at(1_151_000));
    // The ask that does not come is not waited for for long.
    assert_eq!(made(&mut beat, &[1_151_000, 1_260_000, 1_264_000, 1_350_000]), [1_151_000, 1_264_000]);
    // From then on its own time counts.
    assert_eq!(made(&mut beat, &[1_352_000]), [1_352_000]);
    beat.set(at(1_360_000));
    assert_eq!(made(&mut beat, &[1_361_000]), [1_361_000]);
}

//! How often a living node is declared dead when messages are lost: measured over
//! seeded streams, and compared with what the manual states.

use super::*;

/// Numbers that a seed decides.
struct Random(u64);

impl Random {
    /// Whether something happens that happens in `parts` of a million cases.
    fn hits(&mut self, parts: u64) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 1_000_000 < parts
    }
}

/// A heartbeat a second and a deadtime in which `missed` of them fall: how often a
/// node dies of which `is_lost` says what is lost. The first one is not.
fn deaths(missed: u64, messages: u64, mut is_lost: impl FnMut() -> bool) -> f64 {
    let deadtime = Duration::from_millis(missed * 1000 + 500);
    let mut judge = Judge::new(Settings {
        own: None,
        peers: Vec::new(),
        links: Vec::new(),
        ping: Vec::new(),
        warntime: deadtime,
        deadtime,
        initdead: deadtime,
        deadping: deadtime,
    });
    let mut verdicts = Vec::new();
    let mut dead = 0;
    for second in 0..messages {
        if second == 0 || !is_lost() {
            let line = format!("msg {second}.000000 n2 via=bcast:eth1 t=status st=active seq={:x} hg=1", second + 1);
            judge.record(&Record::parse(line.as_bytes()).unwrap(), &mut verdicts).unwrap();
        }
        let tick = format!("tick {second}.800000");
        judge.record(&Record::parse(tick.as_bytes()).unwrap(), &mut verdicts).unwrap();
        dead += verdicts.drain(..).filter(|line| line.to_string().contains(" n2 dead ")).count();
    }
    dead as f64
}

/// Within five standard deviations: the deaths are rare and nearly independent.
fn agree(measured: f64, expected: f64, what: &str) {
    assert!(expected > 300.0, "{what}: too few to tell: {expected}");
    assert!((measured - expected).abs() < 5.0 * expected.sqrt(), "{what}: {measured} measured, {expected} expected");
}

#[test]
fn random_loss_kills_as_often_as_is_stated() {
    // S37. A run of m lost messages begins at any message but the first with the
    // probability (1 - p) p^m, and at the first with p^m.
    for (percent, missed, messages) in [(10, 2, 12_000), (30, 3, 6_000), (60, 5, 4_000)] {
        let p = f64::from(percent) / 100.0;
        let run = p.powi(missed as i32);
        let streams = 10;
        let measured: f64 = (0..streams)
            .map(|seed| {
                let mut random = Random(seed);
                deaths(missed, messages, || random.hits(percent as u64 * 10_000))
            })
            .sum();
        let each = run + (messages - 1 - missed) as f64 * (1.0 - p) * run;
        agree(measured, streams as f64 * each, &format!("{percent} %"));
    }
}

#[test]
fn bursts_kill_as_often_as_is_stated() {
    // S37. A burst begins at any message with the probability a, and goes on to the
    // next with the probability c: it lasts m messages with the probability c^(m-1).
    let (begins, goes_on) = (20_000, 700_000);
    let (a, c) = (0.02, 0.7_f64);
    for missed in [3, 6] {
        let (streams, messages) = (5, 20_000);
        let measured: f64 = (0..streams)
            .map(|seed| {
                let mut random = Random(seed);
                let mut lost = false;
                deaths(missed, messages, || {
                    lost = random.hits(if lost { goes_on } else { begins });
                    lost
                })
            })
            .sum();
        // The share of messages that arrive, but for the first few.
        let arrive = (1.0 - c) / (1.0 - c + a);
        let each = (messages - missed) as f64 * arrive * a * c.powi(missed as i32 - 1);
        agree(measured, streams as f64 * each, &format!("bursts of {missed}"));
    }
}

#[test]
fn no_loss_kills_nobody_below_a_deadtime_of_losses() {
    // S37: with at most m - 1 lost in a row nobody dies, however much is lost.
    for missed in 2..10 {
        let mut lost = 0;
        let measured = deaths(missed, 3_000, || {
            lost = if lost + 1 < missed { lost + 1 } else { 0 };
            lost > 0
        });
        assert_eq!(measured, 0.0, "{missed}");
    }
}

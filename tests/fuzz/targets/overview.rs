//! How everything stands, from any records: bounded, told in records, and shown
//! without anything that could disturb a terminal.
#![no_main]

use hbkit::overview::Overview;
use hbkit::picture::{self, Picture, Present};
use hbkit::record::{MAX, Record};
use hbkit::time::Time;
use hbkit::wall::Wall;
use hbkit_fuzz::{Choices, bounded};
use libfuzzer_sys::fuzz_target;

/// What a reader makes of the lines of a status file.
fn show(text: &str, now: Time) {
    let picture = bounded(64 * text.len() + 65_536, || Picture::read(text));
    let boot = picture.boot().unwrap_or("?").to_owned();
    if let Err(why) = picture.check(Present { now, boot: &boot, is_supervised: true }) {
        assert!(!why.text(now).is_empty());
    }
    let findings = picture.findings(now);
    assert!(findings.windows(2).all(|two| two[0].level >= two[1].level), "the worst stands first");
    let line = picture::line(&picture, &findings);
    assert!(!line.contains(char::is_control) && !line.contains('|'), "{line:?}");
    let screen = picture::screen(&picture, &findings, now, &Wall::behind(1 << 50));
    let metrics = picture::metrics(&picture, now);
    for text in [&screen, &metrics] {
        assert!(text.ends_with('\n') && text.lines().all(|line| !line.contains(char::is_control)), "{text:?}");
    }
    assert_eq!(metrics.lines().last(), Some("# EOF"));
    let parts = metrics.lines().filter(|line| !line.starts_with('#')).all(|line| {
        let value = line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        line.starts_with("hbkit_") && value.is_some_and(f64::is_finite)
    });
    assert!(parts, "{metrics}");
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let (how, now) = (choices.byte(), Time::from_micros(choices.number() >> 1));
    let data = choices.0;
    if how & 1 != 0 {
        let mut overview = Overview::new("n1");
        for line in data.split(|byte| *byte == b'\n') {
            let Ok(record) = Record::parse(line) else { continue };
            bounded(64 * data.len() + 65_536, || overview.resume(&record));
        }
        assert!(overview.lines().iter().all(|line| line.len() < MAX));
        show(&String::from_utf8_lossy(data), now);
        return;
    }
    let mut overview = Overview::new("n1");
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(record) = Record::parse(line) else { continue };
        bounded(64 * data.len() + 65_536, || overview.record(&record));
    }
    let lines = overview.lines();
    for line in &lines {
        assert!(line.len() < MAX);
        let record = Record::parse_text(line).expect("a status is a record");
        assert_eq!(record.kind, "status");
    }
    let boot = format!("status {now} keeper n1 boot=b\n");
    show(&(boot + &lines.join("\n")), now);
});

//! The failure detector: bounded, verdicts are records, states follow each other
//! as they may, and a line that is refused changes nothing.
#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use hbkit::judge::{Judge, Settings};
use hbkit::phi;
use hbkit::record::{MAX, Record};
use hbkit::suggest::Survey;
use hbkit_fuzz::{Choices, bounded};
use libfuzzer_sys::fuzz_target;

fn settings(deadtime: Duration) -> Settings {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Settings {
        own: Some("n1".to_owned()),
        peers: names(&["n2", "n3"]),
        links: names(&["bcast:eth1"]),
        ping: names(&["gw"]),
        warntime: deadtime / 2,
        deadtime,
        initdead: deadtime * 2,
        deadping: deadtime,
    }
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let how = choices.byte();
    let phi = (how & 4 != 0).then(|| phi::parse("8").ok()).flatten();
    let deadtime = if how & 1 == 0 { Duration::from_millis(700) } else { Duration::from_secs(10) };
    let mut judge = Judge::new(settings(deadtime)).with_phi(phi);
    let mut survey = Survey::new(Some("n1".to_owned()), deadtime);
    let mut states: BTreeMap<String, String> = BTreeMap::new();
    let mut verdicts = Vec::new();
    let mut ticked = None;
    let text = choices.0;
    for line in text.split(|byte| *byte == b'\n') {
        let Ok(record) = Record::parse(line) else { continue };
        let before = if how & 16 != 0 { format!("{judge:?}") } else { String::new() };
        let room = 64 * text.len() + (1 << 16);
        let taken = bounded(room, || judge.record(&record, &mut verdicts));
        if taken.is_err() {
            assert!(verdicts.is_empty(), "verdicts follow from a strange record");
            assert!(how & 16 == 0 || before == format!("{judge:?}"), "a strange record changes something");
        }
        bounded(room, || survey.record(&record));
        if record.kind == "tick" && taken.is_ok() {
            assert!(ticked.is_none_or(|ticked| ticked <= record.time));
            ticked = Some(record.time);
        }
        for verdict in verdicts.drain(..) {
            let text = verdict.finish();
            assert!(text.len() < MAX);
            let verdict = Record::parse_text(&text).expect("a verdict is a record");
            let (subject, state) = (verdict.subject().expect("a subject"), verdict.state());
            if verdict.kind != "node" || verdict.raw("type").is_some() {
                continue;
            }
            let state = state.expect("a state");
            let before = states.insert(subject.to_owned(), state.to_owned());
            // Silence is judged at ticks alone; who is heard lives.
            let by_silence = matches!(state, "late" | "dead") && before.as_deref() != Some(state);
            assert!(!by_silence || record.kind == "tick", "{text} after {}", String::from_utf8_lossy(line));
            assert!(before.as_deref() != Some("dead") || state != "late", "{text}: it was dead");
        }
    }
    let mut lines = Vec::new();
    let _ = survey.report(&mut lines);
    assert!(lines.iter().all(|line| Record::parse_text(&line.to_string()).is_ok()));
    let known = format!("{judge:?}").len();
    assert!(known <= 64 * text.len() + 32_768, "{known} bytes are known after {}", text.len());
});

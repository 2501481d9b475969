//! Who serves: bounded, all that is said are records, no group is started twice or
//! stopped while it starts, and a majority is never taken without votes.
#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use hbkit::decide::{Decide, Effect, GroupSetting, Policy, Quorum, Settings};
use hbkit::judge::{self, Judge};
use hbkit::record::{MAX, Record};
use hbkit::tale::Tale;
use hbkit_fuzz::{Choices, bounded};
use libfuzzer_sys::fuzz_target;

fn settings(how: u8) -> Settings {
    let nodes: &[&str] = if how & 2 == 0 { &["n1", "n2"] } else { &["n1", "n2", "n3"] };
    let groups = [("web", "n1"), ("db", "n2"), ("10.0.0.80", "n1")];
    let mut policy = Policy { auto_failback: how & 4 == 0, ..Policy::default() };
    if how & 8 != 0 {
        policy.ping = vec!["gw".to_owned()];
        policy.fence = vec!["n2".to_owned()];
        policy.failback_delay = Duration::from_secs(5);
        policy.flap_halflife = Duration::from_secs(60);
    }
    Settings {
        own: "n1".to_owned(),
        nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
        groups: groups.map(|(name, preferred)| GroupSetting { name: name.into(), preferred: preferred.into() }).into(),
        policy,
        keepalive: Duration::from_secs(1),
        deadtime: Duration::from_secs(if how & 16 == 0 { 10 } else { 30 }),
        quorum: if how & 1 == 0 { Quorum::Alive } else { Quorum::Majority },
        digest: "-".to_owned(),
    }
}

/// What is under way on this node, as told by what was said and answered.
#[derive(Default)]
struct Seen {
    /// The action of each group that has not been answered.
    running: BTreeMap<String, String>,
    voted: bool,
}

impl Seen {
    fn line(&mut self, record: &Record<'_>) {
        if record.kind == "group" && record.raw("node").is_none() {
            self.running.remove(record.subject().unwrap_or_default());
        }
        let votes = record.raw("votes").is_some_and(|votes| votes.contains(":n1:"));
        self.voted |= record.kind == "msg" && votes && matches!(record.subject(), Some("n2" | "n3"));
    }

    fn effect(&mut self, said: &Record<'_>, settings: &Settings) {
        if said.kind != "do" {
            return;
        }
        let words: Vec<&str> = said.words().collect();
        let &[action @ ("start" | "stop"), group, ..] = words.as_slice() else { return };
        let before = self.running.insert(group.to_owned(), action.to_owned());
        assert!(before.is_none(), "{action} {group} while {before:?} runs");
        if action == "start" {
            assert!(settings.quorum == Quorum::Alive || self.voted, "{group} is started without a vote");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let how = choices.byte();
    let settings = settings(how);
    let deadtime = settings.deadtime;
    let mut judge = Judge::new(judge::Settings {
        own: Some("n1".to_owned()),
        peers: settings.nodes[1..].to_vec(),
        links: Vec::new(),
        ping: Vec::new(),
        warntime: deadtime / 2,
        deadtime,
        initdead: deadtime * 2,
        deadping: deadtime,
    });
    let mut decide = Decide::new(settings.clone());
    let mut tale = Tale::new(settings.clone(), "web");
    let (mut seen, mut story, mut verdicts) = (Seen::default(), Vec::new(), Vec::new());
    let text = choices.0;
    let room = 64 * text.len() + (1 << 18);
    for line in text.split(|byte| *byte == b'\n') {
        let Ok(record) = Record::parse(line) else { continue };
        verdicts.clear();
        if how & 32 != 0 {
            let _ = judge.record(&record, &mut verdicts);
        }
        let verdicts: Vec<String> = verdicts.drain(..).map(|verdict| verdict.finish()).collect();
        let more = verdicts.iter().filter_map(|text| Record::parse_text(text).ok());
        for record in std::iter::once(record).chain(more) {
            seen.line(&record);
            let mut effects = Vec::new();
            let taken = bounded(room, || decide.record(&record, &mut effects));
            let _ = bounded(room, || tale.record(&record, &mut story));
            assert!(effects.len() <= 100, "{} things follow from one line", effects.len());
            let strange = taken.is_err();
            for effect in effects {
                match effect {
                    Effect::Say(line) => {
                        let text = line.finish();
                        assert!(text.len() < MAX);
                        let said = Record::parse_text(&text).expect("what is said is a record");
                        assert!(!strange || said.kind != "do", "{text} follows from a strange record");
                        seen.effect(&said, &settings);
                    }
                    Effect::Announce(text) => assert!(text.len() < MAX && !text.contains('\n')),
                    Effect::End => {}
                }
            }
        }
    }
    let known = format!("{decide:?}").len();
    assert!(known <= 64 * text.len() + 32_768, "{known} bytes are known after {}", text.len());
    let _ = tale.end(&mut story);
    assert!(story.iter().all(|line| !line.contains('\n')));
});

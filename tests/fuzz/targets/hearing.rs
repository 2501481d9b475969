//! What is made of messages one behind the other, of which many are copies, late,
//! or sent again by somebody who only recorded them. It is compared with a slow
//! memory that keeps everything.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use hbkit::gaps::Gaps;
use hbkit::hearing::{Arrived, Heard, Hearing};
use hbkit::message::Message;
use hbkit::netstring;
use hbkit::record::{MAX, Record};
use hbkit::refused::Reason;
use hbkit::replay::{MAX_NODES, Memory, WINDOW};
use hbkit::time::Time;
use hbkit_fuzz::{Choices, bounded, ring};
use libfuzzer_sys::fuzz_target;

/// Everything that was heard of a node in its present generation.
#[derive(Default)]
struct Life {
    generation: u64,
    heard: BTreeMap<u64, BTreeSet<usize>>,
    wanted: BTreeSet<u64>,
}

impl Life {
    fn top(&self) -> u64 {
        self.heard.last_key_value().map_or(0, |(top, _)| *top)
    }
}

/// A message as somebody with the key sends it.
fn message(choices: &mut Choices<'_>) -> (Message<'static>, u8) {
    let mut message = Message::new();
    let (node, kind) = (choices.byte(), choices.below(8));
    let generation = choices.number();
    let name = if node < 250 { format!("n{}", node % 120) } else { "Own".to_owned() };
    message.push(
        "t",
        ["status", "status", "status", "status", "resource", "NS_ackmsg", "NS_rexmit", "NS_nak_rexmit"][kind],
    );
    message.push("src", name);
    message.push("hg", format!("{generation:x}"));
    message.push("ts", "1");
    message.push("seq", format!("{:x}", choices.number()));
    if kind >= 6 {
        let (first, span) = (choices.number(), choices.number());
        message.push("dest", format!("N{}", choices.below(120)));
        message.push("firstseq", format!("{first}"));
        message.push("lastseq", format!("{}", first.saturating_add(span)));
    }
    (message, node)
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let ring = ring();
    let (memory, gaps) = (Memory::new(), Gaps::new());
    let mut hearing =
        Hearing { ring: ring.clone(), is_crc_allowed: false, node: "own".into(), peers: None, memory, gaps };
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    let mut now = 0;
    while !choices.is_empty() {
        let how = choices.byte();
        now += u64::from(choices.byte()) * 5_000;
        let time = Time::from_micros(now);
        if how % 8 == 7 {
            for line in bounded(1 << 20, || hearing.due(time)) {
                let text = line.finish();
                let record = Record::parse_text(&text).expect("a notice is a record");
                let number = |key| u64::from_str_radix(record.raw(key).unwrap_or("0"), 16).expect("a number");
                let life = &lives[record.subject().expect("a node")];
                assert_eq!(number("hg"), life.generation);
                match record.state() {
                    Some("open") => life_wants(&mut lives, &record, number("first"), number("last")),
                    _ => assert!(number("last").max(number("seq")) <= life.top()),
                }
            }
            continue;
        }
        let medium = choices.below(3);
        let (message, node) = message(&mut choices);
        let key = if how % 8 == 6 { 2 } else { usize::from(how % 2) };
        let mut bytes = netstring::encode(&message, &ring.keys()[key]);
        if how % 64 == 5 {
            bytes[40] ^= 1;
        }
        let peer = "192.0.2.2:694".parse().ok();
        let arrived =
            Arrived { time, medium, link: "bcast:eth1", is_network: true, peer, is_cut: false, bytes: &bytes };
        let heard = bounded(1 << 17, || hearing.hear(&arrived, |_| how & 128 != 0));
        if how % 64 == 5 || key == 2 {
            assert!(matches!(heard, Heard::Refused(Reason::Auth | Reason::Parse | Reason::UnknownKey)));
            continue;
        }
        if node >= 250 {
            assert!(heard == Heard::Echo || matches!(heard, Heard::Refused(Reason::Own | Reason::Parse)));
            continue;
        }
        compare(&mut lives, &message, medium, &heard);
    }
});

/// Numbers that were asked for again: only those that fit the window.
fn life_wants(lives: &mut BTreeMap<String, Life>, record: &Record<'_>, first: u64, last: u64) {
    let life = lives.get_mut(record.subject().expect("a node")).expect("a node that was heard");
    assert!(first <= last && last <= life.top() && last - first < WINDOW as u64);
    for number in first..=last {
        assert!(!life.heard.contains_key(&number), "{number} was heard and is said to be missing");
        life.wanted.insert(number);
    }
}

fn compare(lives: &mut BTreeMap<String, Life>, message: &Message<'_>, medium: usize, heard: &Heard) {
    let number = |key| u64::from_str_radix(message.text(key).expect("a field"), 16).expect("a number");
    let (generation, sequence) = (number("hg"), number("seq"));
    let (kind, node) = (message.text("t").expect("a kind"), message.text("src").expect("a node"));
    let is_control = kind.starts_with("NS_");
    if generation == 0 || (sequence == 0 && !is_control) {
        assert_eq!(*heard, Heard::Refused(Reason::Parse));
        return;
    }
    let count = lives.len();
    let known = lives.get(node).map(|life| life.generation);
    let expected = match known {
        Some(present) if generation < present => Heard::Refused(Reason::Replay),
        None if !is_control && count >= MAX_NODES => Heard::Refused(Reason::UnknownNode),
        _ if is_control => return asks(lives, message, heard),
        _ => {
            let life = lives.entry(node.to_owned()).or_default();
            if generation > life.generation {
                *life = Life { generation, ..Life::default() };
            }
            let is_old = life.top() >= sequence && life.top() - sequence >= WINDOW as u64;
            let media = life.heard.get(&sequence).cloned().unwrap_or_default();
            if !is_old {
                life.heard.entry(sequence).or_default().insert(medium);
            }
            match (is_old, media.is_empty(), media.contains(&medium)) {
                (true, _, _) => Heard::Refused(Reason::Replay),
                (false, true, _) => return is_record(heard, "msg"),
                (false, false, false) => return is_record(heard, "dup"),
                (false, false, true) if life.wanted.contains(&sequence) => Heard::Again,
                (false, false, true) => Heard::Refused(Reason::Replay),
            }
        }
    };
    assert_eq!(*heard, expected);
}

/// A control message, which may ask that others are sent again.
fn asks(lives: &mut BTreeMap<String, Life>, message: &Message<'_>, heard: &Heard) {
    is_record(heard, "msg");
    if message.text("t") != Some("NS_rexmit") {
        return;
    }
    let decimal = |key| message.text(key).and_then(|text| text.parse::<u64>().ok());
    let dest = message.text("dest").unwrap_or_default().to_ascii_lowercase();
    let (Some(first), Some(last)) = (decimal("firstseq"), decimal("lastseq")) else { return };
    if let Some(life) = lives.get_mut(&dest) {
        let lowest = life.top().saturating_sub(WINDOW as u64 - 1);
        life.wanted.extend(first.max(lowest)..=last.min(life.top()));
    }
}

fn is_record(heard: &Heard, kind: &str) {
    let Heard::Record(line) = heard else { panic!("{heard:?} where a {kind} is right") };
    let text = line.to_string();
    assert!(text.len() < MAX);
    assert_eq!(Record::parse_text(&text).map(|record| record.kind.to_owned()).as_deref(), Ok(kind));
}

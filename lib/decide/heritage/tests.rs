use std::time::Duration;

use super::*;
use crate::decide::{Decide, GroupSetting, Policy, Quorum, Settings};

const BOOT: &str = "00000000-1111-2222-3333-444444444444";

fn settings() -> Settings {
    let group = |name: &str| GroupSetting { name: name.to_owned(), preferred: "n1".to_owned() };
    Settings {
        own: "n1".to_owned(),
        nodes: vec!["n1".to_owned(), "n2".to_owned(), "n3".to_owned()],
        groups: vec![group("web"), group("db"), group("ip")],
        policy: Policy { fence: vec!["n2".to_owned(), "n3".to_owned()], ..Policy::default() },
        keepalive: Duration::from_secs(1),
        deadtime: Duration::from_secs(10),
        quorum: Quorum::Alive,
        digest: "-".to_owned(),
    }
}

fn time(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

/// One of everything that can be left.
fn rich() -> Heritage {
    let estate = |held| Estate {
        held,
        until: if Held::claims(held) { time(108) } else { Time::ZERO },
        epoch: 7,
        yielded: true,
        failing: true,
        put_off: Some(Reason::Partly),
        wish: Wish::Standby { forced: true, until: Some(time(99)) },
        failures: Failures::default(),
        flaps: Flaps::default(),
        carrier: Carrier::Away(time(90), "interface eth0 = 100 % gone".to_owned()),
        again: vec![time(101), time(115)],
    };
    let mut db = estate(Held::Failed);
    db.failures.failed(time(95), Duration::from_secs(3_600));
    db.flaps.change(time(95), Duration::from_secs(900), 1);
    db.wish = Wish::Takeover { epoch: 3, until: time(130) };
    let mut ip = Estate { wish: Wish::Nothing, again: Vec::new(), put_off: None, ..estate(Held::Unknown) };
    ip.failures.failed(time(95), Duration::ZERO);
    let life = Some("cc%dd".to_owned());
    let off = Kept::Off { since: time(80), sequence: 255, life };
    let heard = Heard { at: time(98), generation: 17, incarnation: "ee%ff".to_owned(), sequence: 31 };
    Heritage {
        time: time(100),
        incarnation: Some("aaaaaaaa".to_owned()),
        active: true,
        maintained: true,
        groups: BTreeMap::from([
            ("web".to_owned(), estate(Held::Started)),
            ("db".to_owned(), db),
            ("ip".to_owned(), ip),
        ]),
        peers: BTreeMap::from([
            ("n2".to_owned(), Neighbour { bond: Bond::Lives, fence: Some(Kept::Heard), heard: Some(heard) }),
            ("n3".to_owned(), Neighbour { bond: Bond::Left, fence: Some(off), heard: None }),
        ]),
        maintenance: BTreeMap::from([("n3".to_owned(), time(500))]),
    }
}

fn read(text: &str) -> Result<Heritage, Refused> {
    Heritage::read(text.as_bytes(), "n1", BOOT, time(100))
}

/// The text with another last line, that fits what stands before it.
fn signed(body: &str) -> String {
    format!("{body}{}", last_line(body, time(100)))
}

#[test]
fn what_is_written_is_read() {
    let text = rich().text("n1", BOOT);
    assert_eq!(read(&text), Ok(rich()), "{text}");
    let nothing = Decide::new(settings()).heritage();
    assert_eq!(read(&nothing.text("n1", BOOT)), Ok(nothing));
}

#[test]
fn what_is_taken_over_is_left_again() {
    let mut decide = Decide::new(settings());
    decide.inherit(rich());
    let again = decide.heritage();
    let mut expected = rich();
    // It may run or not; what was put off was for a group that runs, and is announced
    // again by who serves it.
    for name in ["db", "ip"] {
        let estate = expected.groups.get_mut(name).unwrap();
        (estate.held, estate.put_off, estate.again) = (Held::Unknown, None, Vec::new());
    }
    // A failure is one however often the process dies; of the other the next word counts.
    expected.groups.get_mut("db").unwrap().held = Held::Failed;
    expected.groups.get_mut("ip").unwrap().held = Held::Starting;
    // That there is a maintenance is told anew.
    expected.maintained = false;
    assert_eq!(again, expected);
}

#[test]
fn of_another_boot_node_version_or_time_nothing_is_taken_over() {
    let text = rich().text("n1", BOOT);
    let read = |text: &str, node: &str, boot: &str, now: u64| Heritage::read(text.as_bytes(), node, boot, time(now));
    assert_eq!(read(&text, "n1", "another", 100), Err(Refused::Boot));
    assert_eq!(read(&text, "n1", "", 100), Err(Refused::Boot));
    assert_eq!(read(&text, "n2", BOOT, 100), Err(Refused::Node));
    assert_eq!(read(&text, "n1", BOOT, 98), Err(Refused::Future));
    assert!(read(&text, "n1", BOOT, 99).is_ok(), "clocks of records are a little ahead of each other");
    let other = text.replacen("ver=1", "ver=2", 1);
    assert_eq!(read(&other, "n1", BOOT, 100), Err(Refused::Version));
}

#[test]
fn what_is_not_sound_is_refused_as_a_whole() {
    let head = format!("state 100.0 n1 ver=1 boot={BOOT} inc=aa\n");
    assert!(read(&signed(&head)).is_ok());
    for line in [
        "group 100.0 web started until=110.0 epoch=1\ngroup 100.0 web stopped epoch=1",
        "group 100.0 web started epoch=1",
        "group 100.0 web started until=soon epoch=1",
        "group 100.0 web started until=110.0",
        "group 100.0 web started until=110.0 epoch=-1",
        "group 100.0 web running until=110.0 epoch=1",
        "group 100.0 web",
        "group 100.0 we%20b stopped epoch=1",
        "group 100.0 web stopped epoch=1 wish=dinner",
        "group 100.0 web stopped epoch=1 wish=takeover",
        "group 100.0 web stopped epoch=1 put_off=never",
        "group 100.0 web stopped epoch=1 failed=yesterday",
        "group 100.0 web stopped epoch=1 penalty=much",
        "group 100.0 web stopped epoch=1 carrier_away=12.0",
        "group 100.0 web stopped epoch=1 again=1.0,2.0,",
        "peer 100.0 n2 sleeps",
        "peer 100.0 n2 lives fence=maybe",
        "peer 100.0 n2 lives fence=off sent=zz since=1.0",
        "peer 100.0 n2 lives fence=off sent=1",
        "peer 100.0 n2 lives heard=99.0",
        "peer 100.0 n2 lives heard=99.0 inc=a hg=1 seq=-1",
        "maintenance 100.0 n2",
        "maintenance 100.0",
        "Group 100.0",
        "",
    ] {
        assert_eq!(read(&signed(&format!("{head}{line}\n"))), Err(Refused::Garbled), "{line}");
    }
    // What a later hb-decide may add.
    assert!(read(&signed(&format!("{head}weather 100.0 rain\ngroup 100.0 web stopped epoch=1 colour=red\n"))).is_ok());
    for text in ["", "\n", "\n\n", "state 1.0 n1\n", "end 1.0 sum=\n", &head] {
        assert!(read(text).is_err(), "{text:?}");
    }
    let long = "weather 100.0 rain\n".repeat(MAX / 16);
    assert_eq!(read(&signed(&format!("{head}{long}"))), Err(Refused::Garbled));
}

/// Numbers that a seed decides.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    /// Some bytes less, more or others.
    fn mangle(&mut self, text: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.below(256) as u8),
                2 if at < bytes.len() => bytes[at] = self.below(256) as u8,
                3 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                _ => {
                    let from = self.below(at + 1);
                    let piece = bytes[from..at].to_vec();
                    bytes.splice(from..from, piece);
                }
            }
        }
        bytes
    }
}

#[test]
fn of_a_mangled_file_nothing_is_taken_over() {
    let text = rich().text("n1", BOOT);
    for seed in 0..20_000 {
        let bytes = Random(seed).mangle(text.as_bytes());
        let read = Heritage::read(&bytes, "n1", BOOT, time(100));
        assert!(bytes == text.as_bytes() || read.is_err(), "seed {seed}: {}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn of_mangled_records_under_a_sum_that_fits_only_what_they_say_is_held() {
    let text = rich().text("n1", BOOT);
    let body = &text[..text.trim_end().rfind('\n').unwrap() + 1];
    let mut taken = 0;
    for seed in 0..20_000 {
        let bytes = Random(seed).mangle(body.as_bytes());
        let Ok(body) = std::str::from_utf8(&bytes) else { continue };
        let text = signed(body);
        let Ok(heritage) = read(&text) else { continue };
        let held = heritage.held(&settings(), time(100));
        for (name, until) in &held {
            taken += 1;
            let says = body.lines().filter_map(|line| Record::parse_text(line).ok()).any(|record| {
                record.kind == "group"
                    && record.words().eq([name.as_str(), "started"])
                    && record.raw("until").and_then(|text| text.parse().ok()) == Some(*until)
            });
            assert!(says, "seed {seed}: {name} until {until}:\n{body}");
            assert!(*until > time(100) && *until <= time(111), "seed {seed}");
        }
        let mut decide = Decide::new(settings());
        decide.inherit(heritage);
        let mut effects = Vec::new();
        for line in ["tick 100.5", "sent 100.6 t=status seq=9 inc=aaaaaaaa", "node 100.7 n2 dead", "tick 111.7"] {
            decide.record(&Record::parse_text(line).unwrap(), &mut effects).unwrap();
        }
    }
    assert!(taken > 1_000, "{taken}");
}

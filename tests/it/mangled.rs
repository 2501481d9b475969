//! Bad input for hb-judge and hb-decide: the recorded cases, mangled in ways that a
//! seed decides, in this process. Nothing panics, nothing grows, and lines that are
//! no records leave what follows from the others as it was.
//!
//! `MANGLED` is the number of streams (600 by default), `MANGLED_SEED` the first
//! seed; a failure names its own.

use std::collections::BTreeSet;
use std::time::Duration;

use hbkit::decide::{Decide, Effect, GroupSetting, Policy, Quorum, Settings};
use hbkit::judge::{self, Judge};
use hbkit::record::{MAX, Record};
use hbkit::tale::Tale;
use hbkit::time::parse_span;

use crate::lab::run;
use crate::random::Random;
use crate::timeline;

/// So much text describes everything that the two filters know in any case: they
/// have two or three nodes and one or two groups, and a record has 4,096 bytes.
const STATE_MAX: usize = 300_000;

/// A recorded stream, and what it was recorded for.
struct Case {
    name: String,
    settings: Settings,
    lines: Vec<Vec<u8>>,
}

fn settings(options: &[&str]) -> Settings {
    let after =
        |letter: &str| options.windows(2).filter(|pair| pair[0] == letter).map(|pair| pair[1]).collect::<Vec<_>>();
    let own = after("-N").first().map_or("n1", |name| *name).to_owned();
    let mut nodes: Vec<String> = after("-P").into_iter().map(str::to_owned).collect();
    nodes.push(own.clone());
    let group = |text: &&str| {
        let (name, preferred) = text.split_once('=').unwrap();
        GroupSetting { name: name.to_owned(), preferred: preferred.to_owned() }
    };
    let majority = after("--quorum").contains(&"majority");
    Settings {
        own,
        nodes,
        groups: after("-g").iter().map(group).collect(),
        policy: Policy::default(),
        keepalive: Duration::from_secs(1),
        deadtime: after("-d").first().map_or(Duration::from_secs(30), |text| parse_span(text).unwrap()),
        quorum: if majority { Quorum::Majority } else { Quorum::Alive },
        digest: "-".to_owned(),
    }
}

fn cases() -> Vec<Case> {
    let all = ["decide", "judge"].into_iter().flat_map(timeline::cases);
    all.map(|(file, text)| {
        let of = |mark: &str| text.lines().filter_map(|line| line.strip_prefix(mark)).collect::<Vec<_>>();
        let options: Vec<&str> = of("$ ").iter().flat_map(|line| line.split(' ')).collect();
        let lines = of("< ").iter().map(|line| line.as_bytes().to_vec()).collect();
        Case { name: file.display().to_string(), settings: settings(&options), lines }
    })
    .collect()
}

/// hb-judge -a, hb-decide -a and a story behind each other.
struct Pipeline {
    judge: Judge,
    decide: Decide,
    tale: Tale,
    /// What was told: later than what it tells of.
    story: Vec<String>,
}

impl Pipeline {
    fn new(settings: &Settings) -> Pipeline {
        let deadtime = settings.deadtime;
        let judge = Judge::new(judge::Settings {
            own: Some(settings.own.clone()),
            peers: settings.nodes.iter().filter(|node| **node != settings.own).cloned().collect(),
            links: Vec::new(),
            ping: Vec::new(),
            warntime: deadtime / 2,
            deadtime,
            initdead: deadtime * 2,
            deadping: deadtime,
        });
        let group = settings.groups.first().map_or("web", |group| group.name.as_str());
        let tale = Tale::new(settings.clone(), group);
        Pipeline { judge, decide: Decide::new(settings.clone()), tale, story: Vec::new() }
    }

    /// All that comes out for a line. What is no record, or a strange one, has
    /// nothing follow from it.
    fn line(&mut self, line: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        if line.len() >= MAX {
            return out;
        }
        let Ok(record) = Record::parse(line) else { return out };
        let mut verdicts = Vec::new();
        let _ = self.judge.record(&record, &mut verdicts);
        let mut effects = Vec::new();
        let verdicts: Vec<String> = verdicts.into_iter().map(|verdict| verdict.finish()).collect();
        let records = verdicts.iter().filter_map(|text| Record::parse(text.as_bytes()).ok());
        for record in std::iter::once(record).chain(records) {
            let _ = self.decide.record(&record, &mut effects);
            let _ = self.tale.record(&record, &mut self.story);
        }
        out.extend(verdicts);
        out.extend(effects.into_iter().map(|effect| match effect {
            Effect::Say(line) => line.finish(),
            Effect::Announce(text) => text,
            Effect::End => "end".to_owned(),
        }));
        out
    }

    fn run<'a>(&mut self, lines: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<String> {
        lines.into_iter().flat_map(|line| self.line(line)).collect()
    }

    /// The story to its end.
    fn ending(mut self) -> Vec<String> {
        let _ = self.tale.end(&mut self.story);
        self.story
    }

    /// How much there is to know.
    fn state(&self) -> usize {
        format!("{:?}{:?}{:?}", self.judge, self.decide, self.tale).len()
    }
}

fn index(random: &mut Random, end: usize) -> usize {
    random.below(end as u64) as usize
}

const ABSURD: [&str; 16] = [
    "",
    "-1",
    "1e308",
    "NaN",
    "inf",
    "18446744073709551616",
    "99999999999999999999999999999999",
    "0x10",
    "ffffffffffffffff",
    "%",
    "%zz",
    "%00",
    "=",
    "=====",
    ":",
    ":::::,,,:",
];

const WORDS: [&str; 14] =
    ["tick", "msg", "node", "self", "sent", "group", "ask", "conflict", "peer", "do", "why", "link", "ping", "dup"];

/// Changes one place of a stream.
fn mangle(lines: &mut Vec<Vec<u8>>, random: &mut Random) {
    let at = index(random, lines.len());
    let line = &mut lines[at];
    match random.below(12) {
        0 => {
            let byte = index(random, line.len().max(1));
            if let Some(byte) = line.get_mut(byte) {
                *byte = random.below(256) as u8;
            }
        }
        1 => line.truncate(index(random, line.len() + 1)),
        2 => {
            let place = index(random, line.len() + 1);
            let bytes = (0..random.below(9)).map(|_| random.below(256) as u8).collect::<Vec<_>>();
            line.splice(place..place, bytes);
        }
        3 => {
            let copy = line.clone();
            let place = index(random, lines.len() + 1);
            lines.insert(place, copy);
        }
        4 => {
            let other = index(random, lines.len());
            lines.swap(at, other);
        }
        5 => {
            lines.remove(at);
        }
        6 => line.extend(std::iter::repeat_n(b"ax=:,% \0"[index(random, 8)], index(random, 2 * MAX))),
        // An absurd word, value, or part of a value.
        kind => {
            let text = String::from_utf8_lossy(line).into_owned();
            let blanks: &[char] = if kind < 9 { &[' '] } else { &[' ', '=', ':', ','] };
            let mut words: Vec<String> = text.split_inclusive(blanks).map(str::to_owned).collect();
            let word = index(random, words.len().max(1));
            if let Some(word) = words.get_mut(word) {
                let end = word.chars().next_back().filter(|last| blanks.contains(last));
                let new = if random.chance(300) { WORDS[index(random, 14)] } else { ABSURD[index(random, 16)] };
                *word = new.to_owned() + &end.map(String::from).unwrap_or_default();
            }
            *line = words.concat().into_bytes();
        }
    }
}

/// A line from which nothing may follow, at about the time `time`.
fn garbage(time: &str, random: &mut Random) -> Vec<u8> {
    let lines: [&[u8]; 19] = [
        b"",
        b" ",
        b"\0\0\0",
        b"tick",
        b"tick ",
        b"tick -1.0",
        b"tick 1e308",
        b"tick 0.000001",
        b"TICK 1.0",
        b"weather 99999999.0 n2 rain",
        b"msg 14.0",
        b"node 14.0 n2",
        b"node 14.0 n2 ill",
        b"group 14.0 web",
        b"group 14.0 web dancing",
        b"group 14.0 nothing started",
        b"self 14.0 dance",
        b"conflict 14.0 10.0.0.256 mac=1",
        b"\xff\xfe half a line",
    ];
    match random.below(4) {
        0 => (0..random.below(200)).map(|_| 128 + random.below(128) as u8).collect(),
        1 => vec![b'x'; MAX + index(random, 100_000)],
        2 => {
            // A request is always answered, even one that is not known.
            let kinds = ["msg", "node", "group", "self", "sent", "conflict"];
            let rests = ["", " ", " =", " a=b", " %", " n77", " n77 t=status", " \u{7f}"];
            let (kind, rest) = (kinds[index(random, 6)], rests[index(random, 8)]);
            // Heartbeats of a node that nobody expects are judged: no garbage.
            let rest = if kind == "msg" && rest.contains("n77") { " =" } else { rest };
            format!("{kind} {time}{rest}").into_bytes()
        }
        _ => lines[index(random, lines.len())].to_vec(),
    }
}

#[test]
fn each_cause_is_said_once_and_the_lines_between_are_taken() {
    let web = "group 0.5 web stopped\ntick 1.0\n";
    let clean = format!("{web}node 1.1 n2 dead silent=20.0 initdead=20.0\ntick 2.0\n");
    let absurd = ["group 1e308 web started", "node -1 n2 dead", "tick 99999999999999999999999 x", "sent NaN seq=1"];
    let strange = ["sent 1.0 t=status seq=10000000000000000", "node 1.0 n2 ill", "node 1.0 n77 dead", "tick 0.5"];
    let mut dirt: Vec<Vec<u8>> = absurd.iter().chain(&strange).map(|line| line.as_bytes().to_vec()).collect();
    dirt.extend([b"\xff\xfe".to_vec(), b"\0\0".to_vec(), vec![b'x'; 3_000_000], b"".to_vec(), b"tick 9e9\r".to_vec()]);
    let mut input = web.as_bytes().to_vec();
    for line in dirt.iter().chain(&dirt) {
        input.extend(line);
        input.push(b'\n');
    }
    input.extend(clean.strip_prefix(web).unwrap().as_bytes());
    // What a writer that died left: it would be an action.
    input.extend(b"group 2.0 web started");
    for (tool, options, causes) in
        [("hb-judge", &["-P", "n2"][..], 7), ("hb-decide", &["-N", "n1", "-P", "n2", "-g", "web=n1", "-A", "1"][..], 9)]
    {
        let (clean, dirty) = (run(tool, options, clean.as_bytes()), run(tool, options, &input));
        assert_eq!((dirty.code(), &dirty.out), (0, &clean.out), "{tool}: {}", dirty.err);
        assert!(!clean.out.is_empty());
        let said: BTreeSet<&str> = dirty.err.lines().filter_map(|line| line.splitn(3, ": ").last()).collect();
        assert_eq!((dirty.err.lines().count(), said.len()), (causes, causes), "{tool}: {}", dirty.err);
        assert!(dirty.err.contains("the last line has no newline"), "{tool}: {}", dirty.err);
    }
}

/// Heartbeats of a day, one in four minutes.
const BEATS: u64 = 360;

/// What comes with one heartbeat of a long life: a peer dies and comes back in a new
/// life, its groups, its links and its files change, frames claim the address, people
/// ask, strangers come by, and nonsense.
fn beat(beat: u64) -> Vec<String> {
    let (at, day, hour) = (beat * 86_400 / BEATS, beat / BEATS, beat / 15);
    let mut lines = vec![format!("sent {at}.0 t=status seq={beat:x} hg=1 inc=aa ok=1 failed=0")];
    if hour % 6 != 5 {
        let (life, held) = (hour / 6, if beat % 97 == 0 { "failed" } else { "stopped" });
        lines.push(format!(
            "msg {at}.1 n2 via=bcast:eth{} t=status st=active seq={beat:x} hg={life:x} inc=life{life} \
             grp=10.0.0.80:{held}:can:1,g{day}:started:want:{beat} cfg={} ver={} votes=10.0.0.80:n1:aa:{beat:x} \
             echo=n1:aa:{beat:x}:9",
            day % 3,
            hour / 7 % 2,
            1 + hour / 11 % 2
        ));
    }
    lines.extend(match beat % 15 {
        1 => vec![format!("conflict {at}.2 10.0.0.80 mac=02:00:00:00:00:{:02x}", hour % 256)],
        3 => vec![format!("ask {at}.2 takeover 10.0.0.80")],
        5 => vec![format!("ping {at}.2 target{} down", hour % 2)],
        7 => vec![
            format!("bad {at}.2 auth n={beat}"),
            format!("stray{beat} {at} x"),
            format!("group {at} g{beat} failed"),
        ],
        9 => vec![format!("msg {at}.2 stranger{} via=bcast:eth1 t=status st=active seq=1", hour % 2)],
        11 => vec![format!("node {at}.2 target{} dead type=ping", hour % 2)],
        _ => vec![],
    });
    lines.extend([format!("tick {at}.3"), format!("tick {at}.9")]);
    lines
}

#[test]
fn what_is_known_after_a_month_is_no_more_than_after_a_day() {
    let mut settings = settings(&["-N", "n1", "-P", "n2", "-d", "2400", "-g", "10.0.0.80=n1"]);
    settings.keepalive = Duration::from_secs(86_400 / BEATS);
    let mut pipeline = Pipeline::new(&settings);
    pipeline.line(b"group 0.5 10.0.0.80 stopped");
    let (mut largest, mut moved) = ([0; 30], 0);
    for count in 1..30 * BEATS {
        let said: Vec<String> = beat(count).iter().flat_map(|line| pipeline.line(line.as_bytes())).collect();
        for action in ["start", "stop"] {
            if said.iter().any(|line| line.contains(&format!(" {action} 10.0.0.80"))) {
                moved += 1;
                let result = if action == "start" { "started" } else { "stopped" };
                pipeline.line(format!("group {}.95 10.0.0.80 {result}", count * 86_400 / BEATS).as_bytes());
            }
        }
        pipeline.story.clear();
        if count % 15 == 14 {
            let day = &mut largest[(count / BEATS) as usize];
            *day = pipeline.state().max(*day);
        }
    }
    assert!(moved > 0, "nothing was ever served");
    let (first, last) = (largest[0], largest[29]);
    assert!(last <= first + first / 5, "{first} bytes after a day, {last} after a month: {largest:?}");
}

fn streams() -> impl Iterator<Item = u64> {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().expect(name));
    let first = number("MANGLED_SEED", 1);
    first..first + number("MANGLED", 600)
}

/// What names a failure: a panic names nothing itself.
struct Naming(String);

impl Drop for Naming {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the stream was {}", self.0);
        }
    }
}

#[test]
fn mangled_streams_never_panic_and_never_grow_what_is_known() {
    let cases = cases();
    for seed in streams() {
        let mut random = Random::keyed(seed, [0; 3]);
        let case = &cases[index(&mut random, cases.len())];
        let _name = Naming(format!("MANGLED_SEED={seed} of {}", case.name));
        let mut lines = case.lines.clone();
        for _ in 0..1 + random.below(20) {
            if !lines.is_empty() {
                mangle(&mut lines, &mut random);
            }
        }
        let mut pipeline = Pipeline::new(&case.settings);
        let said = pipeline.run(&lines);
        assert!(said.len() <= 100 * (lines.len() + 1), "{} lines follow from {}", said.len(), lines.len());
        assert!(said.iter().all(|line| !line.contains(['\n', '\0'])));
        assert!(pipeline.state() <= STATE_MAX, "{} bytes are known", pipeline.state());
    }
}

#[test]
fn lines_that_are_no_records_change_nothing() {
    let cases = cases();
    for seed in streams() {
        let mut random = Random::keyed(seed, [0; 3]);
        let case = &cases[index(&mut random, cases.len())];
        let name = format!("MANGLED_SEED={seed} of {}", case.name);
        let _name = Naming(name.clone());
        let mut clean = Pipeline::new(&case.settings);
        let mut expected = clean.run(&case.lines);
        let mut pipeline = Pipeline::new(&case.settings);
        let mut got = Vec::new();
        let mut ticked = false;
        for line in &case.lines {
            got.extend(pipeline.line(line));
            // Any time is right for the first tick, and after the end of its work
            // hb-decide has no opinion.
            ticked |= line.starts_with(b"tick ");
            let ended = got.last().is_some_and(|line| line == "end");
            while ticked && !ended && random.chance(400) {
                let text = String::from_utf8_lossy(line);
                let dirt = garbage(text.split(' ').nth(1).unwrap(), &mut random);
                let from_dirt = pipeline.line(&dirt);
                assert!(from_dirt.is_empty(), "{name}: {:?} gave {from_dirt:?}", String::from_utf8_lossy(&dirt));
            }
        }
        expected.extend(clean.ending());
        got.extend(pipeline.ending());
        for (number, pair) in expected.iter().zip(&got).enumerate() {
            assert_eq!(pair.0, pair.1, "{name}: line {number} of the output");
        }
        assert_eq!(expected.len(), got.len(), "{name}");
    }
}

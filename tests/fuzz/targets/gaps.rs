//! Missing numbers: each is heard, asked for at most twenty times, or given up,
//! and given up once; a number is whole only where no smaller one is waited for.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use hbkit::gaps::{Gaps, MOST, News, SPANS, TIMES};
use hbkit::message::Header;
use hbkit::time::Time;
use hbkit_fuzz::{Choices, bounded};
use libfuzzer_sys::fuzz_target;

/// What is known of the one node.
#[derive(Default)]
struct Known {
    first: u64,
    top: u64,
    heard: BTreeSet<u64>,
    asked: BTreeMap<u64, u8>,
    lost: Vec<(u64, u64)>,
    whole: u64,
}

impl Known {
    fn is_lost(&self, number: u64) -> bool {
        self.lost.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }

    fn take(&mut self, news: &[News]) {
        assert!(news.iter().filter(|news| matches!(news, News::Open(_))).count() <= SPANS);
        for news in news {
            match news {
                News::Open(span) => {
                    assert!(span.first <= span.last && span.last - span.first < MOST as u64);
                    for number in span.first..=span.last {
                        assert!(!self.heard.contains(&number) && !self.is_lost(number));
                        let times = self.asked.entry(number).or_default();
                        *times += 1;
                        assert!(*times <= TIMES);
                    }
                }
                News::Lost(span) => {
                    assert!(span.first > self.first && span.first <= span.last && span.last < self.top);
                    assert!(!self.is_lost(span.first) && !self.is_lost(span.last), "{span:?} is lost again");
                    self.lost.push((span.first, span.last));
                }
                News::Whole(number) => {
                    assert!(*number >= self.whole && *number <= self.top);
                    self.whole = *number;
                }
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let (mut gaps, mut known) = (Gaps::new(), Known::default());
    let (mut now, mut generation) = (Time::ZERO, 1);
    let due = |gaps: &mut Gaps, known: &mut Known, now: Time, generation: u64| {
        let notices = bounded(256 * data.len() + (1 << 17), || gaps.due(now));
        assert!(notices.iter().all(|notice| notice.node == "n2" && notice.generation == generation));
        known.take(&notices.iter().map(|notice| notice.news).collect::<Vec<_>>());
    };
    while !choices.is_empty() {
        let how = choices.byte();
        now = Time::from_micros(now.micros() + u64::from(choices.byte()) * 2_000);
        if how % 64 == 63 {
            generation += 1;
            known = Known::default();
        }
        let step = choices.number();
        let number = match how % 4 {
            0 => known.top.saturating_add(step % 8 + 1),
            1 => known.top.saturating_sub(step),
            2 => known.top.saturating_add(step),
            _ => step,
        };
        match how / 4 % 4 {
            0 | 1 if number > 0 && !known.heard.contains(&number) => {
                if known.first == 0 {
                    (known.first, known.top, known.whole) = (number, number, number);
                }
                known.heard.insert(number);
                known.top = known.top.max(number);
                let header = Header { kind: "status", node: "n2".to_owned(), generation, sequence: Some(number) };
                bounded(64 * data.len() + (1 << 15), || gaps.heard(&header, now));
            }
            2 => gaps.refused("n2", number),
            _ if known.first > 0 => due(&mut gaps, &mut known, now, generation),
            _ => {}
        }
    }
    if known.first == 0 {
        return;
    }
    // Every wait comes to its end.
    for _ in 0..8 * u32::from(TIMES) {
        now = Time::from_micros(now.micros() + 260_000);
        due(&mut gaps, &mut known, now, generation);
    }
    assert!(gaps.due(Time::from_micros(u64::MAX)).is_empty(), "something is waited for without end");
    let settled = known.heard.range(known.first..).count() as u64;
    let span = u128::from(known.top - known.first) + 1;
    let lost: u128 = known.lost.iter().map(|(first, last)| u128::from(last - first) + 1).sum();
    let late = known.heard.iter().filter(|number| known.is_lost(**number)).count() as u128;
    assert_eq!(u128::from(settled) + lost - late, span, "a number is neither heard nor lost");
});

//! Which numbers of each node are missing: when to ask for them, when to give
//! them up, and up to which number there is no gap.
//!
//! ```text
//!            overtaken         100 ms           250 ms, 20 times
//!   (heard) ----------> missing ----> asked for ---------------> lost
//!                          |              |   ^_____|             ^
//!                          +---- heard ---+---- refused ----------+
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use crate::message::Header;
use crate::time::Time;

/// A number that was overtaken is waited for so long: messages of Heartbeat do
/// not leave in order.
pub const FIRST: Duration = Duration::from_millis(100);

/// Between two times that a number is asked for, as in Heartbeat.
pub const AGAIN: Duration = Duration::from_millis(250);

/// How many times it is asked for: for five seconds.
pub const TIMES: u8 = 20;

/// How many numbers of a node can be missing. More than Heartbeat asks for at
/// once, and less than its sender keeps.
pub const MOST: usize = 250;

/// How many spans are asked for in one round; the others wait for the next.
pub const SPANS: usize = 50;

/// That there is no gap up to a number is said each time so many more have come.
pub const EVERY: u64 = 10;

/// A span of numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// What is to be said of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The node.
    pub node: String,
    /// The generation that the numbers belong to.
    pub generation: u64,
    /// What is to be said.
    pub news: News,
}

/// What is new about the numbers of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// They are missing, and to be asked for.
    Open(Span),
    /// They will not come any more.
    Lost(Span),
    /// No number up to this one is waited for.
    Whole(u64),
}

/// The numbers of all nodes that are heard.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    nodes: BTreeMap<String, Numbers>,
}

/// The numbers of one node in its present generation.
#[derive(Clone, Debug)]
struct Numbers {
    generation: u64,
    top: u64,
    /// Missing numbers, at most [`MOST`].
    missing: BTreeMap<u64, Missing>,
    lost: Vec<Span>,
    /// The last number that was said to be whole.
    said: u64,
    /// A gap has been since then.
    had_gap: bool,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    /// When to ask for it next.
    next: Time,
    asked: u8,
}

impl Gaps {
    /// Nothing heard.
    pub fn new() -> Gaps {
        Gaps::default()
    }

    /// Takes in a message that was not heard before. The caller bounds how many
    /// nodes there are.
    pub fn heard(&mut self, header: &Header<'_>, now: Time) {
        let Some(number) = header.sequence else { return };
        match self.nodes.get_mut(&header.node) {
            Some(numbers) if numbers.generation == header.generation => numbers.hear(number, now),
            Some(_) | None => {
                self.nodes.insert(header.node.clone(), Numbers::starting(header.generation, number));
            }
        }
    }

    /// The node says that it cannot send a number again.
    pub fn refused(&mut self, node: &str, number: u64) {
        if let Some(numbers) = self.nodes.get_mut(node) {
            if numbers.missing.remove(&number).is_some() {
                numbers.lost.push(Span { first: number, last: number });
            }
        }
    }

    /// What is to be said now.
    pub fn due(&mut self, now: Time) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (node, numbers) in &mut self.nodes {
            let generation = numbers.generation;
            let said = numbers.due(now).into_iter();
            notices.extend(said.map(|news| Notice { node: node.clone(), generation, news }));
        }
        notices
    }
}

impl Numbers {
    fn starting(generation: u64, number: u64) -> Numbers {
        Numbers { generation, top: number, missing: BTreeMap::new(), lost: Vec::new(), said: number, had_gap: false }
    }

    fn hear(&mut self, number: u64, now: Time) {
        if number <= self.top {
            self.missing.remove(&number);
            return;
        }
        let first = self.top + 1;
        // Only the latest can be had again.
        let from = first.max(number.saturating_sub(MOST as u64));
        if from > first {
            self.lost.push(Span { first, last: from - 1 });
        }
        for missing in from..number {
            self.missing.insert(missing, Missing { next: now + FIRST, asked: 0 });
            self.had_gap = true;
        }
        self.top = number;
        let too_many = self.missing.len().saturating_sub(MOST);
        for (oldest, _) in (0..too_many).map_while(|_| self.missing.pop_first()) {
            add(&mut self.lost, oldest, usize::MAX);
        }
    }

    fn due(&mut self, now: Time) -> Vec<News> {
        let mut open: Vec<Span> = Vec::new();
        let mut ended = Vec::new();
        for (number, missing) in self.missing.iter_mut().filter(|(_, missing)| missing.next <= now) {
            if missing.asked == TIMES {
                ended.push(*number);
                continue;
            }
            if !add(&mut open, *number, SPANS) {
                break;
            }
            missing.asked += 1;
            missing.next = now + AGAIN;
        }
        let mut lost = std::mem::take(&mut self.lost);
        for number in ended {
            self.missing.remove(&number);
            add(&mut lost, number, usize::MAX);
        }
        lost.sort_by_key(|span| span.first);
        let mut news: Vec<News> = open.into_iter().map(News::Open).collect();
        news.extend(join(&lost).into_iter().map(News::Lost));
        news.extend(self.whole());
        news
    }

    /// The end of a gap is said, and each tenth number.
    fn whole(&mut self) -> Option<News> {
        let whole = self.missing.first_key_value().map_or(self.top, |(first, _)| first - 1);
        let has_closed = self.had_gap && self.missing.is_empty();
        let is_due = has_closed || whole / EVERY > self.said / EVERY;
        if !is_due {
            return None;
        }
        self.had_gap &= !has_closed;
        self.said = whole;
        Some(News::Whole(whole))
    }
}

/// Adds a number behind the others, to the last span if it follows that; not
/// when that would make more than `most` spans.
fn add(spans: &mut Vec<Span>, number: u64, most: usize) -> bool {
    let count = spans.len();
    match spans.last_mut() {
        Some(span) if span.last + 1 == number => span.last = number,
        _ if count >= most => return false,
        _ => spans.push(Span { first: number, last: number }),
    }
    true
}

/// Spans in order, those that touch as one.
fn join(spans: &[Span]) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.first <= last.last.saturating_add(1) => last.last = last.last.max(span.last),
            _ => joined.push(*span),
        }
    }
    joined
}

#[cfg(test)]
mod tests;

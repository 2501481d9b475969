//! The media between the nodes: what passes, how late, and how many times.

use std::cell::RefCell;
use std::rc::Rc;

use crate::random::Random;
use crate::story::{MEDIA, Medium, Pace, SECOND};

/// A message on its way; all receivers share it.
pub struct Parcel {
    pub from: usize,
    pub life: u64,
    pub sequence: u64,
    pub sent: u64,
    /// Sequence, generation and incarnation, then what was announced.
    pub text: String,
}

/// A number that holds for a time.
#[derive(Clone, Copy, Default)]
struct During {
    value: u64,
    end: u64,
}

impl During {
    fn at(self, now: u64) -> u64 {
        if now < self.end { self.value } else { 0 }
    }
}

pub struct Network {
    seed: u64,
    pace: Pace,
    nodes: usize,
    /// By medium, sender and receiver: until when nothing passes.
    cut: Vec<u64>,
    loss: During,
    delay: During,
    double: During,
    /// By two nodes: when it ended last that one might not hear the other.
    apart: Vec<u64>,
    /// When the last message arrives that was delayed.
    pub late_until: u64,
    /// What was sent, for those who record it.
    recorded: RefCell<Vec<Rc<Parcel>>>,
}

/// What a recorder remembers.
const RECORDED: usize = 400;

impl Network {
    pub fn new(seed: u64, nodes: usize, pace: Pace) -> Network {
        Network {
            seed,
            pace,
            nodes,
            cut: vec![0; MEDIA * nodes * nodes],
            loss: During::default(),
            delay: During::default(),
            double: During::default(),
            apart: vec![0; nodes * nodes],
            late_until: 0,
            recorded: RefCell::new(Vec::new()),
        }
    }

    fn place(&self, medium: usize, from: usize, to: usize) -> usize {
        (medium * self.nodes + from) * self.nodes + to
    }

    pub fn cut(&mut self, now: u64, from: usize, to: usize, medium: Medium, end: u64) {
        for one in (0..MEDIA).filter(|one| medium.is_none_or(|cut| cut == *one)) {
            let place = self.place(one, from, to);
            self.cut[place] = self.cut[place].max(end);
        }
        // As long as one medium is whole, they hear each other.
        let whole = (0..MEDIA).map(|one| self.cut[self.place(one, from, to)]).min().unwrap_or(0);
        if whole > now {
            self.part(from, to, whole);
        }
    }

    /// Two nodes may not hear each other, or not act, until then.
    fn part(&mut self, node: usize, other: usize, end: u64) {
        for place in [node * self.nodes + other, other * self.nodes + node] {
            self.apart[place] = self.apart[place].max(end);
        }
    }

    /// A node may not hear the others, or not act, until then.
    pub fn part_from_all(&mut self, node: usize, end: u64) {
        (0..self.nodes).for_each(|other| self.part(node, other, end));
    }

    fn part_all(&mut self, end: u64) {
        (0..self.nodes).for_each(|node| self.part_from_all(node, end));
    }

    /// Since when both have heard each other without a break.
    pub fn united_since(&self, node: usize, other: usize) -> u64 {
        self.apart[node * self.nodes + other]
    }

    pub fn lose(&mut self, value: u64, end: u64) {
        self.loss = During { value, end };
        self.part_all(end);
    }

    pub fn slow_down(&mut self, value: u64, end: u64) {
        self.delay = During { value, end };
        self.late_until = self.late_until.max(end + value);
        self.part_all(end + value);
    }

    pub fn double(&mut self, value: u64, end: u64) {
        self.double = During { value, end };
    }

    /// A message leaves on every medium: when it arrives at whom, and on which.
    pub fn send(&self, parcel: &Rc<Parcel>, arrives: &mut Vec<(u64, usize, usize)>) {
        let mut recorded = self.recorded.borrow_mut();
        if recorded.len() == RECORDED {
            recorded.drain(..RECORDED / 2);
        }
        recorded.push(Rc::clone(parcel));
        let now = parcel.sent;
        let (loss, double) = (self.loss.at(now), self.double.at(now));
        let most = self.delay.at(now).max(self.pace.scaled(20_000));
        let mut random = Random::keyed(self.seed, [2 + parcel.from as u64, parcel.life, parcel.sequence]);
        for to in (0..self.nodes).filter(|to| *to != parcel.from) {
            for medium in 0..MEDIA {
                let (lost, doubled, way) = (random.chance(loss), random.chance(double), random.below(most));
                if lost || now < self.cut[self.place(medium, parcel.from, to)] {
                    continue;
                }
                let least = now + self.pace.scaled(500);
                arrives.push((least + way, to, medium));
                if doubled {
                    arrives.push((least + random.below(most), to, medium));
                }
            }
        }
    }

    /// Whether what is on its way passes a cut that has come since.
    pub fn passes(&self, now: u64, from: usize, to: usize, medium: usize) -> bool {
        now >= self.cut[self.place(medium, from, to)]
    }

    /// Messages that somebody has recorded, and sends to a node again.
    pub fn recording(&self, seed: u64, to: usize) -> Vec<Rc<Parcel>> {
        let recorded = self.recorded.borrow();
        let mut random = Random::keyed(seed, [3, to as u64, recorded.len() as u64]);
        let start = random.below(recorded.len() as u64) as usize;
        recorded[start..].iter().filter(|parcel| parcel.from != to).take(60).cloned().collect()
    }
}

pub fn seconds(micros: u64) -> f64 {
    micros as f64 / SECOND as f64
}

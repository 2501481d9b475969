//! Lines that wait for somebody who may not take them: bounded, and of too many the
//! oldest go. What has gone is counted, and told where it would have stood.

use std::collections::VecDeque;

use crate::time::Time;

/// Lines that are not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// How many.
    pub count: u64,
    /// When the first of them came.
    pub since: Time,
    /// When the last of them came.
    pub until: Time,
}

impl Hole {
    /// With what is missing behind it.
    fn joined(self, later: Hole) -> Hole {
        Hole { count: self.count + later.count, until: later.until, ..self }
    }
}

/// Lines that are written together, and what is missing before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Missing before the first line.
    pub hole: Option<Hole>,
    /// The lines, each with its newline.
    pub text: Vec<u8>,
    /// They themselves, should they be lost.
    lines: Hole,
}

/// The lines that wait.
#[derive(Debug)]
pub struct Backlog {
    lines: VecDeque<(Time, Vec<u8>)>,
    bytes: usize,
    /// The most bytes.
    room: usize,
    hole: Option<Hole>,
}

impl Backlog {
    /// Room for so many bytes.
    pub fn new(room: usize) -> Backlog {
        Backlog { lines: VecDeque::new(), bytes: 0, room, hole: None }
    }

    /// Takes a line, with its newline, that came at `now`.
    pub fn push(&mut self, line: &[u8], now: Time) {
        self.bytes += line.len();
        self.lines.push_back((now, line.to_vec()));
        while self.bytes > self.room {
            let Some((came, oldest)) = self.lines.pop_front() else { return };
            self.bytes -= oldest.len();
            self.miss(Hole { count: 1, since: came, until: came });
        }
    }

    fn miss(&mut self, later: Hole) {
        self.hole = Some(self.hole.map_or(later, |hole| hole.joined(later)));
    }

    /// The oldest lines that together have at most `most` bytes, or the oldest one.
    /// None where there is none, whatever is missing.
    pub fn take(&mut self, most: usize) -> Option<Batch> {
        let (since, mut text) = self.lines.pop_front()?;
        let hole = self.hole.take();
        let mut lines = Hole { count: 1, since, until: since };
        while let Some((came, next)) = self.lines.front()
            && text.len() + next.len() <= most
        {
            text.extend_from_slice(next);
            lines = Hole { count: lines.count + 1, until: *came, ..lines };
            self.lines.pop_front();
        }
        self.bytes -= text.len();
        Some(Batch { hole, text, lines })
    }

    /// What was taken could not be written.
    pub fn lost(&mut self, batch: &Batch) {
        let missing = batch.hole.map_or(batch.lines, |hole| hole.joined(batch.lines));
        self.hole = Some(self.hole.map_or(missing, |later| missing.joined(later)));
    }

    /// Drops everything, and counts nothing: nobody will ever ask.
    pub fn forget(&mut self) {
        (self.bytes, self.hole) = (0, None);
        self.lines = VecDeque::new();
    }
}

#[cfg(test)]
mod tests;

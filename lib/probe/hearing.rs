//! What came in, and whether it counts.

use std::net::IpAddr;

use subtle::ConstantTimeEq as _;

use super::Prober;
use super::report::{Note, Report};
use super::track::Outcome;
use crate::icmp::{Echo, Heard, Refusal};
use crate::time::Time;

impl Prober {
    /// A packet came from `from` at `at`.
    pub fn hear(&mut self, from: IpAddr, heard: &Heard, at: Time) -> Option<Report> {
        match heard {
            Heard::Answer(echo) => self.answer(from, echo, at),
            Heard::Refusal(refusal) => self.refusal(from, refusal, at),
        }
    }

    /// The kernel had no room for a packet some time before `at`: probes that
    /// wait may have been answered.
    pub fn dropped(&mut self, at: Time) {
        self.dropped = Some(at);
    }

    /// The target of an echo that is ours and that was sent to `address`.
    fn ours(&self, address: IpAddr, echo: &Echo) -> Option<usize> {
        let index = usize::try_from(echo.target).ok()?;
        let asked = self.targets.get(index)?.address == address && echo.number < self.tracks[index].next;
        let same = || self.checks.of(echo.target, echo.number).ct_eq(&echo.check);
        (asked && bool::from(same())).then_some(index)
    }

    fn answer(&mut self, from: IpAddr, echo: &Echo, at: Time) -> Option<Report> {
        let target = self.ours(from, echo)?;
        let track = &mut self.tracks[target];
        let bit = 1_u64.checked_shl(u32::try_from(track.next - 1 - echo.number).unwrap_or(u32::MAX)).unwrap_or(0);
        match track.sent(echo.number) {
            // Of several tries any may be answered until the last one is lost.
            Some(sent) if self.settings.retries > 0 || at.since(sent) <= self.settings.timeout => {
                track.take(echo.number);
                track.answered |= bit;
                if self.settings.notes {
                    track.remember(echo.number, sent);
                }
                self.end(target, echo.number, &Outcome::Answered(at.since(sent)), at)
            }
            None if track.answered & bit != 0 => {
                track.count_dup();
                if let Some(sent) = track.remembered(echo.number) {
                    self.notes.push(Note::Twice { target, number: echo.number, rtt: at.since(sent) });
                }
                None
            }
            // It stays lost: the time-out was the promise.
            Some(_) | None => {
                track.count_late();
                None
            }
        }
    }

    fn refusal(&mut self, by: IpAddr, refusal: &Refusal, at: Time) -> Option<Report> {
        let noted = self.settings.notes;
        let note = |target| Note::Refused { target, by, kind: refusal.kind, code: refusal.code };
        let Some(echo) = refusal.echo else {
            // Anybody could have made this up: it may explain a silence, but
            // not cut it short.
            for (index, (target, track)) in self.targets.iter().zip(&mut self.tracks).enumerate() {
                let asked = |(number, _): &(u64, Time)| (number & 0xffff) as u16 == refusal.sequence;
                if target.address == refusal.to && track.waiting.iter().any(asked) {
                    track.refused = Some(Box::new((refusal.reason, by)));
                    self.notes.extend(noted.then(|| note(index)));
                }
            }
            return None;
        };
        let target = self.ours(refusal.to, &echo)?;
        let track = &mut self.tracks[target];
        track.sent(echo.number)?;
        track.refused = Some(Box::new((refusal.reason, by)));
        self.notes.extend(noted.then(|| note(target)));
        if self.is_tried_again(echo.number) {
            return None;
        }
        self.tracks[target].take(echo.number)?;
        self.end(target, echo.number, &Outcome::Lost(refusal.reason.into()), at)
    }
}

//! What ping-probe says of its targets, on standard output: records or JSON lines.

use crate::edge::Output;
use crate::pinger::Reporter;
use crate::probe::{Note, Prober, Report, Tallies, Tally};
use crate::time::Time;

/// Where the records go, and how.
#[derive(Debug)]
pub struct PingRecords {
    quiet: bool,
    json: bool,
    output: Output,
}

impl PingRecords {
    /// Nothing but summaries, or all; records, or JSON lines.
    pub fn new(quiet: bool, json: bool) -> PingRecords {
        PingRecords { quiet, json, output: Output::new() }
    }

    /// The end: what came of every target over the whole run, where that is
    /// kept.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn finish(&mut self, prober: &Prober, at: Time) -> anyhow::Result<()> {
        self.summaries(prober, at, |tallies| &tallies.whole, prober.since().0)?;
        Ok(self.output.flush()?)
    }

    /// What is known of every target, since a point in time.
    fn summaries(
        &mut self,
        prober: &Prober,
        at: Time,
        which: impl Fn(&Tallies) -> &Tally,
        since: Time,
    ) -> anyhow::Result<()> {
        for (index, target) in prober.targets().iter().enumerate() {
            let Some(tally) = prober.tallies(index).map(&which) else { continue };
            let over = at.since(since);
            self.output.line(&if self.json {
                tally.json(target, over, at)
            } else {
                tally.record(target, over, at).finish()
            })?;
        }
        Ok(())
    }
}

impl Reporter for PingRecords {
    fn report(&mut self, prober: &Prober, report: &Report) -> anyhow::Result<()> {
        if !self.quiet {
            let target = &prober.targets()[report.target];
            self.output.line(&if self.json { report.json(target) } else { report.record(target).finish() })?;
        }
        Ok(())
    }

    fn note(&mut self, _prober: &Prober, note: &Note) -> anyhow::Result<()> {
        match note {
            Note::Group(report) if !self.quiet => {
                self.output.line(&if self.json { report.json() } else { report.record().finish() })?;
            }
            Note::Group(_) | Note::Twice { .. } | Note::Refused { .. } => {}
        }
        Ok(())
    }

    fn interim(&mut self, prober: &mut Prober, asked: bool, at: Time) -> anyhow::Result<()> {
        let (begun, told) = prober.since();
        if asked {
            return self.summaries(prober, at, |tallies| &tallies.whole, begun);
        }
        self.summaries(prober, at, |tallies| &tallies.recent, told)?;
        prober.forget_recent(at);
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.output.flush()?)
    }
}

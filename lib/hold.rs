//! Addresses under leases: when to give them lifetimes, when to take them away,
//! and what to say of them.
//!
//! A tenure is the time for which this host has the addresses of one group. A
//! caller who names addresses has one tenure, in which they are served from the
//! beginning; in a cluster each group of haresources has its own:
//!
//! ```text
//!          do start              started                do stop
//!   Idle ------------> Starting ---------> Serving ----------------> Stopping
//!    |  do renew                              ^                          |
//!    +----------------------------------------+                          |
//!    ^                     stopped, or failed                            |
//!    +-------------------------------------------------------------------+
//!
//!   Starting, Serving, Stopping --the lease ends--> Over --do start--> Starting
//! ```
//!
//! While a group starts, its addresses come one after the other; while it stops
//! they go: only of one that goes while it is served something is said. A renewal
//! in Idle is that of a holder that took the place of one that died.
//!
//! Where the kernel ends the addresses before the lease does, what it has ended
//! is over, although the lease is not: it is not put back, because the kernel
//! could not be trusted to end it in time once more. There, a holder that ends
//! leaves what is served to the kernel, for the next holder to find.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use crate::floating::Side;
use crate::record::Line;
use crate::time::Time;

mod ask;
mod tenure;

use tenure::{Need, Phase, Renewal, Tenure};

pub use ask::{Ask, read};

/// An address may be put back so often within [`WHILE`]; somebody who removes it
/// more often wants it to be gone.
pub const RESTORES: usize = 5;

/// See [`RESTORES`].
pub const WHILE: Duration = Duration::from_secs(60);

/// What the kernel has of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Nothing, or not as it was asked for.
    #[default]
    Absent,
    /// It is there and works.
    There,
    /// It is there and does not work; why.
    Ailing(String),
}

/// What was last said of an address in its tenure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Held,
    Cut,
    Removed,
    Failed,
}

#[derive(Debug)]
struct Kept {
    address: IpAddr,
    tenure: usize,
    presence: Presence,
    /// The name of its interface, and why it is not there any more.
    interface: Option<String>,
    loss: Option<String>,
    said: Option<Said>,
    /// It is to be put back.
    wanted: bool,
    restored: VecDeque<Time>,
}

/// What is to be done. Addresses are numbered in the order in which they were
/// given to [`Hold::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Give the addresses of a tenure that are there this lifetime in seconds;
    /// then [`Hold::prolonged`].
    Prolong {
        /// The tenure.
        tenure: usize,
        /// Its addresses that are there.
        addresses: Vec<usize>,
        /// The lifetime.
        seconds: u32,
    },
    /// Add an address that has gone with this lifetime; then [`Hold::restored`].
    Restore {
        /// The address.
        address: usize,
        /// The lifetime.
        seconds: u32,
    },
    /// Remove the addresses of a tenure; then [`Hold::removed`].
    Remove {
        /// The tenure.
        tenure: usize,
        /// All of its addresses.
        addresses: Vec<usize>,
    },
    /// A record for standard output.
    Say(Line),
}

/// Which leases there are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name; none for addresses that a caller named.
    pub name: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// All tenures of a holder. It reads no clock.
#[derive(Debug)]
pub struct Hold {
    tenures: Vec<Tenure>,
    kept: Vec<Kept>,
    tick: Option<Time>,
}

impl Hold {
    /// Tenures in which nothing is held. `side` is where the kernel is to end the
    /// addresses.
    pub fn new(groups: &[Group], side: Side) -> Hold {
        let mut kept = Vec::new();
        for (tenure, group) in groups.iter().enumerate() {
            kept.extend(group.addresses.iter().map(|address| Kept::new(*address, tenure)));
        }
        let tenures = groups.iter().map(|group| Tenure::new(group.name.clone(), side)).collect();
        Hold { tenures, kept, tick: None }
    }

    /// The addresses are served from now on under this lease.
    pub fn begin(&mut self, until: Time) {
        for tenure in 0..self.tenures.len() {
            self.start(tenure, Phase::Serving, until);
        }
    }

    /// Takes a request.
    ///
    /// # Errors
    /// It is about nothing that is known here; the cause.
    pub fn ask(&mut self, ask: Ask, now: Time, effects: &mut Vec<Effect>) -> Result<(), &'static str> {
        match ask {
            Ask::Nothing => {}
            Ask::Tick(time) => self.tick = Some(time),
            Ask::Renew(until) => (0..self.tenures.len()).for_each(|tenure| self.renew(tenure, until, now, effects)),
            Ask::Restore(None) => self.kept.iter_mut().for_each(|kept| kept.wanted = true),
            Ask::Restore(Some(address)) => {
                let mut copies = self.kept.iter_mut().filter(|kept| kept.address == address).peekable();
                copies.peek().ok_or("an address that is not held here")?;
                copies.for_each(|kept| kept.wanted = true);
            }
            Ask::Start(group, until) => match self.tenure(&group)? {
                tenure if self.tenures[tenure].group.is_none() => self.renew(tenure, until, now, effects),
                tenure => self.start(tenure, Phase::Starting, until),
            },
            Ask::RenewGroup(group, until) => {
                let tenure = self.tenure(&group)?;
                self.renew(tenure, until, now, effects);
            }
            Ask::Stop(group) => self.turn(&group, |phase| match phase {
                Phase::Starting | Phase::Serving => Phase::Stopping,
                Phase::Idle | Phase::Stopping | Phase::Over => phase,
            })?,
            Ask::Started(group) => self.turn(&group, |phase| match phase {
                Phase::Starting => Phase::Serving,
                Phase::Idle | Phase::Serving | Phase::Stopping | Phase::Over => phase,
            })?,
            Ask::Stopped(group) => self.turn(&group, |phase| match phase {
                Phase::Starting | Phase::Serving | Phase::Stopping | Phase::Idle | Phase::Over => Phase::Idle,
            })?,
        }
        Ok(())
    }

    /// The tenure of a group. The only one without a name is everybody's.
    fn tenure(&self, group: &str) -> Result<usize, &'static str> {
        let known = |tenure: &Tenure| tenure.group.as_deref().is_none_or(|name| name == group);
        self.tenures.iter().position(known).ok_or("a group that is not configured")
    }

    fn turn(&mut self, group: &str, next: impl Fn(Phase) -> Phase) -> Result<(), &'static str> {
        let number = self.tenure(group)?;
        self.tenures[number].turn(next);
        Ok(())
    }

    fn start(&mut self, number: usize, phase: Phase, until: Time) {
        self.tenures[number].begin(phase, until);
        self.forget(number);
    }

    /// What was said in an earlier tenure is said again in a new one.
    fn forget(&mut self, number: usize) {
        for kept in self.kept.iter_mut().filter(|kept| kept.tenure == number) {
            (kept.said, kept.wanted) = (None, false);
            kept.restored.clear();
        }
    }

    fn renew(&mut self, number: usize, until: Time, now: Time, effects: &mut Vec<Effect>) {
        match self.tenures[number].renew(until) {
            Renewal::Taken => {}
            Renewal::Began => self.forget(number),
            Renewal::TooLate => self.say_ended(number, now, "a renewal came when the lease was over", effects),
        }
    }

    /// What the kernel has of an address.
    pub fn see(&mut self, address: usize, presence: Presence) {
        let Some(kept) = self.kept.get_mut(address) else { return };
        let before = std::mem::replace(&mut kept.presence, presence);
        if before == Presence::Absent && kept.presence != Presence::Absent {
            self.tenures[kept.tenure].touched();
        }
    }

    /// Where an address is or was, and why it has gone, if it has: only said.
    pub fn locate(&mut self, address: usize, interface: Option<String>, loss: Option<String>) {
        if let Some(kept) = self.kept.get_mut(address) {
            (kept.interface, kept.loss) = (interface, loss);
        }
    }

    /// Somebody else gave an address a lifetime: it is given ours again.
    pub fn touched(&mut self, address: usize) {
        if let Some(kept) = self.kept.get(address) {
            self.tenures[kept.tenure].touched();
        }
    }

    /// What is to be done now. To be called after all that came was taken in.
    pub fn act(&mut self, now: Time, effects: &mut Vec<Effect>) {
        self.end_with_the_kernel(now);
        for tenure in 0..self.tenures.len() {
            match self.tenures[tenure].need(now) {
                Need::Nothing => {}
                Need::Lifetime(seconds) => {
                    let addresses = self.addresses(tenure, true);
                    if addresses.is_empty() {
                        self.tenures[tenure].empty();
                    } else {
                        effects.push(Effect::Prolong { tenure, addresses, seconds });
                    }
                }
                Need::Removal => effects.push(Effect::Remove { tenure, addresses: self.addresses(tenure, false) }),
            }
        }
        for number in 0..self.kept.len() {
            self.restore(number, now, effects);
            self.review(number, now, effects);
        }
    }

    /// A tenure whose addresses the kernel has ended is over.
    fn end_with_the_kernel(&mut self, now: Time) {
        for kept in self.kept.iter().filter(|kept| kept.presence == Presence::Absent) {
            let tenure = &mut self.tenures[kept.tenure];
            if kept.said.is_some() && tenure.was_ended(now) {
                tenure.end(now);
            }
        }
    }

    /// The addresses of a tenure were given a lifetime, which was done at `now`.
    pub fn prolonged(&mut self, tenure: usize, seconds: u32, now: Time) {
        self.tenures[tenure].given(seconds, now);
    }

    fn addresses(&self, tenure: usize, there: bool) -> Vec<usize> {
        let wanted =
            |(_, kept): &(usize, &Kept)| kept.tenure == tenure && (!there || kept.presence != Presence::Absent);
        self.kept.iter().enumerate().filter(wanted).map(|(number, _)| number).collect()
    }

    /// Puts an address back that is wanted, has gone, and may come back.
    fn restore(&mut self, number: usize, now: Time, effects: &mut Vec<Effect>) {
        let kept = &mut self.kept[number];
        let tenure = &self.tenures[kept.tenure];
        if !std::mem::take(&mut kept.wanted) || tenure.phase != Phase::Serving || kept.presence != Presence::Absent {
            return;
        }
        if kept.may_return(now) {
            effects.push(Effect::Restore { address: number, seconds: tenure.first_lifetime(now) });
        } else {
            let text = format!("it was removed {} times within {} s", RESTORES + 1, WHILE.as_secs());
            self.fail(number, &text, now, effects);
        }
    }

    /// What became of an address that was to be put back.
    pub fn restored(&mut self, address: usize, result: Result<(), String>, now: Time, effects: &mut Vec<Effect>) {
        match result {
            Ok(()) => {
                self.see(address, Presence::There);
                self.review(address, now, effects);
            }
            Err(why) => self.fail(address, &why, now, effects),
        }
    }

    fn fail(&mut self, number: usize, why: &str, now: Time, effects: &mut Vec<Effect>) {
        self.kept[number].said = Some(Said::Failed);
        effects.push(Effect::Say(self.line(number, "failed", now).field("reason", why)));
    }

    /// Says of an address what was not said yet.
    fn review(&mut self, number: usize, now: Time, effects: &mut Vec<Effect>) {
        let kept = &mut self.kept[number];
        let tenure = &self.tenures[kept.tenure];
        let served = match tenure.phase {
            Phase::Serving => true,
            Phase::Starting => false,
            Phase::Idle | Phase::Stopping | Phase::Over => return,
        };
        let (said, word, reason) = match &kept.presence {
            Presence::There => (Said::Held, "held", None),
            Presence::Ailing(why) => (Said::Cut, "cut", Some(why.clone())),
            Presence::Absent if served && kept.said != Some(Said::Failed) => {
                (Said::Removed, "removed", kept.loss.clone())
            }
            Presence::Absent => return,
        };
        if kept.said.replace(said) != Some(said) {
            let until = (said == Said::Held).then_some(tenure.until);
            let line = self.line(number, word, now).maybe("until", until).maybe("reason", reason);
            effects.push(Effect::Say(line));
        }
    }

    /// What became of the removal of a tenure's addresses; one that failed is
    /// tried again.
    pub fn removed(&mut self, tenure: usize, done: bool, why: &str, now: Time, effects: &mut Vec<Effect>) {
        self.tenures[tenure].removed(done, now);
        if done {
            self.addresses(tenure, true).iter().for_each(|number| self.kept[*number].presence = Presence::Absent);
            self.say_ended(tenure, now, why, effects);
        }
    }

    fn say_ended(&self, tenure: usize, now: Time, why: &str, effects: &mut Vec<Effect>) {
        let until = self.tenures[tenure].until;
        for number in self.addresses(tenure, false) {
            effects.push(Effect::Say(self.line(number, "ended", now).field("until", until).field("reason", why)));
        }
    }

    /// The holder is about to end: before that the kernel is given what it may have
    /// of each lease.
    pub fn part(&mut self) {
        self.tenures.iter_mut().for_each(Tenure::part);
    }

    /// The holder ends: what the kernel ends with its lease stays until then, so that
    /// the next holder finds it there; everything else that is held is to be removed.
    pub fn release(&mut self, now: Time, why: &str, effects: &mut Vec<Effect>) {
        for number in 0..self.tenures.len() {
            let tenure = &mut self.tenures[number];
            if !tenure.leave() {
                tenure.end(now);
                continue;
            }
            let until = tenure.until;
            for place in self.addresses(number, true) {
                let line = self.line(place, "left", now).field("until", until).field("reason", why);
                effects.push(Effect::Say(line));
            }
        }
    }

    /// When [`Hold::act`] is to be called at the latest.
    pub fn deadline(&self) -> Option<Time> {
        self.tenures.iter().filter_map(Tenure::deadline).min()
    }

    /// Whether every lease is over and everything is removed.
    pub fn is_over(&self) -> bool {
        self.tenures.iter().all(Tenure::is_over)
    }

    /// The last tick that was asked for, once: everything before it was done.
    pub fn take_tick(&mut self) -> Option<Time> {
        self.tick.take()
    }

    /// Whether an address is there, as far as is known.
    pub fn is_there(&self, address: usize) -> bool {
        self.kept.get(address).is_some_and(|kept| kept.presence != Presence::Absent)
    }

    fn line(&self, number: usize, word: &str, now: Time) -> Line {
        let kept = &self.kept[number];
        let line = Line::new("hold", now).word(&kept.address.to_string()).word(word);
        line.maybe("group", self.tenures[kept.tenure].group.as_ref()).maybe("iface", kept.interface.as_ref())
    }
}

impl Kept {
    fn new(address: IpAddr, tenure: usize) -> Kept {
        Kept {
            address,
            tenure,
            presence: Presence::Absent,
            interface: None,
            loss: None,
            said: None,
            wanted: false,
            restored: VecDeque::new(),
        }
    }

    /// Whether it may be put back once more, which is remembered.
    fn may_return(&mut self, now: Time) -> bool {
        while self.restored.front().is_some_and(|at| now.since(*at) > WHILE) {
            self.restored.pop_front();
        }
        let may = self.restored.len() < RESTORES;
        if may {
            self.restored.push_back(now);
        }
        may
    }
}

#[cfg(test)]
mod tests;

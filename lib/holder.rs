//! A process that holds addresses: lines, the kernel's news and the time go to
//! [`Hold`], and what it answers is done.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::ops::Range;
use std::os::fd::AsFd as _;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use crate::address::Spec;
use crate::agent::{Agent, AgentError, Plan, Sight};
use crate::carrier::Carriers;
use crate::edge::{self, Unwaiting};
use crate::filter::Complaints;
use crate::floating::{Held, Side};
use crate::gratuitous::Announcement;
use crate::hold::{self, Effect, Group, Hold};
use crate::lines::{Lines, Next};
use crate::manner::{Duplicates, Manner};
use crate::netlink::Watch;
use crate::ocf::Code;
use crate::realtime;
use crate::signals::{Signals, wait};
use crate::time::Time;

mod ending;
mod news;

use ending::End;

const TOOL: &str = "ipaddr-agent";

/// When an address that was added is announced for the second time.
const SECOND: Duration = Duration::from_millis(50);

/// Reads of standard input before others get their turn.
const TURN: usize = 64;

/// The addresses of one group. One without a name is held from the beginning.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The name of the group.
    pub group: Option<String>,
    /// Its addresses.
    pub specs: Vec<Spec>,
}

/// How they are to be held.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The end of the first lease: the addresses are added, and the holder ends
    /// with the lease.
    pub until: Option<Time>,
    /// Where the kernel is to end the addresses.
    pub side: Side,
    /// This node, whose groups they are.
    pub own: Option<String>,
    /// How the addresses are added.
    pub manner: Manner,
}

/// Why nothing is held.
#[derive(Debug)]
pub struct Refusal {
    /// The address that stands in the way, if it is one.
    pub address: Option<IpAddr>,
    /// Why.
    pub error: AgentError,
}

impl From<AgentError> for Refusal {
    fn from(error: AgentError) -> Refusal {
        Refusal { address: None, error }
    }
}

/// A holder at work.
pub struct Holder {
    agent: Agent,
    watch: Watch,
    hold: Hold,
    carriers: Carriers,
    /// By group: its places among the addresses.
    groups: Vec<Range<usize>>,
    strayed: bool,
    own: Option<String>,
    specs: Vec<Spec>,
    /// What the kernel has of each address, and the lifetime it was given last.
    seen: Vec<Option<Sight>>,
    given: Vec<u32>,
    changed: bool,
    again: Vec<(Time, usize, Announcement)>,
    lines: Lines<File>,
    number: u64,
    end: Option<End>,
    out: Unwaiting,
    complaints: Complaints,
    effects: Vec<Effect>,
}

/// Holds addresses until the input ends, a signal asks for it, or the only lease
/// is over.
///
/// # Errors
/// An address could not be added, of which nothing is left, or nothing can be
/// held at all.
pub fn run(holdings: Vec<Holding>, terms: Terms) -> Result<Code, Refusal> {
    let (until, side) = (terms.until, terms.side);
    let mut holder = Holder::new(holdings, terms)?;
    let signals = Signals::take_over().map_err(AgentError::Wait)?;
    let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC);
    let timer = timer.map_err(|errno| AgentError::Wait(errno.into()))?;
    realtime::ask();
    if let Some(until) = until {
        holder.begin(until, side)?;
    }
    Ok(holder.serve(&signals, &timer, until.is_some()).map_err(AgentError::Wait)?)
}

impl Holder {
    fn new(holdings: Vec<Holding>, Terms { own, side, mut manner, .. }: Terms) -> Result<Holder, AgentError> {
        let v6 = |holding: &Holding| holding.specs.iter().any(|spec| spec.address.is_ipv6());
        if std::mem::take(&mut manner.detect) && holdings.iter().any(v6) {
            // It asks by itself: what it has added works at once.
            manner.duplicates = Duplicates::Refuse;
        }
        let group = |holding: &Holding| Group {
            name: holding.group.clone(),
            addresses: holding.specs.iter().map(|spec| spec.address).collect(),
        };
        let hold = Hold::new(&holdings.iter().map(group).collect::<Vec<_>>(), side);
        let carriers = Carriers::new(holdings.iter().filter_map(|holding| holding.group.clone()));
        let mut groups = Vec::new();
        for holding in holdings.iter().filter(|holding| holding.group.is_some()) {
            let start = groups.last().map_or(0, |range: &Range<usize>| range.end);
            groups.push(start..start + holding.specs.len());
        }
        let specs: Vec<Spec> = holdings.into_iter().flat_map(|holding| holding.specs).collect();
        let input = io::stdin().as_fd().try_clone_to_owned().map_err(AgentError::Wait)?;
        Ok(Holder {
            agent: Agent::new(None, manner)?,
            // Opened before the first look, so that nothing is missed.
            watch: Watch::open().map_err(AgentError::Watch)?,
            hold,
            carriers,
            groups,
            strayed: true,
            own,
            seen: vec![None; specs.len()],
            given: vec![0; specs.len()],
            specs,
            changed: true,
            again: Vec::new(),
            lines: Lines::new(File::from(input)),
            number: 0,
            end: None,
            out: Unwaiting::new(),
            complaints: Complaints::new(TOOL),
            effects: Vec::new(),
        })
    }

    /// Adds all addresses, or none.
    fn begin(&mut self, until: Time, side: Side) -> Result<(), Refusal> {
        in_time(until)?;
        let specs = self.specs.clone();
        let specs: Vec<&Spec> = specs.iter().collect();
        let mut plans = self.agent.plan(&specs);
        self.agent.ask_around(&mut plans)?;
        let plans = all_of(&specs, plans)?;
        for (spec, plan) in specs.iter().zip(&plans) {
            if let Some(note) = &plan.note {
                edge::complain(TOOL, &format_args!("{}: {note}", spec.address));
            }
        }
        // Asking takes a while.
        in_time(until)?;
        self.hold.begin(until);
        let seconds = side.lifetime(until, edge::now(), None).unwrap_or(1);
        let places: Vec<usize> = (0..specs.len()).collect();
        let added = self.add(&places, plans.into_iter().map(Ok).collect(), seconds)?;
        if let Err(refusal) = all_of(&specs, added) {
            self.agent.remove_all(&specs)?;
            return Err(refusal);
        }
        Ok(())
    }

    /// Adds addresses and announces them.
    fn add(
        &mut self,
        places: &[usize],
        plans: Vec<Result<Plan, AgentError>>,
        seconds: u32,
    ) -> Result<Vec<Result<(), AgentError>>, AgentError> {
        let results = self.agent.add(plans, seconds)?;
        let second = edge::now() + SECOND;
        let mut answers = Vec::new();
        for (place, result) in places.iter().zip(results) {
            self.given[*place] = seconds;
            answers.push(match result {
                Ok(Some(announcement)) => {
                    let sent = self.agent.announce_all(std::slice::from_ref(&announcement));
                    self.again.push((second, *place, announcement));
                    sent
                }
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            });
        }
        self.changed = true;
        Ok(answers)
    }

    fn serve(&mut self, signals: &Signals, timer: &TimerFd, alone: bool) -> io::Result<Code> {
        loop {
            self.take_lines()?;
            self.take_news();
            self.work();
            if let Some(tick) = self.hold.take_tick() {
                self.say(&format!("tick {tick}"));
            }
            if let Some(end) = self.end {
                return Ok(self.finish(end));
            }
            if alone && self.hold.is_over() {
                return Ok(Code::Generic);
            }
            self.sleep(signals, timer)?;
        }
    }

    /// Waits for lines, news, a signal, or the time to act.
    fn sleep(&mut self, signals: &Signals, timer: &TimerFd) -> io::Result<()> {
        let second = self.again.iter().map(|(at, ..)| *at).min();
        let due = self.hold.deadline().into_iter().chain(second).min();
        match due {
            // A timer that is set to 0 is none.
            Some(at) => {
                let at = TimeSpec::from_duration(Duration::from_micros(at.micros().max(1)));
                timer.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
            }
            None => timer.unset()?,
        }
        if self.lines.would_wait() {
            let ready = [self.lines.get_ref().as_fd(), self.watch.as_fd(), signals.as_fd(), timer.as_fd()];
            wait(ready.into_iter(), None)?;
        }
        if signals.came()? {
            self.end = Some(End::Signal);
        }
        Ok(())
    }

    /// Takes in all lines that wait: what is asked last counts, and a renewal
    /// that waits is read before its lease is ended.
    fn take_lines(&mut self) -> io::Result<()> {
        for _ in 0..TURN {
            let mut input = [PollFd::new(self.lines.get_ref().as_fd(), PollFlags::POLLIN)];
            if self.end.is_some() || poll(&mut input, PollTimeout::ZERO).is_ok_and(|ready| ready == 0) {
                return Ok(());
            }
            self.lines.read_more()?;
            while !self.lines.would_wait() && self.end.is_none() {
                self.number += 1;
                let ask = match self.lines.next_line()? {
                    Next::Line(line) => hold::read(line, self.own.as_deref()),
                    Next::TooLong => Err("a line is too long".to_owned()),
                    Next::End => {
                        self.end = Some(End::Input);
                        return Ok(());
                    }
                };
                let taken =
                    ask.and_then(|ask| self.hold.ask(ask, edge::now(), &mut self.effects).map_err(str::to_owned));
                if let Err(cause) = taken {
                    self.complaints.say(self.number, &cause);
                }
            }
        }
        Ok(())
    }

    /// Does what is to be done, until nothing is left of it.
    fn work(&mut self) {
        self.announce_again();
        loop {
            self.hold.act(edge::now(), &mut self.effects);
            if self.effects.is_empty() {
                return;
            }
            let mut restore: Vec<(usize, u32)> = Vec::new();
            for effect in std::mem::take(&mut self.effects) {
                match effect {
                    Effect::Say(line) => self.say(&line.finish()),
                    Effect::Remove { tenure, addresses } => {
                        if !self.remove(tenure, &addresses) {
                            return;
                        }
                    }
                    Effect::Prolong { tenure, addresses, seconds } => self.prolong(tenure, &addresses, seconds),
                    Effect::Restore { address, seconds } => restore.push((address, seconds)),
                }
            }
            self.restore(&restore);
            self.look();
        }
    }

    /// Whether the addresses of a tenure whose lease is over are gone.
    fn remove(&mut self, tenure: usize, addresses: &[usize]) -> bool {
        let specs: Vec<&Spec> = addresses.iter().filter_map(|place| self.specs.get(*place)).collect();
        let result = self.agent.remove_all(&specs);
        if let Err(error) = &result {
            edge::complain(TOOL, error);
        }
        let why = self.end.map_or("the lease was not renewed", End::why);
        self.hold.removed(tenure, result.is_ok(), why, edge::now(), &mut self.effects);
        self.changed = true;
        result.is_ok()
    }

    fn prolong(&mut self, tenure: usize, addresses: &[usize], seconds: u32) {
        let held: Vec<Held> =
            addresses.iter().filter_map(|place| Some(self.seen.get(*place)?.as_ref()?.held.clone())).collect();
        addresses.iter().for_each(|place| self.given[*place] = seconds);
        match self.agent.prolong(&held, seconds) {
            Ok(()) => self.hold.prolonged(tenure, seconds, edge::now()),
            Err(error) => {
                edge::complain(TOOL, &error);
                self.changed = true;
            }
        }
    }

    fn restore(&mut self, wanted: &[(usize, u32)]) {
        let Some(seconds) = wanted.iter().map(|(_, seconds)| *seconds).min() else { return };
        let places: Vec<usize> = wanted.iter().map(|(place, _)| *place).collect();
        let specs: Vec<Spec> = places.iter().filter_map(|place| self.specs.get(*place)).cloned().collect();
        // Nobody is asked who else has them: other leases may end meanwhile.
        let plans = self.agent.plan(&specs.iter().collect::<Vec<_>>());
        let results = match self.add(&places, plans, seconds) {
            Ok(results) => results.into_iter().map(|result| result.map_err(|error| error.to_string())).collect(),
            Err(error) => vec![Err(error.to_string()); places.len()],
        };
        for (place, result) in places.into_iter().zip(results) {
            self.hold.restored(place, result, edge::now(), &mut self.effects);
        }
    }

    fn announce_again(&mut self) {
        let now = edge::now();
        let (due, later) = std::mem::take(&mut self.again).into_iter().partition(|(at, ..)| now >= *at);
        let due: Vec<(Time, usize, Announcement)> = due;
        self.again = later;
        for (_, place, announcement) in due {
            if self.hold.is_there(place) {
                // The first one was sent: nothing that would have to be reported.
                let _ = self.agent.announce_all(&[announcement]);
            }
        }
    }

    /// Says a record. Nobody may keep a holder from its work: what is not taken
    /// at once is lost.
    fn say(&mut self, line: &str) {
        let _ = self.out.line(line);
    }
}

/// A lease that is over is none.
fn in_time(until: Time) -> Result<(), AgentError> {
    let now = edge::now();
    if now < until { Ok(()) } else { Err(AgentError::Late(now.since(until))) }
}

/// All of them, or why the first one is not.
fn all_of<T>(specs: &[&Spec], results: Vec<Result<T, AgentError>>) -> Result<Vec<T>, Refusal> {
    let refusal = |spec: &Spec, error| Refusal { address: Some(spec.address), error };
    specs.iter().zip(results).map(|(spec, result)| result.map_err(|error| refusal(spec, error))).collect()
}

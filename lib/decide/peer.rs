//! What this node knows of another.

use crate::announce::{Groups, Held, Part, Reach, Stance};
use crate::echo::{self, Media};
use crate::record::Record;
use crate::time::Time;
use crate::votes::{Leases, Votes};

use super::agreement::Agreement;
use super::heritage::Bond;
use super::{Effect, Settings, Strange};

/// The last verdict on a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Init,
    Up,
    Active,
    Late,
    Dead,
}

/// The longest incarnation that is taken, and given back as an echo.
const INCARNATION_MAX: usize = 64;

/// What a message of a peer brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It was sent before one that was heard already.
    Overtaken,
    /// The same as the one before it, but for its votes.
    Votes,
    /// Something else is so than before.
    More,
}

/// What a peer said last of itself.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) groups: Groups,
    pub(super) votes: Votes,
    pub(super) leaving: bool,
    pub(super) digest: String,
    /// The version of the announcement, from those that say it.
    pub(super) version: Option<u64>,
    /// The ping nodes that it reaches, if it asks any.
    pub(super) reach: Option<Reach>,
    /// It has heard this life of ours within one lease: no recording can say so.
    pub(super) proven: bool,
    /// The message of ours that it has heard then.
    pub(super) echoed: Option<u64>,
}

/// What a peer was when it was declared dead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parting {
    /// It had said farewell, and that it held nothing.
    pub(super) left: bool,
    /// It may have held something.
    pub(super) held: bool,
}

impl Said {
    /// Whether only the votes may differ.
    fn says_the_same(&self, other: &Said) -> bool {
        let gist = |said: &Said| (said.leaving, said.version, said.reach, said.proven);
        gist(self) == gist(other) && self.digest == other.digest && self.groups == other.groups
    }
}

/// The last message of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) at: Time,
    pub(super) generation: u64,
    pub(super) incarnation: String,
    pub(super) sequence: u64,
}

/// One peer.
#[derive(Debug)]
pub(super) struct Peer {
    verdict: Verdict,
    heard_us_since: Option<Time>,
    ready_since: Option<Time>,
    said: Option<Said>,
    heard: Option<Heard>,
    agreement: Agreement,
    media: Media,
    parting: Parting,
    /// It was a voter for an earlier life of this process, and has not been dead since.
    was_voter: bool,
    /// It had left before an earlier life of this process ended, and was not heard
    /// since.
    had_left: bool,
}

/// What a peer means for one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// It was never heard, or says nothing of its groups: it may hold anything.
    Unknown,
    /// It is dead.
    Gone,
    /// It lives, and said this last.
    Says(Part),
}

impl Peer {
    pub(super) fn new() -> Peer {
        Peer {
            verdict: Verdict::Init,
            heard_us_since: None,
            ready_since: None,
            said: None,
            heard: None,
            agreement: Agreement::default(),
            media: Media::default(),
            parting: Parting { left: false, held: true },
            was_voter: false,
            had_left: false,
        }
    }

    /// What it is for the leases of this node, for a successor.
    pub(super) fn bond(&self) -> Bond {
        match self.heard_us_since {
            _ if self.has_left() => Bond::Left,
            None if !self.was_voter => Bond::Dead,
            Some(_) | None => Bond::Lives,
        }
    }

    /// Takes over what it was for an earlier life of this process, which `holds`
    /// something by the votes of that time. One that lived is a voter whose vote is
    /// needed, and which is given no time to vote beyond the lease that there is. What
    /// was heard of it last it is told, and nothing older is news.
    pub(super) fn inherit(&mut self, bond: Bond, heard: Option<Heard>, holds: bool) {
        self.heard = heard.filter(|heard| heard.incarnation.len() <= INCARNATION_MAX);
        match bond {
            Bond::Lives => self.was_voter = holds,
            Bond::Dead => {}
            Bond::Left => self.had_left = true,
        }
    }

    /// Time begins to flow: what was inherited and is older than that is forgotten. It
    /// would tell the peer that we do not hear it.
    pub(super) fn not_before(&mut self, oldest: Time) {
        self.heard.take_if(|heard| self.said.is_none() && heard.at < oldest);
    }

    /// Takes a status message. What was overtaken on the way must not take back
    /// what came after it.
    ///
    /// # Errors
    /// It cannot be read: it is not known any more what the peer does.
    pub(super) fn hear(&mut self, record: &Record<'_>, own: &str, leases: &Leases, now: Time) -> Result<News, Strange> {
        let news = self.take(record, own, leases, now);
        self.look_at_readiness(now);
        news
    }

    fn take(&mut self, record: &Record<'_>, own: &str, leases: &Leases, now: Time) -> Result<News, Strange> {
        let [sequence, generation, incarnation, groups, votes, echo, leave, digest, version, reach] =
            record.raw_all(["seq", "hg", "inc", "grp", "votes", "echo", "leave", "cfg", "ver", "ping"]);
        let number = |text: Option<&str>| u64::from_str_radix(text.unwrap_or("0"), 16).map_err(|_| Strange::Incomplete);
        let (sequence, generation) = (number(sequence)?, number(generation)?);
        let incarnation = incarnation.unwrap_or("-");
        if incarnation.len() > INCARNATION_MAX {
            return Err(Strange::Incomplete);
        }
        if let Some(heard) = &self.heard {
            let order = (generation, sequence).cmp(&(heard.generation, heard.sequence));
            let same = heard.incarnation == incarnation;
            if order.is_lt() || (same && order.is_eq()) {
                return Ok(News::Overtaken);
            }
            if !same {
                self.ready_since = None;
                self.said = None;
            }
        }
        self.had_left = false;
        let incarnation = incarnation.to_owned();
        self.heard = Some(Heard { at: record.time, generation, incarnation, sequence });
        let before = self.said.take();
        let Some(groups) = groups else { return Ok(News::More) };
        let groups = groups.parse().map_err(|_| Strange::Unreadable)?;
        let votes = votes.unwrap_or("-").parse().map_err(|_| Strange::Unreadable)?;
        let echoed = echo.and_then(|echo| echoes_us(echo, own, leases, now));
        let digest = digest.unwrap_or("-").to_owned();
        let version = version.and_then(|version| version.parse().ok());
        let reach = reach.and_then(|reach| reach.parse().ok());
        let (leaving, proven) = (leave == Some("1"), echoed.is_some());
        if proven {
            self.heard_us_since = self.heard_us_since.or(Some(now));
        }
        let said = Said { groups, votes, leaving, digest, version, reach, proven, echoed };
        let is_same = before.is_some_and(|before| before.says_the_same(&said));
        self.said = Some(said);
        Ok(if is_same { News::Votes } else { News::More })
    }

    /// Takes a verdict; `None` when the word is none.
    pub(super) fn judge(&mut self, state: &str, now: Time) -> Option<()> {
        let before = self.verdict;
        self.verdict = match state {
            "init" => Verdict::Init,
            "up" => Verdict::Up,
            "active" => Verdict::Active,
            "late" => Verdict::Late,
            "dead" => Verdict::Dead,
            _ => return None,
        };
        match (before, self.verdict) {
            (_, Verdict::Dead) => {
                if before != Verdict::Dead {
                    self.parting = Parting { left: self.has_left(), held: self.may_hold() };
                }
                self.said = None;
                self.heard_us_since = None;
                self.was_voter = false;
            }
            (_, Verdict::Init | Verdict::Up | Verdict::Active | Verdict::Late) => {}
        }
        self.look_at_readiness(now);
        Some(())
    }

    /// What was heard and judged came before `now`, whatever its stamp says: one
    /// from the future would hide a silence.
    pub(super) fn not_after(&mut self, now: Time) {
        for time in [&mut self.heard_us_since, &mut self.ready_since].into_iter().flatten() {
            *time = now.min(*time);
        }
        if let Some(heard) = &mut self.heard {
            heard.at = heard.at.min(now);
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.verdict == Verdict::Dead
    }

    /// Whether it has said farewell, and that it holds nothing: it votes no more.
    pub(super) fn has_left(&self) -> bool {
        let left =
            |said: &Said| said.proven && said.leaving && !said.groups.0.values().any(|part| part.held.may_hold());
        self.had_left || self.said.as_ref().is_some_and(left)
    }

    /// Whether it may hold anything, by what it said last.
    fn may_hold(&self) -> bool {
        self.said.as_ref().is_none_or(|said| said.groups.0.values().any(|part| part.held.may_hold()))
    }

    /// What it was when it was declared dead last.
    pub(super) fn parting(&self) -> Parting {
        self.parting
    }

    /// The life of it that was heard last.
    pub(super) fn life(&self) -> Option<&str> {
        self.heard.as_ref().map(|heard| heard.incarnation.as_str())
    }

    /// Whether it has proved since it was dead that it hears us: a recording never
    /// does.
    pub(super) fn hears_us(&self) -> bool {
        self.was_voter || self.heard_us_since.is_some()
    }

    /// Since when it does, when it came back to life then and may not have had the
    /// time to vote.
    pub(super) fn back_since(&self) -> Option<Time> {
        self.heard_us_since.filter(|_| !self.was_voter)
    }

    /// Whether it is heard at this time, neither late nor dead, and by no
    /// recording.
    pub(super) fn is_heard(&self) -> bool {
        let living = match self.verdict {
            Verdict::Up | Verdict::Active => true,
            Verdict::Init | Verdict::Late | Verdict::Dead => false,
        };
        living && self.is_proven()
    }

    pub(super) fn is_proven(&self) -> bool {
        self.said.as_ref().is_some_and(|said| said.proven)
    }

    /// The ping nodes that it says it reaches.
    pub(super) fn reach(&self) -> Option<Reach> {
        self.said.as_ref()?.reach
    }

    /// Whether it could serve: it is active, hears us, and stays.
    pub(super) fn is_ready(&self) -> bool {
        self.verdict == Verdict::Active && self.said.as_ref().is_some_and(|said| said.proven && !said.leaving)
    }

    fn look_at_readiness(&mut self, now: Time) {
        self.ready_since = if self.is_ready() { self.ready_since.or(Some(now)) } else { None };
    }

    /// Since when it has been ready without a break, in one life.
    pub(super) fn ready_since(&self) -> Option<Time> {
        self.ready_since
    }

    /// Why it could not serve a group that is given to it now, as the end of a
    /// sentence about it; nothing when it could.
    pub(super) fn inability(&self, group: &str) -> Option<&'static str> {
        match self.verdict {
            Verdict::Init => return Some("was not heard yet"),
            Verdict::Up => return Some("is not active yet"),
            Verdict::Late => return Some("is late"),
            Verdict::Dead => return Some("is dead"),
            Verdict::Active => {}
        }
        let Some(said) = &self.said else { return Some("says nothing of its groups") };
        let Some(part) = said.groups.0.get(group) else { return Some("does not know it") };
        match part.held {
            _ if !said.proven => Some("does not hear this node"),
            _ if said.leaving => Some("is leaving"),
            Held::Unknown => Some("does not know whether it has it"),
            Held::Failed => Some("has failed to serve it"),
            Held::Starting | Held::Started | Held::Stopping => Some("has it too"),
            Held::Stopped | Held::Asking => match part.stance {
                Stance::No => Some("must not serve it, or cannot"),
                Stance::Poor => Some("reaches fewer ping nodes"),
                Stance::Can | Stance::Want | Stance::Claim => None,
            },
        }
    }

    /// Whether it was heard, or declared dead: a node of Heartbeat never says what
    /// it does.
    pub(super) fn was_met(&self) -> bool {
        match self.verdict {
            Verdict::Init => false,
            Verdict::Up | Verdict::Active | Verdict::Late | Verdict::Dead => true,
        }
    }

    /// What it means for a group. A group that it does not know it cannot hold
    /// and cannot serve.
    pub(super) fn knowledge(&self, group: &str) -> Knowledge {
        match (self.verdict, &self.said) {
            (Verdict::Dead, _) => Knowledge::Gone,
            (Verdict::Init, _) | (Verdict::Up | Verdict::Active | Verdict::Late, None) => Knowledge::Unknown,
            (Verdict::Up | Verdict::Active | Verdict::Late, Some(said)) => {
                let nothing = Part { held: Held::Stopped, stance: Stance::No, epoch: 0 };
                Knowledge::Says(said.groups.0.get(group).copied().unwrap_or(nothing))
            }
        }
    }

    pub(super) fn said(&self) -> Option<&Said> {
        self.said.as_ref()
    }

    pub(super) fn heard(&self) -> Option<&Heard> {
        self.heard.as_ref()
    }

    /// Says whether it agrees with us, where that has changed.
    pub(super) fn compare(&mut self, name: &str, settings: &Settings, now: Time, effects: &mut Vec<Effect>) {
        if let Some(said) = &self.said {
            self.agreement.see(name, said, settings, now, effects);
        }
    }

    /// Whether its files surely say other than ours.
    pub(super) fn has_other_configuration(&self) -> bool {
        self.agreement.config_differs()
    }

    /// Takes a verdict on a link: whether it is heard on that medium.
    pub(super) fn judge_link(&mut self, medium: &str, record: &Record<'_>) {
        let is_heard = match (record.state(), record.raw("direction")) {
            (Some("up"), _) | (Some("oneway"), None | Some("in")) => true,
            (Some("dead"), _) | (Some("oneway"), Some(_)) => false,
            (_, _) => return,
        };
        self.media.note(medium, is_heard);
    }

    /// What we tell it that we heard, with the media that there is `room` for.
    pub(super) fn echo(&self, name: &str, now: Time, room: &mut usize) -> Option<String> {
        let heard = self.heard.as_ref()?;
        Some(echo::part(name, (&heard.incarnation, heard.sequence, heard.at), now, &self.media, room))
    }
}

/// The message of ours that an echo names, when that is of this life and was sent
/// within one lease.
fn echoes_us(list: &str, own: &str, leases: &Leases, now: Time) -> Option<u64> {
    let echo = echo::find(list, own).filter(|echo| leases.is_fresh(echo.incarnation, echo.sequence, now))?;
    Some(echo.sequence)
}

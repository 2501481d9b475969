//! Who holds what: from the first word to the claim, when the other node dies,
//! comes back or leaves, and when the two do not agree.

use crate::decide::{Effect, Strange, why};
use crate::record::Record;
use crate::time::Time;

use super::peer::Kin;
use super::share::Share;
use super::standby::Standby;
use super::{AGAIN, CONTEST, Heartbeat, PATIENCE, Phase};

impl Heartbeat {
    /// Takes a message of the protocol.
    ///
    /// # Errors
    /// Its words are none that are known.
    pub(super) fn protocol(
        &mut self,
        kind: &str,
        sequence: u64,
        record: &Record<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Strange> {
        // A node that speaks hbkit's own dialect says of its holdings only what
        // keeps a node of Heartbeat quiet.
        let is_stranger = self.peer.kin == Kin::Stranger;
        match kind {
            "starting" => self.starting(effects),
            "resource" if is_stranger => {}
            "resource" => self.resource(sequence, record)?,
            "ask_resources" => self.asked(sequence, record, effects)?,
            "hb_takeover" => self.asked_for(record, effects)?,
            "shutdone" => self.farewell(sequence, effects),
            _ => self.asked_by_legacy(record, effects)?,
        }
        Ok(())
    }

    /// Asks the other node which nodes it knows, and when it is active what it
    /// holds. A node that is not active yet would not know what to do with it.
    pub(super) fn come_up(&mut self, effects: &mut Vec<Effect>) {
        let now = self.clock.now;
        match self.phase {
            Phase::Silent if self.peer.is_dead() => {
                self.phase = Phase::Stable;
                self.take_over("is dead");
                self.clock.status.set(now);
            }
            Phase::Silent if self.peer.was_met() && now >= self.watch.next_question => {
                self.watch.next_question = now + AGAIN;
                let until = now + AGAIN;
                effects.push(Effect::Announce(format!("t=reqnodes dest={} until={until}", self.peer.name)));
            }
            Phase::Asking if self.peer.active && now >= self.watch.next_question => {
                self.watch.next_question = now + PATIENCE;
                self.complain_of_silence(effects);
                self.peer.ask();
                effects.push(Effect::Announce("t=starting".to_owned()));
            }
            Phase::Silent
            | Phase::Asking
            | Phase::Heard(_)
            | Phase::Stable
            | Phase::Yielding
            | Phase::Leaving
            | Phase::Farewell(_) => {}
        }
    }

    /// It was asked before: it does not answer.
    fn complain_of_silence(&mut self, effects: &mut Vec<Effect>) {
        let now = self.clock.now;
        if self.watch.mute.is_some_and(|since| now >= since + PATIENCE * 2) {
            let text = "it does not say what it holds: if auto_failback is legacy there, write on or off on both nodes";
            effects.push(why(now, &self.peer.name, "alarm", text));
            self.watch.mute = Some(Time::from_micros(u64::MAX).before(PATIENCE * 2));
        }
        self.watch.mute = self.watch.mute.or(Some(now));
    }

    /// The answer to our question for the nodes. Theirs are binding for a node of
    /// Heartbeat; here they are compared.
    ///
    /// # Errors
    /// There is no list in it.
    pub(super) fn nodes(&mut self, record: &Record<'_>, effects: &mut Vec<Effect>) -> Result<(), Strange> {
        let list = record.get("nodelist").ok_or(Strange::Incomplete)?;
        let mut theirs: Vec<&str> = list.split_ascii_whitespace().collect();
        let mut ours: Vec<&str> = self.settings.nodes.iter().map(String::as_str).collect();
        theirs.sort_unstable();
        ours.sort_unstable();
        if theirs != ours {
            let text = format!("it knows the nodes {} and this node {}", theirs.join(" "), ours.join(" "));
            effects.push(why(self.clock.now, &self.peer.name, "alarm", &text));
        }
        if self.phase == Phase::Silent {
            self.phase = Phase::Asking;
            self.watch.next_question = self.clock.now;
            self.clock.status.set(self.clock.now);
        }
        Ok(())
    }

    /// The other node asks what this one holds: it begins.
    fn starting(&mut self, effects: &mut Vec<Effect>) {
        match self.phase {
            Phase::Leaving | Phase::Farewell(_) => return,
            Phase::Silent | Phase::Asking | Phase::Heard(_) | Phase::Stable | Phase::Yielding => {}
        }
        self.peer.left = false;
        self.peer.stable = None;
        self.say_holdings(true, effects);
    }

    /// The other node says what it holds.
    fn resource(&mut self, sequence: u64, record: &Record<'_>) -> Result<(), Strange> {
        let [word, kind, stable, info] = record.raw_all(["rsc_hold", "rtype", "isstable", "info"]);
        let is_latest = self.peer.is_latest_of_holdings(sequence);
        let Some(said) = word.and_then(Share::read) else {
            self.peer.holds = None;
            return Err(Strange::Unreadable);
        };
        if !is_latest {
            return Ok(());
        }
        // A node of Heartbeat says what it will hold when it begins to stop. It has
        // stopped when it says `done`, or `shutdone`.
        let is_ahead = stable == Some("0") && matches!(info, Some("shutdown" | "standby"));
        if !is_ahead {
            let known = self.peer.holds.filter(|_| kind != Some("full") && !said.is_empty());
            self.peer.holds = Some(known.unwrap_or_default().with(said));
        }
        let was_stable = self.peer.stable.is_some();
        match stable {
            Some("1") => self.peer.stable = self.peer.stable.or(Some(self.clock.now)),
            Some(_) => self.peer.stable = None,
            None => {}
        }
        if self.phase == Phase::Asking && self.watch.mute.is_some() {
            self.phase = Phase::Heard(self.clock.now);
            self.watch.mute = None;
        }
        // As Heartbeat does, who may wait for it.
        if !was_stable && self.peer.stable.is_some() && self.said.is_some() {
            self.say_again = Some(self.clock.now);
        }
        self.withdrawn();
        Ok(())
    }

    /// Claims our own groups when the other node has settled, or after a time, if
    /// it does not hold them.
    pub(super) fn settle(&mut self) {
        let Phase::Heard(since) = self.phase else { return };
        let (now, Some(holds)) = (self.clock.now, self.peer.holds) else { return };
        if self.peer.stable.is_none() && now < since + PATIENCE {
            return;
        }
        self.phase = Phase::Stable;
        if !holds.foreign {
            self.claim(Share::LOCAL, &format!("{} does not hold it, and this node is preferred", self.peer.name));
        }
    }

    /// Says the same of all groups of a share.
    pub(super) fn say_share(&self, share: Share, verb: &str, text: &str, effects: &mut Vec<Effect>) {
        let own = &self.settings.own;
        for group in self.groups.iter().filter(|group| share.covers(group.share(own))) {
            effects.push(why(self.clock.now, &group.name, verb, text));
        }
    }

    /// The other node is gone: everything is claimed that is not here already.
    fn take_over(&mut self, what: &str) {
        let text = format!("{} {what}", self.peer.name);
        self.needs_failback |= !self.claim.foreign;
        self.claim(Share::ALL, &text);
    }

    /// The other node was declared dead.
    pub(super) fn died(&mut self, effects: &mut Vec<Effect>) {
        self.peer.forget();
        self.standby_ends(&format!("{} is dead", self.peer.name), effects);
        match self.phase {
            Phase::Silent | Phase::Leaving | Phase::Farewell(_) | Phase::Yielding => {}
            Phase::Asking | Phase::Heard(_) | Phase::Stable => {
                self.phase = Phase::Stable;
                self.take_over("is dead");
            }
        }
    }

    /// The other node has released everything, and leaves.
    fn farewell(&mut self, sequence: u64, effects: &mut Vec<Effect>) {
        self.peer.has_released(Share::ALL, sequence);
        self.peer.left = true;
        self.standby_ends(&format!("{} leaves", self.peer.name), effects);
        match self.phase {
            Phase::Leaving | Phase::Farewell(_) | Phase::Yielding => {}
            Phase::Silent | Phase::Asking | Phase::Heard(_) | Phase::Stable => {
                self.phase = Phase::Stable;
                self.clock.status.set(self.clock.now);
                self.take_over("has released everything and leaves");
            }
        }
    }

    /// The same life of the other node is back: it was cut off, and both may have
    /// served. A node of Heartbeat that has taken this one for dead starts itself
    /// anew now, and takes no word; so this one gives way. Of two of ours each
    /// keeps the groups that prefer it.
    pub(super) fn came_back(&mut self, effects: &mut Vec<Effect>) {
        match self.phase {
            Phase::Silent | Phase::Asking | Phase::Heard(_) | Phase::Yielding => return,
            Phase::Leaving | Phase::Farewell(_) => return,
            Phase::Stable => {}
        }
        let text = format!("{} was cut off and is back: both may have served it", self.peer.name);
        self.end_contest(&text, effects);
        if self.phase == Phase::Stable {
            effects.push(Effect::Announce("t=starting".to_owned()));
        }
    }

    /// Both serve something: what this node gives up.
    fn end_contest(&mut self, text: &str, effects: &mut Vec<Effect>) {
        match self.peer.kin {
            Kin::Ours if self.claim.foreign => {
                self.say_share(Share::FOREIGN, "alarm", text, effects);
                self.release(Share::FOREIGN, text);
            }
            Kin::Ours => {}
            Kin::Heartbeat | Kin::Stranger => {
                self.say_share(self.claim, "alarm", text, effects);
                self.begin_again(text);
            }
        }
    }

    /// Releases everything, to begin again with what the other node says then.
    fn begin_again(&mut self, text: &str) {
        self.phase = Phase::Yielding;
        self.standby = Standby::Not;
        self.needs_failback = false;
        self.release(Share::ALL, text);
    }

    /// A lease has ended: the other node has taken over by now, or will.
    pub(super) fn lost_lease(&mut self, effects: &mut Vec<Effect>) {
        if self.phase == Phase::Stable {
            let text = "no heartbeat of ours has left for too long: this node begins again";
            effects.push(why(self.clock.now, &self.settings.own, "alarm", text));
            self.begin_again(text);
        }
    }

    /// What was to be released has been: that is said, and the next thing begins.
    pub(super) fn released(&mut self, effects: &mut Vec<Effect>) {
        let own = &self.settings.own;
        let unwanted = |share: Share| {
            let mut groups = self.groups.iter().filter(|group| share.covers(group.share(own)));
            self.claim.covers(share) && groups.all(|group| group.is_released() && group.is_given_up())
        };
        match self.phase {
            Phase::Yielding if self.is_released(Share::ALL) => self.yielded(effects),
            // Of two of ours who served the same.
            Phase::Stable if self.standby.is_idle() && unwanted(Share::FOREIGN) && self.has_groups(Share::FOREIGN) => {
                self.claim = self.claim.without(Share::FOREIGN);
            }
            Phase::Silent
            | Phase::Asking
            | Phase::Heard(_)
            | Phase::Stable
            | Phase::Yielding
            | Phase::Leaving
            | Phase::Farewell(_) => {}
        }
    }

    fn yielded(&mut self, effects: &mut Vec<Effect>) {
        self.claim = Share::NONE;
        self.watch.next_question = self.clock.now;
        self.watch.mute = None;
        if self.peer.is_gone() {
            self.phase = Phase::Stable;
            return self.take_over("is gone");
        }
        self.phase = Phase::Asking;
        self.say_resource(false, "", effects);
        effects.push(Effect::Announce("t=shutdone st=dead".to_owned()));
        self.peer.holds = None;
        self.peer.stable = None;
    }

    /// Groups that nobody has claimed for a while: first the preferred node takes
    /// them, then the other.
    pub(super) fn mend(&mut self, _effects: &mut [Effect]) {
        let now = self.clock.now;
        let holds = self.peer.holds.filter(|_| self.may_act()).map(Share::mirror);
        let free = holds.map_or(Share::NONE, |theirs| Share::ALL.without(theirs).without(self.claim));
        let since = |is_so: bool, since: Option<Time>| since.or(Some(now)).filter(|_| is_so);
        self.watch.local = since(free.local, self.watch.local);
        self.watch.foreign = since(free.foreign, self.watch.foreign);
        if self.watch.local.is_some_and(|since| now >= since + PATIENCE) {
            self.claim(Share::LOCAL, "nobody serves it");
        }
        if self.watch.foreign.is_some_and(|since| now >= since + PATIENCE * 2) {
            self.needs_failback = true;
            self.claim(Share::FOREIGN, "nobody serves it");
        }
    }

    /// Both say that they hold the same, and go on saying so.
    pub(super) fn give_way(&mut self, effects: &mut Vec<Effect>) {
        let now = self.clock.now;
        let theirs = self.peer.holds.filter(|_| self.may_act()).unwrap_or_default().mirror();
        // What a node of ours gives up is its own to give.
        let both = match self.peer.kin {
            Kin::Ours => theirs.and(self.claim).and(Share::FOREIGN),
            Kin::Heartbeat | Kin::Stranger => theirs.and(self.claim),
        };
        self.watch.both = self.watch.both.or(Some(now)).filter(|_| !both.is_empty());
        if self.watch.both.is_some_and(|since| now >= since + CONTEST) {
            self.watch.both = None;
            let text = format!("{} serves it too: this node gives way", self.peer.name);
            self.end_contest(&text, effects);
        }
    }

    /// Whether nothing is going on, and the other node has settled.
    pub(super) fn may_act(&self) -> bool {
        self.phase == Phase::Stable
            && self.standby.is_idle()
            && self.asked_to_leave.is_none()
            && self.peer.is_settled()
            && !self.clock.stalled
    }

    fn has_groups(&self, share: Share) -> bool {
        let own = &self.settings.own;
        self.groups.iter().any(|group| share.covers(group.share(own)))
    }
}

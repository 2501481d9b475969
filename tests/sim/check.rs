//! What must hold whatever happens. Addresses appear in [`Cluster::up`] only, so
//! that two owners are found there; what depends on the passing of time is looked
//! at with every tick.

use std::fmt;

use hbkit::decide::Quorum;
use hbkit::record::Record;
use hbkit::time::{Time, parse_span};

use crate::cluster::Cluster;
use crate::network::seconds;
use crate::node::{GROUPS, Owed, State, preferred};
use crate::story::{Keeper, name};

/// The rules, by the names that the deliberate faults use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Quorum majority: no two nodes have a group's address at the same true time.
    TwoOwners,
    /// Quorum alive: no two owners that have heard each other for so long.
    Contest,
    /// An owner stops when its lease has ended.
    Lease,
    /// An owner whose decide is replaced within the lease keeps what it serves.
    Kept,
    /// When faults have ended, every group that can run runs on one node; and on one
    /// that is left, while others are gone for long.
    Unserved,
    /// A failed start is not tried again before it is cleared.
    Failed,
    /// A group that a person sent away stays away.
    Standby,
    /// While people work on a node that is known, nothing is started or moved unasked.
    Maintenance,
    /// auto_failback on brings a group home, and only then.
    Failback,
    /// With all nodes well and no request nothing moves.
    Needless,
    /// A recorded input gives the same output.
    Repeat,
    /// A node that was heard, or that we could not hear, is not dead.
    Accused,
    /// Judge or decide panicked, or found a record strange.
    Panic,
}

#[derive(Clone, Debug)]
pub struct Broken {
    pub rule: Rule,
    pub at: u64,
    pub text: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:.3} s: {}", self.rule, seconds(self.at), self.text)
    }
}

impl Cluster {
    fn broke(&mut self, rule: Rule, text: String) {
        if self.broken.is_none() {
            self.broken = Some(Broken { rule, at: self.now, text });
        }
    }

    pub fn owners(&self, group: usize) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].owns(group, self.now)).collect()
    }

    /// Whether everything has been well for so long that nothing may move.
    pub fn is_quiet(&self) -> bool {
        self.now > self.disturbed + self.plan.settled()
    }

    pub fn check_owners(&mut self, group: usize) {
        let count = self.nodes.iter().filter(|node| node.owns(group, self.now)).count();
        if self.plan.keeper == Keeper::Holder {
            self.note_remains(group);
        }
        if count < 2 {
            return;
        }
        let owners = self.owners(group);
        let names: Vec<&str> = owners.iter().map(|node| name(*node)).collect();
        let (group, names) = (GROUPS[group], names.join(" and "));
        match self.plan.quorum {
            Quorum::Majority => self.broke(Rule::TwoOwners, format!("{names} have {group} at once")),
            Quorum::Alive => {
                let long = self.plan.pace.united();
                let united = |a: usize, b: usize| self.now > self.network.united_since(a, b) + long;
                let pair = owners.iter().any(|a| owners.iter().any(|b| a < b && united(*a, *b)));
                if pair {
                    self.broke(Rule::Contest, format!("{names} have {group} at once, and hear each other"));
                }
            }
        }
    }

    /// What the kernel leaves of the address of a holder that cannot end it.
    fn note_remains(&mut self, group: usize) {
        for node in &self.nodes {
            let hold = node.holds[group];
            let unattended = matches!(node.state, State::Off | State::Paused | State::Frozen);
            if unattended && hold.end <= self.now && self.now < hold.kernel {
                self.tally.remains = self.tally.remains.max(hold.kernel - self.now);
            }
        }
    }

    /// Looks at what must be so after a time.
    pub fn look(&mut self) {
        self.inform();
        for group in 0..GROUPS.len() {
            self.check_owners(group);
            self.check_leases(group);
            for node in 0..self.nodes.len() {
                if !self.nodes[node].owns(group, self.now) {
                    self.check_kept(node, group);
                }
            }
            if self.is_quiet() {
                self.check_settled(group);
            } else if self.now > self.unsettled + self.plan.settled() {
                self.check_taken(group);
            }
        }
    }

    /// Who has heard for so long of a maintenance knows of it, until it ends.
    fn inform(&mut self) {
        let united = self.plan.pace.united();
        for worked_on in 0..self.nodes.len() {
            let this = &self.nodes[worked_on];
            let (until, clock) = (this.works[worked_on], this.clock);
            let local = clock.local(self.now);
            if this.state != State::Running || until <= local || self.now < this.work_begun + united {
                continue;
            }
            // What is left passes faster on a clock that is fast.
            let left = (until - local) / 100 * 98;
            for (node, other) in self.nodes.iter_mut().enumerate() {
                if node != worked_on && self.now > self.network.united_since(node, worked_on) + united {
                    other.works[worked_on] = other.clock.local(self.now) + left;
                }
            }
        }
    }

    /// In a maintenance that it knows of, a node does nothing that nobody asked for.
    fn check_work(&mut self, node: usize, group: usize, does: &str) {
        let this = &self.nodes[node];
        let local = this.clock.local(self.now);
        let knows = (0..self.nodes.len()).find(|other| local < this.works[*other]);
        if let Some(other) = knows.filter(|_| !self.plan.has_requests()) {
            let text = format!("{} {does} {} while people work on {}", name(node), GROUPS[group], name(other));
            self.broke(Rule::Maintenance, text);
        }
    }

    /// What has no lifetime in a kernel, a service, is stopped by its node alone.
    fn check_leases(&mut self, group: usize) {
        for node in 0..self.nodes.len() {
            let this = &self.nodes[node];
            let late = this.clock.local(self.now).saturating_sub(2 * self.plan.pace.tick());
            let owed = this.owed[group];
            let decides = this.state == State::Running && !this.brain.is_dead();
            if decides && owed.serves && late > owed.lease {
                self.broke(Rule::Lease, format!("{} serves {} without a lease", name(node), GROUPS[group]));
            }
        }
    }

    /// It loses or stops what it must keep.
    pub fn check_kept(&mut self, node: usize, group: usize) {
        if self.now < self.nodes[node].keeps[group] {
            self.broke(
                Rule::Kept,
                format!("{} does not keep {} over the death of its decide", name(node), GROUPS[group]),
            );
        }
    }

    /// While nodes are gone and all is well otherwise, those that are left serve
    /// what they may.
    fn check_taken(&mut self, group: usize) {
        let left = self.nodes.iter().filter(|node| node.state == State::Running);
        let able = left.clone().any(|node| !node.owed[group].failed && !node.owed[group].stands_by);
        let may = match self.plan.quorum {
            Quorum::Alive => able,
            Quorum::Majority => able && left.count() * 2 > self.nodes.len(),
        };
        if may && self.owners(group).is_empty() {
            self.broke(Rule::Unserved, format!("nobody serves {}, and nodes are left that could", GROUPS[group]));
        }
    }

    fn check_settled(&mut self, group: usize) {
        let owners = self.owners(group);
        let able = |owed: &Owed| !owed.failed && !owed.stands_by;
        let can_run = self.nodes.iter().any(|node| able(&node.owed[group]));
        let &[owner] = owners.as_slice() else {
            if can_run || owners.len() > 1 {
                let text = format!("{} is served by {} nodes, long after the last fault", GROUPS[group], owners.len());
                self.broke(Rule::Unserved, text);
            }
            return;
        };
        let home = preferred(group, self.plan.nodes);
        let trusted = |owed: &Owed| able(owed) && !owed.doubted && self.plan.flap_halflife == 0;
        let wants = self.plan.failback && !self.plan.has_requests() && trusted(&self.nodes[home].owed[group]);
        if wants && owner != home {
            let text = format!("{} is on {}, and {} is well", GROUPS[group], name(owner), name(home));
            self.broke(Rule::Failback, text);
        }
    }

    pub fn check_quiet(&mut self, node: usize, group: usize, does: &str) {
        if self.is_quiet() {
            let text = format!("{} {does} {}, long after the last fault", name(node), GROUPS[group]);
            self.broke(Rule::Needless, text);
        }
    }

    pub fn check_start(&mut self, node: usize, group: usize) {
        self.check_quiet(node, group, "starts");
        self.check_work(node, group, "starts");
        let owed = self.nodes[node].owed[group];
        if owed.failed {
            self.broke(Rule::Failed, format!("{} starts {}, which failed there", name(node), GROUPS[group]));
        }
        if owed.stands_by {
            self.broke(Rule::Standby, format!("{} starts {}, which was sent away", name(node), GROUPS[group]));
        }
    }

    /// What a node says became of a request.
    pub fn check_answer(&mut self, node: usize, group: &str, line: &str) {
        let Some(group) = GROUPS.iter().position(|known| *known == group) else { return };
        let owed = &mut self.nodes[node].owed[group];
        if line.contains(" standby: ") && std::mem::take(&mut owed.stands_by) {
            owed.yielded |= line.contains(" done standby: ");
        }
        // It comes back, since this node did not know yet that another serves: a person
        // took it back, or nobody took it in time.
        owed.yielded &= !line.contains(" failed standby: ");
    }

    /// Why a node stops a group: some reasons are only good at times.
    pub fn check_reason(&mut self, node: usize, group: &str, line: &str) {
        let Some(group) = GROUPS.iter().position(|known| *known == group) else { return };
        let nodes = self.plan.nodes;
        if line.ends_with("a person asked for standby") {
            let served = self.owners(group).iter().any(|owner| *owner != node);
            let owed = &mut self.nodes[node].owed[group];
            (owed.stands_by, owed.yielded) = (!served, served);
        } else if line.contains("a person asked for it on") {
            self.nodes[node].owed[group].yielded = true;
        } else if line.ends_with("is back and is preferred") {
            self.check_work(node, group, "gives back");
            self.nodes[node].keeps[group] = 0;
            if self.plan.flap_halflife > 0 {
                // It was waited for until nothing had changed hands for long.
                (self.disturbed, self.unsettled) = (self.now, self.now);
            }
            let home = &self.nodes[preferred(group, nodes)];
            if !self.plan.failback || home.owed[group].yielded {
                self.broke(Rule::Failback, format!("{} gives {} back unasked", name(node), GROUPS[group]));
            }
        }
    }

    /// The result of an action, or of a look at a service.
    pub fn result(&mut self, node: usize, group: usize, state: &str) {
        let local = self.nodes[node].clock.local(self.now);
        let owed = &mut self.nodes[node].owed[group];
        match state {
            // A start that came too late says nothing of the group.
            "failed" if local < owed.lease => {
                (owed.failed, owed.doubted) = (true, true);
                self.forget_later(node, group);
            }
            "started" => {
                owed.serves = true;
                (owed.yielded, owed.doubted) = (false, false);
                for other in (0..self.nodes.len()).filter(|other| *other != node) {
                    let owed = &mut self.nodes[other].owed[group];
                    owed.yielded |= std::mem::take(&mut owed.stands_by);
                }
            }
            _ => {}
        }
    }

    /// A person asked, and it was read.
    pub fn asked(&mut self, node: usize, line: &str) {
        for owed in &mut self.nodes[node].owed {
            let clears = line.ends_with("clear all");
            owed.failed &= !clears;
            owed.doubted &= !clears;
            let claims = line.contains("takeover");
            owed.stands_by &= !clears && !claims;
            owed.yielded &= !claims;
        }
    }

    /// A maintenance begins or ends, for all that a node knows of itself and of the dead.
    pub fn works(&mut self, node: usize, line: &str) {
        let (now, this) = (self.now, &mut self.nodes[node]);
        let record = Record::parse(line.as_bytes()).unwrap();
        if let Some(span) = record.raw("for") {
            let span = parse_span(span).unwrap();
            (this.works[node], this.work_begun) = ((record.time + span).micros(), now);
            // One that ends earlier takes the place of one that was longer.
            let end = this.clock.to_true(this.works[node]);
            for other in &mut self.nodes {
                let left = end.saturating_sub(now) / 100 * 98;
                other.works[node] = other.works[node].min(other.clock.local(now) + left);
            }
        } else {
            self.nodes.iter_mut().for_each(|other| other.works[node] = 0);
            self.nodes[node].works.fill(0);
        }
    }

    pub fn judged(&mut self, node: usize, peer: &str, state: &str, time: Time) {
        let Some(other) = (0..self.plan.nodes).find(|other| name(*other) == peer) else { return };
        let (deadtime, this) = (self.plan.pace.deadtime(), &mut self.nodes[node]);
        this.dead[other] = state == "dead";
        if state != "dead" {
            return;
        }
        let (sequence, arrived) = this.newest[other];
        let listened = time.micros().saturating_sub(this.listens_since);
        let silent = match sequence {
            0 if this.has_heard(other) => listened,
            // Before a node was ever heard, it is given twice deadtime.
            0 => listened.saturating_sub(deadtime),
            // A node that reads late judges a time when that had not come yet.
            _ if arrived > time.micros() => deadtime,
            _ => time.micros() - arrived,
        };
        if (0..self.plan.nodes).all(|other| other == node || this.dead[other]) {
            for owed in &mut this.owed {
                (owed.stands_by, owed.yielded) = (false, false);
            }
        }
        // What was long on its way says nothing of the present, and does not count.
        let late = this.clock.to_true(time.micros()) < self.network.late_until + 2 * deadtime;
        if listened < deadtime || (silent < deadtime && !late) {
            let text = format!("{} declares {peer} dead, silent for {:.3} s", name(node), seconds(silent));
            self.broke(Rule::Accused, text);
        }
    }

    pub fn check_recordings(&mut self) {
        for node in 0..self.nodes.len() {
            let repeats = self.nodes[node].recording.as_ref().is_none_or(|kept| kept.is_repeatable(&self.plan, node));
            if !repeats {
                self.broke(Rule::Repeat, format!("the recording of {} gives another output", name(node)));
            }
        }
    }
}

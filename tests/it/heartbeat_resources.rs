//! A node of hbkit and one of Debian's heartbeat 3.0.6 serve two addresses
//! together (`dialect heartbeat`): node1 is the real one and preferred for one of
//! them, node2 is ours and preferred for the other.

use std::thread;
use std::time::Instant;

use crate::heartbeat_lab::{LONG, Plan, Real, SHA1, Site, Style, begin_ours, keys, start_ours};
use crate::lab::{Running, Said, command, finish, project};
use crate::need_heartbeat;

/// Node1's and node2's.
const ADDRESSES: [&str; 2] = ["10.77.0.100", "10.77.0.101"];

const HARESOURCES: &str = "node1 IPaddr2::10.77.0.100/24/eth0\nnode2 IPaddr2::10.77.0.101/24/eth0\n";

const TIMES: &str = "keepalive 200ms\nwarntime 2800ms\ndeadtime 3\ninitdead 6\n";

/// Who is to have which address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Real,
    Ours,
}

use Holder::{Ours, Real as Theirs};

/// The two nodes, and what was seen of them.
struct Pair {
    site: Site,
    real: Real,
    ours: Option<Running>,
    plan: Plan,
    /// What was said by lives of ours that are over.
    past: String,
}

fn plan(failback: &str, more: &str) -> Plan {
    Plan {
        times: TIMES,
        media: format!("auto_failback {failback}\n{more}bcast eth0"),
        keys: keys(1, &[SHA1]),
        haresources: HARESOURCES,
    }
}

impl Pair {
    /// Starts the real node, and ours when the real one serves alone.
    fn real_first(failback: &str) -> Pair {
        let site = Site::new(&["node1", "node2"]);
        let real = Real::start(&site, &site.hosts[0], &plan(failback, ""));
        let mut pair =
            Pair { site, real, ours: None, plan: plan(failback, "dialect heartbeat\n"), past: String::new() };
        pair.settles([Theirs, Theirs]);
        pair.start_ours();
        pair
    }

    /// Starts ours, and the real one when ours serves alone.
    fn ours_first(failback: &str) -> Pair {
        Pair::joined(failback, failback)
    }

    /// The same, where the real node has an auto_failback of its own.
    fn joined(failback: &str, of_real: &str) -> Pair {
        let site = Site::new(&["node1", "node2"]);
        let own = plan(failback, "dialect heartbeat\n");
        let ours = start_ours(&site, &site.hosts[1], &own, Style::Supervised);
        let wanted = |host: usize, at: usize| has(&site, host, ADDRESSES[at]);
        let deadline = Instant::now() + LONG;
        while !(wanted(1, 0) && wanted(1, 1)) {
            assert!(Instant::now() < deadline, "ours does not serve alone");
            pause();
        }
        let real = Real::start(&site, &site.hosts[0], &plan(of_real, ""));
        Pair { site, real, ours: Some(ours), plan: own, past: String::new() }
    }

    /// Starts both.
    fn at_once(failback: &str) -> Pair {
        let site = Site::new(&["node1", "node2"]);
        let own = plan(failback, "dialect heartbeat\n");
        let ours = start_ours(&site, &site.hosts[1], &own, Style::Supervised);
        let real = Real::start(&site, &site.hosts[0], &plan(failback, ""));
        Pair { site, real, ours: Some(ours), plan: own, past: String::new() }
    }

    fn start_ours(&mut self) {
        let style = Style::Supervised;
        self.ours = Some(match self.ours.take() {
            None if self.past.is_empty() => start_ours(&self.site, &self.site.hosts[1], &self.plan, style),
            _ => begin_ours(&self.site, &self.site.hosts[1], &self.plan, style),
        });
    }

    /// Waits until each address is where it is to be, and nowhere else. Up to then
    /// it is not in two places.
    fn settles(&mut self, wanted: [Holder; 2]) {
        self.comes_to(wanted, true);
    }

    fn comes_to(&mut self, wanted: [Holder; 2], strictly: bool) {
        let deadline = Instant::now() + LONG;
        loop {
            let seen = [0, 1].map(|at| {
                let first = has(&self.site, 0, ADDRESSES[at]);
                let second = has(&self.site, 1, ADDRESSES[at]);
                let both = first && second && has(&self.site, 0, ADDRESSES[at]);
                assert!(!(strictly && both), "{} is on both nodes{}", ADDRESSES[at], self.story());
                (first, second)
            });
            if seen == wanted.map(|holder| (holder == Theirs, holder == Ours)) {
                return;
            }
            assert!(Instant::now() < deadline, "{seen:?} instead of {wanted:?}{}", self.story());
            pause();
        }
    }

    /// Waits until the real node takes both for settled.
    fn rests(&mut self, holds: &str) {
        self.real.wait_for("rscstatus", holds);
    }

    /// What both have said.
    fn story(&mut self) -> String {
        if let Some(ours) = &mut self.ours {
            ours.look_for(std::time::Duration::from_millis(300), |_| false);
        }
        let ours = self.ours.as_ref().map(Running::transcript).unwrap_or_default();
        format!("\nours:\n{}{ours}\nreal:\n{}", self.past, self.real.log())
    }

    /// One of our scripts.
    fn ask(&mut self, script: &str, scope: &str) {
        let mut command = command(script);
        command.arg(scope).env("HBKIT_RUN", self.site.directory("node2").join("run"));
        let Said { status, err, .. } = finish(command, b"");
        assert!(status.success(), "{script} {scope}: {err}");
    }

    /// One of theirs.
    fn ask_real(&mut self, script: &str, scope: &str) {
        let (status, said) = self.real.run(&format!("/usr/share/heartbeat/{script} {scope}"));
        assert_eq!(status, 0, "{said}");
    }

    /// Waits for a line of ours.
    fn ours_says(&mut self, words: &str) {
        let found = self.ours.as_mut().unwrap().look_for(LONG, |line| line.contains(words));
        assert!(found.is_some(), "no '{words}'{}", self.story());
    }

    /// SIGKILL to everything of ours; the kernel and nobody else ends its addresses.
    fn kill_ours(&mut self) {
        self.site.hosts[1].kill_all();
        self.forget_ours();
    }

    /// The machine of the real node loses its power.
    fn kill_real(&mut self) {
        self.site.hosts[0].ip("link set eth0 down");
        self.real.kill();
        self.site.hosts[0].ip("addr flush dev eth0");
    }

    fn restart_real(&mut self) {
        self.site.hosts[0].ip("link set eth0 up");
        self.site.hosts[0].ip("addr replace 10.77.0.1/24 broadcast 10.77.0.255 dev eth0");
        self.real.begin();
    }

    fn forget_ours(&mut self) {
        let story = self.story();
        self.past = story.split("\nreal:\n").next().unwrap_or_default().to_owned();
        self.ours = None;
    }

    /// Ours is asked to end, and does.
    fn stop_ours(&mut self) {
        let ours = self.ours.take().unwrap();
        ours.signal("TERM");
        let (status, said, err) = ours.wait();
        self.past += &said;
        assert_eq!(status, 0, "{said}\n{err}");
    }

    /// The real node has complained of nothing but of what `allowed` names.
    fn complained_only_of(&mut self, allowed: &[&str]) {
        let said = self.real.complaints();
        let strange: Vec<&String> =
            said.iter().filter(|line| !allowed.iter().any(|words| line.contains(words))).collect();
        assert!(strange.is_empty(), "{strange:#?}{}", self.story());
    }
}

/// On which of the two nodes each address is; not twice, but by a change between
/// two looks.
fn places(site: &Site) -> [(bool, bool); 2] {
    ADDRESSES.map(|address| (has(site, 0, address), has(site, 1, address)))
}

fn has(site: &Site, host: usize, address: &str) -> bool {
    site.hosts[host].ip("-o addr show").contains(&format!(" {address}/"))
}

fn pause() {
    thread::sleep(std::time::Duration::from_millis(50));
}

/// What a real node says of any death, and two real ones of their numbers when a
/// message overtakes another.
const OF_A_DEATH: [&str; 3] = ["is dead", "No STONITH device configured.", "Shared disks are not protected."];

/// Of the machine, when that is busy.
const OF_A_BUSY_MACHINE: [&str; 2] = ["Late heartbeat", "lost packet(s) for"];

fn usual() -> Vec<&'static str> {
    OF_A_BUSY_MACHINE.to_vec()
}

fn with_deaths() -> Vec<&'static str> {
    [&OF_A_BUSY_MACHINE[..], &OF_A_DEATH].concat()
}

#[test]
fn the_real_node_is_joined_and_groups_go_back_to_who_prefers_them() {
    need_heartbeat!();
    let mut pair = Pair::real_first("on");
    pair.settles([Theirs, Ours]);
    pair.rests("local");
    pair.complained_only_of(&with_deaths());
    // Each gives to the other what it has, and gets it back.
    pair.ask_real("hb_standby", "local");
    pair.settles([Ours, Ours]);
    pair.rests("none");
    pair.ask_real("hb_takeover", "local");
    pair.settles([Theirs, Ours]);
    pair.rests("local");
    pair.ask("hb-standby", "all");
    pair.ours_says("done standby");
    pair.settles([Theirs, Theirs]);
    pair.rests("all");
    pair.ask("hb-takeover", "local");
    pair.ours_says("done takeover");
    pair.settles([Theirs, Ours]);
    pair.rests("local");
    // Ours dies, and comes back.
    pair.kill_ours();
    pair.comes_to([Theirs, Theirs], false);
    pair.start_ours();
    pair.settles([Theirs, Ours]);
    pair.rests("local");
    // It leaves in order.
    pair.stop_ours();
    pair.settles([Theirs, Theirs]);
    pair.real.wait_for_log("Received shutdown notice from 'node2'.", 1);
    pair.complained_only_of(&with_deaths());
}

#[test]
fn ours_is_joined_by_the_real_node_and_nothing_goes_back_by_itself() {
    need_heartbeat!();
    let mut pair = Pair::ours_first("off");
    pair.rests("none");
    pair.settles([Ours, Ours]);
    pair.complained_only_of(&usual());
    pair.ask_real("hb_takeover", "all");
    pair.settles([Theirs, Theirs]);
    pair.rests("all");
    pair.ask("hb-takeover", "all");
    pair.ours_says("done takeover");
    pair.settles([Ours, Ours]);
    pair.rests("none");
    pair.ask("hb-standby", "foreign");
    pair.ours_says("done standby");
    pair.settles([Theirs, Ours]);
    pair.rests("local");
    pair.complained_only_of(&usual());
    // The real one dies, and comes back to nothing.
    pair.kill_real();
    pair.comes_to([Ours, Ours], false);
    pair.restart_real();
    pair.rests("none");
    pair.settles([Ours, Ours]);
    pair.ask("hb-standby", "foreign");
    pair.settles([Theirs, Ours]);
    pair.rests("local");
    // It leaves in order.
    let (status, said) = pair.real.run("/usr/libexec/heartbeat/heartbeat -k");
    assert_eq!(status, 0, "{said}");
    pair.settles([Ours, Ours]);
    pair.ours_says("has released everything and leaves");
    pair.complained_only_of(&usual());
}

#[test]
fn both_begin_at_once_and_the_real_one_gets_its_own_back_after_its_death() {
    need_heartbeat!();
    let mut pair = Pair::at_once("on");
    pair.settles([Theirs, Ours]);
    pair.rests("local");
    pair.complained_only_of(&usual());
    pair.kill_real();
    pair.comes_to([Ours, Ours], false);
    pair.restart_real();
    pair.settles([Theirs, Ours]);
    pair.rests("local");
    pair.complained_only_of(&usual());
}

#[test]
fn a_real_node_with_legacy_failback_asks_for_its_group_and_is_told_when_it_is_released() {
    need_heartbeat!();
    let mut pair = Pair::joined("on", "legacy");
    pair.ours_says("its auto_failback is legacy");
    pair.ours_says("asks for it in the way of auto_failback legacy");
    pair.settles([Theirs, Ours]);
    // The real one takes nothing before it is answered.
    pair.real.wait_for_log("received ip-request-resp IPaddr2::10.77.0.100/24/eth0 OK yes", 1);
}

#[test]
fn two_that_were_cut_off_serve_each_address_once_again() {
    need_heartbeat!();
    let mut pair = Pair::at_once("on");
    pair.settles([Theirs, Ours]);
    pair.rests("local");
    let isolate = |pair: &Pair, word: &str| {
        for node in ["node1", "node2"] {
            pair.site.switch.ip(&format!("link set p-{node}-eth0 type bridge_slave isolated {word}"));
        }
    };
    isolate(&pair, "on");
    let deadline = Instant::now() + LONG;
    while places(&pair.site) != [(true, true); 2] {
        assert!(Instant::now() < deadline, "they do not take each other for dead{}", pair.story());
        pause();
    }
    isolate(&pair, "off");
    pair.ours_says("was cut off and is back");
    // The real one starts itself anew. Ours serves while it does.
    pair.ours_says("has released everything and leaves");
    pair.comes_to([Ours, Ours], false);
    pair.settles([Theirs, Ours]);
    pair.rests("local");
}

/// Both nodes of a site that runs Heartbeat, and what has become of them.
struct Replaced {
    site: Site,
    real: [Real; 2],
}

impl Replaced {
    /// `from-heartbeat WHAT` on a node.
    fn recipe(&mut self, at: usize, what: &str) {
        let script = project("scripts/examples/from-heartbeat");
        let place = self.site.directory(["node1", "node2"][at]);
        let (script, place) = (script.display(), place.display());
        let (status, said) = self.real[at].run(&format!("sh {script} -C {place}/hbkit -D {place}/state {what} 2>&1"));
        assert_eq!(status, 0, "{what}: {said}");
    }

    fn supervise(&self, at: usize) -> Running {
        let name = ["node1", "node2"][at];
        let place = self.site.directory(name);
        let place = place.display();
        let line = format!("HBKIT_RUN={place}/run hb-supervise -C {place}/hbkit -D {place}/state -N {name}");
        self.site.hosts[at].start("env", &line.split(' ').collect::<Vec<_>>())
    }

    fn settles(&self, wanted: [usize; 2]) {
        let deadline = Instant::now() + LONG;
        while places(&self.site) != wanted.map(|at| (at == 0, at == 1)) {
            assert!(Instant::now() < deadline, "{:?} instead of {wanted:?}", places(&self.site));
            pause();
        }
    }
}

/// Asks hb-supervise to end, which it does in order.
fn end(running: Running) {
    running.signal("TERM");
    let (status, said, err) = running.wait();
    assert_eq!(status, 0, "{said}\n{err}");
}

#[test]
fn heartbeat_is_replaced_node_by_node_as_the_recipe_says() {
    need_heartbeat!();
    let site = Site::new(&["node1", "node2"]);
    let real = [0, 1].map(|at| Real::start(&site, &site.hosts[at], &plan("on", "")));
    let mut pair = Replaced { site, real };
    pair.settles([0, 1]);
    pair.real[0].wait_for("rscstatus", "local");
    pair.real[1].wait_for("rscstatus", "local");
    pair.recipe(1, "prepare");
    pair.recipe(1, "leave");
    pair.settles([0, 0]);
    let mut second = pair.supervise(1);
    pair.settles([0, 1]);
    pair.real[0].wait_for("rscstatus", "local");

    pair.recipe(0, "prepare");
    pair.recipe(0, "leave");
    pair.settles([1, 1]);
    pair.recipe(0, "own");
    let mut first = pair.supervise(0);
    second.wait_for("the other dialect", |line| line.contains("it speaks hbkit's own dialect"));
    first.wait_for("a wait", |line| line.contains("wait it is not known what node2 does"));
    assert_eq!(places(&pair.site), [(false, true); 2]);

    end(second);
    pair.settles([0, 0]);
    pair.recipe(1, "own");
    let _second = pair.supervise(1);
    pair.settles([0, 1]);
    first.look_for(std::time::Duration::from_millis(300), |_| false);
    let story = first.transcript();
    // It was not the silence of the other that has made it take over.
    let taken = story.split("\n").position(|line| line.contains(" start 10.77.0.100")).unwrap();
    assert!(!story.split("\n").take(taken).any(|line| line.contains(" node2 dead ")), "{story}");
}

//! hbkit beside Debian's heartbeat 3.0.6, which says in its log what it does not
//! like. Not one of its complaints is expected here, but for those of each start.

use std::fs;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::heartbeat_lab::{
    FAST, LONG, PATIENT, Plan, QUICK, Real, SHA1, Site, Style, begin_ours, keys, put_keys, start_ours,
};
use crate::lab::{Running, run};
use crate::need_heartbeat;
use crate::wire::{NullModem, socket, value};

/// How long two nodes are watched when both are active, in seconds; a minute is
/// asked for by HBKIT_LIVE_SPAN=60.
fn span() -> Duration {
    let asked = std::env::var("HBKIT_LIVE_SPAN").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(10))
}

fn wait(running: &mut Running, what: &str, wanted: impl Fn(&str) -> bool) -> String {
    let line = running.look_for(LONG, wanted);
    line.unwrap_or_else(|| panic!("no line for '{what}' in:\n{}", running.transcript()))
}

fn is_node(state: &'static str) -> impl Fn(&str) -> bool {
    move |line| line.starts_with("node ") && line.contains(&format!(" node1 {state}"))
}

/// One way to be connected.
struct Way {
    medium: &'static str,
    method: &'static str,
    style: Style,
    /// More lines for the ha.cf of the real node.
    more: &'static str,
}

/// Each medium with each method; text on networks with one of them each.
fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    let media = ["bcast", "ucast", "ucast6", "mcast", "mcast6", "serial"];
    for (at, medium) in media.into_iter().enumerate() {
        for (number, method) in ["crc", "md5", "sha1"].into_iter().enumerate() {
            // hb-supervise takes crc on a network only where ha.cf allows it.
            let is_free = method == "crc" && medium != "serial";
            let style = if is_free { Style::Joined } else { Style::Supervised };
            ways.push(Way { medium, method, style, more: "" });
            if at % 3 == number && medium != "serial" {
                ways.push(Way { medium, method, style: Style::JoinedClassic, more: "" });
            }
        }
    }
    ways.push(Way { medium: "bcast", method: "sha1", style: Style::Joined, more: "msgfmt netstring\n" });
    ways
}

/// The lines of ha.cf for a medium on node `own`, and the name of its link for
/// cl_status.
fn medium(kind: &str, own: usize, cable: Option<&NullModem>) -> (String, String) {
    let other = 3 - own;
    let eth0 = "eth0".to_owned();
    match (kind, cable) {
        ("ucast", _) => (format!("ucast eth0 10.77.0.{other}"), eth0),
        ("ucast6", _) => (format!("ucast6 eth0 fd77::{other}"), eth0),
        ("mcast", _) => ("mcast eth0 239.0.0.43 694 1 0".to_owned(), eth0),
        ("mcast6", _) => ("mcast6 eth0 ff12::1:2:3:4 694 1 0".to_owned(), eth0),
        ("serial", Some(cable)) => {
            let end = cable.ends[own - 1].clone();
            (format!("baud 115200\nserial {end}"), end)
        }
        _ => ("bcast eth0".to_owned(), eth0),
    }
}

/// Runs a real node and one of ours; what went wrong, if anything.
fn live(way: &Way) -> Vec<String> {
    let site = Site::new(&["node1", "node2"]);
    let cable = (way.medium == "serial").then(|| NullModem::new(&site.files));
    let secret = if way.method == "crc" { "" } else { " a-key-for-the-laboratory-only" };
    let plan = |own| Plan {
        times: PATIENT,
        media: medium(way.medium, own, cable.as_ref()).0,
        keys: keys(1, &[&format!("1 {}{secret}", way.method)]),
        haresources: "",
    };
    let mut real_plan = plan(1);
    real_plan.media = format!("{}{}", way.more, real_plan.media);
    real_plan.haresources = "node1 AudibleAlarm::none\n";
    let mut real = Real::start(&site, &site.hosts[0], &real_plan);
    let mut ours = start_ours(&site, &site.hosts[1], &plan(2), way.style);

    wait(&mut ours, "node1 active", is_node("active"));
    real.wait_for("nodestatus node2", "active");
    let link = medium(way.medium, 1, cable.as_ref()).1;
    let mut wrong = Vec::new();
    let end = Instant::now() + span();
    let mut tick = Instant::now();
    while tick < end {
        for (question, answer) in
            [("nodestatus node2".to_owned(), "active"), (format!("hblinkstatus node2 {link}"), "up")]
        {
            let (_, said) = real.run(&format!("cl_status {question}"));
            if said.trim() != answer {
                wrong.push(format!("cl_status {question}: {said}"));
            }
        }
        tick += Duration::from_secs(1);
        // Verdicts come when something changes: nothing is to change.
        let change = |line: &str| {
            line.starts_with("link ") && !line.ends_with(" up")
                || line.starts_with("node ") && !line.contains(" active")
                || line.starts_with("bad ")
                || line.starts_with("gap ")
        };
        wrong.extend(ours.look_for(tick.saturating_duration_since(Instant::now()), change));
    }
    wrong.extend(real.complaints());
    wrong
}

#[test]
fn a_real_node_and_one_of_ours_see_each_other_on_every_medium_with_every_method() {
    need_heartbeat!();
    let ways = ways();
    let outcomes: Vec<Vec<String>> = thread::scope(|scope| {
        let running: Vec<_> = ways.iter().map(|way| scope.spawn(|| live(way))).collect();
        let failed = |_| vec!["it failed, see above".to_owned()];
        running.into_iter().map(|thread| thread.join().unwrap_or_else(failed)).collect()
    });
    let mut wrong = 0;
    for (way, outcome) in ways.iter().zip(&outcomes) {
        let said = if outcome.is_empty() { "up and active, no complaint".to_owned() } else { outcome.join("\n    ") };
        eprintln!("{} {} {:?} {}: {said}", way.medium, way.method, way.style, way.more.trim());
        wrong += usize::from(!outcome.is_empty());
    }
    assert_eq!(wrong, 0, "of {} ways", ways.len());
}

/// Both nodes on the switch, with an observer of all that is said on it.
fn observed(plan: &Plan, style: Style) -> (Site, Real, Running, Running) {
    let site = Site::new(&["node1", "node2", "watch"]);
    let watching = watch(&site, plan);
    let real = Real::start(&site, &site.hosts[0], plan);
    let ours = start_ours(&site, &site.hosts[1], plan, style);
    (site, real, ours, watching)
}

/// hb-listen beside the nodes, which says nothing itself.
fn watch(site: &Site, plan: &Plan) -> Running {
    let directory = site.directory("watch");
    fs::create_dir_all(&directory).unwrap();
    put_keys(&directory, &plan.keys);
    let keys = directory.join("authkeys");
    let words = ["-k", keys.to_str().unwrap(), "-N", "watch", "-m", "bcast eth0"];
    let mut watching = site.hosts[2].start("hb-listen", &words);
    watching.wait_for("a tick", |line| line.starts_with("tick "));
    watching
}

fn on_the_switch(times: &'static str) -> Plan {
    Plan { times, media: "bcast eth0".to_owned(), keys: keys(1, &[SHA1]), haresources: "" }
}

/// Nothing was refused up to now.
fn nothing_refused(watching: &mut Running) {
    watching.look_for(Duration::from_millis(500), |_| false);
    assert!(!watching.transcript().contains("\n  bad "), "{}", watching.transcript());
}

#[test]
fn a_death_is_seen_on_both_sides_and_so_is_the_return() {
    need_heartbeat!();
    let plan = on_the_switch(QUICK);
    let (site, mut real, mut ours, mut watching) = observed(&plan, Style::Supervised);
    wait(&mut ours, "node1 active", is_node("active"));
    real.wait_for("nodestatus node2", "active");
    // What we say of ourselves beyond Heartbeat's fields is none of its business.
    wait(&mut watching, "all our fields", |line| {
        let ours = [" node2 ", " inc=", " grp=", " votes=", " echo=node1:", " cfg=", " st=active "];
        line.starts_with("msg ") && ours.iter().all(|field| line.contains(field))
    });
    assert_eq!(real.complaints(), [""; 0]);

    site.hosts[1].kill_all();
    real.wait_for("nodestatus node2", "dead");
    real.wait_for("hblinkstatus node2 eth0", "dead");
    real.wait_for_log("Shared disks are not protected.", 1);
    let of_a_death = ["node node2: is dead", "No STONITH device configured.", "Shared disks are not protected."];
    let is_only_a_death = |real: &Real| {
        let said = real.complaints();
        assert!(said.iter().all(|line| of_a_death.iter().any(|end| line.ends_with(end))), "{said:?}");
        assert_eq!(said.len(), of_a_death.len(), "{said:?}");
    };
    is_only_a_death(&real);
    let mut ours = begin_ours(&site, &site.hosts[1], &plan, Style::Supervised);
    wait(&mut ours, "node1 active", is_node("active"));
    real.wait_for("nodestatus node2", "active");
    real.wait_for_log("Heartbeat restart on node node2", 1);
    is_only_a_death(&real);

    real.kill();
    let dead = wait(&mut ours, "node1 dead", is_node("dead"));
    assert!(value(&dead, "silent").parse::<f64>().unwrap() >= 3.0, "{dead}");
    assert_eq!(value(&dead, "deadtime"), "3.0");
    real.begin();
    wait(&mut ours, "node1 back", |line| is_node("up")(line) || is_node("active")(line));
    real.wait_for("nodestatus node2", "active");
    real.wait_for("nodestatus node1", "active");
    is_only_a_death(&real);
    nothing_refused(&mut watching);
}

/// Hands datagrams on between the two nodes, and drops every tenth by chance, the
/// same ones in each run.
fn relay(from: &UdpSocket, is_lossy: &AtomicBool, ended: &AtomicBool) -> usize {
    let mut bytes = [0; 65_536];
    let (mut state, mut dropped): (u64, usize) = (0x5eed, 0);
    from.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    while !ended.load(Ordering::Relaxed) {
        let Ok((length, sender)) = from.recv_from(&mut bytes) else { continue };
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if is_lossy.load(Ordering::Relaxed) && (state >> 33) % 10 == 0 {
            dropped += 1;
            continue;
        }
        let to = if sender.ip().to_string() == "10.77.0.1" { "10.77.0.2:694" } else { "10.77.0.1:694" };
        let _ = from.send_to(&bytes[..length], to);
    }
    dropped
}

/// Says that it is over when the test is, however that ends.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn with_a_tenth_of_all_messages_lost_no_gap_remains_on_either_side() {
    need_heartbeat!();
    let site = Site::new(&["node1", "node2", "relay"]);
    let plan = Plan { media: "ucast eth0 10.77.0.3".to_owned(), ..on_the_switch(FAST) };
    let from = socket(&site.hosts[2], "10.77.0.3:694");
    let (is_lossy, ended) = (AtomicBool::new(true), AtomicBool::new(false));
    thread::scope(|scope| {
        let relaying = scope.spawn(|| relay(&from, &is_lossy, &ended));
        let over = End(&ended);
        let mut real = Real::start(&site, &site.hosts[0], &plan);
        let mut ours = start_ours(&site, &site.hosts[1], &plan, Style::Joined);
        wait(&mut ours, "node1 active", is_node("active"));
        real.wait_for("nodestatus node2", "active");
        let number = |line: &str| u64::from_str_radix(value(line, "seq"), 16).unwrap();
        let is_past = |line: &str| line.starts_with("msg ") && line.contains(" t=status ") && number(line) > 200;
        wait(&mut ours, "two hundred messages", is_past);
        is_lossy.store(false, Ordering::Relaxed);
        let last = wait(&mut ours, "one more", |line| line.starts_with("msg ") && line.contains(" t=status "));
        wait(&mut ours, "no gap here", |line| line.starts_with("whole ") && number(line) >= number(&last));
        let story = ours.transcript();
        assert!(story.contains(" open first="), "nothing was lost on the way to us: {story}");
        assert!(!story.contains(" lost first="), "{story}");
        assert!(!story.contains("\n  bad "), "{story}");
        // The real one says of each gap that it was there, and that it closed.
        let closed = |log: &str| log.rfind("No pkts missing from node2") > log.rfind("lost packet(s) for [node2]");
        let deadline = Instant::now() + LONG;
        while !closed(&real.log()) {
            assert!(Instant::now() < deadline, "{}", real.log());
            thread::sleep(Duration::from_millis(50));
        }
        let is_gap = |line: &String| line.contains(" lost packet(s) for [node2]");
        let (gaps, others): (Vec<String>, Vec<String>) = real.complaints().into_iter().partition(is_gap);
        assert!(!gaps.is_empty(), "nothing was lost on the way to the real one: {}", real.log());
        assert_eq!(others, [""; 0]);
        drop(over);
        assert!(relaying.join().unwrap() > 20);
    });
}

#[test]
fn an_observer_hears_the_whole_conversation_of_a_real_pair() {
    need_heartbeat!();
    let site = Site::new(&["node1", "node2", "watch"]);
    let plan = Plan { haresources: "node1 AudibleAlarm::none\n", ..on_the_switch(QUICK) };
    let directory = site.directory("watch");
    fs::create_dir_all(&directory).unwrap();
    put_keys(&directory, &plan.keys);
    let line = format!(
        "hb-listen -k {0}/authkeys -N watch -m 'bcast eth0' | tee {0}/heard | hb-judge -d 3 -N watch",
        directory.display()
    );
    let mut judging = site.hosts[2].start("sh", &["-c", &line]);
    wait(&mut judging, "ready", |line| line.starts_with("self "));
    let mut pair = [0, 1].map(|at| Real::start(&site, &site.hosts[at], &plan));
    pair[0].wait_for("nodestatus node2", "active");
    pair[1].wait_for("nodestatus node1", "active");
    pair[0].wait_for("rscstatus", "local");
    let (one, two) = (std::cell::Cell::new(false), std::cell::Cell::new(false));
    wait(&mut judging, "both active", |line| {
        one.set(one.get() || line.contains(" node1 active"));
        two.set(two.get() || line.contains(" node2 active"));
        one.get() && two.get()
    });
    pair[1].kill();
    wait(&mut judging, "node2 dead", |line| line.starts_with("node ") && line.contains(" node2 dead "));
    pair[1].begin();
    wait(&mut judging, "node2 back", |line| line.starts_with("node ") && line.contains(" node2 active"));

    let heard = fs::read_to_string(directory.join("heard")).unwrap();
    for node in ["node1", "node2"] {
        for kind in ["status", "reqnodes", "repnodes", "starting", "resource", "NS_ackmsg"] {
            let said = |line: &str| line.contains(&format!(" {node} ")) && line.contains(&format!(" t={kind} "));
            // Which of the two asks for the nodes first is theirs to settle.
            let is_certain = !matches!(kind, "reqnodes" | "repnodes");
            assert!(!is_certain || heard.lines().any(said), "no {kind} of {node}: {heard}");
        }
    }
    assert!(heard.contains(" t=reqnodes ") && heard.contains(" t=repnodes "), "{heard}");
    assert!(!heard.contains("\nbad ") && !heard.contains(" lost first="), "{heard}");
}

const OLD: &str = "1 sha1 the-key-of-the-laboratory-until-now";
const NEW: &str = "2 sha1 the-key-of-the-laboratory-from-now-on";

/// Puts a file of keys in the place of a node's, and waits until both of its
/// tools have read it.
fn rotate(node: &mut Running, directory: &std::path::Path, text: &str) {
    put_keys(directory, text);
    let read = format!(": {}/authkeys: read again", directory.display());
    let count = std::cell::Cell::new(0);
    node.wait_for_error(|line| {
        count.set(count.get() + usize::from(line.contains(&read)));
        count.get() == 2
    });
}

/// The numbers of a node's messages, in their order: each is there once.
pub fn every_number(story: &str, node: &str) {
    let is_of = |line: &&str| line.trim().starts_with("msg ") && line.contains(&format!(" {node} "));
    let numbers: Vec<u64> =
        story.lines().filter(is_of).filter(|line| line.contains(" seq=")).map(|line| hex(value(line, "seq"))).collect();
    assert!(numbers.len() > 10, "{numbers:?}");
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap()
}

#[test]
fn keys_are_changed_on_a_running_pair_without_a_missed_heartbeat() {
    crate::need_namespaces!();
    let site = Site::new(&["node1", "node2", "watch"]);
    let plan = Plan { keys: keys(1, &[OLD]), ..on_the_switch("keepalive 50ms\ndeadtime 10\n") };
    let mut nodes = [0, 1].map(|at| start_ours(&site, &site.hosts[at], &plan, Style::Joined));
    let places = ["node1", "node2"].map(|name| site.directory(name));
    for (node, peer) in nodes.iter_mut().zip(["node2", "node1"]) {
        wait(node, "the peer", |line| line.starts_with("node ") && line.contains(&format!(" {peer} active")));
    }
    let mut all = |text: &str| (0..2).for_each(|at| rotate(&mut nodes[at], &places[at], text));
    all(&keys(1, &[OLD, NEW]));
    all(&keys(2, &[OLD, NEW]));
    all(&keys(2, &[NEW]));
    for (at, peer) in [(0, "node2"), (1, "node1")] {
        wait(&mut nodes[at], "the new key", |line| {
            line.contains(&format!(" {peer} via=")) && line.contains(" key=2:sha1 ")
        });
        nodes[at].look_for(Duration::from_millis(500), |_| false);
        let story = nodes[at].transcript();
        assert!(story.contains(" key=1:sha1 "), "{story}");
        every_number(&story, peer);
        for word in ["bad ", "gap "] {
            assert!(!story.contains(&format!("\n  {word}")), "{story}");
        }
    }
    // A file that is wrong changes nothing.
    put_keys(&places[0], "auth 3\n");
    nodes[0].wait_for_error(|line| line.ends_with("the keys of before are used on"));
    wait(&mut nodes[1], "the same key", |line| line.contains(" node1 via=") && line.contains(" key=2:sha1 "));
}

#[test]
fn keys_are_changed_beside_a_real_node_while_we_send_text() {
    need_heartbeat!();
    let plan = Plan { keys: keys(1, &[OLD]), ..on_the_switch(PATIENT) };
    let (site, mut real, mut ours, _watching) = observed(&plan, Style::JoinedClassic);
    wait(&mut ours, "node1 active", is_node("active"));
    real.wait_for("nodestatus node2", "active");
    let place = site.directory("node2");
    let both = keys(1, &[OLD, NEW]);
    real.rotate(&both);
    rotate(&mut ours, &place, &both);
    rotate(&mut ours, &place, &keys(2, &[OLD, NEW]));
    // For seconds the two send with different keys, and hear each other.
    for _ in 0..10 {
        wait(&mut ours, "the old key", |line| line.contains(" node1 via=") && line.contains(" key=1:sha1 t=status "));
    }
    assert_eq!(real.run("cl_status nodestatus node2").1.trim(), "active");
    real.rotate(&keys(2, &[OLD, NEW]));
    let is_new = |line: &str| line.contains(" node1 via=") && line.contains(" key=2:sha1 ");
    assert!(ours.look_for(LONG, is_new).is_some(), "the real node goes on with the old key:\n{}", real.log());
    rotate(&mut ours, &place, &keys(2, &[NEW]));
    real.rotate(&keys(2, &[NEW]));
    wait(&mut ours, "an acknowledgement", |line| line.contains(" t=NS_ackmsg ") && line.contains(" dest=node2 "));
    assert_eq!(real.complaints(), [""; 0]);
    let story = ours.transcript();
    every_number(&story, "node1");
    assert!(!story.contains("\n  bad "), "{story}");
}

#[test]
fn what_migrate_prints_is_the_same_file_for_a_real_node() {
    need_heartbeat!();
    let site = Site::new(&["node1"]);
    let media = "# Of a tutorial\r\ndebugfile /var/log/ha-debug\n\tudpport  694\nbcast\teth0 # clients\nping 10.77.0.9\n\
        respawn hacluster /usr/libexec/heartbeat/ipfail\napiauth ipfail gid=haclient uid=hacluster\n";
    let plan = Plan {
        times: QUICK,
        media: media.to_owned(),
        keys: keys(1, &[SHA1]),
        haresources: "node1 10.77.0.100/24/eth0\n",
    };
    let mut real = Real::start(&site, &site.hosts[0], &plan);
    let directory = real.directory.join("ha.d");
    let said = run("hb-config", &["-C", directory.to_str().unwrap(), "-N", "node1", "migrate"], b"");
    assert_eq!((said.code(), said.err.as_str()), (0, ""), "{}", said.out);
    assert!(said.out.matches("\n# hbkit: ").count() > 4, "{}", said.out);
    let values = |real: &mut Real| {
        real.wait_for("nodestatus node1", "active");
        let names = "keepalive deadtime warntime initdead udpport auto_failback deadping debugfile";
        let each = format!("for name in {names}; do echo \"$name $(cl_status hbparameter -p $name)\"; done");
        real.run(&format!("cl_status listnodes; cl_status listhblinks node1; {each}")).1
    };
    let before = values(&mut real);
    assert!(before.contains("10.77.0.9") && before.contains("keepalive 200ms"), "{before}");
    real.kill();
    fs::write(directory.join("ha.cf"), &said.out).unwrap();
    real.begin();
    let after = values(&mut real);
    assert_eq!(after, before);
}

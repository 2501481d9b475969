use super::*;

const NOW: Time = Time::from_micros(100_500_000);

const WELL: &str = "status 100.4 keeper n1 boot=b1 version=0\n\
    status 100.0 self n1 state=ready since=1.0 every=0.25\n\
    status 100.0 node n1 state=own reach=1.0.0\n\
    status 100.0 node n2 state=active since=40.0 config=same version=same reach=1.0.0 rtt=0.612\n\
    status 100.0 link n2/bcast:eth1 state=up since=40.0 loss=0.0000 of=120\n\
    status 100.0 link n2/ucast:eth0 state=up since=40.0 loss=0.0312 of=120 behind=0.100\n\
    status 100.0 group web node=n1 state=started since=50.0 epoch=3\n\
    status 100.0 group web node=n2 state=stopped since=50.0 epoch=3\n\
    status 100.0 lease web until=110.0 taken=108.0\n\
    status 100.0 vote web node=n2 holder=n1\n\
    status 100.0 node gw state=ping since=40.0 type=ping\n\
    status 100.0 ping gw state=up since=40.0 rtt=0.3 loss=0/9\n";

fn present() -> Present<'static> {
    Present { now: NOW, boot: "b1", is_supervised: true }
}

fn with(from: &str, to: &str) -> String {
    assert!(WELL.contains(from), "{from}");
    WELL.replace(from, to)
}

fn found(text: &str) -> Vec<(Level, String)> {
    let findings = Picture::read(text).findings(NOW);
    findings.into_iter().map(|finding| (finding.level, finding.text)).collect()
}

#[test]
fn what_is_fresh_is_believed() {
    assert_eq!(Picture::read(WELL).check(present()), Ok(()));
    assert_eq!(found(WELL), []);
}

#[test]
fn what_may_no_longer_be_true_is_not() {
    let seconds = Duration::from_secs;
    let check = |text: &str, present: Present<'_>| Picture::read(text).check(present).unwrap_err();
    let at = |micros: u64| Time::from_micros(micros);
    let dead = Dark::NotRunning(Some(at(100_400_000)));
    assert_eq!(check(WELL, Present { is_supervised: false, ..present() }), dead);
    // Of another boot not even the time means anything.
    assert_eq!(check(WELL, Present { boot: "b2", ..present() }), Dark::NotRunning(None));
    assert_eq!(check("", present()), Dark::NotRunning(None));
    // Three seconds, and two ticks.
    let late = |micros: u64| Present { now: at(micros), ..present() };
    assert_eq!(Picture::read(WELL).check(late(103_500_000)), Ok(()));
    assert_eq!(check(WELL, late(104_000_000)), Dark::NoKeeper(Duration::from_millis(3_600)));
    let written = with("status 100.4 keeper", "status 104.0 keeper");
    assert_eq!(check(&written, late(104_000_000)), Dark::NoTick(seconds(4)));
    // A keepalive of half a minute ticks that seldom.
    let slow = with("every=0.25", "every=7.5");
    assert_eq!(Picture::read(&slow).check(late(107_000_000)), Ok(()));
    // Its addresses ended with the lease.
    let over = with("taken=108.0", "taken=100.4");
    assert_eq!(check(&over, present()), Dark::LeaseOver("web".to_owned(), Duration::from_millis(100)));
    // That of a group that it does not serve matters to nobody.
    let elsewhere = over.replace("node=n1 state=started", "node=n1 state=stopped");
    assert_eq!(Picture::read(&elsewhere).check(present()), Ok(()));
}

#[test]
fn a_group_that_nobody_serves_or_two_is_critical() {
    let nobody = with("node=n1 state=started", "node=n1 state=stopped")
        + "status 100.0 reason web verb=wait since=9.0 text=n2%20comes%20first\n";
    assert_eq!(found(&nobody), [(Level::Critical, "nobody serves web: n2 comes first".to_owned())]);
    let two = with("node=n2 state=stopped", "node=n2 state=started");
    assert_eq!(found(&two), [(Level::Critical, "web is served by n1 and n2".to_owned())]);
    let moving = with("node=n1 state=started", "node=n1 state=stopping");
    assert_eq!(found(&moving), [(Level::Warning, "web is stopping on n1".to_owned())]);
}

#[test]
fn everything_else_is_a_warning() {
    let cases = [
        (with("node=n2 state=stopped", "node=n2 state=failed"), "web has failed on n2"),
        (with("node n2 state=active", "node n2 state=dead"), "n2 is dead"),
        (with("node n2 state=active", "node n2 state=late"), "n2 is late"),
        (with("node n2 state=active", "node n2 state=init"), "n2 was not heard yet"),
        (with("config=same", "config=differs"), "n2 has another configuration"),
        (with("version=same", "version=differs"), "n2 has another version"),
        (with("rtt=0.612", "hears=no"), "n2 does not hear this node"),
        (with("rtt=0.612", "maintenance=160.5"), "n2 is in maintenance for 1 min more"),
        (with("bcast:eth1 state=up", "bcast:eth1 state=dead"), "n2/bcast:eth1 is dead"),
        (
            with("state=up since=40.0 loss=0.0000", "state=oneway direction=in since=40.0"),
            "n2/bcast:eth1 works one way: the other node does not hear us",
        ),
        (with("loss=0.0312", "loss=0.2500"), "n2/ucast:eth0 loses 25 %"),
        (with("node gw state=ping", "node gw state=dead"), "gw does not answer"),
        (with("node gw state=ping", "node gw state=unknown"), "gw cannot be asked"),
        (
            with("self n1 state=ready", "self n1 state=stalled gap=3.1"),
            "this node was paused for 3.1 s, and listens first",
        ),
        (WELL.to_owned() + "status 100.0 alarm n2 verb=alarm since=1.0 text=it%20lives\n", "n2: it lives"),
        (WELL.to_owned() + "status 100.0 unkept n1 n=9\n", "9 records were not kept"),
        (
            WELL.to_owned() + "status 100.0 carrier web state=down since=9.0 reason=eth0%20is%20down\n",
            "web has no carrier here: eth0 is down",
        ),
        (
            WELL.to_owned() + "status 100.0 monitor web state=restart since=9.0 name=apache n=1 of=3\n",
            "web: apache has failed, and is started again, 1 of 3",
        ),
        (
            WELL.to_owned() + "status 100.0 monitor web state=unknown since=9.0 name=apache reason=busy\n",
            "web: apache cannot be asked: busy",
        ),
        (
            WELL.to_owned() + "status 100.0 monitor web state=given-up since=9.0 name=apache\n",
            "web: apache has failed, and has no restarts left",
        ),
        (
            WELL.to_owned() + "status 100.0 respawn ipfail state=failed since=9.0 reason=no%20such%20file\n",
            "ipfail: it could not be started: no such file",
        ),
        (
            WELL.to_owned() + "status 100.0 watchdog /dev/watchdog state=failed since=9.0 reason=busy\n",
            "/dev/watchdog: failed busy",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(found(&text), [(Level::Warning, wanted.to_owned())]);
    }
    // A loss of one in three messages means nothing.
    assert_eq!(found(&with("loss=0.0312 of=120", "loss=0.3333 of=3")), []);
    assert_eq!(found(&with("rtt=0.612", "maintenance=60.5")), []);
}

#[test]
fn what_is_not_known_is_no_metric() {
    let text = with("config=same", "config=unknown") + "status 100.0 carrier web state=down since=9.0\n";
    let text = metrics(&Picture::read(&text), NOW);
    assert!(!text.contains("node_config_same"), "{text}");
    assert!(text.contains("\nhbkit_carrier_up{group=\"web\"} 0\n"), "{text}");
}

#[test]
fn a_frame_neither_wraps_nor_scrolls() {
    let text = frame("first\n\nlast\n");
    assert_eq!(text, "\x1b[?7l\x1b[H\x1b[2J\x1b[1;1H\x1b[2Kfirst\x1b[2;1H\x1b[2K\x1b[3;1H\x1b[2Klast\x1b[?7h\x1b[4;1H");
    assert!(!frame("").contains('\n'));
}

#[test]
fn one_screen_says_it_all() {
    let text = WELL.to_owned()
        + "status 100.0 watchdog /dev/watchdog state=armed since=9.0 timeout=10\nstatus 100.0 bad auth n=3\n\
           status 100.0 carrier web state=up since=9.0\n";
    let conf = crate::ha_cf::parse("ha.cf", b"node n1 n2 n3\nbcast eth0\nquorum majority\n").0;
    let text = text.clone() + &policy(&conf, &text);
    let picture = Picture::read(&text);
    let wall = crate::wall::Wall::behind(1_795_284_208_500_000);
    assert_eq!(
        screen(&picture, &picture.findings(NOW), NOW, &wall),
        "n1  OK  2026-11-21 18:05:09 UTC  quorum majority of 3, dialect hbkit\n\n\
         GROUP  SERVED BY  FOR     LEASE  VOTES\n\
         web    n1         50.5 s  9.5 s  n2 for n1\n\n\
         NODE  STATE      FOR    ROUND TRIP  PINGS   CONFIGURATION\n\
         n1    this node  -      -           1 of 1  -\n\
         n2    active     1 min  0.6 ms      1 of 1  same\n\n\
         LINK           STATE  FOR    LOSS   BEHIND\n\
         n2/bcast:eth1  up     1 min  0.0 %  -\n\
         n2/ucast:eth0  up     1 min  3.1 %  0.1 ms\n\n\
         PING TARGET  STATE    FOR    ROUND TRIP  LOSS  GROUP\n\
         gw           answers  1 min  0.3 ms      0/9   -\n\n\
         watchdog /dev/watchdog  armed   timeout 10\n\
         carrier web here        up\n\
         refused datagrams       auth 3\n"
    );
    assert_eq!(line(&picture, &[]), "HBKIT OK - web on n1");
}

#[test]
fn text_of_others_cannot_leave_its_place() {
    let text = with("node=n1 state=started", "node=n1 state=stopped")
        + "status 100.0 reason web verb=wait since=9.0 text=a|b%22%0Ac\n\
           status 100.0 ping a%22b%5Cc%0Ad state=up since=1.0 rtt=NaN\n\
           status 100.0 node \x1b[2J state=\x1b[31m since=1.0 config=\u{9b}0m\n";
    let picture = Picture::read(&text);
    let screen = screen(&picture, &picture.findings(NOW), NOW, &crate::wall::Wall::behind(0));
    assert!(!screen.lines().any(|line| line.contains(char::is_control)), "{screen:?}");
    let said = line(&picture, &picture.findings(NOW));
    assert!(!said.contains('\x1b'), "{said:?}");
    assert!(!said.contains('|') && !said.contains('\n'), "{said}");
    let metrics = metrics(&picture, NOW);
    assert!(metrics.contains("hbkit_ping_up{target=\"a\\\"b\\\\c\\nd\"} 1\n"), "{metrics}");
    assert!(!metrics.contains("NaN"));
}

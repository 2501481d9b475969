use super::*;

fn record(line: &str) -> Record<'_> {
    Record::parse(line.as_bytes()).expect(line)
}

#[test]
fn every_kind_is_a_sentence_about_its_subject() {
    let cases = [
        ("node 9.0 node2 dead silent=10.2 deadtime=10", "node2: dead, silent for 10.2 s"),
        ("node 9.0 node2 active silent=4 restart=1", "node2: active, newly started"),
        ("node 9.0 node2 active partition=1", "node2: active, was cut off and not down"),
        ("node 9.0 node2 active hears=no", "node2: active, does not hear this node"),
        ("node 9.0 node2 init", "node2: not heard yet"),
        ("node 9.0 gw dead type=ping silent=3.0", "gw: this ping node does not answer, silent for 3.0 s"),
        ("node 9.0 gw ping type=ping", "gw: this ping node answers"),
        ("node 9.0 gw unknown type=ping reason=no%20route", "gw: this ping node cannot be asked: no route"),
        ("link 9.0 node2/bcast:eth1 up", "node2/bcast:eth1: up"),
        ("link 9.0 node2/bcast:eth1 oneway direction=in", "node2/bcast:eth1: one way: heard here, and not there"),
        ("self 9.0 ready", "this node begins to judge"),
        ("self 9.0 stalled gap=3.1", "this node did not listen for 3.1 s, and trusts no silence"),
        ("self 9.0 ready gap=3.1 listened=10", "this node trusts what it hears again"),
        ("do 9.0 start web until=18.95 epoch=4", "web: it is to start here, leased for 9.9 s"),
        ("do 9.0 stop web", "web: it is to stop here"),
        ("do 9.0 exit", "this node has released everything and ends"),
        ("why 9.0 web start node2 is dead 50%25", "web: start: node2 is dead 50%"),
        ("group 9.0 web started node=node2 epoch=1", "web: started on node2"),
        ("group 9.0 web stopped", "web: the scripts say stopped"),
        ("peer 9.0 node2 config=differs version=same", "node2: its configuration: differs, its version: same"),
        ("ping 9.0 192.0.2.1 up rtt=0.3 loss=0/4", "192.0.2.1: answers in 0.3 ms"),
        ("ask 9.0 standby web force=1", "a person asks: standby web force=1"),
        ("fence 9.0 node2 done", "node2: fencing: done"),
        ("hold 9.0 192.0.2.8 ended group=web reason=not%20renewed", "192.0.2.8: ended: not renewed"),
        (
            "hold 9.0 192.0.2.8 left group=web until=12.0 reason=asked%20to%20end",
            "192.0.2.8: left to the kernel until its lease ends: asked to end",
        ),
        (
            "bad 9.0 auth n=3 via=bcast:eth1 peer=192.0.2.9:694",
            "3 datagrams were refused: auth, from 192.0.2.9:694 by bcast:eth1",
        ),
        (
            "conflict 9.0 192.0.2.8 mac=02:00:00:00:00:01 iface=eth0",
            "192.0.2.8: a frame on eth0 claims it for 02:00:00:00:00:01",
        ),
        ("unkept 9.0 n=12 since=4.0 reason=slow", "12 records of 5 s were not kept: slow"),
    ];
    for (line, text) in cases {
        assert_eq!(sentence(&record(line)), text, "{line}");
    }
}

#[test]
fn what_stands_beside_the_pipeline_is_a_sentence_too() {
    let cases = [
        (
            "resource 9.0 web failed name=IPaddr::10.0.0.1 status=1",
            "web: IPaddr::10.0.0.1: the script says failed (status 1)",
        ),
        ("monitor 9.0 web failed name=apache status=3", "web: apache: it was found failed (status 3)"),
        ("monitor 9.0 web restart name=apache n=1 of=3", "web: apache: it is started again, 1 of 3"),
        ("monitor 9.0 web running", "web: all of it runs again"),
        ("carrier 9.0 web down reason=eth0%20is%20down", "web: it has no carrier here: eth0 is down"),
        ("maintenance 9.0 on", "a node is in maintenance"),
        (
            "watchdog 9.0 /dev/watchdog armed timeout=10.0",
            "/dev/watchdog: armed: this machine is reset, after 10.0 s without a pulse",
        ),
        ("watchdog 9.0 /dev/watchdog failed reason=busy", "/dev/watchdog: it failed: busy"),
        (
            "respawn 9.0 ipfail ended signal=9 again=1.0",
            "ipfail: this program has ended by signal 9, and is started again in 1.0 s",
        ),
        ("config 9.0 deadping=5.0 digest=ab", "another configuration: deadping 5.0, digest ab"),
        ("dropped 9.0 n=12 since=4.0", "12 records of 5 s are missing here, which were not read in time"),
        ("late 9.0 t=status until=8.5 by=0.5", "a heartbeat of this node was 0.5 s too late, and was not sent"),
        ("ping-group 9.0 routers down up=0 need=1", "routers: this group of targets is down: 0 answer, 1 must"),
        ("thing 9.0 what=a%20b", "thing what=a b"),
    ];
    for (line, text) in cases {
        assert_eq!(sentence(&record(line)), text, "{line}");
    }
}

#[test]
fn what_lacks_everything_is_a_sentence_too() {
    for kind in [
        "node", "link", "self", "do", "why", "group", "peer", "ping", "ask", "fence", "hold", "bad", "conflict",
        "unkept", "wall", "x",
    ] {
        assert!(!sentence(&record(&format!("{kind} 1.0"))).is_empty());
        let hostile =
            sentence(&record(&format!("{kind} 1.0 \x1b[2J \x07 a=\u{9b}31m reason=\r gap=\x1b[H silent=\x1b")));
        assert!(!hostile.contains(char::is_control), "{hostile:?}");
    }
}

/// Kinds of hb-records(5) that are no sentence, and why.
const WITHOUT: [(&str, &str); 16] = [
    ("tick", "goes on all the time"),
    ("msg", "goes on all the time"),
    ("dup", "goes on all the time"),
    ("gap", "goes on all the time where something is lost"),
    ("whole", "goes on all the time"),
    ("sent", "goes on all the time"),
    ("again", "goes on all the time where something is lost"),
    ("said", "goes on all the time"),
    ("held", "goes on all the time"),
    ("pulse", "goes on all the time, and is handed to hb-watchdog alone"),
    ("attended", "an answer of hb-monitor to hb-supervise alone"),
    ("interval", "a report of hb-judge --suggest, which is read as it stands"),
    ("suggest", "a report of hb-judge --suggest, which is read as it stands"),
    ("ping-summary", "a report of ping-probe, which is read as it stands"),
    ("address", "the answer of send-arp to who called it"),
    ("life", "stands in a file of hb-send alone"),
];

/// The records of hb-records(5): kind, and the words that may stand behind subject.
fn documented() -> Vec<(String, Vec<String>)> {
    let page = include_str!("../../man/hb-records.5");
    let page = page.split(".Ss Announcements").next().expect("a page");
    // What stands in a file of hb-decide alone goes through no pipe.
    let sections = page.split(".Ss ").filter(|section| !section.starts_with("The file of hb-decide"));
    let page = sections.collect::<String>();
    let heads = page.lines().filter_map(|line| line.strip_prefix(".It Ic "));
    let kinds = heads.filter_map(|head| {
        let words: Vec<&str> = head.split(' ').filter(|word| !matches!(*word, "Ar" | "Ic" | "Op" | "Ns")).collect();
        let (kind, rest) = words.split_first()?;
        (rest.first() == Some(&"T")).then(|| {
            let states = rest.iter().find(|word| word.contains('|')).map(|word| word.split('|'));
            let states = states.into_iter().flatten().map(str::to_owned);
            ((*kind).to_owned(), states.collect())
        })
    });
    kinds.collect()
}

#[test]
fn every_kind_and_state_of_the_manual_is_a_sentence_or_has_a_reason() {
    let documented = documented();
    assert!(documented.len() > 40, "{documented:?}");
    let excused = |kind: &str| WITHOUT.iter().any(|(other, _)| *other == kind);
    for (kind, states) in documented.iter().filter(|(kind, _)| !excused(kind) && kind != "status") {
        let states = if states.is_empty() { vec!["word".to_owned()] } else { states.clone() };
        let mut told = std::collections::BTreeSet::new();
        for state in &states {
            // The state of some is their first word.
            let place = match kind.as_str() {
                "do" | "self" | "maintenance" | "ask" => format!("{state} web"),
                _ => format!("web {state}"),
            };
            let text = format!("{kind} 9.0 {place} name=a");
            let sentence = sentence(&record(&text));
            assert!(!sentence.starts_with(&format!("{kind} ")), "{text}: no sentence but {sentence}");
            assert!(told.insert(sentence), "{text}: told as another state");
        }
    }
    let known = |kind: &str| documented.iter().any(|(other, _)| other == kind);
    let idle: Vec<&str> = WITHOUT.iter().map(|(kind, _)| *kind).filter(|kind| !known(kind)).collect();
    assert!(idle.is_empty(), "not in hb-records(5): {idle:?}");
    for (kind, _) in WITHOUT.iter().filter(|(_, why)| why.contains("all the time")) {
        assert!(!Sieve::default().tells(&record(&format!("{kind} 9.0 n2 open"))), "{kind} is told");
    }
}

#[test]
fn what_goes_on_all_the_time_tells_nothing() {
    let mut sieve = Sieve::default();
    for line in ["tick 1.0", "msg 1.0 n2 t=status", "do 1.0 renew web until=2.0", "said 1.0 t=status", "sent 1.0 seq=1"]
    {
        assert!(!sieve.tells(&record(line)), "{line}");
    }
    // Said again to a hb-decide that has taken the place of another.
    for line in ["node 1.0 n2 dead again=1", "link 1.0 n2/bcast:eth1 up again=1", "self 1.0 ready again=1"] {
        assert!(!sieve.tells(&record(line)), "{line}");
    }
    for line in
        ["why 1.0 web wait x", "do 1.0 start web", "node 1.0 n2 dead", "group 1.0 web started", "ask 1.0 standby"]
    {
        assert!(sieve.tells(&record(line)) && sieve.tells(&record(line)), "{line}");
    }
}

#[test]
fn of_what_is_repeated_the_changes_tell() {
    let mut sieve = Sieve::default();
    let told: Vec<bool> = ["up", "up", "down", "down", "up"]
        .map(|state| sieve.tells(&record(&format!("ping 1.0 gw {state} rtt=1"))))
        .into();
    assert_eq!(told, [true, false, true, false, true]);
    assert!(sieve.tells(&record("new 1.0 thing here")) && !sieve.tells(&record("new 2.0 thing here")));
    let mut told = |line: &str| sieve.tells(&record(line));
    assert!(told("resource 1.0 web running name=a") && told("resource 1.0 web running name=b"));
    assert!(!told("resource 2.0 web running name=a") && told("resource 3.0 web failed name=b"));
    assert!(told("config 1.0 deadping=5") && told("config 2.0 deadping=6"));
    assert!(told("bad 1.0 auth n=3") && !told("bad 2.0 auth n=99") && told("bad 3.0 replay n=1"));
    assert!(told("bad 601.0 auth n=3") && !told("bad 602.0 auth n=3"));
}

#[test]
fn subjects_without_end_take_no_memory_without_end() {
    let mut sieve = Sieve::default();
    for number in 0..10_000 {
        assert!(sieve.tells(&record(&format!("ping 1.0 t{number} up"))));
    }
    assert_eq!(sieve.last.len(), SUBJECTS);
}

#[test]
fn what_is_wanted_is_found_by_group_and_node() {
    let of = |group: Option<&str>, node: Option<&str>| Wanted {
        group: group.map(str::to_owned),
        node: node.map(str::to_owned),
    };
    let web = of(Some("web"), None);
    for line in [
        "why 1.0 web wait x",
        "do 1.0 start web",
        "group 1.0 web started",
        "ask 1.0 standby all",
        "ask 1.0 standby web",
        "hold 1.0 192.0.2.8 held group=web",
    ] {
        assert!(web.wants(&record(line)), "{line}");
    }
    for line in ["why 1.0 db web x", "do 1.0 start db", "ask 1.0 standby db", "node 1.0 n2 dead"] {
        assert!(!web.wants(&record(line)), "{line}");
    }
    let node = of(None, Some("n2"));
    assert!(node.wants(&record("link 1.0 n2/bcast:eth1 up")) && node.wants(&record("group 1.0 web started node=n2")));
    assert!(!node.wants(&record("link 1.0 n20/bcast:eth1 up")) && !node.wants(&record("node 1.0 n20 dead")));
    assert!(!of(Some("web"), Some("n2")).wants(&record("group 1.0 web started node=n1")));
    assert!(Wanted::default().wants(&record("tick 1.0")));
}

#[test]
fn conclusions_are_told_from_what_was_read() {
    for line in
        ["node 1.0 n2 dead", "do 1.0 stop web", "group 1.0 web started node=n1", "said 1.0 t=status", "wall 1.0 unix=5"]
    {
        assert!(is_conclusion(&record(line)), "{line}");
    }
    for line in [
        "tick 1.0",
        "msg 1.0 n2",
        "group 1.0 web started",
        "ask 1.0 standby",
        "sent 1.0",
        "fence 1.0 n2 done",
        "ping 1.0 gw up",
    ] {
        assert!(!is_conclusion(&record(line)), "{line}");
    }
}

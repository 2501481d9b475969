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
            "bad 9.0 auth n=3 via=bcast:eth1 peer=192.0.2.9:694",
            "3 datagrams were refused: auth, from 192.0.2.9:694 by bcast:eth1",
        ),
        (
            "conflict 9.0 192.0.2.8 mac=02:00:00:00:00:01 iface=eth0",
            "192.0.2.8: a frame on eth0 claims it for 02:00:00:00:00:01",
        ),
        ("unkept 9.0 n=12 since=4.0 reason=slow", "12 records of 5 s were not kept: slow"),
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

#[test]
fn what_goes_on_all_the_time_tells_nothing() {
    let mut sieve = Sieve::default();
    for line in ["tick 1.0", "msg 1.0 n2 t=status", "do 1.0 renew web until=2.0", "said 1.0 t=status", "sent 1.0 seq=1"]
    {
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

use super::*;

fn settings() -> Settings {
    let secs = Duration::from_secs;
    Settings {
        own: Some("n1".to_owned()),
        peers: vec!["n2".to_owned()],
        links: Vec::new(),
        ping: Vec::new(),
        warntime: secs(5),
        deadtime: secs(10),
        initdead: secs(20),
        deadping: secs(10),
    }
}

fn feed(judge: &mut Judge, line: &str) -> Result<Vec<String>, Strange> {
    let mut verdicts = Vec::new();
    judge.record(&Record::parse(line.as_bytes()).unwrap(), &mut verdicts)?;
    Ok(verdicts.into_iter().map(Line::finish).collect())
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut judge = Judge::new(settings());
    feed(&mut judge, "tick 10.0").unwrap();
    let before = format!("{judge:?}");
    for (line, why) in [
        ("tick 9.0", Strange::TickBackwards),
        ("msg 10.0", Strange::Incomplete),
        ("msg 10.0 n2 t=status", Strange::Incomplete),
        ("ping 10.0 gw", Strange::Incomplete),
        ("ping 10.0 gw sideways", Strange::Incomplete),
        ("ping 10.0 gw sideways group=wan", Strange::Incomplete),
    ] {
        assert_eq!(feed(&mut judge, line), Err(why), "{line}");
        assert_eq!(format!("{judge:?}"), before, "{line}");
    }
    assert_eq!(feed(&mut judge, "tick 10.1"), Ok(vec![]));
}

#[test]
fn peers_cannot_make_it_grow_without_end() {
    let mut judge = Judge::new(settings());
    feed(&mut judge, "tick 1.0").unwrap();
    let refused = (0..5000)
        .filter(|n| feed(&mut judge, &format!("msg 1.0 x{n} via=bcast:eth{n} t=status st=active")).is_err())
        .count();
    // One place belongs to the peer that is expected.
    assert_eq!(refused, 5000 - (MANY - 1));
    let (nodes, links) = judge.roster.sizes();
    assert!(nodes <= MANY && links <= MANY);
}

#[test]
fn a_stamp_from_the_future_does_not_hide_a_death() {
    let mut judge = Judge::new(settings());
    feed(&mut judge, "tick 1.0").unwrap();
    feed(&mut judge, "msg 900.0 n2 via=bcast:eth1 t=status st=active seq=1 hg=1").unwrap();
    let mut verdicts = Vec::new();
    for tick in 1..=14 {
        verdicts.extend(feed(&mut judge, &format!("tick {tick}.5")).unwrap());
    }
    assert!(verdicts.iter().any(|line| line.contains("n2 dead")), "{verdicts:?}");
}

//! ha.cf: bounded, and the same however its lines end; without an error all values
//! can be worked with.
#![no_main]

use hbkit::ha_cf::{self, MEDIA_MAX, NODES_MAX, PING_MAX};
use hbkit::medium::Medium;
use hbkit::problem::MAX;
use hbkit_fuzz::bounded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (conf, problems) = bounded(96 * data.len() + (1 << 18), || ha_cf::parse("ha.cf", data));
    assert!(conf.node.len() <= NODES_MAX && conf.media.len() <= MEDIA_MAX && conf.ping.len() <= PING_MAX);
    assert!(problems.iter().count() <= 2 * MAX);
    for line in problems.lines() {
        assert!(line.starts_with("ha.cf:") && !line.contains(char::is_control), "{line:?}");
        assert!(line.len() < 1024, "{line:?}");
    }
    assert_eq!(conf.media_with_lines().count(), conf.media.len());

    let unix = |bytes: &[u8]| !bytes.contains(&b'\r') && !bytes.contains(&0);
    if unix(data) && !data.ends_with(b"\n\n") {
        let windows: Vec<u8> = data
            .iter()
            .flat_map(|b| if *b == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(b) })
            .copied()
            .collect();
        let (same, others) = ha_cf::parse("ha.cf", &windows);
        assert_eq!(same, conf, "lines that end in CR LF mean something else");
        assert_eq!(others.has_errors(), problems.has_errors());
    }
    if problems.has_errors() {
        return;
    }
    assert!(!conf.node.is_empty() && !conf.media.is_empty());
    assert!(!conf.keepalive.is_zero() && conf.deadtime > conf.keepalive * 2 && conf.deadping > conf.keepalive * 2);
    assert!(conf.initdead >= conf.deadtime && !conf.warntime.is_zero());
    assert!(conf.node.iter().all(|node| hbkit::name::node(node).as_ref() == Ok(node)));
    for (_, medium) in conf.media_with_lines() {
        let text = medium.words();
        let words: Vec<&str> = text.split(' ').collect();
        let again = Medium::from_words(&words, conf.udpport, conf.baud).expect("a medium can be written");
        assert_eq!(again.words(), text);
    }
    assert!(conf.fence.iter().all(|fence| conf.node.contains(&fence.node) && conf.can_fence(&fence.node)));
    let (again, none) = ha_cf::parse("ha.cf", &[data, b"\n# a comment\n"].concat());
    assert!(again == conf && !none.has_errors(), "a comment changes something");
});

use zeroize::Zeroizing;

use super::*;
use crate::auth::Method;
use crate::message::MAX_BYTES;
use crate::{classic, netstring};

fn ring(method: Method) -> KeyRing {
    KeyRing::new(2, vec![Key::new(2, method, &Zeroizing::new(b"secret".to_vec())).unwrap()]).unwrap()
}

fn hearing() -> Hearing {
    Hearing {
        ring: ring(Method::Sha1),
        is_crc_allowed: false,
        node: "node1".into(),
        peers: None,
        memory: Memory::new(),
        gaps: Gaps::new(),
    }
}

fn message(node: &str, sequence: u64, hg: u64) -> Message<'static> {
    let mut message = Message::new();
    message.push("t", "status");
    message.push("st", "active");
    message.push("src", node.to_owned());
    message.push_binary("srcuuid", *b"0123456789abc\0e ");
    message.push("seq", format!("{sequence:x}"));
    message.push("hg", format!("{hg:x}"));
    message.push("ts", "6b01");
    message.push("via", "lies");
    message
}

fn signed(node: &str, sequence: u64) -> Vec<u8> {
    netstring::encode(&message(node, sequence, 7), ring(Method::Sha1).signing())
}

fn arrived(bytes: &[u8], medium: usize) -> Arrived<'_> {
    Arrived {
        time: Time::from_micros(1_500_000),
        medium,
        link: if medium == 0 { "bcast:eth1" } else { "ucast:eth0" },
        is_network: true,
        peer: Some("192.0.2.2:694".parse().unwrap()),
        is_cut: false,
        bytes,
    }
}

fn hear(hearing: &mut Hearing, bytes: &[u8], medium: usize) -> String {
    match hearing.hear(&arrived(bytes, medium), |_| false) {
        Heard::Record(line) => line.finish(),
        Heard::Refused(reason) => reason.to_string(),
        Heard::Echo => "echo".into(),
        Heard::Again => "again".into(),
    }
}

#[test]
fn a_message_becomes_a_record_and_its_copy_another() {
    let mut hearing = hearing();
    let bytes = signed("node2", 0x1f);
    assert_eq!(
        hear(&mut hearing, &bytes, 0),
        "msg 1.500000 node2 via=bcast:eth1 peer=192.0.2.2:694 key=2:sha1 t=status st=active \
         srcuuid=0123456789abc%00e%20 seq=1f hg=7 ts=6b01"
    );
    assert_eq!(hear(&mut hearing, &bytes, 1), "dup 1.500000 node2 via=ucast:eth0 seq=1f hg=7");
    assert_eq!(hear(&mut hearing, &bytes, 0), "replay");
}

#[test]
fn the_classic_format_is_heard_as_well() {
    let bytes = classic::encode(&message("node2", 1, 7), ring(Method::Sha1).signing()).unwrap();
    assert!(hear(&mut hearing(), &bytes, 0).starts_with("msg 1.500000 node2 "));
}

#[test]
fn what_is_refused_is_not_remembered() {
    let mut hearing = hearing();
    let mut forged = signed("node2", 5);
    let last = forged.len() - 2;
    forged[last] ^= 1;
    assert_eq!(hear(&mut hearing, &forged, 0), "auth");
    assert!(hear(&mut hearing, &signed("node2", 5), 0).starts_with("msg "));
}

#[test]
fn a_crc_is_refused_on_a_network_and_believed_on_a_private_wire() {
    let bytes = netstring::encode(&message("node2", 1, 7), ring(Method::Crc).signing());
    let mut listening = Hearing { ring: ring(Method::Crc), ..hearing() };
    assert_eq!(hear(&mut listening, &bytes, 0), "auth");
    let wire = Arrived { is_network: false, peer: None, ..arrived(&bytes, 0) };
    assert!(matches!(listening.hear(&wire, |_| false), Heard::Record(_)));
    let mut trusting = Hearing { ring: ring(Method::Crc), is_crc_allowed: true, ..hearing() };
    assert!(hear(&mut trusting, &bytes, 0).starts_with("msg "));
}

#[test]
fn nodes_that_are_none_of_ours_are_refused() {
    let mut hearing = Hearing { peers: Some(BTreeSet::from(["node2".to_owned()])), ..hearing() };
    assert_eq!(hear(&mut hearing, &signed("evil", 1), 0), "unknown-node");
    assert!(hear(&mut hearing, &signed("Node2", 1), 0).starts_with("msg 1.500000 node2 "));
}

#[test]
fn our_own_voice_is_dropped_and_somebody_elses_with_our_name_is_not() {
    let mut hearing = hearing();
    let bytes = signed("node1", 1);
    assert_eq!(hearing.hear(&arrived(&bytes, 0), |_| true), Heard::Echo);
    assert_eq!(hearing.hear(&arrived(&bytes, 0), |_| false), Heard::Refused(Reason::Own));
    let wire = Arrived { is_network: false, peer: None, ..arrived(&bytes, 0) };
    assert_eq!(hearing.hear(&wire, |_| true), Heard::Refused(Reason::Own));
}

#[test]
fn what_lacks_a_number_or_was_cut_is_refused() {
    let mut hearing = hearing();
    assert_eq!(hear(&mut hearing, b"", 0), "parse");
    assert_eq!(hear(&mut hearing, &signed("node2", 0), 0), "parse");
    let bytes = signed("node2", 1);
    let cut = Arrived { is_cut: true, ..arrived(&bytes, 0) };
    assert_eq!(hearing.hear(&cut, |_| false), Heard::Refused(Reason::Oversize));
}

#[test]
fn a_message_may_have_so_many_bytes_and_no_more() {
    let padded = |room: usize| {
        let mut message = message("node2", 1, 7);
        message.push("padding", "x".repeat(room));
        netstring::encode(&message, ring(Method::Sha1).signing())
    };
    let room = MAX_BYTES - padded(100_000).len() + 100_000;
    assert_eq!(padded(room).len(), MAX_BYTES);
    assert!(hear(&mut hearing(), &padded(room), 0).starts_with("msg "));
    assert_eq!(hear(&mut hearing(), &padded(room + 1), 0), "oversize");
    for start in ["", "###\n", ">>>\n"] {
        let mut bytes = start.as_bytes().to_vec();
        bytes.resize(MAX_BYTES + 1, b'x');
        assert_eq!(hear(&mut hearing(), &bytes, 0), "oversize", "{start:?}");
    }
}

fn due(hearing: &mut Hearing, micros: u64) -> Vec<String> {
    hearing.due(Time::from_micros(micros)).into_iter().map(Line::finish).collect()
}

fn control(words: &[(&str, &str)]) -> Vec<u8> {
    let mut message = Message::new();
    for (key, value) in words {
        message.push((*key).to_owned(), *value);
    }
    for (key, value) in [("src", "node2"), ("hg", "7"), ("ts", "6b01")] {
        message.push(key, value);
    }
    netstring::encode(&message, ring(Method::Sha1).signing())
}

#[test]
fn a_gap_is_said_and_what_closes_it_is_no_replay() {
    let mut hearing = hearing();
    for number in [1, 2, 5] {
        hear(&mut hearing, &signed("node2", number), 0);
    }
    assert_eq!(due(&mut hearing, 1_550_000), [""; 0]);
    assert_eq!(due(&mut hearing, 1_600_000), ["gap 1.600000 node2 open first=3 last=4 hg=7"]);
    for number in [3, 4] {
        assert!(hear(&mut hearing, &signed("node2", number), 0).starts_with("msg "));
        // Asked for twice, it comes twice.
        assert_eq!(hear(&mut hearing, &signed("node2", number), 0), "again");
    }
    assert_eq!(hear(&mut hearing, &signed("node2", 5), 0), "replay");
    assert_eq!(due(&mut hearing, 1_700_000), ["whole 1.700000 node2 seq=5 hg=7"]);
}

#[test]
fn what_a_peer_asks_another_to_repeat_is_no_replay() {
    let mut hearing = hearing();
    let numbers = [1, 2, 3].map(|number| signed("node3", number));
    numbers.iter().for_each(|bytes| drop(hear(&mut hearing, bytes, 0)));
    let wanted = control(&[("t", "NS_rexmit"), ("dest", "Node3"), ("firstseq", "2"), ("lastseq", "2")]);
    assert!(hear(&mut hearing, &wanted, 0).contains(" t=NS_rexmit "));
    assert_eq!(numbers.map(|bytes| hear(&mut hearing, &bytes, 0)), ["replay", "again", "replay"]);
}

#[test]
fn what_a_peer_cannot_send_again_is_lost() {
    let mut hearing = hearing();
    for number in [0x1e, 0x20] {
        hear(&mut hearing, &signed("node2", number), 0);
    }
    let refusal = |dest| control(&[("t", "NS_nak_rexmit"), ("firstseq", "1f"), ("dest", dest), ("info", "too low")]);
    hear(&mut hearing, &refusal("node3"), 0);
    assert_eq!(due(&mut hearing, 1_500_000), [""; 0]);
    hear(&mut hearing, &refusal("node1"), 0);
    assert_eq!(
        due(&mut hearing, 1_500_000),
        ["gap 1.500000 node2 lost first=1f last=1f hg=7", "whole 1.500000 node2 seq=20 hg=7"]
    );
}

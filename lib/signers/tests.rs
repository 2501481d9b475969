use super::*;

fn heard(lines: &str) -> Signers {
    let mut signers = Signers::default();
    for line in lines.lines() {
        signers.record(&Record::parse(line.as_bytes()).unwrap()).unwrap();
    }
    signers
}

fn nodes(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_last_message_of_each_node_counts() {
    let signers = heard(
        "tick 1\nmsg 1 node2 via=a:b key=1:sha1 t=status\nmsg 2 node3 via=a:b key=2:sha1\n\
         msg 3 node2 via=a:b key=2:sha1\ndup 4 node2 via=a:c seq=1 hg=1\nmsg 5 node3 via=a:b key=1:sha1",
    );
    assert_eq!(signers.of(1, &[]), Use::By(nodes(&["node3"])));
    assert_eq!(signers.of(2, &[]), Use::By(nodes(&["node2"])));
    assert_eq!(signers.of(3, &[]), Use::None);
    assert_eq!(signers.of(3, &nodes(&["node2", "node3"])), Use::None);
}

#[test]
fn who_was_not_heard_may_sign_with_anything() {
    assert_eq!(heard("tick 1").of(1, &[]), Use::Unknown(Doubt::Nobody));
    let one = heard("msg 1 node2 key=2:sha1");
    assert_eq!(one.of(1, &nodes(&["node2", "node3"])), Use::Unknown(Doubt::Silent(nodes(&["node3"]))));
    // What is certain goes first.
    assert_eq!(one.of(2, &nodes(&["node3"])), Use::By(nodes(&["node2"])));
    let mut many = Signers::default();
    for node in 0..=NODES_MAX {
        let line = format!("msg 1 n{node} key=2:sha1");
        many.record(&Record::parse(line.as_bytes()).unwrap()).unwrap();
    }
    assert_eq!(many.of(1, &[]), Use::Unknown(Doubt::TooMany));
}

#[test]
fn a_message_without_a_key_is_strange() {
    for line in ["msg 1 node2 via=a:b", "msg 1 node2 key=x:sha1", "msg 1 key=1:sha1"] {
        assert!(Signers::default().record(&Record::parse(line.as_bytes()).unwrap()).is_err(), "{line}");
    }
}

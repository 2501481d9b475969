//! hb-ask, and the scripts that ask by it, on real nodes.

use crate::hb_supervise::{ADDRESS, Cluster, Node, Plan, TWO_LINKS, running, started_on};
use crate::lab::{Running, Said, command, finish, run, wait_until};
use crate::need_namespaces;

fn ask(node: &Node, words: &[&str]) -> Said {
    let mut command = command(words[0]);
    command.args(&words[1..]).env("HBKIT_RUN", node.directory.join("run"));
    finish(command, b"")
}

#[test]
fn only_words_of_a_record_are_asked_for() {
    for word in ["", "two words", "a\nb", "50%", "semi;colon"] {
        assert_eq!(run("hb-ask", &["standby", word], b"").code(), 2, "{word:?}");
    }
    assert_eq!(run("hb-ask", &[], b"").code(), 2);
}

#[test]
fn a_takeover_is_waited_for_and_told() {
    need_namespaces!();
    let (cluster, _one, _two) = running(&TWO_LINKS);
    let said = ask(&cluster.nodes[1], &["hb-takeover", "foreign"]);
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    assert!(said.out.ends_with("10.9.0.80: done: takeover: it is served here\n"), "{}", said.out);
    assert!(cluster.nodes[1].has(ADDRESS) && !cluster.nodes[0].has(ADDRESS));
    // What is so already is done at once.
    let said = ask(&cluster.nodes[1], &["hb-takeover"]);
    assert_eq!((said.code(), said.out.as_str()), (0, "10.9.0.80: done: takeover: it is served here already\n"));
    let said = ask(&cluster.nodes[1], &["hb-takeover", "no-such-group"]);
    assert_eq!(
        (said.code(), said.out.as_str()),
        (1, "ask: refused: takeover: no group here is meant by no-such-group\n")
    );
    let said = ask(&cluster.nodes[1], &["hb-ask", "dance"]);
    assert_eq!((said.code(), said.out.as_str()), (1, "ask: refused: dance: no such request is known\n"));
}

#[test]
fn a_maintenance_begins_and_ends() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    let said = ask(&cluster.nodes[0], &["hb-maintenance", "on", "--for", "30m"]);
    assert_eq!((said.code(), said.out.as_str()), (0, "node1: accepted: maintenance: for 1800 s\n"));
    one.wait_for("it is in maintenance", |line| {
        line.contains("it is in maintenance for 1800 s") || line.contains("1799 s")
    });
    let said = ask(&cluster.nodes[0], &["hb-maintenance", "on", "--for", "25h"]);
    assert_eq!((said.code(), said.out.as_str()), (1, "node1: refused: maintenance: it lasts 24h at most\n"));
    let said = ask(&cluster.nodes[0], &["hb-maintenance", "off"]);
    assert_eq!((said.code(), said.out.as_str()), (0, "node1: done: maintenance: it is ended here\n"));
    let said = ask(&cluster.nodes[0], &["hb-maintenance", "off"]);
    assert_eq!((said.code(), said.out.as_str()), (1, "node1: refused: maintenance: there is none\n"));
}

#[test]
fn s97_a_standby_that_nobody_can_take_is_refused_unless_forced() {
    need_namespaces!();
    let ha_cf = "keepalive 100ms\ndeadtime 1\nwarntime 500ms\ninitdead 2\nauto_failback off\nbcast eth1\n";
    let cluster = Cluster::new(&Plan { ha_cf, ..TWO_LINKS });
    let mut one = cluster.nodes[0].supervise();
    one.wait_for("node1 serves", started_on("node1"));
    let said = ask(&cluster.nodes[0], &["hb-standby"]);
    assert_eq!(said.code(), 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("refused: standby: no other node can serve it: node2 is dead"), "{}", said.out);
    assert!(cluster.nodes[0].has(ADDRESS));
    let said = ask(&cluster.nodes[0], &["hb-standby", "-F"]);
    assert_eq!((said.code(), said.err.as_str()), (0, ""), "{}", said.out);
    assert!(
        said.out.ends_with("10.9.0.80: done: standby: it is released here, and comes back when somebody asks for it\n")
    );
    assert!(!cluster.nodes[0].has(ADDRESS));
    let said = ask(&cluster.nodes[0], &["hb-takeover"]);
    assert_eq!(said.code(), 0, "{}{}", said.out, said.err);
}

#[test]
fn s98_of_two_takeovers_at_once_one_is_done_and_the_other_has_failed() {
    need_namespaces!();
    let (cluster, _one, _two) = running(&TWO_LINKS);
    let start = |node: &Node| {
        let mut command = command("hb-takeover");
        command.env("HBKIT_RUN", node.directory.join("run"));
        Running::start(command)
    };
    // It is served by node1, whose request is done; that of node2 is done after it,
    // or has failed because node1 was first.
    let (first, second) = (start(&cluster.nodes[0]), start(&cluster.nodes[1]));
    let (status, said, errors) = first.wait();
    assert_eq!(status, 0, "{said}{errors}");
    let (status, said, errors) = second.wait();
    let place = match status {
        0 => 1,
        1 => 0,
        _ => panic!("{said}{errors}"),
    };
    assert_eq!(status == 1, said.ends_with("failed: takeover: node1 has taken it since"), "{said}");
    wait_until("one has it", || cluster.nodes[place].has(ADDRESS) && !cluster.nodes[1 - place].has(ADDRESS));
}

#[test]
fn of_a_node_that_is_stopped_it_cannot_tell() {
    need_namespaces!();
    let (cluster, one, _two) = running(&TWO_LINKS);
    // A pipeline that stands still reads nothing.
    cluster.nodes[0].signal("hb-decide", "STOP");
    let said = ask(&cluster.nodes[0], &["hb-standby", "-w", "2"]);
    assert_eq!(said.code(), 2, "{}", said.out);
    assert!(said.err.contains("it is not known what came of it"), "{}", said.err);
    // One that dies meanwhile answers nothing.
    let mut command = command("hb-standby");
    command.env("HBKIT_RUN", cluster.nodes[0].directory.join("run"));
    let waiting = Running::start(command);
    cluster.nodes[0].host.kill_all();
    drop(one);
    let (status, said, errors) = waiting.wait();
    assert_eq!(status, 2, "{said}");
    assert!(errors.contains("hb-supervise does not run"), "{errors}");
}

//! hb-why from outside.

use tempfile::TempDir;

use crate::hb_supervise::{ADDRESS, TWO_LINKS, running, started_on};
use crate::lab::{Said, command, finish, wait_until};
use crate::need_namespaces;

const STREAM: &str = "self 100.0 ready\n\
    node 101.0 node2 active\n\
    group 101.0 web started node=node2 epoch=1\n\
    group 101.0 db stopped node=node2 epoch=1\n\
    node 111.0 node2 dead silent=10.0\n\
    why 111.0 web start node2 is dead\n\
    do 111.0 start web until=121.0 epoch=2\n\
    group 111.2 web started node=node1 epoch=2\n";

fn ask(run: &TempDir, tool: &str, words: &[&str], input: &str) -> Said {
    let mut command = command(tool);
    command.args(words).env("HBKIT_RUN", run.path());
    finish(command, input.as_bytes())
}

#[test]
fn the_last_moves_are_told_with_dates_and_reasons() {
    let (run, ring) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let ring = ring.path().to_str().unwrap();
    assert_eq!(ask(&run, "hb-log", &["--keep", "-N", "node1", ring], STREAM).code(), 0);
    let said = ask(&run, "hb-why", &["web", ring], "");
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    let words = said.out.lines().map(|line| {
        let (date, words) = line.split_once("  ").unwrap();
        assert!(date.len() == 23 && date.starts_with(|digit: char| digit.is_ascii_digit()), "{line}");
        words.to_owned()
    });
    assert_eq!(
        words.collect::<Vec<_>>(),
        [
            "node2 serves it; nobody was seen to serve it in the 1.0 s before",
            "node2 is dead: it was silent for 10.0 s",
            "whether node2 still serves it is not known",
            "node1 starts it: node2 is dead",
            "node1 serves it; nobody was known to for 0.200 s, and at most 10.2 s nobody did",
            "node1 served it to the end, for 0.000 s",
            "in all, since it was first served: not served 10.2 s at most, two had it 0 s",
        ]
    );
    // How it ended is told whatever was left out.
    assert_eq!(ask(&run, "hb-why", &["-c", "1", "web", ring], "").out.lines().count(), 3);
    assert_eq!(ask(&run, "hb-why", &["--since", "0s", "web", ring], "").out.lines().count(), 2);
    let said = ask(&run, "hb-why", &["mail", ring], "");
    assert_eq!(said.code(), 1);
    assert_eq!(said.err, "hb-why: mail: the records say nothing of it; they know: db web\n");
}

#[test]
fn without_records_it_could_not_tell() {
    let run = TempDir::new().unwrap();
    let said = ask(&run, "hb-why", &["web", run.path().to_str().unwrap()], "");
    assert_eq!(said.code(), 2);
    assert!(said.err.contains("no records are there"), "{}", said.err);
}

#[test]
fn a_takeover_of_a_real_node_is_explained() {
    need_namespaces!();
    let (cluster, one, mut two) = running(&TWO_LINKS);
    cluster.nodes[0].power_off();
    drop(one);
    two.wait_for("node2 serves", started_on("node2"));
    let mut said = String::new();
    wait_until("it is told", || {
        let mut command = command("hb-why");
        command.arg(ADDRESS).env("HBKIT_RUN", cluster.nodes[1].directory.join("run"));
        said = finish(command, b"").out;
        said.contains("  node2 serves it; nobody was known to for ")
    });
    for wanted in ["  node1 serves it", "  node1 is dead: it was silent for ", "  node2 starts it: node1 is dead"] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
}

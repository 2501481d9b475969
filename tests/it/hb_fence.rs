//! hb-fence: the command of ha.cf, and what its status means.

use std::fs;

use tempfile::TempDir;

use crate::lab::{Said, command, finish};

/// A configuration in which node2 is fenced by a shell's `script`.
fn configured(script: &str) -> TempDir {
    let place = TempDir::new().unwrap();
    let command = place.path().join("off");
    fs::write(&command, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&command, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let command = command.display();
    let text = format!(
        "node node1 node2\nbcast eth0\nfence node2 {command} node2 now\nfence node1 {command} node1\n\
         self_fence {command} self\n"
    );
    fs::write(place.path().join("ha.cf"), text).unwrap();
    place
}

fn fence(place: &TempDir, words: &[&str]) -> Said {
    let mut command = command("hb-fence");
    command.arg("-C").arg(place.path()).args(["-N", "node1"]).args(words);
    finish(command, b"")
}

#[test]
fn the_status_of_the_command_is_what_is_known() {
    for (script, status, words) in [
        ("echo by \"$@\"", 0, "node2: it is off"),
        ("exit 1", 1, "node2: it is not off"),
        ("exit 3", 2, "node2: could not tell"),
        ("kill -9 $$", 2, "node2: could not tell"),
        ("read -r line || exit 0; exit 1", 0, "node2: it is off"),
    ] {
        let said = fence(&configured(script), &["node2"]);
        assert_eq!((said.code(), said.out.as_str()), (status, ""), "{script}: {}", said.err);
        assert!(said.err.contains(words), "{script}: {}", said.err);
    }
    let said = fence(&configured("echo by \"$@\""), &["NODE2"]);
    assert!(said.code() == 0 && said.err.starts_with("by node2 now\n"), "{}", said.err);
}

#[test]
fn this_node_is_fenced_by_its_own_command() {
    let said = fence(&configured("echo by \"$@\""), &["node1"]);
    assert!(said.code() == 0 && said.err.starts_with("by self\n"), "{}", said.err);
}

#[test]
fn without_a_command_and_without_running_it_nothing_is_known() {
    let place = configured("touch \"${0%/*}/ran\"");
    let said = fence(&place, &["node3"]);
    assert_eq!((said.code(), said.out.as_str()), (2, ""));
    assert_eq!(said.err, "hb-fence: node3: ha.cf has no command for it\n");
    let said = fence(&place, &["-n", "node2"]);
    assert_eq!((said.code(), said.out), (2, format!("{}/off node2 now\n", place.path().display())));
    assert!(!place.path().join("ran").exists());
    for words in [&[][..], &["-x", "node2"], &["node1", "node2"], &["-C"]] {
        assert_eq!(fence(&place, words).code(), 2, "{words:?}");
    }
    fs::remove_file(place.path().join("ha.cf")).unwrap();
    let said = fence(&place, &["node2"]);
    assert!(said.code() == 2 && said.err.contains("ha.cf"), "{}", said.err);
}

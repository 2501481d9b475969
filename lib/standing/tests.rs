use super::*;

/// A file that only root can touch.
const FIT: Standing =
    Standing { mode: 0o600, owner: 0, reader: 0, links: 1, is_symlink: false, directories: Vec::new() };

#[test]
fn whoever_else_could_read_or_change_the_keys_is_named() {
    for (standing, causes) in [
        (FIT, &[][..]),
        (Standing { mode: 0o700, ..FIT }, &[]),
        (Standing { mode: 0o411, ..FIT }, &[]),
        (Standing { mode: 0o640, ..FIT }, &["error: mode 0640: group or others can read"]),
        (Standing { mode: 0o604, ..FIT }, &["error: mode 0604: group or others can read"]),
        (Standing { mode: 0o620, ..FIT }, &["error: mode 0620: group or others can write"]),
        (Standing { mode: 0o602, ..FIT }, &["error: mode 0602: group or others can write"]),
        (
            Standing { mode: 0o666, ..FIT },
            &["error: mode 0666: group or others can read", "error: mode 0666: group or"],
        ),
        (Standing { owner: 7, ..FIT }, &["error: the owner is user 7"]),
        (Standing { owner: 7, reader: 7, ..FIT }, &[]),
        (Standing { owner: 0, reader: 7, ..FIT }, &[]),
        (Standing { links: 2, ..FIT }, &["warning: the file has 2 names"]),
        (Standing { links: 0, ..FIT }, &[]),
        (Standing { is_symlink: true, ..FIT }, &["warning: a symbolic link"]),
    ] {
        let mut problems = Problems::new("f");
        check(&standing, &mut problems);
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), causes.len(), "{standing:?}: {said:?}");
        for (said, cause) in said.iter().zip(causes) {
            assert!(said.starts_with(&format!("f:1: {cause}")), "{standing:?}: {said}");
        }
    }
}

fn directory(mode: u32, owner: u32, group: u32) -> Directory {
    Directory { path: "/d".to_owned(), mode, owner: Some(owner), group: Some(group), is_nearest: true }
}

fn said_of(directory: Directory, reader: u32) -> Vec<String> {
    let mut problems = Problems::new("f");
    check(&Standing { owner: reader, reader, directories: vec![directory], ..FIT }, &mut problems);
    problems.lines()
}

#[test]
fn directories_that_others_can_change_are_warned_of() {
    for (directory, reader, beginning) in [
        (directory(0o755, 0, 0), 0, ""),
        (directory(0o700, 1000, 1000), 1000, ""),
        (directory(0o755, 0, 5), 1000, ""),
        // Root's own group may.
        (directory(0o775, 0, 0), 0, ""),
        (directory(0o755, 7, 0), 0, "the directory /d belongs to user 7"),
        (directory(0o777, 0, 0), 0, "everybody can write the directory /d"),
        (directory(0o1777, 0, 0), 0, "everybody can write the directory /d"),
        (directory(0o775, 0, 5), 0, "group 5 can write the directory /d"),
        // Others can neither rename nor remove what is root's in a sticky one.
        (Directory { is_nearest: false, ..directory(0o1777, 0, 0) }, 0, ""),
        (Directory { is_nearest: false, ..directory(0o1775, 0, 5) }, 0, ""),
        (Directory { is_nearest: false, ..directory(0o777, 0, 0) }, 0, "everybody can write the directory /d"),
        (Directory { is_nearest: false, ..directory(0o1777, 7, 0) }, 0, "the directory /d belongs to user 7"),
        // Could not tell.
        (Directory { owner: None, group: None, ..directory(0o775, 7, 5) }, 0, ""),
    ] {
        let about = format!("{directory:?}");
        let said = said_of(directory, reader);
        assert_eq!(said.len(), usize::from(!beginning.is_empty()), "{about}: {said:?}");
        assert!(said.iter().all(|line| line.starts_with(&format!("f:1: warning: {beginning}"))), "{about}: {said:?}");
    }
}

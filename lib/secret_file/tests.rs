use std::fs;

use super::*;

#[test]
fn a_written_file_is_read_back_with_its_standing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    write(&path, b"secret", Replace::Never).unwrap();
    let (bytes, standing) = read(&path, 100).unwrap();
    assert_eq!(bytes.as_slice(), b"secret");
    assert_eq!((standing.mode, standing.links, standing.is_symlink), (0o600, 1, false));
    assert_eq!(standing.directories[0].path, directory.path().canonicalize().unwrap().display().to_string());
    assert_eq!(standing.directories.last().map(|last| last.path.as_str()), Some("/"));
    assert!(
        standing.directories.iter().map(|one| one.is_nearest).eq((0..standing.directories.len()).map(|at| at == 0))
    );
    assert_eq!(standing.owner, standing.reader);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "a draft was left behind");
}

#[test]
fn nothing_is_replaced_unasked_and_no_link_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("old"), "old").unwrap();
    for (link, target) in [("to-old", "old"), ("to-nothing", "nothing")] {
        std::os::unix::fs::symlink(path(target), path(link)).unwrap();
        for replace in [Replace::Never, Replace::File] {
            let error = write(&path(link), b"new", replace).unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
        }
    }
    assert!(write(&path("old"), b"new", Replace::Never).unwrap_err().to_string().contains("--force"));
    assert_eq!(fs::read(path("old")).unwrap(), b"old");
    write(&path("old"), b"new", Replace::File).unwrap();
    assert_eq!(fs::read(path("old")).unwrap(), b"new");
    assert!(write(directory.path(), b"new", Replace::File).unwrap_err().to_string().contains("directory"));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
}

#[test]
fn what_is_larger_than_allowed_is_not_read_in_part() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    fs::write(&path, [b'x'; 101]).unwrap();
    assert!(read(&path, 101).is_ok());
    assert!(read(&path, 100).unwrap_err().to_string().ends_with("keys: larger than 100 bytes"));
}

#[test]
fn random_keys_are_64_digits_and_differ() {
    let (one, two) = (random_key().unwrap(), random_key().unwrap());
    assert_eq!(one.len(), 64);
    assert_ne!(one, two);
}

#[test]
fn a_file_is_changed_at_once_with_its_mode_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    let held = Held::open(&path, 100).unwrap();
    assert_eq!(held.bytes.as_slice(), b"old");
    assert!(Held::open(&path, 100).unwrap_err().to_string().contains("at this moment"));
    held.replace(b"new").unwrap();
    assert_eq!((fs::read(&path).unwrap(), fs::metadata(&path).unwrap().mode() & 0o7777), (b"new".to_vec(), 0o400));

    // Somebody who does not ask is not overwritten.
    let held = Held::open(&path, 100).unwrap();
    fs::rename(&path, directory.path().join("away")).unwrap();
    fs::write(&path, "another").unwrap();
    assert!(held.replace(b"newer").unwrap_err().to_string().contains("changed meanwhile"));
    assert_eq!(fs::read(&path).unwrap(), b"another");
    fs::remove_file(directory.path().join("away")).unwrap();

    std::os::unix::fs::symlink(&path, directory.path().join("link")).unwrap();
    let error = Held::open(&directory.path().join("link"), 100).unwrap_err();
    assert!(error.to_string().contains("symbolic link"), "{error}");
    fs::hard_link(&path, directory.path().join("second")).unwrap();
    let error = Held::open(&path, 100).unwrap_err();
    assert!(error.to_string().contains("other names"), "{error}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3, "a draft was left behind");
}

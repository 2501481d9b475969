use std::fs;

use super::*;

#[test]
fn a_written_file_is_read_back_with_its_standing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    write(&path, b"secret", Replace::Never).unwrap();
    let (bytes, standing) = read(&path, 100).unwrap();
    assert_eq!(bytes.as_slice(), b"secret");
    assert_eq!((standing.mode, standing.links, standing.is_symlink, standing.in_public), (0o600, 1, false, false));
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

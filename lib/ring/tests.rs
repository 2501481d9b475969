use super::*;

fn all(directory: &Path) -> String {
    let mut reader = Reader::open(directory, "records").unwrap();
    let (mut text, mut lines) = (String::new(), Vec::new());
    loop {
        reader.next_lines(&mut lines).unwrap();
        if lines.is_empty() {
            return text;
        }
        text.push_str(std::str::from_utf8(&lines).unwrap());
    }
}

fn head() -> String {
    "head".to_owned()
}

#[test]
fn the_oldest_go_when_there_is_one_file_too_many() {
    let directory = tempfile::tempdir().unwrap();
    let mut ring = Ring::new(directory.path(), "records", 20, 3);
    for number in 0..10 {
        ring.append(format!("line {number}\n").as_bytes(), head).unwrap();
    }
    // Two lines fit a file, behind its head.
    assert_eq!(all(directory.path()), "head\nline 4\nline 5\nhead\nline 6\nline 7\nhead\nline 8\nline 9\n");
    assert_eq!(numbered(directory.path(), "records").unwrap().len(), 3);
}

#[test]
fn the_half_line_of_a_writer_that_died_is_cut_and_its_file_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.00000007");
    fs::write(&path, "head\nwhole\nhal").unwrap();
    assert_eq!(all(directory.path()), "head\nwhole\n");
    let mut ring = Ring::new(directory.path(), "records", 100, 3);
    ring.append(b"next\n", head).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "head\nwhole\nnext\n");
    // One with nothing whole in it begins anew.
    fs::write(&path, "hea").unwrap();
    let mut ring = Ring::new(directory.path(), "records", 100, 3);
    ring.append(b"next\n", head).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "head\nnext\n");
}

#[test]
fn a_long_half_line_is_cut_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.00000001");
    fs::write(&path, format!("head\n{}", "x".repeat(10_000))).unwrap();
    Ring::new(directory.path(), "records", 100_000, 3).append(b"next\n", head).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "head\nnext\n");
}

#[test]
fn a_reader_follows_into_the_next_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut ring = Ring::new(directory.path(), "records", 20, 3);
    ring.append(b"one\n", head).unwrap();
    let mut reader = Reader::open(directory.path(), "records").unwrap();
    let mut lines = Vec::new();
    let mut next = |wanted: &str| {
        reader.next_lines(&mut lines).unwrap();
        assert_eq!(std::str::from_utf8(&lines).unwrap(), wanted);
    };
    next("head\none\n");
    next("");
    // What came after the last look stands in two files.
    ring.append(b"two\n", head).unwrap();
    ring.append(b"three and more\n", head).unwrap();
    next("two\n");
    next("head\nthree and more\n");
    next("");
    ring.append(b"4\n", head).unwrap();
    next("head\n4\n");
    next("");
}

#[test]
fn what_fails_is_tried_anew() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("below");
    fs::write(&place, "a file, and no directory").unwrap();
    let mut ring = Ring::new(&place, "records", 100, 3);
    ring.append(b"lost\n", head).unwrap_err();
    fs::remove_file(&place).unwrap();
    ring.append(b"kept\n", head).unwrap();
    assert_eq!(all(&place), "head\nkept\n");
}

#[test]
fn no_file_is_an_error_and_others_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("records"), "x").unwrap();
    fs::write(directory.path().join("records.old"), "x").unwrap();
    assert_eq!(Reader::open(directory.path(), "records").unwrap_err().kind(), ErrorKind::NotFound);
}

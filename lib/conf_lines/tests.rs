use super::*;

fn read(text: &[u8]) -> (Vec<String>, Vec<String>) {
    let mut problems = Problems::new("f");
    let lines = split(text, &mut problems);
    let texts = lines.iter().filter_map(|line| text_of(line, &mut problems)).collect();
    (texts, problems.iter().map(ToString::to_string).collect())
}

fn text_of(line: &Line<'_>, problems: &mut Problems) -> Option<String> {
    text(line, problems).map(|text| format!("{}:{text}", line.number))
}

#[test]
fn lines_are_numbered_and_comments_cut() {
    let (lines, problems) = read(b"a b # c\n\n#x\nlast");
    assert_eq!(lines, ["1:a b ", "2:", "3:", "4:last"]);
    assert!(problems.is_empty());
}

#[test]
fn carriage_returns_before_newlines_are_no_part_of_a_line() {
    let (lines, problems) = read(b"a\r\nb\r\n");
    assert_eq!(lines, ["1:a", "2:b"]);
    assert!(problems.is_empty());
}

#[test]
fn what_other_editors_leave_is_named() {
    for (text, cause) in [
        (&b"\xff\xfea\0"[..], "f:1: error: the file is in UTF-16"),
        (b"\xef\xbb\xbfa", "f:1: warning: the file begins with a byte order mark"),
        (b"a\0b", "f:1: error: the line has a NUL byte"),
        (b"a\rb\r", "f:1: error: a carriage return inside a line"),
        (b"x\na \xe2\x80\x9cb\xe2\x80\x9d", "f:2: error: a typographic quote (U+201C)"),
        (b"a\xc2\xa0b", "f:1: error: a character that only looks like a blank (U+00A0)"),
        (b"a \xe2\x80\x93b", "f:1: error: a typographic dash (U+2013)"),
        (b"a\x1b[2J", "f:1: error: a control character (U+001B)"),
        (b"a\xa0b", "f:1: error: bytes that are not UTF-8"),
    ] {
        let (_, problems) = read(text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(cause), "{problems:?}");
    }
}

#[test]
fn any_bytes_may_stand_in_a_comment() {
    assert_eq!(read(b"a # \xe9\xff \xe2\x80\x9c").1, [""; 0]);
}

#[test]
fn a_line_that_is_too_long_is_an_error_and_the_longest_is_not() {
    let longest = vec![b'a'; LINE_MAX];
    assert!(read(&longest).1.is_empty());
    let longer = vec![b'a'; LINE_MAX + 1];
    assert!(read(&longer).1[0].contains("longer than 5119 bytes"));
    assert!(read(&vec![b'\n'; LINES_MAX + 5]).1[0].contains("more than 10000 lines"));
}

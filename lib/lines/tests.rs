use super::*;

/// Gives its bytes in pieces of at most `piece`.
struct Pieces<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.piece.min(into.len()).min(self.bytes.len());
        into[..size].copy_from_slice(&self.bytes[..size]);
        self.bytes = &self.bytes[size..];
        Ok(size)
    }
}

fn all(bytes: &[u8], piece: usize) -> Vec<String> {
    let mut lines = Lines::new(Pieces { bytes, piece });
    let mut out = Vec::new();
    loop {
        match lines.next_line().unwrap() {
            Next::Line(line) => out.push(String::from_utf8_lossy(line).into_owned()),
            Next::TooLong => out.push("(too long)".to_owned()),
            Next::End => return out,
        }
    }
}

fn blocks(bytes: &[u8], piece: usize) -> Vec<String> {
    let mut lines = Lines::new(Pieces { bytes, piece });
    let mut out = Vec::new();
    loop {
        match lines.next_block().unwrap() {
            Block::Lines(block) => out.extend(String::from_utf8_lossy(block).lines().map(str::to_owned)),
            Block::TooLong => out.push("(too long)".to_owned()),
            Block::End => return out,
        }
    }
}

#[test]
fn lines_are_the_same_however_the_input_is_cut() {
    let long = "x".repeat(20_000);
    let edge = "y".repeat(MAX - 1);
    let text = format!("one\n\ntwo\n{long}\nthree\n{edge}\nlast");
    let whole = all(text.as_bytes(), usize::MAX);
    assert_eq!(whole, ["one", "", "two", "(too long)", "three", &edge, "last"]);
    for piece in [1, 2, 3, 7, 4095, 4096, 4097] {
        assert_eq!(all(text.as_bytes(), piece), whole, "pieces of {piece}");
        // A line that came whole is left to who reads records.
        let blocks = blocks(text.as_bytes(), piece);
        let blocks = blocks.iter().map(|line| if *line == long { "(too long)" } else { line });
        assert_eq!(blocks.collect::<Vec<_>>(), whole, "blocks of {piece}");
    }
    assert_eq!(blocks(text.as_bytes(), usize::MAX)[3], long);
}

#[test]
fn a_line_too_long_for_the_whole_buffer_is_one_line() {
    let text = format!("{}\nafter\n", "x".repeat(300_000));
    assert_eq!(all(text.as_bytes(), usize::MAX), ["(too long)", "after"]);
    assert_eq!(all("x".repeat(300_000).as_bytes(), 1000), ["(too long)"]);
    assert_eq!(blocks(text.as_bytes(), usize::MAX), ["(too long)", "after"]);
    assert_eq!(blocks("x".repeat(300_000).as_bytes(), 1000), ["(too long)"]);
}

#[test]
fn it_tells_when_the_next_line_is_already_there() {
    let mut lines = Lines::new(Pieces { bytes: b"a\nb\nc", piece: usize::MAX });
    assert!(lines.would_wait());
    assert_eq!(lines.next_line().unwrap(), Next::Line(b"a"));
    assert!(!lines.would_wait());
    assert_eq!(lines.next_line().unwrap(), Next::Line(b"b"));
    assert!(lines.would_wait());
    assert_eq!(lines.next_line().unwrap(), Next::Line(b"c"));
    assert_eq!(lines.next_line().unwrap(), Next::End);
}

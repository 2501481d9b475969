use super::*;

/// What a stream holds, read in pieces of `step` bytes.
fn read(bytes: &[u8], step: usize) -> Vec<String> {
    let mut stream = Stream::new();
    let mut found = Vec::new();
    for piece in bytes.chunks(step) {
        stream.feed(piece, |what| {
            found.push(match what {
                Found::Message(message) => String::from_utf8_lossy(message).into_owned(),
                Found::Noise => "noise".to_owned(),
                Found::TooLong => "too long".to_owned(),
            });
        });
    }
    found
}

const A: &str = ">>>\nt=a\nauth=1 a\n<<<\n";
const B: &str = ">>>\nt=b\nauth=1 b\n<<<\n";

#[test]
fn the_stream_of_a_real_node_is_the_same_messages_however_it_is_cut() {
    for name in ["serialsha1", "serialmd5"] {
        let path = format!("{}/tests/vectors/{name}.stream", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).unwrap();
        let whole = read(&bytes, bytes.len());
        assert!(whole.len() > 50 && whole.iter().all(|message| message.starts_with(">>>\n")));
        assert_eq!(whole.concat().as_bytes(), bytes);
        for step in [1, 2, 3, 7, 64, 513] {
            assert_eq!(read(&bytes, step), whole, "{name} in pieces of {step}");
        }
    }
}

#[test]
fn the_message_into_whose_middle_we_come_is_no_noise() {
    assert_eq!(read(format!("us\nauth=1 x\n<<<\n{A}{B}").as_bytes(), 5), [A, B]);
}

#[test]
fn noise_between_messages_is_counted_and_costs_nothing() {
    assert_eq!(read(format!("{A}\x7f\x01\x02junk\n{B}").as_bytes(), 4), [A, "noise", B]);
    assert_eq!(read(format!("{A}\x7f\x01{B}").as_bytes(), 4), [A, B]);
}

#[test]
fn a_message_that_is_cut_off_costs_only_itself() {
    assert_eq!(read(format!(">>>\nt=lost\nhg=6\n{A}{B}").as_bytes(), 6), ["noise", A, B]);
}

#[test]
fn carriage_returns_are_left_out() {
    assert_eq!(read(A.replace('\n', "\r\n").as_bytes(), 3), [A]);
}

#[test]
fn a_line_without_end_is_not_kept() {
    let mut bytes = b">>>\n".to_vec();
    bytes.resize(3 * MAX_BYTES, b'x');
    bytes.extend_from_slice(b"\n");
    bytes.extend_from_slice(A.as_bytes());
    assert_eq!(read(&bytes, 4_096), ["too long", A]);
    let mut stream = Stream::new();
    stream.feed(&bytes[..MAX_BYTES], |_| {});
    assert!(stream.line.len() + stream.message.len() <= MAX_BYTES);
}

#[test]
fn lines_without_end_marker_are_not_kept() {
    let mut bytes = b">>>\n".to_vec();
    bytes.extend_from_slice(&b"a=b\n".repeat(MAX_BYTES / 2));
    bytes.extend_from_slice(A.as_bytes());
    let found = read(&bytes, 4_096);
    assert_eq!((found.first().unwrap().as_str(), found.last().unwrap().as_str()), ("too long", A));
}

#[test]
fn a_message_may_be_as_long_as_the_format_allows_and_no_longer() {
    let long = |bytes: usize| {
        let mut text = ">>>\n".to_owned();
        while text.len() + 100 < bytes {
            text.push_str(&format!("f{}={}\n", text.len(), "x".repeat(60)));
        }
        let rest = bytes - text.len() - "z=\n<<<\n".len();
        text.push_str(&format!("z={}\n<<<\n", "z".repeat(rest)));
        text
    };
    let most = long(MAX_BYTES);
    assert_eq!((most.len(), read(most.as_bytes(), 900)), (MAX_BYTES, vec![most]));
    assert_eq!(read(format!("{}{A}", long(MAX_BYTES + 8)).as_bytes(), 900), ["too long", "noise", A]);
}

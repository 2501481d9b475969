//! The messages of real nodes, and the hostile ones, of tests/vectors.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::*;
use crate::auth::Method;
use crate::message::Header;

struct Case {
    file: String,
    bytes: Vec<u8>,
    format: String,
    ring: KeyRing,
    /// What a real node made of it.
    heartbeat: String,
    /// What is to come of it here.
    expect: String,
}

fn ring(number: u8, method: Method, secret: &str) -> KeyRing {
    let secret = Zeroizing::new(secret.as_bytes().to_vec());
    KeyRing::new(number, vec![Key::new(number, method, &secret).unwrap()]).unwrap()
}

fn cases() -> Vec<Case> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let manifest = std::fs::read_to_string(directory.join("MANIFEST.tsv")).unwrap();
    let case = |line: &str| {
        let word: Vec<&str> = line.split('\t').collect();
        Case {
            file: word[0].to_owned(),
            bytes: std::fs::read(directory.join(word[0])).unwrap(),
            format: word[2].to_owned(),
            ring: ring(word[3].parse().unwrap(), word[4].parse().unwrap(), word[5]),
            heartbeat: word[6].to_owned(),
            expect: word[7].to_owned(),
        }
    };
    let cases: Vec<Case> = manifest.lines().skip(1).map(case).collect();
    assert!(cases.len() > 100, "an empty directory of cases");
    cases
}

/// What becomes of a datagram, in the word of the manifest.
fn outcome(bytes: &[u8], ring: &KeyRing) -> &'static str {
    match open(bytes, ring, Trust::AllKeys) {
        Ok((message, _)) if Header::of(&message).is_ok() => "accept",
        Ok(_) => "header",
        Err(Refusal::Form(_)) => "parse",
        Err(Refusal::UnknownKey) => "unknown-key",
        Err(Refusal::Auth) => "auth",
    }
}

#[test]
fn every_vector_comes_to_what_its_manifest_says() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter(|case| outcome(&case.bytes, &case.ring) != case.expect)
        .map(|case| format!("{}: {} instead of {}", case.file, outcome(&case.bytes, &case.ring), case.expect))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_message_of_a_real_node_is_written_again_byte_by_byte() {
    for case in cases().iter().filter(|case| case.heartbeat == "accept") {
        let key = case.ring.signing();
        // As it came: of a message that was compressed as a whole, the wrapping.
        let again = match case.format.as_str() {
            "netstring" => {
                netstring::encode(&netstring::parse(netstring::unseal(&case.bytes).unwrap().covered).unwrap(), key)
            }
            "classic" => {
                classic::encode(&classic::parse(classic::unseal(&case.bytes).unwrap().covered).unwrap(), key).unwrap()
            }
            other => panic!("{}: format {other}", case.file),
        };
        let sent = if case.format == "classic" { case.bytes.strip_suffix(b"\0") } else { None };
        assert_eq!(again, sent.unwrap_or(&case.bytes), "{}", case.file);
    }
}

#[test]
fn what_heartbeat_compressed_as_a_whole_is_the_message_inside() {
    let cases = cases();
    let compressed: Vec<&Case> = cases.iter().filter(|case| case.file.ends_with("_compressed.bin")).collect();
    assert!(compressed.len() >= 2);
    for case in compressed {
        let (message, _) = open(&case.bytes, &case.ring, Trust::AllKeys).unwrap();
        assert_eq!(Header::of(&message).unwrap().node, "node1", "{}", case.file);
        assert_eq!(message.get("_compressed_payload"), None, "{}", case.file);
    }
}

#[test]
fn the_inner_digest_of_a_real_node_is_the_one_that_is_computed() {
    let mut count = 0;
    for case in cases().iter().filter(|case| case.expect == "accept" && case.format == "netstring") {
        let (message, key) = open(&case.bytes, &case.ring, Trust::AllKeys).unwrap();
        if let Some(inner) = message.text("auth") {
            assert_eq!(classic::inner_auth(&message, key).as_deref(), Ok(inner), "{}", case.file);
            count += 1;
        }
    }
    assert!(count > 40, "only {count} messages with an inner digest");
}

#[test]
fn no_damaged_byte_of_a_real_message_is_believed() {
    let cases = cases();
    let case = cases.iter().find(|case| case.expect == "accept" && case.format == "netstring").unwrap();
    for at in 0..case.bytes.len() {
        for bit in 0..8 {
            let mut bytes = case.bytes.clone();
            bytes[at] ^= 1 << bit;
            assert!(open(&bytes, &case.ring, Trust::AllKeys).is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn random_bytes_behind_either_beginning_are_refused() {
    // A generator of its own: the same bytes in each run.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let ring = ring(1, Method::Crc, "");
    for round in 0..20_000 {
        let mut bytes: Vec<u8> = match round % 3 {
            0 => Vec::new(),
            1 => netstring::START.to_vec(),
            _ => classic::START.to_vec(),
        };
        for _ in 0..state % 300 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let alphabet = b"0123456789:,()=%#<>\n\0 abt";
            bytes.push(alphabet[(state >> 33) as usize % alphabet.len()]);
        }
        state = state.wrapping_add(round);
        assert!(open(&bytes, &ring, Trust::AllKeys).is_err(), "round {round}: {bytes:?}");
    }
}

#[test]
fn the_method_is_that_of_the_key_and_not_of_the_message() {
    let crc = ring(2, Method::Crc, "");
    let sha1 = ring(2, Method::Sha1, "secret");
    let mut message = Message::new();
    message.push("t", "status");
    let forged = netstring::encode(&message, crc.signing());
    assert_eq!(open(&forged, &sha1, Trust::AllKeys).err(), Some(Refusal::Auth));
}

#[test]
fn the_key_is_the_one_that_the_message_names() {
    let key = |id, secret: &str| Key::new(id, Method::Sha1, &Zeroizing::new(secret.as_bytes().to_vec())).unwrap();
    let ring = KeyRing::new(1, vec![key(1, "old"), key(2, "new")]).unwrap();
    let mut message = Message::new();
    message.push("t", "status");
    for id in [1, 2] {
        let bytes = netstring::encode(&message, ring.get(id).unwrap());
        assert_eq!(open(&bytes, &ring, Trust::KeyedOnly).unwrap().1.id(), id);
    }
    let foreign = netstring::encode(&message, &key(3, "new"));
    assert_eq!(open(&foreign, &ring, Trust::KeyedOnly).err(), Some(Refusal::UnknownKey));
}

#[test]
fn a_crc_is_no_proof_where_only_secrets_count() {
    let ring = ring(1, Method::Crc, "");
    let mut message = Message::new();
    message.push("t", "status");
    let bytes = netstring::encode(&message, ring.signing());
    assert_eq!(open(&bytes, &ring, Trust::KeyedOnly).err(), Some(Refusal::Auth));
    assert!(open(&bytes, &ring, Trust::AllKeys).is_ok());
}

#[test]
fn more_than_the_longest_message_is_refused_before_it_is_looked_at() {
    let ring = ring(1, Method::Crc, "");
    let bytes = vec![b'#'; crate::message::MAX_BYTES + 1];
    assert_eq!(open(&bytes, &ring, Trust::AllKeys).err(), Some(Refusal::Form(FormError::TooLong)));
}

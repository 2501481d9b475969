//! Compressed messages: they mean what is inside, and a small one cannot become a
//! large one.
#![no_main]

use std::io::{Read, Write};

use hbkit::message::{FormError, MAX_BYTES, Message};
use hbkit::{classic, inflate, netstring};
use hbkit_fuzz::{Choices, bounded};
use libfuzzer_sys::fuzz_target;

/// What both decompressors and a message of the longest length take together.
const ROOM: usize = 12 << 20;

fn wrapped(payload: Vec<u8>, algorithm: &'static str) -> Message<'static> {
    let mut message = Message::new();
    message.push_binary("_compressed_payload", payload);
    message.push("_compression_algorithm", algorithm);
    message
}

fn squeezed(bytes: &[u8], algorithm: &str) -> Vec<u8> {
    let mut out = Vec::new();
    if algorithm == "zlib" {
        let mut writer = flate2::write::ZlibEncoder::new(&mut out, flate2::Compression::fast());
        writer.write_all(bytes).and_then(|()| writer.finish().map(|_| ())).expect("to memory");
    } else {
        bzip2::read::BzEncoder::new(bytes, bzip2::Compression::fast()).read_to_end(&mut out).expect("from memory");
    }
    out
}

/// What is to be read where nothing is compressed.
fn plain(bytes: &[u8]) -> Result<Message<'static>, FormError> {
    if bytes.len() > MAX_BYTES {
        return Err(FormError::TooLong);
    }
    let message = if bytes.starts_with(classic::START) {
        classic::parse(classic::unseal(bytes)?.covered)?
    } else {
        netstring::parse(bytes.strip_suffix(b"\0").unwrap_or(bytes))?
    };
    Ok(message.into_owned())
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let how = choices.byte();
    let algorithm = if how & 1 == 0 { "zlib" } else { "bz2" };
    // As somebody else packed it.
    let message = wrapped(choices.0.to_vec(), algorithm);
    if let Ok(inside) = bounded(ROOM, || inflate::whole(message)) {
        let length: usize = inside.fields.iter().map(|field| field.name.len()).sum();
        assert!(length <= MAX_BYTES);
    }
    // As we pack it, which takes long.
    if how & 4 == 0 {
        return;
    }
    let mut bytes = match netstring::unseal(choices.0) {
        Ok(sealed) if how & 2 == 0 => sealed.covered.to_vec(),
        _ => choices.0.to_vec(),
    };
    if how == 254 && !bytes.is_empty() {
        while bytes.len() <= 4 * MAX_BYTES {
            bytes.extend_from_within(..);
        }
    }
    let message = wrapped(squeezed(&bytes, algorithm), algorithm);
    assert_eq!(bounded(ROOM, || inflate::whole(message)), plain(&bytes));
});

//! Rows of the kernel's tables: bytes of any kind give a row, none or a complaint,
//! and a row that is asked for is the one that would be read.
#![no_main]

use hbkit_fuzz::bounded;
use libfuzzer_sys::fuzz_target;
use netlink_packet_core::Emitable;

// The module is private to the library: its file is taken as it stands, at a place
// that looks to it like its own.
use hbkit::netlink::NetlinkError;
use hbkit::{floating, interface, route};

#[rustfmt::skip] // Its tests are not where a file at this place would have them.
#[path = "../../../lib/netlink/message.rs"]
mod message;

/// What the socket reads out of an answer, whatever was asked.
fn read_all(payload: &[u8]) -> (Option<floating::Held>, usize) {
    let held = message::held(payload).ok().flatten();
    let _ = message::interface(payload);
    let _ = message::status(payload);
    let _ = message::link_index(payload);
    (held, message::routes(payload).ok().flatten().map_or(0, |routes| routes.len()))
}

fuzz_target!(|data: &[u8]| {
    let (held, routes) = bounded(64 * data.len() + 4096, || read_all(data));
    assert!(routes <= data.len() / 8 + 1);
    // What the kernel does not tell of an address, and labels that are no text.
    let Some(mut held) = held else { return };
    (held.secondary, held.tentative, held.duplicate) = (false, false, false);
    if held.label.as_ref().is_some_and(|label| label.len() > 1000) {
        return;
    }
    let message = message::address(&held);
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    assert_eq!(read_all(&bytes).0, Some(held));
});

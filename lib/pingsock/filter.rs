//! What a raw socket lets through (BPF, socket filters of Linux).

use socket2::SockFilter;

use crate::icmp::Family;

/// A filter that lets answers to `ident` through and errors about its requests:
/// everybody else's would fill the buffer too.
pub fn filter(family: Family, ident: u16) -> [SockFilter; 19] {
    const LOAD_HEADER_LENGTH: u16 = 0xb1; // ldxb 4*([k]&0xf)
    const LOAD_X: u16 = 0x01; // ldx #k
    const LOAD_BYTE: u16 = 0x50; // ldb [x+k]
    const LOAD_HALF: u16 = 0x48; // ldh [x+k]
    const AND: u16 = 0x54; // and #k
    const SHIFT: u16 = 0x64; // lsh #k
    const ADD_X: u16 = 0x0c; // add x
    const TO_X: u16 = 0x07; // tax
    const LOAD: u16 = 0x00; // ld #k
    const IF_EQUAL: u16 = 0x15; // jeq #k
    const RETURN: u16 = 0x06; // ret #k
    // A raw IPv4 socket shows the IP header, a raw ICMPv6 one does not.
    let (start, reply, errors) = match family {
        Family::V4 => (LOAD_HEADER_LENGTH, 0, [3, 11, 12, 12]),
        Family::V6 => (LOAD_X, 129, [1, 2, 3, 4]),
    };
    // What is quoted is a request behind its own IP header, whose length is
    // found in it (IPv4) or known (IPv6).
    let [load, mask, words, sum] = match family {
        Family::V4 => [
            SockFilter::new(LOAD_BYTE, 0, 0, 8),
            SockFilter::new(AND, 0, 0, 0xf),
            SockFilter::new(SHIFT, 0, 0, 2),
            SockFilter::new(ADD_X, 0, 0, 0),
        ],
        Family::V6 => [40; 4].map(|length| SockFilter::new(LOAD, 0, 0, length)),
    };
    [
        SockFilter::new(start, 0, 0, 0),
        SockFilter::new(LOAD_BYTE, 0, 0, 0),
        SockFilter::new(IF_EQUAL, 12, 0, reply),
        SockFilter::new(IF_EQUAL, 4, 0, errors[0]),
        SockFilter::new(IF_EQUAL, 3, 0, errors[1]),
        SockFilter::new(IF_EQUAL, 2, 0, errors[2]),
        SockFilter::new(IF_EQUAL, 1, 0, errors[3]),
        SockFilter::new(RETURN, 0, 0, 0),
        load,
        mask,
        words,
        sum,
        SockFilter::new(TO_X, 0, 0, 0),
        SockFilter::new(LOAD_HALF, 0, 0, 8 + 4),
        SockFilter::new(IF_EQUAL, 2, 3, u32::from(ident)),
        SockFilter::new(LOAD_HALF, 0, 0, 4),
        SockFilter::new(IF_EQUAL, 0, 1, u32::from(ident)),
        SockFilter::new(RETURN, 0, 0, 0xffff),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}

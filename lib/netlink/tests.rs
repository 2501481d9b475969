use std::net::IpAddr;

use super::*;
use crate::floating::FOREVER;

/// No interface has it.
const NOWHERE: u32 = 0x7fff_fff0;

fn address(text: &str) -> Held {
    Held {
        index: NOWHERE,
        address: text.parse::<IpAddr>().unwrap(),
        bits: 24,
        secondary: false,
        tentative: false,
        duplicate: false,
        broadcast: None,
        label: None,
        scope: 0,
        valid: FOREVER,
        preferred: FOREVER,
        choices: 0,
        metric: 0,
        protocol: 0,
    }
}

/// nlmsghdr and a payload.
fn message(kind: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + payload.len()).unwrap();
    let header = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 2], &sequence.to_ne_bytes(), &[0; 4]].concat();
    [header, payload.to_vec()].concat()
}

fn port(socket: &Socket) -> SocketAddr {
    let mut own = SocketAddr::new(0, 0);
    socket.get_address(&mut own).unwrap();
    SocketAddr::new(own.port_number(), 0)
}

#[test]
fn every_change_of_a_batch_has_its_answer_also_when_answers_are_lost() {
    let held: Vec<Held> = (1..=200).map(|number| address(&format!("192.0.2.{number}"))).collect();
    let changes: Vec<Change<'_>> = held.iter().map(Change::Remove).collect();
    let mut netlink = Netlink::open().unwrap();
    let whole = netlink.change_many(&changes).unwrap();
    // Gone with the interface for root; for others not permitted.
    assert!(whole.iter().all(|result| matches!(result, Ok(()) | Err(Errno::EPERM))), "{whole:?}");
    let mut netlink = Netlink::open().unwrap();
    netlink.socket.set_rx_buf_sz(1_i32).unwrap();
    assert_eq!(netlink.batch(&changes).unwrap_err().errno(), Some(Errno::ENOBUFS), "the buffer is too large");
    let mut netlink = Netlink::open().unwrap();
    netlink.socket.set_rx_buf_sz(1_i32).unwrap();
    assert_eq!(netlink.change_many(&changes).unwrap(), whole);
}

#[test]
fn another_process_cannot_answer_for_the_kernel() {
    let mut netlink = Netlink::open().unwrap();
    let mut other = Socket::new(NETLINK_ROUTE).unwrap();
    other.bind_auto().unwrap();
    netlink.addresses(false).unwrap();
    let refusal = (-(Errno::EPERM as i32)).to_ne_bytes();
    let forged = message(NLMSG_ERROR, netlink.sequence + 1, &[&refusal[..], &[0; 16]].concat());
    // The kernel lets nobody else send to a socket that is connected to it.
    other.send_to(&forged, &port(&netlink.socket), 0).unwrap_err();
    netlink.addresses(false).unwrap();
}

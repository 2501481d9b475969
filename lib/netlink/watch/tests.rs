use super::*;

fn seen(bytes: &[u8]) -> Vec<Event> {
    let mut seen = Vec::new();
    events(bytes, &mut |event| seen.push(event));
    seen
}

/// nlmsghdr and a payload.
fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + payload.len()).unwrap();
    let header = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10]].concat();
    [header, payload.to_vec()].concat()
}

#[test]
fn interfaces_are_told_by_their_number_and_what_cannot_be_read_is_lost() {
    // ifinfomsg: family, type, number, flags, change.
    let link = [&[0, 0, 1, 0][..], &7_u32.to_ne_bytes(), &[0; 8]].concat();
    let both = [message(RTM_NEWLINK, &link), message(RTM_DELLINK, &link)].concat();
    assert_eq!(seen(&both), [Event::Interface(7), Event::Interface(7)]);
    assert_eq!(seen(&message(RTM_DELADDR, &[2, 24])), [Event::Lost]);
    assert_eq!(seen(&both[..20]), [Event::Lost]);
    assert_eq!(seen(&message(24, &link)), [], "a route");
}

#[test]
fn what_another_process_says_is_not_the_kernels_news() {
    let mut watch = Watch::open().unwrap();
    let mut other = Socket::new(NETLINK_ROUTE).unwrap();
    other.bind_auto().unwrap();
    // ifaddrmsg: family, bits, flags, scope, number; IFA_LOCAL.
    let held =
        [&[2, 24, 0, 0][..], &0x7fff_fff0_u32.to_ne_bytes(), &8_u16.to_ne_bytes(), &2_u16.to_ne_bytes()].concat();
    let held = [held, vec![192, 0, 2, 4]].concat();
    assert!(matches!(seen(&message(RTM_DELADDR, &held)).as_slice(), [Event::Removed(held)] if held.bits == 24));
    let mut own = SocketAddr::new(0, 0);
    watch.socket.get_address(&mut own).unwrap();
    let sent = other.send_to(&message(RTM_DELADDR, &held), &SocketAddr::new(own.port_number(), 0), 0);
    // Only root may send it at all.
    assert!(sent.is_ok() || sent.unwrap_err().kind() == io::ErrorKind::PermissionDenied);
    let mut news = Vec::new();
    watch.read(|event| news.push(event)).unwrap();
    assert!(!news.iter().any(|event| matches!(event, Event::Removed(held) if held.index == 0x7fff_fff0)), "{news:?}");
}

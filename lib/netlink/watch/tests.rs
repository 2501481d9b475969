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

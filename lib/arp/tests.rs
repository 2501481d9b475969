use super::*;

const MAC: Mac = [2, 0, 0, 0, 0, 1];

/// A request and a reply as Heartbeat's send_arp puts them on the wire.
const REQUEST: &str = "ffffffffffff020000000001080600010800060400010200000000010a4d00640000000000000a4d0064";
const REPLY: &str = "ffffffffffff020000000001080600010800060400020200000000010a4d006a0200000000010a4d006a";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_frames_are_those_of_heartbeat() {
    let request = Arp::gratuitous(MAC, Ipv4Addr::new(10, 77, 0, 100), Form::Request);
    let reply = Arp::gratuitous(MAC, Ipv4Addr::new(10, 77, 0, 106), Form::Reply);
    assert_eq!((hex(&request.frame()), hex(&reply.frame())), (REQUEST.to_owned(), REPLY.to_owned()));
}

#[test]
fn a_probe_is_that_of_rfc_5227() {
    let probe = Arp::question(MAC, Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(10, 77, 0, 100));
    // The sender's protocol address and the target's hardware address are zero.
    let wanted = "ffffffffffff02000000000108060001080006040001020000000001000000000000000000000a4d0064";
    assert_eq!(hex(&probe.frame()), wanted);
}

#[test]
fn a_frame_is_read_as_it_was_written_also_with_padding() {
    for form in [Form::Request, Form::Reply] {
        let arp = Arp::gratuitous(MAC, Ipv4Addr::new(192, 0, 2, 4), form);
        let mut frame = arp.frame().to_vec();
        assert_eq!(Arp::parse(&frame), Ok(arp));
        frame.resize(60, 0);
        assert_eq!(Arp::parse(&frame), Ok(arp));
    }
}

#[test]
fn what_is_no_arp_is_refused() {
    let frame = Arp::gratuitous(MAC, Ipv4Addr::new(192, 0, 2, 4), Form::Request).frame();
    for length in 0..FRAME {
        assert_eq!(Arp::parse(&frame[..length]), Err(ArpError::Short(length)));
    }
    let changed = |at: usize, to: u8| {
        let mut frame = frame;
        frame[at] = to;
        Arp::parse(&frame)
    };
    assert_eq!(changed(13, 0), Err(ArpError::EtherType(0x0800)));
    for at in [15, 16, 18, 19] {
        assert_eq!(changed(at, 9), Err(ArpError::Kind), "byte {at}");
    }
    assert_eq!(changed(21, 3), Err(ArpError::Operation(3)));
}

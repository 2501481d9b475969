use super::*;

fn interface() -> Interface {
    let mac = Some([2, 0, 0, 0, 0, 1]);
    Interface { index: 7, name: "eth0".to_owned(), up: true, carrier: true, loopback: false, noarp: false, mac }
}

#[test]
fn an_ipv4_address_has_a_frame_for_each_form_and_an_ipv6_address_one() {
    let frames = |address: &str, forms: &[Form]| {
        let announcement = Announcement::new(address.parse().unwrap(), &interface(), forms, true).unwrap();
        assert_eq!(announcement.index, 7);
        announcement.frames().map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let forms: Vec<Form> = frames("192.0.2.4", BOTH).iter().map(|frame| Arp::parse(frame).unwrap().form).collect();
    assert_eq!(forms, BOTH);
    assert_eq!(frames("192.0.2.4", &[Form::Reply]).len(), 1);
    let advertisements = frames("2001:db8::4", BOTH);
    assert_eq!(advertisements.len(), 1);
    assert!(Advertisement::parse(&advertisements[0]).unwrap().router);
}

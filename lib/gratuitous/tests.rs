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
    assert_eq!(advertisements[0][58], 0xa0, "router and override");
}

#[test]
fn to_one_neighbour_there_are_a_request_for_its_address_and_an_answer_to_it() {
    let mac = [2, 0, 0, 0, 0, 9];
    let to = |address: &str| Neighbour { address: address.parse().unwrap(), mac };
    let manner = Manner { forms: BOTH, router: false, mac: Some([2, 0, 0, 0, 0, 7]) };
    let directed = |address: &str, neighbour| {
        Announcement::directed(address.parse().unwrap(), &interface(), manner, to(neighbour)).unwrap().frames
    };
    let frames = directed("192.0.2.4", "192.0.2.9");
    let read: Vec<Arp> = frames.iter().map(|frame| Arp::parse(frame).unwrap()).collect();
    for (arp, (form, target_mac)) in read.iter().zip([(Form::Request, [0; 6]), (Form::Reply, mac)]) {
        assert_eq!((arp.form, arp.destination, arp.target_mac), (form, mac, target_mac));
        assert_eq!((arp.source, arp.sender_mac), ([2, 0, 0, 0, 0, 7], [2, 0, 0, 0, 0, 7]));
        assert_eq!((arp.sender, arp.target), ([192, 0, 2, 4].into(), [192, 0, 2, 9].into()));
    }
    assert_eq!(read.len(), 2);
    let frames = directed("2001:db8::4", "2001:db8::9");
    assert_eq!((frames.len(), &frames[0][..6]), (1, &mac[..]));
    assert!(directed("192.0.2.4", "2001:db8::9").is_empty() && directed("2001:db8::4", "192.0.2.9").is_empty());
}

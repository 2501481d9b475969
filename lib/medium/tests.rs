use super::*;

#[test]
fn each_form_of_ha_cf_is_read() {
    assert_eq!("bcast eth1".parse(), Ok(Medium::Bcast { interface: "eth1".into(), port: 694 }));
    assert_eq!(
        "ucast eth0 2001:db8::2".parse(),
        Ok(Medium::Ucast { interface: "eth0".into(), address: "2001:db8::2".parse().unwrap(), port: 694 })
    );
    assert_eq!(
        "mcast eth0 239.0.0.1 694 1 0".parse(),
        Ok(Medium::Mcast {
            interface: "eth0".into(),
            group: "239.0.0.1".parse().unwrap(),
            port: 694,
            ttl: 1,
            loopback: false
        })
    );
    assert_eq!("serial /dev/ttyS0".parse(), Ok(Medium::Serial { device: "/dev/ttyS0".into(), baud: 19_200 }));
    assert_eq!("serial /dev/ttyS0 9600".parse(), Ok(Medium::Serial { device: "/dev/ttyS0".into(), baud: 9_600 }));
}

#[test]
fn wrong_media_are_refused_with_a_cause() {
    for (text, cause) in [
        ("", "no medium"),
        ("carrier pigeon", "no medium"),
        ("bcast", "bcast IFACE"),
        ("bcast a-name-much-too-long", "not the name of an interface"),
        ("ucast eth0", "ucast IFACE ADDR"),
        ("ucast eth0 node2", "not a numeric IP address"),
        ("mcast eth0 192.0.2.1 694 1 0", "not a multicast address"),
        ("mcast eth0 239.0.0.1 0 1 0", "not a port"),
        ("mcast eth0 239.0.0.1 694 256 0", "not a TTL"),
        ("mcast eth0 239.0.0.1 694 1 2", "loop is 0 or 1"),
        ("serial ttyS0", "absolute path"),
        ("serial /dev/ttyS0 12345", "speeds"),
    ] {
        let error = text.parse::<Medium>().unwrap_err().to_string();
        assert!(error.contains(cause), "{text:?}: {error}");
    }
}

#[test]
fn a_link_has_the_name_of_its_kind_and_device() {
    assert_eq!("bcast eth1".parse::<Medium>().unwrap().to_string(), "bcast:eth1");
    assert_eq!("serial /dev/ttyS0".parse::<Medium>().unwrap().to_string(), "serial:/dev/ttyS0");
}

#[test]
fn a_medium_is_read_again_from_its_words() {
    for text in ["bcast eth1", "ucast eth0 2001:db8::2", "mcast eth0 239.0.0.1 1000 1 1", "serial /dev/ttyS0 9600"] {
        assert_eq!(text.parse::<Medium>().unwrap().words(), text);
    }
}

use super::*;

fn interface() -> Interface {
    let mac = Some([2, 0, 0, 0, 0, 1]);
    Interface { index: 2, name: "eth0".to_owned(), up: true, carrier: true, loopback: false, noarp: false, mac }
}

#[test]
fn an_ethernet_that_is_up_announces_also_without_carrier() {
    let mac = [2, 0, 0, 0, 0, 1];
    assert_eq!(interface().announcer(), Ok(mac));
    assert_eq!(Interface { carrier: false, ..interface() }.announcer(), Ok(mac));
}

#[test]
fn what_nobody_hears_is_named() {
    let name = || "eth0".to_owned();
    for (changed, why) in [
        (Interface { loopback: true, up: false, ..interface() }, Unfit::Loopback(name())),
        (Interface { noarp: true, up: false, ..interface() }, Unfit::NoArp(name())),
        (Interface { mac: None, up: false, ..interface() }, Unfit::NotEthernet(name())),
        (Interface { up: false, ..interface() }, Unfit::Down(name())),
    ] {
        assert_eq!(changed.announcer(), Err(why));
    }
}

#[test]
fn an_address_works_on_an_interface_with_carrier() {
    assert_eq!(interface().usable(), Ok(()));
    assert_eq!(Interface { up: false, ..interface() }.usable(), Err(Unfit::Down("eth0".to_owned())));
    assert_eq!(Interface { carrier: false, ..interface() }.usable(), Err(Unfit::NoCarrier("eth0".to_owned())));
}

#[test]
fn a_hardware_address_is_twelve_digits() {
    let read = Some([2, 0, 0, 0, 0, 0xab]);
    for text in ["02:00:00:00:00:ab", "02-00-00-00-00-AB", "0200000000aB", "0200.0000.00ab"] {
        assert_eq!(hardware_address(text), read.filter(|_| !text.contains('.')), "{text}");
    }
    for text in ["", "02:00:00:00:00", "02:00:00:00:00:ab:cd", "02:00:00:00:00:0g", "+2:00:00:00:00:ab", "é200000000a"]
    {
        assert_eq!(hardware_address(text), None, "{text}");
    }
    assert!(is_machine([2, 0, 0, 0, 0, 1]) && !is_machine([0xff; 6]) && !is_machine([1, 0, 0, 0, 0, 1]));
    assert!(!is_machine([0; 6]));
}

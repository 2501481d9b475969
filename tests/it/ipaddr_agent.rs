//! ipaddr-agent from outside.

use crate::capture::Capture;
use crate::lab::{Lab, run};
use crate::need_namespaces;
use crate::send_arp::two_hosts;

#[test]
fn start_adds_and_announces_monitor_sees_and_stop_removes() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    assert_eq!(a.run("ipaddr-agent 192.0.2.4 monitor").code(), 7);
    for _ in 0..2 {
        assert_eq!(a.run("ipaddr-agent 192.0.2.4 start").code(), 0);
        capture.arp("192.0.2.4");
        assert_eq!(a.run("ipaddr-agent 192.0.2.4 monitor").code(), 0);
    }
    assert!(a.ip("-o address show dev eth0").contains("inet 192.0.2.4/24 brd 192.0.2.255 scope global secondary"));
    for _ in 0..2 {
        assert_eq!(a.run("ipaddr-agent 192.0.2.4 stop").code(), 0);
        assert_eq!(a.run("ipaddr-agent 192.0.2.4 monitor").code(), 7);
    }
    assert!(a.ip("-o address show dev eth0").contains("192.0.2.1/24"));
}

#[test]
fn an_unknown_action_is_3() {
    assert_eq!(run("ipaddr-agent", &["promote"], b"").code(), 3);
}

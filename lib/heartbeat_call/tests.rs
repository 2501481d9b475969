use super::*;

fn read(words: &str) -> Result<Call, CallError> {
    Call::read(words.split_ascii_whitespace())
}

#[test]
fn the_call_of_heartbeats_scripts_is_read() {
    let call = read("-i 500 -r 10 -p /run/x eth0 192.0.2.4 auto not_used not_used").unwrap();
    let wanted = Call {
        interval: Duration::from_millis(500),
        count: 10,
        pid_file: Some("/run/x".to_owned()),
        device: "eth0".to_owned(),
        address: Ipv4Addr::new(192, 0, 2, 4),
        mac: None,
    };
    assert_eq!(call, wanted);
    assert_eq!(call.schedule(), Schedule::Every { count: 20, interval: Duration::from_millis(250) });
    let least = read("eth0 192.0.2.4 0200000000aB 192.0.2.255 255.255.255.0").unwrap();
    assert_eq!((least.interval, least.count, least.pid_file), (Duration::from_secs(1), 1, None));
    assert_eq!(least.mac, Some([2, 0, 0, 0, 0, 0xab]));
    assert_eq!(read("-i200 eth0 192.0.2.4 02:00:00:00:00:ab b n").unwrap().mac, least.mac);
}

#[test]
fn requests_and_replies_take_turns_with_the_given_hardware_address() {
    let call = read("eth0 192.0.2.4 02:00:00:00:00:ab b n").unwrap();
    let own = [2, 0, 0, 0, 0, 1];
    for (round, form) in [(0, Form::Request), (1, Form::Reply), (2, Form::Request)] {
        let arp = Arp::parse(&call.frame(round, own)).unwrap();
        assert_eq!((arp.form, arp.source, arp.sender_mac), (form, own, [2, 0, 0, 0, 0, 0xab]));
    }
}

#[test]
fn what_is_wrong_is_named() {
    let text = |words: &str| read(words).unwrap_err().to_string();
    for (words, why) in [
        ("", "0 words instead of five"),
        ("eth0 192.0.2.4 auto b", "4 words instead of five"),
        ("eth0 192.0.2.4 auto b n more", "6 words instead of five"),
        ("-x eth0 192.0.2.4 auto b n", "option '-x'"),
        ("-", "option '-'"),
        ("-é1 eth0 192.0.2.4 auto b n", "option '-\\u{e9}1'"),
        ("-i", "option '-i'"),
        ("-i 0 eth0 192.0.2.4 auto b n", "'0' is not a number"),
        ("-r 100001 eth0 192.0.2.4 auto b n", "'100001' is not a number"),
        ("../x 192.0.2.4 auto b n", "'../x' is not the name"),
        ("eth0 2001:db8::1 auto b n", "'2001:db8::1' is not an IPv4 address"),
        ("eth0 192.0.2.4 02:00:00:00:00 b n", "'02:00:00:00:00' is neither auto"),
        ("eth0 192.0.2.4 +20000000000 b n", "'+20000000000' is neither auto"),
    ] {
        assert!(text(words).contains(why), "{words}: {}", text(words));
    }
}

use super::*;

fn sender() -> Sender {
    Sender {
        node: "node1".into(),
        uuid: *b"0123456789abcdef",
        generation: 0x6b01,
        incarnation: "ab".repeat(16),
        ttl: 3,
        sequence: 0,
    }
}

fn parse(line: &str) -> Result<Option<Order>, OrderError> {
    Order::parse(line.as_bytes())
}

fn names(stamped: &Stamped) -> Vec<&str> {
    stamped.message.fields.iter().map(|field| field.name.as_ref()).collect()
}

#[test]
fn a_status_has_the_fields_of_heartbeats_in_their_order() {
    let order = Order::default().with_defaults(&status_defaults(Duration::from_secs(7)));
    let stamped = sender().stamp(&order, 0x6b02, Some("0.1 0.2 0.3 1/2 3"));
    assert_eq!(names(&stamped), ["t", "st", "dt", "protocol", "inc", "src", "srcuuid", "seq", "hg", "ts", "ld", "ttl"]);
    let text = |name| stamped.message.text(name);
    assert_eq!((text("t"), text("st"), text("dt")), (Some("status"), Some("active"), Some("1b58")));
    assert_eq!((text("seq"), text("hg"), text("ts"), text("ttl")), (Some("1"), Some("6b01"), Some("6b02"), Some("3")));
}

#[test]
fn a_line_overrides_the_defaults_and_adds_to_them() {
    let order = parse("echo=a%20b st=up").unwrap().unwrap().with_defaults(&status_defaults(Duration::from_secs(1)));
    let fields: Vec<(&str, &[u8])> = order.fields.iter().map(|(key, value)| (key.as_str(), value.as_slice())).collect();
    let expected: Vec<(&str, &[u8])> =
        vec![("t", b"status"), ("st", b"up"), ("dt", b"3e8"), ("protocol", b"1"), ("echo", b"a b")];
    assert_eq!(fields, expected);
}

#[test]
fn other_types_get_no_defaults() {
    let order = parse("rsc_hold=none t=resource").unwrap().unwrap().with_defaults(&status_defaults(Duration::ZERO));
    let keys: Vec<&str> = order.fields.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["t", "rsc_hold"]);
}

#[test]
fn numbers_rise_by_one_and_control_messages_use_none() {
    let mut sender = sender();
    let status = Order::default().with_defaults(&[]);
    let control = parse("t=NS_ackmsg ackseq=1").unwrap().unwrap().with_defaults(&[]);
    assert_eq!(sender.stamp(&status, 1, None).sequence, Some(1));
    let stamped = sender.stamp(&control, 1, Some("load"));
    assert_eq!(stamped.sequence, None);
    assert_eq!(names(&stamped), ["t", "ackseq", "src", "srcuuid", "hg", "ts", "ttl"]);
    assert_eq!(sender.stamp(&status, 1, None).sequence, Some(2));
}

#[test]
fn until_is_no_field() {
    let order = parse("until=12.5 t=status").unwrap().unwrap();
    assert_eq!(order.until, Some(Time::from_micros(12_500_000)));
    assert_eq!(order.fields.len(), 1);
}

#[test]
fn an_empty_line_is_no_order() {
    assert_eq!(parse(""), Ok(None));
    assert_eq!(parse("  "), Ok(None));
}

#[test]
fn wrong_lines_are_refused_with_a_cause() {
    assert_eq!(parse("hello"), Err(OrderError::Word("hello".into())));
    assert_eq!(parse("=x"), Err(OrderError::Word("=x".into())));
    assert_eq!(parse("(1)a=x"), Err(OrderError::Word("(1)a=x".into())));
    assert_eq!(parse("a=1 a=2"), Err(OrderError::Twice("a".into())));
    assert_eq!(parse("until=1 until=2"), Err(OrderError::Twice("until".into())));
    assert_eq!(parse("a=%00"), Err(OrderError::Value("a".into())));
    assert_eq!(parse("a=%13"), Err(OrderError::Value("a".into())));
    assert_eq!(parse("t="), Err(OrderError::Kind));
    assert!(matches!(parse("until=soon"), Err(OrderError::Until(_))));
    assert_eq!(Order::parse(b"a=\xff"), Err(OrderError::Encoding));
    for key in OWN_FIELDS {
        assert_eq!(parse(&format!("{key}=1")), Err(OrderError::OwnField(key.into())));
    }
}

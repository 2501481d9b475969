use super::*;

fn json(line: &str) -> String {
    from_record(&Record::parse(line.as_bytes()).unwrap())
}

#[test]
fn a_record_becomes_an_object() {
    assert_eq!(
        json("msg 1.500000 node2 via=bcast:eth1 t=status"),
        r#"{"kind":"msg","time":1.500000,"words":["node2"],"fields":{"via":"bcast:eth1","t":"status"}}"#
    );
    assert_eq!(json("tick 2.000000"), r#"{"kind":"tick","time":2.000000,"words":[],"fields":{}}"#);
}

#[test]
fn values_are_decoded_and_escaped() {
    assert_eq!(
        json("x 1.0 a=%22%5C%0A%01%C3%A9 b=a%20b"),
        "{\"kind\":\"x\",\"time\":1.000000,\"words\":[],\"fields\":{\"a\":\"\\\"\\\\\\n\\u0001\u{e9}\",\"b\":\"a b\"}}"
    );
}

#[test]
fn a_value_that_is_no_text_stays_encoded() {
    assert_eq!(json("x 1.0 uuid=%FF%00"), r#"{"kind":"x","time":1.000000,"words":[],"fields":{"uuid":"%FF%00"}}"#);
}

#[test]
fn no_name_stands_twice_in_an_object() {
    assert_eq!(json("x 1.0 a=1 a=2 b=3"), r#"{"kind":"x","time":1.000000,"words":[],"fields":{"a":"1","b":"3"}}"#);
}

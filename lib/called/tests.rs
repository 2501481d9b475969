use super::*;

#[test]
fn a_name_is_the_last_part_of_a_path() {
    for (first, called) in [
        ("/usr/lib/ocf/resource.d/heartbeat/IPaddr2", Called::Ipaddr2),
        ("/etc/ha.d/resource.d/IPaddr", Called::Ipaddr),
        ("IPv6addr", Called::Ipv6addr),
        ("./ipaddr-agent", Called::Own),
        ("/IPaddr2/other", Called::Own),
        ("ipaddr2", Called::Own),
        ("", Called::Own),
    ] {
        assert_eq!(Called::of(first), called, "{first}");
    }
}

//! Lines that are refused, and what is said of each.

use super::*;

/// A line, and a part of what is said of it.
const WRONG: &[(&str, &str)] = &[
    ("keepalive", "keepalive without a value"),
    ("keepalive 0", "more than 0"),
    ("keepalive 0.4ms", "more than 0"),
    ("keepalive 250 ms", "no blank before the unit: write keepalive 250ms"),
    ("deadtime 1min", "the unit of a time is ms or us; without one, seconds: write 60"),
    ("deadtime 1d", "the unit of a time"),
    ("deadtime 2", "more than twice keepalive"),
    ("keepalive 15", "more than twice keepalive"),
    ("deadping 2", "deadping must be more than twice keepalive"),
    ("initdead 29", "initdead (29.0 s) is shorter than deadtime (30.0 s)"),
    ("udpport 0", "not a port"),
    ("udpport 65536", "not a port"),
    ("udpport ha-cluster", "not a port"),
    ("baud 12345", "not one of the speeds"),
    ("bcast eth0/1", "not the name of an interface"),
    ("serial ttyS0", "absolute path"),
    ("ucast eth0 node2", "names of hosts are not looked up: write the address that 'getent ahosts node2' prints"),
    ("ucast eth0 10.0.0.256", "'10.0.0.256' is not a numeric IP address"),
    ("ucast6 eth0 192.0.2.2", "takes an IPv6 address"),
    ("mcast eth0 239.0.0.1 694 1", "mcast IFACE GROUP PORT TTL LOOP"),
    ("mcast6 eth0 239.0.0.1 694 1 0", "takes an IPv6 address"),
    ("ping gateway", "names of hosts are not looked up"),
    ("ping6 192.0.2.1", "takes an IPv6 address"),
    ("ping_group g 192.0.2.1\nping_group g 192.0.2.2", "ping node g is named twice"),
    ("ping_group routers", "ping_group NAME ADDR..."),
    ("ping_group rou/ters 192.0.2.1", "is not a name"),
    ("node no/de", "is not a name"),
    ("auto_failback maybe", "on, off or legacy"),
    ("quorum two", "alive or majority"),
    ("ping_damping maybe", "a time or off"),
    ("ping_damping on", "a time or off"),
    ("failback_delay 5 m", "failback_delay takes one time"),
    ("failback_delay 2d", "the unit is none of"),
    ("failure_expiry 25h", "longer than a day"),
    ("flap_halflife", "flap_halflife without a value"),
    ("flap_limit 0", "is not a number from 1 to 1000"),
    ("flap_limit 2.5", "is not a number from 1 to 1000"),
    ("witness node3", "in a node line"),
    ("stonith_host * ssh node2", "not supported by hbkit: it uses no plugins of STONITH"),
    ("watchdog softdog", "'softdog' is not the absolute path of a device"),
    ("keepalive 100ms\ndeadtime 1\ninitdead 10\nwatchdog /dev/watchdog", "deadtime has to be 1.25 s or more"),
    ("respawn root", "respawn USER PROGRAM"),
    ("respawn root bin/x", "'bin/x' is not the absolute path of a program"),
    ("respawn ro/ot /usr/bin/x", "'ro/ot' is not the name of a user"),
    ("realtime perhaps", "realtime is on or off, not 'perhaps'"),
    ("rtprio 0", "'0' is not a priority from 1 to 99"),
    ("rtprio high", "'high' is not a priority from 1 to 99"),
    ("crm respawn", "not supported by hbkit"),
    ("autojoin any", "not supported by hbkit: every node has to be named"),
    ("quorum_server q", "not supported by hbkit"),
    ("logfile", "logfile without a value"),
    ("Keepalive 2", "unknown directive 'Keepalive': written keepalive, in lower case"),
    ("keepalive=2", "unknown directive 'keepalive=2': written 'keepalive VALUE'"),
    ("frobnicate 1", "unknown directive 'frobnicate'"),
    ("; a comment", "unknown directive ';': a comment begins with '#'"),
    ("auto-failback on", "unknown directive 'auto-failback': written auto_failback"),
    ("Nodes a b", "unknown directive 'Nodes': written node"),
    ("msgfmt text", "msgfmt is classic or netstring, not 'text'"),
    ("allow_crc perhaps", "allow_crc is yes or no, not 'perhaps'"),
    ("respawn hacluster /usr/lib/heartbeat/dopd", "fence-peer handler in the configuration of DRBD"),
];

#[test]
fn wrong_lines_are_errors_with_a_cause() {
    for (line, cause) in WRONG {
        let said = said_with_base(line);
        assert_eq!(said.len(), 1, "{line}: {said:?}");
        assert!(said[0].contains(": error: ") && said[0].contains(cause), "{line}: {said:?}");
    }
    assert_eq!(said("node a b").len(), 1);
    assert_eq!(said("bcast eth0").len(), 1);
    assert_eq!(said("node no/de\nserial ttyS0").len(), 2);
}

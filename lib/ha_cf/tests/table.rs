//! Every directive of Heartbeat 3.0.6, and what becomes of it here.

use std::collections::BTreeSet;

use super::super::Fate::{Depends, Idle, Refused, Used};
use super::*;

/// Each with a line that Heartbeat accepts, and what is said of it; nothing: it
/// is used without a word.
const TABLE: &[(&str, Fate, &str, &str)] = &[
    ("node", Used, "node node3", ""),
    ("keepalive", Used, "keepalive 2", ""),
    ("deadtime", Used, "deadtime 20", ""),
    ("warntime", Used, "warntime 10", ""),
    ("initdead", Used, "initdead 60", ""),
    ("deadping", Used, "deadping 20", ""),
    ("hopfudge", Idle, "hopfudge 1", "messages are not passed on"),
    ("udpport", Used, "udpport 694", ""),
    ("baud", Used, "baud 19200", ""),
    ("bcast", Used, "bcast eth0", ""),
    ("udp", Used, "udp eth0", "write bcast"),
    ("mcast", Used, "mcast eth0 225.0.0.1 694 1 0", ""),
    ("mcast6", Used, "mcast6 eth0 ff12::1 694 1 0", ""),
    ("ucast", Used, "ucast eth0 192.0.2.2", ""),
    ("ucast6", Used, "ucast6 eth0 2001:db8::2", ""),
    ("serial", Used, "serial /dev/ttyS0", ""),
    ("ping", Used, "ping 192.0.2.254", ""),
    ("ping6", Used, "ping6 2001:db8::254", ""),
    ("ping_group", Used, "ping_group routers 192.0.2.254 192.0.2.253", ""),
    ("hbaping", Refused, "hbaping fc-card 1 2", "use bcast, ucast, mcast or serial"),
    ("rds", Refused, "rds ib0 192.0.2.2", "use bcast, ucast, mcast or serial"),
    ("tipc", Refused, "tipc 1 2", "use bcast, ucast, mcast or serial"),
    ("auto_failback", Used, "auto_failback on", ""),
    ("nice_failback", Used, "nice_failback on", "write auto_failback on or off"),
    ("logfile", Idle, "logfile /var/log/ha-log", "standard error"),
    ("debugfile", Idle, "debugfile /var/log/ha-debug", "standard error"),
    ("logfacility", Idle, "logfacility local0", "standard error"),
    ("use_logd", Idle, "use_logd yes", "standard error"),
    ("conn_logd_time", Idle, "conn_logd_time 60", "standard error"),
    ("syslogmsgfmt", Idle, "syslogmsgfmt false", "standard error"),
    ("log_badpack", Idle, "log_badpack false", "bad records"),
    ("debug", Idle, "debug 1", "records between the tools"),
    ("realtime", Used, "realtime on", ""),
    ("rtprio", Used, "rtprio 5", ""),
    ("memreserve", Idle, "memreserve 6500", "lock what they use"),
    ("watchdog", Used, "watchdog /dev/watchdog", ""),
    ("stonith", Refused, "stonith baytech /etc/ha.d/conf/stonith.baytech", "write 'fence NODE COMMAND"),
    ("stonith_host", Refused, "stonith_host * null node1 node2", "write 'fence NODE COMMAND"),
    ("respawn", Used, "respawn root /usr/local/bin/thing", ""),
    ("failfast", Refused, "failfast root /usr/local/bin/thing", "let the init system do it"),
    ("apiauth", Idle, "apiauth ipfail gid=haclient uid=hacluster", "no daemon with clients"),
    ("hbgenmethod", Idle, "hbgenmethod time", "kept in a file"),
    ("uuidfrom", Idle, "uuidfrom nodename", "kept in a file"),
    ("msgfmt", Used, "msgfmt classic", ""),
    ("compression", Idle, "compression bz2", "uncompressed"),
    ("compression_threshold", Idle, "compression_threshold 2", "uncompressed"),
    ("traditional_compression", Idle, "traditional_compression no", "uncompressed"),
    ("max_rexmit_delay", Idle, "max_rexmit_delay 250", "replaced by the next one"),
    ("autojoin", Depends, "autojoin any", "every node has to be named"),
    ("cluster", Idle, "cluster linux-ha", "nowhere used"),
    ("quorum_server", Refused, "quorum_server qs.example.com", "leave the line out"),
    ("env", Idle, "env LANG=C", "set the variable"),
    ("coredumps", Idle, "coredumps true", "ulimit -c"),
    ("coreroot", Idle, "coreroot /var/lib/heartbeat/cores", "ulimit -c"),
    ("use_apphbd", Depends, "use_apphbd yes", "leave the line out"),
    ("pacemaker", Depends, "pacemaker respawn", "use Corosync there, or haresources here"),
    ("crm", Depends, "crm yes", "use Corosync there, or haresources here"),
    ("crm_daemon_dir", Idle, "crm_daemon_dir /usr/lib/heartbeat", "does not start Pacemaker"),
    ("crmd_spawns_pengine", Idle, "crmd_spawns_pengine yes", "does not start Pacemaker"),
    ("record_config_changes", Idle, "record_config_changes on", "does not start Pacemaker"),
    ("record_pengine_inputs", Idle, "record_pengine_inputs on", "does not start Pacemaker"),
    ("enable_config_writes", Idle, "enable_config_writes on", "does not start Pacemaker"),
    ("normalpoll", Idle, "normalpoll 1", "do not poll"),
];

#[test]
fn every_directive_of_heartbeat_is_used_or_warned_of_or_refused_with_what_to_do_instead() {
    for (directive, expected, line, cause) in TABLE {
        assert_eq!(fate(directive), Some(*expected), "{directive}");
        let said = said_with_base(line);
        let wanted = match expected {
            Used if cause.is_empty() => {
                assert_eq!(said, [""; 0], "{line}");
                continue;
            }
            Used => ": warning: ".to_owned(),
            Idle => format!("f:1: warning: {directive} has no effect in hbkit: "),
            Refused | Depends => format!("f:1: error: {directive} is not supported by hbkit: "),
            Fate::Alone => unreachable!("the table is Heartbeat's"),
        };
        assert_eq!(said.len(), 1, "{line}: {said:?}");
        assert!(said[0].contains(&wanted) && said[0].contains(cause), "{line}: {said:?}");
    }
}

#[test]
fn what_depends_on_the_value_is_no_loss_when_it_says_no() {
    for line in ["crm no", "pacemaker false", "use_apphbd off", "respawn hacluster /usr/lib/heartbeat/ipfail"] {
        let said = said_with_base(line);
        assert!(said.len() == 1 && said[0].contains(": warning: ") && said[0].contains("has no effect"), "{said:?}");
    }
    for line in ["autojoin none", "hbgenmethod file", "uuidfrom file"] {
        assert_eq!(said_with_base(line), [""; 0], "{line}");
    }
}

#[test]
fn the_table_and_the_code_have_the_same_directives() {
    let table: BTreeSet<&str> = TABLE.iter().map(|(directive, ..)| *directive).collect();
    let code: BTreeSet<&str> = directives().filter(|name| fate(name) != Some(Fate::Alone)).collect();
    assert_eq!((table.len(), &table), (TABLE.len(), &code));
    assert_eq!(fate("frobnicate"), None);
}

#[test]
fn a_directive_without_a_value_is_refused_and_never_taken_for_none() {
    for directive in directives() {
        let said = said_with_base(directive);
        assert!(said[0].starts_with(&format!("f:1: error: {directive} without a value: ")), "{said:?}");
    }
}

use super::*;

fn groups(text: &str) -> Vec<String> {
    let (groups, problems) = parse("f", text.as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    groups.iter().map(ToString::to_string).collect()
}

fn said(text: &str) -> Vec<String> {
    parse("f", text.as_bytes()).1.iter().map(ToString::to_string).collect()
}

#[test]
fn a_line_is_a_group_named_by_its_first_resource() {
    assert_eq!(
        groups("node1 10.77.0.100/24/eth0 testrsc::arg1"),
        ["10.77.0.100 node1 IPaddr::10.77.0.100/24/eth0 testrsc::arg1"]
    );
    assert_eq!(
        groups("Node1 drbddisk::r0 Filesystem::/dev/drbd0::/mnt::ext4"),
        ["drbddisk--r0 node1 drbddisk::r0 Filesystem::/dev/drbd0::/mnt::ext4"]
    );
    assert_eq!(groups("node1 2001:db8::10/64/eth0 web"), ["2001-db8--10 node1 IPaddr::2001:db8::10/64/eth0 web"]);
    assert_eq!(groups("node1 IPaddr::192.0.2.4/24"), ["192.0.2.4 node1 IPaddr::192.0.2.4/24"]);
    assert_eq!(groups("# nothing\n\n   \n"), [""; 0]);
}

#[test]
fn lines_are_continued_by_a_backslash() {
    let text = "node1 192.0.2.4 \\\n\t a::1 \\\n b # comment\nnode2 c";
    assert_eq!(groups(text), ["192.0.2.4 node1 IPaddr::192.0.2.4 IPaddr::a::1 b", "c node2 c"]);
    assert_eq!(parse("f", text.as_bytes()).0[1].line, 4);
}

#[test]
fn wrong_lines_are_errors_with_a_cause() {
    for (line, cause) in [
        ("node1", "node 'node1' without a resource"),
        ("no/de a", "the first word is the preferred node"),
        ("node1 300.1.1.1", "'300.1.1.1' is not an IP address"),
        ("node1 2001:db8:1:2:3", "is not an IP address"),
        ("node1 192.0.2.4/33", "is not a prefix length from 1 to 32"),
        ("node1 192.0.2.4/24/averyverylonginterface", "is not the name of an interface"),
        ("node1 192.0.2.4/24/eth0:averylonglabel", "is not a label"),
        ("node1 192.0.2.4/24/eth0/192.0.2.255/x", "more parts than"),
        ("node1 192.0.2.4/24/eth0/eth1", "is not an IPv4 broadcast address"),
        ("node1 192.0.2.255/24", "it is the broadcast address of its network"),
        ("node1 2001:db8::1/64/eth0:1", "IPv6 has no label"),
        ("node1 2001:db8::1/129", "is not a prefix length from 1 to 128"),
        ("node1 ../../bin/sh", "neither an address nor the name of a script"),
        ("node1 /etc/init.d/x", "neither an address nor the name of a script"),
        ("node1 -x", "neither an address nor the name of a script"),
        ("node1 ::x", "neither an address nor the name of a script"),
        ("node1 \"web\"", "a character that is not allowed here"),
        ("node1 web \\ ", "very last character"),
        ("node1 a\nnode2 a", "the group a stands on line 1 too"),
        ("node1 a::b\nnode1 a--b", "the group a--b stands on line 1 too"),
        ("node1 IPaddr::host", "'host' is not an IP address"),
    ] {
        let said = said(line);
        assert_eq!(said.len(), 1, "{line}: {said:?}");
        assert!(said[0].contains(": error: ") && said[0].contains(cause), "{line}: {said:?}");
    }
}

#[test]
fn odd_lines_are_warned_of() {
    for (text, cause) in [
        ("node1 a\r\nnode2 b\r\n", "f:1: warning: lines end in CR LF"),
        ("node1 a#b", "f:1: warning: a comment begins inside a word"),
        ("node1 a # b \\\nnode2 c", "f:1: warning: the backslash stands in a comment"),
        ("node1 a \\", "f:1: warning: the file ends with a line that should be continued"),
    ] {
        let said = said(text);
        assert_eq!(said.len(), 1, "{text}: {said:?}");
        assert!(said[0].starts_with(cause), "{text}: {said:?}");
    }
}

#[test]
fn everything_is_bounded() {
    let many: String = (0..=GROUPS_MAX).map(|n| format!("node1 r{n}\n")).collect();
    assert!(said(&many)[0].contains("more than 100 groups"));
    let wide = format!("node1{}", " r".repeat(RESOURCES_MAX + 1));
    assert!(said(&wide)[0].contains("more than 64 resources"));
    let deep = format!("node1 r{}", "::a".repeat(resource::ARGS_MAX + 1));
    assert!(said(&deep)[0].contains("more than 32 arguments"));
    let long = format!("node1 {}", "r \\\n".repeat(4_000));
    assert!(said(&long)[0].contains("exceeds 5119 bytes"));
}

#[test]
fn what_hbkits_own_forms_lack_is_a_warning() {
    for (word, wrong) in [
        ("systemd", Some("is written systemd::UNIT")),
        ("systemd::a::b", Some("is written systemd::UNIT")),
        ("words", Some("is written words::SCRIPT")),
        ("command::", Some("is written command::")),
        ("ocf::heartbeat", Some("is written ocf::PROVIDER")),
        ("ocf::heartbeat::Filesystem::device", Some("'device' is not PARAMETER=VALUE")),
        ("ocf::heartbeat::Filesystem::9a=1", Some("is not PARAMETER=VALUE")),
        ("Filesystem::/dev/sda1", Some("is written Filesystem::DEVICE")),
        ("systemd::nginx", None),
        ("words::web", None),
        ("command::/bin/true::", None),
        ("ocf::heartbeat::Filesystem::device=/dev/sda1::options=a=b", None),
        ("Filesystem::/dev/sda1::/srv", None),
        ("web", None),
    ] {
        let (groups, problems) = parse("haresources", format!("n1 {word}\n").as_bytes());
        let lines = problems.lines();
        assert_eq!((groups.len(), problems.has_errors()), (1, false), "{word}: {lines:?}");
        match wrong {
            Some(wrong) => assert!(lines.len() == 1 && lines[0].contains(wrong), "{word}: {lines:?}"),
            None => assert!(lines.is_empty(), "{word}: {lines:?}"),
        }
    }
}

use std::collections::BTreeMap;

use super::*;

/// What is wrong with a resource on a host with these programs; a text of `-` is a
/// file that may not be run.
fn doubt(word: &str, files: &[(&str, &str)]) -> Option<String> {
    let ours = ["/own/ocf", "/own/command", "/own/systemd"].map(|path| (path, "#!/bin/sh\n"));
    let programs = ["/bin/sh", "/bin/perl", "/usr/bin/env"].map(|path| (path, "\x7fELF"));
    let mut there: BTreeMap<&str, &str> = ours.into_iter().chain(programs).collect();
    there.extend(files.iter().copied());
    let sight = |path: &str| match there.get(path) {
        None => Sight::Absent,
        Some(&"-") => Sight::Idle,
        Some(&"?") => Sight::Unknown,
        Some(text) => Sight::Program(text.as_bytes().to_vec()),
    };
    let host = Host {
        places: vec!["/etc/ha.d/resource.d".into(), "/own".into(), "/etc/init.d".into()],
        agents: "/usr/lib/ocf/resource.d".into(),
        units: files.iter().any(|(path, _)| path.starts_with("/units")).then(|| vec!["/units".into()]),
        path: vec!["/bin".into()],
        sight: &sight,
    };
    host.doubt(&Resource::parse(word).expect(word))
}

const WEB: &str = "/etc/ha.d/resource.d/web";

#[test]
fn s72_what_the_kernel_would_not_run_is_named_with_its_path() {
    for (text, why) in [
        ("-", "/etc/ha.d/resource.d/web is not executable"),
        (
            "#!/bin/sh\r\nexit 0\r\n",
            "the lines of /etc/ha.d/resource.d/web end in CR LF, which is taken for a part of its interpreter's name",
        ),
        (
            "#!/bin/sh -e\r\n",
            "the lines of /etc/ha.d/resource.d/web end in CR LF, which is taken for a part of its interpreter's name",
        ),
        ("#!/bin/bish -e\n", "the interpreter of /etc/ha.d/resource.d/web, '/bin/bish', is not there"),
        ("#!\n", "the interpreter of /etc/ha.d/resource.d/web, '', is not there"),
        (
            "#!/usr/bin/env python2\n",
            "the interpreter of /etc/ha.d/resource.d/web, 'python2', is in no directory of PATH",
        ),
        (
            "#!/usr/bin/env perl -w\n",
            "the interpreter of /etc/ha.d/resource.d/web, 'perl -w', is in no directory of PATH",
        ),
        (
            "#!/usr/bin/env -S A=b ruby -w\n",
            "the interpreter of /etc/ha.d/resource.d/web, 'ruby', is in no directory of PATH",
        ),
        ("exit 0\n", "/etc/ha.d/resource.d/web does not begin with '#!' and an interpreter"),
        ("", "/etc/ha.d/resource.d/web does not begin with '#!' and an interpreter"),
    ] {
        let expected = format!("'web::a': this node could not start it: {why}");
        assert_eq!(doubt("web::a", &[(WEB, text)]), Some(expected), "{text:?}");
    }
}

#[test]
fn what_runs_is_not_doubted() {
    for text in [
        "#!/bin/sh\n",
        "#! /bin/sh -e\n",
        "#!/bin/sh",
        "\x7fELF\r\n",
        "#!/usr/bin/env perl\n",
        "#!/bin/sh\n\r\n",
        "#!/usr/bin/env -S perl -w\n",
        "#!/usr/bin/env -i perl\n",
        "?",
    ] {
        assert_eq!(doubt("web", &[(WEB, text)]), None, "{text:?}");
        assert_eq!(doubt("words::web::a", &[("/etc/init.d/web", text)]), None, "{text:?}");
    }
    assert_eq!(doubt("192.0.2.1/24/eth0", &[]), None);
}

#[test]
fn s72_what_is_not_there_is_said_with_the_places_that_were_searched() {
    let missing = "this node could not start it: there is no such script in /etc/ha.d/resource.d, /own or /etc/init.d";
    assert_eq!(doubt("web", &[]), Some(format!("'web': {missing}")));
    assert_eq!(doubt("words::web::a", &[]), Some(format!("'words::web::a': {missing}")));
    assert_eq!(doubt("web", &[("/units/web.service", "-")]), None);
    assert_eq!(doubt("web@a", &[("/units/web@.service", "-")]), None);
    assert_eq!(doubt("web", &[("/units/web.socket", "-")]), Some(format!("'web': {missing}")));
}

#[test]
fn a_script_that_may_not_be_run_is_passed_over_for_one_that_may() {
    let said = doubt("web", &[(WEB, "-"), ("/etc/init.d/web", "#!/bin/sh\n")]);
    assert_eq!(
        said.as_deref(),
        Some("'web': /etc/ha.d/resource.d/web is not executable, and /etc/init.d/web is taken in its place")
    );
}

#[test]
fn s72_what_a_script_of_ours_runs_is_looked_for_too() {
    let agent = "/usr/lib/ocf/resource.d/heartbeat/IPaddr2";
    for (word, files, why) in [
        (
            "ocf::heartbeat::IPaddr2::ip=10.0.0.1",
            &[][..],
            Some("/usr/lib/ocf/resource.d/heartbeat/IPaddr2 is not there"),
        ),
        ("ocf::heartbeat::IPaddr2", &[(agent, "#!/bin/sh\n")], None),
        (
            "ocf::heartbeat::IPaddr2",
            &[(agent, "-")],
            Some("/usr/lib/ocf/resource.d/heartbeat/IPaddr2 is not executable"),
        ),
        ("command::/srv/run::a", &[], Some("/srv/run is not there")),
        ("command::/srv/run::a", &[("/srv/run", "\x7fELF")], None),
        ("command::perl::a", &[], None),
        ("command::ruby::a", &[], Some("ruby is in no directory of PATH")),
        ("systemd::nginx", &[], Some("systemd does not run here")),
        ("systemd::nginx", &[("/units/apache2.service", "-")], Some("systemd has no unit nginx.service")),
        ("systemd::nginx", &[("/units/nginx.service", "-")], None),
        ("systemd::a.mount", &[("/units/a.mount", "-")], None),
        ("ocf::heartbeat", &[], None),
    ] {
        let expected = why.map(|why| format!("'{word}': this node could not start it: {why}"));
        assert_eq!(doubt(word, files), expected, "{word}");
    }
}

#[test]
fn a_host_that_is_not_of_the_cluster_says_nothing_of_its_scripts() {
    let (conf, _) = crate::ha_cf::parse("ha.cf", b"node n1 n2\n");
    let (groups, _) = crate::haresources::parse("haresources", b"n1 10.0.0.1 \\\n  web\nn2 10.0.0.2 web db\n");
    let absent = |_: &str| Sight::Absent;
    let host = Host { places: vec!["/r".into()], agents: String::new(), units: None, path: Vec::new(), sight: &absent };
    let lines = |node: &str| {
        let mut problems = Problems::new("haresources");
        check(&conf, &groups, node, &host, &mut problems);
        problems.lines()
    };
    let line = |line: usize, name: &str| {
        format!("haresources:{line}: warning: '{name}': this node could not start it: there is no such script in /r")
    };
    assert_eq!(lines("n2"), [line(1, "web"), line(3, "web"), line(3, "db")]);
    assert_eq!(lines("workstation"), [""; 0]);
}

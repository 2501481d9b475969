use super::*;

fn passed(text: &str) -> Passed {
    let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    text.split_whitespace().map(pair).collect()
}

fn read(text: &str) -> Parameters {
    passed(text).read(Called::Own).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> String {
    passed(text).read(Called::Own).unwrap_err().to_string()
}

#[test]
fn an_address_alone_is_announced_as_ipaddr2_does_it() {
    let found = read("ip=192.0.2.4");
    assert_eq!(found.spec, "192.0.2.4".parse().unwrap());
    assert_eq!(found.manner, Manner { rounds: ROUNDS, detect: true, ..Manner::default() });
    assert_eq!((found.namespace, found.recurring), (None, false));
}

#[test]
fn the_place_of_an_address_has_its_parts() {
    let found = read("ip=192.0.2.4 cidr_netmask=24 nic=eth0 iflabel=web broadcast=192.0.2.255");
    assert_eq!(found.spec, "192.0.2.4/24/eth0:web/192.0.2.255".parse().unwrap());
    assert_eq!(read("ip=192.0.2.4 nic=eth0:web").spec, read("ip=192.0.2.4 nic=eth0 iflabel=web").spec);
    assert_eq!(read("ip=192.0.2.4 netmask=255.255.255.0").spec.bits, Some(24));
    assert_eq!(read("ip=192.0.2.4 netmask=24 cidr_netmask=24").spec.bits, Some(24));
    assert_eq!(read("ip=127.0.0.3").spec.interface.as_deref(), Some("lo"));
    assert_eq!(read("ip=192.0.2.4 nic= cidr_netmask=").spec, "192.0.2.4".parse().unwrap());
}

#[test]
fn ipv6addrs_parameters_are_taken() {
    let six = |text: &str| passed(text).read(Called::Ipv6addr);
    assert_eq!(six("ipv6addr=2001:db8::4/64 nic=eth0").unwrap().spec, "2001:db8::4/64/eth0".parse().unwrap());
    // cidr_netmask counts more than what stands behind the address.
    assert_eq!(six("ipv6addr=2001:db8::4/64 cidr_netmask=80").unwrap().spec.bits, Some(80));
    assert_eq!(six("ipv6addr=192.0.2.4").unwrap_err().to_string(), "192.0.2.4 is not an IPv6 address");
    assert_eq!(six("nic=eth0"), Err(ParameterError::Missing("ipv6addr")));
    assert_eq!(read("ipv6addr=2001:db8::4").spec, read("ip=2001:db8::4").spec);
}

#[test]
fn every_manner_has_its_parameter() {
    let manner = |text: &str| read(&format!("ip=2001:db8::4 {text}")).manner;
    assert_eq!(
        manner("arp_count=3 arp_interval=50 arp_bg=no").rounds,
        Rounds { count: 3, interval: Duration::from_millis(50), background: false }
    );
    assert_eq!(
        manner("ARP_REPEAT=3 ARP_INTERVAL_MS=50 ARP_BACKGROUND=no"),
        manner("arp_count=3 arp_interval=50 arp_bg=no")
    );
    assert_eq!(manner("arp_count_refresh=2").refresh, 2);
    assert_eq!(manner("arp_sender=send_arp").forms, BOTH);
    assert_eq!(manner("arp_sender=iputils_arping").forms, &[Form::Request]);
    assert_eq!(manner("arp_sender=iputils_arping send_arp_opts=-A").forms, &[Form::Reply]);
    assert!(manner("").detect && !manner("nodad=true").detect);
    assert_eq!((manner("").duplicates, manner("run_arping=true").duplicates), (Duplicates::Off, Duplicates::Refuse));
    assert!(manner("").prefix_route && !manner("noprefixroute=1").prefix_route);
    assert_eq!((manner("preferred_lft=0").preferred, manner("preferred_lft=forever").preferred), (0, FOREVER));
    assert!(manner("").link_matters && !manner("check_link_status=false").link_matters);
    assert!(!manner("").flush_routes && manner("flush_routes=Yes").flush_routes);
    assert_eq!(read("ip=192.0.2.4 network_namespace=blue").namespace.as_deref(), Some("blue"));
}

#[test]
fn what_a_cluster_manager_passes_along_is_no_parameter() {
    let found = read("ip=192.0.2.4 CRM_meta_timeout=20000 CRM_meta_interval=10000 crm_feature_set=3.16.2 trace_ra=1");
    assert!(found.recurring);
    assert!(!read("ip=192.0.2.4 CRM_meta_interval=0").recurring);
}

#[test]
fn clones_have_addresses_of_their_own_or_none() {
    let clone = |address: &str, number: u32| {
        let meta = "CRM_meta_clone_max=4 CRM_meta_globally_unique=true unique_clone_address=true";
        passed(&format!("ip={address} {meta} CRM_meta_clone={number}")).read(Called::Own).map(|read| read.spec.address)
    };
    assert_eq!(clone("192.0.2.4", 0), Ok("192.0.2.4".parse().unwrap()));
    assert_eq!(clone("192.0.2.4", 3), Ok("192.0.2.7".parse().unwrap()));
    assert_eq!(clone("2001:db8::4", 3), Ok("2001:db8::7".parse().unwrap()));
    assert!(clone("192.0.2.254", 3).is_err() && clone("2001:db8::fffe", 3).is_err());
    assert!(error("ip=192.0.2.4 CRM_meta_clone_max=2").contains("a cluster IP"));
    assert!(error("ip=192.0.2.4 unique_clone_address=true").contains("globally-unique"));
    assert!(error("ip=192.0.2.4 CRM_meta_clone_max=0").contains("CRM_meta_clone_max: '0'"));
    // Clones of which there is one.
    assert_eq!(read("ip=192.0.2.4 CRM_meta_clone_max=1 CRM_meta_clone=0").spec, "192.0.2.4".parse().unwrap());
}

#[test]
fn what_is_wrong_is_named() {
    for (text, what) in [
        ("", "the parameter ip is missing"),
        ("ip=", "the parameter ip is missing"),
        ("ip=here", "'here' is not an IP address"),
        ("ip=192.0.2.4/24", "'192.0.2.4/24' is not an IP address"),
        ("ip=192.0.2.4 ipv6addr=2001:db8::4", "ip and ipv6addr say different things"),
        ("ip=192.0.2.4 netmask=24 cidr_netmask=25", "cidr_netmask and netmask say different things"),
        ("ip=192.0.2.4 cidr_netmask=40", "'40' is not a prefix length"),
        ("ip=192.0.2.4 arp_count=0", "arp_count: '0' is not a number from 1 to 1000"),
        ("ip=192.0.2.4 ARP_REPEAT=x", "arp_count: 'x' is not a number"),
        ("ip=192.0.2.4 arp_interval=-1", "arp_interval: '-1' is not a number from 1 to 60000"),
        ("ip=192.0.2.4 arp_interval=+1", "arp_interval: '+1' is not a number"),
        ("ip=192.0.2.4 arp_bg=maybe", "arp_bg: 'maybe' is not true or false"),
        ("ip=192.0.2.4 arp_sender=nping", "arp_sender: 'nping' is not one of send_arp"),
        ("ip=192.0.2.4 arp_sender=ipoibarping", "arp_sender: InfiniBand is not supported"),
        ("ip=192.0.2.4 send_arp_opts=-q", "send_arp_opts: '-q' is not -A"),
        ("ip=192.0.2.4 nodad=true", "nodad: IPv4 has nothing of the kind"),
        ("ip=192.0.2.4 preferred_lft=60", "preferred_lft: IPv4 has nothing of the kind"),
        ("ip=2001:db8::4 preferred_lft=soon", "preferred_lft: 'soon' is not a number"),
        ("ip=2001:db8::4 iflabel=web", "IPv6 has no label"),
        ("ip=fe80::4", "name the interface"),
        ("ip=192.0.2.4 network_namespace=../etc", "network_namespace: '../etc' is not the name"),
        ("ip=192.0.2.4 mac=01:00:5e:00:00:01", "mac: it belongs to a cluster IP"),
        ("ip=192.0.2.4 clusterip_hash=sourceip", "clusterip_hash: it belongs to a cluster IP"),
        ("ip=192.0.2.4 lvs_support=true", "lvs_support: real servers of LVS are not supported"),
        ("ip=192.0.2.4 local_stop_script=/bin/true", "local_stop_script: not supported"),
        ("ip=192.0.2.4 adress=192.0.2.4", "there is no parameter adress"),
    ] {
        assert!(error(text).contains(what), "{text}: {}", error(text));
    }
}

#[test]
fn what_another_agent_has_and_asks_for_nothing_is_no_error() {
    for harmless in [
        "lvs_support=false",
        "lvs_support=0",
        "lvs_ipv6_addrlabel=no lvs_ipv6_addrlabel_value=99",
        "clusterip_hash=sourceip-sourceport",
        "mac=",
        "ARP_NETMASK=ffffffffffff",
        "nodad=false preferred_lft=forever",
    ] {
        assert_eq!(read(&format!("ip=192.0.2.4 {harmless}")), read("ip=192.0.2.4"), "{harmless}");
    }
}

#[test]
fn a_stop_needs_the_place_and_nothing_else() {
    let place = |text: &str| passed(text).place(Called::Own);
    assert_eq!(place("ip=192.0.2.4 arp_count=0 adress=x lvs_support=true").unwrap().spec, "192.0.2.4".parse().unwrap());
    assert!(place("ip=here").is_err() && place("arp_count=1").is_err());
}

/// Everything that is described is taken, and what is described is right.
#[test]
fn every_default_is_what_an_absent_parameter_comes_to() {
    for parameter in PARAMETERS.iter().filter(|parameter| !parameter.default.is_empty()) {
        for address in ["192.0.2.4", "2001:db8::4"] {
            let with = format!("ip={address} {}={}", parameter.name, parameter.default);
            assert_eq!(read(&with), read(&format!("ip={address}")), "{with}");
        }
    }
}

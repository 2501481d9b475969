use super::*;

fn names(called: Called) -> Vec<String> {
    let document = document(called);
    let parts = document.split("<parameter name=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn each_name_describes_itself_with_its_own_parameters() {
    for called in Called::ALL {
        let document = document(called);
        assert!(document.contains(&format!("<resource-agent name=\"{}\"", called.word())));
        assert_eq!(names(called)[0], called.address());
        for action in ["start", "stop", "monitor", "status", "meta-data", "validate-all"] {
            assert!(document.contains(&format!("<action name=\"{action}\"")), "{action}");
        }
    }
    assert!(names(Called::Ipaddr).iter().any(|name| name == "ARP_REPEAT"));
    assert!(!names(Called::Ipaddr).iter().any(|name| name == "nodad" || name == "arp_count"));
    assert!(!names(Called::Ipv6addr).iter().any(|name| name == "broadcast" || name == "ip"));
    assert_eq!(names(Called::Own), names(Called::Ipaddr2));
}

/// Nothing is escaped when the document is written.
#[test]
fn no_text_needs_an_escape() {
    for parameter in &PARAMETERS {
        for text in [parameter.name, parameter.default, parameter.short, parameter.long, LONG] {
            assert!(!text.contains(['<', '>', '&', '"']), "{text}");
        }
    }
}

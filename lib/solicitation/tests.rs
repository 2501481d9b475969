use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_frames_are_those_of_rfc_4861() {
    let target = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0x12, 0x3456);
    let asked = Solicitation { source: Ipv6Addr::UNSPECIFIED, target, mac: [2, 0, 0, 0, 0, 1] };
    let group = "ff0200000000000000000001ff123456";
    let head = "3333ff12345602000000000186dd60000000";
    let body = "0000000020010db8000000000000000000123456";
    // The checksums were summed up by another program.
    let detection = format!("{head}00183aff{}{group}8700{}{body}", "0".repeat(32), "e41e");
    assert_eq!(hex(&asked.frame()), detection);
    let asked = Solicitation { source: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9), ..asked };
    let question = format!("{head}00203aff20010db8000000000000000000000009{group}8700{}{body}0101020000000001", "b352");
    assert_eq!(hex(&asked.frame()), question);
}

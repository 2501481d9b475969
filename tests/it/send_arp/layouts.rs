//! Frames byte by byte, as RFC 826, 5227 and 4861 have them. The layouts are
//! written out here, and the checksums summed up, without the library.

use super::{mac, two_hosts};
use crate::capture::Capture;
use crate::lab::Lab;
use crate::need_namespaces;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The ones' complement sum of the sixteen-bit words (RFC 1071).
fn sum(words: &[u8]) -> u16 {
    let total: u32 = words.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    let folded = (total & 0xffff) + (total >> 16);
    (folded + (folded >> 16)) as u16
}

/// Puts the checksum of ICMPv6 into a frame that has none (RFC 4443, 2.3).
fn summed(mut frame: Vec<u8>) -> Vec<u8> {
    let length = (frame.len() - 54) as u32;
    let pseudo = [&frame[22..54], &length.to_be_bytes(), &[0, 0, 0, 58], &frame[54..]].concat();
    let sum = !sum(&pseudo);
    frame[56..58].copy_from_slice(&sum.to_be_bytes());
    frame
}

#[test]
fn announcements_are_laid_out_as_rfc_826_and_5227_have_them() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let own = mac(&a);
    for (options, source) in [("", own.as_str()), ("--hardware 02:00:5e:00:01:07", "02:00:5e:00:01:07")] {
        assert_eq!(a.run(&format!("send-arp {options} 192.0.2.1")).code(), 0);
        for (operation, target) in [("0001", "00:00:00:00:00:00"), ("0002", source)] {
            let ethernet = format!("ff:ff:ff:ff:ff:ff {source} 0806");
            // Hardware and protocol, lengths of their addresses, operation.
            let fixed = format!("0001 0800 06 04 {operation}");
            let wanted = bytes(&format!("{ethernet} {fixed} {source} c0000201 {target} c0000201"));
            assert_eq!(capture.frame(0x0806, 42), wanted, "{options} {operation}");
        }
    }
}

#[test]
fn advertisements_are_laid_out_as_rfc_4861_has_them() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let own = mac(&a);
    // Bit by bit: router, solicited, override.
    for (options, source, flags) in [
        ("", own.as_str(), "20"),
        ("--router yes", &own, "a0"),
        ("--router no", &own, "20"),
        ("--hardware 02005e000107 --router yes", "02:00:5e:00:01:07", "a0"),
    ] {
        if options == "--router no" {
            a.set("ipv6/conf", "eth0", "forwarding", "1");
        }
        assert_eq!(a.run(&format!("send-arp {options} 2001:db8::1")).code(), 0);
        let target = "2001 0db8 0000 0000 0000 0000 0000 0001";
        let ethernet = format!("33:33:00:00:00:01 {source} 86dd");
        let ip = format!("6000 0000 0020 3a ff {target} ff02 0000 0000 0000 0000 0000 0000 0001");
        let message = format!("88 00 0000 {flags}000000 {target} 02 01 {source}");
        let wanted = summed(bytes(&format!("{ethernet} {ip} {message}")));
        // The kernel's own questions are as long.
        let seen = capture.frame_of(&ethernet.replace([':', ' '], ""), 86);
        assert_eq!(bytes(&seen), wanted, "{options}");
    }
}

#[test]
fn a_directed_advertisement_is_laid_out_as_rfc_4861_has_it() {
    need_namespaces!();
    let lab = Lab::new();
    let (a, b) = two_hosts(&lab);
    let capture = Capture::on(&b);
    let (own, its) = (mac(&a), mac(&b));
    assert_eq!(a.run("send-arp --to 2001:db8::2 2001:db8::1").code(), 0);
    let (target, neighbour) = ("2001 0db8 0000 0000 0000 0000 0000 0001", "2001 0db8 0000 0000 0000 0000 0000 0002");
    // The question comes first, to the group of the neighbour's address.
    let group = "ff02 0000 0000 0000 0000 0001 ff00 0002";
    let ethernet = format!("33:33:ff:00:00:02 {own} 86dd");
    let message = format!("87 00 0000 00000000 {neighbour} 01 01 {own}");
    let question = summed(bytes(&format!("{ethernet} 6000 0000 0020 3a ff {target} {group} {message}")));
    assert_eq!(bytes(&capture.frame_of(&ethernet.replace([':', ' '], ""), 86)), question);
    let ethernet = format!("{its} {own} 86dd");
    let message = format!("88 00 0000 20000000 {target} 02 01 {own}");
    let wanted = summed(bytes(&format!("{ethernet} 6000 0000 0020 3a ff {target} {neighbour} {message}")));
    let mut seen = Vec::new();
    while seen.get(54) != Some(&136) {
        seen = bytes(&capture.frame_of(&ethernet.replace([':', ' '], ""), 86));
    }
    assert_eq!(seen, wanted);
}

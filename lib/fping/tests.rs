use super::*;

#[test]
fn times_have_about_three_digits() {
    let micros = [0, 36, 999, 1_000, 9_994, 12_345, 99_940, 100_000, 1_234_567];
    let wanted = ["0.000", "0.036", "0.999", "1.00", "9.99", "12.3", "99.9", "100", "1235"];
    assert_eq!(micros.map(|n| short(Duration::from_micros(n))), wanted);
}

#[test]
fn icmp_errors_of_both_families_have_a_text() {
    assert_eq!(icmp_text(true, 3, 1), "ICMP Host Unreachable");
    assert_eq!(icmp_text(true, 3, 13), "ICMP Unreachable (Communication Administratively Prohibited)");
    assert_eq!(icmp_text(true, 3, 99), "ICMP Unreachable (Invalid Code)");
    assert_eq!(
        (icmp_text(true, 11, 0), icmp_text(false, 3, 0)),
        ("ICMP Time Exceeded".into(), "ICMP Time Exceeded".into())
    );
    assert_eq!(icmp_text(false, 1, 3), "ICMP Host Unreachable");
    assert_eq!(icmp_text(true, 200, 0), "ICMP 200");
}

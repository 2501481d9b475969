//! The two settings of an interface that a floating address depends on.

use std::fs;
use std::io;
use std::path::PathBuf;

/// What the kernel does when the first address of a network goes (IPv4):
/// whether the others of that network stay.
fn promotion(interface: &str) -> PathBuf {
    PathBuf::from(format!("/proc/sys/net/ipv4/conf/{interface}/promote_secondaries"))
}

fn is_set(path: &PathBuf) -> bool {
    fs::read_to_string(path).is_ok_and(|value| value.trim().parse::<i32>().is_ok_and(|number| number != 0))
}

/// Whether the kernel keeps the other addresses of a network when their first
/// one goes from `interface`.
pub fn promotes_secondaries(interface: &str) -> bool {
    is_set(&promotion("all")) || is_set(&promotion(interface))
}

/// Makes the kernel keep them, or not.
///
/// # Errors
/// Not permitted, or /proc/sys is read-only.
pub fn promote_secondaries(interface: &str, keep: bool) -> io::Result<()> {
    fs::write(promotion(interface), if keep { "1\n" } else { "0\n" })
}

/// Whether the host is an IPv6 router on `interface`.
pub fn is_router(interface: &str) -> bool {
    is_set(&PathBuf::from(format!("/proc/sys/net/ipv6/conf/{interface}/forwarding")))
}

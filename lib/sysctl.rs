//! The settings of the kernel that a floating address depends on.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};

use crate::edge;

/// How long another agent may be busy with a removal: it takes a millisecond.
const PATIENCE: Duration = Duration::from_millis(200);

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

/// Keeps other agents of this network namespace from removing addresses as long
/// as the answer lives: one of two at work on one interface would set the
/// setting back under the hands of the other, or bring back what the other has
/// just removed. None where that cannot be had in time: a removal must not
/// wait for whoever does not let go.
pub fn removing_alone() -> Option<Flock<File>> {
    let mut file = File::open(promotion("all")).ok()?;
    let deadline = edge::now() + PATIENCE;
    loop {
        file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Some(lock),
            Err((file, _)) if edge::now() < deadline => file,
            Err(_) => return None,
        };
        edge::wait_until(edge::now() + Duration::from_micros(500));
    }
}

/// Whether the host is an IPv6 router on `interface`.
pub fn is_router(interface: &str) -> bool {
    is_set(&PathBuf::from(format!("/proc/sys/net/ipv6/conf/{interface}/forwarding")))
}

/// Makes the kernel forget the ways that it has found, and the exceptions that it
/// has learnt, for one family.
///
/// # Errors
/// Not permitted, or /proc/sys is read-only.
pub fn forget_routes(v6: bool) -> io::Result<()> {
    fs::write(format!("/proc/sys/net/ipv{}/route/flush", if v6 { 6 } else { 4 }), "1\n")
}

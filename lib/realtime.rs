//! To run at once when it is time: ahead of other processes, and with its memory
//! where it can be read. Where that is not permitted, nothing changes.
//!
//! One of the places with unsafe code: sched_setscheduler(2).
#![allow(unsafe_code, reason = "no safe interface to sched_setscheduler(2)")]

use nix::libc;
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{Resource, setrlimit};

/// Lock a page when it is first used (linux/mman.h): the process stays as small
/// as it is.
const MCL_ONFAULT: i32 = 4;

/// A process that computes for so long without waiting has gone mad; the kernel
/// ends it, in microseconds.
const MADNESS: u64 = 1_000_000;

/// Asks for the lowest real-time priority, and keeps what memory the process
/// uses from being swapped out.
pub fn ask() {
    let _ =
        mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | MlockAllFlags::from_bits_retain(MCL_ONFAULT));
    if setrlimit(Resource::RLIMIT_RTTIME, MADNESS, MADNESS).is_err() {
        return;
    }
    // What the kernel calls sched_param is one number. The C library of static
    // builds refuses this call, so that the kernel is asked directly.
    let lowest: libc::c_int = 1;
    // SAFETY: the kernel reads the number that is pointed to, which lives until
    // it returns; 0 is this process.
    unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_RR, &raw const lowest) };
}

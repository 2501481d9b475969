//! To run at once when it is time: ahead of other processes, and with its memory
//! where it can be read. Where that is not permitted, nothing changes.
//!
//! One of the places with unsafe code: sched_setscheduler(2), and a handler for
//! SIGXCPU.
#![allow(unsafe_code, reason = "no safe interface to sched_setscheduler(2) and sigaction(2)")]

use std::io;

use nix::errno::Errno;
use nix::libc;
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};

use crate::edge::complain;

/// Lock a page when it is first used (linux/mman.h): the process stays as small
/// as it is.
const MCL_ONFAULT: i32 = 4;

/// Its children are ordinary processes (linux/sched.h).
const RESET_ON_FORK: libc::c_int = 0x4000_0000;

/// A process that computes for so long without waiting has gone mad, in
/// microseconds.
const MADNESS: u64 = 1_000_000;

/// Asks for the lowest real-time priority, and keeps what memory the process
/// uses from being swapped out. The kernel ends it when it goes mad.
pub fn ask() {
    let _ = lock_memory();
    if setrlimit(Resource::RLIMIT_RTTIME, MADNESS, MADNESS).is_ok() {
        let _ = schedule(libc::SCHED_RR, 1);
    }
}

/// Runs this process by SCHED_FIFO with `priority`, and keeps its memory from being
/// swapped out; its children are ordinary processes. When it goes mad, under a flood
/// for example, it goes on as an ordinary process. What is not permitted is said, and
/// changes nothing else. Without a priority nothing is done.
pub fn begin(tool: &str, priority: Option<u8>) {
    let Some(priority) = priority else { return };
    if let Err(error) = lock_memory() {
        complain(tool, &format_args!("realtime: the memory is not locked: {error}"));
    }
    if let Err(error) = leave_when_mad().and_then(|()| schedule(libc::SCHED_FIFO, priority)) {
        complain(tool, &format_args!("realtime: priority {priority} is not given: {error}"));
    }
}

fn lock_memory() -> io::Result<()> {
    let all = MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE;
    Ok(mlockall(all | MlockAllFlags::from_bits_retain(MCL_ONFAULT))?)
}

fn schedule(policy: libc::c_int, priority: u8) -> io::Result<()> {
    // What the kernel calls sched_param is one number. The C library of static
    // builds refuses this call, so that the kernel is asked directly.
    let priority = libc::c_int::from(priority);
    let policy = policy | RESET_ON_FORK;
    // SAFETY: the kernel reads the number that is pointed to, which lives until
    // it returns; 0 is this process.
    let done = unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, policy, &raw const priority) };
    Errno::result(done)?;
    Ok(())
}

/// The kernel sends SIGXCPU to who goes mad. Only one that may run ahead of others is
/// measured.
fn leave_when_mad() -> io::Result<()> {
    // SAFETY: the handler makes two calls of the kernel and touches no memory that
    // this process uses otherwise.
    unsafe { signal(Signal::SIGXCPU, SigHandler::Handler(leave)) }?;
    let (_, most) = getrlimit(Resource::RLIMIT_RTTIME)?;
    Ok(setrlimit(Resource::RLIMIT_RTTIME, MADNESS.min(most), most)?)
}

extern "C" fn leave(_: libc::c_int) {
    const TEXT: &[u8] = b"hbkit: realtime: a second without waiting: priority is given up\n";
    let none: libc::c_int = 0;
    // SAFETY: both calls are allowed in a handler, and read what lives until they
    // return. What they answer changes nothing.
    unsafe {
        libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_OTHER, &raw const none);
        libc::write(2, TEXT.as_ptr().cast(), TEXT.len());
    }
}

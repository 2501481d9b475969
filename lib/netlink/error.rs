//! Why the kernel could not be asked.

use std::fmt;
use std::io;

use nix::errno::Errno;

use super::PATIENCE;

/// Why the kernel could not be asked, or did not do what was asked.
#[derive(Debug)]
pub enum NetlinkError {
    /// The socket failed.
    Socket(io::Error),
    /// No answer in time.
    Timeout,
    /// The kernel refused.
    Refused(Errno),
    /// An answer that cannot be read.
    Malformed(&'static str),
    /// A table that never held still.
    Busy,
}

impl fmt::Display for NetlinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetlinkError::Socket(error) => write!(f, "netlink: {error}"),
            NetlinkError::Timeout => write!(f, "the kernel did not answer within {} s", PATIENCE.as_secs()),
            NetlinkError::Refused(errno) => f.write_str(errno.desc()),
            NetlinkError::Malformed(what) => write!(f, "the kernel's answer cannot be read: {what}"),
            NetlinkError::Busy => f.write_str("the kernel's tables change faster than they can be read"),
        }
    }
}

impl std::error::Error for NetlinkError {}

impl NetlinkError {
    /// The kernel's reason, where it gave one.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            NetlinkError::Refused(errno) => Some(*errno),
            NetlinkError::Socket(error) => error.raw_os_error().map(Errno::from_raw),
            NetlinkError::Timeout | NetlinkError::Malformed(_) | NetlinkError::Busy => None,
        }
    }
}

//! The network namespace of this process.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::sched::{CloneFlags, setns};

/// Where ip-netns(8) keeps them.
const PLACE: &str = "/run/netns";

/// Goes over into the network namespace with this name. What this process has
/// opened stays where it was opened.
///
/// # Errors
/// There is none ([`io::ErrorKind::NotFound`]), or it may not be entered.
pub fn enter(name: &str) -> io::Result<()> {
    let namespace = File::open(Path::new(PLACE).join(name))?;
    setns(namespace, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
}

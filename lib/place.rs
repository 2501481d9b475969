//! Where a running hb-supervise has its files: the environment, and what is there.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::ha_cf::{self, HaCf};
use crate::keeper::RECENT;
use crate::ring::Reader;

/// The directory of the bus: HBKIT_RUN, or /run/hbkit.
pub fn run() -> PathBuf {
    std::env::var_os("HBKIT_RUN").filter(|path| !path.is_empty()).map_or_else(|| "/run/hbkit".into(), PathBuf::from)
}

/// The directory of the records: where hb-supervise says that it keeps them, or
/// where it does by default.
pub fn log() -> PathBuf {
    let told = run().join("log");
    if told.exists() { told } else { "/var/lib/hbkit/log".into() }
}

/// The ha.cf that the node runs with, whatever became of the files since.
pub fn configuration() -> Option<HaCf> {
    ha_cf::read(&run().join("conf/ha.cf")).ok()
}

/// The latest of what happened, which needs no disk.
///
/// # Errors
/// There is none.
pub fn recent() -> io::Result<Reader> {
    Reader::open(&run(), RECENT)
}

/// Whether hb-supervise, or hb-witness, reads what is written for it: its FIFO has
/// a reader. A dead one's FIFO has none.
pub fn is_supervised() -> bool {
    let events = run().join("events");
    is_read(&if events.exists() { events } else { run().join("bus") })
}

fn is_read(fifo: &Path) -> bool {
    OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(fifo).is_ok()
}

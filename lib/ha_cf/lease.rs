//! Who ends an address whose lease was not renewed, by the times of ha.cf.

use std::fmt;
use std::time::Duration;

/// Who takes the address away from a node that cannot renew its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseKeeper {
    /// The kernel, in whole seconds, whatever became of the processes.
    Kernel,
    /// A process, to the millisecond; the kernel about a second later, should
    /// that process be dead or frozen too.
    Holder,
}

impl fmt::Display for LeaseKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeaseKeeper::Kernel => f.write_str("kernel"),
            LeaseKeeper::Holder => f.write_str("holder"),
        }
    }
}

/// What the kernel's lifetime of an address may be shorter by than the lease: a
/// second that is rounded away, and the margin for the kernel's lateness.
pub const ROUNDED: Duration = Duration::from_millis(2_250);

/// From this deadtime on the whole seconds of the kernel fit into the lease: an
/// address must not end when a standby dies. An owner's youngest vote may name a
/// message that is a keepalive old, it renews without the standby after one and a
/// half of silence, and a quarter of a second is left for the work.
pub fn kernel_deadtime(keepalive: Duration) -> Duration {
    ROUNDED + Duration::from_millis(250) + keepalive * 5 / 2
}

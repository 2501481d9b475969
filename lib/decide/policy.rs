//! What people want of groups, beside that each runs once.

/// The policies of a cluster. The default moves nothing that need not move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether a group goes back to its preferred node when that returns.
    pub auto_failback: bool,
}

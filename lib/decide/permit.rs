//! What a node may take, and for how long. The votes of `quorum majority` belong
//! here; `quorum alive` asks every voter that is not declared dead, which with
//! two nodes means: nobody may hold what is to be taken.
//!
//! Ownership is a lease that this node renews by being heard: it ends before
//! any peer that heard our last heartbeat may declare us dead.

use std::time::Duration;

use crate::time::Time;

/// The policy of a cluster and the state of our lease.
#[derive(Debug)]
pub struct Quorum {
    lease: Duration,
    left: Option<Time>,
}

impl Quorum {
    /// `quorum alive`: the lease is nine tenths of deadtime from our last
    /// heartbeat on, so that a clock that is slow by up to a tenth, or an action
    /// that takes that long, does not outlast what the peers wait for.
    pub fn alive(deadtime: Duration) -> Quorum {
        Quorum { lease: deadtime * 9 / 10, left: None }
    }

    /// A heartbeat of ours has left the machine at that time.
    pub fn heartbeat_left(&mut self, at: Time) {
        self.left = self.left.max(Some(at));
    }

    /// The end of what we may hold; `None` before the first heartbeat has left.
    pub fn lease(&self) -> Option<Time> {
        self.left.map(|left| left + self.lease)
    }

    /// The end of our lease, if it has not ended.
    pub fn valid(&self, now: Time) -> Option<Time> {
        self.lease().filter(|until| now < *until)
    }

    /// How much a lease must have grown to be worth a renewal: a quarter of it,
    /// and not less than the quarter of the kernel's shortest lifetime.
    pub fn step(&self) -> Duration {
        (self.lease / 4).max(Duration::from_millis(250))
    }
}

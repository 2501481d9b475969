//! The end of a holder: what stays is the kernel's to end, everything else goes.

use std::time::Duration;

use super::{Holder, SECOND};
use crate::edge;
use crate::ocf::Code;

/// How long a removal at the end may be tried.
const LEAVE: Duration = Duration::from_secs(2);

/// Why a holder does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Input,
    Signal,
}

impl End {
    pub(super) fn why(self) -> &'static str {
        match self {
            End::Input => "the input ended",
            End::Signal => "asked to end",
        }
    }
}

impl Holder {
    /// Leaves to the kernel what that ends with its lease, and removes the rest.
    pub(super) fn finish(&mut self, end: End) -> Code {
        let deadline = edge::now() + LEAVE;
        // A lifetime may have come to a hair more than it was to be, when to give it
        // took long: then the next one is right.
        for _ in 0..2 {
            self.take_news();
            self.hold.part();
            self.work();
        }
        self.hold.release(edge::now(), end.why(), &mut self.effects);
        loop {
            self.work();
            let now = edge::now();
            match (self.hold.is_over(), now >= deadline) {
                (true, _) => break,
                (false, true) => return Code::Generic,
                (false, false) => edge::wait_until(now + SECOND),
            }
            self.take_news();
        }
        // The second announcements of what stays: nobody else sends them.
        self.again.iter_mut().for_each(|(at, ..)| *at = edge::now());
        self.announce_again();
        Code::Success
    }
}

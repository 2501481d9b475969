//! What a node of Heartbeat says that it holds: its protocol knows no single
//! groups, only those of one node and those of the other.

/// Groups as seen from one of the two nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// Those that prefer the node.
    pub(super) local: bool,
    /// Those that prefer the other one.
    pub(super) foreign: bool,
}

impl Share {
    pub(super) const NONE: Share = Share { local: false, foreign: false };
    pub(super) const LOCAL: Share = Share { local: true, foreign: false };
    pub(super) const FOREIGN: Share = Share { local: false, foreign: true };
    pub(super) const ALL: Share = Share { local: true, foreign: true };

    /// The word in messages.
    pub(super) fn word(self) -> &'static str {
        match (self.local, self.foreign) {
            (false, false) => "none",
            (true, false) => "local",
            (false, true) => "foreign",
            (true, true) => "all",
        }
    }

    /// Reads a word; `None` when it is none of the four.
    pub(super) fn read(word: &str) -> Option<Share> {
        [Share::NONE, Share::LOCAL, Share::FOREIGN, Share::ALL].into_iter().find(|share| share.word() == word)
    }

    /// The same groups as seen from the other node.
    pub(super) fn mirror(self) -> Share {
        Share { local: self.foreign, foreign: self.local }
    }

    pub(super) fn with(self, other: Share) -> Share {
        Share { local: self.local || other.local, foreign: self.foreign || other.foreign }
    }

    pub(super) fn without(self, other: Share) -> Share {
        Share { local: self.local && !other.local, foreign: self.foreign && !other.foreign }
    }

    /// What is in both.
    pub(super) fn and(self, other: Share) -> Share {
        Share { local: self.local && other.local, foreign: self.foreign && other.foreign }
    }

    pub(super) fn covers(self, other: Share) -> bool {
        self.and(other) == other
    }

    pub(super) fn is_empty(self) -> bool {
        self == Share::NONE
    }
}

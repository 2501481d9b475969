//! What the fuzz targets share: an allocator that counts, and bytes as choices.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use hbkit::auth::{Key, KeyRing, Method};
use zeroize::Zeroizing;

/// The system's allocator, which counts what is in use, and the most of it.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is handed on to the system's allocator as it came; counting
// allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let most = IN_USE.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(most, Relaxed);
        // SAFETY: see above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: see above.
        unsafe { System.dealloc(place, layout) }
    }
}

/// What `work` gives; it must not have more than `limit` bytes in use at once.
pub fn bounded<T>(limit: usize, work: impl FnOnce() -> T) -> T {
    let before = IN_USE.load(Relaxed);
    MOST.store(before, Relaxed);
    let result = work();
    let most = MOST.load(Relaxed).saturating_sub(before);
    assert!(most <= limit, "{most} bytes were in use, {limit} are enough");
    result
}

/// The input as a sequence of choices; zeros behind its end.
pub struct Choices<'a>(pub &'a [u8]);

impl<'a> Choices<'a> {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// A number of any size: small ones and those near the limits are likely.
    pub fn number(&mut self) -> u64 {
        let kind = self.byte();
        let small = u64::from(self.byte());
        match kind % 8 {
            0..=3 => small,
            4 => small << 4,
            5 => u64::MAX - small,
            6 => (u64::from(self.byte()) << 8) + small,
            _ => (0..7).fold(small, |sum, _| sum << 8 | u64::from(self.byte())),
        }
    }

    /// At most `length` bytes.
    pub fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

/// Keys of each method; some are those of tests/vectors.
pub fn ring() -> KeyRing {
    let key = |id, method, secret: &[u8]| Key::new(id, method, &Zeroizing::new(secret.to_vec())).expect("a key");
    let keys = vec![
        key(1, Method::Md5, b"SecretMd5Key"),
        key(2, Method::Sha1, b"s3cr3t-sha1-key"),
        key(3, Method::Crc, b""),
        key(15, Method::Sha256, b"a key that is long enough"),
    ];
    KeyRing::new(2, keys).expect("a ring")
}

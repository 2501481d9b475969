//! A floating address on this host: what there is of it, whether it works, and
//! how long the kernel is to keep it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::address::{Spec, same_network};
use crate::time::Time;

/// A lifetime without end, in the kernel's seconds.
pub const FOREVER: u32 = u32::MAX;

/// What is kept back for the kernel's lateness in ending a lifetime. Mostly it
/// is late by less than 0.31 s (measured on Linux 6.18), because it rounds its
/// timer up. It is up to a second late when it looked at any lifetime of the
/// same family within the last second, because it looks at most once a second,
/// and late by 0.9 s now and then on an idle host, because the timer of IPv4
/// does not wake an idle CPU.
const SLACK: Duration = Duration::from_millis(1_250);

/// An address that an interface holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The kernel's number of the interface.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Bits of its network.
    pub bits: u8,
    /// It lives only as long as another one of its network (IPv4).
    pub secondary: bool,
    /// It waits for duplicate address detection (IPv6).
    pub tentative: bool,
    /// Another host has it (IPv6).
    pub duplicate: bool,
    /// Broadcast address (IPv4).
    pub broadcast: Option<Ipv4Addr>,
    /// Alias name (IPv4).
    pub label: Option<String>,
    /// The kernel's scope of it: 0 is the whole network.
    pub scope: u8,
    /// Seconds until the kernel removes it; [`FOREVER`] when it does not.
    pub valid: u32,
    /// Seconds until it is no source for new connections.
    pub preferred: u32,
    /// The kernel's flags that whoever added it chose (IFA_F_NOPREFIXROUTE and
    /// the like); they are kept when its lifetime changes.
    pub choices: u32,
    /// Metric of the route to its network.
    pub metric: u32,
    /// The kernel's note of who added it (IFA_PROTO).
    pub protocol: u8,
}

/// What there is of an address that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Absent,
    /// As it was asked for.
    There(Held),
    /// The address, but not as it was asked for.
    Other(Held),
}

/// Looks for an address among those that the host holds. `index` and the bits
/// of `spec` count where they are known.
pub fn find(spec: &Spec, index: Option<u32>, held: &[Held]) -> Found {
    let mut copies = held.iter().filter(|held| held.address == spec.address);
    let as_asked =
        |held: &&Held| index.is_none_or(|index| index == held.index) && spec.bits.is_none_or(|bits| bits == held.bits);
    match copies.clone().find(as_asked) {
        Some(held) => Found::There(held.clone()),
        None => copies.next().map_or(Found::Absent, |held| Found::Other(held.clone())),
    }
}

/// The addresses that the kernel removes together with `gone` unless it
/// promotes secondaries: the other ones of the same network on the interface.
pub fn dependants<'a>(gone: &Held, held: &'a [Held]) -> Vec<&'a Held> {
    if gone.secondary || gone.address.is_ipv6() {
        return Vec::new();
    }
    let falls = |other: &&Held| {
        other.index == gone.index
            && other.secondary
            && other.bits == gone.bits
            && same_network(other.address, gone.address, gone.bits)
    };
    held.iter().filter(falls).collect()
}

/// Why an address that is there does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// Another host answered duplicate address detection.
    Duplicate,
    /// Duplicate address detection has not ended.
    Tentative,
}

impl fmt::Display for Ailment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ailment::Duplicate => f.write_str("another host has it (duplicate address detection failed)"),
            Ailment::Tentative => f.write_str("it is tentative (duplicate address detection has not ended)"),
        }
    }
}

impl Held {
    /// Whether the kernel uses the address.
    ///
    /// # Errors
    /// Why it does not.
    pub fn usable(&self) -> Result<(), Ailment> {
        match self {
            Held { duplicate: true, .. } => Err(Ailment::Duplicate),
            Held { tentative: true, .. } => Err(Ailment::Tentative),
            Held { .. } => Ok(()),
        }
    }
}

/// The lifetime to give the kernel at `now`, in seconds, so that it has removed
/// the address by `until`; none when `until` has passed. The kernel counts
/// whole seconds, so that of a lease shorter than 2.25 s the last part is the
/// holder's own to end.
pub fn lifetime(until: Time, now: Time) -> Option<u32> {
    if now >= until {
        return None;
    }
    let whole = until.since(now).saturating_sub(SLACK).as_secs();
    Some(u32::try_from(whole).unwrap_or(FOREVER - 1).clamp(1, FOREVER - 1))
}

/// On which side of the end of a lease the kernel is to end the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before it: the kernel alone keeps the promise, whatever happens to the
    /// process that ends the lease.
    Before,
    /// Behind it: the lease is too short for whole seconds, a process ends the
    /// address in time, and the kernel bounds what is left when that is killed
    /// or frozen.
    Behind,
}

/// The kernel ends an address that it is to end behind the lease at most this
/// long after it: a second that was rounded up, and the kernel's own lateness.
pub const BEHIND: Duration = Duration::from_millis(2_250);

impl Side {
    /// The lifetime in seconds to give the kernel at `now`, where `end` is what
    /// the last one that it was given comes to; none when that one is right.
    pub fn lifetime(self, until: Time, now: Time, end: Option<Time>) -> Option<u32> {
        let left = until.since(now);
        let (seconds, right) = match self {
            Side::Before => {
                let seconds = left.saturating_sub(SLACK).as_secs();
                (seconds, end.is_some_and(|end| self.keeps(until, end) && end >= now + Duration::from_secs(seconds)))
            }
            Side::Behind => {
                let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                (seconds, end.is_some_and(|end| end >= until && end <= now + Duration::from_secs(seconds.max(1))))
            }
        };
        (!right).then(|| u32::try_from(seconds).unwrap_or(FOREVER - 1).clamp(1, FOREVER - 1))
    }

    /// Whether the kernel alone ends by `until` an address whose lifetime comes to
    /// `end`, whatever becomes of every process.
    pub fn keeps(self, until: Time, end: Time) -> bool {
        match self {
            Side::Before => end + SLACK <= until,
            Side::Behind => false,
        }
    }

    /// When what is lost of the lease by rounding down can be won back: the
    /// kernel is then given as many seconds again. Only where that is much.
    pub fn again(self, until: Time, seconds: u32, now: Time) -> Option<Time> {
        const EARLY: Duration = Duration::from_millis(20);
        let at = until.before(SLACK + Duration::from_secs(seconds.into()) + EARLY);
        (self == Side::Before && seconds <= 3 && at > now).then_some(at)
    }
}

/// What has become of a lifetime while it was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// It ends in time.
    Good,
    /// It ends too late: this one would end in time.
    TooLong(u32),
    /// The lease is over, by so much.
    Late(Duration),
}

/// Judges a lifetime of `seconds` that was installed at some time before `now`.
/// The process may have been stopped, or have waited for a lock of the
/// kernel's, after it computed it.
pub fn check(until: Time, seconds: u32, now: Time) -> Installed {
    match lifetime(until, now) {
        Some(left) if left >= seconds => Installed::Good,
        Some(left) => Installed::TooLong(left),
        None => Installed::Late(now.since(until)),
    }
}

#[cfg(test)]
mod tests;

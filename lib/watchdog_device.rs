//! A watchdog of the kernel: opened, which arms it, set, fed, disarmed.
//!
//! One of the places with unsafe code: ioctl(2).
#![allow(unsafe_code, reason = "no safe interface to the requests of a watchdog")]

use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc::c_int;

use crate::watchdog::{Device, Kind};

/// What a device says of itself (linux/watchdog.h).
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Info {
    options: u32,
    firmware_version: u32,
    identity: [u8; 32],
}

/// It stops when it is closed behind a `V`.
const MAGICCLOSE: u32 = 0x0100;

nix::ioctl_read!(
    /// WDIOC_GETSUPPORT.
    get_support, b'W', 0, Info
);
nix::ioctl_readwrite!(
    /// WDIOC_SETTIMEOUT, in seconds.
    set_timeout, b'W', 6, c_int
);

/// An open device.
#[derive(Debug)]
pub struct Feeder {
    file: File,
}

/// Why a device cannot be used, without opening it, which would arm it; `None` when
/// nothing is known against it.
pub fn missing(path: &Path) -> Option<String> {
    fs::metadata(path).err().map(|error| sentence(&error))
}

impl Feeder {
    /// Opens a device, which arms it, and sets it to `timeout`.
    ///
    /// # Errors
    /// In words: it is not there, somebody else has it, or it cannot be set. One that
    /// was opened and could not be set is disarmed as far as that is possible.
    pub fn open(path: &Path, timeout: Duration) -> Result<(Feeder, Device), String> {
        let mut options = OpenOptions::new();
        // Of a stand-in the story is kept.
        options.append(true).custom_flags(OFlag::O_CLOEXEC.bits());
        let file = options.open(path).map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EBUSY) => "somebody else has it open".to_owned(),
            _ => sentence(&error),
        })?;
        let mut open = Feeder { file };
        match open.set(path, timeout) {
            Ok(device) => Ok((open, device)),
            Err(errno) => {
                let _ = open.disarm();
                Err(format!("it cannot be set to {} s: {}", timeout.as_secs(), errno.desc()))
            }
        }
    }

    fn set(&mut self, path: &Path, timeout: Duration) -> Result<Device, Errno> {
        let mut info = Info::default();
        let fd = self.file.as_raw_fd();
        // SAFETY: the request writes one watchdog_info, whose layout Info has.
        match unsafe { get_support(fd, &raw mut info) } {
            Ok(_) => {}
            Err(Errno::ENOTTY) if !is_device(path) => {
                return Ok(Device { kind: Kind::StandIn, timeout, nowayout: false });
            }
            Err(errno) => return Err(errno),
        }
        let mut seconds = c_int::try_from(timeout.as_secs()).unwrap_or(c_int::MAX);
        // SAFETY: the request reads and writes the one number.
        unsafe { set_timeout(fd, &raw mut seconds) }?;
        let name = CStr::from_bytes_until_nul(&info.identity).unwrap_or_default().to_string_lossy();
        let kind = if name.starts_with("Software Watchdog") { Kind::Software } else { Kind::Hardware };
        let nowayout = info.options & MAGICCLOSE == 0 || says_nowayout(path);
        Ok(Device { kind, timeout: Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)), nowayout })
    }

    /// Feeds it: from now on it has its time-out again.
    ///
    /// # Errors
    /// It does not take it.
    pub fn feed(&mut self) -> io::Result<()> {
        self.file.write_all(b"\0")
    }

    /// Disarms it, and closes it.
    ///
    /// # Errors
    /// It does not take it: it is still armed.
    pub fn disarm(&mut self) -> io::Result<()> {
        self.file.write_all(b"V")
    }
}

fn sentence(error: &io::Error) -> String {
    crate::conf_file::reason(error)
}

fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|status| status.file_type().is_char_device())
}

/// Whether the driver was told to let nobody out (module parameter nowayout).
fn says_nowayout(path: &Path) -> bool {
    let Ok(status) = fs::metadata(path) else { return false };
    let (major, minor) = (nix::sys::stat::major(status.rdev()), nix::sys::stat::minor(status.rdev()));
    let told = |below: &str| fs::read_to_string(format!("/sys/dev/char/{major}:{minor}/{below}nowayout"));
    // /dev/watchdog is the first of /dev/watchdogN, under an old number.
    let first = || fs::read_to_string("/sys/class/watchdog/watchdog0/nowayout");
    let said = told("").or_else(|_| if major == 10 { first() } else { Err(io::ErrorKind::NotFound.into()) });
    said.is_ok_and(|text| text.trim() == "1")
}

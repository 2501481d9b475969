//! Serial lines: 8 data bits, no parity, one stop bit, RTS/CTS, no processing of
//! the bytes, as Heartbeat sets them. A pseudo terminal does as well. Only this
//! module knows the crate that sets the line up.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use nix::fcntl::OFlag;
use serialport::{ClearBuffer, FlowControl, SerialPort, TTYPort};

use crate::time::Time;

/// A line that moves nothing for so long is given up, as in Heartbeat.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// How much may wait on a line: about three heartbeats. More would only make
/// them older than they say.
const WAITING_MAX: usize = 1_024;

const TOO_SLOW: &str = "the line does not keep up: no connection, a bad cable, or too low a speed";

/// A line that is open.
#[derive(Debug)]
struct Line {
    /// Holds the settings; shared, since a node sends and listens on one device.
    port: TTYPort,
    /// What is read and written; never waits.
    file: File,
}

fn open(device: &str, baud: u32) -> io::Result<Line> {
    let settings = serialport::new(device, baud).exclusive(false).flow_control(FlowControl::Hardware);
    let port = TTYPort::open(&settings).map_err(|error| io::Error::other(error.description))?;
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(device)?;
    Ok(Line { port, file })
}

/// A line that heartbeats leave by.
#[derive(Debug)]
pub struct Out {
    line: Line,
    /// What the kernel has not taken yet.
    rest: Vec<u8>,
    /// What waited after the last write, and when something last moved.
    waited: usize,
    moved: Time,
    is_stuck: bool,
}

impl Out {
    /// Opens a line to write.
    ///
    /// # Errors
    /// It is no terminal, or not ours to use.
    pub fn open(device: &str, baud: u32, now: Time) -> io::Result<Out> {
        Ok(Out { line: open(device, baud)?, rest: Vec::new(), waited: 0, moved: now, is_stuck: false })
    }

    /// Hands a message to the line; never waits. On a line where nothing moves,
    /// what waits is thrown away, so that a cable that is plugged in again does
    /// not carry old heartbeats.
    ///
    /// # Errors
    /// The device has gone, nothing moves for [`PATIENCE`], or the line is
    /// slower than the messages.
    pub fn send(&mut self, message: &[u8], now: Time) -> io::Result<()> {
        let waiting = self.waiting()?;
        if waiting == 0 || waiting < self.waited {
            self.moved = now;
            self.is_stuck = false;
        } else if now.since(self.moved) >= PATIENCE {
            self.is_stuck = true;
        }
        if self.is_stuck {
            self.discard()?;
        } else if waiting > WAITING_MAX {
            self.waited = waiting;
            return Err(io::Error::new(io::ErrorKind::WouldBlock, TOO_SLOW));
        }
        self.rest.extend_from_slice(message);
        self.pump()?;
        self.waited = self.waiting()?;
        if self.is_stuck {
            return Err(io::Error::new(io::ErrorKind::TimedOut, TOO_SLOW));
        }
        Ok(())
    }

    /// Writes what the kernel takes.
    ///
    /// # Errors
    /// The device has gone.
    pub fn pump(&mut self) -> io::Result<()> {
        while !self.rest.is_empty() {
            match self.line.file.write(&self.rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.rest.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether the kernel has not taken everything yet.
    pub fn has_rest(&self) -> bool {
        !self.rest.is_empty()
    }

    /// How many bytes have not left.
    ///
    /// # Errors
    /// The device has gone.
    pub fn waiting(&self) -> io::Result<usize> {
        let queued = self.line.port.bytes_to_write().map_err(io::Error::from)?;
        Ok(self.rest.len() + queued as usize)
    }

    /// Throws away what has not left. Closing a line on which something waits
    /// would wait for it, up to half a minute.
    ///
    /// # Errors
    /// The device has gone.
    pub fn discard(&mut self) -> io::Result<()> {
        let was_cut = !self.rest.is_empty();
        self.rest.clear();
        self.line.port.clear(ClearBuffer::Output).map_err(io::Error::from)?;
        if was_cut {
            // The next message begins on a line of its own.
            self.rest.push(b'\n');
        }
        Ok(())
    }
}

impl AsFd for Out {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.file.as_fd()
    }
}

/// A line that heartbeats come in by.
#[derive(Debug)]
pub struct In {
    line: Line,
}

impl In {
    /// Opens a line to read.
    ///
    /// # Errors
    /// It is no terminal, or not ours to use.
    pub fn open(device: &str, baud: u32) -> io::Result<In> {
        Ok(In { line: open(device, baud)? })
    }

    /// Takes what has come; `None` when nothing has.
    ///
    /// # Errors
    /// The device has gone.
    pub fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self.line.file.read(buffer) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the line was hung up")),
            Ok(count) => Ok(Some(count)),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for In {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.file.as_fd()
    }
}

//! From standard input to standard output, and from a FIFO to standard error, for
//! readers who may stop reading: who writes is never made to wait for them.
//!
//! ```text
//!   standard input --+                 +-- backlog --> thread --> standard output
//!                    +-- main thread --+
//!   FIFO of errors --+                 +-- backlog --> thread --> standard error
//! ```

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::backlog::{Backlog, Batch, Hole};
use crate::edge;
use crate::record::{Line, MAX};
use crate::signals;

/// What waits for each reader at most, in bytes; further lines are in its pipe.
const ROOM: usize = 262_144;

/// What an input holds while this process does not run: the most that anybody may
/// ask for (fs.pipe-max-size).
const PIPE: i32 = 1_048_576;

/// How long the readers have for the rest, at the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Passes lines on until the inputs end: standard input to standard output, and
/// `errors` to standard error.
///
/// # Errors
/// An input cannot be read. What cannot be written is counted and goes on.
pub fn pass(errors: Option<File>) -> anyhow::Result<()> {
    let own = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().map(File::from);
    let input = own(io::stdin().as_fd()).context("standard input")?;
    let (ended, ends) = channel();
    let mut ways = vec![Way::new(input, own(io::stdout().as_fd()).context("standard output")?, dropped, &ended)];
    if let Some(errors) = errors {
        ways.push(Way::new(errors, own(io::stderr().as_fd()).context("standard error")?, lost, &ended));
    }
    drop(ended);
    while ways.iter().any(|way| way.input.is_some()) {
        signals::wait(ways.iter().filter_map(Way::descriptor), None).context("waiting")?;
        for way in &mut ways {
            way.hear().context("reading")?;
        }
    }
    // Who does not read in time has what its pipe holds.
    let deadline = edge::now() + PATIENCE;
    while ends.recv_timeout(deadline.since(edge::now())).is_ok() {}
    Ok(())
}

/// What is missing on standard output, as a record.
fn dropped(hole: Hole) -> String {
    Line::new("dropped", hole.until).field("n", hole.count).field("since", hole.since).finish()
}

/// What is missing on standard error, for a person.
fn lost(hole: Hole) -> String {
    format!("hb-log: {} lines are missing here: nobody read them in time", hole.count)
}

/// One input, and the thread that writes what it brings.
struct Way {
    /// None when it has ended.
    input: Option<File>,
    /// The beginning of a line that has not ended.
    open: Vec<u8>,
    queue: Arc<Queue>,
}

impl Way {
    fn new(input: File, out: File, tell: fn(Hole) -> String, ended: &Sender<()>) -> Way {
        // What it holds meanwhile is not lost; a file or a terminal has no such size.
        let _ = fcntl(&input, FcntlArg::F_SETPIPE_SZ(PIPE));
        let queue = Arc::new(Queue::default());
        let (shared, ended) = (Arc::clone(&queue), ended.clone());
        // It is left behind when its reader hangs: the process ends without it.
        thread::spawn(move || {
            shared.write(Outlet { out, torn: false }, tell);
            drop(ended);
        });
        Way { input: Some(input), open: Vec::new(), queue }
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.input.as_ref().map(|input| input.as_fd())
    }

    /// Takes in what can be read at once.
    fn hear(&mut self) -> io::Result<()> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let mut polled = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
        if poll(&mut polled, PollTimeout::ZERO).is_ok_and(|ready| ready == 0) {
            return Ok(());
        }
        let mut buffer = [0; 16 * MAX];
        match input.read(&mut buffer) {
            Ok(0) => self.end(),
            Ok(read) => self.take(&buffer[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Queues whole lines; of one that is too long its pieces.
    fn take(&mut self, bytes: &[u8]) {
        let mut state = self.queue.lock();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.open.extend_from_slice(piece);
            while self.open.len() > MAX {
                let rest = self.open.split_off(MAX);
                state.push(&std::mem::replace(&mut self.open, rest));
            }
            if self.open.ends_with(b"\n") {
                state.push(&self.open);
                self.open.clear();
            }
        }
        drop(state);
        self.queue.news.notify_one();
    }

    fn end(&mut self) {
        self.input = None;
        let mut state = self.queue.lock();
        if !self.open.is_empty() {
            state.push(&self.open);
        }
        state.over = true;
        drop(state);
        self.queue.news.notify_one();
    }
}

/// What waits for one reader.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    backlog: Backlog,
    /// Nothing comes any more.
    over: bool,
    /// The reader has gone: nothing is kept for it.
    gone: bool,
}

impl Default for State {
    fn default() -> State {
        State { backlog: Backlog::new(ROOM), over: false, gone: false }
    }
}

impl State {
    fn push(&mut self, line: &[u8]) {
        if !self.gone {
            self.backlog.push(line, edge::now());
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be written next, as soon as there is something; none at the end.
    fn next(&self) -> Option<Batch> {
        let mut state = self.lock();
        loop {
            if let Some(batch) = state.backlog.take(MAX) {
                return Some(batch);
            }
            if state.over {
                return None;
            }
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes until the end; it may wait for the reader as long as that likes.
    fn write(&self, mut out: Outlet, tell: fn(Hole) -> String) {
        while let Some(mut batch) = self.next() {
            let told = batch.hole.map_or(Ok(()), |hole| out.put(format!("{}\n", tell(hole)).as_bytes()));
            if told.is_ok() {
                batch.hole = None;
            }
            match told.and_then(|()| out.put(&batch.text)) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    let mut state = self.lock();
                    state.gone = true;
                    state.backlog.forget();
                }
                Err(_) => self.lock().backlog.lost(&batch),
            }
        }
    }
}

/// Where lines go.
struct Outlet {
    out: File,
    /// What was written ends within a line: its rest could not be.
    torn: bool,
}

impl Outlet {
    /// Writes whole lines.
    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.torn {
            self.write(b"\n")?;
        }
        self.write(lines)
    }

    /// Writes all of it, also where others have set the descriptor not to wait.
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.out.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.torn = bytes.get(written - 1).is_some_and(|last| *last != b'\n');
                    bytes = &bytes[written..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    poll(&mut [PollFd::new(self.out.as_fd(), PollFlags::POLLOUT)], PollTimeout::NONE)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

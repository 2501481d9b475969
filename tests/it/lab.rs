//! The laboratory: throw-away network namespaces, the built tools, and
//! processes whose lines a test can wait for. Nothing here ever touches the
//! machine's own interfaces.

#![allow(dead_code, reason = "each module of tests uses a part of the laboratory")]
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;

/// How long a test waits for what must happen; far above what it takes.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The directory that the tools were built into.
fn tools() -> PathBuf {
    let mut path = std::env::current_exe().expect("path of the test");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path
}

/// The path of a built tool.
pub fn tool(name: &str) -> PathBuf {
    let path = tools().join(name);
    assert!(path.exists(), "{} is not built", path.display());
    path
}

/// A file or directory of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A command whose PATH begins with the built tools and the project's scripts.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", search_path());
    command
}

fn search_path() -> String {
    let old = std::env::var("PATH").unwrap_or_default();
    format!("{}:{}:{old}:/usr/sbin:/sbin", tools().display(), project("scripts").display())
}

/// Both ends of a pipe in which there is no room.
pub fn full_pipe() -> (File, OwnedFd) {
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC).expect("a pipe");
    let path = format!("/proc/self/fd/{}", writer.as_raw_fd());
    let mut unwaiting =
        File::options().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).expect("the pipe once more");
    for piece in [&[b'\n'; 4096][..], b"\n"] {
        while unwaiting.write(piece).is_ok() {}
    }
    (reader.into(), writer)
}

/// What a finished command said.
#[derive(Debug)]
pub struct Said {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Its exit status; -1 when a signal ended it.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        Said {
            status: output.status,
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a built tool to its end with `input` on its standard input.
pub fn run(name: &str, args: &[&str], input: &[u8]) -> Said {
    let mut command = command(tool(name).to_str().expect("path in UTF-8"));
    command.args(args);
    finish(command, input)
}

/// Runs a command to its end with `input` on its standard input.
pub fn finish(mut command: Command, input: &[u8]) -> Said {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("standard input");
    let input = input.to_vec();
    // A tool that ends before it has read all its input is not an error here.
    let feeder = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("output of a command");
    let _ = feeder.join();
    output.into()
}

/// Whether network namespaces can be made here; says why not. In CI a missing
/// privilege is a failure, elsewhere the test is skipped.
pub fn can_use_namespaces() -> bool {
    static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ANSWER.get_or_init(|| {
        let name = format!("hbk-probe-{}", std::process::id());
        let made = Command::new("ip").args(["netns", "add", &name]).output();
        let why = match made {
            Ok(output) if output.status.success() => {
                let _ = Command::new("ip").args(["netns", "del", &name]).output();
                return true;
            }
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => format!("ip: {error}"),
        };
        assert!(std::env::var_os("CI").is_none(), "network namespaces are required in CI: {why}");
        eprintln!("skipped: no network namespaces: {why} (scripts/test makes them by unshare)");
        false
    })
}

/// Ends the test early, with the reason, where namespaces cannot be made.
#[macro_export]
macro_rules! need_namespaces {
    () => {
        if !$crate::lab::can_use_namespaces() {
            return;
        }
    };
}

/// Some namespaces that vanish with all their processes when the test ends.
pub struct Lab {
    tag: String,
}

impl Lab {
    /// A laboratory with nothing in it.
    pub fn new() -> Lab {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Lab { tag: format!("hbk{}-{count}", std::process::id()) }
    }

    /// A new namespace with its loopback up.
    pub fn host(&self, name: &str) -> Host {
        let host = Host { namespace: format!("{}-{name}", self.tag), name: name.to_owned() };
        ok(Command::new("ip").args(["netns", "add", &host.namespace]));
        host.ip("link set lo up");
        host
    }

    /// A cable between two hosts, up at both ends.
    pub fn cable(&self, a: &Host, a_interface: &str, b: &Host, b_interface: &str) {
        let spec = format!("link add {a_interface} type veth peer name {b_interface} netns {}", b.namespace);
        a.ip(&spec);
        a.ip(&format!("link set {a_interface} up"));
        b.ip(&format!("link set {b_interface} up"));
        // No duplicate address detection: addresses can be used at once.
        for (host, interface) in [(a, a_interface), (b, b_interface)] {
            host.set("ipv6/conf", interface, "accept_dad", "0");
        }
    }

    /// A host that is a switch; plug hosts in with [`Lab::plug`].
    pub fn switch(&self, name: &str) -> Host {
        let switch = self.host(name);
        switch.ip("link add br0 type bridge forward_delay 0 mcast_snooping 0");
        switch.ip("link set br0 up");
        switch
    }

    /// A cable from `host` into a switch. The switch's end is named like the
    /// host.
    pub fn plug(&self, switch: &Host, host: &Host, interface: &str) {
        let port = format!("p-{}-{interface}", host.name);
        self.cable(switch, &port, host, interface);
        switch.ip(&format!("link set {port} master br0"));
    }
}

/// One namespace.
pub struct Host {
    pub namespace: String,
    pub name: String,
}

impl Host {
    /// `ip ...` in this namespace; must succeed.
    pub fn ip(&self, words: &str) -> String {
        let mut command = Command::new("ip");
        command.args(["-n", &self.namespace]).args(words.split_ascii_whitespace());
        ok(&mut command)
    }

    /// Writes a sysctl of an interface in this namespace.
    pub fn set(&self, group: &str, interface: &str, name: &str, value: &str) {
        let path = format!("/proc/sys/net/{group}/{interface}/{name}");
        let mut command = self.command("sh");
        command.args(["-c", &format!("echo {value} >{path}")]);
        ok(&mut command);
    }

    /// A command in this namespace, with the built tools in its PATH.
    pub fn command(&self, program: &str) -> Command {
        let mut command = command("ip");
        command.args(["netns", "exec", &self.namespace, program]);
        command
    }

    /// Runs a command line (split at blanks) to its end.
    pub fn run(&self, line: &str) -> Said {
        self.run_with(line, b"")
    }

    /// Runs a command line (split at blanks) to its end with some input.
    pub fn run_with(&self, line: &str, input: &[u8]) -> Said {
        let mut words = line.split_ascii_whitespace();
        let mut command = self.command(words.next().expect("a command"));
        command.args(words);
        finish(command, input)
    }

    /// Starts a command in this namespace.
    pub fn start(&self, program: &str, args: &[&str]) -> Running {
        let mut command = self.command(program);
        command.args(args);
        Running::start(command)
    }

    /// SIGKILL to every process in this namespace.
    pub fn kill_all(&self) {
        let pids = ok(Command::new("ip").args(["netns", "pids", &self.namespace]));
        for pid in pids.split_ascii_whitespace() {
            let _ = Command::new("kill").args(["-KILL", pid]).output();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Ok(pids) = Command::new("ip").args(["netns", "pids", &self.namespace]).output() {
            for pid in String::from_utf8_lossy(&pids.stdout).split_ascii_whitespace() {
                let _ = Command::new("kill").args(["-KILL", pid]).output();
            }
        }
        let _ = Command::new("ip").args(["netns", "del", &self.namespace]).output();
    }
}

/// Runs a command that must succeed; its standard output.
pub fn ok(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = Said::from(output);
    assert!(said.status.success(), "{command:?}: {}{}", said.out, said.err);
    said.out
}

/// A process that runs, and the lines that it has said so far.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
    errors: Receiver<String>,
}

impl Running {
    /// Starts a command with pipes to all three of its descriptors.
    pub fn start(mut command: Command) -> Running {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = follow(child.stdout.take().expect("standard output"));
        let errors = follow(child.stderr.take().expect("standard error"));
        let stdin = child.stdin.take();
        Running { child, stdin, lines, seen: Vec::new(), errors }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input.
    pub fn say(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("an open standard input");
        stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).expect("writing to a process");
    }

    /// Closes its standard input.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for a line that satisfies `wanted`; fails the test after
    /// [`PATIENCE`] with all that was said.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        match self.look_for(PATIENCE, wanted) {
            Some(line) => line,
            None => panic!("no line for '{what}' in:\n{}\nstandard error:\n{}", self.transcript(), self.all_errors()),
        }
    }

    /// A line that satisfies `wanted`, if one comes within `patience`.
    pub fn look_for(&mut self, patience: Duration, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let deadline = Instant::now() + patience;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if wanted(&line) {
                        return Some(line);
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Every line that was taken so far, for messages.
    pub fn transcript(&self) -> String {
        self.seen.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "  {line}");
            text
        })
    }

    fn all_errors(&self) -> String {
        self.errors.try_iter().collect::<Vec<_>>().join("\n")
    }

    /// Waits for a line on standard error.
    pub fn wait_for_error(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = String::new();
        loop {
            match self.errors.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if wanted(&line) => return line,
                Ok(line) => {
                    let _ = writeln!(seen, "{line}");
                }
                Err(_) => panic!("the awaited error did not come; seen:\n{seen}"),
            }
        }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        ok(Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]));
    }

    /// Waits for its end; its exit status.
    pub fn wait(mut self) -> (i32, String, String) {
        self.stdin = None;
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("waiting for a process") {
                break status;
            }
            assert!(Instant::now() < deadline, "it did not end:\n{}", self.transcript());
            thread::sleep(Duration::from_millis(2));
        };
        while self.look_for(Duration::from_secs(1), |_| false).is_some() {}
        // A grandchild that lives on may hold standard error open.
        let mut errors = Vec::new();
        while let Ok(line) = self.errors.recv_timeout(Duration::from_secs(1)) {
            errors.push(line);
        }
        (status.code().unwrap_or(-1), self.seen.join("\n"), errors.join("\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(from: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { return };
            if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    lines
}

/// Repeats a question until its answer is yes; fails the test after
/// [`PATIENCE`].
pub fn wait_until(what: &str, mut question: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !question() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The examples of a manual page: what stands in EXAMPLES on lines of `.Dl` and
/// in literal displays, one script each.
pub fn examples(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(project(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let section = text.split(".Sh EXAMPLES\n").nth(1).unwrap_or_default().split("\n.Sh ").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut display: Option<String> = None;
    for line in section.lines() {
        match (&mut display, line) {
            (None, line) if line.starts_with(".Bd -literal") => display = Some(String::new()),
            (None, line) => found.extend(line.strip_prefix(".Dl ").map(str::to_owned)),
            (Some(_), ".Ed") => found.extend(display.take()),
            (Some(script), line) => {
                let _ = writeln!(script, "{line}");
            }
        }
    }
    assert!(!found.is_empty(), "{page} has no examples");
    found
}

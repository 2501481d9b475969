//! hb-run: a command that may take so long and no longer, with all that it starts.

use std::ffi::{CString, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hbkit::conf_file;
use hbkit::edge::complain;
use hbkit::heartbeat_words::Reading;
use hbkit::offspring::Ending;
use hbkit::time::parse_span;
use hbkit::ward::{self, Outcome, Terms, Ward};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::SigSet;

const TOOL: &str = "hb-run";

/// Run a command that may take so long and no longer; end all that it started
#[derive(Parser, Debug)]
#[command(name = TOOL, version)]
struct Args {
    /// How long it may take [default: for ever]
    #[arg(short = 'W', long, value_name = "SPAN", value_parser = parse_span)]
    timeout: Option<Duration>,
    /// From being asked to end (SIGTERM) to being killed
    #[arg(short = 'G', long, value_name = "SPAN", value_parser = parse_span, default_value = "5")]
    grace: Duration,
    /// Pass its output on to standard error, line by line, with this in front
    #[arg(short, long, value_name = "TEXT")]
    prefix: Option<String>,
    /// Hold this file locked, with our process id in it; fail when it is locked
    #[arg(short = 'L', long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Return when the command has begun, and stay with it in the background
    #[arg(short, long)]
    background: bool,
    /// Pass the output on only when the command does not end with 0, or not in time
    #[arg(short, long)]
    quiet: bool,
    /// Judge by the words that it prints, as Heartbeat does a status: 0 running, 3 not
    #[arg(long)]
    words: bool,
    /// Run nothing: pass standard input on
    #[arg(short, long, conflicts_with_all = ["command", "timeout", "lock", "background", "words", "quiet"])]
    stdin: bool,
    /// Said on standard output when the command has begun
    #[arg(long, hide = true)]
    ready: bool,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required_unless_present = "stdin", trailing_var_arg = true)]
    command: Vec<OsString>,
}

/// It was ended for taking too long, as timeout(1) says it.
const TIMED_OUT: u8 = 124;

/// hb-run itself could not do what it has to.
const FAILED: u8 = 125;

fn main() -> ExitCode {
    let args = Args::parse();
    begin_anew();
    let status = if args.background && !args.ready { in_background() } else { run(&args) };
    ExitCode::from(status.unwrap_or_else(|error| {
        complain(TOOL, &format_args!("{error:#}"));
        FAILED
    }))
}

/// A command gets its three descriptors, and no lock or pipe of whoever calls.
fn begin_anew() {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let open: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // That of the directory is closed already.
        let _ = nix::unistd::close(descriptor);
    }
    // Nor are signals kept from us that others had blocked for themselves.
    let _ = SigSet::all().thread_unblock();
}

fn run(args: &Args) -> anyhow::Result<u8> {
    let prefix = args.prefix.as_deref().unwrap_or_default();
    let Some(name) = args.command.first() else {
        ward::pass_on(io::stdin().as_fd().try_clone_to_owned()?, prefix).context("standard input")?;
        return Ok(0);
    };
    let captured = args.quiet || args.words || args.ready || args.prefix.is_some();
    let terms = Terms {
        timeout: args.timeout,
        grace: args.grace,
        prefix: captured.then(|| prefix.to_owned()),
        quiet: args.quiet,
        words: args.words,
    };
    let _lock = args.lock.as_deref().map(lock).transpose()?;
    if args.ready {
        // Who started us may be a terminal's, which must not take us along.
        let _ = nix::unistd::setsid();
    }
    let shown = name.to_string_lossy();
    let words: Result<Vec<CString>, _> = args.command.iter().map(|word| CString::new(word.as_bytes())).collect();
    let ward = match Ward::begin(&words?, &terms) {
        Ok(ward) => ward,
        Err(error) => {
            // The kernel says the same of a program and of its interpreter.
            let there = error.kind() == io::ErrorKind::NotFound && Path::new(name).is_file();
            let why = if there { "its interpreter is not there".to_owned() } else { conf_file::reason(&error) };
            complain(TOOL, &format_args!("{shown}: {why}"));
            return Ok(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 });
        }
    };
    if args.ready {
        writeln!(io::stdout(), "begun").and_then(|()| io::stdout().flush())?;
        nix::unistd::dup2_stdout(File::open("/dev/null")?)?;
    }
    judge(args, &shown, ward.watch().with_context(|| shown.to_string())?)
}

fn judge(args: &Args, name: &str, outcome: Outcome) -> anyhow::Result<u8> {
    let prefix = args.prefix.as_deref().unwrap_or_default();
    let say = |what: &str| {
        let colon = if prefix.is_empty() { "" } else { ": " };
        complain(TOOL, &format_args!("{prefix}{colon}{name}: {what}"));
    };
    Ok(match outcome {
        Outcome::Ended { ending, words, open } => {
            if let Some(output) = open {
                // What it left running must not lose its output: that would end it.
                Command::new("/proc/self/exe")
                    .args(["--stdin", "--prefix", prefix])
                    .stdin(output)
                    .stdout(Stdio::null())
                    .spawn()
                    .context("passing the output on")?;
            }
            match (args.words, ending, words) {
                (true, Ending::Exited(_), Reading::Running) => 0,
                (true, Ending::Exited(_), Reading::Stopped) => 3,
                (_, ending, _) => ward::status(ending),
            }
        }
        Outcome::TimedOut => {
            say("it took too long and was ended, with all that it started");
            TIMED_OUT
        }
        Outcome::Told(signal) => 128 + u8::try_from(signal as i32).unwrap_or(0),
        Outcome::Left => {
            say("it was killed, and something that it started does not end");
            TIMED_OUT
        }
    })
}

/// Locks the file for as long as this process lives, and names it in it.
fn lock(path: &Path) -> anyhow::Result<Flock<File>> {
    let what = || path.display().to_string();
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).with_context(what)?;
    let mut file = Flock::lock(file, FlockArg::LockExclusiveNonblock)
        .map_err(|(_, _)| anyhow::anyhow!("another one has it locked"))
        .with_context(what)?;
    file.set_len(0).with_context(what)?;
    writeln!(file, "{}", std::process::id()).with_context(what)?;
    Ok(file)
}

/// Begins again as a process that stays, and waits until that has begun the
/// command, or has ended without.
fn in_background() -> anyhow::Result<u8> {
    let mut again = Command::new("/proc/self/exe");
    again.arg("--ready").args(std::env::args_os().skip(1));
    let mut child = again.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut said = String::new();
    if let Some(output) = child.stdout.take() {
        output.take(16).read_to_string(&mut said)?;
    }
    if said == "begun\n" {
        return Ok(0);
    }
    let status = child.wait()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(status.unwrap_or(FAILED))
}

//! authkey-check: is this file of keys fit for use; make one; compare two.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use hbkit::auth::Method;
use hbkit::authkeys;
use hbkit::conf_file::reason;
use hbkit::edge::{self, Answer, Output};
use hbkit::secret_file::{self, Replace};

const TOOL: &str = "authkey-check";

/// Check a file of heartbeat keys, make a new one, or compare two by fingerprint
#[derive(Parser)]
#[command(name = TOOL, version)]
struct Args {
    /// The file of keys
    #[arg(value_name = "FILE", default_value = authkeys::PATH)]
    file: PathBuf,
    /// Write FILE with one random key for METHOD: md5, sha1 or sha256
    #[arg(long, value_name = "METHOD", conflicts_with = "fingerprint")]
    generate: Option<Method>,
    /// Even over an existing file
    #[arg(short = 'F', long, requires = "generate")]
    force: bool,
    /// Print ID METHOD FINGERPRINT of each key, which does not show the key
    #[arg(long)]
    fingerprint: bool,
}

fn main() -> ExitCode {
    edge::finish(TOOL, run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    match args.generate {
        Some(method) => generate(&args.file, method, if args.force { Replace::File } else { Replace::Never }),
        None if args.fingerprint => fingerprint(&args.file),
        None => check(&args.file),
    }
}

fn check(file: &Path) -> anyhow::Result<Answer> {
    let (_, problems) = authkeys::examine(file)?;
    print(problems.lines())?;
    Ok(if problems.has_errors() { Answer::No } else { Answer::Yes })
}

fn fingerprint(file: &Path) -> anyhow::Result<Answer> {
    let (authkeys, problems) = authkeys::examine(file)?;
    let line = |entry: &authkeys::Entry| {
        let (id, method) = (entry.key.id(), entry.key.method());
        format!("{id} {method} {}", entry.fingerprint)
    };
    print(authkeys.entries.iter().map(line).collect())?;
    if problems.has_errors() {
        edge::complain(TOOL, &problems);
        return Ok(Answer::No);
    }
    Ok(Answer::Yes)
}

fn generate(file: &Path, method: Method, replace: Replace) -> anyhow::Result<Answer> {
    if !method.is_keyed() {
        bail!("{method} has no key: md5, sha1 or sha256");
    }
    let key = secret_file::random_key().context("random bytes")?;
    let text = authkeys::one_key(method, &key);
    secret_file::write(file, text.as_bytes(), replace)
        .map_err(|error| anyhow!("{}: {}", file.display(), reason(&error)))?;
    Ok(Answer::Yes)
}

fn print(lines: Vec<String>) -> anyhow::Result<()> {
    let mut output = Output::new();
    for line in lines {
        output.line(&line)?;
    }
    output.flush()?;
    Ok(())
}

//! authkey-check: is this file of keys fit for use; make one, change one while
//! the cluster runs, compare two.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Parser;
use hbkit::auth::Method;
use hbkit::authkeys::{self, SIZE_MAX};
use hbkit::conf_file::reason;
use hbkit::edge::{self, Answer, Output, OutputError};
use hbkit::filter::{self, Filter, Flow};
use hbkit::fingerprints::{self, Prints};
use hbkit::json;
use hbkit::problem::Problems;
use hbkit::record::Record;
use hbkit::rotation::{self, Refusal};
use hbkit::secret_file::{self, Held, Replace};
use hbkit::signers::{Signers, Use};
use hbkit::standing;
use zeroize::Zeroizing;

const TOOL: &str = "authkey-check";

/// Check a file of heartbeat keys, make one, change one, or compare two by fingerprint
#[derive(Parser)]
#[command(name = TOOL, version)]
struct Args {
    /// The file of keys
    #[arg(value_name = "FILE", default_value = authkeys::PATH)]
    file: PathBuf,
    /// Print the problems and the keys, without their secrets, as JSON lines
    #[arg(short = 'j', long, group = "job")]
    json: bool,
    /// Write FILE with one random key for METHOD: md5, sha1 or sha256
    #[arg(long, value_name = "METHOD", groups = ["job", "forced"])]
    generate: Option<Method>,
    /// Add a random key for METHOD, not yet to sign with; print its number
    #[arg(long, value_name = "METHOD", group = "job")]
    rotate: Option<Method>,
    /// Sign with key ID
    #[arg(long, value_name = "ID", group = "job")]
    activate: Option<u8>,
    /// Remove key ID, unless a node signs with it
    #[arg(long, value_name = "ID", groups = ["job", "forced"])]
    retire: Option<u8>,
    /// Records of hb-listen that say who signs with which key; '-': standard input
    #[arg(long, value_name = "RECORDS", requires = "retire")]
    seen: Option<PathBuf>,
    /// A node that must be in RECORDS; may be repeated
    #[arg(short = 'P', long = "peer", value_name = "NAME", requires = "seen")]
    peers: Vec<String>,
    /// Generate over an existing file; retire without RECORDS
    #[arg(short = 'F', long, requires = "forced", conflicts_with = "seen")]
    force: bool,
    /// Print ID METHOD FINGERPRINT of each key, which does not show the key
    #[arg(long, group = "job")]
    fingerprint: bool,
    /// Compare with what --fingerprint printed on another host; '-': standard input
    #[arg(long, value_name = "PRINTED", group = "job", allow_hyphen_values = true)]
    compare: Option<String>,
}

fn main() -> ExitCode {
    edge::finish(TOOL, run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let file = args.file.as_path();
    if let Some(method) = args.generate {
        generate(file, method, if args.force { Replace::File } else { Replace::Never })
    } else if let Some(method) = args.rotate {
        rotate(file, method)
    } else if let Some(id) = args.activate {
        change(file, |text| rotation::activate(text, id))
    } else if let Some(id) = args.retire {
        retire(args, id)
    } else if let Some(printed) = &args.compare {
        compare(file, printed)
    } else if args.fingerprint {
        fingerprint(file)
    } else {
        check(file, args.json)
    }
}

fn check(file: &Path, as_json: bool) -> anyhow::Result<Answer> {
    let (authkeys, problems) = authkeys::examine(file)?;
    let keys = if as_json { fingerprints::json_lines(&authkeys) } else { Vec::new() };
    let said = if as_json { problems.iter().map(json::from_problem).collect() } else { problems.lines() };
    print(said.into_iter().chain(keys))?;
    Ok(if problems.has_errors() { Answer::No } else { Answer::Yes })
}

fn fingerprint(file: &Path) -> anyhow::Result<Answer> {
    let (authkeys, problems) = authkeys::examine(file)?;
    print(fingerprints::lines(&authkeys))?;
    if problems.has_errors() {
        edge::complain(TOOL, &problems);
        return Ok(Answer::No);
    }
    Ok(Answer::Yes)
}

fn compare(file: &Path, printed: &str) -> anyhow::Result<Answer> {
    let (authkeys, problems) = authkeys::examine(file)?;
    if problems.has_errors() {
        return Err(problems.into());
    }
    let text = if printed == "-" { take_input()? } else { printed.to_owned() };
    let Some(theirs) = Prints::parse(&text) else {
        bail!("what is to be compared with is not what --fingerprint prints");
    };
    let differences = Prints::of(&authkeys).differences(&theirs);
    let answer = if differences.is_empty() { Answer::Yes } else { Answer::No };
    print(differences)?;
    Ok(answer)
}

fn take_input() -> anyhow::Result<String> {
    let mut text = String::new();
    io::stdin().take(SIZE_MAX).read_to_string(&mut text).context("standard input")?;
    Ok(text)
}

fn new_key(method: Method) -> anyhow::Result<Zeroizing<String>> {
    if !method.is_keyed() {
        bail!("{method} has no key: md5, sha1 or sha256");
    }
    secret_file::random_key().context("random bytes")
}

fn generate(file: &Path, method: Method, replace: Replace) -> anyhow::Result<Answer> {
    let text = authkeys::one_key(method, &new_key(method)?);
    secret_file::write(file, text.as_bytes(), replace).map_err(|error| about(file, &error))?;
    Ok(Answer::Yes)
}

fn rotate(file: &Path, method: Method) -> anyhow::Result<Answer> {
    let key = new_key(method)?;
    let mut added = None;
    let answer = change(file, |text| {
        let (new, id) = rotation::add(text, method, &key)?;
        added = Some(id);
        Ok(new)
    })?;
    print(added.filter(|_| answer == Answer::Yes).map(|id| id.to_string()))?;
    Ok(answer)
}

fn retire(args: &Args, id: u8) -> anyhow::Result<Answer> {
    let file = args.file.display();
    if let Some(records) = &args.seen {
        match heard(records)?.of(id, &args.peers) {
            Use::None => {}
            Use::By(nodes) => {
                let what = format!("{file}: key {id} stays: signed with by {}", nodes.join(", "));
                edge::complain(TOOL, &what);
                return Ok(Answer::No);
            }
            Use::Unknown(why) => bail!("{file}: key {id} stays: {}: {why}", records.display()),
        }
    } else if !args.force {
        bail!("{file}: key {id} stays: who signs with it is not known: --seen RECORDS, or --force");
    }
    change(&args.file, |text| rotation::retire(text, id))
}

/// Puts another text in the place of the file's, where that may be.
fn change(file: &Path, alter: impl FnOnce(&[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal>) -> anyhow::Result<Answer> {
    let held = Held::open(file, SIZE_MAX).map_err(|error| about(file, &error))?;
    let mut problems = Problems::new(&file.display().to_string());
    standing::check(&held.standing, &mut problems);
    problems.extend(authkeys::parse(&file.display().to_string(), &held.bytes).1);
    if problems.has_errors() {
        edge::complain(TOOL, &problems);
        return Ok(Answer::No);
    }
    match alter(&held.bytes) {
        Ok(new) if *new == *held.bytes => Ok(Answer::Yes),
        Ok(new) => held.replace(&new).map(|()| Answer::Yes).map_err(|error| about(file, &error)),
        Err(why) => {
            edge::complain(TOOL, &format_args!("{}: {why}", file.display()));
            Ok(Answer::No)
        }
    }
}

struct Hearing(Signers);

impl Filter for Hearing {
    fn record(&mut self, record: &Record<'_>, _line: &[u8]) -> anyhow::Result<Result<Flow, String>> {
        Ok(self.0.record(record).map(|()| Flow::Go))
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

fn heard(records: &Path) -> anyhow::Result<Signers> {
    let mut hearing = Hearing(Signers::default());
    if records == Path::new("-") {
        filter::run(TOOL, io::stdin(), &mut hearing)?;
    } else {
        let open = File::open(records).map_err(|error| about(records, &error))?;
        filter::run(TOOL, open, &mut hearing)
            .map_err(|error| anyhow!("{}: {}", records.display(), error.root_cause()))?;
    }
    Ok(hearing.0)
}

fn about(file: &Path, error: &io::Error) -> anyhow::Error {
    anyhow!("{}: {}", file.display(), reason(error))
}

fn print(lines: impl IntoIterator<Item = String>) -> anyhow::Result<()> {
    let mut output = Output::new();
    for line in lines {
        output.line(&line)?;
    }
    output.flush()?;
    Ok(())
}

//! hb-respawn: programs that are started again whenever they end.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use hbkit::edge::{self, Answer};
use hbkit::ha_cf::{self, Respawn};
use hbkit::nursery::Nursery;

/// Run programs as their users, and start them again whenever they end
///
/// One that ends with status 100 is not started again.
#[derive(Parser)]
#[command(name = "hb-respawn", version)]
struct Args {
    /// Run what the respawn lines of this ha.cf name
    #[arg(short = 'f', long, value_name = "FILE", conflicts_with = "user")]
    config: Option<PathBuf>,
    /// As whom the program runs
    #[arg(value_name = "USER", required_unless_present = "config")]
    user: Option<String>,
    /// The program and its arguments
    #[arg(value_name = "PROGRAM", requires = "user", required_unless_present = "config", trailing_var_arg = true)]
    words: Vec<String>,
}

fn main() -> ExitCode {
    edge::finish("hb-respawn", run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<Answer> {
    let programs = match (args.config, args.user) {
        (Some(path), _) => ha_cf::read(&path)?.respawn,
        (None, user) => vec![Respawn { user: user.unwrap_or_default(), words: args.words, line: 0 }],
    };
    Nursery::new(programs).run().context("waiting")?;
    Ok(Answer::Yes)
}

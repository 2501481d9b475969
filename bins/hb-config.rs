//! hb-config: checks ha.cf, haresources and authkeys together, and prints what
//! they say.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hbkit::authkeys::{self, Authkeys};
use hbkit::cluster::{self, Findings};
use hbkit::conf_file::{self, TEXT_MAX};
use hbkit::edge::{self, Answer, Output};
use hbkit::ha_cf::{self, HaCf};
use hbkit::haresources;
use hbkit::name;
use hbkit::problem::{Problems, quote};

const TOOL: &str = "hb-config";

/// Check ha.cf, haresources and authkeys together; print what they say
#[derive(Parser)]
#[command(name = TOOL, version, disable_help_subcommand = true)]
struct Args {
    /// Directory of ha.cf, haresources and authkeys
    #[arg(short = 'C', long, value_name = "DIR", default_value = "/etc/ha.d", global = true)]
    directory: PathBuf,
    /// Name of this node [default: uname -n]
    #[arg(short = 'N', long, value_name = "NODE", global = true)]
    node: Option<String>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Print every problem with file and line
    Check,
    /// Print the values of a key of ha.cf, one a line
    Get {
        /// nodes, keepalive, deadtime, warntime, initdead, deadping, udpport, baud, media, ping, ping_damping,
        /// fence, fence_delay, auto_failback, failback_delay, failure_expiry, flap_halflife, flap_limit, quorum, msgfmt,
        /// allow_crc or lease
        key: String,
    },
    /// Print a line for each group: NAME NODE RESOURCE...
    Groups,
    /// Print a digest of what must be equal on every node
    Digest,
}

fn main() -> ExitCode {
    edge::finish(TOOL, run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let directory = &args.directory;
    let lines = match &args.action {
        Action::Check => return check(directory, args.node.as_deref()),
        Action::Get { key } => match read_conf(directory)?.get(key) {
            Some(values) => values,
            None => {
                edge::complain(TOOL, &format_args!("no key {}: known are {}", quote(key), HaCf::keys()));
                return Ok(Answer::No);
            }
        },
        Action::Groups => read_groups(directory)?.iter().map(ToString::to_string).collect(),
        Action::Digest => vec![cluster::digest(&read_conf(directory)?, &read_groups(directory)?)],
    };
    print(&lines)?;
    Ok(Answer::Yes)
}

fn read_conf(directory: &Path) -> Result<HaCf, Problems> {
    ha_cf::read(&directory.join("ha.cf"))
}

fn read_groups(directory: &Path) -> Result<Vec<haresources::Group>, Problems> {
    haresources::read(&directory.join("haresources"))
}

fn print(lines: &[String]) -> anyhow::Result<()> {
    let mut output = Output::new();
    for line in lines {
        output.line(line)?;
    }
    output.flush()?;
    Ok(())
}

/// Prints all problems of the three files. A file that cannot be read is said on
/// standard error, after what the others showed.
fn check(directory: &Path, node: Option<&str>) -> anyhow::Result<Answer> {
    let node = node.map(name::node).transpose()?.or_else(|| edge::host_name().ok());
    let mut found = Findings::default();
    let (conf, groups, keys);
    (conf, found.ha_cf) = parse(&directory.join("ha.cf"), ha_cf::parse);
    (groups, found.haresources) = parse(&directory.join("haresources"), haresources::parse);
    (keys, found.authkeys) =
        authkeys::examine(&directory.join("authkeys")).unwrap_or_else(|problems| (Authkeys::default(), problems));
    cluster::check(&conf, &groups, &keys, &mut found);
    cluster::check_commands(&conf, node.as_deref(), conf_file::is_program, &mut found.ha_cf);
    if let Some(node) = node {
        cluster::check_own_node(&conf, &node, &mut found.ha_cf);
    }
    print(&found.lines())?;
    found.unreadable().for_each(|problems| edge::complain(TOOL, problems));
    Ok(match (found.unreadable().next(), found.has_errors()) {
        (Some(_), _) => Answer::Unknown,
        (None, true) => Answer::No,
        (None, false) => Answer::Yes,
    })
}

/// Reads one of the files of text. What cannot be read counts as a file with
/// an error, so that it is not compared with the others.
fn parse<T: Default>(path: &Path, parse: fn(&str, &[u8]) -> (T, Problems)) -> (T, Problems) {
    match conf_file::read(path, TEXT_MAX) {
        Ok(bytes) => parse(&path.display().to_string(), &bytes),
        Err(problems) => (T::default(), problems),
    }
}

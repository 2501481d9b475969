//! hb-config: checks ha.cf, haresources and authkeys together, and prints what
//! they say.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use hbkit::cluster::{self, Findings};
use hbkit::conf_set::ConfSet;
use hbkit::configuration::Configuration;
use hbkit::edge::{self, Answer, Output};
use hbkit::ha_cf::{self, HaCf};
use hbkit::migrate::Migrated;
use hbkit::problem::{Problems, quote};
use hbkit::reload::{self, Changes};
use hbkit::{care, haresources, name};

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
    /// This node only votes: no script of a resource is looked for
    #[arg(long, global = true)]
    witness: bool,
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
        /// fence, fence_delay, stop_failed, self_fence, auto_failback, failback_delay, failure_expiry, flap_halflife, flap_limit, quorum, msgfmt,
        /// allow_crc, dialect, lease, respawn, watchdog or realtime
        key: String,
    },
    /// Print a line for each group: NAME NODE RESOURCE...
    Groups,
    /// Print a line for each resource: GROUP RESOURCE TIMES, from left to right
    Resources,
    /// Print ha.cf with what check says of the three files as comments beside each line it concerns
    Migrate {
        /// Directory of the files [default: that of --directory]
        #[arg(value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Say on standard error in what the files differ from those in FROM, with which a node runs;
    /// print the record that tells the pipeline, where all of it can change without a restart of all nodes
    Changes {
        /// Directory of the files that the node runs with
        #[arg(value_name = "FROM")]
        from: PathBuf,
    },
    /// Check the files, say what changes, and put them in the place of those in FROM, if all of it
    /// can change now
    Take {
        /// Directory of the files that the node runs with
        #[arg(value_name = "FROM")]
        from: PathBuf,
        /// The groups that run here, which must stay what they are
        #[arg(value_name = "GROUP")]
        runs: Vec<String>,
    },
    /// Print a digest of what must be equal on every node
    Digest,
}

fn main() -> ExitCode {
    edge::finish(TOOL, run(&Args::parse()))
}

fn run(args: &Args) -> anyhow::Result<Answer> {
    let directory = &args.directory;
    let lines = match &args.action {
        Action::Check => return check(&files(args, directory)?),
        Action::Migrate { from } => return migrate(&files(args, from.as_ref().unwrap_or(directory))?),
        Action::Changes { from } => return changes(directory, from, &[], false),
        Action::Take { from, runs } => {
            let found = files(args, directory)?.check();
            found.lines().iter().for_each(|line| edge::complain(TOOL, line));
            found.unreadable().for_each(|problems| edge::complain(TOOL, problems));
            return if answer(&found) == Answer::Yes { changes(directory, from, runs, true) } else { Ok(Answer::No) };
        }
        Action::Get { key } => match read_conf(directory)?.get(key) {
            Some(values) => values,
            None => {
                edge::complain(TOOL, &format_args!("no key {}: known are {}", quote(key), HaCf::keys()));
                return Ok(Answer::No);
            }
        },
        Action::Groups => read_groups(directory)?.iter().map(ToString::to_string).collect(),
        Action::Resources => cared_for(&read_conf(directory)?, &read_groups(directory)?),
        Action::Digest => vec![cluster::digest(&read_conf(directory)?, &read_groups(directory)?)],
    };
    print(&lines)?;
    Ok(Answer::Yes)
}

/// Says what changes, and prints the record of it. With `take`, what is new comes into
/// the place of what was; what is compared is what is taken, whoever writes to the
/// files meanwhile.
fn changes(to: &Path, from: &Path, runs: &[String], take: bool) -> anyhow::Result<Answer> {
    let (old, new) = (Configuration::read(from)?, Configuration::read(to)?);
    let changes = Changes::between((&old.conf, &old.groups), (&new.conf, &new.groups));
    changes.words.iter().for_each(|words| edge::complain(TOOL, words));
    let mut is_possible = !changes.restart;
    for group in changes.groups.iter().filter(|group| runs.contains(group)) {
        edge::complain(TOOL, &format_args!("{group} runs here and is to be another one: hb-standby first"));
        is_possible = false;
    }
    let record = reload::record(&new.conf, &new.groups, &changes, edge::now());
    if record.is_none() {
        edge::complain(TOOL, &"the ping nodes do not fit into one record: this needs a restart of all nodes");
    }
    let Some(record) = record.filter(|_| is_possible) else { return Ok(Answer::No) };
    if take {
        new.write(from).with_context(|| from.display().to_string())?;
    }
    if !changes.words.is_empty() {
        print(&[record])?;
    }
    Ok(Answer::Yes)
}

fn read_conf(directory: &Path) -> Result<HaCf, Problems> {
    ha_cf::read(&directory.join("ha.cf"))
}

fn read_groups(directory: &Path) -> Result<Vec<haresources::Group>, Problems> {
    haresources::read(&directory.join("haresources"))
}

fn cared_for(conf: &HaCf, groups: &[haresources::Group]) -> Vec<String> {
    let resources = groups.iter().flat_map(|group| group.resources.iter().map(move |resource| (group, resource)));
    let line = |(group, resource): (&haresources::Group, &haresources::Resource)| {
        let word = resource.to_string();
        format!("{} {word} {}", group.name, care::care(&word, &conf.resource))
    };
    resources.map(line).collect()
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
fn check(files: &ConfSet) -> anyhow::Result<Answer> {
    let found = files.check();
    print(&found.lines())?;
    found.unreadable().for_each(|problems| edge::complain(TOOL, problems));
    Ok(answer(&found))
}

/// Prints ha.cf with what `check` says of it as comments. Status 1 when a line
/// was changed or taken out too.
fn migrate(files: &ConfSet) -> anyhow::Result<Answer> {
    let Migrated { lines, touched, found } = files.migrate()?;
    let mut output = Output::new();
    lines.iter().try_for_each(|line| output.raw_line(line))?;
    output.flush()?;
    found.unreadable().for_each(|problems| edge::complain(TOOL, problems));
    Ok(if touched > 0 && found.unreadable().next().is_none() { Answer::No } else { answer(&found) })
}

/// The files of a directory, as those of this node.
fn files(args: &Args, directory: &Path) -> anyhow::Result<ConfSet> {
    let node = args.node.as_deref().map(name::node).transpose()?.or_else(|| edge::host_name().ok());
    Ok(ConfSet::read(directory, node, !args.witness))
}

fn answer(found: &Findings) -> Answer {
    match (found.unreadable().next(), found.has_errors()) {
        (Some(_), _) => Answer::Unknown,
        (None, true) => Answer::No,
        (None, false) => Answer::Yes,
    }
}

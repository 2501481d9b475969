//! hb-monitor: looks after the resources of groups that run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use hbkit::edge::{self, Answer};
use hbkit::monitor::{Monitor, Watched};
use hbkit::{attendant, care, ha_cf, haresources, name};

const TOOL: &str = "hb-monitor";

/// Look after the resources of the groups that run on this node: ask how they
/// are, start what has failed again in place, and say when a group has failed
#[derive(Parser)]
#[command(name = TOOL, version)]
struct Args {
    /// Directory of ha.cf and haresources
    #[arg(short = 'C', long, value_name = "DIR", default_value = "/etc/ha.d")]
    directory: PathBuf,
    /// The name of this node [default: the host's]
    #[arg(short = 'N', long, value_name = "NAME", value_parser = name::node)]
    node: Option<String>,
    /// What is run as hb-resource
    #[arg(long, value_name = "PROGRAM", default_value = "hb-resource")]
    program: PathBuf,
    /// A FIFO where 'tick' records of the input are answered
    #[arg(long, value_name = "FIFO")]
    answer_to: Option<PathBuf>,
}

fn main() -> ExitCode {
    edge::finish(TOOL, run(Args::parse()))
}

fn run(args: Args) -> anyhow::Result<Answer> {
    let conf = ha_cf::read(&args.directory.join("ha.cf"))?;
    let groups = haresources::read(&args.directory.join("haresources"))?;
    let own = match args.node {
        Some(name) => name,
        None => edge::host_name()?,
    };
    let watched = |group: haresources::Group| {
        let words = group.resources.iter().map(ToString::to_string);
        let resources = words.map(|word| (word.clone(), care::care(&word, &conf.resource))).collect();
        Watched { name: group.name, resources }
    };
    let monitor = Monitor::new(groups.into_iter().map(watched).collect());
    let tools = attendant::Tools { program: args.program, directory: args.directory, own, answers: args.answer_to };
    attendant::run(TOOL, tools, monitor)?;
    Ok(Answer::Yes)
}

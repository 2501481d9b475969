//! ipaddr-agent: hold a floating address.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use hbkit::agent::{self, Agent, AgentError};
use hbkit::called::Called;
use hbkit::edge::{self, Output};
use hbkit::floating::Side;
use hbkit::ha_cf::{self, LeaseKeeper};
use hbkit::haresources;
use hbkit::holder::{self, Holding, Refusal, Terms};
use hbkit::manner::{Duplicates, Manner};
use hbkit::meta_data;
use hbkit::name;
use hbkit::ocf::{Action, Code};
use hbkit::request::{Caller, Form, Request};
use hbkit::time::Time;

/// Hold a floating IPv4 or IPv6 address: add it, announce it, watch it, remove
/// it
#[derive(Parser)]
#[command(
    name = "ipaddr-agent",
    version,
    disable_help_subcommand = true,
    override_usage = "ipaddr-agent [-u TIME] [--duplicates WHAT] ADDR[/BITS[/IFACE[:LABEL]][/BROADCAST]]... ACTION\n       \
                      OCF_RESKEY_ip=ADDR [OCF_RESKEY_...] ipaddr-agent [-u TIME] ACTION\n       \
                      ipaddr-agent -f FILE -R FILE [-N NAME] hold",
    after_help = "Actions: start stop monitor status renew announce hold validate-all meta-data usage"
)]
struct Args {
    /// End of the lease in boot time (the TIME of records): the kernel removes
    /// the address by then
    #[arg(short, long, value_name = "TIME")]
    until: Option<Time>,
    /// Before a start, ask the neighbours whether another machine has the address:
    /// off, warn, refuse [default: off]
    #[arg(long, value_name = "WHAT")]
    duplicates: Option<Duplicates>,
    /// hold: take from this ha.cf who ends the addresses
    #[arg(short = 'f', long, value_name = "FILE", requires = "haresources")]
    config: Option<PathBuf>,
    /// hold: hold the addresses of all groups of this file, each from its start
    #[arg(short = 'R', long, value_name = "FILE", requires = "config")]
    haresources: Option<PathBuf>,
    /// hold: the name of this node [default: the host's]
    #[arg(short = 'N', long, value_name = "NAME", value_parser = name::node)]
    node: Option<String>,
    /// Addresses, and at the end what to do with them
    #[arg(value_name = "ADDRESS... ACTION", hide = true)]
    words: Vec<String>,
}

fn main() -> ExitCode {
    let called = Called::of(&env::args_os().next().unwrap_or_default().to_string_lossy());
    let args = Args::parse();
    let (last, addresses) = args.words.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
    let form = if addresses.is_empty() { Form::Ocf } else { Form::Heartbeat };
    let caller = Caller { called, form };
    let code = match last.parse() {
        Ok(action) => run(&args, caller, action, addresses),
        Err(why) => {
            caller.complain(&why);
            Code::Unimplemented
        }
    };
    ExitCode::from(code.number())
}

fn run(args: &Args, caller: Caller, action: Action, addresses: &[String]) -> Code {
    if let (Action::Hold, Some(conf), Some(haresources)) = (action, &args.config, &args.haresources) {
        return hold_groups(args, caller, conf, haresources);
    }
    match (action, args.until) {
        (Action::MetaData, _) => return print(&meta_data::document(caller.called)),
        (Action::Usage, _) => return print(&Action::usage(caller.called.word())),
        (Action::Renew, None) => {
            caller.complain(&"renew needs the new end of the lease: --until");
            return Code::Args;
        }
        (Action::Hold, None) => {
            caller.complain(&"hold needs the end of the first lease: --until, or the groups: -f and -R");
            return Code::Args;
        }
        _ => {}
    }
    let mut request = match caller.request(action, addresses) {
        Ok(request) => request,
        Err(code) => return code,
    };
    if let Some(duplicates) = args.duplicates {
        // Instead of what the kernel would do.
        (request.manner.duplicates, request.manner.detect) = (duplicates, false);
    }
    if action == Action::Hold {
        let terms = Terms { until: args.until, side: Side::Behind, own: None, manner: request.manner };
        return hold(caller, holder::run(vec![Holding { group: None, specs: request.specs }], terms));
    }
    act(args.until, caller, action, &request)
}

/// Holds the addresses of all groups, each from its start to its stop.
fn hold_groups(args: &Args, caller: Caller, conf: &Path, groups: &Path) -> Code {
    let read = ha_cf::read(conf).and_then(|conf| Ok((conf, haresources::read(groups)?)));
    let (conf, groups) = match read {
        Ok(read) => read,
        Err(problems) => {
            edge::complain("ipaddr-agent", &problems);
            return Code::Args;
        }
    };
    let side = match conf.lease_keeper() {
        LeaseKeeper::Kernel => Side::Before,
        LeaseKeeper::Holder => Side::Behind,
    };
    let holding =
        |group: haresources::Group| Holding { specs: group.specs().cloned().collect(), group: Some(group.name) };
    let manner = Manner { duplicates: args.duplicates.unwrap_or_default(), ..Manner::default() };
    let terms = Terms { until: None, side, own: args.node.clone().or_else(|| edge::host_name().ok()), manner };
    hold(caller, holder::run(groups.into_iter().map(holding).collect(), terms))
}

fn hold(caller: Caller, outcome: Result<Code, Refusal>) -> Code {
    match outcome {
        Ok(code) => code,
        Err(Refusal { address: Some(address), error }) => {
            caller.complain(&format_args!("{address}: {error}"));
            error.code()
        }
        Err(Refusal { address: None, error }) => {
            caller.complain(&error);
            error.code()
        }
    }
}

/// Does one action to all addresses. The answer is the first failure, or that
/// one is not running.
fn act(until: Option<Time>, caller: Caller, action: Action, request: &Request) -> Code {
    let done = Agent::new(until, request.manner).and_then(|mut agent| {
        let outcomes = agent.act(action, &request.specs.iter().collect::<Vec<_>>())?;
        Ok((agent, outcomes))
    });
    let (agent, outcomes) = match done {
        Ok(done) => done,
        Err(error) => {
            caller.complain(&error);
            return error.code();
        }
    };
    let mut answer = Code::Success;
    let mut status = Output::new();
    for (spec, outcome) in request.specs.iter().zip(&outcomes) {
        let code = agent::code(outcome, request.recurring);
        match outcome {
            Ok(None) => {}
            Ok(Some(note)) => caller.complain(&format_args!("{}: {note}", spec.address)),
            // "Not there" is an answer to a question, and no trouble.
            Err(AgentError::NotThere | AgentError::Gone(_)) if action.asks() && code == Code::NotRunning => {}
            Err(error) => caller.complain(&format_args!("{}: {error}", spec.address)),
        }
        if matches!(answer, Code::Success) || (answer == Code::NotRunning && code != Code::Success) {
            answer = code;
        }
        if action == Action::Status {
            if let Err(error) = status.line(&caller.called.status(spec.address, code)) {
                return unwritten(error.into());
            }
        }
    }
    // What somebody waits for comes before later announcements.
    let written = status.flush();
    agent.finish();
    if let Err(error) = written { unwritten(error.into()) } else { answer }
}

fn print(text: &str) -> Code {
    let mut output = Output::new();
    match output.line(text).and_then(|()| output.flush()) {
        Ok(()) => Code::Success,
        Err(error) => unwritten(error.into()),
    }
}

/// Standard output could not be written to. A reader that went away is success;
/// otherwise the status is the 2 of every tool, which OCF calls wrong arguments.
fn unwritten(error: anyhow::Error) -> Code {
    match edge::finish("ipaddr-agent", Err(error)) {
        gone if gone == ExitCode::SUCCESS => Code::Success,
        _ => Code::Args,
    }
}

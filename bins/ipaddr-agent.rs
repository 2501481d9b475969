//! ipaddr-agent: hold a floating address.

use std::env;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use hbkit::address::{Parts, Spec, SpecError};
use hbkit::agent::{Agent, AgentError, Outcome};
use hbkit::edge::{self, Output};
use hbkit::floating::Side;
use hbkit::ha_cf::{self, LeaseKeeper};
use hbkit::haresources;
use hbkit::holder::{self, Holding, Refusal, Terms};
use hbkit::manner::{Duplicates, Manner};
use hbkit::name;
use hbkit::ocf::{self, Action, Code};
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

/// How the agent was called: decides how it says what is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The address is in the environment.
    Ocf,
    /// The address is an argument, as in haresources.
    Heartbeat,
}

impl Form {
    fn complain(self, what: &dyn fmt::Display) {
        match self {
            Form::Heartbeat => edge::complain("ipaddr-agent", what),
            // A standard error that cannot be written to changes nothing.
            Form::Ocf => drop(writeln!(io::stderr(), "{}", ocf::exit_reason(what))),
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let (last, addresses) = args.words.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
    let form = if addresses.is_empty() { Form::Ocf } else { Form::Heartbeat };
    let code = match last.parse() {
        Ok(action) => run(&args, form, action, addresses),
        Err(why) => {
            form.complain(&why);
            Code::Unimplemented
        }
    };
    ExitCode::from(code.number())
}

fn run(args: &Args, form: Form, action: Action, addresses: &[String]) -> Code {
    if let (Action::Hold, Some(conf), Some(haresources)) = (action, &args.config, &args.haresources) {
        return hold_groups(args, conf, haresources);
    }
    match (action, args.until) {
        (Action::MetaData, _) => return print(ocf::META_DATA.trim_end()),
        (Action::Usage, _) => return print(&usage()),
        (Action::Renew, None) => {
            form.complain(&"renew needs the new end of the lease: --until");
            return Code::Args;
        }
        (Action::Hold, None) => {
            form.complain(&"hold needs the end of the first lease: --until, or the groups: -f and -R");
            return Code::Args;
        }
        _ => {}
    }
    let specs: Result<Vec<Spec>, SpecError> = match form {
        Form::Ocf => from_environment().map(|spec| vec![spec]),
        Form::Heartbeat => addresses.iter().map(|text| text.parse()).collect(),
    };
    match specs {
        Ok(specs) if action == Action::Hold => {
            let terms = Terms { until: args.until, side: Side::Behind, own: None, manner: manner(args) };
            hold(form, holder::run(vec![Holding { group: None, specs }], terms))
        }
        Ok(specs) => act(args, form, action, &specs),
        Err(why) => {
            form.complain(&why);
            match (form, action) {
                // What cannot have been started is stopped.
                (Form::Ocf, Action::Stop) => Code::Success,
                (Form::Ocf, _) => Code::Configured,
                (Form::Heartbeat, _) => Code::Args,
            }
        }
    }
}

/// How the addresses are installed.
fn manner(args: &Args) -> Manner {
    Manner { duplicates: args.duplicates.unwrap_or_default(), ..Manner::default() }
}

fn from_environment() -> Result<Spec, SpecError> {
    let value = |key: &str| env::var(format!("OCF_RESKEY_{key}")).unwrap_or_default();
    let [ip, bits, nic, label, broadcast] = ["ip", "cidr_netmask", "nic", "iflabel", "broadcast"].map(value);
    Spec::from_parts(Parts {
        address: &ip,
        bits: &bits,
        interface: &nic,
        label: &label,
        broadcast: &broadcast,
        loopback: true,
    })
}

/// Holds the addresses of all groups, each from its start to its stop.
fn hold_groups(args: &Args, conf: &Path, groups: &Path) -> Code {
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
    let terms =
        Terms { until: None, side, own: args.node.clone().or_else(|| edge::host_name().ok()), manner: manner(args) };
    hold(Form::Heartbeat, holder::run(groups.into_iter().map(holding).collect(), terms))
}

fn hold(form: Form, outcome: Result<Code, Refusal>) -> Code {
    match outcome {
        Ok(code) => code,
        Err(Refusal { address: Some(address), error }) => {
            form.complain(&format_args!("{address}: {error}"));
            error.code()
        }
        Err(Refusal { address: None, error }) => {
            form.complain(&error);
            error.code()
        }
    }
}

/// Does one action to all addresses. One that fails does not keep the others
/// from theirs; the answer is the first failure, or that one is not running.
fn act(args: &Args, form: Form, action: Action, specs: &[Spec]) -> Code {
    let mut agent = match Agent::new(args.until, manner(args)) {
        Ok(agent) => agent,
        Err(error) => {
            form.complain(&error);
            return error.code();
        }
    };
    let mut answer = Code::Success;
    let mut status = Output::new();
    let outcomes = match all(&mut agent, action, &specs.iter().collect::<Vec<_>>()) {
        Ok(outcomes) => outcomes,
        Err(error) => {
            form.complain(&error);
            return error.code();
        }
    };
    for (spec, outcome) in specs.iter().zip(outcomes) {
        let code = outcome.as_ref().map_or_else(AgentError::code, |_| Code::Success);
        match &outcome {
            Ok(None) => {}
            Ok(Some(note)) => form.complain(&format_args!("{}: {note}", spec.address)),
            // "Not there" is an answer to a question, and no trouble.
            Err(AgentError::NotThere) if matches!(action, Action::Monitor | Action::Status) => {}
            Err(error) => form.complain(&format_args!("{}: {error}", spec.address)),
        }
        if matches!(answer, Code::Success) || (answer == Code::NotRunning && code != Code::Success) {
            answer = code;
        }
        if action == Action::Status {
            let word = match code {
                Code::Success => "running",
                Code::NotRunning => "stopped",
                _ => "failed",
            };
            if let Err(error) = status.line(&format!("{} {word}", spec.address)) {
                return unwritten(error.into());
            }
        }
    }
    agent.finish();
    if let Err(error) = status.flush() { unwritten(error.into()) } else { answer }
}

fn all(agent: &mut Agent, action: Action, specs: &[&Spec]) -> Result<Vec<Outcome>, AgentError> {
    match action {
        Action::Start => agent.start(specs),
        Action::Stop => agent.stop(specs),
        Action::Monitor | Action::Status => Ok(agent.monitor(specs)),
        Action::Renew => agent.renew(specs),
        Action::Announce => Ok(agent.announce(specs)),
        Action::ValidateAll | Action::Hold | Action::MetaData | Action::Usage => Ok(agent.validate(specs)),
    }
}

/// What usage prints: the actions, for people and for OCF's tests.
fn usage() -> String {
    let words: Vec<&str> = Action::ALL.iter().map(|(word, _)| *word).collect();
    format!("usage: ipaddr-agent [ADDR[/BITS[/IFACE[:LABEL]][/BROADCAST]]...] {{{}}}", words.join("|"))
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

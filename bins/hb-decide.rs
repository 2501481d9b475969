//! hb-decide: from verdicts and announcements to actions.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use hbkit::decide::{Decide, FLAP_LIMIT_MAX, GroupSetting, Policy, Quorum, Settings};
use hbkit::deciding::{self, Announcements, Deciding, Says};
use hbkit::edge::{self, Answer, complain};
use hbkit::ha_cf::{self, Dialect};
use hbkit::record::MAX;
use hbkit::state_file::{self, StateFile};
use hbkit::tale::Tale;
use hbkit::tap::Tap;
use hbkit::time::parse_span;
use hbkit::{announce, filter, haresources, name, realtime};

/// Decide from verdicts and announcements who serves which group.
///
/// Reads what hb-judge -a prints, and prints what is to be done and why: do,
/// why and group records.
#[derive(Parser)]
#[command(name = "hb-decide", version)]
struct Args {
    /// Pass all records through, each followed by what follows from it
    #[arg(short, long)]
    all: bool,
    /// Print the verdicts that were read (node, link, self) too
    #[arg(short, long)]
    verbose: bool,
    /// Write announcements for hb-send --stdin to this descriptor
    #[arg(short = 'A', long, value_name = "FD")]
    announce_fd: Option<u8>,
    /// Write all that is read, said and announced to this FIFO too, for hb-log
    /// --keep; it is never waited for
    #[arg(long, value_name = "FIFO")]
    keep_to: Option<PathBuf>,
    /// Take nodes, times and auto_failback from this ha.cf
    #[arg(short = 'f', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take the groups from this file
    #[arg(short = 'R', long, value_name = "FILE")]
    haresources: Option<PathBuf>,
    /// The name of this node [default: the host's]
    #[arg(short = 'N', long, value_name = "NAME", value_parser = name::node)]
    node: Option<String>,
    /// Another node; may be repeated
    #[arg(short = 'P', long, value_name = "NAME", value_parser = name::node)]
    peer: Vec<String>,
    /// A group and its preferred node; may be repeated
    #[arg(short = 'g', long, value_name = "NAME=NODE", value_parser = group)]
    group: Vec<GroupSetting>,
    /// Interval of the announcements [default: 1]
    #[arg(short = 'K', long, value_name = "SPAN", value_parser = parse_span)]
    keepalive: Option<Duration>,
    /// Silence after which peers take this node for dead [default: 30]
    #[arg(short = 'd', long, value_name = "SPAN", value_parser = parse_span)]
    deadtime: Option<Duration>,
    /// Give a group back to its preferred node: on or off [default: off]
    #[arg(long, value_name = "WORD", value_parser = on_or_off)]
    auto_failback: Option<bool>,
    /// For how long the preferred node has to be steady before that [default: 0]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    failback_delay: Option<Duration>,
    /// How long a failure is remembered, 0 for ever [default: 1h]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    failure_expiry: Option<Duration>,
    /// In which the penalty of a group that changes hands halves, 0 for none [default: 15m]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    flap_halflife: Option<Duration>,
    /// How many changes at once are harmless [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(FLAP_LIMIT_MAX)))]
    flap_limit: Option<u32>,
    /// Whose votes are needed: alive or majority [default: alive]
    #[arg(long, value_name = "WORD", value_parser = quorum)]
    quorum: Option<Quorum>,
    /// Start nothing while this node is dead and not known to be off; may be repeated
    #[arg(long, value_name = "NAME", value_parser = name::node)]
    fence: Vec<String>,
    /// Head start of who serves, should two nodes fence each other [default: 5]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    fence_delay: Option<Duration>,
    /// In which protocol nodes agree on who serves: hbkit or heartbeat [default: hbkit]
    #[arg(long, value_name = "WORD", value_parser = dialect)]
    dialect: Option<Dialect>,
    /// Run at this real-time priority, 1 to 99, with memory locked
    #[arg(long, value_name = "PRIORITY", value_parser = clap::value_parser!(u8).range(1..=99))]
    realtime: Option<u8>,
    /// Print a pulse record for each heartbeat of ours that went round
    #[arg(long)]
    pulse: bool,
    /// Vote for others, and serve nothing: the groups are only compared
    #[arg(long)]
    witness: bool,
    /// Tell the story of this group for a person, from what was logged or from
    /// what came in
    #[arg(long, value_name = "GROUP", conflicts_with_all = ["all", "verbose", "announce_fd", "keep_to", "witness", "state"])]
    explain: Option<String>,
    /// Keep in this file what the next hb-decide needs to know, and begin with what
    /// the last one left there
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Take no group over that is named so, whatever the file says; may be repeated
    #[arg(long, value_name = "GROUP", requires = "state")]
    disown: Vec<String>,
    /// Only print the groups that would be taken over, and until when they are leased
    #[arg(long, requires = "state")]
    inherits: bool,
}

fn quorum(text: &str) -> Result<Quorum, String> {
    match text {
        "alive" => Ok(Quorum::Alive),
        "majority" => Ok(Quorum::Majority),
        _ => Err("alive or majority".to_owned()),
    }
}

fn dialect(text: &str) -> Result<Dialect, String> {
    Dialect::read(text).ok_or_else(|| "hbkit or heartbeat".to_owned())
}

fn group(text: &str) -> Result<GroupSetting, String> {
    let (group, node) = text.split_once('=').ok_or("a group is written NAME=NODE")?;
    if !name::is_name(group) {
        return Err(format!("'{group}' is not the name of a group"));
    }
    let preferred = name::node(node).map_err(|error| error.to_string())?;
    Ok(GroupSetting { name: group.to_owned(), preferred })
}

fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("on or off".to_owned()),
    }
}

fn main() -> ExitCode {
    edge::finish("hb-decide", run(Args::parse()))
}

fn run(mut args: Args) -> anyhow::Result<Answer> {
    let (all, verbose, pulse, fd) = (args.all, args.verbose, args.pulse, args.announce_fd);
    let (keep_to, explain) = (args.keep_to.take(), args.explain.take());
    let (state, disown, inherits) = (args.state.take(), std::mem::take(&mut args.disown), args.inherits);
    realtime::begin("hb-decide", args.realtime);
    let (settings, dialect) = settings(args)?;
    if let Some(group) = explain {
        return deciding::tell("hb-decide", Tale::new(settings, &group).in_dialect(dialect), &group);
    }
    let state = state.and_then(|path| StateFile::of("hb-decide", path, &settings.own, dialect));
    if inherits {
        return state_file::list(state, &settings);
    }
    check_length(&settings)?;
    let announcements = fd.map(Announcements::open).transpose()?;
    let tap = keep_to.map(|path| Tap::open(&path).with_context(|| path.display().to_string())).transpose()?;
    let says = Says { all, verbose, pulse };
    let heritage = state.as_ref().and_then(|file| file.heritage(&settings, &disown));
    let mut deciding = Deciding::new(settings, dialect, says, announcements, tap);
    if let Some(file) = state {
        deciding = deciding.with_state(file, heritage);
    }
    filter::run("hb-decide", io::stdin().lock(), &mut deciding)?;
    Ok(Answer::Yes)
}

/// What does not fit into a heartbeat cannot be announced.
fn check_length(settings: &Settings) -> anyhow::Result<()> {
    let long = Decide::longest_groups(settings);
    anyhow::ensure!(long <= announce::MAX, "the groups need {long} bytes in each heartbeat, {} at most", announce::MAX);
    let whole = Decide::longest_announcement(settings);
    if whole > MAX {
        let text = format_args!("warning: a heartbeat of all nodes and groups may need {whole} bytes, and holds {MAX}");
        complain("hb-decide", &text);
    }
    Ok(())
}

fn settings(args: Args) -> anyhow::Result<(Settings, Dialect)> {
    let mut dialect = Dialect::default();
    let own = match args.node {
        Some(name) => name,
        None => edge::host_name()?,
    };
    let mut settings = Settings {
        own,
        nodes: args.peer,
        groups: args.group,
        policy: Policy::default(),
        keepalive: Duration::from_secs(1),
        deadtime: Duration::from_secs(30),
        quorum: Quorum::Alive,
        digest: "-".to_owned(),
    };
    if let Some(path) = &args.config {
        let config = ha_cf::read(path)?;
        let groups = match &args.haresources {
            Some(path) => haresources::read(path)?,
            None => Vec::new(),
        };
        anyhow::ensure!(config.node.contains(&settings.own), "{}: no node is named {}", path.display(), settings.own);
        dialect = config.dialect;
        settings.configure(config, groups);
    } else {
        anyhow::ensure!(args.haresources.is_none(), "--haresources needs --config, which names the nodes");
    }
    if !settings.nodes.contains(&settings.own) {
        settings.nodes.insert(0, settings.own.clone());
    }
    settings.policy.fence.extend(args.fence);
    if args.witness {
        settings.groups.clear();
        settings.policy.fence.clear();
    }
    settings.quorum = args.quorum.unwrap_or(settings.quorum);
    let policy = &mut settings.policy;
    policy.auto_failback = args.auto_failback.unwrap_or(policy.auto_failback);
    policy.failback_delay = args.failback_delay.unwrap_or(policy.failback_delay);
    policy.failure_expiry = args.failure_expiry.unwrap_or(policy.failure_expiry);
    policy.flap_halflife = args.flap_halflife.unwrap_or(policy.flap_halflife);
    policy.flap_limit = args.flap_limit.unwrap_or(policy.flap_limit);
    policy.fence_delay = args.fence_delay.unwrap_or(policy.fence_delay);
    settings.keepalive = args.keepalive.unwrap_or(settings.keepalive);
    settings.deadtime = args.deadtime.unwrap_or(settings.deadtime);
    anyhow::ensure!(!settings.deadtime.is_zero(), "deadtime: 0: must be longer");
    anyhow::ensure!(!settings.keepalive.is_zero(), "keepalive: 0: must be longer");
    let dialect = args.dialect.unwrap_or(dialect);
    if dialect == Dialect::Heartbeat {
        anyhow::ensure!(settings.nodes.len() == 2, "dialect heartbeat is spoken between two nodes");
        anyhow::ensure!(settings.quorum == Quorum::Alive, "dialect heartbeat knows no votes: quorum majority");
        anyhow::ensure!(settings.policy.fence.is_empty(), "dialect heartbeat fences nobody");
        anyhow::ensure!(!args.witness, "dialect heartbeat knows no witness");
    }
    Ok((settings, dialect))
}

//! The directives of Heartbeat that hbkit does not use.

use super::Fate;
use super::policies::boolean;
use super::reader::Reader;

/// What a directive of Heartbeat means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Accepted, without an effect: why that is no loss, or what to do instead.
    Idle(&'static str),
    /// Refused: nothing here does what it asks for; what to do instead.
    Refused(&'static str),
    /// Idle when it says no, refused otherwise.
    RefusedIfOn(&'static str),
    /// With this value it is what hbkit does; with another it has no effect.
    Only(&'static str, &'static str),
    /// With this value it is what hbkit does; another one is refused.
    Must(&'static str, &'static str),
}

use Verdict::{Idle, Must, Only, Refused, RefusedIfOn};

const STDERR: &str = "the tools write to standard error: join it to a log where they are started";
const NO_DAEMON: &str = "there is no application heartbeat daemon here: leave the line out";
const MODULE: &str = "use bcast, ucast, mcast or serial";
const CRM: &str = "it is no layer below Pacemaker: use Corosync there, or haresources here";
const CRM_PART: &str = "it does not start Pacemaker";
const STONITH: &str = "it uses no plugins of STONITH: write 'fence NODE COMMAND [ARG...]' for each node, with a command \
    that switches it off";
const COMPRESSION: &str = "messages are sent uncompressed";

const TABLE: &[(&str, Verdict)] = &[
    ("hopfudge", Idle("messages are not passed on from node to node")),
    ("hbaping", Refused(MODULE)),
    ("rds", Refused(MODULE)),
    ("tipc", Refused(MODULE)),
    ("logfile", Idle(STDERR)),
    ("debugfile", Idle(STDERR)),
    ("logfacility", Idle(STDERR)),
    ("use_logd", Idle(STDERR)),
    ("conn_logd_time", Idle(STDERR)),
    ("syslogmsgfmt", Idle(STDERR)),
    ("log_badpack", Idle("hb-listen counts what it refuses in its bad records")),
    ("debug", Idle("the records between the tools say what happens")),
    ("memreserve", Idle("with realtime the tools lock what they use, when they use it")),
    ("stonith", Refused(STONITH)),
    ("stonith_host", Refused(STONITH)),
    ("failfast", Refused("it reboots nothing when a program ends: write respawn, or let the init system do it")),
    ("apiauth", Idle("there is no daemon with clients: the files' modes decide")),
    ("hbgenmethod", Only("file", "the generation is kept in a file and never falls behind the clock")),
    ("uuidfrom", Only("file", "the identity of the node is kept in a file")),
    ("compression", Idle(COMPRESSION)),
    ("compression_threshold", Idle(COMPRESSION)),
    ("traditional_compression", Idle(COMPRESSION)),
    ("max_rexmit_delay", Idle("a lost heartbeat is replaced by the next one")),
    ("autojoin", Must("none", "every node has to be named by node: write autojoin none")),
    ("cluster", Idle("the name is nowhere used")),
    ("quorum_server", Refused("this version asks nobody outside the cluster: leave the line out")),
    ("env", Idle("set the variable, with HA_ before its name, where hb-supervise is started")),
    ("coredumps", Idle("set it by ulimit -c where the tools are started")),
    ("coreroot", Idle("set it by ulimit -c where the tools are started")),
    ("use_apphbd", RefusedIfOn(NO_DAEMON)),
    ("pacemaker", RefusedIfOn(CRM)),
    ("crm", RefusedIfOn(CRM)),
    ("crm_daemon_dir", Idle(CRM_PART)),
    ("crmd_spawns_pengine", Idle(CRM_PART)),
    ("record_config_changes", Idle(CRM_PART)),
    ("record_pengine_inputs", Idle(CRM_PART)),
    ("enable_config_writes", Idle(CRM_PART)),
    ("normalpoll", Idle("the tools wait for what comes and do not poll")),
];

/// What becomes of a directive that hbkit does not use.
pub fn fate(name: &str) -> Option<Fate> {
    let (_, verdict) = TABLE.iter().find(|(known, _)| *known == name)?;
    Some(match verdict {
        Idle(_) | Only(_, _) => Fate::Idle,
        Refused(_) => Fate::Refused,
        RefusedIfOn(_) | Must(_, _) => Fate::Depends,
    })
}

/// The directives of this table.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

impl Reader {
    /// Judges a directive that hbkit does not use; false when Heartbeat has
    /// none of that name.
    pub(super) fn foreign(&mut self, directive: &str, args: &[&str]) -> bool {
        let Some((_, verdict)) = TABLE.iter().find(|(name, _)| *name == directive) else { return false };
        if args.is_empty() {
            self.error(format!("{directive} without a value: leave the line out"));
            return true;
        }
        match verdict {
            Idle(why) => self.idle(directive, why),
            Refused(why) => self.refuse(directive, why),
            RefusedIfOn(why) if args.last().and_then(|word| boolean(word)) == Some(false) => self.idle(directive, why),
            RefusedIfOn(why) => self.refuse(directive, why),
            Only(value, _) | Must(value, _) if args == [*value] => {}
            Only(_, why) => self.idle(directive, why),
            Must(_, why) => self.refuse(directive, why),
        }
        true
    }

    pub(super) fn idle(&mut self, directive: &str, why: &str) {
        self.warning(format!("{directive} has no effect in hbkit: {why}"));
    }

    pub(super) fn refuse(&mut self, directive: &str, why: &str) {
        self.error(format!("{directive} is not supported by hbkit: {why}"));
    }
}

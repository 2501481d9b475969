//! The three files together: what does not fit, what is unsafe, and the digest
//! of what must be equal on every node.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::auth::{Method, hex};
use crate::authkeys::Authkeys;
use crate::care;
use crate::floating::BEHIND;
use crate::ha_cf::{self, AutoFailback, Dialect, HaCf, LeaseKeeper, Quorum, StopPolicy};
use crate::haresources::Group;
use crate::medium::Medium;
use crate::problem::Problems;
use crate::time::seconds;

/// The problems of each file, to which the checks add theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Those of ha.cf.
    pub ha_cf: Problems,
    /// Those of haresources.
    pub haresources: Problems,
    /// Those of authkeys.
    pub authkeys: Problems,
}

impl Findings {
    /// Whether one of the files has an error.
    pub fn has_errors(&self) -> bool {
        self.ha_cf.has_errors() || self.haresources.has_errors() || self.authkeys.has_errors()
    }

    fn files(&self) -> [&Problems; 3] {
        [&self.ha_cf, &self.haresources, &self.authkeys]
    }

    /// Those of the files that could not be read at all.
    pub fn unreadable(&self) -> impl Iterator<Item = &Problems> {
        self.files().into_iter().filter(|file| file.is_unreadable())
    }

    /// All that is to be said of the files that could be read, a line each, in
    /// the order of files and lines.
    pub fn lines(&self) -> Vec<String> {
        let readable = self.files().into_iter().filter(|file| !file.is_unreadable());
        readable.flat_map(|file| file.clone().sorted().lines()).collect()
    }
}

/// Checks what only the files together show, as far as their errors hide nothing:
/// what one lacks would look like the fault of another.
pub fn check(conf: &HaCf, groups: &[Group], authkeys: &Authkeys, found: &mut Findings) {
    let there = (!found.ha_cf.is_unreadable(), !found.haresources.is_unreadable());
    if there.0 {
        check_nodes(conf, &mut found.ha_cf);
        check_media(conf, &mut found.ha_cf);
        check_policy(conf, &mut found.ha_cf);
        check_fences(conf, &mut found.ha_cf);
    }
    if there.1 {
        check_addresses(groups, &mut found.haresources);
    }
    if there.0 && there.1 {
        check_groups(conf, groups, &mut found.haresources);
        check_rules(conf, groups, &found.haresources, &mut found.ha_cf);
    }
    if there.0 && !found.authkeys.has_errors() {
        check_keys(conf, authkeys, &mut found.authkeys);
    }
}

/// Says when `node`, on which the files lie, is not one of the cluster's.
pub fn check_own_node(conf: &HaCf, node: &str, problems: &mut Problems) {
    let is_known = conf.node.iter().any(|known| known == node);
    if !is_known && !conf.node.is_empty() && conf.is_whole(&["node"]) {
        let instead = alike(&conf.node, node).map(|known| format!(": write {node} in place of {known}"));
        let what = format!(
            "this node is {node} (uname -n), which no node line names: the others will not listen to it{}",
            instead.unwrap_or_default()
        );
        problems.warning(conf.line_of("node"), what);
    }
}

/// The node of the same host, with its domain or without.
fn alike<'a>(nodes: &'a [String], name: &str) -> Option<&'a String> {
    let host = |name: &str| name.split('.').next().map(str::to_owned);
    nodes.iter().find(|node| host(node) == host(name))
}

fn check_nodes(conf: &HaCf, problems: &mut Problems) {
    if !conf.is_whole(&["node", "quorum", "fence", "ping", "ping6", "ping_group"]) {
        return;
    }
    let line = conf.line_of("node");
    let fenced = conf.node.iter().all(|node| conf.can_fence(node));
    match (conf.quorum, conf.node.len()) {
        (_, 0) => {}
        (_, 1) => problems.warning(line, "one node alone: nobody takes over when it dies"),
        (Quorum::Alive, 2..) if fenced => {}
        (Quorum::Alive, 2) if conf.ping.is_empty() => problems.warning(
            line,
            "two nodes without a ping node, a fence or a witness: when they no longer hear each other, each takes \
             the other for dead and both serve at once; a third node that runs hb-witness, and quorum majority, \
             make that impossible",
        ),
        (Quorum::Alive, 2) => {}
        (Quorum::Alive, more) => problems.warning(
            line,
            format!("{more} nodes and quorum alive: parts that are cut off from each other serve each; write quorum majority"),
        ),
        (Quorum::Majority, 2) => problems.warning(
            conf.line_of("quorum"),
            "a majority of two nodes is both: when one dies, nobody serves; a third node that only runs hb-witness \
             is enough",
        ),
        (Quorum::Majority, _) => {}
    }
}

fn check_media(conf: &HaCf, problems: &mut Problems) {
    if !conf.is_whole(ha_cf::MEDIA) {
        return;
    }
    let Some((line, first)) = conf.media_with_lines().next() else { return };
    let device = first.device();
    if conf.media.len() == 1 {
        let what =
            format!("{first} is the only medium: when it fails, the nodes take each other for dead and both serve");
        problems.warning(line, what);
    } else if conf.media.iter().all(|medium| medium.device() == device) {
        problems.warning(line, format!("all media use {device}: when it fails, the nodes take each other for dead"));
    }
}

fn check_policy(conf: &HaCf, problems: &mut Problems) {
    if conf.stop_failed.policy == StopPolicy::Fence
        && conf.self_fence.is_empty()
        && conf.watchdog.is_none()
        && conf.is_whole(&["self_fence", "watchdog"])
    {
        let what =
            "stop_failed fence: how this node fences itself is not said: write self_fence COMMAND, or watchdog DEVICE";
        problems.error(conf.line_of("stop_failed"), what);
    }
    let is_failback_whole = conf.is_whole(&["auto_failback", "nice_failback"]);
    if conf.auto_failback == AutoFailback::Legacy && is_failback_whole {
        let line = if conf.has("auto_failback") { "auto_failback" } else { "nice_failback" };
        let what = "auto_failback is legacy (Heartbeat's default): write on or off, and all know what will happen";
        problems.warning(conf.line_of(line), what);
    }
    if conf.auto_failback == AutoFailback::Off && is_failback_whole && !conf.failback_delay.is_zero() {
        let what = "failback_delay has no effect: auto_failback is off";
        problems.warning(conf.line_of("failback_delay"), what);
    }
    if !conf.is_whole(&["keepalive", "deadtime", "quorum"]) {
        return;
    }
    if conf.quorum == Quorum::Majority && conf.deadtime < conf.keepalive * 4 {
        let what = format!(
            "deadtime {} s is under 4 keepalives ({} s): with quorum majority a vote may be two keepalives old when it \
             comes, so that one lost heartbeat can end a lease, and the groups stop and start again",
            seconds(conf.deadtime),
            seconds(conf.keepalive * 4)
        );
        problems.warning(conf.line_of("deadtime"), what);
    }
    match conf.lease_keeper() {
        LeaseKeeper::Kernel => {}
        LeaseKeeper::Holder => problems.warning(
            conf.line_of("deadtime"),
            format!(
                "deadtime {} s is under {} s: ipaddr-agent ends the addresses of a node that hangs in time; the kernel, \
                 which counts whole seconds, ends them up to {} s after the lease when ipaddr-agent is killed or \
                 frozen too, and until then another node may have them as well",
                seconds(conf.deadtime),
                seconds(ha_cf::kernel_deadtime(conf.keepalive)),
                seconds(BEHIND)
            ),
        ),
    }
}

/// A node without a fence is taken from when it is dead, whatever it may hold.
fn check_fences(conf: &HaCf, problems: &mut Problems) {
    let Some(fence) = conf.fence.first().filter(|_| conf.is_whole(&["node", "quorum", "fence"])) else { return };
    match conf.quorum {
        // The votes of a majority make a second owner impossible.
        Quorum::Majority => {}
        Quorum::Alive => {
            for node in conf.node.iter().filter(|node| !conf.can_fence(node)) {
                let what = format!("no fence for {node}: when it is dead or cut off, the others take over unfenced");
                problems.warning(fence.line, what);
            }
        }
    }
}

/// Says which commands that fence others cannot be run on `node`, on which the
/// files lie.
pub fn check_commands(conf: &HaCf, node: Option<&str>, can_run: impl Fn(&str) -> bool, problems: &mut Problems) {
    if let Some(command) = conf.self_fence.first().filter(|command| !can_run(command)) {
        let what = format!("self_fence: {command} is not there, or is no program: this node could not fence itself");
        problems.warning(conf.line_of("self_fence"), what);
    }
    for fence in conf.fence.iter().filter(|fence| Some(fence.node.as_str()) != node) {
        let Some(command) = fence.words.first().filter(|command| !can_run(command)) else { continue };
        let what = format!("fence: {command} is not there, or is no program: {} could not be fenced", fence.node);
        problems.warning(fence.line, what);
    }
}

/// Says what runs beside the pipeline and cannot be run on this node, and that its
/// watchdog is not there.
pub fn check_beside(
    conf: &HaCf,
    can_run: impl Fn(&str) -> bool,
    is_user: impl Fn(&str) -> bool,
    is_there: impl Fn(&str) -> bool,
    problems: &mut Problems,
) {
    for respawn in &conf.respawn {
        if let Some(program) = respawn.words.first().filter(|program| !can_run(program)) {
            problems.warning(respawn.line, format!("respawn: {program} is not there, or is no program"));
        }
        if !is_user(&respawn.user) {
            problems.warning(respawn.line, format!("respawn: there is no user {}", respawn.user));
        }
    }
    if let Some(device) = conf.watchdog.as_deref().filter(|device| !is_there(device)) {
        let what = format!("watchdog: {device} is not there: nothing resets this node when its pipeline hangs");
        problems.warning(conf.line_of("watchdog"), what);
    }
}

fn check_addresses(groups: &[Group], problems: &mut Problems) {
    if groups.is_empty() && !problems.has_errors() {
        problems.warning(1, "no group: there is nothing to serve");
    }
    let mut seen: BTreeMap<IpAddr, &Group> = BTreeMap::new();
    for group in groups {
        for address in group.addresses() {
            match seen.insert(address, group) {
                Some(other) if other.line == group.line => {
                    problems.warning(group.line, format!("{address} stands twice in the group {}", group.name));
                }
                Some(other) => problems.warning(
                    group.line,
                    format!(
                        "{address} belongs to the group {} on line {} too: both would bring it up",
                        other.name, other.line
                    ),
                ),
                None => {}
            }
        }
    }
}

fn check_groups(conf: &HaCf, groups: &[Group], problems: &mut Problems) {
    for group in groups {
        let is_judged = !conf.node.is_empty() && conf.is_whole(&["node"]);
        if is_judged && !conf.node.contains(&group.node) {
            let known = conf.node.join(" ");
            let instead = alike(&conf.node, &group.node).map(|node| format!(": write {node}")).unwrap_or_default();
            problems
                .error(group.line, format!("the node {} is not in ha.cf, which names {known}{instead}", group.node));
        }
        for address in group.addresses() {
            let is_peer = |medium: &Medium| match medium {
                Medium::Ucast { address: peer, .. } => *peer == address,
                Medium::Bcast { .. } | Medium::Mcast { .. } | Medium::Serial { .. } => false,
            };
            if let Some((line, _)) = conf.media_with_lines().find(|(_, medium)| is_peer(medium)) {
                let what = format!("{address} is a node's own address (ucast, line {line} of ha.cf): it must not move");
                problems.warning(group.line, what);
            }
            if conf.ping.iter().any(|target| target.addresses.contains(&address)) {
                let what = format!("{address} is a ping node of ha.cf: a node that serves it would ping itself");
                problems.warning(group.line, what);
            }
        }
    }
}

/// A rule that is about nothing is probably misspelt.
fn check_rules(conf: &HaCf, groups: &[Group], haresources: &Problems, problems: &mut Problems) {
    let resources = || groups.iter().flat_map(|group| &group.resources);
    let idle = |rule: &&care::Rule| !resources().any(|resource| rule.is_about(&resource.to_string()));
    for rule in conf.resource.iter().filter(idle).filter(|_| !haresources.has_errors()) {
        let what = format!("resource: no group of haresources has {}: this line has no effect", rule.target);
        problems.warning(rule.line, what);
    }
}

fn check_keys(conf: &HaCf, authkeys: &Authkeys, problems: &mut Problems) {
    let Some(network) = conf.media.iter().find(|medium| medium.is_network()) else { return };
    for entry in authkeys.entries.iter().filter(|entry| entry.key.method() == Method::Crc) {
        let forged = "everybody on that network can stop or start services: use sha1 or sha256";
        match (conf.allow_crc, authkeys.sign == Some(entry.key.id())) {
            (true, _) => problems.warning(entry.line, format!("crc on {network}: {forged}")),
            (false, true) => problems.error(
                entry.line,
                format!("crc is not used to sign on {network}: {forged}, or write 'allow_crc yes' in ha.cf"),
            ),
            (false, false) => problems.warning(entry.line, format!("crc is not accepted on {network}: {forged}")),
        }
    }
}

/// Enough digits of the digest to tell configurations apart in every heartbeat.
pub const DIGITS: usize = 16;

/// SHA-256, in hexadecimal digits, over what must be equal on every node: the
/// nodes in their order (hb-decide ranks by it), keepalive, deadtime, initdead,
/// deadping, auto_failback with its delay, failure_expiry, flap_halflife and
/// flap_limit, quorum, dialect, what fences whom, and the groups in their order with node
/// and resources. Media and ping nodes, warntime, keys, comments and white space do
/// not count.
pub fn digest(conf: &HaCf, groups: &[Group]) -> String {
    let mut text = format!("hbkit digest 1\nnode {}\n", conf.node.join(" "));
    let times = [
        ("keepalive", conf.keepalive),
        ("deadtime", conf.deadtime),
        ("initdead", conf.initdead),
        ("deadping", conf.deadping),
        ("failback_delay", conf.failback_delay),
        ("failure_expiry", conf.failure_expiry),
        ("flap_halflife", conf.flap_halflife),
    ];
    for (name, span) in times {
        text.push_str(&format!("{name} {}\n", seconds(span)));
    }
    text.push_str(&format!("flap_limit {}\n", conf.flap_limit));
    text.push_str(&format!("auto_failback {}\nquorum {}\n", conf.auto_failback, conf.quorum));
    if conf.dialect != Dialect::default() {
        text.push_str(&format!("dialect {}\n", conf.dialect));
    }
    if conf.has("ping_damping") {
        text.push_str(&format!("ping_damping {:?}\n", conf.ping_damping.span(conf.deadtime)));
    }
    for fence in &conf.fence {
        text.push_str(&format!("fence {fence} {}\n", seconds(conf.fence_delay)));
    }
    for group in groups {
        text.push_str(&format!("group {group}\n"));
    }
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests;

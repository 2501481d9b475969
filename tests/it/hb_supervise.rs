//! Two nodes that really fail over, in namespaces: a switch with a client, a
//! crossover cable between the nodes, and hb-supervise on both.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::capture::Capture;
use crate::lab::{Host, Lab, Running, Said, command, finish, project, wait_until};
use crate::need_namespaces;

mod adoption;
mod beside;
mod outputs;
mod partitions;
mod reload;
mod stages;
mod witness;

pub const ADDRESS: &str = "10.9.0.80";

/// What differs between the clusters of the tests.
pub struct Plan {
    pub ha_cf: &'static str,
    pub ucast: [&'static str; 2],
    pub haresources: &'static str,
}

pub const TWO_LINKS: Plan = Plan {
    ha_cf: "keepalive 100ms\ndeadtime 1\nwarntime 500ms\ninitdead 3\nauto_failback on\nbcast eth1\n",
    ucast: ["10.9.0.1", "10.9.0.2"],
    haresources: "node1 10.9.0.80/24/eth0 mark::web\n",
};

/// The same, where a group stays with whom it is.
pub const NO_FAILBACK: Plan = Plan {
    ha_cf: "keepalive 100ms\ndeadtime 1\nwarntime 500ms\ninitdead 3\nauto_failback off\nbcast eth1\n",
    ..TWO_LINKS
};

/// A node of the cluster.
pub struct Node {
    pub host: Host,
    pub directory: PathBuf,
    pub number: usize,
}

impl Node {
    pub fn supervise(&self) -> Running {
        Running::start(self.supervisor())
    }

    fn supervisor(&self) -> Command {
        let directory = self.directory.display();
        let line = format!(
            "HBKIT_RUN={directory}/run hb-supervise -C {directory} -D {directory}/state -N node{}",
            self.number
        );
        let mut command = self.host.command("env");
        command.args(line.split(' '));
        command
    }

    pub fn has(&self, address: &str) -> bool {
        self.host.ip("-o addr show").contains(&format!(" {address}/"))
    }

    pub fn runs_the_service(&self) -> bool {
        self.directory.join("mark.web").exists()
    }

    pub fn standby(&self, scope: &str) -> Said {
        let mut command = command("hb-standby");
        command.arg(scope).env("HBKIT_RUN", self.directory.join("run"));
        finish(command, b"")
    }

    /// The process ids of a tool of this node.
    pub fn pids(&self, tool: &str) -> Vec<String> {
        let pids = self.host.run(&format!("ip netns pids {}", self.host.namespace)).out;
        let named = |pid: &&str| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == tool);
        pids.split_ascii_whitespace().filter(named).map(str::to_owned).collect()
    }

    pub fn signal(&self, tool: &str, signal: &str) {
        let pids = self.pids(tool);
        assert!(!pids.is_empty(), "no {tool} runs");
        let said = self.host.run(&format!("kill -{signal} {}", pids.join(" ")));
        assert_eq!(said.code(), 0, "{}", said.err);
    }

    /// SIGSTOP to everything but the holder.
    fn freeze_all_but_the_holder(&self) {
        // Nor what the test itself looks with.
        let free = [self.pids("ipaddr-agent"), self.pids("ip")].concat();
        let all = self.host.run(&format!("ip netns pids {}", self.host.namespace)).out;
        let pids: Vec<&str> =
            all.split_ascii_whitespace().filter(|pid| !free.iter().any(|other| other == pid)).collect();
        // One that has ended meanwhile is no failure.
        self.host.run(&format!("kill -STOP {}", pids.join(" ")));
    }

    pub fn power_off(&self) {
        self.host.kill_all();
        self.host.ip("link set eth0 down");
        self.host.ip("link set eth1 down");
        self.host.ip("addr flush dev eth0");
    }

    pub fn power_on(&self) {
        // What was on a tmpfs is gone.
        let _ = fs::remove_dir_all(self.directory.join("run"));
        self.host.ip("link set eth0 up");
        self.host.ip("link set eth1 up");
        for (interface, address) in
            [("eth0", format!("10.9.0.{}/24", self.number)), ("eth1", format!("10.8.0.{}/24", self.number))]
        {
            self.host.ip(&format!("addr replace {address} dev {interface} broadcast +"));
        }
    }
}

pub struct Cluster {
    pub nodes: [Node; 2],
    pub client: Host,
    pub switch: Host,
    pub lab: Lab,
    pub files: TempDir,
}

impl Cluster {
    pub fn new(plan: &Plan) -> Cluster {
        let lab = Lab::new();
        let files = TempDir::new().unwrap();
        let switch = lab.switch("sw");
        let nodes = [1, 2].map(|number| {
            let host = lab.host(&format!("node{number}"));
            lab.plug(&switch, &host, "eth0");
            let directory = files.path().join(format!("node{number}"));
            configure(&directory, plan, number);
            Node { host, directory, number }
        });
        lab.cable(&nodes[0].host, "eth1", &nodes[1].host, "eth1");
        let client = lab.host("client");
        lab.plug(&switch, &client, "eth0");
        client.ip("addr add 10.9.0.9/24 dev eth0 broadcast +");
        client.ip("addr add fd09::9/64 dev eth0 nodad");
        for node in &nodes {
            node.power_on();
            node.host.ip(&format!("addr add fd09::{}/64 dev eth0 nodad", node.number));
        }
        Cluster { nodes, client, switch, lab, files }
    }

    /// Whether the client reaches the address; it asks once.
    pub fn answers(&self, address: &str) -> bool {
        self.client.run(&format!("ping-probe -c 1 -W 1 {address}")).code() == 0
    }
}

fn command_with(program: &str, argument: &str) -> std::process::Command {
    let mut command = command(program);
    command.arg(argument);
    command
}

pub fn configure(directory: &Path, plan: &Plan, number: usize) {
    fs::create_dir_all(directory.join("resource.d")).unwrap();
    let peer = plan.ucast[2 - number];
    let ha_cf = format!("{}ucast eth0 {peer}\nnode node1 node2\n", plan.ha_cf);
    fs::write(directory.join("ha.cf"), ha_cf).unwrap();
    fs::write(directory.join("haresources"), plan.haresources).unwrap();
    let keys = directory.join("authkeys");
    fs::write(&keys, "auth 1\n1 sha1 a-key-for-the-laboratory-only\n").unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).unwrap();
    let mark = directory.join("resource.d/mark");
    let script = "#!/bin/sh\nfile=${0%/*}/../mark.$1\ncase $2 in\nstart) : >\"$file\" ;;\nstop) rm -f \"$file\" ;;\nstatus) [ -e \"$file\" ] ;;\nesac\n";
    fs::write(&mark, script).unwrap();
    fs::set_permissions(&mark, fs::Permissions::from_mode(0o755)).unwrap();
}

pub fn started_on(node: &'static str) -> impl Fn(&str) -> bool {
    move |line| line.starts_with("group ") && line.contains(" started ") && line.contains(&format!("node={node}"))
}

/// Both nodes run, and node1 serves.
pub fn running(plan: &Plan) -> (Cluster, Running, Running) {
    let cluster = Cluster::new(plan);
    let mut one = cluster.nodes[0].supervise();
    let mut two = cluster.nodes[1].supervise();
    one.wait_for("node1 serves", started_on("node1"));
    two.wait_for("node2 knows", started_on("node1"));
    (cluster, one, two)
}

#[test]
fn both_started_at_once_the_preferred_node_serves_and_only_it() {
    need_namespaces!();
    let (cluster, _one, _two) = running(&TWO_LINKS);
    assert!(cluster.nodes[0].has(ADDRESS) && cluster.nodes[0].runs_the_service());
    assert!(!cluster.nodes[1].has(ADDRESS) && !cluster.nodes[1].runs_the_service());
    assert!(cluster.answers(ADDRESS));
}

#[test]
fn after_power_loss_the_other_node_serves_and_the_neighbours_know() {
    need_namespaces!();
    let (cluster, _one, mut two) = running(&TWO_LINKS);
    assert!(cluster.answers(ADDRESS));
    cluster.nodes[0].power_off();
    two.wait_for("node1 is dead", |line| line.starts_with("node ") && line.contains(" node1 dead "));
    two.wait_for("node2 serves", started_on("node2"));
    assert!(cluster.nodes[1].has(ADDRESS) && cluster.nodes[1].runs_the_service());
    assert!(cluster.answers(ADDRESS), "the client still asks the dead node");
}

#[test]
fn when_all_of_hbkit_is_killed_the_kernel_itself_removes_the_address() {
    need_namespaces!();
    let (cluster, one, mut two) = running(&TWO_LINKS);
    // The holder first, or it would see that the others have ended.
    cluster.nodes[0].signal("ipaddr-agent", "KILL");
    cluster.nodes[0].host.kill_all();
    drop(one);
    two.wait_for("node2 serves", started_on("node2"));
    wait_until("node1 has lost the address", || !cluster.nodes[0].has(ADDRESS));
    assert!(cluster.nodes[1].has(ADDRESS));
    assert!(cluster.answers(ADDRESS));
}

#[test]
fn with_one_link_of_two_cut_nothing_moves_and_the_link_is_reported() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    cluster.nodes[0].host.ip("link set eth1 down");
    two.wait_for("the link is dead", |line| line.starts_with("link ") && line.contains("node1/bcast:eth1 dead"));
    one.wait_for("the link is dead", |line| line.starts_with("link ") && line.contains("node2/bcast:eth1 dead"));
    let moved = |line: &str| line.starts_with("do ") && (line.contains(" start ") || line.contains(" stop "));
    assert_eq!(two.look_for(Duration::from_millis(1500), moved), None);
    assert_eq!(one.look_for(Duration::from_millis(10), moved), None);
    assert!(cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
}

#[test]
fn with_auto_failback_on_the_group_goes_home() {
    need_namespaces!();
    let (cluster, one, mut two) = running(&TWO_LINKS);
    cluster.nodes[0].power_off();
    drop(one);
    two.wait_for("node2 serves", started_on("node2"));
    cluster.nodes[0].power_on();
    let mut one = cluster.nodes[0].supervise();
    one.wait_for("node1 serves again", started_on("node1"));
    assert!(cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
    assert!(cluster.answers(ADDRESS));
}

#[test]
fn with_auto_failback_off_the_group_stays() {
    need_namespaces!();
    let (cluster, one, mut two) = running(&NO_FAILBACK);
    cluster.nodes[0].power_off();
    drop(one);
    two.wait_for("node2 serves", started_on("node2"));
    cluster.nodes[0].power_on();
    let mut one = cluster.nodes[0].supervise();
    one.wait_for("node1 sees that node2 serves", started_on("node2"));
    let moved = |line: &str| line.starts_with("do ") && line.contains(" stop ");
    assert_eq!(two.look_for(Duration::from_secs(2), moved), None);
    assert!(!cluster.nodes[0].has(ADDRESS) && cluster.nodes[1].has(ADDRESS));
}

#[test]
fn an_orderly_shutdown_is_taken_over_without_waiting_for_a_death() {
    need_namespaces!();
    let ha_cf = "keepalive 100ms\ndeadtime 10\nwarntime 5\ninitdead 10\nauto_failback on\nbcast eth1\n";
    let (cluster, one, mut two) = running(&Plan { ha_cf, ..TWO_LINKS });
    one.signal("TERM");
    let (status, story, errors) = one.wait();
    assert_eq!(status, 0, "{story}\n{errors}");
    assert!(!cluster.nodes[0].has(ADDRESS) && !cluster.nodes[0].runs_the_service());
    let line = two.wait_for("node2 serves", |line| started_on("node2")(line) || line.contains(" node1 dead "));
    assert!(line.starts_with("group "), "{line}");
    assert!(cluster.nodes[1].has(ADDRESS));
}

#[test]
fn s01_after_a_healed_cut_one_node_serves_and_the_client_reaches_it() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    cut_apart(&cluster);
    two.wait_for("node2 serves too", started_on("node2"));
    cluster.nodes[0].host.ip("neigh del 10.9.0.2 dev eth0");
    cluster.nodes[1].host.ip("neigh del 10.9.0.1 dev eth0");
    cluster.nodes[0].host.ip("link set eth1 up");
    two.wait_for("node2 releases", |line| line.starts_with("group ") && line.contains(" stopped node=node2"));
    one.wait_for("node1 says again that it has it", |line| line.contains(" reannounce "));
    wait_until("only node1 has it", || cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
    wait_until("the client reaches it", || cluster.answers(ADDRESS));
}

#[test]
fn a_standby_moves_the_group_on_request() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    let said = cluster.nodes[0].standby("local");
    assert_eq!((said.code(), said.err.as_str()), (0, ""));
    assert!(said.out.ends_with("10.9.0.80: done: standby: node2 serves it\n"), "{}", said.out);
    assert!(!cluster.nodes[0].has(ADDRESS) && cluster.nodes[1].has(ADDRESS));
    let said = cluster.nodes[0].standby("local");
    assert_eq!((said.code(), said.out.as_str()), (1, "10.9.0.80: refused: standby: it is not served here\n"));
    one.wait_for("the refusal", |line| line.starts_with("why ") && line.contains("refused standby"));
}

#[test]
fn s100_an_address_that_a_person_removed_is_put_back() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    cluster.nodes[0].host.ip("addr del 10.9.0.80/24 dev eth0");
    one.wait_for("the loss is noticed", |line| line.starts_with("hold ") && line.contains(" removed "));
    one.wait_for("it is there again", |line| line.starts_with("hold ") && line.contains(" held "));
    assert!(cluster.nodes[0].has(ADDRESS) && cluster.nodes[0].runs_the_service());
    assert_eq!(one.look_for(Duration::from_millis(500), |line| line.contains(" stop ")), None, "nothing stops for it");
    assert!(!cluster.nodes[1].has(ADDRESS));
}

#[test]
fn s47_an_address_that_is_removed_again_and_again_is_left_to_the_other_node() {
    need_namespaces!();
    let (cluster, mut one, mut two) = running(&TWO_LINKS);
    for _ in 0..5 {
        cluster.nodes[0].host.ip("addr del 10.9.0.80/24 dev eth0");
        one.wait_for("it is there again", |line| line.starts_with("hold ") && line.contains(" held "));
    }
    cluster.nodes[0].host.ip("addr del 10.9.0.80/24 dev eth0");
    one.wait_for("it is not put back", |line| line.starts_with("hold ") && line.contains(" failed "));
    two.wait_for("node2 serves", started_on("node2"));
    assert!(!cluster.nodes[0].has(ADDRESS) && cluster.nodes[1].has(ADDRESS));
}

#[test]
fn s17_when_the_supervisor_is_killed_its_addresses_end_with_their_leases() {
    need_namespaces!();
    let ha_cf = "keepalive 1\ndeadtime 12\ninitdead 12\nauto_failback on\nbcast eth1\n";
    let (cluster, _one, mut two) = running(&Plan { ha_cf, ..TWO_LINKS });
    cluster.nodes[0].signal("hb-supervise", "KILL");
    wait_until("its holder has ended", || cluster.nodes[0].pids("ipaddr-agent").is_empty());
    assert!(cluster.nodes[0].has(ADDRESS), "who comes back soon finds it there");
    wait_until("it is gone", || !cluster.nodes[0].has(ADDRESS));
    assert!(!cluster.nodes[1].has(ADDRESS), "the other node waits for that");
    two.wait_for("node2 serves", started_on("node2"));
}

#[test]
fn a_holder_that_dies_is_replaced_and_nothing_stops() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    let first = cluster.nodes[0].pids("ipaddr-agent");
    cluster.nodes[0].signal("ipaddr-agent", "KILL");
    one.wait_for_error(|line| line.contains("ipaddr-agent has ended with status 137: another one takes its place"));
    one.wait_for("it has taken over", |line| line.starts_with("hold ") && line.contains(" held "));
    let second = cluster.nodes[0].pids("ipaddr-agent");
    assert!(second.len() == 1 && second != first, "{first:?} {second:?}");
    let stopped = |line: &str| line.starts_with("do ") && line.contains(" stop ");
    // Longer than the kernel would keep what nobody renews.
    assert_eq!(one.look_for(Duration::from_secs(3), stopped), None);
    assert!(cluster.nodes[0].has(ADDRESS) && cluster.nodes[0].runs_the_service());

    // The second time within a minute there is no third one.
    cluster.nodes[0].signal("ipaddr-agent", "KILL");
    let (status, story, errors) = one.wait();
    assert_eq!(status, 1, "{story}\n{errors}");
    assert!(!cluster.nodes[0].has(ADDRESS) && !cluster.nodes[0].runs_the_service());
}

#[test]
fn a_holder_that_hangs_is_replaced() {
    need_namespaces!();
    let (cluster, mut one, _two) = running(&TWO_LINKS);
    cluster.nodes[0].signal("ipaddr-agent", "STOP");
    one.wait_for_error(|line| line.contains("ipaddr-agent does not answer: it is ended"));
    one.wait_for("another one has taken over", |line| line.starts_with("hold ") && line.contains(" held "));
    wait_until("node1 has the address", || cluster.nodes[0].has(ADDRESS));
}

/// What the kernels of both nodes say of their addresses, with stamps.
fn watch_addresses(cluster: &Cluster) -> Vec<Running> {
    let watch = |node: &Node| {
        let mut watch = node.host.start("ip", &["-ts", "-o", "monitor", "address"]);
        // It begins to watch at some time: until it does, something happens.
        wait_until("the watch begins", || {
            node.host.ip("addr replace 127.0.0.9/8 dev lo");
            watch.look_for(Duration::from_millis(20), |line| line.contains("127.0.0.9")).is_some()
        });
        watch
    };
    cluster.nodes.iter().map(watch).collect()
}

/// When the frozen node had the address last, and when the other one had it
/// first, as the kernels of both see it.
#[test]
fn s20_of_a_frozen_node_with_a_short_lease_the_holder_ends_the_address_in_time() {
    need_namespaces!();
    let ha_cf = "keepalive 100ms\ndeadtime 500ms\nwarntime 300ms\ninitdead 3\nauto_failback off\nbcast eth1\n";
    let (cluster, _one, mut two) = running(&Plan { ha_cf, ..TWO_LINKS });
    let mut watch = watch_addresses(&cluster);
    cluster.nodes[0].freeze_all_but_the_holder();
    two.wait_for("node2 serves", started_on("node2"));
    let stamp = |line: &str| line.split(['[', ']']).nth(1).unwrap_or_default().to_owned();
    let of = |line: &str| line.contains(" 10.9.0.80/");
    let gone = watch[0].wait_for("node1 lost it", |line| of(line) && line.contains("Deleted"));
    let come = watch[1].wait_for("node2 got it", |line| of(line) && !line.contains("Deleted"));
    assert!(!stamp(&gone).is_empty() && stamp(&gone) < stamp(&come), "{gone}\n{come}");
    assert!(!cluster.nodes[0].has(ADDRESS) && cluster.nodes[1].has(ADDRESS));
}

#[test]
fn ipv6_alone_is_enough() {
    need_namespaces!();
    let plan = Plan {
        ha_cf: "keepalive 100ms\ndeadtime 1\nwarntime 500ms\ninitdead 3\nauto_failback on\nmcast eth1 ff02::77 694 1 0\n",
        ucast: ["fd09::1", "fd09::2"],
        haresources: "node1 fd09::80/64/eth0 mark::web\n",
    };
    let cluster = Cluster::new(&plan);
    for node in &cluster.nodes {
        node.host.ip("-4 addr flush dev eth0");
        node.host.ip("-4 addr flush dev eth1");
    }
    let mut one = cluster.nodes[0].supervise();
    let mut two = cluster.nodes[1].supervise();
    one.wait_for("node1 serves", started_on("node1"));
    assert!(cluster.nodes[0].has("fd09::80"));
    wait_until("the client reaches it", || cluster.answers("fd09::80"));
    cluster.nodes[0].power_off();
    two.wait_for("node2 serves", started_on("node2"));
    assert!(cluster.nodes[1].has("fd09::80"));
    assert!(cluster.answers("fd09::80"), "the client still asks the dead node");
}

#[test]
fn what_an_earlier_life_left_is_stopped_before_anything_is_decided() {
    need_namespaces!();
    let cluster = Cluster::new(&TWO_LINKS);
    let node = &cluster.nodes[1];
    node.host.ip("addr add 10.9.0.80/24 dev eth0");
    fs::write(node.directory.join("mark.web"), "").unwrap();
    let mut two = node.supervise();
    two.wait_for("it judges", |line| line.starts_with("self "));
    assert!(!node.has(ADDRESS) && !node.runs_the_service());
}

#[test]
fn a_second_supervisor_is_refused_and_harms_nothing() {
    need_namespaces!();
    let (cluster, _one, _two) = running(&TWO_LINKS);
    let (status, _, errors) = cluster.nodes[0].supervise().wait();
    assert_eq!(status, 2);
    assert!(errors.contains("runs already"), "{errors}");
    assert!(cluster.nodes[0].has(ADDRESS) && cluster.nodes[0].runs_the_service());
}

#[test]
fn supervised_nodes_send_what_msgfmt_says_and_take_a_crc_where_ha_cf_allows_it() {
    need_namespaces!();
    let plan = Plan {
        ha_cf: "keepalive 100ms\ndeadtime 1\ninitdead 3\nauto_failback on\nmsgfmt classic\nallow_crc yes\nbcast eth1\n",
        ..TWO_LINKS
    };
    let cluster = Cluster::new(&plan);
    for node in &cluster.nodes {
        fs::write(node.directory.join("authkeys"), "auth 1\n1 crc\n").unwrap();
    }
    let capture = Capture::on(&cluster.nodes[1].host);
    let (mut one, _two) = (cluster.nodes[0].supervise(), cluster.nodes[1].supervise());
    one.wait_for("node1 serves", started_on("node1"));
    for _ in 0..40 {
        let datagram = capture.datagram(694);
        assert!(datagram.starts_with(b">>>\n"), "{}", datagram.escape_ascii());
    }
}

#[test]
fn a_wrong_configuration_is_said_and_nothing_is_begun() {
    let files = TempDir::new().unwrap();
    configure(files.path(), &TWO_LINKS, 1);
    fs::write(files.path().join("ha.cf"), "keepalive often\nnode node1 node2\n").unwrap();
    let mut command = command("hb-supervise");
    command.args(["-N", "node1", "-C"]).arg(files.path());
    command.env("HBKIT_RUN", files.path().join("run"));
    let said = finish(command, b"");
    assert_eq!(said.code(), 2);
    assert!(said.err.contains("ha.cf:1: error: "), "{}", said.err);
    assert!(!files.path().join("run").exists());
}

#[test]
fn a_dry_run_names_every_stage_and_runs_none() {
    let files = TempDir::new().unwrap();
    configure(files.path(), &TWO_LINKS, 1);
    let mut command = command("hb-supervise");
    command.args(["-n", "-N", "node1", "-C"]).arg(files.path());
    command.env("HBKIT_RUN", files.path().join("run"));
    let said = finish(command, b"");
    assert_eq!(said.code(), 0, "{}", said.err);
    for words in ["hb-resource -C", "hb-listen -f", "hb-send -f", "hb-judge -a", "hb-decide -v"] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    assert!(!files.path().join("run").exists());
}

/// The boot time of a record.
pub fn time_of(line: &str) -> f64 {
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

/// A script that fences node1 as a power switch would: everything there is killed,
/// and it is cut off. Its story is in the file beside it.
fn power_switch(cluster: &Cluster, first: &str) -> PathBuf {
    let script = cluster.files.path().join("power-switch");
    let namespace = &cluster.nodes[0].host.namespace;
    let text = format!(
        "#!/bin/sh\necho \"$*\" >>\"$0.story\"\n{first}\nfor pid in $(ip netns pids {namespace}); do kill -KILL \"$pid\"; done\n\
         ip -n {namespace} link set eth0 down && ip -n {namespace} link set eth1 down &&\n\
         ip -n {namespace} addr flush dev eth0\n"
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    for node in &cluster.nodes {
        let path = node.directory.join("ha.cf");
        let ha_cf = fs::read_to_string(&path).unwrap();
        // node1 could not fence anybody: what happens to it is to be seen.
        let fences = format!("fence node1 {} off node1\nfence node2 /bin/false\nfence_delay 500ms\n", script.display());
        fs::write(&path, ha_cf + &fences).unwrap();
    }
    script
}

/// Neither node hears the other; both are still heard by the client.
pub fn cut_apart(cluster: &Cluster) {
    cluster.nodes[0].host.ip("link set eth1 down");
    // Frames to the hardware address of nobody: the LAN is cut for them alone.
    let nobody = "lladdr 02:00:00:00:00:99 nud permanent dev eth0";
    cluster.nodes[0].host.ip(&format!("neigh replace 10.9.0.2 {nobody}"));
    cluster.nodes[1].host.ip(&format!("neigh replace 10.9.0.1 {nobody}"));
}

#[test]
fn a_node_that_is_cut_off_is_fenced_before_its_group_is_taken() {
    need_namespaces!();
    let cluster = Cluster::new(&TWO_LINKS);
    let script = power_switch(&cluster, ":");
    let mut one = cluster.nodes[0].supervise();
    let mut two = cluster.nodes[1].supervise();
    one.wait_for("node1 serves", started_on("node1"));
    two.wait_for("node2 knows", started_on("node1"));
    cut_apart(&cluster);
    let start = two.wait_for("node2 starts it", |line| line.starts_with("do ") && line.contains(" start "));
    assert!(cluster.nodes[0].pids("hb-send").is_empty() && !cluster.nodes[0].has(ADDRESS), "{start}");
    let story = fs::read_to_string(script.with_extension("story")).unwrap();
    assert_eq!(story, "off node1\n");
    two.wait_for("node2 serves", started_on("node2"));
    let story = two.transcript();
    let order = [" node1 dead ", "do ", " fence node1 ", " fenced it is off, says the command", " start node1 is dead"];
    let mut rest = story.as_str();
    for words in order {
        let (_, behind) = rest.split_once(words).unwrap_or_else(|| panic!("{words} is missing: {story}"));
        rest = behind;
    }
    assert!(cluster.answers(ADDRESS));

    // It boots and hears nobody: it takes nothing, and fences nobody.
    one.wait();
    cluster.nodes[0].power_on();
    cut_apart(&cluster);
    let mut one = cluster.nodes[0].supervise();
    one.wait_for("node1 is passive", |line| line.contains(" wait node2 may have fenced this node"));
    let acts = |line: &str| line.starts_with("do ") && (line.contains(" start ") || line.contains(" fence "));
    assert_eq!(one.look_for(Duration::from_secs(2), acts), None);
    assert!(!cluster.nodes[0].has(ADDRESS) && cluster.nodes[1].has(ADDRESS));
}

#[test]
fn s83_a_fence_that_fails_is_tried_again_and_nothing_is_started_meanwhile() {
    need_namespaces!();
    let cluster = Cluster::new(&TWO_LINKS);
    let script = power_switch(&cluster, "[ $(wc -l <\"$0.story\") -gt 1 ] || exit 1");
    let mut one = cluster.nodes[0].supervise();
    let mut two = cluster.nodes[1].supervise();
    one.wait_for("node1 serves", started_on("node1"));
    two.wait_for("node2 knows", started_on("node1"));
    cluster.nodes[0].power_off();
    two.wait_for("the failure is said", |line| line.contains(" node1 alarm fencing failed: "));
    let next = two.wait_for("the second try, or a start", |line| line.starts_with("do "));
    assert!(next.contains(" fence node1 "), "{next}");
    two.wait_for("node2 serves", started_on("node2"));
    assert_eq!(fs::read_to_string(script.with_extension("story")).unwrap(), "off node1\noff node1\n");
    assert!(cluster.nodes[1].has(ADDRESS));
}

#[test]
fn s06_s07_with_a_witness_only_the_side_of_the_majority_serves() {
    need_namespaces!();
    let plan = Plan {
        ha_cf: "keepalive 100ms\ndeadtime 3\nwarntime 1\ninitdead 6\nauto_failback on\nquorum majority\n\
                node witness\nucast eth0 10.9.0.3\n",
        ..TWO_LINKS
    };
    let cluster = Cluster::new(&plan);
    let mut one = cluster.nodes[0].supervise();
    let mut two = cluster.nodes[1].supervise();
    let (_third, mut witness) = partitions::witness(&cluster, &plan);
    one.wait_for("node1 serves", started_on("node1"));
    two.wait_for("node2 knows", started_on("node1"));
    witness.wait_for("the witness knows", |line| line.contains("node1 active"));

    // Nobody hears node1 any more, and it hears nobody: it gives up first.
    cluster.switch.ip("link set p-node1-eth0 down");
    let stop = one.wait_for("node1 gives up", |line| line.starts_with("do ") && line.contains(" stop "));
    let released = one.wait_for("node1 has released it", |line| line.contains(" stopped node=node1"));
    let start = two.wait_for("node2 takes over", |line| line.starts_with("do ") && line.contains(" start "));
    assert!(time_of(&stop) < time_of(&start) && time_of(&released) < time_of(&start), "{stop}\n{released}\n{start}");
    two.wait_for("node2 serves", started_on("node2"));
    assert!(!cluster.nodes[0].has(ADDRESS) && cluster.nodes[1].has(ADDRESS));
    let took = |line: &str| line.starts_with("do ") && line.contains(" start ");
    assert_eq!(one.look_for(Duration::from_secs(4), took), None, "alone, it must not serve");

    cluster.switch.ip("link set p-node1-eth0 up");
    one.wait_for("node1 serves again", started_on("node1"));
    wait_until("only node1 has it", || cluster.nodes[0].has(ADDRESS) && !cluster.nodes[1].has(ADDRESS));
}

#[test]
fn every_posix_shell_runs_it() {
    need_namespaces!();
    for shell in ["dash", "busybox ash", "yash"] {
        let program = shell.split(' ').next().unwrap();
        if finish(command_with("which", program), b"").code() != 0 {
            assert!(std::env::var_os("CI").is_none(), "{shell} is required in CI");
            eprintln!("skipped: {shell} is not installed");
            continue;
        }
        let cluster = Cluster::new(&TWO_LINKS);
        let node = &cluster.nodes[0];
        let directory = node.directory.display();
        let script = project("scripts/hb-supervise");
        let line = format!(
            "HBKIT_RUN={directory}/run {shell} {} -C {directory} -D {directory}/state -N node1",
            script.display()
        );
        let mut one = node.host.start("env", &line.split(' ').collect::<Vec<_>>());
        one.wait_for("node1 serves", started_on("node1"));
        assert!(node.has(ADDRESS) && node.runs_the_service(), "{shell}");
        one.signal("TERM");
        let (status, story, errors) = one.wait();
        assert_eq!(status, 0, "{shell}: {story}\n{errors}");
        assert!(!node.has(ADDRESS) && !node.runs_the_service(), "{shell}");
    }
}

#[test]
fn wrong_options_are_usage_errors() {
    for options in [&["--wrong"][..], &["-C"][..], &["extra"][..]] {
        let mut command = command("hb-supervise");
        command.args(options);
        assert_eq!(finish(command, b"").code(), 2, "{options:?}");
    }
    let mut command = command("hb-supervise");
    command.arg("--help");
    let said = finish(command, b"");
    assert!(said.code() == 0 && said.out.starts_with("usage: hb-supervise"));
    assert!(project("scripts/hb-supervise").exists());
}

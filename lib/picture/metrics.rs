//! The same in the text format of OpenMetrics 1.0.

use std::fmt::Write as _;

use crate::record::{Record, decode, visible};
use crate::time::Time;

use super::{Level, Picture, number, time};

/// One family of metrics in the making.
struct Families(String);

impl Families {
    /// A family of gauges: name, unit (or nothing), help, and labels with values.
    fn gauge(&mut self, name: &str, unit: &str, help: &str, points: &[(String, f64)]) {
        self.family("gauge", name, unit, help, "", points);
    }

    fn family(&mut self, kind: &str, name: &str, unit: &str, help: &str, ending: &str, points: &[(String, f64)]) {
        if points.is_empty() {
            return;
        }
        let name = if unit.is_empty() { format!("hbkit_{name}") } else { format!("hbkit_{name}_{unit}") };
        let out = &mut self.0;
        // Into a string nothing fails.
        let _ = writeln!(out, "# TYPE {name} {kind}");
        if !unit.is_empty() {
            let _ = writeln!(out, "# UNIT {name} {unit}");
        }
        let _ = writeln!(out, "# HELP {name} {help}");
        for (labels, value) in points {
            let _ = writeln!(out, "{name}{ending}{labels} {value}");
        }
    }

    fn end(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }
}

/// Labels with their values escaped.
fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |value: &str| {
        let value = String::from_utf8_lossy(&decode(value)).into_owned();
        visible(&value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
    };
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// What can be said where nothing is known: that it is so.
pub fn metrics_of_nothing() -> String {
    let mut out = Families(String::new());
    out.gauge("up", "", "Whether what follows is known.", &[(String::new(), 0.0)]);
    out.end()
}

/// How everything stands.
pub fn metrics(picture: &Picture<'_>, now: Time) -> String {
    let mut out = Families(String::new());
    let alone = |value: f64| [(String::new(), value)];
    out.gauge("up", "", "Whether what follows is known.", &alone(1.0));
    let age = picture.ticked().map_or(0.0, |ticked| now.since(ticked).as_secs_f64());
    out.gauge("age", "seconds", "Since a tick went round the pipeline.", &alone(age));
    let count = |level: Level| {
        let findings = picture.findings(now);
        let count = findings.iter().filter(|finding| finding.level == level).count();
        (labels(&[("level", &level.word().to_lowercase())]), count as f64)
    };
    out.gauge("findings", "", "Things that are wrong.", &[count(Level::Warning), count(Level::Critical)]);
    of_groups(picture, now, &mut out);
    of_nodes(picture, now, &mut out);
    of_links(picture, &mut out);
    let targets = picture.targets();
    let points: Vec<_> =
        targets.iter().filter_map(|(name, answer, _)| Some((labels(&[("target", name)]), truth((*answer)?)))).collect();
    out.gauge("ping_up", "", "Whether a ping target answers.", &points);
    let points: Vec<_> = targets
        .iter()
        .filter_map(|(name, _, record)| Some((labels(&[("target", name)]), number(record, "rtt")? / 1000.0)))
        .collect();
    out.gauge("ping_round_trip", "seconds", "Until a ping target answered.", &points);
    of_resources(picture, &mut out);
    let counted = |subject: &str, label: &str| -> Vec<(String, f64)> {
        let points = picture.of(subject);
        points.filter_map(|(name, record)| Some((labels(&[(label, name)]), number(&record, "n")?))).collect()
    };
    let points = counted("bad", "reason");
    out.family("counter", "refused_datagrams", "", "Datagrams that were refused.", "_total", &points);
    let points = counted("unkept", "node");
    out.family("counter", "unkept_records", "", "Records that were not kept.", "_total", &points);
    out.end()
}

fn of_groups(picture: &Picture<'_>, now: Time, out: &mut Families) {
    let parts = || picture.groups().into_iter().flat_map(|group| picture.parts(group).map(move |part| (group, part)));
    let in_state = |state: &'static str| -> Vec<(String, f64)> {
        let labels = |(group, part): (&str, super::Part<'_>)| {
            (labels(&[("group", group), ("node", part.node)]), truth(part.state == state))
        };
        parts().map(labels).collect()
    };
    out.gauge("group_served", "", "Whether a node serves a group.", &in_state("started"));
    out.gauge("group_failed", "", "Whether a group has failed on a node.", &in_state("failed"));
    let points: Vec<_> = picture
        .groups()
        .into_iter()
        .map(|group| (labels(&[("group", group)]), picture.servers(group).len() as f64))
        .collect();
    out.gauge("group_owners", "", "How many nodes serve a group: one is right.", &points);
    let since = |(group, part): (&str, super::Part<'_>)| {
        let span = now.since(part.since.filter(|_| part.state == "started")?);
        Some((labels(&[("group", group), ("node", part.node)]), span.as_secs_f64()))
    };
    let points: Vec<_> = parts().filter_map(since).collect();
    out.gauge("group_serving", "seconds", "For how long a node has served a group.", &points);
    let left = |(group, record): (&str, Record<'_>)| {
        Some((labels(&[("group", group)]), time(&record, "until")?.since(now).as_secs_f64()))
    };
    let points: Vec<_> = picture.of("lease").filter_map(left).collect();
    out.gauge("group_lease", "seconds", "What is left of this node's lease of a group.", &points);
    let vote = |(group, record): (&str, Record<'_>)| {
        let [node, holder] = record.raw_all(["node", "holder"]);
        Some((labels(&[("group", group), ("node", node?), ("holder", holder?)]), 1.0))
    };
    let points: Vec<_> = picture.of("vote").filter_map(vote).collect();
    out.gauge("vote", "", "Whom a node votes for.", &points);
}

fn of_resources(picture: &Picture<'_>, out: &mut Families) {
    let is = |record: &Record<'_>, state: &str| truth(record.raw("state") == Some(state));
    let in_state = |subject: &str, label: &str, state: &str| -> Vec<(String, f64)> {
        picture.of(subject).map(|(name, record)| (labels(&[(label, name)]), is(&record, state))).collect()
    };
    out.gauge("carrier_up", "", "Whether the interfaces of a group carry here.", &in_state("carrier", "group", "up"));
    let points: Vec<_> = picture
        .of("monitor")
        .filter_map(|(group, record)| Some((labels(&[("group", group), ("resource", record.raw("name")?)]), 1.0)))
        .collect();
    out.gauge("resource_ailing", "", "A resource of a group that runs here and is not well.", &points);
    out.gauge("respawn_running", "", "Whether a program runs.", &in_state("respawn", "program", "started"));
    out.gauge("watchdog_armed", "", "Whether a watchdog is armed.", &in_state("watchdog", "device", "armed"));
    let points: Vec<_> = picture
        .of("policy")
        .filter_map(|(_, record)| {
            let [quorum, dialect] = record.raw_all(["quorum", "dialect"]);
            Some((labels(&[("quorum", quorum?), ("dialect", dialect?)]), 1.0))
        })
        .collect();
    out.gauge("policy", "", "What this node decides by.", &points);
}

fn of_nodes(picture: &Picture<'_>, now: Time, out: &mut Families) {
    let others = || picture.nodes().filter(|(_, record)| record.raw("state") != Some("own"));
    let gauge = |value: &dyn Fn(&Record<'_>) -> Option<f64>| -> Vec<(String, f64)> {
        others().filter_map(|(name, record)| Some((labels(&[("node", name)]), value(&record)?))).collect()
    };
    let is_up = |record: &Record<'_>| matches!(record.raw("state"), Some("active" | "up" | "late"));
    out.gauge("node_up", "", "Whether another node lives.", &gauge(&|record| Some(truth(is_up(record)))));
    let points = gauge(&|record| Some(number(record, "rtt")? / 1000.0));
    out.gauge("node_round_trip", "seconds", "Of a heartbeat and its echo.", &points);
    let points = gauge(&|record| match record.raw("config")? {
        "unknown" => None,
        config => Some(truth(config == "same")),
    });
    out.gauge("node_config_same", "", "Whether another node has this configuration.", &points);
    let points: Vec<_> = picture
        .nodes()
        .map(|(name, record)| {
            let left = time(&record, "maintenance").map_or(0.0, |until| until.since(now).as_secs_f64());
            (labels(&[("node", name)]), left)
        })
        .collect();
    out.gauge("node_maintenance", "seconds", "What is left of a node's maintenance.", &points);
}

fn of_links(picture: &Picture<'_>, out: &mut Families) {
    let gauge = |value: &dyn Fn(&Record<'_>) -> Option<f64>| -> Vec<(String, f64)> {
        let point = |(name, record): (&str, Record<'_>)| {
            let (node, medium) = name.split_once('/')?;
            Some((labels(&[("node", node), ("medium", medium)]), value(&record)?))
        };
        picture.of("link").filter_map(point).collect()
    };
    let points = gauge(&|record| Some(truth(record.raw("state") == Some("up"))));
    out.gauge("link_up", "", "Whether a link works both ways.", &points);
    out.gauge("link_loss", "ratio", "What is lost on a link.", &gauge(&|record| number(record, "loss")));
    let points = gauge(&|record| Some(number(record, "behind")? / 1000.0));
    out.gauge("link_behind", "seconds", "How much later a link is than the fastest.", &points);
}

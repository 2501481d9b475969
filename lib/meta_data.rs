//! The description of the agent for cluster managers: OCF's meta-data (ra-api-1.dtd).

use std::fmt::Write as _;

use crate::called::Called;
use crate::parameters::{Kind, PARAMETERS, Parameter};

/// What the agent is.
const LONG: &str = "Holds a floating IPv4 or IPv6 address: adds it to an interface, announces it to the neighbours \
                    by gratuitous ARP or unsolicited neighbour advertisements, monitors it and removes it, by \
                    netlink and without any helper program. It takes the parameters of IPaddr2, and refuses what \
                    it does not know. One address on several nodes at once (a cluster IP) is refused too.";

/// Actions, and for how many seconds a cluster manager should let them work and
/// wait in between. Duplicate address detection takes a second or two.
const ACTIONS: [(&str, u32, Option<u32>); 6] = [
    ("start", 20, None),
    ("stop", 20, None),
    ("status", 20, Some(10)),
    ("monitor", 20, Some(10)),
    ("validate-all", 20, None),
    ("meta-data", 5, None),
];

/// The document, for an agent that is called so.
pub fn document(called: Called) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\">\n\
         <resource-agent name=\"{}\" version=\"{}\">\n<version>1.1</version>\n",
        called.word(),
        env!("CARGO_PKG_VERSION")
    );
    describe(&mut text, LONG, "Floating IPv4 or IPv6 address");
    text.push_str("<parameters>\n");
    for parameter in &PARAMETERS {
        if let Some(name) = parameter.name_for(called) {
            describe_parameter(&mut text, name, parameter);
        }
    }
    text.push_str("</parameters>\n<actions>\n");
    for (name, timeout, interval) in ACTIONS {
        let interval = interval.map_or(String::new(), |span| format!(" interval=\"{span}s\" depth=\"0\""));
        // A String takes everything.
        let _ = writeln!(text, "<action name=\"{name}\" timeout=\"{timeout}s\"{interval}/>");
    }
    text.push_str("</actions>\n</resource-agent>");
    text
}

fn describe_parameter(text: &mut String, name: &str, parameter: &Parameter) {
    let (kind, one) = (kind(parameter.kind), u8::from(parameter.is_mandatory()));
    let _ = writeln!(text, "<parameter name=\"{name}\" unique=\"{one}\" required=\"{one}\">");
    describe(text, parameter.long, parameter.short);
    let default = match parameter.default {
        "" => String::new(),
        value => format!(" default=\"{value}\""),
    };
    let _ = writeln!(text, "<content type=\"{kind}\"{default}/>\n</parameter>");
}

fn describe(text: &mut String, long: &str, short: &str) {
    let _ = writeln!(text, "<longdesc lang=\"en\">\n{long}\n</longdesc>\n<shortdesc lang=\"en\">{short}</shortdesc>");
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Integer => "integer",
        Kind::Boolean => "boolean",
    }
}

#[cfg(test)]
mod tests;

//! The parameters that there are.

use crate::called::Called;

/// What a value is, in the words of OCF's meta-data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A number.
    Integer,
    /// true or false.
    Boolean,
}

/// Which addresses a parameter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// All.
    Any,
    /// IPv4 addresses.
    V4,
    /// IPv6 addresses.
    V6,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, which is that of IPaddr2.
    pub name: &'static str,
    /// Another name of it; mostly none. That of IPaddr is in capitals.
    pub alias: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// The value of one that is absent.
    pub default: &'static str,
    /// Which addresses it is for.
    pub family: Family,
    /// In a few words.
    pub short: &'static str,
    /// In sentences.
    pub long: &'static str,
}

impl Parameter {
    /// Whether nothing can be done without it.
    pub fn is_mandatory(&self) -> bool {
        self.name == "ip"
    }

    /// Its name for an agent that is called so; none where that agent has no
    /// such parameter.
    pub fn name_for(&self, called: Called) -> Option<&'static str> {
        let capitals = self.alias.starts_with("ARP_");
        match called {
            Called::Own | Called::Ipaddr2 => Some(self.name),
            Called::Ipaddr if capitals => Some(self.alias),
            Called::Ipaddr => (self.family != Family::V6).then_some(self.name),
            Called::Ipv6addr if self.name == "ip" => Some(self.alias),
            Called::Ipv6addr => (self.family != Family::V4).then_some(self.name),
        }
    }
}

/// One that any address has, with the defaults of most.
const ANY: Parameter =
    Parameter { name: "", alias: "", kind: Kind::Text, default: "", family: Family::Any, short: "", long: "" };

/// All that are done.
pub const PARAMETERS: [Parameter; 19] = [
    Parameter { name: "ip", alias: "ipv6addr", short: "Address", long: "The IPv4 or IPv6 address, numeric.", ..ANY },
    Parameter {
        name: "nic",
        short: "Interface",
        long: "The interface. When absent, that of the connected route which contains the address; the agent \
               refuses to start when that is not clear, and names the candidates. A link-local address needs it.",
        ..ANY
    },
    Parameter {
        name: "cidr_netmask",
        alias: "netmask",
        short: "Prefix length",
        long: "Bits of the network, such as 24 or 64; a dotted IPv4 netmask is taken too. When absent, those of \
               the connected route which contains the address.",
        ..ANY
    },
    Parameter {
        name: "broadcast",
        family: Family::V4,
        short: "Broadcast address",
        long: "Broadcast address. When absent or '+', the last address of the network; '-' is its first one.",
        ..ANY
    },
    Parameter {
        name: "iflabel",
        family: Family::V4,
        short: "Interface label",
        long: "Label of the address: it is shown as INTERFACE:LABEL, which may have at most 15 characters.",
        ..ANY
    },
    Parameter {
        name: "arp_count",
        alias: "ARP_REPEAT",
        kind: Kind::Integer,
        default: "5",
        short: "Announcements of a start",
        long: "How often a start is announced to the neighbours. The first announcement leaves at once.",
        ..ANY
    },
    Parameter {
        name: "arp_interval",
        alias: "ARP_INTERVAL_MS",
        kind: Kind::Integer,
        default: "200",
        short: "Milliseconds between announcements",
        long: "Milliseconds from one announcement to the next.",
        ..ANY
    },
    Parameter {
        name: "arp_bg",
        alias: "ARP_BACKGROUND",
        kind: Kind::Boolean,
        default: "true",
        short: "Announce in the background",
        long: "Whether a start ends after the first announcement, and a child process sends the others for as long \
               as the address is there.",
        ..ANY
    },
    Parameter {
        name: "arp_count_refresh",
        kind: Kind::Integer,
        default: "0",
        short: "Announcements of a monitor",
        long: "How often monitoring announces an address that works. This mends neighbours that were misled while \
               two nodes had the address.",
        ..ANY
    },
    Parameter {
        name: "arp_sender",
        family: Family::V4,
        default: "send_arp",
        short: "Whose frames to send",
        long: "The program whose frames the announcements are like: send_arp (requests and replies), \
               iputils_arping or libnet_arping (requests). The agent sends them itself.",
        ..ANY
    },
    Parameter {
        name: "send_arp_opts",
        family: Family::V4,
        short: "Form of the announcements",
        long: "-A for replies alone, -U for requests alone.",
        ..ANY
    },
    Parameter {
        name: "run_arping",
        kind: Kind::Boolean,
        default: "false",
        short: "Ask whether the address is used",
        long: "Whether a start asks the neighbours first, and fails when another machine has the address.",
        ..ANY
    },
    Parameter {
        name: "nodad",
        family: Family::V6,
        kind: Kind::Boolean,
        default: "false",
        short: "No duplicate address detection",
        long: "Whether the address can be used at once. Otherwise the kernel looks for another host that has it \
               first, and a start waits for what comes of that.",
        ..ANY
    },
    Parameter {
        name: "noprefixroute",
        kind: Kind::Boolean,
        default: "false",
        short: "No route to its network",
        long: "Whether the address comes without a route to its network.",
        ..ANY
    },
    Parameter {
        name: "preferred_lft",
        family: Family::V6,
        default: "forever",
        short: "Preferred lifetime",
        long: "For how many seconds the address may be the source of new connections: 0 for never, or forever.",
        ..ANY
    },
    Parameter {
        name: "flush_routes",
        kind: Kind::Boolean,
        default: "false",
        short: "Forget routes after a stop",
        long: "Whether the kernel forgets the ways that it has found, and the exceptions that it has learnt, when \
               the address has gone.",
        ..ANY
    },
    Parameter {
        name: "unique_clone_address",
        kind: Kind::Boolean,
        default: "false",
        short: "An address for each clone",
        long: "Whether the number of the clone is added to the last part of the address; for clones with \
               globally-unique=true.",
        ..ANY
    },
    Parameter {
        name: "network_namespace",
        short: "Network namespace",
        long: "The network namespace (ip-netns) that the interface is in. When absent, that of the caller.",
        ..ANY
    },
    Parameter {
        name: "check_link_status",
        kind: Kind::Boolean,
        default: "true",
        short: "The link counts",
        long: "Whether an address whose interface is down or has no carrier counts as one that does not work, and \
               is not started there.",
        ..ANY
    },
];

/// One that another agent has and this one does not do.
pub(super) struct Refused {
    pub(super) name: &'static str,
    /// The value with which it asks for nothing, which is its default there.
    pub(super) harmless: &'static str,
    /// Why.
    pub(super) why: &'static str,
}

const CLUSTER_IP: &str = "it belongs to a cluster IP, which is not supported";
const LVS: &str = "real servers of LVS are not supported";
const SCRIPT: &str = "not supported: let the script be a resource of its own";
const TO_ALL: &str = "announcements go to everybody";

/// All of those.
pub(super) const REFUSED: [Refused; 9] = [
    Refused { name: "mac", harmless: "", why: CLUSTER_IP },
    Refused { name: "clusterip_hash", harmless: "sourceip-sourceport", why: CLUSTER_IP },
    Refused { name: "lvs_support", harmless: "false", why: LVS },
    Refused { name: "lvs_ipv6_addrlabel", harmless: "false", why: LVS },
    Refused { name: "lvs_ipv6_addrlabel_value", harmless: "99", why: LVS },
    Refused { name: "local_start_script", harmless: "", why: SCRIPT },
    Refused { name: "local_stop_script", harmless: "", why: SCRIPT },
    Refused { name: "ARP_NETMASK", harmless: "ffffffffffff", why: TO_ALL },
    Refused { name: "arp_mac", harmless: "ffffffffffff", why: TO_ALL },
];

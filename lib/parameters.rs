//! The parameters of the OCF agent, by the names that IPaddr2, IPaddr and
//! IPv6addr gave them: every one of them is done or refused in words, and so is
//! one that nobody knows. None is ignored.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::address::{Parts, Spec, SpecError};
use crate::arp::Form;
use crate::called::Called;
use crate::floating::FOREVER;
use crate::gratuitous::BOTH;
use crate::manner::{Duplicates, Manner, Rounds};
use crate::ocf::Code;

mod table;

pub use table::{Family, Kind, PARAMETERS, Parameter};
use table::{REFUSED, Refused};

/// How IPaddr2 announces a start where nothing else is asked for.
pub const ROUNDS: Rounds = Rounds { count: 5, interval: Duration::from_millis(200), background: true };

/// What the parameters come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The address and its place.
    pub spec: Spec,
    /// How it is installed and announced.
    pub manner: Manner,
    /// The network namespace that it is in, where that is not the caller's.
    pub namespace: Option<String>,
    /// Whether this is the monitoring of what was started, and no first look.
    pub recurring: bool,
}

/// What is wrong with the parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterError {
    /// A mandatory one is missing.
    Missing(&'static str),
    /// The address or its place.
    Spec(SpecError),
    /// A value that is none of those that there are.
    Value {
        /// Its parameter.
        name: &'static str,
        /// The value.
        value: String,
        /// Those that there are.
        wanted: &'static str,
    },
    /// A number that is none, or out of its bounds.
    Number {
        /// Its parameter.
        name: &'static str,
        /// The value.
        value: String,
        /// The least and the most.
        range: RangeInclusive<u32>,
    },
    /// Two names of one parameter with different values.
    Twice(&'static str, &'static str),
    /// One that IPaddr2 or IPaddr knows and this agent does not do, and why.
    Refused(&'static str, &'static str),
    /// One that no agent knows.
    Unknown(String),
    /// The clones of one resource cannot have addresses of their own.
    Clone(&'static str),
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParameterError::Missing(name) => write!(f, "the parameter {name} is missing"),
            ParameterError::Spec(error) => error.fmt(f),
            ParameterError::Value { name, value, wanted } => {
                write!(f, "{name}: '{}' is not {wanted}", shown(value))
            }
            ParameterError::Number { name, value, range } => {
                let (least, most) = (range.start(), range.end());
                write!(f, "{name}: '{}' is not a number from {least} to {most}", shown(value))
            }
            ParameterError::Twice(one, other) => write!(f, "{one} and {other} say different things"),
            ParameterError::Refused(name, why) => write!(f, "{name}: {why}"),
            ParameterError::Unknown(name) => write!(f, "there is no parameter {}", shown(name)),
            ParameterError::Clone(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ParameterError {}

impl ParameterError {
    /// OCF's code for it, by an agent that was called so. IPv6addr takes a
    /// link-local address without its interface for a failure of this host.
    pub fn code(&self, called: Called) -> Code {
        match self {
            ParameterError::Spec(SpecError::LinkLocal(_)) if called == Called::Ipv6addr => Code::Generic,
            ParameterError::Missing(_)
            | ParameterError::Spec(_)
            | ParameterError::Value { .. }
            | ParameterError::Number { .. }
            | ParameterError::Twice(..)
            | ParameterError::Refused(..)
            | ParameterError::Unknown(_)
            | ParameterError::Clone(_) => Code::Configured,
        }
    }
}

impl From<SpecError> for ParameterError {
    fn from(error: SpecError) -> ParameterError {
        ParameterError::Spec(error)
    }
}

/// What somebody wrote, bounded and without control characters.
fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_default).collect()
}

/// What a cluster manager passes along with the parameters, and what the tracing
/// of resource-agents takes: nothing that concerns an address.
fn is_managers(name: &str) -> bool {
    name.starts_with("CRM_meta_")
        || name.starts_with("OCF_")
        || matches!(name, "crm_feature_set" | "trace_ra" | "trace_file" | "trace_dir")
}

/// The parameters as they were passed, by their names without `OCF_RESKEY_`. An
/// empty one is an absent one.
#[derive(Clone, Debug, Default)]
pub struct Passed(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Passed {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Passed {
        Passed(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }
}

impl Passed {
    /// What is asked for of an agent that was called by the name of `called`.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(&self, called: Called) -> Result<Parameters, ParameterError> {
        if let Some(refused) = REFUSED.iter().find(|refused| self.wants(refused)) {
            return Err(ParameterError::Refused(refused.name, refused.why));
        }
        let known = |name: &str| {
            PARAMETERS.iter().any(|parameter| parameter.name == name || parameter.alias == name)
                || REFUSED.iter().any(|refused| refused.name == name)
        };
        if let Some(name) = self.0.keys().find(|name| !known(name) && !is_managers(name)) {
            return Err(ParameterError::Unknown(name.clone()));
        }
        let place = self.place(called)?;
        let manner = self.manner(place.spec.address)?;
        Ok(Parameters { manner, ..place })
    }

    /// The address and its place alone, which is all that is needed to stop it:
    /// what else is wrong cannot keep an address where it must not be.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn place(&self, called: Called) -> Result<Parameters, ParameterError> {
        let Some(written) = self.either("ip", "ipv6addr")? else {
            return Err(ParameterError::Missing(called.address()));
        };
        // IPv6addr takes the bits behind its address.
        let (address, behind) = match self.0.contains_key("ip") {
            true => (written, ""),
            false => written.split_once('/').unwrap_or((written, "")),
        };
        let spec = Spec::from_parts(Parts {
            address,
            bits: self.either("cidr_netmask", "netmask")?.unwrap_or(behind),
            interface: self.get("nic").unwrap_or_default(),
            label: self.get("iflabel").unwrap_or_default(),
            broadcast: self.get("broadcast").unwrap_or_default(),
            loopback: true,
        })?;
        if called == Called::Ipv6addr && spec.address.is_ipv4() {
            return Err(SpecError::NotV6(spec.address).into());
        }
        let spec = Spec { address: self.of_clone(spec.address)?, ..spec };
        let recurring = self.get("CRM_meta_interval").is_some_and(|interval| interval != "0");
        // Said again, and then refused, by whoever reads all of them.
        let flush_routes = self.is_true("flush_routes").ok().flatten().unwrap_or(false);
        let manner = Manner { flush_routes, ..Manner::default() };
        Ok(Parameters { spec, manner, namespace: self.namespace()?, recurring })
    }

    /// Whether something is asked for that there is not.
    fn wants(&self, refused: &Refused) -> bool {
        let off = |value| refused.harmless == "false" && boolean(refused.name, Some(value)) == Ok(Some(false));
        self.get(refused.name).is_some_and(|value| value != refused.harmless && !off(value))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that has two names.
    fn either(&self, name: &'static str, alias: &'static str) -> Result<Option<&str>, ParameterError> {
        match (self.get(name), self.get(alias)) {
            (Some(one), Some(other)) if one != other => Err(ParameterError::Twice(name, alias)),
            (one, other) => Ok(one.or(other)),
        }
    }

    fn namespace(&self) -> Result<Option<String>, ParameterError> {
        let name = "network_namespace";
        match self.get(name) {
            Some(value) if value.len() > 255 || value.contains('/') || value.starts_with('.') => {
                Err(ParameterError::Value { name, value: value.to_owned(), wanted: "the name of a network namespace" })
            }
            value => Ok(value.map(str::to_owned)),
        }
    }

    /// The address of this instance among the clones of a resource.
    fn of_clone(&self, address: IpAddr) -> Result<IpAddr, ParameterError> {
        let clones = self.number("CRM_meta_clone_max", 1..=10_000)?.unwrap_or(1);
        if !self.is_true("unique_clone_address")?.unwrap_or(false) {
            return match clones {
                1 => Ok(address),
                _ => Err(ParameterError::Clone(
                    "a cluster IP, which is one address on several nodes at once, is not supported: \
                     no clones, or unique_clone_address",
                )),
            };
        }
        if !self.is_true("CRM_meta_globally_unique")?.unwrap_or(false) {
            return Err(ParameterError::Clone("unique_clone_address needs the meta attribute globally-unique"));
        }
        let number = self.number("CRM_meta_clone", 0..=10_000)?.unwrap_or(0);
        let next = match address {
            IpAddr::V4(address) => {
                let [a, b, c, last] = address.octets();
                let last = u8::try_from(u32::from(last) + number).ok();
                last.map(|last| IpAddr::V4(Ipv4Addr::new(a, b, c, last)))
            }
            IpAddr::V6(address) => {
                let mut segments = address.segments();
                let last = u16::try_from(u32::from(segments[7]) + number).ok();
                last.map(|last| {
                    segments[7] = last;
                    IpAddr::V6(Ipv6Addr::from(segments))
                })
            }
        };
        next.ok_or(ParameterError::Clone("unique_clone_address: the last part of the address has no room for so many"))
    }

    fn manner(&self, address: IpAddr) -> Result<Manner, ParameterError> {
        let v6_only = ["nodad", "preferred_lft"].into_iter().find(|name| address.is_ipv4() && self.asks_for(name));
        if let Some(name) = v6_only {
            return Err(ParameterError::Refused(name, "IPv4 has nothing of the kind"));
        }
        let count = self.either("arp_count", "ARP_REPEAT")?;
        let interval = self.either("arp_interval", "ARP_INTERVAL_MS")?;
        let background = self.either("arp_bg", "ARP_BACKGROUND")?;
        Ok(Manner {
            rounds: Rounds {
                count: number("arp_count", count, 1..=1_000)?.unwrap_or(ROUNDS.count),
                interval: number("arp_interval", interval, 1..=60_000)?
                    .map_or(ROUNDS.interval, |millis| Duration::from_millis(millis.into())),
                background: boolean("arp_bg", background)?.unwrap_or(ROUNDS.background),
            },
            refresh: self.number("arp_count_refresh", 0..=1_000)?.unwrap_or(0),
            forms: self.forms()?,
            prefix_route: !self.is_true("noprefixroute")?.unwrap_or(false),
            detect: !self.is_true("nodad")?.unwrap_or(false),
            duplicates: match self.is_true("run_arping")? {
                Some(true) => Duplicates::Refuse,
                Some(false) | None => Duplicates::Off,
            },
            preferred: match self.get("preferred_lft") {
                None | Some("forever") => FOREVER,
                Some(_) => self.number("preferred_lft", 0..=FOREVER)?.unwrap_or(FOREVER),
            },
            link_matters: self.is_true("check_link_status")?.unwrap_or(true),
            flush_routes: self.is_true("flush_routes")?.unwrap_or(false),
        })
    }

    /// Whether a parameter asks for more than nothing.
    fn asks_for(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "forever" && boolean("", Some(value)) != Ok(Some(false)))
    }

    /// The forms of gratuitous ARP that the named program would send.
    fn forms(&self) -> Result<&'static [Form], ParameterError> {
        let forms: &[Form] = match self.get("arp_sender") {
            None | Some("send_arp") => BOTH,
            Some("iputils_arping" | "libnet_arping") => &[Form::Request],
            Some("ipoibarping") => return Err(ParameterError::Refused("arp_sender", "InfiniBand is not supported")),
            Some(value) => {
                let wanted = "one of send_arp, iputils_arping, libnet_arping";
                return Err(ParameterError::Value { name: "arp_sender", value: value.to_owned(), wanted });
            }
        };
        match self.get("send_arp_opts").map(str::trim) {
            None | Some("") => Ok(forms),
            Some("-U") => Ok(&[Form::Request]),
            Some("-A") => Ok(&[Form::Reply]),
            Some(value) => {
                let wanted = "-A (the reply form alone) or -U (the request form alone)";
                Err(ParameterError::Value { name: "send_arp_opts", value: value.to_owned(), wanted })
            }
        }
    }

    fn is_true(&self, name: &'static str) -> Result<Option<bool>, ParameterError> {
        boolean(name, self.get(name))
    }

    fn number(&self, name: &'static str, range: RangeInclusive<u32>) -> Result<Option<u32>, ParameterError> {
        number(name, self.get(name), range)
    }
}

/// A truth, in the words that OCF's agents take.
fn boolean(name: &'static str, value: Option<&str>) -> Result<Option<bool>, ParameterError> {
    let Some(value) = value else { return Ok(None) };
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "ja" => Ok(Some(true)),
        "false" | "no" | "off" | "0" => Ok(Some(false)),
        _ => Err(ParameterError::Value { name, value: value.to_owned(), wanted: "true or false" }),
    }
}

fn number(name: &'static str, value: Option<&str>, range: RangeInclusive<u32>) -> Result<Option<u32>, ParameterError> {
    let Some(value) = value else { return Ok(None) };
    let digits = value.len() <= 10 && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits && range.contains(&number) => Ok(Some(number)),
        Ok(_) | Err(_) => Err(ParameterError::Number { name, value: value.to_owned(), range }),
    }
}

#[cfg(test)]
mod tests;

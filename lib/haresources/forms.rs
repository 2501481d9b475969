//! Resources of hbkit's own forms: whether they have what they need.

use crate::problem::quote;

use super::{Kind, Resource};

/// What is wrong with a resource that is written in one of hbkit's forms, as a
/// sentence. A script of the administrator's may have the same name: this is no
/// more than a warning.
pub(super) fn doubt(resource: &Resource) -> Option<String> {
    let Kind::Script { name, args } = &resource.kind else { return None };
    let filled: Vec<&str> = args.iter().map(String::as_str).filter(|arg| !arg.is_empty()).collect();
    let form = match (name.as_str(), filled.as_slice()) {
        ("systemd" | "Systemd", [_]) => return None,
        ("systemd" | "Systemd", _) => "systemd::UNIT",
        ("words", []) => "words::SCRIPT::ARGUMENT...",
        ("command" | "Command", []) => "command::/PATH/OF/PROGRAM::ARGUMENT...",
        ("ocf", [_, _, parameters @ ..]) => {
            let wrong = parameters.iter().find(|parameter| !is_parameter(parameter))?;
            return Some(format!("{}: {} is not PARAMETER=VALUE", quote(&resource.word), quote(wrong)));
        }
        ("ocf", _) => "ocf::PROVIDER::AGENT::PARAMETER=VALUE...",
        ("Filesystem", [_] | []) => "Filesystem::DEVICE::DIRECTORY::TYPE::OPTIONS",
        _ => return None,
    };
    Some(format!("{} is written {form}", quote(&resource.word)))
}

fn is_parameter(word: &str) -> bool {
    let letters = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && letters(name) && !name.starts_with(|first: char| first.is_ascii_digit())
    })
}

//! Names of nodes and resource groups.

use std::fmt;

/// The longest name that a record carries, in bytes.
pub const MAX: usize = 64;

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError(String);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(MAX).flat_map(char::escape_default).collect();
        write!(f, "'{shown}' is not a name: 1 to {MAX} letters, digits, '.', '-' or '_'")
    }
}

impl std::error::Error for NameError {}

/// Whether `text` can stand in a record as the name of a node or a group.
pub fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !text.is_empty() && text.len() <= MAX && text.bytes().all(allowed)
}

/// A node's name as Heartbeat compares it: checked, and in lower case.
///
/// # Errors
/// The text is empty, too long, or has a character outside the set.
pub fn node(text: &str) -> Result<String, NameError> {
    if is_name(text) { Ok(text.to_ascii_lowercase()) } else { Err(NameError(text.to_owned())) }
}

#[cfg(test)]
mod tests;

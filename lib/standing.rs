//! What the system says of a file of secrets, and what that means.

use crate::problem::Problems;

/// The facts alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Permissions.
    pub mode: u32,
    /// The user whom it belongs to.
    pub owner: u32,
    /// Who reads it.
    pub reader: u32,
    /// How many names (hard links) it has.
    pub links: u64,
    /// Whether the path ends in a symbolic link.
    pub is_symlink: bool,
    /// Every directory that the path leads through, up to the root, the nearest
    /// first.
    pub directories: Vec<Directory>,
}

/// One directory above the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its path, without links in it.
    pub path: String,
    /// Permissions.
    pub mode: u32,
    /// The user whom it belongs to; `None` where that cannot be told, as for the
    /// users outside of a user namespace.
    pub owner: Option<u32>,
    /// The group, likewise.
    pub group: Option<u32>,
    /// Whether the file itself, or the link that leads to it, stands in it.
    pub is_nearest: bool,
}

/// What mode, owner, links and directories of the file say.
pub fn check(standing: &Standing, problems: &mut Problems) {
    let Standing { mode, owner, reader, links, is_symlink, ref directories } = *standing;
    if mode & 0o044 != 0 {
        problems.error(1, format!("mode {mode:04o}: group or others can read the keys: chmod 600"));
    }
    if mode & 0o022 != 0 {
        problems.error(1, format!("mode {mode:04o}: group or others can write the keys: chmod 600"));
    }
    if owner != 0 && owner != reader {
        problems.error(1, format!("the owner is user {owner}, who can read and change the keys: chown root"));
    }
    if links > 1 {
        problems.warning(1, format!("the file has {links} names (hard links): remove all but this one"));
    }
    if is_symlink {
        problems.warning(1, "a symbolic link: mode and owner are those of the file behind it: put the file here");
    }
    for directory in directories {
        check_directory(directory, reader, problems);
    }
}

/// Who can write a directory can put another one, or another file, in the place
/// of what is in it; in a sticky one only the owner of that can.
fn check_directory(directory: &Directory, reader: u32, problems: &mut Problems) {
    let Directory { ref path, mode, owner, group, is_nearest } = *directory;
    if let Some(owner) = owner.filter(|owner| *owner != 0 && *owner != reader) {
        let what = format!("the directory {path} belongs to user {owner}, who can put another file here: chown root");
        problems.warning(1, what);
    }
    if mode & 0o1000 != 0 && !is_nearest {
        return;
    }
    if mode & 0o002 != 0 {
        let what = format!("everybody can write the directory {path}, and so put another file here: chmod o-w");
        problems.warning(1, what);
    } else if let Some(group) = group.filter(|group| *group != 0 && mode & 0o020 != 0) {
        let what = format!("group {group} can write the directory {path}, and so put another file here: chmod g-w");
        problems.warning(1, what);
    }
}

#[cfg(test)]
mod tests;

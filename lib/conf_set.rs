//! The three files of a directory, and what this host has to say of them.

use std::path::{Path, PathBuf};

use crate::authkeys::{self, Authkeys};
use crate::cluster::{self, Findings};
use crate::conf_file::{self, TEXT_MAX};
use crate::ha_cf::{self, HaCf};
use crate::haresources::{self, Group};
use crate::migrate::{self, Migrated};
use crate::problem::Problems;
use crate::{nursery, script, script_host};

/// What stands beside ha.cf, and where that is. What cannot be read counts as a file
/// with an error, so that it is not compared with the others.
#[derive(Debug)]
pub struct ConfSet {
    directory: PathBuf,
    groups: Vec<Group>,
    keys: Authkeys,
    found: Findings,
    node: Option<String>,
    serves: bool,
}

impl ConfSet {
    /// Reads haresources and authkeys of a directory. `node` is the one whose files
    /// these are, where that is known; one that serves nothing needs no scripts.
    pub fn read(directory: &Path, node: Option<String>, serves: bool) -> ConfSet {
        let path = directory.join("haresources");
        let (groups, haresources) = match conf_file::read(&path, TEXT_MAX) {
            Ok(bytes) => haresources::parse(&path.display().to_string(), &bytes),
            Err(problems) => (Vec::new(), problems),
        };
        let (keys, authkeys) =
            authkeys::examine(&directory.join("authkeys")).unwrap_or_else(|problems| (Authkeys::default(), problems));
        let found = Findings { haresources, authkeys, ..Findings::default() };
        ConfSet { directory: directory.to_owned(), groups, keys, found, node, serves }
    }

    fn ha_cf(&self) -> PathBuf {
        self.directory.join("ha.cf")
    }

    /// All that is to be said of the three files. One that cannot be read is among
    /// [`Findings::unreadable`].
    pub fn check(&self) -> Findings {
        match conf_file::read(&self.ha_cf(), TEXT_MAX) {
            Ok(bytes) => self.judge(&self.ha_cf().display().to_string(), &bytes).1,
            Err(problems) => {
                let mut found = Findings { ha_cf: problems, ..self.found.clone() };
                cluster::check(&HaCf::default(), &self.groups, &self.keys, &mut found);
                found
            }
        }
    }

    /// ha.cf with what [`ConfSet::check`] says of it as comments, and what else
    /// Heartbeat's users should know.
    ///
    /// # Errors
    /// It cannot be read, or no advice can be given for it.
    pub fn migrate(&self) -> Result<Migrated, Problems> {
        let bytes = conf_file::read(&self.ha_cf(), TEXT_MAX)?;
        let name = self.ha_cf().display().to_string();
        migrate::migrate(&bytes, |text| {
            let (conf, mut found) = self.judge(&name, text);
            migrate::advise(&conf, &self.groups, &mut found.haresources);
            found
        })
    }

    /// The bytes of an ha.cf, and all that is to be said of it beside the others.
    fn judge(&self, name: &str, bytes: &[u8]) -> (HaCf, Findings) {
        let (conf, problems) = ha_cf::parse(name, bytes);
        let mut found = Findings { ha_cf: problems, ..self.found.clone() };
        cluster::check(&conf, &self.groups, &self.keys, &mut found);
        cluster::check_commands(&conf, self.node.as_deref(), conf_file::is_program, &mut found.ha_cf);
        let is_there = |path: &str| Path::new(path).exists();
        cluster::check_beside(&conf, conf_file::is_program, nursery::is_user, is_there, &mut found.ha_cf);
        if let Some(node) = &self.node {
            cluster::check_own_node(&conf, node, &mut found.ha_cf);
            if self.serves {
                script::check(&conf, &self.groups, node, &script_host::this(&self.directory), &mut found.haresources);
            }
        }
        (conf, found)
    }
}

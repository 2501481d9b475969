//! What a node runs with: ha.cf and haresources of one directory, as they were read
//! and as what they say.

use std::path::Path;
use std::{fs, io};

use crate::conf_file::{self, TEXT_MAX};
use crate::ha_cf::{self, HaCf};
use crate::haresources::{self, Group};
use crate::problem::Problems;

/// Both files.
#[derive(Debug)]
pub struct Configuration {
    /// What ha.cf says.
    pub conf: HaCf,
    /// What haresources says.
    pub groups: Vec<Group>,
    bytes: [(&'static str, Vec<u8>); 2],
}

impl Configuration {
    /// Reads both files.
    ///
    /// # Errors
    /// The problems of the first that cannot be read, or has an error.
    pub fn read(directory: &Path) -> Result<Configuration, Problems> {
        let bytes = |name: &str| {
            let path = directory.join(name);
            conf_file::read(&path, TEXT_MAX).map(|bytes| (path.display().to_string(), bytes))
        };
        let sound = |problems: Problems| if problems.has_errors() { Err(problems) } else { Ok(()) };
        let (path, ha_cf) = bytes("ha.cf")?;
        let (conf, problems) = ha_cf::parse(&path, &ha_cf);
        sound(problems)?;
        let (path, haresources) = bytes("haresources")?;
        let (groups, problems) = haresources::parse(&path, &haresources);
        sound(problems)?;
        Ok(Configuration { conf, groups, bytes: [("haresources", haresources), ("ha.cf", ha_cf)] })
    }

    /// Puts both files, as they were read, into another directory. Each is there as a
    /// whole or not at all.
    ///
    /// # Errors
    /// One of them cannot be written: the other may have been.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        let path = |name: &str| directory.join(format!(".{name}.new"));
        for (name, bytes) in &self.bytes {
            fs::write(path(name), bytes)?;
        }
        self.bytes.iter().try_for_each(|(name, _)| fs::rename(path(name), directory.join(name)))
    }
}

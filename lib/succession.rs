//! Who speaks: the life that an earlier process has left, or a new one.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::auth::hex;
use crate::identity::Wait;
use crate::life::{Heir, Life};
use crate::life_file::{Found, LifeFile, LifeFileError};
use crate::outgoing::Sender;
use crate::time::seconds;
use crate::{edge, identity, keeper};

/// How the sender of a process begins.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The directory of its identity.
    pub directory: &'a Path,
    /// Its name.
    pub node: &'a str,
    /// How many nodes there are, ping nodes among them.
    pub nodes: usize,
    /// Whether a new generation waits for the disk.
    pub wait: Wait,
    /// Silence after which peers declare it dead.
    pub deadtime: Duration,
    /// The file of the life that an earlier process may have left.
    pub resume: Option<&'a Path>,
}

/// Who begins.
#[derive(Debug)]
pub struct Begun {
    /// The sender.
    pub sender: Sender,
    /// Where its life is kept.
    pub file: Option<LifeFile>,
    /// What is to be said: whose life it is, from where the generation comes, and
    /// what could not be kept.
    pub said: Vec<String>,
}

/// Why nobody begins.
#[derive(Debug)]
pub enum SuccessionError {
    /// The kernel has no random bytes.
    Random(io::Error),
    /// Two might speak in one life.
    Life(LifeFileError),
}

impl fmt::Display for SuccessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SuccessionError::Random(error) => write!(f, "random bytes: {error}"),
            SuccessionError::Life(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SuccessionError {}

impl From<LifeFileError> for SuccessionError {
    fn from(error: LifeFileError) -> SuccessionError {
        SuccessionError::Life(error)
    }
}

/// Goes on with the life that is kept in the file of `start`, or begins a new one:
/// with another incarnation, and a generation that is raised on the disk.
///
/// # Errors
/// The kernel has no random bytes; another process may be in the same life.
pub fn begin(start: Start<'_>) -> Result<Begun, SuccessionError> {
    let mut said = Vec::new();
    let mut file = start.open(&mut said)?;
    let inherited = file.as_mut().and_then(|file| start.inherit(file, &mut said));
    let is_new = inherited.is_none();
    let life = match inherited {
        Some(life) => life,
        None => start.new_life(&mut said)?,
    };
    if let Some(file) = &mut file {
        file.begin(life.clone(), is_new)?;
    }
    let Life { node, uuid, generation, incarnation, sequence, .. } = life;
    let sender = Sender { node, uuid, generation, incarnation, ttl: start.nodes + 1, sequence };
    Ok(Begun { sender, file, said })
}

impl Start<'_> {
    /// A file that cannot be used is said, and done without.
    fn open(&self, said: &mut Vec<String>) -> Result<Option<LifeFile>, SuccessionError> {
        match self.resume.map(LifeFile::open).transpose() {
            Ok(file) => Ok(file),
            Err(error @ LifeFileError::Unusable(..)) => {
                said.push(error.to_string());
                Ok(None)
            }
            Err(error @ (LifeFileError::Taken(_) | LifeFileError::Stale(..))) => Err(error.into()),
        }
    }

    /// The life that an earlier process has left.
    fn inherit(&self, file: &mut LifeFile, said: &mut Vec<String>) -> Option<Life> {
        let (uuid, latest) = identity::last(self.directory, self.node);
        let heir = Heir { node: self.node.to_owned(), boot: keeper::boot(), uuid, latest };
        let found = file.find(&heir, self.deadtime);
        let path = file.path().display();
        match found {
            Found::Nothing => None,
            Found::Over(over) => {
                said.push(format!("{path}: {over}: a new one begins"));
                None
            }
            Found::Life(life) => {
                let (silent, sequence) = (seconds(edge::now().since(life.time)), life.sequence);
                let words = "the life of an earlier hb-send goes on";
                said.push(format!("{path}: {words}, {silent} s after its message {sequence:x}"));
                Some(life)
            }
        }
    }

    fn new_life(&self, said: &mut Vec<String>) -> Result<Life, SuccessionError> {
        let (identity, origin, problems) = identity::take(self.directory, self.node, edge::wall_seconds(), self.wait);
        said.extend(problems.iter().map(ToString::to_string).chain(origin.said()));
        Ok(Life {
            time: edge::now(),
            node: self.node.to_owned(),
            boot: keeper::boot(),
            uuid: identity.uuid,
            generation: identity.generation,
            incarnation: hex(&identity::random().map_err(SuccessionError::Random)?),
            sequence: 0,
        })
    }
}

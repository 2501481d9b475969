//! A bounded ring of files with lines in them: `NAME.00000001`, `NAME.00000002`,
//! of which the oldest goes when there is one too many. What was written is whole
//! lines, but for the end of a file whose writer died.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// How much a reader takes at once.
const BLOCK: usize = 65_536;

/// A ring that is written.
#[derive(Debug)]
pub struct Ring {
    directory: PathBuf,
    name: &'static str,
    /// The most bytes in a file.
    each: u64,
    /// The most files.
    files: usize,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    length: u64,
}

impl Ring {
    /// The ring `name` in `directory`; nothing is touched yet.
    pub fn new(directory: &Path, name: &'static str, each: u64, files: usize) -> Ring {
        Ring { directory: directory.to_owned(), name, each, files: files.max(2), open: None }
    }

    /// Appends whole lines; a new file begins with the line that `head` gives.
    /// When it fails, none of the lines are there.
    ///
    /// # Errors
    /// A file or the directory cannot be written. The next call tries it anew.
    pub fn append(&mut self, lines: &[u8], head: impl Fn() -> String) -> io::Result<()> {
        let full = |open: &Open| open.length > 0 && open.length + lines.len() as u64 > self.each;
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.reopen()?,
        };
        if full(&open) {
            open = self.begin()?;
        }
        let text = if open.length == 0 { [head().as_bytes(), b"\n", lines].concat() } else { lines.to_vec() };
        match open.file.write_all(&text) {
            Ok(()) => {
                open.length += text.len() as u64;
                self.open = Some(open);
                Ok(())
            }
            Err(error) => {
                // What it took of them is no whole line: the next one cuts what
                // this cannot.
                let _ = open.file.set_len(open.length);
                Err(error)
            }
        }
    }

    /// Has what was written survive the machine.
    ///
    /// # Errors
    /// The device refuses.
    pub fn sync(&self) -> io::Result<()> {
        self.open.as_ref().map_or(Ok(()), |open| open.file.sync_data())
    }

    /// The latest file, without the half line of a writer that died.
    fn reopen(&self) -> io::Result<Open> {
        fs::create_dir_all(&self.directory)?;
        let Some((_, path)) = numbered(&self.directory, self.name)?.pop_last() else { return self.begin() };
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let length = whole(&file)?;
        file.set_len(length)?;
        Ok(Open { file, length })
    }

    /// A new file; the oldest make room for it first.
    fn begin(&self) -> io::Result<Open> {
        let mut known = numbered(&self.directory, self.name)?;
        let number = known.last_key_value().map_or(1, |(number, _)| number + 1);
        while known.len() >= self.files {
            if let Some((_, oldest)) = known.pop_first() {
                fs::remove_file(oldest)?;
            }
        }
        let path = self.directory.join(format!("{}.{number:08}", self.name));
        let file = OpenOptions::new().append(true).create_new(true).mode(0o640).open(path)?;
        Ok(Open { file, length: 0 })
    }
}

/// The length of a file up to its last newline.
fn whole(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut buffer = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(buffer.len() as u64);
        let part = &mut buffer[..usize::try_from(end - start).unwrap_or(0)];
        file.read_exact_at(part, start)?;
        if let Some(at) = memchr::memrchr(b'\n', part) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The files of a ring by their numbers.
fn numbered(directory: &Path, name: &str) -> io::Result<BTreeMap<u64, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let file = entry?.file_name();
        let number = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('.'));
        if let Some(number) = number.and_then(|digits| digits.parse().ok()) {
            found.insert(number, directory.join(&file));
        }
    }
    Ok(found)
}

/// A ring that is read, while it may be written.
#[derive(Debug)]
pub struct Reader {
    directory: PathBuf,
    name: &'static str,
    /// The file that is read, and its number.
    open: Option<(u64, File)>,
    /// Whether a later one is there, so that this one does not grow.
    is_last: bool,
    /// The beginning of a line that is not whole yet.
    rest: Vec<u8>,
}

impl Reader {
    /// From the oldest file that there is.
    ///
    /// # Errors
    /// The directory cannot be read, or has no file of this ring.
    pub fn open(directory: &Path, name: &'static str) -> io::Result<Reader> {
        let mut reader = Reader { directory: directory.to_owned(), name, open: None, is_last: true, rest: Vec::new() };
        if reader.next_file()? { Ok(reader) } else { Err(io::Error::new(ErrorKind::NotFound, "no records are there")) }
    }

    /// The next whole lines into `lines`, whose content is replaced. None means
    /// that there are no more at present.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn next_lines(&mut self, lines: &mut Vec<u8>) -> io::Result<()> {
        lines.clear();
        loop {
            let Some((_, file)) = &mut self.open else { return Ok(()) };
            let mut block = vec![0; BLOCK];
            let length = file.read(&mut block)?;
            self.rest.extend_from_slice(&block[..length]);
            if let Some(last) = memchr::memrchr(b'\n', &self.rest) {
                let rest = self.rest.split_off(last + 1);
                *lines = std::mem::replace(&mut self.rest, rest);
                return Ok(());
            }
            if length > 0 {
                // No line is that long.
                if self.rest.len() > BLOCK {
                    self.rest.clear();
                }
                continue;
            }
            // What was written between the last look and the next file is read first.
            if self.is_last {
                self.is_last = !self.has_later()?;
                if self.is_last {
                    return Ok(());
                }
                continue;
            }
            self.next_file()?;
        }
    }

    fn later(&self) -> io::Result<BTreeMap<u64, PathBuf>> {
        let mut files = numbered(&self.directory, self.name)?;
        files.retain(|number, _| self.open.as_ref().is_none_or(|(current, _)| number > current));
        Ok(files)
    }

    fn has_later(&self) -> io::Result<bool> {
        Ok(!self.later()?.is_empty())
    }

    /// Goes on with the next file; whether there is one. One that has just gone
    /// is left out.
    fn next_file(&mut self) -> io::Result<bool> {
        for (number, path) in self.later()? {
            match File::open(path) {
                Ok(file) => {
                    // What the last one ended with is half a line.
                    self.rest.clear();
                    self.open = Some((number, file));
                    self.is_last = true;
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests;

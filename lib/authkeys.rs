//! The file of keys, authkeys: which key signs, and which are accepted.
//!
//! Neither a key nor any word of a line that could be one is ever shown, in no
//! message: a line with a forgotten method begins with the key.

use std::path::Path;

use zeroize::Zeroizing;

use crate::auth::{Key, KeyRing, Method};
use crate::conf_lines::{self, Line};
use crate::problem::Problems;
use crate::secret_file;

/// Where Heartbeat has it.
pub const PATH: &str = "/etc/ha.d/authkeys";

/// The most bytes that the file may have.
pub const SIZE_MAX: u64 = 64 << 10;

/// The largest number of a key.
pub const ID_MAX: u8 = 15;

/// A key with fewer characters can be guessed from one captured heartbeat.
pub const SHORT: usize = 16;

/// What a fingerprint is computed over. It is no message that any node sends
/// or accepts.
const FINGERPRINT_LABEL: &[u8] = b"hbkit authkeys fingerprint 1";

/// The hexadecimal digits of a fingerprint: 64 bits.
const FINGERPRINT_DIGITS: usize = 16;

/// What the system says of a file of secrets: the facts alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Whether everybody may write the directory of the path.
    pub in_public: bool,
}

/// One key of the file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its line.
    pub line: usize,
    /// The key, ready for use.
    pub key: Key,
    /// Equal on two nodes whose keys are equal; `-` for crc, which has none.
    pub fingerprint: String,
}

/// What the file says.
#[derive(Clone, Debug, Default)]
pub struct Authkeys {
    /// The keys in the order of the file.
    pub entries: Vec<Entry>,
    /// The number of the key to sign with.
    pub sign: Option<u8>,
}

impl Authkeys {
    /// The keys as tools use them; `None` when none is there to sign with.
    pub fn ring(&self) -> Option<KeyRing> {
        KeyRing::new(self.sign?, self.entries.iter().map(|entry| entry.key.clone()).collect())
    }
}

/// Reads the keys from a file that is fit for use.
///
/// # Errors
/// It cannot be read, or has an error; mode and owner count.
pub fn read(path: &Path) -> Result<KeyRing, Problems> {
    let (authkeys, problems) = examine(path)?;
    match authkeys.ring() {
        Some(ring) if !problems.has_errors() => Ok(ring),
        _ => Err(problems),
    }
}

/// Reads the file with all its problems, those of mode and owner included.
///
/// # Errors
/// It cannot be read, or is no regular file.
pub fn examine(path: &Path) -> Result<(Authkeys, Problems), Problems> {
    let (bytes, standing) = secret_file::read(path, SIZE_MAX)?;
    let name = path.display().to_string();
    let mut problems = Problems::new(&name);
    check_standing(standing, &mut problems);
    let (authkeys, found) = parse(&name, &bytes);
    problems.extend(found);
    Ok((authkeys, problems))
}

/// What mode, owner, links and directory of the file say.
fn check_standing(standing: Standing, problems: &mut Problems) {
    let Standing { mode, owner, reader, links, is_symlink, in_public } = standing;
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
        problems.warning(1, format!("the file has {links} names (hard links)"));
    }
    if is_symlink {
        problems.warning(1, "a symbolic link: mode and owner are those of the file behind it");
    }
    if in_public {
        problems.warning(1, "everybody can write the directory, and so put another file here");
    }
}

/// Reads the bytes of the file. `file` names it in messages.
pub fn parse(file: &str, bytes: &[u8]) -> (Authkeys, Problems) {
    let mut reader = Reader::new(file);
    let lines = conf_lines::split(bytes, &mut reader.problems);
    if let Some(line) = lines.iter().find(|line| line.carriage_return) {
        reader.problems.warning(line.number, "lines end in CR LF: save the file with LF alone");
    }
    for line in &lines {
        reader.line(line);
    }
    reader.finish()
}

/// Heartbeat's reading, line by line: an auth line counts from its place on,
/// for the key lines behind it.
struct Reader {
    problems: Problems,
    authkeys: Authkeys,
    /// Each auth line: its line, its number, whether a key line behind it has it.
    auths: Vec<(usize, u8, bool)>,
}

impl Reader {
    fn new(file: &str) -> Reader {
        Reader { problems: Problems::new(file), authkeys: Authkeys::default(), auths: Vec::new() }
    }

    fn line(&mut self, line: &Line<'_>) {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c);
        let words: Vec<&[u8]> = line.bytes.split(blank).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with(b"#") => {}
            [b"auth", rest @ ..] => self.auth(line.number, rest),
            [first, rest @ ..] if is_number(first) => self.key(line.number, first, rest),
            _ => self.neither(line, "neither 'auth NUMBER' nor 'NUMBER METHOD [KEY]'"),
        }
    }

    /// A line of neither form; where a character in it only looks right, that is
    /// why.
    fn neither(&mut self, line: &Line<'_>, what: &str) {
        let text = String::from_utf8_lossy(line.bytes);
        let odd = text.chars().find_map(conf_lines::lookalike).map(|odd| format!("{what}: there is {odd}"));
        self.problems.error(line.number, odd.unwrap_or_else(|| what.to_owned()));
    }

    fn auth(&mut self, line: usize, words: &[&[u8]]) {
        let Some(id) = words.first().and_then(|word| id(word)) else {
            return self.problems.error(line, "behind auth stands the number of a key, 0 to 15");
        };
        if words.get(1).is_some_and(|word| !word.starts_with(b"#")) {
            self.problems.warning(line, "what stands behind the number is ignored");
        }
        self.auths.push((line, id, false));
    }

    fn key(&mut self, line: usize, number: &[u8], words: &[&[u8]]) {
        let Some(id) = id(number) else {
            return self.problems.error(line, "the number of a key is 0 to 15");
        };
        let Some(method) = words.first().and_then(|word| self.method(line, word)) else {
            return if words.is_empty() {
                self.problems.error(line, "no method behind the number")
            };
        };
        let rest = &words[1..];
        let secret = if method.is_keyed() { self.secret(line, method, rest) } else { self.no_secret(line, rest) };
        let Some(secret) = secret else { return };
        if id == 0 {
            self.problems.warning(line, "key number 0: Heartbeat takes it, its manual allows 1 to 15");
        }
        if let Some(other) = self.authkeys.entries.iter().find(|entry| entry.key.id() == id) {
            let what = format!("key number {id} stands on line {} too: the last one counts", other.line);
            self.problems.warning(line, what);
        }
        let Ok(key) = Key::new(id, method, &secret) else {
            return self.problems.error(line, "the key has a length that cannot be used");
        };
        self.authkeys.entries.push(Entry { line, key, fingerprint: fingerprint(method, &secret) });
        // Heartbeat takes the number of the last auth line above.
        if let Some((_, _, used)) = self.auths.last_mut().filter(|(_, auth, _)| *auth == id) {
            *used = true;
            self.authkeys.sign = Some(id);
        }
    }

    fn method(&mut self, line: usize, word: &[u8]) -> Option<Method> {
        let known = |word: &str| word.parse::<Method>().ok();
        let text = std::str::from_utf8(word).unwrap_or_default();
        let method = known(text);
        if method.is_none() {
            self.problems.error(
                line,
                match known(&text.to_ascii_lowercase()) {
                    Some(method) => format!("methods are written in lower case: {method}"),
                    // Not quoted: where the method was forgotten this is the key.
                    None => match text.chars().find_map(conf_lines::lookalike) {
                        Some(odd) => format!("the second word is no method: there is {odd}"),
                        None => "the second word is no method: crc, md5, sha1 or sha256".to_owned(),
                    },
                },
            );
        }
        method
    }

    fn no_secret(&mut self, line: usize, rest: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
        if !rest.is_empty() {
            self.problems.error(line, "crc takes no key, and nothing else behind it");
            return None;
        }
        self.problems.warning(line, "crc finds damage only: whoever reaches the medium can forge heartbeats");
        Some(Zeroizing::default())
    }

    fn secret(&mut self, line: usize, method: Method, rest: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
        let secret = match rest.first() {
            Some(word) if !word.starts_with(b"#") => Zeroizing::new(word.to_vec()),
            Some(_) => {
                self.problems.error(line, format!("{method} without a key: a comment stands in its place"));
                return None;
            }
            None => {
                self.problems.error(line, format!("{method} without a key"));
                return None;
            }
        };
        match rest.get(1) {
            Some(word) if word.starts_with(b"#") => {
                self.problems.warning(line, "a comment behind the key: put it on a line of its own");
            }
            Some(_) => {
                self.problems.error(line, "the key has a blank: Heartbeat silently cuts it there");
                return None;
            }
            None => {}
        }
        self.weakness(line, &secret);
        Some(secret)
    }

    fn weakness(&mut self, line: usize, secret: &[u8]) {
        if secret.len() < SHORT {
            let what = format!("a key with fewer than {SHORT} characters can be guessed: authkey-check --generate");
            self.problems.warning(line, what);
        } else if secret.iter().all(|byte| Some(byte) == secret.first()) {
            self.problems.warning(line, "the key is one character repeated: authkey-check --generate");
        }
        if secret.contains(&b'#') {
            self.problems.warning(line, "the key has a '#': it belongs to the key, no comment begins there");
        }
        if matches!(secret.first(), Some(b'"' | b'\'')) {
            self.problems.warning(line, "the key begins with a quote: quotes belong to the key");
        }
        if !secret.iter().all(u8::is_ascii_graphic) {
            let is_odd = String::from_utf8_lossy(secret).chars().any(|c| conf_lines::lookalike(c).is_some());
            let odd = if is_odd { ", typographic quotes, blanks or dashes among them, that belong to it" } else { "" };
            let what = format!("the key has bytes outside ASCII{odd}: they must be the same bytes on every node");
            self.problems.warning(line, what);
        }
    }

    fn finish(mut self) -> (Authkeys, Problems) {
        match (self.auths.last().copied(), self.authkeys.sign) {
            (None, _) => self.problems.error(1, "no 'auth NUMBER' line says which key to send with"),
            (Some((line, id, _)), None) => {
                let known = self.authkeys.entries.iter().any(|entry| entry.key.id() == id);
                self.problems.error(
                    line,
                    if known {
                        format!("'auth {id}' has to stand above key {id}: Heartbeat ignores it here")
                    } else {
                        format!("'auth {id}' names a key that is not in this file, or not usable")
                    },
                );
            }
            (Some(_), Some(sign)) => self.superfluous(sign),
        }
        (self.authkeys, self.problems.sorted())
    }

    /// Several auth lines, of which one counts.
    fn superfluous(&mut self, sign: u8) {
        let Some(counts) = self.auths.iter().rposition(|(_, id, used)| *used && *id == sign) else { return };
        for (at, (line, id, _)) in self.auths.iter().enumerate() {
            if at != counts {
                self.problems.warning(*line, format!("'auth {id}' has no effect: key {sign} is the one to send with"));
            }
        }
    }
}

/// The text of a file with one key, which is the one to send with.
pub fn one_key(method: Method, key: &str) -> Zeroizing<String> {
    let comment = "# Signs the heartbeats of the cluster: the same file on every node, mode 600.";
    Zeroizing::new(format!("{comment}\nauth 1\n1 {method} {key}\n"))
}

fn is_number(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn id(word: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(word).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok().filter(|id| *id <= ID_MAX)
}

/// A keyed digest of a fixed text, with the key as its key, cut to 64 bits: it
/// says no more about the key than any heartbeat that was signed with it.
fn fingerprint(method: Method, secret: &Zeroizing<Vec<u8>>) -> String {
    if !method.is_keyed() {
        return "-".to_owned();
    }
    let digest = Key::new(0, Method::Sha256, secret).map(|key| key.sign(FINGERPRINT_LABEL));
    digest.map_or_else(|_| "-".to_owned(), |digits| digits.chars().take(FINGERPRINT_DIGITS).collect())
}

#[cfg(test)]
mod tests;

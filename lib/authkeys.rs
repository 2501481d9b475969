//! The file of keys, authkeys: which key signs, and which are accepted.
//!
//! Neither a key nor any word of a line that could be one is ever shown, in no
//! message: a line with a forgotten method begins with the key.

use std::path::Path;

use zeroize::Zeroizing;

use crate::auth::{Key, KeyRing, Method};
use crate::conf_lines::{self, Line};
use crate::problem::Problems;
use crate::{secret_file, standing};

/// Where Heartbeat has it.
pub const PATH: &str = "/etc/ha.d/authkeys";

/// The most bytes that the file may have.
pub const SIZE_MAX: u64 = 64 << 10;

/// The largest number of a key.
pub const ID_MAX: u8 = 15;

/// A key with fewer characters can be guessed from one captured heartbeat.
pub const SHORT: usize = 16;

const VERTICAL_TAB: u8 = 0x0b;

/// What a fingerprint is computed over. It is no message that any node sends
/// or accepts.
const FINGERPRINT_LABEL: &[u8] = b"hbkit authkeys fingerprint 1";

/// The hexadecimal digits of a fingerprint: 64 bits.
const FINGERPRINT_DIGITS: usize = 16;

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
    /// Each auth line.
    pub auths: Vec<Auth>,
}

/// One auth line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth {
    /// Its line.
    pub line: usize,
    /// The number that it names.
    pub id: u8,
    /// Whether a key line behind it has that number.
    pub is_used: bool,
}

impl Authkeys {
    /// Which of the entries is signed with: of several with its number the last.
    pub fn signing(&self) -> Option<usize> {
        self.entries.iter().rposition(|entry| Some(entry.key.id()) == self.sign)
    }

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
    standing::check(&standing, &mut problems);
    let (authkeys, found) = parse(&name, &bytes);
    problems.extend(found);
    Ok((authkeys, problems))
}

/// Reads the bytes of the file. `file` names it in messages.
pub fn parse(file: &str, bytes: &[u8]) -> (Authkeys, Problems) {
    let mut reader = Reader::new(file);
    let bytes = reader.mark(bytes);
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
}

impl Reader {
    fn new(file: &str) -> Reader {
        Reader { problems: Problems::new(file), authkeys: Authkeys::default() }
    }

    /// The bytes behind a byte order mark, with which Heartbeat's file begins with
    /// a line of neither form.
    fn mark<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") else { return bytes };
        self.problems.error(1, "the file begins with a byte order mark, which Heartbeat refuses: save it without");
        rest
    }

    fn line(&mut self, line: &Line<'_>) {
        let blank = |byte: &u8| matches!(*byte, b' ' | b'\t' | VERTICAL_TAB | 0x0c);
        let words: Vec<&[u8]> = line.bytes.split(blank).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => self.empty(line),
            [first, ..] if first.starts_with(b"#") => self.empty(line),
            [b"auth", rest @ ..] => self.auth(line.number, rest),
            [first, rest @ ..] if is_number(first) => self.key(line.number, first, rest),
            [first, rest @ ..] => match glued(first) {
                Some((b"auth", number)) => {
                    self.problems.warning(line.number, "no blank behind auth: write 'auth NUMBER'");
                    self.auth(line.number, &[&[number], rest].concat());
                }
                Some((number, method)) => {
                    self.problems.warning(line.number, "no blank behind the number: write 'NUMBER METHOD KEY'");
                    self.key(line.number, number, &[&[method], rest].concat());
                }
                None => self.neither(line),
            },
        }
    }

    /// A line without an entry. Heartbeat takes a vertical tab for a blank between
    /// words alone.
    fn empty(&mut self, line: &Line<'_>) {
        let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t' | 0x0c);
        if line.bytes.iter().find(|byte| !is_blank(byte)) == Some(&VERTICAL_TAB) {
            self.problems.error(line.number, "the line begins with a vertical tab: delete that");
        }
    }

    /// A line of neither form; where a character in it only looks right, that is
    /// why.
    fn neither(&mut self, line: &Line<'_>) {
        let text = String::from_utf8_lossy(line.bytes);
        let instead = match text.chars().find_map(conf_lines::lookalike) {
            Some(odd) => format!("there is {odd}"),
            None => "put a '#' before a comment".to_owned(),
        };
        let what = "neither 'auth NUMBER' nor 'NUMBER METHOD [KEY]'";
        self.problems.error(line.number, format!("{what}: {instead}"));
    }

    fn auth(&mut self, line: usize, words: &[&[u8]]) {
        let Some((id, rest)) = words.first().and_then(|word| leading_id(word)) else {
            return self.problems.error(line, "behind auth stands the number of a key, 0 to 15");
        };
        if !rest.is_empty() {
            self.problems.warning(line, format!("letters behind the number are ignored: write 'auth {id}'"));
        }
        if words.get(1).is_some_and(|word| !word.starts_with(b"#")) {
            self.problems.warning(line, "what stands behind the number is ignored: delete it");
        }
        self.authkeys.auths.push(Auth { line, id, is_used: false });
    }

    fn key(&mut self, line: usize, number: &[u8], words: &[&[u8]]) {
        let Some((id, [])) = leading_id(number) else {
            return self.problems.error(line, "the number of a key is 0 to 15: write a free one of 1 to 15");
        };
        let Some(method) = words.first().and_then(|word| self.method(line, word)) else {
            return if words.is_empty() {
                self.problems.error(line, "no method behind the number: write 'NUMBER METHOD KEY'")
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
        let entry = Entry { line, key, fingerprint: fingerprint(method, &secret) };
        self.repeated(&entry);
        self.authkeys.entries.push(entry);
        // Heartbeat takes the number of the last auth line above.
        if let Some(auth) = self.authkeys.auths.last_mut().filter(|auth| auth.id == id) {
            auth.is_used = true;
            self.authkeys.sign = Some(id);
        }
    }

    /// The same secret under another number: nothing was changed with it.
    fn repeated(&mut self, entry: &Entry) {
        let is_same = |other: &&Entry| {
            other.key.method().is_keyed() && other.key.id() != entry.key.id() && other.fingerprint == entry.fingerprint
        };
        if let Some(other) = self.authkeys.entries.iter().find(is_same) {
            let what = format!("the same key as number {}: delete one of the two lines", other.key.id());
            self.problems.warning(entry.line, what);
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
            self.problems.error(line, "crc takes no key, and no comment: write 'NUMBER crc' alone, or sha1 for a key");
            return None;
        }
        self.problems.warning(line, "crc finds damage only: whoever reaches the medium can forge heartbeats");
        Some(Zeroizing::default())
    }

    fn secret(&mut self, line: usize, method: Method, rest: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
        let secret = match rest.first() {
            Some(word) if !word.starts_with(b"#") => Zeroizing::new(word.to_vec()),
            Some(_) => {
                self.problems.error(
                    line,
                    format!(
                        "{method} without a key: a comment stands in its place: authkey-check --generate makes one"
                    ),
                );
                return None;
            }
            None => {
                self.problems.error(line, format!("{method} without a key: authkey-check --generate makes one"));
                return None;
            }
        };
        match rest.get(1) {
            Some(word) if word.starts_with(b"#") => {
                self.problems.warning(line, "a comment behind the key: put it on a line of its own");
            }
            Some(_) => {
                self.problems
                    .error(line, "the key has a blank: Heartbeat silently cuts it there: write it as one word");
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
        if secret.iter().any(u8::is_ascii_control) {
            self.problems
                .warning(line, "the key has control characters, which no editor shows: authkey-check --generate");
        } else if !secret.is_ascii() {
            let is_odd = String::from_utf8_lossy(secret).chars().any(|c| conf_lines::lookalike(c).is_some());
            let odd = if is_odd { ", typographic quotes, blanks or dashes among them, that belong to it" } else { "" };
            let what = format!("the key has bytes outside ASCII{odd}: they must be the same bytes on every node");
            self.problems.warning(line, what);
        }
    }

    fn finish(mut self) -> (Authkeys, Problems) {
        match (self.authkeys.auths.last().copied(), self.authkeys.sign) {
            (None, _) => {
                let first = self.authkeys.entries.first().map_or(1, |entry| entry.key.id());
                let what = "no 'auth NUMBER' line says which key to send with";
                self.problems.error(1, format!("{what}: write 'auth {first}' above the keys"));
            }
            (Some(Auth { line, id, .. }), None) => {
                let known = self.authkeys.entries.iter().any(|entry| entry.key.id() == id);
                let what = if known {
                    format!("'auth {id}' has to stand above key {id}: Heartbeat ignores it here")
                } else {
                    format!("'auth {id}' names a key that is not in this file, or not usable{}", self.one_of())
                };
                self.problems.error(line, what);
            }
            (Some(_), Some(sign)) => self.superfluous(sign),
        }
        (self.authkeys, self.problems.sorted())
    }

    fn one_of(&self) -> String {
        let mut ids: Vec<u8> = self.authkeys.entries.iter().map(|entry| entry.key.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        let ids: Vec<String> = ids.iter().map(u8::to_string).collect();
        if ids.is_empty() { String::new() } else { format!(": write one of {}", ids.join(", ")) }
    }

    /// Several auth lines, of which one counts.
    fn superfluous(&mut self, sign: u8) {
        let auths = &self.authkeys.auths;
        let Some(counts) = auths.iter().rposition(|auth| auth.is_used && auth.id == sign) else { return };
        for (at, Auth { line, id, .. }) in auths.iter().enumerate() {
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
    let digits = word.strip_prefix(b"-").or(word.strip_prefix(b"+")).unwrap_or(word);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// The number of a key at the beginning of a word, and what stands behind it.
fn leading_id(word: &[u8]) -> Option<(u8, &[u8])> {
    let word = word.strip_prefix(b"+").unwrap_or(word);
    let end = word.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(word.len());
    let id = std::str::from_utf8(&word[..end]).ok()?.parse().ok().filter(|id| *id <= ID_MAX)?;
    Some((id, &word[end..]))
}

/// Two words without the blank between them, which Heartbeat does not need:
/// `auth1` and `1sha1`.
fn glued(word: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(number) = word.strip_prefix(b"auth") {
        return leading_id(number).map(|_| (&word[..4], number));
    }
    let (_, method) = leading_id(word)?;
    let is_method = std::str::from_utf8(method).is_ok_and(|text| text.parse::<Method>().is_ok());
    is_method.then(|| word.split_at(word.len() - method.len()))
}

/// A keyed digest of a fixed text, with the key as its key, cut to 64 bits: it
/// says no more about the key than any heartbeat that was signed with it.
pub(crate) fn fingerprint(method: Method, secret: &Zeroizing<Vec<u8>>) -> String {
    if !method.is_keyed() {
        return "-".to_owned();
    }
    let digest = Key::new(0, Method::Sha256, secret).map(|key| key.sign(FINGERPRINT_LABEL));
    digest.map_or_else(|_| "-".to_owned(), |digits| digits.chars().take(FINGERPRINT_DIGITS).collect())
}

#[cfg(test)]
mod tests;

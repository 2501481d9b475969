//! Files of keys, what Heartbeat 3.0.6 makes of each, and what is to be said.

/// What Heartbeat does when it starts with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theirs {
    Takes,
    Refuses,
}

use Theirs::{Refuses, Takes};

/// A file as Heartbeat judges it, and as it should be judged.
pub struct Case {
    /// GOOD stands for a key without any weakness, LONG for 6000 letters.
    pub text: &'static str,
    pub mode: u32,
    pub theirs: Theirs,
    /// The exit status.
    pub code: i32,
    /// The beginning of a line, behind the name of the file; nothing where
    /// nothing may be said.
    pub line: &'static str,
}

const fn case(text: &'static str, theirs: Theirs, code: i32, line: &'static str) -> Case {
    Case { text, mode: 0o600, theirs, code, line }
}

const fn with_mode(mode: u32, theirs: Theirs, code: i32, line: &'static str) -> Case {
    Case { text: RIGHT, mode, theirs, code, line }
}

pub const RIGHT: &str = "auth 1\n1 sha1 GOOD\n";

pub const CASES: &[Case] = &[
    // Right.
    case(RIGHT, Takes, 0, ""),
    with_mode(0o400, Takes, 0, ""),
    with_mode(0o700, Takes, 0, ""),
    case("auth\t1\n1\tsha1\tGOOD\n", Takes, 0, ""),
    case("  auth 1\n   1 sha1 GOOD\n", Takes, 0, ""),
    case("auth 1 # since November\n1 sha1 GOOD", Takes, 0, ""),
    case("auth +1\n001 sha1 GOOD\n", Takes, 0, ""),
    case("auth 1\n\u{c}\n1\u{b}sha1\u{c}GOOD\n", Takes, 0, ""),
    case("auth 1\n1 sha1 GOODGOODGOODGOODGOODGOODGOODGOODGOODGOOD\n", Takes, 0, ""),
    case("auth 1\n1 md5 GOOD\n", Takes, 0, ""),
    case("auth 15\n15 sha1 GOOD\n", Takes, 0, ""),
    case("# c\n\n  # d\nauth 1\n1 sha1 GOOD\n", Takes, 0, ""),
    case("auth 2\n1 md5 GOOD\n2 sha1 xGOOD\n", Takes, 0, ""),
    // hbkit's own.
    case("auth 1\n1 sha256 GOOD\n", Refuses, 0, ""),
    // Taken, and worth a word.
    case("auth1\n1 sha1 GOOD\n", Takes, 0, ":1: warning: no blank behind auth: write 'auth NUMBER'"),
    case("auth 1x\n1 sha1 GOOD\n", Takes, 0, ":1: warning: letters behind the number are ignored: write 'auth 1'"),
    case("auth 0x1\n0 sha1 GOOD\n", Takes, 0, ":1: warning: letters behind the number are ignored: write 'auth 0'"),
    case("auth 1 2\n1 sha1 GOOD\n", Takes, 0, ":1: warning: what stands behind the number is ignored"),
    case("auth 1\n1sha1 GOOD\n", Takes, 0, ":2: warning: no blank behind the number: write"),
    case("auth 1\n1 md5 xGOOD\n1 sha1 GOOD\n", Takes, 0, ":3: warning: key number 1 stands on line 2 too"),
    case("auth 1\n1 sha1 GOOD\n2 sha1 GOOD\n", Takes, 0, ":3: warning: the same key as number 1"),
    case("auth 1\nauth 2\n1 sha1 GOOD\n2 sha1 xGOOD\n", Takes, 0, ":1: warning: 'auth 1' has no effect"),
    case("auth 1\n1 sha1 GOOD\n2 md5 xGOOD\nauth 2\n", Takes, 0, ":4: warning: 'auth 2' has no effect: key 1 is"),
    case("auth 1\n1 sha1 GOOD\nauth 7\n", Takes, 0, ":3: warning: 'auth 7' has no effect"),
    case("auth 1\n1 sha1 GOOD # note\n", Takes, 0, ":2: warning: a comment behind the key"),
    case("auth 1\n1 sha1 GOOD#1\n", Takes, 0, ":2: warning: the key has a '#'"),
    case("auth 1\n1 sha1 \"GOOD\"\n", Takes, 0, ":2: warning: the key begins with a quote"),
    case("auth 1\n1 sha1 GOOD\u{1}\n", Takes, 0, ":2: warning: the key has control characters"),
    case("auth 1\n1 sha1 GOOD\u{a0}x\n", Takes, 0, ":2: warning: the key has bytes outside ASCII"),
    case("auth 1\n1 crc\n", Takes, 0, ":2: warning: crc finds damage only"),
    case("auth 1\n1 sha1 SECRET\n", Takes, 0, ":2: warning: a key with fewer than 16 characters"),
    case("auth 1\n1 sha1 aaaaaaaaaaaaaaaaaaaaaaaa\n", Takes, 0, ":2: warning: the key is one character repeated"),
    case("auth 0\n0 sha1 GOOD\n", Takes, 0, ":2: warning: key number 0"),
    case("auth 1\r\n\r\n1 sha1 GOOD\r\n", Takes, 0, ":1: warning: lines end in CR LF"),
    // Taken, and dangerous: the key is not what was meant, or not secret.
    with_mode(0o620, Takes, 1, ":1: error: mode 0620: group or others can write"),
    with_mode(0o602, Takes, 1, ":1: error: mode 0602: group or others can write"),
    case("auth 1\n1 sha1 GOOD GOOD\n", Takes, 1, ":2: error: the key has a blank"),
    case("auth 1\n1 sha1 #SECRET#SECRET#SECRET\n", Takes, 1, ":2: error: sha1 without a key: a comment stands"),
    case("auth 1\n1 sha1 GO\0OD\n", Takes, 1, ":2: error: the line has a NUL byte"),
    case("auth 1\n1 sha1 GOOD\rGOOD\n", Takes, 1, ":2: error: a carriage return inside a line"),
    case("auth 1\n4294967297 sha1 GOOD\n", Takes, 1, ":2: error: the number of a key is 0 to 15"),
    case("auth 4294967297\n1 sha1 GOOD\n", Takes, 1, ":1: error: behind auth stands the number"),
    // Refused.
    with_mode(0o640, Refuses, 1, ":1: error: mode 0640: group or others can read"),
    with_mode(0o604, Refuses, 1, ":1: error: mode 0604: group or others can read"),
    case("", Refuses, 1, ":1: error: no 'auth NUMBER' line"),
    case("# nothing\n# here\n", Refuses, 1, ":1: error: no 'auth NUMBER' line"),
    case("1 sha1 GOOD\n", Refuses, 1, ":1: error: no 'auth NUMBER' line says which key to send with: write 'auth 1'"),
    case("auth 2\n1 sha1 GOOD\n", Refuses, 1, ":1: error: 'auth 2' names a key that is not in this file"),
    case("auth 16\n1 sha1 GOOD\n", Refuses, 1, ":1: error: behind auth stands the number"),
    case("auth -1\n1 sha1 GOOD\n", Refuses, 1, ":1: error: behind auth stands the number"),
    case("auth 0x1\n1 sha1 GOOD\n", Refuses, 1, ":1: error: 'auth 0' names a key that is not in this file"),
    case("auth one\n1 sha1 GOOD\n", Refuses, 1, ":1: error: behind auth stands the number"),
    case("auth: 1\n1 sha1 GOOD\n", Refuses, 1, ":1: error: neither 'auth NUMBER' nor"),
    case("Auth 1\n1 sha1 GOOD\n", Refuses, 1, ":1: error: neither 'auth NUMBER' nor"),
    case("1 sha1 GOOD\nauth 1\n", Refuses, 1, ":2: error: 'auth 1' has to stand above key 1"),
    case("auth 1\n1 sha512 GOOD\n", Refuses, 1, ":2: error: the second word is no method"),
    case("auth 1\n1 SHA1 GOOD\n", Refuses, 1, ":2: error: methods are written in lower case"),
    case("auth 1\n1 sha1\n", Refuses, 1, ":2: error: sha1 without a key"),
    case("auth 1\n1 sha1 GOOD\n2 md5\n", Refuses, 1, ":3: error: md5 without a key"),
    case("auth 1\n1 sha1 GOOD\n2\n", Refuses, 1, ":3: error: no method behind the number"),
    case("auth 1\n1 crc GOOD\n", Refuses, 1, ":2: error: crc takes no key"),
    case("auth 1\n1 crc # no key\n", Refuses, 1, ":2: error: crc takes no key"),
    case("auth 16\n16 sha1 GOOD\n", Refuses, 1, ":2: error: the number of a key is 0 to 15"),
    case("auth 1\n1 sha1 GOOD\n16 sha1 xGOOD\n", Refuses, 1, ":3: error: the number of a key is 0 to 15"),
    case("auth 1\n-1 sha1 GOOD\n1 sha1 GOOD\n", Refuses, 1, ":2: error: the number of a key is 0 to 15"),
    case("auth 1\n1 sha1 GOOD\nGOOD\n", Refuses, 1, ":3: error: neither 'auth NUMBER' nor"),
    case("auth 1\n1 sha1 GOOD\nabc 1\n", Refuses, 1, ":3: error: neither 'auth NUMBER' nor"),
    case("auth 1\n1 sha1 GOOD\n; note\n", Refuses, 1, ":3: error: neither 'auth NUMBER' nor"),
    case("auth 1\n\u{b}\n1 sha1 GOOD\n", Refuses, 1, ":2: error: the line begins with a vertical tab"),
    case("auth 1\r1 sha1 GOOD\r", Refuses, 1, ":1: error: a carriage return inside a line"),
    case("\u{feff}auth 1\n1 sha1 GOOD\n", Refuses, 1, ":1: error: the file begins with a byte order mark"),
    case("\u{feff}# c\nauth 1\n1 sha1 GOOD\n", Refuses, 1, ":1: error: the file begins with a byte order mark"),
    case("auth 1\n#LONG\n1 sha1 GOOD\n", Refuses, 1, ":2: error: the line is longer than"),
    case("auth 1\n1 sha1 LONG\n", Refuses, 1, ":2: error: the line is longer than"),
];

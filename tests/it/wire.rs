//! Two hosts on a cable, a null-modem cable, and datagrams made by hand: what
//! the tests of hb-send and hb-listen share.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use hbkit::auth::{Key, Method};
use hbkit::message::Message;
use hbkit::netstring;
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, setns};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::lab::{Host, Lab, Running, wait_until};

pub const SECRET: &str = "a secret of the laboratory";

/// Two hosts, node1 and node2, with addresses on both ends of a cable `e0`, and
/// a directory for files.
pub struct Pair {
    pub node1: Host,
    pub node2: Host,
    pub files: TempDir,
    pub lab: Lab,
}

impl Pair {
    pub fn new() -> Pair {
        let lab = Lab::new();
        let (node1, node2) = (lab.host("node1"), lab.host("node2"));
        lab.cable(&node1, "e0", &node2, "e0");
        for (host, number) in [(&node1, 1), (&node2, 2)] {
            host.ip(&format!("addr add 192.0.2.{number}/24 dev e0"));
            host.ip(&format!("addr add 2001:db8::{number}/64 dev e0 nodad"));
        }
        let pair = Pair { node1, node2, files: tempfile::tempdir().unwrap(), lab };
        // As an earlier start left it: of none there is something to say.
        fs::create_dir(pair.path("state")).unwrap();
        pair.write("state/hb_generation", "           1000\n");
        pair
    }

    pub fn path(&self, name: &str) -> String {
        self.files.path().join(name).to_str().unwrap().to_owned()
    }

    /// A file of one key, number 1.
    pub fn keys(&self, method: &str) -> String {
        let secret = if method == "crc" { String::new() } else { format!(" {}", SECRET.replace(' ', "-")) };
        self.write(&format!("authkeys-{method}"), &format!("auth 1\n1 {method}{secret}\n"))
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// hb-listen on node2 with the keys of `method`.
    pub fn listen(&self, method: &str, args: &[&str]) -> Running {
        let keys = self.keys(method);
        let mut words = vec!["-k", &keys, "-N", "node2"];
        words.extend(args);
        let mut listening = self.node2.start("hb-listen", &words);
        listening.wait_for("the first tick", |line| line.contains("tick"));
        listening
    }

    /// hb-send on node1 with the keys of `method`.
    pub fn send(&self, method: &str, args: &[&str]) -> Running {
        let (keys, state) = (self.keys(method), self.path("state"));
        let mut words = vec!["-k", &keys, "-N", "node1", "-D", &state];
        words.extend(args);
        self.node1.start("hb-send", &words)
    }
}

/// A null-modem cable: two pseudo terminals that are joined.
pub struct NullModem {
    joint: Child,
    /// A pseudo terminal that nobody has open is hung up, and socat would end.
    _held: [fs::File; 2],
    pub ends: [String; 2],
}

impl NullModem {
    pub fn new(directory: &TempDir) -> NullModem {
        let end = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let ends = [end("tty1"), end("tty2")];
        let joint = Command::new("socat")
            .args(ends.each_ref().map(|end| format!("pty,raw,echo=0,link={end}")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("socat");
        wait_until("the null-modem cable", || ends.iter().all(|end| PathBuf::from(end).exists()));
        let hold = |end: &String| {
            fs::OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(end).unwrap()
        };
        NullModem { joint, _held: ends.each_ref().map(hold), ends }
    }
}

impl Drop for NullModem {
    fn drop(&mut self) {
        let _ = self.joint.kill();
        let _ = self.joint.wait();
    }
}

/// A socket in the namespace of a host.
pub fn socket(host: &Host, address: &str) -> UdpSocket {
    let (path, address) = (format!("/run/netns/{}", host.namespace), address.to_owned());
    let made = thread::spawn(move || {
        // Changes the namespace of this thread only, which ends with it.
        setns(fs::File::open(path).unwrap(), CloneFlags::CLONE_NEWNET).unwrap();
        UdpSocket::bind(address).unwrap()
    });
    made.join().unwrap()
}

/// Key number 1 of [`Pair::keys`].
pub fn key(method: Method) -> Key {
    Key::new(1, method, &Zeroizing::new(SECRET.replace(' ', "-").into_bytes())).unwrap()
}

/// A status, signed.
pub fn status(node: &str, sequence: u64, generation: u64, key: &Key) -> Vec<u8> {
    let mut message = Message::new();
    message.push("t", "status");
    message.push("st", "active");
    message.push("src", node.to_owned());
    message.push("seq", format!("{sequence:x}"));
    message.push("hg", format!("{generation:x}"));
    message.push("ts", "6b0114ab");
    netstring::encode(&message, key)
}

/// The value of a field on a line.
pub fn value<'a>(line: &'a str, key: &str) -> &'a str {
    let field = line.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    field.unwrap_or_else(|| panic!("no {key}= in: {line}"))
}

/// The time of a record in microseconds.
pub fn micros(line: &str) -> u64 {
    let time: hbkit::time::Time = line.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a time");
    time.micros()
}

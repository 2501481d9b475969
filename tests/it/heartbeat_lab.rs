//! Debian's heartbeat in a machine of its own (namespaces for everything), beside
//! a node of hbkit as a user would run it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::lab::{Host, Lab, Running, can_use_namespaces, project};

/// The daemon.
pub const DAEMON: &str = "/usr/libexec/heartbeat/heartbeat";

/// How long a test waits for what two nodes do: the daemon thinks in seconds, and
/// a busy machine makes it slower.
pub const LONG: Duration = Duration::from_secs(60);

/// What a daemon of this configuration says in every start, whoever its peers are.
const ITS_OWN: [&str; 8] = [
    "Core dumps could be lost",
    "Consider setting",
    "Initial dead time",
    "Logging daemon is disabled",
    "No Previous generation",
    "udpport setting must precede",
    // Its own main loop on a busy machine.
    "took too long to execute",
    "before being called",
];

/// Whether the daemon can be run here; says why not. In CI it must be installed,
/// unless scripts/test found that there is none to be had.
pub fn can_use_heartbeat() -> bool {
    if !can_use_namespaces() {
        return false;
    }
    let has_users = fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| map.contains("4294967295"));
    let why = if !Path::new(DAEMON).exists() {
        "heartbeat is not installed"
    } else if !has_users {
        "heartbeat needs its own user, and this is a user namespace"
    } else {
        return true;
    };
    let is_asked = |name| std::env::var_os(name).is_some();
    assert!(!is_asked("CI") || is_asked("HBKIT_WITHOUT_HEARTBEAT") || !has_users, "in CI: {why}");
    eprintln!("skipped: {why}");
    false
}

/// Ends the test early, with the reason, where the daemon cannot be run.
#[macro_export]
macro_rules! need_heartbeat {
    () => {
        if !$crate::heartbeat_lab::can_use_heartbeat() {
            return;
        }
    };
}

/// Hosts on a switch, node1 = 10.77.0.1 and so on, and a directory for files.
pub struct Site {
    pub hosts: Vec<Host>,
    pub files: TempDir,
    pub switch: Host,
}

impl Site {
    pub fn new(names: &[&str]) -> Site {
        let lab = Lab::new();
        let switch = lab.switch("sw");
        let hosts: Vec<Host> = names.iter().map(|name| lab.host(name)).collect();
        for (at, host) in hosts.iter().enumerate() {
            lab.plug(&switch, host, "eth0");
            host.ip(&format!("addr add 10.77.0.{}/24 broadcast 10.77.0.255 dev eth0", at + 1));
            host.ip(&format!("addr add fd77::{}/64 dev eth0 nodad", at + 1));
        }
        Site { hosts, files: TempDir::new().unwrap(), switch }
    }

    /// The directory of a node.
    pub fn directory(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }
}

/// What a node is configured with; `media` as in ha.cf.
#[derive(Clone, Debug)]
pub struct Plan {
    pub times: &'static str,
    pub media: String,
    pub keys: String,
    pub haresources: &'static str,
}

/// No warning for a pause of seconds: the machine of a test may be busy.
pub const PATIENT: &str = "keepalive 200ms\nwarntime 8\ndeadtime 10\ninitdead 20\n";

/// Many messages in a short time.
pub const FAST: &str = "keepalive 80ms\nwarntime 8\ndeadtime 10\ninitdead 20\n";

/// For deaths.
pub const QUICK: &str = "keepalive 200ms\nwarntime 2500ms\ndeadtime 3\ninitdead 10\n";

/// A file of keys: the number to send with, and the keys.
pub fn keys(auth: u8, lines: &[&str]) -> String {
    format!("auth {auth}\n{}\n", lines.join("\n"))
}

pub const SHA1: &str = "1 sha1 a-key-for-the-laboratory-only";

/// Puts a file of keys in the place of another one, at once.
pub fn put_keys(directory: &Path, text: &str) {
    let new = directory.join("authkeys.new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, directory.join("authkeys")).unwrap();
}

fn configure(directory: &Path, plan: &Plan, more: &str) {
    fs::create_dir_all(directory).unwrap();
    let ha_cf = format!("{more}{}auto_failback off\n{}\nnode node1 node2\n", plan.times, plan.media);
    fs::write(directory.join("ha.cf"), ha_cf).unwrap();
    fs::write(directory.join("haresources"), plan.haresources).unwrap();
    put_keys(directory, &plan.keys);
}

/// A machine on which Debian's heartbeat runs.
pub struct Real {
    shell: Running,
    pub directory: PathBuf,
}

impl Real {
    /// Starts the daemon on `host`; its name is the host's.
    pub fn start(site: &Site, host: &Host, plan: &Plan) -> Real {
        let directory = site.directory(&host.name);
        let etc = directory.join("ha.d");
        let log = "logfile /var/log/ha-log\nrealtime off\ncoredumps false\n";
        configure(&etc, plan, log);
        for entry in ["harc", "shellfuncs", "rc.d", "resource.d"] {
            crate::lab::ok(std::process::Command::new("cp").arg("-a").arg(format!("/etc/ha.d/{entry}")).arg(&etc));
        }
        let words = ["--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc", "sh"];
        let script = project("tests/it/heartbeat-node");
        let mut args = words.to_vec();
        args.extend([script.to_str().unwrap(), &host.name, directory.to_str().unwrap()]);
        let mut real = Real { shell: host.start("unshare", &args), directory };
        real.begin();
        real
    }

    /// Starts the daemon, again.
    pub fn begin(&mut self) {
        let (status, said) = self.run(DAEMON);
        assert_eq!(status, 0, "{said}\n{}", self.log());
    }

    /// Puts a file of keys in the place of its own, and has it read that.
    pub fn rotate(&mut self, text: &str) {
        let before = self.log().matches("Rereading authentication file.").count();
        let file = self.directory.join("ha.d/authkeys");
        let written = fs::metadata(&file).unwrap().modified().unwrap();
        put_keys(&self.directory.join("ha.d"), text);
        // It looks at the whole seconds of the file's time.
        fs::File::open(&file).unwrap().set_modified(written + Duration::from_secs(2)).unwrap();
        let (status, said) = self.run(&format!("{DAEMON} -r"));
        assert_eq!(status, 0, "{said}");
        self.wait_for_log("Rereading authentication file.", before + 1);
    }

    /// SIGKILL to each process of the daemon.
    pub fn kill(&mut self) {
        self.run("for p in /proc/[0-9]*; do p=${p#/proc/}; [ \"$p\" = 1 ] || kill -9 \"$p\" || :; done");
    }

    /// What a command says on the machine, and its status.
    pub fn run(&mut self, line: &str) -> (i32, String) {
        self.shell.say(&format!("{line}\n"));
        let mut said = String::new();
        loop {
            let next = self.shell.wait_for(line, |_| true);
            match next.strip_prefix("-- ").and_then(|status| status.parse().ok()) {
                Some(status) => return (status, said),
                None => said += &format!("{next}\n"),
            }
        }
    }

    /// The whole log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log/ha-log")).unwrap_or_default()
    }

    /// The lines of the log that complain, but for what is the daemon's own.
    pub fn complaints(&self) -> Vec<String> {
        let is_one = |line: &&str| ["WARN:", "ERROR:", "CRIT:"].iter().any(|level| line.contains(level));
        let is_own = |line: &&str| ITS_OWN.iter().any(|own| line.contains(own));
        let log = self.log();
        log.lines().filter(is_one).filter(|line| !is_own(line)).map(str::to_owned).collect()
    }

    /// Waits until a question to cl_status has this answer.
    pub fn wait_for(&mut self, question: &str, answer: &str) {
        let deadline = Instant::now() + LONG;
        loop {
            let (_, said) = self.run(&format!("cl_status {question}"));
            if said.trim() == answer {
                return;
            }
            assert!(Instant::now() < deadline, "cl_status {question}: {said} instead of {answer}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until the log has so many lines with these words.
    pub fn wait_for_log(&self, words: &str, count: usize) {
        let deadline = Instant::now() + LONG;
        while self.log().matches(words).count() < count {
            assert!(Instant::now() < deadline, "'{words}' is not in the log {count} times:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// How a node of hbkit is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// By hb-supervise.
    Supervised,
    /// By tests/it/heartbeat-peer, with every record in its output.
    Joined,
    /// The same, with text on networks.
    JoinedClassic,
}

/// Starts a node of hbkit on `host`.
pub fn start_ours(site: &Site, host: &Host, plan: &Plan, style: Style) -> Running {
    configure(&site.directory(&host.name), plan, "");
    begin_ours(site, host, plan, style)
}

/// Starts it again as it is configured.
pub fn begin_ours(site: &Site, host: &Host, plan: &Plan, style: Style) -> Running {
    let directory = site.directory(&host.name);
    let directory = directory.to_str().unwrap();
    if style == Style::Supervised {
        let run = format!("HBKIT_RUN={directory}/run");
        let state = format!("{directory}/state");
        return host.start("env", &[&run, "hb-supervise", "-C", directory, "-D", &state, "-N", &host.name]);
    }
    let script = project("tests/it/heartbeat-peer");
    let format = if style == Style::JoinedClassic { "classic" } else { "netstring" };
    let mut args = vec![script.to_str().unwrap(), directory, &host.name, format];
    args.extend((plan.keys.contains(" crc")).then_some("--allow-crc"));
    host.start("sh", &args)
}

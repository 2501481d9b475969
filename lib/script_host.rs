//! Where the scripts of resources are on this host: the environment, and the disk.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use nix::unistd::{AccessFlags, access};

use crate::script::{BEGINNING, Host, Sight};

/// Where systemd has its units, the first ones first: systemd.unit(5).
const UNITS: [&str; 11] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// This host, for a configuration in `directory`: where hb-resource looks.
pub fn this(directory: &Path) -> Host<'static> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<String> = std::env::split_paths(&path).map(|place| place.display().to_string()).collect();
    let agents = std::env::var("OCF_ROOT").unwrap_or_else(|_| "/usr/lib/ocf".to_owned());
    let systemd = Path::new("/run/systemd/system").is_dir();
    Host {
        places: vec![format!("{}/resource.d", directory.display()), own(&path), "/etc/init.d".to_owned()],
        agents: format!("{agents}/resource.d"),
        units: systemd.then(|| UNITS.map(str::to_owned).to_vec()),
        path,
        sight: &sight,
    }
}

/// hbkit's own scripts: beside hb-resource, or where they are installed with it.
fn own(path: &[String]) -> String {
    let is_here = |place: &&String| Path::new(place).join("hb-resource").is_file();
    let bin = path.iter().find(is_here).map_or("/usr/local/bin", String::as_str);
    let beside = format!("{bin}/resource.d");
    if Path::new(&beside).is_dir() {
        return beside;
    }
    let prefix = Path::new(bin).parent().unwrap_or(Path::new("/"));
    prefix.join("share/hbkit/resource.d").display().to_string()
}

fn sight(path: &str) -> Sight {
    match fs::metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Sight::Absent,
        Err(_) => Sight::Unknown,
        Ok(status) if !status.is_file() => Sight::Absent,
        Ok(_) if access(path, AccessFlags::X_OK).is_err() => Sight::Idle,
        Ok(_) => {
            let mut begins = Vec::new();
            let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut begins));
            read.map_or(Sight::Unknown, |_| Sight::Program(begins))
        }
    }
}

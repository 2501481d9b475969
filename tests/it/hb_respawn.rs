//! hb-respawn: who runs, as whom, how often, and what is left of it.

use std::fs;
use std::path::Path;

use nix::unistd::geteuid;
use tempfile::TempDir;

use crate::lab::{Running, command, finish, tool, wait_until};

fn respawn(user: &str, script: &str, place: &Path) -> Running {
    let mut command = command(tool("hb-respawn").to_str().unwrap());
    command.args([user, "/bin/sh", "-c", script]).env("PLACE", place);
    Running::start(command)
}

fn is(word: &'static str) -> impl Fn(&str) -> bool {
    move |line| line.starts_with("respawn ") && line.contains(&format!(" sh {word}"))
}

/// A directory that everybody may write to.
fn place() -> TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let place = TempDir::new().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
    place
}

fn me() -> String {
    nix::unistd::User::from_uid(geteuid()).unwrap().unwrap().name
}

fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_program_that_ends_is_started_again_and_one_that_says_100_is_not() {
    let place = place();
    let mut program =
        respawn(&me(), "echo >>$PLACE/story; [ $(wc -l <$PLACE/story) -lt 3 ] || exit 100; exit 7", place.path());
    program.wait_for("it ends", |line| is("ended")(line) && line.contains("status=7 again=1.0"));
    program.wait_for("it ends again", |line| is("ended")(line) && line.contains("again=2.0"));
    program.wait_for("it is over", |line| is("over")(line) && line.contains("status=100"));
    assert_eq!(program.wait().0, 0);
    assert_eq!(fs::read_to_string(place.path().join("story")).unwrap().lines().count(), 3);
}

#[test]
fn asked_to_end_it_ends_the_program_with_all_that_it_started() {
    for signal in ["TERM", "INT", "KILL"] {
        let place = place();
        let script = "sleep 1000 & echo $! >$PLACE/child; echo $$ >$PLACE/self; wait";
        let mut program = respawn(&me(), script, place.path());
        program.wait_for("it runs", is("started"));
        let pid = |name: &str| fs::read_to_string(place.path().join(name)).unwrap_or_default();
        wait_until("both are there", || pid("self").ends_with('\n'));
        program.signal(signal);
        let (status, _, errors) = program.wait();
        assert!(signal == "KILL" || status == 0, "{signal}: {errors}");
        wait_until("both are gone", || !lives(&pid("self")) && !lives(&pid("child")));
    }
}

#[test]
fn it_runs_as_its_user_with_that_users_groups_in_the_root_directory_and_no_descriptors() {
    if !geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "root is required in CI");
        eprintln!("skipped: only root may run programs as others");
        return;
    }
    let place = place();
    let script = "{ id -un; id -Gn; pwd; echo $USER $HOME; ls /proc/self/fd | wc -l; } >$PLACE/story; exit 100";
    let mut shell = command("sh");
    let line =
        format!("exec 3</dev/null 7>/dev/null; exec {} nobody /bin/sh -c '{script}'", tool("hb-respawn").display());
    shell.args(["-c", &line]).env("PLACE", place.path());
    let said = finish(shell, b"");
    assert_eq!(said.code(), 0, "{}", said.err);
    let story = fs::read_to_string(place.path().join("story")).unwrap();
    let groups = finish(
        {
            let mut id = command("id");
            id.args(["-Gn", "nobody"]);
            id
        },
        b"",
    );
    let home = nix::unistd::User::from_name("nobody").unwrap().unwrap().dir;
    // ls has its three and the directory.
    assert_eq!(story, format!("nobody\n{}/\nnobody {}\n4\n", groups.out, home.display()));
}

#[test]
fn what_it_prints_goes_to_standard_error_behind_its_name() {
    let place = place();
    let program = respawn(&me(), "echo out; echo err >&2; exit 100", place.path());
    let (_, story, errors) = program.wait();
    assert!(!story.contains("out") && errors.contains("sh: out") && errors.contains("sh: err"), "{story}\n{errors}");
}

#[test]
fn a_user_or_a_program_that_is_not_there_is_said_and_tried_again() {
    let place = place();
    let mut program = respawn("no-such-user", "exit 100", place.path());
    program.wait_for_error(|line| line.contains("there is no user no-such-user"));
    program.wait_for("it is tried again", |line| is("failed")(line) && line.contains("again=2.0"));
    program.signal("TERM");
    assert_eq!(program.wait().0, 0);

    let mut command = command(tool("hb-respawn").to_str().unwrap());
    command.args([&me(), "/no/such/program"]);
    let mut program = Running::start(command);
    program.wait_for("it has ended", |line| line.contains(" program ended status=127 "));
}

#[test]
fn the_lines_of_ha_cf_are_run() {
    let place = place();
    let (me, path) = (me(), place.path().display());
    let script = place.path().join("program");
    fs::write(&script, "#!/bin/sh\necho \"$2\" >\"$1\"\nexit 100\n").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let ha_cf = format!(
        "node a b\nbcast eth0\nrespawn {me} {path}/program {path}/one a,b\nrespawn {me} {path}/program {path}/two c\n"
    );
    fs::write(place.path().join("ha.cf"), ha_cf).unwrap();
    let mut command = command(tool("hb-respawn").to_str().unwrap());
    command.arg("-f").arg(place.path().join("ha.cf"));
    let said = finish(command, b"");
    assert_eq!(said.code(), 0, "{}", said.err);
    assert_eq!(fs::read_to_string(place.path().join("one")).unwrap(), "a,b\n");
    assert_eq!(fs::read_to_string(place.path().join("two")).unwrap(), "c\n");
}

#[test]
fn wrong_options_are_usage_errors() {
    for options in [&[][..], &["root"], &["-f", "/no/such/file"], &["-f", "ha.cf", "root", "/bin/true"]] {
        let mut command = command(tool("hb-respawn").to_str().unwrap());
        command.args(options);
        assert_eq!(finish(command, b"").code(), 2, "{options:?}");
    }
}

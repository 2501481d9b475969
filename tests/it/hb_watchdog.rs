//! hb-watchdog with a file in the place of a device: what is written to it is what
//! the device would get.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::lab::{Running, command, finish, tool, wait_until};

struct Bench {
    place: TempDir,
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench { place: TempDir::new().unwrap() };
        fs::write(bench.device(), "").unwrap();
        bench
    }

    fn device(&self) -> PathBuf {
        self.place.path().join("device")
    }

    fn start(&self) -> Running {
        let mut command = command(tool("hb-watchdog").to_str().unwrap());
        command.args(["-d", "10"]).arg(self.device());
        Running::start(command)
    }

    /// What was written to the device: f for each feeding, V when it was disarmed.
    fn story(&self) -> String {
        fs::read(self.device()).unwrap().iter().map(|byte| if *byte == 0 { 'f' } else { char::from(*byte) }).collect()
    }
}

fn now() -> f64 {
    let uptime = fs::read_to_string("/proc/uptime").unwrap();
    uptime.split(' ').next().unwrap().parse().unwrap()
}

fn pulse(state: &str) -> String {
    format!("pulse {:.2} {state}\n", now())
}

fn is(word: &'static str) -> impl Fn(&str) -> bool {
    move |line| line.starts_with("watchdog ") && line.split(' ').nth(3) == Some(word)
}

#[test]
fn it_is_armed_fed_and_disarmed_by_the_pulse() {
    let bench = Bench::new();
    let mut dog = bench.start();
    dog.wait_for("it begins", is("idle"));
    dog.say(&pulse("idle"));
    dog.say(&pulse("held"));
    let armed = dog.wait_for("it is armed", is("armed"));
    assert!(armed.contains(" timeout=9.0 kind=stand-in"), "{armed}");
    dog.say(&pulse("held"));
    dog.say(&pulse("held"));
    wait_until("it is fed", || bench.story() == "ff");
    dog.say(&pulse("idle"));
    dog.wait_for("it is disarmed", is("idle"));
    assert_eq!(bench.story(), "ffV");
    dog.end_input();
    assert_eq!(dog.wait().0, 0);
    assert_eq!(bench.story(), "ffV", "it is not touched any more");
}

#[test]
fn s85_without_a_pulse_it_is_not_fed_and_without_a_word_not_disarmed() {
    for end in ["input", "TERM", "KILL"] {
        let bench = Bench::new();
        let mut dog = bench.start();
        dog.say(&pulse("held"));
        dog.say(&pulse("held"));
        dog.wait_for("it is armed", is("armed"));
        wait_until("it is fed", || bench.story() == "f");
        // A pulse that took longer to come round than may be.
        dog.say(&format!("pulse {:.2} held\npulse {:.2} idle\n", now() - 2.0, now() - 2.0));
        if end == "input" {
            dog.end_input();
        } else {
            dog.signal(end);
        }
        let (status, story, errors) = dog.wait();
        assert_eq!(bench.story(), "f", "{end}: {story}");
        if end != "KILL" {
            assert_eq!(status, 1, "{end}: {errors}");
            assert!(errors.contains("it is left armed: the machine resets in 9 s"), "{end}: {errors}");
            assert!(story.lines().any(is("left")), "{end}: {story}");
        }
    }
}

#[test]
fn what_waits_when_it_is_asked_to_end_is_done_first() {
    let bench = Bench::new();
    let mut dog = bench.start();
    dog.say(&pulse("held"));
    dog.wait_for("it is armed", is("armed"));
    dog.signal("STOP");
    dog.say(&pulse("idle"));
    dog.signal("TERM");
    dog.signal("CONT");
    assert_eq!(dog.wait().0, 0);
    assert_eq!(bench.story(), "V");
}

#[test]
fn s86_everything_is_released_it_ends_and_nothing_is_armed() {
    let bench = Bench::new();
    let mut dog = bench.start();
    dog.say(&format!("do {:.2} start web until=9999.0 epoch=1\n", now()));
    dog.wait_for("it is armed before the group is started", is("armed"));
    dog.say("do 1.0 exit\n");
    assert_eq!(dog.wait().0, 0);
    assert_eq!(bench.story(), "V");
}

#[test]
fn who_asks_for_a_reset_gets_one() {
    let bench = Bench::new();
    let mut dog = bench.start();
    dog.say(&pulse("held"));
    dog.wait_for("it is armed", is("armed"));
    dog.say("ask 1.0 reset\n");
    dog.wait_for("it is let go", is("reset"));
    dog.say(&format!("{}{}", pulse("held"), pulse("idle")));
    dog.say("do 1.0 exit\n");
    assert_eq!(dog.wait().0, 1);
    assert_eq!(bench.story(), "");
}

#[test]
fn s84_a_device_that_is_missing_or_refuses_is_said_and_tried_again() {
    let bench = Bench::new();
    fs::remove_file(bench.device()).unwrap();
    let mut dog = bench.start();
    let failed = dog.wait_for("it is missing", is("failed"));
    assert!(failed.contains("reason=No%20such%20file%20or%20directory"), "{failed}");
    fs::write(bench.device(), "").unwrap();
    dog.say(&pulse("held"));
    dog.wait_for("it is there", is("armed"));
    drop(dog);

    fs::remove_file(bench.device()).unwrap();
    fs::create_dir(bench.device()).unwrap();
    let mut dog = bench.start();
    dog.say(&pulse("held"));
    dog.wait_for("it is no device", is("failed"));
    assert_eq!(dog.look_for(Duration::from_millis(300), |_| true), None, "it is said once");
    dog.end_input();
    assert_eq!(dog.wait().0, 0);

    // A device that is no watchdog.
    let mut command = command(tool("hb-watchdog").to_str().unwrap());
    command.args(["-d", "10", "/dev/zero"]);
    let said = finish(command, pulse("held").as_bytes());
    assert!(said.out.contains(" failed reason=it%20cannot%20be%20set%20to%209%20s:"), "{}", said.out);
}

#[test]
fn a_reader_that_goes_away_keeps_nobody_from_feeding() {
    let bench = Bench::new();
    let mut sh = command("sh");
    let dog = tool("hb-watchdog");
    let script = format!(
        "{{ read -r now _ </proc/uptime; for n in 1 2 3; do echo \"pulse $now held\"; done; }} | {} -d 10 {} | :",
        dog.display(),
        bench.device().display()
    );
    sh.args(["-c", &script]);
    finish(sh, b"");
    wait_until("it is fed", || bench.story() == "ff");
}

#[test]
fn a_real_device_does_as_the_file_does() {
    let Some(device) = std::env::var_os("HBKIT_WATCHDOG") else {
        eprintln!("skipped: HBKIT_WATCHDOG does not name a watchdog that may be armed here");
        return;
    };
    let mut command = command(tool("hb-watchdog").to_str().unwrap());
    command.args(["-d", "30"]).arg(device);
    let mut dog = Running::start(command);
    dog.say(&pulse("held"));
    let armed = dog.wait_for("it is armed", is("armed"));
    assert!(armed.contains("kind=hardware") || armed.contains("kind=software"), "{armed}");
    dog.say(&pulse("idle"));
    dog.wait_for("it is disarmed", is("idle"));
    dog.end_input();
    assert_eq!(dog.wait().0, 0);
}

#[test]
fn what_cannot_work_is_refused() {
    for options in [&["-d", "1", "/dev/null"][..], &[], &["-f", "/no/such/file"]] {
        let mut command = command(tool("hb-watchdog").to_str().unwrap());
        command.args(options);
        assert_eq!(finish(command, b"").code(), 2, "{options:?}");
    }
}

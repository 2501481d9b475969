//! README.md says what is so: its table has every tool, and its two terminals
//! show what it says, when they are typed as they stand.

use std::fs;

use tempfile::TempDir;

use crate::lab::{Running, command, project};
use crate::need_namespaces;

fn readme() -> String {
    fs::read_to_string(project("README.md")).unwrap()
}

/// The indented blocks of a section.
fn blocks(section: &str) -> Vec<String> {
    let text = readme();
    let section = text.split(&format!("\n## {section}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let mut blocks = vec![String::new()];
    for line in section.lines() {
        match line.strip_prefix("    ") {
            Some(line) => *blocks.last_mut().unwrap() += &format!("{line}\n"),
            None => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

#[test]
fn the_readme_names_every_tool_and_script() {
    let text = readme();
    for directory in ["bins", "scripts"] {
        for entry in fs::read_dir(project(directory)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_dir() {
                assert!(text.contains(&format!("{directory}/{name}/")), "README.md does not lead to {name}");
                continue;
            }
            let name = name.trim_end_matches(".rs");
            let wanted =
                if ["demo", "test"].contains(&name) { format!("    scripts/{name} ") } else { format!("| `{name}` |") };
            assert!(text.contains(&wanted), "README.md lacks '{wanted}'");
        }
    }
}

#[test]
fn the_two_terminals_of_the_readme_show_a_node_live_and_die_and_return() {
    need_namespaces!();
    let blocks = blocks("Two terminals");
    let [first, second, shown] = &blocks[..] else { panic!("not three blocks: {blocks:#?}") };
    let directory = TempDir::new().unwrap();
    // Names of namespaces, and what hb-send keeps, belong to the test alone, and
    // everything ends with its first process.
    let mut terminal = command("unshare");
    terminal.current_dir(directory.path()).args(["--mount", "--net", "--pid", "--kill-child", "sh", "-c"]);
    terminal.arg(format!("mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && {first}"));
    let mut terminal = Running::start(terminal);
    terminal.wait_for("self ready", |line| line.ends_with(" ready"));
    let id = terminal.id().to_string();
    let send = || {
        let mut terminal = command("nsenter");
        let line = format!("cd {} && exec {second}", directory.path().display());
        terminal.args(["-t", &id, "-m", "-n", "sh", "-c", &line]);
        Running::start(terminal)
    };
    let sender = send();
    let mut told = vec![terminal.wait_for("active", |line| line.contains(" one active"))];
    drop(sender);
    told.push(terminal.wait_for("late", |line| line.contains(" one late ")));
    told.push(terminal.wait_for("dead", |line| line.contains(" one dead ")));
    let _sender = send();
    told.push(terminal.wait_for("active again", |line| line.contains(" one active ")));
    let shown: Vec<String> = shown.lines().map(without_numbers).collect();
    for line in told {
        assert!(shown.contains(&without_numbers(&line)), "README.md does not show '{line}'");
    }
}

/// A record with its kind, its words and its keys.
fn without_numbers(line: &str) -> String {
    let words = line.split(' ').enumerate().filter(|(place, _)| *place != 1);
    words.map(|(_, word)| word.split('=').next().unwrap()).collect::<Vec<_>>().join(" ")
}

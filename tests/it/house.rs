//! What holds for the whole house: that its rooms agree with each other, that
//! the manuals say what `--help` says, and that the tools answer alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::lab::{self, Lab, Said, command, finish, project, run, tool};
use crate::need_namespaces;

/// Fails with every problem, not only the first.
fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the files in a directory of the project that end with `ending`,
/// without it.
/// A directory that does not exist has none.
fn names(directory: &str, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(project(directory)).into_iter().flatten();
    let files = entries.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_file());
    let names = files.map(|entry| entry.file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

fn tools() -> BTreeSet<String> {
    names("bins", ".rs")
}

/// The scripts that people use: all but the two of the README, which are of
/// use only in the project's own directory.
fn scripts() -> BTreeSet<String> {
    names("scripts", "").into_iter().filter(|name| name != "demo" && name != "test").collect()
}

/// The names of the entries of a kind in Cargo.toml, each of which must have
/// its file in `directory`.
fn entries(kind: &str, directory: &str) -> BTreeSet<String> {
    let manifest = read("Cargo.toml");
    let head = format!("[[{kind}]]\n");
    let entry = |section: &str| {
        let section = section.split("\n[").next().unwrap();
        let value = |key: &str| {
            let line = section.lines().find(|line| line.split('=').next().unwrap().trim() == key);
            line.and_then(|line| line.split('"').nth(1)).unwrap_or_default().to_owned()
        };
        let name = value("name");
        assert_eq!(value("path"), format!("{directory}/{name}.rs"));
        name
    };
    manifest.split(&head).skip(1).map(entry).collect()
}

#[test]
fn every_tool_and_benchmark_has_its_entry_in_cargo_toml_and_the_other_way_round() {
    assert_eq!(entries("bin", "bins"), tools());
    assert_eq!(entries("bench", "tests/bench"), names("tests/bench", ".rs"));
}

#[test]
fn every_tool_and_script_has_a_page_and_every_page_of_section_8_its_tool_or_script() {
    let wanted: BTreeSet<String> = tools().union(&scripts()).cloned().collect();
    assert_eq!(names("man", ".8"), wanted);
}

#[test]
fn every_tool_has_a_module_of_tests_and_every_module_is_run() {
    let modules = names("tests/it", ".rs");
    let main = read("tests/it/main.rs");
    let mut problems = Vec::new();
    for tool in tools() {
        if !modules.contains(&tool.replace('-', "_")) {
            problems.push(format!("no tests/it/{}.rs for {tool}", tool.replace('-', "_")));
        }
    }
    for module in modules.iter().filter(|module| *module != "main") {
        if !main.lines().any(|line| line == format!("mod {module};")) {
            problems.push(format!("no 'mod {module};' in tests/it/main.rs"));
        }
    }
    report(&problems);
}

#[test]
fn every_script_can_be_run_and_says_that_it_is_posix_sh() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut problems = Vec::new();
    let paths =
        |directory: &'static str| names(directory, "").into_iter().map(move |name| format!("{directory}/{name}"));
    for path in ["scripts", "scripts/examples", "scripts/resource.d"].into_iter().flat_map(paths) {
        if !read(&path).starts_with("#!/bin/sh\n") {
            problems.push(format!("{path} does not begin with #!/bin/sh"));
        }
        if fs::metadata(project(&path)).unwrap().permissions().mode() & 0o111 != 0o111 {
            problems.push(format!("{path} is not executable"));
        }
    }
    report(&problems);
}

/// The options of a tool's `--help`: short and long, of which one may be empty.
fn options(tool: &str) -> Vec<(String, String)> {
    let help = run(tool, &["--help"], b"");
    assert_eq!(help.code(), 0, "{tool} --help: {}", help.err);
    options_in(&help.out)
}

fn options_in(help: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in help.lines().filter(|line| line.trim_start().starts_with('-')) {
        // The description stands behind two blanks.
        let head = line.trim_start().split("  ").next().unwrap();
        let (mut short, mut long) = (String::new(), String::new());
        for word in head.split([' ', ',', '=', '[']) {
            if let Some(name) = word.strip_prefix("--") {
                long = name.trim_end_matches('.').to_owned();
            } else if let Some(name) = word.strip_prefix('-') {
                short = name.trim_end_matches('.').to_owned();
            }
        }
        found.push((short, long));
    }
    found
}

#[test]
fn options_are_found_in_a_help_text() {
    let help = "Usage: x [OPTIONS]\n\nOptions:\n  -c, --count <N>   how many -x\n      --long\n  -q\n  -v, --verbose...  more\n";
    let pairs: Vec<(String, String)> =
        [("c", "count"), ("", "long"), ("q", ""), ("v", "verbose")].map(|(s, l)| (s.into(), l.into())).into();
    assert_eq!(options_in(help), pairs);
}

/// The options that a page names: (anywhere, as items of a list).
fn options_in_page(page: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut named, mut listed) = (BTreeSet::new(), BTreeSet::new());
    let macro_name = |word: &str| word.len() == 2 && word.starts_with(|c: char| c.is_ascii_uppercase());
    let synopsis = |section: &&str| !section.starts_with("SYNOPSIS");
    for line in page.split(".Sh ").filter(synopsis).flat_map(str::lines).filter(|line| line.starts_with('.')) {
        let mut in_flag = false;
        for word in line.trim_start_matches('.').split_ascii_whitespace() {
            if macro_name(word) {
                in_flag = word == "Fl";
            } else if in_flag && word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-') {
                named.insert(word.to_owned());
                if line.starts_with(".It") {
                    listed.insert(word.to_owned());
                }
            }
        }
    }
    (named, listed)
}

#[test]
fn options_are_found_in_a_page() {
    let page =
        ".Sh SYNOPSIS\n.Op Fl hq\n.Sh DESCRIPTION\n.It Fl c Ar n , Fl -count Ar n\n.It Fl q , -quiet\nFl no\n.Fl h .\n";
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(options_in_page(page), (words("c -count q -quiet h"), words("c -count q -quiet")));
}

#[test]
fn every_option_of_help_is_in_the_page_and_every_option_of_the_page_in_help() {
    let mut problems = Vec::new();
    for tool in tools() {
        let path = format!("man/{tool}.8");
        let (named, listed) = options_in_page(&read(&path));
        let mut in_help = BTreeSet::new();
        for (short, long) in options(&tool) {
            in_help.extend([short, format!("-{long}")]);
        }
        in_help.retain(|option| !option.trim_start_matches('-').is_empty());
        problems.extend(in_help.difference(&named).map(|option| format!("{path} lacks -{option} of --help")));
        problems.extend(listed.difference(&in_help).map(|option| format!("{tool} --help lacks -{option} of {path}")));
    }
    report(&problems);
}

/// The table of CONTRIBUTING.md: letter to long option.
fn table() -> BTreeMap<String, String> {
    let text = read("CONTRIBUTING.md");
    let mut table = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| -")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let words =
            |cell: &str| cell.split(", ").map(|word| word.trim_start_matches('-').to_owned()).collect::<Vec<_>>();
        table.extend(words(cells[1]).into_iter().zip(words(cells[2])));
    }
    assert!(table.len() > 20, "the table of options is not in CONTRIBUTING.md");
    table
}

#[test]
fn a_letter_is_the_same_option_in_every_tool_and_in_the_table() {
    let table = table();
    let mut problems = Vec::new();
    for tool in tools() {
        for (short, long) in options(&tool) {
            if !short.is_empty() && table.get(&short) != Some(&long) {
                let wanted = table.get(&short).map_or("nothing", String::as_str);
                problems.push(format!("{tool} -{short} is --{long}; in CONTRIBUTING.md it is {wanted}"));
            }
            if short.is_empty() && table.values().any(|known| *known == long) {
                problems.push(format!("{tool} --{long} lacks the letter that CONTRIBUTING.md gives it"));
            }
        }
    }
    report(&problems);
}

#[test]
fn every_tool_says_its_version_and_nothing_else() {
    for tool in tools() {
        for option in ["--version", "-V"] {
            let Said { status, out, err } = run(&tool, &[option], b"");
            assert_eq!((status.code(), err.as_str()), (Some(0), ""), "{tool} {option}");
            assert_eq!(out, format!("{tool} {}\n", env!("CARGO_PKG_VERSION")));
        }
    }
}

#[test]
fn a_wrong_option_is_status_2_and_named_on_standard_error() {
    for tool in tools() {
        for option in ["--no-such-option", "-?"] {
            let said = run(&tool, &[option], b"");
            assert_eq!(said.code(), 2, "{tool} {option}: {}", said.err);
            assert_eq!(said.out, "", "{tool} {option}");
            assert!(said.err.contains(option), "{tool} {option}: {}", said.err);
        }
    }
}

#[test]
fn help_for_a_reader_that_went_away_is_a_clean_end() {
    for name in tools() {
        let mut command = command(tool(&name).to_str().unwrap());
        let (reader, writer) = nix::unistd::pipe().unwrap();
        drop(reader);
        let child = command.arg("--help").stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let said = Said::from(child.wait_with_output().unwrap());
        assert_eq!((said.code(), said.err.as_str()), (0, ""), "{name} --help");
    }
}

/// The modules of the two tables in lib/lib.rs, pure ones and edges, with what
/// is said of each.
fn map() -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let text = read("lib/lib.rs");
    let (pure, edges) = text.split_once("//! **Edges**").expect("two tables in lib/lib.rs");
    let modules = |part: &str| {
        let rows = part.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split_once('`'));
        rows.map(|(name, said)| (name.to_owned(), said.to_owned())).collect::<BTreeMap<_, _>>()
    };
    (modules(pure), modules(edges))
}

#[test]
fn the_map_of_the_library_names_every_module_once() {
    let (pure, edges) = map();
    let mapped: BTreeSet<String> = pure.keys().chain(edges.keys()).cloned().collect();
    assert_eq!(mapped.len(), pure.len() + edges.len(), "both pure and an edge");
    let mut modules = names("lib", ".rs");
    modules.remove("lib");
    assert_eq!(mapped, modules);
}

/// All files below a directory of the project.
fn files_below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_symlink() || name == "target" || name == ".git" {
            continue;
        }
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Words that a pure module has no use for. The types of addresses in std::net
/// are plain values; its sockets are not.
const IMPURE: [&str; 22] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "std::io::std",
    "Instant",
    "SystemTime",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "ToSocketAddrs",
    "nix::",
    "socket2",
    "serialport",
    "netlink_sys",
    "pnet::datalink",
    "pnet::transport",
    "getrandom",
    "log::",
    "env_logger",
    "libc::",
];

#[test]
fn pure_modules_do_not_touch_the_system() {
    let (pure, edges) = map();
    let mut problems = Vec::new();
    for (module, said) in pure {
        let mut files = vec![project(&format!("lib/{module}.rs"))];
        files_below(&project(&format!("lib/{module}")), &mut files);
        for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
            let text = fs::read_to_string(file).unwrap();
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let code = code.join("\n");
            let part = |word: &str, at: usize| {
                let letter = |c: char| c.is_alphanumeric() || c == '_';
                code[..at].ends_with(letter) || (word.ends_with(letter) && code[at + word.len()..].starts_with(letter))
            };
            let used = |word: &str| code.match_indices(word).any(|(at, _)| !part(word, at));
            // A module whose row says which function touches a file has that
            // edge, and no other.
            let allowed = |edge: &str| edge.ends_with("_file") && said.contains("alone touch");
            let edges = edges.keys().filter(|edge| !allowed(edge)).map(|edge| format!("crate::{edge}"));
            let words = IMPURE.iter().map(|word| (*word).to_owned()).chain(edges);
            let found = words.filter(|word| used(word));
            problems.extend(found.map(|word| format!("{} is in the map as pure and uses {word}", file.display())));
        }
    }
    report(&problems);
}

#[test]
fn nothing_names_the_place_where_it_was_written() {
    // Written in two parts, so that this file does not name it either.
    let places = [concat!("/wo", "rk/"), concat!("../sha", "red"), concat!("/wo", "rk\"")];
    let mut files = Vec::new();
    files_below(&project("."), &mut files);
    assert!(files.len() > 10, "the files of the project are not found");
    let mut problems = Vec::new();
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for (number, line) in text.lines().enumerate() {
            if places.iter().any(|place| line.contains(place)) {
                problems.push(format!("{}:{}: {line}", file.display(), number + 1));
            }
        }
    }
    report(&problems);
}

/// The examples of a page as they are read, not as they are written in mdoc.
fn examples(page: &str) -> Vec<String> {
    let plain =
        |text: &String| text.replace("\\(dq", "\"").replace("\\(aq", "'").replace("\\e", "\\").replace("\\&", "");
    lab::examples(page).iter().map(plain).collect()
}

/// The pages of section 8 that have examples.
fn pages_with_examples() -> Vec<String> {
    let pages = names("man", ".8").into_iter().map(|name| format!("man/{name}.8"));
    pages.filter(|page| read(page).contains(".Sh EXAMPLES\n")).collect()
}

/// An example without the prompt that says who may run it.
fn without_prompt(example: &str) -> &str {
    example.strip_prefix("$ ").or(example.strip_prefix("# ")).unwrap_or(example)
}

#[test]
fn every_example_is_sh() {
    let mut problems = Vec::new();
    for page in pages_with_examples() {
        for example in examples(&page) {
            let mut sh = command("sh");
            sh.args(["-n", "-c", without_prompt(&example)]);
            let said = finish(sh, b"");
            if said.code() != 0 {
                problems.push(format!("{page}: {example}: {}", said.err));
            }
        }
    }
    report(&problems);
}

#[test]
fn every_option_in_an_example_is_one_of_the_tool() {
    let known: BTreeMap<String, BTreeSet<String>> = tools()
        .into_iter()
        .map(|tool| {
            let words = options(&tool).into_iter().flat_map(|(short, long)| [format!("-{short}"), format!("--{long}")]);
            (tool.clone(), words.collect())
        })
        .collect();
    let mut problems = Vec::new();
    for page in pages_with_examples() {
        for example in examples(&page) {
            for part in without_prompt(&example).split(['|', ';', '&', '\n', '(', ')', '`']) {
                let mut words = part.split_ascii_whitespace().skip_while(|word| !known.contains_key(*word));
                let Some(tool) = words.next() else { continue };
                for word in words.filter(|word| word.starts_with('-') && word.len() > 1) {
                    let option = if word.starts_with("--") { word.split('=').next().unwrap() } else { &word[..2] };
                    if !known[tool].contains(option) {
                        problems.push(format!("{page}: {tool} has no {option}: {part}"));
                    }
                }
            }
        }
    }
    report(&problems);
}

/// A directory with what the pages of the formats show: they must be right, and
/// the examples of the tools work on them.
fn configuration() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    for (page, name) in [
        ("ha.cf.5", "ha.cf"),
        ("haresources.5", "haresources"),
        ("authkeys.5", "authkeys"),
        ("hb-records.5", "yesterday"),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, &examples(&format!("man/{page}"))[0]).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    directory
}

#[test]
fn the_files_that_the_pages_show_are_right() {
    let directory = configuration();
    let said = run("hb-config", &["-C", directory.path().to_str().unwrap(), "check"], b"");
    assert_eq!(said.code(), 0, "{}{}", said.out, said.err);
}

#[test]
fn examples_that_anybody_may_run_do_what_they_say() {
    need_namespaces!();
    let directory = configuration();
    let lab = Lab::new();
    let host = lab.host("a");
    let (mut ran, mut problems) = (0, Vec::new());
    for page in pages_with_examples() {
        for example in examples(&page).iter().filter(|example| example.starts_with("$ ")) {
            let mut sh = host.command("sh");
            sh.args(["-c", without_prompt(example)]).current_dir(&directory);
            let said = finish(sh, b"");
            ran += 1;
            if (said.code(), said.err.as_str()) != (0, "") {
                problems.push(format!("{page}: {example}: status {}: {}", said.code(), said.err));
            }
        }
    }
    report(&problems);
    assert!(ran > 2, "no page has an example of '.Dl $ ...'");
}

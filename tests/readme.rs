//! The documents' command lines, typed as a reader would type them.
//!
//! Every fenced block tagged `console` or `sh` is run: in `console` blocks a `$ ` begins a
//! command and the lines after it must be among its output, in that order and, but for
//! `...`, without a gap; in `sh` blocks every line is a command. A block of JSON under a line
//! that says "Save this as `NAME`" is written to that file first. Each document has a
//! temporary folder of its own with the project's scenarios.

mod common;

use std::fs;
use std::path::Path;

use common::binary::{Ran, posthaste, too_large_here, workplace};
use common::root;

/// Programs of others that the documents mention; they are not run here.
const OTHERS: &[&str] =
    &["python3", ".venv/bin/pip", ".venv/bin/python", ".venv/bin/jupytext", ".venv/bin/pytest", "rm"];

struct Block<'a> {
    tag: &'a str,
    before: &'a str,
    line: usize,
    lines: Vec<&'a str>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let (mut before, mut open) = ("", false);
    for (number, line) in text.lines().enumerate() {
        if let Some(tag) = line.strip_prefix("```") {
            open = !open;
            if open {
                blocks.push(Block { tag, before, line: number + 1, lines: Vec::new() });
            }
        } else if open {
            blocks.last_mut().unwrap().lines.push(line);
        } else if !line.is_empty() {
            before = line;
        }
    }
    assert!(!open, "a block is not closed");
    blocks
}

/// The words of a command line: blanks separate, single quotes hold together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut after_quote) = (false, false);
    for c in line.chars() {
        match c {
            '\'' => (quoted, after_quote) = (!quoted, true),
            ' ' if !quoted => {
                if !words.last().unwrap().is_empty() || after_quote {
                    words.push(String::new());
                }
                after_quote = false;
            }
            _ => words.last_mut().unwrap().push(c),
        }
    }
    assert!(!quoted, "a quote is not closed: {line}");
    words.retain(|word| !word.is_empty());
    words
}

/// Runs one command line; nothing when it is a program of others or `$?`.
fn execute(dir: &Path, line: &str, last: &mut i32) -> Option<Ran> {
    let mut words = words(line);
    let file = words.iter().position(|word| word == ">").map(|at| {
        let file = words[at + 1].clone();
        words.truncate(at);
        file
    });
    while words[0].contains('=') {
        words.remove(0);
    }
    if words[0] == "cargo" && words[1] == "run" {
        let own = words.iter().position(|word| word == "--").expect("cargo run -- COMMAND");
        words.drain(..own);
        "posthaste".clone_into(&mut words[0]);
    }
    match words[0].as_str() {
        "posthaste" => {
            let mut ran = posthaste(dir, &words[1..]);
            *last = ran.code;
            if let Some(file) = file {
                fs::write(dir.join(file), &ran.stdout).unwrap();
                ran.stdout.clear();
            }
            Some(ran)
        }
        "echo" if words[1] == "$?" => {
            let stdout = format!("{last}\n");
            *last = 0;
            Some(Ran { code: 0, stdout, stderr: String::new() })
        }
        "cat" => {
            let stdout = fs::read_to_string(dir.join(&words[1])).unwrap_or_else(|error| panic!("{line}: {error}"));
            Some(Ran { code: 0, stdout, stderr: String::new() })
        }
        "diff" => {
            let (one, two) = (&words[words.len() - 2], &words[words.len() - 1]);
            assert_eq!(words[1..4], ["-r", "--exclude", "timing.json"], "{line}");
            assert_eq!(common::differences(&dir.join(one), &dir.join(two), &["timing.json"]), [""; 0], "{line}");
            None
        }
        "cargo" if ["test", "install"].contains(&words[1].as_str()) => None,
        other => {
            assert!(OTHERS.contains(&other), "the test does not know the program {other:?}: {line}");
            None
        }
    }
}

/// Whether the lines shown are the output, with any number of lines for each `...`.
fn shown(expected: &[&str], output: &[&str]) -> bool {
    match expected {
        [] => output.is_empty(),
        ["...", rest @ ..] => (0..=output.len()).any(|skipped| shown(rest, &output[skipped..])),
        [line, rest @ ..] => output.first() == Some(line) && shown(rest, &output[1..]),
    }
}

/// Runs a block's commands, and tells which of them do not do what the block says.
fn run_block(dir: &Path, place: &str, block: &Block<'_>, faults: &mut Vec<String>) {
    let console = block.tag == "console";
    let is_command = |line: &str| !console || line.starts_with("$ ");
    let mut last = 0;
    let mut at = 0;
    while at < block.lines.len() {
        let line = block.lines[at];
        assert!(is_command(line), "{place}: the block begins with output");
        let end = (at + 1..block.lines.len()).find(|next| is_command(block.lines[*next])).unwrap_or(block.lines.len());
        let expected = &block.lines[at + 1..end];
        at = end;
        let command = line.strip_prefix("$ ").unwrap_or(line);
        if command.is_empty() || command.starts_with('#') || too_large_here(command) {
            continue;
        }
        if !command.starts_with("echo") && last != 0 {
            faults.push(format!("{place}: exit code {last} before {command:?}, and no `echo $?` says so"));
        }
        if let Some(ran) = execute(dir, command, &mut last) {
            let output: Vec<&str> = ran.stderr.lines().chain(ran.stdout.lines()).collect();
            let held = if console { shown(expected, &output) } else { last == 0 };
            if !held {
                let (shows, gives) = (expected.join("\n"), output.join("\n"));
                faults.push(format!("{place}: {command}\nshows\n{shows}\nbut gives\n{gives}"));
            }
        }
    }
    if last != 0 {
        faults.push(format!("{place}: exit code {last} of the last command"));
    }
}

fn check_document(name: &str, faults: &mut Vec<String>) -> usize {
    let text = fs::read_to_string(root().join(name)).unwrap();
    let place = workplace();
    let mut commands = 0;
    for block in blocks(&text) {
        let here = format!("{name}:{}", block.line);
        match block.tag {
            "console" | "sh" => {
                run_block(place.path(), &here, &block, faults);
                commands += 1;
            }
            "json" => {
                let file = block.before.split_once("Save this as `").and_then(|(_, rest)| rest.split_once('`'));
                if let Some((file, _)) = file {
                    fs::write(place.path().join(file), block.lines.join("\n")).unwrap();
                }
            }
            tag => panic!("{here}: a block tagged {tag:?}: use console, sh, json or an indented block"),
        }
    }
    commands
}

/// Breaks when a command line of a document fails, when what it shows is not what it gives,
/// or when the scenario of one's own in the README does not hold.
#[test]
fn every_command_in_the_documents_does_what_they_say() {
    let (mut commands, mut faults) = (0, Vec::new());
    for name in [
        "README.md",
        "docs/scenario.md",
        "docs/results.md",
        "docs/model.md",
        "docs/replay.md",
        "docs/grading.md",
        "docs/tutorial.md",
        "scenarios/README.md",
        "scenarios/labs/README.md",
        "scenarios/labs/solutions.md",
    ] {
        commands += check_document(name, &mut faults);
    }
    for name in ["results/README.md", "notebooks/README.md"] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let place = workplace();
        fs::create_dir_all(place.path().join("docs/images")).unwrap();
        for block in blocks(&text).iter().filter(|block| block.tag == "sh") {
            run_block(place.path(), &format!("{name}:{}", block.line), block, &mut faults);
            commands += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(commands >= 15, "the documents have lost their examples: {commands}");
}

/// Breaks when a document names a file that is not there.
#[test]
fn every_link_in_the_documents_leads_somewhere() {
    for name in [
        "README.md",
        "CHANGELOG.md",
        "docs/README.md",
        "docs/scenario.md",
        "docs/reference.md",
        "docs/sweeps.md",
        "docs/plan-reference.md",
        "docs/results.md",
        "docs/model.md",
        "docs/validation.md",
        "docs/tutorial.md",
        "docs/serve.md",
        "docs/lab.md",
        "docs/grading.md",
        "docs/conformance.md",
        "docs/cluster.md",
        "scenarios/README.md",
        "scenarios/labs/README.md",
        "scenarios/labs/solutions.md",
        "scenarios/textbook/README.md",
        "scenarios/studies/README.md",
        "results/README.md",
        "notebooks/README.md",
    ] {
        let path = root().join(name);
        let text = fs::read_to_string(&path).unwrap();
        for (_, rest) in text.match_indices("](").map(|(at, _)| text.split_at(at + 2)) {
            let target = &rest[..rest.find(')').unwrap()];
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(file.exists(), "{name}: {target} is not there");
            assert!(
                anchor.is_empty() || anchors(&file).contains(&anchor.to_owned()),
                "{name}: no heading for {target}"
            );
        }
    }
}

/// The anchors of a document's headings, as web sites for code make them.
fn anchors(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: char| c.is_alphanumeric() || c == ' ' || c == '-' || c == '_';
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|title| title.chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-"))
        .collect()
}

/// The commands that the help lists, but for help itself.
fn commands(place: &Path) -> Vec<String> {
    let help = posthaste(place, &["--help"]).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

/// Breaks when a command has no example, its help is too wide, or the README does not list it.
#[test]
fn every_command_has_help_with_an_example() {
    let place = workplace();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let commands = commands(place.path());
    assert!(commands.len() >= 12, "{commands:?}");
    for command in &commands {
        let help = posthaste(place.path(), &[command, "--help"]);
        assert_eq!(help.code, 0, "{command}");
        assert!(help.stdout.contains(&format!("Examples:\n  posthaste {command}")), "{command}:\n{}", help.stdout);
        let long = help.stdout.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{command}: a line is too long for a terminal");
        assert!(readme.contains(&format!("| `posthaste {command}")), "README.md does not list {command}");
    }
}

/// Commands whose examples wait for somebody, or take long.
const NOT_TRIED: [&str; 2] = ["serve", "bench"];

/// A place in which the examples of the help texts can be typed: files with the names that they use.
fn desk_for_examples() -> tempfile::TempDir {
    let place = workplace();
    let files = [
        (
            "my.json",
            r#"{
                "mail": { "home.net": { "users": ["me"] }, "work.org": { "users": ["you"] } },
                "workload": [ { "at": "1s", "from": "me@home.net", "to": "you@work.org" } ],
                "outputs": { "events": true, "capture": true }
            }"#,
        ),
        (
            "study.json",
            r#"{
                "scenario": "my.json",
                "vary": [{ "name": "delay", "pointer": "/network/backbone/delay", "values": ["1ms", "10ms"] }],
                "metrics": ["messages.delivered", "latency.mean_s"]
            }"#,
        ),
        ("key.json", r#"{ "expect": [ { "metric": "messages.composed", "equals": 1, "points": 2 } ] }"#),
        (
            "case.json",
            r#"{
                "resolver": { "root_hints": [ { "name": "a.root.test.", "address": "192.0.2.1" } ] },
                "servers": [ { "address": ["192.0.2.1"], "rules": [ {
                    "match": { "qname": "www.test" },
                    "reply": { "flags": ["QR", "AA"], "answer": ["www.test. 60 IN A 198.51.100.7"] }
                } ] } ],
                "steps": [ { "at": 1, "query": { "qname": "www.test.", "qtype": "A", "flags": ["RD"] }, "expect": {} } ]
            }"#,
        ),
    ];
    for (name, text) in files {
        fs::write(place.path().join(name), text).unwrap();
    }
    fs::create_dir_all(place.path().join(".local/share/bash-completion/completions")).unwrap();
    place
}

/// Whether a command line works as it is typed into a shell, and what it said.
#[expect(clippy::disallowed_methods, reason = "a shell needs its PATH")]
fn typed(place: &Path, line: &str) -> (bool, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_posthaste")).parent().unwrap().display().to_string();
    let shell = std::process::Command::new("/bin/sh")
        .args(["-c", &format!("posthaste {line}")])
        .current_dir(place)
        .env("PATH", format!("{program}:{}", std::env::var("PATH").unwrap_or_default()))
        .env("HOME", place)
        .output()
        .unwrap();
    // A comparison ends like diff: 1 says that there are differences.
    let works = shell.status.success() || line.starts_with("compare ") && shell.status.code() == Some(1);
    (works, String::from_utf8_lossy(&shell.stderr).into_owned())
}

/// Breaks when an example in a command's help does not work.
#[test]
fn the_examples_in_the_help_work() {
    let place = desk_for_examples();
    let ketchup = || assert_eq!(posthaste(place.path(), &["run", "scenarios/ketchup.json", "-q"]).code, 0);
    for folder in ["results/first", "results/second"] {
        assert_eq!(posthaste(place.path(), &["run", "my.json", "-q", "--out", folder]).code, 0);
    }
    let mut tried = 0;
    for command in commands(place.path()).iter().filter(|command| !NOT_TRIED.contains(&command.as_str())) {
        let help = posthaste(place.path(), &[command, "--help"]).stdout;
        let (_, examples) = help.split_once("Examples:\n").unwrap();
        ketchup();
        for line in examples.lines().map_while(|line| line.strip_prefix("  posthaste ")) {
            // What comes behind is an explanation, or a program that may not be there.
            let line = line.split(" | ").next().unwrap().split("  ").next().unwrap();
            if too_large_here(line) {
                continue;
            }
            let (works, said) = typed(place.path(), line);
            // `latest` is the run of the example before, or one that the reader has just made.
            let (works, said) = match line.contains("latest") && !works {
                true => {
                    ketchup();
                    typed(place.path(), line)
                }
                false => (works, said),
            };
            assert!(works, "posthaste {line}\n{said}");
            tried += 1;
        }
    }
    assert!(tried >= 25, "the help has lost its examples: {tried}");
}

//! `new` and `man`: what one begins with.

use std::fs;

use super::Desk;

/// Would break if a template were not what `--list` promises, or could not be run from its file.
#[test]
fn a_template_becomes_a_scenario() {
    let desk = Desk::new();
    let list = desk.posthaste(&["new", "--list"]);
    assert_eq!((list.code, list.err.as_str()), (0, ""));
    let names: Vec<&str> = list.out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(names.len() >= 8 && names.contains(&"hello"), "{}", list.out);
    assert!(list.out.lines().all(|line| line.split_whitespace().count() > 3), "each says what it shows: {}", list.out);

    let said = desk.posthaste(&["new", "hello", "first.json"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""));
    assert!(said.err.contains("posthaste run first.json"), "{}", said.err);
    assert_eq!(desk.posthaste(&["run", "first.json", "-q"]).code, 0);
    for stdout in [&["new", "hello"][..], &["new", "hello", "-"]] {
        assert_eq!(desk.posthaste(stdout).out, fs::read_to_string(desk.path("first.json")).unwrap());
    }
}

/// Would break if somebody's file were written over, or a wrong name made a file.
#[test]
fn no_file_is_written_over() {
    let desk = Desk::new();
    desk.write("mine.json", "precious");
    desk.posthaste(&["new", "hello", "mine.json"]).fails(4, "mine.json is there already");
    assert_eq!(fs::read_to_string(desk.path("mine.json")).unwrap(), "precious");
    desk.posthaste(&["new", "hello", "no/such/folder.json"]).fails(4, "cannot write no/such/folder.json");
    desk.posthaste(&["new", "helo", "x.json"]).fails(2, "'hello'");
    desk.posthaste(&["new"]).fails(2, "TEMPLATE");
    assert!(!desk.path("x.json").exists());
}

/// Would break if a command had no page, or its page no examples.
#[test]
fn every_command_has_a_manual_page() {
    let desk = Desk::new();
    let first = desk.posthaste(&["man"]);
    assert_eq!((first.code, first.err.as_str()), (0, ""));
    assert_eq!(desk.posthaste(&["man", "deep/pages"]).code, 0);
    let page = |name: &str| fs::read_to_string(desk.path("deep/pages").join(format!("{name}.1"))).unwrap();
    assert_eq!(page("posthaste"), first.out);
    let help = desk.posthaste(&["--help"]).out;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // what a command does may need a second line
    let commands = lines.filter(|line| !line.starts_with("   "));
    for command in commands.map(|line| line.split_whitespace().next().unwrap()).filter(|command| *command != "help") {
        let text = page(&format!("posthaste-{command}"));
        assert!(text.contains(".SH SYNOPSIS") && text.contains("Examples:"), "{command}: {text}");
    }
    desk.write("file", "");
    desk.posthaste(&["man", "file"]).fails(4, "cannot create file");
}

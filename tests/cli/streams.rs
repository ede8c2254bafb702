//! Exit codes and streams: data on stdout, messages on stderr.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::json;

use super::{Desk, small, with};

/// Would break if an option were renamed, or a usage error got another code or stream.
#[test]
fn usage_errors_are_2() {
    let desk = Desk::new();
    let cases: [&[&str]; 12] = [
        &[],
        &["fly"],
        &["run"],
        &["run", "a.json", "b.json"],
        &["run", "a.json", "--seed", "-1"],
        &["run", "a.json", "--seed", "18446744073709551616"],
        &["run", "a.json", "--until", "soon"],
        &["run", "a.json", "--set", "run/seed=1"],
        &["check"],
        &["check", "--resolved", "a.json", "b.json"],
        &["chart"],
        &["completions", "tcsh"],
    ];
    for case in cases {
        let said = desk.posthaste(case);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{case:?}: {}", said.err);
        assert!(!said.err.is_empty(), "{case:?}");
    }
    desk.posthaste(&["run", "a.json", "--seed", "-1"]).fails(2, "invalid value '-1' for '--seed <N>'");
    for asked in [&["--help"][..], &["--version"], &["run", "--help"]] {
        let said = desk.posthaste(asked);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{asked:?}");
    }
}

/// Would break if the summary went to stderr, or messages to stdout.
#[test]
fn a_run_prints_its_summary_and_nothing_else() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    let said = desk.posthaste(&["run", "s.json"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "no progress bar without a terminal");
    assert!(
        said.out.contains("1 composed, 1 delivered, 1 retrieved") && said.out.contains("results/s-"),
        "{}",
        said.out
    );

    let said = desk.posthaste(&["run", "s.json", "--quiet"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));

    let said = desk.posthaste(&["run", "s.json", "--json"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(said.json()["metrics"]["messages.delivered"], json!(1), "{}", said.out);
    let folder = said.json()["results"].as_str().unwrap().to_owned();
    assert_eq!(said.json()["fingerprint"], desk.manifest(&folder)["fingerprint"]);
}

/// Would break if a failed expectation were silent, or spoilt the JSON.
#[test]
fn a_missed_expectation_is_1() {
    let desk = Desk::new();
    let expect = json!([{ "metric": "messages.delivered", "equals": 7 }, { "metric": "latency.max_s", "at_most": 60 }]);
    desk.scenario("s.json", &with(small(), "/expect", expect));
    for options in [&["--quiet"][..], &["--json"], &[]] {
        let said = desk.posthaste(&[&["run", "s.json"], options].concat());
        assert_eq!(said.code, 1);
        assert_eq!(said.err, "expectation failed: messages.delivered equals 7, but found 1\n");
        if options == ["--json"] {
            assert_eq!(said.json()["expectations"][0]["held"], json!(false));
        }
    }
}

/// Would break if a file that cannot be read were taken for an invalid one, or the reverse.
#[test]
fn files_that_cannot_be_read_are_4_and_invalid_ones_3() {
    let desk = Desk::new();
    desk.posthaste(&["run", "none.json"]).fails(4, "cannot read none.json");
    desk.posthaste(&["run", "."]).fails(4, "cannot read .");
    let garbage: Vec<u8> =
        (0..200_000_u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    let deep = |text: &str| text.repeat(100_000).into_bytes();
    let cases: [(Vec<u8>, &str); 9] = [
        (Vec::new(), "this is not JSON: EOF"),
        (vec![0; 65 << 20], "at most 64 MiB"),
        (vec![0xff, 0xfe, b'{'], "not UTF-8"),
        (garbage, "bad.json:1:"),
        (deep("["), "recursion limit"),
        (deep("{\"title\":"), "recursion limit"),
        ([b"{\"x-deep\":".to_vec(), deep("[")].concat(), "recursion limit"),
        (b"{\"run\":{\"seed\":1e999}}".to_vec(), "bad.json:1:"),
        ("{\"☕\u{1b}[31m\": 1}".into(), "bad.json:1:"),
    ];
    for (bytes, message) in cases {
        desk.write("bad.json", bytes);
        desk.posthaste(&["run", "bad.json"]).fails(3, message);
        desk.posthaste(&["check", "bad.json"]).fails(3, message);
    }
    assert!(!desk.path("results").exists(), "an invalid scenario leaves nothing behind");
}

/// Would break if line ends, a byte order mark or a name of the file changed the run.
#[test]
fn line_ends_marks_and_names_change_nothing() {
    let desk = Desk::new();
    let text = serde_json::to_string_pretty(&small()).unwrap();
    desk.write("plain.json", &text);
    desk.write("crlf.json", text.replace('\n', "\r\n"));
    desk.write("bom.json", format!("\u{feff}{text}"));
    desk.write("ünï ☕.json", &text);
    let fingerprint = |file: &str| desk.posthaste(&["run", file, "--json"]).json()["fingerprint"].clone();
    let plain = fingerprint("plain.json");
    for file in ["crlf.json", "bom.json", "ünï ☕.json"] {
        assert_eq!(fingerprint(file), plain, "{file}");
    }
}

/// Would break if a reader that goes away early, or a full disk behind stderr, were a panic.
#[test]
fn closed_pipes_are_no_trouble() {
    let desk = Desk::new();
    desk.scenario("good.json", &small());
    desk.write("bad.json", "{");
    for (args, code) in [(&["schema"][..], 0), (&["completions", "bash"], 0), (&["run", "good.json"], 0)] {
        let mut child = desk.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(code), ""), "{args:?}");
    }
    for (args, code) in [(&["check", "bad.json"][..], 3), (&["check", "good.json"], 0), (&["run", "bad.json"], 3)] {
        let mut child = desk.command(args).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{args:?}");
    }
    if let Ok(full) = std::fs::File::create("/dev/full") {
        let status = desk.command(&["schema"]).stdout(full).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(4), "what could not be printed was lost in silence");
    }
}

/// Would break if the committed schema were stale, or a shell got no completions.
#[test]
fn generated_texts_are_printed_whole() {
    let desk = Desk::new();
    let committed = std::fs::read_to_string(super::common::root().join("schema/scenario.json")).unwrap();
    assert_eq!(desk.posthaste(&["schema"]).out, committed);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = desk.posthaste(&["completions", shell]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        for command in ["transcript", "chart", "check"] {
            assert!(said.out.contains(command), "{shell}: {command}");
        }
    }
}

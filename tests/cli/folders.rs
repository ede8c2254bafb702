//! Where results go, and what is in the way.

use std::fs;

use super::{Desk, small, with};

/// Would break if somebody's work could be overwritten, or a refusal left a trace.
#[test]
fn what_no_run_wrote_is_never_touched() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    fs::create_dir_all(desk.path("foreign/tables")).unwrap();
    desk.write("foreign/thesis.txt", "years of work");
    desk.write("file", "text");
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "mixed"]).code, 0);
    desk.write("mixed/tables/notes.md", "mine");
    let listing = || {
        let mut names: Vec<_> =
            fs::read_dir(desk.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = listing();
    for (out, message) in [
        ("foreign", "no manifest.json of a result folder; nothing was changed"),
        ("file", "it is not a folder; nothing was changed"),
        ("file/below", "Not a directory"),
        ("file/below/deep", "Not a directory"),
        ("mixed", "it holds \"notes.md\", which no run wrote"),
        ("/", "needs a name of its own"),
        (".", "needs a name of its own"),
        ("..", "needs a name of its own"),
        ("foreign/..", "needs a name of its own"),
    ] {
        desk.posthaste(&["run", "s.json", "--out", out]).fails(4, message);
    }
    assert_eq!(listing(), before, "temporary folders are left");
    assert_eq!(fs::read_to_string(desk.path("foreign/thesis.txt")).unwrap(), "years of work");
    assert_eq!(fs::read_to_string(desk.path("mixed/tables/notes.md")).unwrap(), "mine");
}

/// Would break if a folder were refused before it is needed, or an older result survived in
/// part.
#[test]
fn a_result_replaces_the_one_before_it_whole() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    desk.scenario(
        "bare.json",
        &with(small(), "/outputs", serde_json::json!({ "charts": false, "transcripts": false })),
    );
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "deep/er/r"]).code, 0);
    assert!(desk.path("deep/er/r/charts").is_dir());
    assert_eq!(desk.posthaste(&["run", "bare.json", "--out", "deep/er/r/"]).code, 0);
    assert!(!desk.path("deep/er/r/charts").exists() && !desk.path("deep/er/r/transcripts").exists());
    // An invalid scenario and a missed start leave the old result alone.
    desk.write("bad.json", "{");
    let manifest = fs::read(desk.path("deep/er/r/manifest.json")).unwrap();
    assert_eq!(desk.posthaste(&["run", "bad.json", "--out", "deep/er/r"]).code, 3);
    assert_eq!(fs::read(desk.path("deep/er/r/manifest.json")).unwrap(), manifest);
    fs::create_dir(desk.path("empty")).unwrap();
    assert_eq!(desk.posthaste(&["run", "s.json", "--out", "empty"]).code, 0);
    assert_eq!(fs::read_dir(desk.path("deep/er")).unwrap().count(), 1);
}

/// Would break if two seeds shared a folder by default, or one run did not find its own.
#[test]
fn the_default_folder_depends_on_what_is_run() {
    let desk = Desk::new();
    desk.scenario("s.json", &small());
    for options in [&[][..], &[], &["--seed", "1"], &["--seed", "2"], &["--until", "90s"]] {
        assert_eq!(desk.posthaste(&[&["run", "s.json", "-q"], options].concat()).code, 0);
    }
    assert_eq!(fs::read_dir(desk.path("results")).unwrap().count(), 3);
}

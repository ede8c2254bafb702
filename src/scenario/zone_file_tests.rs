//! Zones from master files: what becomes of them, what errors say, and what may not be read.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{LoadError, Overrides, Resolved, load, load_file};

/// A folder with a scenario whose zone yard.test is in `zone`.
fn folder(file: &str, zone: &str) -> TempDir {
    let place = TempDir::new().unwrap();
    let scenario = json!({
        "dns": { "zones": { "yard.test": { "ttl": "2min", "file": file, "records": [
            { "name": "extra", "type": "A", "data": "10.0.0.9" } ] } } },
        "run": { "until": "1s" }
    });
    fs::write(place.path().join("s.json"), scenario.to_string()).unwrap();
    fs::write(place.path().join("yard.zone"), zone).unwrap();
    place
}

fn open(place: &Path, overrides: &Overrides) -> Result<Resolved, String> {
    load_file(&place.join("s.json"), overrides).map_err(|error| match error {
        LoadError::Io { .. } => panic!("the scenario is there"),
        LoadError::Invalid(errors) => errors.to_string(),
    })
}

fn error(file: &str, zone: &str) -> String {
    open(folder(file, zone).path(), &Overrides::default()).expect_err("it is wrong")
}

fn set(pointer: &str, value: Value) -> Overrides {
    Overrides { set: vec![(pointer.to_owned(), value)], ..Overrides::default() }
}

const ZONE: &str = "$TTL 1h\n@ SOA ns1 root 7 2h 15m 2w 5m\n NS ns1\nns1 A 10.9.9.9\nns1 A 10.9.9.9\n\
    MiXeD 60 CAA 0 issue \"ca.example\"\na\\.b TYPE65280 \\# 2 0a0b\n_s._tcp SRV 0 1 25 ns1\n";

/// Breaks when a record is lost, or the file still matters once it was read.
#[test]
fn a_zone_becomes_a_part_of_the_scenario() {
    let place = folder("yard.zone", ZONE);
    let first = open(place.path(), &Overrides::default()).unwrap();
    let zone = first.dns.zones.iter().find(|zone| zone.name == "yard.test").unwrap();
    let shown: Vec<String> =
        zone.records.iter().map(|r| format!("{} {} {} {}", r.name, r.ttl, r.rtype(), r.data)).collect();
    assert_eq!(
        shown,
        [
            "yard.test 3600 SOA ns1.yard.test. root.yard.test. 7 7200 900 1209600 300",
            "yard.test 3600 NS ns1.yard.test.",
            "ns1.yard.test 3600 A 10.9.9.9",
            "MiXeD.yard.test 60 CAA \\# 17 0005697373756563612e6578616d706c65",
            "a\\.b.yard.test 3600 TYPE65280 \\# 2 0a0b",
            "_s._tcp.yard.test 3600 SRV 0 1 25 ns1.yard.test.",
            "extra.yard.test 120 A 10.0.0.9",
        ]
    );
    let text = first.to_json_text();
    assert!(!text.contains("yard.zone") && text.contains(r#""0 issue \"ca.example\"""#));
    let second = load("again", &text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((first.to_json(), &first.dns), (second.to_json(), &second.dns));
}

/// Breaks when an error names the scenario's line instead of the file's, or hides another one.
#[test]
fn errors_name_the_file_and_line() {
    for (zone, line, said) in [
        ("@ A 1.2.3\n", 1, "not the data of a record of type A"),
        ("@ A 1.2.3.4\n@ NOPE x\n", 2, "no record type NOPE"),
        ("www A 1.2.3.4\n\nwww CNAME x\n", 3, "\"www.yard.test\" has a CNAME record"),
        ("x.other. A 1.2.3.4\n", 1, "\"x.other.\" does not lie in the zone \"yard.test\""),
        ("@ SOA a b 1 2 3 4 5\n@ SOA a b 2 2 3 4 5\n", 2, "a zone has one SOA record"),
        ("x.d A 1.2.3.4\nd DNAME y\n", 1, "\"x.d.yard.test\" lies beneath a DNAME record of \"d.yard.test\""),
        ("d DNAME x\nd DNAME y\n", 2, "\"d.yard.test\" has two DNAME records"),
        ("$INCLUDE no.zone\n", 1, "cannot read"),
        ("@ A 1.2.3.4\n$INCLUDE yard.zone\n", 2, "at most 8 deep"),
        ("$INCLUDE /etc/hostname\n", 1, "lies outside the folder"),
        ("$INCLUDE ..\n", 1, "lies outside the folder"),
        ("$INCLUDE .\n", 1, "is no file"),
    ] {
        let text = error("yard.zone", zone);
        assert!(text.contains(said), "{text}");
        let place = format!("yard.zone:{line}:1 at dns.zones.\"yard.test\"");
        assert!(text.contains(&place), "{place}\n{text}");
        assert!(text.contains(zone.lines().nth(line - 1).unwrap()), "the line is shown\n{text}");
    }
    let both = error("yard.zone", "@ A 1.2.3\n@ NOPE x\n");
    assert!(both.contains("yard.zone:1:1") && both.contains("yard.zone:2:1"), "{both}");
}

#[test]
fn files_elsewhere_are_for_the_command_line() {
    for (file, said) in [
        ("no.zone", "cannot read"),
        ("/etc/hostname", "an absolute path is for the command line"),
        ("../../../../../../../../etc/hostname", "lies outside the folder"),
        (".", "is no file"),
        ("a\0b", "cannot read"),
    ] {
        let text = error(file, ZONE);
        assert!(text.contains(said) && text.contains("s.json:1:"), "{text}");
    }
    let elsewhere = folder("x", ZONE);
    let typed = elsewhere.path().join("yard.zone").display().to_string();
    let place = folder("yard.zone", "@ A broken\n");
    for overrides in [
        set("/dns/zones/yard.test", json!({ "file": typed })),
        set("/dns/zones/yard.test/file", json!(typed)),
        set("/dns/zones", json!({ "yard.test": { "file": typed } })),
    ] {
        let resolved = open(place.path(), &overrides).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(resolved.to_json_text().contains("10.9.9.9"));
    }
    // what a typed file includes lies beside it, or below
    fs::write(elsewhere.path().join("yard.zone"), "$INCLUDE sub/more.zone sub\n").unwrap();
    fs::create_dir(elsewhere.path().join("sub")).unwrap();
    fs::write(elsewhere.path().join("sub/more.zone"), "www A 10.8.8.8\n$INCLUDE last.zone\n").unwrap();
    fs::write(elsewhere.path().join("sub/last.zone"), "ftp A 10.8.8.7\n").unwrap();
    let resolved = open(place.path(), &set("/dns/zones/yard.test/file", json!(typed))).unwrap();
    assert!(resolved.to_json_text().contains(r#""ftp.sub""#));
    fs::write(elsewhere.path().join("sub/last.zone"), format!("$INCLUDE {}/yard.zone\n", place.path().display()))
        .unwrap();
    let text = open(place.path(), &set("/dns/zones/yard.test/file", json!(typed))).expect_err("it leads out");
    assert!(text.contains("last.zone:1:1") && text.contains("lies outside the folder"), "{text}");
}

/// A link in the folder must not lead out of it.
#[cfg(unix)]
#[test]
fn links_are_followed_before_they_are_judged() {
    let place = folder("link.zone", ZONE);
    std::os::unix::fs::symlink("/etc/hostname", place.path().join("link.zone")).unwrap();
    let text = open(place.path(), &Overrides::default()).expect_err("it leads out");
    assert!(text.contains("lies outside the folder") || text.contains("cannot read"), "{text}");
    fs::remove_file(place.path().join("link.zone")).unwrap();
    std::os::unix::fs::symlink("yard.zone", place.path().join("link.zone")).unwrap();
    assert!(open(place.path(), &Overrides::default()).is_ok());
}

/// A scenario that is only a text has no folder, but a typed path needs none.
#[test]
fn a_text_has_no_folder() {
    let text = r#"{ "dns": { "zones": { "yard.test": { "file": "yard.zone" } } } }"#;
    let errors = load("text", text).expect_err("there is no folder").to_string();
    assert!(errors.contains("has no folder") && errors.contains("text:1:"), "{errors}");
    let place = folder("x", ZONE);
    let typed = place.path().join("yard.zone").display().to_string();
    let overrides = set("/dns/zones/yard.test/file", json!(typed));
    assert!(super::load_with("text", text.as_bytes(), &overrides).is_ok());
}

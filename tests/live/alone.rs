//! A world that no client touches: it is the one that `run` gives.

use std::fs;
use std::path::Path;

use posthaste::base::SimDuration;
use serde_json::Value;

use super::common::binary::{posthaste, too_large_here};
use super::common::{differences, root, scenario_files};
use super::served::{Served, fingerprint};

const OWN: &[&str] = &["manifest.json", "timing.json", "summary.json"];

/// A scenario's text, how long it lasts, and its name.
fn lasting(path: &Path) -> (Value, String) {
    let scenario: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let until = scenario["run"]["until"].as_str().expect("the library says how long").to_owned();
    (scenario, until)
}

fn small_ones() -> Vec<std::path::PathBuf> {
    let mut files = scenario_files();
    files.retain(|path| !too_large_here(path.to_str().unwrap()) && lasting(path).0["outputs"]["pcap"].is_null());
    assert!(files.len() >= 6, "{files:?}");
    files
}

/// Would break if the mere possibility of clients changed anything, or if the slices in which a served world
/// runs were not those of one run.
#[test]
fn up_to_an_end_it_is_the_run() {
    for path in small_ones() {
        let (_, until) = lasting(&path);
        let place = tempfile::tempdir().unwrap();
        let file = path.to_str().unwrap();
        let ran = posthaste(place.path(), &["run", file, "--quiet", "--out", "ran"]);
        let served = Served::start_in(tempfile::tempdir().unwrap(), file, &["--speed", "max", "--until", &until]);
        let ended = served.ended();
        assert_eq!(ended.code, Some(ran.code), "{file}: {}{}", ran.stderr, ended.stderr);
        let folder = place.path().join("ran");
        assert_eq!(ended.fingerprint(), fingerprint(&folder), "{file}");
        assert_eq!(differences(&ended.folder(), &folder, OWN), [""; 0], "{file}");
    }
}

/// Would break if the world did not stop at the horizon, or ran past it while its operator looks at it.
#[test]
fn without_an_end_it_waits_where_the_run_ends() {
    for name in ["ketchup.json", "recipient-down.json", "dns-cache.json", "several-messages-one-connection.json"] {
        let path = root().join("scenarios").join(name);
        let (_, until) = lasting(&path);
        let seconds = SimDuration::parse(&until).unwrap().as_nanos() as f64 / 1e9;
        let place = tempfile::tempdir().unwrap();
        let file = path.to_str().unwrap();
        let ran = posthaste(place.path(), &["run", file, "--quiet", "--out", "ran"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let mut served = Served::start_in(tempfile::tempdir().unwrap(), file, &["--speed", "max"]);
        super::served::wait_for(name, || (served.seconds() >= seconds).then_some(()));
        for command in ["queue", "cache", "mail", "clients", "help", "time"] {
            served.command(command);
        }
        let ended = served.quit();
        assert_eq!(ended.fingerprint(), fingerprint(&place.path().join("ran")), "{name}");
        assert_eq!(ended.summary["ended"], "until", "{name}");
    }
}

/// Would break if a service that ends at a virtual time went on because of its clients.
#[test]
fn an_end_comes_for_clients_too() {
    let mut served = Served::start(&super::lecture(), &["--speed", "0", "--until", "3min"]);
    let mut client = served.client("smtp", "hamburger.edu");
    served.until("clients", |answer| answer != "nobody is connected");
    served.command("speed 1");
    client.greet();
    client.hand_in("bob@hamburger.edu", b"hi\r\n");
    client.begin_message(&["bob@hamburger.edu"]);
    served.command("speed 1000");
    let ended = served.ended();
    assert_eq!((ended.code, ended.summary["ended"].as_str()), (Some(0), Some("until")), "{}", ended.stderr);
    client.hears_the_end();
    assert_eq!(ended.metric("messages.delivered"), 1.0);
    assert_eq!(ended.metric("run.end_s"), 180.0);
}

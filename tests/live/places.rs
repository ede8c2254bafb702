//! Where services are reached: the table, the options that place them, and what is refused.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use super::common::binary::{Ran, posthaste};
use super::lecture;
use super::served::Served;

/// Would break if a service were missing from the table, or listened elsewhere than it says.
#[test]
fn the_table_says_what_listens_where() {
    let mut served = Served::start(&lecture(), &["--speed", "max"]);
    assert_eq!(served.table["clients_come_from"], "alice-pc.crepes.fr");
    let listening = served.table["listening"].as_array().unwrap().clone();
    let mut places = BTreeSet::new();
    for one in &listening {
        let at: SocketAddr = one["at"].as_str().unwrap().parse().unwrap();
        assert!(at.ip().is_loopback() && at.port() != 0 && places.insert(at), "{one}");
        let service = one["service"].as_str().unwrap();
        let port = match service {
            "smtp" => 25,
            "submission" => 587,
            "pop3" => 110,
            "imap" => 143,
            "http" => 80,
            "dns" => 53,
            other => panic!("what is {other}?"),
        };
        assert_eq!(one["port"], port);
        assert_eq!(one["transports"].as_array().unwrap().len(), if service == "dns" { 2 } else { 1 });
        let server = one["server"].as_str().unwrap();
        let greeting = match service {
            "smtp" | "submission" => format!("220 {server}"),
            "pop3" => "+OK".to_owned(),
            _ => continue,
        };
        served.client(service, server).hear(&greeting);
    }
    for (service, server) in [
        ("smtp", "crepes.fr"),
        ("submission", "crepes.fr"),
        ("pop3", "hamburger.edu"),
        ("dns", "resolver.crepes.fr"),
        ("dns", "ns.hamburger.edu"),
        ("dns", "a.root-servers.net"),
    ] {
        served.at(service, server);
    }
    served.hears("connected to pop3 of hamburger.edu as alice-pc.crepes.fr#");
    assert!(served.told.contains(&served.table), "the table is printed too");
    served.quit();
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Would break if an option moved another server, or the wrong one.
#[test]
fn options_place_one_server() {
    let port = free_port();
    let place = format!("Hamburger.edu=127.0.0.1:{port}");
    let served = Served::start(&lecture(), &["--smtp", &place, "--pop3", "0", "--dns", "ns.crepes.fr=[::1]:0"]);
    assert_eq!(served.at("smtp", "hamburger.edu"), SocketAddr::from(([127, 0, 0, 1], port)));
    assert_ne!(served.at("smtp", "crepes.fr").port(), port);
    assert!(served.at("dns", "ns.crepes.fr").is_ipv6());
    assert!(served.at("dns", "ns.hamburger.edu").is_ipv4());
    served.client("smtp", "hamburger.edu").hear("220 hamburger.edu");
    served.quit();
}

/// Would break if the first ports were not given to whom the scenario names first.
#[test]
fn the_usual_ports_go_by_the_scenarios_order() {
    let mut scenario = lecture();
    scenario["live"]["first"] = serde_json::json!(["hamburger.edu"]);
    let first = |scenario: &serde_json::Value| {
        let served = Served::start(scenario, &[]);
        let name = served.table["listening"][0]["server"].as_str().unwrap().to_owned();
        served.quit();
        name
    };
    assert_eq!(first(&lecture()), "crepes.fr");
    assert_eq!(first(&scenario), "hamburger.edu");
}

/// `serve` that cannot begin.
#[track_caller]
fn refused(dir: &Path, args: &[&str], code: i32, words: &[&str]) {
    let Ran { code: found, stdout, stderr } =
        posthaste(dir, &[&["serve", "scenario.json", "--out", "o"], args].concat());
    assert_eq!((found, stdout.as_str()), (code, ""), "{args:?}: {stderr}");
    for word in words {
        assert!(stderr.contains(word), "{args:?}: no {word:?} in: {stderr}");
    }
    assert!(!dir.join("o").exists(), "{args:?}: nothing was begun");
}

/// Would break if a mistake were found late, or not explained.
#[test]
fn what_cannot_be_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("scenario.json"), lecture().to_string()).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("hamburger.edu={}", taken.local_addr().unwrap());
    refused(dir, &["--free-ports", "--smtp", &place], 4, &["smtp of hamburger.edu", "is another one running?", "=0"]);
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = format!("ns.crepes.fr={}", udp.local_addr().unwrap());
    refused(dir, &["--free-ports", "--dns", &place], 4, &["dns of ns.crepes.fr", "is another one running?"]);
    for place in ["0.0.0.0:2525", "crepes.fr=192.0.2.1:25", "[::]:25"] {
        refused(dir, &["--smtp", place], 2, &["is not a loopback address", place]);
    }
    refused(dir, &["--smtp", "burger.edu=0"], 2, &["no such server", "crepes.fr", "hamburger.edu"]);
    refused(dir, &["--pop3", "resolver.crepes.fr=0"], 2, &["no such server", "hamburger.edu"]);
    refused(dir, &["--smtp", "localhost:25"], 2, &["neither a port nor ADDRESS:PORT"]);
    refused(dir, &["--smtp", "65536"], 2, &["neither a port nor ADDRESS:PORT"]);
    refused(dir, &["--smtp", "0", "--smtp", "crepes.fr=0"], 2, &["placed twice"]);
    for speed in ["fast", "", "nan", "1e9", "inf"] {
        refused(dir, &["--speed", speed], 2, &["--speed", "`max` or a number"]);
    }
    refused(dir, &["--most-clients", "many"], 2, &["--most-clients"]);
    fs::write(dir.join("scenario.json"), "{ \"mail\": 1 }").unwrap();
    refused(dir, &["--free-ports"], 3, &["mail"]);
}

/// Would break if the ready file could not be written and that went unnoticed, or if half of it could be read.
#[test]
fn the_ready_file_appears_whole() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("scenario.json"), lecture().to_string()).unwrap();
    let ran = posthaste(
        dir.path(),
        &["serve", "scenario.json", "--free-ports", "--ready-file", "no/such/folder", "--out", "o"],
    );
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("no/such/folder"), "{}", ran.stderr);
    // Each start reads it the moment it is there, and fails if that is not all of it.
    for _ in 0..10 {
        let served = Served::start(&lecture(), &["--speed", "max"]);
        let text = fs::read_to_string(served.place.path().join("ready.json")).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), served.table);
        let mut names: Vec<_> = fs::read_dir(served.place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert!(names.iter().all(|name| !name.to_string_lossy().contains(".tmp")), "{names:?}");
        served.quit();
    }
}

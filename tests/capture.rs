//! Captures of whole runs: nothing else changes because of them, and what they hold agrees
//! with the rest of the results.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use etherparse::{SlicedPacket, TransportSlice};
use pcap_file::pcapng::{Block, PcapNgReader};
use serde_json::{Value, json};

mod common;
use common::root;

/// Runs a scenario with these outputs into a folder; its files by name.
fn run(dir: &Path, scenario: &Path, outputs: &Value) -> BTreeMap<String, Vec<u8>> {
    let done = Command::new(env!("CARGO_BIN_EXE_posthaste"))
        .args(["run", "--quiet", "--set", "/network/access/loss=0.02", "--out"])
        .arg(dir)
        .arg(scenario)
        .args(["--set", &format!("/outputs={outputs}")])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut files = BTreeMap::new();
    for folder in ["", "tables", "transcripts", "charts"] {
        for entry in fs::read_dir(dir.join(folder)).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                files.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    files
}

/// Breaks when capturing changes a run, its trace, or any other file; or when two captures of
/// one run differ.
#[test]
fn a_capture_changes_no_other_file() {
    let place = tempfile::tempdir().unwrap();
    let scenario = root().join("scenarios/several-messages-one-connection.json");
    let go = |name: &str, capture: Value| {
        run(&place.path().join(name), &scenario, &json!({ "events": true, "capture": capture }))
    };
    let mut without = go("without", json!(false));
    let (mut with, again) = (go("with", json!(true)), go("again", json!(true)));
    assert_eq!(with["/capture.pcapng"], again["/capture.pcapng"]);
    let manifest = |files: &BTreeMap<String, Vec<u8>>| -> Value {
        let mut manifest: Value = serde_json::from_slice(&files["/manifest.json"]).unwrap();
        assert!(manifest["fingerprint"].is_string());
        // The scenario says that packets are captured, so its hash is another.
        manifest["scenario_hash"].take();
        manifest
    };
    assert_eq!(manifest(&without), manifest(&with));
    assert!(!without.contains_key("/capture.pcapng"));
    for name in ["/capture.pcapng", "/manifest.json", "/scenario.resolved.json", "/timing.json"] {
        without.remove(name);
        with.remove(name);
    }
    assert!(without.contains_key("/events.jsonl") && without.contains_key("tables/connections.csv"));
    assert!(without == with, "a file differs");
}

/// Breaks when a packet is missing from the capture, shown twice, or carries what was not sent.
#[test]
fn a_capture_agrees_with_the_trace() {
    let place = tempfile::tempdir().unwrap();
    let scenario = root().join("scenarios/ketchup.json");
    let files = run(place.path().join("run").as_path(), &scenario, &json!({ "events": true, "capture": true }));
    let events = String::from_utf8(files["/events.jsonl"].clone()).unwrap();
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let caused_by_arrival = |event: &Value| {
        let before = event["cause"].as_u64().and_then(|id| events.get(usize::try_from(id).ok()?.checked_sub(1)?));
        before
            .is_some_and(|before| before["what"]["net"]["arrived"]["packet"] == event["what"]["net"]["sent"]["packet"])
    };
    let sent = events.iter().filter(|event| event["what"]["net"]["sent"].is_object());
    let at_source = sent.filter(|event| !caused_by_arrival(event)).count();
    let retransmitted = events.iter().filter(|event| event["what"]["conn"]["step"]["retransmitted"].is_object());

    let mut reader = PcapNgReader::new(files["/capture.pcapng"].as_slice()).unwrap();
    let (mut packets, mut again, mut said) = (0, 0, Vec::new());
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block.unwrap().0 else { continue };
        packets += 1;
        let retransmission = format!("{:?}", packet.options).contains("retransmission: ");
        again += usize::from(retransmission);
        let sliced = SlicedPacket::from_ip(&packet.data).unwrap();
        if let Some(TransportSlice::Tcp(tcp)) = sliced.transport
            && !retransmission
            && tcp.source_port() == 110
        {
            said.extend_from_slice(tcp.payload());
        }
    }
    assert_eq!((packets, again), (at_source, retransmitted.count()));
    let said = String::from_utf8(said).unwrap();
    assert!(said.starts_with("+OK POP3 server ready\r\n") && said.contains("How about pickles?\r\n.\r\n"), "{said}");
}

/// Breaks when a mistake in the scenario's choice of packets goes unnoticed or is misplaced.
#[test]
fn a_wrong_choice_is_located() {
    for (capture, complaint) in [
        (json!({ "hosts": ["crepes.fr", "crepe.fr"] }), "outputs.capture.hosts[1]"),
        (json!({ "hosts": [] }), "this list names no host"),
        (json!({ "interfaces": "hosts" }), "did you mean \"host\""),
        (json!({ "ports": [25, 0] }), "there is no port 0"),
        (json!({ "ports": [65_536] }), "a whole number from 0 to 65535"),
        (json!({ "from": "2s", "until": "1s" }), "the capture ends before it begins"),
        (json!({ "port": [25] }), "did you mean \"ports\""),
        (json!("yes"), "expected true, false, or an object"),
    ] {
        let mut scenario: Value = json!({ "mail": { "crepes.fr": { "users": ["alice"] } } });
        scenario["outputs"] = json!({ "capture": capture });
        let errors = posthaste::scenario::load("test.json", &scenario.to_string()).unwrap_err().to_string();
        assert!(errors.contains(complaint), "{capture}: {errors}");
    }
}

//! The data of a report as its script gets it: one JSON object.
//!
//! Times are nanoseconds since the start of the run; a script's numbers hold those of three months exactly. Hosts, threads and
//! connections are named once and meant by their place in a list. Names of what stands there thousands of times are short.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::words::Kind;

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Model {
    /// The program and its version.
    pub(super) program: String,
    pub(super) title: String,
    pub(super) seed: Value,
    /// The calendar time of t = 0.
    pub(super) start: String,
    pub(super) end: u64,
    /// Why the run ended.
    pub(super) ended: String,
    pub(super) fingerprint: String,
    pub(super) sentences: Vec<String>,
    pub(super) figures: Vec<Figure>,
    pub(super) metrics: BTreeMap<String, Value>,
    pub(super) expectations: Value,
    pub(super) hosts: Vec<Host>,
    pub(super) links: Vec<Link>,
    pub(super) map: Map,
    pub(super) threads: Vec<String>,
    pub(super) conns: Vec<Conn>,
    pub(super) events: Vec<Event>,
    pub(super) transcripts: Vec<Transcript>,
    pub(super) phases: Vec<&'static str>,
    pub(super) messages: Vec<Message>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) faults: Vec<Fault>,
    pub(super) charts: Vec<Chart>,
    pub(super) scenario: String,
    /// Packets by protocol, all of the run.
    pub(super) protocols: Vec<Protocol>,
    /// How much of what there was is shown.
    pub(super) shown: Vec<Shown>,
    /// What is missing, and why.
    pub(super) notes: Vec<String>,
}

/// A number that says what happened.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) note: String,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) addresses: Vec<String>,
    pub(super) router: bool,
    pub(super) site: String,
    /// Its place on the map.
    pub(super) x: f64,
    pub(super) y: f64,
    /// Whether it has a mark of its own there.
    pub(super) own: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) ends: [usize; 2],
    /// Rate, delay and the like, as the scenario has them.
    pub(super) text: String,
    /// The corners of its line.
    pub(super) way: Vec<(f64, f64)>,
    /// Whether it is none of the map's tree.
    pub(super) other: bool,
}

/// The map of the network, but for its hosts and links.
#[derive(Debug, Serialize)]
pub(super) struct Map {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The size of its type.
    pub(super) size: f64,
    pub(super) cards: Vec<MapBox>,
    pub(super) words: Vec<MapWord>,
}

/// A card, and the height of its head.
#[derive(Debug, Serialize)]
pub(super) struct MapBox {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
    pub(super) head: f64,
}

/// A text, from its left end, and the host that it names.
#[derive(Debug, Serialize)]
pub(super) struct MapWord {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) size: f64,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct Conn {
    pub(super) name: String,
    pub(super) client: String,
    pub(super) server: String,
    pub(super) port: u16,
    pub(super) protocol: &'static str,
    pub(super) text: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Event {
    /// When.
    pub(super) t: u64,
    /// At which host.
    pub(super) h: usize,
    pub(super) k: Kind,
    /// In words; a packet says it itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) w: String,
    /// The thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) m: Option<u32>,
    /// The connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) c: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p: Option<Packet>,
}

#[derive(Debug, Serialize)]
pub(super) struct Packet {
    /// The host that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<usize>,
    /// When it arrived there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) a: Option<u64>,
    /// Its length.
    pub(super) n: u32,
    /// Its octets from the IP header on, or the first of them, in base64.
    pub(super) o: String,
    /// What is known about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) x: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Transcript {
    /// The connection's name.
    pub(super) connection: String,
    pub(super) protocol: String,
    pub(super) client: String,
    pub(super) server: String,
    /// When each line was complete, if that is known, and the line.
    pub(super) lines: Vec<(Option<u64>, String)>,
    /// Whether lines are missing at the end.
    pub(super) cut: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) subject: Option<String>,
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) composed: u64,
    pub(super) delivered: Option<u64>,
    pub(super) retrieved: Option<u64>,
    pub(super) ended: Option<u64>,
    pub(super) attempts: u32,
    pub(super) bytes: u64,
    /// Time in each phase.
    pub(super) phases: Vec<u64>,
    /// Its life in sentences.
    pub(super) story: Option<String>,
    /// Its thread, if its events are shown.
    pub(super) m: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct Attempt {
    pub(super) message: String,
    pub(super) to: String,
    pub(super) server: String,
    pub(super) number: u32,
    pub(super) started: u64,
    pub(super) ended: Option<u64>,
    pub(super) exchange: Option<String>,
    pub(super) connection: Option<String>,
    pub(super) outcome: &'static str,
    pub(super) text: String,
    pub(super) next: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Fault {
    pub(super) began: u64,
    pub(super) ended: Option<u64>,
    pub(super) what: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) note: String,
    pub(super) svg: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Protocol {
    pub(super) name: &'static str,
    pub(super) packets: u64,
    pub(super) messages: u64,
    pub(super) octets: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) what: &'static str,
    pub(super) shown: u64,
    pub(super) total: u64,
}
